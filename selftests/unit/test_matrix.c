// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cells: what they are made of, what their processes come to, and how that is told.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <ktstr/test.h>

#include "host/command.h"
#include "host/hostroom.h"
#include "host/kernels.h"
#include "host/matrix.h"
#include "host/matrix_times.h"
#include "host/report.h"
#include "unit.h"

FIXTURE(matrix)
{
	struct args a;
	struct strv words;
	struct ktstr_error e;
	struct matrix m;
	struct outdir out;
	struct ktap k;
	char *text;
	size_t len;
};

FIXTURE_SETUP(matrix)
{
	memset(self, 0, sizeof(*self));
	outdir__init(&self->out);
	self->k.out = open_memstream(&self->text, &self->len);
}

static void drop(struct _test_data_matrix *self)
{
	matrix__free(&self->m);
	args__free(&self->a);
	strv__free(&self->words);
	memset(&self->m, 0, sizeof(self->m));
	memset(&self->a, 0, sizeof(self->a));
}

FIXTURE_TEARDOWN(matrix)
{
	fclose(self->k.out);
	free(self->text);
	drop(self);
}

static int build(struct _test_data_matrix *self, const char *words)
{
	int ret;

	drop(self);
	strv__add(&self->words, "run");
	command__split(words, &self->words, &self->e);
	ret = args__parse_run(&self->a, (int)self->words.n, self->words.v, &self->e);
	if (ret)
		return ret;
	self->m.args = &self->a;
	return matrix__build(&self->m, &self->e);
}

#define TWELVE "steady cpuset/swap cpuset/llc --seed 7 --timeout 9 --matrix " \
	       "'topologies=1,1,2,1:cxl,schedulers=scx_x -v:none'"

TEST_F(matrix, every_combination_is_a_cell_with_its_options)
{
	unsigned int seen = 0;

	ASSERT_EQ(0, build(self, TWELVE)) TH_LOG("%s", self->e.msg);
	ASSERT_EQ(12, self->m.nr);
	for (size_t i = 0; i < 12; i++) {
		const struct matrix_cell *c = &self->m.cells[i];
		const uint32_t *v = self->m.loads[i].value;

		seen |= 1u << (v[0] * 4 + v[1] * 2 + v[2]);
		EXPECT_STREQ(self->a.scenarios.v[v[0]], c->test->name);
		EXPECT_EQ(v[1] ? 8 : 2, ktstr_topology__nr_cpus(&c->args.topology));
		EXPECT_STREQ(v[2] ? "-" : "scx_x -v", c->args.sched ? c->args.sched : "-");
		EXPECT_EQ(9, c->args.timeout_s);
		EXPECT_EQ(self->m.loads[i].cpus, ktstr_topology__nr_cpus(&c->args.topology));
		EXPECT_LT(1024, self->m.loads[i].memory_mib);
		EXPECT_LT(3000000000, self->m.loads[i].ns);
	}
	EXPECT_EQ(0xfff, seen);
	EXPECT_STREQ("steady topology=1,1,2,1 sched=\"scx_x -v\"", self->m.cells[0].name);
	EXPECT_STREQ("cpuset/llc topology=cxl sched=none", self->m.cells[11].name);
	EXPECT_STREQ("0012-cpuset_llc_topology=cxl_sched=none", self->m.cells[11].dir);
}

TEST_F(matrix, without_an_axis_the_other_options_hold)
{
	ASSERT_EQ(0, build(self, "steady steady --topology 1,1,3,1 --sched s --jobs 2"));
	ASSERT_EQ(2, self->m.nr);
	EXPECT_EQ(3, ktstr_topology__nr_cpus(&self->m.cells[1].args.topology));
	EXPECT_STREQ("s", self->m.cells[1].args.sched);
	EXPECT_STREQ("steady", self->m.cells[0].name);
	EXPECT_STREQ("steady.2", self->m.cells[1].name);
	/* The same scenario twice is there for two seeds. */
	EXPECT_NE(self->m.cells[0].args.seed, self->m.cells[1].args.seed);
}

