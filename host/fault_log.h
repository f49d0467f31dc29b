/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What became of each order to switch a fault of scx_ktstr.
 */
#ifndef KTSTR_HOST_FAULT_LOG_H
#define KTSTR_HOST_FAULT_LOG_H

#include <jansson.h>

#include "buf.h"
#include "fault_orders.h"

enum fault_state {
	FAULT_WAITING = 0,	/* not due, or the run ended before it was */
	FAULT_SEEKING,		/* due: a scheduler that lives is looked for */
	FAULT_WRITTEN,		/* in the map */
	FAULT_TAKEN,		/* the scheduler goes by it */
	FAULT_FAILED,		/* @why */
};

/**
 * struct fault_done - of one order
 * @written_ns, @taken_ns: host time since the window began, as far as heard of; valid by @state
 * @hits: how often it did something since it was armed, as last seen
 * @why: the reason of a failure, the rest of a sentence
 */
struct fault_done {
	enum fault_state state;
	uint64_t written_ns, taken_ns;
	uint64_t hits;
	char why[192];
};

/** struct fault_log - by the index of their orders */
struct fault_log {
	struct fault_done v[FAULT_ORDERS_MAX];
};

/** fault_log__text() - a line for each order */
void fault_log__text(const struct fault_log *log, const struct fault_orders *orders,
		     struct buf *b);

/** fault_log__json() - the same, see json.rst; return: a new reference */
json_t *fault_log__json(const struct fault_log *log, const struct fault_orders *orders);

#endif /* KTSTR_HOST_FAULT_LOG_H */
