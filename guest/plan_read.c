// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of the plan (ktstr/plan.h). Everything in it is checked here once, so
 * that nobody behind has to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/event_set.h>

#include "op_name.h"
#include "plan_read.h"

/* One line while it is taken apart. */
struct line {
	struct guest_plan *plan;
	struct ktstr_error *e;
	unsigned int nr;	/* from 1 */
	char **words;
	unsigned int nr_words;
};

#define bad(l, fmt, ...) \
	ktstr_error_set((l)->e, -EINVAL, "plan line %u: " fmt, (l)->nr, ##__VA_ARGS__)

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Undo %XX in place: the result is never longer. */
static int decode_word(const struct line *l, char *word)
{
	char *out = word;
	int hi, lo;

	for (; *word; word++) {
		if ((unsigned char)*word < 0x21 || *word == 0x7f)
			return bad(l, "byte 0x%02x must be written %%%02X",
				   (unsigned char)*word, (unsigned char)*word);
		if (*word != '%') {
			*out++ = *word;
			continue;
		}
		hi = hex_digit(word[1]);
		lo = hi < 0 ? -1 : hex_digit(word[2]);
		if (lo < 0)
			return bad(l, "'%%' must be followed by two hexadecimal digits");
		if (!hi && !lo)
			return bad(l, "%%00 would cut its word short");
		*out++ = (char)(hi << 4 | lo);
		word += 2;
	}
	*out = '\0';
	return 0;
}

static unsigned int count_words(const char *s)
{
	unsigned int n = 1;

	for (; *s; s++)
		n += *s == ' ';
	return n;
}

/* Two blanks in a row hold an empty word: an argument may be empty. */
static int split(struct line *l, char *s)
{
	unsigned int n = count_words(s);
	int err;

	l->words = calloc(n + 1, sizeof(*l->words));
	if (!l->words)
		return ktstr_error_set(l->e, -ENOMEM, "plan line %u: out of memory", l->nr);
	for (l->nr_words = 0; l->nr_words < n; l->nr_words++) {
		char *next = strchrnul(s, ' ');
		bool last = !*next;

		*next = '\0';
		err = decode_word(l, s);
		if (err)
			return err;
		l->words[l->nr_words] = s;
		s = last ? next : next + 1;
	}
	return 0;
}

static int parse_number(const struct line *l, const char *s, uint64_t min, uint64_t max,
			uint64_t *out)
{
	uint64_t v;
	char *end;

	/* strtoull() would take blanks and signs. */
	if (*s < '0' || *s > '9')
		return bad(l, "'%.40s' is not a number", s);
	errno = 0;
	v = strtoull(s, &end, 10);
	if (*end)
		return bad(l, "'%.40s' is not a number", s);
	if (errno || v < min || v > max)
		return bad(l, "%.40s is out of range, allowed is %llu to %llu", s,
			   (unsigned long long)min, (unsigned long long)max);
	*out = v;
	return 0;
}

static int parse_ms(const struct line *l, uint64_t min, uint32_t *out)
{
	uint64_t v;
	int err = parse_number(l, l->words[1], min, PLAN_MS_MAX, &v);

	if (!err)
		*out = (uint32_t)v;
	return err;
}

static int take_argv(struct line *l, char ***out)
{
	if (!*l->words[1])
		return bad(l, "the command is empty");
	/* The vector begins behind the directive; keep the allocation's start in front. */
	*out = l->words + 1;
	l->words = NULL;
	return 0;
}

static int do_scenario(struct line *l)
{
	if (l->plan->exec)
		return bad(l, "a plan has either \"scenario\" or \"exec\", not both");
	if (!*l->words[1])
		return bad(l, "the scenario's name is empty");
	l->plan->scenario = l->words[1];
	return 0;
}

static int do_exec(struct line *l)
{
	if (l->plan->scenario)
		return bad(l, "a plan has either \"scenario\" or \"exec\", not both");
	return take_argv(l, &l->plan->exec);
}

static int do_sched(struct line *l)
{
	return take_argv(l, &l->plan->sched);
}

static int do_sched_enable(struct line *l)
{
	return take_argv(l, &l->plan->sched_enable);
}

static int do_sched_disable(struct line *l)
{
	return take_argv(l, &l->plan->sched_disable);
}

static int do_seed(struct line *l)
{
	return parse_number(l, l->words[1], 0, UINT64_MAX, &l->plan->seed);
}

static int do_duration(struct line *l)
{
	return parse_ms(l, 1, &l->plan->duration_ms);
}

static int do_sched_timeout(struct line *l)
{
	return parse_ms(l, 1, &l->plan->sched_timeout_ms);
}

static int do_ack_timeout(struct line *l)
{
	return parse_ms(l, 0, &l->plan->ack_timeout_ms);
}

static int do_events(struct line *l)
{
	static const char * const words[] = { KTSTR_EVENTS_WORDS };

	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(l->words[1], words[i])) {
			l->plan->events = (enum ktstr_events_wish)i;
			return 0;
		}
	return bad(l, "events are off, module, bpf or auto, not '%.40s'", l->words[1]);
}

