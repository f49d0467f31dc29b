// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs, cores and last-level caches from sysfs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <ktstr/cpulist.h>

#include "scx_topo.h"

#define CACHES_MAX	16	/* entries of a CPU: L1d, L1i, L2, L3 and room */

/* Return: 0 with the file's first line in @buf, or a negative errno. */
static int read_line(const char *dir, const char *name, char *buf, int size)
{
	char path[512];
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	f = fopen(path, "r");
	if (!f)
		return -errno;
	if (!fgets(buf, size, f))
		buf[0] = '\0';
	fclose(f);
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

/* Bits from 64 on are cut off: the caller has checked that there are none. */
static int read_cpus(const char *dir, const char *name, uint64_t *cpus)
{
	struct cpu_mask m;
	char line[1024];
	int ret = read_line(dir, name, line, sizeof(line));

	if (!ret)
		ret = cpulist__parse(line, &m);
	if (!ret)
		*cpus = m.bits[0];
	return ret;
}

/* The CPUs that share the cache of the highest level with this one; 0 if none is told. */
static uint64_t llc_of_cpu(const char *dir, uint32_t cpu)
{
	unsigned int level, highest = 0;
	uint64_t cpus, llc = 0;
	char name[64], line[16];

	for (int i = 0; i < CACHES_MAX; i++) {
		snprintf(name, sizeof(name), "cpu%u/cache/index%d/level", cpu, i);
		if (read_line(dir, name, line, sizeof(line)) || sscanf(line, "%u", &level) != 1)
			continue;
		snprintf(name, sizeof(name), "cpu%u/cache/index%d/shared_cpu_list", cpu, i);
		if (level > highest && !read_cpus(dir, name, &cpus)) {
			highest = level;
			llc = cpus;
		}
	}
	return llc;
}

static void add_cpu(struct scx_topo *t, const char *dir, uint32_t cpu, uint64_t online)
{
	uint64_t llc = llc_of_cpu(dir, cpu) & online, core;
	char name[64];
	uint32_t i = 0;

	/* A cache that does not even hold the CPU itself is not told. */
	if (!(llc >> cpu & 1))
		llc = online;
	while (i < t->nr_llcs && !(t->llc_cpus[i] >> cpu & 1))
		i++;
	if (i == t->nr_llcs)
		t->llc_cpus[t->nr_llcs++] = llc;
	t->llc_of[cpu] = i;
	snprintf(name, sizeof(name), "cpu%u/topology/thread_siblings_list", cpu);
	if (read_cpus(dir, name, &core))
		core = 0;
	t->smt_cpus[cpu] = core | 1ull << cpu;
}

int scx_topo__read(struct scx_topo *t, const char *dir, struct ktstr_error *e)
{
	struct cpu_mask possible;
	uint64_t online;
	char line[1024];
	int ret;

	memset(t, 0, sizeof(*t));
	memset(t->llc_of, KTSTR_SCX_NO_LLC, sizeof(t->llc_of));
	ret = read_line(dir, "possible", line, sizeof(line));
	if (!ret)
		ret = cpulist__parse(line, &possible);
	if (!ret)
		ret = read_cpus(dir, "online", &online);
	if (ret)
		return ktstr_error_set(e, ret, "cannot read which CPUs there are from %s: %s", dir,
				       strerror(-ret));
	for (unsigned int i = 1; i < CPU_MASK_BITS / 64; i++)
		if (possible.bits[i])
			return ktstr_error_set(e, -E2BIG,
					       "scx_ktstr works with %d CPUs at most, this kernel may have more (%s); boot it with nr_cpus=%d",
					       KTSTR_SCX_CPUS_MAX, line, KTSTR_SCX_CPUS_MAX);
	for (uint32_t cpu = 0; cpu < KTSTR_SCX_CPUS_MAX; cpu++) {
		t->smt_cpus[cpu] = 1ull << cpu;
		if (possible.bits[0] >> cpu & 1)
			t->nr_cpus = cpu + 1;
		if (online >> cpu & 1)
			add_cpu(t, dir, cpu, online);
	}
	return 0;
}
