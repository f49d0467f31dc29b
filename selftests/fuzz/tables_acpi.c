// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACPI tables of any topology, read by the letter of the specification.
 */
#include <stdbool.h>
#include <string.h>

#include "selftests/unit/acpi_read.h"

#include "oracle.h"
#include "tables.h"

static void check_headers(const struct acpi_blob *b)
{
	uint32_t end = ACPI_HEADER;

	CHECK(b->len <= LAYOUT_ACPI_MAX, "tables of %zu bytes", b->len);
	for (unsigned int i = 0; i < b->nr; i++) {
		const uint8_t *p = b->data + b->off[i];

		CHECK(b->off[i] >= end && b->off[i] <= b->len - ACPI_HEADER,
		      "table %u begins at %u", i, b->off[i]);
		CHECK(get32(p + 4) >= ACPI_HEADER && get32(p + 4) <= b->len - b->off[i],
		      "%.4s has %u bytes", p, get32(p + 4));
		CHECK(!sum(p, get32(p + 4)), "checksum of %.4s", p);
		end = b->off[i] + get32(p + 4);
	}
	CHECK(end == b->len, "%zu bytes behind the last table", b->len - end);
}

static const uint8_t *table(const struct acpi_blob *b, const char *sig)
{
	const uint8_t *p = acpi_find(b, sig);

	CHECK(p, "there is no %s", sig);
	return p;
}

static uint64_t address(const struct acpi_blob *b, const uint8_t *p)
{
	return LAYOUT_ACPI + (uint64_t)(p - b->data);
}

/* RSDP to XSDT, XSDT to all but the DSDT, FADT to that. */
static void check_pointers(const struct acpi_blob *b)
{
	const uint8_t *r = b->data, *x = table(b, "XSDT");
	uint32_t nr = (get32(x + 4) - ACPI_HEADER) / 8;

	CHECK(!memcmp(r, "RSD PTR ", 8) && !sum(r, 20) && !sum(r, 36), "RSDP");
	CHECK(get64(r + 24) == address(b, x), "RSDP leads to 0x%lx", get64(r + 24));
	CHECK(nr == b->nr - 2, "XSDT has %u of %u tables", nr, b->nr);
	for (uint32_t i = 0; i < nr; i++) {
		uint64_t at = get64(x + ACPI_HEADER + 8 * i);

		CHECK(at == LAYOUT_ACPI + b->off[i + 1], "XSDT leads to 0x%lx", at);
	}
	CHECK(get64(table(b, "FACP") + 140) == address(b, table(b, "DSDT")), "FADT and DSDT");
}

/* No id twice, each that of the next CPU, and in the form that has room for it. */
static void check_cpu(const struct ktstr_topology *t, uint32_t cpu, uint32_t id, bool wide)
{
	static bool seen[KTSTR_APIC_IDS_MAX];

	CHECK(cpu < ktstr_topology__nr_cpus(t) && id < KTSTR_APIC_IDS_MAX, "CPU %u has id %u", cpu,
	      id);
	if (!cpu)
		memset(seen, 0, sizeof(seen));
	CHECK(!seen[id], "CPU %u has id %u, which another has", cpu, id);
	seen[id] = true;
	CHECK(id == ktstr_topology__apic_id(t, cpu) && wide == (id >= 255),
	      "CPU %u has id %u, not %u", cpu, id, ktstr_topology__apic_id(t, cpu));
}

static void check_madt(const struct acpi_blob *b, const struct ktstr_topology *t)
{
	const uint8_t *m = table(b, "APIC"), *end = m + get32(m + 4), *p = m + 44;
	uint32_t cpus = 0;

	for (; p + 2 <= end && p[1] > 1 && p[1] <= end - p; p += p[1]) {
		bool wide = p[0] == 9;

		if (p[0] && !wide)
			continue;
		CHECK(p[1] == (wide ? 16 : 8), "CPU %u in MADT has %u bytes", cpus, p[1]);
		CHECK((wide ? get32(p + 12) : p[2]) == cpus, "UID of CPU %u", cpus);
		check_cpu(t, cpus++, wide ? get32(p + 4) : p[3], wide);
	}
	CHECK(p == end, "MADT ends %td bytes early", end - p);
	CHECK(cpus == ktstr_topology__nr_cpus(t), "MADT has %u CPUs", cpus);
}

/* RAM as a list of ranges without a hole but the one below 4 GiB. */
struct ram_walk {
	const struct acpi_ram *ram;
	uint64_t at, left[KTSTR_NODES_MAX];
};

static void take_range(struct ram_walk *w, uint32_t node, uint64_t start, uint64_t len)
{
	uint64_t end = w->at < LAYOUT_HOLE_END ? w->ram->low : LAYOUT_HOLE_END + w->ram->high;

	if (w->at == w->ram->low) {
		w->at = LAYOUT_HOLE_END;
		end = LAYOUT_HOLE_END + w->ram->high;
	}
	CHECK(start == w->at && len && len <= end - start, "RAM of node %u, %lu bytes at 0x%lx",
	      node, len, start);
	CHECK(len <= w->left[node], "node %u has more RAM than its share", node);
	w->left[node] -= len;
	w->at += len;
}

