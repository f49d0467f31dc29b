/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kvmbox, on the host, and PID 1 of the box say to each other over one
 * virtio-serial port.
 *
 * Host to box, once: a box_frame of type BOX_CONFIG, then strings, each a
 * letter, text and a NUL: 'C' working directory, 'R' directory to mount
 * writable (share "rw0" is the first), 'A' argument, 'E' environment.
 * After BOX_HELLO: now and then a byte, to be answered with BOX_PONG.
 * Box to host: frames, BOX_EXIT the last. Both ends are the same machine, so
 * numbers are in its byte order.
 *
 * One stream for all, because virtio-serial gives no order between ports: when
 * BOX_EXIT arrives, everything that was written before it has arrived too.
 */
#ifndef KTSTR_BOX_PROTO_H
#define KTSTR_BOX_PROTO_H

#include <stdint.h>

#define BOX_PORT	"/dev/vport0p1"
#define BOX_CONFIG_MAX	(4u << 20)	/* bytes: twice what execve() takes */
#define BOX_FRAME_MAX	(32u << 10)	/* bytes: what a port takes in one write */
#define BOX_RESULT_FD	3		/* of the command in the box */
#define BOX_MOUNT_OPTS	"trans=virtio,version=9p2000.L,msize=1048576"

/* Exit statuses of kvmbox itself; all others are the command's. */
#define BOX_EXIT_TIMEOUT	124
#define BOX_EXIT_BROKEN		125
#define BOX_EXIT_NOT_RUN	127

enum box_type {
	BOX_CONFIG = 1,
	BOX_HELLO,	/* PID 1 runs and has read its configuration */
	BOX_STDOUT,
	BOX_STDERR,
	BOX_RESULT,	/* bytes written to BOX_RESULT_FD */
	BOX_ERROR,	/* a sentence: the command could not be run */
	BOX_PONG,	/* PID 1 is alive */
	BOX_EXIT,	/* int32_t, as a shell reports it: 128 + signal */
};

/** struct box_frame - header; @len bytes of payload follow */
struct box_frame {
	uint32_t type;
	uint32_t len;
};

#endif /* KTSTR_BOX_PROTO_H */
