// SPDX-License-Identifier: GPL-2.0-only
/*
 * A topology with detail: what its builder takes, what its checks refuse, and that
 * all questions about it agree with each other and with four numbers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/topology.h>

#include "unit.h"

FIXTURE(detail)
{
	struct ktstr_topology_detail *d;
	struct ktstr_topology t;
	struct ktstr_error e;
};

FIXTURE_SETUP(detail)
{
	memset(self, 0, sizeof(*self));
	self->d = ktstr_topology_detail__new();
	ASSERT_NE(NULL, self->d);
}

FIXTURE_TEARDOWN(detail)
{
	free(self->d);
}

/* Node 0: an LLC of 2 cores with SMT and 2 without, one of 3; node 1: one core; node 2: memory. */
static int build_uneven(struct ktstr_topology_detail *d)
{
	int err = 0;

	err |= ktstr_topology_detail__add_node(d);
	err |= ktstr_topology_detail__add_llc(d);
	err |= ktstr_topology_detail__add_cores(d, 2, 2);
	err |= ktstr_topology_detail__add_cores(d, 2, 1);
	err |= ktstr_topology_detail__add_llc(d);
	err |= ktstr_topology_detail__add_cores(d, 3, 1);
	err |= ktstr_topology_detail__add_node(d);
	err |= ktstr_topology_detail__add_llc(d);
	err |= ktstr_topology_detail__add_cores(d, 1, 1);
	return err | ktstr_topology_detail__add_node(d);
}

#define BUILD() do {									\
	ASSERT_EQ(0, build_uneven(self->d));						\
	ASSERT_EQ(0, ktstr_topology__of_detail(&self->t, self->d, &self->e)) {		\
		TH_LOG("%s", self->e.msg);						\
	}										\
} while (0)

/* The detail was spoilt on purpose: this sentence must come of it. */
#define REFUSED(sentence) do {								\
	EXPECT_EQ(-EINVAL, ktstr_topology__of_detail(&self->t, self->d, &self->e));	\
	EXPECT_STREQ(sentence, self->e.msg);						\
	EXPECT_EQ(NULL, self->t.detail);						\
} while (0)

TEST_F(detail, four_numbers_are_counts_and_maxima)
{
	BUILD();
	EXPECT_EQ(3, self->t.nodes);
	EXPECT_EQ(3, self->t.llcs);
	EXPECT_EQ(4, self->t.cores);
	EXPECT_EQ(2, self->t.threads);
	EXPECT_EQ(10, ktstr_topology__nr_cpus(&self->t));
	EXPECT_EQ(8, ktstr_topology__nr_cores(&self->t));
}

TEST_F(detail, every_cpu_is_where_it_was_put)
{
	static const struct { uint8_t core, thread, llc, node, id; } want[] = {
		{ 0, 0, 0, 0, 0 }, { 0, 1, 0, 0, 1 }, { 1, 0, 0, 0, 2 }, { 1, 1, 0, 0, 3 },
		{ 2, 0, 0, 0, 4 }, { 3, 0, 0, 0, 6 }, { 4, 0, 1, 0, 8 }, { 5, 0, 1, 0, 10 },
		{ 6, 0, 1, 0, 12 }, { 7, 0, 2, 1, 16 },
	};
	const struct ktstr_topology *t = &self->t;

	BUILD();
	for (uint32_t cpu = 0; cpu < 10; cpu++) {
		EXPECT_EQ(want[cpu].core, ktstr_topology__cpu_core(t, cpu));
		EXPECT_EQ(want[cpu].thread, ktstr_topology__cpu_thread(t, cpu));
		EXPECT_EQ(want[cpu].llc, ktstr_topology__cpu_llc(t, cpu));
		EXPECT_EQ(want[cpu].node, ktstr_topology__cpu_node(t, cpu));
		EXPECT_EQ(want[cpu].id, ktstr_topology__apic_id(t, cpu));
	}
	EXPECT_EQ(16, ktstr_topology__apic_id_max(t));
}

static int same_range(struct ktstr_range r, uint32_t first, uint32_t nr)
{
	return r.first == first && r.nr == nr;
}

