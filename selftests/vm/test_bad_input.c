// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad input ends at once: exit status 2, one sentence on stderr that names the
 * thing, nothing on stdout, no machine started. No KVM is needed for these.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"

/* "At once": far less than it takes to boot anything. */
#define AT_ONCE_S 5

FIXTURE(bad)
{
	struct ktstr_run k;
	char path[160];
};

FIXTURE_SETUP(bad)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(self->path, sizeof(self->path), "%s/file", self->k.dir);
}

FIXTURE_TEARDOWN(bad)
{
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

static int one_line(const char *s)
{
	const char *nl = strchr(s, '\n');

	return nl && nl != s && !nl[1];
}

/* Refused: status 2, one sentence that names @_named, nothing else. */
#define REFUSED(_named, ...) do {							\
	ASSERT_EQ(0, ktstr_run__command(&self->k, 60, NULL, 0, __VA_ARGS__, NULL));	\
	EXPECT_EQ(2, self->k.r.status);							\
	EXPECT_STREQ("", self->k.r.out);						\
	EXPECT_NE(NULL, strstr(self->k.r.err, _named))					\
		TH_LOG("stderr does not name \"%s\"", _named);				\
	EXPECT_TRUE(one_line(self->k.r.err)) TH_LOG("stderr is not one line");		\
	EXPECT_GT(AT_ONCE_S, self->k.r.seconds);					\
} while (0)

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
	chmod(path, mode);
}

TEST_F(bad, no_such_kernel)
{
	REFUSED("/nonexistent/vmlinux", "run", "--kernel", "/nonexistent/vmlinux");
}

TEST_F(bad, kernel_is_a_text_file)
{
	write_file(self->path, "hello, this is no kernel at all\n", 0644);
	REFUSED(self->path, "run", "--kernel", self->path);
}

TEST_F(bad, kernel_is_empty)
{
	write_file(self->path, "", 0644);
	REFUSED(self->path, "run", "--kernel", self->path);
}

TEST_F(bad, kernel_is_a_directory)
{
	REFUSED(self->k.dir, "run", "--kernel", self->k.dir);
}

TEST_F(bad, kernel_is_an_ordinary_program)
{
	REFUSED("/bin/true", "run", "--kernel", "/bin/true");
}

TEST_F(bad, kernel_without_virtio_console)
{
	const char *kernel = getenv("KTSTR_NO_VIRTIO");

	ASSERT_NE(NULL, kernel) TH_LOG("KTSTR_NO_VIRTIO is not set: run me through selftests/vm/run");
	REFUSED("VIRTIO", "run", "--kernel", kernel);
}

TEST_F(bad, kernel_without_sched_ext)
{
	const char *kernel = getenv("KTSTR_NO_SCX");

	ASSERT_NE(NULL, kernel) TH_LOG("KTSTR_NO_SCX is not set: run me through selftests/vm/run");
	REFUSED("SCHED_CLASS_EXT", "run", "--sched", "scx_simple", "--kernel", kernel);
}

TEST_F(bad, scheduler_does_not_exist)
{
	REFUSED("scx_nonesuch", "run", "--sched", "scx_nonesuch");
}

TEST_F(bad, scheduler_is_not_executable)
{
	write_file(self->path, "#!/bin/sh\n", 0644);
	REFUSED(self->path, "run", "--sched", self->path);
}

TEST_F(bad, scheduler_is_a_directory)
{
	REFUSED(self->k.dir, "run", "--sched", self->k.dir);
}

TEST_F(bad, scheduler_lacks_a_library)
{
	const char *needy = getenv("KTSTR_NEEDY");

	ASSERT_NE(NULL, needy) TH_LOG("KTSTR_NEEDY is not set: run me through selftests/vm/run");
	REFUSED("libktstr_gone.so", "run", "--sched", needy);
}

TEST_F(bad, scheduler_with_an_open_quote)
{
	REFUSED("quote", "run", "--sched", "sh -c \"exit 1");
}

TEST_F(bad, scheduler_is_empty)
{
	REFUSED("--sched", "run", "--sched", "");
}

