// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every kind of work, as processes and as threads: it works, says so, stops when told, can be
 * killed wherever it is, and leaves nothing behind.
 */
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "work_rig.h"

#include "unit.h"

#define SETTLE_MS	20	/* no more units after this */

/* Reasons why a machine cannot run a kind begin with this; everything else is a bug. */
static const char needs[] = KTSTR_MACHINE_HAS;

static unsigned int entries(const char *path, const char *prefix)
{
	DIR *d = opendir(path);
	struct dirent *e;
	unsigned int n = 0;

	while (d && (e = readdir(d)))
		n += !strncmp(e->d_name, prefix, strlen(prefix));
	if (d)
		closedir(d);
	return n;
}

static unsigned int churned;

static int count_churned(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	churned += type == FTW_D && !strncmp(path + ftw->base, "ktstr-churn", 11);
	return 0;
}

static unsigned int churn_cgroups(void)
{
	churned = 0;
	nftw("/sys/fs/cgroup", count_churned, 16, FTW_PHYS);
	return churned;
}

struct leftovers {
	unsigned int fds, tmp, shm, cgroups;
};

static struct leftovers leftovers(void)
{
	return (struct leftovers){
		.fds = entries("/proc/self/fd", ""), .tmp = entries("/tmp", "ktstr-work"),
		.shm = entries("/dev/shm", ""),
		.cgroups = churn_cgroups(),
	};
}

FIXTURE(kind) {
	struct work_rig r;
	struct leftovers before;
};

FIXTURE_VARIANT(kind) {
	const char *name;
};

#define KIND_VARIANT(id, name_, ...) \
	FIXTURE_VARIANT_ADD(kind, id) { .name = name_ };
KTSTR_WORK_KINDS(KIND_VARIANT)

static void own_function(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w)) {
		ktstr_worker__compute(w, 10);
		ktstr_worker__unit(w);
		ktstr_worker__latency(w, 1);
	}
}

static const char *why(const struct work_rig *r)
{
	for (uint32_t i = 0; i < r->nr; i++)
		if (*r->w[i].failed)
			return r->w[i].failed;
	return "no reason given";
}

