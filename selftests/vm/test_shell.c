// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktstr shell --exec: what the command writes and how it ends is what comes out.
 * Needs KVM that boots kernels: runs in the box or on hardware.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"
#include "vm_boot.h"

#define PATTERN_LEN	(192u << 10)	/* several frames */
#define COMMAND_MAX	1024

FIXTURE(shell)
{
	struct ktstr_run k;
	char pattern[128];
	char out[128];
	char err[128];
};

FIXTURE_SETUP(shell)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(self->pattern, sizeof(self->pattern), "%s/pattern", self->k.dir);
	snprintf(self->out, sizeof(self->out), "%s/out", self->k.dir);
	snprintf(self->err, sizeof(self->err), "%s/err", self->k.dir);
}

FIXTURE_TEARDOWN(shell)
{
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

#define SHELL(_timeout, _cmd, ...)							\
	ASSERT_EQ(0, ktstr_run__command(&self->k, _timeout, NULL, 0, "shell", "--accel", "kvm",	\
					"--exec", _cmd, ##__VA_ARGS__, NULL))

#define EXPECT_IN(_stream, _text) EXPECT_NE(NULL, strstr(self->k.r._stream, _text)) \
	TH_LOG(#_stream " lacks \"%s\"", _text)

/* ktstr within a shell of the host, whose pipes and limits are the subject. */
static int host_shell(struct ktstr_run *k, unsigned int timeout_s, const char *cmd)
{
	/* It outlives the test's body: the teardown prints it. */
	static char text[COMMAND_MAX];

	snprintf(text, sizeof(text), "%s", cmd);
	k->argv[0] = "/bin/sh";
	k->argv[1] = "-c";
	k->argv[2] = text;
	k->argv[3] = NULL;
	proc_free(&k->r);
	return proc_run(&k->r, timeout_s, NULL, 0, k->argv);
}

static const char *ktstr(void)
{
	return ktstr_run__env("KTSTR", "./ktstr");
}

/* Every byte value, next to every other, and no newline at the end. */
static void fill_pattern(unsigned char *p)
{
	unsigned int x = 1;

	for (unsigned int i = 0; i < PATTERN_LEN; i++) {
		x = x * 1103515245 + 12345;
		p[i] = i < 512 ? (unsigned char)i : (unsigned char)(x >> 16);
	}
	memcpy(p + 512, "\r\n\n\r\0\x1b[0m\x04", 10);
	p[PATTERN_LEN - 1] = '\r';
}

static bool write_pattern(const char *path, const unsigned char *p)
{
	FILE *f = fopen(path, "w");
	bool ok = f && fwrite(p, 1, PATTERN_LEN, f) == PATTERN_LEN;

	return f && !fclose(f) && ok;
}

static bool file_is(const char *path, const unsigned char *p, size_t want)
{
	size_t len = 0;
	void *data = vm_read_file(path, &len);
	bool same = data && len == want && !memcmp(data, p, len);

	free(data);
	return same;
}

TEST_F_TIMEOUT(shell, every_byte_comes_out_on_its_own_stream, 60)
{
	static unsigned char p[PATTERN_LEN];
	char cmd[COMMAND_MAX];

	fill_pattern(p);
	ASSERT_TRUE(write_pattern(self->pattern, p));
	snprintf(cmd, sizeof(cmd),
		 "exec '%s' shell --accel kvm --include %s --exec 'cat %s; head -c 70001 %s >&2; exit 255' >%s 2>%s",
		 ktstr(), self->pattern, self->pattern, self->pattern, self->out, self->err);
	ASSERT_EQ(0, host_shell(&self->k, 50, cmd));
	EXPECT_EQ(255, self->k.r.status);
	EXPECT_TRUE(file_is(self->out, p, PATTERN_LEN));
	EXPECT_TRUE(file_is(self->err, p, 70001));
}

/*
 * 96 MiB, where the limit leaves ktstr 128 beside the guest's RAM, most of them for the
 * ports' buffers; threads have small stacks.
 */
TEST_F_TIMEOUT(shell, output_is_passed_on_and_not_collected, 120)
{
	char cmd[COMMAND_MAX];

	snprintf(cmd, sizeof(cmd),
		 "ulimit -s 1024; ulimit -d %u; '%s' shell --accel kvm --memory 256 --exec 'head -c 100663296 /dev/zero' | wc -c",
		 (256 + 128) << 10, ktstr());
	ASSERT_EQ(0, host_shell(&self->k, 110, cmd));
	EXPECT_EQ(0, self->k.r.status);
	EXPECT_STREQ("100663296\n", self->k.r.out);
	EXPECT_STREQ("", self->k.r.err);
}

TEST_F_TIMEOUT(shell, stdin_is_empty, 60)
{
	SHELL(50, "readlink /proc/self/fd/0; cat; echo end");
	EXPECT_EQ(0, self->k.r.status);
	EXPECT_STREQ("/dev/null\nend\n", self->k.r.out);
	EXPECT_STREQ("", self->k.r.err);
}

TEST_F_TIMEOUT(shell, death_by_a_signal_is_128_more_and_a_sentence, 60)
{
	SHELL(50, "echo first; kill -9 $$");
	EXPECT_EQ(128 + SIGKILL, self->k.r.status);
	EXPECT_STREQ("first\n", self->k.r.out);
	EXPECT_STREQ("ktstr: the command was ended by signal 9 (Killed)\n", self->k.r.err);
}

/* The status alone could be the command's own: no sentence then. */
TEST_F_TIMEOUT(shell, exit_137_is_no_signal, 60)
{
	SHELL(50, "exit 137");
	EXPECT_EQ(137, self->k.r.status);
	EXPECT_STREQ("", self->k.r.err);
}

TEST_F_TIMEOUT(shell, panic_brings_the_end_of_the_console, 60)
{
	SHELL(50, "echo before; echo c > /proc/sysrq-trigger");
	EXPECT_EQ(125, self->k.r.status);
	EXPECT_STREQ("before\n", self->k.r.out);
	EXPECT_IN(err, "the kernel panicked");
	EXPECT_IN(err, "ktstr: console: ");
	EXPECT_IN(err, "sysrq_handle_crash");
}

TEST_F_TIMEOUT(shell, sigint_ends_it, 60)
{
	ASSERT_EQ(0, ktstr_run__command(&self->k, 50, "started", SIGINT, "shell", "--accel", "kvm",
					"--exec", "echo started; exec sleep 1000", NULL));
	EXPECT_EQ(128 + SIGINT, self->k.r.status);
	EXPECT_EQ(0, proc_count("ktstr shell"));
}

/* What the guest believes: programs with libraries, sysfs, and the scheduler's debugfs. */
TEST_F_TIMEOUT(shell, topology_can_be_looked_at, 60)
{
	SHELL(50, "lscpu; D=/sys/kernel/debug/sched; echo Y > $D/verbose; "
	      "cat $D/domains/cpu0/domain0/name",
	      "--include", "/usr/bin/lscpu", "--topology", "1,2,2,1", "--append", "maxcpus=3",
	      "--memory", "512");
	EXPECT_EQ(0, self->k.r.status);
	EXPECT_IN(out, "On-line CPU(s) list:                     0-2\n");
	EXPECT_IN(out, "Off-line CPU(s) list:                    3\n");
	EXPECT_IN(out, "\nMC\n");
}

TEST_F_TIMEOUT(shell, file_that_is_not_there_is_named, 20)
{
	SHELL(10, "true", "--include", "/nonexistent/file");
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_IN(err, "/nonexistent/file");
	EXPECT_STREQ("", self->k.r.out);
}

TEST_HARNESS_MAIN
