/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The compiler's own: what exists by now, and the operation at hand.
 */
#ifndef KTSTR_OP_COMPILE_H
#define KTSTR_OP_COMPILE_H

#include <errno.h>

#include <ktstr/op.h>
#include <ktstr/plan.h>

#define OP_CGROUPS_EVER		256u	/* names of cgroups in a run; KTSTR_CGROUPS_MAX at a time */
#define OP_PAYLOADS_MAX		64u	/* names */
#define OP_PHASES_MAX		256u
#define OP_NONE			UINT32_MAX

/**
 * struct op_cgroup - a cgroup that is or was
 * @path: below the root of the test's
 * @parent: index, or OP_NONE
 * @live: it is there
 * @frozen: by itself, not by its parent
 * @own: it has a cpuset of its own, @cpus
 * @hands_memory: the memory of one below it was limited, now or before
 */
struct op_cgroup {
	char path[KTSTR_OP_CGROUP_MAX];
	uint32_t parent;
	bool live, frozen, own, hands_memory;
	struct cpu_mask cpus;
};

/**
 * struct op_crew - workers of one SPAWN
 * @name: unique among those of its cgroup that are live
 * @cgroup: index
 * @nr: how many
 * @live: not stopped
 * @pinned: they have an affinity, @cpus
 * @policy: theirs
 * @deadline_ppm: CPU time of one as SCHED_DEADLINE, millionths of a CPU; 0: another policy
 */
struct op_crew {
	char name[KTSTR_OP_NAME_MAX];
	uint32_t cgroup, nr;
	bool live, pinned;
	struct cpu_mask cpus;
	enum ktstr_policy policy;
	uint32_t deadline_ppm;
};

/**
 * struct op_payload - a payload that runs or ran
 * @name: its own
 * @cgroup: index, or OP_NONE
 * @runs: not waited for nor killed yet
 */
struct op_payload {
	char name[KTSTR_OP_NAME_MAX];
	uint32_t cgroup;
	bool runs;
};

/**
 * struct ktstr_compiler - what exists by now
 * @shape, @random, @duration_ms: as given
 * @online: CPUs
 * @cgroups, @crews, @payloads, @phases: with @nr_... used
 * @workers: spawned in all
 * @unnamed: names "wN" given
 * @held_pct: of the duration, in all
 * @detached: the scheduler under test is not there
 * @idle_at: line of workers or a payload that no time has passed for yet; NULL: none
 */
struct ktstr_compiler {
	struct ktstr_shape shape;
	uint64_t random;
	uint32_t duration_ms;
	struct cpu_mask online;
	struct op_cgroup cgroups[OP_CGROUPS_EVER];
	struct op_crew crews[KTSTR_WORKERS_MAX];	/* none is empty */
	struct op_payload payloads[OP_PAYLOADS_MAX];
	char phases[OP_PHASES_MAX][KTSTR_OP_NAME_MAX];
	uint32_t nr_cgroups, nr_crews, nr_payloads, nr_phases;
	uint32_t workers, unnamed;
	uint64_t held_pct;
	bool detached;
	const char *idle_at;
};

/**
 * struct op_job - one operation while it is compiled
 * @c: what exists
 * @spec: as the test has it
 * @op: resolved; zeroed before
 * @e: sentence
 * @lenient: an expectation may name what is not there yet
 */
struct op_job {
	struct ktstr_compiler *c;
	const struct ktstr_do *spec;
	struct ktstr_op *op;
	struct ktstr_error *e;
	bool lenient;
};

