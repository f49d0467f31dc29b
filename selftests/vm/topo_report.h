/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What guest_topology sent: files of its kernel, by pass and path.
 */
#ifndef KTSTR_VM_TOPO_REPORT_H
#define KTSTR_VM_TOPO_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#define TOPO_REPORT_MAX		(8u << 20)
#define TOPO_REPORT_FILES	4096u

/** struct topo_file - @text of a file, NUL terminated, without the last newline */
struct topo_file {
	char *name;
	char *text;
};

/**
 * struct topo_report - everything that was sent
 * @raw: bytes of port 1 as they came, NUL terminated; @files point into it after parsing
 * @len: how many
 * @files: what is in it
 * @nr: how many
 */
struct topo_report {
	char *raw;
	size_t len;
	struct topo_file files[TOPO_REPORT_FILES];
	unsigned int nr;
};

/** topo_report__take() - more bytes; what passes %TOPO_REPORT_MAX makes parsing fail */
void topo_report__take(struct topo_report *r, const void *data, size_t len);

/** topo_report__parse() - return: was all of it as guest_topology sends it? */
bool topo_report__parse(struct topo_report *r);

/** topo_report__get() - text of a file in a pass; NULL when it is not there */
const char *topo_report__get(const struct topo_report *r, int pass, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** topo_report__free() - free what it holds */
void topo_report__free(struct topo_report *r);

#endif /* KTSTR_VM_TOPO_REPORT_H */