static int do_events_only(struct line *l)
{
	const char *wrong;
	size_t len;

	if (event_set__parse(l->words[1], &l->plan->filter.types, &wrong)) {
		len = strcspn(wrong, ",");
		return bad(l, "'%.*s' is no scheduler event", len > 40 ? 40 : (int)len, wrong);
	}
	l->plan->filter.types_text = l->words[1];
	return 0;
}

static int do_events_cpus(struct line *l)
{
	if (cpulist__parse(l->words[1], &l->plan->filter.cpus))
		return bad(l, "'%.40s' is no CPU list such as 0-1,3", l->words[1]);
	l->plan->filter.cpus_text = l->words[1];
	return 0;
}

static int do_events_cgroup(struct line *l)
{
	if (!op_path__fits(l->words[1], KTSTR_CGROUP_PATH_MAX))
		return bad(l, "'%.40s' is no path of a cgroup such as ktstr/a", l->words[1]);
	l->plan->filter.cgroup = l->words[1];
	return 0;
}

static int do_body(struct line *l)
{
	l->plan->body = l->words[1];
	return 0;
}

static struct ktstr_shape *shape_of(struct line *l)
{
	if (!l->plan->shape)
		l->plan->shape = calloc(1, sizeof(*l->plan->shape));
	return l->plan->shape;
}

/* Gives every CPU of each list the list's number; a CPU is in one list at most. */
static int take_lists(struct line *l, uint16_t *number, struct cpu_mask *seen)
{
	struct cpu_mask m;

	for (unsigned int i = 1; i < l->nr_words; i++) {
		if (cpulist__parse(l->words[i], &m))
			return bad(l, "'%.40s' is no CPU list such as 0-1,3", l->words[i]);
		for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
			if (!cpu_mask__test(&m, cpu))
				continue;
			if (cpu_mask__test(seen, cpu))
				return bad(l, "CPU %u is in two lists", cpu);
			cpu_mask__set(seen, cpu);
			number[cpu] = (uint16_t)(i - 1);
		}
	}
	return 0;
}

static int do_shape(struct line *l, uint16_t *number)
{
	struct ktstr_shape *shape = l->plan->shape;
	struct cpu_mask seen = { 0 }, none = { 0 };
	int err = take_lists(l, number, &seen);

	if (err)
		return err;
	if (!cpu_mask__equal(&shape->online, &none) && !cpu_mask__equal(&shape->online, &seen))
		return bad(l, "llcs, nodes and cores have different CPUs");
	shape->online = seen;
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (cpu_mask__test(&seen, cpu))
			shape->nr_cpus = cpu + 1;
	return 0;
}

static int do_llcs(struct line *l)
{
	struct ktstr_shape *shape = shape_of(l);

	return shape ? do_shape(l, shape->llc) : bad(l, "out of memory");
}

