// SPDX-License-Identifier: GPL-2.0-only
/*
 * Do the events tell the truth, and do they all come? Workloads that know what they
 * do (guest_events*.c) under the real init, on both paths; what came is compared with
 * what the workload says, with the kernel's own accounts and with ftrace.
 */
#include <endian.h>
#include <stdlib.h>

#include <ktstr/dev.h>

#include "selftests/unit/unit.h"
#include "events_ftrace.h"
#include "events_test.h"
#include "ktstr_run.h"

#define NSEC_PER_MS	1000000ull
#define TOPOLOGY	"1,1,2,1"

FIXTURE(events)
{
	struct rig *rig;
};

FIXTURE_VARIANT(events)
{
	const char *word;
	enum ktstr_event_path path;
};

FIXTURE_VARIANT_ADD(events, module) { .word = "module", .path = KTSTR_EVENTS_MODULE };
FIXTURE_VARIANT_ADD(events, bpf) { .word = "bpf", .path = KTSTR_EVENTS_BPF };

FIXTURE_SETUP(events)
{
	self->rig = rig__new(TOPOLOGY);
	ASSERT_NE(NULL, self->rig);
}

FIXTURE_TEARDOWN(events)
{
	rig__free(self->rig, _metadata->exit_code == KSFT_FAIL);
}

/* Why a stream is not complete. */
static void show_gaps(const struct rig *r)
{
	const struct event_totals *t = event_state__totals(event_stream__state(r->stream));

	for (uint32_t i = 0; i <= EVENT_HOLE_MEMORY; i++)
		printf("# holes of kind %u: %llu\n", i, (unsigned long long)t->holes[i]);
	printf("# active %d inconsistent %llu late %llu\n", t->active,
	       (unsigned long long)t->inconsistent,
	       (unsigned long long)event_stream__merge_stats(r->stream)->late);
}

static void expect_none_lost(struct __test_metadata *_metadata, struct rig *r)
{
	for (int i = 0; i < CPUS; i++) {
		EXPECT_EQ(0, le64toh(r->loss[i].lost)) TH_LOG("CPU %d", i);
	}
	EXPECT_TRUE(event_stream__complete(r->stream)) show_gaps(r);
}

/* |a - b| in a thousandth of b. */
static unsigned long long per_mille(uint64_t a, uint64_t b)
{
	uint64_t d = a > b ? a - b : b - a;

	return b ? d * 1000 / b : d ? ~0ull : 0;
}

/* Who wakes whom, who comes after whom: each event is the one that must come next. */
static void expect_schedule(struct __test_metadata *_metadata, const struct rig *r,
			    const struct handover *h)
{
	unsigned int waking = 0, wakeup = 0, sleeps = 0, turns = 0, all = SPINNERS * h->rounds;
	int runs = -1;

	for (size_t i = 0; i < r->nr; i++) {
		const struct rig_record *rec = &r->rec[i];
		int who = spinner_of(h, rec->h.pid), next;

		if (rec->time_ns < h->from || rec->time_ns > h->to)
			continue;
		switch (rec->h.type) {
		case KTSTR_EV_WAKING:
		case KTSTR_EV_WAKEUP:
			if (who < 0)
				break;
			ASSERT_EQ(rec->h.type == KTSTR_EV_WAKING ? waking++ % SPINNERS :
				  wakeup++ % SPINNERS, who) TH_LOG("record %zu", i);
			if (rec->h.type == KTSTR_EV_WAKING) {
				ASSERT_EQ(waking == 1 ? h->main :
					  h->s[(waking - 2) % SPINNERS].pid, rec->wake.waker);
			}
			ASSERT_EQ(1, rec->h.arg);
			break;
		case KTSTR_EV_SWITCH:
			/* One that is still runnable was put off, and comes back. */
			if (who >= 0 && !(rec->h.flags & KTSTR_EVF_PREEMPT) && rec->h.arg) {
				ASSERT_EQ(1, rec->h.arg) TH_LOG("not an interruptible sleep");
				ASSERT_EQ(sleeps++ % SPINNERS, who);
			}
			next = spinner_of(h, rec->sw.next_pid);
			if (next < 0)
				break;
			ASSERT_EQ(1, rec->cpu);
			/* The harness may come between: then it is the same one again. */
			if (next != runs) {
				ASSERT_EQ(turns++ % SPINNERS, next) TH_LOG("record %zu", i);
			}
			runs = next;
			break;
		case KTSTR_EV_MIGRATE:
		case KTSTR_EV_NEW:
			ASSERT_GT(0, who);
			break;
		}
	}
	EXPECT_EQ(all, waking);
	EXPECT_EQ(all, wakeup);
	EXPECT_EQ(all, sleeps);
	EXPECT_EQ(all, turns);
	printf("# %u hand-overs in order, each one WAKING, WAKEUP and SWITCH\n", all);
}

