/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host: reads and writes the ports.
 */
#ifndef DIFF_HOST_H
#define DIFF_HOST_H

#include "rig.h"

/**
 * struct host_port - one port
 * @readable: an event said so and no read has come back empty since
 * @refused: the last write was refused and no event came since
 * @nap: do not read, so that the guest runs into the buffer's end
 * @flood: write until refused
 * @window: bytes that may be on their way to the guest
 * @read: place in the guest's stream
 * @written: place in the host's stream
 */
struct host_port {
	bool readable, refused, nap, flood;
	uint64_t window;
	uint64_t read, written;
	uint64_t naps, floods, refusals;
};

struct host {
	struct rig *rig;
	struct rnd rnd;
	struct host_port port[KTSTR_NR_PORTS];
	uint8_t buf[128u << 10];
};

/** host__new() - ends the test on failure */
struct host *host__new(struct rig *rig);

/** host__free() - NULL is fine */
void host__free(struct host *h);

/** host__events() - look at the ports' event descriptors; return: was one signalled? */
bool host__events(struct host *h);

/** host__read_step() - read and compare; return: did anything move? */
bool host__read_step(struct host *h, unsigned int port);

/** host__write_step() - write; return: did anything move? */
bool host__write_step(struct host *h, unsigned int port);

/** host__done() - everything was read and written */
bool host__done(struct host *h);

/** host__dump() - print the state; takes no lock: the thread that fails may be in the device */
void host__dump(struct host *h);

#endif /* DIFF_HOST_H */
