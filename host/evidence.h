/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Evidence: what the frames, the serial ports and the machine's end said of one
 * run, checked and in host byte order. Judged by verdict.h alone.
 */
#ifndef KTSTR_HOST_EVIDENCE_H
#define KTSTR_HOST_EVIDENCE_H

#include <ktstr/plan.h>
#include <ktstr/vmm.h>
#include <ktstr/wire.h>

#include "assembler.h"
#include "buf.h"
#include "event_clock.h"
#include "events_result.h"
#include "fault_log.h"
#include "host_delay.h"
#include "op_trace.h"
#include "payload_out.h"
#include "sched_exit.h"
#include "splat.h"

#define EVIDENCE_REASON_MAX	256u
#define EVIDENCE_PHASES		(KTSTR_LIFE_ENV_ERROR + 1)

/* Byte streams out of the guest. */
enum evidence_stream {
	EVIDENCE_COM1,		/* kernel console */
	EVIDENCE_COM2,		/* crash payload */
	EVIDENCE_DMSG,		/* kernel log */
	EVIDENCE_SLOG,		/* the scheduler's output */
	EVIDENCE_SOUT,		/* a command's stdout */
	EVIDENCE_SERR,		/* a command's stderr */
	EVIDENCE_DUMP,		/* the kernel's trace of sched_ext_dump */
	EVIDENCE_STREAMS,
};

/**
 * struct evidence_sink - who else wants to hear it, live
 * @bytes: bytes of a stream, raw; may be NULL
 * @life: a phase was reached, @reason is clean; may be NULL
 * @frame: every frame as it came, before it is checked; may be NULL
 * @arg: passed to all
 */
struct evidence_sink {
	void (*bytes)(void *arg, enum evidence_stream stream, const void *data, size_t len);
	void (*life)(void *arg, uint32_t phase, const char *reason);
	void (*frame)(void *arg, const struct assembler_frame *frame);
	void *arg;
};

/** struct evidence_sched - struct ktstr_sched_state, strings terminated and clean */
struct evidence_sched {
	char state[24];
	char ops[128];
	uint64_t enable_seq;
	uint64_t nr_rejected;
	uint64_t switch_all;
};

/** struct evidence_window - struct ktstr_window; @seen when it came */
struct evidence_window {
	bool seen;
	uint64_t time_ns;
	uint64_t steal_ns;
	uint64_t self_ns;
	uint64_t ops_ns;
	struct evidence_sched sched;
};

#define EVIDENCE_MARKED_MAX	(8u * KTSTR_WORKERS_MAX)

/**
 * struct evidence_worker - struct ktstr_worker_metrics, in host byte order
 *
 * What it says is its own account, so far: since @start_ns, up to @end_ns.
 */
struct evidence_worker {
	char cgroup[64];
	char name[32];
	uint32_t worker;
	uint32_t pid;
	uint64_t cpu_ns;
	uint64_t wait_ns;
	uint32_t mark;
	uint64_t start_ns, end_ns;
	uint64_t iterations;
	uint64_t max_gap_ns;
	uint64_t max_gap_at_ns;
	uint64_t migrations;
	uint64_t switches;
	uint64_t off_cpuset;
	uint64_t node_pages, remote_pages;
	uint64_t nr_latencies;
	uint64_t latency_ns[5];
	uint32_t last_cpu;
	uint32_t policy;
	uint32_t exit_status;
};

/* Why the session ended the run, when the guest did not. */
enum evidence_stop {
	EVIDENCE_STOP_NONE = 0,
	EVIDENCE_STOP_SILENT,		/* no sign of life for the time-out */
	EVIDENCE_STOP_ENDLESS,		/* alive, but never done */
	EVIDENCE_STOP_INTERRUPTED,	/* a signal to ktstr */
	EVIDENCE_STOP_DECIDED,		/* the scheduler is lost, and the guest takes its time */
	EVIDENCE_STOP_PANIC,		/* the kernel panicked and did not reboot */
};

