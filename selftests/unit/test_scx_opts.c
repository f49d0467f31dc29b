// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_ktstr's options, its faults as they are written, and the topology it reads.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/scx_opts.h"
#include "bpf/scx_topo.h"
#include "host/strv.h"
#include "host/command.h"
#include "unit.h"

static int parse(struct scx_opts *o, struct ktstr_error *e, const char *words)
{
	struct strv v = { 0 };

	e->msg[0] = '\0';
	strv__add(&v, "scx_ktstr");
	if (*words)
		command__split(words, &v, e);
	/* The strings of @o point into the words: those live until exit. */
	return scx_opts__parse(o, v.n, v.v, e);
}

TEST(without_options_nothing_is_armed)
{
	struct ktstr_error e;
	struct scx_opts o;

	ASSERT_EQ(0, parse(&o, &e, "")) TH_LOG("%s", e.msg);
	EXPECT_EQ(0, o.faults.armed);
	EXPECT_EQ(KTSTR_FAULTS_MAGIC, o.faults.magic);
	EXPECT_EQ(0, memcmp(&o.faults.magic, "KTFAULTS", 8));
	EXPECT_EQ(sizeof(struct ktstr_faults), o.faults.size);
	EXPECT_EQ(1, o.faults.seq);
	EXPECT_NE(0, o.faults.random);
	EXPECT_EQ(0, o.timeout_ms);
	EXPECT_EQ(20000, o.slice_us);
	EXPECT_STREQ("/var/run/scx/root/stats", o.stats);
	EXPECT_FALSE(o.dies || o.exits || o.verbose);
}

TEST(every_option_is_taken)
{
	struct ktstr_error e;
	struct scx_opts o;

	ASSERT_EQ(0, parse(&o, &e, "--seed 9 --timeout-ms 2000 --slice-us 5000 --stats /tmp/s -v"));
	EXPECT_EQ(9, o.seed);
	EXPECT_EQ(2000, o.timeout_ms);
	EXPECT_EQ(5000, o.slice_us);
	EXPECT_STREQ("/tmp/s", o.stats);
	EXPECT_TRUE(o.verbose);
	ASSERT_EQ(0, parse(&o, &e, "--stats none"));
	EXPECT_EQ(NULL, o.stats);
}

/* Of a generator that does not depend on the seed, two would begin alike. */
TEST(seeds_begin_differently_and_alike_again)
{
	struct scx_opts a, b, c;
	struct ktstr_error e;

	ASSERT_EQ(0, parse(&a, &e, "--seed 1"));
	ASSERT_EQ(0, parse(&b, &e, "--seed 2"));
	ASSERT_EQ(0, parse(&c, &e, "--seed 1"));
	EXPECT_NE(a.faults.random, b.faults.random);
	EXPECT_EQ(a.faults.random, c.faults.random);
}

/* A fault as it is written, and what must be in its entry. */
static const struct {
	const char *text;
	enum ktstr_fault_id id;
	uint64_t arg;
	const char *name;
	uint64_t after_ms;
} faults[] = {
	{ "stall-task=17", KTSTR_FAULT_STALL_TASK, 17, "" },
	{ "stall-task=a/0,after=250", KTSTR_FAULT_STALL_TASK, 0, "a/0", 250 },
	{ "ignore-cpu=0", KTSTR_FAULT_IGNORE_CPU, 0, "" },
	{ "ignore-cpu=63", KTSTR_FAULT_IGNORE_CPU, 63, "" },
	{ "stall,after=1500", KTSTR_FAULT_STALL, 0, "", 1500 },
	{ "error", KTSTR_FAULT_ERROR, 0, "injected fault" },
	{ "error=a=b, c,after=7", KTSTR_FAULT_ERROR, 0, "a=b, c", 7 },
	{ "lose-wakeups", KTSTR_FAULT_LOSE_WAKEUPS, 100, "" },
	{ "lose-wakeups=3", KTSTR_FAULT_LOSE_WAKEUPS, 3, "" },
	{ "starve-cgroup=18446744073709551615", KTSTR_FAULT_STARVE_CGROUP, UINT64_MAX, "" },
	{ "starve-cgroup=b", KTSTR_FAULT_STARVE_CGROUP, 0, "b" },
	{ "break-weight", KTSTR_FAULT_BREAK_WEIGHT, KTSTR_WEIGHT_IGNORE, "" },
	{ "break-weight=invert", KTSTR_FAULT_BREAK_WEIGHT, KTSTR_WEIGHT_INVERT, "" },
	{ "bounce", KTSTR_FAULT_BOUNCE, 0, "" },
	{ "bogus-dsq", KTSTR_FAULT_BOGUS_DSQ, 0, "" },
	{ "loop=5", KTSTR_FAULT_LOOP, 5, "" },
	{ "slow", KTSTR_FAULT_SLOW, 50, "" },
};

