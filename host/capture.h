/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events of a run while it goes on: followed, and written beside its logs as
 * events.ktstr and trace.perfetto-trace; at its end report.html.
 */
#ifndef KTSTR_HOST_CAPTURE_H
#define KTSTR_HOST_CAPTURE_H

#include "outdir.h"
#include "report.h"

#define CAPTURE_TRACE_NAME	"trace.perfetto-trace"
#define CAPTURE_HTML_NAME	"report.html"

struct capture;

/**
 * capture__new() - begin
 * @r: facts of the call
 * @run: the run; its plan says whether there shall be events
 * @out: results directory with the logs of the run started; it may be none
 *
 * What cannot be written is remembered in @out. Return: NULL without memory.
 */
struct capture *capture__new(const struct report *r, const struct report_run *run,
			     struct outdir *out);

/** capture__remove_old() - nobody shall take the files of an earlier run for those of this one */
void capture__remove_old(struct outdir *out);

/** capture__frame() - take a frame; for struct evidence_sink.frame */
void capture__frame(void *c, const struct assembler_frame *frame);

/** capture__finish() - the run is over: draw up the account, for the verdict; close the files */
void capture__finish(struct capture *c, struct events_result *account);

/** capture__events() - what it follows */
const struct events *capture__events(const struct capture *c);

/**
 * capture__report() - what can wait until after the verdict
 * @c: finished
 * @run: gets @events and @events_brief
 *
 * report.html is written.
 */
void capture__report(struct capture *c, struct report_run *run);

/** capture__free() - NULL is fine */
void capture__free(struct capture *c);

#endif /* KTSTR_HOST_CAPTURE_H */
