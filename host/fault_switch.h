/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Switches faults of scx_ktstr while it runs: writes into its map (<ktstr/scx_ktstr.h>), which
 * is found in the guest's memory.
 *
 * All that is read there is hostile. A page is written only if all of it makes sense as a map
 * and it has just been seen to change as only a scheduler that lives changes it; what an
 * earlier one has left does not. That nothing tells the host when the guest writes memory is
 * why it looks every few ms, and only while an order is out.
 */
#ifndef KTSTR_HOST_FAULT_SWITCH_H
#define KTSTR_HOST_FAULT_SWITCH_H

#include "evidence.h"

#define FAULT_SWITCH_TIMEOUT_MS	5000u	/* from when an order is begun with */
#define FAULT_SWITCH_FOUND_MAX	64u	/* pages that may be the map: more are not looked at */

/** struct fault_found - a page that may be the map; @beat: what that was at first */
struct fault_found {
	struct ktstr_faults *page;
	uint64_t beat;
};

/**
 * struct fault_switch - zeroed but for the first four
 * @orders: what is to be done; NULL or empty: nothing ever is
 * @log: gets what became of it, zeroed at first
 * @find: as vmm__find_page() without the machine
 * @arg: passed to it
 * @next: index of the first order that is not done
 * @armed_by: 1 + index of the order that has armed a fault, or 0
 * @base: hits of these faults before
 * @window_ns: when the window began, 0 before
 * @deadline_ns: of the order that is out
 * @looked_ns: when the map was last looked at
 * @searching: not through with the search for pages
 * @searched_ns: when that was last over, or its pages began to be looked at; 0: never
 * @at: where it is
 * @found, @nr: what it has found
 * @any: some search has found something
 * @alive: the map, once it was written
 * @seq: of the last write
 * @ops: name of the scheduler that ruled when the window began
 * @over: the window is over: nothing is written any more
 */
struct fault_switch {
	const struct fault_orders *orders;
	struct fault_log *log;
	int (*find)(void *arg, const void *begins, size_t len, uint64_t *at, void **page);
	void *arg;
	uint32_t next;
	uint32_t armed_by[KTSTR_FAULT_NR];
	uint64_t base[KTSTR_FAULT_NR];
	uint64_t window_ns;
	uint64_t deadline_ns;
	uint64_t looked_ns;
	bool searching;
	uint64_t searched_ns;
	uint64_t at;
	struct fault_found found[FAULT_SWITCH_FOUND_MAX];
	uint32_t nr;
	bool any;
	struct ktstr_faults *alive;
	uint64_t seq;
	char ops[128];
	bool over;
};

/** fault_switch__follow() - a frame came: has the window begun, or ended? */
void fault_switch__follow(struct fault_switch *s, const struct evidence *ev, uint64_t now_ns);

/** fault_switch__tick() - it is @now_ns (CLOCK_MONOTONIC): do what is due; never waits */
void fault_switch__tick(struct fault_switch *s, uint64_t now_ns);

/** fault_switch__next_ns() - when fault_switch__tick() has work to do; UINT64_MAX for never */
uint64_t fault_switch__next_ns(const struct fault_switch *s);

/** fault_switch__end() - the machine has stopped, its memory is still there */
void fault_switch__end(struct fault_switch *s, uint64_t now_ns);

#endif /* KTSTR_HOST_FAULT_SWITCH_H */
