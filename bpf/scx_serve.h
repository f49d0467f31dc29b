/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The statistics socket: lines in, lines out, for several clients none of which can make
 * the others wait or take more than its fixed room.
 */
#ifndef KTSTR_BPF_SCX_SERVE_H
#define KTSTR_BPF_SCX_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/error.h>

#include "scx_stats.h"

#define SCX_SERVE_CLIENTS	16
#define SCX_SERVE_LINE_MAX	4096	/* bytes of a request */

/**
 * struct scx_client - somebody who is connected
 * @fd: socket, or -1
 * @used_at: number of the last time that a byte went either way; the smallest is dropped
 *	when another one comes and there is no room
 * @len: bytes in @in
 * @in: the start of a request
 * @out: the answer it has not taken yet, or NULL; nothing is read meanwhile
 * @out_at: bytes of it that it has taken
 * @ends: closed as soon as it has taken the answer
 */
struct scx_client {
	int fd;
	uint64_t used_at;
	size_t len;
	char in[SCX_SERVE_LINE_MAX];
	char *out;
	size_t out_at;
	bool ends;
};

/** struct scx_serve - the socket and who is connected */
struct scx_serve {
	int fd;			/* -1: not open */
	char path[108];
	uint64_t turn;
	struct scx_stats_source src;
	struct scx_client clients[SCX_SERVE_CLIENTS];
};

/**
 * scx_serve__open() - make the socket, and the directories it is in
 * @s: result; also after a failure it can be polled and closed
 * @path: of the socket, or NULL for none; one that is there already is replaced
 * @src: where statistics come from
 * @e: the sentence of a failure
 *
 * Return: 0 or a negative errno.
 */
int scx_serve__open(struct scx_serve *s, const char *path, const struct scx_stats_source *src,
		    struct ktstr_error *e);

/** scx_serve__poll() - wait for clients for at most @timeout_ms and serve those who want it */
void scx_serve__poll(struct scx_serve *s, int timeout_ms);

/** scx_serve__close() - drop everybody and remove the socket */
void scx_serve__close(struct scx_serve *s);

#endif /* KTSTR_BPF_SCX_SERVE_H */
