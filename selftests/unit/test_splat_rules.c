// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allow and deny files: what is an entry, what it matches, and what it does to a log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/splat.h"
#include "kselftest_harness.h"

#define TODAY 20261125u

FIXTURE(rules)
{
	struct splat_rules r;
	struct splat_log *log;
	struct ktstr_error e;
};

FIXTURE_SETUP(rules)
{
	memset(&self->r, 0, sizeof(self->r));
	self->log = calloc(1, sizeof(*self->log));
	ASSERT_NE(NULL, self->log);
	self->log->rules = &self->r;
}

FIXTURE_TEARDOWN(rules)
{
	splat_rules__free(&self->r);
	free(self->log);
}

#define PARSE(_deny, _text) \
	splat_rules__parse(&self->r, _text, strlen(_text), "f", _deny, TODAY, &self->e)

#define FEED(_text) splat__feed(self->log, SPLAT_FROM_DMSG, "<4,1,1>" _text "\n", \
				strlen("<4,1,1>" _text "\n"))

TEST(patterns_match_whole_lines)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "", "", true }, { "", "a", false }, { "a", "", false }, { "abc", "abc", true },
		{ "abc", "abcd", false }, { "bc", "abc", false }, { "*bc", "abc", true },
		{ "ab*", "abc", true }, { "a*c", "abbbc", true }, { "a*c", "abbbd", false },
		{ "a?c", "abc", true }, { "a?c", "ac", false }, { "*", "", true },
		{ "a**b", "ab", true }, { "*a*b*", "xxaxxbxx", true }, { "*ab", "aab", true },
		{ "*aab", "aaab", true }, { "a*", "b", false }, { "[a]", "[a]", true },
		{ "[a]", "a", false }, { "f+0x1/0x2(.*)", "f+0x1/0x2(.x)", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EXPECT_EQ(cases[i].matches,
			  splat_rules__matches(cases[i].pattern, cases[i].text))
			TH_LOG("\"%s\" on \"%s\"", cases[i].pattern, cases[i].text);
	}
}

/* With a matcher that tries every way this would outlive us all. */
TEST(a_hostile_line_costs_no_more_than_its_length)
{
	char pattern[SPLAT_PATTERN_MAX], text[SPLAT_LINE_MAX];

	for (size_t i = 0; i < sizeof(pattern) - 2; i += 2)
		memcpy(pattern + i, "*a", 2);
	strcpy(pattern + sizeof(pattern) - 2, "b");
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 1000; i++)
		EXPECT_FALSE(splat_rules__matches(pattern, text));
}

TEST_F(rules, an_entry_is_day_pattern_and_reason)
{
	ASSERT_EQ(0, PARSE(false, "# comment\n\n  2026-11-25\t\"WARNING: \\\"a\\\\b\\\" *\"  it is known  \r\n"
			   "2026-11-24 \"BUG: x\" gone by now"));
	ASSERT_EQ(2, self->r.nr);
	EXPECT_STREQ("WARNING: \"a\\b\" *", self->r.rules[0].pattern);
	EXPECT_STREQ("it is known", self->r.rules[0].reason);
	EXPECT_EQ(3, self->r.rules[0].line);
	EXPECT_EQ(20261125, self->r.rules[0].expires);
	EXPECT_FALSE(self->r.rules[0].expired);
	EXPECT_EQ(4, self->r.rules[1].line);
	EXPECT_TRUE(self->r.rules[1].expired);
}

TEST_F(rules, every_mistake_names_file_line_and_reason)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "\"WARNING: x\" reason", "f:1: an entry begins with the day" },
		{ "\n2026-1-05 \"x\" y", "f:2: an entry begins with the day" },
		{ "2026-13-01 \"x\" y", "f:1: there is no day 2026-13-01" },
		{ "2026-02-29 \"x\" y", "f:1: there is no day 2026-02-29" },
		{ "2026-00-10 \"x\" y", "there is no day" },
		{ "2026-01-00 \"x\" y", "there is no day" },
		{ "2026-01-01\"x\" y", "a blank must follow" },
		{ "2026-01-01", "a blank must follow" },
		{ "2026-01-01 x y", "a pattern in double quotes" },
		{ "2026-01-01 \"x y", "no closing quote" },
		{ "2026-01-01 \"x\\", "a backslash stands before" },
		{ "2026-01-01 \"x\\d\" y", "a backslash stands before" },
		{ "2026-01-01 \"\" y", "matches everything" },
		{ "2026-01-01 \"*?*\" y", "matches everything" },
		{ "2026-01-01 \"x\"", "a reason must follow" },
		{ "2026-01-01 \"x\"  \t ", "a reason must follow" },
		{ "2026-01-01 \"x\" a\033[2Jb", "a control character" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EXPECT_EQ(-EINVAL, PARSE(false, cases[i].text)) TH_LOG("%s", cases[i].text);
		EXPECT_NE(NULL, strstr(self->e.msg, cases[i].says))
			TH_LOG("\"%s\" lacks \"%s\"", self->e.msg, cases[i].says);
	}
	EXPECT_EQ(0, self->r.nr);
	EXPECT_EQ(0, PARSE(false, "2024-02-29 \"x\" a leap year"));
}

