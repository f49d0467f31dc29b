// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAM is dealt out in the order of the nodes, from address 0 up, around the hole
 * below 4 GiB.
 */
#include "layout.h"
#include "node_memory.h"

/**
 * node_memory__ranges() - guest physical addresses of a node's RAM
 * @t: checked topology
 * @node: node
 * @low: bytes of RAM from address 0, at most %LAYOUT_HOLE_START
 * @high: bytes of RAM from %LAYOUT_HOLE_END on
 * @out: ranges, ascending
 *
 * The first node's range has the legacy hole from 640 KiB to 1 MiB in it: what is RAM
 * there is the memory map's business.
 *
 * Return: how many, 0 for a node without memory.
 */
unsigned int node_memory__ranges(const struct ktstr_topology *t, uint32_t node, uint64_t low,
				 uint64_t high, struct node_range out[NODE_MEMORY_RANGES])
{
	uint64_t from = 0, to, low_to, high_from;
	unsigned int nr = 0;

	for (uint32_t before = 0; before < node; before++)
		from += ktstr_topology__node_memory(t, before, low + high);
	to = from + ktstr_topology__node_memory(t, node, low + high);
	low_to = to < low ? to : low;
	high_from = from > low ? from : low;
	if (from < low_to)
		out[nr++] = (struct node_range){ from, low_to - from };
	if (high_from < to)
		out[nr++] = (struct node_range){ LAYOUT_HOLE_END + high_from - low,
						 to - high_from };
	return nr;
}
