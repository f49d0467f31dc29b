/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding out how a kernel was configured, from a stream of bytes that may
 * hold its embedded configuration (CONFIG_IKCONFIG, kernel/configs.c).
 */
#ifndef VMM_KERNEL_CONFIG_H
#define VMM_KERNEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IKCONFIG_MARK_LEN	8u
#define IKCONFIG_GZ_MAX		(512u << 10)	/* compressed; a real one has 40 to 80 KiB */
#define KERNEL_CONFIG_MAX	(4u << 20)	/* text; a real one has 100 to 300 KiB */

/**
 * struct ikconfig_scan - looks for the configuration in bytes that come in pieces
 * @matched: bytes of the mark that ended the last piece
 * @found: the mark has been seen; what follows is in @gz
 * @gz: the bytes after the mark, allocated when it is seen
 * @gz_len: how many
 */
struct ikconfig_scan {
	unsigned int matched;
	bool found;
	uint8_t *gz;
	size_t gz_len;
};

int ikconfig_scan__feed(struct ikconfig_scan *s, const void *buf, size_t len);
bool ikconfig_scan__full(const struct ikconfig_scan *s);
char *ikconfig_scan__text(const struct ikconfig_scan *s);
void ikconfig_scan__free(struct ikconfig_scan *s);
bool kernel_config__has(const char *text, const char *option, char value);

#endif /* VMM_KERNEL_CONFIG_H */
