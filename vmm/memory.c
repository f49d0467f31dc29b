// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest RAM: mapping, KVM slots, and checked writes of what the guest boots from.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "kvm.h"
#include "layout.h"
#include "memory.h"

#define HUGE_PAGE	(2ull << 20)

_Static_assert(((uint64_t)MEMORY_MIB_MAX << 20) + LAYOUT_HOLE_END - LAYOUT_HOLE_START <= 1ull << 40,
	       "the end of RAM, behind the hole, has an address of 40 bits");

/* What the host could hand out now without swapping, in KiB; 0 if unknown. */
static uint64_t host_available_kib(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	fclose(f);
	return kib;
}

static int check_size(uint32_t mib, struct ktstr_error *e)
{
	uint64_t available = host_available_kib() >> 10;

	if (mib < MEMORY_MIB_MIN || mib > MEMORY_MIB_MAX)
		return ktstr_error_set(e, -EINVAL,
			"a guest cannot have %u MiB of memory: give --memory between %u and %u",
			mib, MEMORY_MIB_MIN, MEMORY_MIB_MAX);
	/* The mapping itself reserves nothing: without this the guest would meet the OOM killer. */
	if (available && mib > available)
		return ktstr_error_set(e, -ENOMEM,
			"a guest of %u MiB does not fit in the %llu MiB of memory this host has free: lower --memory",
			mib, (unsigned long long)available);
	return 0;
}

static int describe(struct memory *m)
{
	int err = guest_memory__add(&m->gm, 0, m->low, m->base, false);

	if (!err && m->high)
		err = guest_memory__add(&m->gm, LAYOUT_HOLE_END, m->high,
					(char *)m->base + m->low, false);
	return err;
}

/* Where guest and host addresses differ by part of a huge page, KVM can map none. */
static void *map_aligned(uint64_t size)
{
	char *p = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (p == MAP_FAILED)
		return p;
	before = -(uintptr_t)p & (HUGE_PAGE - 1);
	if (before)
		munmap(p, before);
	munmap(p + before + size, HUGE_PAGE - before);
	return p + before;
}

/**
 * memory__create() - map RAM for a guest
 * @m: filled in; need not be initialized
 * @mib: size in MiB
 * @e: sentence on failure
 *
 * Pages are zero and are only taken from the host when they are touched.
 *
 * Return: 0; -EINVAL for a size out of range; -ENOMEM when the host lacks it.
 */
int memory__create(struct memory *m, uint32_t mib, struct ktstr_error *e)
{
	int err = check_size(mib, e);

	memset(m, 0, sizeof(*m));
	if (err)
		return err;
	m->size = (uint64_t)mib << 20;
	m->low = m->size < LAYOUT_HOLE_START ? m->size : LAYOUT_HOLE_START;
	m->high = m->size - m->low;
	m->base = map_aligned(m->size);
	if (m->base == MAP_FAILED) {
		m->base = NULL;
		return ktstr_error_set(e, -ENOMEM,
				"the host refuses %u MiB of memory for the guest: lower --memory or raise the limit (ulimit -v)",
				mib);
	}
	/* A fault per 2 MiB instead of per 4 KiB; a core dump has no use for the guest. */
	madvise(m->base, m->size, MADV_HUGEPAGE);
	madvise(m->base, m->size, MADV_DONTDUMP);
	err = describe(m);
	if (err) {
		memory__destroy(m);
		return ktstr_error_set(e, err,
				"guest memory of %u MiB cannot be described: report this as a bug",
				mib);
	}
	return 0;
}

static int attach_slot(int vm_fd, uint32_t slot, uint64_t gpa, uint64_t size, const void *hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return kvm_do(vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/**
 * memory__attach() - give the RAM to a VM
 * @m: from memory__create()
 * @vm_fd: VM
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int memory__attach(const struct memory *m, int vm_fd, struct ktstr_error *e)
{
	int err = attach_slot(vm_fd, 0, 0, m->low, m->base);

	if (!err && m->high)
		err = attach_slot(vm_fd, 1, LAYOUT_HOLE_END, m->high,
				  (const char *)m->base + m->low);
	if (err)
		return ktstr_error_set(e, err,
				"KVM refuses %llu MiB of guest memory (%s): lower --memory",
				(unsigned long long)(m->size >> 20), strerror(-err));
	return 0;
}

/**
 * memory__destroy() - unmap; the VM must be closed first or not run any more
 * @m: from memory__create(), also a failed one
 */
void memory__destroy(struct memory *m)
{
	if (m->base)
		munmap(m->base, m->size);
	memset(m, 0, sizeof(*m));
}

/**
 * memory__write() - copy bytes into RAM
 * @m: RAM
 * @gpa: guest physical address
 * @src: bytes
 * @len: how many
 *
 * Return: 0; -EFAULT when they do not fit in RAM there.
 */
int memory__write(const struct memory *m, uint64_t gpa, const void *src, uint64_t len)
{
	void *dst;

	if (!len)
		return 0;
	dst = guest_memory__ptr(&m->gm, gpa, len, true);
	if (!dst)
		return -EFAULT;
	memcpy(dst, src, len);
	return 0;
}
