/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest's CLOCK_MONOTONIC is on the host's, and how far that is known.
 *
 * The chain: guest time -(a line through the guest's own readings)-> guest TSC
 * -(the offset that the machine was given)-> host TSC -(a line through the host's
 * readings)-> host time. Pings test the outcome and do not enter into it, but as
 * readings: the guest read its clocks after the ping left and before its answer came.
 *
 * No I/O and no clock is read here. What the guest sent is hostile: numbers that
 * cannot be, and answers to no question, are counted and change nothing.
 */
#ifndef KTSTR_HOST_EVENT_CLOCK_H
#define KTSTR_HOST_EVENT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <ktstr/vmm.h>
#include <ktstr/wire.h>

/* Kept of a run of any length; even: of a longer one every 2nd, 4th, ... ping stays. */
#define EVENT_CLOCK_PINGS	256u

/** struct event_clock_sample - struct ktstr_clock in host byte order, found possible */
struct event_clock_sample {
	uint64_t cycles;
	uint64_t mono_ns;
	uint64_t boot_ns;
	uint64_t window_ns;
};

/** struct event_clock_ping - read by @guest between @asked and @heard of the host */
struct event_clock_ping {
	struct vmm_time asked;
	struct vmm_time heard;
	struct event_clock_sample guest;
};

/**
 * struct event_clock - what was gathered; zeroed at first
 * @machine: as of event_clock__machine()
 * @begin, @end: valid when @has_begin, @has_end
 * @pings: every @stride-th that was answered; @stride is 1 << @halved
 * @last, @tightest: the last one, and the one between whose ends there is least time;
 *	valid when @answered
 * @waiting: ping number @sent is out since @asked
 * @sent: pings that left; they are numbered from 1
 * @answered: of these, answered by possible readings
 * @refused: readings that cannot be
 * @strangers: answers to pings that nobody sent, or a second time
 * @contradictions: TSC values that the machine cannot have had at the time
 */
struct event_clock {
	struct vmm_clock machine;
	bool has_begin, has_end;
	struct event_clock_sample begin, end;
	struct event_clock_ping pings[EVENT_CLOCK_PINGS];
	uint32_t nr_pings;
	uint32_t halved;
	struct event_clock_ping last, tightest;
	bool waiting;
	struct vmm_time asked;
	uint64_t sent;
	uint64_t answered;
	uint64_t refused;
	uint64_t strangers;
	uint64_t contradictions;
};

/* Is there a conversion, and if not, why. */
enum event_clock_state {
	EVENT_CLOCK_OK = 0,
	EVENT_CLOCK_NO_OFFSET,		/* KVM does not let the TSC offset be set */
	EVENT_CLOCK_MOVED,		/* the guest's TSC did not keep it */
	EVENT_CLOCK_NO_HOST,		/* the host's clocks before and after are not both there */
	EVENT_CLOCK_NO_GUEST,		/* the guest did not read its clocks twice */
	EVENT_CLOCK_STUCK,		/* a clock did not advance */
	EVENT_CLOCK_SCALED,		/* the guest's TSC has another frequency than the host's */
	EVENT_CLOCK_CONTRADICTED,	/* readings say that it is wrong */
};

/**
 * struct event_clock_line - a clock in ns against a counter
 * @cycles, @ns: where it begins
 * @d_cycles, @d_ns: from there to where it ends; both above 0 and below 2^62
 */
struct event_clock_line {
	uint64_t cycles;
	uint64_t ns;
	uint64_t d_cycles;
	uint64_t d_ns;
};

/**
 * struct event_clock_result - the conversion, between the first and the last reading
 * @state: the rest but the counters holds for %EVENT_CLOCK_OK only
 * @offset: guest TSC less host TSC
 * @guest, @host: the two lines, each against its own TSC
 * @ahead_ns: guest less host time at the first reading of the guest
 * @drift_ppb: by how much faster the guest's clock goes than the host's
 * @window_ns: of the bound, what readings not made at one moment cost
 * @line_ns: of the bound, how far readings are off the lines, beyond their windows
 * @bound_ns: the conversion's error is below this
 * @ping_bound_ns: the same by pings alone: least time from a question to its answer;
 *	valid when @answered
 * @checked: pings that the conversion was checked against
 * @sent, @answered, @refused, @strangers, @contradictions: of struct event_clock;
 *	@contradictions with those of converted times added
 */
struct event_clock_result {
	enum event_clock_state state;
	uint64_t offset;
	struct event_clock_line guest, host;
	int64_t ahead_ns;
	int64_t drift_ppb;
	uint64_t window_ns;
	uint64_t line_ns;
	uint64_t bound_ns;
	uint64_t ping_bound_ns;
	uint32_t checked;
	uint64_t sent;
	uint64_t answered;
	uint64_t refused;
	uint64_t strangers;
	uint64_t contradictions;
};

/** event_clock__machine() - take the machine's facts: before the first reading, and at the end */
void event_clock__machine(struct event_clock *c, const struct vmm_clock *machine);

/**
 * event_clock__asked() - a ping has left
 * @c: no ping is out: !@c->waiting
 * @at: the host's clocks, read before it was queued
 *
 * Its number is what @c->sent is afterwards.
 */
void event_clock__asked(struct event_clock *c, const struct vmm_time *at);

/**
 * event_clock__heard() - the guest read its clocks
 * @c: what was gathered
 * @wire: as it came; hostile
 * @at: the host's clocks, read after it came
 */
void event_clock__heard(struct event_clock *c, const struct ktstr_clock *wire,
			const struct vmm_time *at);

/** event_clock__solve() - make the conversion of all that was gathered, and check it */
void event_clock__solve(const struct event_clock *c, struct event_clock_result *r);

/**
 * event_clock__to_host() - guest CLOCK_MONOTONIC to host CLOCK_MONOTONIC
 * @r: of event_clock__solve()
 * @guest_ns: guest time; outside the readings the error grows beyond the bound
 * @host_ns: filled
 *
 * Return: false when there is no conversion, or no such time.
 */
bool event_clock__to_host(const struct event_clock_result *r, uint64_t guest_ns, uint64_t *host_ns);

/** event_clock__to_guest() - the other way; as above */
bool event_clock__to_guest(const struct event_clock_result *r, uint64_t host_ns,
			   uint64_t *guest_ns);

/** event_clock__why() - a state in words */
const char *event_clock__why(enum event_clock_state state);

/** event_clock__text() - one line without its end: the conversion and its bounds, or why not */
void event_clock__text(const struct event_clock_result *r, char *buf, size_t len);

/** event_clock__json() - the same and more; return: a new reference, NULL without memory */
json_t *event_clock__json(const struct event_clock *c, const struct event_clock_result *r);

#endif /* KTSTR_HOST_EVENT_CLOCK_H */