KTSTR_SCENARIO(long_hold, "unit/long-hold", .summary = "longer than its duration",
	       .ops = KTSTR_OPS(KTSTR_HOLD_MS(600000)));
KTSTR_SCENARIO(no_telling, "unit/no-telling", .summary = "how long the payload takes",
	       .ops = KTSTR_OPS(KTSTR_RUN("p", "true"), KTSTR_HOLD(100), KTSTR_WAIT("p")));

TEST_F(matrix, a_cell_may_take_as_long_as_its_operations_ask_for)
{
	const struct matrix_cell *c;
	char kernel[PATH_MAX];

	if (kernels__choose(NULL, kernel, sizeof(kernel), &self->e))
		SKIP(return, "no kernel here: %s", self->e.msg);
	/* Nothing is started here. */
	setenv("KTSTR_KVMBOX", "/bin/true", 1);
	ASSERT_EQ(0, build(self, "unit/long-hold unit/no-telling --timeout 10"));
	ASSERT_EQ(0, matrix__check(&self->m, &self->e)) TH_LOG("%s", self->e.msg);
	c = self->m.cells;
	EXPECT_EQ(120000 + 20000 + 600000, matrix__limit_ms(&self->m, &c[0]));
	/* A hold of 3 s, and what nobody can tell. */
	EXPECT_EQ(120000 + 20000 + 3000 + 3600000, matrix__limit_ms(&self->m, &c[1]));
	self->m.use_box = true;
	EXPECT_EQ(300000 + 20000 + 600000, matrix__limit_ms(&self->m, &c[0]));
	/* It may wait for the CPUs of other cells. */
	self->m.cells[0].args.pin = true;
	EXPECT_EQ(0, matrix__limit_ms(&self->m, &c[0]));
}

TEST_F(matrix, names_and_seeds_are_the_cells_own_and_do_not_move)
{
	uint64_t seed;

	ASSERT_EQ(0, build(self, TWELVE));
	for (size_t i = 0; i < 12; i++) {
		EXPECT_GT(1ull << 52, self->m.cells[i].args.seed);
		EXPECT_EQ(NULL, strchr(self->m.cells[i].dir, '/'));
		for (size_t k = 0; k < i; k++) {
			EXPECT_STRNE(self->m.cells[i].name, self->m.cells[k].name);
			EXPECT_STRNE(self->m.cells[i].dir, self->m.cells[k].dir);
			EXPECT_NE(self->m.cells[i].args.seed, self->m.cells[k].args.seed);
		}
	}
	seed = self->m.cells[11].args.seed;
	/* Another matrix that has the same cell, and another seed. */
	ASSERT_EQ(0, build(self, "cpuset/llc --seed 7 --matrix schedulers=none,topologies=cxl"));
	EXPECT_EQ(seed, self->m.cells[0].args.seed);
	ASSERT_EQ(0, build(self, "cpuset/llc --seed 8 --matrix schedulers=none,topologies=cxl"));
	EXPECT_NE(seed, self->m.cells[0].args.seed);
}

TEST_F(matrix, the_words_of_a_cell_mean_that_cell)
{
	struct args b;

	ASSERT_EQ(0, build(self, TWELVE));
	ASSERT_EQ(0, matrix__words(&self->m, &self->out, &self->e)) TH_LOG("%s", self->e.msg);
	for (size_t i = 0; i < 12; i++) {
		const struct matrix_cell *c = &self->m.cells[i];

		EXPECT_STREQ("/proc/self/exe", c->words.v[0]);
		ASSERT_EQ(0, args__parse_run(&b, (int)c->words.n - 1, c->words.v + 1, &self->e));
		EXPECT_FALSE(args__is_matrix(&b));
		ASSERT_EQ(1, b.scenarios.n);
		EXPECT_STREQ(c->test->name, b.scenarios.v[0]);
		EXPECT_TRUE(ktstr_topology__equal(&c->args.topology, &b.topology));
		EXPECT_STREQ(c->args.sched ? c->args.sched : "-", b.sched ? b.sched : "-");
		EXPECT_EQ(c->args.seed, b.seed);
		EXPECT_STREQ("/dev/fd/3", b.json);
		EXPECT_EQ(NULL, b.out);
		EXPECT_NE(NULL, strstr(c->repeat, "--seed "));
		EXPECT_EQ(NULL, strstr(c->repeat, "/dev/fd"));
		args__free(&b);
		/* Times are remembered for what is run, not for how its dice fall. */
		for (size_t k = 0; k < i; k++)
			EXPECT_NE(self->m.cells[k].key, c->key);
	}
}