TEST(every_fault_is_taken)
{
	struct ktstr_error e;
	struct scx_opts o;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		char *argv[] = { "scx_ktstr", "--fault", (char *)faults[i].text };
		const struct ktstr_fault *f = &o.faults.faults[faults[i].id];

		ASSERT_EQ(0, scx_opts__parse(&o, 3, argv, &e)) TH_LOG("%s", e.msg);
		EXPECT_EQ(1ull << faults[i].id, o.faults.armed) TH_LOG("%s", faults[i].text);
		EXPECT_EQ(faults[i].arg, f->arg) TH_LOG("%s", faults[i].text);
		EXPECT_STREQ(faults[i].name, f->name);
		EXPECT_EQ(faults[i].after_ms * 1000000, f->after_ns);
		EXPECT_EQ(0, f->since_ns);
	}
}

TEST(faults_add_up_and_the_loaders_are_not_in_the_map)
{
	struct ktstr_error e;
	struct scx_opts o;

	ASSERT_EQ(0, parse(&o, &e, "--fault bounce --fault slow=1 --fault die-at-start=7 "
			   "--fault exit-after=20,after=3")) TH_LOG("%s", e.msg);
	EXPECT_EQ(1ull << KTSTR_FAULT_BOUNCE | 1ull << KTSTR_FAULT_SLOW, o.faults.armed);
	EXPECT_TRUE(o.dies && o.exits);
	EXPECT_EQ(7, o.die_status);
	EXPECT_EQ(23, o.exit_ms);
}

/* Words, and what the sentence must name. */
static const char * const wrong[][2] = {
	{ "--frobnicate", "--frobnicate" }, { "-x", "-x" }, { "word", "word" },
	{ "--seed", "--seed" }, { "--seed -1", "--seed" }, { "--seed ''", "--seed" },
	{ "--seed 18446744073709551616", "--seed" },
	{ "--timeout-ms 0", "--timeout-ms" }, { "--timeout-ms 30001", "--timeout-ms" },
	{ "--slice-us 999", "--slice-us" }, { "--slice-us 1e4", "1e4" }, { "--stats ''", "--stats" },
	{ "--fault ''", "unknown" }, { "--fault nonesuch", "nonesuch" }, { "--fault stal", "stal" },
	{ "--fault stall=1", "takes no argument" }, { "--fault stall,after=", "after=" },
	{ "--fault stall,after=-1", "after=" }, { "--fault stall,after=3600001", "after=" },
	{ "--fault stall-task", "needs an argument" }, { "--fault stall-task=", "stall-task" },
	{ "--fault stall-task=0", "out of range" }, { "--fault stall-task=2147483648", "out of range" },
	{ "--fault ignore-cpu", "needs an argument" }, { "--fault ignore-cpu=64", "ignore-cpu" },
	{ "--fault ignore-cpu=x", "not a number" }, { "--fault lose-wakeups=0", "lose-wakeups" },
	{ "--fault starve-cgroup", "needs an argument" }, { "--fault break-weight=more", "invert" },
	{ "--fault loop=60001", "loop" }, { "--fault slow=0", "slow" },
	{ "--fault die-at-start=256", "die-at-start" }, { "--fault exit-after=soon", "soon" },
	{ "--fault escape", "affinity" },
	{ "--fault error=0123456789012345678901234567890123456789012345678901234567890123", "error" },
};

