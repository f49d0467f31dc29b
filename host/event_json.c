// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON pieces. jansson's *_new() calls take NULL and then fail, so what comes out is
 * whole or lacks whole members; without memory nobody reads it anyway.
 */
#include <stdlib.h>

#include "event_json.h"

static json_t *number(uint64_t v)
{
	/* JSON integers are signed in jansson. */
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

#define SET(_o, _name, _v) json_object_set_new(_o, _name, number(_v))

static json_t *moment(const struct event_moment *m)
{
	json_t *o = json_object();

	SET(o, "ns", m->ns);
	SET(o, "at_ns", m->at_ns);
	SET(o, "pid", m->pid);
	SET(o, "cpu", m->cpu);
	json_object_set_new(o, "comm", json_string(m->comm));
	return o;
}

static json_t *dist(const struct event_dist *d)
{
	json_t *o = json_object(), *worst = json_array();

	SET(o, "count", histogram__count(d->h));
	SET(o, "sum_ns", histogram__sum(d->h));
	SET(o, "min_ns", histogram__min(d->h));
	SET(o, "p50_ns", histogram__percentile(d->h, 50));
	SET(o, "p90_ns", histogram__percentile(d->h, 90));
	SET(o, "p99_ns", histogram__percentile(d->h, 99));
	SET(o, "p999_ns", histogram__percentile(d->h, 99.9));
	SET(o, "max_ns", histogram__max(d->h));
	for (uint32_t i = 0; i < d->worst.nr; i++)
		json_array_append_new(worst, moment(&d->worst.m[i]));
	json_object_set_new(o, "worst", worst);
	return o;
}

/* Parts up to the end of the window; the rest was never reached. */
static json_t *series(const struct event_series *s, uint64_t end_ns)
{
	json_t *o = json_object(), *a = json_array();

	SET(o, "start_ns", s->start_ns);
	SET(o, "width_ns", s->width_ns);
	for (uint32_t i = 0; i < EVENT_SERIES && s->start_ns + i * s->width_ns < end_ns; i++)
		json_array_append_new(a, number(s->ns[i]));
	json_object_set_new(o, "ns", a);
	return o;
}

static json_t *account(const struct event_account *a, uint64_t end_ns)
{
	json_t *o = json_object(), *moves = json_object();

	SET(o, "run_ns", a->run_ns);
	SET(o, "wait_ns", a->wait_ns);
	SET(o, "throttled_ns", a->throttled_ns);
	SET(o, "runs", a->runs);
	SET(o, "preempted", a->preempted);
	SET(o, "wakeups", a->wakeups);
	for (uint32_t i = 0; i < EVENT_MOVES; i++)
		SET(moves, event_distance__name(i), a->moves[i]);
	json_object_set_new(o, "moves", moves);
	json_object_set_new(o, "wake", dist(&a->wake));
	json_object_set_new(o, "delay", dist(&a->delay));
	json_object_set_new(o, "slice", dist(&a->slice));
	json_object_set_new(o, "share", series(&a->share, end_ns));
	return o;
}

static json_t *cpus(const struct event_state *s, uint64_t end_ns)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < event_state__nr_cpus(s); i++) {
		const struct event_cpu *c = event_state__cpu(s, i);
		json_t *o = account(&c->account, end_ns);

		SET(o, "cpu", i);
		SET(o, "idle_ns", c->idle_ns);
		SET(o, "offline_ns", c->offline_ns);
		SET(o, "unknown_ns", c->unknown_ns);
		SET(o, "idles", c->idles);
		SET(o, "holes", c->holes);
		SET(o, "lost", c->lost);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *cgroups(const struct event_state *s, uint64_t end_ns)
{
	json_t *a = json_array();
	const struct event_cgroup *c;

	for (uint32_t i = 0; (c = event_tasks__cgroup_at(event_state__tasks(s), i)); i++) {
		json_t *o = account(&c->account, end_ns);

		SET(o, "id", c->id);
		json_object_set_new(o, "path", json_string(c->path));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *one_task(const struct event_task *t, uint64_t end_ns)
{
	json_t *o = account(&t->account, end_ns);

	SET(o, "pid", t->pid);
	SET(o, "tgid", t->tgid);
	json_object_set_new(o, "comm", json_string(t->comm));
	SET(o, "cgroup", t->cgroup->id);
	SET(o, "policy", t->policy);
	SET(o, "prio", t->prio);
	json_object_set_new(o, "dead", json_boolean(t->state == EVENT_TASK_DEAD));
	return o;
}

/* The longest on a CPU first. */
static int task_order(const void *x, const void *y)
{
	const struct event_task *a = *(struct event_task * const *)x;
	const struct event_task *b = *(struct event_task * const *)y;

	if (a->account.run_ns != b->account.run_ns)
		return a->account.run_ns > b->account.run_ns ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* An object is 16 KiB of text: with all that there can be, nobody would read the result. */
static json_t *tasks(const struct event_state *s, uint64_t end_ns, uint32_t *not_listed)
{
	struct event_tasks *tasks = event_state__tasks(s);
	json_t *a = json_array();
	struct event_task **list;
	uint32_t n = 0;

	while (event_tasks__at(tasks, n))
		n++;
	list = calloc(n + 1, sizeof(*list));
	*not_listed = list && n > EVENT_JSON_TASKS ? n - EVENT_JSON_TASKS : 0;
	for (uint32_t i = 0; list && i < n; i++)
		list[i] = event_tasks__at(tasks, i);
	if (list)
		qsort(list, n, sizeof(list[0]), task_order);
	for (uint32_t i = 0; list && i < n && i < EVENT_JSON_TASKS; i++)
		json_array_append_new(a, one_task(list[i], end_ns));
	free(list);
	return a;
}

static json_t *briefs(const struct event_brief *e, uint32_t nr)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < nr; i++) {
		json_t *o = json_object();

		SET(o, "at_ns", e[i].time_ns);
		SET(o, "cpu", e[i].cpu);
		SET(o, "type", e[i].ev.type);
		SET(o, "flags", e[i].ev.flags);
		SET(o, "arg", e[i].ev.arg);
		SET(o, "pid", e[i].ev.pid);
		SET(o, "other", e[i].other);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *starved(const struct event_watch *w)
{
	json_t *o = json_object(), *a = json_array();

	SET(o, "bound_ns", w->starve_bound_ns);
	SET(o, "count", w->nr_starved);
	SET(o, "sum_ns", w->starved_ns);
	for (uint32_t i = 0; i < w->nr_worst_starved; i++) {
		const struct event_starved *d = &w->starved[i];
		json_t *e = moment(&d->task);

		json_object_set_new(e, "cgroup", json_string(d->path));
		json_object_set_new(e, "ended", json_boolean(d->ended));
		json_object_set_new(e, "before", briefs(d->before, d->nr_before));
		json_object_set_new(e, "after", briefs(d->after, d->nr_after));
		json_array_append_new(a, e);
	}
	json_object_set_new(o, "worst", a);
	return o;
}

static json_t *idled(const struct event_watch *w)
{
	json_t *o = json_object(), *a = json_array();

	SET(o, "bound_ns", w->idle_bound_ns);
	SET(o, "count", w->nr_idled);
	SET(o, "sum_ns", w->idled_ns);
	for (uint32_t i = 0; i < w->nr_worst_idled; i++) {
		json_t *e = moment(&w->idled[i].task);

		SET(e, "idle_cpu", w->idled[i].idle_cpu);
		json_object_set_new(e, "affinity_assumed", json_boolean(w->idled[i].assumed));
		json_array_append_new(a, e);
	}
	json_object_set_new(o, "worst", a);
	return o;
}

static json_t *marks(const struct event_totals *t)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < t->nr_marks && i < EVENT_MARKS; i++) {
		json_t *o = json_object();
		char id[24];

		/* All 64 bits count, and JSON readers have 53. */
		snprintf(id, sizeof(id), "%#llx", (unsigned long long)t->marks[i].id);
		json_object_set_new(o, "id", json_string(id));
		SET(o, "at_ns", t->marks[i].time_ns);
		SET(o, "arg", t->marks[i].arg);
		SET(o, "cpu", t->marks[i].cpu);
		SET(o, "pid", t->marks[i].pid);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *scx(const struct event_scx *x)
{
	json_t *o = json_object(), *d = json_object(), *c = json_object();

	json_object_set_new(o, "enabled", json_boolean(x->enabled));
	json_object_set_new(o, "name", json_string(x->name));
	SET(o, "enables", x->enables);
	SET(o, "disables", x->disables);
	SET(o, "exit_kind", x->exit_kind);
	json_object_set_new(o, "exit_code", json_integer(x->exit_code));
	json_object_set_new(o, "reason", json_string(x->reason));
	SET(d, "user", x->dispatched[KTSTR_DSQ_USER]);
	SET(d, "local", x->dispatched[KTSTR_DSQ_LOCAL]);
	SET(d, "local_on", x->dispatched[KTSTR_DSQ_LOCAL_ON]);
	SET(d, "global", x->dispatched[KTSTR_DSQ_GLOBAL]);
	json_object_set_new(o, "dispatched", d);
	for (uint32_t i = 0; i < x->nr_counters; i++)
		json_object_set_new(c, x->counters[i].name,
				    json_integer((json_int_t)(x->counters[i].last -
							      x->counters[i].first)));
	json_object_set_new(o, "counters", c);
	return o;
}

json_t *event_json__state(const struct event_state *s)
{
	const struct event_totals *t = event_state__totals(s);
	const struct event_tasks_stats *st = event_tasks__stats(event_state__tasks(s));
	json_t *o = json_object();
	uint32_t not_listed;

	json_object_set_new(o, "measured", json_boolean(t->active));
	SET(o, "from_ns", t->from_ns);
	SET(o, "to_ns", t->to_ns);
	json_object_set_new(o, "all", account(&t->account, t->to_ns));
	SET(o, "migrations", t->migrations);
	SET(o, "inconsistent", t->inconsistent);
	SET(o, "clock_stills", t->nr_stills);
	SET(o, "clock_still_ns", t->still_ns);
	json_object_set_new(o, "cgroups", cgroups(s, t->to_ns));
	json_object_set_new(o, "cpus", cpus(s, t->to_ns));
	json_object_set_new(o, "tasks", tasks(s, t->to_ns, &not_listed));
	SET(o, "tasks_not_listed", not_listed);
	json_object_set_new(o, "other_tasks",
			    account(event_tasks__other(event_state__tasks(s)), t->to_ns));
	SET(o, "tasks_seen", st->seen);
	SET(o, "tasks_evicted", st->evicted);
	json_object_set_new(o, "starved", starved(event_state__watch(s)));
	json_object_set_new(o, "idle_beside_waiting", idled(event_state__watch(s)));
	json_object_set_new(o, "marks", marks(t));
	json_object_set_new(o, "sched_ext", scx(&t->scx));
	return o;
}

json_t *event_json__stream(const struct event_stream *s)
{
	const struct event_stream_stats *st = event_stream__stats(s);
	const struct event_page_stats *p = event_stream__page_stats(s);
	const struct event_merge_stats *m = event_stream__merge_stats(s);
	json_t *o = json_object();

	json_object_set_new(o, "complete", json_boolean(event_stream__complete(s)));
	SET(o, "frames", st->frames);
	SET(o, "strangers", st->strangers);
	SET(o, "frames_missing", st->gaps);
	SET(o, "frames_damaged", st->cut);
	SET(o, "records", p->records);
	SET(o, "records_malformed", p->malformed_records);
	SET(o, "records_unknown", p->unknown);
	SET(o, "records_late", m->late);
	SET(o, "records_backwards", m->backwards);
	SET(o, "records_forced", m->forced);
	SET(o, "pages_missed", p->missed);
	SET(o, "trace_bytes", event_stream__perfetto_stats(s)->bytes);
	SET(o, "trace_dropped", event_stream__perfetto_stats(s)->dropped);
	json_object_set_new(o, "metrics", event_json__state(event_stream__state(s)));
	return o;
}
