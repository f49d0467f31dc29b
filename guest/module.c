// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktstr.ko in this guest.
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

static int dev_fd = -ENOENT;

static int load(void)
{
	int fd = open(KTSTR_MODULE_PATH, O_RDONLY | O_CLOEXEC), err = 0;
	char params[PARAMS_MAX];

	if (fd < 0)
		return errno == ENOENT ? -ENODATA : -errno;
	if (kfile__read_line(KTSTR_MODULE_PARAMS_PATH, params, sizeof(params)) < 0)
		strcpy(params, KTSTR_MODULE_PARAMS);
	/* One that is there already is as good. */
	if (syscall(__NR_finit_module, fd, params, 0) && errno != EEXIST)
		err = -errno;
	close(fd);
	return err;
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
	int err = load();

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
