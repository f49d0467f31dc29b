// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options and tests: which tests are meant, and what holds for one of them.
 */
#include <errno.h>
#include <string.h>

#include <ktstr/test.h>

#include "args.h"
#include "guest_init.h"
#include "selection.h"

/* ktstr's catalog is long; the tests of a program of their own are why it is run. */
#define DEFAULT_SCENARIO	"steady"

int args__select(struct args *a, struct ktstr_error *e)
{
	struct catalog c;
	int ret = catalog__linked(&c, e);

	if (!ret && !a->words.n && !a->tags.n && !guest_init__is_self())
		ret = strv__add(&a->words, DEFAULT_SCENARIO);
	if (!ret)
		ret = selection__make(&c, &a->words, &a->tags, &a->scenarios, e);
	catalog__free(&c);
	return ret;
}

bool args__is_named(const struct args *a, const char *scenario)
{
	return strv__has(&a->words, scenario);
}

struct args args__of_test(const struct args *a, const struct ktstr_test *test)
{
	struct args own = *a;

	if (!a->topology_given && !a->preset && test->topology.nodes) {
		own.topology = (struct ktstr_topology){
			.nodes = test->topology.nodes, .llcs = test->topology.llcs,
			.cores = test->topology.cores, .threads = test->topology.threads,
		};
		own.topology_given = true;
	}
	if (!a->sched_given && !a->sched_enable && test->sched) {
		own.sched = test->sched;
		own.sched_given = true;
		if (!a->stats_given)
			own.stats_ms = ARGS_STATS_DEFAULT_MS;
	}
	if (!a->duration_given && test->duration_ms) {
		own.duration_ms = test->duration_ms;
		own.duration_given = true;
	}
	return own;
}

/* One that is, or may be, scx_ktstr: which one it was, the run will tell. */
static bool has_sched(const struct args *own)
{
	const struct strv *axis = &own->matrix.v[MATRIX_SCHEDULERS];

	return axis->n ? !strv__has(axis, ARGS_SCHED_NONE) : args__sched(own) != NULL;
}

int args__check_faults(const struct args *a, struct ktstr_error *e)
{
	int ret = 0;

	for (size_t i = 0; a->faults.nr && !ret && i < a->scenarios.n; i++) {
		const char *name = a->scenarios.v[i];
		struct args own = args__of_test(a, ktstr_test__find(name));

		if (!has_sched(&own))
			return ktstr_error_set(e, -EINVAL,
					       "--arm: %.100s would run under the kernel's own scheduler, which has no faults to be armed; give --sched scx_ktstr",
					       name);
		ret = fault_orders__check(&own.faults, own.duration_ms, e);
	}
	return ret;
}

struct args args__of_all(const struct args *a)
{
	struct args most = *a;
	uint32_t cpus = 0;

	for (size_t i = 0; i < a->scenarios.n; i++) {
		struct args own = args__of_test(a, ktstr_test__find(a->scenarios.v[i]));
		uint32_t n = ktstr_topology__nr_cpus(&own.topology);

		if (n > cpus)
			most.topology = own.topology;
		cpus = n > cpus ? n : cpus;
		if (!most.sched)
			most.sched = own.sched;
	}
	return most;
}
