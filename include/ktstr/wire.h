/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames on port 1: a 32-byte little-endian header, then a payload.
 *
 * guest/ writes them, host/ reads them and trusts nothing: a bad header makes
 * the reader scan for the next good one, and a payload whose CRC is wrong is
 * delivered as corrupt and acted on by nobody.
 */
#ifndef KTSTR_WIRE_H
#define KTSTR_WIRE_H

#include <linux/types.h>

#define KTSTR_WIRE_MAGIC	0x5254534bu	/* "KSTR" in memory */
#define KTSTR_WIRE_VERSION	1
#define KTSTR_WIRE_PAYLOAD_MAX	(256u << 10)	/* longer content is chunked with KTSTR_F_MORE */

#define KTSTR_F_MORE	1u	/* the next frame of this type and stream continues this one */
#define KTSTR_F_NOCRC	2u	/* payload_crc does not cover the payload (event pages) */
#define KTSTR_F_PLAIN	4u	/* EVNT: whole records behind struct ktstr_ev_plain, not a page */

/**
 * struct ktstr_frame - header of every frame on port 1
 * @magic: %KTSTR_WIRE_MAGIC
 * @version: %KTSTR_WIRE_VERSION
 * @flags: %KTSTR_F_MORE, %KTSTR_F_NOCRC, %KTSTR_F_PLAIN
 * @type: four ASCII bytes, KTSTR_T_*
 * @stream: 0 is control; 1 + cpu is that CPU's event pages
 * @seq: counts frames within a stream from 0; a gap is a loss
 * @len: bytes of payload that follow, at most %KTSTR_WIRE_PAYLOAD_MAX
 * @payload_crc: CRC-32 (zlib) of the payload
 * @header_crc: CRC-32 (zlib) of bytes 0..27 of this header
 */
struct ktstr_frame {
	__le32 magic;
	__le16 version;
	__le16 flags;
	__le32 type;
	__le32 stream;
	__le32 seq;
	__le32 len;
	__le32 payload_crc;
	__le32 header_crc;
};

_Static_assert(sizeof(struct ktstr_frame) == 32, "frame header is 32 bytes");

