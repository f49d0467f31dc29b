// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a test may say about cgroups, CPUs and workers: each refusal beside what is good.
 */
#include <errno.h>

#include <ktstr/op.h>
#include <ktstr/plan.h>

#include "op_check.h"

TEST_F(ops, an_error_names_file_and_line)
{
	const struct ktstr_do ops[] = {
		{ .verb = KTSTR_V_FREEZE, .cgroup = "x", .at = "dir/steady.c:12" },
		{ .verb = KTSTR_V_NR },
	};

	op_check__ops(&self->t, ops);
	EXPECT_STREQ("dir/steady.c:12: cgroup \"x\" does not exist here; make it first, with KTSTR_CGROUP()",
		     self->t.e.msg);
}

TEST_F(ops, origin_is_kept_with_its_end)
{
	struct ktstr_do ops[] = { A, { .verb = KTSTR_V_NR } };
	char at[200];

	memset(at, 'd', sizeof(at));
	strcpy(at + 180, "/a\nb.c:123456");
	ops[0].at = at;
	EXPECT_STREQ("", op_check__ops(&self->t, ops));
	EXPECT_EQ(KTSTR_OP_AT_MAX - 1, strlen(self->t.ops[0].at));
	EXPECT_STREQ("/a?b.c:123456", self->t.ops[0].at + KTSTR_OP_AT_MAX - 1 - 13);
	ops[0].at = NULL;
	EXPECT_STREQ("", op_check__ops(&self->t, ops));
	EXPECT_STREQ("(no line)", self->t.ops[0].at);
}

TEST_F(ops, cgroup_names)
{
	TAKEN(KTSTR_CGROUP("a"), KTSTR_CGROUP("a/b"), KTSTR_CGROUP("a/b/C-9_"));
	LINE(2, "cgroup cg=a/b/C-9_");
	TAKEN(KTSTR_CGROUP("0123456789012345678901234567890"));
	REFUSED("\"01234567890123456789012345678901\" is no name for a cgroup; use names of 1 to 31 letters, digits, '_' and '-', \"a/b\" below \"a\", at most 63 bytes in all",
		KTSTR_CGROUP("01234567890123456789012345678901"));
	for (const char * const *s = (const char * const []){ "/", "a/", "/a", "a//b", ".", "..",
	     "a.b", "a b", "\xc3\xa4", "a\n", NULL }; *s; s++) {
		op_check__ops(&self->t, KTSTR_OPS(A, KTSTR_CGROUP(*s)));
		EXPECT_NE(NULL, strstr(self->t.e.msg, "is no name for a cgroup")) TH_LOG("%s", *s);
	}
	REFUSED("cgroup needs a name; give it one", KTSTR_CGROUP(""));
	REFUSED("cgroup needs a name; give it one", KTSTR_CGROUP(NULL));
}

TEST_F(ops, cgroup_paths_end_at_63_bytes)
{
	TAKEN(KTSTR_CGROUP("0123456789012345678901234567890"),
	      KTSTR_CGROUP("0123456789012345678901234567890/0123456789012345678901234567890"));
	TAKEN(KTSTR_CGROUP("a"), KTSTR_CGROUP("a/0123456789012345678901234567890"),
	      KTSTR_CGROUP("a/0123456789012345678901234567890/01234567890123456789012345678"));
	op_check__ops(&self->t, KTSTR_OPS(KTSTR_CGROUP("a"),
		KTSTR_CGROUP("a/0123456789012345678901234567890"),
		KTSTR_CGROUP("a/0123456789012345678901234567890/012345678901234567890123456789")));
	EXPECT_NE(NULL, strstr(self->t.e.msg, "at most 63 bytes in all"));
}

TEST_F(ops, cgroup_that_is_not_there)
{
	TAKEN(A, KTSTR_WEIGHT("a", 1));
	REFUSED("cgroup \"x\" does not exist here; make it first, with KTSTR_CGROUP()",
		A, KTSTR_WEIGHT("x", 1));
	REFUSED("cgroup \"grup\" does not exist here; did you mean \"group\"?",
		KTSTR_CGROUP("grind"), KTSTR_CGROUP("group"), KTSTR_WEIGHT("grup", 1));
	REFUSED("cgroup \"a\" was removed before; make it again first",
		A, KTSTR_CGROUP_REMOVE("a"), KTSTR_WEIGHT("a", 1));
	TAKEN(A, KTSTR_CGROUP_REMOVE("a"), A, KTSTR_WEIGHT("a", 1));
	REFUSED("weight needs a cgroup; name it", A, KTSTR_WEIGHT(NULL, 1));
	REFUSED("weight needs a cgroup; name it", A, KTSTR_WEIGHT("", 1));
}

TEST_F(ops, cgroup_twice)
{
	TAKEN(A, B, KTSTR_CGROUP("a/b"));
	REFUSED("cgroup \"a\" is there already; remove it first, or use another name", A, B, A);
}

TEST_F(ops, cgroup_below_what_is_not_there)
{
	REFUSED("cgroup \"a\" does not exist here; make it first, with KTSTR_CGROUP()",
		KTSTR_CGROUP("a/b"));
	REFUSED("cgroup \"a\" was removed before; make it again first",
		A, KTSTR_CGROUP_REMOVE("a"), KTSTR_CGROUP("a/b"));
}

TEST_F(ops, removed_with_children)
{
	TAKEN(A, KTSTR_CGROUP("a/b"), KTSTR_CGROUP_REMOVE("a/b"), KTSTR_CGROUP_REMOVE("a"));
	REFUSED("cgroup \"a\" has \"a/b\" below it; remove that first",
		A, KTSTR_CGROUP("a/b"), KTSTR_CGROUP_REMOVE("a"));
	/* A name that begins alike is not below. */
	TAKEN(A, KTSTR_CGROUP("ab"), KTSTR_CGROUP_REMOVE("a"));
}

