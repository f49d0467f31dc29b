// SPDX-License-Identifier: GPL-2.0-only
/*
 * What payloads measured, and how they ended.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "expect.h"
#include "payload_metrics.h"
#include "verdict_end.h"

/* The host must have taken that much before a program's own figures are doubted. */
#define SPOILT	0.1

/* The newest payload of a name, ended; else the point is decided. */
static const struct payload_out *find(const struct expect_case *x, const struct ktstr_op *ask,
				      const struct ktstr_op **run, struct verdict_check *c)
{
	const struct payload_out *p = NULL;
	char at[KTSTR_OP_AT_MAX + 2];

	*run = NULL;
	for (uint32_t i = 0; i < x->ops.nr; i++) {
		const struct ktstr_op *op = op_list__at(&x->ops, i);

		if (op->verb != KTSTR_V_RUN || strcmp(op->name, ask->name))
			continue;
		*run = op;
		p = payload_outs__find(&x->ev->payloads, i);
	}
	if (*run && p && p->ended)
		return p;
	verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST, "%spayload %s %s",
		    expect__at(ask, at), ask->name,
		    *run ? "never said how it ended" : "was not started");
	return NULL;
}

/* No upper limit is said by leaving it out; but 0 to 0 is 0. */
static bool within(const struct ktstr_op_expect *e, double v)
{
	bool has_max = e->max != 0 || e->min <= 0;

	return v >= e->min && (!has_max || v <= e->max);
}

static void range_text(const struct ktstr_op_expect *e, char *buf, size_t size)
{
	if (e->max != 0 || e->min <= 0)
		snprintf(buf, size, "%g to %g", e->min, e->max);
	else
		snprintf(buf, size, "%g or more", e->min);
}

/* The rest may have had another figure of that name, or the line that is cut. */
static bool is_cut(const struct payload_out *p, const struct ktstr_op *ask,
		   struct verdict_check *c)
{
	char at[KTSTR_OP_AT_MAX + 2];

	for (uint32_t i = 0; i < PAYLOAD_STREAMS; i++) {
		if (p->bytes[i] <= p->len[i])
			continue;
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "%spayload %s printed %llu bytes to %s, of which the first %u KiB are kept: make it print less, or to a file",
			    expect__at(ask, at), ask->name, (unsigned long long)p->bytes[i],
			    i ? "stderr" : "stdout", PAYLOAD_OUT_BYTES >> 10);
		return true;
	}
	return false;
}

void judge__metric(const struct expect_case *x, const struct ktstr_op *ask,
		   struct verdict_check *c)
{
	const struct payload_out *p;
	const struct payload_metric *v;
	struct payload_metrics m;
	const struct ktstr_op *run;
	char at[KTSTR_OP_AT_MAX + 2], host[128], range[64];

	p = find(x, ask, &run, c);
	if (!p || is_cut(p, ask, c))
		return;
	payload_out__metrics(p, run->cmd, &m);
	v = payload_metrics__find(&m, ask->expect.metric);
	range_text(&ask->expect, range, sizeof(range));
	if (!v)
		verdict_set(c, VERDICT_FAIL, KIND_METRIC,
			    "%spayload %s printed no %s; it printed %u figures in %llu bytes",
			    expect__at(ask, at), ask->name, ask->expect.metric, m.nr,
			    (unsigned long long)(p->bytes[0] + p->bytes[1]));
	else if (within(&ask->expect, v->value))
		verdict_set(c, VERDICT_PASS, KIND_OK, "%s of payload %s is %g, wanted are %s",
			    v->name, ask->name, v->value, range);
	else
		verdict_set(c, x->host.mean > SPOILT ? VERDICT_INCONCLUSIVE : VERDICT_FAIL,
			    KIND_METRIC, "%s%s of payload %s is %g, wanted are %s; %s",
			    expect__at(ask, at), v->name, ask->name, v->value, range,
			    expect_host__text(&x->host, host, sizeof(host)));
}

void judge__exit_status(const struct expect_case *x, const struct ktstr_op *ask,
			struct verdict_check *c)
{
	const struct payload_out *p;
	const struct ktstr_op *run;
	char at[KTSTR_OP_AT_MAX + 2];

	p = find(x, ask, &run, c);
	if (!p)
		return;
	if (!WIFEXITED(p->wait_status))
		verdict_set(c, VERDICT_FAIL, KIND_EXIT_STATUS,
			    "%spayload %s was killed by signal %d%s, wanted is exit status %g",
			    expect__at(ask, at), ask->name, WTERMSIG(p->wait_status),
			    p->expected ? ", by the test or its end" : "", ask->expect.min);
	else if (WEXITSTATUS(p->wait_status) != ask->expect.min)
		verdict_set(c, VERDICT_FAIL, KIND_EXIT_STATUS,
			    "%spayload %s exited with status %d, wanted is %g", expect__at(ask, at),
			    ask->name, WEXITSTATUS(p->wait_status), ask->expect.min);
	else
		verdict_set(c, VERDICT_PASS, KIND_OK, "payload %s exited with status %d", ask->name,
			    WEXITSTATUS(p->wait_status));
}
