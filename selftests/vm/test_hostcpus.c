// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host CPUs: threads of a real machine are where they were sent, two ktstr wait for each
 * other, steal is the same from both sides, and performance mode is whole or refused.
 *
 * Where this runs there may be one host CPU only: what needs more is then skipped.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "host/host_delay.h"
#include "host/hostcpu.h"
#include "selftests/unit/unit.h"
#include "ktstr_run.h"
#include "vm_boot.h"

#define KVM_FEATURE_STEAL_TIME	(1u << 5)

FIXTURE(machine)
{
	struct vm *vm;
	struct vm_file init;
	struct ktstr_error e;
	struct hostcpu h;
	uint32_t cpu[CPU_MASK_BITS];
};

FIXTURE_SETUP(machine)
{
	const char *path = getenv("KTSTR_GUEST_HOSTCPU");

	memset(self, 0, sizeof(*self));
	self->init.path = "/init";
	self->init.data = vm_read_file(path ? path : "build/vm/guest_hostcpu", &self->init.len);
	ASSERT_NE(NULL, self->init.data);
	self->vm = calloc(1, sizeof(*self->vm));
	ASSERT_NE(NULL, self->vm);
	ASSERT_EQ(0, hostcpu__read(&self->h, "", &self->e)) TH_LOG("%s", self->e.msg);
	for (uint32_t cpu = CPU_MASK_BITS; cpu--; )
		if (self->h.cpu[cpu].allowed)
			self->cpu[self->vm->placement.nr++] = cpu;
	self->vm->placement.cpu = self->cpu;
}

FIXTURE_TEARDOWN(machine)
{
	if (self->vm && self->vm->vmm)
		vm__finish(self->vm, _metadata->exit_code == KSFT_FAIL);
	free(self->vm);
	free((void *)self->init.data);
}

static int boot(struct vm *vm, const char *topology, const struct vm_file *init,
		struct ktstr_error *e)
{
	e->msg[0] = '\0';
	return vm__boot(vm, topology, init, 1, 100, e);
}

/* The CPUs that the thread of a vCPU may use, as the kernel says. */
static const char *allowed(const struct vmm *vmm, uint32_t vcpu)
{
	static char list[128];
	char path[64], line[256];
	FILE *f;

	list[0] = '\0';
	snprintf(path, sizeof(path), "/proc/self/task/%d/status", (int)vmm__vcpu_tid(vmm, vcpu));
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Cpus_allowed_list: %127s", list) == 1)
			break;
	if (f)
		fclose(f);
	return list;
}

/* The kernel need not boot for this. */
TEST_F(machine, pinned_vcpus_are_on_the_cpus_that_were_named)
{
	char want[16];

	if (self->vm->placement.nr > 2)
		self->vm->placement.nr = 2;
	ASSERT_EQ(0, boot(self->vm, "1,1,4,1", &self->init, &self->e)) TH_LOG("%s", self->e.msg);
	for (uint32_t i = 0; i < 4; i++) {
		snprintf(want, sizeof(want), "%u", self->cpu[i % self->vm->placement.nr]);
		EXPECT_STREQ(want, allowed(self->vm->vmm, i)) TH_LOG("vCPU %u", i);
	}
	EXPECT_EQ(0, vmm__vcpu_tid(self->vm->vmm, 4));
}

TEST_F(machine, a_cap_binds_every_vcpu_to_all_of_it)
{
	struct cpu_mask m = { 0 };
	char want[128];

	if (self->vm->placement.nr > 1)
		self->vm->placement.nr--;
	for (uint32_t i = 0; i < self->vm->placement.nr; i++)
		cpu_mask__set(&m, self->cpu[i]);
	self->vm->placement.shared = true;
	ASSERT_EQ(0, boot(self->vm, "1,1,2,1", &self->init, &self->e)) TH_LOG("%s", self->e.msg);
	cpu_mask__text(&m, want, sizeof(want));
	EXPECT_STREQ(want, allowed(self->vm->vmm, 0));
	EXPECT_STREQ(want, allowed(self->vm->vmm, 1));
}

TEST_F(machine, a_cpu_that_is_not_there_stops_it_before_it_runs)
{
	self->cpu[0] = 1023;
	self->vm->placement.nr = 1;
	if (self->h.cpu[1023].online)
		SKIP(return, "this host has a CPU 1023");
	EXPECT_EQ(-EINVAL, boot(self->vm, "1,1,2,1", &self->init, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "vCPU 0 cannot be bound to its host CPU"))
		TH_LOG("%s", self->e.msg);
}