static const struct event_cgroup *cgroup_named(struct event_tasks *t, const char *path)
{
	const struct event_cgroup *cg = NULL;

	for (uint32_t i = 0; (cg = event_tasks__cgroup_at(t, i)); i++)
		if (!strcmp(cg->path, path))
			break;
	return cg;
}

static const struct event_task *task_of(struct event_tasks *t, uint32_t pid)
{
	const struct event_task *task = NULL;

	for (uint32_t i = 0; (task = event_tasks__at(t, i)); i++)
		if (task->pid == pid)
			break;
	return task;
}

/* The kernel's own accounts of the same window, and of the same tasks. */
static void expect_accounts(struct __test_metadata *_metadata, struct event_state *st,
			    const struct handover *h)
{
	struct event_tasks *tasks = event_state__tasks(st);
	static const char *const names[] = { "/family/pair", "/family/single" };

	for (int i = 0; i < SPINNERS; i++) {
		const struct spinner *s = &h->s[i];
		const struct event_task *t = task_of(tasks, s->pid);

		ASSERT_NE(NULL, t);
		printf("# spinner %d: run %llu us, schedstat %llu (%llu/1000 off); delay %llu us, schedstat %llu (%llu/1000 off)\n",
		       i, (unsigned long long)t->account.run_ns / 1000, s->run / 1000,
		       per_mille(t->account.run_ns, s->run),
		       (unsigned long long)t->account.wait_ns / 1000, s->wait / 1000,
		       per_mille(t->account.wait_ns, s->wait));
		EXPECT_GE(10, per_mille(t->account.run_ns, s->run));
		EXPECT_GE(20, per_mille(t->account.wait_ns, s->wait));
		EXPECT_EQ(s->times, t->account.runs);
		EXPECT_EQ(h->rounds, t->account.wakeups);
		EXPECT_EQ(0, t->account.moves[0] + t->account.moves[1] + t->account.moves[2] +
			  t->account.moves[3]);
	}
	for (int i = 0; i < 2; i++) {
		const struct event_cgroup *cg = cgroup_named(tasks, names[i]);

		ASSERT_NE(NULL, cg);
		printf("# cgroup %s: run %llu us, cpu.stat %llu\n", names[i],
		       (unsigned long long)cg->account.run_ns / 1000, h->usec[i]);
		EXPECT_GE(10, per_mille(cg->account.run_ns / 1000, h->usec[i]));
	}
}

TEST_F_TIMEOUT(events, a_known_schedule_is_what_they_tell, 240)
{
	struct handover h = { .rounds = 30 };
	struct event_state *st;
	struct rig *r = self->rig;

	boot(_metadata, r, variant->word, NULL, "handover 30 30000", 220);
	finish(_metadata, r, variant->path);
	expect_none_lost(_metadata, r);
	read_handover(_metadata, r, &h);
	expect_schedule(_metadata, r, &h);
	st = rig__window(r, h.from, h.to, 0);
	ASSERT_NE(NULL, st);
	EXPECT_EQ(0, event_state__totals(st)->inconsistent);
	expect_accounts(_metadata, st, &h);
	event_state__free(st);
}