TEST_F(detail, ranges)
{
	const struct ktstr_topology *t = &self->t;

	BUILD();
	EXPECT_TRUE(same_range(ktstr_topology__core_cpus(t, 1), 2, 2));
	EXPECT_TRUE(same_range(ktstr_topology__core_cpus(t, 3), 5, 1));
	EXPECT_TRUE(same_range(ktstr_topology__llc_cores(t, 0), 0, 4));
	EXPECT_TRUE(same_range(ktstr_topology__llc_cpus(t, 0), 0, 6));
	EXPECT_TRUE(same_range(ktstr_topology__llc_cpus(t, 1), 6, 3));
	EXPECT_TRUE(same_range(ktstr_topology__node_llcs(t, 0), 0, 2));
	EXPECT_TRUE(same_range(ktstr_topology__node_cpus(t, 0), 0, 9));
	EXPECT_TRUE(same_range(ktstr_topology__node_cpus(t, 1), 9, 1));
	EXPECT_EQ(0, ktstr_topology__node_llcs(t, 2).nr);
	EXPECT_EQ(0, ktstr_topology__node_cpus(t, 2).nr);
}

TEST_F(detail, even_detail_answers_as_four_numbers_do)
{
	static const struct ktstr_topology shapes[] = {
		{ 1, 1, 1, 1 }, { 1, 14, 18, 1 }, { 2, 4, 3, 2 }, { 4, 12, 8, 2 }, { 3, 9, 5, 3 },
		{ 64, 64, 16, 1 }, { 1, 1, 1024, 1 }, { 1, 1, 1, 1024 }, { 1, 1024, 1, 1 },
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct ktstr_topology *a = &shapes[i];
		struct ktstr_topology b;

		ASSERT_EQ(0, ktstr_topology__of_detail(&b, ktstr_topology_detail__even(a), NULL));
		EXPECT_TRUE(ktstr_topology__equal(a, &b));
		for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(a); cpu++)
			ASSERT_EQ(ktstr_topology__apic_id(a, cpu),
				  ktstr_topology__apic_id(&b, cpu));
		for (uint32_t node = 0; node < a->nodes; node++) {
			struct ktstr_range r = ktstr_topology__node_cpus(a, node);

			EXPECT_TRUE(same_range(ktstr_topology__node_cpus(&b, node), r.first, r.nr));
			EXPECT_EQ(ktstr_topology__node_memory(a, node, 1000ull << 20),
				  ktstr_topology__node_memory(&b, node, 1000ull << 20));
		}
		ktstr_topology__free(&b);
		EXPECT_EQ(NULL, b.detail);
	}
}

/* Each of these changes makes another machine of it. */
TEST_F(detail, equality_sees_every_field)
{
	struct ktstr_topology u;
	struct ktstr_topology_detail *d = ktstr_topology_detail__new();

	BUILD();
	ASSERT_EQ(0, build_uneven(d));
	ASSERT_EQ(0, ktstr_topology__of_detail(&u, d, NULL));
	EXPECT_TRUE(ktstr_topology__equal(&self->t, &u));
#define DIFFERS(field, value) do {						\
	d->field = (value);							\
	EXPECT_FALSE(ktstr_topology__equal(&self->t, &u)) {			\
		TH_LOG(#field);							\
	}									\
	d->field = self->d->field;						\
} while (0)
	DIFFERS(memory_mib[1], 64);
	DIFFERS(memory_cache_kib[2], 64);
	DIFFERS(distance[0][2], 21);
	DIFFERS(latency_ns[0][2], 100);
	DIFFERS(bandwidth_mbps[1][2], 100);
	DIFFERS(cache_kib[KTSTR_L1D], 48);
	DIFFERS(cache_kib[KTSTR_L3], 1024);
	DIFFERS(llc_kib[1], 1024);
	DIFFERS(capacity[9], 512);
	DIFFERS(cpu_core[3], 2);
	DIFFERS(core_llc[3], 1);
	DIFFERS(llc_node[2], 0);
	EXPECT_TRUE(ktstr_topology__equal(&self->t, &u));
	d->distance[0][2] = KTSTR_DISTANCE_REMOTE;	/* said, but nothing new */
	EXPECT_TRUE(ktstr_topology__equal(&self->t, &u));
	ktstr_topology__free(&u);
}

