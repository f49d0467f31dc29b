/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which faults of scx_ktstr the host switches, and when: --arm and --disarm.
 */
#ifndef KTSTR_HOST_FAULT_ORDERS_H
#define KTSTR_HOST_FAULT_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/fault_words.h>

#define FAULT_ORDERS_MAX	32u

/**
 * struct fault_order - one
 * @arm: on, else off
 * @at_ms: so long after the window began
 * @id: enum ktstr_fault_id
 * @fault: what is written when it is armed
 * @text: as given, not copied
 */
struct fault_order {
	bool arm;
	uint32_t at_ms;
	unsigned int id;
	struct ktstr_fault fault;
	const char *text;
};

/** struct fault_orders - all, in the order of time; zero it, then add */
struct fault_orders {
	uint32_t nr;
	struct fault_order v[FAULT_ORDERS_MAX];
};

/**
 * fault_orders__add() - take the value of an option
 * @o: orders
 * @arm: of --arm, "NAME[=ARG][,after=MS][@MS]"; else of --disarm, "NAME@MS"
 * @text: it; must outlive @o
 * @e: the sentence of a failure
 *
 * Return: 0 or -EINVAL.
 */
int fault_orders__add(struct fault_orders *o, bool arm, const char *text, struct ktstr_error *e);

/**
 * fault_orders__check() - do they make sense together, in a window of this length?
 * @o: orders
 * @duration_ms: of the window
 * @e: the sentence of a failure
 *
 * Return: 0 or -EINVAL.
 */
int fault_orders__check(const struct fault_orders *o, uint32_t duration_ms,
			struct ktstr_error *e);

/** fault_order__option() - "--arm" or "--disarm" */
static inline const char *fault_order__option(const struct fault_order *o)
{
	return o->arm ? "--arm" : "--disarm";
}

#endif /* KTSTR_HOST_FAULT_ORDERS_H */
