// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz topology files, and what a guest is told of those that are accepted: the file
 * says the same to a second reader; written and read again it is the same machine; its
 * CPUs, cores, LLCs and nodes follow each other without a gap; its ACPI tables and its
 * CPUID say the same of every CPU.
 *
 * The input is the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/topology_text.h>

#include "host/buf.h"
#include "host/topo_out.h"
#include "vmm/layout.h"

#include "fuzz.h"
#include "oracle.h"
#include "tables.h"

#define SIZE_MAX_IN	KTSTR_TOPOLOGY_TEXT_MAX
#define NAME		"a file"
#define PICTURE_MAX	(4u << 20)
#define HEAP_MAX	(8u << 20)
#define MIB		(1ull << 20)

static void check_plain(const char *what, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		CHECK((s[i] >= ' ' && s[i] <= '~') || s[i] == '\n', "%s: byte 0x%x", what,
		      (unsigned char)s[i]);
}

static int read_text(const char *text, size_t len, struct ktstr_topology *t,
		     struct ktstr_topology_about *about)
{
	struct ktstr_error e = { "" };
	int err = ktstr_topology__read(text, len, NAME, t, about, &e);

	if (!err)
		return 0;
	oracle__refused("the file", err, -EINVAL, -EINVAL, &e);
	CHECK(!strncmp(e.msg, NAME ":", sizeof(NAME)), "no name in \"%s\"", e.msg);
	check_plain("the sentence", e.msg, strlen(e.msg));
	return err;
}

/* Things of one level that belong to one of the next: they begin where the last ones ended. */
static void follow(uint32_t *end, struct ktstr_range r, const char *what, uint32_t i)
{
	CHECK(r.first == *end || !r.nr, "%s %u begins at %u, not at %u", what, i, r.first, *end);
	*end += r.nr;
}

static void check_ranges(const struct ktstr_topology *t)
{
	uint32_t cpus = 0, cores = 0, llcs = 0, in_llcs = 0, in_nodes = 0;

	for (uint32_t i = 0; i < ktstr_topology__nr_cores(t); i++)
		follow(&cpus, ktstr_topology__core_cpus(t, i), "core", i);
	for (uint32_t i = 0; i < t->llcs; i++) {
		follow(&cores, ktstr_topology__llc_cores(t, i), "LLC", i);
		follow(&in_llcs, ktstr_topology__llc_cpus(t, i), "LLC", i);
	}
	for (uint32_t i = 0; i < t->nodes; i++) {
		follow(&llcs, ktstr_topology__node_llcs(t, i), "node", i);
		follow(&in_nodes, ktstr_topology__node_cpus(t, i), "node", i);
	}
	CHECK(cpus == ktstr_topology__nr_cpus(t) && in_llcs == cpus && in_nodes == cpus &&
	      cores == ktstr_topology__nr_cores(t) && llcs == t->llcs,
	      "%u CPUs, %u in LLCs, %u in nodes, %u cores, %u LLCs", cpus, in_llcs, in_nodes,
	      cores, llcs);
	CHECK(cpus && cpus <= KTSTR_CPUS_MAX && t->nodes <= KTSTR_NODES_MAX, "%u CPUs", cpus);
}

static void check_written(const struct ktstr_topology *t, const struct ktstr_topology_about *about)
{
	struct ktstr_topology_about about2;
	struct ktstr_topology t2;
	char *text = ktstr_topology__text(t, about->text), *text2;

	CHECK(text, "no memory");
	check_plain("the text", text, strlen(text));
	CHECK(!read_text(text, strlen(text), &t2, &about2), "refused what was written:\n%s", text);
	CHECK(ktstr_topology__equal(t, &t2) && !strcmp(about->text, about2.text),
	      "another machine:\n%s", text);
	text2 = ktstr_topology__text(&t2, about2.text);
	CHECK(text2 && !strcmp(text, text2), "another text:\n%s", text);
	free(text);
	free(text2);
	ktstr_topology__free(&t2);
}

static void check_shown(const struct ktstr_topology *t, const struct ktstr_topology_about *about)
{
	struct ktstr_topology t2;
	struct buf b;
	json_t *o;

	buf__init(&b, PICTURE_MAX);
	topo_out__line(&b, NAME, t, about);
	topo_out__picture(&b, t);
	CHECK(!b.err, "picture: %d", b.err);
	check_plain("picture", b.data, b.len);
	buf__free(&b);
	o = topo_out__json(t, NAME);
	topo_out__of_json(o, &t2);
	CHECK(t2.nodes && ktstr_topology__equal(t, &t2), "another machine in JSON");
	ktstr_topology__free(&t2);
	json_decref(o);
	o = topo_out__json_whole(t, NAME, about);
	CHECK(json_is_object(o), "no JSON");
	json_decref(o);
}

static uint32_t hash(const uint8_t *data, size_t size)
{
	uint32_t h = 2166136261u;

	while (size--)
		h = (h ^ *data++) * 16777619u;
	return h;
}

/* An amount that the nodes accept; @choice adds to the least. */
static uint32_t some_ram(const struct ktstr_topology *t, uint32_t choice)
{
	uint32_t mib = (uint32_t)ktstr_topology__sized_memory(t), sharers = 0;
	struct ktstr_error e;

	for (uint32_t node = 0; node < t->nodes; node++)
		sharers += t->detail->memory_mib[node] == KTSTR_NODE_MEMORY_AUTO;
	if (sharers)
		mib += sharers * KTSTR_NODE_ALIGN_MIB + (choice & 1 ? choice % 9999 : 0);
	CHECK(!ktstr_topology__check_memory(t, mib, &e), "%u MiB: %s", mib, e.msg);
	return mib;
}

static void check_guest(const struct ktstr_topology *t, uint32_t choice)
{
	uint64_t bytes = some_ram(t, choice) * MIB;
	uint64_t low = bytes < LAYOUT_HOLE_START ? bytes : LAYOUT_HOLE_START;
	struct acpi_ram ram = { .low = low, .high = bytes - low };
	struct ktstr_error e = { "" };
	int err = ktstr_topology__check_guest(t, &e);

	if (err) {
		oracle__refused("the guest", err, -EINVAL, -EINVAL, &e);
		return;
	}
	tables__check_acpi(t, &ram);
	tables__check_cpuid(t);
}

void fuzz__init(void)
{
	oracle__init();
	/* A table of its own for hashes, once: else the first object is charged with it. */
	json_object_seed(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktstr_topology_about about;
	struct ktstr_topology t;
	const char *text;

	if (size > SIZE_MAX_IN)
		return -1;
	text = (const char *)oracle__guarded(data, size);
	oracle__heap_begin();
	if (!read_text(text, size, &t, &about)) {
		check_ranges(&t);
		topology_model__check(text, size, &t);
		check_written(&t, &about);
		check_shown(&t, &about);
		check_guest(&t, hash(data, size));
		ktstr_topology__free(&t);
	}
	oracle__heap_end("a topology", HEAP_MAX);
	return 0;
}
