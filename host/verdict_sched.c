// SPDX-License-Identifier: GPL-2.0-only
/*
 * Was the scheduler under test, and no other, in charge for every moment of the window in
 * which it should be?
 *
 * The operations that were carried out say when that is. Two reads of sysfs at the window's
 * ends cannot tell what was between them, and old kernels do not count enable_seq; the
 * records of the event stream can. All must agree.
 */
#include <stdio.h>
#include <string.h>

#include "op_state.h"
#include "verdict_end.h"

#define ULL(x) ((unsigned long long)(x))

/**
 * struct ruled - what operations say of the scheduler
 * @start, @end: it should be enabled then
 * @before: times it was enabled until the window began, the first one included
 * @enables, @disables: times it came and went in the window
 * @taken: times they took it away until the window's end, those before it included
 * @later: it was enabled once more behind the window
 */
struct ruled {
	bool start, end, later;
	uint64_t before, enables, disables, taken;
};

static bool brings(enum ktstr_verb verb)
{
	return verb == KTSTR_V_SCHED_ATTACH || verb == KTSTR_V_SCHED_RESTART ||
	       verb == KTSTR_V_SCHED_REPLACE;
}

static bool ends(enum ktstr_verb verb)
{
	return verb == KTSTR_V_SCHED_DETACH || verb == KTSTR_V_SCHED_RESTART ||
	       verb == KTSTR_V_SCHED_REPLACE;
}

static void apply_sched(struct ruled *r, enum ktstr_verb verb, bool inside)
{
	if (inside) {
		r->enables += brings(verb);
		r->disables += ends(verb);
	} else {
		r->before += brings(verb);
	}
	r->taken += ends(verb);
	r->end = brings(verb) || (r->end && !ends(verb));
	if (!inside)
		r->start = r->end;
}

static struct ruled who_rules(const struct plan *plan, const struct evidence *ev)
{
	bool asked = plan__has_sched(plan);
	struct ruled r = { .start = asked, .end = asked, .before = asked };
	struct op_list ops = op_list__of_trace(&ev->trace);

	for (uint32_t i = 0; i < ops.nr; i++) {
		const struct op_step *s = &ev->trace.steps[i];

		if (s->begin_ns >= ev->end.time_ns)
			r.later |= brings(s->op.verb);
		else
			apply_sched(&r, s->op.verb, s->begin_ns >= ev->start.time_ns);
	}
	return r;
}

static bool changes(const struct ruled *r)
{
	return r->enables || r->disables;
}

static const char *named(bool enabled)
{
	return enabled ? "enabled" : "not enabled";
}

static bool is_enabled(const struct evidence_sched *s)
{
	return !strcmp(s->state, "enabled");
}

/* What sysfs says of a window in which operations change the scheduler. */
static bool judge_changes(struct verdict_check *c, const struct ruled *r,
			  const struct evidence *ev)
{
	const struct evidence_sched *a = &ev->start.sched, *b = &ev->end.sched;
	uint64_t enables = b->enable_seq - a->enable_seq;

	if (is_enabled(a) != r->start || is_enabled(b) != r->end)
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_DETACHED,
			    "sched_ext was \"%s\" at the start of the window and \"%s\" at its end, by the operations it should have been %s and %s",
			    a->state, b->state, named(r->start), named(r->end));
	else if (b->enable_seq && enables != r->enables)
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_REPLACED,
			    "a scheduler was enabled %llu times in the window, the operations did that %llu times",
			    ULL(enables), ULL(r->enables));
	else
		return false;
	return true;
}

/* The same of one in which it stays. */
static bool judge_ends(struct verdict_check *c, const struct evidence *ev)
{
	const struct evidence_sched *a = &ev->start.sched, *b = &ev->end.sched;

	if (!is_enabled(a) || !is_enabled(b))
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_DETACHED,
			    "sched_ext was \"%s\" at the start of the window and \"%s\" at its end, not enabled",
			    a->state, b->state);
	else if (!*a->ops || strcmp(a->ops, b->ops) || a->enable_seq != b->enable_seq)
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_REPLACED,
			    "the scheduler changed in the window: \"%s\" (enable_seq %llu) became \"%s\" (%llu)",
			    a->ops, ULL(a->enable_seq), b->ops, ULL(b->enable_seq));
	else if (evidence__phase_seen(ev, KTSTR_LIFE_SCHED_DIED))
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_DIED, "the scheduler died: %s",
			    ev->reason[KTSTR_LIFE_SCHED_DIED]);
	else
		return false;
	return true;
}

/* The name in a record is cut. */
static bool other_name(const struct events_sched *s, const char *ops)
{
	size_t max = sizeof(s->name) - 1;

	return *s->name && strncmp(s->name, ops, max);
}

