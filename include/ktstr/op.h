/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations, resolved: what the guest shall do and what it did, in one language.
 *
 * The host makes them from a test's data for a topology (ktstr_ops__compile()) and writes
 * them into the plan, a line each; the guest reads them there, carries them out, and tells
 * of every one in STIM and STEN frames in the same words. A body's operations are made in
 * the guest by the same code. So the host learns what happened in one way.
 *
 * A line: the verb, then words "key=value", each at most once, single spaces between two;
 * bytes below 0x21, '%' and 0x7f inside a word are written %XX, as in the plan.
 *
 * What is zero or empty is left out, the order of keys is that of guest/op_text.c: an
 * operation is written in one way only.
 *
 *	cgroup cg=a cpus=0-1 at=steady.c:12
 *	spawn cg=a name=w0 kind=spin nr=4 group=1 op=2 at=steady.c:14
 *	hold ms=3000 op=4 at=steady.c:16
 *	expect kind=fair cg=a other=b bound=15
 *
 * Implemented in guest/op_*.c, linked into host and guest.
 */
#ifndef KTSTR_OP_H
#define KTSTR_OP_H

#include <ktstr/cpulist.h>
#include <ktstr/error.h>
#include <ktstr/test.h>

#define KTSTR_OPS_MAX		512u	/* of a test, loops unrolled */
#define KTSTR_OP_LINE_MAX	4096u	/* bytes of a line, with its NUL: every operation fits */
#define KTSTR_OP_CGROUP_MAX	64u	/* bytes of a cgroup's path below ktstr, with its NUL */
#define KTSTR_OP_NAME_MAX	32u	/* of workers, payloads, phases, with its NUL */
#define KTSTR_OP_AT_MAX		96u
#define KTSTR_OP_CMD_MAX	1024u
#define KTSTR_OP_MS_MAX		(24u * 3600 * 1000)	/* of a hold, of a wait: a day */

/** struct ktstr_op_expect - struct ktstr_expect with room of its own; "" where nothing is said */
struct ktstr_op_expect {
	enum ktstr_expect_kind kind;
	char metric[KTSTR_OP_NAME_MAX];
	double bound, min, max, pct;
};

/** struct ktstr_op_work - struct ktstr_work, resolved */
struct ktstr_op_work {
	char kind[KTSTR_OP_NAME_MAX];
	uint32_t nr, group;		/* group divides nr */
	bool threads;
	int32_t nice;
	enum ktstr_policy policy;
	uint32_t prio, runtime_us, deadline_us, period_us;
	uint32_t busy_us, idle_us, kib;
};

/**
 * struct ktstr_op - an operation, resolved: nothing in it depends on topology or seed
 * @verb: what to do; never LOOP or END: loops are unrolled
 * @cgroup, @other: paths below the root of the test's cgroups
 * @name: of workers, payload or phase; spawned workers that were given none have "wN". ""
 *	with STOP, AFFINITY, NICE, POLICY and MOVE: all workers of @cgroup
 * @has_cpus: @cpus says something; if not, a cgroup has no cpuset of its own, and an
 *	affinity is inherited
 * @cpus: CPUs of a cpuset or an affinity
 * @work: workers
 * @value, @value2: numbers; of HOLD only @value2, ms; of NICE @value as int64_t
 * @cmd: command in shell quoting
 * @expect: expectation; @cgroup, @other and @name are its own
 * @at: file and line
 * @test_op: index in the test's own ops, where the guest finds the function of a worker
 *	of kind "function"; 0 of an EXPECT
 */
struct ktstr_op {
	enum ktstr_verb verb;
	char cgroup[KTSTR_OP_CGROUP_MAX], other[KTSTR_OP_CGROUP_MAX];
	char name[KTSTR_OP_NAME_MAX];
	bool has_cpus;
	struct cpu_mask cpus;
	struct ktstr_op_work work;
	uint64_t value, value2;
	char cmd[KTSTR_OP_CMD_MAX];
	struct ktstr_op_expect expect;
	char at[KTSTR_OP_AT_MAX];
	uint32_t test_op;
};

/**
 * struct ktstr_shape - what resolving CPUs needs of a topology
 * @nr_cpus: CPUs
 * @online: those that exist for the test
 * @llc, @node, @core: of each CPU, dense numbers from 0
 */
