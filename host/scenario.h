/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The catalog of scenarios.
 */
#ifndef KTSTR_HOST_SCENARIO_H
#define KTSTR_HOST_SCENARIO_H

#include <ktstr/topology.h>

#include "plan.h"

/**
 * struct scenario - one entry of the catalog
 * @name: what a person types
 * @summary: one line for "ktstr list"
 * @build: fills the plan's cgroups for a topology; return: 0 or -ENOTSUP with a
 *	sentence when the topology cannot carry the scenario
 */
struct scenario {
	const char *name;
	const char *summary;
	int (*build)(const struct ktstr_topology *t, struct plan *plan, struct ktstr_error *e);
};

/** scenario__find() - by name; return: NULL when there is none */
const struct scenario *scenario__find(const char *name);

/** scenario__at() - entry @i of the catalog; return: NULL past the end */
const struct scenario *scenario__at(unsigned int i);

#endif /* KTSTR_HOST_SCENARIO_H */
