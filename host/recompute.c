// SPDX-License-Identifier: GPL-2.0-only
/*
 * From events.ktstr to metrics.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recompute.h"
#include "topo_out.h"

/* Where things are while the file is read. */
struct reader {
	struct recompute *out;
	FILE *trace;
};

static int on_trace(void *arg, const void *data, size_t len)
{
	FILE *f = arg;

	if (fwrite(data, 1, len, f) == len)
		return 0;
	return errno ? -errno : -EIO;
}

static int on_host(void *arg, const json_t *host)
{
	struct reader *r = arg;
	struct events_opts eo = {
		.sz = sizeof(eo), .trace = r->trace ? on_trace : NULL, .trace_arg = r->trace,
	};

	topo_out__of_json(json_object_get(host, "topology"), &r->out->topology);
	eo.topology = r->out->topology;
	events_titles__of(&r->out->titles, host);
	r->out->events = events__new(&eo);
	r->out->evidence = evidence__new(NULL);
	return r->out->events && r->out->evidence ? 0 : -ENOMEM;
}

static void on_frame(void *arg, const struct assembler_frame *f)
{
	struct reader *r = arg;

	events__frame(r->out->events, f);
	evidence__frame(r->out->evidence, f);
}

int recompute(const char *path, FILE *trace, struct recompute *out, struct ktstr_error *e)
{
	struct reader r = { .out = out, .trace = trace };
	const struct event_file_sink sink = { .host = on_host, .frame = on_frame, .arg = &r };
	int ret;

	memset(out, 0, sizeof(*out));
	ret = event_file__read(path, &sink, &out->facts, e);
	if (ret)
		return ret;
	out->trace_err = events__finish(out->events);
	out->evidence->events = *events__result(out->events);
	evidence__finish(out->evidence);
	return 0;
}

void recompute__free(struct recompute *r)
{
	events__free(r->events);
	r->events = NULL;
	free(r->evidence);
	r->evidence = NULL;
	ktstr_topology__free(&r->topology);
}

void recompute__complaint(const struct recompute *r, struct buf *b)
{
	const struct event_file_facts *f = &r->facts;
	const struct assembler_stats *s = &f->frames;

	if (f->read_err)
		buf__printf(b, "reading stopped after %" PRIu64 " bytes: %s; ", f->bytes,
			    strerror(-f->read_err));
	if (!f->has_host)
		buf__printf(b, "its beginning is missing, so the topology is not known; ");
	if (s->corrupt || s->skipped || s->unknown)
		buf__printf(b, "%" PRIu64 " frames are damaged, %" PRIu64 " of no known type and %"
			    PRIu64 " bytes belong to none; ", s->corrupt, s->unknown, s->skipped);
	if (!f->ended)
		buf__printf(b, "its end is missing (%" PRIu64 " bytes of a frame are there); ",
			    f->residue);
	if (f->dropped_frames)
		buf__printf(b, "it was full: %" PRIu64 " frames (%" PRIu64
			    " bytes) are not in it; ", f->dropped_frames, f->dropped_bytes);
	if (b->len)
		buf__printf(b, "what follows is of the %" PRIu64 " frames that can be read",
			    s->frames);
}
