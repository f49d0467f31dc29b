// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table. Shares are per cent of the CPU time that the cgroups' CPUs had in
 * the window, while the cgroups were there.
 */
#include <string.h>

#include "boot_times.h"
#include "cgroup_sum.h"
#include "table.h"

#define WORKERS_SHOWN	16u	/* more than that is for JSON */

static double window_ns(const struct evidence *ev)
{
	if (!ev->start.seen || !ev->end.seen || ev->end.time_ns <= ev->start.time_ns)
		return 0;
	return ev->end.time_ns - ev->start.time_ns;
}

static void row(struct ktap *k, const char *name, double cpu_ns, double of_ns, uint64_t gap_ns,
		uint64_t migrations)
{
	ktap__diag(k, "  %-12s %7.1f %% %12.1f %15.1f %12llu", name,
		   of_ns > 0 ? 100 * cpu_ns / of_ns : 0, cpu_ns / 1e6, gap_ns / 1e6,
		   (unsigned long long)migrations);
}

static bool is_crew_of(const struct evidence_worker *w, const struct evidence_worker *first)
{
	return !strcmp(w->cgroup, first->cgroup) && !strcmp(w->name, first->name);
}

/* Did a worker of its crew come before it? */
static bool is_told(const struct evidence *ev, uint32_t at)
{
	for (uint32_t i = 0; i < at; i++)
		if (ev->workers[i].nr_latencies && is_crew_of(&ev->workers[i], &ev->workers[at]))
			return true;
	return false;
}

/*
 * What a crew's kind of work measures, of the worst of its workers: percentiles cannot be
 * added up, and a mean of them would hide the one that waits.
 */
static void print_latencies(struct ktap *k, const struct evidence *ev, const char *cgroup)
{
	uint64_t worst[5], n;

	for (uint32_t i = 0; i < ev->nr_workers; i++) {
		const struct evidence_worker *first = &ev->workers[i];

		if (!first->nr_latencies || strcmp(first->cgroup, cgroup) || is_told(ev, i))
			continue;
		memset(worst, 0, sizeof(worst));
		n = 0;
		for (uint32_t m = i; m < ev->nr_workers; m++) {
			const struct evidence_worker *w = &ev->workers[m];

			if (!w->nr_latencies || !is_crew_of(w, first))
				continue;
			n += w->nr_latencies;
			for (int p = 0; p < 5; p++)
				if (w->latency_ns[p] > worst[p])
					worst[p] = w->latency_ns[p];
		}
		ktap__diag(k, "    %.40s latency of the worst worker: p50 %.1f us, p90 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us (%llu of all)",
			   first->name, worst[0] / 1e3, worst[1] / 1e3, worst[2] / 1e3,
			   worst[3] / 1e3, worst[4] / 1e3, (unsigned long long)n);
	}
}

static void print_workers(struct ktap *k, const struct evidence *ev, const char *cgroup,
			  double of_ns)
{
	uint32_t shown = 0;
	char name[64];

	for (uint32_t i = 0; i < ev->nr_workers; i++) {
		const struct evidence_worker *w = &ev->workers[i];

		if (strcmp(w->cgroup, cgroup))
			continue;
		if (shown++ >= WORKERS_SHOWN)
			continue;
		snprintf(name, sizeof(name), "  %.40s/%u", w->name, w->worker);
		row(k, name, w->cpu_ns, of_ns, w->max_gap_ns, w->migrations);
	}
	if (shown > WORKERS_SHOWN)
		ktap__diag(k, "    (%u more workers: see --json)", shown - WORKERS_SHOWN);
}

static void print_shares(struct ktap *k, const struct evidence *ev)
{
	struct cgroup_sum s;
	const char *path;
	uint32_t i = 0;

	ktap__diag(k, "  %-12s %9s %12s %15s %12s", "cgroup", "CPU share", "CPU ms",
		   "longest off ms", "migrations");
	while ((path = cgroup_sum__next(ev, &i))) {
		cgroup_sum__of(&s, ev, path);
		row(k, path, s.cpu_ns, s.of_ns, s.max_gap_ns, s.migrations);
		print_workers(k, ev, path, s.of_ns);
		print_latencies(k, ev, path);
	}
}