#define OP_AT(at)	((at) ? (at) : "(no line)")
#define op_bad(j, fmt, ...) \
	ktstr_error_set((j)->e, -EINVAL, "%s: " fmt, OP_AT((j)->spec->at), ##__VA_ARGS__)

/* op_compile_state.c: looking things up */

/** op_cgroup__find() - index of a live cgroup; OP_NONE without a sentence */
uint32_t op_cgroup__find(const struct ktstr_compiler *c, const char *path, size_t len);

/** op_cgroup__named() - index of live cgroup @path, which is copied to @out; or a sentence */
int op_cgroup__named(const struct op_job *j, const char *path, char *out, uint32_t *index);

/** op_cgroup__known() - was there ever one of this name? */
bool op_cgroup__known(const struct ktstr_compiler *c, const char *path);

/** op_cgroup__unknown() - the sentence for a name that no live cgroup has */
int op_cgroup__unknown(const struct op_job *j, const char *path);

/** op_cgroup__base() - the cpuset that counts for a cgroup, or for the top; without CPUs offline */
void op_cgroup__base(const struct ktstr_compiler *c, uint32_t cgroup, struct cpu_mask *out);

/** op_cgroup__within() - is @cgroup @top, or somewhere below it? */
bool op_cgroup__within(const struct ktstr_compiler *c, uint32_t cgroup, uint32_t top);

/** op_cgroup__frozen() - is it, or one above it? */
bool op_cgroup__frozen(const struct ktstr_compiler *c, uint32_t cgroup);

/** op_cgroup__populated_above() - the nearest above it that has processes itself; OP_NONE */
uint32_t op_cgroup__populated_above(const struct ktstr_compiler *c, uint32_t cgroup);

/** op_cgroup__enter() - may workers or a payload come into it now? */
int op_cgroup__enter(const struct op_job *j, uint32_t cgroup, const char *what);

/** op_crew__next() - the next live workers that the operation means, from @from; OP_NONE */
uint32_t op_crew__next(const struct op_job *j, uint32_t cgroup, uint32_t from);

/** op_crew__check() - does the operation mean any? Sets the operation's name. */
int op_crew__check(const struct op_job *j, uint32_t cgroup);

/** op_crew__find() - live workers by their name; OP_NONE */
uint32_t op_crew__find(const struct ktstr_compiler *c, uint32_t cgroup, const char *name);

/** op_payload__find() - by name, whether it runs or not; OP_NONE */
uint32_t op_payload__find(const struct ktstr_compiler *c, const char *name);

/** op_phase__find() - by name; OP_NONE */
uint32_t op_phase__find(const struct ktstr_compiler *c, const char *name);

/** op_job__name() - take the operation's name: there must be one, and it must be good */
int op_job__name(const struct op_job *j, const char *what);

/** op_job__cpus() - resolve the operation's CPUs from a base, or a sentence with its line */
int op_job__cpus(const struct op_job *j, const struct ktstr_cpus *spec,
		 const struct cpu_mask *base);

/** op_job__command() - take the operation's command */
int op_job__command(const struct op_job *j);

/** op_job__settled() - after a change of CPUs: does everything still have some? */
int op_job__settled(const struct op_job *j);

/** op_policy__name() - see op_fields.h */
const char *op_policy__name(enum ktstr_policy policy);

/* Handlers, by verb. */
int op_compile__cgroup(struct op_job *j);
int op_compile__cgroup_remove(struct op_job *j);
int op_compile__cpuset(struct op_job *j);
int op_compile__cpuset_clear(struct op_job *j);
int op_compile__cpuset_swap(struct op_job *j);
int op_compile__weight(struct op_job *j);
int op_compile__quota(struct op_job *j);
int op_compile__freeze(struct op_job *j);
int op_compile__memory_max(struct op_job *j);
int op_compile__spawn(struct op_job *j);
int op_compile__stop(struct op_job *j);
int op_compile__affinity(struct op_job *j);
int op_compile__nice(struct op_job *j);
int op_compile__policy(struct op_job *j);
int op_compile__move(struct op_job *j);
int op_compile__sched(struct op_job *j);
int op_compile__run(struct op_job *j);
int op_compile__wait(struct op_job *j);
int op_compile__kill(struct op_job *j);
int op_compile__cpu(struct op_job *j);
int op_compile__hold(struct op_job *j);
int op_compile__mark(struct op_job *j);
int op_compile__expect(struct op_job *j);

#endif /* KTSTR_OP_COMPILE_H */
