// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr report" as a user calls it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "events_feed.h"
#include "host/commands.h"
#include "host/command.h"
#include "host/events_json.h"

static struct ktstr_error said;

/* main.c has it for the others. */
int command_fail(const struct ktstr_error *e)
{
	said = *e;
	return 2;
}

int command_wants_help(int argc, char **argv)
{
	return argc > 1 && !strcmp(argv[1], "--help");
}

FIXTURE(report)
{
	char dir[32];
	char file[64];
	char out[1 << 20];
};

/* All of a run's events in @path, or a part of them; return: 0 or a negative errno */
static int write_events(const char *path, bool part)
{
	struct guest *g = guest_new();
	struct event_file w;
	json_t *host = json_pack("{s:s}", "name", "steady");
	FILE *f = fopen(path, "we");
	int ret;

	event_file__begin(&w, f, 0, host);
	g->takers[0] = event_file__frame;
	g->args[0] = &w;
	if (part)
		guest_part_run(g, 0xffffe, KTSTR_FILTER_CPUS);
	else
		guest_run(g);
	ret = event_file__end(&w);
	fclose(f);
	free(g);
	json_decref(host);
	return ret;
}

FIXTURE_SETUP(report)
{
	strcpy(self->dir, "/tmp/ktstr-report-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->file, sizeof(self->file), "%s/events.ktstr", self->dir);
	ASSERT_EQ(0, write_events(self->file, false));
	said.msg[0] = '\0';
}

FIXTURE_TEARDOWN(report)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", self->dir);
	EXPECT_EQ(0, system(cmd));
}

/* Run with these words; what it prints on stdout goes to @out. Return: exit status. */
static int report(const char *words, const char *dir, char *out, size_t size)
{
	int keep = dup(STDOUT_FILENO), fd = memfd_create("stdout", MFD_CLOEXEC), ret;
	struct strv v = { 0 };
	ssize_t n;

	strv__add(&v, "report");
	if (*words)
		command__split(words, &v, NULL);
	if (dir)
		strv__add(&v, dir);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	ret = cmd_report(v.n, v.v);
	fflush(stdout);
	dup2(keep, STDOUT_FILENO);
	n = pread(fd, out, size - 1, 0);
	out[n > 0 ? n : 0] = '\0';
	close(keep);
	close(fd);
	strv__free(&v);
	return ret;
}

TEST_F(report, tables_and_a_page_without_an_option)
{
	char path[64];
	struct stat st;

	EXPECT_EQ(0, report("", self->dir, self->out, sizeof(self->out))) TH_LOG("%s", said.msg);
	EXPECT_EQ(&self->out[0], strstr(self->out, "ktstr: steady\n"));
	EXPECT_NE(NULL, strstr(self->out, "Events: 12 in 4 frames; none missing\n"))
		TH_LOG("%s", self->out);
	snprintf(path, sizeof(path), "%s/report.html", self->dir);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_LT(5000, st.st_size);
}

TEST_F(report, a_page_goes_to_its_file)
{
	char words[96], path[64];
	struct stat st;

	snprintf(path, sizeof(path), "%s/page", self->dir);
	snprintf(words, sizeof(words), "--html %s", path);
	EXPECT_EQ(0, report(words, self->dir, self->out, sizeof(self->out))) TH_LOG("%s", said.msg);
	EXPECT_STREQ("", self->out);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_LT(5000, st.st_size);
	EXPECT_EQ(2, report("--html /dev/full", self->dir, self->out, sizeof(self->out)));
	EXPECT_NE(NULL, strstr(said.msg, "/dev/full"));
}

TEST_F(report, text_alone_writes_no_file)
{
	char path[64];

	EXPECT_EQ(0, report("--text", self->dir, self->out, sizeof(self->out)));
	EXPECT_NE(NULL, strstr(self->out, "Events: 12 in 4 frames"));
	snprintf(path, sizeof(path), "%s/report.html", self->dir);
	EXPECT_NE(0, access(path, F_OK));
}

TEST_F(report, json_is_one_object_and_nothing_else)
{
	json_t *o;

	EXPECT_EQ(0, report("--json", self->dir, self->out, sizeof(self->out)));
	o = json_loads(self->out, 0, NULL);
	ASSERT_NE(NULL, o) TH_LOG("%s", self->out);
	EXPECT_EQ(12, json_integer_value(json_object_get(o, "received")));
	json_decref(o);
}

TEST_F(report, a_part_of_the_events_has_no_page)
{
	char path[64], words[96];

	ASSERT_EQ(0, write_events(self->file, true));
	EXPECT_EQ(0, report("", self->dir, self->out, sizeof(self->out))) TH_LOG("%s", said.msg);
	EXPECT_NE(NULL, strstr(self->out, "no figures: they need every event"))
		TH_LOG("%s", self->out);
	snprintf(path, sizeof(path), "%s/report.html", self->dir);
	EXPECT_NE(0, access(path, F_OK));
	snprintf(words, sizeof(words), "--html %s", path);
	EXPECT_EQ(2, report(words, self->dir, self->out, sizeof(self->out)));
	EXPECT_NE(NULL, strstr(said.msg, "only a part of the events was recorded"))
		TH_LOG("%s", said.msg);
	EXPECT_NE(0, access(path, F_OK));
}

