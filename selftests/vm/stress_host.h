/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's end of the stress tests: checks every byte that the guest sends,
 * keeps records coming, answers on the console.
 */
#ifndef KTSTR_VM_STRESS_HOST_H
#define KTSTR_VM_STRESS_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "stress.h"
#include "vm_boot.h"

#define STRESS_NEVER	UINT64_MAX

/**
 * struct stress_stream - one of ports 1 and 2
 * @got: bytes received
 * @bad_at: place of the first wrong byte, or %STRESS_NEVER
 * @want: what it should have been
 * @was: what it was
 * @closed: the host has its side closed: nothing is fed
 * @seq: next record
 * @queued: bytes queued for the guest
 */
struct stress_stream {
	uint64_t got;
	uint64_t bad_at;
	uint8_t want, was;
	bool closed;
	uint64_t seq;
	uint64_t queued;
};

/* struct stress_short - writes of 1 to 16 bytes by two writers, taken apart again */
struct stress_short {
	bool on;
	unsigned int writer, left;
	uint64_t writes, off[2];
	bool bad;
};

/**
 * struct stress - a machine under stress
 * @vm: it
 * @plan: the guest's orders
 * @start_ns: CLOCK_MONOTONIC when it was booted
 * @feed: queue records for ports 1 and 2, a page at most for every step
 * @stream: ports 1 and 2, at their numbers
 * @rounds: "round N" lines answered on port 0; they come in order
 * @line: the line that port 0 is in the middle of
 * @line_len: its length
 * @bad_line: port 0 said something else
 * @shorts: ports 0 and 1 carry short writes when it is on
 */
struct stress {
	struct vm vm;
	char plan[128];
	uint64_t start_ns;
	bool feed;
	struct stress_stream stream[KTSTR_NR_PORTS];
	uint64_t rounds;
	char line[64];
	size_t line_len;
	bool bad_line;
	struct stress_short shorts[2];
};

/**
 * stress__boot() - boot guest_stress with a plan
 * @st: zeroed, with @plan set
 * @topology: "N,L,C,T"
 * @more: further files, or NULL
 * @nr_more: how many, at most 6
 * @timeout_s: for all of it
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int stress__boot(struct stress *st, const char *topology, const struct vm_file *more, int nr_more,
		 unsigned int timeout_s, struct ktstr_error *e);

/** stress__step() - queue records if that is wanted, then vm__step() */
bool stress__step(struct stress *st);

/** stress__wait() - step until COM2 has printed @text; return: was it? */
bool stress__wait(struct stress *st, const char *text);

/** stress__wait_end() - step until the machine ended by itself; return: did it? */
bool stress__wait_end(struct stress *st);

/** stress__number() - the number behind the last @text on COM2; %STRESS_NEVER without any */
uint64_t stress__number(const struct stress *st, const char *text);

/** stress__connect() - open or close the host's side of port 1 or 2; return: done? */
bool stress__connect(struct stress *st, unsigned int port, bool open);

/** stress__send() - queue @nr records on a port, the last one marked if @last; return: done? */
bool stress__send(struct stress *st, unsigned int port, unsigned int nr, bool last);

/** stress__driver_errors() - what the device refused so far */
uint64_t stress__driver_errors(const struct stress *st);

/** stress__print() - print the lines of COM2 that begin with @begins */
void stress__print(const struct stress *st, const char *begins);

/** stress__finish() - stop and free everything; tell what it came to if @failed */
void stress__finish(struct stress *st, bool failed);

#endif /* KTSTR_VM_STRESS_HOST_H */
