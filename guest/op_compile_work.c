// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler: workers, what they run and how they are scheduled.
 */
#include <ktstr/nearest.h>

#include "op_compile.h"

#define PPM	1000000u

static int unknown_kind(const struct op_job *j, const char *name)
{
	struct nearest n = nearest__begin(name);
	const struct ktstr_work_kind *k;

	for (unsigned int i = 0; (k = ktstr_work_kind__at(i)); i++)
		nearest__try(&n, k->name);
	if (nearest__found(&n))
		return op_bad(j, "there is no kind of work \"%.32s\"; did you mean \"%s\"?", name,
			      nearest__found(&n));
	return op_bad(j, "there is no kind of work \"%.32s\"; the manual on workloads lists them",
		      name);
}

/* NULL with a sentence. */
static const struct ktstr_work_kind *find_kind(const struct op_job *j)
{
	const char *name = j->spec->work.kind;
	const struct ktstr_work_kind *k = NULL;

	if (!name || !*name) {
		op_bad(j, "workers need a kind of work; give one, such as .kind = \"spin\"");
		return NULL;
	}
	k = ktstr_work_kind__find(name);
	if (!k)
		unknown_kind(j, name);
	return k;
}

static int check_fn(const struct op_job *j, const struct ktstr_work_kind *k)
{
	bool own = !strcmp(k->name, KTSTR_WORK_FUNCTION);

	if (own && !j->spec->work.fn)
		return op_bad(j, "work of kind \"%s\" needs a function; give it as .fn", k->name);
	if (!own && j->spec->work.fn)
		return op_bad(j, "work of kind \"%s\" takes no .fn; use kind \"%s\"", k->name,
			      KTSTR_WORK_FUNCTION);
	return 0;
}

/* Half as much again must fit into their type. */
#define TIME_US_MAX	1000000000u

static int check_times(const struct op_job *j)
{
	const struct ktstr_work *w = &j->spec->work;
	uint32_t us = w->busy_us > TIME_US_MAX ? w->busy_us : w->idle_us;

	if (us <= TIME_US_MAX)
		return 0;
	return op_bad(j, "%u us are too long for .%s; say %u at most", us,
		      us == w->busy_us ? "busy_us" : "idle_us", TIME_US_MAX);
}

/* The author's own function may ask for all of them. */
static int check_takes(const struct op_job *j, const struct ktstr_work_kind *k)
{
	const struct ktstr_work *w = &j->spec->work;
	const char *extra = w->busy_us && !k->busy_us ? "busy_us" :
			    w->idle_us && !k->idle_us ? "idle_us" :
			    w->kib && !k->kib ? "kib" : NULL;

	if (!extra || w->fn)
		return 0;
	return op_bad(j, "work of kind \"%s\" takes no .%s; drop it", k->name, extra);
}

static int set_group(const struct op_job *j, const struct ktstr_work_kind *k)
{
	uint32_t group = j->spec->work.group ? j->spec->work.group : k->group;
	uint32_t max = k->group_max && k->group_max < KTSTR_WORKERS_MAX ? k->group_max :
									  KTSTR_WORKERS_MAX;
	uint32_t min = k->group_min ? k->group_min : 1;

	if (group < min || group > max)
		return op_bad(j,
			      "a group of %u cannot be: work of kind \"%s\" takes %u to %u",
			      group,
			      k->name, min, max);
	j->op->work.group = group;
	return 0;
}

/* For each CPU of the cgroup, rounded up to whole groups. */
static uint64_t per_cpu(const struct op_job *j, uint32_t cgroup)
{
	uint64_t n = j->spec->work.per_cpu ? j->spec->work.per_cpu : 1;
	uint32_t group = j->op->work.group;
	struct cpu_mask base;

	op_cgroup__base(j->c, cgroup, &base);
	n *= cpu_mask__count(&base);
	return (n + group - 1) / group * group;
}

static int set_number(const struct op_job *j, uint32_t cgroup)
{
	const struct ktstr_work *w = &j->spec->work;
	uint64_t nr = w->nr ? w->nr : per_cpu(j, cgroup);

	if (w->nr && w->per_cpu)
		return op_bad(j,
			      "workers have a number, %u, and one for each CPU, %u; give one of the two",
			      w->nr, w->per_cpu);
	if (nr % j->op->work.group)
		return op_bad(j, "%u workers make no whole groups of %u; give a multiple of %u",
			      w->nr, j->op->work.group, j->op->work.group);
	if (nr > KTSTR_WORKERS_MAX - j->c->workers)
		return op_bad(j,
			      "%llu workers and the %u spawned before are more than %u in all; spawn fewer",
			      (unsigned long long)nr, j->c->workers, KTSTR_WORKERS_MAX);
	j->op->work.nr = (uint32_t)nr;
	return 0;
}

