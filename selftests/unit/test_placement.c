// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding threads and memory on this very host, as far as it goes, and how long vCPUs
 * waited. What the host does not allow is skipped, with the reason.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/host_delay.h"
#include "host/hostcpu.h"
#include "unit.h"
#include "vmm/placement.h"

#define HUGE	(2ul << 20)

/*
 * KVM, as far as machines are told how to idle: it remembers what was enabled. In an
 * emulated machine nobody is woken fast enough for KVM to poll, so its counters tell nothing.
 */
static struct fake_kvm {
	struct kvm_enable_cap cap[4];
	int nr;
	int err;		/* what every call fails with, or 0 */
} fake;

#define FAKE_VM	12345

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;

	if (fd != FAKE_VM || request != KVM_ENABLE_CAP || fake.nr >= 4) {
		errno = EBADF;
		return -1;
	}
	va_start(ap, request);
	fake.cap[fake.nr++] = *va_arg(ap, struct kvm_enable_cap *);
	va_end(ap);
	errno = fake.err;
	return fake.err ? -1 : 0;
}

/* What a thread found itself to be. */
struct probe {
	struct placement_thread t;
	int err;
	int policy;
	cpu_set_t is;
};

static void *enter(void *arg)
{
	struct probe *p = arg;

	p->err = placement__enter(&p->t);
	p->policy = sched_getscheduler(0);
	sched_getaffinity(0, sizeof(p->is), &p->is);
	return NULL;
}

static void run(struct probe *p)
{
	pthread_t thread;

	/* The thread writes @p->err: nothing may follow it. */
	p->err = -EAGAIN;
	if (!pthread_create(&thread, NULL, enter, p))
		pthread_join(thread, NULL);
}

static uint32_t some_cpu(void)
{
	cpu_set_t is;

	sched_getaffinity(0, sizeof(is), &is);
	for (uint32_t cpu = CPU_SETSIZE; cpu--; )
		if (CPU_ISSET(cpu, &is))
			return cpu;
	return 0;
}

TEST(a_vcpu_gets_its_own_cpu_in_turn)
{
	const uint32_t cpu[] = { 5, 1000, 7 };
	const struct vmm_placement p = { .cpu = cpu, .nr = 3 };
	struct placement_thread t;

	for (uint32_t vcpu = 0; vcpu < 7; vcpu++) {
		placement__vcpu(&p, vcpu, &t);
		EXPECT_TRUE(t.bound);
		EXPECT_FALSE(t.fifo);
		EXPECT_EQ(1, cpu_mask__count(&t.cpus));
		EXPECT_TRUE(cpu_mask__test(&t.cpus, cpu[vcpu % 3]));
	}
}

TEST(a_cap_is_shared_by_all_vcpus)
{
	const uint32_t cpu[] = { 5, 7 };
	const struct vmm_placement p = { .cpu = cpu, .nr = 2, .shared = true };
	struct placement_thread t;

	placement__vcpu(&p, 9, &t);
	EXPECT_EQ(2, cpu_mask__count(&t.cpus));
}

TEST(without_a_placement_nothing_is_touched)
{
	const struct vmm_placement p = { 0 };
	cpu_set_t before;
	struct probe probe;
	char byte = 7;

	memset(&probe, 0, sizeof(probe));
	sched_getaffinity(0, sizeof(before), &before);
	placement__vcpu(&p, 0, &probe.t);
	run(&probe);
	EXPECT_EQ(0, probe.err);
	EXPECT_TRUE(CPU_EQUAL(&before, &probe.is));
	EXPECT_EQ(SCHED_OTHER, probe.policy);
	EXPECT_EQ(0, placement__place_memory(&p, &byte, 1, NULL));
	EXPECT_EQ(7, byte);
}

TEST(a_thread_is_where_it_was_sent)
{
	const uint32_t cpu = some_cpu();
	const struct vmm_placement p = { .cpu = &cpu, .nr = 1 };
	struct probe probe;

	memset(&probe, 0, sizeof(probe));
	placement__vcpu(&p, 3, &probe.t);
	run(&probe);
	EXPECT_EQ(0, probe.err);
	EXPECT_EQ(1, CPU_COUNT(&probe.is));
	EXPECT_TRUE(CPU_ISSET(cpu, &probe.is));
}

