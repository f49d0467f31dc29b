// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler: cgroups, their CPUs and their limits.
 */
#include "op_compile.h"
#include "op_name.h"

/* Slot for a new cgroup: the one it had before, or a fresh one; OP_NONE without room. */
static uint32_t slot(struct ktstr_compiler *c, const char *path)
{
	for (uint32_t i = 0; i < c->nr_cgroups; i++)
		if (!strcmp(c->cgroups[i].path, path))
			return i;
	return c->nr_cgroups < OP_CGROUPS_EVER ? c->nr_cgroups++ : OP_NONE;
}

static uint32_t live_cgroups(const struct ktstr_compiler *c)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->nr_cgroups; i++)
		n += c->cgroups[i].live;
	return n;
}

static int check_path(const struct op_job *j, const char *path)
{
	if (!path || !*path)
		return op_bad(j, "cgroup needs a name; give it one");
	if (!op_path__ok(path))
		return op_bad(j,
			      "\"%.70s\" is no name for a cgroup; use names of 1 to %u letters, digits, '_' and '-', \"a/b\" below \"a\", at most %u bytes in all",
			      path, KTSTR_OP_NAME_MAX - 1, KTSTR_OP_CGROUP_MAX - 1);
	if (op_cgroup__find(j->c, path, strlen(path)) != OP_NONE)
		return op_bad(j,
			      "cgroup \"%s\" is there already; remove it first, or use another name",
			      path);
	if (live_cgroups(j->c) == KTSTR_CGROUPS_MAX)
		return op_bad(j,
			      "there are %u cgroups already; remove some first",
			      KTSTR_CGROUPS_MAX);
	return 0;
}

static int find_parent(const struct op_job *j, const char *path, uint32_t *parent)
{
	const char *slash = strrchr(path, '/');
	char above[KTSTR_OP_CGROUP_MAX];

	*parent = OP_NONE;
	if (!slash)
		return 0;
	snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
	*parent = op_cgroup__find(j->c, above, strlen(above));
	return *parent == OP_NONE ? op_cgroup__unknown(j, above) : 0;
}

/* A cpuset that is the whole base is none: it follows what is above. */
static int resolve_new(const struct op_job *j, uint32_t parent)
{
	struct cpu_mask base;

	if (j->spec->cpus.kind == KTSTR_CPUS_ALL)
		return 0;
	op_cgroup__base(j->c, parent, &base);
	return op_job__cpus(j, &j->spec->cpus, &base);
}

/*
 * cgroup_vet_subtree_control_enable() in the kernel: one below a cgroup that has processes and
 * hands the cpu controller down cannot hand it down in turn.
 */
static int check_above(const struct op_job *j, uint32_t parent)
{
	uint32_t above = parent == OP_NONE ? OP_NONE : op_cgroup__populated_above(j->c, parent);

	if (above == OP_NONE)
		return 0;
	return op_bad(j,
		      "the kernel lets \"%s\" have no cgroup below it while \"%s\" above it has processes; make the cgroups first",
		      j->c->cgroups[parent].path, j->c->cgroups[above].path);
}

int op_compile__cgroup(struct op_job *j)
{
	const char *path = j->spec->cgroup;
	uint32_t i, parent;
	int err = check_path(j, path);

	if (!err)
		err = find_parent(j, path, &parent);
	if (!err)
		err = check_above(j, parent);
	if (!err)
		err = resolve_new(j, parent);
	if (err)
		return err;
	i = slot(j->c, path);
	if (i == OP_NONE)
		return op_bad(j, "more than %u names of cgroups; use names again", OP_CGROUPS_EVER);
	j->c->cgroups[i] = (struct op_cgroup){
		.parent = parent, .live = true, .own = j->op->has_cpus, .cpus = j->op->cpus,
	};
	strcpy(j->c->cgroups[i].path, path);
	strcpy(j->op->cgroup, path);
	return 0;
}

static int check_empty(const struct op_job *j, uint32_t cgroup)
{
	const struct ktstr_compiler *c = j->c;

	for (uint32_t i = 0; i < c->nr_cgroups; i++)
		if (c->cgroups[i].live && c->cgroups[i].parent == cgroup)
			return op_bad(j, "cgroup \"%s\" has \"%s\" below it; remove that first",
				      c->cgroups[cgroup].path, c->cgroups[i].path);
	for (uint32_t i = 0; i < c->nr_payloads; i++)
		if (c->payloads[i].runs && c->payloads[i].cgroup == cgroup)
			return op_bad(j,
				      "payload \"%s\" runs in cgroup \"%s\"; wait for it or kill it first",
				      c->payloads[i].name, c->cgroups[cgroup].path);
	return 0;
}

int op_compile__cgroup_remove(struct op_job *j)
{
	struct ktstr_compiler *c = j->c;
	uint32_t cgroup;
	int err = op_cgroup__named(j, j->spec->cgroup, j->op->cgroup, &cgroup);

	if (!err)
		err = check_empty(j, cgroup);
	if (err)
		return err;
	for (uint32_t i = 0; i < c->nr_crews; i++)
		if (c->crews[i].cgroup == cgroup)
			c->crews[i].live = false;
	c->cgroups[cgroup].live = false;
	return 0;
}

int op_compile__cpuset(struct op_job *j)
{
	struct cpu_mask base;
	uint32_t cgroup;
	int err = op_cgroup__named(j, j->spec->cgroup, j->op->cgroup, &cgroup);

	if (err)
		return err;
	op_cgroup__base(j->c, j->c->cgroups[cgroup].parent, &base);
	err = op_job__cpus(j, &j->spec->cpus, &base);
	if (err)
		return err;
	j->c->cgroups[cgroup].own = true;
	j->c->cgroups[cgroup].cpus = j->op->cpus;
	return op_job__settled(j);
}

