// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler: payloads, the scheduler, CPUs that come and go, and time.
 */
#include <ktstr/nearest.h>

#include "op_compile.h"

int op_compile__sched(struct op_job *j)
{
	enum ktstr_verb verb = j->spec->verb;

	if (verb == KTSTR_V_SCHED_ATTACH && !j->c->detached)
		return op_bad(j, "the scheduler is attached already; detach it first");
	if (verb != KTSTR_V_SCHED_ATTACH && j->c->detached)
		return op_bad(j, "the scheduler is detached here; attach it first");
	j->c->detached = verb == KTSTR_V_SCHED_DETACH;
	return verb == KTSTR_V_SCHED_REPLACE ? op_job__command(j) : 0;
}

/* Payloads that run nowhere in particular are of no cgroup. */
static int payload_cgroup(const struct op_job *j, uint32_t *cgroup)
{
	int err;

	*cgroup = OP_NONE;
	if (!j->spec->cgroup)
		return 0;
	err = op_cgroup__named(j, j->spec->cgroup, j->op->cgroup, cgroup);
	return err ? err : op_cgroup__enter(j, *cgroup, "payload");
}

static int payload_slot(const struct op_job *j, uint32_t *slot)
{
	struct ktstr_compiler *c = j->c;

	*slot = op_payload__find(c, j->op->name);
	if (*slot != OP_NONE && c->payloads[*slot].runs)
		return op_bad(j,
			      "payload \"%s\" runs already; wait for it or kill it first, or use another name",
			      j->op->name);
	if (*slot != OP_NONE)
		return 0;
	if (c->nr_payloads == OP_PAYLOADS_MAX)
		return op_bad(j,
			      "more than %u names of payloads; use names again",
			      OP_PAYLOADS_MAX);
	*slot = c->nr_payloads++;
	return 0;
}

int op_compile__run(struct op_job *j)
{
	uint32_t cgroup, slot;
	int err = op_job__name(j, "payload");

	if (!err)
		err = op_job__command(j);
	if (!err)
		err = payload_cgroup(j, &cgroup);
	if (!err)
		err = payload_slot(j, &slot);
	if (err)
		return err;
	j->c->payloads[slot] = (struct op_payload){ .cgroup = cgroup, .runs = true };
	strcpy(j->c->payloads[slot].name, j->op->name);
	j->c->idle_at = OP_AT(j->spec->at);
	return 0;
}

static int unknown_payload(const struct op_job *j)
{
	struct nearest n = nearest__begin(j->op->name);

	for (uint32_t i = 0; i < j->c->nr_payloads; i++)
		nearest__try(&n, j->c->payloads[i].name);
	if (nearest__found(&n))
		return op_bad(j, "payload \"%s\" was not run before; did you mean \"%s\"?",
			      j->op->name, nearest__found(&n));
	return op_bad(j, "payload \"%s\" was not run before; run it first, with KTSTR_RUN()",
		      j->op->name);
}

/* The payload that the operation ends, one way or the other. */
static int end_payload(const struct op_job *j)
{
	uint32_t i;
	int err = op_job__name(j, "payload");

	if (err)
		return err;
	i = op_payload__find(j->c, j->op->name);
	if (i == OP_NONE)
		return unknown_payload(j);
	if (!j->c->payloads[i].runs)
		return op_bad(j,
			      "payload \"%s\" was waited for or killed before; run it again first",
			      j->op->name);
	j->c->payloads[i].runs = false;
	return 0;
}

static int check_ms(const struct op_job *j, uint64_t ms)
{
	if (ms <= KTSTR_OP_MS_MAX)
		return 0;
	return op_bad(j, "%llu ms are more than a day; say %u at most", (unsigned long long)ms,
		      KTSTR_OP_MS_MAX);
}

int op_compile__wait(struct op_job *j)
{
	j->op->value = j->spec->value;
	j->c->idle_at = NULL;
	return end_payload(j) ? -EINVAL : check_ms(j, j->spec->value);
}

int op_compile__kill(struct op_job *j)
{
	return end_payload(j);
}

static int check_cpu(const struct op_job *j, uint64_t cpu)
{
	if (cpu < j->c->shape.nr_cpus && cpu_mask__test(&j->c->shape.online, (unsigned int)cpu))
		return 0;
	return op_bad(j,
		      "there is no CPU %llu in this topology, it has %u; choose another, or need more CPUs",
		      (unsigned long long)cpu, cpu_mask__count(&j->c->shape.online));
}

int op_compile__cpu(struct op_job *j)
{
	bool online = j->spec->verb == KTSTR_V_CPU_ONLINE;
	uint64_t cpu = j->spec->value;
	int err = check_cpu(j, cpu);

	if (err)
		return err;
	if (!cpu && !online)
		return op_bad(j,
			      "CPU 0 cannot be taken offline on this architecture; choose another");
	if (cpu_mask__test(&j->c->online, (unsigned int)cpu) == online)
		return op_bad(j, "CPU %llu is %s already; %s first", (unsigned long long)cpu,
			      online ? "online" : "offline",
			      online ? "take it offline" : "bring it online");
	j->c->online.bits[cpu / 64] ^= 1ull << (cpu % 64);
	j->op->value = cpu;
	return op_job__settled(j);
}

int op_compile__hold(struct op_job *j)
{
	uint64_t pct = j->spec->value, ms = j->spec->value2;

	if (!pct == !ms)
		return op_bad(j,
			      "a hold is of a part of the duration or of a time; give one of the two, not %s",
			      pct ? "both" : "0");
	if (pct > 100 || j->c->held_pct + pct > 100)
		return op_bad(j,
			      "holds of %llu %% before and %llu %% here are more than 100 %% of the duration; hold shorter, or for milliseconds",
			      (unsigned long long)j->c->held_pct, (unsigned long long)pct);
	j->c->held_pct += pct;
	if (pct)
		ms = (uint64_t)j->c->duration_ms * pct / 100;
	/* A part of it is never nothing. */
	j->op->value2 = ms ? ms : 1;
	j->c->idle_at = NULL;
	return check_ms(j, ms);
}

int op_compile__mark(struct op_job *j)
{
	int err = op_job__name(j, "phase");

	if (!err && op_phase__find(j->c, j->op->name) != OP_NONE)
		err = op_bad(j, "phase \"%s\" began before; use another name", j->op->name);
	if (!err && j->c->nr_phases == OP_PHASES_MAX)
		err = op_bad(j, "more than %u phases; mark fewer", OP_PHASES_MAX);
	if (!err)
		strcpy(j->c->phases[j->c->nr_phases++], j->op->name);
	return err;
}
