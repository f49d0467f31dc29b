/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest of the real init that runs a workload of guest_events with events on, and
 * everything that it sent: each record by itself, and the same frames through the
 * host's own way from frames to metrics.
 */
#ifndef KTSTR_VM_EVENTS_RIG_H
#define KTSTR_VM_EVENTS_RIG_H

#include <ktstr/event.h>
#include <ktstr/wire.h>

#include "host/assembler.h"
#include "host/event_page.h"
#include "host/event_state.h"
#include "host/event_stream.h"
#include "vm_boot.h"

#define RIG_CPUS	4

/**
 * struct rig_record - a record that came
 * @time_ns: CLOCK_MONOTONIC of the guest
 * @raw_ns: as its source tells it
 * @order: counts all that came
 * @cpu: where
 * @len: bytes of it
 * @ev: itself
 */
struct rig_record {
	uint64_t time_ns, raw_ns;
	uint64_t order;
	uint32_t cpu, len;
	union {
		struct ktstr_event h;
		struct ktstr_ev_switch sw;
		struct ktstr_ev_wake wake;
		struct ktstr_ev_migrate migrate;
		struct ktstr_ev_mark mark;
		uint8_t bytes[KTSTR_EV_SIZE_MAX];
	};
};

/**
 * struct rig - a guest and what came of it
 * @vm: the machine
 * @assembler, @page: of port 1's bytes, of the records in a frame
 * @stream: the host's own way, fed with the same frames
 * @topology: of the guest
 * @info: EVIN as it came; @has_info: it did; @info_text: its lines
 * @offset_ns: what is added to times of pages
 * @loss: the last EVLS; @final: nothing comes after it
 * @came: records that came, of each CPU
 * @told: of these, KTSTR_MARK_LOST; @told_lost: what the last of them said
 * @keep: keep records
 * @rec, @nr, @room: all of them, by time after rig__sort()
 * @out, @out_len, @out_room: stdout, but for floods of zeros
 * @err, @err_len, @dmesg, @dmesg_len: how these begin
 * @exit_status: of the workload as waitpid() has it, -1: none came
 * @has_exit: EXIT came
 * @clocks: CLCK frames
 * @wrong: something that no frame may be
 * @plan, @files, @nr_files: the image refers to them
 */
struct rig {
	struct vm vm;
	struct assembler *assembler;
	struct event_page *page;
	struct event_stream *stream;
	struct ktstr_topology topology;
	struct ktstr_events_info info;
	bool has_info;
	char info_text[4096];
	uint64_t offset_ns;
	struct ktstr_event_loss loss[RIG_CPUS];
	bool final;
	uint64_t came[RIG_CPUS], told[RIG_CPUS], told_lost[RIG_CPUS];
	bool keep;
	struct rig_record *rec;
	size_t nr, room;
	char *out;
	size_t out_len, out_room;
	char err[4096];
	size_t err_len;
	char dmesg[64 << 10];
	size_t dmesg_len;
	int exit_status;
	bool has_exit;
	uint64_t clocks;
	const char *wrong;
	char plan[512];
	void *files[4];
	int nr_files;
};

/** struct rig_opts - what to run: @args of guest_events; see rig__boot() */
struct rig_opts {
	const char *topology;
	const char *events;	/* of the plan */
	const char *filter;	/* more lines of the plan, NULL for none */
	const char *params;	/* of ktstr.ko, NULL for none */
	const char *module;	/* as built, beside the test's program; NULL: ktstr.ko */
	const char *args;
	unsigned int timeout_s;
};

/** rig__new() - return: a rig that keeps records, NULL without memory */
struct rig *rig__new(const char *topology);

/** rig__boot() - boot; return: 0 or a negative errno with a sentence in @e */
int rig__boot(struct rig *r, const struct rig_opts *opts, struct ktstr_error *e);

/** rig__run() - until the guest ended by itself; return: did it, in time? */
bool rig__run(struct rig *r);

/** rig__sort() - after the end: records in the order of time, frames finished */
void rig__sort(struct rig *r);

/**
 * rig__window() - the records once more through event_state, for a window
 * @r: sorted
 * @from_ns, @to_ns: CLOCK_MONOTONIC of the guest
 * @starve_ns: for struct event_state_opts
 *
 * Return: for event_state__free(), or NULL without memory.
 */
struct event_state *rig__window(const struct rig *r, uint64_t from_ns, uint64_t to_ns,
				uint64_t starve_ns);

/** rig__free() - stop the machine, print what it said if @failed */
void rig__free(struct rig *r, bool failed);

/** rig__line() - the first line of stdout that begins with @start, or NULL */
const char *rig__line(const struct rig *r, const char *start);

#endif /* KTSTR_VM_EVENTS_RIG_H */
