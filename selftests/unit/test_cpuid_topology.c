// SPDX-License-Identifier: GPL-2.0-only
/*
 * The topology in CPUID, read back the way Linux reads it (arch/x86/kernel/cpu/
 * topology_ext.c, topology_amd.c, topology_common.c, cacheinfo.c), for both vendors and
 * every shape: what comes out has to be the model, CPU by CPU and pair by pair.
 */
#include <errno.h>
#include <stdio.h>

#include "selftests/shapes.h"
#include "cpuid_hosts.h"
#include "unit.h"

/* enum x86_topology_domains, and the highest of them, whose shift is the package's */
enum { SMT, CORE, MODULE, TILE, DIE, DIEGRP, NR_DOMAINS };

/* struct seen - what a kernel makes of the leaves of one CPU */
struct seen {
	uint32_t apic_id;
	uint32_t shift[NR_DOMAINS];
	uint32_t pkg, die, core, node;
	uint32_t cache[KTSTR_NR_CACHES];	/* ids: CPUs with the same one share it */
	uint32_t llc;
};

static uint32_t order(uint32_t n)
{
	return n > 1 ? 32 - __builtin_clz(n - 1) : 0;
}

/* topology_set_dom(): upwards from where it was stated. */
static void set_shift(struct seen *s, int dom, uint32_t shift)
{
	for (; dom < NR_DOMAINS; dom++)
		s->shift[dom] = shift;
}

/* parse_topology_leaf(); return: 0, 1 where a leaf breaks a rule that Linux warns about. */
static int read_levels(const struct kvm_cpuid2 *c, uint32_t leaf, struct seen *s)
{
	static const int map_intel[] = { -1, SMT, CORE, MODULE, TILE, DIE, DIEGRP };
	static const int map_amd[] = { -1, SMT, CORE, TILE, DIE };
	uint32_t types = leaf == 0x80000026 ? 5 : leaf == 0x1f ? 7 : 3, last = 0;

	for (uint32_t i = 0;; i++) {
		const struct kvm_cpuid_entry2 *e = cpuid_get(c, leaf, i);
		uint32_t type = e->ecx >> 8 & 0xff;

		if ((e->ecx & 0xff) != i)
			return 1;
		if (!(e->ebx & 0xffff) || !type)
			return i == 0 || type || e->eax;
		if (type >= types || (i && e->edx != s->apic_id) || (e->eax & 0x1f) < last)
			return 1;
		s->apic_id = e->edx;
		last = e->eax & 0x1f;
		set_shift(s, leaf == 0x80000026 ? map_amd[type] : map_intel[type], last);
		if (i == 0 && !last && e->ebx > 1)
			return 1;
	}
}

static void number(struct seen *s)
{
	uint32_t in_pkg = s->apic_id & ((1u << s->shift[DIEGRP]) - 1);

	s->pkg = s->apic_id >> s->shift[DIEGRP];
	s->die = s->apic_id >> s->shift[TILE];
	s->core = in_pkg >> s->shift[SMT];
}

/* populate_cache_leaves() and cacheinfo_amd_init_llc_id(), init_intel_cacheinfo() */
static int read_caches(const struct kvm_cpuid2 *c, uint32_t leaf, struct seen *s)
{
	for (uint32_t i = 0; i < KTSTR_NR_CACHES; i++) {
		uint32_t sharing = (cpuid_get(c, leaf, i)->eax >> 14 & 0xfff) + 1;

		s->cache[i] = s->apic_id >> order(sharing);
		/* __cache_amd_cpumap_setup() divides instead, and must find the same. */
		if (s->apic_id / sharing != s->cache[i])
			return 1;
	}
	s->llc = s->cache[KTSTR_L3];
	return cpuid_get(c, leaf, KTSTR_NR_CACHES)->eax & 0x1f;
}

/* @old: kernels before 6.9, which know 0xB of AMD's but not 0x80000026 */
static int read_amd(const struct kvm_cpuid2 *c, bool old, struct seen *s)
{
	const struct kvm_cpuid_entry2 *e = cpuid_get(c, 0x8000001e, 0);
	int err;

	if (cpuid_get(c, 0x80000000, 0)->eax < 0x80000026 ||
	    !(cpuid_get(c, 0x80000001, 0)->ecx & TOPOEXT) ||
	    !(cpuid_get(c, 0x80000006, 0)->edx & 0xf000))
		return 1;
	err = read_levels(c, old ? 0xb : 0x80000026, s);
	err |= e->eax != s->apic_id || (e->ecx >> 8 & 7);
	s->node = e->ecx & 0xff;
	number(s);
	return err || read_caches(c, 0x8000001d, s);
}

