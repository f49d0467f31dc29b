// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler: expectations.
 */
#include <ktstr/nearest.h>

#include "op_compile.h"
#include "op_name.h"

/* Members of struct ktstr_expect. */
enum {
	CGROUP = 1, OTHER = 2, NAME = 4, METRIC = 8, BOUND = 16, MIN = 32, MAX = 64, PCT = 128,
};

static const char * const members[] = {
	"cgroup", "other", "name", "metric", "bound", "min", "max", "pct",
};

/*
 * What counts for a kind, and what it cannot do without. A minimum of 0 is not said: nothing
 * could ever fail it.
 */
static const struct {
	uint8_t takes, needs;
} kinds[KTSTR_X_NR] = {
	[KTSTR_X_NOT_STARVED] = { CGROUP | BOUND },
	[KTSTR_X_ISOLATED] = { CGROUP | BOUND },
	[KTSTR_X_FAIR] = { CGROUP | OTHER | BOUND },
	[KTSTR_X_QUOTA] = { CGROUP | BOUND },
	[KTSTR_X_WORK_CONSERVING] = { CGROUP | BOUND },
	[KTSTR_X_MAX_GAP] = { CGROUP | BOUND },
	[KTSTR_X_WAKE_LATENCY] = { CGROUP | BOUND | PCT },
	[KTSTR_X_THROUGHPUT] = { CGROUP | MIN, MIN },
	[KTSTR_X_SPREAD] = { CGROUP | BOUND },
	[KTSTR_X_MIGRATIONS] = { CGROUP | BOUND },
	[KTSTR_X_LLC_LOCAL] = { CGROUP | MIN, MIN },
	[KTSTR_X_NODE_LOCAL] = { CGROUP | MIN, MIN },
	[KTSTR_X_NO_REGRESSION] = { CGROUP | NAME | OTHER | MIN, NAME | OTHER | MIN },
	[KTSTR_X_METRIC] = { NAME | METRIC | MIN | MAX, NAME | METRIC },
	[KTSTR_X_EXIT_STATUS] = { NAME | MIN, NAME },
	[KTSTR_X_OVERHEAD] = { BOUND },
	[KTSTR_X_ACCOUNT] = { CGROUP | BOUND },
};

static bool text_said(const char *s)
{
	return s && *s;
}

static unsigned int said(const struct ktstr_expect *x)
{
	return (text_said(x->cgroup) ? CGROUP : 0) | (text_said(x->other) ? OTHER : 0) |
	       (text_said(x->name) ? NAME : 0) | (text_said(x->metric) ? METRIC : 0) |
	       (x->bound != 0 ? BOUND : 0) | (x->min != 0 ? MIN : 0) | (x->max != 0 ? MAX : 0) |
	       (x->pct != 0 ? PCT : 0);
}

static const char *first_member(unsigned int bits)
{
	return members[__builtin_ctz(bits)];
}

static int check_members(const struct op_job *j, const struct ktstr_expect *x)
{
	const char *name = ktstr_expect__name(x->kind);
	unsigned int has = said(x);
	unsigned int extra = has & ~kinds[x->kind].takes;
	unsigned int missing = kinds[x->kind].needs & ~has;

	if (extra)
		return op_bad(j, "expectation \"%s\" takes no .%s; drop it", name,
			      first_member(extra));
	if (missing)
		return op_bad(j, "expectation \"%s\" needs .%s; give it", name,
			      first_member(missing));
	if (x->kind == KTSTR_X_FAIR && !(has & CGROUP) != !(has & OTHER))
		return op_bad(j,
			      "expectation \"fair\" is between two cgroups or all; give .cgroup and .other, or none");
	return 0;
}

/* Per cent of something that cannot be more than all of it. */
static bool is_share(const struct ktstr_expect *x)
{
	return x->kind == KTSTR_X_LLC_LOCAL || x->kind == KTSTR_X_NODE_LOCAL;
}

static int check_numbers(const struct op_job *j, const struct ktstr_expect *x)
{
	const char *name = ktstr_expect__name(x->kind);

	if (!__builtin_isfinite(x->bound) || !__builtin_isfinite(x->min) ||
	    !__builtin_isfinite(x->max) || !__builtin_isfinite(x->pct))
		return op_bad(j,
			      "expectation \"%s\" has a limit that is no finite number; give one, DBL_MAX for an open end",
			      name);
	if (x->bound < 0)
		return op_bad(j,
			      "expectation \"%s\" has a bound of %g; give one above 0, or 0 for the default",
			      name, x->bound);
	if (x->pct < 0 || x->pct > 100)
		return op_bad(j, "expectation \"%s\" asks for percentile %g; give one of 0 to 100",
			      name, x->pct);
	if (x->kind == KTSTR_X_METRIC)
		return x->min <= x->max ? 0 :
			op_bad(j,
			       "expectation \"metric\" has a minimum of %g above its maximum of %g; exchange them, or give DBL_MAX for an open end",
			       x->min, x->max);
	if (x->min < 0 || (is_share(x) && x->min > 100))
		return op_bad(j, "expectation \"%s\" has a minimum of %g; give one above 0%s", name,
			      x->min, is_share(x) ? ", at most 100" : "");
	if (x->kind == KTSTR_X_EXIT_STATUS && (x->min > 255 || x->min != (double)(int)x->min))
		return op_bad(j, "an exit status of %g cannot be; give a whole number of 0 to 255",
			      x->min);
	return 0;
}

