// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict.
 */
#include <stdio.h>
#include <string.h>

#include "verdict_end.h"

const struct verdict_limits verdict_default_limits = {
	.off_cpu_ns	= 500u * 1000000ull,
	.share_points	= 20.0,
	.steal_pct	= 10.0,
};

const char *verdict__status_name(enum verdict_status status)
{
	static const char * const names[] = {
		[VERDICT_PASS] = "PASS",	[VERDICT_SKIP] = "SKIP",
		[VERDICT_INCONCLUSIVE] = "INCONCLUSIVE",
		[VERDICT_FAIL] = "FAIL",	[VERDICT_CRASH] = "CRASH",
		[VERDICT_ENV] = "ENVIRONMENT",	[VERDICT_INTERRUPTED] = "INTERRUPTED",
	};

	return names[status];
}

const char *verdict__kind_name(enum verdict_kind kind)
{
	static const char * const names[KIND_NR] = {
		[KIND_OK] = "ok",
		[KIND_NOT_REACHED] = "not_reached",
		[KIND_PANIC] = "panic",
		[KIND_INIT_KILLED] = "init_killed",
		[KIND_TRIPLE_FAULT] = "triple_fault",
		[KIND_KVM_ERROR] = "kvm_error",
		[KIND_GUEST_GONE] = "guest_gone",
		[KIND_BOOT_FAILED] = "boot_failed",
		[KIND_HANG] = "hang",
		[KIND_ENDLESS] = "endless",
		[KIND_INTERRUPTED] = "interrupted",
		[KIND_ENV] = "environment",
		[KIND_GUEST_FAILED] = "guest_failed",
		[KIND_GUEST_ABORTED] = "guest_aborted",
		[KIND_SCHED_DIED_AT_START] = "sched_died_at_start",
		[KIND_SCHED_NOT_ATTACHED] = "sched_not_attached",
		[KIND_SCHED_DIED] = "sched_died",
		[KIND_SCHED_DETACHED] = "sched_detached",
		[KIND_SCHED_REPLACED] = "sched_replaced",
		[KIND_SCHED_UNASKED] = "sched_unasked",
		[KIND_WORKER_DIED] = "worker_died",
		[KIND_WORKER_MISSING] = "worker_missing",
		[KIND_NO_PROGRESS] = "no_progress",
		[KIND_STARVED] = "starved",
		[KIND_OFF_CPUSET] = "off_cpuset",
		[KIND_UNFAIR] = "unfair",
		[KIND_SPLAT] = "splat",
		[KIND_DRIVER_BROKE] = "driver_broke",
		[KIND_EVIDENCE_LOST] = "evidence_lost",
		[KIND_NO_EVENTS] = "no_events",
		[KIND_EVENTS_LOST] = "events_lost",
		[KIND_EVENTS_UNBALANCED] = "events_unbalanced",
	};

	return names[kind];
}

static bool any_shared(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nr_cgroups; i++)
		for (uint32_t k = 0; k < i; k++)
			if (!strcmp(plan->cgroups[i].cpuset, plan->cgroups[k].cpuset))
				return true;
	return false;
}

void verdict__plan_checks(struct verdict *v, const struct plan *plan)
{
	static const char * const names[CHECK_NR] = {
		[CHECK_COMPLETED]	= "completed",
		[CHECK_SCHED]		= "sched_enabled",
		[CHECK_PROGRESS]	= "workers_progress",
		[CHECK_OFF_CPU]		= "longest_off_cpu",
		[CHECK_CPUSET]		= "cpuset_kept",
		[CHECK_SHARES]		= "fair_shares",
		[CHECK_KERNEL_LOG]	= "kernel_log_clean",
		[CHECK_EVIDENCE]	= "evidence_whole",
		[CHECK_EVENTS]		= "events_complete",
	};

	memset(v, 0, sizeof(*v));
	for (int i = 0; i < CHECK_NR; i++) {
		v->checks[i].name = names[i];
		v->checks[i].applies = true;
	}
	if (!plan->sched.n)
		v->checks[CHECK_SCHED].name = "sched_none";
	v->checks[CHECK_SHARES].applies = any_shared(plan);
	v->checks[CHECK_EVENTS].applies = plan->events != KTSTR_WISH_OFF;
}

/* Host steal, per cent of the CPU time of the window; < 0 when unknown. */
static double steal_pct(const struct evidence *ev)
{
	double window = (double)ev->end.time_ns - (double)ev->start.time_ns;
	double steal = (double)ev->end.steal_ns - (double)ev->start.steal_ns;

	if (!ev->start.seen || !ev->end.seen || !ev->has_helo || !ev->helo.nr_cpus || window <= 0)
		return -1;
	return 100.0 * steal / (window * ev->helo.nr_cpus);
}

