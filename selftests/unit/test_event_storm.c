// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random schedules against an oracle that keeps every sample and looks at all of
 * them in the end; and random nonsense, of which only sums are asked.
 */
#include "unit.h"

#include <ktstr/dev.h>

#include "event_feed.h"

#define T0		(7 * SEC)
#define NR_CPUS		6u
#define NR_TASKS	24u
#define PID0		100u
#define SAMPLES_MAX	100000u
#define IDLE_BOUND	(3 * MS)
#define STARVE_BOUND	(12 * MS)

struct samples {
	uint32_t n;
	uint64_t v[SAMPLES_MAX];
};

struct stretch {
	uint64_t from, to;
	uint32_t who;		/* CPU or task */
};

struct stretches {
	uint32_t n;
	struct stretch s[SAMPLES_MAX];
};

/* A machine that is really there: it knows what it does and tells it. */
struct machine {
	struct feed f;
	uint64_t t, seed;
	struct {
		enum { SLEEPS, WOKEN, WAITS, RUNS } state;
		uint32_t cpu, last_cpu;
		bool has_run, by_wake;
		uint64_t mask;
		uint64_t woken, since, run_ns, wait_ns, preempted, wakeups, runs;
		uint64_t moves[EVENT_MOVES];
	} task[NR_TASKS];
	struct {
		uint32_t task;		/* 1 + index, 0 idle */
		uint64_t since, run_ns, idle_ns;
	} cpu[NR_CPUS];
	struct samples wake, delay, slice;
	struct stretches idle, waits;
};

static const struct ktstr_topology topology = { 1, 3, 1, 2 };

static void keep(struct samples *s, uint64_t v)
{
	if (s->n < SAMPLES_MAX)
		s->v[s->n++] = v;
}

static void keep_stretch(struct stretches *s, uint64_t from, uint64_t to, uint32_t who)
{
	if (s->n < SAMPLES_MAX)
		s->s[s->n++] = (struct stretch){ from, to, who };
}

static uint32_t any(struct machine *m, uint32_t below)
{
	return (next_random(&m->seed) >> 20) % below;
}

/* CPU @c stops doing what it does. Return: the pid that leaves. */
static uint32_t stop(struct machine *m, uint32_t c, bool sleeps)
{
	uint32_t i = m->cpu[c].task - 1;
	uint64_t ns = m->t - m->cpu[c].since;

	if (!m->cpu[c].task) {
		m->cpu[c].idle_ns += ns;
		keep_stretch(&m->idle, m->cpu[c].since, m->t, c);
		return 0;
	}
	m->cpu[c].run_ns += ns;
	m->task[i].run_ns += ns;
	keep(&m->slice, ns);
	m->task[i].state = sleeps ? SLEEPS : WAITS;
	m->task[i].preempted += !sleeps;
	m->task[i].by_wake = false;
	m->task[i].since = m->t;
	m->task[i].cpu = c;
	return PID0 + i;
}

static void count_start(struct machine *m, uint32_t i, uint32_t c)
{
	keep(&m->delay, m->t - m->task[i].since);
	if (m->task[i].by_wake)
		keep(&m->wake, m->t - m->task[i].woken);
	m->task[i].wait_ns += m->t - m->task[i].since;
	keep_stretch(&m->waits, m->task[i].since, m->t, i);
	m->task[i].runs++;
	if (m->task[i].has_run && m->task[i].last_cpu != c) {
		uint32_t from = m->task[i].last_cpu;

		m->task[i].moves[from / 2 == c / 2 ? EVENT_MOVE_SMT : EVENT_MOVE_NODE]++;
	}
	m->task[i].has_run = true;
	m->task[i].last_cpu = c;
	m->task[i].state = RUNS;
}

/* CPU @c takes another task, or none. */
static void reschedule(struct machine *m, uint32_t c)
{
	uint32_t i = any(m, NR_TASKS), n = 0, prev;
	bool sleeps = any(m, 2);

	while (n++ < NR_TASKS && (m->task[i].state != WAITS || !(m->task[i].mask & 1u << c)))
		i = (i + 1) % NR_TASKS;
	if (n > NR_TASKS || any(m, 8) == 0)
		i = NR_TASKS;
	if (i == NR_TASKS && !m->cpu[c].task)
		return;
	if (i < NR_TASKS && m->task[i].cpu != c)
		feed_migrate(&m->f, c, m->t, PID0 + i, m->task[i].cpu, c);
	prev = stop(m, c, sleeps);
	feed_switch(&m->f, c, m->t, prev, sleeps ? ASLEEP : any(m, 2) ? RUNNABLE : PREEMPTED,
		    i < NR_TASKS ? PID0 + i : 0);
	m->cpu[c].task = i < NR_TASKS ? 1 + i : 0;
	m->cpu[c].since = m->t;
	if (i < NR_TASKS)
		count_start(m, i, c);
}