TEST(wrong_words_are_named)
{
	struct ktstr_error e;
	struct scx_opts o;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		EXPECT_EQ(-EINVAL, parse(&o, &e, wrong[i][0])) TH_LOG("%s", wrong[i][0]);
		EXPECT_NE(NULL, strstr(e.msg, wrong[i][1])) TH_LOG("%s: %s", wrong[i][0], e.msg);
	}
}

TEST(a_fault_longer_than_any_is_refused)
{
	char text[1024], *argv[] = { "scx_ktstr", "--fault", text };
	struct ktstr_error e;
	struct scx_opts o;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	EXPECT_EQ(-EINVAL, scx_opts__parse(&o, 3, argv, &e));
	EXPECT_NE(NULL, strstr(e.msg, "longer"));
}

TEST(help_tells_of_every_fault)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct ktstr_error e;
	struct scx_opts o;

	EXPECT_EQ(SCX_OPTS_HELP, parse(&o, &e, "--seed 1 --help"));
	scx_opts__help(f);
	fclose(f);
	for (unsigned int i = 0; i < KTSTR_FAULT_NR; i++)
		EXPECT_NE(NULL, strstr(text, fault_words__name(i)));
	EXPECT_EQ(NULL, fault_words__name(KTSTR_FAULT_NR));
	EXPECT_NE(NULL, strstr(text, "die-at-start"));
	EXPECT_NE(NULL, strstr(text, "exit-after"));
	EXPECT_NE(NULL, strstr(text, "does not let"));
	free(text);
}

TEST(a_map_is_changed_while_it_is_used)
{
	struct ktstr_faults f = { .seq = 5, .armed = 1ull << KTSTR_FAULT_BOUNCE };
	struct ktstr_fault *slow = &f.faults[KTSTR_FAULT_SLOW];
	struct ktstr_error e;

	slow->hits = 3;
	ASSERT_EQ(0, scx_opts__change(&f, "slow=9,after=2", true, &e)) TH_LOG("%s", e.msg);
	EXPECT_EQ(1ull << KTSTR_FAULT_BOUNCE | 1ull << KTSTR_FAULT_SLOW, f.armed);
	EXPECT_EQ(6, f.seq);
	EXPECT_EQ(9, slow->arg);
	EXPECT_EQ(2000000, slow->after_ns);
	EXPECT_EQ(3, slow->hits);
	ASSERT_EQ(0, scx_opts__change(&f, "bounce", false, &e));
	EXPECT_EQ(1ull << KTSTR_FAULT_SLOW, f.armed);
	EXPECT_EQ(7, f.seq);
	/* What needs an argument to be armed needs none to be disarmed. */
	ASSERT_EQ(0, scx_opts__change(&f, "stall-task", false, &e));
	EXPECT_EQ(8, f.seq);
}

TEST(a_wrong_change_changes_nothing)
{
	struct ktstr_faults f = { .seq = 5 }, before = f;
	struct ktstr_error e;

	EXPECT_EQ(-EINVAL, scx_opts__change(&f, "slow=x", true, &e));
	EXPECT_EQ(-EINVAL, scx_opts__change(&f, "nonesuch", true, &e));
	EXPECT_EQ(-EINVAL, scx_opts__change(&f, "nonesuch", false, &e));
	EXPECT_EQ(-EINVAL, scx_opts__change(&f, "die-at-start", true, &e));
	EXPECT_EQ(-EINVAL, scx_opts__change(&f, "exit-after", false, &e));
	EXPECT_EQ(0, memcmp(&before, &f, sizeof(f)));
}

FIXTURE(topo)
{
	char dir[64];
	struct scx_topo t;
	struct ktstr_error e;
};

