// SPDX-License-Identifier: GPL-2.0-only
/*
 * A test's cgroups.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/op.h>
#include <ktstr/plan.h>

#include "cgroup.h"
#include "clock.h"
#include "kfile.h"
#include "loop.h"

#define POSSIBLE	"/sys/devices/system/cpu/possible"
#define CONTROLLERS	"+cpu +cpuset"
#define FREEZE_MS	2000u
#define LIST_MAX	4096u		/* bytes of a CPU list: any of CPU_MASK_BITS */

static void path_of(char *path, const char *cg, const char *file)
{
	snprintf(path, PATH_MAX, "%s%s%s%s%s", KTSTR_CGROUP_ROOT, *cg ? "/" : "", cg,
		 *file ? "/" : "", file);
}

static int set_file(const char *path, const char *text, struct ktstr_error *e)
{
	int err = kfile__write(path, text);

	if (err)
		return ktstr_error_set(e, err, "cannot write \"%s\" to %s: %s", text, path,
				       strerror(-err));
	return 0;
}

static int set(const char *cg, const char *file, const char *text, struct ktstr_error *e)
{
	char path[PATH_MAX];

	path_of(path, cg, file);
	return set_file(path, text, e);
}

static int make_dir(const char *path, struct ktstr_error *e)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		return ktstr_error_set(e, -errno, "cannot make the cgroup %s: %s", path,
				       strerror(errno));
	return 0;
}

/* Done for every cgroup: those whose events are wanted may be there before any operation. */
static int create_root(struct ktstr_error *e)
{
	int err = set_file(KTSTR_CGROUP_MOUNT "/cgroup.subtree_control", CONTROLLERS, e);

	if (!err)
		err = make_dir(KTSTR_CGROUP_ROOT, e);
	return err ? err : set("", "cgroup.subtree_control", CONTROLLERS, e);
}

/* "" for the root of all of them. */
static void parent_of(const char *cg, char *parent)
{
	const char *slash = strrchr(cg, '/');

	snprintf(parent, KTSTR_OP_CGROUP_MAX, "%.*s", slash ? (int)(slash - cg) : 0, cg);
}

/* What the cgroup above must hand down: the root's own is done by create_root(). */
static int hand_down(const char *cg, const char *controllers, struct ktstr_error *e)
{
	char parent[KTSTR_OP_CGROUP_MAX];

	parent_of(cg, parent);
	return set(parent, "cgroup.subtree_control", controllers, e);
}

static int wrong_cpus(const char *cg, const struct cpu_mask *want, const char *have,
		      struct ktstr_error *e)
{
	char list[LIST_MAX];

	return ktstr_error_set(e, -EINVAL,
			       "cgroup %s was to run on CPUs %.100s, but the guest gives it %.100s: choose a topology that has these CPUs",
			       cg, cpu_mask__text(want, list, sizeof(list)), have);
}

static int read_effective(const char *cg, char *list, struct cpu_mask *out, struct ktstr_error *e)
{
	char path[PATH_MAX];
	int err;

	path_of(path, cg, "cpuset.cpus.effective");
	err = kfile__read_line(path, list, LIST_MAX);
	if (err < 0)
		return ktstr_error_set(e, err, "cannot read %s: %s", path, strerror(-err));
	if (cpulist__parse(list, out))
		return ktstr_error_set(e, -EINVAL, "%s has \"%.100s\", which is no CPU list", path,
				       list);
	return 0;
}

int cgroup__effective(const char *path, struct cpu_mask *out, struct ktstr_error *e)
{
	char list[LIST_MAX];

	return read_effective(path, list, out, e);
}

/*
 * An empty cpuset follows the parent from then on, but the kernel refuses that while there
 * are tasks (kernel/cgroup/cpuset.c, validate_change()). One of all the CPUs there can be follows it,
 * too: what is effective is what the parent has of them, whenever that changes.
 */
static int clear_cpus(const char *path, struct ktstr_error *e)
{
	char list[LIST_MAX];
	int err = set(path, "cpuset.cpus", "\n", e);

	if (err != -ENOSPC)
		return err;
	err = kfile__read_line(POSSIBLE, list, sizeof(list));
	if (err < 0)
		return ktstr_error_set(e, err, "cannot read %s: %s", POSSIBLE, strerror(-err));
	return set(path, "cpuset.cpus", list, e);
}

