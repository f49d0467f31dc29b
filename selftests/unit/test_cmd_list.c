// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr list": every test is there, aligned, and the same as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <ktstr/test.h>

#include "host/command.h"
#include "host/commands.h"
#include "unit.h"

FIXTURE(list)
{
	char out[1 << 18], err[4096];
	int status;
};

FIXTURE_SETUP(list)
{
}

FIXTURE_TEARDOWN(list)
{
}

static void take(FILE *f, int fd, int saved, char *text, size_t size)
{
	size_t n;

	dup2(saved, fd);
	close(saved);
	rewind(f);
	n = fread(text, 1, size - 1, f);
	text[n] = '\0';
	fclose(f);
}

static void run(struct _test_data_list *self, const char *words)
{
	FILE *out = tmpfile(), *err = tmpfile();
	struct strv v = { 0 };
	struct ktstr_error e;
	int saved[2];

	strv__add(&v, "list");
	if (*words)
		command__split(words, &v, &e);
	fflush(NULL);
	saved[0] = dup(STDOUT_FILENO);
	saved[1] = dup(STDERR_FILENO);
	dup2(fileno(out), STDOUT_FILENO);
	dup2(fileno(err), STDERR_FILENO);
	self->status = cmd_list(v.n, v.v);
	fflush(NULL);
	take(out, STDOUT_FILENO, saved[0], self->out, sizeof(self->out));
	take(err, STDERR_FILENO, saved[1], self->err, sizeof(self->err));
	strv__free(&v);
}

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

TEST_F(list, every_test_has_a_line_and_a_summary)
{
	const struct ktstr_test *t;
	unsigned int n = 0;

	run(self, "");
	EXPECT_EQ(0, self->status);
	for (; (t = ktstr_test__at(n)); n++) {
		char start[80];
		char *line;

		snprintf(start, sizeof(start), "%s ", t->name);
		line = strstr(self->out, start);
		ASSERT_NE(NULL, line) TH_LOG("%s", t->name);
		EXPECT_NE(NULL, strstr(line, t->summary)) TH_LOG("%s", t->name);
		EXPECT_LT(10, strlen(t->summary)) TH_LOG("%s", t->name);
	}
	EXPECT_EQ(n, lines(self->out));
}

TEST_F(list, columns_begin_at_the_same_place)
{
	size_t column = 0;

	run(self, "");
	for (char *line = strtok(self->out, "\n"); line; line = strtok(NULL, "\n")) {
		char name[80];
		const struct ktstr_test *t;
		size_t at;

		sscanf(line, "%79s", name);
		t = ktstr_test__find(name);
		ASSERT_NE(NULL, t);
		at = strstr(line + strlen(name), t->summary) - line;
		EXPECT_EQ(column ? column : at, at) TH_LOG("%s", line);
		column = at;
	}
}

TEST_F(list, patterns_and_tags_select)
{
	run(self, "'cpuset/*'");
	EXPECT_EQ(0, self->status);
	EXPECT_NE(NULL, strstr(self->out, "cpuset/swap  "));
	EXPECT_EQ(NULL, strstr(self->out, "steady"));
	run(self, "--tag cpuset,!change 'cpuset/*'");
	EXPECT_EQ(NULL, strstr(self->out, "cpuset/swap"));
	EXPECT_NE(NULL, strstr(self->out, "cpuset/partition"));
	run(self, "cpuset/llc");
	EXPECT_NE(NULL, strstr(self->out, "2 LLCs"));
	run(self, "sched/restart");
	EXPECT_NE(NULL, strstr(self->out, "--sched"));
}

TEST_F(list, json_has_the_same_and_more)
{
	json_t *o, *a, *t, *tags;
	size_t i;

	run(self, "--json");
	o = json_loads(self->out, 0, NULL);
	ASSERT_NE(NULL, o);
	a = json_object_get(o, "scenarios");
	json_array_foreach(a, i, t)
		EXPECT_NE(NULL, ktstr_test__find(json_string_value(json_object_get(t, "name"))));
	EXPECT_EQ(NULL, ktstr_test__at(i));
	json_decref(o);
	run(self, "--json cpuset/swap");
	o = json_loads(self->out, 0, NULL);
	t = json_array_get(json_object_get(o, "scenarios"), 0);
	tags = json_object_get(t, "tags");
	EXPECT_EQ(3, json_array_size(tags));
	EXPECT_STREQ("cpuset", json_string_value(json_array_get(tags, 0)));
	EXPECT_EQ(2, json_integer_value(json_object_get(json_object_get(t, "needs"), "cpus")));
	EXPECT_TRUE(json_is_null(json_object_get(t, "topology")));
	json_decref(o);
}

TEST_F(list, workloads_are_the_kinds_that_tests_may_use)
{
	const struct ktstr_work_kind *k;
	unsigned int n = 0;
	json_t *o;

	run(self, "--workloads");
	EXPECT_EQ(0, self->status);
	for (; (k = ktstr_work_kind__at(n)); n++)
		EXPECT_NE(NULL, strstr(self->out, k->summary));
	EXPECT_EQ(n, lines(self->out));
	run(self, "--workloads --json");
	o = json_loads(self->out, 0, NULL);
	EXPECT_EQ(n, json_array_size(json_object_get(o, "workloads")));
	json_decref(o);
}

TEST_F(list, what_is_wrong_is_said)
{
	static const char * const wrong[][2] = {
		{ "cpuset/swpa", "the nearest is cpuset/swap" }, { "--tag spinn", "did you mean spin?" },
		{ "--frob", "unknown option --frob" }, { "--tag", "a value is missing behind --tag" },
		{ "--workloads spin", "leave out the spin" },
		{ "--workloads --tag spin", "leave out the --tag" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		run(self, wrong[i][0]);
		EXPECT_EQ(2, self->status) TH_LOG("%s", wrong[i][0]);
		EXPECT_STREQ("", self->out);
		EXPECT_NE(NULL, strstr(self->err, wrong[i][1]))
			TH_LOG("%s: %s", wrong[i][0], self->err);
	}
}

TEST_HARNESS_MAIN