/* What we cost the guest ourselves. */
static void print_overhead(struct ktap *k, const struct evidence *ev)
{
	double of = window_ns(ev) * ev->helo.nr_cpus;
	uint64_t harness_ns, ops_ns;

	if (!(of > 0) || !evidence__cost(ev, &harness_ns, &ops_ns))
		return;
	ktap__diag(k, "  the harness used %.2f %% of the guest's CPU time in the window",
		   100 * (double)harness_ns / of);
	if (ops_ns)
		ktap__diag(k, "  the test's own operations took %.2f %% of it",
			   100 * (double)ops_ns / of);
}

static void print_payloads(struct ktap *k, const struct evidence *ev)
{
	for (uint32_t i = 0; i < ev->payloads.nr; i++) {
		const struct payload_out *p = &ev->payloads.all[i];
		const struct op_step *run = op_trace__find_run(&ev->trace, p->index);

		if (run && p->ended)
			ktap__diag(k, "  payload %s: %.2f s, %.2f s of CPU time, wait status 0x%x",
				   run->op.name, ((double)p->end_ns - (double)p->start_ns) / 1e9,
				   (double)(p->user_ns + p->system_ns) / 1e9, p->wait_status);
	}
}

static void print_sched(struct ktap *k, const struct report_run *run)
{
	const struct evidence_sched *a = &run->ev->start.sched, *b = &run->ev->end.sched;

	if (!run->ev->start.seen)
		return;
	ktap__diag(k, "  scheduler at start: %s%s%s, at end: %s%s%s", a->state, *a->ops ? " " : "",
		   a->ops, run->ev->end.seen ? b->state : "unknown", *b->ops ? " " : "", b->ops);
}

static void print_times(struct ktap *k, const struct report *r, const struct report_run *run)
{
	const struct evidence *ev = run->ev;
	double boot = report__boot_ns(ev) / 1e9;
	char line[160];

	if (ev->ready_ns)
		ktap__diag(k,
			   "  boot %.2f s (to REDY; from exec %.2f s), window %.2f s, wall %.2f s%s",
			   boot, (ev->ready_ns - r->exec_ns) / 1e9, window_ns(ev) / 1e9,
			   (ev->end_ns - ev->create_ns) / 1e9,
			   r->in_box ? " (emulated machine: times are not comparable)" : "");
	if (run->verdict.steal_pct >= 0)
		ktap__diag(k, "  steal %.1f %% of the window's CPU time", run->verdict.steal_pct);
	if (host_delay__known(&ev->host_delay))
		ktap__diag(k, "  %s", host_delay__text(&ev->host_delay, line, sizeof(line)));
	if (ev->has_helo)
		ktap__diag(k, "  kernel %s, %u CPUs, clocksource %s", ev->helo.release,
			   ev->helo.nr_cpus, ev->helo.clocksource);
}

static void print_boot(struct ktap *k, const struct report *r, const struct report_run *run)
{
	struct boot_times bt;
	double at = 0;

	if (!r->args->verbose)
		return;
	boot_times__get(&bt, run->start_ns, run->ev);
	ktap__diag(k, "  boot                took ms        at ms");
	for (int i = 0; i < BOOT_STEPS; i++) {
		double ms = bt.took_ns[i] / 1e6;

		at += ms;
		if (boot_times__has(&bt, i))
			ktap__diag(k, "    %-17s %8.1f     %8.1f", boot_times__name(i), ms, at);
		else
			ktap__diag(k, "    %-17s        -            -", boot_times__name(i));
	}
}

static void print_clock(struct ktap *k, const struct evidence *ev)
{
	struct event_clock_result r;
	char line[320];

	/* A guest that never came up has no clock to speak of. */
	if (!ev->ready_ns)
		return;
	event_clock__solve(&ev->clock, &r);
	event_clock__text(&r, line, sizeof(line));
	ktap__diag(k, "  %s", line);
}

void table__print(struct ktap *k, const struct report *r, const struct report_run *run)
{
	if (!run->ev)
		return;
	if (run->ev->nr_workers)
		print_shares(k, run->ev);
	print_payloads(k, run->ev);
	print_sched(k, run);
	print_times(k, r, run);
	print_overhead(k, run->ev);
	print_boot(k, r, run);
	print_clock(k, run->ev);
}