/* Four ASCII bytes in the order they appear on the wire. */
#define KTSTR_FOURCC(a, b, c, d) \
	((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)

/* Guest to host. */
#define KTSTR_T_HELO KTSTR_FOURCC('H', 'E', 'L', 'O')	/* struct ktstr_helo */
#define KTSTR_T_REDY KTSTR_FOURCC('R', 'E', 'D', 'Y')	/* no payload: the guest is ready */
#define KTSTR_T_LIFE KTSTR_FOURCC('L', 'I', 'F', 'E')	/* struct ktstr_life, then the reason */
#define KTSTR_T_SCST KTSTR_FOURCC('S', 'C', 'S', 'T')	/* scenario starts: struct ktstr_window */
#define KTSTR_T_SCEN KTSTR_FOURCC('S', 'C', 'E', 'N')	/* scenario ended: struct ktstr_window */
#define KTSTR_T_SCPP KTSTR_FOURCC('S', 'C', 'P', 'P')	/* scenario pause */
#define KTSTR_T_SCRR KTSTR_FOURCC('S', 'C', 'R', 'R')	/* scenario resume */
#define KTSTR_T_STIM KTSTR_FOURCC('S', 'T', 'I', 'M')	/* struct ktstr_step, then its line */
#define KTSTR_T_STEN KTSTR_FOURCC('S', 'T', 'E', 'N')	/* struct ktstr_step, then a reason */
#define KTSTR_T_EVNT KTSTR_FOURCC('E', 'V', 'N', 'T')	/* event page */
#define KTSTR_T_EVIN KTSTR_FOURCC('E', 'V', 'I', 'N')	/* struct ktstr_events_info, then text */
#define KTSTR_T_EVLS KTSTR_FOURCC('E', 'V', 'L', 'S')	/* struct ktstr_event_loss[] */
#define KTSTR_T_CLCK KTSTR_FOURCC('C', 'L', 'C', 'K')	/* struct ktstr_clock */
#define KTSTR_T_TEST KTSTR_FOURCC('T', 'E', 'S', 'T')	/* struct ktstr_test_result, then the reason */
#define KTSTR_T_PMET KTSTR_FOURCC('P', 'M', 'E', 'T')	/* struct ktstr_worker_metrics[] */
#define KTSTR_T_RAWO KTSTR_FOURCC('R', 'A', 'W', 'O')	/* struct ktstr_payload_output, then bytes */
#define KTSTR_T_PLDX KTSTR_FOURCC('P', 'L', 'D', 'X')	/* struct ktstr_payload_exit */
#define KTSTR_T_PROF KTSTR_FOURCC('P', 'R', 'O', 'F')	/* coverage data */
#define KTSTR_T_SOUT KTSTR_FOURCC('S', 'O', 'U', 'T')	/* bytes of stdout */
#define KTSTR_T_SERR KTSTR_FOURCC('S', 'E', 'R', 'R')	/* bytes of stderr */
#define KTSTR_T_SLOG KTSTR_FOURCC('S', 'L', 'O', 'G')	/* bytes of the scheduler's output */
#define KTSTR_T_SCDX KTSTR_FOURCC('S', 'C', 'D', 'X')	/* struct ktstr_sched_exit */
#define KTSTR_T_SCDP KTSTR_FOURCC('S', 'C', 'D', 'P')	/* lines of trace event sched_ext_dump */
#define KTSTR_T_DMSG KTSTR_FOURCC('D', 'M', 'S', 'G')	/* /dev/kmsg records, whole lines */
#define KTSTR_T_PROB KTSTR_FOURCC('P', 'R', 'O', 'B')	/* probe output */
#define KTSTR_T_SNRQ KTSTR_FOURCC('S', 'N', 'R', 'Q')	/* snapshot request */
#define KTSTR_T_EXCX KTSTR_FOURCC('E', 'X', 'C', 'X')	/* struct ktstr_exec_exit */
#define KTSTR_T_EXIT KTSTR_FOURCC('E', 'X', 'I', 'T')	/* struct ktstr_exit; the last frame */
/* Host to guest. */
#define KTSTR_T_SNRP KTSTR_FOURCC('S', 'N', 'R', 'P')	/* snapshot reply */
#define KTSTR_T_ACKR KTSTR_FOURCC('A', 'C', 'K', 'R')	/* result and exit received */
#define KTSTR_T_PING KTSTR_FOURCC('P', 'I', 'N', 'G')	/* struct ktstr_ping: answer with CLCK */

/*
 * Text of a DMSG line, of facility 0, that the guest puts where records of the
 * kernel log are missing: what follows says how many, and why. The scan for
 * splats was not complete then. No process can write a record of facility 0.
 */
#define KTSTR_DMSG_INCOMPLETE	"ktstr: the kernel log is incomplete: "

/* Which facts of struct ktstr_helo the guest could establish. */
#define KTSTR_HELO_KASLR	1u
#define KTSTR_HELO_PHYS_BASE	2u
#define KTSTR_HELO_PAGE_OFFSET	4u
#define KTSTR_HELO_BUILD_ID	8u
#define KTSTR_HELO_SCHED_EXT	16u	/* the kernel has sched_ext */
#define KTSTR_HELO_TSC_KHZ	32u
#define KTSTR_HELO_INIT_CYCLES	64u

/**
 * struct ktstr_helo - who the guest is
 * @valid: KTSTR_HELO_* of the fields below that hold facts
 * @nr_cpus: CPUs online
 * @kaslr_offset: bytes between the linked and the running kernel text
 * @phys_base: the kernel's phys_base
 * @page_offset: start of the direct map
 * @tsc_khz: guest TSC frequency
 * @boot_ns: CLOCK_BOOTTIME when PID 1 started
 * @release: uname release, NUL terminated
 * @clocksource: current clocksource, NUL terminated
 * @build_id: the kernel's GNU build id
 * @build_id_len: bytes of @build_id in use
 * @init_cycles: guest TSC when PID 1's main() began
 */
struct ktstr_helo {
	__le32 valid;
	__le32 nr_cpus;
	__le64 kaslr_offset;
	__le64 phys_base;
	__le64 page_offset;
	__le64 tsc_khz;
	__le64 boot_ns;
	char   release[64];
	char   clocksource[32];
	__u8   build_id[20];
	__le32 build_id_len;
	__le64 init_cycles;
};

_Static_assert(sizeof(struct ktstr_helo) == 176, "no padding in struct ktstr_helo");

/* Phases of a guest's life, struct ktstr_life.phase. */
enum ktstr_life_phase {
	KTSTR_LIFE_INIT			= 1,	/* PID 1 runs and owns port 1 */
	KTSTR_LIFE_SCHED_STARTING	= 2,	/* scheduler executed */
	KTSTR_LIFE_SCHED_ATTACHED	= 3,	/* the kernel enabled it; reason: root/ops */
	KTSTR_LIFE_SCHED_DIED		= 4,	/* exited or detached while it was needed */
	KTSTR_LIFE_SCHED_NOT_ATTACHED	= 5,	/* gave up waiting for it to attach */
	KTSTR_LIFE_PAYLOAD		= 6,	/* workers or command start */
	KTSTR_LIFE_ALIVE		= 7,	/* heartbeat, once a second */
	KTSTR_LIFE_WAKE			= 8,	/* a wake byte was obeyed; reason names it */
	KTSTR_LIFE_SHUTDOWN		= 9,	/* ending on the host's request */
	KTSTR_LIFE_ENV_ERROR		= 10,	/* this kernel or image cannot do what the plan asks */
};

/**
 * struct ktstr_life - a phase was reached; the rest of the payload is the reason as text
 * @phase: enum ktstr_life_phase
 * @reserved: 0
 * @time_ns: guest CLOCK_MONOTONIC
 */
struct ktstr_life {
	__le32 phase;
	__le32 reserved;
	__le64 time_ns;
};

/**
 * struct ktstr_sched_state - what the kernel says of sched_ext at one moment
 * @state: /sys/kernel/sched_ext/state ("disabled", "enabled", ...), "absent" without sched_ext
 * @ops: /sys/kernel/sched_ext/root/ops, empty when none
 * @enable_seq: /sys/kernel/sched_ext/enable_seq: unchanged means nobody re-attached
 * @nr_rejected: /sys/kernel/sched_ext/nr_rejected
 * @switch_all: /sys/kernel/sched_ext/switch_all
 */
struct ktstr_sched_state {
	char   state[24];
	char   ops[128];
	__le64 enable_seq;
	__le64 nr_rejected;
	__le64 switch_all;
};

/**
 * struct ktstr_window - start or end of the judged window
 * @time_ns: guest CLOCK_MONOTONIC
 * @steal_ns: host steal since boot, summed over CPUs (/proc/stat)
 * @self_ns: CPU time of PID 1 and its threads since boot: what the harness costs
 * @ops_ns: of these, for the test's operations: what the kernel does for a cpuset is
 *	part of the load that the test asked for
 * @sched: the scheduler's state at that moment
 */
struct ktstr_window {
	__le64 time_ns;
	__le64 steal_ns;
	__le64 self_ns;
	__le64 ops_ns;
	struct ktstr_sched_state sched;
};

/**
 * struct ktstr_worker_metrics - one worker's own account of the window
 * @cgroup: path of the cgroup it was spawned in, below the root of the test's, NUL terminated
 * @name: of the workers it belongs to, NUL terminated
 * @worker: index among those
 * @pid: its thread id in the guest
 * @mark: 0 at the end of the window; else at the mark with this number, from 1 in their order
 * @policy: SCHED_* read back at the end
 * @start_ns: guest CLOCK_MONOTONIC when it was let go: start of the window or later
 * @end_ns: when it was stopped, or the end of the window, or the mark
 * @cpu_ns: CPU time used between the two (schedstat)
 * @wait_ns: time runnable but waiting on a runqueue (schedstat)
 * @iterations: units of work done
 * @max_gap_ns: longest time in which it wanted to run and reached no point of its loop
 * @max_gap_at_ns: guest CLOCK_MONOTONIC at the end of that gap
 * @migrations: times it found itself on another CPU than before
 * @switches: voluntary and involuntary context switches
 * @off_cpuset: samples in which it ran outside of its cpuset, as that was at the moment
 * @node_pages, @remote_pages: pages of its working set, and those on another node than it; of
 *	kinds that look
 * @nr_latencies: measurements of its kind's own
 * @latency_ns: their 50th, 90th, 99th and 99.9th percentile and their maximum
 * @last_cpu: CPU at the end
 * @exit_status: wait status if it died before it was told to, else 0
 */
struct ktstr_worker_metrics {
	char   cgroup[64];
	char   name[32];
	__le32 worker;
	__le32 pid;
	__le32 mark;
	__le32 policy;
	__le64 start_ns;
	__le64 end_ns;
	__le64 cpu_ns;
	__le64 wait_ns;
	__le64 iterations;
	__le64 max_gap_ns;
	__le64 max_gap_at_ns;
	__le64 migrations;
	__le64 switches;
	__le64 off_cpuset;
	__le64 node_pages;
	__le64 remote_pages;
	__le64 nr_latencies;
	__le64 latency_ns[5];
	__le32 last_cpu;
	__le32 exit_status;
};

/**
 * struct ktstr_step - an operation begins (STIM) or is done (STEN)
 * @index: counts the operations of a run from 0, the same in both frames
 * @error: STEN: 0 or the errno it failed with; then the rest of the payload is the reason
 * @time_ns: guest CLOCK_MONOTONIC
 *
 * The rest of a STIM is the operation's line (ktstr/op.h).
 */
struct ktstr_step {
	__le32 index;
	__le32 error;
	__le64 time_ns;
};

/**
 * struct ktstr_payload_output - bytes of a payload's stdout or stderr
 * @index: of the RUN operation that started it
 * @stream: 1 or 2
 */
struct ktstr_payload_output {
	__le32 index;
	__le32 stream;
};

/**
 * struct ktstr_payload_exit - a payload ended, after all of its output
 * @index: of the RUN operation that started it
 * @wait_status: as waitpid() has it
 * @expected: 1 when a KILL, or the end of the run, ended it
 * @reserved: 0
 * @start_ns, @end_ns: guest CLOCK_MONOTONIC
 * @user_ns, @system_ns: CPU time of it and its children (rusage)
 */
struct ktstr_payload_exit {
	__le32 index;
	__le32 wait_status;
	__le32 expected;
	__le32 reserved;
	__le64 start_ns;
	__le64 end_ns;
	__le64 user_ns;
	__le64 system_ns;
};

_Static_assert(sizeof(struct ktstr_worker_metrics) == 264, "no padding in struct ktstr_worker_metrics");

/* struct ktstr_test_result.status */
enum ktstr_guest_status {
	KTSTR_GUEST_DONE	= 0,	/* the scenario ran to its end: evidence is complete */
	KTSTR_GUEST_FAILED	= 1,	/* something under test failed; the reason says what */
	KTSTR_GUEST_ENV		= 2,	/* the environment could not do it; nobody's verdict */
	KTSTR_GUEST_ABORTED	= 3,	/* ended early on the host's request */
};

/* Why the guest read its clocks, struct ktstr_clock.why. */
enum ktstr_clock_why {
	KTSTR_CLOCK_BEGIN	= 1,	/* events are about to be recorded */
	KTSTR_CLOCK_END		= 2,	/* the last one is in */
	KTSTR_CLOCK_PING	= 3,	/* the host asked: @id is its number */
};

/* Which fields of struct ktstr_clock hold facts. */
#define KTSTR_CLOCK_HAS_CYCLES	1u
#define KTSTR_CLOCK_HAS_RING	2u

/**
 * struct ktstr_clock - the guest's clocks at one moment
 * @why: enum ktstr_clock_why
 * @valid: KTSTR_CLOCK_HAS_*
 * @id: of the ping, else 0
 * @cycles: guest TSC
 * @ring_ns: clock of the pages of ktstr.ko (KTSTR_CLOCK_LOCAL)
 * @mono_ns: CLOCK_MONOTONIC
 * @boot_ns: CLOCK_BOOTTIME
 * @window_ns: all of them were read within this time
 */
struct ktstr_clock {
	__le32 why;
	__le32 valid;
	__le64 id;
	__le64 cycles;
	__le64 ring_ns;
	__le64 mono_ns;
	__le64 boot_ns;
	__le64 window_ns;
};

_Static_assert(sizeof(struct ktstr_clock) == 56, "no padding in struct ktstr_clock");

/** struct ktstr_ping - the guest answers at once with CLCK, and a mark of @id in its events */
struct ktstr_ping {
	__le64 id;
};

/* The way that event records take, struct ktstr_events_info.path. */
enum ktstr_event_path {
	KTSTR_EVENTS_OFF	= 0,	/* none: the text says why */
	KTSTR_EVENTS_MODULE	= 1,	/* ktstr.ko: pages, spliced */
	KTSTR_EVENTS_BPF	= 2,	/* BPF ring buffers: plain records, copied */
};

/**
 * struct ktstr_events_info - event records are about to flow; before the first EVNT
 * @path: enum ktstr_event_path
 * @nr_cpus: CPUs are numbered below this
 * @page_size: of the guest's pages: an EVNT frame holds one or more, the
 *	last of which may end where its events do
 * @clock: enum ktstr_dev_clock_id: what times in pages count (plain records: MONO)
 * @buffer_bytes: room per CPU
 * @wanted: bit of every enum ktstr_event_type that was asked for
 * @attached: of these, what this kernel has a program for that works
 * @at: clocks, @at.why is KTSTR_CLOCK_BEGIN
 * @filter: what else was not asked for, KTSTR_FILTER_*
 * @reserved: 0
 *
 * Text follows: a line for everything that could not be had, with the reason, and for
 * every filter.
 */
struct ktstr_events_info {
	__le32 path;
	__le32 nr_cpus;
	__le32 page_size;
	__le32 clock;
	__le64 buffer_bytes;
	__le64 wanted;
	__le64 attached;
	struct ktstr_clock at;
	__le32 filter;
	__le32 reserved;
};

#define KTSTR_FILTER_CPUS	1u	/* events of some CPUs only */
#define KTSTR_FILTER_CGROUP	2u	/* events of some tasks only */
#define KTSTR_FILTER_TYPES	4u	/* types as asked for, not all that can happen */

_Static_assert(sizeof(struct ktstr_events_info) == 104, "no padding in struct ktstr_events_info");

#define KTSTR_LOSS_FINAL	1u	/* recording is off and all that there was has been sent */

/**
 * struct ktstr_event_loss - one CPU's account: when final, emitted == sent + lost exactly
 * @cpu: which
 * @flags: KTSTR_LOSS_FINAL
 * @emitted: records that programs and the module wanted to store
 * @lost: of these, found no room
 * @sent: of these, handed to port 1
 */
struct ktstr_event_loss {
	__le32 cpu;
	__le32 flags;
	__le64 emitted;
	__le64 lost;
	__le64 sent;
};

/**
 * struct ktstr_test_result - how the scenario ended, as the guest saw it; reason follows as text
 * @status: enum ktstr_guest_status
 * @reserved: 0
 */
struct ktstr_test_result {
	__le32 status;
	__le32 reserved;
};

/**
 * struct ktstr_sched_exit - the scheduler process ended
 * @wait_status: as from waitpid()
 * @expected: 1 if ktstr ended it after the window, 0 if it died by itself
 * @ran_ns: nanoseconds from exec to death
 * @state: sched_ext state right after
 */
struct ktstr_sched_exit {
	__le32 wait_status;
	__le32 expected;
	__le64 ran_ns;
	struct ktstr_sched_state state;
};

/** struct ktstr_exec_exit - @wait_status of an exec'ed command, as from waitpid() */
struct ktstr_exec_exit {
	__le32 wait_status;
	__le32 reserved;
};

/** struct ktstr_exit - @code of the whole run; the guest reboots after ACKR */
struct ktstr_exit {
	__le32 code;
	__le32 reserved;
};

#endif /* KTSTR_WIRE_H */
