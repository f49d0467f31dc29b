// SPDX-License-Identifier: GPL-2.0-only
/*
 * iasl -d (Debian: acpica-tools) reads every table of every shape without a remark, in one
 * run for all of a shape.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftests/shapes.h"
#include "acpi_read.h"
#include "unit.h"

#define NAME_MAX_LEN	64

#define RAM_LOW		(3ull << 30)
#define RAM_HIGH	(1ull << 30)

FIXTURE(iasl)
{
	char dir[32];
	struct ktstr_topology t;
	struct acpi_blob b;
	char *text;
};

FIXTURE_SETUP(iasl)
{
	memset(self, 0, sizeof(*self));
	strcpy(self->dir, "/tmp/ktstr-acpi.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
}

static void table_path(char *path, size_t len, const char *dir, const struct acpi_blob *b,
		       unsigned int n, const char *suffix)
{
	snprintf(path, len, "%s/%.4s.%s", dir, b->data + b->off[n], suffix);
}

static void remove_tables(const char *dir, const struct acpi_blob *b)
{
	char path[NAME_MAX_LEN];

	for (unsigned int n = 0; n < b->nr; n++) {
		table_path(path, sizeof(path), dir, b, n, "aml");
		unlink(path);
		table_path(path, sizeof(path), dir, b, n, "dsl");
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/log", dir);
	unlink(path);
}

FIXTURE_TEARDOWN(iasl)
{
	remove_tables(self->dir, &self->b);
	rmdir(self->dir);
	free(self->text);
	acpi__free(&self->b);
	ktstr_topology__free(&self->t);
}

static int write_tables(const char *dir, const struct acpi_blob *b)
{
	for (unsigned int n = 0; n < b->nr; n++) {
		const uint8_t *p = b->data + b->off[n];
		char path[NAME_MAX_LEN];
		size_t done;
		FILE *f;

		table_path(path, sizeof(path), dir, b, n, "aml");
		f = fopen(path, "w");
		if (!f)
			return -errno;
		done = fwrite(p, 1, get32(p + 4), f);
		if (fclose(f) || done != get32(p + 4))
			return -EIO;
	}
	return 0;
}

/* Return: exit status, 127 without iasl, -1 when it did not end by itself. */
static int run_iasl(const char *dir, const struct acpi_blob *b)
{
	char names[ACPI_TABLES_MAX][16], *argv[ACPI_TABLES_MAX + 3] = { "iasl", "-d" };
	int status;
	pid_t pid;

	for (unsigned int n = 0; n < b->nr; n++) {
		snprintf(names[n], sizeof(names[n]), "%.4s.aml", b->data + b->off[n]);
		argv[n + 2] = names[n];
	}
	pid = fork();
	if (!pid) {
		int fd = chdir(dir) ? -1 : open("log", O_WRONLY | O_CREAT | O_TRUNC, 0600);

		if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
			_exit(126);
		execvp("iasl", argv);
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t room = 4 << 20;
	char *text = calloc(1, room);

	if (f && text)
		text[fread(text, 1, room - 1, f)] = '\0';
	if (f)
		fclose(f);
	return text;
}

/* What iasl writes about, or into the listing of, a table that it cannot make sense of. */
static bool complains(const char *text)
{
	static const char * const remarks[] = { "Invalid", "Incorrect", "Unknown", "**** ", "Error",
						"rror:", "Warning", "Remark", "Could not" };

	for (size_t i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++)
		if (strstr(text, remarks[i]))
			return true;
	return !*text;
}

TEST_F_TIMEOUT(iasl, reads_every_table_of_every_shape, 60)
{
	char path[NAME_MAX_LEN];

	for (size_t i = 0; i < NR_SHAPES; i++) {
		int status;

		remove_tables(self->dir, &self->b);
		ASSERT_EQ(0, acpi_remake(&self->t, &self->b, &shapes[i], RAM_LOW, RAM_HIGH));
		ASSERT_EQ(0, write_tables(self->dir, &self->b));
		status = run_iasl(self->dir, &self->b);
		if (status == 127)
			SKIP(return, "iasl is not installed (Debian: acpica-tools)");
		EXPECT_EQ(0, status);
		snprintf(path, sizeof(path), "%s/log", self->dir);
		self->text = slurp(path);
		EXPECT_FALSE(complains(self->text)) TH_LOG("%s: %s", shapes[i].name, self->text);
		for (unsigned int n = 0; n < self->b.nr; n++) {
			free(self->text);
			table_path(path, sizeof(path), self->dir, &self->b, n, "dsl");
			self->text = slurp(path);
			EXPECT_FALSE(complains(self->text)) {
				TH_LOG("%s, %s:\n%.20000s", shapes[i].name, path, self->text);
			}
		}
		free(self->text);
		self->text = NULL;
	}
}

static uint32_t count(const char *text, const char *what)
{
	uint32_t n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

TEST_F(iasl, finds_every_device_in_the_dsdt)
{
	struct shape s = { "2,2,8,2" };
	char path[NAME_MAX_LEN];

	ASSERT_EQ(0, acpi_remake(&self->t, &self->b, &s, RAM_LOW, RAM_HIGH));
	ASSERT_EQ(0, write_tables(self->dir, &self->b));
	if (run_iasl(self->dir, &self->b) == 127)
		SKIP(return, "iasl is not installed (Debian: acpica-tools)");
	snprintf(path, sizeof(path), "%s/DSDT.dsl", self->dir);
	self->text = slurp(path);
	EXPECT_EQ(1, count(self->text, "\"LNRO0005\""));
	EXPECT_EQ(2, count(self->text, "EisaId (\"PNP0501\")"));
	EXPECT_EQ(1, count(self->text, "0xD0000000"));
	EXPECT_LE(1, count(self->text, "0x03F8"));
	EXPECT_LE(1, count(self->text, "0x02F8"));
	EXPECT_EQ(1, count(self->text, "Name (_S5, Package (0x04)"));
	EXPECT_EQ(1, count(self->text, "EisaId (\"PNP0C0C\")"));
	EXPECT_EQ(1, count(self->text, "\"ACPI0013\""));
	EXPECT_EQ(1, count(self->text, "Method (_EVT, 1,"));
	EXPECT_EQ(1, count(self->text, "Notify (PWRB, 0x80)"));
	EXPECT_EQ(32, count(self->text, "\"ACPI0007\""));
	EXPECT_EQ(1, count(self->text, "Device (C01F)"));
	EXPECT_EQ(1, count(self->text, "Name (_UID, 0x001F)"));
}

/* The test above must be able to fail. */
TEST_F(iasl, complains_of_a_table_with_one_wrong_byte)
{
	struct shape s = { "2,2,1,1" };
	char path[NAME_MAX_LEN];
	bool unhappy = false;
	uint8_t *srat;

	ASSERT_EQ(0, acpi_remake(&self->t, &self->b, &s, RAM_LOW, RAM_HIGH));
	srat = (uint8_t *)acpi_find(&self->b, "SRAT");
	ASSERT_NE(NULL, srat);
	srat[48] = 0x77;
	ASSERT_EQ(0, write_tables(self->dir, &self->b));
	if (run_iasl(self->dir, &self->b) == 127)
		SKIP(return, "iasl is not installed (Debian: acpica-tools)");
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", self->dir, i ? "SRAT.dsl" : "log");
		free(self->text);
		self->text = slurp(path);
		unhappy |= complains(self->text);
	}
	EXPECT_TRUE(unhappy);
}

TEST_HARNESS_MAIN
