// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hosts of many shapes, as directories: what is read of them, and which of their CPUs a
 * machine gets.
 */
#include <errno.h>
#include <sched.h>

#include "host/hostcpu_plan.h"
#include "host_tree.h"
#include "unit.h"

FIXTURE(host)
{
	struct host_tree t;
	struct hostcpu h;
	struct hostcpu_plan p;
	struct hostcpu_reasons r;
	struct cpu_mask taken;
	struct ktstr_error e;
};

FIXTURE_SETUP(host)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, host_tree__init(&self->t));
}

FIXTURE_TEARDOWN(host)
{
	host_tree__free(&self->t);
}

#define READ() ASSERT_EQ(0, hostcpu__read(&self->h, self->t.root, &self->e)) \
	TH_LOG("%s", self->e.msg)

static const char *order(const struct hostcpu_plan *p)
{
	static char text[256];
	size_t len = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < p->nr && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, i ? ",%u" : "%u",
					p->cpu[i]);
	return text;
}

static const char *set(const struct cpu_mask *m)
{
	static char text[256];

	return cpu_mask__text(m, text, sizeof(text));
}

static struct hostcpu_want pin(uint32_t vcpus, uint32_t threads)
{
	return (struct hostcpu_want){ .vcpus = vcpus, .threads = threads, .memory_mib = 512,
				      .pin = true };
}

static struct hostcpu_want perf(uint32_t vcpus, uint32_t threads)
{
	struct hostcpu_want w = pin(vcpus, threads);

	w.perf = true;
	return w;
}

#define MAKE_W(_w) ({ struct hostcpu_want w_ = _w; \
	hostcpu_plan__make(&self->p, &self->h, &w_, &self->taken); })

TEST_F(host, cores_llcs_and_nodes_are_read)
{
	host_tree__build(&self->t, 2, 2, 2);
	host_tree__node_file(&self->t, 1, "hugepages/hugepages-2048kB/free_hugepages", "300\n");
	READ();
	EXPECT_EQ(8, self->h.nr_allowed);
	EXPECT_EQ(3, self->h.cpu[7].core);
	EXPECT_EQ(1, self->h.cpu[7].thread);
	EXPECT_EQ(0, self->h.cpu[3].thread);
	EXPECT_EQ(2, self->h.cpu[7].llc);
	EXPECT_EQ(0, self->h.cpu[5].llc);
	EXPECT_EQ(1, self->h.cpu[7].node);
	EXPECT_EQ(300, self->h.node[1].free_huge);
	EXPECT_EQ(4000000, self->h.node[0].free_kib);
	EXPECT_TRUE(self->h.thp);
	EXPECT_EQ(-1, self->h.rt_runtime_us);
}

TEST_F(host, this_host_can_be_read)
{
	cpu_set_t is;

	ASSERT_EQ(0, hostcpu__read(&self->h, "", &self->e)) TH_LOG("%s", self->e.msg);
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(is), &is));
	EXPECT_EQ(CPU_COUNT(&is), self->h.nr_allowed);
}

TEST_F(host, an_offline_cpu_is_not_allowed_though_affinity_names_it)
{
	host_tree__build(&self->t, 1, 4, 1);
	host_tree__put(&self->t, "/sys/devices/system/cpu/online", "0,2-3\n");
	READ();
	EXPECT_STREQ("0,2-3", set(&self->h.allowed));
	EXPECT_EQ(0, MAKE_W(pin(4, 1)));
	EXPECT_STREQ("0,2,3", order(&self->p));
}

TEST_F(host, a_cpuset_limits_what_is_chosen)
{
	host_tree__build(&self->t, 1, 8, 1);
	host_tree__allow(&self->t, "3,5-6");
	READ();
	EXPECT_EQ(0, MAKE_W(pin(2, 1)));
	EXPECT_STREQ("3,5", order(&self->p));
	EXPECT_STREQ("3,5", set(&self->p.lock));
}

