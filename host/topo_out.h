/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A topology for people and for programs.
 */
#ifndef KTSTR_HOST_TOPO_OUT_H
#define KTSTR_HOST_TOPO_OUT_H

#include <jansson.h>

#include <ktstr/topology_text.h>

#include "buf.h"

/**
 * topo_out__label() - a topology in a few words
 * @dst: text: the four numbers, or the name and the counts
 * @size: bytes of @dst
 * @t: topology
 * @from: preset or file, NULL for four numbers
 */
void topo_out__label(char *dst, size_t size, const struct ktstr_topology *t, const char *from);

/** topo_out__line() - of the list: name, CPUs, shape, about */
void topo_out__line(struct buf *b, const char *name, const struct ktstr_topology *t,
		    const struct ktstr_topology_about *about);

/** topo_out__picture() - nodes, LLCs, cores, CPUs, memory and distances, at most 80 columns */
void topo_out__picture(struct buf *b, const struct ktstr_topology *t);

/**
 * topo_out__json() - what a result says of its topology
 * @t: topology
 * @from: preset or file, NULL for four numbers
 *
 * The four numbers, "cpus", and "name" and "text" (null for four numbers); a reader
 * makes the same topology of the text.
 */
json_t *topo_out__json(const struct ktstr_topology *t, const char *from);

/** topo_out__json_whole() - the same with all that the picture shows, and APIC ids */
json_t *topo_out__json_whole(const struct ktstr_topology *t, const char *name,
			     const struct ktstr_topology_about *about);

/**
 * topo_out__of_json() - the topology of topo_out__json()
 * @o: any JSON; hostile
 * @out: result; all zero when there is none to be had; ktstr_topology__free() ends it
 */
void topo_out__of_json(const json_t *o, struct ktstr_topology *out);

#endif /* KTSTR_HOST_TOPO_OUT_H */
