/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-physical memory: the only way from a guest address to a host pointer.
 */
#ifndef VMM_GUEST_MEMORY_H
#define VMM_GUEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define GUEST_MEMORY_REGIONS_MAX 8

/* Alignment that a ring in guest memory may count on in host memory as well. */
#define GUEST_MEMORY_ALIGN	 16u

/**
 * struct guest_region - one stretch of RAM
 * @gpa: first guest-physical address
 * @size: bytes, never 0
 * @hva: where the host has it mapped
 * @readonly: the device must not write to it (KVM_MEM_READONLY)
 */
struct guest_region {
	uint64_t gpa;
	uint64_t size;
	uint8_t *hva;
	bool readonly;
};

/**
 * struct guest_memory - all RAM of a guest; zero it, then add regions
 * @nr: regions in use
 * @region: in order of addition
 *
 * Regions are added before the guest runs and never change after that, so
 * look-ups need no lock.
 */
struct guest_memory {
	unsigned int nr;
	struct guest_region region[GUEST_MEMORY_REGIONS_MAX];
};

/**
 * guest_memory__add() - declare a region of RAM
 * @gm: memory map
 * @gpa: first guest-physical address
 * @size: bytes
 * @hva: host mapping, congruent with @gpa modulo %GUEST_MEMORY_ALIGN
 * @readonly: refuse writes by the device
 *
 * Context: before any device or vCPU uses @gm.
 * Return: 0; -EINVAL when @size is 0, the range wraps or is misaligned, or
 * @hva is NULL; -EEXIST when it overlaps a region; -ENOSPC when the map is full.
 */
int guest_memory__add(struct guest_memory *gm, uint64_t gpa, uint64_t size, void *hva,
		      bool readonly);

/**
 * guest_memory__ptr() - translate a guest range
 * @gm: memory map
 * @gpa: first guest-physical address, any value
 * @len: bytes, any value
 * @write: the range is going to be written
 *
 * Device registers are in no region, so no device can be driven by DMA.
 *
 * Return: host pointer, or NULL unless all of [@gpa, @gpa + @len) lies in one
 * region that is writable if @write asks for it.
 */
void *guest_memory__ptr(const struct guest_memory *gm, uint64_t gpa, uint64_t len, bool write);

#endif /* VMM_GUEST_MEMORY_H */