/* How much of the time that the guest was idle its vCPU was running; < 0: not known. */
static double busy_while_idle(struct vm *vm)
{
	struct host_delay d = { .nr_vcpus = 1 };

	if (!vm__wait_text(vm, 2, "hints "))
		return -1;
	host_delay__read(&d.start, vm->vmm, 1);
	if (!vm__wait_text(vm, 2, "steal "))
		return -1;
	host_delay__read(&d.end, vm->vmm, 1);
	if (!host_delay__known(&d) || !vm__wait_end(vm))
		return -1;
	return (double)(d.end.vcpu[0].run_ns - d.start.vcpu[0].run_ns) /
	       (double)(d.end.time_ns - d.start.time_ns);
}

/* Where the guest runs too: it hears of steal time, and nothing of performance mode. */
TEST_F_TIMEOUT(machine, a_guest_is_offered_steal_time, 150)
{
	unsigned int features = 0, hints = 1;
	double busy;

	ASSERT_EQ(0, boot(self->vm, "1,1,1,1", &self->init, &self->e)) TH_LOG("%s", self->e.msg);
	busy = busy_while_idle(self->vm);
	ASSERT_EQ(2, sscanf(self->vm->com[1], "kvm features 0x%x hints 0x%x", &features, &hints));
	EXPECT_TRUE(features & KVM_FEATURE_STEAL_TIME);
	EXPECT_EQ(0, hints & 1);
	/* An idle vCPU sleeps: the twin of performance mode. */
	EXPECT_LE(0, busy);
	EXPECT_GT(0.5, busy);
}

/*
 * All of it, though the vCPU shares its CPU with this very test, which a host's real-time
 * throttling or fair server keeps alive.
 */
TEST_F_TIMEOUT(machine, performance_mode_reaches_guest_thread_and_memory, 150)
{
	unsigned int features = 0, hints = 0;
	double busy;
	int policy;

	if (vmm__check_perf(&self->e))
		SKIP(return, "%s", self->e.msg);
	if (!self->h.thp)
		SKIP(return, "transparent huge pages are off");
	self->vm->placement.nr = 1;
	self->vm->placement.perf = true;
	ASSERT_EQ(0, boot(self->vm, "1,1,1,1", &self->init, &self->e)) TH_LOG("%s", self->e.msg);
	policy = sched_getscheduler(vmm__vcpu_tid(self->vm->vmm, 0));
	busy = busy_while_idle(self->vm);
	EXPECT_EQ(SCHED_FIFO, policy);
	ASSERT_EQ(2, sscanf(self->vm->com[1], "kvm features 0x%x hints 0x%x", &features, &hints));
	EXPECT_EQ(1, hints & 1);
	EXPECT_LT(0.7, busy) TH_LOG("an idle vCPU gave its CPU back: it ran for %.2f of the time",
				    busy);
}

FIXTURE(run)
{
	struct ktstr_run k;
	char json[128];
	char n[16];
};

FIXTURE_SETUP(run)
{
	cpu_set_t is;

	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(is), &is));
	snprintf(self->json, sizeof(self->json), "%s/out.json", self->k.dir);
	snprintf(self->n, sizeof(self->n), "%d", CPU_COUNT(&is));
}

