// SPDX-License-Identifier: GPL-2.0-only
/*
 * From options to cells.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <ktstr/random.h>
#include <ktstr/test.h>

#include "box.h"
#include "command.h"
#include "kernels.h"
#include "matrix.h"
#include "matrix_times.h"
#include "report.h"
#include "run.h"
#include "setup.h"

/* Guesses where nothing is remembered; shards are made from those of KVM everywhere. */
#define BOOT_NS		2000000000ull
#define BOOT_CPU_NS	200000000ull
#define BOX_BOOT_NS	15000000000ull
#define BOX_CPU_NS	1000000000ull
#define VMM_MIB		64u	/* what a machine takes beside its memory */

/* What a process may take beyond its run, and an emulated machine beyond that. */
#define LIMIT_CELL_MS	40000ull
#define LIMIT_BOX_MS	180000ull

enum factor { SCENARIO, TOPOLOGY, SCHED, KERNEL };

/* An axis that was not given has the one value of the other options. */
static size_t values(const struct strv *axis)
{
	return axis->n ? axis->n : 1;
}

static int init_topologies(struct matrix *m, struct ktstr_error *e)
{
	const struct strv *axis = &m->args->matrix.v[MATRIX_TOPOLOGIES];
	int ret = 0;

	m->topologies = calloc(axis->n + 1, sizeof(*m->topologies));
	if (!m->topologies)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; !ret && i < axis->n; i++) {
		struct ktstr_error why;

		m->topologies[i] = *m->args;
		m->nr_topologies = i + 1;
		ret = args__use_topology(&m->topologies[i], axis->v[i], &why);
		if (ret)
			ktstr_error_set(e, ret, "--matrix: %.400s", why.msg);
	}
	return ret;
}

/* The options that a topology, a scheduler and a kernel of the axes come to. */
static struct args options_of(const struct matrix *m, const uint32_t value[MATRIX_FACTORS])
{
	const struct strv *axis = m->args->matrix.v;
	struct args a = m->nr_topologies ? m->topologies[value[TOPOLOGY]] : *m->args;

	if (axis[MATRIX_SCHEDULERS].n) {
		const char *sched = axis[MATRIX_SCHEDULERS].v[value[SCHED]];

		a.sched = strcmp(sched, ARGS_SCHED_NONE) ? sched : NULL;
		a.sched_given = true;
	}
	if (axis[MATRIX_KERNELS].n)
		a.kernel = axis[MATRIX_KERNELS].v[value[KERNEL]];
	return a;
}

static void add_axis(struct buf *b, const struct matrix *m, enum matrix_axis axis, const char *key,
		     uint32_t value)
{
	const struct strv *v = &m->args->matrix.v[axis];
	char clean[MATRIX_NAME_MAX];
	bool quote;

	if (!v->n)
		return;
	text__clean(clean, sizeof(clean), v->v[value], strlen(v->v[value]));
	quote = strchr(clean, ' ') != NULL;
	buf__printf(b, " %s=%s%s%s", key, quote ? "\"" : "", clean, quote ? "\"" : "");
}

/* '#' begins a directive in KTAP. */
static void name_cell(const struct matrix *m, struct matrix_cell *c, const uint32_t *value,
		      unsigned int nth)
{
	struct buf b;

	buf__init(&b, 8 * MATRIX_NAME_MAX);
	buf__printf(&b, "%s", c->test->name);
	if (nth > 1)
		buf__printf(&b, ".%u", nth);
	add_axis(&b, m, MATRIX_TOPOLOGIES, "topology", value[TOPOLOGY]);
	add_axis(&b, m, MATRIX_SCHEDULERS, "sched", value[SCHED]);
	add_axis(&b, m, MATRIX_KERNELS, "kernel", value[KERNEL]);
	snprintf(c->name, sizeof(c->name), "%s", b.data ? b.data : c->test->name);
	buf__free(&b);
	for (char *p = c->name; (p = strchr(p, '#'));)
		*p = '_';
}