TEST_F(host, without_proc_it_says_what_is_missing)
{
	EXPECT_EQ(-ENODATA, hostcpu__read(&self->h, self->t.root, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "/proc/self/status"));
	host_tree__put(&self->t, "/proc/self/status", "Name:\tx\n");
	EXPECT_EQ(-ENODATA, hostcpu__read(&self->h, self->t.root, &self->e));
	host_tree__allow(&self->t, "garbage");
	EXPECT_EQ(-ENODATA, hostcpu__read(&self->h, self->t.root, &self->e));
	host_tree__allow(&self->t, "4");
	host_tree__put(&self->t, "/sys/devices/system/cpu/online", "0-3\n");
	EXPECT_EQ(-ENODATA, hostcpu__read(&self->h, self->t.root, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "online"));
}

TEST_F(host, without_sys_cpus_are_cores_of_their_own)
{
	host_tree__allow(&self->t, "0-3");
	READ();
	EXPECT_EQ(4, self->h.nr_allowed);
	EXPECT_EQ(HOSTCPU_UNKNOWN, self->h.cpu[2].llc);
	EXPECT_EQ(2, self->h.cpu[2].core);
	EXPECT_EQ(0, self->h.cpu[2].node);
	EXPECT_FALSE(self->h.thp);
	EXPECT_EQ(0, MAKE_W(pin(3, 1)));
	EXPECT_STREQ("0,1,2", order(&self->p));
}

/* What a file can hold instead of a list, a level or a number. */
static const char * const garbage[] = {
	"", "\n", "x\n", "-1\n", "0-\n", "1-0\n", "0,,1\n", "99999999999999999999\n", "0-5000\n",
	"7\n", "0 1\n", "\x01\xff\n",
};

TEST_F(host, garbage_is_unknown_and_nothing_worse)
{
	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
		host_tree__build(&self->t, 1, 4, 1);
		host_tree__cpu_file(&self->t, 1, "topology/thread_siblings_list", garbage[i]);
		host_tree__cpu_file(&self->t, 1, "cache/index2/shared_cpu_list", garbage[i]);
		host_tree__cpu_file(&self->t, 2, "cache/index2/level", garbage[i]);
		host_tree__node_file(&self->t, 0, "cpulist", garbage[i]);
		host_tree__node_file(&self->t, 0, "meminfo", garbage[i]);
		host_tree__put(&self->t, "/sys/kernel/mm/transparent_hugepage/enabled", garbage[i]);
		host_tree__put(&self->t, "/proc/sys/kernel/sched_rt_runtime_us", garbage[i]);
		READ();
		EXPECT_EQ(1, self->h.cpu[1].core) TH_LOG("%s", garbage[i]);
		EXPECT_FALSE(self->h.thp);
		EXPECT_EQ(0, MAKE_W(pin(4, 1)));
		EXPECT_EQ(4, self->p.nr);
	}
}

TEST_F(host, a_directory_in_place_of_a_file_is_unknown)
{
	host_tree__build(&self->t, 1, 2, 1);
	host_tree__remove(&self->t, "/sys/devices/system/cpu/online");
	host_tree__put(&self->t, "/sys/devices/system/cpu/online/x", "0");
	READ();
	EXPECT_EQ(2, self->h.nr_allowed);
}

TEST_F(host, a_guest_without_smt_gets_cores_before_siblings)
{
	host_tree__build(&self->t, 1, 4, 2);
	READ();
	EXPECT_EQ(0, MAKE_W(pin(4, 1)));
	EXPECT_STREQ("0,1,2,3", order(&self->p));
	EXPECT_EQ(0, MAKE_W(pin(6, 1)));
	EXPECT_STREQ("0,1,2,3,4,5", order(&self->p));
}

