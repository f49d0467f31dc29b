/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of scheduler events by name, "switch,waking": in plans and on the command line.
 */
#ifndef KTSTR_EVENT_SET_H
#define KTSTR_EVENT_SET_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <ktstr/event.h>

#define KTSTR_EVENT_SET_ALL	((1ull << KTSTR_EV_NR) - 2)

/* How much of @s one name is, and the type, or 0 for a name of none. */
static inline size_t ktstr_event_set__name(const char *s, unsigned int *type)
{
	static const char * const names[KTSTR_EV_NR] = { KTSTR_EVENT_NAMES };
	size_t len = strcspn(s, ",");

	*type = 0;
	for (unsigned int i = 1; i < KTSTR_EV_NR; i++)
		if (strlen(names[i]) == len && !memcmp(names[i], s, len))
			*type = i;
	return len;
}

/**
 * event_set__parse() - read names of events
 * @s: text such as "switch,waking", nothing but names and ','
 * @out: bits 1 << enum ktstr_event_type, written only on success
 * @bad: the name that is none, not ended, or NULL when the caller does not want it
 *
 * Return: 0; -EINVAL when there is a name of no event, or none at all.
 */
static inline int event_set__parse(const char *s, uint64_t *out, const char **bad)
{
	uint64_t bits = 0;
	unsigned int type;
	size_t len;

	for (;; s += len + 1) {
		len = ktstr_event_set__name(s, &type);
		if (!type) {
			if (bad)
				*bad = s;
			return -EINVAL;
		}
		bits |= 1ull << type;
		if (!s[len])
			break;
	}
	*out = bits;
	return 0;
}

#endif /* KTSTR_EVENT_SET_H */
