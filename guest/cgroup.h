/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test's cgroups, in cgroup v2 (Documentation/admin-guide/cgroup-v2.rst).
 *
 * Paths are those of operations: below %KTSTR_CGROUP_ROOT, "a" or "a/b". All functions
 * return 0 or a negative errno with a sentence.
 */
#ifndef GUEST_CGROUP_H
#define GUEST_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <ktstr/cpulist.h>
#include <ktstr/error.h>

/**
 * cgroup__add() - make a cgroup whose parent is there
 * @path: which
 * @cpus: its cpuset; NULL: that of its parent
 * @e: sentence on failure
 *
 * The cpuset is read back: what is effective must be what was asked for, or shares
 * would be judged on other CPUs than planned.
 */
int cgroup__add(const char *path, const struct cpu_mask *cpus, struct ktstr_error *e);

/** cgroup__remove() - remove a cgroup without tasks and children */
int cgroup__remove(const char *path, struct ktstr_error *e);

/** cgroup__set_cpus() - set its cpuset, NULL: inherit; read back like cgroup__add() */
int cgroup__set_cpus(const char *path, const struct cpu_mask *cpus, struct ktstr_error *e);

/** cgroup__effective() - the CPUs that its tasks may use now */
int cgroup__effective(const char *path, struct cpu_mask *out, struct ktstr_error *e);

/** cgroup__set_weight() - cpu.weight */
int cgroup__set_weight(const char *path, uint64_t weight, struct ktstr_error *e);

/** cgroup__set_quota() - cpu.max in us; @quota_us 0: no limit */
int cgroup__set_quota(const char *path, uint64_t quota_us, uint64_t period_us,
		      struct ktstr_error *e);

/** cgroup__set_memory_max() - memory.max in KiB; 0: no limit */
int cgroup__set_memory_max(const char *path, uint64_t kib, struct ktstr_error *e);

/**
 * cgroup__freeze() - freeze or thaw, and wait until the kernel says that it is so
 *
 * Context: main thread; runs the event loop. Return: -ETIMEDOUT when the kernel does not
 * get its tasks frozen within two seconds: under a scheduler that does not run them it cannot.
 */
int cgroup__freeze(const char *path, bool frozen, struct ktstr_error *e);

/** cgroup__attach() - move a process with all its threads */
int cgroup__attach(const char *path, pid_t pid, struct ktstr_error *e);

/**
 * cgroup__make() - make a cgroup, and those above it, that is not there
 * @path: below %KTSTR_CGROUP_MOUNT
 * @id: its id, as the kernel's events have it
 * @level: how many cgroups are above it
 * @e: sentence on failure
 */
int cgroup__make(const char *path, uint64_t *id, uint32_t *level, struct ktstr_error *e);

#endif /* GUEST_CGROUP_H */
