// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACPI tables of every shape: checksums, lengths, pointers, how the machine is ended, and
 * that the MADT has every CPU. SRAT, SLIT and HMAT are in test_acpi_numa.c; iasl reads all
 * of them in test_acpi_iasl.c.
 */
#include <stdio.h>
#include <time.h>

#include "selftests/shapes.h"
#include "vmm/cpuid.h"
#include "acpi_read.h"
#include "cpuid_hosts.h"
#include "unit.h"

FIXTURE(tables)
{
	struct ktstr_topology t;
	struct acpi_blob b;
};

FIXTURE_VARIANT(tables)
{
	uint64_t low, high;
};

FIXTURE_VARIANT_ADD(tables, small) { .low = 512ull << 20 };
FIXTURE_VARIANT_ADD(tables, around_the_hole) { .low = 3ull << 30, .high = 5ull << 30 };

FIXTURE_SETUP(tables)
{
	memset(self, 0, sizeof(*self));
}

FIXTURE_TEARDOWN(tables)
{
	acpi__free(&self->b);
	ktstr_topology__free(&self->t);
}

TEST_F(tables, rsdp_is_right_and_leads_to_the_xsdt)
{
	for (size_t i = 0; i < NR_SHAPES; i++) {
		ASSERT_EQ(0, acpi_remake(&self->t, &self->b, &shapes[i], variant->low,
				 variant->high));
		const uint8_t *p = self->b.data;

		EXPECT_EQ(0, memcmp(p, "RSD PTR ", 8));
		EXPECT_EQ(0, sum(p, 20));
		EXPECT_EQ(0, sum(p, 36));
		EXPECT_EQ(2, p[15]);
		EXPECT_EQ(acpi_find(&self->b, "XSDT"), self->b.data + (get64(p + 24) - LAYOUT_ACPI));
	}
}

TEST_F(tables, every_checksum_and_length_is_right)
{
	for (size_t i = 0; i < NR_SHAPES; i++) {
		ASSERT_EQ(0, acpi_remake(&self->t, &self->b, &shapes[i], variant->low,
				 variant->high));
		uint32_t end = ACPI_HEADER;

		ASSERT_GE(LAYOUT_ACPI_MAX, self->b.len);
		for (unsigned int n = 0; n < self->b.nr; n++) {
			const uint8_t *p = self->b.data + self->b.off[n];

			ASSERT_LE(end, self->b.off[n]);
			end = self->b.off[n] + get32(p + 4);
			ASSERT_GE(self->b.len, end);
			EXPECT_EQ(0, sum(p, get32(p + 4)));
		}
		EXPECT_EQ(self->b.len, end);
	}
}

TEST_F(tables, xsdt_lists_all_but_itself_and_the_dsdt)
{
	for (size_t i = 0; i < NR_SHAPES; i++) {
		ASSERT_EQ(0, acpi_remake(&self->t, &self->b, &shapes[i], variant->low,
				 variant->high));
		const uint8_t *x = acpi_find(&self->b, "XSDT");
		uint32_t n = (get32(x + 4) - ACPI_HEADER) / 8;

		EXPECT_EQ(self->b.nr - 2, n);
		for (uint32_t k = 0; k < n; k++)
			EXPECT_EQ(self->b.off[k + 1],
				  get64(x + ACPI_HEADER + 8 * k) - LAYOUT_ACPI);
	}
}

TEST_F(tables, fadt_knows_how_to_end_the_machine)
{
	const uint8_t *f;

	ASSERT_EQ(0, acpi_remake(&self->t, &self->b, &shapes[0], variant->low,
				 variant->high));
	f = acpi_find(&self->b, "FACP");
	ASSERT_NE(NULL, f);
	EXPECT_EQ(276, get32(f + 4));
	EXPECT_EQ(1u << 20 | 1u << 10, get32(f + 112) & (1u << 20 | 1u << 10));
	EXPECT_EQ(1, f[116]);
	EXPECT_EQ(LAYOUT_I8042_CMD, get64(f + 120));
	EXPECT_EQ(LAYOUT_I8042_RESET, f[128]);
	EXPECT_EQ(LAYOUT_SLEEP_CTRL_PORT, get64(f + 244 + 4));
	EXPECT_EQ(LAYOUT_SLEEP_STS_PORT, get64(f + 256 + 4));
	EXPECT_EQ(acpi_find(&self->b, "DSDT"), self->b.data + (get64(f + 140) - LAYOUT_ACPI));
	EXPECT_EQ(get64(f + 140), get32(f + 40));
}