TEST_F(report, a_trace_goes_to_its_file)
{
	char words[96], path[64];
	struct stat st;

	snprintf(path, sizeof(path), "%s/t", self->dir);
	snprintf(words, sizeof(words), "--trace %s", path);
	EXPECT_EQ(0, report(words, self->dir, self->out, sizeof(self->out)));
	EXPECT_STREQ("", self->out);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_LT(500, st.st_size);
}

TEST_F(report, what_cannot_be_written_is_said)
{
	EXPECT_EQ(2, report("--trace /dev/full", self->dir, self->out, sizeof(self->out)));
	EXPECT_NE(NULL, strstr(said.msg, "/dev/full: No space left"));
	EXPECT_EQ(2, report("--trace /nonexistent/t", self->dir, self->out, sizeof(self->out)));
	EXPECT_NE(NULL, strstr(said.msg, "/nonexistent/t"));
}

TEST_F(report, a_cut_file_is_still_worth_its_tables)
{
	struct stat st;

	ASSERT_EQ(0, stat(self->file, &st));
	ASSERT_EQ(0, truncate(self->file, st.st_size - 300));
	EXPECT_EQ(0, report("--text", self->dir, self->out, sizeof(self->out)));
	EXPECT_NE(NULL, strstr(self->out, "Events: 12 in 4 frames"));
	EXPECT_NE(NULL, strstr(self->out, "no final account"));
	ASSERT_EQ(0, truncate(self->file, 20));
	EXPECT_EQ(2, report("--text", self->dir, self->out, sizeof(self->out)));
	EXPECT_NE(NULL, strstr(said.msg, self->file));
	EXPECT_STREQ("", self->out);
}

static int write_text(const char *dir, const char *name, const char *text)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	return f && fputs(text, f) >= 0 && !fclose(f) ? 0 : -errno;
}

TEST_F(report, statistics_stand_below_the_events)
{
	ASSERT_EQ(0, write_text(self->dir, "stats.jsonl", "{\"time_ns\":1,\"stats\":{\"nr\":4}}\n"));
	EXPECT_EQ(0, report("--text", self->dir, self->out, sizeof(self->out)));
	EXPECT_LT(strstr(self->out, "Events: 12 in 4 frames"),
		  strstr(self->out, "\nScheduler statistics: 1 samples"));
}

TEST_F(report, statistics_are_reported_without_events)
{
	ASSERT_EQ(0, write_text(self->dir, "stats.jsonl", "{\"time_ns\":1,\"stats\":{\"nr\":4}}\n"));
	ASSERT_EQ(0, unlink(self->file));
	EXPECT_EQ(0, report("", self->dir, self->out, sizeof(self->out)));
	EXPECT_EQ(&self->out[0], strstr(self->out, "Scheduler statistics: 1 samples"));
	/* These are of events. */
	EXPECT_EQ(2, report("--json", self->dir, self->out, sizeof(self->out)));
	EXPECT_NE(NULL, strstr(said.msg, "there is no "));
	EXPECT_EQ(2, report("--text --html x", self->dir, self->out, sizeof(self->out)));
	EXPECT_NE(NULL, strstr(said.msg, "there is no "));
}

/* The input is opened for writing before it is read. */
TEST_F(report, the_events_are_not_overwritten_by_what_is_made_of_them)
{
	static const char * const options[] = {
		"--trace %s", "--html %s", "--trace %s/../%s/events.ktstr",
	};
	struct stat before, after;
	char words[128];

	ASSERT_EQ(0, stat(self->file, &before));
	for (size_t i = 0; i < 3; i++) {
		snprintf(words, sizeof(words), options[i], i < 2 ? self->file : self->dir,
			 strrchr(self->dir, '/') + 1);
		EXPECT_EQ(2, report(words, self->dir, self->out, sizeof(self->out)));
		EXPECT_NE(NULL, strstr(said.msg, "the file with the events"));
		ASSERT_EQ(0, stat(self->file, &after));
		EXPECT_EQ(before.st_size, after.st_size);
	}
}

TEST_F(report, wrong_words_are_named)
{
	static const char * const wrong[][2] = {
		{ "", "needs one DIR" }, { "a b", "needs one DIR" }, { "--frob x", "--frob" },
		{ "--html", "--html needs a value" }, { "--text --json x", "choose one" },
		{ "/nonexistent", "/nonexistent/events.ktstr" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		EXPECT_EQ(2, report(wrong[i][0], NULL, self->out, sizeof(self->out)));
		EXPECT_NE(NULL, strstr(said.msg, wrong[i][1])) TH_LOG("%s: %s", wrong[i][0], said.msg);
	}
	EXPECT_EQ(0, report("--help", NULL, self->out, sizeof(self->out)));
	EXPECT_EQ(&self->out[0], strstr(self->out, "usage: ktstr report"));
}

TEST_HARNESS_MAIN
