// SPDX-License-Identifier: GPL-2.0-only
/*
 * The presets: each is a machine that can be, and all that is said of its CPUs agrees.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/topology_text.h>

#include "unit.h"

FIXTURE(presets)
{
	struct ktstr_topology t;
	struct ktstr_topology_about about;
	struct ktstr_error e;
};

FIXTURE_SETUP(presets)
{
	memset(self, 0, sizeof(*self));
}

FIXTURE_TEARDOWN(presets)
{
	ktstr_topology__free(&self->t);
}

#define FOR_EACH_PRESET(p)								\
	for (unsigned int at = 0; (p = ktstr_topology_preset__at(at)); at++,		\
	     ktstr_topology__free(&self->t))

#define LOAD(name)									\
	ASSERT_EQ(0, ktstr_topology_preset__load(name, &self->t, &self->about, &self->e)) { \
		TH_LOG("%s", self->e.msg);						\
	}

TEST_F(presets, all_are_read_and_say_what_they_are)
{
	const struct ktstr_topology_preset *p;
	unsigned int n = 0;

	FOR_EACH_PRESET(p) {
		LOAD(p->name);
		EXPECT_NE('\0', self->about.text[0]);
		EXPECT_EQ(0, ktstr_topology__check(&self->t, NULL));
		EXPECT_EQ(0, ktstr_topology__check_guest(&self->t, NULL));
		EXPECT_EQ(0, ktstr_topology__check_memory(&self->t, 1024, NULL));
		n++;
	}
	EXPECT_EQ(38, n);
}

TEST_F(presets, no_name_comes_twice_or_looks_like_numbers)
{
	const struct ktstr_topology_preset *p, *q;

	for (unsigned int i = 0; (p = ktstr_topology_preset__at(i)); i++) {
		EXPECT_NE('\0', p->name[strspn(p->name, "0123456789,")]);
		EXPECT_EQ(strlen(p->name), strspn(p->name, "0123456789abcdefghijklmnopqrstuvwxyz-"));
		for (unsigned int j = 0; j < i && (q = ktstr_topology_preset__at(j)); j++)
			EXPECT_STRNE(p->name, q->name);
	}
}

TEST_F(presets, a_shape_is_what_its_name_says)
{
	static const struct ktstr_topology shapes[] = {
		{ 1, 1, 4, 1 }, { 1, 2, 2, 1 }, { 1, 3, 3, 1 }, { 1, 5, 3, 1 }, { 1, 7, 2, 1 },
		{ 1, 2, 2, 2 }, { 1, 3, 2, 2 }, { 1, 4, 4, 2 }, { 1, 8, 4, 2 }, { 1, 4, 16, 2 },
		{ 1, 8, 8, 2 }, { 1, 15, 8, 2 }, { 1, 14, 9, 2 }, { 1, 4, 8, 1 }, { 1, 8, 8, 1 },
		{ 1, 4, 32, 1 }, { 1, 8, 16, 1 }, { 1, 15, 16, 1 }, { 1, 14, 18, 1 },
		{ 2, 2, 8, 2 }, { 2, 4, 4, 1 }, { 2, 8, 8, 2 }, { 2, 8, 16, 1 }, { 4, 8, 4, 1 },
		{ 4, 12, 8, 2 },
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct ktstr_topology *s = &shapes[i];
		char name[32];

		snprintf(name, sizeof(name), "%un%ul%uc%ut", s->nodes, s->llcs, s->cores,
			 s->threads);
		LOAD(name);
		EXPECT_TRUE(ktstr_topology__equal(s, &self->t));
		ktstr_topology__free(&self->t);
	}
}

/* Two CPUs: the same APIC id above a shift means the same thing there, and only then. */
static int pair_agrees(const struct ktstr_topology *t, uint32_t a, uint32_t b)
{
	uint32_t ia = ktstr_topology__apic_id(t, a), ib = ktstr_topology__apic_id(t, b);
	uint32_t core, llc, pkg;

	ktstr_topology__shifts(t, &core, &llc, &pkg);
	return ia != ib && (ia < ib) == (a < b) &&
	       (ia >> core == ib >> core) ==
	       (ktstr_topology__cpu_core(t, a) == ktstr_topology__cpu_core(t, b)) &&
	       (ia >> llc == ib >> llc) ==
	       (ktstr_topology__cpu_llc(t, a) == ktstr_topology__cpu_llc(t, b)) &&
	       (ia >> pkg == ib >> pkg) ==
	       (ktstr_topology__cpu_node(t, a) == ktstr_topology__cpu_node(t, b));
}