TEST_F(matrix, what_is_wrong_with_it_is_said)
{
	char *many = malloc(16384);

	EXPECT_EQ(-EINVAL, build(self, "steady --matrix topologies=1,1,2,1:nonesuch"));
	EXPECT_NE(NULL, strstr(self->e.msg, "--matrix: --topology nonesuch")) TH_LOG("%s", self->e.msg);
	EXPECT_EQ(-EINVAL, build(self, "steady --matrix topologies=0,1,2,1"));
	strcpy(many, "--matrix topologies=1,1,1,1");
	for (int i = 2; i <= 21; i++)
		sprintf(many + strlen(many), ":1,1,%d,1", i);
	for (int i = 0; i < 239; i++)
		strcat(many, " steady");
	EXPECT_EQ(-EINVAL, build(self, many));
	EXPECT_NE(NULL, strstr(self->e.msg, "more than 5000 cells"));
	free(many);
}

TEST_F(matrix, a_hash_in_a_name_is_no_directive)
{
	ASSERT_EQ(0, build(self, "steady --matrix 'schedulers=s # SKIP'"));
	EXPECT_STREQ("steady sched=\"s _ SKIP\"", self->m.cells[0].name);
}

TEST_F(matrix, shards_of_the_real_thing_are_disjoint_and_complete)
{
	unsigned int in[12] = { 0 };

	for (int shard = 1; shard <= 5; shard++) {
		char words[256];

		snprintf(words, sizeof(words), "%s --shard %d/5", TWELVE, shard);
		ASSERT_EQ(0, build(self, words));
		self->m.room = (struct matrix_room){ .cpus = 2 };
		strcpy(self->m.cells[8].skip, "it cannot");
		ASSERT_EQ(0, matrix__choose(&self->m));
		for (size_t i = 0; i < 12; i++) {
			in[i] += self->m.loads[i].out == MATRIX_IN ||
				 self->m.loads[i].out == MATRIX_OUT_SKIP;
			EXPECT_EQ(self->m.loads[i].out == MATRIX_OUT_SKIP, i == 8 && in[8] == 1 &&
				  self->m.loads[i].out != MATRIX_OUT_SHARD);
		}
	}
	for (size_t i = 0; i < 12; i++)
		EXPECT_EQ(1, in[i]);
}

#define JSON(verdict, kind, reason) "'{\"runs\": [{\"verdict\": \"" verdict "\", \"kind\": \"" \
	kind "\", \"reason\": \"" reason "\"}]\n}\n'"
#define SAY(verdict, kind, reason) "printf '%s' " JSON(verdict, kind, reason) " >&3; "

