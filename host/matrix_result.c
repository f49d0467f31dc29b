// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a cell comes to. Its process is not believed blindly: a status without the JSON that
 * goes with it is no verdict.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <jansson.h>

#include "json_out.h"
#include "matrix.h"
#include "report.h"

void matrix__settle(struct matrix_cell *cell, enum verdict_status status, const char *kind,
		    const char *reason)
{
	cell->ran = true;
	cell->status = status;
	snprintf(cell->kind, sizeof(cell->kind), "%s", kind);
	text__clean(cell->reason, sizeof(cell->reason), reason, strlen(reason));
}

/* The last line that is not empty, without the name that every sentence begins with. */
static void last_words(const struct matrix_child *child, char *dst, size_t size)
{
	static const char us[] = "ktstr: ";
	const char *text;
	size_t len, skip;

	text = tail__lines(&child->err, 1, &len);
	skip = len >= strlen(us) && !memcmp(text, us, strlen(us)) ? strlen(us) : 0;
	text__clean(dst, size, text + skip, len - skip);
}

static void crashed(struct matrix_cell *cell, const struct matrix_child *child, const char *what)
{
	char words[200], reason[320];

	last_words(child, words, sizeof(words));
	snprintf(reason, sizeof(reason), "%s%s%s", what, *words ? "; it said last: " : "", words);
	matrix__settle(cell, VERDICT_CRASH, "cell_died", reason);
}

static void environment(struct matrix_cell *cell, const struct matrix_child *child)
{
	char words[300];

	last_words(child, words, sizeof(words));
	matrix__settle(cell, VERDICT_ENV, "environment",
		       *words ? words : "its ktstr ended with status 2 and gave no reason");
}

static const char *field(const json_t *result, const char *key)
{
	const json_t *run = json_array_get(json_object_get(result, "runs"), 0);
	const char *s = json_string_value(json_object_get(run, key));

	return s ? s : "";
}

/* Return: does the verdict in the JSON belong to the exit status? */
static bool verdict_of(const json_t *result, int exit_status, enum verdict_status *status)
{
	static const struct {
		enum verdict_status status;
		enum report_exit exit;
	} pairs[] = {
		{ VERDICT_PASS, EXIT_ALL_PASSED }, { VERDICT_SKIP, EXIT_ALL_SKIPPED },
		{ VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE }, { VERDICT_FAIL, EXIT_SOME_FAILED },
		{ VERDICT_CRASH, EXIT_SOME_FAILED },
	};
	const char *name = field(result, "verdict");

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		*status = pairs[i].status;
		if (!strcmp(name, verdict__status_name(*status)))
			return pairs[i].exit == (enum report_exit)exit_status;
	}
	return false;
}

static void judge(struct matrix_cell *cell, const struct matrix_child *child)
{
	enum verdict_status status;
	char what[80];

	if (cell->exit_status == EXIT_ENVIRONMENT)
		return environment(cell, child);
	if (cell->exit_status < 0 || cell->exit_status > EXIT_ALL_SKIPPED) {
		snprintf(what, sizeof(what), "its ktstr ended with status %d", cell->exit_status);
		return crashed(cell, child, what);
	}
	if (!cell->result)
		return crashed(cell, child, "its ktstr ended without a whole result");
	if (!verdict_of(cell->result, cell->exit_status, &status))
		return crashed(cell, child, "its ktstr's exit status and result contradict each other");
	matrix__settle(cell, status, field(cell->result, "kind"), field(cell->result, "reason"));
}

void matrix__take(struct matrix_cell *cell, const struct matrix_child *child, bool interrupted)
{
	char what[80];

	cell->took_ns = child->end_ns - child->start_ns;
	if (child->start_err) {
		snprintf(what, sizeof(what), "it cannot be started: %s",
			 strerror(-child->start_err));
		return matrix__settle(cell, VERDICT_ENV, "environment", what);
	}
	if (WIFEXITED(child->wait_status))
		cell->exit_status = WEXITSTATUS(child->wait_status);
	if (!child->json.err && child->json.len &&
	    json_out__is_whole(child->json.data, child->json.len))
		cell->result = json_loadb(child->json.data, child->json.len, 0, NULL);
	if (interrupted)
		return matrix__settle(cell, VERDICT_INTERRUPTED, "interrupted", "interrupted");
	if (child->overdue) {
		snprintf(what, sizeof(what), "its ktstr did not end within %.0f s",
			 (child->end_at_ns - child->start_ns) / 1e9);
		return crashed(cell, child, what);
	}
	if (WIFSIGNALED(child->wait_status)) {
		snprintf(what, sizeof(what), "its ktstr died of signal %d (%s)",
			 WTERMSIG(child->wait_status), strsignal(WTERMSIG(child->wait_status)));
		return crashed(cell, child, what);
	}
	judge(cell, child);
}

int matrix__exit_status(const struct matrix *m)
{
	size_t count[VERDICT_INTERRUPTED + 1] = { 0 }, ran = 0;

	for (size_t i = 0; i < m->nr; i++) {
		if (!m->cells[i].ran)
			continue;
		count[m->cells[i].status]++;
		ran++;
	}
	return report__exit_of(count, ran);
}