static void wake(struct machine *m, uint32_t i)
{
	uint32_t on = any(m, NR_CPUS), to = any(m, NR_CPUS);

	if (m->task[i].state == SLEEPS) {
		m->task[i].wakeups++;
		m->task[i].woken = m->task[i].since = m->t;
		m->task[i].by_wake = true;
		m->task[i].state = WOKEN;
		if (any(m, 4))
			feed_wake(&m->f, KTSTR_EV_WAKING, on, m->t, PID0 + i, to, 0);
		else
			goto queue;	/* without WAKING */
	} else if (m->task[i].state == WOKEN) {
queue:
		m->task[i].since = m->t;
		m->task[i].cpu = to;
		m->task[i].state = WAITS;
		feed_wake(&m->f, KTSTR_EV_WAKEUP, on, m->t, PID0 + i, to, 0);
	} else if (m->task[i].state == RUNS) {
		/* It never left: nothing happens. */
		feed_wake(&m->f, KTSTR_EV_WAKING, on, m->t, PID0 + i, to, 0);
		feed_wake(&m->f, KTSTR_EV_WAKEUP, on, m->t, PID0 + i, to, 0);
	}
}

static void boot(struct machine *m, struct event_state *s, uint64_t seed)
{
	memset(m, 0, sizeof(*m));
	m->f = (struct feed){ .fn = { event_state__record }, .arg = { s } };
	m->t = T0;
	m->seed = seed;
	for (uint32_t c = 0; c < NR_CPUS; c++) {
		m->cpu[c].since = m->t;
		feed_any(&m->f, c, m->t, &(struct ktstr_event){ .type = KTSTR_EV_IDLE, .arg = 1 },
			 sizeof(struct ktstr_event));
	}
	for (uint32_t i = 0; i < NR_TASKS; i++) {
		m->task[i].mask = any(m, 3) ? 0x3f : 1 + any(m, 63);
		feed_affinity(&m->f, 0, m->t, PID0 + i, m->task[i].mask);
	}
}

static void live(struct machine *m, uint32_t steps)
{
	while (steps--) {
		/* Mostly busy, now and then a long pause. */
		m->t += any(m, 200) ? any(m, 100 * US) : any(m, 30 * MS);
		if (any(m, 2))
			reschedule(m, any(m, NR_CPUS));
		else
			wake(m, any(m, NR_TASKS));
	}
	/* The end: what goes on is cut. */
	for (uint32_t c = 0; c < NR_CPUS; c++) {
		uint64_t ns = m->t - m->cpu[c].since;

		if (m->cpu[c].task) {
			m->cpu[c].run_ns += ns;
			m->task[m->cpu[c].task - 1].run_ns += ns;
		} else {
			m->cpu[c].idle_ns += ns;
			keep_stretch(&m->idle, m->cpu[c].since, m->t, c);
		}
	}
	for (uint32_t i = 0; i < NR_TASKS; i++)
		if (m->task[i].state == WAITS || m->task[i].state == WOKEN) {
			m->task[i].wait_ns += m->t - m->task[i].since;
			keep_stretch(&m->waits, m->task[i].since, m->t, i);
		}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void check_dist(struct __test_metadata *_metadata, struct samples *s,
		       const struct event_dist *d)
{
	static const uint32_t permille[] = { 1, 100, 500, 900, 990, 999 };
	uint64_t sum = 0;

	ASSERT_EQ(s->n, histogram__count(d->h));
	qsort(s->v, s->n, sizeof(s->v[0]), by_value);
	for (uint32_t i = 0; i < s->n; i++)
		sum += s->v[i];
	ASSERT_EQ(sum, histogram__sum(d->h));
	for (uint32_t p = 0; s->n && p < 6; p++) {
		uint64_t want = s->v[((uint64_t)permille[p] * s->n + 999) / 1000 - 1];
		uint64_t got = histogram__percentile(d->h, permille[p] / 10.0);

		ASSERT_TRUE(got >= want && got - want <= want >> (HISTOGRAM_3_DIGITS - 1)) {
			TH_LOG("permille %u: told %llu, is %llu", permille[p],
			       (unsigned long long)got, (unsigned long long)want);
		}
	}
	for (uint32_t i = 0; i < d->worst.nr; i++)
		ASSERT_EQ(s->v[s->n - 1 - i], d->worst.m[i].ns);
	ASSERT_EQ(s->n < EVENT_WORST ? s->n : EVENT_WORST, d->worst.nr);
}

/* Every wait against every idle stretch of every CPU. */
static uint64_t idled_most(const struct machine *m, const struct stretch *w)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < m->idle.n; i++) {
		const struct stretch *c = &m->idle.s[i];
		uint64_t from = c->from > w->from ? c->from : w->from;
		uint64_t to = c->to < w->to ? c->to : w->to;

		if (m->task[w->who].mask & 1u << c->who && to > from && to - from > most)
			most = to - from;
	}
	return most;
}