static const struct {
	const char *script;
	enum verdict_status status;
	const char *kind, *reason;
} fakes[] = {
	{ SAY("PASS", "ok", "all is well") "exit 0", VERDICT_PASS, "ok", "all is well" },
	{ SAY("FAIL", "starved", "a/0 starved") "exit 1", VERDICT_FAIL, "starved", "a/0 starved" },
	{ SAY("CRASH", "panic", "it died") "exit 1", VERDICT_CRASH, "panic", "it died" },
	{ SAY("SKIP", "not_reached", "no") "exit 4", VERDICT_SKIP, "not_reached", "no" },
	{ SAY("INCONCLUSIVE", "x", "steal") "exit 3", VERDICT_INCONCLUSIVE, "x", "steal" },
	{ "echo 'ktstr: there is no scx_x; install it' >&2; exit 2", VERDICT_ENV, "environment",
	  "there is no scx_x; install it" },
	{ "exit 2", VERDICT_ENV, "environment", "status 2 and gave no reason" },
	{ "exit 0", VERDICT_CRASH, "cell_died", "without a whole result" },
	{ "echo oops >&2; exit 3", VERDICT_CRASH, "cell_died", "whole result; it said last: oops" },
	{ "printf '{\"runs\": [' >&3; exit 0", VERDICT_CRASH, "cell_died", "without a whole result" },
	{ "printf '{ no json \n}\n' >&3; exit 0", VERDICT_CRASH, "cell_died", "without a whole result" },
	{ SAY("PASS", "ok", "") "exit 1", VERDICT_CRASH, "cell_died", "contradict each other" },
	{ SAY("FAIL", "x", "") "exit 0", VERDICT_CRASH, "cell_died", "contradict each other" },
	{ SAY("NONSENSE", "x", "") "exit 0", VERDICT_CRASH, "cell_died", "contradict each other" },
	{ "printf '[]\n}\n' >&3; printf '[1,2\n}\n' >&3; exit 0", VERDICT_CRASH, "cell_died", "whole" },
	{ SAY("PASS", "ok", "") "exit 77", VERDICT_CRASH, "cell_died", "ended with status 77" },
	{ SAY("PASS", "ok", "") "kill -SEGV $$", VERDICT_CRASH, "cell_died", "died of signal 11" },
	{ "echo last >&2; kill -KILL $$", VERDICT_CRASH, "cell_died", "signal 9 (Killed); it said last: last" },
	{ "exec sleep 1000", VERDICT_CRASH, "cell_died", "did not end within" },
};

struct rig {
	struct _test_data_matrix *self;
	char *argv[4];
	const char *script;
};

static char **rig_words(void *arg, size_t cell)
{
	struct rig *r = arg;

	r->argv[0] = "/bin/sh";
	r->argv[1] = "-c";
	r->argv[2] = (char *)r->script;
	return r->argv;
}

static uint64_t rig_limit(void *arg, size_t cell)
{
	struct rig *r = arg;

	return strstr(r->script, "sleep") ? 200 : 60000;
}

static void rig_ended(void *arg, const struct matrix_child *child)
{
	struct rig *r = arg;

	matrix__take(&r->self->m.cells[child->cell], child, false);
	matrix_ktap__cell(&r->self->k, &r->self->m.cells[child->cell], child);
}

/* Run a fake ktstr as cell 0. */
static void fake(struct _test_data_matrix *self, const char *script)
{
	struct rig r = { .self = self, .script = script };
	const struct matrix_room room = { .cpus = 8 };
	size_t order = 0;
	const struct matrix_pool_opts o = {
		.cells = self->m.loads, .order = &order, .nr = 1, .room = &room, .interrupt_fd = -1,
		.argv = rig_words, .limit_ms = rig_limit, .ended = rig_ended, .arg = &r,
	};

	matrix_pool__run(&o, NULL);
	fflush(self->k.out);
}

TEST_F(matrix, no_end_of_a_cell_is_lost_or_believed_blindly)
{
	for (size_t i = 0; i < ARRAY_SIZE(fakes); i++) {
		struct matrix_cell *c;

		ASSERT_EQ(0, build(self, "steady --seed 3 --jobs 1"));
		c = &self->m.cells[0];
		fake(self, fakes[i].script);
		EXPECT_TRUE(c->ran);
		EXPECT_EQ(fakes[i].status, c->status) TH_LOG("%s: %s", fakes[i].script, c->reason);
		EXPECT_STREQ(fakes[i].kind, c->kind) TH_LOG("%s", fakes[i].script);
		EXPECT_NE(NULL, strstr(c->reason, fakes[i].reason))
			TH_LOG("%s: %s", fakes[i].script, c->reason);
	}
	/* A point for each, numbered without a gap. */
	EXPECT_EQ(ARRAY_SIZE(fakes), self->k.n);
	EXPECT_EQ(self->k.n, self->k.pass + self->k.fail + self->k.skip);
}

