// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of scx_ktstr: their words, and the order of a write to its map. A wrong word is
 * one sentence that names it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/fault_words.h>

enum arg_kind {
	ARG_NONE,
	ARG_NUMBER,
	ARG_NAME,	/* a number, or a name that is no number */
	ARG_TEXT,
	ARG_WEIGHT,
};

/**
 * struct fault_kind - how a fault is written and what it does
 * @name: of the fault
 * @arg: what comes behind "="
 * @arg_name: of it in the help, in brackets if it may be left out
 * @min: smallest number
 * @max: greatest number
 * @dfl: number that is meant when there is none; @needed otherwise
 * @needed: there is no default
 * @help: what it does
 * @symptom: what is seen of it
 */
struct fault_kind {
	const char *name;
	enum arg_kind arg;
	const char *arg_name;
	uint64_t min, max, dfl;
	bool needed;
	const char *help;
	const char *symptom;
};

static const struct fault_kind kinds[FAULT_WORDS_NR] = {
	[KTSTR_FAULT_STALL_TASK] = {
		.name = "stall-task", .arg = ARG_NAME, .arg_name = "=PID|COMM", .needed = true,
		.min = 1, .max = INT32_MAX,
		.help = "never dispatch this task; COMM is how its name begins",
		.symptom = "it is off the CPU for ever; \"runnable task stall\" by the watchdog",
	},
	[KTSTR_FAULT_IGNORE_CPU] = {
		.name = "ignore-cpu", .arg = ARG_NUMBER, .arg_name = "=N", .needed = true,
		.max = KTSTR_SCX_CPUS_MAX - 1,
		.help = "run nothing on CPU N but what wakes up as its own kernel threads",
		.symptom = "it is idle beside waiting tasks; tasks bound to it stall",
	},
	[KTSTR_FAULT_STALL] = {
		.name = "stall", .arg = ARG_NONE,
		.help = "dispatch nothing at all",
		.symptom = "everything stands still; the watchdog ends the scheduler",
	},
	[KTSTR_FAULT_ERROR] = {
		.name = "error", .arg = ARG_TEXT, .arg_name = "[=MESSAGE]",
		.help = "call scx_bpf_error(MESSAGE)",
		.symptom = "the scheduler dies: \"scx_bpf_error (MESSAGE)\"",
	},
	[KTSTR_FAULT_LOSE_WAKEUPS] = {
		.name = "lose-wakeups", .arg = ARG_NUMBER, .arg_name = "[=N]",
		.min = 1, .max = UINT32_MAX, .dfl = 100,
		.help = "forget every Nth woken task that is no kernel thread (100)",
		.symptom = "single tasks hang; \"runnable task stall\" by the watchdog",
	},
	[KTSTR_FAULT_STARVE_CGROUP] = {
		.name = "starve-cgroup", .arg = ARG_NAME, .arg_name = "=ID|NAME", .needed = true,
		.min = 1, .max = UINT64_MAX,
		.help = "never dispatch tasks of this cgroup or below; NAME is its last part",
		.symptom = "the group gets no CPU time; \"runnable task stall\" by the watchdog",
	},
	[KTSTR_FAULT_BREAK_WEIGHT] = {
		.name = "break-weight", .arg = ARG_WEIGHT, .arg_name = "[=ignore|invert]",
		.help = "take no notice of weights, or give more to those who weigh less",
		.symptom = "shares do not follow nice values and cpu.weight",
	},
	[KTSTR_FAULT_BOUNCE] = {
		.name = "bounce", .arg = ARG_NONE,
		.help = "to another LLC at every dispatch; to another CPU if there is one LLC",
		.symptom = "as many migrations as slices, across LLCs",
	},
	[KTSTR_FAULT_BOGUS_DSQ] = {
		.name = "bogus-dsq", .arg = ARG_NONE,
		.help = "dispatch a task to a queue that does not exist",
		.symptom = "the scheduler dies: \"non-existent DSQ\"",
	},
	[KTSTR_FAULT_LOOP] = {
		.name = "loop", .arg = ARG_NUMBER, .arg_name = "[=MS]",
		.min = 1, .max = 60000, .dfl = 100,
		.help = "turn in circles for MS in each dispatch, or 8388608 rounds (100)",
		.symptom = "all latencies grow by it; by some 10 ms little gets done",
	},
	[KTSTR_FAULT_SLOW] = {
		.name = "slow", .arg = ARG_NUMBER, .arg_name = "[=MS]",
		.min = 1, .max = 60000, .dfl = 50,
		.help = "hold each woken task for MS before it may run (50)",
		.symptom = "wake-up latency of MS and more",
	},
	[FAULT_WORDS_DIE_AT_START] = {
		.name = "die-at-start", .arg = ARG_NUMBER, .arg_name = "[=STATUS]",
		.max = 255, .dfl = 1,
		.help = "exit with STATUS before the scheduler is attached (1)",
		.symptom = "it \"exited with status STATUS at start, before it attached\"",
	},
	[FAULT_WORDS_EXIT_AFTER] = {
		.name = "exit-after", .arg = ARG_NUMBER, .arg_name = "[=MS]", .max = FAULT_WORDS_MS_MAX,
		.help = "end in good order MS after it was attached (0)",
		.symptom = "the scheduler is gone in mid-run",
	},
};

const char *fault_words__name(unsigned int id)
{
	return id < KTSTR_FAULT_NR ? kinds[id].name : NULL;
}

/* Digits only: strtoull() takes blanks and signs. */
static bool is_number(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == '\0';
}