static void check_srat(const struct acpi_blob *b, const struct ktstr_topology *t,
		       const struct acpi_ram *ram)
{
	const uint8_t *s = table(b, "SRAT"), *end = s + get32(s + 4), *p = s + 48;
	struct ram_walk w = { .ram = ram };
	uint32_t cpus = 0, node;

	for (node = 0; node < t->nodes; node++)
		w.left[node] = ktstr_topology__node_memory(t, node, ram->low + ram->high);
	for (; p + 2 <= end && p[1] > 1 && p[1] <= end - p; p += p[1]) {
		node = p[0] ? get32(p + (p[0] == 1 ? 2 : 4)) : p[2];
		CHECK(node < t->nodes, "SRAT has node %u", node);
		CHECK(p[1] == (p[0] == 0 ? 16 : p[0] == 1 ? 40 : 24), "type %u of %u bytes", p[0],
		      p[1]);
		if (p[0] == 1) {
			take_range(&w, node, get64(p + 8), get64(p + 16));
			continue;
		}
		CHECK(node == ktstr_topology__cpu_node(t, cpus), "node of CPU %u", cpus);
		check_cpu(t, cpus++, p[0] ? get32(p + 8) : p[3], p[0]);
	}
	CHECK(p == end && cpus == ktstr_topology__nr_cpus(t), "SRAT has %u CPUs", cpus);
	for (node = 0; node < t->nodes; node++)
		CHECK(!w.left[node], "SRAT lacks %lu bytes of node %u", w.left[node], node);
}

static void check_slit(const struct acpi_blob *b, const struct ktstr_topology *t)
{
	const uint8_t *s = table(b, "SLIT");

	CHECK(get64(s + 36) == t->nodes && get32(s + 4) == 44 + t->nodes * t->nodes,
	      "SLIT has %lu nodes", get64(s + 36));
	for (uint32_t i = 0; i < t->nodes * t->nodes; i++) {
		uint32_t from = i / t->nodes, to = i % t->nodes, got = s[44 + i];

		CHECK(got == ktstr_topology__distance(t, from, to), "%u to %u: %u", from, to, got);
		/* What Linux's slit_valid() asks. */
		CHECK(from == to ? got == 10 : got > 10 && got < 255, "%u to %u: %u", from, to,
		      got);
	}
}

static void check_locality(const uint8_t *p, const struct ktstr_topology *t)
{
	uint32_t initiators = get32(p + 12), targets = get32(p + 16);
	bool latency = p[9] == 0;
	uint64_t unit = get64(p + 24) / (latency ? 1000 : 1);
	const uint8_t *entry = p + 32 + 4 * (initiators + targets);

	CHECK(initiators <= t->nodes && targets <= t->nodes && unit &&
	      get32(p + 4) == 32 + 4 * (initiators + targets) + 2 * initiators * targets,
	      "%u initiators, %u targets, unit %lu, %u bytes", initiators, targets, unit,
	      get32(p + 4));
	for (uint32_t i = 0; i < initiators * targets; i++, entry += 2) {
		uint32_t from = get32(p + 32 + 4 * (i / targets));
		uint32_t to = get32(p + 32 + 4 * (initiators + i % targets)), want;

		CHECK(from < t->nodes && to < t->nodes, "HMAT from %u to %u", from, to);
		CHECK(ktstr_topology__node_cpus(t, from).nr &&
		      ktstr_topology__node_has_memory(t, to), "HMAT from %u to %u", from, to);
		want = latency ? ktstr_topology__latency_ns(t, from, to) :
				 ktstr_topology__bandwidth_mbps(t, from, to);
		CHECK(get16(entry) == (want && want < unit ? 1 : want / unit) &&
		      get16(entry) != 0xffff, "HMAT from %u to %u: %u", from, to, get16(entry));
	}
}

static void check_hmat(const struct acpi_blob *b, const struct ktstr_topology *t)
{
	const uint8_t *h = table(b, "HMAT"), *end = h + get32(h + 4), *p = h + 40;

	for (; p + 8 <= end && get32(p + 4) >= 8 && get32(p + 4) <= end - p; p += get32(p + 4)) {
		uint32_t kib;

		switch (get16(p)) {
		case 1:
			check_locality(p, t);
			break;
		case 2:
			CHECK(get32(p + 8) < t->nodes, "cache of node %u", get32(p + 8));
			kib = ktstr_topology__memory_cache_kib(t, get32(p + 8));
			CHECK(kib && get64(p + 16) == kib * 1024ull, "cache of %lu bytes",
			      get64(p + 16));
			break;
		default:
			CHECK(!get16(p) && get32(p + 4) == 40 && get32(p + 16) < t->nodes,
			      "type %u in HMAT", get16(p));
		}
	}
	CHECK(p == end, "HMAT ends %td bytes early", end - p);
}

void tables__check_acpi(const struct ktstr_topology *t, const struct acpi_ram *ram)
{
	struct acpi_blob b;
	int err = acpi__build(&b, t, ram);

	CHECK(!err, "the tables cannot be built: %d", err);
	check_headers(&b);
	check_pointers(&b);
	check_madt(&b, t);
	CHECK(!acpi_find(&b, "HMAT") == !ktstr_topology__has_hmat(t), "HMAT");
	CHECK(acpi_find(&b, "SRAT") || t->nodes == 1, "there is no SRAT for %u nodes", t->nodes);
	if (acpi_find(&b, "SRAT")) {
		check_srat(&b, t, ram);
		check_slit(&b, t);
	}
	if (acpi_find(&b, "HMAT"))
		check_hmat(&b, t);
	acpi__free(&b);
}
