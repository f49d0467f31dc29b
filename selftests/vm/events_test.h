/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests of the event stream share: how a guest is started and ended, and what
 * the workload "handover" says of itself.
 */
#ifndef KTSTR_VM_EVENTS_TEST_H
#define KTSTR_VM_EVENTS_TEST_H

#include <endian.h>

#include "selftests/unit/unit.h"
#include "events_rig.h"

/* No test uses all of it. */
#define events_shared	static __attribute__((unused))

#define CPUS		2

events_shared void boot(struct __test_metadata *_metadata, struct rig *r, const char *word,
			const char *params, const char *args, unsigned int timeout_s)
{
	struct rig_opts o = {
		.events = word, .params = params, .args = args, .timeout_s = timeout_s,
	};
	struct ktstr_error e = { "" };

	ASSERT_EQ(0, rig__boot(r, &o, &e)) TH_LOG("%s", e.msg);
}

/* For every CPU: emitted == sent + lost in the guest, and what was sent is here. */
events_shared void expect_exact(struct __test_metadata *_metadata, struct rig *r)
{
	const struct assembler_stats *as = assembler__stats(r->assembler);

	ASSERT_TRUE(r->final) TH_LOG("no final account");
	EXPECT_EQ(0, as->corrupt + as->lost + as->skipped + as->reordered);
	for (int i = 0; i < CPUS; i++) {
		uint64_t emitted = le64toh(r->loss[i].emitted), lost = le64toh(r->loss[i].lost);

		EXPECT_EQ(i, le32toh(r->loss[i].cpu));
		EXPECT_EQ(emitted, r->came[i] + lost) TH_LOG("CPU %d", i);
		EXPECT_EQ(r->came[i], le64toh(r->loss[i].sent)) TH_LOG("CPU %d", i);
		printf("# CPU %d: emitted %llu, received %llu, lost %llu\n", i,
		       (unsigned long long)emitted, (unsigned long long)r->came[i],
		       (unsigned long long)lost);
	}
}

events_shared void finish(struct __test_metadata *_metadata, struct rig *r,
			  enum ktstr_event_path path)
{
	ASSERT_TRUE(rig__run(r)) TH_LOG("no end in time; %zu records came", r->nr);
	ASSERT_TRUE(r->has_exit);
	ASSERT_EQ(0, r->exit_status);
	ASSERT_NE(NULL, rig__line(r, "done"));
	ASSERT_EQ(NULL, r->wrong) TH_LOG("%s", r->wrong);
	ASSERT_TRUE(r->has_info);
	ASSERT_EQ(path, le32toh(r->info.path));
	rig__sort(r);
	expect_exact(_metadata, r);
}

#define SPINNERS	3

struct spinner {
	unsigned int pid, at;
	unsigned long long run, wait, times;
};

struct handover {
	unsigned int main, rounds;
	unsigned long long from, to, usec[2];
	struct spinner s[SPINNERS];
};

events_shared void read_handover(struct __test_metadata *_metadata, const struct rig *r,
				 struct handover *h)
{
	const char *at = rig__line(r, "handover ");

	ASSERT_NE(NULL, at);
	ASSERT_EQ(3, sscanf(at, "handover main %u from %llu to %llu", &h->main, &h->from, &h->to));
	for (unsigned int i = 0; i < SPINNERS; i++) {
		char start[32];

		snprintf(start, sizeof(start), "spinner %u ", i);
		at = rig__line(r, start);
		ASSERT_NE(NULL, at);
		ASSERT_EQ(5, sscanf(at, "spinner %u pid %u run %llu wait %llu times %llu",
				    &h->s[i].at, &h->s[i].pid, &h->s[i].run, &h->s[i].wait,
				    &h->s[i].times));
	}
	at = rig__line(r, "cgroups ");
	ASSERT_NE(NULL, at);
	ASSERT_EQ(2, sscanf(at, "cgroups pair %llu single %llu", &h->usec[0], &h->usec[1]));
}

events_shared int spinner_of(const struct handover *h, uint32_t pid)
{
	for (int i = 0; i < SPINNERS; i++)
		if (h->s[i].pid == pid)
			return i;
	return -1;
}

#endif /* KTSTR_VM_EVENTS_TEST_H */
