/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine that scx_ktstr runs on: CPUs, cores and last-level caches from sysfs.
 */
#ifndef KTSTR_BPF_SCX_TOPO_H
#define KTSTR_BPF_SCX_TOPO_H

#include <stdint.h>

#include <ktstr/error.h>
#include <ktstr/scx_ktstr.h>

/**
 * struct scx_topo - CPUs and how they are grouped
 * @nr_cpus: CPUs that the kernel may ever have: greatest number + 1
 * @nr_llcs: last-level caches, numbered in the order of their first CPU
 * @llc_of: a CPU's cache, or %KTSTR_SCX_NO_LLC of one that is offline
 * @llc_cpus: the CPUs of a cache
 * @smt_cpus: the CPUs of a CPU's core, itself included
 */
struct scx_topo {
	uint32_t nr_cpus;
	uint32_t nr_llcs;
	uint8_t llc_of[KTSTR_SCX_CPUS_MAX];
	uint64_t llc_cpus[KTSTR_SCX_LLCS_MAX];
	uint64_t smt_cpus[KTSTR_SCX_CPUS_MAX];
};

/**
 * scx_topo__read() - read the topology
 * @t: result
 * @dir: /sys/devices/system/cpu, or in tests a directory like it
 * @e: the sentence of a failure
 *
 * CPUs of which no cache is told share one.
 * Return: 0, -E2BIG with more CPUs than a word has bits, or another negative errno.
 */
int scx_topo__read(struct scx_topo *t, const char *dir, struct ktstr_error *e);

#endif /* KTSTR_BPF_SCX_TOPO_H */