TEST_F(bad, topology_out_of_range)
{
	static const char *const wrong[] = {
		"", "1", "1,1,1", "0,1,1,1", "1,0,1,1", "2,3,1,1", "1,1,1,1,1", "1,1,1,x",
		"1,1,-1,1", "4294967297,1,1,1", "1,1,65536,65536", "1,1,3000,1", "1, 1,1,1",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		REFUSED("topology", "run", "--topology", wrong[i]);
}

TEST_F(bad, preset_that_is_none)
{
	REFUSED("there is no preset \"nonesuch\"", "run", "--preset", "nonesuch");
	REFUSED("both describe the machine", "run", "--preset", "cxl", "--topology", "1,1,1,1");
}

TEST_F(bad, topology_file)
{
	REFUSED("there is no such file", "run", "--topology", "/nonexistent/topology");
	REFUSED("is no regular file", "run", "--topology", "/");
	REFUSED("is no regular file", "run", "--topology", "/dev/zero");
	write_file(self->path, "node 0\n\nllc 4x\n", 0644);
	REFUSED("/file:3: the number of threads \"\" is no number", "run", "--topology", self->path);
	REFUSED("/file:3: ", "shell", "--exec", "true", "--topology", self->path);
	REFUSED("/file:3: ", "topo", self->path);
	write_file(self->path, "shape 2,2,1,1\ndistance 0 1 9\n", 0644);
	REFUSED("/file:2: the distance from node 0 to node 1 is 9: give 11 to 254",
		"run", "--topology", self->path);
	write_file(self->path, "\x7f" "ELF\x02\x01\x01", 0644);
	REFUSED("/file:1: character 1 is byte 0x7f", "run", "--topology", self->path);
	write_file(self->path, "shape 1,1,1,1\nnode 0 memory 2G\n", 0644);
	REFUSED("2048 MiB and the machine has 512 MiB", "run", "--memory", "512", "--topology",
		self->path);
}

TEST_F(bad, memory_out_of_range)
{
	REFUSED("memory", "run", "--memory", "0");
	REFUSED("memory", "run", "--memory", "-5");
	REFUSED("memory", "run", "--memory", "99999999999999999999");
	REFUSED("memory", "run", "--memory", "1024MB");
	REFUSED("memory", "run", "--memory", "900000000");
}

TEST_F(bad, numbers_that_are_none)
{
	REFUSED("--duration", "run", "--duration", "soon");
	REFUSED("--duration", "run", "--duration", "0");
	REFUSED("--duration", "run", "--duration", "-1");
	REFUSED("--timeout", "run", "--timeout", "");
	REFUSED("--seed", "run", "--seed", "0x");
	REFUSED("--accel", "run", "--accel", "tcg");
}

TEST_F(bad, unknown_words)
{
	REFUSED("no_such_scenario", "run", "no_such_scenario");
	REFUSED("--frobnicate", "run", "--frobnicate");
	REFUSED("dance", "dance");
}

TEST_F(bad, out_directory_cannot_be_made)
{
	REFUSED("/proc/nowhere", "run", "--out", "/proc/nowhere");
}

TEST_F(bad, json_file_cannot_be_made)
{
	REFUSED("/nonexistent/out.json", "run", "--json", "/nonexistent/out.json");
}

TEST_F(bad, kvm_is_not_permitted)
{
	static const char *const argv[] = {
		"setpriv", "--reuid", "65534", "--clear-groups", NULL, "run", "--accel", "kvm", NULL
	};
	const char *cmd[16];

	if (geteuid() != 0)
		SKIP(return, "only root can become another user");
	if (access("/dev/kvm", F_OK))
		SKIP(return, "no /dev/kvm here at all");
	memcpy(cmd, argv, sizeof(argv));
	cmd[4] = getenv("KTSTR") ? getenv("KTSTR") : "./ktstr";
	ASSERT_EQ(0, proc_run(&self->k.r, 60, NULL, 0, cmd));
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_NE(NULL, strstr(self->k.r.err, "/dev/kvm"));
	EXPECT_TRUE(one_line(self->k.r.err));
	if (self->k.r.status != 2)
		proc_print(&self->k.r, cmd);
}

TEST_HARNESS_MAIN
