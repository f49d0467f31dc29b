// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every expectation holds under the kernel's own scheduler and under scx_ktstr, and fails, with
 * its own reason and nothing else with it, under the fault made for it. The scenarios are in
 * twins.c. Needs KVM that boots kernels: runs in the box or on hardware.
 *
 * Those that need no quiet machine to be judged, and not too much time all together, always run;
 * the others, which are about how long or how much, with KTSTR_FULL=1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"

#define POINTS_MAX	2
#define STOLEN_PCT	2.0	/* by less no run is spoilt that was right */

/* A test point and what must be said when it fails. */
struct point {
	const char *name, *kind, *reason;
};

FIXTURE(twin)
{
	struct ktstr_run k;
	char json[80];
	json_t *result, *run;
};

/*
 * @scenario: holds under both schedulers
 * @under_scx: in its place under scx_ktstr, if that is another one; @bad: where it fails
 * @sched: under which it fails, NULL: the kernel's own
 * @doubt: when it fails the run is inconclusive: it is nobody's fault
 * @always: without KTSTR_FULL=1, too
 */
FIXTURE_VARIANT(twin)
{
	const char *scenario, *under_scx, *bad, *sched;
	bool doubt, always;
	struct point points[POINTS_MAX];
};

FIXTURE_VARIANT_ADD(twin, not_starved) {
	.scenario = "twins/not-starved", .sched = "scx_ktstr --fault starve-cgroup=b",
	.always = true,
	.points = { { "workers_progress", "no_progress",
		      "worker b/w1/0 made no progress: 0 iterations" } },
};

FIXTURE_VARIANT_ADD(twin, max_gap) {
	.scenario = "twins/max-gap", .sched = "scx_ktstr --fault starve-cgroup=b",
	.always = true,
	.points = { { "longest_off_cpu", "starved", "worker b/w1/0 did not run for " } },
};

FIXTURE_VARIANT_ADD(twin, fair) {
	.scenario = "twins/fair", .sched = "scx_ktstr --fault break-weight=invert",
	.points = { { "fair(a,b)", "unfair", "off its fair share of 75.0 %" } },
};

FIXTURE_VARIANT_ADD(twin, fair_default) {
	.scenario = "twins/fair-default", .sched = "scx_ktstr --fault break-weight=invert",
	.points = { { "fair_shares", "unfair", "off its fair share of 75.0 %" } },
};

FIXTURE_VARIANT_ADD(twin, work_conserving) {
	.scenario = "twins/work-conserving", .sched = "scx_ktstr --fault ignore-cpu=1",
	.points = { { "work_conserving", "idled", "CPU 1 was idle for " } },
};

FIXTURE_VARIANT_ADD(twin, isolated_by_events) {
	.scenario = "twins/isolated", .bad = "twins/isolated-widened",
	.always = true,
	.points = { { "cpuset_kept", "off_cpuset", "outside of " } },
};

FIXTURE_VARIANT_ADD(twin, isolated_by_workers) {
	.scenario = "twins/isolated", .bad = "twins/isolated-left", .sched = "scx_ktstr",
	.always = true,
	.points = { { "cpuset_kept", "off_cpuset", "outside of its cpuset" } },
};

FIXTURE_VARIANT_ADD(twin, moves) {
	.scenario = "twins/moves", .sched = "scx_ktstr --fault bounce",
	.points = {
		{ "migrations(a)", "migrations", " migrations per second of CPU time " },
		{ "llc_local(a)", "not_local", " % of " },
	},
};

FIXTURE_VARIANT_ADD(twin, wake_latency) {
	.scenario = "twins/wake-latency", .sched = "scx_ktstr --fault slow=100",
	.points = { { "wake_latency_p50(a)", "late", "50 % of " } },
};

FIXTURE_VARIANT_ADD(twin, throughput) {
	.scenario = "twins/throughput", .sched = "scx_ktstr --fault slow=100",
	.points = { { "throughput(a)", "slow", " iterations/s, wanted are 120" } },
};

FIXTURE_VARIANT_ADD(twin, spread) {
	.scenario = "twins/spread", .sched = "scx_ktstr --fault starve-cgroup=b",
	.points = { { "spread", "spread", "iterations of 4 workers are 13" } },
};

