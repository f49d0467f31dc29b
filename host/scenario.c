// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scenarios: which cgroups on which CPUs with which workers.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scenario.h"

static void cgroup_add(struct plan *plan, const char *name, uint32_t first, uint32_t nr_cpus)
{
	struct plan_cgroup *cg = &plan->cgroups[plan->nr_cgroups++];

	snprintf(cg->name, sizeof(cg->name), "%s", name);
	if (nr_cpus == 1)
		snprintf(cg->cpuset, sizeof(cg->cpuset), "%u", first);
	else
		snprintf(cg->cpuset, sizeof(cg->cpuset), "%u-%u", first, first + nr_cpus - 1);
	cg->nr_cpus = nr_cpus;
	cg->kind = KTSTR_WORK_SPIN;
	cg->nr_workers = nr_cpus;
}

/*
 * With caches to divide, a and b never meet and each must get all of its half;
 * without, they compete for every CPU and must share it.
 */
static int steady_build(const struct ktstr_topology *t, struct plan *plan, struct ktstr_error *e)
{
	uint32_t half = ktstr_topology__llc_cpus(t, t->llcs / 2).first;
	uint32_t all = ktstr_topology__nr_cpus(t);

	(void)e;
	plan->nr_cgroups = 0;
	cgroup_add(plan, "a", 0, half ? half : all);
	cgroup_add(plan, "b", half, all - half);
	return 0;
}

static const struct scenario catalog[] = {
	{
		.name		= "steady",
		.summary	= "two cgroups of spinning workers: every CPU is busy all the time",
		.build		= steady_build,
	},
};

#define NR_SCENARIOS	(sizeof(catalog) / sizeof(catalog[0]))

const struct scenario *scenario__at(unsigned int i)
{
	return i < NR_SCENARIOS ? &catalog[i] : NULL;
}

const struct scenario *scenario__find(const char *name)
{
	for (unsigned int i = 0; i < NR_SCENARIOS; i++)
		if (!strcmp(catalog[i].name, name))
			return &catalog[i];
	return NULL;
}