TEST(a_cpu_that_is_not_there_is_an_error)
{
	const uint32_t cpu[] = { some_cpu(), 1023 };
	const struct vmm_placement none = { .cpu = cpu + 1, .nr = 1 };
	const struct vmm_placement part = { .cpu = cpu, .nr = 2, .shared = true };
	struct probe probe;

	if (sysconf(_SC_NPROCESSORS_CONF) > 1023)
		SKIP(return, "this host has a CPU 1023");
	memset(&probe, 0, sizeof(probe));
	placement__vcpu(&none, 0, &probe.t);
	run(&probe);
	EXPECT_EQ(-EINVAL, probe.err);
	/* The kernel would take one of two and say nothing. */
	placement__vcpu(&part, 0, &probe.t);
	run(&probe);
	EXPECT_EQ(-ENODEV, probe.err);
}

TEST(a_cpu_beyond_the_mask_is_refused)
{
	const uint32_t cpu[] = { 0, CPU_MASK_BITS };
	const struct vmm_placement p = { .cpu = cpu, .nr = 2 };
	struct ktstr_error e;

	EXPECT_EQ(-EINVAL, placement__check(&p, &e));
	EXPECT_NE(NULL, strstr(e.msg, "host CPU 1024"));
}

TEST(a_performance_thread_is_fifo)
{
	const uint32_t cpu = some_cpu();
	const struct vmm_placement p = { .cpu = &cpu, .nr = 1, .perf = true };
	struct probe probe;

	memset(&probe, 0, sizeof(probe));
	placement__vcpu(&p, 0, &probe.t);
	run(&probe);
	if (probe.err == -EPERM)
		SKIP(return, "this user may not use SCHED_FIFO");
	EXPECT_EQ(0, probe.err);
	EXPECT_EQ(SCHED_FIFO, probe.policy);
	EXPECT_EQ(1, CPU_COUNT(&probe.is));
}

TEST(the_realtime_hint_goes_into_kvms_leaf_and_nowhere_else)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[2];
	} c = { .head.nent = 2, .entry = { { .function = 1 }, { .function = 0x40000001 } } };

	EXPECT_EQ(0, placement__hint_realtime(&c.head));
	EXPECT_EQ(1, c.head.entries[1].edx);
	EXPECT_EQ(0, c.head.entries[0].edx);
	c.head.nent = 1;
	EXPECT_EQ(-ENOTSUP, placement__hint_realtime(&c.head));
}

TEST(an_overcommitted_machine_does_not_poll_when_it_halts)
{
	const uint32_t cpu[] = { 0, 1 };
	const struct vmm_placement two = { .cpu = cpu, .nr = 2 }, any = { 0 };
	uint32_t here = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	struct ktstr_error e;

	EXPECT_EQ(0, placement__set_up_vm(&two, FAKE_VM, 3, &e));
	ASSERT_EQ(1, fake.nr);
	EXPECT_EQ(KVM_CAP_HALT_POLL, fake.cap[0].cap);
	EXPECT_EQ(0, fake.cap[0].args[0]);
	EXPECT_EQ(0, placement__set_up_vm(&any, FAKE_VM, here + 1, &e));
	EXPECT_EQ(2, fake.nr);
	/* An old KVM lacks the knob, and that is no reason to fail. */
	fake.err = EINVAL;
	EXPECT_EQ(0, placement__set_up_vm(&two, FAKE_VM, 3, &e));
}

TEST(a_machine_with_cpus_of_its_own_polls_as_the_host_says)
{
	const uint32_t cpu[] = { 0, 1 };
	const struct vmm_placement two = { .cpu = cpu, .nr = 2 }, any = { 0 };
	struct ktstr_error e;

	EXPECT_EQ(0, placement__set_up_vm(&two, FAKE_VM, 2, &e));
	EXPECT_EQ(0, placement__set_up_vm(&any, FAKE_VM, 1, &e));
	EXPECT_EQ(0, fake.nr);
}

