// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID of any topology, read as Linux does: which CPUs share a core, an LLC, a package.
 */
#include <string.h>

#include "selftests/unit/cpuid_hosts.h"

#include "oracle.h"
#include "tables.h"

#define CPUS_TRIED	24u	/* of one guest; lists take their time */
#define SHARED_MAX_KIB	0x3fffffu	/* what 32 bits of bytes hold */

/** struct shifts - from which bit of an APIC id on core, LLC and package have their number */
struct shifts {
	uint32_t core, llc, pkg;
};

static const struct {
	enum ktstr_cache cache;
	uint32_t type, level;
} caches[KTSTR_NR_CACHES] = {
	{ KTSTR_L1D, 1, 1 }, { KTSTR_L1I, 2, 1 }, { KTSTR_L2, 3, 2 }, { KTSTR_L3, 3, 3 },
};

/* One subleaf of a list of levels; return: its shift. */
static uint32_t level(const struct kvm_cpuid2 *c, uint32_t leaf, uint32_t index, uint32_t type,
		      uint32_t id, uint32_t cpus)
{
	const struct kvm_cpuid_entry2 *e = cpuid_get(c, leaf, index);

	CHECK((e->ecx & 0xffff) == (index | type << 8), "leaf 0x%x,%u: type 0x%x", leaf, index,
	      e->ecx);
	CHECK(e->edx == id, "leaf 0x%x,%u: APIC id %u, not %u", leaf, index, e->edx, id);
	CHECK(!type || (e->ebx == cpus && e->eax < 32), "leaf 0x%x,%u: %u CPUs, not %u", leaf,
	      index, e->ebx, cpus);
	return e->eax;
}

static struct shifts read_levels(const struct kvm_cpuid2 *c, const struct ktstr_topology *t,
				 uint32_t cpu, bool amd)
{
	uint32_t id = ktstr_topology__apic_id(t, cpu), leaf = amd ? 0x80000026 : 0x1f;
	uint32_t smt = ktstr_topology__core_cpus(t, ktstr_topology__cpu_core(t, cpu)).nr;
	uint32_t llc = ktstr_topology__llc_cpus(t, ktstr_topology__cpu_llc(t, cpu)).nr;
	uint32_t pkg = ktstr_topology__node_cpus(t, ktstr_topology__cpu_node(t, cpu)).nr;
	struct shifts s = { .core = level(c, leaf, 0, 1, id, smt) };

	s.llc = level(c, leaf, 1, 2, id, llc);
	if (amd)
		CHECK(level(c, leaf, 2, 3, id, llc) == s.llc, "die of CPU %u", cpu);
	s.pkg = amd ? level(c, leaf, 3, 4, id, pkg) : level(c, leaf, 2, 5, id, pkg);
	level(c, leaf, amd ? 4 : 3, 0, id, 0);
	CHECK(level(c, 0xb, 0, 1, id, smt) == s.core && level(c, 0xb, 1, 2, id, pkg) == s.pkg,
	      "leaf 0xb of CPU %u", cpu);
	level(c, 0xb, 2, 0, id, 0);
	CHECK(s.core <= s.llc && s.llc <= s.pkg, "shifts %u, %u, %u", s.core, s.llc, s.pkg);
	return s;
}

static uint32_t given_kib(const struct ktstr_topology *t, uint32_t cpu, enum ktstr_cache cache)
{
	uint32_t kib = ktstr_topology__cache_kib(t, cpu, cache);

	return kib < SHARED_MAX_KIB ? kib : SHARED_MAX_KIB;
}

/* cpu_cacheinfo.c: size, and ids rounded down to a power of two of the CPUs that share it. */
static void check_cache(const struct kvm_cpuid2 *c, const struct ktstr_topology *t, uint32_t cpu,
			const struct shifts *s, uint32_t leaf, uint32_t index)
{
	const struct kvm_cpuid_entry2 *e = cpuid_get(c, leaf, index);
	uint32_t sharing = (e->eax >> 14 & 0xfff) + 1, kib = given_kib(t, cpu, caches[index].cache);
	uint64_t bytes = ((e->ebx >> 22) + 1ull) * ((e->ebx >> 12 & 0x3ff) + 1) *
			 ((e->ebx & 0xfff) + 1) * (e->ecx + 1ull);

	CHECK((e->eax & 0xff) == (caches[index].type | caches[index].level << 5),
	      "cache %u of CPU %u: 0x%x", index, cpu, e->eax);
	CHECK(!kib || bytes == kib * 1024ull, "cache %u of CPU %u: %lu bytes, not %u KiB", index,
	      cpu, bytes, kib);
	CHECK(sharing == 1u << (caches[index].level == 3 ? s->llc : s->core),
	      "cache %u of CPU %u: %u ids share it", index, cpu, sharing);
}