static int read_intel(const struct kvm_cpuid2 *c, bool old, struct seen *s)
{
	int err = cpuid_get(c, 0, 0)->eax < 0x1f || read_levels(c, old ? 0xb : 0x1f, s);

	number(s);
	s->node = s->pkg;
	return err || read_caches(c, 4, s);
}

FIXTURE(reader)
{
	struct ktstr_topology t;
	struct kvm_cpuid2 *c;
	struct seen *seen;
};

FIXTURE_VARIANT(reader)
{
	bool amd;
	bool old;
};

FIXTURE_VARIANT_ADD(reader, amd) { .amd = true };
FIXTURE_VARIANT_ADD(reader, amd_old_kernel) { .amd = true, .old = true };
FIXTURE_VARIANT_ADD(reader, intel) { .amd = false };
FIXTURE_VARIANT_ADD(reader, intel_leaf_b) { .amd = false, .old = true };

FIXTURE_SETUP(reader)
{
	self->seen = calloc(KTSTR_CPUS_MAX, sizeof(*self->seen));
	ASSERT_NE(NULL, self->seen);
}

FIXTURE_TEARDOWN(reader)
{
	free(self->seen);
	free(self->c);
	ktstr_topology__free(&self->t);
}

static int fill(struct kvm_cpuid2 **c, const struct ktstr_topology *t, bool amd, uint32_t cpu)
{
	struct cpuid_opts o = { .tsc_deadline = true };

	free(*c);
	*c = amd ? amd_host(ZEN3) : intel_host();
	return *c ? cpuid__fill(*c, t, cpu, &o) : -ENOMEM;
}

/* Read every CPU; return: 0, or 1 + the CPU at which that failed. */
static uint32_t read_machine(struct kvm_cpuid2 **c, const struct ktstr_topology *t, bool amd,
			     bool old, struct seen *seen)
{
	memset(seen, 0, KTSTR_CPUS_MAX * sizeof(*seen));
	for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(t); cpu++) {
		if (fill(c, t, amd, cpu))
			return cpu + 1;
		if (amd ? read_amd(*c, old, &seen[cpu]) : read_intel(*c, old, &seen[cpu]))
			return cpu + 1;
		/* Linux: "CPU%d: Topology domain %u shift %u != %u" */
		if (memcmp(seen[cpu].shift, seen[0].shift, sizeof(seen[0].shift)))
			return cpu + 1;
	}
	return 0;
}

static int make(struct ktstr_topology *t, size_t i)
{
	struct ktstr_error e;

	ktstr_topology__free(t);
	return shape__make(&shapes[i], t, &e);
}

TEST_F(reader, ids_are_those_of_the_model_and_unique)
{
	for (size_t i = 0; i < NR_SHAPES; i++) {
		ASSERT_EQ(0, make(&self->t, i));
		ASSERT_EQ(0, read_machine(&self->c, &self->t, variant->amd, variant->old, self->seen))
			TH_LOG("%s", shapes[i].name);
		for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(&self->t); cpu++) {
			const struct seen *s = &self->seen[cpu];

			ASSERT_EQ(ktstr_topology__apic_id(&self->t, cpu), s->apic_id);
			ASSERT_EQ(ktstr_topology__cpu_node(&self->t, cpu), s->pkg)
				TH_LOG("%s: CPU %u", shapes[i].name, cpu);
			ASSERT_EQ(ktstr_topology__cpu_node(&self->t, cpu), s->node);
			if (cpu)
				ASSERT_LT(self->seen[cpu - 1].apic_id, s->apic_id);
		}
	}
}