TEST_F(ops, removed_under_a_payload)
{
	TAKEN(A, KTSTR_RUN("p", "true", .cgroup = "a"), KTSTR_WAIT("p"), KTSTR_CGROUP_REMOVE("a"));
	TAKEN(A, KTSTR_RUN("p", "true", .cgroup = "a"), KTSTR_KILL("p"), KTSTR_CGROUP_REMOVE("a"));
	REFUSED("payload \"p\" runs in cgroup \"a\"; wait for it or kill it first",
		A, KTSTR_RUN("p", "true", .cgroup = "a"), KTSTR_CGROUP_REMOVE("a"));
}

TEST_F(ops, cgroups_at_a_time)
{
	struct ktstr_do ops[KTSTR_CGROUPS_MAX + 3];
	char names[KTSTR_CGROUPS_MAX + 1][8];

	for (unsigned int i = 0; i <= KTSTR_CGROUPS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "c%u", i);
		ops[i] = (struct ktstr_do)KTSTR_CGROUP(names[i]);
	}
	ops[KTSTR_CGROUPS_MAX + 1].verb = KTSTR_V_NR;
	EXPECT_STREQ("there are 64 cgroups already; remove some first", op_check__ops(&self->t, ops));
	/* One less is right. */
	ops[KTSTR_CGROUPS_MAX].verb = KTSTR_V_NR;
	EXPECT_STREQ("", op_check__ops(&self->t, ops));
	ops[KTSTR_CGROUPS_MAX] = (struct ktstr_do)KTSTR_CGROUP_REMOVE("c0");
	ops[KTSTR_CGROUPS_MAX + 1] = (struct ktstr_do)KTSTR_CGROUP(names[KTSTR_CGROUPS_MAX]);
	ops[KTSTR_CGROUPS_MAX + 2].verb = KTSTR_V_NR;
	EXPECT_STREQ("", op_check__ops(&self->t, ops));
}

TEST_F(ops, cpusets)
{
	TAKEN(A, KTSTR_CGROUP("b", .cpus = KTSTR_LLC(1)), KTSTR_CPUSET("a", KTSTR_PART(0, 2)),
	      KTSTR_CPUSET("a", KTSTR_ALL), KTSTR_CPUSET_CLEAR("a"));
	LINE(0, "cgroup cg=a");
	LINE(1, "cgroup cg=b cpus=4-7");
	LINE(2, "cpuset cg=a cpus=0-3");
	LINE(3, "cpuset cg=a cpus=0-7");
	LINE(4, "cpuset_clear cg=a");
	REFUSED("there is no LLC 3: the topology has 2, counted from 0; choose another or a larger topology",
		A, KTSTR_CPUSET("a", KTSTR_LLC(3)));
	REFUSED("\"7-8\" has CPUs that are not to be had here: 8; choose from 0-7",
		KTSTR_CGROUP("a", .cpus = KTSTR_LIST("7-8")));
	REFUSED("cgroup \"a\" has no cpuset of its own here; give it one first",
		A, KTSTR_CPUSET_CLEAR("a"));
}

TEST_F(ops, a_cpuset_is_within_its_parents)
{
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_LIST("2-5")),
	      KTSTR_CGROUP("a/b", .cpus = KTSTR_PART(1, 2)), KTSTR_CPUSET("a/b", KTSTR_LLC(0)));
	LINE(1, "cgroup cg=a/b cpus=4-5");
	LINE(2, "cpuset cg=a/b cpus=2-3");
	REFUSED("\"5-6\" has CPUs that are not to be had here: 6; choose from 2-5",
		KTSTR_CGROUP("a", .cpus = KTSTR_LIST("2-5")),
		KTSTR_CGROUP("a/b", .cpus = KTSTR_LIST("5-6")));
	/* Also of one above that one without a cpuset of its own. */
	REFUSED("\"5-6\" has CPUs that are not to be had here: 6; choose from 2-5",
		KTSTR_CGROUP("a", .cpus = KTSTR_LIST("2-5")), KTSTR_CGROUP("a/b"),
		KTSTR_CGROUP("a/b/c", .cpus = KTSTR_LIST("5-6")));
}

TEST_F(ops, a_parent_keeps_what_its_children_have)
{
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_LIST("2-5")),
	      KTSTR_CGROUP("a/b", .cpus = KTSTR_LIST("4")), KTSTR_CPUSET("a", KTSTR_LIST("4-5")),
	      KTSTR_CPUSET_CLEAR("a"));
	REFUSED("this leaves cgroup \"a/b\" CPUs that \"a\" above it does not have: 4; change \"a/b\" first",
		KTSTR_CGROUP("a", .cpus = KTSTR_LIST("2-5")),
		KTSTR_CGROUP("a/b", .cpus = KTSTR_LIST("3-4")), KTSTR_CPUSET("a", KTSTR_LIST("2-3")));
}

TEST_F(ops, swaps)
{
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_LLC(0)), KTSTR_CGROUP("b", .cpus = KTSTR_LLC(1)),
	      KTSTR_CPUSET_SWAP("a", "b"), KTSTR_SPAWN_AS("a", "w", .kind = "spin"),
	      KTSTR_AFFINITY("a", "w", KTSTR_ONE(0)));
	LINE(2, "cpuset_swap cg=a other=b");
	LINE(4, "affinity cg=a name=w cpus=4");
	REFUSED("cgroup \"b\" does not exist here; make it first, with KTSTR_CGROUP()",
		KTSTR_CGROUP("a", .cpus = KTSTR_LLC(0)), KTSTR_CPUSET_SWAP("a", "b"));
	REFUSED("cpuset_swap needs a cgroup; name it",
		KTSTR_CGROUP("a", .cpus = KTSTR_LLC(0)), KTSTR_CPUSET_SWAP("a", NULL));
	REFUSED("cgroup \"a\" cannot exchange its cpuset with itself; name another",
		KTSTR_CGROUP("a", .cpus = KTSTR_LLC(0)), KTSTR_CPUSET_SWAP("a", "a"));
	REFUSED("cgroup \"b\" has no cpuset of its own here; give it one first",
		KTSTR_CGROUP("a", .cpus = KTSTR_LLC(0)), B, KTSTR_CPUSET_SWAP("a", "b"));
	REFUSED("this leaves cgroup \"a/x\" CPUs that \"a\" above it does not have: 0; change \"a/x\" first",
		KTSTR_CGROUP("a", .cpus = KTSTR_LLC(0)), KTSTR_CGROUP("b", .cpus = KTSTR_LLC(1)),
		KTSTR_CGROUP("a/x", .cpus = KTSTR_ONE(0)), KTSTR_CPUSET_SWAP("a", "b"));
}

