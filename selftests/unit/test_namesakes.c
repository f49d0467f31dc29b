// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program in which two tests have one name.
 */
#include <errno.h>
#include <string.h>

#include <ktstr/test.h>

#include "host/selection.h"
#include "unit.h"

KTSTR_SCENARIO(first, "twins/same", .summary = "one of two",
	.ops = KTSTR_OPS(KTSTR_CGROUP("a"), KTSTR_HOLD(100)));
KTSTR_SCENARIO(second, "twins/same", .summary = "the other",
	.ops = KTSTR_OPS(KTSTR_CGROUP("b"), KTSTR_HOLD(100)));

TEST(two_tests_of_one_name_are_refused)
{
	struct ktstr_error e;
	struct catalog c;

	EXPECT_EQ(-EEXIST, catalog__linked(&c, &e));
	EXPECT_NE(NULL, strstr(e.msg, "two tests are called twins/same")) TH_LOG("%s", e.msg);
	catalog__free(&c);
}

TEST_HARNESS_MAIN
