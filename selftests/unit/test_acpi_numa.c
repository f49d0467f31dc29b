// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the RAM of nodes lies, and SRAT, SLIT and HMAT, decoded: they give the model back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "selftests/shapes.h"
#include "vmm/node_memory.h"
#include "acpi_read.h"
#include "unit.h"

#define MIB	(1ull << 20)
#define GIB	(1ull << 30)

static void EXPECT_range(struct __test_metadata *_metadata, const struct node_range *r,
			 uint64_t start, uint64_t len)
{
	EXPECT_EQ(start, r->start);
	EXPECT_EQ(len, r->len);
}

TEST(nodes_lie_one_after_the_other_and_around_the_hole)
{
	struct ktstr_topology t = { 2, 2, 1, 1 };
	struct node_range r[NODE_MEMORY_RANGES];

	/* All below the hole. */
	ASSERT_EQ(1, node_memory__ranges(&t, 0, GIB, 0, r));
	EXPECT_range(_metadata, &r[0], 0, GIB / 2);
	ASSERT_EQ(1, node_memory__ranges(&t, 1, GIB, 0, r));
	EXPECT_range(_metadata, &r[0], GIB / 2, GIB / 2);
	/* The second node lies on both sides. */
	ASSERT_EQ(1, node_memory__ranges(&t, 0, 3 * GIB, 2 * GIB, r));
	EXPECT_range(_metadata, &r[0], 0, 5 * GIB / 2);
	ASSERT_EQ(2, node_memory__ranges(&t, 1, 3 * GIB, 2 * GIB, r));
	EXPECT_range(_metadata, &r[0], 5 * GIB / 2, GIB / 2);
	EXPECT_range(_metadata, &r[1], 4 * GIB, 2 * GIB);
	/* The first does, and the second is all above. */
	ASSERT_EQ(2, node_memory__ranges(&t, 0, 3 * GIB, 5 * GIB, r));
	EXPECT_range(_metadata, &r[1], 4 * GIB, GIB);
	ASSERT_EQ(1, node_memory__ranges(&t, 1, 3 * GIB, 5 * GIB, r));
	EXPECT_range(_metadata, &r[0], 5 * GIB, 4 * GIB);
	/* The border is the hole's. */
	ASSERT_EQ(1, node_memory__ranges(&t, 0, 3 * GIB, 3 * GIB, r));
	ASSERT_EQ(1, node_memory__ranges(&t, 1, 3 * GIB, 3 * GIB, r));
	EXPECT_range(_metadata, &r[0], 4 * GIB, 3 * GIB);
}

/* No byte twice, none missing, none in the hole, whatever the sizes. */
TEST(every_byte_of_ram_has_one_node)
{
	for (size_t i = 0; i < NR_SHAPES; i++) {
		for (uint64_t mib = 500; mib < 7000; mib += 333) {
			uint64_t low = mib < 3072 ? mib * MIB : 3 * GIB, high = mib * MIB - low;
			uint64_t at = 0, total = 0;
			struct ktstr_topology t;
			struct ktstr_error e;

			ASSERT_EQ(0, shape__make(&shapes[i], &t, &e));
			ASSERT_EQ(0, ktstr_topology__check_memory(&t, mib, &e)) TH_LOG("%s", e.msg);
			for (uint32_t node = 0; node < t.nodes; node++) {
				struct node_range r[NODE_MEMORY_RANGES];
				unsigned int nr = node_memory__ranges(&t, node, low, high, r);

				EXPECT_EQ(nr > 0, ktstr_topology__node_has_memory(&t, node));
				for (unsigned int k = 0; k < nr; k++) {
					at = at == low && high ? LAYOUT_HOLE_END : at;
					ASSERT_EQ(at, r[k].start);
					at += r[k].len;
					total += r[k].len;
				}
			}
			EXPECT_EQ(mib * MIB, total);
			EXPECT_EQ(high ? LAYOUT_HOLE_END + high : low, at);
			ktstr_topology__free(&t);
		}
	}
}

FIXTURE(numa)
{
	struct ktstr_topology t;
	struct acpi_blob b;
};

FIXTURE_VARIANT(numa)
{
	uint64_t low, high;
};

FIXTURE_VARIANT_ADD(numa, small) { .low = 512 * MIB };
FIXTURE_VARIANT_ADD(numa, around_the_hole) { .low = 3 * GIB, .high = 5 * GIB };

FIXTURE_SETUP(numa)
{
	memset(self, 0, sizeof(*self));
}

FIXTURE_TEARDOWN(numa)
{
	acpi__free(&self->b);
	ktstr_topology__free(&self->t);
}

/* One SRAT entry; return: true when it is of a CPU or memory as Linux reads it. */
struct srat_entry {
	bool memory;
	uint32_t node, id;
	uint64_t start, len;
};

