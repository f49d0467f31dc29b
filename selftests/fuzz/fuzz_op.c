// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the lines of operations, which a hostile guest sends: a line is refused with a
 * sentence, or it is written in the same bytes again and read as the same operation, with
 * names that are safe as paths and on a terminal. The same bytes as an operation in
 * memory are refused by the writer, or what it writes can be read.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <ktstr/op.h>
#include <ktstr/plan.h>

#include "fuzz.h"
#include "oracle.h"

#define SIZE_MAX_IN	(KTSTR_OP_LINE_MAX + 16)

static void check_name(const char *what, const char *s, size_t room, const char *more)
{
	CHECK(memchr(s, '\0', room), "%s has no end", what);
	for (; *s; s++)
		CHECK((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		      (*s >= '0' && *s <= '9') || strchr(more, *s), "%s has a 0x%02x", what,
		      (unsigned char)*s);
}

static void check_path(const char *what, const char *path)
{
	check_name(what, path, KTSTR_OP_CGROUP_MAX, "_-/");
	CHECK(*path != '/' && !strstr(path, "//") && (!*path || path[strlen(path) - 1] != '/'),
	      "%s is \"%s\"", what, path);
}

static void check_text(const char *what, const char *s, size_t room)
{
	CHECK(memchr(s, '\0', room), "%s has no end", what);
	for (; *s; s++)
		CHECK((unsigned char)*s >= 0x20 && *s != 0x7f, "%s has a 0x%02x", what,
		      (unsigned char)*s);
}

/* What whoever takes it may rely on. */
static void check_op(const struct ktstr_op *op)
{
	const struct ktstr_op_work *w = &op->work;

	CHECK(ktstr_verb__name(op->verb), "verb %d", (int)op->verb);
	CHECK(op->verb != KTSTR_V_LOOP && op->verb != KTSTR_V_END, "a loop");
	check_path("cg", op->cgroup);
	check_path("other", op->other);
	check_name("name", op->name, sizeof(op->name), "_-");
	check_name("kind", w->kind, sizeof(w->kind), "_-");
	check_text("at", op->at, sizeof(op->at));
	check_text("metric", op->expect.metric, sizeof(op->expect.metric));
	CHECK(memchr(op->cmd, '\0', sizeof(op->cmd)), "cmd has no end");
	CHECK(!op->has_cpus || cpu_mask__count(&op->cpus), "no CPUs");
	CHECK(w->policy < KTSTR_POLICY_NR && w->prio <= 99 && w->nice >= -20 && w->nice <= 19,
	      "policy %d, priority %u, nice %d", (int)w->policy, w->prio, w->nice);
	CHECK(op->verb != KTSTR_V_SPAWN || (w->nr && w->nr <= KTSTR_WORKERS_MAX && w->group &&
					    !(w->nr % w->group)), "%u workers in groups of %u", w->nr,
	      w->group);
	CHECK(ktstr_expect__name(op->expect.kind), "expectation %d", (int)op->expect.kind);
	CHECK(isfinite(op->expect.bound) && isfinite(op->expect.min) &&
	      isfinite(op->expect.max) && isfinite(op->expect.pct), "a limit that is no number");
}

static void check_written(const char *line, int len)
{
	struct ktstr_op op, again;
	char second[KTSTR_OP_LINE_MAX];
	struct ktstr_error e;

	CHECK(!ktstr_op__read(line, (size_t)len, &op, &e), "\"%s\" is refused: %s", line, e.msg);
	check_op(&op);
	CHECK(ktstr_op__write(&op, second, sizeof(second)) == len && !memcmp(line, second, (size_t)len),
	      "\"%s\" became \"%s\"", line, second);
	CHECK(!ktstr_op__read(second, (size_t)len, &again, &e) && !memcmp(&op, &again, sizeof(op)),
	      "\"%s\" is not the same twice", line);
}

static void fuzz_line(const uint8_t *data, size_t size)
{
	const char *line = (const char *)oracle__guarded(data, size);
	struct ktstr_error e = { "" };
	char out[KTSTR_OP_LINE_MAX];
	struct ktstr_op op;
	int err = ktstr_op__read(line, size, &op, &e), len;

	if (err) {
		oracle__refused("the line", err, -EINVAL, -EINVAL, &e);
		return;
	}
	len = ktstr_op__write(&op, out, sizeof(out));
	CHECK(len == (int)size && !memcmp(line, out, size), "%d bytes \"%s\" from %zu", len, out, size);
	check_written(out, len);
}

static void fuzz_memory(const uint8_t *data, size_t size)
{
	char line[KTSTR_OP_LINE_MAX];
	struct ktstr_op op;
	int len;

	memset(&op, 0, sizeof(op));
	memcpy(&op, data, size < sizeof(op) ? size : sizeof(op));
	/* Other values of a bool are no values. */
	*(uint8_t *)&op.has_cpus &= 1;
	*(uint8_t *)&op.work.threads &= 1;
	len = ktstr_op__write(&op, line, sizeof(line));
	CHECK(len != -E2BIG, "an operation that does not fit its line");
	if (len >= 0)
		check_written(line, len);
	else
		CHECK(len == -EINVAL && !*line, "%d and \"%s\"", len, line);
}

void fuzz__init(void)
{
	oracle__init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > SIZE_MAX_IN)
		return -1;
	fuzz_line(data, size);
	fuzz_memory(data, size);
	return 0;
}