static int check_own(const struct op_job *j, uint32_t cgroup)
{
	if (j->c->cgroups[cgroup].own)
		return 0;
	return op_bad(j, "cgroup \"%s\" has no cpuset of its own here; give it one first",
		      j->c->cgroups[cgroup].path);
}

int op_compile__cpuset_clear(struct op_job *j)
{
	uint32_t cgroup;
	int err = op_cgroup__named(j, j->spec->cgroup, j->op->cgroup, &cgroup);

	if (!err)
		err = check_own(j, cgroup);
	if (err)
		return err;
	j->c->cgroups[cgroup].own = false;
	return op_job__settled(j);
}

int op_compile__cpuset_swap(struct op_job *j)
{
	struct op_cgroup *cgs = j->c->cgroups;
	struct cpu_mask cpus;
	uint32_t a, b;
	int err = op_cgroup__named(j, j->spec->cgroup, j->op->cgroup, &a);

	if (!err)
		err = op_cgroup__named(j, j->spec->other, j->op->other, &b);
	if (!err && a == b)
		err = op_bad(j,
			     "cgroup \"%s\" cannot exchange its cpuset with itself; name another",
			     cgs[a].path);
	if (!err)
		err = check_own(j, a);
	if (!err)
		err = check_own(j, b);
	if (err)
		return err;
	/* The guest exchanges what is effective: CPUs that are offline stay behind for good. */
	op_cgroup__base(j->c, a, &cpus);
	op_cgroup__base(j->c, b, &cgs[a].cpus);
	cgs[b].cpus = cpus;
	return op_job__settled(j);
}

int op_compile__weight(struct op_job *j)
{
	uint64_t weight = j->spec->value;
	uint32_t cgroup;

	if (weight < 1 || weight > 10000)
		return op_bad(j, "a weight of %llu cannot be; cpu.weight takes 1 to 10000",
			      (unsigned long long)weight);
	j->op->value = weight;
	return op_cgroup__named(j, j->spec->cgroup, j->op->cgroup, &cgroup);
}

/* Limits of kernel/sched/core.c: tg_set_cfs_bandwidth() and max_cfs_runtime. */
#define PERIOD_US_MIN	1000u
#define PERIOD_US_MAX	1000000u
#define QUOTA_US_MIN	1000u
#define QUOTA_US_MAX	((1ull << 44) - 1)

int op_compile__quota(struct op_job *j)
{
	uint64_t us = j->spec->value, period = j->spec->value2 ? j->spec->value2 : 100000;
	uint32_t cgroup;

	if (us && (us < QUOTA_US_MIN || us > QUOTA_US_MAX))
		return op_bad(j,
			      "a quota of %llu us cannot be; cpu.max takes %u to %llu, or 0 for none",
			      (unsigned long long)us, QUOTA_US_MIN, QUOTA_US_MAX);
	if (period < PERIOD_US_MIN || period > PERIOD_US_MAX)
		return op_bad(j, "a period of %llu us cannot be; cpu.max takes %u to %u",
			      (unsigned long long)period, PERIOD_US_MIN, PERIOD_US_MAX);
	j->op->value = us;
	j->op->value2 = period;
	return op_cgroup__named(j, j->spec->cgroup, j->op->cgroup, &cgroup);
}

int op_compile__freeze(struct op_job *j)
{
	bool freeze = j->spec->verb == KTSTR_V_FREEZE;
	uint32_t cgroup;
	int err = op_cgroup__named(j, j->spec->cgroup, j->op->cgroup, &cgroup);

	if (err)
		return err;
	if (j->c->cgroups[cgroup].frozen == freeze)
		return op_bad(j, "cgroup \"%s\" is %s; %s it first", j->op->cgroup,
			      freeze ? "frozen already" : "not frozen here",
			      freeze ? "thaw" : "freeze");
	/* cgroup_freeze() in the kernel: what a parent froze only the parent thaws. */
	if (!freeze && op_cgroup__frozen(j->c, j->c->cgroups[cgroup].parent))
		return op_bad(j,
			      "cgroup \"%s\" stays frozen by one above it; thaw the parent first",
			      j->op->cgroup);
	j->c->cgroups[cgroup].frozen = freeze;
	return 0;
}

/* cgroup_vet_subtree_control_enable() in the kernel: memory is for cgroups without processes. */
static int hand_memory(const struct op_job *j, uint32_t cgroup)
{
	struct op_cgroup *cgs = j->c->cgroups;
	uint32_t above = op_cgroup__populated_above(j->c, cgroup);

	if (above != OP_NONE)
		return op_bad(j,
			      "the kernel limits no memory of cgroup \"%s\" while \"%s\" above it has processes; use cgroups without children",
			      cgs[cgroup].path, cgs[above].path);
	for (uint32_t i = cgs[cgroup].parent; i != OP_NONE; i = cgs[i].parent)
		cgs[i].hands_memory = true;
	return 0;
}

int op_compile__memory_max(struct op_job *j)
{
	uint32_t cgroup;
	int err;

	if (j->spec->value > UINT64_MAX / 1024)
		return op_bad(j, "%llu KiB are more than memory.max takes; say fewer",
			      (unsigned long long)j->spec->value);
	j->op->value = j->spec->value;
	err = op_cgroup__named(j, j->spec->cgroup, j->op->cgroup, &cgroup);
	return err ? err : hand_memory(j, cgroup);
}
