// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plan's cgroups.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "kfile.h"

#define CONTROLLERS	"+cpu +cpuset"

static void path_of(char *path, const struct guest_plan_cgroup *cg, const char *file)
{
	snprintf(path, PATH_MAX, "%s/%s%s%s", KTSTR_CGROUP_ROOT, cg->name, *file ? "/" : "", file);
}

static int set_file(const char *path, const char *text, struct ktstr_error *e)
{
	int err = kfile__write(path, text);

	if (err)
		return ktstr_error_set(e, err, "cannot write \"%s\" to %s: %s", text, path,
				       strerror(-err));
	return 0;
}

static int make_dir(const char *path, struct ktstr_error *e)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		return ktstr_error_set(e, -errno, "cannot make the cgroup %s: %s", path,
				       strerror(errno));
	return 0;
}

static int create_root(struct ktstr_error *e)
{
	int err = set_file(KTSTR_CGROUP_MOUNT "/cgroup.subtree_control", CONTROLLERS, e);

	if (!err)
		err = make_dir(KTSTR_CGROUP_ROOT, e);
	if (!err)
		err = set_file(KTSTR_CGROUP_ROOT "/cgroup.subtree_control", CONTROLLERS, e);
	return err;
}

static int wrong_cpus(const struct guest_plan_cgroup *cg, const char *have, struct ktstr_error *e)
{
	return ktstr_error_set(e, -EINVAL,
			       "cgroup %s was to run on CPUs %.100s, but the guest gives it %.100s: choose a topology that has these CPUs",
			       cg->name, cg->cpuset, have);
}

static int check_effective(const struct guest_plan_cgroup *cg, struct ktstr_error *e)
{
	char path[PATH_MAX], list[4096];
	struct cpu_mask have;
	int err;

	path_of(path, cg, "cpuset.cpus.effective");
	err = kfile__read_line(path, list, sizeof(list));
	if (err < 0)
		return ktstr_error_set(e, err, "cannot read %s: %s", path, strerror(-err));
	if (cpulist__parse(list, &have) || !cpu_mask__equal(&have, &cg->cpus))
		return wrong_cpus(cg, list, e);
	return 0;
}

static int create_one(const struct guest_plan_cgroup *cg, struct ktstr_error *e)
{
	char path[PATH_MAX];
	int err;

	path_of(path, cg, "");
	err = make_dir(path, e);
	if (err)
		return err;
	path_of(path, cg, "cpuset.cpus");
	err = set_file(path, cg->cpuset, e);
	/* A CPU beyond those the kernel was built for. */
	if (err == -ERANGE || err == -EINVAL)
		return wrong_cpus(cg, "no such CPUs", e);
	if (err)
		return err;
	return check_effective(cg, e);
}

int cgroup__create_all(const struct guest_plan *plan, struct ktstr_error *e)
{
	int err;

	if (!plan->nr_cgroups)
		return 0;
	err = create_root(e);
	for (unsigned int i = 0; !err && i < plan->nr_cgroups; i++)
		err = create_one(&plan->cgroups[i], e);
	return err;
}

int cgroup__make(const char *path, uint64_t *id, uint32_t *level, struct ktstr_error *e)
{
	char dir[PATH_MAX];
	struct stat st;
	int err;

	*level = 0;
	for (size_t len = 0;; len++) {
		len += strcspn(path + len, "/");
		snprintf(dir, sizeof(dir), KTSTR_CGROUP_MOUNT "/%.*s", (int)len, path);
		err = make_dir(dir, e);
		if (err)
			return err;
		++*level;
		if (!path[len])
			break;
	}
	if (stat(dir, &st))
		return ktstr_error_set(e, -errno, "cannot look at the cgroup %s: %s", dir,
				       strerror(errno));
	/* kernfs gives files the numbers that it knows them by (fs/kernfs/inode.c). */
	*id = st.st_ino;
	return 0;
}

int cgroup__attach(const struct guest_plan_cgroup *cg, pid_t pid, struct ktstr_error *e)
{
	char path[PATH_MAX], text[16];

	path_of(path, cg, "cgroup.procs");
	snprintf(text, sizeof(text), "%d", pid);
	return set_file(path, text, e);
}
