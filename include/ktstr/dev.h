/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/ktstr: what ktstr.ko and its users agree on.
 *
 * An open file reads the events of one CPU, which KTSTR_IOC_BIND chooses once.
 * read() and splice() hand out pages of the kernel's ring buffer as they are;
 * libtraceevent's kbuffer decodes them, KTSTR_IOC_INFO has what it must be told. read()
 * copies whole pages. splice() gives each away as one piece that ends behind its
 * last event; it wants room for whole ones all the same.
 * A page that is full is handed out at once. The page that is still being written to
 * is handed out when the bytes waiting have reached the file's watermark, or when
 * recording is off; recording off and nothing left is the end of file. A blocking
 * reader sleeps until the watermark is reached, and poll() says when it is.
 *
 * When a buffer is full the newest event is lost, so that a page, once given away,
 * tells everything that happened in its time. For each CPU
 *
 *	emitted == read + lost + entries
 *
 * holds exactly whenever nobody is emitting on it. Where events are missing the
 * stream has a KTSTR_MARK_LOST in front of the next one that found room.
 */
#ifndef KTSTR_DEV_H
#define KTSTR_DEV_H

#include <ktstr/event.h>
#include <linux/ioctl.h>
#include <linux/types.h>

#define KTSTR_DEV_NODE		"/dev/ktstr"
#define KTSTR_DEV_VERSION	2

/* struct ktstr_ev_mark.id of the module's stimuli: | enum ktstr_stimulus_kind */
#define KTSTR_MARK_STIM_START	(KTSTR_MARK_KERNEL | 0x100)	/* arg: ns asked for */
#define KTSTR_MARK_STIM_END	(KTSTR_MARK_KERNEL | 0x200)	/* arg: ns it took */

/* struct ktstr_dev_info.clock: what the times in the pages count. */
enum ktstr_dev_clock_id {
	KTSTR_CLOCK_LOCAL	= 0,	/* sched_clock(): see struct ktstr_dev_clock */
	KTSTR_CLOCK_MONO	= 1,	/* CLOCK_MONOTONIC */
};

#define KTSTR_DEV_F_STIMULI	1u	/* loaded with stimuli=1: _EMIT and _STIMULUS work */
#define KTSTR_DEV_F_ON		2u	/* recording is on */

/**
 * struct ktstr_dev_info - how to use the device and read its pages
 * @version: %KTSTR_DEV_VERSION
 * @flags: KTSTR_DEV_F_*
 * @page_size: bytes of a page, the unit of read(), and the most that splice() makes of one
 * @commit_offset: where in a page its fill level is
 * @commit_size: bytes of that field (kbuffer: the kernel's long)
 * @data_offset: where in a page its events begin
 * @clock: enum ktstr_dev_clock_id
 * @nr_cpus: CPUs are numbered below this
 * @size: bytes per CPU, a multiple of @page_size
 */
struct ktstr_dev_info {
	__u32 version;
	__u32 flags;
	__u32 page_size;
	__u32 commit_offset;
	__u32 commit_size;
	__u32 data_offset;
	__u32 clock;
	__u32 nr_cpus;
	__u64 size;
};

/**
 * struct ktstr_dev_stats - one CPU's account
 * @cpu: in: which
 * @reserved: 0
 * @emitted: records that somebody wanted to emit while recording was on
 * @lost: of these, how many found no room
 * @read: of these, how many have been given to readers
 * @entries: of these, how many are in the buffer
 * @bytes: that these occupy: what a watermark is compared with
 */
struct ktstr_dev_stats {
	__u32 cpu;
	__u32 reserved;
	__u64 emitted;
	__u64 lost;
	__u64 read;
	__u64 entries;
	__u64 bytes;
};

/**
 * struct ktstr_dev_clock - several clocks at one moment
 * @cycles: TSC, 0 where there is none
 * @ring_ns: clock of the events
 * @mono_ns: CLOCK_MONOTONIC
 * @boot_ns: CLOCK_BOOTTIME
 * @window_ns: the clocks were read within this time, @ring_ns in the middle of it
 *
 * ring_buffer_set_clock() is not for modules, so events have the ring buffer's
 * own clock. All clocks here go at constant rates: two snapshots, before and
 * after, give the line that converts one into another.
 */
