// SPDX-License-Identifier: GPL-2.0-only
/*
 * However ktstr ends, nothing of it stays: no process, no machine, no file.
 * Needs KVM that boots kernels: runs in the box or on hardware.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"
#include "leftovers.h"

FIXTURE(leftovers)
{
	struct ktstr_run k;
	char out[128];
	char files[LEFTOVERS_MAX];
};

FIXTURE_SETUP(leftovers)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(self->out, sizeof(self->out), "%s/out", self->k.dir);
	leftovers__list(self->files, sizeof(self->files));
}

FIXTURE_TEARDOWN(leftovers)
{
	static char after[LEFTOVERS_MAX];
	const char *left;

	EXPECT_EQ(0, proc_count("ktstr run"));
	leftovers__list(after, sizeof(after));
	left = leftovers__new(self->files, after);
	EXPECT_EQ(NULL, left) TH_LOG("%s was left behind", left);
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

/* Stopped in mid-run: the guest is up and its workers run. */
#define INTERRUPT(_sig)									\
	ASSERT_EQ(0, ktstr_run__command(&self->k, 60, "payload", _sig, "run", "steady",	\
					"--accel", "kvm", "--duration", "50", "-v", NULL))

TEST_F_TIMEOUT(leftovers, sigint_ends_the_run, 90)
{
	INTERRUPT(SIGINT);
	EXPECT_EQ(128 + SIGINT, self->k.r.status);
	EXPECT_GT(40, self->k.r.seconds);
	EXPECT_NE(NULL, strstr(self->k.r.out, "interrupted"));
}

TEST_F_TIMEOUT(leftovers, sigterm_ends_the_run, 90)
{
	INTERRUPT(SIGTERM);
	EXPECT_EQ(128 + SIGTERM, self->k.r.status);
	EXPECT_GT(40, self->k.r.seconds);
	EXPECT_NE(NULL, strstr(self->k.r.out, "interrupted"));
}

TEST_F_TIMEOUT(leftovers, sigkill_leaves_nothing, 90)
{
	INTERRUPT(SIGKILL);
	EXPECT_EQ(128 + SIGKILL, self->k.r.status);
}

TEST_F_TIMEOUT(leftovers, full_disk_in_out_is_said, 90)
{
	ASSERT_EQ(0, mkdir(self->out, 0755));
	if (mount("tmpfs", self->out, "tmpfs", 0, "size=4k"))
		SKIP(return, "cannot mount a small tmpfs: not root");
	EXPECT_EQ(0, ktstr_run__command(&self->k, 60, NULL, 0, "run", "steady", "--accel", "kvm",
					"--duration", "1", "--out", self->out, NULL));
	EXPECT_EQ(0, umount2(self->out, MNT_DETACH));
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_NE(NULL, strstr(self->k.r.err, "No space left"));
	EXPECT_NE(NULL, strstr(self->k.r.err, self->out));
}

static pid_t start_run(struct proc_result *r)
{
	static const char *argv[] = { NULL, "run", "steady", "--accel", "kvm", "--duration", "1",
				      "--topology", "1,1,1,1", NULL };
	pid_t pid = fork();

	if (pid)
		return pid;
	argv[0] = ktstr_run__env("KTSTR", "./ktstr");
	if (proc_run(r, 80, NULL, 0, argv))
		_exit(99);
	if (r->status)
		proc_print(r, argv);
	fflush(stdout);
	_exit(r->status & 0xff);
}

TEST_F_TIMEOUT(leftovers, two_runs_at_once_both_end, 120)
{
	struct proc_result r[2];
	int st[2];
	pid_t pid[2];

	for (int i = 0; i < 2; i++)
		pid[i] = start_run(&r[i]);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &st[i], 0));
		EXPECT_TRUE(WIFEXITED(st[i]));
		/* Two machines on few CPUs: one may spoil the other's window, and say so. */
		EXPECT_TRUE(WEXITSTATUS(st[i]) == 0 || WEXITSTATUS(st[i]) == 3);
	}
}

TEST_HARNESS_MAIN