FIXTURE_SETUP(kind)
{
	/* Orphans come here, so that they are noticed. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	memset(&self->r, 0, sizeof(self->r));
	self->before = leftovers();
}

/* Processes that outlive their parents end by themselves, soon. */
static bool no_children(struct work_rig *r)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

FIXTURE_TEARDOWN(kind)
{
	struct leftovers after;

	rig__end(&self->r);
	for (int64_t end = deadline_ns(RIG_WAIT_MS); !no_children(&self->r) && now_ns() < end;)
		rig__nap();
	EXPECT_TRUE(no_children(&self->r));
	after = leftovers();
	EXPECT_EQ(after.fds, self->before.fds);
	EXPECT_EQ(after.tmp, self->before.tmp);
	EXPECT_EQ(after.shm, self->before.shm);
	EXPECT_EQ(after.cgroups, self->before.cgroups);
}

static bool measured(struct work_rig *r)
{
	return rig__all_worked(r) && (!r->kind->latency || rig__latencies(r));
}

static void expect_still(struct __test_metadata *_metadata, struct work_rig *r)
{
	uint64_t units[RIG_MAX];

	rig__stop(r);
	usleep(SETTLE_MS * 1000);
	for (uint32_t i = 0; i < r->nr; i++)
		units[i] = rig__units(r, i);
	usleep(SETTLE_MS * 1000);
	for (uint32_t i = 0; i < r->nr; i++)
		EXPECT_EQ(rig__units(r, i), units[i]);
}

static void expect_account(struct __test_metadata *_metadata, const struct work_rig *r)
{
	for (uint32_t i = 0; i < r->nr; i++) {
		const struct worker_account *a = &r->w[i].account;

		EXPECT_EQ(a->off_cpuset, 0);
		EXPECT_GT(a->max_gap_ns, 0);
		EXPECT_GE(a->max_gap_at_ns, r->w[i].start_ns + a->max_gap_ns);
		EXPECT_GE(a->samples, a->iterations);
		EXPECT_LE(worker__percentile(a, 50), worker__percentile(a, 99));
		EXPECT_LE(worker__percentile(a, 99.9), a->max_latency_ns);
		EXPECT_EQ(worker__percentile(a, 100), a->max_latency_ns);
		EXPECT_TRUE(!!r->kind->latency || !a->nr_latencies);
	}
}

/* A reason to skip the test, or NULL. */
static const char *run(struct __test_metadata *_metadata, struct work_rig *r,
		       const struct ktstr_work *work)
{
	ASSERT_EQ(0, rig__init(r, work)) {
		TH_LOG("%s", r->e.msg);
	}
	if (!rig__start(r) || !rig__until(r, measured)) {
		if (!strncmp(why(r), needs, strlen(needs)))
			return why(r);
		ASSERT_TRUE(false) {
			TH_LOG("%s: %s", work->kind, why(r));
			for (uint32_t i = 0; i < r->nr; i++)
				TH_LOG("worker %u: %lu units, %lu latencies", i, rig__units(r, i),
				       r->w[i].account.nr_latencies);
		}
	}
	expect_still(_metadata, r);
	expect_account(_metadata, r);
	return NULL;
}

static struct ktstr_work work_of(const char *name)
{
	return (struct ktstr_work){
		.kind = name,
		.fn = strcmp(name, KTSTR_WORK_FUNCTION) ? NULL : own_function,
	};
}

TEST_F_TIMEOUT(kind, works_as_processes, 120)
{
	struct ktstr_work work = work_of(variant->name);
	const char *reason = run(_metadata, &self->r, &work);

	if (reason)
		SKIP(return, "%s", reason);
}

TEST_F_TIMEOUT(kind, works_as_threads, 120)
{
	struct ktstr_work work = work_of(variant->name);
	const char *reason;

	work.threads = true;
	reason = run(_metadata, &self->r, &work);
	if (reason)
		SKIP(return, "%s", reason);
}

/* At any moment of its first milliseconds; the teardown looks for what is left. */
TEST_F_TIMEOUT(kind, can_be_killed_at_any_moment, 120)
{
	struct ktstr_work work = work_of(variant->name);

	for (unsigned int us = 0; us < 20000; us = us * 2 + 300) {
		if (us)
			rig__end(&self->r);
		memset(&self->r, 0, sizeof(self->r));
		ASSERT_EQ(0, rig__init(&self->r, &work));
		rig__start(&self->r);
		usleep(us);
	}
}

TEST(kinds_have_names_and_limits_that_make_sense)
{
	const struct ktstr_work_kind *k;
	unsigned int n = 0;

	for (; (k = ktstr_work_kind__at(n)); n++) {
		EXPECT_EQ(k, ktstr_work_kind__find(k->name));
		EXPECT_NE(NULL, work_ops__of(k)->run);
		EXPECT_GT(strlen(k->summary), 10);
		EXPECT_GE(k->group_min, 1);
		EXPECT_GE(k->group, k->group_min);
		EXPECT_TRUE(!k->group_max || k->group <= k->group_max);
	}
	EXPECT_GT(n, 40);
	EXPECT_EQ(NULL, ktstr_work_kind__at(UINT32_MAX));
}

TEST(a_kind_that_is_not_there_is_not_found)
{
	static const char * const wrong[] = { "", "spi", "spinn", "Spin", " spin", "spin " };

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		EXPECT_EQ(NULL, ktstr_work_kind__find(wrong[i]));
}

static int init_group(struct ktstr_group *g, const char *kind, uint32_t nr, struct ktstr_error *e)
{
	struct ktstr_work work = { .kind = kind };

	return worker_group__init(g, ktstr_work_kind__find(kind), &work, nr, e);
}

TEST(a_group_that_a_kind_cannot_have_is_refused)
{
	static const struct {
		const char *kind;
		uint32_t nr;
	} wrong[] = { { "pipe", 1 }, { "pipe", 3 }, { "futex", 0 }, { "herd", 1 },
		      { "io-convoy", 33 }, { "prio-inversion", 2 } };
	struct ktstr_group g;
	struct ktstr_error e;

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		EXPECT_EQ(-EINVAL, init_group(&g, wrong[i].kind, wrong[i].nr, &e));
		EXPECT_NE(NULL, strstr(e.msg, wrong[i].kind));
	}
}