struct stall {
	unsigned int victim, sleeper, waker;
	unsigned long long from, to, took, woken;
};

/* The marks of a stimulus, as the module made them where it was. */
static void find_marks(struct __test_metadata *_metadata, const struct rig *r, int kind,
		       uint64_t *start, uint64_t *end)
{
	*start = *end = 0;
	for (size_t i = 0; i < r->nr; i++) {
		const struct rig_record *rec = &r->rec[i];

		if (rec->h.type != KTSTR_EV_MARK)
			continue;
		if (rec->mark.id == (KTSTR_MARK_STIM_START | kind))
			*start = rec->time_ns;
		if (rec->mark.id == (KTSTR_MARK_STIM_END | kind))
			*end = rec->time_ns;
		if (rec->mark.id & KTSTR_MARK_KERNEL) {
			ASSERT_EQ(1, rec->cpu);
		}
	}
	ASSERT_NE(0, *start);
	ASSERT_LT(*start, *end);
}

static const struct event_starved *starved_of(const struct event_watch *w, uint32_t pid)
{
	for (uint32_t i = 0; i < w->nr_worst_starved; i++)
		if (w->starved[i].task.pid == pid)
			return &w->starved[i];
	return NULL;
}

static const struct event_starved *expect_starved(struct __test_metadata *_metadata,
						  const struct event_state *st, uint32_t pid,
						  const char *what)
{
	const struct event_starved *s = starved_of(event_state__watch(st), pid);

	ASSERT_NE(NULL, s) TH_LOG("nobody says that the %s starved", what);
	EXPECT_TRUE(s->ended);
	EXPECT_EQ(1, s->task.cpu);
	printf("# %s waited %llu us, until %llu\n", what, (unsigned long long)s->task.ns / 1000,
	       (unsigned long long)s->task.at_ns / 1000);
	return s;
}

/* A CPU that has something to do is not without a record for so long: five ticks. */
#define QUIET_NS	(20 * NSEC_PER_MS)

static uint64_t if_quiet(uint64_t ns)
{
	return ns >= QUIET_NS ? ns : 0;
}

/* How long, between the two moments, nothing at all was recorded on a CPU. */
static uint64_t silence_in(const struct rig *r, uint32_t cpu, uint64_t since, uint64_t until)
{
	uint64_t last = since, sum = 0;

	for (size_t i = 0; i < r->nr && r->rec[i].time_ns < until; i++) {
		if (r->rec[i].cpu != cpu || r->rec[i].time_ns < since)
			continue;
		sum += if_quiet(r->rec[i].time_ns - last);
		last = r->rec[i].time_ns;
	}
	return sum + if_quiet(until - last);
}

/* Not as long as makes the kernel's fair server come to the victim's help, 950 ms. */
#define STALL_MS	600
#define STARVED_NS	(STALL_MS * NSEC_PER_MS / 4)	/* who waits for so long is told */
#define SLACK_NS	(120 * NSEC_PER_MS)	/* for switches and wakeups around it, emulated on a busy host */

static void check_stall(struct __test_metadata *_metadata, struct rig *r,
			enum ktstr_event_path path, int kind)
{
	const char *at = rig__line(r, "stall ");
	const struct event_starved *victim, *sleeper;
	struct event_state *st;
	uint64_t start, end, due, silence;
	struct stall s;
	bool late;

