// SPDX-License-Identifier: GPL-2.0-only
/*
 * Throughput of one phase against another's, from the accounts at marks.
 */
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "verdict_end.h"

#define MARKS_MAX	64u	/* more phases than that are not compared */

/* A mark, or the end of the window, and when it was. */
struct moment {
	uint32_t mark;		/* 0: the end */
	uint64_t ns;
};

/* What was done in all parts of a phase; @missing: an account of it is not there. */
struct done {
	double iterations, ns;
	bool missing;
};

static bool same_worker(const struct evidence_worker *a, const struct evidence_worker *b)
{
	return a->pid == b->pid && a->worker == b->worker && !strcmp(a->cgroup, b->cgroup) &&
	       !strcmp(a->name, b->name);
}

/* Iterations of @w up to a moment; false when nobody knows. */
static bool so_far(const struct evidence *ev, const struct evidence_worker *w,
		   const struct moment *m, uint64_t *n)
{
	*n = m->mark ? 0 : w->iterations;
	if (!m->mark || m->ns <= w->start_ns)
		return true;
	for (uint32_t i = 0; i < ev->nr_marked; i++) {
		if (ev->marked[i].mark != m->mark || !same_worker(w, &ev->marked[i]))
			continue;
		*n = ev->marked[i].iterations;
		return true;
	}
	/* Those that were stopped before have no account of later marks. */
	*n = w->iterations;
	return w->end_ns <= m->ns;
}

static void add_part(const struct expect_case *x, const struct ktstr_op *ask,
		     const struct moment *from, const struct moment *to, struct done *d)
{
	uint64_t a, b;

	if (from->ns >= to->ns)
		return;
	d->ns += (double)(to->ns - from->ns);
	for (uint32_t i = 0; i < x->ev->nr_workers; i++) {
		const struct evidence_worker *w = &x->ev->workers[i];

		if (*ask->cgroup && !op_path__within(w->cgroup, ask->cgroup))
			continue;
		if (!so_far(x->ev, w, from, &a) || !so_far(x->ev, w, to, &b) || b < a)
			d->missing = true;
		else
			d->iterations += (double)(b - a);
	}
}

/* The next mark from step @*i on, or the end of the window. */
static bool next_mark(const struct expect_case *x, uint32_t *i, uint32_t *nr, struct moment *m,
		      const char **name)
{
	for (; *i < x->ops.nr; (*i)++) {
		const struct op_step *s = &x->ev->trace.steps[*i];

		if (s->op.verb != KTSTR_V_MARK)
			continue;
		m->mark = ++*nr;
		m->ns = s->begin_ns < x->from_ns ? x->from_ns :
			s->begin_ns > x->to_ns ? x->to_ns : s->begin_ns;
		*name = s->op.name;
		(*i)++;
		return true;
	}
	*m = (struct moment){ .ns = x->to_ns };
	return false;
}

static struct done done_in(const struct expect_case *x, const struct ktstr_op *ask,
			   const char *phase)
{
	struct moment from, to;
	const char *name, *next = "";
	struct done d = { 0 };
	uint32_t i = 0, nr = 0;
	bool more = next_mark(x, &i, &nr, &from, &name);

	while (more) {
		more = next_mark(x, &i, &nr, &to, &next);
		if (nr > MARKS_MAX)
			d.missing = true;
		else if (!strcmp(name, phase))
			add_part(x, ask, &from, &to, &d);
		from = to;
		name = next;
	}
	return d;
}

static void set(const struct expect_case *x, const struct ktstr_op *ask, struct verdict_check *c,
		enum verdict_status status, double now, double before)
{
	char at[KTSTR_OP_AT_MAX + 2], host[128];
	bool bad = status != VERDICT_PASS;
	bool held = now >= before * ask->expect.min / 100;

	verdict_set(c, status, bad ? KIND_REGRESSION : KIND_OK,
		    "%s%.1f iterations/s in phase %s, %.1f %% of the %.1f/s in phase %s, wanted are %g %%%s%s%s",
		    bad ? expect__at(ask, at) : "", now, ask->name, 100 * now / before, before,
		    ask->other, ask->expect.min, bad ? "; " : "",
		    bad && held ? "but it may be the host that slowed the latter: " : "",
		    bad ? expect_host__text(&x->host, host, sizeof(host)) : "");
}

void judge__no_regression(const struct expect_case *x, const struct ktstr_op *ask,
			  struct verdict_check *c)
{
	struct done now = done_in(x, ask, ask->name), before = done_in(x, ask, ask->other);
	char at[KTSTR_OP_AT_MAX + 2];
	double rate, base, wanted, most;

	if (now.missing || before.missing)
		return verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
				   "%saccounts of workers at the marks of phases %s and %s are missing",
				   expect__at(ask, at), ask->name, ask->other);
	if (!(now.ns > 0) || !(before.ns > 0) || !(before.iterations > 0))
		return verdict_set(c, VERDICT_SKIP, KIND_NO_DATA,
				   "%snothing was done in phase %s to compare with",
				   expect__at(ask, at), !(now.ns > 0) ? ask->name : ask->other);
	rate = now.iterations / now.ns * 1e9;
	base = before.iterations / before.ns * 1e9;
	wanted = base * ask->expect.min / 100;
	/* The bound is a measurement as well: a host that slowed it down lowered it. */
	most = wanted * expect_host__speed(&x->host, before.ns, x->nr_cpus);
	if (rate >= most)
		set(x, ask, c, VERDICT_PASS, rate, base);
	else if (rate >= wanted ||
		 rate * expect_host__speed(&x->host, now.ns, x->nr_cpus) >= wanted)
		set(x, ask, c, VERDICT_INCONCLUSIVE, rate, base);
	else
		set(x, ask, c, VERDICT_FAIL, rate, base);
}
