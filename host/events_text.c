// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text of the account and of the figures that matter most.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "event_text.h"
#include "events_text.h"

#define CGROUPS_BRIEF	4u	/* with the most CPU time */
#define NOTES_BRIEF	3u	/* lines of the guest */
#define CPUS_SHOWN	64u

#define SPAN(ns) event_text__span((char[16]){ 0 }, ns)

static void print_notes(struct buf *b, const struct events_result *r, uint32_t max)
{
	const char *line = r->notes;

	for (; *line && max--; line += strcspn(line, "\n") + 1)
		buf__printf(b, "  guest: %.*s\n", (int)strcspn(line, "\n"), line);
}

static void print_dist(struct buf *b, const char *name, const struct event_dist *d)
{
	buf__printf(b, "  %-12s p50 %s, p99 %s, p99.9 %s, max %s (%" PRIu64 ")\n", name,
		    SPAN(histogram__percentile(d->h, 50)), SPAN(histogram__percentile(d->h, 99)),
		    SPAN(histogram__percentile(d->h, 99.9)), SPAN(histogram__max(d->h)),
		    histogram__count(d->h));
}

static void print_moves(struct buf *b, const struct event_account *a)
{
	buf__printf(b, "  %" PRIu64 " runs, %" PRIu64 " preempted; moved within", a->runs,
		    a->preempted);
	for (uint32_t i = 0; i < EVENT_MOVES; i++)
		buf__printf(b, "%s %s %" PRIu64, i ? "," : "", event_distance__name(i),
			    a->moves[i]);
	buf__printf(b, "\n");
}

static void print_watch(struct buf *b, const struct event_watch *w)
{
	buf__printf(b, "  a CPU idle for more than %s beside a waiting task: %" PRIu64
		    " times, %s together\n", SPAN(w->idle_bound_ns), w->nr_idled,
		    SPAN(w->idled_ns));
	buf__printf(b, "  a task waiting for more than %s: %" PRIu64 " times, %s together\n",
		    SPAN(w->starve_bound_ns), w->nr_starved, SPAN(w->starved_ns));
}

static int by_run_time(const void *x, const void *y)
{
	const struct event_cgroup *a = *(const struct event_cgroup * const *)x;
	const struct event_cgroup *b = *(const struct event_cgroup * const *)y;

	return a->account.run_ns > b->account.run_ns ? -1 :
	       a->account.run_ns < b->account.run_ns;
}

static void print_share(struct buf *b, const struct event_cgroup *c, double share)
{
	if (c->path[0])
		buf__printf(b, " %s %.1f %%", c->path, share);
	else if (c->id)
		buf__printf(b, " cgroup %" PRIu64 " %.1f %%", c->id, share);
	else
		buf__printf(b, " (not known) %.1f %%", share);
}

/* Of the CPU time that all CPUs had in the window. */
static void print_shares(struct buf *b, const struct event_state *s)
{
	const struct event_totals *t = event_state__totals(s);
	double all = (double)(t->to_ns - t->from_ns) * event_state__nr_cpus(s), rest = 0, share;
	struct event_cgroup *c, *list[EVENT_CGROUPS_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; (c = event_tasks__cgroup_at(event_state__tasks(s), i)); i++)
		if (c->account.run_ns)
			list[n++] = c;
	qsort(list, n, sizeof(list[0]), by_run_time);
	buf__printf(b, "  share of all CPUs:");
	for (uint32_t i = 0; i < n; i++) {
		share = all > 0 ? 100 * (double)list[i]->account.run_ns / all : 0;
		if (i >= CGROUPS_BRIEF) {
			rest += share;
			continue;
		}
		buf__printf(b, "%s", i ? "," : "");
		print_share(b, list[i], share);
	}
	if (n > CGROUPS_BRIEF)
		buf__printf(b, ", %u others %.1f %%", n - CGROUPS_BRIEF, rest);
	buf__printf(b, "%s\n", n ? "" : " nothing ran");
}

/* A part of all events: how many of which came in the window, and no figures. */
static void print_partial(struct buf *b, const struct event_stream *s)
{
	static const char * const names[KTSTR_EV_NR] = { KTSTR_EVENT_NAMES };
	const struct event_totals *t = event_state__totals(event_stream__state(s));
	const char *sep = "";

	buf__printf(b, "  in the window:");
	for (uint32_t i = 1; i < KTSTR_EV_NR; i++) {
		if (!t->events[i])
			continue;
		buf__printf(b, "%s %s %" PRIu64, sep, names[i], t->events[i]);
		sep = ",";
	}
	buf__printf(b, "%s\n  no figures: they need every event, and a part was asked for\n",
		    *sep ? "" : " none");
}

