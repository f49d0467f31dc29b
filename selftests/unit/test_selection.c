// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which scenarios a command line means, and what it says when it means none.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <ktstr/nearest.h>

#include "host/command.h"
#include "host/selection.h"
#include "unit.h"

static const struct ktstr_test
	churn = { .name = "cgroup/churn", .tags = "cgroup slow" },
	resize = { .name = "cpuset/resize", .tags = "cpuset spin change" },
	swap = { .name = "cpuset/swap", .tags = "cpuset change" },
	steady = { .name = "steady", .tags = "spin" },
	plain = { .name = "untagged" };
static const struct ktstr_test *all[] = { &churn, &resize, &swap, &steady, &plain, NULL };
static const struct catalog catalog = { .v = all, .n = 5 };

FIXTURE(selection)
{
	struct strv words, tags, names;
	struct ktstr_error e;
	char text[512];
};

FIXTURE_SETUP(selection)
{
	memset(self, 0, sizeof(*self));
}

static void drop(struct _test_data_selection *self)
{
	strv__free(&self->words);
	strv__free(&self->tags);
	strv__free(&self->names);
	self->e.msg[0] = '\0';
}

FIXTURE_TEARDOWN(selection)
{
	drop(self);
}

/* What they select, with blanks between; @tags: a word for each --tag. */
static int make(struct _test_data_selection *self, const char *words, const char *tags)
{
	int ret;

	drop(self);
	if (*words)
		command__split(words, &self->words, &self->e);
	if (*tags)
		command__split(tags, &self->tags, &self->e);
	ret = selection__make(&catalog, &self->words, &self->tags, &self->names, &self->e);
	self->text[0] = '\0';
	for (size_t i = 0; i < self->names.n; i++) {
		strcat(self->text, i ? " " : "");
		strcat(self->text, self->names.v[i]);
	}
	return ret;
}

static const char * const good[][3] = {
	{ "steady", "", "steady" },
	{ "steady steady", "", "steady steady" },
	{ "steady cpuset/swap", "", "steady cpuset/swap" },
	{ "cpuset/*", "", "cpuset/resize cpuset/swap" },
	{ "'*'", "", "cgroup/churn cpuset/resize cpuset/swap steady untagged" },
	{ "'*s*a*'", "", "cpuset/swap steady" },
	{ "'cpuset/[rs]*'", "", "cpuset/resize cpuset/swap" },
	{ "'stead?'", "", "steady" },
	/* A glob adds what is not there; a name counts as often as it is written. */
	{ "cpuset/swap 'cpuset/*'", "", "cpuset/swap cpuset/resize" },
	{ "'cpuset/*' cpuset/swap", "", "cpuset/resize cpuset/swap cpuset/swap" },
	{ "'cpuset/*' 'cpuset/*'", "", "cpuset/resize cpuset/swap" },
	{ "", "", "cgroup/churn cpuset/resize cpuset/swap steady untagged" },
	{ "", "cpuset", "cpuset/resize cpuset/swap" },
	{ "", "spin,slow", "cgroup/churn cpuset/resize steady" },
	{ "", "spin change", "cpuset/resize" },
	{ "", "!slow", "cpuset/resize cpuset/swap steady untagged" },
	{ "", "!slow,!spin", "cpuset/swap untagged" },
	{ "", "cpuset,!spin", "cpuset/swap" },
	{ "'c*'", "!slow", "cpuset/resize cpuset/swap" },
	{ "steady", "spin", "steady" },
};

TEST_F(selection, names_globs_and_tags)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		ASSERT_EQ(0, make(self, good[i][0], good[i][1]))
			TH_LOG("%s | %s: %s", good[i][0], good[i][1], self->e.msg);
		EXPECT_STREQ(good[i][2], self->text) TH_LOG("%s | %s", good[i][0], good[i][1]);
	}
}