	ASSERT_NE(NULL, at);
	ASSERT_EQ(7, sscanf(at, "stall victim %u sleeper %u waker %u from %llu to %llu took %llu woken %llu",
			    &s.victim, &s.sleeper, &s.waker, &s.from, &s.to, &s.took, &s.woken));
	/* Without the module's own record the call's two ends must do. */
	start = s.from;
	end = s.to;
	if (path == KTSTR_EVENTS_MODULE)
		find_marks(_metadata, r, kind, &start, &end);
	printf("# stall of %llu us, from %llu to %llu\n", s.took / 1000,
	       (unsigned long long)start / 1000, (unsigned long long)end / 1000);
	EXPECT_LE(s.from, start);
	EXPECT_GE(s.to, end);
	st = rig__window(r, s.from, s.to + 1000 * NSEC_PER_MS, STARVED_NS);
	ASSERT_NE(NULL, st);
	victim = expect_starved(_metadata, st, s.victim, "victim");
	/*
	 * The other CPU may have stood still too: it waits for an answer to an interrupt, or
	 * its emulation did not get the one of its timer. Then nobody woke the sleeper a third
	 * into the stall, nor so early that it starved. The waker's CPU was silent for most
	 * of the time between, or it is our fault.
	 */
	due = s.from + STALL_MS * NSEC_PER_MS / 3;
	late = s.woken > s.from + s.took - STARVED_NS - SLACK_NS;
	silence = late ? silence_in(r, 0, due, s.woken) : 0;
	if (late)
		printf("# the sleeper was woken %llu ms after its time, CPU 0 was silent for %llu of them\n",
		       (unsigned long long)(s.woken - due) / NSEC_PER_MS,
		       (unsigned long long)silence / NSEC_PER_MS);
	if (silence > (s.woken - due) / 2) {
		event_state__free(st);
		SKIP(return, "CPU 0 stood still with CPU 1, so that the sleeper was woken too late");
	}
	sleeper = expect_starved(_metadata, st, s.sleeper, "sleeper");
	/* It lost the CPU to the stall, so before it, and got it back when it was over. */
	EXPECT_LE(s.took, victim->task.ns);
	EXPECT_LT(victim->task.ns, s.took + 2 * SLACK_NS);
	if (path == KTSTR_EVENTS_MODULE) {
		EXPECT_LE(victim->task.at_ns - victim->task.ns, start);
		EXPECT_LE(end, victim->task.at_ns);
		EXPECT_LE(end, sleeper->task.at_ns);
	}
	EXPECT_GT(end + SLACK_NS, victim->task.at_ns);
	EXPECT_LT(start, victim->task.at_ns - victim->task.ns + SLACK_NS);
	/* It was woken at a known moment, and outranks the victim. */
	EXPECT_LE(s.woken, sleeper->task.at_ns - sleeper->task.ns);
	EXPECT_GT(s.woken + SLACK_NS, sleeper->task.at_ns - sleeper->task.ns);
	EXPECT_LT(sleeper->task.at_ns, victim->task.at_ns);
	event_state__free(st);
}

static void run_stall(struct __test_metadata *_metadata, struct rig *r, const char *word,
		      enum ktstr_event_path path, int kind)
{
	char args[64];

	snprintf(args, sizeof(args), "stall %d %d", kind, STALL_MS);
	boot(_metadata, r, word, "stimuli=1", args, 220);
	finish(_metadata, r, path);
	expect_none_lost(_metadata, r);
	check_stall(_metadata, r, path, kind);
}

TEST_F_TIMEOUT(events, a_stall_without_preemption_is_where_it_was, 240)
{
	run_stall(_metadata, self->rig, variant->word, variant->path, KTSTR_STIM_SPIN_PREEMPT);
}

TEST_F_TIMEOUT(events, a_stall_without_interrupts_is_where_it_was, 240)
{
	run_stall(_metadata, self->rig, variant->word, variant->path, KTSTR_STIM_SPIN_IRQ);
}

/* The records of one CPU that ftrace was asked for, in their order. */
static struct ftrace_event *ours_of(const struct rig *r, uint32_t cpu, size_t *nr)
{
	struct ftrace_event *ev = calloc(r->nr + 1, sizeof(*ev));

