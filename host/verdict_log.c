// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the kernel log clean, and is that known? A log that was not scanned to its end
 * proves nothing, so it fails the test.
 */
#include <stdio.h>

#include "verdict_end.h"

/* What a file says of the line: why it is denied, or that it is allowed no longer. */
static const char *of_rule(const struct splat_rule *rule, char *buf, size_t size)
{
	char day[11];

	buf[0] = '\0';
	if (rule && rule->deny)
		snprintf(buf, size, "; %.60s:%u denies it: %.80s", rule->file, rule->line,
			 rule->reason);
	else if (rule)
		snprintf(buf, size, "; the entry %.60s:%u that allowed it expired after %s",
			 rule->file, rule->line, splat_rules__date(rule->expires, day));
	return buf;
}

static void set_splat(struct verdict_check *c, const struct splat_log *log)
{
	const struct splat *s = &log->splats[0];
	char rule[192];

	verdict_set(c, VERDICT_FAIL, KIND_SPLAT, "%s in the kernel log (%u in all): %.120s%s",
		    splat__name(s->kind), log->nr, s->text,
		    of_rule(s->rule, rule, sizeof(rule)));
}

void verdict_log__judge(struct verdict_check *c, const struct evidence *ev, bool completed)
{
	const struct splat_log *log = &ev->splats;

	if (log->nr)
		set_splat(c, log);
	else if (log->incomplete[0])
		verdict_set(c, VERDICT_FAIL, KIND_LOG_NOT_SCANNED,
			    "the kernel log could not be scanned whole: %s", log->incomplete);
	else if (!ev->tail[EVIDENCE_DMSG].total && completed)
		verdict_set(c, VERDICT_FAIL, KIND_LOG_NOT_SCANNED,
			    "the kernel log could not be scanned: the guest sent none");
	else if (!ev->tail[EVIDENCE_DMSG].total)
		verdict_set(c, VERDICT_SKIP, KIND_NOT_REACHED,
			    "not judged: the run ended before its kernel log came");
	else if (log->allowed)
		verdict_set(c, VERDICT_PASS, KIND_OK, "no splat but %llu lines that are allowed",
			    (unsigned long long)log->allowed);
	else
		verdict_set(c, VERDICT_PASS, KIND_OK, "no splat");
}
