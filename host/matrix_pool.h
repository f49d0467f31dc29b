/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cells of a matrix as child processes, side by side as far as the host has room.
 *
 * A child has a process group of its own, nothing as stdin, and its JSON on descriptor 3.
 * It dies with us, and what it leaves in its group dies with it.
 */
#ifndef KTSTR_HOST_MATRIX_POOL_H
#define KTSTR_HOST_MATRIX_POOL_H

#include <sys/types.h>

#include "buf.h"
#include "matrix_plan.h"

#define MATRIX_OUT_MAX	(1u << 20)	/* bytes of a cell's KTAP that are kept */
#define MATRIX_JSON_MAX	(64u << 20)
#define MATRIX_JSON_FD	3
#define MATRIX_END_MS	3000		/* from SIGTERM to SIGKILL; an emulated machine takes 1000 */

enum matrix_stream { MATRIX_STDOUT, MATRIX_STDERR, MATRIX_JSON, MATRIX_STREAMS };

/**
 * struct matrix_child - a cell that runs or has ended
 * @cell: its number
 * @out, @json: what it wrote; @out has no more than %MATRIX_OUT_MAX bytes
 * @out_dropped: bytes of stdout beyond that
 * @err: the end of its stderr
 * @start_err: it could not be started: negative errno, and nothing below counts
 * @wait_status: as of waitpid(2)
 * @overdue: it did not end in its time and was ended
 * @start_ns, @end_ns: CLOCK_MONOTONIC
 * @pid, @pidfd, @fd, @end_at_ns, @kill_at_ns: of the pool
 */
struct matrix_child {
	size_t cell;
	struct buf out, json;
	size_t out_dropped;
	struct tail err;
	int start_err;
	int wait_status;
	bool overdue;
	uint64_t start_ns, end_ns;
	pid_t pid;
	int pidfd;
	int fd[MATRIX_STREAMS];
	uint64_t end_at_ns, kill_at_ns;
};

/**
 * struct matrix_pool_opts - what to run, and whom to tell
 * @cells: all cells
 * @order, @nr: those to run, in the order in which they shall start
 * @room: of the host
 * @interrupt_fd: readable when the user wants to stop, or -1
 * @start_until_ns: CLOCK_MONOTONIC after which no cell is started, 0: no limit
 * @argv: the words of a cell's process, valid until @ended; argv[0] is a path
 * @limit_ms: how long a cell may take, 0: for ever
 * @ended: a cell has ended; @child is valid during the call
 * @tick: called after every change and once a second with how many run; or NULL
 * @arg: for these
 */
struct matrix_pool_opts {
	const struct matrix_load *cells;
	const size_t *order;
	size_t nr;
	const struct matrix_room *room;
	int interrupt_fd;
	uint64_t start_until_ns;
	char **(*argv)(void *arg, size_t cell);
	uint64_t (*limit_ms)(void *arg, size_t cell);
	void (*ended)(void *arg, const struct matrix_child *child);
	void (*tick)(void *arg, size_t running);
	void *arg;
};

/**
 * matrix_pool__run() - run them all
 * @o: what
 * @left: numbers of the cells that were not started, room for @o->nr; may be NULL
 *
 * The first cell in the order that has room starts next. An interrupt ends all children;
 * @ended is called for each of them all the same. When it returns no child is left.
 * Return: how many were not started, or a negative errno when waiting for them failed.
 */
ssize_t matrix_pool__run(const struct matrix_pool_opts *o, size_t *left);

#endif /* KTSTR_HOST_MATRIX_POOL_H */
