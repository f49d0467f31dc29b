/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The account of a run's event stream: what the guest says it recorded, what it lost,
 * and what came. Plain facts, for the verdict and for reports.
 */
#ifndef KTSTR_HOST_EVENTS_RESULT_H
#define KTSTR_HOST_EVENTS_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/event.h>
#include <ktstr/topology.h>
#include <ktstr/wire.h>

/**
 * struct events_cpu - one CPU's account
 * @told: EVLS spoke of it
 * @final: and said that nothing more comes
 * @emitted, @lost, @sent: as the guest tells them; marks of lost events are records too
 * @received: records that arrived here
 * @explained: frames of it are known to be missing or damaged
 */
struct events_cpu {
	bool told, final, explained;
	uint64_t emitted, lost, sent, received;
};

/**
 * struct events_clock - where the clock of the pages stands against CLOCK_MONOTONIC
 * @has_begin, @has_end: @begin and @end hold facts; all in host byte order
 * @used: times of pages were moved by @offset_ns
 * @offset_ns: what to add to a time of @begin, modulo 2^64
 * @drift_ns: how much further CLOCK_MONOTONIC came between @begin and @end than the
 *	pages' clock; 0 unless both have it
 * @pings: answers to the host
 */
struct events_clock {
	bool has_begin, has_end, used;
	struct ktstr_clock begin, end;
	uint64_t offset_ns;
	int64_t drift_ns;
	uint64_t pings;
};

#define EVENTS_NOTES_MAX	2048u	/* bytes of text of EVIN that are kept */

/**
 * struct events_sched - what the stream tells of the scheduler's coming and going
 * @told: such records were asked for, and this kernel has programs for all of them
 * @enables, @disables, @enables_before, @window_enables, @window_disables: struct event_scx
 * @name: of the one that was enabled last; clean, cut
 * @exit_kind, @exit_code, @exit_msg: of the last that went away; the message is cut
 * @exit_ns: when, guest CLOCK_MONOTONIC if the stream has that
 */
struct events_sched {
	bool told;
	uint64_t enables, disables, enables_before, window_enables, window_disables;
	char name[32];
	uint32_t exit_kind;
	int64_t exit_code;
	char exit_msg[KTSTR_EV_REASON];
	uint64_t exit_ns;
};

/**
 * struct events_result - all of it
 * @has_info: EVIN came, and makes sense
 * @path: enum ktstr_event_path
 * @nr_cpus, @page_size, @clock_id, @buffer_bytes, @wanted, @attached: of EVIN
 * @filter: of EVIN, KTSTR_FILTER_*
 * @partial: events that figures need were not asked for: there are none
 * @notes: its text: clean lines, each ended by a newline
 * @topology_assumed: how the CPUs hang together was not known
 * @no_memory: there was none to follow the events
 * @repeated: EVIN frames after the first
 * @early: event frames before it, or without a path
 * @misfits: event frames of the other path's kind
 * @malformed: EVIN, EVLS and CLCK frames and accounts that make no sense
 * @clock: of the pages
 * @cpus: by CPU
 * @emitted, @lost, @sent, @received: sums of @cpus
 * @not_final: CPUs below @nr_cpus without a final account
 * @unbalanced: CPUs whose final account does not balance
 * @unbalanced_cpu: the first of them
 * @unexplained: CPUs that sent what did not come, or from which came more
 * @unexplained_cpu: the first of them
 * @explained: CPUs that sent what did not come, with frames known to be missing
 * @explained_cpu: the first of them
 * @lost_window: told by the stream itself to have been lost in the window
 * @lost_untold: lost after the last record of their CPU: nobody knows when
 * @worst_cpu: where most was lost
 * @measured: there was a window
 * @complete: event_stream__complete(), or of a partial stream: no hole in what was asked for
 * @gaps, @cut, @late, @inconsistent: why not, see event_stream.h
 * @nr_stills, @still_ns: times the guest's clock stood still in the window, see event_state.h
 * @sched: of the scheduler under test
 */
struct events_result {
	bool has_info;
	uint32_t path, nr_cpus, page_size, clock_id, filter;
	bool partial;
	uint64_t buffer_bytes, wanted, attached;
	char notes[EVENTS_NOTES_MAX];
	bool topology_assumed, no_memory;
	uint64_t repeated, early, misfits, malformed;
	struct events_clock clock;
	struct events_cpu cpus[KTSTR_CPUS_MAX];
	uint64_t emitted, lost, sent, received;
	uint32_t not_final;
	uint32_t unbalanced, unbalanced_cpu;
	uint32_t unexplained, unexplained_cpu;
	uint32_t explained, explained_cpu;
	uint64_t lost_window, lost_untold;
	uint32_t worst_cpu;
	bool measured, complete;
	uint64_t gaps, cut, late, inconsistent;
	uint64_t nr_stills, still_ns;
	struct events_sched sched;
};

#endif /* KTSTR_HOST_EVENTS_RESULT_H */
