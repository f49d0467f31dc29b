// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plan's text.
 */
#include <errno.h>
#include <stdlib.h>

#include "plan.h"

static void write_word(struct buf *b, const char *word)
{
	for (; *word; word++) {
		unsigned char c = *word;

		if (c < 0x21 || c == '%' || c == 0x7f)
			buf__printf(b, "%%%02X", c);
		else
			buf__add(b, word, 1);
	}
}

/* Two blanks in a row hold an empty word. */
static void write_words(struct buf *b, const char *directive, const struct strv *words)
{
	buf__printf(b, "%s", directive);
	for (size_t i = 0; i < words->n; i++) {
		buf__add(b, " ", 1);
		write_word(b, words->v[i]);
	}
	buf__add(b, "\n", 1);
}

static void write_events(struct buf *b, const struct plan *p)
{
	static const char * const words[] = { KTSTR_EVENTS_WORDS };

	if (p->events == KTSTR_WISH_OFF)
		return;
	buf__printf(b, "events %s\n", words[p->events]);
	if (p->events_only)
		buf__printf(b, "events-only %s\n", p->events_only);
	if (p->events_cpus)
		buf__printf(b, "events-cpus %s\n", p->events_cpus);
	if (p->events_cgroup)
		buf__printf(b, "events-cgroup " KTSTR_CGROUP_NAME "/%s\n", p->events_cgroup);
}

/* The CPUs of every number that @number gives, a list each. */
static void write_lists(struct buf *b, const char *directive, const struct ktstr_shape *shape,
			const uint16_t *number)
{
	unsigned int last = 0;

	for (unsigned int cpu = 0; cpu < shape->nr_cpus; cpu++)
		last = number[cpu] > last ? number[cpu] : last;
	buf__printf(b, "%s", directive);
	for (unsigned int n = 0; n <= last; n++) {
		struct cpu_mask m = { 0 };
		char list[4096];

		for (unsigned int cpu = 0; cpu < shape->nr_cpus; cpu++)
			if (number[cpu] == n)
				cpu_mask__set(&m, cpu);
		buf__printf(b, " %s", cpu_mask__text(&m, list, sizeof(list)));
	}
	buf__printf(b, "\n");
}

static void write_body(struct buf *b, const struct plan *p)
{
	buf__printf(b, "body %s\n", p->scenario);
	write_lists(b, "llcs", p->shape, p->shape->llc);
	write_lists(b, "nodes", p->shape, p->shape->node);
	write_lists(b, "cores", p->shape, p->shape->core);
}

static void write_scenario(struct buf *b, const struct plan *p)
{
	char line[KTSTR_OP_LINE_MAX];

	buf__printf(b, "scenario %s\n", p->scenario);
	buf__printf(b, "duration-ms %u\n", p->duration_ms);
	if (p->sched.n)
		write_words(b, "sched", &p->sched);
	if (p->sched_enable.n)
		write_words(b, "sched-enable", &p->sched_enable);
	if (p->sched_disable.n)
		write_words(b, "sched-disable", &p->sched_disable);
	if (plan__has_sched(p))
		buf__printf(b, "sched-timeout-ms %u\n", p->sched_timeout_ms);
	for (uint32_t i = 0; i < p->nr_ops; i++) {
		/* What was resolved fits a line: names and lists are bounded. */
		ktstr_op__write(&p->ops[i], line, sizeof(line));
		buf__printf(b, "op %s\n", line);
	}
	if (p->test && p->test->body)
		write_body(b, p);
}

int plan_write(const struct plan *plan, struct buf *out, struct ktstr_error *e)
{
	buf__printf(out, KTSTR_PLAN_MAGIC "\n");
	if (plan->scenario)
		write_scenario(out, plan);
	else
		write_words(out, "exec", &plan->exec);
	write_events(out, plan);
	buf__printf(out, "seed %llu\n", (unsigned long long)plan->seed);
	buf__printf(out, "ack-timeout-ms %u\nend\n", plan->ack_timeout_ms);
	if (out->err == -ENOBUFS)
		return ktstr_error_set(e, -E2BIG,
				       "the command is too long for the guest; put it into a script");
	return out->err ? ktstr_error_set(e, out->err, "out of memory") : 0;
}

void plan__free(struct plan *plan)
{
	strv__free(&plan->exec);
	strv__free(&plan->sched);
	strv__free(&plan->sched_enable);
	strv__free(&plan->sched_disable);
	free(plan->shape);
	free(plan->ops);
}