TEST_F(matrix, a_cells_own_document_is_a_subtest)
{
	ASSERT_EQ(0, build(self, "steady --seed 3 --jobs 1"));
	matrix__words(&self->m, &self->out, &self->e);
	fake(self, "echo 'TAP version 13'; echo 1..2; echo '# scheduler: x'; echo 'ok 1 steady/a';"
	     "echo 'Bail out! the world ends'; printf 'no newline';" "kill -SEGV $$");
	EXPECT_EQ(self->text, strstr(self->text, "    KTAP version 1\n    1..2\n    # scheduler: x\n"
				     "    ok 1 steady/a\n    # Bail out! the world ends\n    no newline\n# steady: CRASH"))
		TH_LOG("%s", self->text);
	EXPECT_NE(NULL, strstr(self->text, "\n# repeat with: ktstr run steady --topology 1,1,2,1"));
	EXPECT_NE(NULL, strstr(self->text, "\nnot ok 1 steady # time="));
	/* Nothing of the child's stands at the start of a line: there it would be ours. */
	EXPECT_EQ(NULL, strstr(self->text, "\nBail"));
	EXPECT_EQ(NULL, strstr(self->text, "\nok 1"));
}

TEST_F(matrix, a_cell_cannot_forge_points_or_hurt_a_terminal)
{
	ASSERT_EQ(0, build(self, "steady --seed 3 --jobs 1"));
	fake(self, "printf 'a\\r\\nok 1 b\\033[2J\\n'; head -c 3000000 /dev/zero | tr '\\0' y; exit 2");
	EXPECT_NE(NULL, strstr(self->text, "\n    ok 1 b?[2J\n"));
	EXPECT_NE(NULL, strstr(self->text, "bytes more, which are not kept\n"));
	for (const char *p = self->text; *p; p++)
		EXPECT_TRUE(*p == '\n' || (*p >= ' ' && *p <= '~'));
}

static const struct {
	enum verdict_status a, b;
	int exit_status;
} exits[] = {
	{ VERDICT_PASS, VERDICT_PASS, 0 }, { VERDICT_PASS, VERDICT_SKIP, 0 },
	{ VERDICT_SKIP, VERDICT_SKIP, 4 }, { VERDICT_PASS, VERDICT_INCONCLUSIVE, 3 },
	{ VERDICT_FAIL, VERDICT_INCONCLUSIVE, 1 }, { VERDICT_PASS, VERDICT_CRASH, 1 },
	{ VERDICT_FAIL, VERDICT_ENV, 2 },
};

TEST_F(matrix, exit_status_and_counts_are_those_of_all_cells)
{
	ASSERT_EQ(0, build(self, "steady --matrix schedulers=x:y:z"));
	EXPECT_EQ(4, matrix__exit_status(&self->m));
	for (size_t i = 0; i < ARRAY_SIZE(exits); i++) {
		/* The third one was another shard's. */
		matrix__settle(&self->m.cells[0], exits[i].a, "k", "r");
		matrix__settle(&self->m.cells[1], exits[i].b, "k", "r");
		EXPECT_EQ(exits[i].exit_status, matrix__exit_status(&self->m));
	}
	matrix_ktap__end(&self->k, &self->m);
	fflush(self->k.out);
	EXPECT_NE(NULL, strstr(self->text, "# FAIL: steady sched=x: r\n"));
	EXPECT_NE(NULL, strstr(self->text, "# matrix: 1 FAIL, 1 ENVIRONMENT\n"));
}

