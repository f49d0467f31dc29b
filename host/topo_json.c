// SPDX-License-Identifier: GPL-2.0-only
/*
 * A topology as JSON, and back.
 */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "topo_find.h"
#include "topo_out.h"

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static json_t *number(uint32_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *number_or_null(uint32_t v)
{
	return v ? number(v) : json_null();
}

/* A path may be any bytes. */
static json_t *name_text(const char *s)
{
	char clean[1024];

	text__clean(clean, sizeof(clean), s, strlen(s));
	return json_string(clean);
}

static json_t *as_text(const struct ktstr_topology *t)
{
	char *text = ktstr_topology__text(t, NULL);
	json_t *j = text ? json_string(text) : NULL;

	free(text);
	return j;
}

json_t *topo_out__json(const struct ktstr_topology *t, const char *from)
{
	json_t *o = json_object();

	set(o, "nodes", number(t->nodes));
	set(o, "llcs", number(t->llcs));
	set(o, "cores_per_llc", number(t->cores));
	set(o, "threads_per_core", number(t->threads));
	set(o, "cpus", number(ktstr_topology__nr_cpus(t)));
	set(o, "name", from ? name_text(from) : json_null());
	set(o, "text", t->detail ? as_text(t) : json_null());
	return o;
}

static json_t *core_json(struct ktstr_range cpus)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < cpus.nr; i++)
		json_array_append_new(a, number(cpus.first + i));
	return a;
}

static json_t *llc_json(const struct ktstr_topology *t, uint32_t llc)
{
	struct ktstr_range cores = ktstr_topology__llc_cores(t, llc);
	json_t *o = json_object(), *a = json_array();

	for (uint32_t i = 0; i < cores.nr; i++)
		json_array_append_new(a, core_json(ktstr_topology__core_cpus(t, cores.first + i)));
	set(o, "llc", number(llc));
	set(o, "size_kib", number_or_null(ktstr_topology__cache_kib(t,
				ktstr_topology__llc_cpus(t, llc).first, KTSTR_L3)));
	set(o, "cores", a);
	return o;
}

static json_t *node_json(const struct ktstr_topology *t, uint32_t node)
{
	struct ktstr_range llcs = ktstr_topology__node_llcs(t, node);
	uint32_t mib = t->detail ? t->detail->memory_mib[node] : KTSTR_NODE_MEMORY_AUTO;
	json_t *o = json_object(), *a = json_array();

	for (uint32_t i = 0; i < llcs.nr; i++)
		json_array_append_new(a, llc_json(t, llcs.first + i));
	set(o, "node", number(node));
	set(o, "memory_mib", mib == KTSTR_NODE_MEMORY_AUTO ? json_null() : number(mib));
	set(o, "memory_cache_kib", number_or_null(ktstr_topology__memory_cache_kib(t, node)));
	set(o, "llcs", a);
	return o;
}

static json_t *matrix(const struct ktstr_topology *t,
		      uint32_t (*of)(const struct ktstr_topology *t, uint32_t from, uint32_t to))
{
	json_t *rows = json_array();

	for (uint32_t from = 0; from < t->nodes; from++) {
		json_t *row = json_array();

		for (uint32_t to = 0; to < t->nodes; to++)
			json_array_append_new(row, number_or_null(of(t, from, to)));
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *per_cpu(const struct ktstr_topology *t,
		       uint32_t (*of)(const struct ktstr_topology *t, uint32_t cpu), bool maybe)
{
	json_t *a = json_array();

	for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(t); cpu++)
		json_array_append_new(a, maybe ? number_or_null(of(t, cpu)) : number(of(t, cpu)));
	return a;
}

static json_t *caches(const struct ktstr_topology *t)
{
	json_t *o = json_object();

	set(o, "l1d", number_or_null(ktstr_topology__cache_kib(t, 0, KTSTR_L1D)));
	set(o, "l1i", number_or_null(ktstr_topology__cache_kib(t, 0, KTSTR_L1I)));
	set(o, "l2", number_or_null(ktstr_topology__cache_kib(t, 0, KTSTR_L2)));
	return o;
}

json_t *topo_out__json_whole(const struct ktstr_topology *t, const char *name,
			     const struct ktstr_topology_about *about)
{
	json_t *o = topo_out__json(t, name), *a = json_array();

	for (uint32_t node = 0; node < t->nodes; node++)
		json_array_append_new(a, node_json(t, node));
	set(o, "about", json_string(about->text));
	set(o, "cache_kib", caches(t));
	set(o, "node_list", a);
	set(o, "distance", matrix(t, ktstr_topology__distance));
	set(o, "latency_ns", matrix(t, ktstr_topology__latency_ns));
	set(o, "bandwidth_mbps", matrix(t, ktstr_topology__bandwidth_mbps));
	set(o, "apic_ids", per_cpu(t, ktstr_topology__apic_id, false));
	set(o, "capacity", per_cpu(t, ktstr_topology__capacity, true));
	return o;
}

/* 0 for what is no number, or none that fits: no topology has that. */
static uint32_t count_of(const json_t *o, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(o, name));

	return v > 0 && v <= KTSTR_CPUS_MAX ? (uint32_t)v : 0;
}

void topo_out__of_json(const json_t *o, struct ktstr_topology *out)
{
	const char *text = json_string_value(json_object_get(o, "text"));

	*out = (struct ktstr_topology){
		.nodes = count_of(o, "nodes"), .llcs = count_of(o, "llcs"),
		.cores = count_of(o, "cores_per_llc"), .threads = count_of(o, "threads_per_core"),
	};
	if (text && ktstr_topology__read(text, strlen(text), "topology", out, NULL, NULL))
		*out = (struct ktstr_topology){ 0 };
}
