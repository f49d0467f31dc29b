// SPDX-License-Identifier: GPL-2.0-only
/*
 * Modules in this guest: drivers that the kernel does not have built in, and ktstr.ko.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ktstr/plan.h>

#include "kfile.h"
#include "module.h"

#define PARAMS_MAX	256
#define DRIVERS_BYTES_MAX	(KTSTR_DRIVERS_MAX * 128)

static int dev_fd = -ENOENT;

static int load(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno == ENOENT ? -ENODATA : -errno;
	/* One that is there already is as good. */
	if (syscall(__NR_finit_module, fd, params, 0) && errno != EEXIST)
		err = -errno;
	close(fd);
	return err;
}

int module__load_drivers(char *failed, size_t len)
{
	static char list[DRIVERS_BYTES_MAX];
	int err = kfile__read(KTSTR_DRIVERS_PATH, list, sizeof(list));
	char *save, *path;

	failed[0] = '\0';
	/* No list: the kernel has all of them. */
	if (err < 0)
		return err == -ENOENT ? 0 : err;
	for (path = strtok_r(list, "\n", &save); path; path = strtok_r(NULL, "\n", &save)) {
		err = load(path, "");
		if (!err)
			continue;
		snprintf(failed, len, "%s", path);
		return err;
	}
	return 0;
}

static int open_dev(void)
{
	struct ktstr_dev_info info;
	int fd = open(KTSTR_DEV_NODE, O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = ioctl(fd, KTSTR_IOC_INFO, &info) ? -errno : 0;
	if (!err && info.version != KTSTR_DEV_VERSION)
		err = -EPROTO;
	if (err)
		close(fd);
	return err ? err : fd;
}

static const char *reason(int err)
{
	switch (err) {
	case -ENODATA:
		return "it is not in the image; build it for this kernel (\"make kmod\")";
	case -ENOENT:	/* a symbol that this kernel lacks */
	case -ENOEXEC:
	case -EINVAL:
		return "it was built for another kernel; build it for this one (\"make kmod\")";
	case -ENOSYS:
		return "this kernel takes no modules (CONFIG_MODULES)";
	default:
		return strerror(-err);
	}
}

int module__load(char *why, size_t len)
{
	char params[PARAMS_MAX];
	int err;

	if (kfile__read_line(KTSTR_MODULE_PARAMS_PATH, params, sizeof(params)) < 0)
		strcpy(params, KTSTR_MODULE_PARAMS);
	err = load(KTSTR_MODULE_PATH, params);
	if (err) {
		snprintf(why, len, "ktstr.ko cannot be loaded: %s", reason(err));
		return err;
	}
	dev_fd = open_dev();
	if (dev_fd >= 0)
		return 0;
	snprintf(why, len, "ktstr.ko is loaded, but %s does not work: %s", KTSTR_DEV_NODE,
		 strerror(-dev_fd));
	return dev_fd;
}

int module__fd(void)
{
	return dev_fd;
}
