/* SPDX-License-Identifier: GPL-2.0-only */
/* A fake host for tests: /proc and /sys in a directory of their own. */
#ifndef HOST_TREE_H
#define HOST_TREE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CPU_DIR		"/sys/devices/system/cpu/cpu%u/"
#define NODE_DIR	"/sys/devices/system/node/node%u/"

struct host_tree {
	char root[64];
};

static inline int host_tree__init(struct host_tree *t)
{
	strcpy(t->root, "/tmp/ktstr-host-XXXXXX");
	return mkdtemp(t->root) ? 0 : -1;
}

/* Write @text to a file below the root; its directories are made. */
static inline void host_tree__put(const struct host_tree *t, const char *path, const char *text)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", t->root, path);
	for (char *p = full + strlen(t->root) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		mkdir(full, 0755);
	}
	f = fopen(full, "w");
	if (!f)
		abort();
	fputs(text, f);
	fclose(f);
}

static inline void host_tree__remove(const struct host_tree *t, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", t->root, path);
	if (remove(full))
		abort();
}

static inline void host_tree__allow(const struct host_tree *t, const char *list)
{
	char text[256];

	snprintf(text, sizeof(text), "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t%s\nMems_allowed:\t1\n",
		 list);
	host_tree__put(t, "/proc/self/status", text);
}

static inline void host_tree__cpu_file(const struct host_tree *t, unsigned int cpu,
				       const char *name, const char *text)
{
	char path[128];
	int len = snprintf(path, sizeof(path), CPU_DIR, cpu);

	snprintf(path + len, sizeof(path) - (size_t)len, "%s", name);
	host_tree__put(t, path, text);
}

static inline void host_tree__node_file(const struct host_tree *t, unsigned int node,
					const char *name, const char *text)
{
	char path[128];
	int len = snprintf(path, sizeof(path), NODE_DIR, node);

	snprintf(path + len, sizeof(path) - (size_t)len, "%s", name);
	host_tree__put(t, path, text);
}

static inline void host_tree__caches(const struct host_tree *t, unsigned int cpu,
				     const char *core, const char *llc)
{
	host_tree__cpu_file(t, cpu, "cache/index0/level", "1\n");
	host_tree__cpu_file(t, cpu, "cache/index0/shared_cpu_list", core);
	host_tree__cpu_file(t, cpu, "cache/index1/level", "2\n");
	host_tree__cpu_file(t, cpu, "cache/index1/shared_cpu_list", core);
	host_tree__cpu_file(t, cpu, "cache/index2/level", "3\n");
	host_tree__cpu_file(t, cpu, "cache/index2/shared_cpu_list", llc);
}

/*
 * @llcs last-level caches of @cores cores of @threads threads, one node for each LLC,
 * numbered as x86 does it: first threads of all cores, then second threads. Everything
 * that performance mode wants is there.
 */
static inline void host_tree__build(const struct host_tree *t, unsigned int llcs,
				    unsigned int cores, unsigned int threads)
{
	unsigned int all = llcs * cores;
	char text[128], core[64], llc[64];

	snprintf(text, sizeof(text), "0-%u\n", all * threads - 1);
	host_tree__put(t, "/sys/devices/system/cpu/online", text);
	host_tree__allow(t, text);
	for (unsigned int cpu = 0; cpu < all * threads; cpu++) {
		unsigned int c = cpu % all, first = c / cores * cores;

		if (threads > 1) {
			snprintf(core, sizeof(core), "%u,%u\n", c, c + all);
			snprintf(llc, sizeof(llc), "%u-%u,%u-%u\n", first, first + cores - 1,
				 first + all, first + all + cores - 1);
		} else {
			snprintf(core, sizeof(core), "%u\n", c);
			snprintf(llc, sizeof(llc), "%u-%u\n", first, first + cores - 1);
		}
		host_tree__cpu_file(t, cpu, "topology/thread_siblings_list", core);
		host_tree__caches(t, cpu, core, llc);
		if (cpu % cores == 0 && cpu < all)
			host_tree__node_file(t, cpu / cores, "cpulist", llc);
	}
	snprintf(text, sizeof(text), "0-%u\n", llcs - 1);
	host_tree__put(t, "/sys/devices/system/node/online", text);
	for (unsigned int node = 0; node < llcs; node++) {
		host_tree__node_file(t, node, "meminfo",
				     "Node 0 MemTotal:       8000000 kB\nNode 0 MemFree:        4000000 kB\n");
		host_tree__node_file(t, node, "hugepages/hugepages-2048kB/free_hugepages", "0\n");
	}
	host_tree__put(t, "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	host_tree__put(t, "/proc/sys/kernel/sched_rt_runtime_us", "-1\n");
}

static inline int host_tree__unlink(const char *path, const struct stat *st, int flag,
				    struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void host_tree__free(const struct host_tree *t)
{
	nftw(t->root, host_tree__unlink, 16, FTW_DEPTH | FTW_PHYS);
}

#endif /* HOST_TREE_H */
