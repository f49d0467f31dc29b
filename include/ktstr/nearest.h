/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What somebody may have meant who misspelt a name: on the command line and in tests.
 *
 * Implemented in guest/op_nearest.c, linked into host and guest.
 */
#ifndef KTSTR_NEAREST_H
#define KTSTR_NEAREST_H

#define NEAREST_BYTES_MAX	63u	/* longer names are no candidates, longer words get no advice */

/**
 * struct nearest - a search
 * @word: what was typed
 * @best: the candidate that is nearest so far, NULL without one
 * @distance: of it
 */
struct nearest {
	const char *word;
	const char *best;
	unsigned int distance;
};

/**
 * nearest__distance() - how many changes make one of the other
 * @word: word; a '*' in it stands for any bytes and a '?' for any one, at no cost
 * @name: name
 *
 * A change is a byte added, left out or replaced, or two neighbours exchanged (the optimal
 * string alignment distance).
 * Return: changes; UINT_MAX when one of the two is longer than %NEAREST_BYTES_MAX.
 */
unsigned int nearest__distance(const char *word, const char *name);

/** nearest__begin() - search for what is nearest to @word, which must outlive the search */
struct nearest nearest__begin(const char *word);

/** nearest__try() - look at a candidate; of two that are as near the first one stays */
void nearest__try(struct nearest *n, const char *name);

/**
 * nearest__found() - the nearest name, if it is likely to be meant
 *
 * Return: NULL when more than a third of the word must change, or all of the name is other.
 */
const char *nearest__found(const struct nearest *n);

#endif /* KTSTR_NEAREST_H */
