// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz "ktstr report": a file of events, made by no ktstr, through all that is made of
 * it: figures, tables, JSON, the page, the trace. The same file must say the same twice,
 * with a trace and without; names in it must not reach a terminal as commands.
 *
 * The input is four bytes, the first of which says what is not to be made, then
 * events.ktstr.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/events_html.h"
#include "host/events_json.h"
#include "host/events_text.h"
#include "host/recompute.h"
#include "host/sched_exit_out.h"

#include "fuzz.h"
#include "oracle.h"

#define PREFIX		4u	/* frames.c expects it */
#define NO_PAGE		1u	/* most of the time goes there */
#define NO_TRACE	2u
#define TEXT_MAX	(16u << 20)
#define COMPLAINT_MAX	4096u
#define HEAP_MAX	(64u << 20)

/* No control character but the newline, which ends a line of a table. */
static void check_plain(const char *what, const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		CHECK((unsigned char)b->data[i] >= ' ' || b->data[i] == '\n',
		      "%s: byte 0x%x at %zu", what, b->data[i], i);
}

static void make_text(const struct recompute *r)
{
	struct buf b;

	buf__init(&b, TEXT_MAX);
	buf__printf(&b, "%s\n%s\n", r->titles.title, r->titles.subtitle);
	events_text__full(&b, r->events);
	events_text__brief(&b, r->events);
	sched_exit_out__text(&b, r->evidence);
	CHECK(!b.err, "tables: %d", b.err);
	check_plain("tables", &b);
	buf__free(&b);
	buf__init(&b, COMPLAINT_MAX);
	recompute__complaint(r, &b);
	CHECK(!b.err, "complaint: %d", b.err);
	check_plain("complaint", &b);
	buf__free(&b);
}

static void make_page(const struct recompute *r)
{
	struct buf b;
	int err;

	if (!events__has_figures(r->events))
		return;
	buf__init(&b, EVENTS_HTML_MAX);
	err = events_html__write(&b, r->events, &r->titles);
	CHECK(!err && !b.err, "page: %d, %d", err, b.err);
	buf__free(&b);
}

static char *make_json(const struct recompute *r)
{
	json_t *o = events_json(r->events), *end = sched_exit_out__json(r->evidence, 0);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	CHECK(end, "the scheduler's exit in JSON cannot be made");
	json_decref(end);
	CHECK(text, "the report in JSON cannot be made");
	json_decref(o);
	return text;
}

/* Return: the JSON, to be freed; NULL when nothing can be read. */
static char *report(const char *path, FILE *trace, bool page)
{
	struct ktstr_error e = { "" };
	struct recompute r;
	char *json = NULL;
	int err = recompute(path, trace, &r, &e);

	if (err) {
		oracle__refused("reading", err, -ENODATA, -ENODATA, &e);
	} else {
		CHECK(!r.trace_err, "trace: %d", r.trace_err);
		json = make_json(&r);
		if (!trace)
			make_text(&r);
		if (page)
			make_page(&r);
	}
	recompute__free(&r);
	return json;
}

void fuzz__init(void)
{
	oracle__init();
}

static void report_again(const char *path, const char *first)
{
	static char trace[8u << 20];
	FILE *f = fmemopen(trace, sizeof(trace), "w");
	char *again;

	if (!f)
		abort();
	again = report(path, f, false);
	fclose(f);
	CHECK(!first == !again && (!first || !strcmp(first, again)),
	      "with a trace the report says something else:\n%s\n%s", first, again);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path;
	char *first;

	if (size < PREFIX)
		return -1;
	oracle__file(data + PREFIX, size - PREFIX, &path);
	oracle__heap_begin();
	first = report(path, NULL, !(data[0] & NO_PAGE));
	if (!(data[0] & NO_TRACE))
		report_again(path, first);
	free(first);
	oracle__heap_end("the report", HEAP_MAX);
	return 0;
}
