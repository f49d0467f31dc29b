// SPDX-License-Identifier: GPL-2.0-only
/*
 * Following and writing the events of a run.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "args.h"
#include "capture.h"
#include "event_file.h"
#include "events_html.h"
#include "events_json.h"
#include "events_text.h"
#include "topo_out.h"

#define BRIEF_MAX	(8u << 10)

struct capture {
	struct outdir *out;
	struct events *events;
	struct event_file file;
	FILE *file_f, *trace_f;
	struct events_titles titles;
};

static int on_trace(void *arg, const void *data, size_t len)
{
	struct capture *c = arg;

	if (fwrite(data, 1, len, c->trace_f) == len)
		return 0;
	return errno ? -errno : -EIO;
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

/* What a user typed may be any bytes, and any number of them. */
static json_t *text(const char *s)
{
	char clean[1024];

	if (!s)
		return json_null();
	text__clean(clean, sizeof(clean), s, strlen(s));
	return json_string(clean);
}

static json_t *host_facts(const struct report *r, const struct report_run *run)
{
	const struct args *a = report__args(r, run);
	json_t *o = json_object();
	struct utsname u;

	set(o, "version", json_integer(EVENT_FILE_VERSION));
	set(o, "name", text(run->name));
	set(o, "scenario", text(run->plan.scenario));
	set(o, "topology", topo_out__json(&a->topology, args__topology_from(a)));
	set(o, "memory_mib", json_integer(a->memory_mib));
	set(o, "seed", json_integer((json_int_t)run->plan.seed));
	set(o, "duration_ms", json_integer(run->plan.duration_ms));
	set(o, "kernel", text(r->kernel));
	set(o, "sched", text(args__sched(a)));
	set(o, "wish", json_string(args__events_name(run->plan.events)));
	set(o, "emulated", json_boolean(r->in_box));
	if (!uname(&u)) {
		set(o, "host_release", json_string(u.release));
		set(o, "host_machine", json_string(u.machine));
	}
	set(o, "host_cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	return o;
}

static int begin_files(struct capture *c, const struct report *r, const struct report_run *run)
{
	json_t *host = host_facts(r, run);

	if (!host)
		return -ENOMEM;
	c->file_f = outdir__file(c->out, EVENT_FILE_NAME);
	c->trace_f = outdir__file(c->out, CAPTURE_TRACE_NAME);
	event_file__begin(&c->file, c->file_f, 0, host);
	events_titles__of(&c->titles, host);
	json_decref(host);
	return 0;
}

void capture__remove_old(struct outdir *out)
{
	outdir__file_remove(out, EVENT_FILE_NAME);
	outdir__file_remove(out, CAPTURE_TRACE_NAME);
	outdir__file_remove(out, CAPTURE_HTML_NAME);
}

struct capture *capture__new(const struct report *r, const struct report_run *run,
			     struct outdir *out)
{
	struct events_opts eo = { .sz = sizeof(eo), .topology = report__args(r, run)->topology };
	struct capture *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->out = out;
	if (begin_files(c, r, run)) {
		capture__free(c);
		return NULL;
	}
	eo.trace = c->trace_f ? on_trace : NULL;
	eo.trace_arg = c;
	c->events = events__new(&eo);
	if (c->events)
		return c;
	capture__free(c);
	return NULL;
}

void capture__frame(void *arg, const struct assembler_frame *f)
{
	struct capture *c = arg;

	event_file__frame(&c->file, f);
	events__frame(c->events, f);
}

static void write_html(struct capture *c)
{
	struct buf html;
	FILE *f;
	int ret;

	if (!c->out->logs_dir[0] || !events__has_figures(c->events))
		return;
	buf__init(&html, EVENTS_HTML_MAX);
	ret = events_html__write(&html, c->events, &c->titles);
	f = outdir__file(c->out, CAPTURE_HTML_NAME);
	if (f && !ret && fwrite(html.data, 1, html.len, f) != html.len)
		ret = errno ? -errno : -EIO;
	outdir__file_close(c->out, f, CAPTURE_HTML_NAME, ret);
	buf__free(&html);
}

/* What this call wrote, and what found no room: not facts of the run. */
static json_t *files(const struct capture *c)
{
	const struct event_stream *s = events__stream(c->events);
	json_t *o;

	if (!c->out->logs_dir[0])
		return json_null();
	o = json_object();
	set(o, "events_bytes", json_integer((json_int_t)c->file.bytes));
	set(o, "events_dropped_frames", json_integer((json_int_t)c->file.dropped_frames));
	set(o, "events_dropped_bytes", json_integer((json_int_t)c->file.dropped_bytes));
	set(o, "trace_bytes", json_integer(s ? event_stream__perfetto_stats(s)->bytes : 0));
	set(o, "trace_dropped_events",
	    json_integer(s ? event_stream__perfetto_stats(s)->dropped : 0));
	return o;
}

static void say_bounds(struct buf *b, const struct capture *c)
{
	const struct event_stream *s = events__stream(c->events);

	if (c->file.dropped_frames)
		buf__printf(b, EVENT_FILE_NAME " is full: %" PRIu64
			    " frames (%" PRIu64 " bytes) are not in it\n",
			    c->file.dropped_frames, c->file.dropped_bytes);
	if (s && event_stream__perfetto_stats(s)->dropped)
		buf__printf(b, CAPTURE_TRACE_NAME " is full: %" PRIu64 " events are not in it\n",
			    event_stream__perfetto_stats(s)->dropped);
}

static char *brief(const struct capture *c)
{
	struct buf b;

	buf__init(&b, BRIEF_MAX);
	events_text__brief(&b, c->events);
	say_bounds(&b, c);
	return b.data;
}

void capture__finish(struct capture *c, struct events_result *account)
{
	int trace_err = events__finish(c->events);

	event_file__end(&c->file);
	outdir__file_close(c->out, c->file_f, EVENT_FILE_NAME, c->file.err);
	outdir__file_close(c->out, c->trace_f, CAPTURE_TRACE_NAME, trace_err);
	c->file_f = NULL;
	c->trace_f = NULL;
	*account = *events__result(c->events);
}

const struct events *capture__events(const struct capture *c)
{
	return c->events;
}

void capture__report(struct capture *c, struct report_run *run)
{
	write_html(c);
	run->events = events_json(c->events);
	json_object_set_new(run->events, "files", files(c));
	run->events_brief = brief(c);
}

void capture__free(struct capture *c)
{
	if (!c)
		return;
	outdir__file_close(c->out, c->file_f, EVENT_FILE_NAME, 0);
	outdir__file_close(c->out, c->trace_f, CAPTURE_TRACE_NAME, 0);
	events__free(c->events);
	free(c);
}
