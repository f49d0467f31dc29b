// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plan's text.
 */
#include <errno.h>

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

static void write_scenario(struct buf *b, const struct plan *p)
{
	buf__printf(b, "scenario %s\n", p->scenario);
	buf__printf(b, "duration-ms %u\n", p->duration_ms);
	if (p->sched.n) {
		write_words(b, "sched", &p->sched);
		buf__printf(b, "sched-timeout-ms %u\n", p->sched_timeout_ms);
	}
	for (uint32_t i = 0; i < p->nr_cgroups; i++) {
		const struct plan_cgroup *cg = &p->cgroups[i];

		buf__printf(b, "cgroup %s cpuset %s\n", cg->name, cg->cpuset);
		buf__printf(b, "workers %s %s %u\n", cg->name, cg->kind, cg->nr_workers);
	}
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
}