struct ktstr_shape {
	uint32_t nr_cpus;
	struct cpu_mask online;
	uint16_t llc[CPU_MASK_BITS], node[CPU_MASK_BITS], core[CPU_MASK_BITS];
};

/**
 * ktstr_cpus__resolve() - which CPUs are meant?
 * @spec: description
 * @shape: topology
 * @base: what may be chosen from
 * @random: state of the run's random numbers; advanced by %KTSTR_CPUS_RANDOM alone
 * @out: result, never empty; written only on success
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL when there is no such set, with the reason.
 */
int ktstr_cpus__resolve(const struct ktstr_cpus *spec, const struct ktstr_shape *shape,
			const struct cpu_mask *base, uint64_t *random, struct cpu_mask *out,
			struct ktstr_error *e);

struct ktstr_compiler;

/**
 * ktstr_compiler__new() - begin: nothing exists yet
 * @shape: topology; copied
 * @seed: of the run
 * @duration_ms: what HOLD's per cents are of
 *
 * Return: for ktstr_compiler__free(); NULL without memory.
 */
struct ktstr_compiler *ktstr_compiler__new(const struct ktstr_shape *shape, uint64_t seed,
					   uint32_t duration_ms);
void ktstr_compiler__free(struct ktstr_compiler *c);

/**
 * ktstr_compiler__op() - check and resolve one operation; its effect counts for the next
 * @c: what exists by now: cgroups and their CPUs, workers, payloads, CPUs online
 * @spec: as the test has it; not LOOP or END
 * @test_op: its index
 * @out: resolved
 * @e: sentence on failure, "steady.c:12: cgroup \"b\" does not exist here; ..."
 *
 * Return: 0 or -EINVAL; then @c is good for ktstr_compiler__free() only.
 */
int ktstr_compiler__op(struct ktstr_compiler *c, const struct ktstr_do *spec, uint32_t test_op,
		       struct ktstr_op *out, struct ktstr_error *e);

/**
 * ktstr_ops__compile() - all of a test, loops unrolled, then its expectations as EXPECT
 * @test: test
 * @c: a new compiler
 * @ops: room for %KTSTR_OPS_MAX
 * @nr: how many there are
 * @e: sentence on failure
 *
 * Checks also what only the whole can tell: workers that nothing is held for, changes of a
 * scheduler that need not be there, an expectation of an unknown phase, payload or cgroup. A
 * test with a body may yet make these: ktstr_ops__check_end() looks again.
 * Return: 0; -EINVAL; -E2BIG.
 */
int ktstr_ops__compile(const struct ktstr_test *test, struct ktstr_compiler *c,
		       struct ktstr_op *ops, uint32_t *nr, struct ktstr_error *e);

/**
 * ktstr_ops__check_end() - after the body: was time left for all of its workers and payloads,
 * and is all there that the test expects something of?
 * @test: test
 * @c: what saw ktstr_ops__compile() and every operation of the body
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL when nothing was held after some, or an expectation names what never was.
 */
int ktstr_ops__check_end(const struct ktstr_test *test, struct ktstr_compiler *c,
			 struct ktstr_error *e);

/**
 * ktstr_op__write() - an operation as a line, without a newline
 * @op: operation
 * @line: gets it, with a NUL; "" on failure
 * @size: of @line; %KTSTR_OP_LINE_MAX is enough for all
 *
 * Return: its length; -E2BIG when @size does not suffice; -EINVAL when @op is none that
 * ktstr_op__read() would take. What ktstr_compiler__op() made is never that.
 */
int ktstr_op__write(const struct ktstr_op *op, char *line, size_t size);

/**
 * ktstr_op__read() - a line as an operation
 * @line: hostile; need not be terminated
 * @len: its length
 * @op: result, all of it set; written only on success
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL on anything but a line that ktstr_op__write() could have written.
 */
int ktstr_op__read(const char *line, size_t len, struct ktstr_op *op, struct ktstr_error *e);

/** ktstr_verb__name() - "cgroup", "spawn", ...: as in lines; NULL for what is none */
const char *ktstr_verb__name(enum ktstr_verb verb);

/** ktstr_expect__name() - "fair", "max_gap", ...; NULL for what is none */
const char *ktstr_expect__name(enum ktstr_expect_kind kind);

#endif /* KTSTR_OP_H */
