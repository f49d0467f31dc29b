// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACPI tables: checksums, lengths, that they say what the topology says, and
 * that iasl, where it is installed, reads every one of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/acpi.h"
#include "vmm/layout.h"

#include "unit.h"

#define GIB	(1ull << 30)
#define HEADER	36u

static const struct ktstr_topology shapes[] = {
	{ 1, 1, 1, 1 }, { 1, 1, 4, 1 }, { 2, 4, 3, 2 }, { 1, 1, 254, 1 }, { 4, 8, 5, 2 },
	{ 254, 254, 1, 1 },
};

#define NR_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s += *p++;
	return s;
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static const uint8_t *find(const struct acpi_blob *b, const char *sig)
{
	for (unsigned int i = 0; i < b->nr; i++)
		if (!memcmp(b->data + b->off[i], sig, 4))
			return b->data + b->off[i];
	return NULL;
}

FIXTURE(tables)
{
	struct acpi_blob b;
};

FIXTURE_VARIANT(tables)
{
	struct ktstr_topology t;
	uint64_t low, high;
};

FIXTURE_VARIANT_ADD(tables, one_cpu) { .t = { 1, 1, 1, 1 }, .low = 64 << 20 };
FIXTURE_VARIANT_ADD(tables, holes) { .t = { 1, 2, 3, 2 }, .low = GIB };
FIXTURE_VARIANT_ADD(tables, nodes) { .t = { 2, 4, 3, 2 }, .low = 3 * GIB, .high = 2 * GIB };
FIXTURE_VARIANT_ADD(tables, odd_nodes) { .t = { 3, 3, 1, 1 }, .low = (100 << 20) };
FIXTURE_VARIANT_ADD(tables, many_nodes) { .t = { 254, 254, 1, 1 }, .low = 3 * GIB, .high = 61 * GIB };
FIXTURE_VARIANT_ADD(tables, many_cpus) { .t = { 1, 1, 254, 1 }, .low = 3 * GIB, .high = GIB };

FIXTURE_SETUP(tables)
{
	struct acpi_ram ram = { variant->low, variant->high };

	ASSERT_EQ(0, acpi__build(&self->b, &variant->t, &ram));
	ASSERT_GE(LAYOUT_ACPI_MAX, self->b.len);
}

FIXTURE_TEARDOWN(tables)
{
	acpi__free(&self->b);
}

TEST_F(tables, rsdp_is_right_and_leads_to_the_xsdt)
{
	const uint8_t *p = self->b.data;

	EXPECT_EQ(0, memcmp(p, "RSD PTR ", 8));
	EXPECT_EQ(0, sum(p, 20));
	EXPECT_EQ(0, sum(p, 36));
	EXPECT_EQ(2, p[15]);
	EXPECT_EQ(find(&self->b, "XSDT"), self->b.data + (get64(p + 24) - LAYOUT_ACPI));
}

TEST_F(tables, every_checksum_and_length_is_right)
{
	uint32_t end = HEADER;

	for (unsigned int i = 0; i < self->b.nr; i++) {
		const uint8_t *p = self->b.data + self->b.off[i];

		ASSERT_LE(end, self->b.off[i]);
		end = self->b.off[i] + get32(p + 4);
		ASSERT_GE(self->b.len, end);
		EXPECT_EQ(0, sum(p, get32(p + 4)));
	}
	EXPECT_EQ(self->b.len, end);
}

TEST_F(tables, xsdt_lists_all_but_itself_and_the_dsdt)
{
	const uint8_t *x = find(&self->b, "XSDT");
	uint32_t n = (get32(x + 4) - HEADER) / 8;

	EXPECT_EQ(self->b.nr - 2, n);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = get64(x + HEADER + 8 * i) - LAYOUT_ACPI;

		EXPECT_EQ(self->b.off[i + 1], at);
	}
}

TEST_F(tables, fadt_knows_how_to_end_the_machine)
{
	const uint8_t *f = find(&self->b, "FACP");

	EXPECT_EQ(276, get32(f + 4));
	EXPECT_EQ(1u << 20 | 1u << 10, get32(f + 112) & (1u << 20 | 1u << 10));
	EXPECT_EQ(1, f[116]);
	EXPECT_EQ(LAYOUT_I8042_CMD, get64(f + 120));
	EXPECT_EQ(LAYOUT_I8042_RESET, f[128]);
	EXPECT_EQ(LAYOUT_SLEEP_CTRL_PORT, get64(f + 244 + 4));
	EXPECT_EQ(LAYOUT_SLEEP_STS_PORT, get64(f + 256 + 4));
	EXPECT_EQ(find(&self->b, "DSDT"), self->b.data + (get64(f + 140) - LAYOUT_ACPI));
	EXPECT_EQ(get64(f + 140), get32(f + 40));
}

TEST_F(tables, madt_lists_every_cpu_in_order)
{
	const uint8_t *m = find(&self->b, "APIC");
	uint32_t nr = ktstr_topology__nr_cpus(&variant->t);

	ASSERT_EQ(44 + 8 * nr + 12, get32(m + 4));
	for (uint32_t cpu = 0; cpu < nr; cpu++) {
		const uint8_t *e = m + 44 + 8 * cpu;

		EXPECT_EQ(0, e[0]);
		EXPECT_EQ(cpu, e[2]);
		EXPECT_EQ(ktstr_topology__apic_id(&variant->t, cpu), e[3]);
		EXPECT_EQ(1, get32(e + 4));
	}
	EXPECT_EQ(LAYOUT_IOAPIC, get32(m + 44 + 8 * nr + 4));
}