static int check_nice(const struct op_job *j, int64_t nice)
{
	if (nice >= -20 && nice <= 19)
		return 0;
	return op_bad(j, "a nice value of %lld cannot be; it goes from -20 to 19", (long long)nice);
}

/* Limits of kernel/sched/deadline.c: __checkparam_dl() and its sysctls' defaults. */
#define RUNTIME_US_MIN	2u	/* 1024 ns */
#define PERIOD_US_MIN	100u
#define PERIOD_US_MAX	4194304u

static int check_deadline(const struct op_job *j, struct ktstr_op_work *w)
{
	w->period_us = w->period_us ? w->period_us : w->deadline_us;
	if (w->runtime_us < RUNTIME_US_MIN)
		return op_bad(j,
			      "a deadline runtime of %u us cannot be; give .runtime_us of %u or more",
			      w->runtime_us, RUNTIME_US_MIN);
	if (w->runtime_us > w->deadline_us || w->deadline_us > w->period_us)
		return op_bad(j,
			      "deadline %u us must be between runtime %u us and period %u us; give .deadline_us and .period_us",
			      w->deadline_us, w->runtime_us, w->period_us);
	if (w->period_us < PERIOD_US_MIN || w->period_us > PERIOD_US_MAX)
		return op_bad(j,
			      "a deadline period of %u us cannot be; give %u to %u",
			      w->period_us,
			      PERIOD_US_MIN, PERIOD_US_MAX);
	return 0;
}

static int check_prio(const struct op_job *j, const struct ktstr_op_work *w)
{
	bool rt = w->policy == KTSTR_FIFO || w->policy == KTSTR_RR;

	if (rt && (w->prio < 1 || w->prio > 99))
		return op_bad(j, "priority %u cannot be: policy \"%s\" takes 1 to 99; give .prio",
			      w->prio, op_policy__name(w->policy));
	if (!rt && w->prio)
		return op_bad(j,
			      "policy \"%s\" takes no priority; drop .prio, or use KTSTR_FIFO or KTSTR_RR",
			      op_policy__name(w->policy));
	return 0;
}

/* fair_policy() in kernel/sched/sched.h: only these have one. */
static int check_weighed(const struct op_job *j, enum ktstr_policy policy, int64_t nice)
{
	if (!nice || policy == KTSTR_INHERIT || policy == KTSTR_NORMAL ||
	    policy == KTSTR_BATCH || policy == KTSTR_EXT)
		return 0;
	return op_bad(j,
		      "policy \"%s\" takes no nice value; drop it, or use KTSTR_NORMAL, KTSTR_BATCH or KTSTR_EXT",
		      op_policy__name(policy));
}

static int set_policy(const struct op_job *j)
{
	const struct ktstr_work *from = &j->spec->work;
	struct ktstr_op_work *w = &j->op->work;
	int err;

	if (!op_policy__name(from->policy))
		return op_bad(j,
			      "%d is no policy; use KTSTR_NORMAL and the like",
			      (int)from->policy);
	w->policy = from->policy;
	w->prio = from->prio;
	w->runtime_us = from->runtime_us;
	w->deadline_us = from->deadline_us;
	w->period_us = from->period_us;
	err = check_weighed(j, w->policy, from->nice);
	if (!err)
		err = check_prio(j, w);
	if (err || w->policy == KTSTR_DEADLINE)
		return err ? err : check_deadline(j, w);
	if (w->runtime_us || w->deadline_us || w->period_us)
		return op_bad(j,
			      "policy \"%s\" takes no runtime, deadline or period; drop them, or use KTSTR_DEADLINE",
			      op_policy__name(w->policy));
	return 0;
}

static uint32_t deadline_ppm(const struct ktstr_op_work *w)
{
	return w->policy == KTSTR_DEADLINE ?
		(uint32_t)((uint64_t)w->runtime_us * PPM / w->period_us) : 0;
}