TEST_F(host, a_guest_with_smt_gets_siblings)
{
	host_tree__build(&self->t, 1, 4, 2);
	READ();
	EXPECT_EQ(0, MAKE_W(pin(4, 2)));
	EXPECT_STREQ("0,4,1,5", order(&self->p));
}

TEST_F(host, the_llc_with_the_least_room_that_does_is_taken)
{
	host_tree__build(&self->t, 2, 4, 1);
	READ();
	cpu_mask__set(&self->taken, 4);
	cpu_mask__set(&self->taken, 6);
	EXPECT_EQ(0, MAKE_W(pin(2, 1)));
	EXPECT_STREQ("5,7", order(&self->p));
	EXPECT_EQ(0, MAKE_W(pin(3, 1)));
	EXPECT_STREQ("0,1,2", order(&self->p));
	/* Only both together: the one with more room is used up first. */
	EXPECT_EQ(0, MAKE_W(pin(5, 1)));
	EXPECT_STREQ("0,1,2,3,5", order(&self->p));
	EXPECT_EQ(-EBUSY, MAKE_W(pin(7, 1)));
}

TEST_F(host, more_vcpus_than_cpus_share_all_of_them)
{
	host_tree__build(&self->t, 1, 2, 1);
	READ();
	EXPECT_EQ(0, MAKE_W(pin(8, 1)));
	EXPECT_STREQ("0,1", order(&self->p));
	EXPECT_EQ(2, self->p.nr);
	cpu_mask__set(&self->taken, 0);
	EXPECT_EQ(-EBUSY, MAKE_W(pin(8, 1)));
}

TEST_F(host, a_cap_is_kept_and_never_more_than_there_is)
{
	const struct hostcpu_want three = { .vcpus = 8, .threads = 1, .cpus = 3 };
	const struct hostcpu_want nine = { .vcpus = 8, .threads = 1, .cpus = 9 };
	const struct hostcpu_want both = { .vcpus = 2, .threads = 1, .cpus = 5, .pin = true };

	host_tree__build(&self->t, 1, 8, 1);
	READ();
	EXPECT_EQ(0, hostcpu_plan__check(&self->h, &three, &self->e));
	EXPECT_EQ(0, hostcpu_plan__make(&self->p, &self->h, &three, &self->taken));
	EXPECT_EQ(3, self->p.nr);
	EXPECT_EQ(-EINVAL, hostcpu_plan__check(&self->h, &nine, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "--cpus 9: this process may use 8 host CPUs"))
		TH_LOG("%s", self->e.msg);
	EXPECT_EQ(0, hostcpu_plan__make(&self->p, &self->h, &both, &self->taken));
	EXPECT_EQ(2, self->p.nr);
}

/* Every subset of taken CPUs on a small host: never a CPU twice, a taken or a forbidden one. */
TEST_F(host, no_plan_ever_has_a_taken_forbidden_or_double_cpu)
{
	host_tree__build(&self->t, 2, 2, 2);
	host_tree__allow(&self->t, "0-6");
	READ();
	for (uint32_t bits = 0; bits < 256; bits++) {
		for (uint32_t n = 1; n <= 8; n++) {
			unsigned int usable = __builtin_popcount(~bits & 0x7f);
			uint32_t k = n > 7 ? 7 : n;
			int ret;

			self->taken.bits[0] = bits;
			ret = MAKE_W(pin(n, n % 2 ? 1 : 2));
			ASSERT_EQ(k <= usable ? 0 : -EBUSY, ret);
			if (ret)
				continue;
			ASSERT_EQ(k, self->p.nr);
			ASSERT_EQ(k, cpu_mask__count(&self->p.lock));
			ASSERT_EQ(0, self->p.lock.bits[0] & (bits | ~0x7full));
		}
	}
}

static bool says(const struct hostcpu_reasons *r, const char *text)
{
	for (uint32_t i = 0; i < r->nr; i++)
		if (strstr(r->why[i].msg, text))
			return true;
	return false;
}

