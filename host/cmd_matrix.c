// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr run" with options of a matrix.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accel.h"
#include "clock.h"
#include "commands.h"
#include "hostroom.h"
#include "interrupt.h"
#include "matrix.h"
#include "matrix_times.h"
#include "report.h"
#include "result_files.h"
#include "setup.h"

#define S_NS	1000000000ull

/**
 * struct live - a matrix while it runs
 * @m: it
 * @why_box: why cells run in an emulated machine
 * @ktap, @out: where its report goes
 * @times, @times_path: what is remembered; no path: nowhere
 * @order, @nr: cells to run
 * @done, @done_est_ns, @done_took_ns: of these, and what they should have taken, and took
 * @left_est_ns: of those that have not ended
 * @running: how many run
 * @tty: there is a line of progress on stderr
 */
struct live {
	struct matrix m;
	struct ktstr_error why_box;
	struct ktap ktap;
	struct outdir out;
	struct matrix_times times;
	char times_path[PATH_MAX];
	size_t *order, nr;
	size_t done;
	uint64_t done_est_ns, done_took_ns, left_est_ns;
	size_t running;
	bool tty;
};

static char **words_of(void *arg, size_t cell)
{
	struct live *l = arg;

	return l->m.cells[cell].words.v;
}

static uint64_t limit_of(void *arg, size_t cell)
{
	struct live *l = arg;

	return matrix__limit_ms(&l->m, &l->m.cells[cell]);
}

/* What is left, corrected by how wrong the estimates were so far, side by side as now. */
static uint64_t seconds_left(const struct live *l, size_t running)
{
	double left = (double)l->left_est_ns;

	if (l->done_est_ns)
		left *= (double)l->done_took_ns / l->done_est_ns;
	return (uint64_t)(left / S_NS / (running ? running : 1) + 0.5);
}

static void progress(const struct live *l, size_t running, char *dst, size_t size)
{
	uint64_t s = seconds_left(l, running);

	snprintf(dst, size, "%zu of %zu cells done, %zu running, about %llu:%02llu left", l->done,
		 l->nr, running, (unsigned long long)s / 60, (unsigned long long)s % 60);
}

static void clear_line(const struct live *l)
{
	if (l->tty)
		fprintf(stderr, "\r\033[K");
}

static void on_tick(void *arg, size_t running)
{
	struct live *l = arg;
	char line[160];

	l->running = running;
	if (!l->tty || interrupt__signal())
		return;
	progress(l, running, line, sizeof(line));
	fprintf(stderr, "\r\033[K%s", line);
	fflush(stderr);
}

static void on_ended(void *arg, const struct matrix_child *child)
{
	struct live *l = arg;
	struct matrix_cell *c = &l->m.cells[child->cell];
	const struct matrix_load *load = &l->m.loads[child->cell];
	char line[160];

	clear_line(l);
	matrix__take(c, child, interrupt__signal());
	l->done++;
	l->running -= l->running > 0;
	l->left_est_ns -= load->ns;
	l->done_est_ns += load->ns;
	l->done_took_ns += c->took_ns;
	if (c->status == VERDICT_INTERRUPTED)
		return;
	matrix_ktap__cell(&l->ktap, c, child);
	/* Only what ran its whole way tells how long that is. */
	if (c->status == VERDICT_PASS || c->status == VERDICT_FAIL ||
	    c->status == VERDICT_INCONCLUSIVE)
		matrix_times__set(&l->times, c->key, (uint32_t)(c->took_ns / 1000000));
	if (l->tty || l->done == l->nr)
		return;
	progress(l, l->running, line, sizeof(line));
	ktap__diag(&l->ktap, "%s", line);
}

static void recall(struct live *l)
{
	struct matrix *m = &l->m;

	if (matrix_times__path(l->times_path, sizeof(l->times_path)))
		l->times_path[0] = '\0';
	else if (matrix_times__load(&l->times, l->times_path))
		matrix_times__free(&l->times);
	for (size_t i = 0; i < m->nr; i++) {
		uint32_t ms = matrix_times__get(&l->times, m->cells[i].key);

		if (ms)
			m->loads[i].ns = ms * 1000000ull;
	}
}

/* They only make estimates better: not to have them is no failure of the run. */
static void remember(struct live *l)
{
	int ret = l->times_path[0] ? matrix_times__save(&l->times, l->times_path) : 0;

	if (ret)
		ktap__diag(&l->ktap, "how long the cells took is not remembered: %s: %s",
			   l->times_path, strerror(-ret));
}

static int prepare(struct live *l, const struct args *a, struct ktstr_error *e)
{
	struct matrix *m = &l->m;
	int ret = accel__choose(a->accel, &m->use_box, &l->why_box, e);

	m->args = a;
	m->room = (struct matrix_room){
		.cpus = hostroom__cpus(), .memory_mib = hostroom__memory_mib(""), .jobs = a->jobs,
	};
	if (!ret)
		ret = matrix__build(m, e);
	if (!ret)
		ret = matrix__check(m, e);
	if (!ret)
		ret = result_files__open(a, &l->out, e);
	if (!ret)
		ret = matrix__words(m, &l->out, e);
	if (ret)
		return ret;
	recall(l);
	l->order = calloc(m->nr, sizeof(*l->order));
	if (!l->order || matrix__choose(m))
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	l->nr = matrix_plan__order(m->loads, m->nr, l->order);
	for (size_t i = 0; i < l->nr; i++)
		l->left_est_ns += m->loads[l->order[i]].ns;
	return 0;
}