/* The kernel admits SCHED_DEADLINE only to tasks that may run on all CPUs, up to 95 % of these. */
static int admit(const struct op_job *j, const struct op_crew *w)
{
	struct cpu_mask base;
	uint64_t sum = 0;

	if (!w->deadline_ppm)
		return 0;
	op_cgroup__base(j->c, w->cgroup, &base);
	if (w->pinned || !cpu_mask__equal(&base, &j->c->online))
		return op_bad(j,
			      "workers \"%s\" may not run on all CPUs, so the kernel refuses them SCHED_DEADLINE; give them a cgroup without a cpuset, and no affinity",
			      w->name);
	for (uint32_t i = 0; i < j->c->nr_crews; i++)
		if (j->c->crews[i].live)
			sum += (uint64_t)j->c->crews[i].nr * j->c->crews[i].deadline_ppm;
	if (sum <= (uint64_t)cpu_mask__count(&base) * (PPM / 100 * 95))
		return 0;
	return op_bad(j,
		      "SCHED_DEADLINE workers ask for %llu %% of a CPU in all, and the kernel admits 95 %% of each of %u CPUs; spawn fewer, or give them less runtime",
		      (unsigned long long)(sum / (PPM / 100)), cpu_mask__count(&base));
}

/* A number that no other workers have as their name. */
static void give_name(const struct op_job *j)
{
	bool taken;

	do {
		snprintf(j->op->name, sizeof(j->op->name), "w%u", j->c->unnamed++);
		taken = false;
		for (uint32_t i = 0; i < j->c->nr_crews; i++)
			taken |= !strcmp(j->c->crews[i].name, j->op->name);
	} while (taken);
}

static int name_crew(const struct op_job *j, uint32_t cgroup)
{
	int err;

	if (!j->spec->name) {
		give_name(j);
		return 0;
	}
	err = op_job__name(j, "group of workers");
	if (!err && op_crew__find(j->c, cgroup, j->op->name) != OP_NONE)
		err = op_bad(j,
			     "cgroup \"%s\" has workers \"%s\" already; use another name, or stop those first",
			     j->op->cgroup, j->op->name);
	return err;
}

static int set_affinity(const struct op_job *j, uint32_t cgroup)
{
	const struct ktstr_cpus cpus = {
		.kind = KTSTR_CPUS_LIST, .list = j->spec->work.affinity,
	};
	struct cpu_mask base;

	if (!cpus.list)
		return 0;
	op_cgroup__base(j->c, cgroup, &base);
	return op_job__cpus(j, &cpus, &base);
}

/* What is taken as it is; the rest was checked. */
static void copy_work(const struct op_job *j, const struct ktstr_work_kind *k)
{
	const struct ktstr_work *from = &j->spec->work;
	struct ktstr_op_work *w = &j->op->work;

	snprintf(w->kind, sizeof(w->kind), "%s", k->name);
	w->threads = from->threads;
	w->nice = from->nice;
	w->busy_us = from->busy_us;
	w->idle_us = from->idle_us;
	w->kib = from->kib;
}

static int resolve_spawn(const struct op_job *j, uint32_t cgroup)
{
	const struct ktstr_work_kind *k = find_kind(j);
	int err;

	if (!k)
		return -EINVAL;
	err = check_fn(j, k);
	if (!err)
		err = check_takes(j, k);
	if (!err)
		err = check_times(j);
	if (!err)
		err = set_group(j, k);
	if (!err)
		err = set_number(j, cgroup);
	if (!err)
		err = check_nice(j, j->spec->work.nice);
	if (!err)
		err = set_policy(j);
	if (!err)
		err = set_affinity(j, cgroup);
	if (!err)
		copy_work(j, k);
	return err;
}

int op_compile__spawn(struct op_job *j)
{
	struct ktstr_compiler *c = j->c;
	struct op_crew *w;
	uint32_t cgroup;
	int err = op_cgroup__named(j, j->spec->cgroup, j->op->cgroup, &cgroup);

	if (!err)
		err = op_cgroup__enter(j, cgroup, "worker");
	if (!err)
		err = name_crew(j, cgroup);
	if (!err)
		err = resolve_spawn(j, cgroup);
	if (err)
		return err;
	c->workers += j->op->work.nr;
	c->idle_at = OP_AT(j->spec->at);
	w = &c->crews[c->nr_crews++];
	*w = (struct op_crew){
		.cgroup = cgroup, .nr = j->op->work.nr, .live = true,
		.pinned = j->op->has_cpus, .cpus = j->op->cpus,
		.policy = j->op->work.policy, .deadline_ppm = deadline_ppm(&j->op->work),
	};
	strcpy(w->name, j->op->name);
	return admit(j, w);
}

