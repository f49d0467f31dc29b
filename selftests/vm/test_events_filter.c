// SPDX-License-Identifier: GPL-2.0-only
/*
 * A part of the events: what was asked for comes, all of it, and nothing else.
 */
#include "events_test.h"

#define ROUNDS	30u

FIXTURE(filter)
{
	struct rig *rig;
	struct handover h;
};

FIXTURE_VARIANT(filter)
{
	const char *word;
	enum ktstr_event_path path;
};

FIXTURE_VARIANT_ADD(filter, module) { .word = "module", .path = KTSTR_EVENTS_MODULE };
FIXTURE_VARIANT_ADD(filter, bpf) { .word = "bpf", .path = KTSTR_EVENTS_BPF };

FIXTURE_SETUP(filter)
{
	self->rig = rig__new("1,1,2,1");
	ASSERT_NE(NULL, self->rig);
	self->h = (struct handover){ .rounds = ROUNDS };
}

FIXTURE_TEARDOWN(filter)
{
	rig__free(self->rig, _metadata->exit_code == KSFT_FAIL);
}

/* Three spinners on CPU 1 that hand over to each other, two of them in a cgroup. */
static void run(struct __test_metadata *_metadata, FIXTURE_DATA(filter) *self,
		const FIXTURE_VARIANT(filter) *variant, const char *lines)
{
	struct rig_opts o = {
		.events = variant->word, .filter = lines, .args = "handover 30 5000",
		.timeout_s = 160,
	};
	struct ktstr_error e = { "" };

	ASSERT_EQ(0, rig__boot(self->rig, &o, &e)) TH_LOG("%s", e.msg);
	finish(_metadata, self->rig, variant->path);
	read_handover(_metadata, self->rig, &self->h);
}

static bool is_of_spinner(const struct handover *h, const struct rig_record *rec, unsigned int nr)
{
	int a = spinner_of(h, rec->h.pid), b = -1;

	if (rec->h.type == KTSTR_EV_SWITCH)
		b = spinner_of(h, rec->sw.next_pid);
	return (a >= 0 && a < (int)nr) || (b >= 0 && b < (int)nr);
}

/* Records of @type about the first @nr spinners. */
static unsigned int count(const struct rig *r, const struct handover *h, uint8_t type,
			  unsigned int nr)
{
	unsigned int n = 0;

	for (size_t i = 0; i < r->nr; i++)
		n += r->rec[i].h.type == type && is_of_spinner(h, &r->rec[i], nr) &&
		     r->rec[i].time_ns >= h->from && r->rec[i].time_ns <= h->to;
	return n;
}

static bool is_of_a_place(uint8_t type)
{
	return (type >= KTSTR_EV_SWITCH && type <= KTSTR_EV_MIGRATE) || type == KTSTR_EV_IDLE ||
	       type == KTSTR_EV_PRIO || type == KTSTR_EV_THROTTLE || type == KTSTR_EV_CPU ||
	       type == KTSTR_EV_SCX_DISPATCH;
}

TEST_F_TIMEOUT(filter, of_one_cpu, 180)
{
	unsigned int names = 0, there = 0;
	struct rig *r = self->rig;

	run(_metadata, self, variant, "events-cpus 1\n");
	EXPECT_EQ(KTSTR_FILTER_CPUS, le32toh(r->info.filter));
	EXPECT_NE(NULL, strstr(r->info_text, "only what happens on CPUs 1\n"));
	for (size_t i = 0; i < r->nr; i++) {
		ASSERT_TRUE(r->rec[i].cpu == 1 || !is_of_a_place(r->rec[i].h.type))
			TH_LOG("type %u on CPU %u", r->rec[i].h.type, r->rec[i].cpu);
		names += r->rec[i].h.type == KTSTR_EV_TASK;
		there += r->rec[i].cpu == 0;
	}
	/* PID 1 lists the tasks wherever it is, and the workload forks on CPU 0. */
	EXPECT_LT(10, names);
	EXPECT_LT(0, there);
	/* All sleeps and hand-overs are there, but the first, which comes from CPU 0. */
	EXPECT_LE(SPINNERS * ROUNDS, count(r, &self->h, KTSTR_EV_SWITCH, 3));
	EXPECT_EQ(SPINNERS * ROUNDS - 1, count(r, &self->h, KTSTR_EV_WAKING, 3));
}