static bool read_srat(const uint8_t *e, struct srat_entry *out)
{
	memset(out, 0, sizeof(*out));
	switch (e[0]) {
	case 0:
		out->node = e[2] | e[9] << 8 | e[10] << 16 | (uint32_t)e[11] << 24;
		out->id = e[3];
		return e[1] == 16 && get32(e + 4) == 1 && out->id < 255;
	case 1:
		*out = (struct srat_entry){ true, get32(e + 2), 0, get64(e + 8), get64(e + 16) };
		return e[1] == 40 && get32(e + 28) == 1;
	case 2:
		out->node = get32(e + 4);
		out->id = get32(e + 8);
		return e[1] == 24 && get32(e + 12) == 1 && out->id >= 255;
	default:
		return false;
	}
}

TEST_F(numa, srat_has_every_cpu_and_every_range)
{
	for (size_t i = 0; i < NR_SHAPES; i++) {
		uint32_t cpus = 0, node = 0, nr = 0, k = 0;
		struct node_range r[NODE_MEMORY_RANGES];
		struct srat_entry got;
		const uint8_t *s;

		ASSERT_EQ(0, acpi_remake(&self->t, &self->b, &shapes[i], variant->low,
				 variant->high));
		s = acpi_find(&self->b, "SRAT");
		EXPECT_EQ(self->t.nodes > 1 || ktstr_topology__has_hmat(&self->t), !!s)
			TH_LOG("%s", shapes[i].name);
		for (const uint8_t *e = s + 48; s && e < s + get32(s + 4); e += e[1]) {
			ASSERT_TRUE(read_srat(e, &got));
			if (!got.memory) {
				EXPECT_EQ(ktstr_topology__cpu_node(&self->t, cpus), got.node);
				EXPECT_EQ(ktstr_topology__apic_id(&self->t, cpus++), got.id);
				continue;
			}
			while (k == nr && node < self->t.nodes) {
				nr = node_memory__ranges(&self->t, node++, variant->low,
							 variant->high, r);
				k = 0;
			}
			ASSERT_LT(k, nr);
			EXPECT_EQ(node - 1, got.node);
			EXPECT_EQ(r[k].start, got.start);
			EXPECT_EQ(r[k++].len, got.len);
		}
		if (s)
			EXPECT_EQ(ktstr_topology__nr_cpus(&self->t), cpus);
	}
}

TEST_F(numa, slit_has_the_models_distances)
{
	for (size_t i = 0; i < NR_SHAPES; i++) {
		uint32_t n;
		const uint8_t *s;

		ASSERT_EQ(0, acpi_remake(&self->t, &self->b, &shapes[i], variant->low,
				 variant->high));
		n = self->t.nodes;
		s = acpi_find(&self->b, "SLIT");
		EXPECT_EQ(n > 1 || ktstr_topology__has_hmat(&self->t), !!s);
		if (!s)
			continue;
		ASSERT_EQ(n, get64(s + ACPI_HEADER));
		ASSERT_EQ(ACPI_HEADER + 8 + n * n, get32(s + 4));
		for (uint32_t a = 0; a < n; a++)
			for (uint32_t b = 0; b < n; b++)
				EXPECT_EQ(ktstr_topology__distance(&self->t, a, b),
					  s[ACPI_HEADER + 8 + a * n + b]);
	}
}

TEST_F(numa, hmat_only_where_there_are_facts_for_it)
{
	for (size_t i = 0; i < NR_SHAPES; i++) {
		ASSERT_EQ(0, acpi_remake(&self->t, &self->b, &shapes[i], variant->low,
				 variant->high));
		EXPECT_EQ(ktstr_topology__has_hmat(&self->t), !!acpi_find(&self->b, "HMAT"));
		if (!shapes[i].build && strchr(shapes[i].name, ','))
			EXPECT_EQ(NULL, acpi_find(&self->b, "HMAT"));
		if (!strcmp(shapes[i].name, "cxl"))
			EXPECT_NE(NULL, acpi_find(&self->b, "HMAT"));
	}
}

/* hmat_normalize() of an entry: ns or MB/s, 0 where nothing is known. */
static uint64_t hmat_cost(const struct acpi_blob *b, uint8_t type, uint32_t from, uint32_t to)
{
	const uint8_t *h = acpi_find(b, "HMAT");

	for (const uint8_t *e = h + 40; h && e < h + get32(h + 4); e += get32(e + 4)) {
		uint32_t ni = get32(e + 12), nt = get32(e + 16);

		if (!get32(e + 4))
			break;
		if (get16(e) != 1 || e[9] != type)
			continue;
		for (uint32_t i = 0; i < ni; i++)
			for (uint32_t t = 0; t < nt; t++)
				if (get32(e + 32 + 4 * i) == from &&
				    get32(e + 32 + 4 * (ni + t)) == to)
					return get16(e + 32 + 4 * (ni + nt) + 2 * (i * nt + t)) *
					       get64(e + 24) / (type ? 1 : 1000);
	}
	return 0;
}