TEST(performance_mode_leaves_pause_and_hlt_to_the_guest)
{
	const uint32_t cpu = 0;
	const struct vmm_placement p = { .cpu = &cpu, .nr = 1, .perf = true };
	struct ktstr_error e;

	EXPECT_EQ(0, placement__set_up_vm(&p, FAKE_VM, 1, &e));
	ASSERT_EQ(1, fake.nr);
	EXPECT_EQ(KVM_CAP_X86_DISABLE_EXITS, fake.cap[0].cap);
	EXPECT_EQ(KVM_X86_DISABLE_EXITS_PAUSE | KVM_X86_DISABLE_EXITS_HLT, fake.cap[0].args[0]);
	fake.err = EINVAL;
	EXPECT_EQ(-EINVAL, placement__set_up_vm(&p, FAKE_VM, 1, &e));
	EXPECT_NE(NULL, strstr(e.msg, "leave out --perf")) TH_LOG("%s", e.msg);
}

/* Memory at a huge page's boundary, and one huge page around it that is not ours. */
static char *huge_room(size_t size)
{
	char *p = mmap(NULL, size + 2 * HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p + (-(uintptr_t)p & (HUGE - 1));
}

TEST(memory_that_is_no_whole_huge_pages_is_refused)
{
	const struct vmm_placement p = { .perf = true };
	char *base = huge_room(4 * HUGE);
	struct ktstr_error e;

	ASSERT_NE(NULL, base);
	EXPECT_EQ(-EINVAL, placement__place_memory(&p, base + 4096, HUGE, &e));
	EXPECT_EQ(-EINVAL, placement__place_memory(&p, base, HUGE + 4096, &e));
	EXPECT_NE(NULL, strstr(e.msg, "even number to --memory"));
}

static bool thp_on_demand(void)
{
	struct hostcpu h;

	return !hostcpu__read(&h, "", NULL) && h.thp && h.node[0].free_kib > 64 << 10;
}

TEST(transparent_huge_pages_are_all_there_before_the_guest_is)
{
	const struct vmm_placement p = { .perf = true };
	char *base = huge_room(4 * HUGE);
	unsigned char resident[4 * HUGE / 4096];
	struct ktstr_error e;

	if (!thp_on_demand())
		SKIP(return, "this host gives no transparent huge pages on node 0");
	ASSERT_NE(NULL, base);
	ASSERT_EQ(0, placement__place_memory(&p, base, 4 * HUGE, &e)) TH_LOG("%s", e.msg);
	ASSERT_EQ(0, mincore(base, 4 * HUGE, resident));
	for (size_t i = 0; i < sizeof(resident); i++)
		ASSERT_EQ(1, resident[i] & 1);
	EXPECT_EQ(0, base[0] | base[4 * HUGE - 1]);
}

TEST(a_node_that_is_not_there_is_an_error)
{
	const struct vmm_placement p = { .perf = true, .node = 63 };
	char *base = huge_room(HUGE);
	struct ktstr_error e;

	ASSERT_NE(NULL, base);
	EXPECT_GT(0, placement__place_memory(&p, base, HUGE, &e));
	EXPECT_NE(NULL, strstr(e.msg, "node 63")) TH_LOG("%s", e.msg);
}

TEST(huge_pages_that_were_not_set_aside_are_an_error)
{
	const struct vmm_placement p = { .perf = true, .hugetlb = true };
	char *base = huge_room(4 * HUGE);
	struct ktstr_error e;
	struct hostcpu h;

	ASSERT_EQ(0, hostcpu__read(&h, "", &e));
	ASSERT_NE(NULL, base);
	if (h.node[0].free_huge >= 4) {
		EXPECT_EQ(0, placement__place_memory(&p, base, 4 * HUGE, &e)) TH_LOG("%s", e.msg);
		return;
	}
	EXPECT_GT(0, placement__place_memory(&p, base, 4 * HUGE, &e));
	EXPECT_NE(NULL, strstr(e.msg, "huge pages")) TH_LOG("%s", e.msg);
}

static const char * const no_schedstat[] = { "", "1 2", "1 2 x", "1 2 3 4", "a b c", "1,2,3" };

TEST(schedstat_is_three_numbers)
{
	struct host_delay_vcpu v = { .run_ns = 9 };

	EXPECT_EQ(0, host_delay__parse("12 34 56\n", &v));
	EXPECT_EQ(12, v.run_ns);
	EXPECT_EQ(34, v.wait_ns);
	EXPECT_EQ(56, v.slices);
	for (size_t i = 0; i < ARRAY_SIZE(no_schedstat); i++) {
		EXPECT_EQ(-EINVAL, host_delay__parse(no_schedstat[i], &v))
			TH_LOG("\"%s\"", no_schedstat[i]);
	}
	EXPECT_EQ(12, v.run_ns);
}

static const char * const no_stat[] = {
	"", "7 (vcpu0)", "7 (vcpu0) S 1 1 1 0 -1 64 12 0", "7 (vcpu0) S 1 1 1 0 -1 64 x 0 3 0 1 2",
	"7 vcpu0 S 1 1 1 0 -1 64 12 0 3 0 1 2",
};

TEST(faults_are_minor_and_major)
{
	struct host_delay_vcpu v = { .run_ns = 9, .faults = 8 };

	for (size_t i = 0; i < ARRAY_SIZE(no_stat); i++) {
		EXPECT_EQ(-EINVAL, host_delay__parse_faults(no_stat[i], &v))
			TH_LOG("\"%s\"", no_stat[i]);
	}
	EXPECT_EQ(8, v.faults);
	EXPECT_EQ(0, host_delay__parse_faults("7 (vcpu0) S 1 1 1 0 -1 4194368 12 5 3 6 1 2 0\n", &v));
	EXPECT_EQ(15, v.faults);
	EXPECT_EQ(9, v.run_ns);
	/* A name is no field of it, whatever it looks like. */
	EXPECT_EQ(0, host_delay__parse_faults("7 (a) b 1 (c)) R 1 1 1 0 -1 0 2 0 0 0 1 2 0\n", &v));
	EXPECT_EQ(2, v.faults);
	EXPECT_EQ(0, host_delay__parse("1 2 3\n", &v));
	EXPECT_EQ(2, v.faults);
}

/* The one line of stat that is surely right: this thread's, while it touches memory. */
TEST(faults_are_counted_as_the_kernel_does)
{
	enum { PAGES = 64 };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct host_delay_vcpu before = { 0 }, after = { 0 };
	struct host_delay_vcpu *at[] = { &before, &after };
	char text[1024];
	char *p;

	p = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, madvise(p, PAGES * page, MADV_NOHUGEPAGE));
	for (int i = 0; i < 2; i++) {
		FILE *f = fopen("/proc/thread-self/stat", "r");

		ASSERT_NE(NULL, f);
		text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
		fclose(f);
		ASSERT_EQ(0, host_delay__parse_faults(text, at[i])) TH_LOG("\"%s\"", text);
		for (size_t k = 0; k < PAGES; k++)
			p[k * page] = 1;
	}
	EXPECT_LE(before.faults + PAGES, after.faults);
	EXPECT_GT(before.faults + 10 * PAGES, after.faults);
	munmap(p, PAGES * page);
}

