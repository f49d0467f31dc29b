// SPDX-License-Identifier: GPL-2.0-only
/*
 * The matrix as JSON; Documentation/matrix.rst names the fields.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "json_out.h"
#include "matrix.h"

/* Bytes of the user that are no UTF-8 become their escaped form. */
static json_t *text(const char *s)
{
	char clean[1024];
	json_t *j = s && *s ? json_string(s) : json_null();

	if (j)
		return j;
	text__clean(clean, sizeof(clean), s, strlen(s));
	return json_string(clean);
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *axis(const struct strv *v)
{
	json_t *a = json_array();

	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(a, text(v->v[i]));
	return a;
}

static json_t *axes(const struct args *a)
{
	json_t *o = json_object();

	set(o, "scenarios", axis(&a->scenarios));
	for (int i = 0; i < MATRIX_AXES; i++)
		set(o, matrix_axes__name(i), axis(&a->matrix.v[i]));
	return o;
}

static json_t *topology(const struct args *a)
{
	char four[64];

	if (args__topology_from(a))
		return text(args__topology_from(a));
	snprintf(four, sizeof(four), "%u,%u,%u,%u", a->topology.nodes, a->topology.llcs,
		 a->topology.cores, a->topology.threads);
	return text(four);
}

static const char *why_not(const struct matrix_cell *c, const struct matrix_load *l)
{
	if (c->ran)
		return NULL;
	return l->out == MATRIX_OUT_SHARD ? "shard" : l->out == MATRIX_OUT_BUDGET ? "budget" :
	       "interrupted";
}

static json_t *cell(const struct matrix_cell *c, const struct matrix_load *l)
{
	json_t *o = json_object();

	set(o, "name", text(c->name));
	set(o, "scenario", text(c->test->name));
	set(o, "topology", topology(&c->args));
	set(o, "sched", text(c->args.sched));
	set(o, "kernel", text(c->args.kernel));
	set(o, "seed", number(c->args.seed));
	set(o, "estimate_ns", number(l->ns));
	set(o, "left_out", text(why_not(c, l)));
	set(o, "repeat", text(c->repeat));
	set(o, "verdict", c->ran ? text(verdict__status_name(c->status)) : json_null());
	set(o, "kind", c->ran ? text(c->kind) : json_null());
	set(o, "reason", c->ran ? text(c->reason) : json_null());
	set(o, "exit_status", c->exit_status >= 0 ? number(c->exit_status) : json_null());
	set(o, "took_ns", c->took_ns ? number(c->took_ns) : json_null());
	set(o, "dir", c->args.out && c->took_ns ? text(c->dir) : json_null());
	set(o, "result", c->result ? json_incref(c->result) : json_null());
	return o;
}

static json_t *coverage(const struct matrix *m)
{
	struct matrix_coverage c;
	json_t *o;

	if (matrix_plan__coverage(m->loads, m->nr, &c))
		return json_null();
	o = json_object();
	set(o, "values", number(c.values));
	set(o, "of_values", number(c.of_values));
	set(o, "pairs", number(c.pairs));
	set(o, "of_pairs", number(c.of_pairs));
	return o;
}

char *matrix_json__dump(const struct matrix *m, int exit_status, size_t *len)
{
	json_t *o = json_object(), *a = json_array();

	set(o, "version", number(JSON_OUT_VERSION));
	set(o, "matrix", axes(m->args));
	set(o, "exit_status", number(exit_status));
	set(o, "seed", number(m->args->seed));
	set(o, "shard", m->args->shards ? number(m->args->shard) : json_null());
	set(o, "shards", m->args->shards ? number(m->args->shards) : json_null());
	set(o, "budget_ns", m->args->budget_s ?
	    number(m->args->budget_s * 1000000000ull) : json_null());
	set(o, "coverage", coverage(m));
	set(o, "emulated", json_boolean(m->use_box));
	for (size_t i = 0; i < m->nr; i++)
		json_array_append_new(a, cell(&m->cells[i], &m->loads[i]));
	set(o, "cells", a);
	return json_out__text(o, len);
}