/* Operations on workers begin alike: which cgroup, which workers? */
static int find_crews(const struct op_job *j, uint32_t *cgroup)
{
	int err = op_cgroup__named(j, j->spec->cgroup, j->op->cgroup, cgroup);

	return err ? err : op_crew__check(j, *cgroup);
}

#define for_each_crew(j, cgroup, i)				\
	for ((i) = op_crew__next(j, cgroup, 0); (i) != OP_NONE;	\
	     (i) = op_crew__next(j, cgroup, (i) + 1))

int op_compile__stop(struct op_job *j)
{
	uint32_t cgroup, i;
	int err = find_crews(j, &cgroup);

	if (err)
		return err;
	for_each_crew(j, cgroup, i)
		j->c->crews[i].live = false;
	return 0;
}

int op_compile__affinity(struct op_job *j)
{
	struct cpu_mask base;
	uint32_t cgroup, i;
	int err = find_crews(j, &cgroup);

	if (err)
		return err;
	op_cgroup__base(j->c, cgroup, &base);
	if (j->spec->cpus.kind != KTSTR_CPUS_ALL)
		err = op_job__cpus(j, &j->spec->cpus, &base);
	for_each_crew(j, cgroup, i) {
		struct op_crew *w = &j->c->crews[i];

		w->pinned = j->op->has_cpus;
		w->cpus = j->op->cpus;
		if (!err)
			err = admit(j, w);
	}
	return err;
}

int op_compile__nice(struct op_job *j)
{
	uint32_t cgroup, i;
	int err = find_crews(j, &cgroup);

	j->op->value = j->spec->value;
	if (!err)
		err = check_nice(j, (int64_t)j->spec->value);
	if (err)
		return err;
	for_each_crew(j, cgroup, i)
		if (!err)
			err = check_weighed(j, j->c->crews[i].policy, (int64_t)j->spec->value);
	return err;
}

/* Of the description of workers only how they are scheduled counts. */
static int check_policy_alone(const struct op_job *j)
{
	const struct ktstr_work *w = &j->spec->work;

	if (w->policy == KTSTR_INHERIT)
		return op_bad(j,
			      "a policy to change to is not said; give one, such as .policy = KTSTR_BATCH");
	if (w->kind || w->nr || w->per_cpu || w->group || w->threads || w->nice || w->affinity ||
	    w->busy_us || w->idle_us || w->kib || w->fn)
		return op_bad(j,
			      "policy takes a policy and its parameters only; drop the rest, or use KTSTR_NICE() and the like");
	return 0;
}

int op_compile__policy(struct op_job *j)
{
	uint32_t cgroup, i;
	int err = find_crews(j, &cgroup);

	if (!err)
		err = check_policy_alone(j);
	if (!err)
		err = set_policy(j);
	if (err)
		return err;
	for_each_crew(j, cgroup, i) {
		j->c->crews[i].policy = j->op->work.policy;
		j->c->crews[i].deadline_ppm = deadline_ppm(&j->op->work);
	}
	for_each_crew(j, cgroup, i)
		if (!err)
			err = admit(j, &j->c->crews[i]);
	return err;
}

static int move_crew(const struct op_job *j, struct op_crew *w, uint32_t to)
{
	if (op_crew__find(j->c, to, w->name) != OP_NONE)
		return op_bad(j,
			      "cgroup \"%s\" has workers \"%s\" already; spawn them under another name",
			      j->op->other, w->name);
	w->cgroup = to;
	return 0;
}

int op_compile__move(struct op_job *j)
{
	uint32_t from, to, i;
	int err = find_crews(j, &from);

	if (!err)
		err = op_cgroup__named(j, j->spec->other, j->op->other, &to);
	if (!err && from == to)
		err = op_bad(j, "the workers are in cgroup \"%s\" already; move them to another",
			     j->op->cgroup);
	if (!err)
		err = op_cgroup__enter(j, to, "worker");
	if (err)
		return err;
	for_each_crew(j, from, i)
		if (!err)
			err = move_crew(j, &j->c->crews[i], to);
	return err ? err : op_job__settled(j);
}