TEST_F(ops, weights)
{
	TAKEN(A, KTSTR_WEIGHT("a", 1), KTSTR_WEIGHT("a", 10000));
	LINE(2, "weight cg=a weight=10000");
	REFUSED("a weight of 0 cannot be; cpu.weight takes 1 to 10000", A, KTSTR_WEIGHT("a", 0));
	REFUSED("a weight of 10001 cannot be; cpu.weight takes 1 to 10000",
		A, KTSTR_WEIGHT("a", 10001));
}

TEST_F(ops, quotas)
{
	TAKEN(A, KTSTR_QUOTA("a", 1000, 1000), KTSTR_QUOTA("a", 17592186044415, 1000000),
	      KTSTR_QUOTA("a", 0, 0));
	LINE(1, "quota cg=a us=1000 period_us=1000");
	LINE(2, "quota cg=a us=17592186044415 period_us=1000000");
	LINE(3, "quota cg=a us=0 period_us=100000");
	REFUSED("a quota of 999 us cannot be; cpu.max takes 1000 to 17592186044415, or 0 for none",
		A, KTSTR_QUOTA("a", 999, 1000));
	REFUSED("a quota of 17592186044416 us cannot be; cpu.max takes 1000 to 17592186044415, or 0 for none",
		A, KTSTR_QUOTA("a", 17592186044416, 1000));
	REFUSED("a period of 999 us cannot be; cpu.max takes 1000 to 1000000",
		A, KTSTR_QUOTA("a", 1000, 999));
	REFUSED("a period of 1000001 us cannot be; cpu.max takes 1000 to 1000000",
		A, KTSTR_QUOTA("a", 1000, 1000001));
}

TEST_F(ops, memory_limits)
{
	TAKEN(A, KTSTR_MEMORY_MAX("a", 0), KTSTR_MEMORY_MAX("a", 18014398509481983));
	LINE(1, "memory_max cg=a kib=0");
	REFUSED("18014398509481984 KiB are more than memory.max takes; say fewer",
		A, KTSTR_MEMORY_MAX("a", 18014398509481984));
}

TEST_F(ops, freezing)
{
	TAKEN(A, KTSTR_FREEZE("a"), KTSTR_THAW("a"), KTSTR_FREEZE("a"));
	LINE(1, "freeze cg=a");
	LINE(2, "thaw cg=a");
	REFUSED("cgroup \"a\" is frozen already; thaw it first", A, KTSTR_FREEZE("a"),
		KTSTR_FREEZE("a"));
	REFUSED("cgroup \"a\" is not frozen here; freeze it first", A, KTSTR_THAW("a"));
	/* A new one of that name is not frozen. */
	REFUSED("cgroup \"a\" is not frozen here; freeze it first", A, KTSTR_FREEZE("a"),
		KTSTR_CGROUP_REMOVE("a"), A, KTSTR_THAW("a"));
}

TEST_F(ops, what_a_parent_froze_only_the_parent_thaws)
{
	TAKEN(A, KTSTR_CGROUP("a/b"), KTSTR_FREEZE("a"), KTSTR_FREEZE("a/b"), KTSTR_THAW("a"),
	      KTSTR_THAW("a/b"));
	TAKEN(A, KTSTR_CGROUP("a/b"), KTSTR_FREEZE("a/b"), KTSTR_THAW("a/b"), KTSTR_FREEZE("a"));
	REFUSED("cgroup \"a/b\" stays frozen by one above it; thaw the parent first",
		A, KTSTR_CGROUP("a/b"), KTSTR_FREEZE("a"), KTSTR_FREEZE("a/b"), KTSTR_THAW("a/b"));
	REFUSED("cgroup \"a/b/c\" stays frozen by one above it; thaw the parent first",
		A, KTSTR_CGROUP("a/b"), KTSTR_CGROUP("a/b/c"), KTSTR_FREEZE("a/b/c"),
		KTSTR_FREEZE("a"), KTSTR_THAW("a/b/c"));
}

TEST_F(ops, nothing_arrives_where_it_is_frozen)
{
	TAKEN(A, KTSTR_FREEZE("a"), KTSTR_THAW("a"), SPIN);
	REFUSED("cgroup \"a\" is frozen, so no worker can start or arrive there; thaw it first",
		A, KTSTR_FREEZE("a"), SPIN);
	REFUSED("cgroup \"a/b\" is frozen, so no payload can start or arrive there; thaw it first",
		A, KTSTR_CGROUP("a/b"), KTSTR_FREEZE("a"), KTSTR_RUN("p", "true", .cgroup = "a/b"));
	REFUSED("cgroup \"b\" is frozen, so no worker can start or arrive there; thaw it first",
		A, B, SPIN, KTSTR_FREEZE("b"), KTSTR_MOVE("a", "w", "b"));
	/* What is in it already may be changed, moved out and stopped. */
	TAKEN(A, B, SPIN, KTSTR_FREEZE("a"), KTSTR_NICE("a", "w", 1), KTSTR_MOVE("a", "w", "b"),
	      KTSTR_STOP("b"));
}