FIXTURE_TEARDOWN(run)
{
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

#define RUN(_timeout, ...) \
	ASSERT_EQ(0, ktstr_run__command(&self->k, _timeout, NULL, 0, __VA_ARGS__, NULL))
#define EXPECT_ERR(_text) EXPECT_NE(NULL, strstr(self->k.r.err, _text)) \
	TH_LOG("stderr lacks \"%s\"", _text)

/* What two vCPUs on one CPU wait for there is what the guest counts as stolen. */
TEST_F_TIMEOUT(run, steal_is_the_same_from_both_sides, 150)
{
	json_t *o, *run, *delay;
	double steal, wait;

	RUN(120, "run", "steady", "--cpus", "1", "--topology", "1,1,2,1", "--json", self->json);
	EXPECT_NE(NULL, strstr(self->k.r.out, "# host CPUs: 2 vCPUs share "));
	EXPECT_NE(NULL, strstr(self->k.r.out, "# " "  host: vCPUs waited for a host CPU "));
	o = json_load_file(self->json, 0, NULL);
	EXPECT_EQ(1, json_array_size(json_object_get(json_object_get(o, "host_cpus"), "cpus")));
	run = json_array_get(json_object_get(o, "runs"), 0);
	delay = json_object_get(run, "host_delay");
	EXPECT_EQ(2, json_array_size(json_object_get(delay, "vcpus")));
	steal = json_number_value(json_object_get(run, "steal_pct"));
	wait = json_number_value(json_object_get(delay, "wait_pct"));
	TH_LOG("steal %.1f %%, waits %.1f %%", steal, wait);
	EXPECT_LT(30, wait);
	EXPECT_GT(5, steal > wait ? steal - wait : wait - steal);
	json_decref(o);
}

TEST_F(run, more_cpus_than_there_are_end_in_a_sentence)
{
	snprintf(self->n, sizeof(self->n), "%d", atoi(self->n) + 1);
	RUN(20, "run", "--cpus", self->n);
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_ERR("this process may use ");
}

/* More CPUs than any LLC here has: each reason on a line, and nothing was started. */
TEST_F(run, performance_mode_is_refused_with_its_reasons)
{
	RUN(20, "run", "--perf", "--topology", "1,1,128,1");
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_ERR("ktstr: --perf: the guest has 128 cores of 1 thread");
	EXPECT_ERR("ktstr: --perf is refused for ");
	EXPECT_STREQ("", self->k.r.out);
}

/* A ktstr that has every CPU, when this returns; its stdout and stderr in @fd. */
static pid_t start(const char *n, int fd[2])
{
	const char *ktstr = ktstr_run__env("KTSTR", "./ktstr");
	int out[2], err[2];
	pid_t pid;

	if (pipe(out) || pipe(err))
		return -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], 1);
		dup2(err[1], 2);
		closefrom(3);
		execl(ktstr, ktstr, "shell", "--cpus", n, "--exec", "echo up; sleep 600", NULL);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	fd[0] = out[0];
	fd[1] = err[0];
	return pid;
}

/* The first bytes that come, as text. */
static const char *hear(int fd)
{
	static char text[512];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void stop(pid_t pid, int fd[2])
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd[0]);
	close(fd[1]);
}

TEST_F_TIMEOUT(run, a_second_ktstr_waits_until_the_first_is_killed, 150)
{
	int first_fd[2], second_fd[2];
	pid_t first, second;
	char want[64];

	first = start(self->n, first_fd);
	ASSERT_LT(0, first);
	EXPECT_STREQ("up\n", hear(first_fd[0]));
	second = start(self->n, second_fd);
	snprintf(want, sizeof(want), " by process %d\n", (int)first);
	EXPECT_NE(NULL, strstr(hear(second_fd[1]), want));
	stop(first, first_fd);
	/* No state is left of the first: the second is up in the time of a boot. */
	EXPECT_STREQ("up\n", hear(second_fd[0]));
	stop(second, second_fd);
}

TEST_F_TIMEOUT(run, a_wait_can_be_interrupted, 150)
{
	int fd[2];
	pid_t first = start(self->n, fd);
	char want[64];

	ASSERT_LT(0, first);
	EXPECT_STREQ("up\n", hear(fd[0]));
	ASSERT_EQ(0, ktstr_run__command(&self->k, 30, "waiting for host CPUs", SIGINT, "run",
					"--pin", "--topology", "1,1,8,1", NULL));
	EXPECT_EQ(128 + SIGINT, self->k.r.status);
	snprintf(want, sizeof(want), " by process %d\n", (int)first);
	EXPECT_ERR(want);
	EXPECT_NE(NULL, strstr(self->k.r.out, "Bail out! interrupted by SIGINT"));
	stop(first, fd);
}

/* Without the options nothing is claimed, and nobody waits. */
TEST_F_TIMEOUT(run, a_ktstr_without_options_waits_for_nobody, 150)
{
	int fd[2];
	pid_t first = start(self->n, fd);

	ASSERT_LT(0, first);
	EXPECT_STREQ("up\n", hear(fd[0]));
	RUN(100, "shell", "--exec", "echo me too");
	EXPECT_EQ(0, self->k.r.status);
	EXPECT_STREQ("me too\n", self->k.r.out);
	EXPECT_EQ(NULL, strstr(self->k.r.err, "waiting for host CPUs"));
	stop(first, fd);
}

TEST_HARNESS_MAIN
