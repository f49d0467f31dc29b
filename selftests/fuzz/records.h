/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console fuzzer's input: a program of records of eight bytes. Whatever the
 * bytes are, they mean something; a record that makes no sense where it stands
 * does nothing.
 */
#ifndef FUZZ_RECORDS_H
#define FUZZ_RECORDS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The operations. Up to OP_HOSTILE a driver may do all of them without breaking a
 * promise that another queue relies on.
 */
#define RECORD_OPS(X)								\
	X(SEND)		/* transmit chain: a port and shape, x lengths, y more */	\
	X(SEND_MANY)	/* x chains of y bytes */				\
	X(OFFER)	/* receive chains */					\
	X(OFFER_CONTROL)	/* control receive buffers */			\
	X(CONTROL)	/* control message */					\
	X(KICK)		/* notification of a queue */				\
	X(COLLECT)	/* take used elements */				\
	X(FLAGS)	/* avail.flags */					\
	X(HOST_WRITE)	/* bytes for the guest */				\
	X(HOST_READ)	/* bytes from the guest */				\
	X(PUSH_BACK)	/* some of them back */					\
	X(CONNECT)	/* the host's side of a port */				\
	X(SERVICE)	/* one round */						\
	X(SETTLE)	/* all rounds, then compare */				\
	X(DRAIN)	/* what is published */					\
	X(INIT)		/* reset, queues of x entries, handshake */		\
	X(RESET)	/* status 0 and nothing more */				\
	X(REG_READ)	/* any offset, any width */				\
	X(REG_WRITE)	/* the same, with y */					\
	X(DESC)		/* hostile from here: a descriptor, raw; it may be offered */	\
	X(PUBLISH)	/* any head */						\
	X(AVAIL_IDX)	/* the index moves by x */				\
	X(AVAIL_ENTRY)	/* an entry of the ring that may be offered already */	\
	X(USED)		/* the used ring */					\
	X(POKE)		/* eight bytes anywhere */				\
	X(QUEUE_SETUP)	/* init with one queue's rings at odd places */		\
	X(FEATURES)	/* init with odd features */				\
	X(STATUS)	/* a status write */					\
	X(STOP_QUEUE)	/* QueueReady = 0 on a live queue */			\
	X(RACE)		/* at comparison x of the record after the next, the next: another vCPU */

enum record_op {
#define X(name) OP_##name,
	RECORD_OPS(X)
#undef X
	OP_NR,
};

/* Records that only touch memory: all that another vCPU can do while one is in the device. */
#define RECORD_RACERS								\
	OP_SEND, OP_SEND_MANY, OP_OFFER, OP_OFFER_CONTROL, OP_CONTROL, OP_FLAGS, OP_DESC,	\
	OP_PUBLISH, OP_AVAIL_IDX, OP_AVAIL_ENTRY, OP_USED, OP_POKE

/**
 * struct record - one step of the program; little endian
 * @op: enum record_op, modulo OP_NR
 * @a: a queue or port, and details
 * @x: more of them
 * @y: and more
 */
struct record {
	uint8_t op;
	uint8_t a;
	uint16_t x;
	uint32_t y;
};

_Static_assert(sizeof(struct record) == 8, "no padding");

#endif /* FUZZ_RECORDS_H */