/**
 * struct evidence - all of it
 * @sink: live listeners
 * @helo: valid when @has_helo; numbers in host order, strings terminated and clean
 * @phase: the last phase of enum ktstr_life_phase, but heartbeats
 * @phase_seen: bit of every phase reached
 * @attached: schedulers that were, an operation may replace or restart one
 * @reason: what the guest said with each phase
 * @start, @end: the judged window
 * @trace: the operations that were carried out
 * @payloads: real programs
 * @workers: PMET of the end, or of when they were stopped
 * @marked: PMET of marks, which say what was so far
 * @test_status: enum ktstr_guest_status; valid when @has_test, like @test_reason
 * @sched_wait_status, @sched_expected, @sched_ran_ns: SCDX, valid when @has_sched_exit
 * @sched_exit: why sched_ext let go of it, see sched_exit.h
 * @sched_died_ns: guest CLOCK_MONOTONIC when the guest saw that it was lost; 0 if it never did
 * @exec_wait_status: EXCX, valid when @has_exec_exit
 * @exit_code: EXIT, valid when @has_exit
 * @splats: kernel log
 * @tail: the last bytes of every stream
 * @faults: what became of the plan's faults
 * @events: the account of the event stream, when that was asked for
 * @malformed: frames whose payload was too short or made no sense
 * @frames: the assembler's counters
 * @residue: bytes of an incomplete frame at the end
 * @unread: the guest left more behind than was read
 * @machine_end: why the machine stopped; @machine_detail in words
 * @stop: why we stopped it
 * @signal: for %EVIDENCE_STOP_INTERRUPTED
 * @silent_ns: how long there was no sign of life
 * @create_ns: CLOCK_MONOTONIC when the session began to build the machine
 * @ready_ns: when REDY came; 0 if it did not
 * @cause_ns: when the host heard what ended the run; 0 if it never did
 * @end_ns: when the run was over
 * @machine: the machine's counters at the end
 * @exits_at_ready: VM exits until REDY
 * @host_delay: what the host did to the vCPUs in the window
 * @log_zero_ns: kvmclock where the kernel log's times begin, as the log says; 0 if it does not
 * @clock: how guest times become host times; for event_clock__solve()
 */
struct evidence {
	struct evidence_sink sink;

	bool has_helo, has_ready, has_test, has_sched_exit, has_exec_exit, has_exit;
	struct ktstr_helo helo;
	uint32_t phase;
	uint32_t phase_seen;
	uint32_t attached;
	char reason[EVIDENCE_PHASES][EVIDENCE_REASON_MAX];
	struct evidence_window start, end;
	struct evidence_worker workers[KTSTR_WORKERS_MAX];
	uint32_t nr_workers;
	struct evidence_worker marked[EVIDENCE_MARKED_MAX];
	uint32_t nr_marked;
	struct op_trace trace;
	struct payload_outs payloads;
	uint32_t test_status;
	char test_reason[EVIDENCE_REASON_MAX];
	uint32_t sched_wait_status;
	bool sched_expected;
	uint64_t sched_ran_ns;
	struct sched_exit sched_exit;
	uint64_t sched_died_ns;
	uint32_t exec_wait_status;
	uint32_t exit_code;

	struct splat_log splats;
	struct tail tail[EVIDENCE_STREAMS];

	struct fault_log faults;
	struct events_result events;

	uint64_t malformed;
	struct assembler_stats frames;
	uint64_t residue;
	bool unread;

	enum vmm_end machine_end;
	char machine_detail[EVIDENCE_REASON_MAX];
	enum evidence_stop stop;
	int signal;
	uint64_t silent_ns;
	uint64_t create_ns, ready_ns, cause_ns, end_ns;
	struct vmm_stats machine;
	uint64_t exits_at_ready;
	struct host_delay host_delay;
	uint64_t log_zero_ns;
	struct event_clock clock;
};

/** evidence__new() - empty; return: NULL without memory. Free with free(). */
struct evidence *evidence__new(const struct evidence_sink *sink);

/**
 * evidence__frame() - take a frame; an assembler_frame_fn
 * @arg: struct evidence
 * @frame: hostile
 */
void evidence__frame(void *arg, const struct assembler_frame *frame);

/** evidence__serial() - take bytes of COM @com (1 or 2) */
void evidence__serial(struct evidence *ev, unsigned int com, const void *data, size_t len);

/**
 * evidence__finish() - the run is over, and so is the account of its events: what they tell of
 * the scheduler's exit is put to the rest; once
 */
void evidence__finish(struct evidence *ev);

/**
 * evidence__sched_failed() - does the kernel say that the scheduler made an error?
 *
 * Before the window is over. The guest may be slow to see it, or too starved to tell.
 */
bool evidence__sched_failed(const struct evidence *ev);

/**
 * evidence__cost() - what PID 1 cost the guest in the window
 * @ev: evidence
 * @harness_ns: CPU time of the harness itself
 * @ops_ns: CPU time for the test's own operations, not in @harness_ns
 *
 * Return: false when the guest's account makes no sense; both are 0 then.
 */
bool evidence__cost(const struct evidence *ev, uint64_t *harness_ns, uint64_t *ops_ns);

/** evidence__phase_seen() - did the guest reach this phase? */
static inline bool evidence__phase_seen(const struct evidence *ev, enum ktstr_life_phase phase)
{
	return ev->phase_seen & 1u << phase;
}

/** evidence__phase_name() - a phase in words */
const char *evidence__phase_name(uint32_t phase);

/** evidence__stream_name() - a stream in words */
const char *evidence__stream_name(enum evidence_stream stream);

#endif /* KTSTR_HOST_EVIDENCE_H */
