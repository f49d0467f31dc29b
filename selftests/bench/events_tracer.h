/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways to learn of scheduler events, side by side in one guest of the benchmark.
 */
#ifndef EVENTS_TRACER_H
#define EVENTS_TRACER_H

#include <stdbool.h>
#include <stdint.h>

#define BUFFER_BYTES	(256u << 10)	/* per CPU, for all of them */

/* Which events. */
enum tracer_set {
	TRACER_SWITCH,		/* sched_switch only */
	TRACER_SCHED,		/* what happens to tasks: eight events that all of them have */
	TRACER_ALL,		/* all that a session asks for; ktstr only */
};

/** struct tracer_count - since tracer__begin(), all CPUs */
struct tracer_count {
	uint64_t stored;	/* events that found room */
	uint64_t lost;		/* events that did not, or that were overwritten */
};

/**
 * struct tracer - a way
 * @name: in the results
 * @on: begin to record
 * @off: end it
 * @clear: throw away what is recorded
 * @count: what became of events since @clear
 */
struct tracer {
	const char *name;
	void (*on)(enum tracer_set set);
	void (*off)(void);
	void (*clear)(void);
	void (*count)(struct tracer_count *n);
};

/**
 * tracers__init() - load ktstr.ko and all programs, for both paths
 *
 * The programs that use BPF ring buffers are loaded before the module is: from then
 * on every program calls the module.
 */
void tracers__init(void);

/* Nobody; ktstr.ko; the kernel's trace events as they are set by default, and
 * without keeping names of tasks; the same programs with a BPF ring buffer.
 */
extern const struct tracer tracer_off, tracer_ktstr, tracer_ftrace, tracer_ftrace_bare,
	tracer_ringbuf;

#define TRACEFS		"/sys/kernel/tracing/"

/** tracer__put() - write @text to a file of tracefs; ends the guest if it cannot be done */
void tracer__put(const char *file, const char *text);

/** tracer__dev() - /dev/ktstr, for ioctls */
int tracer__dev(void);

/** guest_die() - say why on the console and end the guest */
void __attribute__((noreturn, format(printf, 1, 2))) guest_die(const char *fmt, ...);

#endif /* EVENTS_TRACER_H */