TEST_F(presets, apic_ids_are_unique_and_siblings_agree_by_shift)
{
	const struct ktstr_topology_preset *p;

	FOR_EACH_PRESET(p) {
		uint32_t nr;

		LOAD(p->name);
		nr = ktstr_topology__nr_cpus(&self->t);
		for (uint32_t i = 0; i < nr * nr; i++) {
			uint32_t a = i / nr, b = i % nr;

			ASSERT_TRUE(a == b || pair_agrees(&self->t, a, b)) {
				TH_LOG("%s: CPUs %u and %u", p->name, a, b);
			}
		}
		EXPECT_EQ(0, ktstr_topology__apic_id(&self->t, 0));
		EXPECT_EQ(ktstr_topology__apic_id(&self->t, nr - 1),
			  ktstr_topology__apic_id_max(&self->t));
	}
}

/* Going down node by node, LLC by LLC, core by core meets every CPU once, in order. */
static uint32_t walk(const struct ktstr_topology *t)
{
	uint32_t cpu = 0, core = 0, llc = 0;

	for (uint32_t node = 0; node < t->nodes; node++) {
		struct ktstr_range llcs = ktstr_topology__node_llcs(t, node);

		for (uint32_t l = 0; l < llcs.nr; l++, llc++) {
			struct ktstr_range cores = ktstr_topology__llc_cores(t, llc);

			if (llcs.first + l != llc || ktstr_topology__llc_node(t, llc) != node)
				return 0;
			for (uint32_t c = 0; c < cores.nr; c++, core++) {
				struct ktstr_range cpus = ktstr_topology__core_cpus(t, core);

				if (cores.first + c != core || cpus.first != cpu ||
				    ktstr_topology__core_llc(t, core) != llc)
					return 0;
				for (uint32_t i = 0; i < cpus.nr; i++, cpu++)
					if (ktstr_topology__cpu_core(t, cpu) != core ||
					    ktstr_topology__cpu_thread(t, cpu) != i)
						return 0;
			}
		}
	}
	return core == ktstr_topology__nr_cores(t) && llc == t->llcs ? cpu : 0;
}

TEST_F(presets, cpus_are_numbered_densely)
{
	const struct ktstr_topology_preset *p;

	FOR_EACH_PRESET(p) {
		LOAD(p->name);
		EXPECT_EQ(ktstr_topology__nr_cpus(&self->t), walk(&self->t)) {
			TH_LOG("%s", p->name);
		}
	}
}

TEST_F(presets, memory_of_the_nodes_adds_up)
{
	const struct ktstr_topology_preset *p;
	const uint64_t total = 1027ull << 20;

	FOR_EACH_PRESET(p) {
		uint64_t sum = 0;

		LOAD(p->name);
		for (uint32_t node = 0; node < self->t.nodes; node++)
			sum += ktstr_topology__node_memory(&self->t, node, total);
		EXPECT_EQ(total, sum);
	}
}

TEST_F(presets, a_memory_only_node)
{
	LOAD("cxl");
	EXPECT_EQ(3, self->t.nodes);
	EXPECT_EQ(0, ktstr_topology__node_cpus(&self->t, 2).nr);
	EXPECT_TRUE(ktstr_topology__node_has_memory(&self->t, 2));
	EXPECT_EQ(24, ktstr_topology__distance(&self->t, 2, 0));
	EXPECT_EQ(250, ktstr_topology__latency_ns(&self->t, 0, 2));
	EXPECT_TRUE(ktstr_topology__has_hmat(&self->t));
}

TEST_F(presets, smt_on_some_cores_only)
{
	LOAD("core-14900k");
	EXPECT_EQ(32, ktstr_topology__nr_cpus(&self->t));
	EXPECT_EQ(24, ktstr_topology__nr_cores(&self->t));
	EXPECT_EQ(2, ktstr_topology__core_cpus(&self->t, 7).nr);
	EXPECT_EQ(1, ktstr_topology__core_cpus(&self->t, 8).nr);
}

TEST_F(presets, llcs_that_differ)
{
	LOAD("ryzen-ai-370");
	EXPECT_EQ(8, ktstr_topology__llc_cpus(&self->t, 0).nr);
	EXPECT_EQ(16, ktstr_topology__llc_cpus(&self->t, 1).nr);
	EXPECT_EQ(16384, ktstr_topology__cache_kib(&self->t, 0, KTSTR_L3));
	EXPECT_EQ(8192, ktstr_topology__cache_kib(&self->t, 8, KTSTR_L3));
}

TEST_F(presets, a_name_that_is_none)
{
	EXPECT_EQ(-ENOENT, ktstr_topology_preset__load("epyc", &self->t, NULL, &self->e));
	EXPECT_STREQ("there is no preset \"epyc\": see ktstr topo for their names", self->e.msg);
	EXPECT_EQ(-ENOENT, ktstr_topology_preset__load("", &self->t, NULL, &self->e));
}

TEST_HARNESS_MAIN