/*
 * What the event stream says. The record of an attach is made when the scheduler's process
 * comes back from the kernel, which may be after the window began: one that is missing
 * before it says nothing against it.
 */
static bool judge_records(struct verdict_check *c, const struct ruled *r,
			  const struct evidence *ev)
{
	const struct events_sched *s = &ev->events.sched;
	const struct evidence_sched *b = &ev->end.sched;
	uint64_t late = r->before > s->enables_before;

	if (s->window_disables > r->disables || s->window_enables > r->enables + late)
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_REPLACED,
			    "sched_ext let go of the scheduler %llu times in the window and took one %llu times, say its events; the operations did that %llu and %llu times",
			    ULL(s->window_disables), ULL(s->window_enables), ULL(r->disables),
			    ULL(r->enables));
	else if (r->end && !r->later && other_name(s, b->ops))
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_REPLACED,
			    "root/ops is \"%s\", but the scheduler that was enabled last was \"%s\", say the events",
			    b->ops, s->name);
	else
		return false;
	return true;
}

/* Nothing speaks against it; @told: and the events could. */
static void set_ruled(struct verdict_check *c, const struct ruled *r, const struct evidence *ev,
		      bool told)
{
	const struct evidence_sched *a = &ev->start.sched;
	bool complete = ev->events.complete;
	const char *events = !told ? "" : complete ? ", and no event says otherwise" :
		", and none of the events that came says otherwise";

	if (told && complete && !ev->events.sched.enables)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_SCHED_UNPROVEN,
			    "\"%s\" (enable_seq %llu) was enabled in the window, but no event told that it ever was",
			    *a->ops ? a->ops : ev->end.sched.ops, ULL(a->enable_seq));
	else if (changes(r))
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "enabled when it should be: operations enabled it %llu times in the window, and nothing else did%s",
			    ULL(r->enables), events);
	else
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "%s enabled for the whole window (enable_seq %llu%s)", a->ops,
			    ULL(a->enable_seq), events);
}

/*
 * An error that comes while, or just before, an operation takes it away leaves no other trace
 * than the one exit to which the operation is entitled. The log tells every exit; what comes
 * after those of operations is behind the window, when another may still be there.
 */
static bool judge_errors(struct verdict_check *c, const struct ruled *r,
			 const struct evidence *ev)
{
	const struct sched_exit_told *log = &ev->sched_exit.told[SCHED_EXIT_BY_LOG];
	const struct sched_exit_told *trace = &ev->sched_exit.told[SCHED_EXIT_BY_TRACE];
	bool gone = !r->end && !r->later;
	struct sched_exit_facts f;
	char why[288];

	if (!r->before && !r->enables)
		return false;
	if (!(log->kind >= SCHED_EXIT_ERROR && (gone || log->nth <= r->taken)) &&
	    !(trace->kind >= SCHED_EXIT_ERROR && gone))
		return false;
	sched_exit__facts(&ev->sched_exit, &f);
	verdict_set(c, VERDICT_FAIL, KIND_SCHED_DIED,
		    "the scheduler died when an operation was to take it away: %s",
		    sched_exit__describe(&f, why, sizeof(why)));
	return true;
}

static void judge_none(struct verdict_check *c, const struct evidence *ev, bool told)
{
	const struct evidence_sched *a = &ev->start.sched, *b = &ev->end.sched;
	const struct events_sched *s = &ev->events.sched;

	if (is_enabled(a) || is_enabled(b))
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_UNASKED,
			    "sched_ext scheduler \"%s\" was enabled although none was asked for",
			    *a->ops ? a->ops : b->ops);
	else if (told && (s->window_enables || s->window_disables))
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_UNASKED,
			    "sched_ext scheduler \"%s\" was enabled in the window although none was asked for, say the events",
			    s->name);
	else if (a->enable_seq != b->enable_seq)
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_UNASKED,
			    "a sched_ext scheduler was enabled in the window although none was asked for: enable_seq went from %llu to %llu",
			    ULL(a->enable_seq), ULL(b->enable_seq));
	else
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "no sched_ext scheduler was enabled: this is the kernel's own");
}

void verdict_sched__judge(struct verdict_check *c, const struct plan *plan,
			  const struct evidence *ev)
{
	struct ruled r = who_rules(plan, ev);
	bool told = ev->events.sched.told && ev->events.measured;

	if (judge_errors(c, &r, ev))
		return;
	if (!r.start && !changes(&r))
		return judge_none(c, ev, told);
	if (changes(&r) ? judge_changes(c, &r, ev) : judge_ends(c, ev))
		return;
	if (!told || !judge_records(c, &r, ev))
		set_ruled(c, &r, ev, told);
}