static void check_caches(const struct kvm_cpuid2 *c, const struct ktstr_topology *t, uint32_t cpu,
			 const struct shifts *s, bool amd)
{
	uint32_t leaf = amd ? 0x8000001d : 4;

	for (uint32_t i = 0; i < KTSTR_NR_CACHES; i++)
		check_cache(c, t, cpu, s, leaf, i);
	CHECK(!(cpuid_get(c, leaf, KTSTR_NR_CACHES)->eax & 0x1f), "a fifth cache of CPU %u", cpu);
}

static void check_neighbours(const struct ktstr_topology *t, const struct shifts *s, uint32_t a,
			     uint32_t b)
{
	uint32_t ids = ktstr_topology__apic_id(t, a), differ = ids ^ ktstr_topology__apic_id(t, b);

	CHECK(!(differ >> s->core) ==
	      (ktstr_topology__cpu_core(t, a) == ktstr_topology__cpu_core(t, b)),
	      "cores of CPUs %u and %u", a, b);
	CHECK(!(differ >> s->llc) ==
	      (ktstr_topology__cpu_llc(t, a) == ktstr_topology__cpu_llc(t, b)),
	      "LLCs of CPUs %u and %u", a, b);
	CHECK(!(differ >> s->pkg) ==
	      (ktstr_topology__cpu_node(t, a) == ktstr_topology__cpu_node(t, b)),
	      "packages of CPUs %u and %u", a, b);
}

static struct shifts check_cpu(const struct kvm_cpuid2 *host, const struct ktstr_topology *t,
			       uint32_t cpu, bool amd)
{
	struct cpuid_opts opts = {
		.vendor = amd ? VMM_VENDOR_AMD : VMM_VENDOR_INTEL, .ext_dest_id = true,
	};
	struct kvm_cpuid2 *c = new_list();
	struct shifts s;
	int err;

	CHECK(c, "no memory");
	memcpy(c, host, sizeof(*c) + host->nent * sizeof(c->entries[0]));
	err = cpuid__fill(c, t, cpu, &opts);
	CHECK(!err && c->nent <= CPUID_ENTRIES_MAX, "CPUID of CPU %u: %d", cpu, err);
	CHECK(cpuid_vendor_is(c, amd ? "AuthenticAMD" : "GenuineIntel"), "vendor of CPU %u", cpu);
	s = read_levels(c, t, cpu, amd);
	check_caches(c, t, cpu, &s, amd);
	free(c);
	return s;
}

static void check_guest(const struct kvm_cpuid2 *host, const struct ktstr_topology *t, bool amd)
{
	uint32_t nr = ktstr_topology__nr_cpus(t), step = nr / CPUS_TRIED + 1;
	struct shifts first = check_cpu(host, t, 0, amd);

	for (uint32_t cpu = step; cpu < nr; cpu += step) {
		struct shifts s = check_cpu(host, t, cpu, amd);

		/* Linux compares them, and calls a difference a firmware bug. */
		CHECK(!memcmp(&s, &first, sizeof(s)), "CPU %u has other shifts than CPU 0", cpu);
	}
	check_cpu(host, t, nr - 1, amd);
	/* Ids grow with CPUs: those that follow each other stand for all pairs. */
	for (uint32_t cpu = 1; cpu < nr; cpu++)
		check_neighbours(t, &first, cpu - 1, cpu);
}

void tables__check_cpuid(const struct ktstr_topology *t)
{
	struct kvm_cpuid2 *hosts[] = { amd_host(ZEN2), amd_host(ZEN1), intel_host() };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		CHECK(hosts[i], "no memory");
		check_guest(hosts[i], t, true);
		check_guest(hosts[i], t, false);
		free(hosts[i]);
	}
}
