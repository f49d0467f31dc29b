// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID: an AMD and an Intel host's list, turned into a guest's, read back the
 * way Linux reads it (arch/x86/kernel/cpu/topology_ext.c, cacheinfo.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cpuid.h"

#include "unit.h"

#define SIG_INDEX	KVM_CPUID_FLAG_SIGNIFCANT_INDEX
#define VMX		(1u << 5)
#define TSC_DEADLINE	(1u << 24)
#define HYPERVISOR	(1u << 31)
#define HTT		(1u << 28)
#define TOPOEXT		(1u << 22)
#define SVM		(1u << 2)
#define ZEN1		0x00800f12u	/* family 17h, model 01h */
#define ZEN3		0x00a20f10u	/* family 19h */

static void add(struct kvm_cpuid2 *c, uint32_t fn, uint32_t idx, uint32_t flags, uint32_t a,
		uint32_t b, uint32_t cx, uint32_t d)
{
	c->entries[c->nent++] = (struct kvm_cpuid_entry2){
		.function = fn, .index = idx, .flags = flags,
		.eax = a, .ebx = b, .ecx = cx, .edx = d,
	};
}

static void add_vendor(struct kvm_cpuid2 *c, const char *name, uint32_t max)
{
	uint32_t r[3];

	memcpy(r, name, 12);
	add(c, 0, 0, 0, max, r[0], r[2], r[1]);
}

static struct kvm_cpuid2 *new_list(void)
{
	return calloc(1, sizeof(struct kvm_cpuid2) +
		      CPUID_ENTRIES_MAX * sizeof(struct kvm_cpuid_entry2));
}

/* What such hosts say of themselves, with host topology that must not shine through. */
static struct kvm_cpuid2 *amd_host(uint32_t signature)
{
	struct kvm_cpuid2 *c = new_list();

	add_vendor(c, "AuthenticAMD", 0xd);
	add(c, 1, 0, 0, signature, 0x17400800, TSC_DEADLINE | 1u << 21, HTT | 1);
	add(c, 0x8000000a, 0, 0, 1, 8, 0, 0xb);
	add(c, 0xd, 0, SIG_INDEX, 7, 832, 832, 0);
	add(c, 0x40000000, 0, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d);
	add(c, 0x40000001, 0, 0, 0x01007efb, 0, 0, 0);
	add(c, 0x80000000, 0, 0, 0x8000001a, 0, 0, 0);
	add(c, 0x80000001, 0, 0, 0, 0, SVM | 1, 0);
	add(c, 0x80000006, 0, 0, 0, 0, 0, 0x00009140);
	add(c, 0x80000008, 0, 0, 0x3028, 0, 0x603f, 0);
	add(c, 0x80000026, 0, SIG_INDEX, 5, 6, 7, 8);
	return c;
}

static struct kvm_cpuid2 *intel_host(void)
{
	struct kvm_cpuid2 *c = new_list();

	add_vendor(c, "GenuineIntel", 0x1f);
	add(c, 1, 0, 0, 0x000806f8, 0x17400800, VMX | 1u << 21, HTT | 1);
	add(c, 4, 0, SIG_INDEX, 0x7c004121, 0x02c0003f, 63, 0);
	add(c, 4, 1, SIG_INDEX, 0x7c004122, 0x01c0003f, 63, 0);
	add(c, 0xb, 0, SIG_INDEX, 1, 2, 0x100, 77);
	add(c, 0xb, 1, SIG_INDEX, 7, 112, 0x201, 77);
	add(c, 0x1f, 0, SIG_INDEX, 1, 2, 0x100, 77);
	add(c, 0x1f, 1, SIG_INDEX, 7, 112, 0x201, 77);
	add(c, 0x80000000, 0, 0, 0x80000008, 0, 0, 0);
	add(c, 0x80000008, 0, 0, 0x3028, 0, 0, 0);
	return c;
}

static const struct kvm_cpuid_entry2 *get(const struct kvm_cpuid2 *c, uint32_t fn, uint32_t idx)
{
	static const struct kvm_cpuid_entry2 zero;

	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == fn &&
		    (!(c->entries[i].flags & SIG_INDEX) || c->entries[i].index == idx))
			return &c->entries[i];
	return &zero;
}