static int do_nodes(struct line *l)
{
	struct ktstr_shape *shape = shape_of(l);

	return shape ? do_shape(l, shape->node) : bad(l, "out of memory");
}

static int do_cores(struct line *l)
{
	struct ktstr_shape *shape = shape_of(l);

	return shape ? do_shape(l, shape->core) : bad(l, "out of memory");
}

static const struct directive {
	const char *name;
	unsigned int min_words;	/* with the directive itself */
	unsigned int max_words;
	bool once;
	int (*handle)(struct line *l);
} directives[] = {
	{ "scenario",		2, 2, true,	do_scenario },
	{ "exec",		2, KTSTR_PLAN_MAX, true, do_exec },
	{ "seed",		2, 2, true,	do_seed },
	{ "duration-ms",	2, 2, true,	do_duration },
	{ "sched",		2, KTSTR_PLAN_MAX, true, do_sched },
	{ "sched-enable",	2, KTSTR_PLAN_MAX, true, do_sched_enable },
	{ "sched-disable",	2, KTSTR_PLAN_MAX, true, do_sched_disable },
	{ "sched-timeout-ms",	2, 2, true,	do_sched_timeout },
	{ "body",		2, 2, true,	do_body },
	{ "llcs",		2, CPU_MASK_BITS + 1, true, do_llcs },
	{ "nodes",		2, CPU_MASK_BITS + 1, true, do_nodes },
	{ "cores",		2, CPU_MASK_BITS + 1, true, do_cores },
	{ "events",		2, 2, true,	do_events },
	{ "events-only",	2, 2, true,	do_events_only },
	{ "events-cpus",	2, 2, true,	do_events_cpus },
	{ "events-cgroup",	2, 2, true,	do_events_cgroup },
	{ "ack-timeout-ms",	2, 2, true,	do_ack_timeout },
};

#define NR_DIRECTIVES	(sizeof(directives) / sizeof(directives[0]))

static int run_directive(struct line *l, unsigned int *seen)
{
	const struct directive *d;
	unsigned int i;

	for (i = 0; i < NR_DIRECTIVES; i++)
		if (!strcmp(l->words[0], directives[i].name))
			break;
	if (i == NR_DIRECTIVES)
		return bad(l, "unknown directive '%.40s'", l->words[0]);
	d = &directives[i];
	if (l->nr_words < d->min_words || l->nr_words > d->max_words)
		return bad(l, "\"%s\" has %u words, not %u", d->name, d->min_words, l->nr_words);
	if (d->once && *seen & 1u << i)
		return bad(l, "\"%s\" is given twice", d->name);
	*seen |= 1u << i;
	return d->handle(l);
}

/* An operation's line has an encoding of its own, so it is not taken apart here. */
static int parse_op(struct line *l, const char *s)
{
	struct guest_plan *plan = l->plan;
	struct ktstr_error why;
	int err;

	if (plan->nr_ops == KTSTR_OPS_MAX)
		return bad(l, "more than %u operations", KTSTR_OPS_MAX);
	if (!plan->ops)
		plan->ops = calloc(KTSTR_OPS_MAX, sizeof(*plan->ops));
	if (!plan->ops)
		return ktstr_error_set(l->e, -ENOMEM, "plan line %u: out of memory", l->nr);
	err = ktstr_op__read(s, strlen(s), &plan->ops[plan->nr_ops], &why);
	if (err)
		return bad(l, "%.400s", why.msg);
	plan->nr_ops++;
	return 0;
}

static int parse_line(struct line *l, char *s, unsigned int *seen)
{
	int err;

	if (!strncmp(s, "op ", 3))
		return parse_op(l, s + 3);
	err = split(l, s);
	if (!err)
		err = run_directive(l, seen);
	free(l->words);
	l->words = NULL;
	return err;
}

