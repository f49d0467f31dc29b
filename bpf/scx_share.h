/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scx_ktstr: who deserves how much. Every task and every cgroup is one of several that
 * compete inside a cgroup; its share of that cgroup is its weight against the sum of the
 * weights of all that are runnable there. Multiplied up to the root that is the task's share
 * of the machine, and its vtime runs faster the smaller it is: one order of vtimes over all
 * tasks then gives each its share, without a queue for each cgroup.
 */
#ifndef KTSTR_BPF_SCX_SHARE_H
#define KTSTR_BPF_SCX_SHARE_H

#include "scx_core.h"

#define SHARE_ONE	(1ull << 24)	/* all of the machine */
#define SHARE_TTL_NS	(2 * NSEC_PER_MSEC)	/* a cgroup's share may be so old */
#define CGROUP_DEPTH	32

/**
 * struct group_state - a cgroup
 * @lock: of all but @share and @share_at
 * @weight: cpu.weight, 1 to 10000
 * @counted: @weight as the parent's @load has it
 * @nr: tasks and cgroups in it that are runnable
 * @load: sum of their weights
 * @share: of the machine, in SHARE_ONE, at @share_at (ns)
 */
struct group_state {
	struct bpf_spin_lock lock;
	__u32 weight;
	__u32 counted;
	__s32 nr;
	__s64 load;
	__u64 share;
	__u64 share_at;
};

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct group_state);
} group_states SEC(".maps");

static __always_inline struct group_state *group_state(struct cgroup *cgrp)
{
	return bpf_cgrp_storage_get(&group_states, cgrp, 0, 0);
}

/* NULL where the cpu controller is not on; the level then counts for nothing. */
static __always_inline struct group_state *group_state_at(struct cgroup *cgrp, int level)
{
	struct cgroup *up = bpf_cgroup_ancestor(cgrp, level);
	struct group_state *g;

	if (!up)
		return NULL;
	g = group_state(up);
	bpf_cgroup_release(up);
	return g;
}

/* Return: is it the first in there, so that the cgroup itself begins to compete? */
static __always_inline bool group_join(struct group_state *g, __u32 *weight)
{
	bool first;

	bpf_spin_lock(&g->lock);
	g->load += *weight;
	first = !g->nr++;
	if (first)
		g->counted = g->weight;
	*weight = g->counted;
	bpf_spin_unlock(&g->lock);
	return first;
}

static __always_inline bool group_leave(struct group_state *g, __u32 *weight)
{
	bool last;

	bpf_spin_lock(&g->lock);
	g->load -= *weight;
	last = !--g->nr;
	*weight = g->counted;
	bpf_spin_unlock(&g->lock);
	return last;
}

/* Something of this weight in @cgrp becomes runnable, or is no longer. */
__weak __noinline int group_change(struct cgroup *cgrp __arg_trusted, __u32 weight, bool joins)
{
	int up, depth = cgrp->level;

	bpf_for(up, 0, CGROUP_DEPTH) {
		struct group_state *g;

		if (up > depth)
			break;
		g = group_state_at(cgrp, depth - up);
		if (!g)
			continue;
		if (joins ? !group_join(g, &weight) : !group_leave(g, &weight))
			break;
	}
	return 0;
}

static __always_inline void group_set_weight(struct cgroup *cgrp, __u32 weight)
{
	struct group_state *g = group_state(cgrp), *parent;
	__s64 delta = 0;

	if (!g)
		return;
	bpf_spin_lock(&g->lock);
	g->weight = weight;
	if (g->nr > 0) {
		delta = (__s64)weight - g->counted;
		g->counted = weight;
	}
	bpf_spin_unlock(&g->lock);
	parent = delta && cgrp->level ? group_state_at(cgrp, cgrp->level - 1) : NULL;
	if (!parent)
		return;
	bpf_spin_lock(&parent->lock);
	parent->load += delta;
	bpf_spin_unlock(&parent->lock);
}

/* @weight's part of @load, which a race may show as less than what is in it. */
static __always_inline __u64 part_of(__u64 share, __u32 weight, __s64 load)
{
	return load > weight ? share * weight / (__u64)load : share;
}

static __always_inline __u64 group_share(struct cgroup *cgrp, struct group_state *g, __u64 now)
{
	__u64 share = SHARE_ONE;
	__s64 load = 0;
	int level, depth = cgrp->level;

	if (g->share && now - g->share_at < SHARE_TTL_NS)
		return g->share;
	bpf_for(level, 0, CGROUP_DEPTH) {
		struct group_state *at;

		if (level > depth)
			break;
		at = group_state_at(cgrp, level);
		if (!at)
			continue;
		if (load)
			share = part_of(share, at->counted, load);
		load = at->load;
	}
	g->share = share ?: 1;
	g->share_at = now;
	return g->share;
}

/* The share of the machine that @p is due now, at least 1. */
__weak __noinline __u64 task_share(struct task_struct *p __arg_trusted, __u32 weight)
{
	struct cgroup *cgrp = scx_bpf_task_cgroup(p);
	struct group_state *g;
	__u64 share = SHARE_ONE;

	if (!cgrp)
		return share;
	g = group_state(cgrp);
	if (g)
		share = part_of(group_share(cgrp, g, bpf_ktime_get_ns()), weight, g->load);
	bpf_cgroup_release(cgrp);
	return share ?: 1;
}

/* @p becomes runnable, or is no longer; it is counted with the weight that it came with. */
static __always_inline void task_counts(struct task_struct *p, struct task_state *ts, bool joins)
{
	struct cgroup *cgrp;

	if (joins == !!ts->weight)
		return;
	if (joins)
		ts->weight = p->scx.weight;
	cgrp = scx_bpf_task_cgroup(p);
	if (cgrp) {
		group_change(cgrp, ts->weight, joins);
		bpf_cgroup_release(cgrp);
	}
	if (!joins)
		ts->weight = 0;
}

#endif /* KTSTR_BPF_SCX_SHARE_H */
