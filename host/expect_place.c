// SPDX-License-Identifier: GPL-2.0-only
/*
 * Isolation: no task of a cgroup ran outside of its cpuset, nor of its own affinity.
 */
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "verdict_end.h"

/* A cgroup is followed through the window, and the first run that must not be is kept. */
struct watch {
	const struct expect_case *x;
	const struct event_places *places;
	const char *cgroup;		/* of the test */
	uint64_t id;			/* in events */
	bool has_cpus;
	struct cpu_mask cpus;		/* before this time */
	uint64_t grace_until_ns;	/* whatever else is done meanwhile */
	bool known;			/* it was there, or one that it is in */
	uint64_t ran_ns, at_ns;
	uint32_t cpu;
	struct cpu_mask must;
};

static void look_at_cpu(struct watch *w, const struct cpu_mask *cpus, uint32_t cpu,
			uint64_t from_ns, uint64_t to_ns)
{
	uint64_t at, ns = event_places__ran(w->places, w->id, cpu, from_ns, to_ns, &at);

	if (!ns || w->ran_ns)
		return;
	w->ran_ns = ns;
	w->at_ns = at;
	w->cpu = cpu;
	w->must = *cpus;
}

/* A worker may make cgroups below its own: these are at least as narrow. */
static bool is_in_known(const struct op_state *s, const char *cgroup)
{
	for (uint32_t i = 0; i < s->nr_cgroups; i++)
		if (*s->cgroups[i].path && op_path__within(cgroup, s->cgroups[i].path))
			return true;
	return false;
}

static void look(void *arg, const struct op_state *s, uint64_t from_ns, uint64_t to_ns)
{
	struct watch *w = arg;
	struct cpu_mask cpus;
	bool changed;

	if (!is_in_known(s, w->cgroup))
		return;
	w->known = true;
	op_state__cpus(s, w->cgroup, &cpus);
	changed = w->has_cpus && !cpu_mask__equal(&cpus, &w->cpus);
	/* One that is new in the window begins as a change does. */
	if (changed || (!w->has_cpus && from_ns > w->x->from_ns))
		w->grace_until_ns = from_ns + EXPECT_GRACE_NS;
	if (from_ns < w->grace_until_ns)
		from_ns = w->grace_until_ns;
	w->has_cpus = true;
	w->cpus = cpus;
	from_ns += w->x->drift_ns;
	if (to_ns < w->x->drift_ns || from_ns >= to_ns - w->x->drift_ns)
		return;
	for (uint32_t cpu = 0; cpu < w->x->nr_cpus; cpu++)
		if (!cpu_mask__test(&cpus, cpu))
			look_at_cpu(w, &cpus, cpu, from_ns, to_ns - w->x->drift_ns);
}

/* The operation that gave a cgroup its CPUs last, for people to look at. */
static const char *line_of(const struct expect_case *x, const char *cgroup, uint64_t before_ns)
{
	const char *at = "";

	for (uint32_t i = 0; i < x->ops.nr; i++) {
		const struct ktstr_op *op = op_list__at(&x->ops, i);

		if (x->ev->trace.steps[i].end_ns > before_ns)
			break;
		if ((op->verb == KTSTR_V_CGROUP || op->verb == KTSTR_V_CPUSET ||
		     op->verb == KTSTR_V_CPUSET_CLEAR || op->verb == KTSTR_V_CPUSET_SWAP) &&
		    (op_path__within(cgroup, op->cgroup) ||
		     (*op->other && op_path__within(cgroup, op->other))))
			at = op->at;
	}
	return at;
}

static void tell(const struct watch *w, struct verdict_check *c)
{
	char list[128];

	verdict_set(c, VERDICT_FAIL, KIND_OFF_CPUSET,
		    "%s: tasks of cgroup %s ran on CPU %u, outside of CPUs %s, for about %.1f ms, first %.3f s into the window",
		    line_of(w->x, w->cgroup, w->at_ns), w->cgroup, w->cpu,
		    cpu_mask__text(&w->must, list, sizeof(list)), w->ran_ns / 1e6,
		    ((double)w->at_ns - (double)w->x->from_ns) / 1e9);
}

/* @n: cgroups that there was a cpuset to hold against */
static bool keeps_cpuset(const struct expect_case *x, const struct event_cgroup *cg,
			 const char *cgroup, uint32_t *n, struct verdict_check *c)
{
	struct watch w = {
		.x = x, .places = event_stream__places(x->stream), .cgroup = cgroup, .id = cg->id,
	};

	op_trace__walk(&x->ev->trace, x->nr_cpus, x->from_ns, x->to_ns, look, &w);
	*n += w.known;
	if (!w.ran_ns)
		return true;
	tell(&w, c);
	return false;
}

static bool keeps_affinity(const struct expect_case *x, const struct event_cgroup *cg,
			   const char *cgroup, struct verdict_check *c)
{
	if (!cg->strayed_ns)
		return true;
	verdict_set(c, VERDICT_FAIL, KIND_OFF_CPUSET,
		    "task %u (%s) of cgroup %s ran on CPU %u, outside of its affinity, for %.1f ms, until %.3f s into the window",
		    cg->strayed.pid, cg->strayed.comm, cgroup, cg->strayed.cpu,
		    cg->strayed.ns / 1e6,
		    ((double)cg->strayed.at_ns - (double)x->from_ns) / 1e9);
	return false;
}

static bool workers_agree(const struct expect_case *x, const struct ktstr_op *ask,
			  struct verdict_check *c)
{
	for (uint32_t i = 0; i < x->ev->nr_workers; i++) {
		const struct evidence_worker *w = &x->ev->workers[i];

		if (!w->off_cpuset || !expect__subject(x, ask, w->cgroup))
			continue;
		verdict_set(c, VERDICT_FAIL, KIND_OFF_CPUSET,
			    "worker %s/%s/%u was seen %llu times outside of its cpuset", w->cgroup,
			    w->name, w->worker, (unsigned long long)w->off_cpuset);
		return false;
	}
	return true;
}

void judge__isolated(const struct expect_case *x, const struct ktstr_op *ask,
		     struct verdict_check *c)
{
	char at[KTSTR_OP_AT_MAX + 2];
	const struct event_state *state;
	const struct event_cgroup *cg;
	uint32_t n = 0;

	if (!workers_agree(x, ask, c) || expect_events__missing(x, c))
		return;
	state = event_stream__state(x->stream);
	for (uint32_t i = 0; (cg = event_tasks__cgroup_at(event_state__tasks(state), i)); i++) {
		const char *cgroup = expect_events__cgroup(cg->path);

		if (!cgroup || !expect__subject(x, ask, cgroup))
			continue;
		if (!keeps_cpuset(x, cg, cgroup, &n, c) || !keeps_affinity(x, cg, cgroup, c))
			return;
	}
	if (expect_events__crowded(x, c))
		return;
	if (event_places__dropped(event_stream__places(x->stream)))
		return verdict_set(c, VERDICT_SKIP, KIND_NO_DATA,
				   "there were more cgroups and CPUs than can be followed");
	if (!n)
		return verdict_set(c, VERDICT_SKIP, KIND_NO_DATA,
				   "%sno event told of a cgroup that has a cpuset to keep",
				   expect__at(ask, at));
	verdict_set(c, VERDICT_PASS, KIND_OK,
		    "no task of %u cgroups ran outside of its CPUs, beyond %.0f ms after a change",
		    n, EXPECT_GRACE_NS / 1e6);
}