static bool has(const struct kvm_cpuid2 *c, uint32_t fn)
{
	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == fn)
			return true;
	return false;
}

static bool twice(const struct kvm_cpuid2 *c)
{
	for (uint32_t i = 0; i < c->nent; i++)
		for (uint32_t j = 0; j < i; j++)
			if (c->entries[i].function == c->entries[j].function &&
			    c->entries[i].index == c->entries[j].index)
				return true;
	return false;
}

FIXTURE(host)
{
	struct kvm_cpuid2 *c;
};

FIXTURE_VARIANT(host)
{
	struct ktstr_topology t;
	bool amd;
};

FIXTURE_VARIANT_ADD(host, amd_one) { { 1, 1, 1, 1 }, true };
FIXTURE_VARIANT_ADD(host, amd_even) { { 2, 4, 4, 2 }, true };
FIXTURE_VARIANT_ADD(host, amd_holes) { { 1, 3, 3, 2 }, true };
FIXTURE_VARIANT_ADD(host, amd_254) { { 1, 1, 254, 1 }, true };
FIXTURE_VARIANT_ADD(host, intel_one) { { 1, 1, 1, 1 }, false };
FIXTURE_VARIANT_ADD(host, intel_even) { { 2, 4, 4, 2 }, false };
FIXTURE_VARIANT_ADD(host, intel_holes) { { 1, 3, 3, 2 }, false };
FIXTURE_VARIANT_ADD(host, intel_254) { { 1, 1, 254, 1 }, false };

FIXTURE_SETUP(host)
{
	self->c = NULL;
}

FIXTURE_TEARDOWN(host)
{
	free(self->c);
}

static int fill(struct kvm_cpuid2 **c, const struct ktstr_topology *t, bool amd, uint32_t cpu)
{
	free(*c);
	*c = amd ? amd_host(ZEN3) : intel_host();
	return cpuid__fill(*c, t, cpu, true);
}

TEST_F(host, topology_leaf_agrees_with_apic_ids)
{
	const struct ktstr_topology *t = &variant->t;
	uint32_t core, llc, pkg;

	ktstr_topology__shifts(t, &core, &llc, &pkg);
	for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(t); cpu++) {
		uint32_t id = ktstr_topology__apic_id(t, cpu);
		const struct kvm_cpuid_entry2 *smt, *pkgs;

		ASSERT_EQ(0, fill(&self->c, t, variant->amd, cpu));
		smt = get(self->c, 0xb, 0);
		pkgs = get(self->c, 0xb, 1);
		EXPECT_EQ(id, smt->edx);
		EXPECT_EQ(id, pkgs->edx);
		EXPECT_EQ(id, get(self->c, 1, 0)->ebx >> 24);
		EXPECT_EQ(0x100, smt->ecx);
		EXPECT_EQ(0x201, pkgs->ecx);
		EXPECT_EQ(core, smt->eax);
		EXPECT_EQ(pkg, pkgs->eax);
		EXPECT_EQ(t->threads, smt->ebx);
		EXPECT_EQ(ktstr_topology__nr_cpus(t) / t->nodes, pkgs->ebx);
		EXPECT_EQ(0, get(self->c, 0xb, 2)->ebx);
		EXPECT_LE(0xb, get(self->c, 0, 0)->eax);
	}
}

TEST_F(host, nothing_of_the_hosts_topology_shines_through)
{
	ASSERT_EQ(0, fill(&self->c, &variant->t, variant->amd, 0));
	EXPECT_FALSE(has(self->c, 0x1f));
	EXPECT_FALSE(has(self->c, 0x80000026));
	EXPECT_FALSE(twice(self->c));
	EXPECT_EQ(ktstr_topology__nr_cpus(&variant->t) / variant->t.nodes,
		  get(self->c, 1, 0)->ebx >> 16 & 0xff);
	EXPECT_EQ(0x0800, get(self->c, 1, 0)->ebx & 0xffff);
	EXPECT_EQ(ktstr_topology__nr_cpus(&variant->t) / variant->t.nodes > 1,
		  !!(get(self->c, 1, 0)->edx & HTT));
}

