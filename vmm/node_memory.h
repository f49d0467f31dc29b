/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in the guest's physical address space the RAM of each node lies.
 */
#ifndef VMM_NODE_MEMORY_H
#define VMM_NODE_MEMORY_H

#include <stdint.h>

#include <ktstr/topology.h>

#define NODE_MEMORY_RANGES	2u	/* at most: a node may lie on both sides of the hole */

/** struct node_range - @len bytes from guest physical address @start on */
struct node_range {
	uint64_t start, len;
};

unsigned int node_memory__ranges(const struct ktstr_topology *t, uint32_t node, uint64_t low,
				 uint64_t high, struct node_range out[NODE_MEMORY_RANGES]);

#endif /* VMM_NODE_MEMORY_H */