TEST_F(ops, the_kernel_keeps_processes_out_of_inner_cgroups)
{
	REFUSED("the kernel takes no worker into cgroup \"a\" while \"a/b\" below it has processes; use cgroups without children",
		A, KTSTR_CGROUP("a/b"), KTSTR_SPAWN("a/b", .kind = "spin"), SPIN);
	TAKEN(A, KTSTR_CGROUP("a/b"), KTSTR_SPAWN("a/b", .kind = "spin"), KTSTR_STOP("a/b"), SPIN);
	REFUSED("the kernel takes no payload into cgroup \"a\" while \"a/b\" below it has processes; use cgroups without children",
		A, KTSTR_CGROUP("a/b"), KTSTR_RUN("p", "true", .cgroup = "a/b"),
		KTSTR_RUN("q", "true", .cgroup = "a"));
	TAKEN(A, KTSTR_CGROUP("a/b"), KTSTR_RUN("p", "true", .cgroup = "a/b"), KTSTR_WAIT("p"),
	      KTSTR_RUN("q", "true", .cgroup = "a"));
}

/* What has processes and hands the cpu controller down is the root of a threaded subtree. */
TEST_F(ops, the_kernel_keeps_processes_out_below_others)
{
	TAKEN(A, SPIN, KTSTR_CGROUP("a/b"), KTSTR_STOP("a"), KTSTR_SPAWN("a/b", .kind = "spin"));
	TAKEN(A, SPIN, B, KTSTR_CGROUP("a/b"), KTSTR_MOVE("a", "w", "b"),
	      KTSTR_SPAWN("a/b", .kind = "spin"));
	REFUSED("the kernel lets \"a/b\" have no cgroup below it while \"a\" above it has processes; make the cgroups first",
		A, SPIN, KTSTR_CGROUP("a/b"), KTSTR_CGROUP("a/b/c"));
	REFUSED("the kernel takes no worker into cgroup \"a/b\" while \"a\" above it has processes; use cgroups without children",
		A, SPIN, KTSTR_CGROUP("a/b"), KTSTR_SPAWN("a/b", .kind = "spin"));
	REFUSED("the kernel takes no payload into cgroup \"a/b/c\" while \"a\" above it has processes; use cgroups without children",
		A, KTSTR_CGROUP("a/b"), KTSTR_CGROUP("a/b/c"), KTSTR_RUN("p", "true", .cgroup = "a"),
		KTSTR_RUN("q", "true", .cgroup = "a/b/c"));
	REFUSED("the kernel takes no worker into cgroup \"a/b\" while \"a\" above it has processes; use cgroups without children",
		A, SPIN, KTSTR_CGROUP("a/b"), KTSTR_MOVE("a", "w", "a/b"));
}

TEST_F(ops, memory_is_handed_down_by_cgroups_without_processes)
{
	TAKEN(A, SPIN, KTSTR_MEMORY_MAX("a", 4096), KTSTR_CGROUP("b"), KTSTR_CGROUP("b/c"),
	      KTSTR_MEMORY_MAX("b/c", 4096), KTSTR_SPAWN("b/c", .kind = "spin"));
	REFUSED("the kernel limits no memory of cgroup \"a/b\" while \"a\" above it has processes; use cgroups without children",
		A, SPIN, KTSTR_CGROUP("a/b"), KTSTR_MEMORY_MAX("a/b", 4096));
	REFUSED("the kernel takes no worker into cgroup \"a\", below which memory is limited; use cgroups without children",
		A, KTSTR_CGROUP("a/b"), KTSTR_MEMORY_MAX("a/b", 4096), SPIN);
	/* Having been asked for once is enough, until the cgroup is another. */
	REFUSED("the kernel takes no payload into cgroup \"a\", below which memory is limited; use cgroups without children",
		A, KTSTR_CGROUP("a/b"), KTSTR_MEMORY_MAX("a/b", 0), KTSTR_CGROUP_REMOVE("a/b"),
		KTSTR_RUN("p", "true", .cgroup = "a"));
	TAKEN(A, KTSTR_CGROUP("a/b"), KTSTR_MEMORY_MAX("a/b", 0), KTSTR_CGROUP_REMOVE("a/b"),
	      KTSTR_CGROUP_REMOVE("a"), A, SPIN);
}

TEST_F(ops, times_have_an_end)
{
	TAKEN(A, KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .busy_us = 1000000000));
	TAKEN(A, KTSTR_SPAWN("a", .kind = "fanout", .nr = 4, .idle_us = 1000000000));
	REFUSED("1000000001 us are too long for .busy_us; say 1000000000 at most",
		A, KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .busy_us = 1000000001));
	REFUSED("4294967295 us are too long for .idle_us; say 1000000000 at most",
		A, KTSTR_SPAWN("a", .kind = "fanout", .nr = 4, .idle_us = UINT32_MAX));
}