#define CHECK(_w) do { struct hostcpu_want w_ = _w; \
	memset(&self->r, 0, sizeof(self->r)); \
	hostcpu_perf__check(&self->h, &w_, &self->r); } while (0)

#define EXPECT_ONE_REASON(_text) do {							\
	EXPECT_EQ(1, self->r.nr);							\
	EXPECT_TRUE(says(&self->r, _text)) TH_LOG("%s", self->r.why[0].msg);		\
} while (0)

TEST_F(host, performance_mode_locks_the_llc_and_leaves_a_core_to_ktstr)
{
	host_tree__build(&self->t, 2, 4, 2);
	READ();
	CHECK(perf(3, 1));
	EXPECT_EQ(0, self->r.nr) TH_LOG("%s", self->r.why[0].msg);
	EXPECT_EQ(0, MAKE_W(perf(3, 1)));
	EXPECT_STREQ("0,1,2", order(&self->p));
	EXPECT_STREQ("0-3,8-11", set(&self->p.lock));
	EXPECT_STREQ("3,11", set(&self->p.rest));
	EXPECT_EQ(0, self->p.node);
	EXPECT_FALSE(self->p.hugetlb);
}

TEST_F(host, performance_mode_goes_where_nobody_is)
{
	host_tree__build(&self->t, 2, 4, 1);
	host_tree__node_file(&self->t, 1, "hugepages/hugepages-2048kB/free_hugepages", "256\n");
	READ();
	/* One CPU of the first LLC is used by another run: the whole LLC is out. */
	cpu_mask__set(&self->taken, 3);
	EXPECT_EQ(0, MAKE_W(perf(2, 1)));
	EXPECT_STREQ("4,5", order(&self->p));
	EXPECT_EQ(1, self->p.node);
	EXPECT_TRUE(self->p.hugetlb);
	cpu_mask__set(&self->taken, 7);
	EXPECT_EQ(-EBUSY, MAKE_W(perf(2, 1)));
}

TEST_F(host, performance_mode_puts_guest_siblings_on_host_siblings)
{
	host_tree__build(&self->t, 1, 4, 2);
	READ();
	CHECK(perf(6, 2));
	EXPECT_EQ(0, self->r.nr);
	EXPECT_EQ(0, MAKE_W(perf(6, 2)));
	EXPECT_STREQ("0,4,1,5,2,6", order(&self->p));
	EXPECT_STREQ("3,7", set(&self->p.rest));
}

TEST_F(host, ktstr_may_stand_outside_of_a_full_llc)
{
	host_tree__build(&self->t, 2, 2, 1);
	READ();
	EXPECT_EQ(0, MAKE_W(perf(2, 1)));
	EXPECT_STREQ("2-3", set(&self->p.rest));
	EXPECT_STREQ("0-1", set(&self->p.lock));
	/* But not on a CPU of somebody else. */
	cpu_mask__set(&self->taken, 2);
	EXPECT_EQ(0, MAKE_W(perf(2, 1)));
	EXPECT_STREQ("3", set(&self->p.rest));
}

TEST_F(host, performance_mode_needs_a_core_for_each_of_the_guests)
{
	host_tree__build(&self->t, 2, 4, 1);
	READ();
	CHECK(perf(5, 1));
	EXPECT_ONE_REASON("no last-level cache of the host has more than 4 such cores");
	/* Siblings are no cores. */
	host_tree__build(&self->t, 1, 4, 2);
	READ();
	CHECK(perf(5, 1));
	EXPECT_ONE_REASON("more than 4 such cores");
}

TEST_F(host, performance_mode_does_not_fake_smt)
{
	host_tree__build(&self->t, 1, 8, 1);
	READ();
	CHECK(perf(4, 2));
	EXPECT_ONE_REASON("2 cores of 2 threads");
	/* Nor take a core of which the cpuset has one thread only. */
	host_tree__build(&self->t, 1, 4, 2);
	host_tree__allow(&self->t, "0-5");
	READ();
	CHECK(perf(6, 2));
	EXPECT_ONE_REASON("more than 2 such cores");
}

