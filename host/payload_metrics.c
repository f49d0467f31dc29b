// SPDX-License-Identifier: GPL-2.0-only
/*
 * Figures out of what programs print.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "file.h"
#include "payload_metrics.h"

#define LINE_MAX_BYTES	1024u	/* of what is looked at; longer lines are cut */
#define JSON_DEPTH	8u
#define RT_APP_COLUMNS	11u

/* What a reader of lines remembers between two of them. */
struct reader {
	struct payload_metrics *out;
	double n, avg, min, max, cycles;	/* cyclictest, rt-app */
	double runs, run, period, slack, wake;	/* rt-app */
};

const struct payload_metric *payload_metrics__find(const struct payload_metrics *m,
						   const char *name)
{
	for (unsigned int i = 0; i < m->nr; i++)
		if (!strcmp(m->all[i].name, name))
			return &m->all[i];
	return NULL;
}

static void __attribute__((format(printf, 3, 4)))
put(struct payload_metrics *m, double value, const char *fmt, ...)
{
	struct payload_metric *to;
	char name[PAYLOAD_METRIC_NAME];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	if (n < 1 || (size_t)n >= sizeof(name) || !isfinite(value)) {
		m->dropped++;
		return;
	}
	to = (struct payload_metric *)payload_metrics__find(m, name);
	if (!to && m->nr == PAYLOAD_METRICS_MAX) {
		m->dropped++;
		return;
	}
	if (!to)
		to = &m->all[m->nr++];
	memcpy(to->name, name, sizeof(name));
	to->value = value;
}

static void hackbench_line(struct reader *r, const char *line)
{
	double s;

	if (sscanf(line, "Time: %lf", &s) == 1)
		put(r->out, s, "time_s");
}

static void cyclictest_line(struct reader *r, const char *line)
{
	const char *min = strstr(line, "Min:"), *avg = strstr(line, "Avg:");
	const char *max = strstr(line, "Max:"), *cycles = strstr(line, " C:");

	if (line[0] != 'T' || !min || !avg || !max || !cycles)
		return;
	r->avg += strtod(avg + 4, NULL);
	r->cycles += strtod(cycles + 3, NULL);
	r->min = !r->n || strtod(min + 4, NULL) < r->min ? strtod(min + 4, NULL) : r->min;
	r->max = strtod(max + 4, NULL) > r->max ? strtod(max + 4, NULL) : r->max;
	r->n++;
	put(r->out, r->min, "min_us");
	put(r->out, r->avg / r->n, "avg_us");
	put(r->out, r->max, "max_us");
	put(r->out, r->cycles, "cycles");
}

/* "stress-ng: metrc: [PID] STRESSOR OPS REAL USER SYSTEM OPS/S(real) OPS/S(CPU)", or "info:" */
static void stress_ng_line(struct reader *r, const char *line)
{
	const char *p = strchr(line, ']');
	char name[PAYLOAD_METRIC_NAME];
	double ops, real, user, sys, rate;

	if (strncmp(line, "stress-ng:", 10) || !p)
		return;
	if (sscanf(p + 1, "%20s %lf %lf %lf %lf %lf", name, &ops, &real, &user, &sys, &rate) != 6)
		return;
	put(r->out, ops, "%s_ops", name);
	put(r->out, rate, "%s_ops_per_s", name);
}

static void perf_line(struct reader *r, const char *line)
{
	char unit[16];
	double v;

	if (sscanf(line, " Total time: %lf [sec]", &v) == 1)
		put(r->out, v, "time_s");
	else if (sscanf(line, " %lf %15s", &v, unit) == 2 && !strcmp(unit, "usecs/op"))
		put(r->out, v, "us_per_op");
	else if (sscanf(line, " %lf %15s", &v, unit) == 2 && !strcmp(unit, "ops/sec"))
		put(r->out, v, "ops_per_s");
}