TEST_F_TIMEOUT(filter, of_two_types, 180)
{
	const uint64_t only = 1ull << KTSTR_EV_SWITCH | 1ull << KTSTR_EV_WAKEUP;
	struct rig *r = self->rig;

	run(_metadata, self, variant, "events-only switch,wakeup\n");
	EXPECT_EQ(KTSTR_FILTER_TYPES, le32toh(r->info.filter));
	EXPECT_EQ(only | 1ull << KTSTR_EV_MARK, le64toh(r->info.wanted));
	EXPECT_EQ(le64toh(r->info.wanted), le64toh(r->info.attached));
	EXPECT_NE(NULL, strstr(r->info_text, "only switch,wakeup\n"));
	for (size_t i = 0; i < r->nr; i++) {
		ASSERT_NE(0, (only | 1ull << KTSTR_EV_MARK) & 1ull << r->rec[i].h.type)
			TH_LOG("type %u", r->rec[i].h.type);
	}
	EXPECT_EQ(SPINNERS * ROUNDS, count(r, &self->h, KTSTR_EV_WAKEUP, 3));
	EXPECT_LE(SPINNERS * ROUNDS, count(r, &self->h, KTSTR_EV_SWITCH, 3));
}

/* Every record but marks and names of cgroups is of the first @nr spinners. */
static void expect_only(struct __test_metadata *_metadata, FIXTURE_DATA(filter) *self,
			unsigned int nr, const char *path)
{
	const struct rig *r = self->rig;
	bool named = false;

	EXPECT_EQ(KTSTR_FILTER_CGROUP, le32toh(r->info.filter));
	for (size_t i = 0; i < r->nr; i++) {
		const struct ktstr_ev_cgroup *cg = (const void *)r->rec[i].bytes;

		if (r->rec[i].h.type == KTSTR_EV_CGROUP) {
			named |= !strcmp(cg->path, path);
			continue;
		}
		ASSERT_TRUE(r->rec[i].h.type == KTSTR_EV_MARK ||
			    is_of_spinner(&self->h, &r->rec[i], nr))
			TH_LOG("type %u of task %u", r->rec[i].h.type, r->rec[i].h.pid);
	}
	EXPECT_TRUE(named) TH_LOG("no record names %s", path);
	EXPECT_EQ(nr * ROUNDS, count(r, &self->h, KTSTR_EV_WAKING, nr));
	EXPECT_EQ(nr * ROUNDS, count(r, &self->h, KTSTR_EV_WAKEUP, nr));
	EXPECT_LE(nr * ROUNDS, count(r, &self->h, KTSTR_EV_SWITCH, nr));
}

TEST_F_TIMEOUT(filter, of_one_cgroup, 180)
{
	run(_metadata, self, variant, "events-cgroup family/pair\n");
	expect_only(_metadata, self, SPINNERS - 1, "/family/pair");
}

TEST_F_TIMEOUT(filter, of_a_cgroup_and_those_below, 180)
{
	run(_metadata, self, variant, "events-cgroup family\n");
	expect_only(_metadata, self, SPINNERS, "/family");
}

TEST_F_TIMEOUT(filter, of_one_cgroup_on_a_cpu_where_it_is_not, 180)
{
	struct rig *r = self->rig;
	unsigned int names = 0;

	run(_metadata, self, variant, "events-cgroup family/single\nevents-cpus 0\n");
	EXPECT_EQ(KTSTR_FILTER_CPUS | KTSTR_FILTER_CGROUP, le32toh(r->info.filter));
	for (size_t i = 0; i < r->nr; i++) {
		ASSERT_FALSE(is_of_a_place(r->rec[i].h.type) &&
			     r->rec[i].time_ns >= self->h.from && r->rec[i].time_ns <= self->h.to)
			TH_LOG("type %u of task %u", r->rec[i].h.type, r->rec[i].h.pid);
		names += is_of_spinner(&self->h, &r->rec[i], SPINNERS);
	}
	/* Who it is comes from wherever it is. */
	EXPECT_LT(0, names);
}

TEST_HARNESS_MAIN
