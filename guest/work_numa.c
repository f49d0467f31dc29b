// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of work about memory and the node that it is on.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "kfile.h"
#include "work.h"
#include "worker.h"

#define NODES_MAX	64u
#define NODE_DIR	"/sys/devices/system/node"
#define LINE		64u
#define SAMPLE_PAGES	16u	/* between two looks at the clock */
#define MPOL_MOVE	2	/* MPOL_MF_MOVE of move_pages(2) */

/**
 * struct numa_set - a working set whose pages can be asked where they are
 * @mem, @bytes: memory
 * @page: arguments of move_pages(2): addresses,
 * @node: where each shall go,
 * @status: and where each is
 * @nr: pages
 */
struct numa_set {
	char *mem;
	size_t bytes, page_bytes;
	void **page;
	int *node, *status;
	unsigned long nr;
};

static struct numa_set numa_set__new(struct ktstr_worker *w)
{
	struct numa_set s = {
		.bytes = work__bytes(w), .page_bytes = (size_t)sysconf(_SC_PAGESIZE),
	};

	s.nr = (s.bytes + s.page_bytes - 1) / s.page_bytes;
	s.bytes = s.nr * s.page_bytes;
	s.mem = work__map(w, s.bytes);
	s.page = work__map(w, s.nr * sizeof(*s.page));
	s.node = work__map(w, s.nr * sizeof(*s.node));
	s.status = work__map(w, s.nr * sizeof(*s.status));
	for (unsigned long i = 0; i < s.nr; i++)
		s.page[i] = s.mem + i * s.page_bytes;
	return s;
}

static void numa_set__sweep(struct ktstr_worker *w, struct numa_set *s)
{
	volatile char *p = s->mem;

	for (size_t i = 0; i < s->bytes; i += LINE) {
		p[i]++;
		if (i % (SAMPLE_PAGES * s->page_bytes) == 0 && !worker__sample(w))
			return;
	}
}

/* Where are they, seen from the CPU that it is on now? */
static void numa_set__look(struct ktstr_worker *w, struct numa_set *s)
{
	struct worker_account *a = &w->account;
	unsigned int cpu, here;

	if (syscall(SYS_move_pages, 0, s->nr, s->page, NULL, s->status, 0)) {
		if (errno == ENOSYS)
			ktstr_worker__fail(w, KTSTR_MACHINE_HAS "a kernel without CONFIG_NUMA");
		work__must(w, false, "ask where its pages are");
	}
	getcpu(&cpu, &here);
	if (!ktstr_worker__go_on(w))
		return;
	for (unsigned long i = 0; i < s->nr; i++) {
		/* Negative: not there, having been given back to the kernel. */
		a->node_pages += s->status[i] >= 0;
		a->remote_pages += s->status[i] >= 0 && s->status[i] != (int)here;
	}
}

#define SWEEPS_LOOK	8u	/* a look costs about as much as a sweep */
#define SWEEPS_FRESH	64u	/* then its memory is given back and comes anew, from where it is */

static void numa_sweep(struct ktstr_worker *w)
{
	struct numa_set s = numa_set__new(w);

	for (unsigned int i = 0; ktstr_worker__go_on(w); i++) {
		if (i % SWEEPS_FRESH == 0)
			work__must(w, !madvise(s.mem, s.bytes, MADV_DONTNEED),
				   "give its memory back");
		numa_set__sweep(w, &s);
		if (i % SWEEPS_LOOK == 0)
			numa_set__look(w, &s);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_numa_sweep = { .run = numa_sweep };

/* Of the nodes that have memory: the one after @node. */
static unsigned int next_node(const struct cpu_mask *nodes, unsigned int node)
{
	do {
		node = (node + 1) % NODES_MAX;
	} while (!cpu_mask__test(nodes, node));
	return node;
}

/* To the CPUs of @node that it may use; where there are none it stays. */
static void move_self(struct ktstr_worker *w, unsigned int node)
{
	struct cpu_mask cpus = { 0 }, mine;
	char path[64];

	snprintf(path, sizeof(path), NODE_DIR "/node%u/cpulist", node);
	/* A node of memory alone has an empty list. */
	if (!worker__cpus(w, &mine) || kfile__read_list(path, &cpus))
		return;
	for (unsigned int i = 0; i < CPU_MASK_BITS / 64; i++)
		cpus.bits[i] &= mine.bits[i];
	if (!cpu_mask__count(&cpus))
		return;
	/* EINVAL: they went away meanwhile. */
	work__must(w, !syscall(SYS_sched_setaffinity, 0, sizeof(cpus), &cpus) || errno == EINVAL,
		   "move to another node");
}

static void move_pages(struct ktstr_worker *w, struct numa_set *s, unsigned int node)
{
	for (unsigned long i = 0; i < s->nr; i++)
		s->node[i] = (int)node;
	/* Positive: so many could not be moved now, as when a node is full. */
	work__must(w, syscall(SYS_move_pages, 0, s->nr, s->page, s->node, s->status,
			      MPOL_MOVE) >= 0, "move its pages");
	/* It has waited for kernel threads of all CPUs. */
	ktstr_worker__slept(w);
}

static void numa_churn(struct ktstr_worker *w)
{
	struct numa_set s = numa_set__new(w);
	struct cpu_mask nodes = { 0 };
	unsigned int node = 0;

	if (kfile__read_list(NODE_DIR "/has_memory", &nodes) || cpu_mask__count(&nodes) < 2)
		ktstr_worker__fail(w, KTSTR_MACHINE_HAS "%u nodes with memory, numa-churn needs two",
				   cpu_mask__count(&nodes));
	while (ktstr_worker__go_on(w)) {
		int64_t since = now_ns();

		node = next_node(&nodes, node);
		move_self(w, node);
		move_pages(w, &s, node);
		ktstr_worker__latency(w, now_ns() - since);
		numa_set__sweep(w, &s);
		numa_set__look(w, &s);
		work__busy(w);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_numa_churn = { .run = numa_churn };
