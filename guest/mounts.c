// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's file systems and its loopback interface.
 */
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/plan.h>

#include "die.h"
#include "kfile.h"
#include "mounts.h"

static const struct mount_point {
	const char *type;
	const char *where;
	unsigned long flags;
	const char *data;
	bool needed;
} mount_points[] = {
	{ "proc",	"/proc",	MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, true },
	{ "sysfs",	"/sys",		MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, true },
	{ "devtmpfs",	"/dev",		MS_NOSUID, "mode=0755", true },
	{ "tmpfs",	"/tmp",		MS_NOSUID | MS_NODEV, "mode=1777", false },
	{ "tmpfs",	"/run",		MS_NOSUID | MS_NODEV, "mode=0755", false },
	{ "devpts",	"/dev/pts",	MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666", false },
	{ "tmpfs",	"/dev/shm",	MS_NOSUID | MS_NODEV, "mode=1777", false },
	{ "debugfs",	"/sys/kernel/debug", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, false },
	{ "tracefs",	"/sys/kernel/tracing", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, false },
	{ "bpf",	"/sys/fs/bpf",	MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700", false },
	{ "cgroup2",	KTSTR_CGROUP_MOUNT, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, false },
};

/* A tmpfs would hide files of the image; that is in memory as well. */
static bool holds_files(const char *where)
{
	DIR *d = opendir(where);
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d)))
		found = strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	if (d)
		closedir(d);
	return found;
}

static void mount_one(const struct mount_point *m)
{
	if (!strcmp(m->type, "tmpfs") && holds_files(m->where)) {
		chmod(m->where, strcmp(m->data, "mode=1777") ? 0755 : 01777);
		return;
	}
	/* In sysfs this fails when the kernel lacks the feature; mount() says it best. */
	mkdir(m->where, 0755);
	/* EBUSY: the kernel or the image has mounted it already. */
	if (!mount(m->type, m->where, m->type, m->flags, m->data) || errno == EBUSY)
		return;
	if (m->needed)
		die("cannot mount %s on %s (%s): build the kernel with selftests/config", m->type,
		    m->where, strerror(errno));
	kfile__note("cannot mount %s on %s: %s", m->type, m->where, strerror(errno));
}

void mounts__all(void)
{
	for (size_t i = 0; i < sizeof(mount_points) / sizeof(mount_points[0]); i++)
		mount_one(&mount_points[i]);
	mkdir("/var", 0755);
	if (symlink("/run", "/var/run") && errno != EEXIST)
		kfile__note("cannot make /var/run: %s", strerror(errno));
}

void mounts__loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (!ioctl(fd, SIOCGIFFLAGS, &ifr)) {
		ifr.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &ifr))
			kfile__note("cannot bring up lo: %s", strerror(errno));
	}
	close(fd);
}
