// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts for reports.
 */
#include <stdio.h>
#include <string.h>

#include "called.h"
#include "command.h"
#include "report.h"

int report__exit_status(const struct report *r, size_t done)
{
	size_t count[VERDICT_INTERRUPTED + 1] = { 0 };

	for (size_t i = 0; i < done; i++)
		count[r->runs[i].verdict.status]++;
	return report__exit_of(count, done);
}

int report__exit_of(const size_t count[VERDICT_INTERRUPTED + 1], size_t done)
{
	if (count[VERDICT_ENV])
		return EXIT_ENVIRONMENT;
	if (count[VERDICT_FAIL] || count[VERDICT_CRASH] || count[VERDICT_INTERRUPTED])
		return EXIT_SOME_FAILED;
	if (count[VERDICT_INCONCLUSIVE])
		return EXIT_INCONCLUSIVE;
	return count[VERDICT_SKIP] == done ? EXIT_ALL_SKIPPED : EXIT_ALL_PASSED;
}

const struct args *report__args(const struct report *r, const struct report_run *run)
{
	return run->args ? run->args : r->args;
}

uint64_t report__boot_ns(const struct evidence *ev)
{
	return ev && ev->ready_ns ? ev->ready_ns - ev->create_ns : 0;
}

/* Test points and directories of two runs must not share a name. */
void report__names(struct report *r)
{
	for (size_t i = 0; i < r->nr; i++) {
		const char *scenario = r->runs[i].plan.scenario;
		unsigned int nth = 1;

		for (size_t k = 0; k < i; k++)
			nth += !strcmp(r->runs[k].plan.scenario, scenario);
		if (nth > 1)
			snprintf(r->runs[i].name, sizeof(r->runs[i].name), "%.50s.%u", scenario,
				 nth);
		else
			snprintf(r->runs[i].name, sizeof(r->runs[i].name), "%.50s", scenario);
	}
}

void report__repeat(struct report_run *run, const struct args *args)
{
	char quoted[512];
	struct strv words = { 0 };
	struct buf b;

	buf__init(&b, sizeof(run->repeat) - 1);
	if (strv__add(&words, called__name()) || strv__add(&words, "run") ||
	    args__to_argv(args, run->plan.scenario, true, &words))
		b.err = -1;
	for (size_t i = 0; i < words.n; i++) {
		if (command__quote(quoted, sizeof(quoted), words.v[i]))
			b.err = -1;
		else
			buf__printf(&b, "%s%s", i ? " " : "", quoted);
	}
	/* Too long to be copied by hand: say nothing rather than half a command. */
	run->repeat[0] = '\0';
	if (!b.err)
		memcpy(run->repeat, b.data, b.len + 1);
	buf__free(&b);
	strv__free(&words);
}