TEST_F(ops, nice_values_are_of_policies_that_have_them)
{
	TAKEN(A, KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .nice = 5),
	      KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .nice = 5, .policy = KTSTR_BATCH),
	      KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .nice = -5, .policy = KTSTR_EXT),
	      KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .policy = KTSTR_FIFO, .prio = 1));
	REFUSED("policy \"fifo\" takes no nice value; drop it, or use KTSTR_NORMAL, KTSTR_BATCH or KTSTR_EXT",
		A, KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .nice = 5, .policy = KTSTR_FIFO,
			       .prio = 1));
	REFUSED("policy \"idle\" takes no nice value; drop it, or use KTSTR_NORMAL, KTSTR_BATCH or KTSTR_EXT",
		A, KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .nice = 5, .policy = KTSTR_IDLE));
	REFUSED("policy \"fifo\" takes no nice value; drop it, or use KTSTR_NORMAL, KTSTR_BATCH or KTSTR_EXT",
		A, KTSTR_SPAWN_AS("a", "f", .kind = "spin", .nr = 1, .policy = KTSTR_FIFO, .prio = 1),
		KTSTR_NICE("a", "f", 5));
	REFUSED("policy \"rr\" takes no nice value; drop it, or use KTSTR_NORMAL, KTSTR_BATCH or KTSTR_EXT",
		A, SPIN, KTSTR_SET_POLICY("a", "w", .policy = KTSTR_RR, .prio = 1),
		KTSTR_NICE("a", "w", -5));
	TAKEN(A, SPIN, KTSTR_SET_POLICY("a", "w", .policy = KTSTR_RR, .prio = 1),
	      KTSTR_SET_POLICY("a", "w", .policy = KTSTR_BATCH), KTSTR_NICE("a", "w", -5),
	      KTSTR_HOLD(100));
}

TEST_F(ops, kinds_of_work)
{
	TAKEN(A, KTSTR_SPAWN("a", .kind = "spin", .nr = 1));
	LINE(1, "spawn cg=a name=w0 kind=spin nr=1 group=1");
	REFUSED("there is no kind of work \"spni\"; did you mean \"spin\"?",
		A, KTSTR_SPAWN("a", .kind = "spni"));
	REFUSED("there is no kind of work \"xyzzy\"; the manual on workloads lists them",
		A, KTSTR_SPAWN("a", .kind = "xyzzy"));
	REFUSED("workers need a kind of work; give one, such as .kind = \"spin\"",
		A, KTSTR_SPAWN("a", .nr = 1));
}

TEST_F(ops, times_and_sizes_of_work)
{
	TAKEN(A, KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .busy_us = 1000000000),
	      KTSTR_SPAWN("a", .kind = "fanout", .nr = 4, .idle_us = 1, .kib = 2));
	LINE(1, "spawn cg=a name=w0 kind=spin nr=1 group=1 busy_us=1000000000");
	LINE(2, "spawn cg=a name=w1 kind=fanout nr=4 group=4 idle_us=1 kib=2");
	REFUSED("work of kind \"spin\" takes no .idle_us; drop it",
		A, KTSTR_SPAWN("a", .kind = "spin", .idle_us = 1));
	REFUSED("work of kind \"spin\" takes no .kib; drop it",
		A, KTSTR_SPAWN("a", .kind = "spin", .kib = 1));
	REFUSED("work of kind \"pipe\" takes no .busy_us; drop it",
		A, KTSTR_SPAWN("a", .kind = "pipe", .busy_us = 1));
}

static void my_work(struct ktstr_worker *w)
{
	(void)w;
}

TEST_F(ops, work_of_the_authors_own)
{
	TAKEN(A, KTSTR_SPAWN("a", .kind = "function", .fn = my_work, .nr = 1, .kib = 7));
	LINE(1, "spawn cg=a name=w0 kind=function nr=1 group=1 kib=7");
	EXPECT_EQ(1, self->t.ops[1].test_op);
	REFUSED("work of kind \"function\" needs a function; give it as .fn",
		A, KTSTR_SPAWN("a", .kind = "function", .nr = 1));
	REFUSED("work of kind \"spin\" takes no .fn; use kind \"function\"",
		A, KTSTR_SPAWN("a", .kind = "spin", .fn = my_work));
}

TEST_F(ops, numbers_of_workers)
{
	TAKEN(A, KTSTR_SPAWN("a", .kind = "spin"), KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 3),
	      KTSTR_SPAWN("a", .kind = "fanout"), KTSTR_SPAWN("a", .kind = "fanout", .nr = 12),
	      KTSTR_SPAWN("a", .kind = "mutex"), KTSTR_SPAWN("a", .kind = "mutex", .group = 7));
	LINE(1, "spawn cg=a name=w0 kind=spin nr=8 group=1");
	LINE(2, "spawn cg=a name=w1 kind=spin nr=24 group=1");
	LINE(3, "spawn cg=a name=w2 kind=fanout nr=8 group=4");
	LINE(4, "spawn cg=a name=w3 kind=fanout nr=12 group=4");
	/* Rounded up to whole groups. */
	LINE(5, "spawn cg=a name=w4 kind=mutex nr=9 group=3");
	LINE(6, "spawn cg=a name=w5 kind=mutex nr=14 group=7");
	REFUSED("5 workers make no whole groups of 2; give a multiple of 2",
		A, KTSTR_SPAWN("a", .kind = "pipe", .nr = 5));
	REFUSED("workers have a number, 4, and one for each CPU, 1; give one of the two",
		A, KTSTR_SPAWN("a", .kind = "pipe", .nr = 4, .per_cpu = 1));
}

TEST_F(ops, per_cpu_counts_the_cgroups_cpus)
{
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_LIST("1-3")), KTSTR_SPAWN("a", .kind = "spin"),
	      KTSTR_CGROUP("b", .cpus = KTSTR_LIST("1-3")), KTSTR_CGROUP("b/c"),
	      KTSTR_SPAWN("b/c", .kind = "pipe", .per_cpu = 1), KTSTR_CPU_OFFLINE(3),
	      KTSTR_SPAWN("a", .kind = "spin"), KTSTR_CPUSET("a", KTSTR_ONE(0)),
	      KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 2));
	LINE(1, "spawn cg=a name=w0 kind=spin nr=3 group=1");
	LINE(4, "spawn cg=b/c name=w1 kind=pipe nr=4 group=2");
	LINE(6, "spawn cg=a name=w2 kind=spin nr=2 group=1");
	LINE(8, "spawn cg=a name=w3 kind=spin nr=2 group=1");
}

