// SPDX-License-Identifier: GPL-2.0-only
/*
 * --arm and --disarm. A wrong value is one sentence that names it.
 */
#include <errno.h>
#include <string.h>

#include "fault_orders.h"

#define WORDS_MAX	256u	/* bytes; more than any fault has */

/* What is behind the last '@', which is taken off @words. */
static int take_time(struct fault_order *o, char *words, struct ktstr_error *e)
{
	char *at = strrchr(words, '@'), what[128];
	__u64 ms;
	int ret;

	if (!at && o->arm)
		return 0;
	if (!at)
		return ktstr_error_set(e, -EINVAL,
				       "--disarm %.100s does not say when; put the time behind it, such as %.100s@1500",
				       words, words);
	*at = '\0';
	snprintf(what, sizeof(what), "%s %.60s: the time behind the last \"@\",",
		 fault_order__option(o), o->text);
	ret = fault_words__number(what, at + 1, 0, FAULT_WORDS_MS_MAX, &ms, e);
	if (!ret)
		o->at_ms = (uint32_t)ms;
	return ret;
}

/* Those of the same time stay as they were given. */
static void insert(struct fault_orders *all, const struct fault_order *o)
{
	uint32_t i = all->nr++;

	for (; i && all->v[i - 1].at_ms > o->at_ms; i--)
		all->v[i] = all->v[i - 1];
	all->v[i] = *o;
}

int fault_orders__add(struct fault_orders *all, bool arm, const char *text, struct ktstr_error *e)
{
	struct fault_order o = { .arm = arm, .text = text };
	const char *opt = fault_order__option(&o);
	char words[WORDS_MAX];
	int ret;

	if (all->nr == FAULT_ORDERS_MAX)
		return ktstr_error_set(e, -EINVAL,
				       "%s %.60s is one too many: there can be %u of --arm and --disarm",
				       opt, text, FAULT_ORDERS_MAX);
	if (strlen(text) >= sizeof(words))
		return ktstr_error_set(e, -EINVAL, "%s \"%.40s...\" is longer than %zu characters",
				       opt, text, sizeof(words) - 1);
	strcpy(words, text);
	ret = take_time(&o, words, e);
	if (ret)
		return ret;
	ret = arm ? fault_words__parse(opt, words, &o.id, &o.fault, e) :
		    fault_words__find(opt, words, &o.id, e);
	if (ret)
		return ret;
	if (o.id >= KTSTR_FAULT_NR)
		return ktstr_error_set(e, -EINVAL,
				       "%s %.60s: that fault is the loader's own; give it to scx_ktstr as --fault",
				       opt, text);
	insert(all, &o);
	return 0;
}

static uint64_t begins_ms(const struct fault_order *o)
{
	return o->at_ms + o->fault.after_ns / 1000000;
}

/* What was said of the same fault before, or NULL. */
static const struct fault_order *last_of(const struct fault_orders *all, uint32_t i)
{
	const struct fault_order *o = &all->v[i];

	while (i--)
		if (all->v[i].id == o->id)
			return &all->v[i];
	return NULL;
}

static int check_one(const struct fault_orders *all, uint32_t i, uint32_t duration_ms,
		     struct ktstr_error *e)
{
	const struct fault_order *o = &all->v[i], *last = last_of(all, i);
	const char *opt = fault_order__option(o), *name = fault_words__name(o->id);

	if (begins_ms(o) >= duration_ms)
		return ktstr_error_set(e, -EINVAL,
				       "%s %.100s is due when the window of %u ms is over; make that longer or this earlier",
				       opt, o->text, duration_ms);
	if (o->arm && last && last->arm)
		return ktstr_error_set(e, -EINVAL,
				       "--arm %.100s: %s is armed already since %u ms; --disarm it in between",
				       o->text, name, last->at_ms);
	if (!o->arm && !(last && last->arm))
		return ktstr_error_set(e, -EINVAL,
				       "--disarm %.100s: no --arm has %s armed by then", o->text,
				       name);
	if (last && o->at_ms <= begins_ms(last))
		return ktstr_error_set(e, -EINVAL,
				       "%s %.100s: %s does not even begin before; give it a later time",
				       opt, o->text, name);
	return 0;
}

int fault_orders__check(const struct fault_orders *all, uint32_t duration_ms,
			struct ktstr_error *e)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i < all->nr; i++)
		ret = check_one(all, i, duration_ms, e);
	return ret;
}