TEST(the_largest_group_of_a_kind_can_be)
{
	struct ktstr_group g;
	struct ktstr_error e;

	EXPECT_EQ(0, init_group(&g, "io-convoy", 32, &e));
	EXPECT_EQ(g.nr, 32);
	EXPECT_EQ(g.nr_fds, 1);
	worker_group__close(&g);
	EXPECT_EQ(g.nr_fds, 0);
	worker_group__free(&g);
	/* Again is no harm. */
	worker_group__free(&g);
	EXPECT_EQ(0, init_group(&g, "herd", 1024, &e));
	EXPECT_GT(g.shared_bytes, 1024 * 64);
	worker_group__free(&g);
	EXPECT_EQ(NULL, g.shared);
}

/* All blanks and line ends as one blank: where lines end is the text's affair. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		if (*p != ' ' && *p != '\n')
			*to++ = *p;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	*to = '\0';
}

static size_t say(char *to, size_t at, const char *unit, uint32_t value)
{
	return at + (value ? (size_t)sprintf(to + at, unit, value) : 0);
}

/* The end of a kind's paragraph: what it takes, as the table has it. */
static void defaults(const struct ktstr_work_kind *k, char *to)
{
	size_t at = 0;

	if (k->group_min > 1)
		at = say(to, at, " Groups of %u", k->group);
	if (k->group_min > 1 && !k->group_max)
		at = say(to, at, " (%u or more).", k->group_min);
	else if (k->group_max > k->group_min)
		at += (size_t)sprintf(to + at, " (%u to %u).", k->group_min, k->group_max);
	else if (k->group_max)
		at += (size_t)sprintf(to + at, ".");
	at = say(to, at, " Busy %u us.", k->busy_us);
	at = say(to, at, " Idle %u us.", k->idle_us);
	at = say(to, at, " %u KiB.", k->kib);
	if (k->latency)
		sprintf(to + at, " Latencies: %s.", k->latency);
	else
		sprintf(to + at, " No latencies.");
}

/* The paragraph of a kind into @to; empty when there is none. */
static void paragraph(const char *text, const char *name, char *to, size_t size)
{
	char head[64];
	const char *p;

	snprintf(head, sizeof(head), "\n``%s``\n", name);
	p = strstr(text, head);
	snprintf(to, size, "%.*s", p ? (int)(strstr(p, "\n\n") - p) : 0, p ? p : "");
	squeeze(to);
}

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len >= n && !strcmp(s + len - n, end);
}

/* An installed test has no manual beside it. */
TEST(the_manual_says_what_the_table_says)
{
	const struct ktstr_work_kind *k;
	static char text[1 << 17];
	char facts[256], is[4096];
	FILE *f = fopen("Documentation/workloads.rst", "r");

	if (!f)
		SKIP(return, "no Documentation/workloads.rst below the current directory");
	strcpy(text + fread(text, 1, sizeof(text) - 4, f), "\n\n");
	fclose(f);
	for (unsigned int i = 0; (k = ktstr_work_kind__at(i)); i++) {
		paragraph(text, k->name, is, sizeof(is));
		defaults(k, facts);
		EXPECT_TRUE(ends_with(is, facts)) {
			TH_LOG("the paragraph on %s does not end with:%s", k->name, facts);
		}
	}
}

TEST_HARNESS_MAIN
