/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What scx_ktstr and those who steer it share: the faults it can be made to have, in
 * the BPF array map "ktstr_faults", and what it counts.
 *
 * The map has one element, struct ktstr_faults, which is mapped memory: whoever can
 * write it, the loader, a program in the guest with the map's file descriptor or the
 * host into the guest's memory, switches faults on and off while the scheduler runs.
 * Order of a write: fill in faults[i] (@after_ns, @arg, @name), set or clear bit i of
 * @armed, then count @seq up. @seq_taken follows when the scheduler has seen it, which is
 * at its next enqueue, dispatch or tick. Numbers are little endian.
 *
 * Who finds the element in memory, where it begins a page, may have found what an earlier
 * scheduler left behind, or what has become part of something else: it is alive only if
 * @beat is seen to change, and only then may it be written.
 */
#ifndef KTSTR_SCX_KTSTR_H
#define KTSTR_SCX_KTSTR_H

#ifndef __VMLINUX_H__	/* BPF programs have these types from vmlinux.h */
#include <linux/types.h>
#endif

#define KTSTR_FAULTS_MAGIC	0x53544c554146544bull	/* "KTFAULTS" in memory */
#define KTSTR_FAULTS_VERSION	2
#define KTSTR_FAULT_NAME_MAX	64	/* bytes, with the final NUL */

/* Bit and index in struct ktstr_faults; the values are fixed. */
enum ktstr_fault_id {
	KTSTR_FAULT_STALL_TASK		= 0,	/* @arg pid, or @name a prefix of the comm */
	KTSTR_FAULT_IGNORE_CPU		= 1,	/* @arg CPU */
	KTSTR_FAULT_STALL		= 2,
	KTSTR_FAULT_ERROR		= 3,	/* @name the message */
	KTSTR_FAULT_LOSE_WAKEUPS	= 4,	/* @arg every how many-th */
	KTSTR_FAULT_STARVE_CGROUP	= 5,	/* @arg cgroup id, or @name its last component */
	KTSTR_FAULT_BREAK_WEIGHT	= 6,	/* @arg enum ktstr_break_weight */
	KTSTR_FAULT_BOUNCE		= 7,
	KTSTR_FAULT_BOGUS_DSQ		= 8,
	KTSTR_FAULT_LOOP		= 9,	/* @arg ms */
	KTSTR_FAULT_SLOW		= 10,	/* @arg ms */
	KTSTR_FAULT_NR,
};

enum ktstr_break_weight {
	KTSTR_WEIGHT_IGNORE	= 0,	/* everybody weighs the same */
	KTSTR_WEIGHT_INVERT	= 1,	/* who should get more gets less */
};

/**
 * struct ktstr_fault - one fault
 * @after_ns: it begins so long after the scheduler has seen it armed
 * @arg: see enum ktstr_fault_id
 * @name: the same, NUL terminated; empty if @arg counts
 * @since_ns: CLOCK_MONOTONIC when it was seen armed, 0 while it is not; the scheduler's
 * @hits: how often it did something; the scheduler's
 */
struct ktstr_fault {
	__u64 after_ns;
	__u64 arg;
	char name[KTSTR_FAULT_NAME_MAX];
	__u64 since_ns;
	__u64 hits;
};

#define KTSTR_FAULTS_ROOM	16	/* entries; those from KTSTR_FAULT_NR on are not used */

/**
 * struct ktstr_faults - the only element of the map
 * @magic: %KTSTR_FAULTS_MAGIC; the loader clears it when it ends in good order
 * @version: %KTSTR_FAULTS_VERSION
 * @size: of this struct in bytes
 * @seq: counted up by whoever has changed something, after the change
 * @seq_taken: the @seq that the scheduler goes by; the scheduler's
 * @armed: bits 1 << enum ktstr_fault_id
 * @random: state of the generator behind every random choice, from the seed; not 0
 * @faults: by enum ktstr_fault_id
 * @beat: changes at every tick, whenever a CPU becomes idle, and while a fault is armed at every
 *	enqueue; the scheduler's. Far from what all CPUs read.
 */
struct ktstr_faults {
	__u64 magic;
	__u32 version;
	__u32 size;
	__u64 seq;
	__u64 seq_taken;
	__u64 armed;
	__u64 random;
	struct ktstr_fault faults[KTSTR_FAULTS_ROOM];
	__u64 beat;
};

#define KTSTR_SCX_CPUS_MAX	64	/* a set of CPUs is one word */
#define KTSTR_SCX_LLCS_MAX	64
#define KTSTR_SCX_NO_LLC	0xff	/* instead, of a CPU that was offline */

/*
 * What is counted, on each CPU: X(name, description). The order is that of the map
 * "counters", an array of __u64 for each CPU.
 */
#define KTSTR_SCX_COUNTERS(X)								\
	X(wakeups,	"tasks that became runnable by waking up")			\
	X(enqueues,	"tasks handed to the scheduler to be queued")			\
	X(dispatch_local, "tasks put on a CPU's own queue: idle CPU, per-CPU kthread")	\
	X(dispatch_global, "tasks put on the queue of an LLC")				\
	X(idle_picks,	"tasks for which an idle CPU was found")			\
	X(keeps,	"slices renewed because nobody was due before")			\
	X(preempts,	"running tasks put off for a woken one")			\
	X(steals,	"tasks taken from another LLC because the own had none")	\
	X(balances,	"tasks taken from another LLC because they lagged behind")	\
	X(migrations_cpu, "tasks that went on on another CPU")				\
	X(migrations_llc, "tasks that went on in another LLC")				\
	X(faults,	"times that a fault did something")

#define KTSTR_SCX_COUNTER_ENUM(name, desc) KTSTR_SCX_##name,
enum ktstr_scx_counter {
	KTSTR_SCX_COUNTERS(KTSTR_SCX_COUNTER_ENUM)
	KTSTR_SCX_NR_COUNTERS,
};

#endif /* KTSTR_SCX_KTSTR_H */