FIXTURE_SETUP(topo)
{
	memset(self, 0, sizeof(*self));
	strcpy(self->dir, "/tmp/scx_topo.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
}

FIXTURE_TEARDOWN(topo)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -r %s", self->dir);
	EXPECT_EQ(0, system(cmd));
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (char *p = path + strlen(dir) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	f = fopen(path, "w");
	if (!f)
		abort();
	fprintf(f, "%s\n", text);
	fclose(f);
}

static void put_cpu(const char *dir, int cpu, const char *llc, const char *core)
{
	static const char * const caches[][2] = { { "index0", "1" }, { "index2", "3" } };
	char name[64];

	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "cpu%d/cache/%s/level", cpu, caches[i][0]);
		put(dir, name, caches[i][1]);
		snprintf(name, sizeof(name), "cpu%d/cache/%s/shared_cpu_list", cpu, caches[i][0]);
		put(dir, name, i ? llc : core);
	}
	snprintf(name, sizeof(name), "cpu%d/topology/thread_siblings_list", cpu);
	put(dir, name, core);
}

TEST_F(topo, llcs_and_cores_are_found)
{
	put(self->dir, "possible", "0-7");
	put(self->dir, "online", "0-3,5");
	for (int cpu = 0; cpu < 4; cpu++)
		put_cpu(self->dir, cpu, cpu < 2 ? "0-1" : "2-3", cpu < 2 ? "0-1" : cpu == 2 ? "2" : "3");
	put_cpu(self->dir, 5, "5", "5");
	ASSERT_EQ(0, scx_topo__read(&self->t, self->dir, &self->e)) TH_LOG("%s", self->e.msg);
	EXPECT_EQ(8, self->t.nr_cpus);
	EXPECT_EQ(3, self->t.nr_llcs);
	EXPECT_EQ(0, self->t.llc_of[1]);
	EXPECT_EQ(1, self->t.llc_of[2]);
	EXPECT_EQ(2, self->t.llc_of[5]);
	EXPECT_EQ(KTSTR_SCX_NO_LLC, self->t.llc_of[4]);
	EXPECT_EQ(0xc, self->t.llc_cpus[1]);
	EXPECT_EQ(0x3, self->t.smt_cpus[0]);
	EXPECT_EQ(0x8, self->t.smt_cpus[3]);
	EXPECT_EQ(0x10, self->t.smt_cpus[4]);
}

TEST_F(topo, without_caches_there_is_one_llc)
{
	put(self->dir, "possible", "0-3");
	put(self->dir, "online", "0-3");
	ASSERT_EQ(0, scx_topo__read(&self->t, self->dir, &self->e));
	EXPECT_EQ(1, self->t.nr_llcs);
	EXPECT_EQ(0xf, self->t.llc_cpus[0]);
	EXPECT_EQ(0x4, self->t.smt_cpus[2]);
}

TEST_F(topo, sixty_four_cpus_fit_and_one_more_does_not)
{
	put(self->dir, "possible", "0-63");
	put(self->dir, "online", "0-63");
	ASSERT_EQ(0, scx_topo__read(&self->t, self->dir, &self->e));
	EXPECT_EQ(64, self->t.nr_cpus);
	EXPECT_EQ(~0ull, self->t.llc_cpus[0]);
	put(self->dir, "possible", "0-64");
	EXPECT_EQ(-E2BIG, scx_topo__read(&self->t, self->dir, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "nr_cpus=64"));
}

/* Nothing of this a kernel does; nothing of it may reach past an array. */
TEST_F(topo, nonsense_is_no_harm)
{
	put(self->dir, "possible", "0-1");
	put(self->dir, "online", "0-1");
	put_cpu(self->dir, 0, "7-63", "900");
	put_cpu(self->dir, 1, "x", "");
	ASSERT_EQ(0, scx_topo__read(&self->t, self->dir, &self->e));
	EXPECT_EQ(1, self->t.nr_llcs);
	EXPECT_EQ(0x3, self->t.llc_cpus[0]);
	EXPECT_EQ(0x1, self->t.smt_cpus[0]);
	put(self->dir, "online", "many");
	EXPECT_EQ(-EINVAL, scx_topo__read(&self->t, self->dir, &self->e));
	put(self->dir, "possible", "");
	EXPECT_EQ(-EINVAL, scx_topo__read(&self->t, self->dir, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, self->dir));
}

TEST_HARNESS_MAIN
