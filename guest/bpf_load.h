/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event programs (bpf/): loaded, attached, and asked for a mark. bpf_none.c
 * stands in where ktstr was built without them.
 *
 * They are never detached: a guest ends soon after its recording does.
 */
#ifndef GUEST_BPF_LOAD_H
#define GUEST_BPF_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/cpulist.h>
#include <ktstr/event.h>

/**
 * struct bpf_load_opts - what to load
 * @events: bit of every enum ktstr_event_type that is wanted
 * @cpus: only what happens on these, NULL: on all; who a task is, is told wherever it is
 * @cgroup: id of a cgroup: only of tasks in it or below; 0: of all
 * @cgroup_level: how many cgroups are above it
 * @plain_cpus: 0: records go to ktstr.ko, which is loaded; else each of so many CPUs
 *	gets a BPF ring buffer
 * @plain_bytes: of such a ring, a power of two and whole pages
 * @plain_watermark: bytes in such a ring at which its descriptor becomes readable, by an
 *	edge; see bpf_load__ring_fd()
 * @missing: told of everything that could not be had, as a sentence
 */
struct bpf_load_opts {
	uint64_t events;
	const struct cpu_mask *cpus;
	uint64_t cgroup;
	uint32_t cgroup_level;
	unsigned int plain_cpus;
	size_t plain_bytes;
	uint32_t plain_watermark;
	void (*missing)(const char *line);
};

/** struct bpf_load_count - what a CPU's programs did with their records */
struct bpf_load_count {
	uint64_t emitted;
	uint64_t lost;
	uint64_t lost_told;	/* in the stream, by a KTSTR_MARK_LOST */
	uint64_t woke;		/* @emitted when the reader was woken last */
};

/**
 * bpf_load__start() - load and attach what this kernel takes
 * @opts: what
 * @attached: bit of every event that is going to be told
 *
 * A program that does not load or attach is left out and told to @missing.
 * Return: 0; -ENOLINK they would not find ktstr.ko; -ENOTSUP ktstr was built without
 * programs; another negative errno when none can be had, which @missing was told too.
 */
int bpf_load__start(const struct bpf_load_opts *opts, uint64_t *attached);

/** bpf_load__plain() - let records into the BPF rings, or no more; waits for those on their way */
void bpf_load__plain(bool on);

/** bpf_load__tasks() - emit every task that is there; return: 0 or a negative errno */
int bpf_load__tasks(void);

/** bpf_load__mark() - emit a mark; return: 0 or a negative errno */
int bpf_load__mark(uint64_t id, uint64_t arg);

/** bpf_load__cgroup() - emit @path, below the root, of cgroup @id; return: 0 or a negative errno */
int bpf_load__cgroup(uint64_t id, const char *path);

/** bpf_load__scx_counter() - emit @ev, whose type is filled in; return: 0 or a negative errno */
int bpf_load__scx_counter(struct ktstr_ev_scx_counter *ev);

/** bpf_load__ring_fd() - a descriptor whose edge tells of the watermark in a CPU's ring */
int bpf_load__ring_fd(unsigned int cpu);

/** bpf_load__waiting() - bytes in a CPU's ring, with the kernel's headers */
size_t bpf_load__waiting(unsigned int cpu);

/** bpf_load__consume() - give @take the records of a CPU's ring, until it returns false */
void bpf_load__consume(unsigned int cpu, bool (*take)(const void *rec, size_t len));

/** bpf_load__counts() - the accounts of CPUs 0 to @nr - 1; return: 0 or a negative errno */
int bpf_load__counts(struct bpf_load_count *counts, unsigned int nr);

/** bpf_load__skipped() - calls that the kernel skipped because a program was inside itself */
uint64_t bpf_load__skipped(void);

#endif /* GUEST_BPF_LOAD_H */