TEST_F(rules, too_much_of_anything_is_an_error)
{
	char text[4096];

	snprintf(text, sizeof(text), "2026-01-01 \"%0192d\" y", 1);
	EXPECT_EQ(-EINVAL, PARSE(false, text));
	EXPECT_NE(NULL, strstr(self->e.msg, "the pattern is longer"));
	snprintf(text, sizeof(text), "2026-01-01 \"x\" %0160d", 1);
	EXPECT_EQ(-EINVAL, PARSE(false, text));
	EXPECT_NE(NULL, strstr(self->e.msg, "the reason is longer"));
	snprintf(text, sizeof(text), "# %02000d", 1);
	EXPECT_EQ(-EINVAL, PARSE(false, text));
	EXPECT_NE(NULL, strstr(self->e.msg, "the line is longer"));
	EXPECT_EQ(-EINVAL, splat_rules__parse(&self->r, "a\0b\n", 4, "f", false, TODAY, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "NUL"));
	for (unsigned int i = 0; i < SPLAT_RULES_MAX; i++)
		ASSERT_EQ(0, PARSE(false, "2026-12-01 \"x\" y"));
	EXPECT_EQ(-EINVAL, PARSE(true, "2026-12-01 \"x\" y"));
	EXPECT_NE(NULL, strstr(self->e.msg, "more than 256 entries"));
}

TEST_F(rules, files_are_read_and_missing_ones_named)
{
	char path[] = "/tmp/ktstr-rules-XXXXXX";
	static const char text[] = "2026-12-01 \"x\" y\nnonsense\n";
	int fd = mkstemp(path);

	ASSERT_LE(0, fd);
	ASSERT_EQ((ssize_t)strlen(text), write(fd, text, strlen(text)));
	close(fd);
	EXPECT_EQ(-EINVAL, splat_rules__load(&self->r, path, true, TODAY, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, path));
	EXPECT_NE(NULL, strstr(self->e.msg, ":2: "));
	unlink(path);
	EXPECT_EQ(-ENOENT, splat_rules__load(&self->r, path, true, TODAY, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "--splat-deny: "));
	EXPECT_NE(NULL, strstr(self->e.msg, path));
}

TEST_F(rules, an_allowed_splat_is_none_and_its_neighbour_is)
{
	ASSERT_EQ(0, PARSE(false, "2026-12-01 \"WARNING: CPU: * at a.c:*\" known"));
	FEED("WARNING: CPU: 3 PID: 7 at a.c:12 f+0x1/0x2");
	EXPECT_EQ(0, self->log->nr);
	EXPECT_EQ(1, self->log->allowed);
	EXPECT_EQ(1, self->log->used[0]);
	FEED("WARNING: CPU: 3 PID: 7 at b.c:12 f+0x1/0x2");
	EXPECT_EQ(1, self->log->nr);
	EXPECT_EQ(NULL, self->log->splats[0].rule);
	EXPECT_EQ(1, self->log->used[0]);
}

TEST_F(rules, an_expired_entry_allows_nothing_and_is_named)
{
	ASSERT_EQ(0, PARSE(false, "2026-11-24 \"WARNING: *\" was known"));
	FEED("WARNING: CPU: 3 PID: 7 at a.c:12 f+0x1/0x2");
	ASSERT_EQ(1, self->log->nr);
	EXPECT_EQ(&self->r.rules[0], self->log->splats[0].rule);
	EXPECT_EQ(0, self->log->used[0]);
	/* Another one that is good outranks it. */
	ASSERT_EQ(0, PARSE(false, "2026-11-26 \"WARNING: *\" is known"));
	FEED("WARNING: CPU: 3 PID: 7 at b.c:12 f+0x1/0x2");
	EXPECT_EQ(1, self->log->nr);
	EXPECT_EQ(1, self->log->used[1]);
}

TEST_F(rules, a_denied_line_is_a_splat_whatever_allows_it)
{
	ASSERT_EQ(0, PARSE(false, "2026-12-01 \"WARNING: *\" known"));
	ASSERT_EQ(0, PARSE(true, "2026-12-01 \"*slow path*\" must not be taken\n"
			   "2020-01-01 \"old *\" denies on\n"));
	FEED("foo: taking the slow path now");
	ASSERT_EQ(1, self->log->nr);
	EXPECT_EQ(SPLAT_DENIED, self->log->splats[0].kind);
	EXPECT_EQ(&self->r.rules[1], self->log->splats[0].rule);
	FEED("WARNING: slow path");
	ASSERT_EQ(2, self->log->nr);
	EXPECT_EQ(SPLAT_WARNING, self->log->splats[1].kind);
	FEED("old line");
	EXPECT_EQ(3, self->log->nr);
	FEED("foo: taking the fast path now");
	EXPECT_EQ(3, self->log->nr);
	EXPECT_EQ(2, self->log->used[1]);
}

TEST_F(rules, what_a_process_writes_is_neither_denied_nor_allowed)
{
	static const char text[] = "<12,1,1>slow path\n";

	ASSERT_EQ(0, PARSE(true, "2026-12-01 \"*slow path*\" must not be taken"));
	splat__feed(self->log, SPLAT_FROM_DMSG, text, strlen(text));
	EXPECT_EQ(0, self->log->nr);
	EXPECT_EQ(0, self->log->used[0]);
}

TEST_F(rules, nothing_allows_a_panic)
{
	ASSERT_EQ(0, PARSE(false, "2026-12-01 \"Kernel panic*\" no"));
	FEED("Kernel panic - not syncing: x");
	EXPECT_EQ(1, self->log->nr);
	EXPECT_STREQ("Kernel panic - not syncing: x", self->log->panic);
}

TEST(today_is_a_day)
{
	uint32_t day = splat_rules__today();
	char buf[11];

	EXPECT_LT(20200101, day);
	EXPECT_EQ(10, strlen(splat_rules__date(day, buf)));
	EXPECT_STREQ("2027-01-31", splat_rules__date(20270131, buf));
}

TEST_HARNESS_MAIN