	*nr = 0;
	for (size_t i = 0; ev && i < r->nr; i++)
		if (r->rec[i].cpu == cpu && ftrace__of_record(&r->rec[i], &ev[*nr]))
			++*nr;
	return ev;
}

struct interval {
	unsigned long long on, off;	/* ftrace was on from before @on until after @off, us */
};

/*
 * Both probes are called one after the other with interrupts off, ours first, so on a
 * CPU their times must interlock: ours, ftrace's, our next one, ftrace's next one.
 */
static void compare_cpu(struct __test_metadata *_metadata, const struct rig *r, uint32_t cpu,
			const struct interval *in)
{
	uint64_t late = 0, sum = 0;
	struct ftrace_event *ours;
	struct ftrace_cpu f;
	size_t nr, at = 0;

	ASSERT_TRUE(ftrace__parse(r->out, cpu, &f));
	ASSERT_EQ(0, f.lost);
	ASSERT_EQ(0, f.strange);
	ASSERT_EQ(f.entries, f.nr);
	ASSERT_LT(100, f.nr);
	ours = ours_of(r, cpu, &nr);
	ASSERT_NE(NULL, ours);
	/* The last of ours before ftrace's first one is the same event. */
	while (at + 1 < nr && ours[at + 1].us <= f.ev[0].us)
		at++;
	while (at && !ftrace__same(&ours[at], &f.ev[0]) && ours[at - 1].us == ours[at].us)
		at--;
	ASSERT_LE(at + f.nr, nr) TH_LOG("CPU %u: ours end before ftrace's", cpu);
	for (size_t i = 0; i < f.nr; i++) {
		const struct ftrace_event *o = &ours[at + i], *k = &f.ev[i];

		if (!ftrace__same(o, k)) {
			ftrace__print("ours", o);
			ftrace__print("ftrace", k);
		}
		ASSERT_TRUE(ftrace__same(o, k)) TH_LOG("CPU %u: event %zu of %zu differs", cpu, i,
						       f.nr);
		ASSERT_LE(o->us, k->us) TH_LOG("CPU %u: event %zu", cpu, i);
		if (at + i + 1 < nr) {
			ASSERT_LE(k->us, o[1].us) TH_LOG("CPU %u: event %zu", cpu, i);
		}
		late = k->us - o->us > late ? k->us - o->us : late;
		sum += k->us - o->us;
	}
	/* And there is none of ours that ftrace should have had. */
	if (at) {
		EXPECT_LE(ours[at - 1].us, in->on) TH_LOG("CPU %u", cpu);
	}
	if (at + f.nr < nr) {
		EXPECT_GE(ours[at + f.nr].us, in->off) TH_LOG("CPU %u", cpu);
	}
	EXPECT_GT(1000, sum / f.nr);
	printf("# CPU %u: %zu events are the same in both, ftrace's times %llu us after ours (%llu at most)\n",
	       cpu, f.nr, (unsigned long long)(sum / f.nr), (unsigned long long)late);
	free(f.ev);
	free(ours);
}

TEST_F_TIMEOUT(events, ftrace_tells_the_same_event_by_event, 400)
{
	struct rig *r = self->rig;
	struct interval in;
	const char *at;

	boot(_metadata, r, variant->word, NULL,
	     variant->path == KTSTR_EVENTS_MODULE ? "ftrace 0 60" : "ftrace 1 60", 380);
	finish(_metadata, r, variant->path);
	expect_none_lost(_metadata, r);
	at = rig__line(r, "ftrace on ");
	ASSERT_NE(NULL, at);
	ASSERT_EQ(2, sscanf(at, "ftrace on %llu off %llu", &in.on, &in.off));
	in.on = in.on / 1000 + 1;
	in.off /= 1000;
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		compare_cpu(_metadata, r, cpu, &in);
}

/* How often: @n times, or @full times with KTSTR_FULL=1. */
static unsigned int times(unsigned int n, unsigned int full)
{
	return ktstr_run__full() ? full : n;
}

