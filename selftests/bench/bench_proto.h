/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bench_console asks of bench_guest, on port 1.
 */
#ifndef BENCH_PROTO_H
#define BENCH_PROTO_H

#include <stdint.h>

#define BENCH_HELLO	'H'		/* guest to host, once: it listens */
#define BENCH_WRITE_MAX	(128u << 10)

/** struct bench_request - host to guest: write @size bytes @count times; @count 0 ends the guest */
struct bench_request {
	uint32_t size;
	uint32_t count;
};

#endif /* BENCH_PROTO_H */
