/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Workloads of the event tests: run by PID 1 as the plan's command, they know what
 * they do and say it on stdout in lines; what they say is what the events must tell.
 */
#ifndef KTSTR_VM_GUEST_EVENTS_H
#define KTSTR_VM_GUEST_EVENTS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#define MSEC	1000000ull

void fail(const char *file, int line, const char *what) __attribute__((noreturn));

#define NEED(cond) do { \
	if (!(cond)) \
		fail(__FILE__, __LINE__, #cond); \
} while (0)

/* guest_events.c */
uint64_t now_ns(void);
void *shared(size_t size);
void pin(int cpu);
void fifo(int prio);
void spin_ns(uint64_t ns);
void sleep_ns(uint64_t ns);
void write_file(const char *path, const char *text);
void read_file(const char *path, char *buf, size_t size);
void load_module(void);
int open_dev(void);
void token_wait(uint32_t *word, uint32_t value);
void token_pass(uint32_t *word);
void wait_asleep(pid_t pid);
void reap(const pid_t *pids, int nr);

/* guest_events_storm.c: senders and receivers on pipes, all CPUs, as hackbench has it. */
struct storm {
	uint64_t *messages;	/* sent so far, shared */
	uint64_t longest_gap_ns;	/* between two looks that found more of them */
	uint32_t *stop;		/* shared: end before all are sent */
	int groups, per_group, loops;
	int nr;
	pid_t pids[256];
};

void storm_start(struct storm *s, int groups, int per_group, int loops);
bool storm_watch(struct storm *s, uint64_t until_ns);
void storm_end(struct storm *s);

/* The cases; their numbers from the command line. */
void case_handover(int rounds, int spin_us);
void case_stall(int kind, int ms);
void case_ftrace(int mono, int loops);
void case_storm(int groups, int loops);
void case_nice(int times, int portion);
void case_burst(int times, int nr);
void case_stopped(int ms, int unused);
void case_hotplug(int times, int groups);
void case_marks(int nr, int unused);

#endif /* KTSTR_VM_GUEST_EVENTS_H */