static void judge_sched(struct verdict_check *c, const struct evidence *ev)
{
	const struct evidence_sched *a = &ev->start.sched, *b = &ev->end.sched;

	if (strcmp(a->state, "enabled") || strcmp(b->state, "enabled"))
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_DETACHED,
			    "sched_ext was \"%s\" at the start of the window and \"%s\" at its end, not enabled",
			    a->state, b->state);
	else if (!*a->ops || strcmp(a->ops, b->ops) || a->enable_seq != b->enable_seq)
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_REPLACED,
			    "the scheduler changed in the window: \"%s\" (enable_seq %llu) became \"%s\" (%llu)",
			    a->ops, (unsigned long long)a->enable_seq, b->ops,
			    (unsigned long long)b->enable_seq);
	else if (evidence__phase_seen(ev, KTSTR_LIFE_SCHED_DIED))
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_DIED, "the scheduler died: %s",
			    ev->reason[KTSTR_LIFE_SCHED_DIED]);
	else
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "%s enabled for the whole window (enable_seq %llu)",
			    a->ops, (unsigned long long)a->enable_seq);
}

static void judge_no_sched(struct verdict_check *c, const struct evidence *ev)
{
	const struct evidence_sched *a = &ev->start.sched, *b = &ev->end.sched;

	if (!strcmp(a->state, "enabled") || !strcmp(b->state, "enabled"))
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_UNASKED,
			    "sched_ext scheduler \"%s\" was enabled although none was asked for",
			    *a->ops ? a->ops : b->ops);
	else
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "no sched_ext scheduler was enabled: this is the kernel's own");
}

static uint32_t workers_of(const struct evidence *ev, const char *cgroup)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < ev->nr_workers; i++)
		n += !strcmp(ev->workers[i].cgroup, cgroup);
	return n;
}

static void judge_progress(struct verdict_check *c, const struct plan *plan,
			   const struct evidence *ev)
{
	for (uint32_t i = 0; i < plan->nr_cgroups; i++) {
		const struct plan_cgroup *cg = &plan->cgroups[i];
		uint32_t n = workers_of(ev, cg->name);

		if (n != cg->nr_workers)
			return verdict_set(c, VERDICT_FAIL, KIND_WORKER_MISSING,
					   "%u of %u workers of cgroup %s reported", n,
					   cg->nr_workers, cg->name);
	}
	for (uint32_t i = 0; i < ev->nr_workers; i++) {
		const struct evidence_worker *w = &ev->workers[i];

		if (w->exit_status)
			return verdict_set(c, VERDICT_FAIL, KIND_WORKER_DIED,
					   "worker %s/%u died in the window with wait status 0x%x",
					   w->cgroup, w->worker, w->exit_status);
		if (!w->iterations || !w->cpu_ns)
			return verdict_set(c, VERDICT_FAIL, KIND_NO_PROGRESS,
					   "worker %s/%u made no progress: %llu iterations in %.1f ms of CPU time",
					   w->cgroup, w->worker, (unsigned long long)w->iterations,
					   w->cpu_ns / 1e6);
	}
	verdict_set(c, VERDICT_PASS, KIND_OK, "all %u workers finished and made progress",
		    ev->nr_workers);
}

static void judge_off_cpu(struct verdict_check *c, const struct evidence *ev, double steal,
			  const struct verdict_limits *lim)
{
	const struct evidence_worker *w = NULL;

	for (uint32_t i = 0; i < ev->nr_workers; i++)
		if (!w || ev->workers[i].max_gap_ns > w->max_gap_ns)
			w = &ev->workers[i];
	if (!w)
		verdict_set(c, VERDICT_FAIL, KIND_WORKER_MISSING, "no worker reported");
	else if (w->max_gap_ns <= lim->off_cpu_ns)
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "at most %.1f ms (worker %s/%u), allowed are %.0f ms",
			    w->max_gap_ns / 1e6, w->cgroup, w->worker, lim->off_cpu_ns / 1e6);
	else if (steal > lim->steal_pct)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_STARVED,
			    "worker %s/%u did not run for %.1f ms, but the host stole %.1f %% of the window's CPU time",
			    w->cgroup, w->worker, w->max_gap_ns / 1e6, steal);
	else
		verdict_set(c, VERDICT_FAIL, KIND_STARVED,
			    "worker %s/%u did not run for %.1f ms, allowed are %.0f ms",
			    w->cgroup, w->worker, w->max_gap_ns / 1e6, lim->off_cpu_ns / 1e6);
}

static void judge_cpuset(struct verdict_check *c, const struct evidence *ev)
{
	for (uint32_t i = 0; i < ev->nr_workers; i++) {
		const struct evidence_worker *w = &ev->workers[i];

		if (w->off_cpuset)
			return verdict_set(c, VERDICT_FAIL, KIND_OFF_CPUSET,
					   "worker %s/%u was seen %llu times outside of its cpuset",
					   w->cgroup, w->worker, (unsigned long long)w->off_cpuset);
	}
	verdict_set(c, VERDICT_PASS, KIND_OK, "no worker ran outside of its cpuset");
}

