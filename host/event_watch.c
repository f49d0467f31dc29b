// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting tasks are in a list by the time since when they wait: only its head can be
 * the next to starve, and only those from its head on can have waited long enough
 * to blame an idle CPU. Short waits and short idle times cost next to nothing.
 */
#include <stddef.h>
#include <string.h>

#include "event_watch.h"

/* Kernel priorities below it are real-time (MAX_RT_PRIO); a deadline's is -1, here 16 bits. */
#define RT_PRIO		100u
#define DEADLINE_PRIO	UINT16_MAX

static struct event_task *task_of(struct event_link *l)
{
	return (struct event_task *)((char *)l - offsetof(struct event_task, wait));
}

/* The end of what is known of a CPU may lie before the beginning of a wait. */
static uint64_t span(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? to_ns - from_ns : 0;
}

static void link_last(struct event_link *list, struct event_link *l)
{
	l->prev = list->prev;
	l->next = list;
	list->prev->next = l;
	list->prev = l;
}

static void unlink_it(struct event_link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	l->prev = l->next = NULL;
}

void event_watch__init(struct event_watch *w, uint32_t nr_cpus, uint64_t idle_bound_ns,
		       uint64_t starve_bound_ns)
{
	memset(w, 0, sizeof(*w));
	w->nr_cpus = nr_cpus;
	w->idle_bound_ns = idle_bound_ns ? idle_bound_ns : EVENT_IDLE_BOUND_NS;
	w->starve_bound_ns = starve_bound_ns ? starve_bound_ns : EVENT_STARVE_BOUND_NS;
	w->waiting.prev = w->waiting.next = &w->waiting;
	w->starving.prev = w->starving.next = &w->starving;
}

void event_watch__restart(struct event_watch *w)
{
	w->nr_idled = w->idled_ns = w->nr_starved = w->starved_ns = 0;
	w->nr_worst_idled = w->nr_worst_starved = 0;
	memset(w->wasted, 0, sizeof(w->wasted));
	memset(w->kept_ns, 0, sizeof(w->kept_ns));
	for (uint32_t cpu = 0; cpu < w->nr_cpus; cpu++)
		w->wasted_since[cpu] = w->now_ns;
}

/* The time before a detour counts, unless meanwhile there was a moment without a waiting task. */
static uint64_t kept(const struct event_watch *w, uint32_t cpu)
{
	return w->kept_lull[cpu] == w->nr_lulls ? w->kept_ns[cpu] : 0;
}

/* Does a CPU idle beside a task that may use it? See to it that this is being timed, or not. */
static void check_wasted(struct event_watch *w, uint32_t cpu, uint32_t pid, uint64_t now_ns)
{
	bool idle = w->idle_cpus[cpu / 64] & 1ull << cpu % 64;
	bool waits = w->nr_anywhere || w->nr_for[cpu], now = idle && waits;
	uint64_t ns = span(w->wasted_since[cpu], now_ns) + kept(w, cpu);

	if (now && !w->wasting[cpu]) {
		w->wasted_since[cpu] = now_ns;
		if (!kept(w, cpu))
			w->wasted_pid[cpu] = pid;
	} else if (!now && w->wasting[cpu]) {
		if (ns > w->wasted[cpu].ns)
			w->wasted[cpu] = (struct event_wasted){
				.ns = ns, .at_ns = now_ns, .pid = w->wasted_pid[cpu],
			};
		w->kept_ns[cpu] = ns;
		w->kept_lull[cpu] = w->nr_lulls;
	}
	w->wasting[cpu] = now;
	if (!waits)
		w->kept_ns[cpu] = 0;
}

/* Did no scheduler choose that it runs here? Its CPU did, or a class above all schedulers. */
static bool is_detour(const struct event_task *task)
{
	return (task->has_affinity && task->nr_allowed == 1) || task->prio < RT_PRIO ||
	       task->prio == DEADLINE_PRIO;
}

void event_watch__busy(struct event_watch *w, uint32_t cpu, const struct event_task *task)
{
	if (!task || !is_detour(task))
		w->kept_ns[cpu] = 0;
}

static void check_all_wasted(struct event_watch *w, uint32_t pid)
{
	for (uint32_t i = 0; i < EVENT_CPU_WORDS; i++)
		for (uint64_t bits = w->idle_cpus[i]; bits; bits &= bits - 1)
			check_wasted(w, i * 64 + __builtin_ctzll(bits), pid, w->now_ns);
}

