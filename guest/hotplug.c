// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs that go and come.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "hotplug.h"
#include "kfile.h"

int hotplug__set(unsigned int cpu, bool online, struct ktstr_error *e)
{
	char path[128];
	int err;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	err = kfile__write(path, online ? "1" : "0");
	if (!err)
		return 0;
	return ktstr_error_set(e, err, "cannot take CPU %u %s: %s", cpu,
			       online ? "online" : "offline", strerror(-err));
}