/* acpi_parse_lapic() and acpi_parse_x2apic(): ids below 255 must be in the old structure. */
static bool read_cpu(const uint8_t *e, uint32_t *id, uint32_t *uid)
{
	if (e[0] == 0 && e[1] == 8) {
		*uid = e[2];
		*id = e[3];
		return get32(e + 4) == 1 && *id != 255;
	}
	*id = get32(e + 4);
	*uid = get32(e + 12);
	return e[1] == 16 && get32(e + 8) == 1 && *id >= 255;
}

TEST_F(tables, madt_lists_every_cpu_in_order_and_how_nmis_come)
{
	for (size_t i = 0; i < NR_SHAPES; i++) {
		ASSERT_EQ(0, acpi_remake(&self->t, &self->b, &shapes[i], variant->low,
				 variant->high));
		const uint8_t *m = acpi_find(&self->b, "APIC");
		uint32_t cpus = 0, ioapics = 0, nmis[2] = { 0, 0 }, id, uid;
		bool wide = ktstr_topology__apic_id_max(&self->t) >= 255;

		EXPECT_EQ(LAYOUT_LAPIC, get32(m + 36));
		for (const uint8_t *e = m + 44; e < m + get32(m + 4); e += e[1]) {
			ASSERT_LT(1, e[1]);
			if (e[0] == 0 || e[0] == 9) {
				ASSERT_TRUE(read_cpu(e, &id, &uid));
				EXPECT_EQ(cpus, uid);
				EXPECT_EQ(ktstr_topology__apic_id(&self->t, cpus++), id);
			} else if (e[0] == 1) {
				ioapics++;
				EXPECT_EQ(LAYOUT_IOAPIC, get32(e + 4));
			} else if (e[0] == 4) {
				nmis[0]++;
				EXPECT_EQ(0xff, e[2]);
				EXPECT_EQ(1, e[5]);
			} else {
				ASSERT_EQ(10, e[0]);
				nmis[1]++;
				EXPECT_EQ(UINT32_MAX, get32(e + 4));
				EXPECT_EQ(1, e[8]);
			}
		}
		EXPECT_EQ(ktstr_topology__nr_cpus(&self->t), cpus);
		EXPECT_EQ(1, ioapics);
		EXPECT_EQ(1, nmis[0]);
		EXPECT_EQ(wide, nmis[1]) TH_LOG("%s", shapes[i].name);
	}
}

/* Every CPU, node and fact that there can be at once. */
TEST(the_largest_machine_fits)
{
	struct ktstr_topology_detail *d = ktstr_topology_detail__new();
	struct acpi_ram ram = { 3ull << 30, 61ull << 30 };
	struct ktstr_topology t;
	struct ktstr_error e;
	struct acpi_blob b;

	ASSERT_NE(NULL, d);
	for (uint32_t a = 0; a < KTSTR_NODES_MAX; a++) {
		ASSERT_EQ(0, shape_node(d, KTSTR_NODE_MEMORY_AUTO));
		ASSERT_EQ(0, shape_llc(d, KTSTR_CPUS_MAX / KTSTR_NODES_MAX, 1));
		d->memory_cache_kib[a] = 1024;
		for (uint32_t to = 0; to < KTSTR_NODES_MAX; to++) {
			d->latency_ns[a][to] = 100;
			d->bandwidth_mbps[a][to] = 100;
		}
	}
	ASSERT_EQ(0, ktstr_topology__of_detail(&t, d, &e)) TH_LOG("%s", e.msg);
	ASSERT_EQ(0, acpi__build(&b, &t, &ram));
	printf("# %zu bytes of tables for %u CPUs in %u nodes\n", b.len, KTSTR_CPUS_MAX,
	       KTSTR_NODES_MAX);
	acpi__free(&b);
	ktstr_topology__free(&t);
}

/* A figure, not a test: under sanitizers it is several times what ktstr needs. */
TEST(time_to_build_64_machines_is_printed)
{
	struct acpi_ram ram = { 512ull << 20, 0 };
	struct cpuid_opts o = { .tsc_deadline = true };
	struct kvm_cpuid2 *host = amd_host(ZEN3), *c = new_list();
	struct timespec from, to;
	uint32_t cpus = 0;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 0; i < 64; i++) {
		struct ktstr_topology t;
		struct ktstr_error e;
		struct acpi_blob b;

		ASSERT_EQ(0, shape__make(&shapes[i % NR_SHAPES], &t, &e));
		ASSERT_EQ(0, acpi__build(&b, &t, &ram));
		for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(&t); cpu++, cpus++) {
			memcpy(c, host, sizeof(*c) + host->nent * sizeof(c->entries[0]));
			ASSERT_EQ(0, cpuid__fill(c, &t, cpu, &o));
		}
		acpi__free(&b);
		ktstr_topology__free(&t);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	printf("# ACPI and CPUID of 64 machines with %u CPUs: %ld us of CPU time\n", cpus,
	       (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000);
	free(host);
	free(c);
}

TEST_HARNESS_MAIN
