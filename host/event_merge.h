/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The streams of all CPUs become one, in the order of time.
 *
 * A record can be handed on when no earlier one can come any more: every other CPU
 * has a later one here, or has said that it has nothing earlier (a watermark), or
 * has been silent for so long that it is taken to have had nothing: then the newest
 * record of all is more than the horizon ahead. What comes even later is counted
 * and dropped, and its CPU's stream has a hole. Memory is bounded; when it is used up
 * the oldest records are handed on, safe or not.
 */
#ifndef KTSTR_HOST_EVENT_MERGE_H
#define KTSTR_HOST_EVENT_MERGE_H

#include "event_page.h"

#define EVENT_MERGE_HORIZON_NS	1000000000ull
#define EVENT_MERGE_MAX_BYTES	(64u << 20)

/* Why records are missing. */
enum event_hole_kind {
	EVENT_HOLE_BUFFER	= 1,	/* the kernel's buffer was full */
	EVENT_HOLE_FRAMES	= 2,	/* frames are missing on port 1 */
	EVENT_HOLE_DAMAGED	= 3,	/* a payload could not be read to its end */
	EVENT_HOLE_LATE		= 4,	/* they came too late to be sorted in */
	EVENT_HOLE_MEMORY	= 5,	/* no memory */
};

/**
 * struct event_hole - records of one CPU are missing
 * @time_ns: they are not older than this; the next record of this CPU is behind them
 * @cpu: whose
 * @kind: why
 * @count: how many records or frames, 0 unknown
 */
struct event_hole {
	uint64_t time_ns;
	uint32_t cpu;
	enum event_hole_kind kind;
	uint64_t count;
};

typedef void (*event_hole_fn)(void *arg, const struct event_hole *hole);

/**
 * struct event_merge_opts - how to merge
 * @sz: sizeof(struct event_merge_opts): the structure may grow
 * @nr_cpus: CPUs are numbered below this, at most %KTSTR_CPUS_MAX
 * @horizon_ns: how far the others may run ahead of a silent CPU; 0: the default
 * @max_bytes: memory for records that wait; 0: the default; at least two chunks of
 *	16 KiB a CPU are allowed
 * @record: called for every record in the order of time, of CPUs at the same time
 * @hole: called where records are missing, in its place in its CPU's stream
 * @arg: passed to both
 */
struct event_merge_opts {
	size_t sz;
	uint32_t nr_cpus;
	uint64_t horizon_ns;
	size_t max_bytes;
	event_record_fn record;
	event_hole_fn hole;
	void *arg;
};

/**
 * struct event_merge_stats - what went by
 * @records: handed on
 * @holes: handed on
 * @late: records dropped because a later one had been handed on
 * @backwards: records before their own CPU's last one: taken as of its time
 * @forced: records handed on before it was safe, because memory was used up
 * @no_memory: records dropped for want of it
 * @waiting: records and holes that wait now
 * @bytes: memory for those
 * @bytes_max: the most that ever was
 */
struct event_merge_stats {
	uint64_t records;
	uint64_t holes;
	uint64_t late;
	uint64_t backwards;
	uint64_t forced;
	uint64_t no_memory;
	uint64_t waiting;
	size_t bytes;
	size_t bytes_max;
};

struct event_merge;

/** event_merge__new() - return: NULL without memory, or when @opts ask for no CPU or too many */
struct event_merge *event_merge__new(const struct event_merge_opts *opts);

/** event_merge__free() - what waits is dropped; NULL is fine */
void event_merge__free(struct event_merge *m);

/** event_merge__add() - take a record, in the order of its CPU; an event_record_fn */
void event_merge__add(void *m, const struct event_record *rec);

/** event_merge__hole() - records of @cpu are missing behind the last one that was added */
void event_merge__hole(struct event_merge *m, uint32_t cpu, enum event_hole_kind kind,
		       uint64_t count);

/** event_merge__watermark() - @cpu has nothing before @time_ns but what was added */
void event_merge__watermark(struct event_merge *m, uint32_t cpu, uint64_t time_ns);

/** event_merge__run() - hand on what is safe; call it now and then, once a frame for example */
void event_merge__run(struct event_merge *m);

/** event_merge__flush() - hand on everything: nothing more will come */
void event_merge__flush(struct event_merge *m);

/** event_merge__stats() - the counters so far */
const struct event_merge_stats *event_merge__stats(const struct event_merge *m);

#endif /* KTSTR_HOST_EVENT_MERGE_H */