static void settle(struct live *l, size_t cell, enum verdict_status status, const char *kind,
		   const char *reason)
{
	struct matrix_cell *c = &l->m.cells[cell];

	matrix__settle(c, status, kind, reason);
	matrix_ktap__cell(&l->ktap, c, NULL);
}

static void settle_skipped(struct live *l)
{
	for (size_t i = 0; i < l->m.nr; i++)
		if (l->m.loads[i].out == MATRIX_OUT_SKIP)
			settle(l, i, VERDICT_SKIP, "not_reached", l->m.cells[i].skip);
}

static int run_cells(struct live *l, int interrupt_fd, struct ktstr_error *e)
{
	const struct args *a = l->m.args;
	const struct matrix_pool_opts o = {
		.cells = l->m.loads, .order = l->order, .nr = l->nr, .room = &l->m.room,
		.interrupt_fd = interrupt_fd,
		.start_until_ns = a->budget_s ? clock__now_ns() + a->budget_s * S_NS : 0,
		.argv = words_of, .limit_ms = limit_of, .ended = on_ended, .tick = on_tick, .arg = l,
	};
	size_t *left = calloc(l->nr + 1, sizeof(*left));
	ssize_t n = left ? matrix_pool__run(&o, left) : -ENOMEM;

	clear_line(l);
	for (ssize_t i = 0; i < n && !interrupt__signal(); i++)
		settle(l, left[i], VERDICT_SKIP, "budget",
		       "not started: the time of --budget was over before its estimate said so");
	free(left);
	return n < 0 ? ktstr_error_set(e, (int)n, "cannot wait for the cells: %s",
				       strerror((int)-n)) : 0;
}

static int write_json(struct live *l, int status, struct ktstr_error *e)
{
	size_t len = 0;
	char *json = matrix_json__dump(&l->m, status, &len);
	int ret = result_files__write(l->m.args, &l->out, json, len, e);

	free(json);
	return ret;
}

static int run(struct live *l)
{
	int interrupt_fd = interrupt__open(), status;
	struct ktstr_error e;

	l->ktap.out = stdout;
	l->ktap.copy = l->out.ktap;
	l->tty = isatty(STDERR_FILENO);
	if (l->m.use_box)
		setup__announce_box(&l->why_box);
	matrix_ktap__begin(&l->ktap, &l->m);
	settle_skipped(l);
	status = run_cells(l, interrupt_fd, &e) ? command_fail(&e) : 0;
	if (interrupt__signal()) {
		ktap__bail(&l->ktap, "interrupted by %s", interrupt__name(interrupt__signal()));
		status = EXIT_SOME_FAILED;
	} else if (status) {
		ktap__bail(&l->ktap, "%s", e.msg);
	} else {
		remember(l);
		matrix_ktap__end(&l->ktap, &l->m);
		status = matrix__exit_status(&l->m);
	}
	if (write_json(l, status, &e))
		status = command_fail(&e);
	if (outdir__close(&l->out, &e))
		status = command_fail(&e);
	return status;
}

static void print_dry_run(const struct live *l)
{
	static const char * const out[] = {
		[MATRIX_OUT_BUDGET] = "beyond the budget",
		[MATRIX_OUT_SKIP] = "skipped",
	};
	const struct matrix *m = &l->m;

	printf("matrix of %zu cells, seed %llu, %zu to run, on %u CPUs and %u MiB of the host\n",
	       m->nr, (unsigned long long)m->args->seed, l->nr, m->room.cpus, m->room.memory_mib);
	for (size_t i = 0; i < l->nr; i++) {
		const struct matrix_load *load = &m->loads[l->order[i]];

		printf("run %s\n  about %.0f s, %u CPUs, %u MiB; %s\n", m->cells[l->order[i]].name,
		       load->ns / 1e9, load->cpus, load->memory_mib, m->cells[l->order[i]].repeat);
	}
	for (size_t i = 0; i < m->nr; i++)
		if (out[m->loads[i].out])
			printf("not run, %s: %s%s%s\n", out[m->loads[i].out], m->cells[i].name,
			       m->cells[i].skip[0] ? ": " : "", m->cells[i].skip);
}

int matrix__run(const struct args *a)
{
	struct ktstr_error e;
	struct live l;
	int status = 0;

	memset(&l, 0, sizeof(l));
	outdir__init(&l.out);
	if (prepare(&l, a, &e)) {
		status = command_fail(&e);
		outdir__close(&l.out, NULL);
	} else if (a->dry_run) {
		print_dry_run(&l);
	} else {
		status = run(&l);
	}
	matrix_times__free(&l.times);
	matrix__free(&l.m);
	free(l.order);
	fflush(stdout);
	interrupt__reraise();
	return status;
}
