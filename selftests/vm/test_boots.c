// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boots in a row: the even ones run to their end, the odd ones are killed at a random
 * moment of their life, by SIGKILL or SIGTERM. None may fail, and of none anything may
 * stay: process, machine, file. "make soak" does 200 of them.
 *
 * environment: BOOTS (6), SEED (random, printed), KTSTR
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"
#include "leftovers.h"

#define BOOTS_DEFAULT	6
#define BOOT_MAX_MS	60000	/* one boot; a soak's box may be slow */
#define END_MAX_MS	10000	/* from the signal to the end: a second, were there no load */
#define MARK		"ktstr-test-boots"	/* in every command line, to find what stays */
#define OPEN_FILES_SLACK 64

/** struct boot - one of them: @sig, sent after @kill_ms, or 0; it took @ms */
struct boot {
	int sig;
	int kill_ms;
	int status;		/* as waitpid() has it; -1: looked at, and right */
	int ms;
};

static int now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int)(ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 10) : otherwise;
}

/* Its output goes to a file, for a failure's sake. */
static pid_t start(const char *log)
{
	const char *ktstr = ktstr_run__env("KTSTR", "./ktstr");
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(fd, 1);
	dup2(fd, 2);
	execlp(ktstr, ktstr, "shell", "--accel", "kvm", "--memory", "256",
	       "--topology", "1,1,2,1", "--exec", "echo " MARK, (char *)NULL);
	_exit(127);
}

/* Return: did it end in time? */
static int wait_end(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static int boot(struct boot *b, const char *log)
{
	int began = now_ms(), pidfd, ended;
	pid_t pid = start(log);

	if (pid < 0)
		return -errno;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -errno;
	ended = wait_end(pidfd, b->sig ? b->kill_ms : BOOT_MAX_MS);
	if (b->sig && !ended) {
		kill(pid, b->sig);
		ended = wait_end(pidfd, END_MAX_MS);
	}
	if (!ended)
		kill(pid, SIGKILL);
	waitpid(pid, &b->status, 0);
	close(pidfd);
	b->ms = now_ms() - began;
	return ended ? 0 : -ETIMEDOUT;
}

static void show(const char *log)
{
	char line[512];
	FILE *f = fopen(log, "r");

	while (f && fgets(line, sizeof(line), f))
		printf("#   %s%s", line, strchr(line, '\n') ? "" : "\n");
	if (f)
		fclose(f);
	fflush(stdout);
}

/* A signal may come too late, but then the boot must have succeeded. */
static bool is_right(const struct boot *b)
{
	if (WIFEXITED(b->status))
		return WEXITSTATUS(b->status) == 0;
	return b->sig && WTERMSIG(b->status) == b->sig;
}

static bool said_mark(const char *log)
{
	char text[256] = "";
	FILE *f = fopen(log, "r");
	bool found = false;

	while (f && fgets(text, sizeof(text), f))
		found |= !strcmp(text, MARK "\n");
	if (f)
		fclose(f);
	return found;
}

FIXTURE(boots)
{
	struct ktstr_run k;
	char files[LEFTOVERS_MAX];
	char log[128];
	int machines;
	long open_files;
};

FIXTURE_SETUP(boots)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(self->log, sizeof(self->log), "%s/log", self->k.dir);
	leftovers__list(self->files, sizeof(self->files));
	self->machines = leftovers__machines();
	self->open_files = leftovers__open_files();
}

FIXTURE_TEARDOWN(boots)
{
	static char after[LEFTOVERS_MAX];
	const char *left;

	EXPECT_EQ(0, proc_count(MARK));
	EXPECT_EQ(self->machines, leftovers__machines());
	/* Of a whole system only where nobody else opens files. */
	if (getenv("KTSTR_IN_BOX"))
		EXPECT_GE(self->open_files + OPEN_FILES_SLACK, leftovers__open_files());
	leftovers__list(after, sizeof(after));
	left = leftovers__new(self->files, after);
	EXPECT_EQ(NULL, left) TH_LOG("%s was left behind", left);
	ktstr_run__finish(&self->k, false);
}

/* Every second one is killed, after so many thousandths of what the last whole one took. */
static void choose(struct boot *b, uint64_t i, uint64_t *state, int whole_ms)
{
	*b = (struct boot){ 0 };
	if (i % 2 == 0)
		return;
	b->sig = next_random(state) & 1 ? SIGKILL : SIGTERM;
	b->kill_ms = (int)(next_random(state) % 1000) * whole_ms / 1000;
}

static void tell(const struct boot *b, uint64_t i)
{
	bool exited = WIFEXITED(b->status);

	printf("# boot %llu: ", (unsigned long long)i);
	if (b->sig)
		printf("%s at %d ms: ", b->sig == SIGKILL ? "SIGKILL" : "SIGTERM", b->kill_ms);
	printf("%s %d after %d ms\n", exited ? "status" : "signal",
	       exited ? WEXITSTATUS(b->status) : WTERMSIG(b->status), b->ms);
	fflush(stdout);
}

TEST_F_TIMEOUT(boots, in_a_row_half_of_them_killed, 7200)
{
	uint64_t n = number_of("BOOTS", BOOTS_DEFAULT), killed = 0, seed = 0, state;
	int whole_ms = 3000, err = 0;
	struct boot b = { .status = -1 };

	ASSERT_EQ(sizeof(seed), getrandom(&seed, sizeof(seed), 0));
	seed = number_of("SEED", seed);
	state = seed;
	printf("# %llu boots; the same ones: SEED=%llu BOOTS=%llu\n", (unsigned long long)n,
	       (unsigned long long)seed, (unsigned long long)n);
	for (uint64_t i = 0; i < n; i++) {
		choose(&b, i, &state, whole_ms);
		err = boot(&b, self->log);
		tell(&b, i);
		whole_ms = b.sig ? whole_ms : b.ms;
		killed += WIFSIGNALED(b.status);
		/* Whatever the signal was: who ends by itself has done what was asked. */
		if (err || !is_right(&b) || (WIFEXITED(b.status) && !said_mark(self->log)))
			break;
		ASSERT_EQ(0, proc_count(MARK));
		b.status = -1;
	}
	if (b.status != -1)
		show(self->log);
	EXPECT_EQ(0, err);
	EXPECT_EQ(-1, b.status) TH_LOG("a boot failed: what it printed is above");
	/* If all signals came too late, nothing was tried. */
	EXPECT_LE(n / 4, killed);
}

TEST_HARNESS_MAIN