/* A task begins to wait (@by is 1) or does so no more (-1). */
static void count_waiting(struct event_watch *w, struct event_task *t, int by)
{
	bool anywhere = t->nr_allowed >= w->nr_cpus, more = by > 0;

	if (!t->has_affinity || t->waits == more)
		return;
	t->waits = more;
	if (anywhere) {
		w->nr_anywhere += by;
		/* With a second one nothing changes for any CPU. */
		if (w->nr_anywhere <= 1)
			check_all_wasted(w, t->pid);
		w->nr_lulls += !w->nr_anywhere;
		return;
	}
	for (uint64_t bits = t->mask; bits; bits &= bits - 1) {
		uint32_t cpu = __builtin_ctzll(bits);

		if (cpu >= w->nr_cpus)
			return;
		w->nr_for[cpu] += by;
		check_wasted(w, cpu, t->pid, w->now_ns);
	}
}

void event_watch__affinity(struct event_watch *w, struct event_task *task, uint32_t nr_allowed,
			   uint64_t mask)
{
	count_waiting(w, task, -1);
	task->has_affinity = true;
	task->nr_allowed = nr_allowed;
	task->mask = mask;
	if (task->wait.next)
		count_waiting(w, task, 1);
}

/* What is worth telling of an event beside its beginning: its next word. */
static uint32_t other_of(const struct event_record *rec)
{
	switch (rec->ev->type) {
	case KTSTR_EV_SWITCH:
		return ((const struct ktstr_ev_switch *)rec->ev)->next_pid;
	case KTSTR_EV_WAKING:
	case KTSTR_EV_WAKEUP:
	case KTSTR_EV_NEW:
		return ((const struct ktstr_ev_wake *)rec->ev)->waker;
	case KTSTR_EV_MIGRATE:
		return ((const struct ktstr_ev_migrate *)rec->ev)->from_cpu;
	default:
		return 0;
	}
}

void event_watch__event(struct event_watch *w, const struct event_record *rec)
{
	struct event_brief *b = &w->ring[rec->cpu][w->nr_ring[rec->cpu]++ % EVENT_BEFORE];

	b->time_ns = rec->time_ns;
	b->ev = *rec->ev;
	b->cpu = rec->cpu;
	b->other = other_of(rec);
}

/* The last @max events of a CPU, in their order. */
static uint32_t last_events(const struct event_watch *w, uint32_t cpu, struct event_brief *dst,
			    uint32_t max)
{
	uint64_t nr = w->nr_ring[cpu];
	uint32_t n = nr < max ? nr : max;

	for (uint32_t i = 0; i < n; i++)
		dst[i] = w->ring[cpu][(nr - n + i) % EVENT_BEFORE];
	return n;
}

static void describe(struct event_moment *m, const struct event_task *t, uint64_t ns,
		     uint64_t at_ns)
{
	*m = (struct event_moment){ .ns = ns, .at_ns = at_ns, .pid = t->pid, .cpu = t->cpu };
	memcpy(m->comm, t->comm, sizeof(m->comm));
}

static void begin_episode(struct event_watch *w, struct event_task *t)
{
	struct event_starved *s;

	unlink_it(&t->wait);
	link_last(&w->starving, &t->wait);
	for (uint32_t i = 0; i < EVENT_OPEN; i++) {
		if (w->open_used[i])
			continue;
		w->open_used[i] = true;
		t->episode = i + 1;
		s = &w->open[i];
		memset(s, 0, sizeof(*s));
		s->nr_before = last_events(w, t->cpu, s->before, EVENT_BEFORE);
		return;
	}
}

void event_watch__time(struct event_watch *w, uint64_t now_ns)
{
	w->now_ns = now_ns;
	while (w->waiting.next != &w->waiting) {
		struct event_task *t = task_of(w->waiting.next);

		if (span(t->eligible_ns, now_ns) <= w->starve_bound_ns)
			return;
		begin_episode(w, t);
	}
}

static void keep_starved(struct event_watch *w, const struct event_starved *s)
{
	uint32_t at = w->nr_worst_starved;

	if (at == EVENT_WORST) {
		if (s->task.ns <= w->starved[--at].task.ns)
			return;
	} else {
		w->nr_worst_starved++;
	}
	for (; at && w->starved[at - 1].task.ns < s->task.ns; at--)
		w->starved[at] = w->starved[at - 1];
	w->starved[at] = *s;
}

static void end_episode(struct event_watch *w, struct event_task *t, uint64_t now_ns, bool runs,
			uint32_t cpu)
{
	struct event_starved none = { .nr_before = 0 };
	struct event_starved *s = t->episode ? &w->open[t->episode - 1] : &none;
	uint64_t ns = span(t->eligible_ns, now_ns);

	describe(&s->task, t, ns, now_ns);
	memcpy(s->path, t->cgroup->path, sizeof(s->path));
	s->ended = runs;
	if (runs)
		s->nr_after = last_events(w, cpu, s->after, EVENT_AFTER);
	w->nr_starved++;
	w->starved_ns += ns;
	keep_starved(w, s);
}