/* SRAT must cover RAM exactly: no byte twice, none missing, none in the hole. */
TEST_F(tables, srat_covers_memory_exactly_and_every_cpu)
{
	const uint8_t *s = find(&self->b, "SRAT");
	uint64_t at = 0, total = 0;
	uint32_t cpus = 0;

	if (variant->t.nodes == 1) {
		EXPECT_EQ(NULL, s);
		EXPECT_EQ(NULL, find(&self->b, "SLIT"));
		return;
	}
	ASSERT_NE(NULL, s);
	for (const uint8_t *e = s + 48; e < s + get32(s + 4); e += e[1]) {
		ASSERT_NE(0, e[1]);
		if (e[0] == 0) {
			EXPECT_EQ(ktstr_topology__cpu_node(&variant->t, cpus), e[2]);
			EXPECT_EQ(ktstr_topology__apic_id(&variant->t, cpus), e[3]);
			cpus++;
			continue;
		}
		ASSERT_EQ(1, e[0]);
		if (at == variant->low && get64(e + 8) == LAYOUT_HOLE_END)
			at = LAYOUT_HOLE_END;
		EXPECT_EQ(at, get64(e + 8));
		at += get64(e + 16);
		total += get64(e + 16);
		EXPECT_GT(variant->t.nodes, get32(e + 2));
	}
	EXPECT_EQ(ktstr_topology__nr_cpus(&variant->t), cpus);
	EXPECT_EQ(variant->low + variant->high, total);
}

TEST_F(tables, slit_is_symmetric_with_ten_on_the_diagonal)
{
	const uint8_t *s = find(&self->b, "SLIT");
	uint32_t n = variant->t.nodes;

	if (n == 1)
		return;
	ASSERT_NE(NULL, s);
	ASSERT_EQ(n, get64(s + HEADER));
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++)
			EXPECT_EQ(i == j ? 10 : 20, s[HEADER + 8 + i * n + j]);
}

/* Run iasl -d on a file; its output goes to "log" beside it. Return: exit status, or -1. */
static int run_iasl(const char *dir, const char *file)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int fd;

		if (chdir(dir))
			_exit(126);
		fd = open("log", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(fd, 1);
		dup2(fd, 2);
		execlp("iasl", "iasl", "-d", file, (char *)NULL);
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *slurp(const char *dir, const char *name)
{
	char path[128], *buf = calloc(1, 1 << 20);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (f && buf)
		buf[fread(buf, 1, (1 << 20) - 1, f)] = '\0';
	if (f)
		fclose(f);
	return buf;
}

static void remove_dir(const char *dir)
{
	static const char * const names[] = { "t.aml", "t.dsl", "log" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static int write_table(const char *dir, const uint8_t *p)
{
	char path[128];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/t.aml", dir);
	f = fopen(path, "w");
	if (!f)
		return -1;
	n = fwrite(p, 1, get32(p + 4), f);
	return fclose(f) || n != get32(p + 4) ? -1 : 0;
}

/* What iasl writes into the listing of a table that it cannot make sense of. */
static int listing_complains(const char *dsl, const char *log)
{
	return !*dsl || strstr(dsl, "Invalid") || strstr(dsl, "Incorrect") ||
	       strstr(dsl, "Unknown Sub") || strstr(dsl, "**** ") || strstr(log, "Error") ||
	       strstr(log, "rror:") || strstr(log, "Warning");
}

TEST(iasl_reads_every_table_of_every_shape)
{
	struct acpi_ram ram = { 3 * GIB, GIB };
	char dir[] = "/tmp/ktstr-acpi.XXXXXX";

	ASSERT_NE(NULL, mkdtemp(dir));
	for (size_t i = 0; i < NR_SHAPES; i++) {
		struct acpi_blob b;

		ASSERT_EQ(0, acpi__build(&b, &shapes[i], &ram));
		for (unsigned int t = 0; t < b.nr; t++) {
			char *dsl, *log;
			int status;

			ASSERT_EQ(0, write_table(dir, b.data + b.off[t]));
			status = run_iasl(dir, "t.aml");
			if (status == 127) {
				acpi__free(&b);
				remove_dir(dir);
				SKIP(return, "iasl is not installed (Debian: acpica-tools)");
			}
			dsl = slurp(dir, "t.dsl");
			log = slurp(dir, "log");
			EXPECT_EQ(0, status);
			EXPECT_FALSE(listing_complains(dsl, log)) {
				TH_LOG("%.4s of shape %zu:\n%s\n%s", b.data + b.off[t], i, log, dsl);
			}
			if (!memcmp(b.data + b.off[t], "DSDT", 4)) {
				EXPECT_NE(NULL, strstr(dsl, "\"LNRO0005\""));
				EXPECT_NE(NULL, strstr(dsl, "EisaId (\"PNP0501\")"));
				EXPECT_NE(NULL, strstr(dsl, "0xD0000000"));
				EXPECT_NE(NULL, strstr(dsl, "0x03F8"));
				EXPECT_NE(NULL, strstr(dsl, "0x02F8"));
				EXPECT_NE(NULL, strstr(dsl, "Name (_S5, Package (0x04)"));
			}
			free(dsl);
			free(log);
		}
		acpi__free(&b);
	}
	remove_dir(dir);
}

TEST_HARNESS_MAIN