static void name_dir(struct matrix_cell *c, size_t i)
{
	int n = snprintf(c->dir, sizeof(c->dir), "%04zu-", i + 1);

	snprintf(c->dir + n, sizeof(c->dir) - n, "%.*s", (int)sizeof(c->dir) - n - 1, c->name);
	for (char *p = c->dir; *p; p++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789,.-=_", *p))
			*p = '_';
}

/* From the printed seed and what the cell is, wherever it stands in whichever matrix. */
static uint64_t seed_of(uint64_t seed, const struct matrix_cell *c)
{
	char *name = (char *)c->name;
	const struct strv words = { .v = &name, .n = 1 };
	uint64_t state = seed ^ matrix_times__key(&words);

	/* A number that people can copy and JSON can carry exactly, as any other seed. */
	return ktstr_random__next(&state) >> 12;
}

static void load_cell(const struct matrix *m, const struct matrix_cell *c, struct matrix_load *l)
{
	const struct args *a = &c->args;
	uint64_t window_ns = a->duration_ms * 1000000ull;
	uint32_t cpus = ktstr_topology__nr_cpus(&a->topology);

	l->fixed_ns = window_ns + BOOT_NS + cpus * BOOT_CPU_NS;
	l->ns = m->use_box ? window_ns + BOX_BOOT_NS + cpus * BOX_CPU_NS : l->fixed_ns;
	l->cpus = m->use_box ? BOX_CPUS : cpus;
	/* With --cpus the vCPUs share fewer. */
	if (a->cpus && a->cpus < l->cpus)
		l->cpus = a->cpus;
	l->memory_mib = m->use_box ? box__memory_mib(a->memory_mib) : a->memory_mib + VMM_MIB;
}

static unsigned int nth_of(const struct strv *names, size_t at)
{
	unsigned int nth = 1;

	for (size_t i = 0; i < at; i++)
		nth += !strcmp(names->v[i], names->v[at]);
	return nth;
}

static void make_cell(struct matrix *m, size_t i)
{
	const struct strv *names = &m->args->scenarios;
	struct matrix_cell *c = &m->cells[i];
	struct matrix_load *l = &m->loads[i];
	size_t rest = i;
	struct args a;

	for (int f = MATRIX_FACTORS - 1; f >= 0; f--) {
		l->value[f] = (uint32_t)(rest % m->nr_value[f]);
		rest /= m->nr_value[f];
	}
	c->test = ktstr_test__find(names->v[l->value[SCENARIO]]);
	a = options_of(m, l->value);
	c->args = args__of_test(&a, c->test);
	c->exit_status = -1;
	name_cell(m, c, l->value, nth_of(names, l->value[SCENARIO]));
	name_dir(c, i);
	c->args.seed = seed_of(m->args->seed, c);
	load_cell(m, c, l);
}

int matrix__build(struct matrix *m, struct ktstr_error *e)
{
	const struct args *a = m->args;
	int ret = init_topologies(m, e);

	if (ret)
		return ret;
	m->nr_value[SCENARIO] = (uint32_t)a->scenarios.n;
	m->nr_value[TOPOLOGY] = (uint32_t)values(&a->matrix.v[MATRIX_TOPOLOGIES]);
	m->nr_value[SCHED] = (uint32_t)values(&a->matrix.v[MATRIX_SCHEDULERS]);
	m->nr_value[KERNEL] = (uint32_t)values(&a->matrix.v[MATRIX_KERNELS]);
	m->nr = 1;
	for (unsigned int f = 0; f < MATRIX_FACTORS; f++) {
		m->nr *= m->nr_value[f];
		if (m->nr > MATRIX_CELLS_MAX) {
			m->nr = 0;
			return ktstr_error_set(e, -EINVAL,
					       "the matrix has more than %u cells; name fewer values",
					       MATRIX_CELLS_MAX);
		}
	}
	m->cells = calloc(m->nr, sizeof(*m->cells));
	m->loads = calloc(m->nr, sizeof(*m->loads));
	if (!m->cells || !m->loads) {
		m->nr = 0;
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < m->nr; i++)
		make_cell(m, i);
	return 0;
}

/* Is there nothing in the kernel of these options that a scheduler could be loaded into? */
static bool lacks_sched_ext(const struct args *a, struct ktstr_error *why)
{
	struct vmm_kernel k = { .sz = sizeof(k) };
	struct ktstr_error other;
	char path[PATH_MAX];

	return !kernels__choose(a->kernel, path, sizeof(path), &other) &&
	       vmm__probe_kernel(path, true, &k, why) == -ENOTSUP &&
	       !vmm__probe_kernel(path, false, &k, &other);
}

/* Can another cell have what this one cannot: a kernel, or no scheduler? */
static bool has_other_cells(const struct matrix *m)
{
	return m->nr_value[SCHED] > 1 || m->nr_value[KERNEL] > 1;
}

/* Skip what a kernel without sched_ext cannot carry; the names and cells of the rest go out. */
static size_t keep_carried(struct matrix *m, size_t first, const struct args *a, char **names,
			   struct matrix_cell **cells)
{
	size_t step = m->nr / m->nr_value[SCENARIO], n = 0;
	int lacks = has_other_cells(m) ? -1 : 0;	/* not known before somebody wants to */
	struct ktstr_error why;

	for (size_t i = 0; i < a->scenarios.n; i++) {
		struct matrix_cell *c = &m->cells[first + i * step];

		if (lacks < 0 && args__sched(&c->args))
			lacks = lacks_sched_ext(a, &why);
		if (lacks > 0 && args__sched(&c->args)) {
			snprintf(c->skip, sizeof(c->skip), "%.255s", why.msg);
			continue;
		}
		names[n] = a->scenarios.v[i];
		cells[n++] = c;
	}
	return n;
}

static void note_run(struct matrix_cell *c, const struct report_run *run)
{
	snprintf(c->skip, sizeof(c->skip), "%s", run->skip);
	c->run_limit_ms = run__limit_ms(&run->plan, c->args.timeout_s);
}

/*
 * Scenarios with the options of one cell. In a matrix a scenario that was named is
 * skipped where it cannot be carried, too: other cells can.
 */
static int check_plans(struct args *a, struct matrix_cell **cells, struct ktstr_error *e)
{
	struct args most = args__of_all(a);
	struct report r = { .args = a };
	struct setup s;
	int ret = setup__init(&s, &most, e);

	if (!ret)
		ret = run__plans(&r, &s, e);
	for (size_t i = 0; !ret && i < r.nr; i++)
		note_run(cells[i], &r.runs[i]);
	run__free(&r);
	setup__free(&s);
	return ret;
}

/* All scenarios with the options of one cell. */
static int check_options(struct matrix *m, size_t first, struct ktstr_error *e)
{
	struct args a = options_of(m, m->loads[first].value);
	size_t nr = a.scenarios.n;
	struct matrix_cell **cells = calloc(nr, sizeof(*cells));
	char **names = calloc(nr, sizeof(*names));
	int ret = cells && names ? 0 : ktstr_error_set(e, -ENOMEM, "out of memory");

	a.words = (struct strv){ 0 };
	if (!ret) {
		a.scenarios.n = keep_carried(m, first, &a, names, cells);
		a.scenarios.v = names;
	}
	if (!ret && a.scenarios.n)
		ret = check_plans(&a, cells, e);
	free(cells);
	free(names);
	return ret;
}

int matrix__check(struct matrix *m, struct ktstr_error *e)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < m->nr / m->nr_value[SCENARIO]; i++)
		ret = check_options(m, i, e);
	return ret;
}

