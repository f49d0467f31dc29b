// SPDX-License-Identifier: GPL-2.0-only
/*
 * A topology as four numbers in text.
 */
#include <errno.h>

#include <ktstr/topology.h>

/* One decimal number; strtoul() alone would take blanks, signs and hex. */
static int parse_number(const char **s, uint32_t *out)
{
	const char *p = *s;
	uint64_t n = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > UINT32_MAX)
			return -EINVAL;
	}
	*s = p;
	*out = (uint32_t)n;
	return 0;
}

static int parse_four(const char *s, struct ktstr_topology *t)
{
	uint32_t *field[] = { &t->nodes, &t->llcs, &t->cores, &t->threads };

	for (int i = 0; i < 4; i++) {
		if (i && *s++ != ',')
			return -EINVAL;
		if (parse_number(&s, field[i]))
			return -EINVAL;
	}
	return *s ? -EINVAL : 0;
}

/**
 * ktstr_topology__parse() - read "nodes,llcs,cores,threads"
 * @s: text, four decimal numbers separated by commas and nothing else
 * @out: result, written only on success
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL on a malformed text or what ktstr_topology__check() refuses.
 */
int ktstr_topology__parse(const char *s, struct ktstr_topology *out, struct ktstr_error *e)
{
	struct ktstr_topology t = { 0 };
	int err;

	if (parse_four(s, &t))
		return ktstr_error_set(e, -EINVAL,
			"topology '%.64s' is not four numbers: write nodes,llcs,cores,threads, for example 1,1,2,1",
			s);
	err = ktstr_topology__check(&t, e);
	if (!err)
		*out = t;
	return err;
}
