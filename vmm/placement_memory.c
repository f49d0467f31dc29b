// SPDX-License-Identifier: GPL-2.0-only
/*
 * Performance mode's memory: on one node, in huge pages, all of it there before the
 * guest starts, and counted afterwards.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "placement.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25	/* Linux 6.1 */
#endif

#define HUGE		(2ull << 20)
#define HUGE_SHIFT	21
#define NODES		64u

static int bind_memory(void *base, size_t size, uint32_t node)
{
	unsigned long mask = 1ul << node;

	/* The kernel takes one bit less than it is told. */
	if (syscall(SYS_mbind, base, size, MPOL_BIND, &mask, NODES + 1,
		    MPOL_MF_MOVE | MPOL_MF_STRICT))
		return -errno;
	return 0;
}

/* Is the memory's policy what was set? */
static int check_bound(void *base, uint32_t node)
{
	unsigned long mask = 0;
	int mode;

	if (syscall(SYS_get_mempolicy, &mode, &mask, NODES + 1, base, MPOL_F_ADDR))
		return -errno;
	return mode == MPOL_BIND && mask == 1ul << node ? 0 : -ENODEV;
}

/* Fresh pages in place of those that nobody has touched yet. */
static int map_hugetlb(void *base, size_t size)
{
	void *p = mmap(base, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_HUGETLB |
		       HUGE_SHIFT << MAP_HUGE_SHIFT, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	madvise(base, size, MADV_DONTDUMP);
	return 0;
}

static int populate(void *base, size_t size)
{
	return madvise(base, size, MADV_POPULATE_WRITE) ? -errno : 0;
}

/* Which fields of smaps tell of huge pages. */
static uint64_t huge_kib_of(const char *line)
{
	static const char * const keys[] = {
		"AnonHugePages:", "ShmemPmdMapped:", "FilePmdMapped:", "Private_Hugetlb:",
		"Shared_Hugetlb:",
	};
	unsigned long long kib;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strncmp(line, keys[i], strlen(keys[i])) &&
		    sscanf(line + strlen(keys[i]), "%llu kB", &kib) == 1)
			return kib;
	return 0;
}

/* Bytes of a range of our memory that are in huge pages, by /proc/self/smaps. */
static uint64_t huge_bytes(const void *base, size_t size)
{
	uintptr_t first = (uintptr_t)base, end = first + size;
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long from, to;
	bool inside = false;
	uint64_t kib = 0;
	char line[512];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = from >= first && to <= end;
		else if (inside)
			kib += huge_kib_of(line);
	}
	fclose(f);
	return kib << 10;
}

static int make_huge(const struct vmm_placement *p, void *base, size_t size)
{
	int err = p->hugetlb ? map_hugetlb(base, size) : 0;

	if (!err)
		err = bind_memory(base, size, p->node);
	if (!err && !p->hugetlb && madvise(base, size, MADV_HUGEPAGE))
		err = -errno;
	if (!err)
		err = populate(base, size);
	/* Memory was fragmented when it was touched: now the kernel may take its time. */
	if (!err && !p->hugetlb && huge_bytes(base, size) < size)
		(void)madvise(base, size, MADV_COLLAPSE);
	return err ? err : check_bound(base, p->node);
}

/**
 * placement__place_memory() - bring guest memory where performance mode wants it
 * @p: checked placement; nothing is done without @p->perf
 * @base: guest memory that nobody has written to
 * @size: bytes
 * @e: sentence on failure
 *
 * Return: 0; -ENOMEM when not all of it is in huge pages; another negative errno.
 */
int placement__place_memory(const struct vmm_placement *p, void *base, size_t size,
			    struct ktstr_error *e)
{
	uint64_t huge;
	int err;

	if (!p->perf)
		return 0;
	if ((uintptr_t)base % HUGE || size % HUGE || p->node >= NODES)
		return ktstr_error_set(e, -EINVAL,
				"--perf needs guest memory in whole huge pages of 2 MiB: give an even number to --memory");
	err = make_huge(p, base, size);
	if (err)
		return ktstr_error_set(e, err,
				"guest memory of %zu MiB cannot be had in huge pages of node %u (%s): lower --memory, or set more of them aside",
				size >> 20, p->node, strerror(-err));
	huge = huge_bytes(base, size);
	if (huge == size)
		return 0;
	return ktstr_error_set(e, -ENOMEM,
			"only %llu of %zu MiB of guest memory are in huge pages: free memory (echo 1 >/proc/sys/vm/compact_memory), set huge pages aside, or lower --memory",
			(unsigned long long)(huge >> 20), size >> 20);
}