/* match_smt(), match_llc(), match_die(), match_pkg() of every pair */
static bool pair_is_right(const struct ktstr_topology *t, uint32_t i, uint32_t j,
			  const struct seen *a, const struct seen *b, bool old)
{
	bool core = ktstr_topology__cpu_core(t, i) == ktstr_topology__cpu_core(t, j);
	bool llc = ktstr_topology__cpu_llc(t, i) == ktstr_topology__cpu_llc(t, j);
	bool node = ktstr_topology__cpu_node(t, i) == ktstr_topology__cpu_node(t, j);

	return core == (a->pkg == b->pkg && a->core == b->core && a->llc == b->llc) &&
	       llc == (a->llc == b->llc) && (old || llc == (a->die == b->die)) &&
	       node == (a->pkg == b->pkg) && core == (a->cache[KTSTR_L1D] == b->cache[KTSTR_L1D]) &&
	       core == (a->cache[KTSTR_L1I] == b->cache[KTSTR_L1I]) &&
	       core == (a->cache[KTSTR_L2] == b->cache[KTSTR_L2]);
}

TEST_F(reader, siblings_and_sharers_are_those_of_the_model)
{
	for (size_t i = 0; i < NR_SHAPES; i++) {
		uint32_t nr;

		ASSERT_EQ(0, make(&self->t, i));
		ASSERT_EQ(0, read_machine(&self->c, &self->t, variant->amd, variant->old, self->seen));
		nr = ktstr_topology__nr_cpus(&self->t);
		for (uint32_t a = 0; a < nr; a++) {
			for (uint32_t b = 0; b < nr; b++) {
				ASSERT_TRUE(pair_is_right(&self->t, a, b, &self->seen[a],
							  &self->seen[b], variant->old)) {
					TH_LOG("%s: CPUs %u and %u", shapes[i].name, a, b);
				}
			}
		}
	}
}

TEST_F(reader, caches_have_the_sizes_of_the_model)
{
	static const uint32_t kib[] = { 32, 32, 512, 16384 }, type[] = { 1, 2, 3, 3 };
	static const uint32_t level[] = { 1, 1, 2, 3 };
	uint32_t leaf = variant->amd ? 0x8000001d : 4;

	for (size_t i = 0; i < NR_SHAPES; i++) {
		ASSERT_EQ(0, make(&self->t, i));
		for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(&self->t); cpu++) {
			ASSERT_EQ(0, fill(&self->c, &self->t, variant->amd, cpu));
			for (uint32_t n = 0; n < KTSTR_NR_CACHES; n++) {
				const struct kvm_cpuid_entry2 *e = cpuid_get(self->c, leaf, n);
				uint32_t ways = (e->ebx >> 22) + 1, line = (e->ebx & 0xfff) + 1;
				uint32_t want = ktstr_topology__cache_kib(&self->t, cpu, n);

				ASSERT_EQ(type[n], e->eax & 0x1f);
				ASSERT_EQ(level[n], e->eax >> 5 & 7);
				ASSERT_EQ((want ? want : kib[n]) << 10, ways * line * (e->ecx + 1))
					TH_LOG("%s: cache %u of CPU %u", shapes[i].name, n, cpu);
			}
		}
	}
}

/* Every size that fits: L3 from 1 KiB on, round and odd, and one that Linux cannot count. */
TEST_F(reader, any_size_of_a_cache_is_told_exactly)
{
	static const uint32_t sizes[] = { 1, 3, 48, 1000, 1021, 1280, 18432, 33792, 98304, 98317,
					  1048573, 0x3fffff, 0x400000, UINT32_MAX };
	struct ktstr_topology_detail *d = ktstr_topology_detail__new();
	struct ktstr_error e;

	ASSERT_NE(NULL, d);
	ASSERT_EQ(0, shape_some_smt(d));
	ASSERT_EQ(0, ktstr_topology__of_detail(&self->t, d, &e));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct kvm_cpuid_entry2 *l3;
		uint64_t want = sizes[i] < 0x3fffff ? sizes[i] : 0x3fffff;

		d->llc_kib[0] = sizes[i];
		ASSERT_EQ(0, fill(&self->c, &self->t, variant->amd, 0));
		l3 = cpuid_get(self->c, variant->amd ? 0x8000001d : 4, KTSTR_L3);
		EXPECT_EQ(want << 10, 64ull * ((l3->ebx >> 22) + 1) * (l3->ecx + 1ull))
			TH_LOG("%u KiB", sizes[i]);
		if (variant->amd)
			EXPECT_NE(0, cpuid_get(self->c, 0x80000006, 0)->edx >> 18);
	}
}

