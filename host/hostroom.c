// SPDX-License-Identifier: GPL-2.0-only
/*
 * Room on the host.
 */
#include <limits.h>
#include <sched.h>
#include <stdio.h>

#include "hostroom.h"

uint32_t hostroom__cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return (uint32_t)CPU_COUNT(&set);
}

uint32_t hostroom__memory_mib(const char *root)
{
	unsigned long long kib = 0;
	char path[PATH_MAX], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/meminfo", root);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (!kib && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) != 1)
			kib = 0;
	fclose(f);
	kib >>= 10;
	return kib > UINT32_MAX ? UINT32_MAX : (uint32_t)kib;
}