/* @t and @cpu were at odds until @now_ns; is it the longest so far of this wait? */
static void note_idle(struct event_watch *w, struct event_task *t, uint32_t cpu, uint64_t now_ns)
{
	uint64_t since = w->idle_since[cpu] > t->eligible_ns ? w->idle_since[cpu] : t->eligible_ns;

	if (span(since, now_ns) > t->idle_ns && event_task__may_use(t, cpu, w->nr_cpus)) {
		t->idle_ns = span(since, now_ns);
		t->idle_cpu = cpu;
	}
}

static void note_all_idle(struct event_watch *w, struct event_task *t, uint64_t now_ns)
{
	for (uint32_t i = 0; i < EVENT_CPU_WORDS; i++)
		for (uint64_t bits = w->idle_cpus[i]; bits; bits &= bits - 1)
			note_idle(w, t, i * 64 + __builtin_ctzll(bits), now_ns);
}

static void keep_idled(struct event_watch *w, const struct event_idled *d)
{
	uint32_t at = w->nr_worst_idled;

	if (at == EVENT_WORST) {
		if (d->task.ns <= w->idled[--at].task.ns)
			return;
	} else {
		w->nr_worst_idled++;
	}
	for (; at && w->idled[at - 1].task.ns < d->task.ns; at--)
		w->idled[at] = w->idled[at - 1];
	w->idled[at] = *d;
}

static void judge_idle(struct event_watch *w, struct event_task *t, uint64_t now_ns)
{
	struct event_idled d = { .idle_cpu = t->idle_cpu, .assumed = !t->has_affinity };

	if (t->idle_ns <= w->idle_bound_ns)
		return;
	d.idle_cpu = t->idle_cpu;
	describe(&d.task, t, t->idle_ns, now_ns);
	w->nr_idled++;
	w->idled_ns += t->idle_ns;
	keep_idled(w, &d);
}

void event_watch__wait(struct event_watch *w, struct event_task *task, uint64_t now_ns)
{
	event_watch__forget(w, task);
	task->eligible_ns = now_ns;
	link_last(&w->waiting, &task->wait);
	count_waiting(w, task, 1);
}

void event_watch__wait_over(struct event_watch *w, struct event_task *task, uint64_t now_ns,
			    bool runs, uint32_t cpu)
{
	if (!task->wait.next)
		return;
	if (span(task->eligible_ns, now_ns) > w->idle_bound_ns) {
		note_all_idle(w, task, now_ns);
		judge_idle(w, task, now_ns);
	}
	if (span(task->eligible_ns, now_ns) > w->starve_bound_ns)
		end_episode(w, task, now_ns, runs, cpu);
	event_watch__forget(w, task);
}

void event_watch__forget(struct event_watch *w, struct event_task *task)
{
	if (task->episode)
		w->open_used[task->episode - 1] = false;
	task->episode = 0;
	task->idle_ns = 0;
	count_waiting(w, task, -1);
	if (task->wait.next)
		unlink_it(&task->wait);
}

void event_watch__idle(struct event_watch *w, uint32_t cpu, uint64_t now_ns)
{
	w->idle_cpus[cpu / 64] |= 1ull << cpu % 64;
	w->idle_since[cpu] = now_ns;
	check_wasted(w, cpu, w->starving.next != &w->starving ? task_of(w->starving.next)->pid :
		     w->waiting.next != &w->waiting ? task_of(w->waiting.next)->pid : 0, now_ns);
}

static void note_list(struct event_watch *w, struct event_link *list, uint32_t cpu,
		      uint64_t now_ns)
{
	for (struct event_link *l = list->next; l != list; l = l->next) {
		struct event_task *t = task_of(l);

		if (span(t->eligible_ns, now_ns) <= w->idle_bound_ns)
			return;
		note_idle(w, t, cpu, now_ns);
	}
}

void event_watch__idle_over(struct event_watch *w, uint32_t cpu, uint64_t now_ns)
{
	if (!(w->idle_cpus[cpu / 64] & 1ull << cpu % 64))
		return;
	if (span(w->idle_since[cpu], now_ns) > w->idle_bound_ns) {
		note_list(w, &w->starving, cpu, now_ns);
		note_list(w, &w->waiting, cpu, now_ns);
	}
	w->idle_cpus[cpu / 64] &= ~(1ull << cpu % 64);
	check_wasted(w, cpu, 0, now_ns);
}

void event_watch__end(struct event_watch *w, uint64_t now_ns)
{
	event_watch__time(w, now_ns);
	for (uint32_t cpu = 0; cpu < w->nr_cpus; cpu++)
		event_watch__idle_over(w, cpu, now_ns);
	while (w->starving.next != &w->starving)
		event_watch__wait_over(w, task_of(w->starving.next), now_ns, false, 0);
	while (w->waiting.next != &w->waiting)
		event_watch__wait_over(w, task_of(w->waiting.next), now_ns, false, 0);
}