TEST_F(matrix, what_is_left_out_is_said)
{
	ASSERT_EQ(0, build(self, TWELVE " --budget 20s --shard 1/2"));
	self->m.room = (struct matrix_room){ .cpus = 8 };
	ASSERT_EQ(0, matrix__choose(&self->m));
	matrix_ktap__begin(&self->k, &self->m);
	fflush(self->k.out);
	EXPECT_NE(NULL, strstr(self->text, "# matrix: 3 scenarios x 2 topologies x 2 schedulers x 1 kernels = 12 cells, seed 7\n"))
		TH_LOG("%s", self->text);
	EXPECT_NE(NULL, strstr(self->text, "# shard 1/2: 6 of them, 6 are others'\n"));
	EXPECT_NE(NULL, strstr(self->text, "# budget 20 s: "));
	for (size_t i = 0; i < 12; i++) {
		char line[300];

		snprintf(line, sizeof(line), "left out: %s (about ", self->m.cells[i].name);
		EXPECT_EQ(self->m.loads[i].out == MATRIX_OUT_BUDGET, !!strstr(self->text, line));
	}
}

TEST_F(matrix, json_merges_what_the_cells_said)
{
	json_t *o, *cells, *c;
	size_t len = 0;
	char *text;

	ASSERT_EQ(0, build(self, "steady --seed 3 --matrix schedulers=x:y"));
	matrix__words(&self->m, &self->out, &self->e);
	fake(self, fakes[1].script);
	self->m.loads[1].out = MATRIX_OUT_BUDGET;
	text = matrix_json__dump(&self->m, 1, &len);
	o = json_loadb(text, len, 0, NULL);
	ASSERT_NE(NULL, o);
	EXPECT_EQ(1, json_integer_value(json_object_get(o, "exit_status")));
	EXPECT_EQ(2, json_array_size(json_object_get(json_object_get(o, "matrix"), "schedulers")));
	cells = json_object_get(o, "cells");
	c = json_array_get(cells, 0);
	EXPECT_STREQ("FAIL", json_string_value(json_object_get(c, "verdict")));
	EXPECT_STREQ("starved", json_string_value(json_object_get(c, "kind")));
	EXPECT_TRUE(json_is_null(json_object_get(c, "left_out")));
	EXPECT_EQ(1, json_array_size(json_object_get(json_object_get(c, "result"), "runs")));
	EXPECT_EQ(self->m.cells[0].args.seed, json_integer_value(json_object_get(c, "seed")));
	c = json_array_get(cells, 1);
	EXPECT_TRUE(json_is_null(json_object_get(c, "verdict")));
	EXPECT_STREQ("budget", json_string_value(json_object_get(c, "left_out")));
	json_decref(o);
	free(text);
}

FIXTURE(times)
{
	char dir[64], path[96];
	struct matrix_times t;
};

FIXTURE_SETUP(times)
{
	memset(self, 0, sizeof(*self));
	strcpy(self->dir, "/tmp/ktstr-times-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/times", self->dir);
}

FIXTURE_TEARDOWN(times)
{
	matrix_times__free(&self->t);
	unlink(self->path);
	EXPECT_EQ(0, rmdir(self->dir));
}

TEST_F(times, are_there_the_next_time)
{
	ASSERT_EQ(0, matrix_times__load(&self->t, self->path));
	EXPECT_EQ(0, matrix_times__get(&self->t, 5));
	ASSERT_EQ(0, matrix_times__set(&self->t, 5, 1200));
	ASSERT_EQ(0, matrix_times__set(&self->t, UINT64_MAX, 7));
	ASSERT_EQ(0, matrix_times__set(&self->t, 5, 1300));
	ASSERT_EQ(0, matrix_times__save(&self->t, self->path));
	matrix_times__free(&self->t);
	ASSERT_EQ(0, matrix_times__load(&self->t, self->path));
	EXPECT_EQ(2, self->t.n);
	EXPECT_EQ(1300, matrix_times__get(&self->t, 5));
	EXPECT_EQ(7, matrix_times__get(&self->t, UINT64_MAX));
}

