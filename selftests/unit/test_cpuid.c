// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID but for topology: features, vendors, what stays of KVM's list and what does
 * not, and lists without room. The topology is in test_cpuid_topology.c.
 */
#include <errno.h>

#include "cpuid_hosts.h"
#include "unit.h"

static const struct ktstr_topology one = { 1, 1, 1, 1 };
static const struct ktstr_topology two = { 1, 1, 2, 1 };
static const struct cpuid_opts plain;

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
	bool amd;
};

FIXTURE_VARIANT_ADD(host, amd) { true };
FIXTURE_VARIANT_ADD(host, intel) { false };

FIXTURE_SETUP(host)
{
	self->c = variant->amd ? amd_host(ZEN3) : intel_host();
	ASSERT_NE(NULL, self->c);
}

FIXTURE_TEARDOWN(host)
{
	free(self->c);
}

TEST_F(host, nothing_of_the_hosts_topology_shines_through)
{
	ASSERT_EQ(0, cpuid__fill(self->c, &two, 1, &plain));
	EXPECT_FALSE(twice(self->c));
	EXPECT_EQ(0x0800, cpuid_get(self->c, 1, 0)->ebx & 0xffff);
	EXPECT_EQ(1, cpuid_get(self->c, 1, 0)->ebx >> 24);
	EXPECT_EQ(variant->amd, cpuid_has(self->c, 0x80000026));
	EXPECT_EQ(variant->amd, cpuid_has(self->c, 0x8000001d));
	EXPECT_EQ(variant->amd, cpuid_has(self->c, 0x8000001e));
	EXPECT_EQ(!variant->amd, cpuid_has(self->c, 0x1f));
	EXPECT_EQ(!variant->amd, cpuid_has(self->c, 4));
}

TEST_F(host, virtualization_is_hidden)
{
	ASSERT_EQ(0, cpuid__fill(self->c, &one, 0, &plain));
	EXPECT_FALSE(cpuid_get(self->c, 1, 0)->ecx & VMX);
	EXPECT_FALSE(cpuid_get(self->c, 0x80000001, 0)->ecx & SVM);
	EXPECT_FALSE(cpuid_has(self->c, 0x8000000a));
	EXPECT_EQ(variant->amd, cpuid_get(self->c, 0x80000001, 0)->ecx & 1);
}

TEST_F(host, deadline_timer_only_where_asked_and_hypervisor_bit_always)
{
	for (int want = 1; want >= 0; want--) {
		struct cpuid_opts o = { .tsc_deadline = want };

		ASSERT_EQ(0, cpuid__fill(self->c, &one, 0, &o));
		EXPECT_EQ(want, !!(cpuid_get(self->c, 1, 0)->ecx & TSC_DEADLINE));
		EXPECT_TRUE(cpuid_get(self->c, 1, 0)->ecx & HYPERVISOR);
		EXPECT_TRUE(cpuid_get(self->c, 1, 0)->ecx & X2APIC);
	}
}

TEST_F(host, extended_destinations_only_where_asked)
{
	struct cpuid_opts o = { .ext_dest_id = true };

	ASSERT_EQ(0, cpuid__fill(self->c, &one, 0, &plain));
	EXPECT_EQ(0x01007efb & ~(1u << 15), cpuid_get(self->c, 0x40000001, 0)->eax & ~(1u << 15));
	EXPECT_FALSE(cpuid_get(self->c, 0x40000001, 0)->eax & 1u << 15);
	ASSERT_EQ(0, cpuid__fill(self->c, &one, 0, &o));
	EXPECT_TRUE(cpuid_get(self->c, 0x40000001, 0)->eax & 1u << 15);
}

TEST_F(host, kvm_leaves_invariant_tsc_and_other_features_stay)
{
	ASSERT_EQ(0, cpuid__fill(self->c, &two, 1, &plain));
	EXPECT_EQ(0x4b4d564b, cpuid_get(self->c, 0x40000000, 0)->ebx);
	EXPECT_EQ(INVARIANT_TSC, cpuid_get(self->c, 0x80000007, 0)->edx);
	EXPECT_LE(0x80000007, cpuid_get(self->c, 0x80000000, 0)->eax);
	EXPECT_EQ(0x3028, cpuid_get(self->c, 0x80000008, 0)->eax);
	if (variant->amd)
		EXPECT_EQ(832, cpuid_get(self->c, 0xd, 0)->ebx);
}

/* Invariant TSC is the host's to promise. */
TEST_F(host, no_invariant_tsc_is_made_up)
{
	for (uint32_t i = 0; i < self->c->nent; i++)
		if (self->c->entries[i].function == 0x80000007)
			self->c->entries[i].edx = 0;
	ASSERT_EQ(0, cpuid__fill(self->c, &two, 1, &plain));
	EXPECT_EQ(0, cpuid_get(self->c, 0x80000007, 0)->edx);
}