TEST_F(ops, groups_of_a_kind)
{
	TAKEN(A, KTSTR_SPAWN("a", .kind = "mutex", .group = 2, .nr = 2),
	      KTSTR_SPAWN("a", .kind = "mutex", .group = 8, .nr = 8));
	REFUSED("a group of 1 cannot be: work of kind \"mutex\" takes 2 to 8",
		A, KTSTR_SPAWN("a", .kind = "mutex", .group = 1));
	REFUSED("a group of 9 cannot be: work of kind \"mutex\" takes 2 to 8",
		A, KTSTR_SPAWN("a", .kind = "mutex", .group = 9));
	/* Without a limit it is that of all workers. */
	TAKEN(A, KTSTR_SPAWN("a", .kind = "fanout", .group = 1024));
	LINE(1, "spawn cg=a name=w0 kind=fanout nr=1024 group=1024");
	REFUSED("a group of 1025 cannot be: work of kind \"fanout\" takes 2 to 1024",
		A, KTSTR_SPAWN("a", .kind = "fanout", .group = 1025));
}

TEST_F(ops, workers_in_all)
{
	TAKEN(A, KTSTR_SPAWN("a", .kind = "spin", .nr = 1000), KTSTR_SPAWN("a", .kind = "spin", .nr = 24));
	REFUSED("25 workers and the 1000 spawned before are more than 1024 in all; spawn fewer",
		A, KTSTR_SPAWN("a", .kind = "spin", .nr = 1000), KTSTR_STOP("a"),
		KTSTR_SPAWN("a", .kind = "spin", .nr = 25));
	REFUSED("34359738360 workers and the 0 spawned before are more than 1024 in all; spawn fewer",
		A, KTSTR_SPAWN("a", .kind = "spin", .per_cpu = UINT32_MAX));
}

TEST_F(ops, names_of_workers)
{
	TAKEN(A, B, KTSTR_SPAWN_AS("a", "w1", .kind = "spin", .nr = 1),
	      KTSTR_SPAWN("a", .kind = "spin", .nr = 1), KTSTR_SPAWN("b", .kind = "spin", .nr = 1),
	      KTSTR_SPAWN_AS("b", "w1", .kind = "spin", .nr = 1));
	LINE(3, "spawn cg=a name=w0 kind=spin nr=1 group=1");
	/* Never one that there was. */
	LINE(4, "spawn cg=b name=w2 kind=spin nr=1 group=1");
	REFUSED("cgroup \"a\" has workers \"w\" already; use another name, or stop those first",
		A, SPIN, SPIN);
	TAKEN(A, SPIN, KTSTR_STOP("a", .name = "w"), SPIN);
	REFUSED("\"w w\" is no name for a group of workers; use 1 to 31 letters, digits, '_' and '-'",
		A, KTSTR_SPAWN_AS("a", "w w", .kind = "spin"));
	REFUSED("spawn needs a name for the group of workers; give it one",
		A, KTSTR_SPAWN_AS("a", "", .kind = "spin"));
	REFUSED("\"01234567890123456789012345678901\" is no name for a group of workers; use 1 to 31 letters, digits, '_' and '-'",
		A, KTSTR_SPAWN_AS("a", "01234567890123456789012345678901", .kind = "spin"));
}

TEST_F(ops, workers_that_are_not_there)
{
	TAKEN(A, SPIN, KTSTR_NICE("a", "w", 19), KTSTR_NICE("a", NULL, -20));
	LINE(2, "nice cg=a name=w nice=19");
	/* Without a name: all of the cgroup. */
	LINE(3, "nice cg=a nice=-20");
	REFUSED("cgroup \"a\" has no workers \"worker\"; did you mean \"worked\"?",
		A, KTSTR_SPAWN_AS("a", "worked", .kind = "spin"), KTSTR_NICE("a", "worker", 1));
	REFUSED("cgroup \"a\" has no workers \"x\"; spawn them first, with KTSTR_SPAWN_AS()",
		A, SPIN, KTSTR_STOP("a", .name = "x"));
	REFUSED("workers \"w\" of cgroup \"a\" were stopped before; spawn them again first",
		A, SPIN, KTSTR_STOP("a"), KTSTR_NICE("a", "w", 1));
	REFUSED("workers \"w\" of cgroup \"a\" were stopped before; spawn them again first",
		A, SPIN, KTSTR_CGROUP_REMOVE("a"), A, KTSTR_STOP("a", .name = "w"));
	REFUSED("workers \"w\" are in cgroup \"a\" and not in \"b\"; name that one",
		A, B, SPIN, KTSTR_STOP("b", .name = "w"));
	REFUSED("cgroup \"b\" has no workers here; spawn some first", A, B, SPIN, KTSTR_STOP("b"));
}

TEST_F(ops, nice_values)
{
	TAKEN(A, KTSTR_SPAWN("a", .kind = "spin", .nice = -20), KTSTR_NICE("a", "w0", 19));
	REFUSED("a nice value of -21 cannot be; it goes from -20 to 19",
		A, KTSTR_SPAWN("a", .kind = "spin", .nice = -21));
	REFUSED("a nice value of 20 cannot be; it goes from -20 to 19",
		A, SPIN, KTSTR_NICE("a", "w", 20));
	REFUSED("a nice value of -21 cannot be; it goes from -20 to 19",
		A, SPIN, KTSTR_NICE("a", "w", -21));
}

TEST_F(ops, priorities)
{
	TAKEN(A, SPIN, KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .policy = KTSTR_FIFO, .prio = 1),
	      KTSTR_SET_POLICY("a", "w", .policy = KTSTR_RR, .prio = 99));
	LINE(2, "spawn cg=a name=w0 kind=spin nr=1 group=1 policy=fifo prio=1");
	LINE(3, "policy cg=a name=w policy=rr prio=99");
	REFUSED("priority 0 cannot be: policy \"fifo\" takes 1 to 99; give .prio",
		A, KTSTR_SPAWN("a", .kind = "spin", .policy = KTSTR_FIFO));
	REFUSED("priority 100 cannot be: policy \"rr\" takes 1 to 99; give .prio",
		A, SPIN, KTSTR_SET_POLICY("a", "w", .policy = KTSTR_RR, .prio = 100));
	REFUSED("policy \"batch\" takes no priority; drop .prio, or use KTSTR_FIFO or KTSTR_RR",
		A, KTSTR_SPAWN("a", .kind = "spin", .policy = KTSTR_BATCH, .prio = 1));
}

