// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics of scx_ktstr: requests and answers.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <ktstr/fault_words.h>

#include "scx_stats.h"

/* In the order of enum ktstr_scx_counter, for they are made from the same list. */
#define COUNTER_NAME(name, desc) #name,
#define COUNTER_DESC(name, desc) desc,
static const char * const counter_names[] = { KTSTR_SCX_COUNTERS(COUNTER_NAME) };
static const char * const counter_descs[] = { KTSTR_SCX_COUNTERS(COUNTER_DESC) };

/* Steals both references; JSON's own answer to a lack of memory is NULL all the way up. */
static char *answer(int err, json_t *resp)
{
	json_t *whole = json_pack("{s:i, s:{s:o}}", "errno", err, "args", "resp", resp);
	char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL, *line = NULL;

	json_decref(whole);
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

char *scx_stats__refusal(int err, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return answer(err, json_string(text) ?: json_string("not UTF-8"));
}

static void put(json_t *o, const char *name, uint64_t v)
{
	json_object_set_new(o, name, json_integer(v));
}

static json_t *counters(const uint64_t *n)
{
	json_t *o = json_object();

	for (int i = 0; i < KTSTR_SCX_NR_COUNTERS; i++)
		put(o, counter_names[i], n[i]);
	return o;
}

static json_t *faults(const struct scx_stats *st)
{
	json_t *o = json_object();

	for (unsigned int i = 0; i < KTSTR_FAULT_NR; i++) {
		json_t *f = json_object();

		put(f, "armed", st->faults_armed >> i & 1);
		put(f, "hits", st->fault_hits[i]);
		json_object_set_new(o, fault_words__name(i), f);
	}
	return o;
}

static json_t *top(const struct scx_stats *st)
{
	uint64_t total[KTSTR_SCX_NR_COUNTERS] = { };
	json_t *llcs = json_object(), *o;
	char name[16];

	for (uint32_t i = 0; i < st->nr_llcs && i < KTSTR_SCX_LLCS_MAX; i++) {
		for (int n = 0; n < KTSTR_SCX_NR_COUNTERS; n++)
			total[n] += st->llcs[i][n];
		snprintf(name, sizeof(name), "%u", i);
		json_object_set_new(llcs, name, counters(st->llcs[i]));
	}
	o = counters(total);
	put(o, "at", st->at_ns);
	put(o, "nr_cpus", st->nr_cpus);
	put(o, "tasks", st->tasks > 0 ? (uint64_t)st->tasks : 0);
	put(o, "faults_seq", st->faults_seq);
	json_object_set_new(o, "fault", faults(st));
	json_object_set_new(o, "llc", llcs);
	return o;
}

static char *answer_stats(const struct scx_stats_source *src, json_t *req)
{
	json_t *args = json_object_get(req, "args"), *target = json_object_get(args, "target");
	struct scx_stats *st;
	char *line;
	int err;

	if ((args && !json_is_object(args)) || (target && !json_is_string(target)))
		return scx_stats__refusal(EINVAL, "\"args\" is no object of strings");
	if (target && strcmp(json_string_value(target), "top"))
		return scx_stats__refusal(EINVAL,
					  "unknown stat target \"%.100s\"; there is \"top\"",
					  json_string_value(target));
	/* Too large for a stack that others have to fit on, too. */
	st = calloc(1, sizeof(*st));
	if (!st)
		return NULL;
	err = -src->read(src->arg, st);
	line = err ? scx_stats__refusal(err, "cannot read the statistics: %s", strerror(err)) :
		     answer(0, top(st));
	free(st);
	return line;
}

static json_t *meta_number(const char *desc)
{
	return json_pack("{s:s, s:s}", "datum", "u64", "desc", desc);
}

static json_t *meta_dict(const char *of, const char *key, const char *desc)
{
	return json_pack("{s:s, s:{s:s, s:{s:s}}}", "desc", desc, "dict", "key", key, "datum",
			 "struct", of);
}

static json_t *meta_counters(void)
{
	json_t *o = json_object();

	for (int i = 0; i < KTSTR_SCX_NR_COUNTERS; i++)
		json_object_set_new(o, counter_names[i], meta_number(counter_descs[i]));
	return o;
}

static json_t *meta_top(void)
{
	json_t *o = meta_counters();

	json_object_set_new(o, "at", meta_number("CLOCK_MONOTONIC in ns"));
	json_object_set_new(o, "nr_cpus", meta_number("CPUs that there may be"));
	json_object_set_new(o, "tasks", meta_number("tasks that the scheduler has"));
	json_object_set_new(o, "faults_seq", meta_number("last change of the faults that it saw"));
	json_object_set_new(o, "fault", meta_dict("Fault", "string", "faults by name"));
	json_object_set_new(o, "llc", meta_dict("Llc", "u64", "counters by LLC"));
	return o;
}

static char *answer_meta(void)
{
	json_t *fault = json_pack("{s:o, s:o}", "armed", meta_number("1 while it is switched on"),
				  "hits", meta_number("times that it did something"));

	return answer(0, json_pack("{s:{s:s,s:s,s:n,s:o}, s:{s:s,s:s,s:o}, s:{s:s,s:s,s:o}}",
				   "Top", "name", "Top", "desc", "scx_ktstr", "top",
				   "fields", meta_top(),
				   "Llc", "name", "Llc", "desc", "the CPUs of one LLC",
				   "fields", meta_counters(),
				   "Fault", "name", "Fault", "desc", "a fault", "fields", fault));
}

static char *answer_fault(const struct scx_stats_source *src, json_t *req)
{
	json_t *args = json_object_get(req, "args"), *arm = json_object_get(args, "arm");
	json_t *text = arm ?: json_object_get(args, "disarm");
	struct ktstr_error e;
	int err;

	if (!json_is_string(text) || json_object_size(args) != 1)
		return scx_stats__refusal(EINVAL,
					  "\"args\" wants one string, \"arm\" or \"disarm\"");
	err = -src->fault(src->arg, json_string_value(text), arm, &e);
	return err ? scx_stats__refusal(err, "%s", e.msg) : answer(0, json_object());
}

char *scx_stats__answer(const struct scx_stats_source *src, const char *line, size_t len)
{
	json_error_t e;
	json_t *req = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e), *what;
	char *text;

	what = json_object_get(req, "req");
	if (!req)
		text = scx_stats__refusal(EINVAL, "no JSON: %s", e.text);
	else if (!json_is_string(what))
		text = scx_stats__refusal(EINVAL, "no object with \"req\"");
	else if (!strcmp(json_string_value(what), "stats"))
		text = answer_stats(src, req);
	else if (!strcmp(json_string_value(what), "stats_meta"))
		text = answer_meta();
	else if (!strcmp(json_string_value(what), "fault"))
		text = answer_fault(src, req);
	else
		text = scx_stats__refusal(EINVAL, "unknown command \"%.100s\"",
					  json_string_value(what));
	json_decref(req);
	return text;
}