struct ktstr_dev_clock {
	__u64 cycles;
	__u64 ring_ns;
	__u64 mono_ns;
	__u64 boot_ns;
	__u64 window_ns;
};

/**
 * struct ktstr_dev_facts - what HELO wants to know and a module can
 * @valid: KTSTR_HELO_* of wire.h: the fields that hold facts
 * @reserved: 0
 * @kaslr_offset: bytes between the linked and the running kernel text
 * @phys_base: the kernel's phys_base
 * @page_offset: start of the direct map
 * @tsc_khz: TSC frequency
 */
struct ktstr_dev_facts {
	__u32 valid;
	__u32 reserved;
	__u64 kaslr_offset;
	__u64 phys_base;
	__u64 page_offset;
	__u64 tsc_khz;
};

/** struct ktstr_dev_mark - emit struct ktstr_ev_mark; @id without %KTSTR_MARK_KERNEL */
struct ktstr_dev_mark {
	__u64 id;
	__u64 arg;
};

/* From where KTSTR_IOC_EMIT emits. */
enum ktstr_emit_context {
	KTSTR_EMIT_TASK		= 0,	/* here */
	KTSTR_EMIT_SOFTIRQ	= 1,	/* on this CPU */
	KTSTR_EMIT_HARDIRQ	= 2,	/* in an interrupt of CPU @cpu */
	KTSTR_EMIT_NMI		= 3,	/* in an NMI of CPU @cpu; x86 only */
};

#define KTSTR_EMIT_MAX		(1u << 20)	/* records at once in task context */
#define KTSTR_EMIT_ATOMIC_MAX	4096u		/* and elsewhere */

/**
 * struct ktstr_dev_emit - emit records as a BPF program would: for tests, with stimuli=1
 * @rec: user address of the record
 * @len: its length, a multiple of 4 up to KTSTR_EV_SIZE_MAX
 * @count: how many; from the second on the record's last 8 bytes are one more each
 *	time, if it has 16 bytes or more
 * @context: enum ktstr_emit_context
 * @cpu: for contexts that take one, else 0
 * @stored: out: how many found room
 */
struct ktstr_dev_emit {
	__u64 rec;
	__u32 len;
	__u32 count;
	__u32 context;
	__u32 cpu;
	__u64 stored;
};

/* Things a kernel can do to a scheduler. */
enum ktstr_stimulus_kind {
	KTSTR_STIM_SPIN_PREEMPT	= 1,	/* preemption off */
	KTSTR_STIM_SPIN_IRQ	= 2,	/* interrupts off */
	KTSTR_STIM_SPIN_SOFTIRQ	= 3,	/* in a softirq */
	KTSTR_STIM_HOG		= 4,	/* a kernel thread of some policy that never sleeps */
	KTSTR_STIM_WAKE_STORM	= 5,	/* a timer that wakes a kernel thread every period */
	KTSTR_STIM_HOTPLUG	= 6,	/* the CPU is taken away, and comes back */
	KTSTR_STIM_WARN		= 7,
	KTSTR_STIM_PANIC	= 8,
	KTSTR_STIM_NR,
};

#define KTSTR_STIM_MAX_NS	10000000000ull	/* no stimulus lasts longer */
#define KTSTR_STIM_MIN_PERIOD	20000ull	/* ns between wakeups of a storm */
#define KTSTR_STIM_ALL_CPUS	(~0u)		/* that are online, all at once */