TEST_F(ops, policies)
{
	TAKEN(A, SPIN, KTSTR_SET_POLICY("a", "w", .policy = KTSTR_NORMAL),
	      KTSTR_SET_POLICY("a", NULL, .policy = KTSTR_EXT));
	LINE(2, "policy cg=a name=w policy=normal");
	LINE(3, "policy cg=a policy=ext");
	REFUSED("a policy to change to is not said; give one, such as .policy = KTSTR_BATCH",
		A, SPIN, KTSTR_SET_POLICY("a", "w", .policy = KTSTR_INHERIT));
	REFUSED("8 is no policy; use KTSTR_NORMAL and the like",
		A, SPIN, KTSTR_SET_POLICY("a", "w", .policy = KTSTR_POLICY_NR));
	REFUSED("policy takes a policy and its parameters only; drop the rest, or use KTSTR_NICE() and the like",
		A, SPIN, KTSTR_SET_POLICY("a", "w", .policy = KTSTR_BATCH, .nice = 3));
}

#define DEADLINE(runtime, deadline, period)					\
	KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .policy = KTSTR_DEADLINE,	\
		    .runtime_us = (runtime), .deadline_us = (deadline), .period_us = (period))

TEST_F(ops, deadlines)
{
	TAKEN(A, DEADLINE(2, 2, 100));
	TAKEN(A, DEADLINE(1000, 5000, 0));
	LINE(1, "spawn cg=a name=w0 kind=spin nr=1 group=1 policy=deadline runtime_us=1000 deadline_us=5000 period_us=5000");
	TAKEN(A, DEADLINE(4194304, 4194304, 4194304));
	REFUSED("a deadline runtime of 1 us cannot be; give .runtime_us of 2 or more",
		A, DEADLINE(1, 200, 200));
	REFUSED("deadline 9 us must be between runtime 10 us and period 200 us; give .deadline_us and .period_us",
		A, DEADLINE(10, 9, 200));
	REFUSED("deadline 201 us must be between runtime 10 us and period 200 us; give .deadline_us and .period_us",
		A, DEADLINE(10, 201, 200));
	REFUSED("a deadline period of 99 us cannot be; give 100 to 4194304", A, DEADLINE(10, 99, 99));
	REFUSED("a deadline period of 4194305 us cannot be; give 100 to 4194304",
		A, DEADLINE(10, 99, 4194305));
	REFUSED("policy \"batch\" takes no runtime, deadline or period; drop them, or use KTSTR_DEADLINE",
		A, KTSTR_SPAWN("a", .kind = "spin", .policy = KTSTR_BATCH, .period_us = 1));
}

#define MAY_NOT	"may not run on all CPUs, so the kernel refuses them SCHED_DEADLINE; give them a cgroup without a cpuset, and no affinity"

TEST_F(ops, deadlines_want_all_cpus)
{
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_LIST("0-7")), DEADLINE(10, 200, 200));
	REFUSED("workers \"w0\" " MAY_NOT,
		KTSTR_CGROUP("a", .cpus = KTSTR_LIST("0-6")), DEADLINE(10, 200, 200));
	REFUSED("workers \"w0\" " MAY_NOT,
		A, DEADLINE(10, 200, 200), KTSTR_AFFINITY("a", "w0", KTSTR_ONE(0)));
	REFUSED("workers \"w\" " MAY_NOT,
		A, SPIN, KTSTR_AFFINITY("a", "w", KTSTR_ONE(0)),
		KTSTR_SET_POLICY("a", "w", .policy = KTSTR_DEADLINE, .runtime_us = 10,
				 .deadline_us = 200));
	TAKEN(A, SPIN, KTSTR_AFFINITY("a", "w", KTSTR_ONE(0)), KTSTR_AFFINITY("a", "w", KTSTR_ALL),
	      KTSTR_SET_POLICY("a", "w", .policy = KTSTR_DEADLINE, .runtime_us = 10,
			       .deadline_us = 200));
}

#define BUSY(nr_)	KTSTR_SPAWN("a", .kind = "spin", .nr = (nr_), .policy = KTSTR_DEADLINE, \
				    .runtime_us = 95, .deadline_us = 100)

TEST_F(ops, deadlines_are_admitted_up_to_95_per_cent)
{
	TAKEN(A, BUSY(8));
	REFUSED("SCHED_DEADLINE workers ask for 855 % of a CPU in all, and the kernel admits 95 % of each of 8 CPUs; spawn fewer, or give them less runtime",
		A, BUSY(4), BUSY(5));
	TAKEN(A, BUSY(4), KTSTR_STOP("a"), BUSY(5));
	TAKEN(A, BUSY(4), KTSTR_SET_POLICY("a", NULL, .policy = KTSTR_NORMAL), BUSY(5));
}

