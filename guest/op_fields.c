// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of what an operation's line can hold.
 */
#include <string.h>

#include <ktstr/plan.h>

#include "op_fields.h"
#include "op_name.h"

#define V(verb)		(1u << KTSTR_V_##verb)
#define MEMBER(m)	\
	.offset = offsetof(struct ktstr_op, m), .room = sizeof(((struct ktstr_op *)0)->m)

_Static_assert(KTSTR_V_NR <= 32, "a bit for every verb");

/* Verbs about workers that are there. */
#define WORKERS	(V(STOP) | V(AFFINITY) | V(NICE) | V(POLICY) | V(MOVE))
#define CGROUPS	(V(CGROUP) | V(CGROUP_REMOVE) | V(CPUSET) | V(CPUSET_CLEAR) | V(CPUSET_SWAP) | \
		 V(WEIGHT) | V(QUOTA) | V(FREEZE) | V(THAW) | V(MEMORY_MAX) | V(SPAWN))
#define PAYLOAD	(V(RUN) | V(WAIT) | V(KILL))
#define HOTPLUG	(V(CPU_OFFLINE) | V(CPU_ONLINE))
#define POLICY	(V(SPAWN) | V(POLICY))
#define ALL	(~0u)

static const struct op_field fields[] = {
	{ "cg", OP_PATH, MEMBER(cgroup), CGROUPS | WORKERS | V(RUN) | V(EXPECT),
	  CGROUPS | WORKERS },
	{ "other", OP_PATH, MEMBER(other), V(CPUSET_SWAP) | V(MOVE) | V(EXPECT),
	  V(CPUSET_SWAP) | V(MOVE) },
	{ "name", OP_NAME, MEMBER(name), V(SPAWN) | WORKERS | PAYLOAD | V(MARK) | V(EXPECT),
	  V(SPAWN) | PAYLOAD | V(MARK) },
	{ "kind", OP_NAME, MEMBER(work.kind), V(SPAWN), V(SPAWN) },
	{ "kind", OP_EXPECT, MEMBER(expect.kind), V(EXPECT), V(EXPECT) },
	{ "cpus", OP_CPUS, MEMBER(cpus), V(CGROUP) | V(CPUSET) | V(SPAWN) | V(AFFINITY),
	  V(CPUSET) },
	{ "nr", OP_U32, MEMBER(work.nr), V(SPAWN), V(SPAWN), 1, KTSTR_WORKERS_MAX },
	{ "group", OP_U32, MEMBER(work.group), V(SPAWN), V(SPAWN), 1, KTSTR_WORKERS_MAX },
	{ "threads", OP_BOOL, MEMBER(work.threads), V(SPAWN), 0, 0, 1 },
	{ "nice", OP_S32, MEMBER(work.nice), V(SPAWN), 0, -20, 19 },
	{ "nice", OP_S64, MEMBER(value), V(NICE), V(NICE), -20, 19 },
	{ "policy", OP_POLICY, MEMBER(work.policy), POLICY, V(POLICY) },
	{ "prio", OP_U32, MEMBER(work.prio), POLICY, 0, 0, 99 },
	{ "runtime_us", OP_U32, MEMBER(work.runtime_us), POLICY, 0, 0, UINT32_MAX },
	{ "deadline_us", OP_U32, MEMBER(work.deadline_us), POLICY, 0, 0, UINT32_MAX },
	{ "period_us", OP_U32, MEMBER(work.period_us), POLICY, 0, 0, UINT32_MAX },
	{ "busy_us", OP_U32, MEMBER(work.busy_us), V(SPAWN), 0, 0, UINT32_MAX },
	{ "idle_us", OP_U32, MEMBER(work.idle_us), V(SPAWN), 0, 0, UINT32_MAX },
	{ "kib", OP_U32, MEMBER(work.kib), V(SPAWN), 0, 0, UINT32_MAX },
	{ "weight", OP_U64, MEMBER(value), V(WEIGHT), V(WEIGHT), 1, 10000 },
	{ "us", OP_U64, MEMBER(value), V(QUOTA), V(QUOTA), 0, UINT64_MAX },
	{ "period_us", OP_U64, MEMBER(value2), V(QUOTA), V(QUOTA), 1000, 1000000 },
	{ "kib", OP_U64, MEMBER(value), V(MEMORY_MAX), V(MEMORY_MAX), 0, UINT64_MAX / 1024 },
	{ "ms", OP_U64, MEMBER(value2), V(HOLD), V(HOLD), 1, KTSTR_OP_MS_MAX },
	{ "ms", OP_U64, MEMBER(value), V(WAIT), 0, 0, KTSTR_OP_MS_MAX },
	{ "cpu", OP_U64, MEMBER(value), HOTPLUG, HOTPLUG, 0, CPU_MASK_BITS - 1 },
	{ "cmd", OP_TEXT, MEMBER(cmd), V(SCHED_REPLACE) | V(RUN), V(SCHED_REPLACE) | V(RUN) },
	{ "metric", OP_WORD, MEMBER(expect.metric), V(EXPECT) },
	{ "bound", OP_DOUBLE, MEMBER(expect.bound), V(EXPECT) },
	{ "min", OP_DOUBLE, MEMBER(expect.min), V(EXPECT) },
	{ "max", OP_DOUBLE, MEMBER(expect.max), V(EXPECT) },
	{ "pct", OP_DOUBLE, MEMBER(expect.pct), V(EXPECT) },
	{ "op", OP_U32, MEMBER(test_op), ALL, 0, 0, UINT32_MAX },
	{ "at", OP_WORD, MEMBER(at), ALL },
};