/**
 * struct ktstr_stimulus - do it now; the call comes back when it is over
 * @kind: enum ktstr_stimulus_kind
 * @cpu: where, or %KTSTR_STIM_ALL_CPUS but for a hotplug; 0 for a WARN and a panic
 * @duration_ns: from its start on each CPU, and a second more at most from the call;
 *	1 to %KTSTR_STIM_MAX_NS, but 0 for a WARN and a panic
 * @policy: SCHED_* of a hog's or storm's thread, else 0
 * @prio: its priority (SCHED_FIFO, SCHED_RR) or nice value, else 0
 * @period_ns: of a storm; of SCHED_DEADLINE; else 0
 * @runtime_ns: of SCHED_DEADLINE, else 0
 * @took_ns: out: how long it lasted, the longest where there were several CPUs
 * @wakeups: out: of a storm's threads, together
 *
 * Needs CAP_SYS_ADMIN and a module loaded with stimuli=1. A fatal signal ends it.
 * Every CPU's stream has a mark where it starts there and one where it ends.
 */
struct ktstr_stimulus {
	__u32 kind;
	__u32 cpu;
	__u64 duration_ns;
	__u32 policy;
	__s32 prio;
	__u64 period_ns;
	__u64 runtime_ns;
	__u64 took_ns;
	__u64 wakeups;
};

_Static_assert(sizeof(struct ktstr_dev_info) == 40, "no padding in struct ktstr_dev_info");
_Static_assert(sizeof(struct ktstr_dev_stats) == 48, "no padding in struct ktstr_dev_stats");
_Static_assert(sizeof(struct ktstr_dev_clock) == 40, "no padding in struct ktstr_dev_clock");
_Static_assert(sizeof(struct ktstr_dev_facts) == 40, "no padding in struct ktstr_dev_facts");
_Static_assert(sizeof(struct ktstr_dev_mark) == 16, "no padding in struct ktstr_dev_mark");
_Static_assert(sizeof(struct ktstr_dev_emit) == 32, "no padding in struct ktstr_dev_emit");
_Static_assert(sizeof(struct ktstr_stimulus) == 56, "no padding in struct ktstr_stimulus");

#define KTSTR_IOC_MAGIC		0xbc

/*
 * Unknown requests fail with ENOTTY, arguments that make no sense with EINVAL, a bad
 * address with EFAULT. _BIND fails with EBUSY when the file is bound; _SET_SIZE and
 * _RESET fail with EBUSY while recording is on, and drop what is in the buffers and
 * all counts. _SET_SIZE takes bytes per CPU: whole pages, two at least. _WATERMARK
 * takes bytes, up to half of the size; it is a page until it is set.
 */
#define KTSTR_IOC_INFO		_IOR(KTSTR_IOC_MAGIC, 0, struct ktstr_dev_info)
#define KTSTR_IOC_BIND		_IOW(KTSTR_IOC_MAGIC, 1, __u32)
#define KTSTR_IOC_WATERMARK	_IOW(KTSTR_IOC_MAGIC, 2, __u64)
#define KTSTR_IOC_SET_SIZE	_IOW(KTSTR_IOC_MAGIC, 3, __u64)
#define KTSTR_IOC_ENABLE	_IO(KTSTR_IOC_MAGIC, 4)
#define KTSTR_IOC_DISABLE	_IO(KTSTR_IOC_MAGIC, 5)
#define KTSTR_IOC_RESET		_IO(KTSTR_IOC_MAGIC, 6)
#define KTSTR_IOC_STATS		_IOWR(KTSTR_IOC_MAGIC, 7, struct ktstr_dev_stats)
#define KTSTR_IOC_CLOCK		_IOR(KTSTR_IOC_MAGIC, 8, struct ktstr_dev_clock)
#define KTSTR_IOC_FACTS		_IOR(KTSTR_IOC_MAGIC, 9, struct ktstr_dev_facts)
#define KTSTR_IOC_MARK		_IOW(KTSTR_IOC_MAGIC, 10, struct ktstr_dev_mark)
#define KTSTR_IOC_EMIT		_IOWR(KTSTR_IOC_MAGIC, 11, struct ktstr_dev_emit)
#define KTSTR_IOC_STIMULUS	_IOWR(KTSTR_IOC_MAGIC, 12, struct ktstr_stimulus)

#define KTSTR_PANIC_BEGIN	"ktstr: panic: "	/* and the reason; on COM2 */
#define KTSTR_PANIC_END		"ktstr: end of panic\n"

#endif /* KTSTR_DEV_H */