static void check_watch(struct __test_metadata *_metadata, const struct machine *m,
			const struct event_watch *w)
{
	uint64_t idled = 0, idled_ns = 0, starved = 0, starved_ns = 0, ns;

	for (uint32_t i = 0; i < m->waits.n; i++) {
		ns = idled_most(m, &m->waits.s[i]);
		if (ns > IDLE_BOUND) {
			idled++;
			idled_ns += ns;
		}
		ns = m->waits.s[i].to - m->waits.s[i].from;
		if (ns > STARVE_BOUND) {
			starved++;
			starved_ns += ns;
		}
	}
	/* A schedule without any would prove nothing. */
	ASSERT_GT(idled, 0);
	ASSERT_GT(starved, 0);
	ASSERT_EQ(idled, w->nr_idled);
	ASSERT_EQ(idled_ns, w->idled_ns);
	ASSERT_EQ(starved, w->nr_starved);
	ASSERT_EQ(starved_ns, w->starved_ns);
}

static void check_tasks(struct __test_metadata *_metadata, const struct machine *m,
			struct event_state *s)
{
	for (uint32_t i = 0; i < NR_TASKS; i++) {
		struct event_task *t = event_tasks__find(event_state__tasks(s), PID0 + i);

		ASSERT_NE(NULL, t);
		ASSERT_EQ(m->task[i].run_ns, t->account.run_ns);
		ASSERT_EQ(m->task[i].wait_ns, t->account.wait_ns);
		ASSERT_EQ(m->task[i].runs, t->account.runs);
		ASSERT_EQ(m->task[i].preempted, t->account.preempted);
		ASSERT_EQ(m->task[i].wakeups, t->account.wakeups);
		for (uint32_t d = 0; d < EVENT_MOVES; d++)
			ASSERT_EQ(m->task[i].moves[d], t->account.moves[d]);
	}
	for (uint32_t c = 0; c < NR_CPUS; c++) {
		const struct event_cpu *cpu = event_state__cpu(s, c);

		ASSERT_EQ(m->cpu[c].run_ns, cpu->account.run_ns);
		ASSERT_EQ(m->cpu[c].idle_ns, cpu->idle_ns);
		ASSERT_EQ(0, cpu->unknown_ns);
	}
}

TEST(random_schedules_are_measured_exactly)
{
	struct machine *m = malloc(sizeof(*m));

	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct event_state_opts opts = {
			.sz = sizeof(opts), .topology = topology, .idle_bound_ns = IDLE_BOUND,
			.starve_bound_ns = STARVE_BOUND,
		};
		struct event_state *s = event_state__new(&opts);

		TH_LOG("seed %llu", (unsigned long long)seed);
		boot(m, s, seed * 0x9e3779b97f4a7c15);
		live(m, 8000);
		ASSERT_EQ(m->t, event_state__end(s, m->t));
		ASSERT_EQ(0, event_state__totals(s)->inconsistent);
		check_tasks(_metadata, m, s);
		check_dist(_metadata, &m->wake, &event_state__totals(s)->account.wake);
		check_dist(_metadata, &m->delay, &event_state__totals(s)->account.delay);
		check_dist(_metadata, &m->slice, &event_state__totals(s)->account.slice);
		check_watch(_metadata, m, event_state__watch(s));
		event_state__free(s);
	}
	free(m);
}

