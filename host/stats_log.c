// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the lines of stats.jsonl to one row for each number.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "stats_log.h"
#include "stats_reply.h"
#include "stats_sampler.h"

#define NAME_MAX_BYTES	48u	/* of a row, with its NUL */

/** struct row - a number over all samples */
struct row {
	char name[NAME_MAX_BYTES];
	uint64_t nr;
	double first, last, min, max, sum;
};

/** struct table - what the file says */
struct table {
	struct row rows[STATS_LOG_ROWS];
	size_t nr;
	size_t more;		/* numbers of one sample that found no row, at most */
	size_t more_now;	/* the same of the sample at hand */
	uint64_t samples, errors, damaged;
	json_int_t from_ns, to_ns;
	char last_error[STATS_TEXT_MAX + 32];
};

static struct row *find_row(struct table *t, const char *name)
{
	struct row *r;

	for (r = t->rows; r < t->rows + t->nr; r++)
		if (!strcmp(r->name, name))
			return r;
	if (t->nr == STATS_LOG_ROWS) {
		t->more_now++;
		return NULL;
	}
	t->nr++;
	snprintf(r->name, sizeof(r->name), "%s", name);
	return r;
}

static void add_number(struct table *t, const char *name, double v)
{
	struct row *r = find_row(t, name);

	if (!r)
		return;
	if (!r->nr)
		r->first = v;
	if (!r->nr || v < r->min)
		r->min = v;
	if (!r->nr || v > r->max)
		r->max = v;
	r->nr++;
	r->last = v;
	r->sum += v;
}

static void add_value(struct table *t, const char *name, json_t *v);

/* What is in @name: "@name.@key". A name that is too long is cut, and may stand for two. */
static void add_inner(struct table *t, const char *name, const char *key, json_t *v)
{
	char inner[2 * NAME_MAX_BYTES], clean[NAME_MAX_BYTES];

	text__clean(clean, sizeof(clean), key, strlen(key));
	snprintf(inner, sizeof(inner), "%s%s%s", name, *name ? "." : "", clean);
	inner[NAME_MAX_BYTES - 1] = '\0';
	add_value(t, inner, v);
}

/* No deeper than stats_json__load() lets it be. */
static void add_value(struct table *t, const char *name, json_t *v)
{
	char index[24];
	const char *key;
	json_t *in;
	size_t i;

	if (json_is_number(v))
		add_number(t, *name ? name : "value", json_number_value(v));
	json_object_foreach(v, key, in)
		add_inner(t, name, key, in);
	json_array_foreach(v, i, in) {
		snprintf(index, sizeof(index), "%zu", i);
		add_inner(t, name, index, in);
	}
}

static void add_sample(struct table *t, json_t *o, json_t *stats)
{
	json_t *time = json_object_get(o, "time_ns");

	t->more_now = 0;
	add_value(t, "", stats);
	t->more = t->more_now > t->more ? t->more_now : t->more;
	if (!t->samples++)
		t->from_ns = json_integer_value(time);
	t->to_ns = json_integer_value(time);
}

static void add_line(struct table *t, const char *line, size_t len)
{
	struct stats_reply why;
	json_t *o = stats_json__load(line, len, &why);
	json_t *stats = json_object_get(o, "stats"), *error = json_object_get(o, "error");

	if (stats) {
		add_sample(t, o, stats);
	} else if (json_is_string(error)) {
		t->errors++;
		text__clean(t->last_error, sizeof(t->last_error), json_string_value(error),
			    json_string_length(error));
	} else if (!json_object_get(o, "meta")) {
		t->damaged++;
	}
	json_decref(o);
}

static void add_lines(struct table *t, const char *p, size_t len)
{
	const char *nl;

	for (; len; p = nl + 1) {
		nl = memchr(p, '\n', len);
		if (!nl) {
			t->damaged++;	/* the last one is cut */
			return;
		}
		add_line(t, p, nl - p);
		len -= nl + 1 - p;
	}
}

static void print_rows(struct buf *b, const struct table *t)
{
	buf__printf(b, "  %-40s %7s %12s %12s %12s %12s %12s\n", "number", "samples", "first",
		    "last", "min", "mean", "max");
	for (const struct row *r = t->rows; r < t->rows + t->nr; r++)
		buf__printf(b, "  %-40s %7" PRIu64 " %12.6g %12.6g %12.6g %12.6g %12.6g\n", r->name,
			    r->nr, r->first, r->last, r->min, r->sum / r->nr, r->max);
	if (t->more)
		buf__printf(b, "  and %zu more in a sample, see " STATS_FILE_NAME "\n", t->more);
}

static void print(struct buf *b, const struct table *t)
{
	buf__printf(b, "Scheduler statistics: %" PRIu64 " samples", t->samples);
	if (t->samples)
		buf__printf(b, " from %.1f s to %.1f s of the run", t->from_ns / 1e9,
			    t->to_ns / 1e9);
	if (t->errors)
		buf__printf(b, "; %" PRIu64 " requests failed (last: %s)", t->errors,
			    t->last_error);
	if (t->damaged)
		buf__printf(b, "; %" PRIu64 " lines of " STATS_FILE_NAME " are damaged",
			    t->damaged);
	buf__printf(b, "\n");
	if (t->nr)
		print_rows(b, t);
}

int stats_log__text(const char *path, struct buf *b, struct ktstr_error *e)
{
	struct table *t;
	void *data;
	size_t len;
	int ret = file__read(path, STATS_FILE_MAX, &data, &len, NULL, e);

	if (ret)
		return ret;
	t = calloc(1, sizeof(*t));
	if (t) {
		add_lines(t, data, len);
		print(b, t);
	}
	free(data);
	if (t && !b->err) {
		free(t);
		return 0;
	}
	free(t);
	return ktstr_error_set(e, -ENOMEM, "out of memory for the statistics in %s", path);
}