TEST_F(host, performance_mode_needs_a_cpu_for_ktstr)
{
	host_tree__build(&self->t, 1, 4, 1);
	READ();
	CHECK(perf(4, 1));
	EXPECT_ONE_REASON("ktstr needs a CPU for itself");
	/* The sibling of a vCPU's is none. */
	host_tree__build(&self->t, 1, 4, 2);
	READ();
	CHECK(perf(4, 1));
	EXPECT_ONE_REASON("ktstr needs a CPU for itself");
}

TEST_F(host, performance_mode_needs_known_caches)
{
	host_tree__allow(&self->t, "0-7");
	host_tree__put(&self->t, "/sys/kernel/mm/transparent_hugepage/enabled", "[always]\n");
	host_tree__put(&self->t, "/proc/sys/kernel/sched_rt_runtime_us", "-1\n");
	READ();
	CHECK(perf(1, 1));
	EXPECT_ONE_REASON("does not say which CPUs share a last-level cache");
}

TEST_F(host, performance_mode_needs_huge_pages)
{
	host_tree__build(&self->t, 1, 4, 1);
	host_tree__put(&self->t, "/sys/kernel/mm/transparent_hugepage/enabled",
		       "always madvise [never]\n");
	host_tree__node_file(&self->t, 0, "hugepages/hugepages-2048kB/free_hugepages", "255\n");
	READ();
	CHECK(perf(2, 1));
	EXPECT_ONE_REASON("256 huge pages");
	/* The twin: enough were set aside. */
	host_tree__node_file(&self->t, 0, "hugepages/hugepages-2048kB/free_hugepages", "256\n");
	READ();
	CHECK(perf(2, 1));
	EXPECT_EQ(0, self->r.nr);
}

TEST_F(host, performance_mode_needs_free_memory_on_the_node)
{
	struct hostcpu_want w = perf(2, 1);

	w.memory_mib = 8192;
	host_tree__build(&self->t, 1, 4, 1);
	READ();
	CHECK(w);
	EXPECT_ONE_REASON("has 8192 MiB free");
}

TEST_F(host, performance_mode_needs_realtime_without_a_limit)
{
	host_tree__build(&self->t, 1, 4, 1);
	host_tree__put(&self->t, "/proc/sys/kernel/sched_rt_runtime_us", "950000\n");
	READ();
	CHECK(perf(2, 1));
	EXPECT_ONE_REASON("sched_rt_runtime_us is 950000");
}

TEST_F(host, every_reason_is_told_at_once)
{
	host_tree__allow(&self->t, "0");
	READ();
	CHECK(perf(4, 1));
	EXPECT_EQ(3, self->r.nr);
	EXPECT_TRUE(says(&self->r, "last-level cache"));
	EXPECT_TRUE(says(&self->r, "huge pages"));
	EXPECT_TRUE(says(&self->r, "sched_rt_runtime_us"));
	for (uint32_t i = 0; i < self->r.nr; i++)
		EXPECT_EQ(NULL, strchr(self->r.why[i].msg, '\n'));
}

TEST(cpu_sets_are_written_as_lists)
{
	struct cpu_mask m = { 0 };
	char text[64], small[8];

	EXPECT_STREQ("", cpu_mask__text(&m, text, sizeof(text)));
	cpu_mask__set(&m, 0);
	cpu_mask__set(&m, 1);
	cpu_mask__set(&m, 1023);
	EXPECT_STREQ("0-1,1023", cpu_mask__text(&m, text, sizeof(text)));
	EXPECT_STREQ("0-1,102", cpu_mask__text(&m, small, sizeof(small)));
	EXPECT_EQ(3, cpu_mask__count(&m));
}

TEST_HARNESS_MAIN