void events_text__brief(struct buf *b, const struct events *ev)
{
	const struct events_result *r = events__result(ev);
	const struct event_state *s;

	if (!events__stream(ev)) {
		buf__printf(b, "no scheduler events\n");
		print_notes(b, r, NOTES_BRIEF);
		return;
	}
	s = event_stream__state(events__stream(ev));
	buf__printf(b, "from %" PRIu64 " events (path %s, %" PRIu64 " lost%s)\n", r->received,
		    events__path_name(r->path), r->lost,
		    r->complete ? "" : "; incomplete: of what is known");
	print_notes(b, r, NOTES_BRIEF);
	if (!r->measured) {
		buf__printf(b, "  the window never began: nothing was measured\n");
		return;
	}
	if (r->partial) {
		print_partial(b, events__stream(ev));
		return;
	}
	print_dist(b, "wake to run", &event_state__totals(s)->account.wake);
	print_dist(b, "run delay", &event_state__totals(s)->account.delay);
	print_dist(b, "slice", &event_state__totals(s)->account.slice);
	print_moves(b, &event_state__totals(s)->account);
	print_watch(b, event_state__watch(s));
	print_shares(b, s);
}

static void print_path(struct buf *b, const struct events_result *r)
{
	if (!r->has_info)
		buf__printf(b, "The guest never said by which path its events come\n");
	else
		buf__printf(b, "Path %s, %u CPUs, %" PRIu64 " KiB of buffer for each\n",
			    events__path_name(r->path), r->nr_cpus, r->buffer_bytes >> 10);
	print_notes(b, r, UINT32_MAX);
	if (r->topology_assumed)
		buf__printf(b, "  The topology is not known: one LLC is assumed\n");
	if (r->repeated + r->early + r->misfits + r->malformed)
		buf__printf(b, "  Not believed: %" PRIu64 " repeated, %" PRIu64 " too early, %"
			    PRIu64 " of another path, %" PRIu64 " malformed\n", r->repeated,
			    r->early, r->misfits, r->malformed);
}

static void print_clock(struct buf *b, const struct events_result *r)
{
	const struct events_clock *c = &r->clock;

	if (r->path != KTSTR_EVENTS_MODULE || r->clock_id != KTSTR_CLOCK_LOCAL)
		buf__printf(b, "Clock: CLOCK_MONOTONIC of the guest\n");
	else if (!c->used)
		buf__printf(b, "Clock: the guest did not say where that of the pages stands\n");
	else
		buf__printf(b, "Clock: pages moved by %+" PRId64
			    " ns to CLOCK_MONOTONIC, read within %" PRIu64 " ns\n",
			    (int64_t)c->offset_ns, (uint64_t)c->begin.window_ns);
	if (c->has_begin && c->has_end && c->begin.valid & c->end.valid & KTSTR_CLOCK_HAS_RING)
		buf__printf(b, "  drift from begin to end: %+" PRId64 " ns in %.3f s\n",
			    c->drift_ns, (double)(c->end.mono_ns - c->begin.mono_ns) / 1e9);
}

static void print_accounts(struct buf *b, const struct events_result *r)
{
	uint32_t shown = 0, more = 0;

	buf__printf(b, "\n%-8s %12s %12s %12s %12s\n", "CPU", "emitted", "lost", "sent",
		    "received");
	for (uint32_t i = 0; i < KTSTR_CPUS_MAX; i++) {
		const struct events_cpu *c = &r->cpus[i];

		if (!c->told && !c->received && i >= r->nr_cpus)
			continue;
		if (shown++ >= CPUS_SHOWN) {
			more++;
			continue;
		}
		buf__printf(b, "%-8u %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "%s\n",
			    i, c->emitted, c->lost, c->sent, c->received,
			    !c->final ? "  no final account" :
			    c->emitted != c->sent + c->lost || c->sent != c->received ?
			    "  does not balance" : "");
	}
	if (more)
		buf__printf(b, "  (%u more)\n", more);
	buf__printf(b, "%-8s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "\n\n", "all",
		    r->emitted, r->lost, r->sent, r->received);
}

void events_text__full(struct buf *b, const struct events *ev)
{
	const struct events_result *r = events__result(ev);

	print_path(b, r);
	if (!events__stream(ev))
		return;
	print_clock(b, r);
	print_accounts(b, r);
	if (r->partial && r->measured)
		print_partial(b, events__stream(ev));
	else
		event_text__stream(b, events__stream(ev));
}
