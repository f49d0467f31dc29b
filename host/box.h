/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a ktstr command line in scripts/kvmbox.
 */
#ifndef KTSTR_HOST_BOX_H
#define KTSTR_HOST_BOX_H

#include <stdint.h>

#include "buf.h"
#include "strv.h"

#define BOX_RESULT_MAX	(64u << 20)	/* bytes of JSON taken from the box */

/**
 * struct box_opts - what to run in there
 * @argv: words of the inner ktstr, without its own name
 * @rw_dir: directory that it may write, or NULL
 * @memory_mib: guest memory; the box gets more than that
 * @interrupt_fd: as in session.h
 * @result: gets what the inner ktstr wrote to descriptor 3, or NULL
 */
struct box_opts {
	struct strv argv;
	const char *rw_dir;
	uint32_t memory_mib;
	int interrupt_fd;
	struct buf *result;
};

/**
 * box__find() - where kvmbox is: $KTSTR_KVMBOX, else scripts/kvmbox beside us
 * @dst: gets the path
 * @size: room in bytes
 * @e: sentence on failure
 *
 * Return: 0 or -ENOENT.
 */
int box__find(char *dst, size_t size, struct ktstr_error *e);

#define BOX_CPUS	1	/* of the host: it emulates with one thread */

/** box__memory_mib() - memory of the box for a guest of @guest_mib, both in MiB */
uint32_t box__memory_mib(uint32_t guest_mib);

/**
 * box__run() - run it to its end
 * @o: what to run
 * @status: exit status, 128 + N for signal N
 * @e: sentence on failure
 *
 * stdout and stderr pass through. After an interrupt the box is ended within a
 * second and *@status is 128 + the signal; a box that we leave behind by dying
 * dies with us.
 * Return: 0 or a negative errno when it could not be run.
 */
int box__run(const struct box_opts *o, int *status, struct ktstr_error *e);

#endif /* KTSTR_HOST_BOX_H */