int fault_words__number(const char *what, const char *s, uint64_t min, uint64_t max, __u64 *out,
			struct ktstr_error *e)
{
	errno = 0;
	if (!is_number(s))
		return ktstr_error_set(e, -EINVAL,
				       "%s \"%.100s\" is not a number; give a decimal number",
				       what, s);
	*out = strtoull(s, NULL, 10);
	if (errno || *out < min || *out > max)
		return ktstr_error_set(e, -EINVAL,
				       "%s %.100s is out of range; give %" PRIu64 " to %" PRIu64,
				       what, s, min, max);
	return 0;
}

static int take_name(struct ktstr_fault *f, const char *what, const char *arg,
		     struct ktstr_error *e)
{
	if (!*arg || strlen(arg) >= sizeof(f->name))
		return ktstr_error_set(e, -EINVAL,
				       "%s wants 1 to %zu characters behind \"=\", not \"%.100s\"",
				       what, sizeof(f->name) - 1, arg);
	strcpy(f->name, arg);
	return 0;
}

static int take_weight(struct ktstr_fault *f, const char *what, const char *arg,
		       struct ktstr_error *e)
{
	if (strcmp(arg, "ignore") && strcmp(arg, "invert"))
		return ktstr_error_set(e, -EINVAL, "%s wants ignore or invert, not \"%.100s\"",
				       what, arg);
	f->arg = strcmp(arg, "ignore") ? KTSTR_WEIGHT_INVERT : KTSTR_WEIGHT_IGNORE;
	return 0;
}

static int take_default(const struct fault_kind *k, struct ktstr_fault *f, const char *what,
			struct ktstr_error *e)
{
	if (k->needed)
		return ktstr_error_set(e, -EINVAL, "%s needs an argument: %s%s", what, k->name,
				       k->arg_name);
	f->arg = k->dfl;
	if (k->arg == ARG_TEXT)
		strcpy(f->name, "injected fault");
	return 0;
}

static int take_arg(const char *opt, const struct fault_kind *k, struct ktstr_fault *f,
		    const char *arg, struct ktstr_error *e)
{
	char what[48];

	snprintf(what, sizeof(what), "%s %s", opt, k->name);
	if (!arg)
		return take_default(k, f, what, e);
	switch (k->arg) {
	case ARG_NUMBER:
		return fault_words__number(what, arg, k->min, k->max, &f->arg, e);
	case ARG_NAME:
		if (is_number(arg))
			return fault_words__number(what, arg, k->min, k->max, &f->arg, e);
		return take_name(f, what, arg, e);
	case ARG_TEXT:
		return take_name(f, what, arg, e);
	case ARG_WEIGHT:
		return take_weight(f, what, arg, e);
	case ARG_NONE:
		break;
	}
	return ktstr_error_set(e, -EINVAL, "%s takes no argument, but was given \"%.100s\"",
			       what, arg);
}

int fault_words__find(const char *opt, const char *name, unsigned int *id,
		      struct ktstr_error *e)
{
	for (*id = 0; *id < FAULT_WORDS_NR; (*id)++)
		if (!strcmp(kinds[*id].name, name))
			return 0;
	if (!strcmp(name, "escape"))
		return ktstr_error_set(e, -EINVAL,
				       "%s escape cannot be: the kernel lets no scheduler run a task outside of its affinity",
				       opt);
	return ktstr_error_set(e, -EINVAL,
			       "%s \"%.100s\" is unknown; see scx_ktstr --help", opt, name);
}

int fault_words__parse(const char *opt, const char *text, unsigned int *id,
		       struct ktstr_fault *f, struct ktstr_error *e)
{
	char copy[256], *after, *arg;
	__u64 ms;
	int ret;

	memset(f, 0, sizeof(*f));
	if (strlen(text) >= sizeof(copy))
		return ktstr_error_set(e, -EINVAL,
				       "%s \"%.40s...\" is longer than %zu characters",
				       opt, text, sizeof(copy) - 1);
	strcpy(copy, text);
	after = strstr(copy, ",after=");
	if (after) {
		*after = '\0';
		ret = fault_words__number("after=", after + strlen(",after="), 0,
					  FAULT_WORDS_MS_MAX, &ms, e);
		if (ret)
			return ret;
		f->after_ns = ms * 1000000;
	}
	arg = strchr(copy, '=');
	if (arg)
		*arg++ = '\0';
	ret = fault_words__find(opt, copy, id, e);
	return ret ? ret : take_arg(opt, &kinds[*id], f, arg, e);
}

void fault_words__help(FILE *out)
{
	for (unsigned int i = 0; i < FAULT_WORDS_NR; i++)
		fprintf(out, "  %s%s\n\t%s:\n\t%s\n", kinds[i].name, kinds[i].arg_name ?: "",
			kinds[i].help, kinds[i].symptom);
}

static __u64 count_seq(struct ktstr_faults *f)
{
	return __atomic_add_fetch(&f->seq, 1, __ATOMIC_RELEASE);
}

__u64 fault_words__arm(struct ktstr_faults *f, unsigned int id, const struct ktstr_fault *fault)
{
	struct ktstr_fault *to = &f->faults[id];

	/* @since_ns and @hits are the scheduler's. */
	to->after_ns = fault->after_ns;
	to->arg = fault->arg;
	memcpy(to->name, fault->name, sizeof(to->name));
	__atomic_fetch_or(&f->armed, 1ull << id, __ATOMIC_RELEASE);
	return count_seq(f);
}

__u64 fault_words__disarm(struct ktstr_faults *f, unsigned int id)
{
	__atomic_fetch_and(&f->armed, ~(1ull << id), __ATOMIC_RELEASE);
	return count_seq(f);
}