TEST_F(ops, affinities)
{
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_LLC(1)),
	      KTSTR_SPAWN("a", .kind = "spin", .nr = 1, .affinity = "5,7"),
	      KTSTR_AFFINITY("a", "w0", KTSTR_CORE(3)), KTSTR_AFFINITY("a", NULL, KTSTR_ALL));
	LINE(1, "spawn cg=a name=w0 kind=spin cpus=5,7 nr=1 group=1");
	LINE(2, "affinity cg=a name=w0 cpus=6-7");
	LINE(3, "affinity cg=a");
	REFUSED("\"3-4\" has CPUs that are not to be had here: 3; choose from 4-7",
		KTSTR_CGROUP("a", .cpus = KTSTR_LLC(1)),
		KTSTR_SPAWN("a", .kind = "spin", .affinity = "3-4"));
	REFUSED("\"\" is no list of CPUs; write one such as \"0-1,3\"",
		A, KTSTR_SPAWN("a", .kind = "spin", .affinity = ""));
	REFUSED("core 1 has no CPU among those that can be chosen, 4-7; choose another",
		KTSTR_CGROUP("a", .cpus = KTSTR_LLC(1)), SPIN,
		KTSTR_AFFINITY("a", "w", KTSTR_CORE(1)));
}

TEST_F(ops, a_changed_cpuset_is_the_base_of_later_affinities)
{
	TAKEN(A, SPIN, KTSTR_CPUSET("a", KTSTR_LLC(1)), KTSTR_AFFINITY("a", "w", KTSTR_ONE(0)),
	      KTSTR_CPUSET_CLEAR("a"), KTSTR_AFFINITY("a", "w", KTSTR_ONE(0)));
	LINE(3, "affinity cg=a name=w cpus=4");
	LINE(5, "affinity cg=a name=w cpus=0");
}

#define NO_CPU(cpu) \
	"this leaves workers \"w\" of cgroup \"a\" no CPU of their affinity " cpu ", and the kernel would let them run on others; change the affinity first"

TEST_F(ops, no_change_takes_the_last_cpu_of_an_affinity)
{
	TAKEN(A, SPIN, KTSTR_AFFINITY("a", "w", KTSTR_LIST("0,4")), KTSTR_CPUSET("a", KTSTR_LLC(1)));
	REFUSED(NO_CPU("0-1"), A, SPIN, KTSTR_AFFINITY("a", "w", KTSTR_CORE(0)),
		KTSTR_CPUSET("a", KTSTR_LLC(1)));
	TAKEN(A, SPIN, KTSTR_AFFINITY("a", "w", KTSTR_CORE(0)), KTSTR_STOP("a"),
	      KTSTR_CPUSET("a", KTSTR_LLC(1)));
	REFUSED(NO_CPU("1"), A, SPIN, KTSTR_AFFINITY("a", "w", KTSTR_ONE(1)), KTSTR_CPU_OFFLINE(1));
	REFUSED(NO_CPU("0"), KTSTR_CGROUP("a", .cpus = KTSTR_LLC(0)),
		KTSTR_CGROUP("b", .cpus = KTSTR_LLC(1)), SPIN,
		KTSTR_AFFINITY("a", "w", KTSTR_ONE(0)), KTSTR_CPUSET_SWAP("a", "b"));
	REFUSED("this leaves workers \"w\" of cgroup \"b\" no CPU of their affinity 0, and the kernel would let them run on others; change the affinity first",
		A, KTSTR_CGROUP("b", .cpus = KTSTR_LLC(1)), SPIN,
		KTSTR_AFFINITY("a", "w", KTSTR_ONE(0)), KTSTR_MOVE("a", "w", "b"));
}

TEST_F(ops, moves)
{
	TAKEN(A, B, SPIN, KTSTR_MOVE("a", "w", "b"), KTSTR_MOVE("b", NULL, "a"), KTSTR_STOP("a"));
	LINE(3, "move cg=a other=b name=w");
	LINE(4, "move cg=b other=a");
	REFUSED("workers \"w\" are in cgroup \"b\" and not in \"a\"; name that one",
		A, B, SPIN, KTSTR_MOVE("a", "w", "b"), KTSTR_STOP("a", .name = "w"));
	REFUSED("the workers are in cgroup \"a\" already; move them to another",
		A, SPIN, KTSTR_MOVE("a", "w", "a"));
	REFUSED("cgroup \"b\" has workers \"w\" already; spawn them under another name",
		A, B, SPIN, KTSTR_SPAWN_AS("b", "w", .kind = "spin"), KTSTR_MOVE("a", "w", "b"));
	REFUSED("cgroup \"c\" does not exist here; make it first, with KTSTR_CGROUP()",
		A, SPIN, KTSTR_MOVE("a", "w", "c"));
	REFUSED("move needs a cgroup; name it", A, SPIN, KTSTR_MOVE("a", "w", NULL));
}

TEST_F(ops, a_member_that_the_verb_does_not_take)
{
	REFUSED("cgroup takes no .value; drop it", KTSTR_CGROUP("a", .value = 3));
	REFUSED("cgroup takes no .work; drop it", KTSTR_CGROUP("a", .work = { .nr = 3 }));
	REFUSED("stop takes no .other; drop it", A, SPIN, KTSTR_STOP("a", .other = "b"));
	REFUSED("run takes no .cpus; drop it", KTSTR_RUN("p", "true", .cpus = KTSTR_ONE(0)));
	REFUSED("wait takes no .cmd; drop it", KTSTR_RUN("p", "true"), KTSTR_WAIT("p", .cmd = "x"));
	REFUSED("what is no operation cannot stand here; use operations such as KTSTR_CGROUP()",
		{ .verb = (enum ktstr_verb)(KTSTR_V_NR + 1), .at = KTSTR_AT });
}

TEST_F(ops, the_same_seed_gives_the_same)
{
	char first[64];

	self->t.seed = 42;
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_RANDOM(3)), SPIN,
	      KTSTR_AFFINITY("a", "w", KTSTR_RANDOM(1)));
	strcpy(first, op_check__line(&self->t, 0));
	EXPECT_STREQ("cgroup cg=a cpus=2,5,7", first);
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_RANDOM(3)));
	LINE(0, first);
	self->t.seed = 43;
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_RANDOM(3)));
	EXPECT_STRNE(first, op_check__line(&self->t, 0));
}

TEST_HARNESS_MAIN