TEST_F_TIMEOUT(events, a_storm_loses_none, 900)
{
	struct rig *r = self->rig;
	char args[64];

	snprintf(args, sizeof(args), "storm 2 %u", times(1000, 20000));
	r->keep = false;
	boot(_metadata, r, variant->word, NULL, args, 880);
	finish(_metadata, r, variant->path);
	expect_none_lost(_metadata, r);
	printf("# %.*s\n", (int)strcspn(rig__line(r, "storm "), "\n"), rig__line(r, "storm "));
}

/*
 * Until the BPF rings had a watermark, what a ring could not hold till the flush was lost. (Where
 * flushes are cheap, and come each 10 ms, this passes without.)
 */
TEST_F_TIMEOUT(events, more_than_a_buffer_in_a_flush_is_not_lost, 240)
{
	struct rig *r = self->rig;

	r->keep = false;
	boot(_metadata, r, variant->word, NULL, "nice 80 256", 220);
	finish(_metadata, r, variant->path);
	expect_none_lost(_metadata, r);
	printf("# %.*s\n", (int)strcspn(rig__line(r, "nice "), "\n"), rig__line(r, "nice "));
}

static uint64_t sum_lost(const struct rig *r)
{
	uint64_t sum = 0;

	for (int i = 0; i < CPUS; i++)
		sum += le64toh(r->loss[i].lost);
	return sum;
}

/* Losses have a place in the stream, which says how many; all but the last are told there. */
static void expect_holes(struct __test_metadata *_metadata, const struct rig *r)
{
	const struct event_totals *t = event_state__totals(event_stream__state(r->stream));

	EXPECT_NE(0, sum_lost(r)) TH_LOG("it lost nothing: the test proves nothing");
	for (int i = 0; i < CPUS; i++) {
		uint64_t lost = le64toh(r->loss[i].lost);

		EXPECT_EQ(!!lost, !!r->told[i]) TH_LOG("CPU %d", i);
		EXPECT_LE(r->told_lost[i], lost) TH_LOG("CPU %d", i);
		printf("# CPU %d: %llu holes told of %llu lost\n", i,
		       (unsigned long long)r->told[i], (unsigned long long)r->told_lost[i]);
	}
	EXPECT_NE(0, t->holes[EVENT_HOLE_BUFFER]);
	EXPECT_FALSE(event_stream__complete(r->stream));
}

TEST_F_TIMEOUT(events, a_stopped_host_stops_nobody, 400)
{
	unsigned long long free_messages, free_gap, messages, gap, ms;
	struct rig *r = self->rig;

	r->keep = false;
	boot(_metadata, r, variant->word, NULL, "stopped 2000 0", 380);
	ASSERT_TRUE(vm__wait_text(&r->vm, 2, " ms"));
	r->vm.hold = 1u << KTSTR_PORT_BULK;
	ASSERT_TRUE(vm__wait_text(&r->vm, 2, "storm over"));
	r->vm.hold = 0;
	vm__take_ports(&r->vm);
	ASSERT_TRUE(rig__run(r));
	ASSERT_NE(NULL, strstr(r->vm.com[1], "free messages"));
	ASSERT_EQ(3, sscanf(strstr(r->vm.com[1], "free messages"),
			    "free messages %llu gap_us %llu of %llu ms", &free_messages, &free_gap,
			    &ms));
	ASSERT_EQ(2, sscanf(strstr(r->vm.com[1], "stopped messages"),
			    "stopped messages %llu gap_us %llu", &messages, &gap));
	printf("# in %llu ms %llu messages, longest gap %llu us; with the host stopped %llu, %llu us\n",
	       ms, free_messages, free_gap, messages, gap);
	finish(_metadata, r, variant->path);
	expect_holes(_metadata, r);
	EXPECT_LT(free_messages / 4, messages);
	EXPECT_GT(ms * 1000 / 2, gap);
}