TEST_F(times, lines_that_make_no_sense_are_passed_over)
{
	FILE *f = fopen(self->path, "w");

	fputs("nonsense\n\n5\n5 -1\n5 x\n0 7\n6 0\n7 8 9\n\xff\xfe\n00000000000000aa 12\n"
	      "5 99999999999999\nffffffffffffffffffff 3\n", f);
	fclose(f);
	ASSERT_EQ(0, matrix_times__load(&self->t, self->path));
	EXPECT_EQ(1, self->t.n);
	EXPECT_EQ(12, matrix_times__get(&self->t, 0xaa));
}

TEST_F(times, the_oldest_go_first)
{
	for (unsigned int i = 1; i <= MATRIX_TIMES_MAX + 2; i++)
		ASSERT_EQ(0, matrix_times__set(&self->t, i, i));
	EXPECT_EQ(MATRIX_TIMES_MAX, self->t.n);
	EXPECT_EQ(0, matrix_times__get(&self->t, 2));
	EXPECT_EQ(3, matrix_times__get(&self->t, 3));
	/* As many as can be written can be read. */
	ASSERT_EQ(0, matrix_times__save(&self->t, self->path));
	matrix_times__free(&self->t);
	ASSERT_EQ(0, matrix_times__load(&self->t, self->path));
	EXPECT_EQ(MATRIX_TIMES_MAX, self->t.n);
}

TEST_F(times, a_place_that_cannot_be_written_is_an_error_and_leaves_nothing)
{
	char path[128];

	matrix_times__set(&self->t, 1, 1);
	snprintf(path, sizeof(path), "%s/a/b/c/times", self->dir);
	EXPECT_EQ(-ENOENT, matrix_times__save(&self->t, path));
}

/* Neither ~/.cache nor ~/.cache/ktstr is there on a new machine. */
TEST_F(times, directories_are_made)
{
	char path[128];

	matrix_times__set(&self->t, 1, 1);
	snprintf(path, sizeof(path), "%s/cache/ktstr/times", self->dir);
	EXPECT_EQ(0, matrix_times__save(&self->t, path));
	EXPECT_EQ(0, unlink(path));
	for (int i = 0; i < 2; i++) {
		*strrchr(path, '/') = '\0';
		EXPECT_EQ(0, rmdir(path));
	}
}

TEST_F(times, words_are_told_apart)
{
	char *ab[] = { "a", "b" }, *a_b[] = { "ab" }, *ba[] = { "b", "a" };

	EXPECT_NE(matrix_times__key(&(struct strv){ ab, 2 }), matrix_times__key(&(struct strv){ a_b, 1 }));
	EXPECT_NE(matrix_times__key(&(struct strv){ ab, 2 }), matrix_times__key(&(struct strv){ ba, 2 }));
	EXPECT_EQ(matrix_times__key(&(struct strv){ ab, 2 }), matrix_times__key(&(struct strv){ ab, 2 }));
}

TEST(room_of_the_host)
{
	char dir[] = "/tmp/ktstr-room-XXXXXX", path[64];
	FILE *f;

	EXPECT_LE(1, hostroom__cpus());
	EXPECT_LT(0, hostroom__memory_mib(""));
	ASSERT_NE(NULL, mkdtemp(dir));
	EXPECT_EQ(0, hostroom__memory_mib(dir));
	snprintf(path, sizeof(path), "%s/proc", dir);
	mkdir(path, 0700);
	strcat(path, "/meminfo");
	f = fopen(path, "w");
	fputs("MemTotal:       16000000 kB\nMemAvailable:    5242880 kB\nCached: 9 kB\n", f);
	fclose(f);
	EXPECT_EQ(5120, hostroom__memory_mib(dir));
	f = fopen(path, "w");
	fputs("MemTotal:       16000000 kB\nMemAvailable:    -\n", f);
	fclose(f);
	EXPECT_EQ(0, hostroom__memory_mib(dir));
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(dir);
}

TEST_HARNESS_MAIN