/* Two CPUs share a cache in Linux if their APIC ids are equal above the sharing bits. */
static bool share(const struct kvm_cpuid_entry2 *cache, uint32_t id_a, uint32_t id_b)
{
	uint32_t sharing = (cache->eax >> 14 & 0xfff) + 1;

	return id_a / sharing == id_b / sharing;
}

TEST_F(host, caches_are_shared_by_llc_and_by_core)
{
	const struct ktstr_topology *t = &variant->t;
	uint32_t leaf = variant->amd ? 0x8000001d : 4;
	uint32_t nr = ktstr_topology__nr_cpus(t);

	ASSERT_EQ(0, fill(&self->c, t, variant->amd, 0));
	EXPECT_EQ(0, get(self->c, leaf, 4)->eax & 0x1f);
	for (uint32_t a = 0; a < nr; a++)
		for (uint32_t b = 0; b < nr; b++) {
			uint32_t id_a = ktstr_topology__apic_id(t, a);
			uint32_t id_b = ktstr_topology__apic_id(t, b);

			for (uint32_t i = 0; i < 3; i++) {
				ASSERT_EQ(a / t->threads == b / t->threads,
					  share(get(self->c, leaf, i), id_a, id_b));
			}
			ASSERT_EQ(ktstr_topology__cpu_llc(t, a) == ktstr_topology__cpu_llc(t, b),
				  share(get(self->c, leaf, 3), id_a, id_b));
		}
}

TEST_F(host, cache_levels_types_and_sizes_are_plausible)
{
	static const uint32_t kib[] = { 32, 32, 512, 16384 };
	static const uint32_t level[] = { 1, 1, 2, 3 };
	static const uint32_t type[] = { 1, 2, 3, 3 };
	uint32_t leaf = variant->amd ? 0x8000001d : 4;

	ASSERT_EQ(0, fill(&self->c, &variant->t, variant->amd, 0));
	for (uint32_t i = 0; i < 4; i++) {
		const struct kvm_cpuid_entry2 *e = get(self->c, leaf, i);
		uint32_t ways = (e->ebx >> 22) + 1, lines = (e->ebx & 0xfff) + 1;

		EXPECT_EQ(type[i], e->eax & 0x1f);
		EXPECT_EQ(level[i], e->eax >> 5 & 7);
		EXPECT_EQ(kib[i] << 10, ways * lines * (e->ecx + 1));
	}
}

TEST_F(host, amd_leaves_say_the_same)
{
	const struct ktstr_topology *t = &variant->t;
	uint32_t core, llc, pkg;

	if (!variant->amd) {
		ASSERT_EQ(0, fill(&self->c, t, false, 0));
		EXPECT_FALSE(has(self->c, 0x8000001d));
		EXPECT_FALSE(has(self->c, 0x8000001e));
		EXPECT_EQ(0, get(self->c, 0x80000008, 0)->ecx);
		return;
	}
	ktstr_topology__shifts(t, &core, &llc, &pkg);
	for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(t); cpu++) {
		const struct kvm_cpuid_entry2 *e;

		ASSERT_EQ(0, fill(&self->c, t, true, cpu));
		e = get(self->c, 0x8000001e, 0);
		EXPECT_EQ(ktstr_topology__apic_id(t, cpu), e->eax);
		EXPECT_EQ(t->threads, (e->ebx >> 8 & 0xff) + 1);
		EXPECT_EQ(ktstr_topology__cpu_node(t, cpu), e->ecx & 0xff);
		EXPECT_EQ(0, e->ecx >> 8);
		e = get(self->c, 0x80000008, 0);
		EXPECT_EQ(pkg, e->ecx >> 12 & 0xf);
		EXPECT_EQ(ktstr_topology__nr_cpus(t) / t->nodes, (e->ecx & 0xff) + 1);
		EXPECT_EQ(0x3028, e->eax);
		EXPECT_TRUE(get(self->c, 0x80000001, 0)->ecx & TOPOEXT);
		EXPECT_NE(0, get(self->c, 0x80000006, 0)->edx >> 18);
		EXPECT_LE(0x8000001e, get(self->c, 0x80000000, 0)->eax);
	}
}

