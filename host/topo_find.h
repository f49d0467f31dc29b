/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a word for a topology means: four numbers, a preset or a file.
 */
#ifndef KTSTR_HOST_TOPO_FIND_H
#define KTSTR_HOST_TOPO_FIND_H

#include <stdbool.h>

#include <ktstr/topology_text.h>

/**
 * topo_find__is_numbers() - is this meant to be N,L,C,T and not a file's path?
 * @s: word
 *
 * Digits and commas are numbers, right or wrong ("./1,1,1,1" is a path). So is what
 * begins like them and is no file: the sentence is then about numbers.
 */
bool topo_find__is_numbers(const char *s);

/**
 * topo_find() - a topology by numbers, preset or path, in that order
 * @s: word
 * @out: result; ktstr_topology__free() ends it
 * @about: what its text says of itself, "" for numbers
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int topo_find(const char *s, struct ktstr_topology *out, struct ktstr_topology_about *about,
	      struct ktstr_error *e);

/** topo_find__all_sized() - has every node a size of its own? */
bool topo_find__all_sized(const struct ktstr_topology *t);

#endif /* KTSTR_HOST_TOPO_FIND_H */