TEST_F(detail, memory_is_shared_after_sizes)
{
	const uint64_t mib = 1 << 20;

	BUILD();
	self->d->memory_mib[1] = 100;
	EXPECT_EQ(100, ktstr_topology__sized_memory(&self->t));
	EXPECT_EQ(200 * mib, ktstr_topology__node_memory(&self->t, 0, 501 * mib));
	EXPECT_EQ(100 * mib, ktstr_topology__node_memory(&self->t, 1, 501 * mib));
	EXPECT_EQ(201 * mib, ktstr_topology__node_memory(&self->t, 2, 501 * mib));
	self->d->memory_mib[2] = 50;
	EXPECT_EQ(351 * mib, ktstr_topology__node_memory(&self->t, 0, 501 * mib));
	self->d->memory_mib[0] = 0;
	EXPECT_EQ(0, ktstr_topology__node_memory(&self->t, 0, 150 * mib));
	EXPECT_FALSE(ktstr_topology__node_has_memory(&self->t, 0));
}

TEST_F(detail, memory_that_does_not_fit)
{
	BUILD();
	self->d->memory_mib[1] = 100;
	EXPECT_EQ(0, ktstr_topology__check_memory(&self->t, 104, NULL));
	EXPECT_EQ(-EINVAL, ktstr_topology__check_memory(&self->t, 103, &self->e));
	EXPECT_STREQ("103 MiB are too few for the topology's nodes, 100 MiB and a share for 2 more: give the machine more",
		     self->e.msg);
	self->d->memory_mib[0] = self->d->memory_mib[2] = 10;
	EXPECT_EQ(0, ktstr_topology__check_memory(&self->t, 120, NULL));
	EXPECT_EQ(-EINVAL, ktstr_topology__check_memory(&self->t, 122, &self->e));
	EXPECT_STREQ("the nodes of the topology have 120 MiB and the machine has 122 MiB: make the two the same",
		     self->e.msg);
}

TEST_F(detail, defaults_and_what_was_given)
{
	const struct ktstr_topology *t = &self->t;

	BUILD();
	EXPECT_EQ(10, ktstr_topology__distance(t, 2, 2));
	EXPECT_EQ(20, ktstr_topology__distance(t, 0, 2));
	EXPECT_FALSE(ktstr_topology__has_hmat(t));
	EXPECT_EQ(0, ktstr_topology__cache_kib(t, 0, KTSTR_L3));
	self->d->distance[0][2] = 31;
	self->d->cache_kib[KTSTR_L3] = 32768;
	self->d->llc_kib[1] = 98304;
	self->d->bandwidth_mbps[0][2] = 30000;
	EXPECT_EQ(31, ktstr_topology__distance(t, 0, 2));
	EXPECT_EQ(20, ktstr_topology__distance(t, 2, 0));
	EXPECT_EQ(32768, ktstr_topology__cache_kib(t, 5, KTSTR_L3));
	EXPECT_EQ(98304, ktstr_topology__cache_kib(t, 6, KTSTR_L3));
	EXPECT_TRUE(ktstr_topology__has_hmat(t));
	self->d->bandwidth_mbps[0][2] = 0;
	self->d->memory_cache_kib[2] = 4;
	EXPECT_TRUE(ktstr_topology__has_hmat(t));
}

TEST_F(detail, nothing_in_it)
{
	REFUSED("the topology has no node: add one");
	ASSERT_EQ(0, ktstr_topology_detail__add_node(self->d));
	REFUSED("the topology has no CPU: add an LLC with cores");
}

TEST_F(detail, an_llc_without_cores)
{
	ASSERT_EQ(0, build_uneven(self->d));
	ASSERT_EQ(0, ktstr_topology_detail__add_llc(self->d));
	REFUSED("LLC 3 has no core: add one, or leave the LLC out");
}

TEST_F(detail, order_of_building)
{
	EXPECT_EQ(-EINVAL, ktstr_topology_detail__add_llc(self->d));
	EXPECT_EQ(-EINVAL, ktstr_topology_detail__add_cores(self->d, 1, 1));
	ASSERT_EQ(0, ktstr_topology_detail__add_node(self->d));
	EXPECT_EQ(-EINVAL, ktstr_topology_detail__add_cores(self->d, 1, 1));
	ASSERT_EQ(0, ktstr_topology_detail__add_llc(self->d));
	EXPECT_EQ(-EINVAL, ktstr_topology_detail__add_cores(self->d, 0, 1));
	EXPECT_EQ(-EINVAL, ktstr_topology_detail__add_cores(self->d, 1, 0));
}