static const char * const wrong[][3] = {
	{ "stedy", "", "there is no scenario stedy; the nearest is steady" },
	{ "cpuste/swap", "", "the nearest is cpuset/swap" },
	{ "nothing-like-it", "", "there is no scenario nothing-like-it; see ktstr list" },
	{ "cpuset", "", "cpuset is a group of scenarios; for all of them say 'cpuset/*'" },
	{ "steady 'cpust/*'", "", "no scenario matches cpust/*; the nearest is cpuset/resize" },
	{ "'x/*/y/*/z'", "", "no scenario matches x/*/y/*/z; see ktstr list" },
	{ "''", "", "there is no scenario ; see ktstr list" },
	/* A prefix of a tag is no tag, nor is one with a byte more. */
	{ "", "spi", "no scenario has the tag \"spi\"; did you mean spin?" },
	{ "", "spinn", "no scenario has the tag \"spinn\"; did you mean spin?" },
	/* It would run everything. */
	{ "", "!slwo", "no scenario has the tag \"slwo\"; did you mean slow?" },
	{ "", "spin,unheard-of", "unheard-of\"; see ktstr list --json for the tags" },
	{ "steady", "slow", "--tag leaves nothing of steady" },
	{ "steady cgroup/churn", "!slow", "--tag leaves nothing of cgroup/churn" },
	{ "'cpuset/*'", "slow", "--tag leaves nothing of cpuset/*" },
	{ "", "slow spin", "--tag leaves nothing of *" },
	{ "", ",", "is no list of tags" }, { "", "!", "is no list of tags" },
	{ "", "spin,!", "is no list of tags" }, { "", "!,spin", "is no list of tags" },
};

TEST_F(selection, what_selects_nothing_is_an_error_that_helps)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, make(self, wrong[i][0], wrong[i][1]))
			TH_LOG("%s | %s", wrong[i][0], wrong[i][1]);
		EXPECT_NE(NULL, strstr(self->e.msg, wrong[i][2]))
			TH_LOG("%s | %s: %s", wrong[i][0], wrong[i][1], self->e.msg);
	}
}

TEST_F(selection, there_is_an_end_to_names)
{
	for (unsigned int i = 0; i <= SELECTION_MAX; i++)
		ASSERT_EQ(0, strv__add(&self->words, "steady"));
	EXPECT_EQ(-EINVAL, selection__make(&catalog, &self->words, &self->tags, &self->names,
					   &self->e));
	EXPECT_EQ(SELECTION_MAX, self->names.n);
	EXPECT_NE(NULL, strstr(self->e.msg, "more than 1000 scenarios"));
}

TEST_F(selection, very_long_words_get_no_advice_and_do_no_harm)
{
	char word[5000];

	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	strv__add(&self->words, word);
	EXPECT_EQ(-EINVAL, selection__make(&catalog, &self->words, &self->tags, &self->names,
					   &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "aaaa; see ktstr list"));
}

TEST(linked_tests_are_in_the_order_of_their_names)
{
	struct ktstr_error e;
	struct catalog c;

	ASSERT_EQ(0, catalog__linked(&c, &e));
	ASSERT_LT(1, c.n);
	for (size_t i = 1; i < c.n; i++) {
		EXPECT_GT(0, strcmp(c.v[i - 1]->name, c.v[i]->name)) TH_LOG("%s", c.v[i]->name);
	}
	EXPECT_EQ(NULL, c.v[c.n]);
	catalog__free(&c);
}

TEST(distance_counts_changes)
{
	static const struct {
		const char *word, *name;
		unsigned int distance;
	} d[] = {
		{ "", "", 0 }, { "", "abc", 3 }, { "abc", "", 3 }, { "abc", "abc", 0 },
		{ "abc", "abd", 1 }, { "abc", "acb", 1 }, { "abc", "ab", 1 }, { "abc", "abcd", 1 },
		{ "kitten", "sitting", 3 }, { "ca", "abc", 3 },
		{ "*", "anything", 0 }, { "a*c", "abbbc", 0 }, { "a*c", "abbbd", 1 }, { "*", "", 0 },
		{ "a?c", "abc", 0 }, { "?", "", 1 }, { "cpust/*", "cpuset/swap", 1 },
	};
	char longest[NEAREST_BYTES_MAX + 2];

	for (size_t i = 0; i < ARRAY_SIZE(d); i++) {
		EXPECT_EQ(d[i].distance, nearest__distance(d[i].word, d[i].name))
			TH_LOG("%s %s", d[i].word, d[i].name);
	}
	memset(longest, 'x', sizeof(longest));
	longest[NEAREST_BYTES_MAX + 1] = '\0';
	EXPECT_EQ(UINT_MAX, nearest__distance(longest, "x"));
	EXPECT_EQ(UINT_MAX, nearest__distance("x", longest));
	longest[NEAREST_BYTES_MAX] = '\0';
	EXPECT_EQ(NEAREST_BYTES_MAX - 1, nearest__distance(longest, "x"));
	EXPECT_EQ(NEAREST_BYTES_MAX - 1, nearest__distance("x", longest));
	EXPECT_EQ(0, nearest__distance(longest, longest));
}

TEST_HARNESS_MAIN