int cgroup__set_cpus(const char *path, const struct cpu_mask *cpus, struct ktstr_error *e)
{
	char list[LIST_MAX];
	struct cpu_mask have;
	int err;

	if (!cpus)
		return clear_cpus(path, e);
	err = set(path, "cpuset.cpus", cpu_mask__text(cpus, list, sizeof(list)), e);
	/* A CPU beyond those the kernel was built for. */
	if (err == -ERANGE || err == -EINVAL)
		return wrong_cpus(path, cpus, "no such CPUs", e);
	if (!err)
		err = read_effective(path, list, &have, e);
	if (!err && !cpu_mask__equal(&have, cpus))
		return wrong_cpus(path, cpus, list, e);
	return err;
}

int cgroup__add(const char *path, const struct cpu_mask *cpus, struct ktstr_error *e)
{
	char dir[PATH_MAX];
	int err = create_root(e);

	if (!err)
		err = hand_down(path, CONTROLLERS, e);
	if (err)
		return err;
	path_of(dir, path, "");
	err = make_dir(dir, e);
	if (err)
		return err;
	return cpus ? cgroup__set_cpus(path, cpus, e) : 0;
}

int cgroup__remove(const char *path, struct ktstr_error *e)
{
	char dir[PATH_MAX];

	path_of(dir, path, "");
	if (rmdir(dir))
		return ktstr_error_set(e, -errno, "cannot remove the cgroup %s: %s", dir,
				       strerror(errno));
	return 0;
}

int cgroup__set_weight(const char *path, uint64_t weight, struct ktstr_error *e)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)weight);
	return set(path, "cpu.weight", text, e);
}

int cgroup__set_quota(const char *path, uint64_t quota_us, uint64_t period_us,
		      struct ktstr_error *e)
{
	char text[64];

	if (quota_us)
		snprintf(text, sizeof(text), "%llu %llu", (unsigned long long)quota_us,
			 (unsigned long long)period_us);
	return set(path, "cpu.max", quota_us ? text : "max", e);
}

/*
 * Only where it is asked for: memory is a domain controller, and a cgroup that hands one
 * down can have no tasks of its own.
 */
static int enable_memory(const char *path, struct ktstr_error *e)
{
	char part[PATH_MAX];
	int err = set_file(KTSTR_CGROUP_MOUNT "/cgroup.subtree_control", "+memory", e);

	for (size_t len = 0; !err; len++) {
		len += strcspn(path + len, "/");
		snprintf(part, sizeof(part), "%.*s", (int)len, path);
		err = hand_down(part, "+memory", e);
		if (!path[len])
			break;
	}
	return err;
}

int cgroup__set_memory_max(const char *path, uint64_t kib, struct ktstr_error *e)
{
	char text[32];
	int err = enable_memory(path, e);

	if (err)
		return err;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)kib * 1024);
	return set(path, "memory.max", kib ? text : "max", e);
}

struct freeze_wait {
	struct loop_watch watch;	/* cgroup.events: POLLPRI on a change */
	const char *want;
	bool done;
};

static void look_frozen(struct freeze_wait *f)
{
	char text[256];
	ssize_t n = pread(f->watch.fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	f->done = strstr(text, f->want);
}

static void freeze_ready(struct loop_watch *w, uint32_t events)
{
	(void)events;
	look_frozen((struct freeze_wait *)w);
}

static bool freeze_done(void *arg)
{
	return ((struct freeze_wait *)arg)->done;
}

int cgroup__freeze(const char *path, bool frozen, struct ktstr_error *e)
{
	struct freeze_wait f = {
		.watch.ready = freeze_ready, .want = frozen ? "frozen 1" : "frozen 0",
	};
	char events[PATH_MAX];
	int err;

	path_of(events, path, "cgroup.events");
	f.watch.fd = open(events, O_RDONLY | O_CLOEXEC);
	if (f.watch.fd < 0)
		return ktstr_error_set(e, -errno, "cannot open %s: %s", events, strerror(errno));
	look_frozen(&f);
	err = loop__add(&f.watch, EPOLLPRI);
	if (!err)
		err = set(path, "cgroup.freeze", frozen ? "1" : "0", e);
	if (!err && loop__until(freeze_done, &f, deadline_ns(FREEZE_MS)))
		err = ktstr_error_set(e, -ETIMEDOUT, "cgroup %s is not %s after %u ms", path,
				      frozen ? "frozen" : "thawed", FREEZE_MS);
	loop__del(&f.watch);
	close(f.watch.fd);
	return err;
}

int cgroup__attach(const char *path, pid_t pid, struct ktstr_error *e)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return set(path, "cgroup.procs", text, e);
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
