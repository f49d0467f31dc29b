// SPDX-License-Identifier: GPL-2.0-only
/*
 * Were the faults switched that the host was told to switch? A run that should have had one
 * and had none tells nothing by its success.
 */
#include <stdio.h>

#include "verdict_end.h"

/* Return: it is no success */
static bool judge_one(struct verdict_check *c, const struct fault_order *o,
		      const struct fault_done *d)
{
	const char *opt = fault_order__option(o);

	if (d->state == FAULT_FAILED)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_FAULT, "%s %.100s came to nothing: %s",
			    opt, o->text, d->why);
	else if (d->state != FAULT_TAKEN)
		verdict_set(c, VERDICT_SKIP, KIND_NOT_REACHED,
			    "not judged: the run ended before %s %.100s was carried out", opt,
			    o->text);
	else if (o->arm && !d->hits)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_FAULT,
			    "%s %.100s was taken, but did nothing: give it more time, or what it names is not there",
			    opt, o->text);
	else
		return false;
	return true;
}

void verdict_faults__judge(struct verdict_check *c, const struct plan *plan,
			   const struct evidence *ev)
{
	const struct fault_orders *all = plan->faults;

	for (uint32_t i = 0; i < all->nr; i++)
		if (judge_one(c, &all->v[i], &ev->faults.v[i]))
			return;
	verdict_set(c, VERDICT_PASS, KIND_OK,
		    "%u of %u orders to switch a fault were taken, and every fault did something",
		    all->nr, all->nr);
}
