/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recorded events on their way out of the benchmark's guest, by port 1.
 *
 * ktstr: the writer of port 1 and the pages' source are guest/'s own, woken at the
 * same watermark and as often as in a session. ftrace: as trace-cmd record does it,
 * a thread that splices what trace_pipe_raw has into a pipe and the pipe into port 1.
 * Both threads have the real-time priority of a session's writer.
 */
#ifndef EVENTS_STREAM_H
#define EVENTS_STREAM_H

#include "events_tracer.h"

/**
 * struct stream - a way out for what a tracer records
 * @start: once in a guest's life
 * @begin: what is recorded from here on is sent
 * @finish: wait until what was recorded is sent; recording is off. ftrace: once
 */
struct stream {
	void (*start)(void);
	void (*begin)(void);
	void (*finish)(void);
};

extern const struct stream stream_ktstr, stream_ftrace;

/** stream__port() - open a port as soon as it is there; ends the guest if it never is */
int stream__port(const char *path, int flags);

#endif /* EVENTS_STREAM_H */