/* Anything at all: of any type, about few enough pids and CPUs to collide. */
static void nonsense(struct feed *f, uint64_t *t, uint64_t *seed)
{
	uint64_t data[KTSTR_EV_SIZE_MAX / 8], r = next_random(seed);
	struct ktstr_event *ev = (void *)data;
	struct ktstr_ev_task *task = (void *)data;
	static const uint64_t ids[] = { 0, KTSTR_MARK_LOST, KTSTR_MARK_WINDOW_BEGIN, 9 };

	for (size_t i = 0; i < KTSTR_EV_SIZE_MAX / 8; i++)
		data[i] = next_random(seed) & 0x0f0f0f0f0f0f0f0f;
	*ev = (struct ktstr_event){
		.type = r & 1 ? KTSTR_EV_SWITCH : r >> 1 & 1 ? 2 + (r >> 2) % 3 : r % KTSTR_EV_NR,
		.flags = r >> 8, .pid = (r >> 16) % 20, .arg = r >> 24 & 1 ? (r >> 25) % 10 : 0,
	};
	task->peer = (r >> 32) % 20;
	if (ev->type == KTSTR_EV_MARK)
		((struct ktstr_ev_mark *)data)->id = ids[(r >> 40) % 4];
	else if (ev->type == KTSTR_EV_THROTTLE)
		((struct ktstr_ev_throttle *)data)->cgroup = (r >> 40) % 6;
	else if (ev->type >= KTSTR_EV_FORK && ev->type <= KTSTR_EV_CGROUP_ATTACH)
		task->cgroup = (r >> 40) % 6;
	else if (ev->type == KTSTR_EV_CGROUP)
		((struct ktstr_ev_cgroup *)data)->id = (r >> 40) % 6;
	*t += (r >> 48) % 1000 ? (r >> 48) * 8 : 50 * MS;
	feed_any(f, (r >> 12) % 8, *t, data, KTSTR_EV_SIZE_MAX);
}

TEST(nonsense_is_survived_and_adds_up)
{
	for (uint64_t round = 1; round <= 60; round++) {
		struct event_state_opts opts = {
			.sz = sizeof(opts), .topology = topology, .max_tasks = round % 2 ? 4 : 64,
			.idle_bound_ns = 1 * MS, .starve_bound_ns = 5 * MS,
			.wait_for_window = round % 3 == 0,
		};
		struct event_state *s = event_state__new(&opts);
		struct feed f = { .fn = { event_state__record }, .arg = { s } };
		uint64_t t = T0, seed = round * 0x9e3779b97f4a7c15, window, cpus = 0, cgroups = 0;
		const struct event_totals *tot = event_state__totals(s);
		const struct event_cgroup *cg;

		for (int i = 0; i < 5000; i++) {
			nonsense(&f, &t, &seed);
			if (next_random(&seed) % 64 == 0)
				event_state__hole(s, &(struct event_hole){
					.cpu = seed % 8, .kind = seed >> 8 & 7, .time_ns = t });
		}
		event_state__begin(s, 0);
		for (int i = 0; i < 5000; i++)
			nonsense(&f, &t, &seed);
		event_state__end(s, 0);
		ASSERT_TRUE(tot->ended);
		window = tot->to_ns - tot->from_ns;
		for (uint32_t c = 0; c < NR_CPUS; c++) {
			const struct event_cpu *cpu = event_state__cpu(s, c);

			cpus += cpu->account.run_ns;
			ASSERT_EQ(window, cpu->account.run_ns + cpu->idle_ns +
				  cpu->offline_ns + cpu->unknown_ns) {
				TH_LOG("round %llu cpu %u", (unsigned long long)round, c);
			}
		}
		for (uint32_t i = 0; (cg = event_tasks__cgroup_at(event_state__tasks(s), i)); i++)
			cgroups += cg->account.run_ns;
		ASSERT_EQ(cpus, tot->account.run_ns);
		ASSERT_EQ(cpus, cgroups);
		event_state__free(s);
	}
}

/* As many cgroups and tasks as there are numbers: the tables stay as they are. */
TEST(tables_are_bounded)
{
	struct event_state_opts opts = { .sz = sizeof(opts), .topology = topology };
	struct event_state *s = event_state__new(&opts);
	struct feed f = { .fn = { event_state__record }, .arg = { s } };
	const struct event_tasks_stats *st = event_tasks__stats(event_state__tasks(s));
	uint32_t n = 0;

	for (uint32_t i = 1; i <= 20000; i++)
		feed_task(&f, KTSTR_EV_TASK, 0, T0 + i, i, 1, i, "many");
	while (event_tasks__at(event_state__tasks(s), n))
		n++;
	EXPECT_EQ(EVENT_TASKS_MAX, n);
	EXPECT_EQ(20000 - EVENT_TASKS_MAX, st->no_room);
	for (n = 0; event_tasks__cgroup_at(event_state__tasks(s), n); n++)
		;
	EXPECT_EQ(EVENT_CGROUPS_MAX, n);
	EXPECT_GT(st->no_cgroup, 0);
	event_state__free(s);
}

TEST_HARNESS_MAIN