FIXTURE_VARIANT_ADD(twin, quota) {
	.scenario = "twins/quota", .under_scx = "twins/quota-modest", .sched = "scx_ktstr",
	.points = { { "quota_kept", "quota_exceeded", "cgroup a used " } },
};

FIXTURE_VARIANT_ADD(twin, node_local) {
	.scenario = "twins/node-local", .sched = "scx_ktstr --fault bounce",
	.points = { { "node_local(a)", "not_local", " pages were on their worker's node" } },
};

FIXTURE_VARIANT_ADD(twin, no_regression) {
	.scenario = "twins/no-regression-none", .under_scx = "twins/no-regression",
	.bad = "twins/no-regression", .sched = "scx_ktstr --fault slow=100",
	.points = { { "no_regression(a,new,old)", "regression", " iterations/s in phase new" } },
};

FIXTURE_VARIANT_ADD(twin, metric) {
	.scenario = "twins/metric", .sched = "scx_ktstr --fault slow=100",
	.points = { { "metric(timer,avg_us)", "metric", "avg_us of payload timer is 1" } },
};

FIXTURE_VARIANT_ADD(twin, exit_status) {
	.scenario = "twins/exit-status", .bad = "twins/exit-status-3",
	.always = true,
	.points = { { "exit_status(sh)", "exit_status", "exited with status 3, wanted is 0" } },
};

FIXTURE_VARIANT_ADD(twin, overhead) {
	.scenario = "twins/overhead", .bad = "twins/overhead-none", .doubt = true,
	.always = true,
	.points = { { "overhead", "overhead", "allowed are 0.0001 %" } },
};

FIXTURE_VARIANT_ADD(twin, account) {
	.scenario = "twins/account", .bad = "twins/account-short", .doubt = true,
	.always = true,
	.points = { { "accounts_agree", "account", "the most by worker a/w0/1" } },
};

FIXTURE_SETUP(twin)
{
	const char *b = getenv("B");
	char path[256];

	memset(self, 0, sizeof(*self));
	if (!variant->always && !ktstr_run__full())
		SKIP(return, "KTSTR_FULL=1 runs it");
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(path, sizeof(path), "%s/vm/twins", b ? b : "build");
	snprintf(self->json, sizeof(self->json), "%s/result.json", self->k.dir);
	setenv("KTSTR", path, 1);
	/* ktstr.ko and scx_ktstr are beside ktstr, and the program is not. */
	setenv("KTSTR_DIR", ".", 1);
}

FIXTURE_TEARDOWN(twin)
{
	json_decref(self->result);
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

static const char *text(json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name)) ?: "";
}

static double number(json_t *o, const char *name)
{
	return json_number_value(json_object_get(o, name));
}

static json_t *find_point(json_t *run, const char *name)
{
	json_t *c;
	size_t i;

	json_array_foreach(json_object_get(run, "checks"), i, c)
		if (!strcmp(text(c, "name"), name))
			return c;
	return NULL;
}

/* What was measured, of runs that pass too: how far from its bound is of interest. */
static void print_point(json_t *run, json_t *c)
{
	ksft_print_msg("%s/%s: %s: %s\n", text(run, "name"), text(c, "name"), text(c, "status"),
		       text(c, "reason"));
}

static const struct point *wanted(const struct point *points, const char *name)
{
	for (int i = 0; i < POINTS_MAX && points[i].name; i++)
		if (!strcmp(points[i].name, name))
			return &points[i];
	return NULL;
}

/* One run of one scenario in its window: self->run is what JSON has of it. */
#define RUN(_scenario, _sched) do {							\
	const char *sched_ = (_sched);							\
											\
	ASSERT_EQ(0, ktstr_run__command(&self->k, 80, NULL, 0, (_scenario), "--accel", "kvm",	\
					"--json", self->json, sched_ ? "--sched" : NULL,	\
					sched_, NULL));					\
	self->result = json_load_file(self->json, 0, NULL);				\
	self->run = json_array_get(json_object_get(self->result, "runs"), 0);		\
	ASSERT_NE(NULL, self->run) TH_LOG("%s left no result of a run", (_scenario));	\
} while (0)