TEST(deadline_timer_only_where_asked_and_hypervisor_bit_always)
{
	struct ktstr_topology t = { 1, 1, 1, 1 };
	struct kvm_cpuid2 *c;

	for (int amd = 0; amd < 2; amd++)
		for (int want = 0; want < 2; want++) {
			c = amd ? amd_host(ZEN3) : intel_host();
			ASSERT_EQ(0, cpuid__fill(c, &t, 0, want));
			EXPECT_EQ(want, !!(get(c, 1, 0)->ecx & TSC_DEADLINE));
			EXPECT_TRUE(get(c, 1, 0)->ecx & HYPERVISOR);
			EXPECT_TRUE(get(c, 1, 0)->ecx & 1u << 21);
			free(c);
		}
}

TEST_F(host, virtualization_is_hidden)
{
	ASSERT_EQ(0, fill(&self->c, &variant->t, variant->amd, 0));
	EXPECT_FALSE(get(self->c, 1, 0)->ecx & VMX);
	EXPECT_FALSE(get(self->c, 0x80000001, 0)->ecx & SVM);
	EXPECT_FALSE(has(self->c, 0x8000000a));
	EXPECT_EQ(variant->amd, get(self->c, 0x80000001, 0)->ecx & 1);
}

TEST(kvm_leaves_and_other_features_stay)
{
	struct ktstr_topology t = { 1, 1, 2, 1 };
	struct kvm_cpuid2 *c = amd_host(ZEN3);

	ASSERT_EQ(0, cpuid__fill(c, &t, 1, false));
	EXPECT_EQ(0x01007efb, get(c, 0x40000001, 0)->eax);
	EXPECT_EQ(0x4b4d564b, get(c, 0x40000000, 0)->ebx);
	EXPECT_EQ(832, get(c, 0xd, 0)->ebx);
	free(c);
}

/* cacheinfo_amd_init_llc_id() would take the LLC from APIC id bit 3. */
TEST(zen1_hosts_show_a_model_whose_llc_is_in_cpuid)
{
	struct ktstr_topology t = { 1, 2, 1, 1 };
	struct kvm_cpuid2 *c = amd_host(ZEN1);

	ASSERT_EQ(0, cpuid__fill(c, &t, 0, false));
	EXPECT_EQ(0x00830f10, get(c, 1, 0)->eax);
	free(c);
	c = amd_host(ZEN3);
	ASSERT_EQ(0, cpuid__fill(c, &t, 0, false));
	EXPECT_EQ(ZEN3, get(c, 1, 0)->eax);
	free(c);
}

/* Every length of list around the limit: an error, never a write past the end. */
TEST(a_list_without_room_is_refused)
{
	struct ktstr_topology t = { 1, 1, 2, 1 };
	int refused = 0, accepted = 0;

	for (int amd = 0; amd < 2; amd++)
		for (uint32_t n = CPUID_ENTRIES_MAX - 20; n <= CPUID_ENTRIES_MAX; n++) {
			struct kvm_cpuid2 *c = amd ? amd_host(ZEN3) : intel_host();
			int err;

			while (c->nent < n)
				add(c, 0x50000000 + c->nent, 0, 0, 0, 0, 0, 0);
			err = cpuid__fill(c, &t, 0, true);
			EXPECT_TRUE(err == 0 || err == -ENOSPC);
			EXPECT_GE(CPUID_ENTRIES_MAX, c->nent);
			refused += err != 0;
			accepted += err == 0;
			free(c);
		}
	EXPECT_LT(0, refused);
	EXPECT_LT(0, accepted);
}

TEST(an_empty_list_does_not_crash)
{
	struct ktstr_topology t = { 1, 1, 1, 1 };
	struct kvm_cpuid2 *c = new_list();

	EXPECT_EQ(0, cpuid__fill(c, &t, 0, true));
	free(c);
}

TEST_HARNESS_MAIN
