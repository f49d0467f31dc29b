// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events_ftrace.h"

#define TASK_UNINTERRUPTIBLE	0x02
#define TASK_DEAD		0x80

/* A number behind a name; 0 sets *@ok false when there is none. */
static uint32_t field(const char *line, const char *name, bool *ok)
{
	const char *at = strstr(line, name);
	char *end;
	unsigned long v;

	if (!at) {
		*ok = false;
		return 0;
	}
	v = strtoul(at + strlen(name), &end, 10);
	*ok = *ok && end != at + strlen(name);
	return v;
}

/*
 * sched_switch tells one letter, our record the bits themselves: of an idle sleep (I)
 * those of D that are left when its marker is cut off, of a dead task (X, Z) the
 * one that the scheduler looks at.
 */
static uint32_t state_of(const char *line, bool *ok)
{
	static const struct {
		char letter;
		uint32_t state;
	} states[] = {
		{ 'R', 0 }, { 'S', 1 }, { 'D', TASK_UNINTERRUPTIBLE }, { 'T', 4 }, { 't', 8 },
		{ 'X', TASK_DEAD }, { 'Z', TASK_DEAD }, { 'P', 0x40 },
		{ 'I', TASK_UNINTERRUPTIBLE },
	};
	const char *at = strstr(line, " prev_state=");

	if (at) {
		at += strlen(" prev_state=");
		if (at[1] == '+')
			return FTRACE_PREEMPTED;
		for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
			if (states[i].letter == *at && at[1] == ' ')
				return states[i].state;
	}
	*ok = false;
	return 0;
}

static bool parse_fields(const char *line, const char *name, uint32_t current_pid,
			 struct ftrace_event *ev)
{
	static const struct {
		const char *name;
		uint32_t type;
	} names[] = {
		{ "sched_switch: ", KTSTR_EV_SWITCH }, { "sched_waking: ", KTSTR_EV_WAKING },
		{ "sched_wakeup: ", KTSTR_EV_WAKEUP }, { "sched_wakeup_new: ", KTSTR_EV_NEW },
		{ "sched_migrate_task: ", KTSTR_EV_MIGRATE },
	};
	bool ok = true;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(name, names[i].name, strlen(names[i].name)))
			ev->type = names[i].type;
	switch (ev->type) {
	case KTSTR_EV_SWITCH:
		ev->pid = field(line, " prev_pid=", &ok);
		ev->other = field(line, " next_pid=", &ok);
		ev->third = field(line, " prev_prio=", &ok) << 16 | field(line, " next_prio=", &ok);
		ev->state = state_of(line, &ok);
		return ok;
	case KTSTR_EV_MIGRATE:
		ev->pid = field(line, " pid=", &ok);
		ev->other = field(line, " dest_cpu=", &ok);
		ev->third = field(line, " orig_cpu=", &ok);
		return ok;
	case 0:
		return false;
	default:
		ev->pid = field(line, " pid=", &ok);
		ev->other = field(line, " target_cpu=", &ok);
		ev->third = current_pid;
		return ok;
	}
}

/* "   comm-12    [001] d..2.   3.456789: event: fields", the comm being anything. */
static bool parse_line(const char *line, unsigned int cpu, struct ftrace_event *ev)
{
	char mark[16];
	const char *at, *pid;
	unsigned long long s, us;
	int len = 0;

	snprintf(mark, sizeof(mark), " [%03u] ", cpu);
	at = strstr(line, mark);
	if (!at)
		return false;
	for (pid = at; pid > line && pid[-1] == ' '; pid--)
		;
	while (pid > line && pid[-1] >= '0' && pid[-1] <= '9')
		pid--;
	if (sscanf(at + strlen(mark), "%*s %llu.%6llu: %n", &s, &us, &len) != 2 || !len)
		return false;
	ev->us = s * 1000000 + us;
	return parse_fields(line, at + strlen(mark) + len, strtoul(pid, NULL, 10), ev);
}

static void add_line(const char *line, unsigned int cpu, struct ftrace_cpu *f)
{
	struct ftrace_event ev = { 0 };
	unsigned long long v;

	if (sscanf(line, "entries: %llu", &v) == 1) {
		f->entries = v;
	} else if (sscanf(line, "overrun: %llu", &v) == 1 ||
		   sscanf(line, "commit overrun: %llu", &v) == 1 ||
		   sscanf(line, "dropped events: %llu", &v) == 1) {
		f->lost += v;
	} else if (parse_line(line, cpu, &ev)) {
		if (!(f->nr & (f->nr - 1)))
			f->ev = realloc(f->ev, (f->nr ? 2 * f->nr : 1) * sizeof(ev));
		if (!f->ev)
			abort();
		f->ev[f->nr++] = ev;
	} else if (strstr(line, "sched_") && *line != '#') {
		printf("# not understood: %s\n", line);
		f->strange++;
	}
}

bool ftrace__parse(const char *out, unsigned int cpu, struct ftrace_cpu *f)
{
	char start[32], line[1024];
	const char *at;
	size_t len;

	memset(f, 0, sizeof(*f));
	snprintf(start, sizeof(start), "ftrace cpu %u\n", cpu);
	at = strstr(out, start);
	if (!at)
		return false;
	for (at += strlen(start); *at && strncmp(at, "ftrace cpu", 10); at += len + (at[len] != 0)) {
		len = strcspn(at, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, at);
		add_line(line, cpu, f);
	}
	return true;
}

bool ftrace__of_record(const struct rig_record *rec, struct ftrace_event *ev)
{
	*ev = (struct ftrace_event){
		.us = (rec->raw_ns + 500) / 1000, .type = rec->h.type, .pid = rec->h.pid,
	};
	switch (rec->h.type) {
	case KTSTR_EV_SWITCH:
		ev->other = rec->sw.next_pid;
		ev->third = rec->sw.prev_prio << 16 | rec->sw.next_prio;
		ev->state = rec->h.flags & KTSTR_EVF_PREEMPT ? FTRACE_PREEMPTED : rec->h.arg;
		return true;
	case KTSTR_EV_WAKING:
	case KTSTR_EV_WAKEUP:
	case KTSTR_EV_NEW:
		ev->other = rec->h.arg;
		ev->third = rec->wake.waker;
		return true;
	case KTSTR_EV_MIGRATE:
		ev->other = rec->h.arg;
		ev->third = rec->migrate.from_cpu;
		return true;
	}
	return false;
}

bool ftrace__same(const struct ftrace_event *a, const struct ftrace_event *b)
{
	return a->type == b->type && a->pid == b->pid && a->other == b->other &&
	       a->third == b->third && a->state == b->state;
}

void ftrace__print(const char *who, const struct ftrace_event *ev)
{
	printf("# %s: %llu us type %u pid %u other %u third 0x%x state 0x%x\n", who,
	       (unsigned long long)ev->us, ev->type, ev->pid, ev->other, ev->third, ev->state);
}
