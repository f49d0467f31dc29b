// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr run" with globs, tags and a matrix, with real guests behind the cells.
 * Needs KVM that boots kernels: runs in the box or on hardware.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"

FIXTURE(matrix)
{
	struct ktstr_run k;
	char out[128], json[128], cache[128];
};

/* Times that the tester's own cache remembers must not decide here. */
FIXTURE_SETUP(matrix)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(self->out, sizeof(self->out), "%s/out", self->k.dir);
	snprintf(self->json, sizeof(self->json), "%s/out.json", self->k.dir);
	snprintf(self->cache, sizeof(self->cache), "%s/cache", self->k.dir);
	setenv("XDG_CACHE_HOME", self->cache, 1);
}

FIXTURE_TEARDOWN(matrix)
{
	EXPECT_EQ(0, proc_count("ktstr run")) TH_LOG("a ktstr still runs");
	EXPECT_EQ(0, proc_count("/proc/self/exe run")) TH_LOG("a cell still runs");
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

#define RUN(_timeout, ...) \
	ASSERT_EQ(0, ktstr_run__command(&self->k, _timeout, NULL, 0, "run", __VA_ARGS__, NULL))
#define EXPECT_OUT(_text) EXPECT_NE(NULL, strstr(self->k.r.out, _text)) \
	TH_LOG("stdout lacks \"%s\"", _text)
#define EXPECT_ERR(_text) EXPECT_NE(NULL, strstr(self->k.r.err, _text)) \
	TH_LOG("stderr lacks \"%s\"", _text)

/* Whether a busy host lets a cell pass, or only be inconclusive, is not what is tested here. */
static bool is_good(const char *verdict)
{
	return verdict && (!strcmp(verdict, "PASS") || !strcmp(verdict, "INCONCLUSIVE"));
}

TEST_F_TIMEOUT(matrix, two_cells_run_and_are_merged, 180)
{
	unsigned int inconclusive = 0;
	json_t *o, *cells, *c;
	char path[256];
	size_t i;

	RUN(170, "steady", "--duration", "1", "--seed", "5", "--accel", "kvm", "--matrix",
	    "schedulers=none:scx_simple", "--out", self->out, "--json", self->json);
	EXPECT_OUT("TAP version 13\n1..2\n");
	EXPECT_OUT("\n    KTAP version 1\n");
	EXPECT_OUT(" steady sched=none # ");
	EXPECT_OUT(" steady sched=scx_simple # ");
	EXPECT_OUT(" steady/sched_enabled\n");
	EXPECT_OUT("# 1 of 2 cells done, ");
	EXPECT_OUT("\n# Totals: pass:");
	o = json_load_file(self->json, 0, NULL);
	ASSERT_NE(NULL, o);
	cells = json_object_get(o, "cells");
	EXPECT_EQ(2, json_array_size(cells));
	json_array_foreach(cells, i, c) {
		json_t *run = json_array_get(json_object_get(json_object_get(c, "result"),
							     "runs"), 0);

		const char *verdict = json_string_value(json_object_get(c, "verdict"));

		EXPECT_TRUE(is_good(verdict)) TH_LOG("%s", verdict);
		EXPECT_STREQ(verdict, json_string_value(json_object_get(run, "verdict")));
		inconclusive += !strcmp(verdict, "INCONCLUSIVE");
		EXPECT_EQ(json_integer_value(json_object_get(c, "seed")),
			  json_integer_value(json_object_get(json_object_get(c, "result"), "seed")));
		snprintf(path, sizeof(path), "%s/%s/result.json", self->out,
			 json_string_value(json_object_get(c, "dir")));
		EXPECT_EQ(0, access(path, R_OK)) TH_LOG("no %s", path);
	}
	EXPECT_EQ(inconclusive ? 3 : 0, self->k.r.status);
	EXPECT_EQ(self->k.r.status, json_integer_value(json_object_get(o, "exit_status")));
	json_decref(o);
	snprintf(path, sizeof(path), "%s/result.json", self->out);
	EXPECT_EQ(0, access(path, R_OK));
	/* The next call knows how long they take. */
	snprintf(path, sizeof(path), "%s/ktstr/times", self->cache);
	EXPECT_EQ(0, access(path, R_OK));
}

TEST_F_TIMEOUT(matrix, a_cell_whose_scheduler_dies_fails_alone, 180)
{
	RUN(170, "steady", "--duration", "1", "--accel", "kvm", "--matrix",
	    "schedulers=none:sh -c 'exit 7'");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("\nok 1 steady sched=none # ");
	EXPECT_OUT("\nnot ok 2 steady sched=\"sh -c 'exit 7'\" # time=");
	EXPECT_OUT(", 1 FAIL\n# Totals: pass:");
	EXPECT_OUT(" fail:1 ");
	EXPECT_OUT("#   repeat with: ktstr run steady ");
}

/* A text of a cell's only run. */
static const char *run_text(json_t *cell, const char *key, const char *below)
{
	json_t *run = json_array_get(json_object_get(json_object_get(cell, "result"), "runs"), 0);
	json_t *v = json_object_get(run, key);

	return json_string_value(below ? json_object_get(v, below) : v);
}

/* One with sched_ext, and one without that has its drivers as modules. */
TEST_F_TIMEOUT(matrix, each_kernel_runs_with_modules_of_its_own, 240)
{
	const char *stock = ktstr_run__env("KTSTR_STOCK", NULL);
	const char *own = ktstr_run__env("KTSTR_KERNEL", NULL);
	const char *release;
	char axes[512];
	json_t *o, *cells, *c;
	size_t i;

	if (!ktstr_run__full())
		SKIP(return, "KTSTR_FULL=1 runs it");
	if (!stock)
		SKIP(return, "no stock kernel here; make kernel-stock fetches one");
	ASSERT_NE(NULL, own);
	release = strrchr(stock, '/') + strlen("/vmlinuz-");
	snprintf(axes, sizeof(axes), "kernels=%s:%s,schedulers=none:scx_simple", own, stock);
	RUN(230, "steady", "--duration", "1", "--seed", "5", "--accel", "kvm", "--matrix", axes,
	    "--json", self->json);
	EXPECT_OUT("x 2 schedulers x 2 kernels = 4 cells, seed 5\n");
	o = json_load_file(self->json, 0, NULL);
	ASSERT_NE(NULL, o);
	cells = json_object_get(o, "cells");
	ASSERT_EQ(4, json_array_size(cells));
	json_array_foreach(cells, i, c) {
		const char *kernel = json_string_value(json_object_get(c, "kernel"));
		const char *verdict = json_string_value(json_object_get(c, "verdict"));
		bool is_stock = i % 2, own_module;

		EXPECT_STREQ(is_stock ? stock : own, kernel);
		/* It has nothing that a scheduler could be loaded into. */
		if (is_stock && i / 2) {
			EXPECT_STREQ("SKIP", verdict);
			EXPECT_NE(NULL, strstr(json_string_value(json_object_get(c, "reason")),
					       "lacks sched_ext"));
			continue;
		}
		EXPECT_TRUE(is_good(verdict)) TH_LOG("%s: %s", kernel, verdict);
		EXPECT_EQ(is_stock, !strcmp(run_text(c, "guest", "release"), release))
			TH_LOG("%s ran %s", kernel, run_text(c, "guest", "release"));
		/* The module that was built for the one must not be tried in the other. */
		own_module = !is_stock || !access(ktstr_run__env("KTSTR_STOCK_KMOD", ""), R_OK);
		EXPECT_STREQ(own_module ? "module" : "bpf", run_text(c, "events", "path"));
	}
	json_decref(o);
}

TEST_F_TIMEOUT(matrix, a_kernel_without_sched_ext_skips_schedulers_when_another_has_it, 60)
{
	char axes[512];

	snprintf(axes, sizeof(axes), "kernels=%s:%s", ktstr_run__env("KTSTR_KERNEL", ""),
		 ktstr_run__env("KTSTR_NO_SCX", ""));
	RUN(20, "steady", "--accel", "kvm", "--dry-run", "--sched", "scx_simple", "--matrix", axes);
	EXPECT_EQ(0, self->k.r.status);
	EXPECT_OUT("matrix of 2 cells, seed ");
	EXPECT_OUT(", 1 to run, ");
	EXPECT_OUT("lacks sched_ext, which --sched needs");
	/* Where no cell could have a scheduler it is a mistake, as without a matrix. */
	snprintf(axes, sizeof(axes), "kernels=%s", ktstr_run__env("KTSTR_NO_SCX", ""));
	RUN(20, "steady", "--accel", "kvm", "--dry-run", "--sched", "scx_simple", "--matrix", axes);
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_ERR("lacks sched_ext, which --sched needs");
}

TEST_F_TIMEOUT(matrix, an_interrupt_ends_the_cell_that_runs, 120)
{
	ASSERT_EQ(0, ktstr_run__command(&self->k, 100, "1 of 3 cells done", SIGINT, "run", "steady",
					"--duration", "1", "--accel", "kvm", "--jobs", "1",
					"--matrix", "topologies=1,1,1,1:1,1,2,1:1,2,1,1", NULL));
	EXPECT_EQ(128 + SIGINT, self->k.r.status);
	EXPECT_OUT("Bail out! interrupted by SIGINT\n");
}

TEST_F_TIMEOUT(matrix, what_no_topology_carries_is_skipped_without_a_guest, 30)
{
	RUN(20, "cpuset/llc", "--accel", "kvm", "--matrix", "topologies=1,1,2,1:1,1,3,1");
	EXPECT_EQ(4, self->k.r.status);
	EXPECT_OUT("ok 1 cpuset/llc topology=1,1,2,1 # SKIP cpuset/llc needs at least 2 LLCs, the topology has 1\n");
	EXPECT_OUT("# matrix: 2 SKIP\n");
}

TEST_F_TIMEOUT(matrix, a_glob_skips_what_a_name_refuses, 60)
{
	RUN(20, "cpuset/[ln][lo]*", "--accel", "kvm");
	EXPECT_EQ(4, self->k.r.status);
	EXPECT_OUT("1..2\n");
	EXPECT_OUT("ok 1 cpuset/llc # SKIP cpuset/llc needs at least 2 LLCs");
	EXPECT_OUT("ok 2 cpuset/node # SKIP cpuset/node needs at least 2 nodes");
	RUN(20, "cpuset/llc", "--accel", "kvm");
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_ERR("cpuset/llc needs at least 2 LLCs, the topology has 1");
	RUN(20, "cpuset/lcl", "--accel", "kvm");
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_ERR("there is no scenario cpuset/lcl; the nearest is cpuset/llc");
}

TEST_F_TIMEOUT(matrix, what_is_wrong_is_found_before_anything_runs, 60)
{
	RUN(20, "steady", "--accel", "kvm", "--matrix", "schedulers=none:scx_nonesuch", "--json",
	    self->json);
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_ERR("scx_nonesuch");
	EXPECT_STREQ("", self->k.r.out);
	EXPECT_NE(0, access(self->json, F_OK));
	RUN(20, "steady", "--accel", "kvm", "--matrix", "kernels=/nonesuch");
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_ERR("no kernel at /nonesuch");
}

TEST_F_TIMEOUT(matrix, a_dry_run_prints_cells_and_runs_none, 60)
{
	RUN(20, "cpuset/*", "--tag", "!slow", "--accel", "kvm", "--dry-run", "--budget", "20s",
	    "--shard", "1/2", "--matrix", "topologies=1,1,2,1:1,2,2,1,schedulers=none:scx_simple");
	EXPECT_EQ(0, self->k.r.status);
	EXPECT_OUT("matrix of 36 cells, seed ");
	EXPECT_OUT("run cpuset/");
	EXPECT_OUT("not run, beyond the budget: cpuset/");
	EXPECT_OUT("ktstr run cpuset/");
}

TEST_HARNESS_MAIN