/* A cgroup may be gone: the expectation is about the time when it was there. */
static int take_cgroup(const struct op_job *j, const char *path, char *out)
{
	if (!text_said(path))
		return 0;
	if (!op_path__ok(path))
		return op_bad(j,
			      "\"%.70s\" is no name of a cgroup; use that of one that the test makes",
			      path);
	if (!j->lenient && !op_cgroup__known(j->c, path))
		return op_cgroup__unknown(j, path);
	strcpy(out, path);
	return 0;
}

static int unknown_name(const struct op_job *j, const char *what, const char *name,
			const struct nearest *n)
{
	if (nearest__found(n))
		return op_bad(j,
			      "there is no %s \"%s\"; did you mean \"%s\"?",
			      what, name, nearest__found(n));
	return op_bad(j, "there is no %s \"%s\"; the operations have to make it", what, name);
}

static int check_phase(const struct op_job *j, const char *name)
{
	struct nearest n = nearest__begin(name);

	if (j->lenient || op_phase__find(j->c, name) != OP_NONE)
		return 0;
	for (uint32_t i = 0; i < j->c->nr_phases; i++)
		nearest__try(&n, j->c->phases[i]);
	return unknown_name(j, "phase", name, &n);
}

static int check_payload(const struct op_job *j, const char *name)
{
	struct nearest n = nearest__begin(name);

	if (j->lenient || op_payload__find(j->c, name) != OP_NONE)
		return 0;
	for (uint32_t i = 0; i < j->c->nr_payloads; i++)
		nearest__try(&n, j->c->payloads[i].name);
	return unknown_name(j, "payload", name, &n);
}

static int take_name(const struct op_job *j, const char *name, char *out,
		     int (*check)(const struct op_job *j, const char *name))
{
	if (!op_name__ok(name))
		return op_bad(j,
			      "\"%.40s\" is no name of a phase or payload; use that of one that the test makes",
			      name);
	strcpy(out, name);
	return check(j, name);
}

static int take_names(const struct op_job *j, const struct ktstr_expect *x)
{
	int err = take_cgroup(j, x->cgroup, j->op->cgroup);

	if (err)
		return err;
	if (x->kind == KTSTR_X_METRIC || x->kind == KTSTR_X_EXIT_STATUS)
		return take_name(j, x->name, j->op->name, check_payload);
	if (x->kind != KTSTR_X_NO_REGRESSION)
		return take_cgroup(j, x->other, j->op->other);
	err = take_name(j, x->name, j->op->name, check_phase);
	return err ? err : take_name(j, x->other, j->op->other, check_phase);
}

static int check_same(const struct op_job *j, const struct ktstr_expect *x)
{
	if (x->kind == KTSTR_X_FAIR && *j->op->other && !strcmp(j->op->cgroup, j->op->other))
		return op_bad(j,
			      "cgroup \"%s\" is always as good as itself; name two",
			      j->op->other);
	if (x->kind == KTSTR_X_NO_REGRESSION && !strcmp(j->op->name, j->op->other))
		return op_bad(j,
			      "phase \"%s\" is always as good as itself; name two",
			      j->op->other);
	return 0;
}

static int take_metric(const struct op_job *j, const struct ktstr_expect *x)
{
	if (!text_said(x->metric))
		return 0;
	if (strlen(x->metric) >= KTSTR_OP_NAME_MAX)
		return op_bad(j, "metric \"%.40s\" has a name longer than %u bytes; name another",
			      x->metric, KTSTR_OP_NAME_MAX - 1);
	for (const char *s = x->metric; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return op_bad(j, "the metric's name has a byte 0x%02x; name another",
				      (unsigned char)*s);
	strcpy(j->op->expect.metric, x->metric);
	return 0;
}

int op_compile__expect(struct op_job *j)
{
	const struct ktstr_expect *x = j->spec->expect;
	struct ktstr_op_expect *out = &j->op->expect;
	int err;

	if (!x)
		return op_bad(j, "expect needs an expectation; use ktstr_expect()");
	if (!ktstr_expect__name(x->kind))
		return op_bad(j, "%d is no kind of expectation; use KTSTR_X_FAIR and the like",
			      (int)x->kind);
	err = check_members(j, x);
	if (!err)
		err = check_numbers(j, x);
	if (!err)
		err = take_names(j, x);
	if (!err)
		err = check_same(j, x);
	if (!err)
		err = take_metric(j, x);
	out->kind = x->kind;
	out->bound = x->bound;
	out->min = x->min;
	out->max = x->max;
	out->pct = x->pct;
	return err;
}