/*
 * It was judged, and it holds. A host that stole may leave it open: then the number is printed,
 * and it is no less than what a sane run can be spoilt by.
 */
static void expect_holds(struct __test_metadata *_metadata, json_t *run,
			 const struct point *points)
{
	const char *verdict = text(run, "verdict");
	bool open = !strcmp(verdict, "INCONCLUSIVE") && number(run, "steal_pct") >= STOLEN_PCT;

	if (open)
		ksft_print_msg("%s: INCONCLUSIVE with %.1f %% stolen: %s\n", text(run, "name"),
			       number(run, "steal_pct"), text(run, "reason"));
	else
		EXPECT_STREQ("PASS", verdict) TH_LOG("%s: %s", verdict, text(run, "reason"));
	for (int i = 0; i < POINTS_MAX && points[i].name; i++) {
		json_t *c = find_point(run, points[i].name);

		ASSERT_NE(NULL, c) TH_LOG("there is no point %s", points[i].name);
		print_point(run, c);
		if (open && !strcmp(text(c, "status"), "INCONCLUSIVE"))
			continue;
		EXPECT_STREQ("PASS", text(c, "status"))
			TH_LOG("%s: %s", points[i].name, text(c, "reason"));
	}
}

/* A line "not ok N NAME/POINT" of KTAP, or one that says that it is inconclusive. */
static bool has_line(const char *out, const char *name, const char *point, bool doubt)
{
	const char *rest = doubt ? " # SKIP inconclusive: " : "\n";
	const char *status = doubt ? "ok" : "not ok";
	char want[256];
	size_t len;

	snprintf(want, sizeof(want), " %s/%s%s", name, point, rest);
	for (const char *p = out; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		len = strlen(status);
		if (strncmp(p, status, len) || p[len] != ' ')
			continue;
		len += 1 + strspn(p + len + 1, "0123456789");
		if (!strncmp(p + len, want, strlen(want)))
			return true;
	}
	return false;
}

/* Exactly these points failed, each for its own reason; whatever else was judged holds. */
static void expect_fails(struct __test_metadata *_metadata, json_t *run,
			 const struct point *points, bool doubt)
{
	const char *status = doubt ? "INCONCLUSIVE" : "FAIL";
	const struct point *p;
	int failed = 0, all = 0;
	json_t *c;
	size_t i;

	EXPECT_STREQ(status, text(run, "verdict"));
	for (all = 0; all < POINTS_MAX && points[all].name; all++)
		;
	json_array_foreach(json_object_get(run, "checks"), i, c) {
		p = wanted(points, text(c, "name"));
		EXPECT_STREQ(p ? status : "PASS", text(c, "status"))
			TH_LOG("%s: %s", text(c, "name"), text(c, "reason"));
		if (!p)
			continue;
		failed++;
		print_point(run, c);
		EXPECT_STREQ(p->kind, text(c, "kind"));
		EXPECT_NE(NULL, strstr(text(c, "reason"), p->reason))
			TH_LOG("%s says \"%s\"", p->name, text(c, "reason"));
	}
	EXPECT_EQ(all, failed);
}

TEST_F_TIMEOUT(twin, holds_under_the_kernels_own, 90)
{
	RUN(variant->scenario, NULL);
	expect_holds(_metadata, self->run, variant->points);
}

TEST_F_TIMEOUT(twin, holds_under_scx_ktstr, 90)
{
	RUN(variant->under_scx ?: variant->scenario, "scx_ktstr");
	EXPECT_STREQ("ktstr", text(json_object_get(self->run, "sched_start"), "ops"));
	expect_holds(_metadata, self->run, variant->points);
}

TEST_F_TIMEOUT(twin, fails_when_it_should, 90)
{
	RUN(variant->bad ?: variant->scenario, variant->sched);
	EXPECT_EQ(variant->doubt ? 3 : 1, self->k.r.status);
	expect_fails(_metadata, self->run, variant->points, variant->doubt);
	for (int i = 0; i < POINTS_MAX && variant->points[i].name; i++) {
		const char *point = variant->points[i].name;

		EXPECT_TRUE(has_line(self->k.r.out, text(self->run, "name"), point, variant->doubt))
			TH_LOG("stdout has no line of %s", point);
	}
}

TEST_HARNESS_MAIN
