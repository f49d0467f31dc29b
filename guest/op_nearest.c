// SPDX-License-Identifier: GPL-2.0-only
/*
 * Distance of words, a row of the table at a time.
 */
#include <limits.h>
#include <string.h>

#include <ktstr/nearest.h>

#define COLUMNS	(NEAREST_BYTES_MAX + 1)

static unsigned int min2(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static unsigned int cell(const char *word, const char *name, unsigned int i, unsigned int k,
			 const unsigned int *before2, const unsigned int *before,
			 const unsigned int *now)
{
	char w = word[i - 1], c = name[k - 1];
	unsigned int d;

	if (w == '*')
		return min2(before[k], now[k - 1]);
	d = before[k - 1] + (w != c && w != '?');
	d = min2(d, min2(before[k], now[k - 1]) + 1);
	if (i > 1 && k > 1 && w == name[k - 2] && word[i - 2] == c)
		d = min2(d, before2[k - 2] + 1);
	return d;
}

unsigned int nearest__distance(const char *word, const char *name)
{
	unsigned int rows[3][COLUMNS] = { 0 };
	size_t len = strlen(word), columns = strlen(name);

	if (len > NEAREST_BYTES_MAX || columns > NEAREST_BYTES_MAX)
		return UINT_MAX;
	for (unsigned int k = 0; k <= columns; k++)
		rows[0][k] = k;
	for (unsigned int i = 1; i <= len; i++) {
		unsigned int *now = rows[i % 3];
		const unsigned int *before = rows[(i - 1) % 3], *before2 = rows[(i + 1) % 3];

		now[0] = before[0] + (word[i - 1] != '*');
		for (unsigned int k = 1; k <= columns; k++)
			now[k] = cell(word, name, i, k, before2, before, now);
	}
	return rows[len % 3][columns];
}

struct nearest nearest__begin(const char *word)
{
	return (struct nearest){ .word = word, .distance = UINT_MAX };
}

void nearest__try(struct nearest *n, const char *name)
{
	unsigned int d = nearest__distance(n->word, name);

	if (d >= n->distance)
		return;
	n->distance = d;
	n->best = name;
}

const char *nearest__found(const struct nearest *n)
{
	if (!n->best || n->distance > 1 + strlen(n->word) / 3)
		return NULL;
	return n->distance < strlen(n->best) ? n->best : NULL;
}
