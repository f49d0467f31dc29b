/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * events.ktstr: the frames of a run in the order they came, to recompute everything.
 *
 * It begins with a frame of the host's, HOST, whose payload is JSON: topology, seed,
 * scenario, host. Then every frame of the guest's follows, with its own numbers and a
 * CRC over each payload, event pages too; one that came damaged stays so. It ends with
 * HEND, JSON as well, which says what found no room. Without HEND it was cut.
 */
#ifndef KTSTR_HOST_EVENT_FILE_H
#define KTSTR_HOST_EVENT_FILE_H

#include <stdio.h>

#include <jansson.h>

#include <ktstr/error.h>

#include "assembler.h"

#define EVENT_FILE_HOST	KTSTR_FOURCC('H', 'O', 'S', 'T')
#define EVENT_FILE_HEND	KTSTR_FOURCC('H', 'E', 'N', 'D')

#define EVENT_FILE_VERSION	1
#define EVENT_FILE_NAME		"events.ktstr"

/*
 * Events stop where the file would grow beyond this. All else, the accounts for
 * example, may take a little more; then that stops as well.
 */
#define EVENT_FILE_MAX_BYTES	(1ull << 30)
#define EVENT_FILE_RESERVE	(16ull << 20)

/**
 * struct event_file - a file that is being written
 * @f: where to; NULL nowhere, and nothing is counted
 * @max_bytes: see EVENT_FILE_MAX_BYTES
 * @bytes, @frames: written
 * @dropped_bytes, @dropped_frames: without room
 * @full: event frames are not taken any more
 * @err: first error, negative errno; nothing is written after it
 */
struct event_file {
	FILE *f;
	uint64_t max_bytes;
	uint64_t bytes, frames;
	uint64_t dropped_bytes, dropped_frames;
	bool full;
	int err;
};

/** event_file__begin() - begin a file with HOST; @host is not kept; @max_bytes 0: the default */
void event_file__begin(struct event_file *w, FILE *f, uint64_t max_bytes, const json_t *host);

/** event_file__frame() - append a frame, damaged ones too; an assembler_frame_fn */
void event_file__frame(void *w, const struct assembler_frame *frame);

/** event_file__end() - append HEND, flush; @f stays open; return: 0 or the first error */
int event_file__end(struct event_file *w);

/**
 * struct event_file_facts - what a file turned out to be
 * @has_host: it began with HOST
 * @ended: HEND came, and nothing after it
 * @dropped_bytes, @dropped_frames: as HEND tells them
 * @bytes: read
 * @frames: the assembler's counters
 * @residue: bytes of an incomplete frame at the end
 * @read_err: reading failed in the middle, negative errno
 */
struct event_file_facts {
	bool has_host, ended;
	uint64_t dropped_bytes, dropped_frames;
	uint64_t bytes;
	struct assembler_stats frames;
	uint64_t residue;
	int read_err;
};

/**
 * struct event_file_sink - who takes what is read
 * @host: called once, first; @host is NULL when the file does not begin with it. Return:
 *	0, or a negative errno that ends the reading
 * @frame: called for every frame of the guest's
 * @arg: passed to both
 */
struct event_file_sink {
	int (*host)(void *arg, const json_t *host);
	assembler_frame_fn frame;
	void *arg;
};

/**
 * event_file__read() - read as much as can be had
 * @path: a regular file; hostile
 * @sink: takes it
 * @facts: filled in
 * @e: sentence on failure
 *
 * Return: 0, also for a file that is cut or damaged; -ENODATA when not one frame is in
 * it; the errno of open() and of @sink.
 */
int event_file__read(const char *path, const struct event_file_sink *sink,
		     struct event_file_facts *facts, struct ktstr_error *e);

#endif /* KTSTR_HOST_EVENT_FILE_H */
