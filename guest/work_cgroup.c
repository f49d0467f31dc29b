// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker that makes a cgroup below its own, goes there, comes back and removes it.
 *
 * The cgroup is threaded and has the cpu controller (Documentation/admin-guide/cgroup-v2.rst,
 * "Threads"): its worker's own may hold processes then, and the scheduler sees every move.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "work.h"
#include "worker.h"

#define CHURN_PREFIX	"/ktstr-churn."
#define CHURN_PATH	192u
#define AWAY_PATH	(CHURN_PATH + 32)
#define CHURN_FAILURES	100u	/* in a row: others may move or change its cgroup, but not always */

/**
 * struct churn - one worker's, shared so that PID 1 can remove what a killed one leaves
 * @home: directory of its own cgroup
 * @made: there may be a cgroup below @home that is of @tid
 * @enabled: the cpu controller was not there for children of @home before
 */
struct churn {
	char home[CHURN_PATH];
	pid_t tid;
	bool made, enabled;
};

/* Of the unified hierarchy. */
static bool find_mount(char *mount, size_t size)
{
	char line[1024], where[CHURN_PATH], type[32];
	FILE *f = fopen("/proc/self/mounts", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*s %191s %31s", where, type) == 2 &&
			!strcmp(type, "cgroup2");
	if (f)
		fclose(f);
	if (found)
		snprintf(mount, size, "%s", where);
	return found;
}

/* "0::PATH" is the unified hierarchy's line. */
static bool own_path(char *path, size_t size)
{
	FILE *f = fopen("/proc/thread-self/cgroup", "re");
	char line[1024];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "0::", 3);
	if (f)
		fclose(f);
	if (!found)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return (size_t)snprintf(path, size, "%s", line + 3) < size;
}

/* Writing to a file of a cgroup: 0 or errno. */
static int put(const char *dir, const char *file, const char *text)
{
	char path[CHURN_PATH + 64];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return err;
}

static bool has_cpu(const char *dir, const char *file)
{
	char path[CHURN_PATH + 64], word[32];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "re");
	while (f && !found && fscanf(f, "%31s", word) == 1)
		found = !strcmp(word, "cpu");
	if (f)
		fclose(f);
	return found;
}

/* Never anything but a cgroup of this file, even if its worker was killed while it wrote @home. */
static void away_path(const struct churn *c, char *path, size_t size)
{
	snprintf(path, size, "%s" CHURN_PREFIX "%d", c->home, (int)c->tid);
}

static int remove_away(struct churn *c)
{
	char path[AWAY_PATH];

	if (!c->made)
		return 0;
	away_path(c, path, sizeof(path));
	if (rmdir(path) && errno != ENOENT)
		return errno;
	c->made = false;
	return 0;
}

/* It may have been moved since the last time. */
static bool find_home(struct churn *c, const char *mount)
{
	char path[CHURN_PATH], *away;
	int n;

	if (!own_path(path, sizeof(path)))
		return false;
	/* It could not go back last time. */
	away = strstr(path, CHURN_PREFIX);
	if (away)
		*away = '\0';
	n = snprintf(c->home, sizeof(c->home), "%s%s", mount, strcmp(path, "/") ? path : "");
	return n > 0 && (size_t)n < sizeof(c->home);
}

static int make_away(struct churn *c, const char *away)
{
	int err;

	if (!has_cpu(c->home, "cgroup.subtree_control")) {
		err = put(c->home, "cgroup.subtree_control", "+cpu");
		if (err)
			return err;
		c->enabled = true;
	}
	c->made = true;
	if (mkdir(away, 0755) && errno != EEXIST)
		return errno;
	return put(away, "cgroup.type", "threaded");
}

static int go_to(struct ktstr_worker *w, const char *dir)
{
	int64_t since = now_ns();
	/* "0" is the writing thread itself. */
	int err = put(dir, "cgroup.threads", "0");

	if (!err)
		ktstr_worker__latency(w, now_ns() - since);
	/* For an RCU grace period, and others who change cgroups. */
	ktstr_worker__slept(w);
	return err;
}

static int churn_once(struct ktstr_worker *w, struct churn *c, const char *mount)
{
	char away[AWAY_PATH];
	int err;

	/* It did not come back last time. */
	if (c->made) {
		put(c->home, "cgroup.threads", "0");
		err = remove_away(c);
		if (err)
			return err;
	}
	if (!find_home(c, mount))
		return ENAMETOOLONG;
	away_path(c, away, sizeof(away));
	err = make_away(c, away);
	if (!err)
		err = go_to(w, away);
	work__busy(w);
	if (!err)
		err = go_to(w, c->home);
	if (!err)
		err = remove_away(c);
	ktstr_worker__slept(w);
	return err;
}

static void cgroup_churn(struct ktstr_worker *w)
{
	struct churn *c = (struct churn *)ktstr_worker__group(w)->shared + ktstr_worker__index(w);
	char mount[CHURN_PATH];
	unsigned int failures = 0;

	if (!find_mount(mount, sizeof(mount)) || !find_home(c, mount) ||
	    !has_cpu(c->home, "cgroup.controllers"))
		ktstr_worker__fail(w, KTSTR_MACHINE_HAS "no cpu controller in cgroup v2 at hand");
	c->tid = w->tid;
	while (ktstr_worker__go_on(w)) {
		int err = churn_once(w, c, mount);

		failures = err ? failures + 1 : 0;
		if (failures == CHURN_FAILURES)
			ktstr_worker__fail(w, "cannot go to a cgroup below %s and back: %s",
					   c->home, strerror(err));
		if (!err)
			ktstr_worker__unit(w);
	}
}

static void cgroup_churn_cleanup(struct ktstr_group *g)
{
	struct churn *c = g->shared;

	for (uint32_t i = 0; i < g->nr; i++) {
		remove_away(&c[i]);
		if (c[i].enabled)
			put(c[i].home, "cgroup.subtree_control", "-cpu");
		c[i].enabled = false;
	}
}

const struct work_ops work_ops_cgroup_churn = {
	.run = cgroup_churn, .cleanup = cgroup_churn_cleanup, .shared_each = sizeof(struct churn),
};