TEST_F(host, the_other_vendor_can_be_asked_for)
{
	struct cpuid_opts o = { .vendor = variant->amd ? VMM_VENDOR_INTEL : VMM_VENDOR_AMD };

	ASSERT_EQ(0, cpuid__fill(self->c, &two, 0, &o));
	EXPECT_TRUE(cpuid_vendor_is(self->c, variant->amd ? "GenuineIntel" : "AuthenticAMD"));
	EXPECT_EQ(variant->amd ? SAPPHIRE_RAPIDS : ZEN2, cpuid_get(self->c, 1, 0)->eax);
	EXPECT_EQ(variant->amd, cpuid_has(self->c, 4));
	EXPECT_EQ(!variant->amd, cpuid_has(self->c, 0x8000001d));
	EXPECT_EQ(!variant->amd, cpuid_has(self->c, 0x80000026));
	EXPECT_EQ(!variant->amd, !!(cpuid_get(self->c, 0x80000001, 0)->ecx & TOPOEXT));
	EXPECT_EQ(!variant->amd, !!(cpuid_get(self->c, 0x80000001, 0)->ecx & CMP_LEGACY));
	EXPECT_FALSE(twice(self->c));
	/* Nor may it make hypercalls: they are another instruction there. */
	EXPECT_EQ(0x01007efb & ~0x2880, cpuid_get(self->c, 0x40000001, 0)->eax);
}

TEST_F(host, a_vendor_that_is_the_hosts_changes_nothing)
{
	struct cpuid_opts o = { .vendor = variant->amd ? VMM_VENDOR_AMD : VMM_VENDOR_INTEL };

	ASSERT_EQ(0, cpuid__fill(self->c, &two, 0, &o));
	EXPECT_TRUE(cpuid_vendor_is(self->c, variant->amd ? "AuthenticAMD" : "GenuineIntel"));
	EXPECT_EQ(variant->amd ? ZEN3 : SAPPHIRE_RAPIDS, cpuid_get(self->c, 1, 0)->eax);
	EXPECT_EQ(0x01007efb, cpuid_get(self->c, 0x40000001, 0)->eax);
}

/* cacheinfo_amd_init_llc_id() would take the LLC from the node, or from APIC id bit 3. */
TEST(amd_hosts_with_a_fixed_llc_show_a_model_whose_llc_is_in_cpuid)
{
	static const struct { uint32_t host, guest; } cases[] = {
		{ BULLDOZER, ZEN2 }, { ZEN1, ZEN2 }, { 0x00810f81, ZEN2 },
		{ ZEN2, ZEN2 }, { 0x00870f10, 0x00870f10 }, { ZEN3, ZEN3 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kvm_cpuid2 *c = amd_host(cases[i].host);

		ASSERT_EQ(0, cpuid__fill(c, &two, 0, &plain));
		EXPECT_EQ(cases[i].guest, cpuid_get(c, 1, 0)->eax);
		EXPECT_TRUE(cpuid_vendor_is(c, "AuthenticAMD"));
		free(c);
	}
}

/* Linux reads no such topology of these, or another. */
TEST(hosts_of_other_vendors_show_one_that_linux_reads)
{
	struct kvm_cpuid2 *c = amd_like_host("HygonGenuine", 0x00900f01);

	ASSERT_EQ(0, cpuid__fill(c, &two, 0, &plain));
	EXPECT_TRUE(cpuid_vendor_is(c, "AuthenticAMD"));
	EXPECT_EQ(ZEN2, cpuid_get(c, 1, 0)->eax);
	free(c);
	for (int i = 0; i < 3; i++) {
		static const char * const names[] = { "CentaurHauls", "  Shanghai  ", "what is this" };

		c = intel_like_host(names[i]);
		ASSERT_EQ(0, cpuid__fill(c, &two, 0, &plain));
		EXPECT_TRUE(cpuid_vendor_is(c, "GenuineIntel"));
		EXPECT_EQ(SAPPHIRE_RAPIDS, cpuid_get(c, 1, 0)->eax);
		free(c);
	}
}

/* Every length of list around the limit: an error, never a write past the end. */
TEST_F(host, a_list_without_room_is_refused)
{
	int refused = 0, accepted = 0;

	for (uint32_t n = CPUID_ENTRIES_MAX - 24; n <= CPUID_ENTRIES_MAX; n++) {
		struct kvm_cpuid2 *c = variant->amd ? amd_host(ZEN3) : intel_host();
		int err;

		while (c->nent < n)
			list_add(c, 0x50000000 + c->nent, 0, 0, 0, 0, 0, 0);
		err = cpuid__fill(c, &two, 0, &plain);
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
	for (int vendor = VMM_VENDOR_HOST; vendor <= VMM_VENDOR_INTEL; vendor++) {
		struct cpuid_opts o = { .vendor = vendor };
		struct kvm_cpuid2 *c = new_list();

		EXPECT_EQ(0, cpuid__fill(c, &one, 0, &o));
		free(c);
	}
}

TEST_HARNESS_MAIN