/*
 * The kernel's tracepoints are silent on a CPU that is no longer online: the switch from
 * its stopper to idle is in nobody's record, and our own of the dead CPU stands for it. It
 * is away for 100 ms each time, in which nothing ran there, and nothing is contradicted.
 */
TEST_F_TIMEOUT(events, a_cpu_that_comes_and_goes_keeps_its_account, 300)
{
	struct rig *r = self->rig;
	const struct event_totals *t = event_state__totals(event_stream__state(r->stream));
	unsigned int n = times(3, 30);
	char args[64];

	snprintf(args, sizeof(args), "hotplug %u 1", n);
	r->keep = false;
	boot(_metadata, r, variant->word, NULL, args, 280);
	finish(_metadata, r, variant->path);
	EXPECT_EQ(0, sum_lost(r));
	for (int i = 0; i <= EVENT_HOLE_MEMORY; i++) {
		EXPECT_EQ(0, t->holes[i]) TH_LOG("kind %d", i);
	}
	EXPECT_EQ(0, t->inconsistent);
	EXPECT_EQ(4 * n, t->events[KTSTR_EV_CPU]);
	EXPECT_EQ(0, event_state__cpu(event_stream__state(r->stream), 0)->unknown_ns);
	EXPECT_EQ(0, event_state__cpu(event_stream__state(r->stream), 0)->offline_ns);
	EXPECT_EQ(0, event_state__cpu(event_stream__state(r->stream), 1)->unknown_ns);
	EXPECT_LE(n * 90 * 1000000ull, event_state__cpu(event_stream__state(r->stream), 1)->offline_ns);
}

FIXTURE(pages)
{
	struct rig *rig;
};

FIXTURE_SETUP(pages)
{
	self->rig = rig__new(TOPOLOGY);
	ASSERT_NE(NULL, self->rig);
}

FIXTURE_TEARDOWN(pages)
{
	rig__free(self->rig, _metadata->exit_code == KSFT_FAIL);
}

TEST_F_TIMEOUT(pages, two_pages_lose_much_and_count_it, 300)
{
	struct rig *r = self->rig;

	r->keep = false;
	boot(_metadata, r, "module", "size_kib=8 stimuli=1", "burst 8 2000", 280);
	finish(_metadata, r, KTSTR_EVENTS_MODULE);
	EXPECT_EQ(8192, le64toh(r->info.buffer_bytes));
	/* Two pages hold no 2000 records: four bursts a CPU, and what the storm lost besides. */
	for (int i = 0; i < CPUS; i++) {
		EXPECT_LT(4 * 1500, le64toh(r->loss[i].lost)) TH_LOG("CPU %d", i);
		EXPECT_LE(4, r->told[i]) TH_LOG("CPU %d", i);
	}
	expect_holes(_metadata, r);
}

TEST_F_TIMEOUT(pages, marks_come_in_order_and_once, 120)
{
	unsigned int pid, nr, next = 0;
	struct rig *r = self->rig;
	const char *at;

	boot(_metadata, r, "module", NULL, "marks 1000 0", 110);
	finish(_metadata, r, KTSTR_EVENTS_MODULE);
	expect_none_lost(_metadata, r);
	at = rig__line(r, "marks ");
	ASSERT_NE(NULL, at);
	ASSERT_EQ(2, sscanf(at, "marks pid %u nr %u", &pid, &nr));
	for (size_t i = 0; i < r->nr; i++) {
		const struct rig_record *rec = &r->rec[i];

		if (rec->h.type != KTSTR_EV_MARK || rec->mark.id != 7)
			continue;
		ASSERT_EQ(next++, rec->mark.arg);
		ASSERT_EQ(pid, rec->h.pid);
		ASSERT_EQ(0, rec->cpu);
	}
	EXPECT_EQ(nr, next);
}

