/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that the host has given before it is measured what is done with it.
 */
#ifndef GUEST_PREFAULT_H
#define GUEST_PREFAULT_H

#include <stddef.h>

/**
 * prefault__memory() - make the guest's kernel have free memory that its host has given already
 *
 * What the host has not given yet it gives when it is touched: it takes the vCPU away for as
 * long as it looks for a page of 2 MiB and clears it, or brings it back from its swap, and no
 * steal time tells of it. The task that was current pays, be it a worker or the harness.
 * After this the kernel finds memory for its own use that was in use before: for maps, page
 * tables, stacks and buffers. That of processes is kept apart, and is not touched here.
 *
 * Context: the main thread, before the window. Return: bytes that were touched, less where
 * little is free; 0 where the kernel does not let it.
 */
size_t prefault__memory(void);

#endif /* GUEST_PREFAULT_H */
