// SPDX-License-Identifier: GPL-2.0-only
/*
 * No event programs: there was no clang, or no BTF, when ktstr was built.
 */
#include <errno.h>

#include "bpf_load.h"

int bpf_load__start(const struct bpf_load_opts *opts, uint64_t *attached)
{
	*attached = 0;
	opts->missing("ktstr was built without its BPF programs: install clang-19, run \"make sched\" and build it again");
	return -ENOTSUP;
}

void bpf_load__plain(bool on)
{
	(void)on;
}

int bpf_load__tasks(void)
{
	return -ENOTSUP;
}

int bpf_load__mark(uint64_t id, uint64_t arg)
{
	(void)id;
	(void)arg;
	return -ENOTSUP;
}

int bpf_load__cgroup(uint64_t id, const char *path)
{
	(void)id;
	(void)path;
	return -ENOTSUP;
}

int bpf_load__scx_counter(struct ktstr_ev_scx_counter *ev)
{
	(void)ev;
	return -ENOTSUP;
}

int bpf_load__ring_fd(unsigned int cpu)
{
	(void)cpu;
	return -ENOTSUP;
}

size_t bpf_load__waiting(unsigned int cpu)
{
	(void)cpu;
	return 0;
}

void bpf_load__consume(unsigned int cpu, bool (*take)(const void *rec, size_t len))
{
	(void)cpu;
	(void)take;
}

int bpf_load__counts(struct bpf_load_count *counts, unsigned int nr)
{
	(void)counts;
	(void)nr;
	return -ENOTSUP;
}

uint64_t bpf_load__skipped(void)
{
	return 0;
}