/* A kfunc that is not found is no error to libbpf, and the stream would be empty. */
static void boot_without_btf(struct __test_metadata *_metadata, struct rig *r, const char *events)
{
	const struct rig_opts o = {
		.topology = TOPOLOGY, .events = events, .module = "ktstr_nobtf.ko",
		.args = "marks 100 0", .timeout_s = 110,
	};
	struct ktstr_error e = { "" };

	ASSERT_EQ(0, rig__boot(r, &o, &e)) TH_LOG("%s", e.msg);
	ASSERT_TRUE(rig__run(r));
	rig__sort(r);
	ASSERT_TRUE(r->has_info);
	EXPECT_NE(NULL, strstr(r->info_text, "do not find ktstr.ko's functions"))
		TH_LOG("%s", r->info_text);
}

TEST_F_TIMEOUT(pages, a_module_without_btf_is_no_path, 120)
{
	boot_without_btf(_metadata, self->rig, "module");
	EXPECT_EQ(KTSTR_EVENTS_OFF, le32toh(self->rig->info.path));
	EXPECT_EQ(0, self->rig->nr);
	EXPECT_TRUE(self->rig->has_exit);
}

TEST_F_TIMEOUT(pages, a_module_without_btf_gives_way_to_bpf_rings, 120)
{
	boot_without_btf(_metadata, self->rig, "auto");
	ASSERT_EQ(KTSTR_EVENTS_BPF, le32toh(self->rig->info.path));
	EXPECT_TRUE(self->rig->final);
	expect_none_lost(_metadata, self->rig);
	EXPECT_LT(100, self->rig->nr);
}

/* What the comparison rests on: no line may be taken for less than it says. */
TEST(ftrace_text_is_understood)
{
	static const char text[] = "noise\nftrace cpu 1\nentries: 4\noverrun: 2\n"
		"commit overrun: 0\nbytes: 9\ndropped events: 1\nread events: 0\n# tracer: nop\n"
		"  a b-3 [7-12    [001] d..2.     3.456789: sched_switch: prev_comm=x prev_pid=12 "
		"prev_prio=120 prev_state=R+ ==> next_comm=swapper/1 next_pid=0 next_prio=99\n"
		"          <idle>-0       [001] dNs4.    13.000001: sched_waking: comm=y pid=14 "
		"prio=120 target_cpu=001\n"
		"           y-14 [001] d..2.    13.000002: sched_switch: prev_comm=y prev_pid=14 "
		"prev_prio=49 prev_state=I ==> next_comm=z next_pid=15 next_prio=120\n"
		"           y-14 [001] d..2.    13.000003: sched_switch: prev_comm=y prev_pid=14 "
		"prev_prio=49 prev_state=? ==> next_comm=z next_pid=15 next_prio=120\n"
		"ftrace cpu 2\nentries: 0\n";
	struct ftrace_event ev;
	struct ftrace_cpu f;

	EXPECT_FALSE(ftrace__parse(text, 3, &f));
	ASSERT_TRUE(ftrace__parse(text, 1, &f));
	EXPECT_EQ(4, f.entries);
	EXPECT_EQ(3, f.lost);
	EXPECT_EQ(1, f.strange);
	ASSERT_EQ(3, f.nr);
	ev = (struct ftrace_event){
		.us = 1, .type = KTSTR_EV_SWITCH, .pid = 12, .third = 120 << 16 | 99,
		.state = FTRACE_PREEMPTED,
	};
	EXPECT_EQ(3456789, f.ev[0].us);
	EXPECT_TRUE(ftrace__same(&ev, &f.ev[0]));
	ev.state = 0;
	EXPECT_FALSE(ftrace__same(&ev, &f.ev[0]));
	ev = (struct ftrace_event){ .type = KTSTR_EV_WAKING, .pid = 14, .other = 1 };
	EXPECT_TRUE(ftrace__same(&ev, &f.ev[1]));
	EXPECT_EQ(2, f.ev[2].state);
	free(f.ev);
}

TEST_HARNESS_MAIN
