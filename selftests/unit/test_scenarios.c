// SPDX-License-Identifier: GPL-2.0-only
/*
 * The catalog: every test of it can be planned for the topologies that it says it needs,
 * and is in the documentation.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/scenario.h"

#include "unit.h"

static const struct ktstr_topology shapes[] = {
	{ 1, 1, 1, 1 }, { 1, 1, 2, 1 }, { 1, 2, 2, 1 }, { 1, 1, 2, 2 }, { 2, 2, 2, 1 }, { 2, 4, 4, 2 },
	{ 1, 3, 3, 1 }, { 4, 12, 8, 2 },
};

static int plan(const struct ktstr_test *t, const struct ktstr_topology *topology,
		struct ktstr_error *e)
{
	struct plan p = { .seed = 7, .duration_ms = 3000 };
	int ret;

	/* Some are about the scheduler under test. */
	if (strv__add(&p.sched, "scx_simple"))
		abort();
	ret = scenario__plan(t, topology, &p, e);
	plan__free(&p);
	return ret;
}

TEST(every_test_can_be_planned_wherever_it_says_so)
{
	const struct ktstr_test *t;
	struct ktstr_error e;

	for (unsigned int i = 0; (t = ktstr_test__at(i)); i++) {
		unsigned int planned = 0;

		for (size_t k = 0; k < ARRAY_SIZE(shapes); k++) {
			int ret = plan(t, &shapes[k], &e);

			EXPECT_TRUE(!ret || ret == -ENOTSUP) {
				TH_LOG("%s on shape %zu: %s", t->name, k, e.msg);
			}
			planned += !ret;
		}
		EXPECT_GT(planned, 0) {
			TH_LOG("%s: on no shape", t->name);
		}
	}
	EXPECT_GE(ktstr_test__find("steady") ? 1 : 0, 1);
}

TEST(there_are_fifty_and_more_with_names_of_their_own)
{
	unsigned int n = 0;

	while (ktstr_test__at(n))
		n++;
	EXPECT_GE(n, 50);
	EXPECT_EQ(NULL, ktstr_test__namesake());
}

TEST(each_has_a_summary_and_tags_and_is_in_the_documentation)
{
	static char text[64 << 10];
	const struct ktstr_test *t;
	FILE *f = fopen("Documentation/scenarios.rst", "r");
	char name[80];

	ASSERT_NE(NULL, f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	for (unsigned int i = 0; (t = ktstr_test__at(i)); i++) {
		snprintf(name, sizeof(name), "\n``%s``", t->name);
		EXPECT_NE(NULL, strstr(text, name)) {
			TH_LOG("Documentation/scenarios.rst does not have %s", t->name);
		}
		EXPECT_TRUE(t->summary && *t->summary && t->tags && *t->tags) {
			TH_LOG("%s has no summary or no tags", t->name);
		}
	}
}

TEST(what_a_topology_lacks_is_said)
{
	struct ktstr_topology one = { 1, 1, 1, 1 };
	struct ktstr_error e;

	EXPECT_EQ(-ENOTSUP, plan(ktstr_test__find("cpuset/swap"), &one, &e));
	EXPECT_STREQ("cpuset/swap needs at least 2 CPUs, the topology has 1", e.msg);
	EXPECT_EQ(-ENOTSUP, plan(ktstr_test__find("load/smt"), &one, &e));
	EXPECT_STREQ("load/smt needs at least 2 threads in a core, the topology has 1", e.msg);
	EXPECT_EQ(-ENOTSUP, plan(ktstr_test__find("numa/sweep"), &one, &e));
	EXPECT_STREQ("numa/sweep needs at least 2 nodes, the topology has 1", e.msg);
}

TEST_HARNESS_MAIN