TEST_F(detail, limits)
{
	for (unsigned int i = 0; i < KTSTR_NODES_MAX; i++)
		ASSERT_EQ(0, ktstr_topology_detail__add_node(self->d));
	EXPECT_EQ(-E2BIG, ktstr_topology_detail__add_node(self->d));
	for (unsigned int i = 0; i < KTSTR_CPUS_MAX; i++)
		ASSERT_EQ(0, ktstr_topology_detail__add_llc(self->d));
	EXPECT_EQ(-E2BIG, ktstr_topology_detail__add_llc(self->d));
	EXPECT_EQ(-E2BIG, ktstr_topology_detail__add_cores(self->d, UINT32_MAX, UINT32_MAX));
	EXPECT_EQ(-E2BIG, ktstr_topology_detail__add_cores(self->d, KTSTR_CPUS_MAX + 1, 1));
	EXPECT_EQ(-E2BIG, ktstr_topology_detail__add_cores(self->d, 1, KTSTR_CPUS_MAX + 1));
	ASSERT_EQ(0, ktstr_topology_detail__add_cores(self->d, KTSTR_CPUS_MAX, 1));
	EXPECT_EQ(-E2BIG, ktstr_topology_detail__add_cores(self->d, 1, 1));
}

/* One wide member at each level: 32 bits would not even hold all fields. */
TEST_F(detail, apic_ids_that_pass_the_end)
{
	int err = 0;

	for (int i = 0; i < 60; i++) {
		err |= ktstr_topology_detail__add_node(self->d);
		err |= ktstr_topology_detail__add_llc(self->d);
		err |= ktstr_topology_detail__add_cores(self->d, i == 3 ? 200 : 1,
							i == 1 ? 200 : 1);
	}
	for (int i = 0; i < 200; i++) {
		err |= ktstr_topology_detail__add_llc(self->d);
		err |= ktstr_topology_detail__add_cores(self->d, 1, 1);
	}
	ASSERT_EQ(0, err);
	REFUSED("a topology of up to 60 nodes, 201 LLCs each, 200 cores each, 200 threads each needs APIC id 1002962944 and ids end at 4095: use fewer CPUs, or powers of two");
}

TEST_F(detail, a_node_of_nothing)
{
	ASSERT_EQ(0, build_uneven(self->d));
	self->d->memory_mib[2] = 0;
	REFUSED("node 2 has neither CPUs nor memory: give it one of them, or leave it out");
}

TEST_F(detail, no_memory_at_all)
{
	ASSERT_EQ(0, build_uneven(self->d));
	self->d->nr_nodes = 2;
	self->d->memory_mib[0] = self->d->memory_mib[1] = 0;
	REFUSED("no node has memory: give memory to one of them");
}

TEST_F(detail, a_memory_cache_of_no_memory)
{
	ASSERT_EQ(0, build_uneven(self->d));
	self->d->memory_mib[1] = 0;
	self->d->memory_cache_kib[1] = 64;
	REFUSED("node 1 has a memory-side cache and no memory: give it memory, or no such cache");
}

TEST_F(detail, memory_that_splits_a_huge_page)
{
	ASSERT_EQ(0, build_uneven(self->d));
	self->d->memory_mib[1] = 65;
	REFUSED("the memory of node 1, 65 MiB, is no multiple of 2 MiB: round it");
}

TEST_F(detail, distances_out_of_range)
{
	ASSERT_EQ(0, build_uneven(self->d));
	self->d->distance[1][1] = 11;
	REFUSED("the distance of node 1 to itself is 11: it is always 10");
	self->d->distance[1][1] = 10;
	self->d->distance[2][1] = 10;
	REFUSED("the distance from node 2 to node 1 is 10: give 11 to 254");
	self->d->distance[2][1] = 255;
	REFUSED("the distance from node 2 to node 1 is 255: give 11 to 254");
}

TEST_F(detail, hmat_between_nodes_that_cannot)
{
	ASSERT_EQ(0, build_uneven(self->d));
	self->d->latency_ns[2][0] = 1;
	REFUSED("there is a latency from node 2, which has no CPU: leave it out");
	self->d->latency_ns[2][0] = 0;
	self->d->bandwidth_mbps[0][1] = 1;
	self->d->memory_mib[1] = 0;
	REFUSED("there is a bandwidth to node 1, which has no memory: leave it out");
}

TEST_HARNESS_MAIN
