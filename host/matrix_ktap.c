// SPDX-License-Identifier: GPL-2.0-only
/*
 * The matrix as KTAP: each cell a point, its own document a subtest above it.
 */
#include <string.h>

#include "buf.h"
#include "matrix.h"

#define LEFT_OUT_SHOWN	50u	/* JSON has them all */
#define LINE_MAX_BYTES	1024u

static size_t count_out(const struct matrix *m, enum matrix_out out)
{
	size_t n = 0;

	for (size_t i = 0; i < m->nr; i++)
		n += m->loads[i].out == out;
	return n;
}

static void say_left_out(struct ktap *k, const struct matrix *m)
{
	size_t out = count_out(m, MATRIX_OUT_BUDGET), shown = 0;
	struct matrix_coverage c;

	if (!m->args->budget_s)
		return;
	if (!matrix_plan__coverage(m->loads, m->nr, &c))
		ktap__diag(k, "budget %u s: %zu cells left out; %zu of %zu values and %zu of %zu pairs covered",
			   m->args->budget_s, out, c.values, c.of_values, c.pairs, c.of_pairs);
	for (size_t i = 0; i < m->nr && shown < LEFT_OUT_SHOWN; i++) {
		if (m->loads[i].out != MATRIX_OUT_BUDGET)
			continue;
		ktap__diag(k, "  left out: %s (about %.0f s)", m->cells[i].name,
			   m->loads[i].ns / 1e9);
		shown++;
	}
	if (out > shown)
		ktap__diag(k, "  and %zu more: see --json", out - shown);
}

void matrix_ktap__begin(struct ktap *k, const struct matrix *m)
{
	size_t other = count_out(m, MATRIX_OUT_SHARD);

	ktap__begin(k, (unsigned int)(count_out(m, MATRIX_IN) + count_out(m, MATRIX_OUT_SKIP)));
	ktap__diag(k, "matrix: %u scenarios x %u topologies x %u schedulers x %u kernels = %zu cells, seed %llu",
		   m->nr_value[0], m->nr_value[1], m->nr_value[2], m->nr_value[3], m->nr,
		   (unsigned long long)m->args->seed);
	if (m->args->shards)
		ktap__diag(k, "shard %u/%u: %zu of them, %zu are others'", m->args->shard,
			   m->args->shards, m->nr - other, other);
	ktap__diag(k, "room for %u CPUs%s", m->room.cpus,
		   m->use_box ? ", an emulated machine takes one" : "");
	say_left_out(k, m);
}

/*
 * Two of its lines mean something else one floor up: the version is of a nested document,
 * and a bail-out would end the whole.
 */
static void nested_line(struct ktap *k, const char *text, size_t len)
{
	static const char version[] = "TAP version", bail[] = "Bail out!";
	char line[LINE_MAX_BYTES];

	text__clean(line, sizeof(line), text, len);
	if (!strncmp(line, version, strlen(version)))
		ktap__nested(k, "KTAP version 1");
	else if (!strncmp(line, bail, strlen(bail)))
		ktap__nested(k, "# %s", line);
	else if (*line)
		ktap__nested(k, "%s", line);
}

static void nested(struct ktap *k, const struct matrix_child *child)
{
	const char *p = child->out.data;
	size_t len = child->out.len;

	while (len) {
		const char *nl = memchr(p, '\n', len);
		size_t n = nl ? (size_t)(nl - p) : len;

		nested_line(k, p, n);
		n += nl != NULL;
		p += n;
		len -= n;
	}
	if (child->out_dropped)
		ktap__nested(k, "# and %zu bytes more, which are not kept", child->out_dropped);
}

static void say_why(struct ktap *k, const struct matrix_cell *c, const struct matrix_child *child)
{
	ktap__diag(k, "%s: %s (%s): %s", c->name, verdict__status_name(c->status), c->kind,
		   c->reason);
	if (c->status == VERDICT_CRASH && child && child->err.len && !c->result) {
		size_t len;
		const char *text = tail__lines(&child->err, 10, &len);

		ktap__diag(k, "its last words on stderr:");
		ktap__quote(k, text, len);
	}
	/* It had its chance to say so itself. */
	if (c->repeat[0] && c->status != VERDICT_SKIP && !c->result)
		ktap__diag(k, "repeat with: %s", c->repeat);
}

void matrix_ktap__cell(struct ktap *k, const struct matrix_cell *c,
		       const struct matrix_child *child)
{
	unsigned long long ms = c->took_ns / 1000000;

	if (child && child->out.len)
		nested(k, child);
	if (c->status != VERDICT_PASS && c->status != VERDICT_SKIP)
		say_why(k, c, child);
	switch (c->status) {
	case VERDICT_PASS:
		return ktap__pass(k, c->name, "# time=%llums", ms);
	case VERDICT_SKIP:
		return ktap__skip(k, c->name, "%s", c->reason);
	case VERDICT_INCONCLUSIVE:
		return ktap__skip(k, c->name, "inconclusive: %s", c->reason);
	default:
		return ktap__fail(k, c->name, "# time=%llums", ms);
	}
}

static void count_verdicts(const struct matrix *m, size_t count[VERDICT_INTERRUPTED + 1])
{
	for (size_t i = 0; i < m->nr; i++)
		if (m->cells[i].ran)
			count[m->cells[i].status]++;
}

void matrix_ktap__end(struct ktap *k, const struct matrix *m)
{
	size_t count[VERDICT_INTERRUPTED + 1] = { 0 };
	struct buf b;

	for (size_t i = 0; i < m->nr; i++) {
		const struct matrix_cell *c = &m->cells[i];

		if (!c->ran || c->status == VERDICT_PASS || c->status == VERDICT_SKIP)
			continue;
		ktap__diag(k, "%s: %s: %s", verdict__status_name(c->status), c->name, c->reason);
		if (c->repeat[0])
			ktap__diag(k, "  repeat with: %s", c->repeat);
	}
	count_verdicts(m, count);
	buf__init(&b, 512);
	for (int s = 0; s <= VERDICT_INTERRUPTED; s++)
		if (count[s])
			buf__printf(&b, "%s%zu %s", b.len ? ", " : "", count[s],
				    verdict__status_name(s));
	ktap__diag(k, "matrix: %s", b.len ? b.data : "nothing was run");
	buf__free(&b);
	ktap__end(k);
}