int matrix__choose(struct matrix *m)
{
	const struct args *a = m->args;
	int ret = 0;

	for (size_t i = 0; i < m->nr; i++)
		if (m->cells[i].skip[0])
			m->loads[i].ns = m->loads[i].fixed_ns = 0;
	if (a->shards)
		ret = matrix_plan__shard(m->loads, m->nr, a->shard, a->shards);
	for (size_t i = 0; i < m->nr; i++)
		if (m->cells[i].skip[0] && m->loads[i].out == MATRIX_IN)
			m->loads[i].out = MATRIX_OUT_SKIP;
	if (!ret && a->budget_s)
		ret = matrix_plan__budget(m->loads, m->nr, &m->room, a->budget_s * 1000000000ull);
	return ret;
}

static int cell_words(struct matrix_cell *c, const struct outdir *out, const char *self)
{
	struct args a = c->args;
	char dir[PATH_MAX], json[24];
	int ret = 0;

	snprintf(json, sizeof(json), "/dev/fd/%d", MATRIX_JSON_FD);
	a.json = json;
	a.out = NULL;
	a.dry_run = false;
	if (out->dir[0]) {
		ret = outdir__path(out, c->dir, dir, sizeof(dir));
		a.out = dir;
	}
	if (!ret)
		ret = strv__add(&c->words, self);
	if (!ret)
		ret = strv__add(&c->words, "run");
	return ret ? ret : args__to_argv(&a, c->test->name, false, &c->words);
}

/* What decides how long a cell takes: all but its seed, and where it runs. */
static int cell_key(const struct matrix *m, struct matrix_cell *c)
{
	struct strv words = { 0 };
	struct args a = c->args;
	int ret;

	a.seed = 0;
	ret = args__to_argv(&a, c->test->name, true, &words);
	if (!ret)
		ret = strv__add(&words, m->use_box ? "box" : "kvm");
	c->key = matrix_times__key(&words);
	strv__free(&words);
	return ret;
}

int matrix__words(struct matrix *m, const struct outdir *out, struct ktstr_error *e)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < m->nr; i++) {
		struct report_run run = { .plan.scenario = m->cells[i].test->name };

		ret = cell_words(&m->cells[i], out, "/proc/self/exe");
		if (!ret)
			ret = cell_key(m, &m->cells[i]);
		report__repeat(&run, &m->cells[i].args);
		memcpy(m->cells[i].repeat, run.repeat, sizeof(run.repeat));
	}
	return ret ? ktstr_error_set(e, ret, "cannot make the command of a cell: %s",
				     strerror(-ret)) : 0;
}

uint64_t matrix__limit_ms(const struct matrix *m, const struct matrix_cell *cell)
{
	const struct args *a = &cell->args;

	if (a->pin || a->cpus || a->perf)
		return 0;
	return cell->run_limit_ms + LIMIT_CELL_MS + (m->use_box ? LIMIT_BOX_MS : 0);
}

void matrix__free(struct matrix *m)
{
	for (size_t i = 0; i < m->nr; i++) {
		strv__free(&m->cells[i].words);
		json_decref(m->cells[i].result);
	}
	for (size_t i = 0; i < m->nr_topologies; i++)
		ktstr_topology__free(&m->topologies[i].topology);
	free(m->topologies);
	free(m->cells);
	free(m->loads);
}
