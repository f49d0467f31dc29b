// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations folded into the state that they leave.
 */
#include <string.h>

#include "op_state.h"

void op_state__init(struct op_state *s, uint32_t nr_cpus)
{
	memset(s, 0, sizeof(*s));
	for (uint32_t cpu = 0; cpu < nr_cpus && cpu < CPU_MASK_BITS; cpu++)
		cpu_mask__set(&s->all, cpu);
	s->online = s->all;
}

bool op_path__within(const char *path, const char *cgroup)
{
	size_t len = strlen(cgroup);

	return !len || (!strncmp(path, cgroup, len) && (!path[len] || path[len] == '/'));
}

static struct op_cgroup *find(struct op_state *s, const char *path)
{
	for (uint32_t i = 0; *path && i < s->nr_cgroups; i++)
		if (!strcmp(s->cgroups[i].path, path))
			return &s->cgroups[i];
	return NULL;
}

const struct op_cgroup *op_state__cgroup(const struct op_state *s, const char *path)
{
	return find((struct op_state *)s, path);
}

/* The path of the one above; false at the top. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!*path)
		return false;
	*(slash ? slash : path) = '\0';
	return true;
}

static void add(struct op_state *s, const struct ktstr_op *op)
{
	struct op_cgroup *cg = find(s, op->cgroup);

	for (uint32_t i = 0; !cg && i < s->nr_cgroups; i++)
		if (!*s->cgroups[i].path)
			cg = &s->cgroups[i];
	if (!cg && s->nr_cgroups < KTSTR_CGROUPS_MAX)
		cg = &s->cgroups[s->nr_cgroups++];
	if (!cg)
		return;
	memset(cg, 0, sizeof(*cg));
	memcpy(cg->path, op->cgroup, sizeof(cg->path));
	cg->weight = OP_WEIGHT_DEFAULT;
	cg->has_cpus = op->has_cpus;
	cg->cpus = op->cpus;
}

static void set_cpus(struct op_state *s, const char *path, const struct cpu_mask *cpus)
{
	struct op_cgroup *cg = find(s, path);

	if (!cg)
		return;
	cg->has_cpus = cpus;
	if (cpus)
		cg->cpus = *cpus;
}

static void swap(struct op_state *s, const char *a, const char *b)
{
	struct cpu_mask of_a, of_b;

	op_state__cpus(s, a, &of_a);
	op_state__cpus(s, b, &of_b);
	set_cpus(s, a, &of_b);
	set_cpus(s, b, &of_a);
}

static void spawn(struct op_state *s, const struct ktstr_op *op)
{
	struct op_crew *c;

	if (s->nr_crews == KTSTR_OPS_MAX)
		return;
	c = &s->crews[s->nr_crews++];
	memcpy(c->cgroup, op->cgroup, sizeof(c->cgroup));
	memcpy(c->home, op->cgroup, sizeof(c->home));
	memcpy(c->name, op->name, sizeof(c->name));
	c->nr = op->work.nr;
	c->has_cpus = op->has_cpus;
	c->cpus = op->cpus;
}

/* As workers are addressed: by cgroup and name, no name is all of the cgroup. */
static bool meant(const struct op_crew *c, const struct ktstr_op *op)
{
	return !strcmp(c->cgroup, op->cgroup) && (!*op->name || !strcmp(c->name, op->name));
}

static void stop_or_move(struct op_state *s, const struct ktstr_op *op)
{
	for (uint32_t i = 0; i < s->nr_crews; i++) {
		if (!meant(&s->crews[i], op))
			continue;
		if (op->verb == KTSTR_V_MOVE)
			memcpy(s->crews[i].cgroup, op->other, sizeof(op->other));
		else
			s->crews[i].nr = 0;
	}
}

static void set_affinity(struct op_state *s, const struct ktstr_op *op)
{
	for (uint32_t i = 0; i < s->nr_crews; i++) {
		if (!meant(&s->crews[i], op))
			continue;
		s->crews[i].has_cpus = op->has_cpus;
		s->crews[i].cpus = op->cpus;
	}
}

static void remove_cgroup(struct op_state *s, const struct ktstr_op *op)
{
	struct op_cgroup *cg = find(s, op->cgroup);
	struct ktstr_op all = { .verb = KTSTR_V_STOP };

	memcpy(all.cgroup, op->cgroup, sizeof(all.cgroup));
	stop_or_move(s, &all);
	if (cg)
		cg->path[0] = '\0';
}

static void set_online(struct op_state *s, uint64_t cpu, bool on)
{
	if (cpu >= CPU_MASK_BITS)
		return;
	s->online.bits[cpu / 64] &= ~(1ull << cpu % 64);
	if (on)
		cpu_mask__set(&s->online, (unsigned int)cpu);
}

static void set_knob(struct op_state *s, const struct ktstr_op *op)
{
	struct op_cgroup *cg = find(s, op->cgroup);

	if (!cg)
		return;
	switch (op->verb) {
	case KTSTR_V_WEIGHT:
		cg->weight = (uint32_t)op->value;
		break;
	case KTSTR_V_QUOTA:
		cg->quota_us = op->value;
		cg->period_us = op->value2;
		break;
	default:
		cg->frozen = op->verb == KTSTR_V_FREEZE;
	}
}

