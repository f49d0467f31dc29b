// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF ring buffers -> frames -> port 1.
 *
 * A record waits for the next flush, unless its ring has come to the watermark.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/event.h>
#include <ktstr/ports.h>
#include <ktstr/wire.h>

#include "bpf_load.h"
#include "event_plain.h"
#include "frame_head.h"

#define FRAME_BYTES	KTSTR_TX_SLICE_MAX	/* Linux hands a port at most this much in one write */
#define TURN_FRAMES	16u

struct cpu_ring {
	uint64_t sent;
	uint32_t seq;
};

static struct {
	struct cpu_ring *rings;
	unsigned int nr;
	unsigned int at;	/* CPU whose turn it is */
	unsigned int left;	/* CPUs that have not been looked at since the last flush */
	size_t len;		/* bytes of the frame that waits, with its header; 0 none */
	size_t done;		/* of these, written */
	uint64_t records;	/* in it */
	uint8_t frame[FRAME_BYTES];
} plain;

int event_plain__start(unsigned int nr_cpus)
{
	plain.rings = calloc(nr_cpus, sizeof(*plain.rings));
	plain.nr = nr_cpus;
	return plain.rings ? 0 : -ENOMEM;
}

int event_plain__watch(void)
{
	int err = 0;

	for (unsigned int cpu = 0; !err && cpu < plain.nr; cpu++)
		err = bulk__watch(bpf_load__ring_fd(cpu));
	return err;
}

/* One that is empties them all: it is a storm, and the others come to it soon. */
static bool one_is_full(void)
{
	for (unsigned int cpu = 0; cpu < plain.nr; cpu++)
		if (bpf_load__waiting(cpu) >= EVENT_PLAIN_WATERMARK)
			return true;
	return false;
}

/* A record, taken out of its ring; return: false when the longest would not fit any more. */
static bool take(const void *rec, size_t len)
{
	const size_t longest = sizeof(struct ktstr_ev_plain) + KTSTR_EV_SIZE_MAX;

	/* The programs make none that is longer. */
	if (len > longest)
		return true;
	memcpy(plain.frame + plain.len, rec, len);
	plain.len += len;
	plain.records++;
	return plain.len + longest <= FRAME_BYTES;
}

/* Put a frame together; false: no CPU has anything. */
static bool next_frame(void)
{
	struct ktstr_frame head;

	for (; plain.left; plain.left--, plain.at = (plain.at + 1) % plain.nr) {
		struct cpu_ring *r = &plain.rings[plain.at];

		plain.len = sizeof(head);
		plain.records = 0;
		bpf_load__consume(plain.at, take);
		if (!plain.records)
			continue;
		head = frame_head(KTSTR_T_EVNT, KTSTR_F_NOCRC | KTSTR_F_PLAIN, 1 + plain.at,
				  r->seq++, plain.len - sizeof(head), 0);
		memcpy(plain.frame, &head, sizeof(head));
		return true;
	}
	plain.len = 0;
	return false;
}

/* The port takes a frame whole or not at all, but nothing here depends on it. */
static enum bulk_pumped send_frame(int port_fd)
{
	ssize_t n;

	while (plain.done < plain.len) {
		n = write(port_fd, plain.frame + plain.done, plain.len - plain.done);
		if (n <= 0)
			return plain.done ? BULK_PUMP_TORN : BULK_PUMP_FULL;
		plain.done += (size_t)n;
	}
	plain.rings[plain.at].sent += plain.records;
	plain.len = 0;
	plain.done = 0;
	return BULK_PUMP_MORE;
}

enum bulk_pumped event_plain__pump(int port_fd, bool flush)
{
	enum bulk_pumped did = BULK_PUMP_MORE;

	if (flush || one_is_full())
		plain.left = plain.nr;
	for (unsigned int n = 0; did == BULK_PUMP_MORE && n < TURN_FRAMES; n++) {
		if (!plain.len && !next_frame())
			return BULK_PUMP_IDLE;
		did = send_frame(port_fd);
	}
	return did;
}

bool event_plain__idle(void)
{
	return !plain.len && !plain.left;
}

uint64_t event_plain__sent(unsigned int cpu)
{
	return plain.rings[cpu].sent;
}