TEST(waits_are_per_cent_of_the_window)
{
	struct host_delay d = {
		.nr_vcpus = 2,
		.start = { .valid = true, .time_ns = 1000, .vcpu = { { 0, 100, 0, 0 }, { 0, 200, 0, 0 } } },
		.end = { .valid = true, .time_ns = 2000, .vcpu = { { 0, 200, 0, 0 }, { 0, 500, 0, 0 } } },
	};
	char text[160];

	ASSERT_TRUE(host_delay__known(&d));
	EXPECT_EQ(10, host_delay__pct(&d, 0));
	EXPECT_EQ(30, host_delay__pct(&d, 1));
	EXPECT_EQ(20, host_delay__pct(&d, UINT32_MAX));
	EXPECT_NE(NULL, strstr(host_delay__text(&d, text, sizeof(text)),
			       "20.0 % of the window's CPU time, at most vCPU 1 with 30.0 %"));
	EXPECT_EQ(NULL, strstr(text, "page faults")) TH_LOG("\"%s\"", text);
	d.start.vcpu[0].faults = 7;
	d.end.vcpu[0].faults = 9;
	d.end.vcpu[1].faults = 1;
	EXPECT_EQ(3, host_delay__faults(&d));
	EXPECT_NE(NULL, strstr(host_delay__text(&d, text, sizeof(text)),
			       "with 30.0 %, and took 3 page faults"));
	/* Half a window is none. */
	d.end.valid = false;
	EXPECT_FALSE(host_delay__known(&d));
	EXPECT_STREQ("", host_delay__text(&d, text, sizeof(text)));
}

TEST_HARNESS_MAIN
