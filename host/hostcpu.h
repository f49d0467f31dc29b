/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's CPUs as its kernel describes them in /proc and /sys.
 *
 * What a file should say and does not, because it is missing or makes no sense, is
 * unknown, and everything that uses it has to live with that.
 */
#ifndef KTSTR_HOST_HOSTCPU_H
#define KTSTR_HOST_HOSTCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/cpulist.h>
#include <ktstr/error.h>

#define HOSTCPU_NODES	64u
#define HOSTCPU_UNKNOWN	(-1)

/**
 * struct hostcpu_one - a CPU
 * @online: it is
 * @allowed: online, and this process may run there (affinity and cpuset)
 * @core: its lowest SMT sibling; itself when that is unknown
 * @thread: how many of its siblings have a lower number
 * @llc: the lowest CPU of those that share its last-level cache, or %HOSTCPU_UNKNOWN
 * @node: NUMA node; 0 when that is unknown
 */
struct hostcpu_one {
	bool online;
	bool allowed;
	int core;
	int thread;
	int llc;
	int node;
};

/**
 * struct hostcpu_node - a NUMA node
 * @free_kib: free memory, 0 when unknown
 * @free_huge: free huge pages of 2 MiB that were set aside
 */
struct hostcpu_node {
	uint64_t free_kib;
	uint64_t free_huge;
};

/**
 * struct hostcpu - a host
 * @cpu: by number
 * @allowed: those that are allowed, as a set; @nr_allowed of them
 * @node: by number
 * @thp: transparent huge pages are given to who asks for them
 * @rt_runtime_us: kernel.sched_rt_runtime_us; -1: no limit, 0: unknown
 */
struct hostcpu {
	struct hostcpu_one cpu[CPU_MASK_BITS];
	struct cpu_mask allowed;
	uint32_t nr_allowed;
	struct hostcpu_node node[HOSTCPU_NODES];
	bool thp;
	long rt_runtime_us;
};

/**
 * hostcpu__read() - read a host
 * @h: result
 * @root: directory before /proc and /sys; "" for this host
 * @e: sentence on failure
 *
 * Return: 0; -ENODATA when it cannot be said which CPUs this process may use.
 */
int hostcpu__read(struct hostcpu *h, const char *root, struct ktstr_error *e);

#endif /* KTSTR_HOST_HOSTCPU_H */