void op_state__apply(struct op_state *s, const struct ktstr_op *op)
{
	switch (op->verb) {
	case KTSTR_V_CGROUP:
		return add(s, op);
	case KTSTR_V_CGROUP_REMOVE:
		return remove_cgroup(s, op);
	case KTSTR_V_CPUSET:
		return set_cpus(s, op->cgroup, op->has_cpus ? &op->cpus : NULL);
	case KTSTR_V_CPUSET_CLEAR:
		return set_cpus(s, op->cgroup, NULL);
	case KTSTR_V_CPUSET_SWAP:
		return swap(s, op->cgroup, op->other);
	case KTSTR_V_WEIGHT:
	case KTSTR_V_QUOTA:
	case KTSTR_V_FREEZE:
	case KTSTR_V_THAW:
		return set_knob(s, op);
	case KTSTR_V_SPAWN:
		return spawn(s, op);
	case KTSTR_V_STOP:
	case KTSTR_V_MOVE:
		return stop_or_move(s, op);
	case KTSTR_V_AFFINITY:
		return set_affinity(s, op);
	case KTSTR_V_CPU_OFFLINE:
	case KTSTR_V_CPU_ONLINE:
		return set_online(s, op->value, op->verb == KTSTR_V_CPU_ONLINE);
	default:
		return;
	}
}

bool op_state__changes(enum ktstr_verb verb)
{
	static const bool changes[KTSTR_V_NR] = {
		[KTSTR_V_CGROUP] = true,	[KTSTR_V_CGROUP_REMOVE] = true,
		[KTSTR_V_CPUSET] = true,	[KTSTR_V_CPUSET_CLEAR] = true,
		[KTSTR_V_CPUSET_SWAP] = true,	[KTSTR_V_WEIGHT] = true,
		[KTSTR_V_QUOTA] = true,		[KTSTR_V_FREEZE] = true,
		[KTSTR_V_THAW] = true,		[KTSTR_V_SPAWN] = true,
		[KTSTR_V_STOP] = true,		[KTSTR_V_MOVE] = true,
		[KTSTR_V_CPU_OFFLINE] = true,	[KTSTR_V_CPU_ONLINE] = true,
	};

	return verb < KTSTR_V_NR && changes[verb];
}

static bool cut(struct cpu_mask *m, const struct cpu_mask *by)
{
	struct cpu_mask both;

	for (size_t i = 0; i < CPU_MASK_BITS / 64; i++)
		both.bits[i] = m->bits[i] & by->bits[i];
	if (!cpu_mask__count(&both))
		return false;
	*m = both;
	return true;
}

/*
 * From the top down, each cut by its own; one that would be left with nothing has what is
 * above it (update_cpumasks_hier() in kernel/cgroup/cpuset.c).
 */
void op_state__cpus(const struct op_state *s, const char *path, struct cpu_mask *out)
{
	const struct op_cgroup *cg;
	char part[KTSTR_OP_CGROUP_MAX];

	*out = s->online;
	for (size_t len = 0; path[len]; len++) {
		if (path[len + 1] && path[len + 1] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)len + 1, path);
		cg = op_state__cgroup(s, part);
		if (cg && cg->has_cpus)
			cut(out, &cg->cpus);
	}
}

bool op_state__frozen(const struct op_state *s, const char *path)
{
	const struct op_cgroup *cg;
	char at[KTSTR_OP_CGROUP_MAX];

	snprintf(at, sizeof(at), "%s", path);
	do {
		cg = op_state__cgroup(s, at);
		if (cg && cg->frozen)
			return true;
	} while (go_up(at));
	return false;
}

double op_state__quota(const struct op_state *s, const char *path)
{
	const struct op_cgroup *cg;
	char at[KTSTR_OP_CGROUP_MAX];
	double least = -1, cpus;

	snprintf(at, sizeof(at), "%s", path);
	do {
		cg = op_state__cgroup(s, at);
		if (!cg || !cg->quota_us || !cg->period_us)
			continue;
		cpus = (double)cg->quota_us / (double)cg->period_us;
		if (least < 0 || cpus < least)
			least = cpus;
	} while (go_up(at));
	return least;
}

uint32_t op_state__workers(const struct op_state *s, const char *path)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->nr_crews; i++)
		if (op_path__within(s->crews[i].cgroup, path))
			n += s->crews[i].nr;
	return n;
}

struct op_list op_list__of_trace(const struct op_trace *t)
{
	struct op_list l = { .first = &t->steps[0].op, .stride = sizeof(t->steps[0]) };

	while (l.nr < t->nr && op_trace__good(&t->steps[l.nr]))
		l.nr++;
	return l;
}

void op_trace__walk(const struct op_trace *t, uint32_t nr_cpus, uint64_t from_ns, uint64_t to_ns,
		    op_span_fn fn, void *arg)
{
	struct op_state s;
	uint64_t at = from_ns, end;

	op_state__init(&s, nr_cpus);
	for (uint32_t i = 0; i <= t->nr; i++) {
		const struct op_step *step = i < t->nr ? &t->steps[i] : NULL;

		if (step && !op_state__changes(step->op.verb))
			continue;
		end = step && step->begin_ns < to_ns ? step->begin_ns : to_ns;
		if (at < end)
			fn(arg, &s, at, end);
		/* Nobody knows how much of it one did that failed. */
		if (!step || !op_trace__good(step))
			return;
		op_state__apply(&s, &step->op);
		at = step->end_ns > at ? step->end_ns : at;
	}
}