/* The oldest leaves say what fits into them, and no field runs into the next. */
TEST_F(reader, counts_of_eight_bits_end_at_255)
{
	struct ktstr_topology big = { 1, 2, 256, 2 };
	const struct kvm_cpuid_entry2 *e;

	ASSERT_EQ(0, fill(&self->c, &big, variant->amd, 1023));
	e = cpuid_get(self->c, 1, 0);
	EXPECT_EQ(0xffff0800, e->ebx);
	EXPECT_EQ(1023, cpuid_get(self->c, 0xb, 0)->edx);
	EXPECT_EQ(1024, cpuid_get(self->c, 0xb, 1)->ebx);
	if (!variant->amd)
		return;
	EXPECT_EQ(10u << 12 | 255, cpuid_get(self->c, 0x80000008, 0)->ecx);
	EXPECT_EQ(1u << 8 | 255, cpuid_get(self->c, 0x8000001e, 0)->ebx);
}

/* parse_legacy() and parse_8000_0008(): kernels that are told to ignore the rest agree. */
TEST_F(reader, counts_of_the_oldest_leaves_give_the_same_packages)
{
	for (size_t i = 0; i < NR_SHAPES; i++) {
		uint32_t core, llc, pkg, ids, cores;

		ASSERT_EQ(0, make(&self->t, i));
		ktstr_topology__shifts(&self->t, &core, &llc, &pkg);
		ASSERT_EQ(0, fill(&self->c, &self->t, variant->amd, 0));
		EXPECT_EQ(pkg > 0, !!(cpuid_get(self->c, 1, 0)->edx & HTT));
		if (variant->amd) {
			EXPECT_EQ(pkg, cpuid_get(self->c, 0x80000008, 0)->ecx >> 12 & 0xf);
			EXPECT_EQ(pkg > 0, !!(cpuid_get(self->c, 0x80000001, 0)->ecx & CMP_LEGACY));
			continue;
		}
		ids = cpuid_get(self->c, 1, 0)->ebx >> 16 & 0xff;
		cores = (cpuid_get(self->c, 4, 0)->eax >> 26) + 1;
		EXPECT_EQ(pkg < 8 ? pkg : 8, order(ids)) TH_LOG("%s", shapes[i].name);
		EXPECT_EQ(pkg - core < 6 ? pkg - core : 6, order(cores));
	}
}

/* A preset that is added has to be told to guests, and booted, too. */
TEST(every_preset_is_a_shape)
{
	const struct ktstr_topology_preset *p;

	for (unsigned int i = 0; (p = ktstr_topology_preset__at(i)); i++) {
		struct ktstr_topology t = { 0 }, shape = { 0 };
		bool found = false;
		struct ktstr_error e;

		ASSERT_EQ(0, ktstr_topology_preset__load(p->name, &t, NULL, &e));
		for (size_t n = 0; !found && n < NR_SHAPES; n++) {
			ASSERT_EQ(0, make(&shape, n));
			found = ktstr_topology__equal(&t, &shape);
		}
		EXPECT_TRUE(found) TH_LOG("%s is not in selftests/shapes.h", p->name);
		ktstr_topology__free(&shape);
		ktstr_topology__free(&t);
	}
}

/* HTT and CMP_LEGACY are flags of a machine: Linux drops what only some CPUs have. */
TEST_F(reader, a_cpu_alone_in_its_package_has_the_flags_of_the_others)
{
	struct ktstr_error e;
	uint32_t flags[2];

	ASSERT_EQ(0, shape__make(&shapes[NR_SHAPES - 1], &self->t, &e));
	for (uint32_t i = 0; i < 2; i++) {
		ASSERT_EQ(0, fill(&self->c, &self->t, variant->amd, i * 10));
		flags[i] = cpuid_get(self->c, 1, 0)->edx & HTT;
		flags[i] |= cpuid_get(self->c, 0x80000001, 0)->ecx & (CMP_LEGACY | TOPOEXT);
	}
	EXPECT_EQ(flags[0], flags[1]);
	EXPECT_TRUE(flags[0] & HTT);
}

TEST_HARNESS_MAIN