/* A table of entries as long as they say they are, proximity domains with memory first. */
TEST_F(numa, hmat_has_the_models_costs)
{
	struct ktstr_error e;
	struct acpi_ram ram = { variant->low, variant->high };
	struct shape s = { "", shape_memory_only };

	ASSERT_EQ(0, shape__make(&s, &self->t, &e)) TH_LOG("%s", e.msg);
	ASSERT_EQ(0, acpi__build(&self->b, &self->t, &ram));
	for (uint32_t from = 0; from < 3; from++) {
		for (uint32_t to = 0; to < 3; to++) {
			uint64_t mbps = ktstr_topology__bandwidth_mbps(&self->t, from, to);
			uint64_t got = hmat_cost(&self->b, 3, from, to);

			EXPECT_EQ(ktstr_topology__latency_ns(&self->t, from, to),
				  hmat_cost(&self->b, 0, from, to));
			/* 200000 MB/s are more than 16 bits: the unit is 4 MB/s. */
			EXPECT_EQ(mbps / 4 * 4, got);
		}
	}
}

TEST_F(numa, hmat_structures_are_complete)
{
	struct ktstr_error e;
	struct acpi_ram ram = { variant->low, variant->high };
	struct shape s = { "", shape_memory_only };
	uint32_t seen[3] = { 0 }, cached = 0;
	const uint8_t *h;

	ASSERT_EQ(0, shape__make(&s, &self->t, &e));
	ASSERT_EQ(0, acpi__build(&self->b, &self->t, &ram));
	h = acpi_find(&self->b, "HMAT");
	ASSERT_EQ(2, h[8]);
	for (const uint8_t *p = h + 40; p < h + get32(h + 4); p += get32(p + 4)) {
		ASSERT_GT(3, get16(p));
		ASSERT_LT(0, get32(p + 4));
		seen[get16(p)]++;
		if (get16(p) == 0) {
			bool cpus = get32(p + 16) != 2;

			EXPECT_EQ(40, get32(p + 4));
			EXPECT_EQ(cpus, get16(p + 8));
			EXPECT_EQ(cpus ? get32(p + 16) : 0, get32(p + 12));
		} else if (get16(p) == 1) {
			EXPECT_EQ(2, get32(p + 12));
			EXPECT_EQ(3, get32(p + 16));
			EXPECT_EQ(32 + 4 * 5 + 2 * 6, get32(p + 4));
		} else {
			EXPECT_EQ(2, get32(p + 8));
			cached += get64(p + 16) == 65536ull * 1024;
			EXPECT_EQ(0x401111, get32(p + 24));
		}
	}
	EXPECT_EQ(3, seen[0]);
	EXPECT_EQ(2, seen[1]);
	EXPECT_EQ(1, seen[2]);
	EXPECT_EQ(1, cached);
}

/* What is known must not be read as unknown (0) or as unreachable (65535). */
TEST_F(numa, hmat_entries_at_the_ends_of_their_range_stay_costs)
{
	struct ktstr_topology_detail *d = ktstr_topology_detail__new();
	struct acpi_ram ram = { variant->low, variant->high };
	struct ktstr_error e;

	ASSERT_NE(NULL, d);
	ASSERT_EQ(0, shape_memory_only(d));
	d->latency_ns[0][2] = UINT16_MAX;
	d->latency_ns[0][0] = 1;
	d->bandwidth_mbps[0][2] = 1;
	d->bandwidth_mbps[0][0] = UINT32_MAX;
	ASSERT_EQ(0, ktstr_topology__of_detail(&self->t, d, &e));
	ASSERT_EQ(0, acpi__build(&self->b, &self->t, &ram));
	EXPECT_LE(65534, hmat_cost(&self->b, 0, 0, 2));
	EXPECT_GE(65536, hmat_cost(&self->b, 0, 0, 2));
	EXPECT_LT(0, hmat_cost(&self->b, 0, 0, 0));
	EXPECT_LT(0, hmat_cost(&self->b, 3, 0, 2));
	EXPECT_LT(UINT32_MAX / 100 * 99ull, hmat_cost(&self->b, 3, 0, 0));
}

/* One node, and something to say of its memory: Linux takes a HMAT only with its SRAT. */
TEST_F(numa, one_node_with_a_memory_side_cache_has_all_tables)
{
	struct ktstr_topology one = { 1, 1, 2, 1 };
	struct ktstr_topology_detail *d = ktstr_topology_detail__even(&one);
	struct acpi_ram ram = { variant->low, variant->high };
	struct ktstr_error e;

	ASSERT_NE(NULL, d);
	d->memory_cache_kib[0] = 4096;
	ASSERT_EQ(0, ktstr_topology__of_detail(&self->t, d, &e));
	ASSERT_EQ(0, acpi__build(&self->b, &self->t, &ram));
	EXPECT_NE(NULL, acpi_find(&self->b, "SRAT"));
	EXPECT_NE(NULL, acpi_find(&self->b, "HMAT"));
}

TEST_HARNESS_MAIN
