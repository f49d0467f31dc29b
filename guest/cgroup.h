/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan's cgroups, in cgroup v2 (Documentation/admin-guide/cgroup-v2.rst).
 */
#ifndef GUEST_CGROUP_H
#define GUEST_CGROUP_H

#include <stdint.h>
#include <sys/types.h>

#include <ktstr/error.h>

#include "plan_read.h"

/**
 * cgroup__create_all() - make %KTSTR_CGROUP_ROOT and a child for every cgroup of the plan
 * @plan: plan
 * @e: sentence on failure
 *
 * Each child's cpuset is set and read back: what is effective must be what was
 * asked for, or shares would be judged on other CPUs than planned.
 * Return: 0; -EINVAL when the effective cpuset differs; other negative errno.
 */
int cgroup__create_all(const struct guest_plan *plan, struct ktstr_error *e);

/**
 * cgroup__make() - make a cgroup, and those above it, that is not there
 * @path: below %KTSTR_CGROUP_MOUNT
 * @id: its id, as the kernel's events have it
 * @level: how many cgroups are above it
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int cgroup__make(const char *path, uint64_t *id, uint32_t *level, struct ktstr_error *e);

/** cgroup__attach() - move a process into a cgroup of the plan; return: 0 or negative errno */
int cgroup__attach(const struct guest_plan_cgroup *cg, pid_t pid, struct ktstr_error *e);

#endif /* GUEST_CGROUP_H */
