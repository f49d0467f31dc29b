/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What event_state.c, event_state_cpu.c and event_state_info.c share.
 */
#ifndef KTSTR_HOST_EVENT_STATE_PRIV_H
#define KTSTR_HOST_EVENT_STATE_PRIV_H

#include "event_state.h"

struct event_state {
	struct event_state_opts opts;
	uint32_t nr_cpus;
	bool started;			/* there was an event */
	uint64_t now_ns;
	uint32_t nr_throttled;		/* bits set in all cgroups */
	struct event_tasks *tasks;
	struct event_watch watch;
	struct event_totals totals;
	struct event_cpu cpus[];
};

/* event_state.c: who runs where */
void event_state__close_cpu(struct event_state *s, uint32_t cpu, uint64_t to_ns);
void event_state__forget_cpu(struct event_state *s, uint32_t cpu, uint64_t to_ns);
void event_state__begin_idle(struct event_state *s, uint32_t cpu);
void event_state__switch(struct event_state *s, uint32_t cpu, const struct ktstr_ev_switch *ev);
void event_state__lose_cpu(struct event_state *s, uint32_t cpu);
void event_state__bury(struct event_state *s, struct event_task *task);
void event_state__add_throttled(struct event_state *s, struct event_task *task);

/* event_state_info.c: everything else */
void event_state__info(struct event_state *s, const struct event_record *rec);
bool event_state__is_throttled(struct event_state *s, const struct event_task *task);
void event_state__recheck(struct event_state *s, struct event_task *task);

/* event_state_cpu.c: CPUs that go and come */
void event_state__cpu_step(struct event_state *s, const struct event_record *rec);

#endif /* KTSTR_HOST_EVENT_STATE_PRIV_H */
