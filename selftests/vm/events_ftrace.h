/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own record of the same events, as text, against ours.
 */
#ifndef KTSTR_VM_EVENTS_FTRACE_H
#define KTSTR_VM_EVENTS_FTRACE_H

#include "events_rig.h"

/**
 * struct ftrace_event - an event as both tell it
 * @us: its time, rounded as ftrace does
 * @type: enum ktstr_event_type
 * @pid: task
 * @other: SWITCH: the next pid; wakeups: the CPU; MIGRATE: the new CPU
 * @third: SWITCH: both priorities; wakeups: the current pid; MIGRATE: the old CPU
 * @state: SWITCH: %FTRACE_PREEMPTED or what the task leaves for
 */
struct ftrace_event {
	uint64_t us;
	uint32_t type, pid, other, third, state;
};

#define FTRACE_PREEMPTED	0x10000u

/**
 * struct ftrace_cpu - a CPU's record
 * @entries, @lost: as its "stats" say; @lost is all that is missing
 * @nr, @ev: events
 * @strange: lines that are none
 */
struct ftrace_cpu {
	uint64_t entries, lost;
	size_t nr;
	struct ftrace_event *ev;
	size_t strange;
};

/** ftrace__parse() - CPU @cpu of what guest_events printed; return: is it there? */
bool ftrace__parse(const char *out, unsigned int cpu, struct ftrace_cpu *f);

/** ftrace__of_record() - return: is @rec one that ftrace was asked for? */
bool ftrace__of_record(const struct rig_record *rec, struct ftrace_event *ev);

/** ftrace__same() - all but the time */
bool ftrace__same(const struct ftrace_event *a, const struct ftrace_event *b);

/** ftrace__print() - as a diagnostic line */
void ftrace__print(const char *who, const struct ftrace_event *ev);

#endif /* KTSTR_VM_EVENTS_FTRACE_H */
