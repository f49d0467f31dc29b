// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the host's CPUs. The files are the kernel's, but a container or a test can
 * put anything in their place: they are read with bounds and checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostcpu.h"

#define TEXT_MAX	8192u	/* every other of 1024 CPUs as a list; /proc/self/status */
#define CACHES_MAX	16u

/* A file's text without the final newline; false when there is none. */
static bool text_of(const char *root, const char *path, char *buf)
{
	char full[PATH_MAX];
	size_t len = 0;
	ssize_t n = 1;
	int fd;

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return false;
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	while (n > 0 && len < TEXT_MAX - 1) {
		n = read(fd, buf + len, TEXT_MAX - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return n >= 0;
}

static bool cpus_of(const char *root, const char *path, struct cpu_mask *m)
{
	char buf[TEXT_MAX];

	return text_of(root, path, buf) && !cpulist__parse(buf, m);
}

/* false when it is no whole number, or there is no file. */
static bool number_of(const char *root, const char *path, long *out)
{
	char buf[TEXT_MAX], *end;

	if (!text_of(root, path, buf))
		return false;
	errno = 0;
	*out = strtol(buf, &end, 10);
	return !errno && end != buf && !*end;
}

/* The value of a line "KEY: VALUE" of a text; NULL when there is none. */
static const char *value_of(char *text, const char *key)
{
	size_t len = strlen(key);
	char *save;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *at = strstr(line, key);

		if (at && at[len] == ':' && (at == line || at[-1] == ' '))
			return at + len + 1 + strspn(at + len + 1, " \t");
	}
	return NULL;
}

static int lowest(const struct cpu_mask *m)
{
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (cpu_mask__test(m, cpu))
			return (int)cpu;
	return HOSTCPU_UNKNOWN;
}

static void read_core(struct hostcpu *h, const char *root, unsigned int cpu)
{
	struct hostcpu_one *c = &h->cpu[cpu];
	struct cpu_mask siblings;
	char path[128];

	c->core = (int)cpu;
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list",
		 cpu);
	/* A CPU that is not among its own siblings: the file says nothing. */
	if (!cpus_of(root, path, &siblings) || !cpu_mask__test(&siblings, cpu))
		return;
	c->core = lowest(&siblings);
	for (unsigned int i = 0; i < cpu; i++)
		c->thread += cpu_mask__test(&siblings, i);
}

/* The cache with the highest level; instruction caches are at level 1 and never win. */
static void read_llc(struct hostcpu *h, const char *root, unsigned int cpu)
{
	struct cpu_mask shared;
	char path[128];
	long level, best = 0;

	for (unsigned int i = 0; i < CACHES_MAX; i++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cache/index%u/level",
			 cpu, i);
		if (!number_of(root, path, &level) || level <= best)
			continue;
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%u/cache/index%u/shared_cpu_list", cpu, i);
		if (!cpus_of(root, path, &shared) || !cpu_mask__test(&shared, cpu))
			continue;
		best = level;
		h->cpu[cpu].llc = lowest(&shared);
	}
}

static void read_node(struct hostcpu *h, const char *root, unsigned int node)
{
	char path[128], buf[TEXT_MAX];
	struct cpu_mask cpus;
	const char *value;
	long pages;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", node);
	if (!cpus_of(root, path, &cpus))
		memset(&cpus, 0, sizeof(cpus));	/* memory only: the list is empty */
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (cpu_mask__test(&cpus, cpu))
			h->cpu[cpu].node = (int)node;
	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%u/hugepages/hugepages-2048kB/free_hugepages", node);
	if (number_of(root, path, &pages) && pages > 0)
		h->node[node].free_huge = (uint64_t)pages;
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/meminfo", node);
	value = text_of(root, path, buf) ? value_of(buf, "MemFree") : NULL;
	if (value)
		h->node[node].free_kib = strtoull(value, NULL, 10);
}

static int read_allowed(const char *root, struct cpu_mask *m, struct ktstr_error *e)
{
	char buf[TEXT_MAX];
	const char *value = text_of(root, "/proc/self/status", buf) ?
			    value_of(buf, "Cpus_allowed_list") : NULL;

	if (value && !cpulist__parse(value, m))
		return 0;
	return ktstr_error_set(e, -ENODATA,
			       "%.200s/proc/self/status does not say which CPUs may be used (Cpus_allowed_list): mount /proc, or leave out --pin, --cpus and --perf",
			       root);
}

static void read_memory(struct hostcpu *h, const char *root)
{
	struct cpu_mask nodes;
	char buf[TEXT_MAX];

	if (!cpus_of(root, "/sys/devices/system/node/online", &nodes))
		memset(&nodes, 0, sizeof(nodes));
	for (unsigned int node = 0; node < HOSTCPU_NODES; node++)
		if (cpu_mask__test(&nodes, node))
			read_node(h, root, node);
	h->thp = text_of(root, "/sys/kernel/mm/transparent_hugepage/enabled", buf) &&
		 (strstr(buf, "[always]") || strstr(buf, "[madvise]"));
	if (!number_of(root, "/proc/sys/kernel/sched_rt_runtime_us", &h->rt_runtime_us))
		h->rt_runtime_us = 0;
}

int hostcpu__read(struct hostcpu *h, const char *root, struct ktstr_error *e)
{
	struct cpu_mask allowed, online;
	int ret = read_allowed(root, &allowed, e);

	memset(h, 0, sizeof(*h));
	if (ret)
		return ret;
	/* Affinity may name CPUs that were taken offline; without the list none were. */
	if (!cpus_of(root, "/sys/devices/system/cpu/online", &online))
		online = allowed;
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
		h->cpu[cpu].llc = HOSTCPU_UNKNOWN;
		h->cpu[cpu].online = cpu_mask__test(&online, cpu);
		if (!h->cpu[cpu].online)
			continue;
		read_core(h, root, cpu);
		read_llc(h, root, cpu);
		h->cpu[cpu].allowed = cpu_mask__test(&allowed, cpu);
		if (h->cpu[cpu].allowed)
			cpu_mask__set(&h->allowed, cpu);
	}
	h->nr_allowed = cpu_mask__count(&h->allowed);
	read_memory(h, root);
	if (h->nr_allowed)
		return 0;
	return ktstr_error_set(e, -ENODATA,
			       "none of the CPUs that this process may use is online: widen its affinity (taskset, cpuset)");
}