/* "  99.0th: 123 (456 samples)", with a '*' in front of one of them. */
static void schbench_line(struct reader *r, const char *line)
{
	char name[PAYLOAD_METRIC_NAME];
	double pct, us;

	line += strspn(line, " \t*");
	if (sscanf(line, "%lfth: %lf", &pct, &us) != 2 || pct < 0 || pct > 100)
		return;
	snprintf(name, sizeof(name), "p%g_us", pct);
	/* Wake-ups come first; its later tables are about other things. */
	if (!payload_metrics__find(r->out, name))
		put(r->out, us, "%s", name);
}

/* idx perf run period start end rel_st slack c_duration c_period wu_lat, in us */
static void rt_app_line(struct reader *r, const char *line)
{
	double v[RT_APP_COLUMNS];
	const char *p = line;
	char *end;

	for (unsigned int i = 0; i < RT_APP_COLUMNS; i++) {
		v[i] = strtod(p, &end);
		if (end == p)
			return;
		p = end;
	}
	r->slack = !r->runs || v[7] < r->slack ? v[7] : r->slack;
	r->wake = v[10] > r->wake ? v[10] : r->wake;
	r->run += v[2];
	r->period += v[3];
	r->runs++;
	put(r->out, r->runs, "runs");
	put(r->out, r->run / r->runs, "run_us");
	put(r->out, r->period / r->runs, "period_us");
	put(r->out, r->slack, "slack_min_us");
	put(r->out, r->wake, "wake_max_us");
}

static const struct {
	const char *program;
	void (*line)(struct reader *r, const char *line);
} readers[] = {
	{ "hackbench",	hackbench_line },
	{ "cyclictest",	cyclictest_line },
	{ "stress-ng",	stress_ng_line },
	{ "perf",	perf_line },
	{ "schbench",	schbench_line },
	{ "rt-app",	rt_app_line },
};

bool payload_metrics__knows(const char *program)
{
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (!strcmp(path__basename(program), readers[i].program))
			return true;
	return false;
}

static void read_lines(struct reader *r, void (*line)(struct reader *r, const char *line),
		       const char *text, size_t len)
{
	char buf[LINE_MAX_BYTES];

	while (len) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;
		size_t copy = n < sizeof(buf) - 1 ? n : sizeof(buf) - 1;

		memcpy(buf, text, copy);
		buf[copy] = '\0';
		line(r, buf);
		n += nl ? 1 : 0;
		text += n;
		len -= n;
	}
}

/* Paths that are too long for a name count as dropped. */
static void read_json(struct payload_metrics *out, json_t *v, const char *path, unsigned int depth)
{
	char below[2 * PAYLOAD_METRIC_NAME + 2];
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_number(v))
		put(out, json_number_value(v), "%s", path);
	else if (json_is_boolean(v))
		put(out, json_is_true(v), "%s", path);
	if (depth == JSON_DEPTH)
		return;
	json_object_foreach(v, key, item) {
		snprintf(below, sizeof(below), "%.32s%s%.32s", path, *path ? "." : "", key);
		read_json(out, item, below, depth + 1);
	}
	json_array_foreach(v, i, item) {
		snprintf(below, sizeof(below), "%.32s%s%zu", path, *path ? "." : "", i);
		read_json(out, item, below, depth + 1);
	}
}

static bool is_json(const char *text, size_t len)
{
	while (len && (*text == ' ' || *text == '\n' || *text == '\t' || *text == '\r')) {
		text++;
		len--;
	}
	return len && *text == '{';
}

/* What else it printed may follow the object, or a second one that is not looked at. */
static void parse_json(struct payload_metrics *out, const char *text, size_t len)
{
	json_t *v = json_loadb(text, len, JSON_DISABLE_EOF_CHECK, NULL);

	read_json(out, v, "", 0);
	json_decref(v);
}

int payload_metrics__parse(const char *program, const char *text, size_t len,
			   struct payload_metrics *out)
{
	const char *name = path__basename(program);
	struct reader r = { .out = out };

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (!strcmp(name, readers[i].program))
			read_lines(&r, readers[i].line, text, len);
	if (!out->nr && is_json(text, len))
		parse_json(out, text, len);
	return out->nr ? 0 : -ENOENT;
}
