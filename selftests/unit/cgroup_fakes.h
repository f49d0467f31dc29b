/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cgroups that are made up, in place of guest/cgroup.c: where its tests run there may be none.
 */
#ifndef CGROUP_FAKES_H
#define CGROUP_FAKES_H

#include "guest/cgroup.h"

/* What the kernel would say of every cgroup. */
static struct cpu_mask effective;

int cgroup__effective(const char *path, struct cpu_mask *out, struct ktstr_error *e)
{
	(void)path;
	(void)e;
	*out = effective;
	return 0;
}

int cgroup__attach(const char *path, pid_t pid, struct ktstr_error *e)
{
	(void)path;
	(void)pid;
	(void)e;
	return 0;
}

/* The linker wants the rest, too. */
#define FAKE(name, ...) int cgroup__##name(__VA_ARGS__) { return 0; }
#define U __attribute__((unused))
FAKE(add, U const char *path, U const struct cpu_mask *cpus, U struct ktstr_error *e)
FAKE(remove, U const char *path, U struct ktstr_error *e)
FAKE(set_cpus, U const char *path, U const struct cpu_mask *cpus, U struct ktstr_error *e)
FAKE(set_weight, U const char *path, U uint64_t weight, U struct ktstr_error *e)
FAKE(set_quota, U const char *path, U uint64_t us, U uint64_t period, U struct ktstr_error *e)
FAKE(set_memory_max, U const char *path, U uint64_t kib, U struct ktstr_error *e)
FAKE(freeze, U const char *path, U bool frozen, U struct ktstr_error *e)
FAKE(make, U const char *path, U uint64_t *id, U uint32_t *level, U struct ktstr_error *e)

#undef FAKE
#undef U

#endif /* CGROUP_FAKES_H */
