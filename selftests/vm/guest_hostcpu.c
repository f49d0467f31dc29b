// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of test_hostcpus.c: says what KVM tells of itself, idles for a while, says how
 * much steal time the kernel has counted, and idles again, so that the host has time to
 * look at its thread.
 */
#include <cpuid.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <time.h>

#include "guest_pid1.h"

#define LEAF_KVM_FEATURES	0x40000001u
#define IDLE_S			2

static unsigned long long steal_ticks(void)
{
	unsigned long long steal = 0;
	FILE *f = fopen("/dev/stat", "r");
	char line[256];

	if (!f || !fgets(line, sizeof(line), f) ||
	    sscanf(line, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
		die("/proc/stat");
	fclose(f);
	return steal;
}

int main(void)
{
	const struct timespec idle = { .tv_sec = IDLE_S };
	unsigned int eax, ebx, ecx, edx;

	if (mount("none", "/dev", "devtmpfs", 0, NULL))
		reboot(RB_AUTOBOOT);
	com2 = open_raw("/dev/ttyS1");
	__cpuid(LEAF_KVM_FEATURES, eax, ebx, ecx, edx);
	say("kvm features 0x%x hints 0x%x\n", eax, edx);
	nanosleep(&idle, NULL);
	if (mount("none", "/dev", "proc", 0, NULL))
		die("mount /proc");
	say("steal %llu ticks\n", steal_ticks());
	nanosleep(&idle, NULL);
	reboot(RB_AUTOBOOT);
	return 0;
}