static double cgroup_cpu(const struct evidence *ev, const char *name)
{
	double sum = 0;

	for (uint32_t i = 0; i < ev->nr_workers; i++)
		if (!strcmp(ev->workers[i].cgroup, name))
			sum += ev->workers[i].cpu_ns;
	return sum;
}

/* How far cgroup @i is off what its number of workers entitles it to, in points. */
static double share_off(const struct plan *plan, const struct evidence *ev, uint32_t i,
			double *share)
{
	const struct plan_cgroup *cg = &plan->cgroups[i];
	double cpu = 0, workers = 0, fair;

	for (uint32_t k = 0; k < plan->nr_cgroups; k++) {
		if (strcmp(plan->cgroups[k].cpuset, cg->cpuset))
			continue;
		cpu += cgroup_cpu(ev, plan->cgroups[k].name);
		workers += plan->cgroups[k].nr_workers;
	}
	fair = workers > 0 ? 100.0 * cg->nr_workers / workers : 0;
	*share = cpu > 0 ? 100.0 * cgroup_cpu(ev, cg->name) / cpu : 0;
	return *share > fair ? *share - fair : fair - *share;
}

static void judge_shares(struct verdict_check *c, const struct plan *plan,
			 const struct evidence *ev, const struct verdict_limits *lim)
{
	uint32_t worst = 0;
	double share, off, worst_off = -1, worst_share = 0;

	for (uint32_t i = 0; i < plan->nr_cgroups; i++) {
		off = share_off(plan, ev, i, &share);
		if (off > worst_off) {
			worst_off = off;
			worst_share = share;
			worst = i;
		}
	}
	if (worst_off > lim->share_points)
		verdict_set(c, VERDICT_FAIL, KIND_UNFAIR,
			    "cgroup %s got %.1f %% of CPUs %s, %.1f points off its fair share, allowed are %.0f",
			    plan->cgroups[worst].name, worst_share, plan->cgroups[worst].cpuset,
			    worst_off, lim->share_points);
	else
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "at most %.1f points off the fair share (cgroup %s: %.1f %%), allowed are %.0f",
			    worst_off, plan->cgroups[worst].name, worst_share, lim->share_points);
}

static void judge_kernel_log(struct verdict_check *c, const struct evidence *ev)
{
	const struct splat *s = &ev->splats.splats[0];

	if (ev->splats.nr)
		verdict_set(c, VERDICT_FAIL, KIND_SPLAT, "%s in the kernel log (%u in all): %s",
			    splat__name(s->kind), ev->splats.nr, s->text);
	else if (ev->splats.incomplete[0])
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "no splat was seen, but the kernel log is incomplete: %s",
			    ev->splats.incomplete);
	else
		verdict_set(c, VERDICT_PASS, KIND_OK, "no splat");
}

/*
 * Linux's console driver makes no mistakes, so one that does has been written over:
 * by a wild pointer of the scheduler, a module or a program with too many rights.
 */
static bool judge_driver(struct verdict_check *c, const struct evidence *ev)
{
	const struct vmm_stats *m = &ev->machine;
	char queue[32] = "";

	if (!m->driver_errors)
		return true;
	if (m->broken_queues)
		snprintf(queue, sizeof(queue), " and ring %d for good",
			 __builtin_ctz(m->broken_queues));
	verdict_set(c, VERDICT_FAIL, KIND_DRIVER_BROKE,
		    "the guest's console driver broke the device's rules %llu times%s (last: %s): its memory or the device's registers were written over",
		    (unsigned long long)m->driver_errors, queue, m->last_error);
	return false;
}

static uint64_t bytes_dropped(const struct evidence *ev)
{
	return ev->machine.tx_dropped[KTSTR_PORT_BULK] + ev->machine.tx_dropped[KTSTR_PORT_STATS];
}

static void judge_evidence(struct verdict_check *c, const struct evidence *ev)
{
	const struct assembler_stats *f = &ev->frames;

	if (!judge_driver(c, ev))
		return;
	if (bytes_dropped(ev))
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "%llu bytes that the guest had sent found no room when it reset its console",
			    (unsigned long long)bytes_dropped(ev));
	else if (ev->unread)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "the guest left more on port 1 than any can send in good faith; the rest of it was not read");
	else if (f->lost || f->corrupt || f->skipped || f->reordered || f->unknown || ev->malformed ||
	    (ev->residue && ev->has_exit))
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "of %llu frames %llu were lost, %llu corrupt, %llu out of order, %llu unknown, %llu malformed, and %llu bytes belonged to none",
			    (unsigned long long)f->frames, (unsigned long long)f->lost,
			    (unsigned long long)f->corrupt, (unsigned long long)f->reordered,
			    (unsigned long long)f->unknown, (unsigned long long)ev->malformed,
			    (unsigned long long)(f->skipped + ev->residue));
	else
		verdict_set(c, VERDICT_PASS, KIND_OK, "all %llu frames arrived whole",
			    (unsigned long long)f->frames);
}

