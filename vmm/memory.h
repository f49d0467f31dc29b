/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest RAM: one anonymous mapping, split around the hole below 4 GiB.
 */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stdint.h>

#include <ktstr/error.h>

#include "guest_memory.h"

#define MEMORY_MIB_MIN	64u
#define MEMORY_MIB_MAX	((1u << 20) - 1024u)	/* with the hole, addresses stay below 40 bits */

/**
 * struct memory - RAM of one machine
 * @base: host address of guest address 0
 * @size: bytes in all
 * @low: bytes from guest address 0
 * @high: bytes from 4 GiB on, 0 if all of it fits below the hole
 * @gm: the same, for those who take addresses from the guest
 */
struct memory {
	void *base;
	uint64_t size;
	uint64_t low;
	uint64_t high;
	struct guest_memory gm;
};

int memory__create(struct memory *m, uint32_t mib, struct ktstr_error *e);
int memory__attach(const struct memory *m, int vm_fd, struct ktstr_error *e);
void memory__destroy(struct memory *m);
int memory__write(const struct memory *m, uint64_t gpa, const void *src, uint64_t len);

#endif /* VMM_MEMORY_H */
