/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When the guest is asked for its clocks: at REDY and SCST, once a second until the
 * window ends, and at SCEN. Never two questions at once: a guest that does not answer
 * gets no more, and nobody waits for it.
 */
#ifndef KTSTR_HOST_PINGER_H
#define KTSTR_HOST_PINGER_H

#include "assembler.h"
#include "event_clock.h"
#include "reply_frame.h"

/**
 * struct pinger - zeroed but for the first two
 * @clock: gets what was heard
 * @frames: where questions go
 * @due: a question is to be asked as soon as none is out
 * @next_ns: CLOCK_MONOTONIC of the next by time, 0 for none
 */
struct pinger {
	struct event_clock *clock;
	struct reply_frames *frames;
	bool due;
	uint64_t next_ns;
};

/** pinger__frame() - look at a frame that came: does it ask for a question, or hold an answer? */
void pinger__frame(struct pinger *p, const struct assembler_frame *f);

/** pinger__tick() - it is @now_ns (CLOCK_MONOTONIC): ask if it is time */
void pinger__tick(struct pinger *p, uint64_t now_ns);

/** pinger__next_ns() - when pinger__tick() has something to do; UINT64_MAX for never */
uint64_t pinger__next_ns(const struct pinger *p);

#endif /* KTSTR_HOST_PINGER_H */