/* Without a whole window these have nothing to judge, and say so. */
static void judge_window(struct verdict *v, const struct plan *plan, const struct evidence *ev,
			 const struct verdict_limits *lim)
{
	struct verdict_check *c = v->checks;

	if (c[CHECK_COMPLETED].status != VERDICT_PASS || !ev->start.seen || !ev->end.seen) {
		for (int i = CHECK_SCHED; i <= CHECK_SHARES; i++)
			verdict_set(&c[i], VERDICT_SKIP, KIND_NOT_REACHED,
				    "not judged: the run did not complete its window");
		/* What ended the run is about the scheduler: it is the answer here as well. */
		if (plan->sched.n && c[CHECK_COMPLETED].kind >= KIND_SCHED_DIED_AT_START &&
		    c[CHECK_COMPLETED].kind <= KIND_SCHED_REPLACED)
			verdict_set(&c[CHECK_SCHED], VERDICT_FAIL, c[CHECK_COMPLETED].kind, "%s",
				    c[CHECK_COMPLETED].reason);
		return;
	}
	if (plan->sched.n)
		judge_sched(&c[CHECK_SCHED], ev);
	else
		judge_no_sched(&c[CHECK_SCHED], ev);
	judge_progress(&c[CHECK_PROGRESS], plan, ev);
	judge_off_cpu(&c[CHECK_OFF_CPU], ev, v->steal_pct, lim);
	judge_cpuset(&c[CHECK_CPUSET], ev);
	if (c[CHECK_SHARES].applies)
		judge_shares(&c[CHECK_SHARES], plan, ev, lim);
}

static void judge_events(struct verdict *v, const struct plan *plan, const struct evidence *ev)
{
	struct verdict_check *c = &v->checks[CHECK_EVENTS];

	if (!c->applies)
		return;
	if (v->checks[CHECK_COMPLETED].status != VERDICT_PASS)
		verdict_set(c, VERDICT_SKIP, KIND_NOT_REACHED,
			    "not judged: the run did not complete its window");
	else
		verdict_events__judge(c, plan, ev);
}

/* A kernel without a path for events, where any would do, is judged by all the rest. */
static bool decides(const struct verdict_check *c)
{
	return c->applies && !(c->status == VERDICT_SKIP && c->kind == KIND_NO_EVENTS);
}

/* The gravest point decides; among equals the first. */
static void judge_whole(struct verdict *v)
{
	v->status = VERDICT_PASS;
	v->kind = KIND_OK;
	v->reason = "";
	for (int i = 0; i < CHECK_NR; i++) {
		const struct verdict_check *c = &v->checks[i];

		if (!decides(c) || c->status <= v->status)
			continue;
		v->status = c->status;
		v->kind = c->kind;
		v->reason = c->reason;
	}
}

/* What held for a part of the window is not known to hold for all of it. */
static void judge_length(struct verdict_check *c, const struct plan *plan,
			 const struct evidence *ev)
{
	uint64_t asked = plan->duration_ms * 1000000ull;

	if (ev->end.time_ns < ev->start.time_ns || ev->end.time_ns - ev->start.time_ns < asked)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "the guest is done, but its window was %.3f s long, not %.3f s",
			    ((double)ev->end.time_ns - (double)ev->start.time_ns) / 1e9,
			    asked / 1e9);
}

void verdict__judge(struct verdict *v, const struct plan *plan, const struct evidence *ev,
		    const struct verdict_limits *limits)
{
	verdict__plan_checks(v, plan);
	v->steal_pct = steal_pct(ev);
	verdict_end__judge(&v->checks[CHECK_COMPLETED], plan, ev);
	if (v->checks[CHECK_COMPLETED].status == VERDICT_PASS && plan->scenario &&
	    (!ev->start.seen || !ev->end.seen))
		verdict_set(&v->checks[CHECK_COMPLETED], VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "the guest is done, but the %s of its window never arrived",
			    ev->start.seen ? "end" : "start");
	else if (v->checks[CHECK_COMPLETED].status == VERDICT_PASS && plan->scenario)
		judge_length(&v->checks[CHECK_COMPLETED], plan, ev);
	judge_window(v, plan, ev, limits);
	judge_kernel_log(&v->checks[CHECK_KERNEL_LOG], ev);
	judge_evidence(&v->checks[CHECK_EVIDENCE], ev);
	judge_events(v, plan, ev);
	judge_whole(v);
}