const struct op_field *op_field__at(unsigned int i)
{
	return i < sizeof(fields) / sizeof(fields[0]) ? &fields[i] : NULL;
}

const struct op_field *op_field__find(enum ktstr_verb verb, const char *key, size_t len)
{
	const struct op_field *f;

	for (unsigned int i = 0; (f = op_field__at(i)); i++)
		if (f->verbs & 1u << verb && strlen(f->key) == len && !memcmp(f->key, key, len))
			return f;
	return NULL;
}

static const void *member(const struct op_field *f, const struct ktstr_op *op)
{
	return (const char *)op + f->offset;
}

bool op_field__said(const struct op_field *f, const struct ktstr_op *op)
{
	static const char zero[sizeof(uint64_t)];

	switch (f->type) {
	case OP_PATH:
	case OP_NAME:
	case OP_WORD:
	case OP_TEXT:
		return *(const char *)member(f, op);
	case OP_CPUS:
		return op->has_cpus;
	case OP_DOUBLE:
		/* A negative zero is a zero. */
		return *(const double *)member(f, op) != 0;
	default:
		return memcmp(member(f, op), zero, f->room);
	}
}

static bool printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

static bool between(const struct op_field *f, int64_t v)
{
	return v >= f->min && (v < 0 || (uint64_t)v <= f->max);
}

static bool string_ok(const struct op_field *f, const char *s)
{
	if (strnlen(s, f->room) == f->room)
		return false;
	switch (f->type) {
	case OP_PATH:
		return op_path__ok(s);
	case OP_NAME:
		return op_name__ok(s);
	case OP_WORD:
		return printable(s);
	default:
		return *s;
	}
}

static bool number_ok(const struct op_field *f, const void *v)
{
	uint64_t u;

	switch (f->type) {
	case OP_U32:
		return between(f, *(const uint32_t *)v);
	case OP_U64:
		memcpy(&u, v, sizeof(u));
		return u >= (uint64_t)f->min && u <= f->max;
	case OP_S32:
		return between(f, *(const int32_t *)v);
	case OP_S64:
		return between(f, *(const int64_t *)v);
	case OP_POLICY:
		return op_policy__name(*(const enum ktstr_policy *)v);
	case OP_EXPECT:
		return ktstr_expect__name(*(const enum ktstr_expect_kind *)v);
	case OP_DOUBLE:
		return __builtin_isfinite(*(const double *)v);
	default:
		return true;
	}
}

bool op_field__check(const struct op_field *f, const struct ktstr_op *op)
{
	if (f->type == OP_CPUS)
		return op->has_cpus && cpu_mask__count(&op->cpus);
	if (f->type <= OP_TEXT)
		return string_ok(f, member(f, op));
	return number_ok(f, member(f, op));
}

const char *op_policy__name(enum ktstr_policy policy)
{
	static const char * const names[KTSTR_POLICY_NR] = {
		[KTSTR_INHERIT] = "inherit", [KTSTR_NORMAL] = "normal", [KTSTR_BATCH] = "batch",
		[KTSTR_IDLE] = "idle", [KTSTR_FIFO] = "fifo", [KTSTR_RR] = "rr",
		[KTSTR_DEADLINE] = "deadline", [KTSTR_EXT] = "ext",
	};

	return (unsigned int)policy < KTSTR_POLICY_NR ? names[policy] : NULL;
}

const char *ktstr_verb__name(enum ktstr_verb verb)
{
	static const char * const names[KTSTR_V_NR] = {
		"cgroup", "cgroup_remove", "cpuset", "cpuset_clear", "cpuset_swap", "weight",
		"quota", "freeze", "thaw", "memory_max", "spawn", "stop", "affinity", "nice",
		"policy", "move", "sched_attach", "sched_detach", "sched_restart",
		"sched_replace", "run", "wait", "kill", "cpu_offline", "cpu_online", "hold",
		"loop", "end", "mark", "expect",
	};

	return (unsigned int)verb < KTSTR_V_NR ? names[verb] : NULL;
}

const char *ktstr_expect__name(enum ktstr_expect_kind kind)
{
	static const char * const names[KTSTR_X_NR] = {
		"not_starved", "isolated", "fair", "quota", "work_conserving", "max_gap",
		"wake_latency", "throughput", "spread", "migrations", "llc_local", "node_local",
		"no_regression", "metric", "exit_status", "overhead", "account",
	};

	return (unsigned int)kind < KTSTR_X_NR ? names[kind] : NULL;
}
