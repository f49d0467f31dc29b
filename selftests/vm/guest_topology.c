// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the topology test: sends what the kernel believes of its machine, brings
 * the CPUs of $ktstr_online up, and sends it again, with the kernel log. It knows no
 * topology itself: files go out on port 1 as "<pass>:<path> <bytes>\n" and their text.
 * With $ktstr_irq the console's interrupts move to that CPU between the two passes, with
 * $ktstr_button it waits for the power button in the end.
 */
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <ktstr/ports.h>

#include "guest_acpi_event.h"
#include "guest_pid1.h"

#define CPU	"/sys/devices/system/cpu/"
#define NODE	"/sys/devices/system/node/"
#define LOG_READ_ALL	3	/* SYSLOG_ACTION_READ_ALL */

static const char * const wanted[] = {
	CPU "{possible,present,online}",
	CPU "cpu[0-9]*/topology/{thread_siblings_list,core_cpus_list,die_cpus_list}",
	CPU "cpu[0-9]*/topology/{package_cpus_list,core_siblings_list,physical_package_id}",
	CPU "cpu[0-9]*/cache/index*/{level,type,size,shared_cpu_list}",
	NODE "{possible,online,has_cpu,has_memory}",
	NODE "node[0-9]*/{cpulist,distance,meminfo}",
	NODE "node[0-9]*/access0/initiators/{read_latency,read_bandwidth,node*}",
	NODE "node[0-9]*/memory_side_cache/index*/{size,line_size,write_policy,indexing}",
	"/sys/kernel/debug/sched/domains/cpu[0-9]*/domain*/name",
	"/proc/irq/*/effective_affinity_list",
	"/proc/{schedstat,zoneinfo,interrupts,cpuinfo}",
};

static int port = -1;

static void put(const void *data, size_t len)
{
	while (len) {
		ssize_t n = write(port, data, len);

		if (n <= 0)
			die("write port");
		data = (const char *)data + n;
		len -= n;
	}
}

static void put_text(int pass, const char *path, const char *text, size_t len)
{
	char head[256];
	int n = snprintf(head, sizeof(head), "%d:%s %zu\n", pass, path, len);

	put(head, n);
	put(text, len);
}

/* A path that names a directory, as a link to a node does, has no text: that it is there counts. */
static void put_file(int pass, const char *path)
{
	static char text[256 << 10];
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return;
	while ((n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += n;
	close(fd);
	put_text(pass, path, text, len);
}

static void put_all(int pass)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		glob_t g;

		if (glob(wanted[i], GLOB_BRACE | GLOB_NOSORT, NULL, &g))
			continue;
		for (size_t j = 0; j < g.gl_pathc; j++)
			put_file(pass, g.gl_pathv[j]);
		globfree(&g);
	}
}

static void put_log(void)
{
	static char log[1 << 20];
	int n = klogctl(LOG_READ_ALL, log, sizeof(log));

	if (n < 0)
		die("kernel log");
	put_text(0, "log", log, n);
}

static void set_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

static void bring_up(char *cpus)
{
	char path[64];

	for (char *cpu = strtok(cpus, ","); cpu; cpu = strtok(NULL, ",")) {
		snprintf(path, sizeof(path), CPU "cpu%s/online", cpu);
		set_file(path, "1");
	}
}

/* Every interrupt of the console device, to one CPU. */
static void move_interrupts(const char *cpu)
{
	char path[64];
	glob_t g;

	if (glob("/proc/irq/*/virtio0*", 0, NULL, &g))
		die("no interrupt of virtio0");
	for (size_t i = 0; i < g.gl_pathc; i++) {
		snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity_list",
			 atoi(g.gl_pathv[i] + strlen("/proc/irq/")));
		set_file(path, cpu);
	}
	globfree(&g);
}

static void wait_for_button(void)
{
	int fd = acpi_event_open();

	if (fd < 0)
		die("acpi_event");
	say("press the button\n");
	if (acpi_event_wait(fd, "button/power"))
		die("button");
	say("pressed\n");
}

static void mount_all(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	if (mount("dev", "/dev", "devtmpfs", 0, NULL) || mount("proc", "/proc", "proc", 0, NULL) ||
	    mount("sys", "/sys", "sysfs", 0, NULL) ||
	    mount("debug", "/sys/kernel/debug", "debugfs", 0, NULL))
		reboot(RB_AUTOBOOT);
}

int main(void)
{
	char *more = getenv("ktstr_online");
	const char *irq = getenv("ktstr_irq");

	mount_all();
	com2 = open_raw("/dev/ttyS1");
	port = open_port("/dev/vport0p1");
	/* Makes the kernel list its domains in debugfs. */
	set_file("/sys/kernel/debug/sched/verbose", "Y");
	put_all(1);
	if (more)
		bring_up(more);
	if (irq)
		move_interrupts(irq);
	if (more || irq)
		put_all(2);
	put_log();
	if (getenv("ktstr_button"))
		wait_for_button();
	say("done\n");
	reboot(getenv("ktstr_reboot") ? RB_AUTOBOOT : RB_POWER_OFF);
	return 1;
}