/* What only the whole plan can tell. */
static int check_whole(const struct line *l)
{
	const struct guest_plan *plan = l->plan;

	if (!plan->scenario && !plan->exec)
		return bad(l, "the plan ends without \"scenario\" or \"exec\"");
	if (plan->sched && plan->sched_enable)
		return bad(l, "a plan has either \"sched\" or \"sched-enable\", not both");
	if (plan->sched_disable && !plan->sched_enable)
		return bad(l, "\"sched-disable\" needs a \"sched-enable\"");
	if (plan->scenario && !plan->duration_ms)
		return bad(l, "the plan ends without \"duration-ms\"");
	if (plan->scenario && !plan->nr_ops && !plan->body)
		return bad(l, "the plan ends without \"op\" or \"body\"");
	if (plan->body && !plan->shape)
		return bad(l, "the plan has a \"body\" and no \"llcs\", \"nodes\" and \"cores\"");
	return 0;
}

/* Cuts the line at @s; returns the next one or NULL behind the last. */
static char *cut_line(char *s, char *end)
{
	char *nl = memchr(s, '\n', (size_t)(end - s));

	if (!nl)
		return NULL;
	*nl = '\0';
	return nl + 1 < end ? nl + 1 : NULL;
}

int guest_plan__parse(char *text, size_t len, struct guest_plan *plan, struct ktstr_error *e)
{
	struct line l = { .plan = plan, .e = e };
	unsigned int seen = 0;
	char *s = text, *next;
	int err;

	memset(plan, 0, sizeof(*plan));
	plan->sched_timeout_ms = PLAN_SCHED_TIMEOUT_MS;
	plan->ack_timeout_ms = PLAN_ACK_TIMEOUT_MS;
	text[len] = '\0';
	if (memchr(text, '\0', len))
		return ktstr_error_set(e, -EINVAL, "the plan holds a NUL byte");
	for (; s; s = next) {
		next = cut_line(s, text + len);
		l.nr++;
		if (l.nr == 1 && strcmp(s, KTSTR_PLAN_MAGIC))
			return bad(&l, "expected \"" KTSTR_PLAN_MAGIC "\", found '%.40s'", s);
		if (l.nr == 1)
			continue;
		if (!strcmp(s, "end"))
			return next ? bad(&l, "text after \"end\"") : check_whole(&l);
		err = parse_line(&l, s, &seen);
		if (err)
			return err;
	}
	return bad(&l, "the plan is cut short: no \"end\"");
}

static int read_text(int fd, char *text, size_t *len)
{
	ssize_t n;

	for (*len = 0; *len <= KTSTR_PLAN_MAX; *len += (size_t)n) {
		n = read(fd, text + *len, KTSTR_PLAN_MAX + 1 - *len);
		if (n < 0)
			return -errno;
		if (!n)
			return 0;
	}
	return -EFBIG;
}

int guest_plan__read(const char *path, struct guest_plan *plan, struct ktstr_error *e)
{
	static char text[KTSTR_PLAN_MAX + 2];
	size_t len;
	int err;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	memset(plan, 0, sizeof(*plan));
	plan->ack_timeout_ms = PLAN_ACK_TIMEOUT_MS;
	if (fd < 0)
		return ktstr_error_set(e, -errno, "cannot open the plan %s: %s", path,
				       strerror(errno));
	err = read_text(fd, text, &len);
	close(fd);
	if (err)
		return ktstr_error_set(e, err, "cannot read the plan %s: %s", path, strerror(-err));
	return guest_plan__parse(text, len, plan, e);
}

static void free_argv(char ***argv)
{
	if (*argv)
		free(*argv - 1);
	*argv = NULL;
}

void guest_plan__free(struct guest_plan *plan)
{
	free_argv(&plan->exec);
	free_argv(&plan->sched);
	free_argv(&plan->sched_enable);
	free_argv(&plan->sched_disable);
	free(plan->ops);
	free(plan->shape);
	plan->ops = NULL;
	plan->shape = NULL;
}
