/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the lines of a topology file and the statements on them.
 */
#ifndef VMM_TOPOLOGY_READ_H
#define VMM_TOPOLOGY_READ_H

#include <stdbool.h>

#include <ktstr/topology_text.h>

#define TOPOLOGY_LINE_MAX	500u	/* characters of a line without its comment */
#define TOPOLOGY_WORDS_MAX	16u	/* more than any statement takes */

/**
 * struct topology_reader - a text on its way to a topology
 * @name: of the text, for errors
 * @line: number of the line, from 1 on
 * @d: what there is so far
 * @about: of the text
 * @has_shape: its LLCs come from "shape"
 * @named: a bit for each node that had its line
 * @node_line: that line
 * @words, @nr_words: of the line; the first is the statement
 * @e: sentence on failure
 */
struct topology_reader {
	const char *name;
	unsigned int line;
	struct ktstr_topology_detail *d;
	struct ktstr_topology_about about;
	bool has_shape;
	uint64_t named;
	unsigned int node_line[KTSTR_NODES_MAX];
	char *words[TOPOLOGY_WORDS_MAX];
	unsigned int nr_words;
	struct ktstr_error *e;
};

int topology_reader__fail(struct topology_reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int topology_reader__statement(struct topology_reader *r);

#endif /* VMM_TOPOLOGY_READ_H */
