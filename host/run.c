// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scenarios one after the other, a machine for each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "accel.h"
#include "capture.h"
#include "clock.h"
#include "command.h"
#include "commands.h"
#include "interrupt.h"
#include "json_out.h"
#include "pack_command.h"
#include "pack_module.h"
#include "result.h"
#include "result_files.h"
#include "run.h"
#include "scenario.h"
#include "sched_exit_out.h"
#include "session.h"
#include "topo_out.h"

#define SCHED_TIMEOUT_MS	20000	/* emulated, the verifier alone takes seconds */
#define ACK_TIMEOUT_MS		5000
#define STATS_BRIEF_MAX		4096

/* One run while it goes on. */
struct live {
	struct report *r;
	const struct setup *s;
	struct outdir *out;
	struct ktap ktap;
	struct capture *capture;	/* of the run that goes on, NULL: no events wanted */
	struct stats_sampler *stats;	/* likewise, NULL: no statistics wanted */
	int interrupt_fd;
	uint64_t began_ns;
};

/* The cgroups are the scenario's. */
static int check_cgroup(const struct plan *plan, struct ktstr_error *e)
{
	if (!plan->events_cgroup)
		return 0;
	for (uint32_t i = 0; i < plan->nr_ops; i++)
		if (plan->ops[i].verb == KTSTR_V_CGROUP &&
		    !strcmp(plan->ops[i].cgroup, plan->events_cgroup))
			return 0;
	/* Which ones a body makes is known only when it has. */
	if (plan->test->body)
		return 0;
	return ktstr_error_set(e, -EINVAL,
			       "--events-cgroup %.100s: scenario %s has no such cgroup; see ktstr run --dry-run",
			       plan->events_cgroup, plan->scenario);
}

/* A command for the guest in shell quoting, as the guest takes it apart again. */
static int join(const struct strv *argv, char *cmd, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < argv->n; i++) {
		if (i && len + 1 < size)
			cmd[len++] = ' ';
		if (command__quote(cmd + len, size - len, argv->v[i]))
			return -ENOBUFS;
		len += strlen(cmd + len);
	}
	return 0;
}

/* Programs that operations start have to be in the image, by the paths that they have there. */
static int pack_op(struct setup *s, struct ktstr_op *op, struct ktstr_error *e)
{
	struct strv argv = { 0 };
	struct ktstr_error why;
	int ret = command__split(op->cmd, &argv, &why);

	if (ret)
		ktstr_error_set(e, ret, "%s: %.300s", op->at, why.msg);
	else
		ret = pack_command(&s->pack, &s->finder, &argv, op->at, e);
	if (!ret && join(&argv, op->cmd, sizeof(op->cmd)))
		ret = ktstr_error_set(e, -E2BIG, "%s: the command is too long; put it into a script",
				      op->at);
	strv__free(&argv);
	return ret;
}

static int pack_ops(struct setup *s, struct plan *plan, struct ktstr_error *e)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i < plan->nr_ops; i++)
		if (*plan->ops[i].cmd)
			ret = pack_op(s, &plan->ops[i], e);
	return ret;
}

/* A command with all that it mentions; its words as the guest shall have them. */
static int pack_words(struct setup *s, const char *opt, const char *text, struct strv *words,
		      struct ktstr_error *e)
{
	struct ktstr_error why;
	int ret = text ? command__split(text, words, &why) : 0;

	if (ret)
		return ktstr_error_set(e, ret, "%s: %.480s", opt, why.msg);
	return text ? pack_command(&s->pack, &s->finder, words, opt, e) : 0;
}

/* Commands that have to do with the scheduler. */
static int plan_scheds(struct setup *s, const struct args *a, struct plan *plan,
		       struct ktstr_error *e)
{
	int ret = pack_words(s, "--sched", a->sched, &plan->sched, e);

	if (!ret)
		ret = pack_words(s, "--sched-enable", a->sched_enable, &plan->sched_enable, e);
	return ret ? ret : pack_words(s, "--sched-disable", a->sched_disable,
				      &plan->sched_disable, e);
}

/* What a glob or a tag found and the topology cannot carry is skipped. */
static int plan_skip(struct report_run *run, const struct args *call, int err,
		     const struct ktstr_error *e)
{
	if (err != -ENOTSUP || args__is_named(call, run->plan.scenario))
		return err;
	snprintf(run->skip, sizeof(run->skip), "%.255s", e->msg);
	run->verdict.status = VERDICT_SKIP;
	run->verdict.kind = KIND_NOT_REACHED;
	run->verdict.reason = run->skip;
	return 0;
}

static int plan_init(struct plan *plan, const struct args *a, const char *name,
		     struct ktstr_error *e)
{
	int ret;

	plan->seed = a->seed;
	plan->emulated = accel__in_box();
	plan->duration_ms = a->duration_ms;
	plan->sched_timeout_ms = SCHED_TIMEOUT_MS;
	plan->events = a->events;
	plan->events_only = a->events_only;
	plan->events_cpus = a->events_cpus;
	plan->events_cgroup = a->events_cgroup;
	plan->faults = &a->faults;
	plan->ack_timeout_ms = ACK_TIMEOUT_MS;
	ret = scenario__plan(ktstr_test__find(name), &a->topology, plan, e);
	return ret ? ret : check_cgroup(plan, e);
}

static int run_plan(struct report *r, struct setup *s, struct report_run *run, const char *name,
		    struct ktstr_error *e)
{
	int ret;

	run->args = malloc(sizeof(*run->args));
	if (!run->args)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	*run->args = args__of_test(r->args, ktstr_test__find(name));
	ret = plan_scheds(s, run->args, &run->plan, e);
	if (!ret)
		ret = plan_init(&run->plan, run->args, name, e);
	if (!ret)
		ret = pack_ops(s, &run->plan, e);
	report__repeat(run, run->args);
	return ret ? plan_skip(run, r->args, ret, e) : 0;
}

static int load_splat_rules(struct report *r, struct ktstr_error *e)
{
	const struct args *a = r->args;
	uint32_t today = splat_rules__today();
	int ret = 0;

	for (size_t i = 0; !ret && i < a->splat_allow.n; i++)
		ret = splat_rules__load(&r->splat_rules, a->splat_allow.v[i], false, today, e);
	for (size_t i = 0; !ret && i < a->splat_deny.n; i++)
		ret = splat_rules__load(&r->splat_rules, a->splat_deny.v[i], true, today, e);
	return ret;
}

int run__plans(struct report *r, struct setup *s, struct ktstr_error *e)
{
	const struct args *a = r->args;
	int ret = load_splat_rules(r, e);

	if (ret)
		return ret;
	r->runs = calloc(a->scenarios.n, sizeof(*r->runs));
	if (!r->runs)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	r->nr = a->scenarios.n;
	ret = pack_module(&s->pack, a->events, s->about.release, e);
	for (size_t i = 0; !ret && i < r->nr; i++)
		ret = run_plan(r, s, &r->runs[i], a->scenarios.v[i], e);
	if (!ret)
		report__names(r);
	return ret;
}

void run__free(struct report *r)
{
	for (size_t i = 0; i < r->nr; i++) {
		plan__free(&r->runs[i].plan);
		free(r->runs[i].args);
		free(r->runs[i].ev);
		free(r->runs[i].events_brief);
		json_decref(r->runs[i].events);
		free(r->runs[i].stats_brief);
		json_decref(r->runs[i].stats);
	}
	splat_rules__free(&r->splat_rules);
	free(r->runs);
	r->runs = NULL;
	r->nr = 0;
}

static void on_bytes(void *arg, enum evidence_stream stream, const void *data, size_t len)
{
	struct live *l = arg;

	outdir__bytes(l->out, stream, data, len);
}

static void on_life(void *arg, uint32_t phase, const char *reason)
{
	struct live *l = arg;

	if (l->r->args->verbose)
		ktap__diag(&l->ktap, "%8.3f s %s%s%s", (clock__now_ns() - l->began_ns) / 1e9,
			   evidence__phase_name(phase), *reason ? ": " : "", reason);
}

static void on_frame(void *arg, const struct assembler_frame *frame)
{
	struct live *l = arg;

	if (l->capture)
		capture__frame(l->capture, frame);
}

/* The guest has a copy. */
static void drop_image(void *img)
{
	image__free(img);
}

static int run_session(struct live *l, struct report_run *run, struct ktstr_error *e)
{
	const struct args *a = report__args(l->r, run);
	struct image img;
	struct vmm_opts machine;
	struct session_opts so = {
		.machine	= &machine,
		.interrupt_fd	= l->interrupt_fd,
		.stats		= l->stats,
		.faults		= run->plan.faults,
		.created	= drop_image,
		.created_arg	= &img,
		.silence_ms	= a->timeout_s * 1000,
		.limit_ms	= run__limit_ms(&run->plan, a->timeout_s),
	};
	int ret = image__build(&img, &run->plan, &l->s->pack, e);

	if (!ret) {
		machine = setup__machine(l->s, a, &img);
		ret = session__run(&so, run->ev, e);
	}
	image__free(&img);
	return ret;
}

/* The machine runs, and its events are followed if there shall be any. */
static int run_captured(struct live *l, struct report_run *run, struct ktstr_error *e)
{
	int ret;

	capture__remove_old(l->out);
	sched_exit_out__remove_old(l->out);
	if (run->plan.events != KTSTR_WISH_OFF) {
		l->capture = capture__new(l->r, run, l->out);
		if (!l->capture)
			return ktstr_error_set(e, -ENOMEM, "out of memory");
	}
	ret = run_session(l, run, e);
	if (!ret && l->capture)
		capture__finish(l->capture, &run->ev->events);
	return ret;
}

static void end_capture(struct live *l)
{
	capture__free(l->capture);
	l->capture = NULL;
	stats_sampler__free(l->stats);
	l->stats = NULL;
}

static int begin_stats(struct live *l, const struct report_run *run, struct ktstr_error *e)
{
	const struct stats_sampler_opts so = {
		.interval_ms = run->args->stats_ms, .sched = plan__has_sched(&run->plan),
		.seldom = !run->args->stats_given, .out = l->out,
	};

	stats_sampler__remove_old(l->out);
	if (!so.interval_ms)
		return 0;
	l->stats = stats_sampler__new(&so);
	return l->stats ? 0 : ktstr_error_set(e, -ENOMEM, "out of memory");
}

static void report_stats(struct live *l, struct report_run *run)
{
	struct event_clock_result clock;
	struct buf b;

	event_clock__solve(&run->ev->clock, &clock);
	run->stats = stats_sampler__json(l->stats, &clock);
	buf__init(&b, STATS_BRIEF_MAX);
	stats_sampler__brief(l->stats, &b);
	run->stats_brief = b.data;
}

static void say_scheduler(struct live *l, const char *what, const struct args *a)
{
	ktap__diag(&l->ktap, "%s: %s", what, args__sched(a) ? args__sched(a) : "the kernel's own");
}

static void say_topology(struct live *l, const struct args *a)
{
	char topology[160];

	topo_out__label(topology, sizeof(topology), &a->topology, args__topology_from(a));
	ktap__diag(&l->ktap, "topology %s memory %u MiB seed %llu", topology, a->memory_mib,
		   (unsigned long long)a->seed);
}

/* What a test has of its own. */
static void say_own(struct live *l, const struct report_run *run)
{
	const struct args *own = report__args(l->r, run), *a = l->r->args;

	if (own->sched != a->sched)
		say_scheduler(l, run->name, own);
	if (!ktstr_topology__equal(&own->topology, &a->topology))
		say_topology(l, own);
}

/* Run and judge one scenario; an error is of the environment. */
static int run_one(struct live *l, struct report_run *run, struct ktstr_error *e)
{
	const struct evidence_sink sink = {
		.bytes = on_bytes, .life = on_life, .frame = on_frame, .arg = l,
	};
	int ret;

	if (run->skip[0])
		return 0;
	say_own(l, run);
	outdir__logs(l->out, l->r->nr > 1 ? run->name : NULL);
	run->ev = evidence__new(&sink);
	if (!run->ev)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	run->ev->splats.rules = &l->r->splat_rules;
	l->began_ns = clock__now_ns();
	run->start_ns = run == l->r->runs ? l->r->exec_ns : l->began_ns;
	ret = begin_stats(l, run, e);
	if (!ret)
		ret = run_captured(l, run, e);
	if (ret) {
		end_capture(l);
		free(run->ev);
		run->ev = NULL;
		return ret;
	}
	evidence__finish(run->ev);
	verdict__judge(&run->verdict, &run->plan, run->ev,
		       l->capture ? capture__events(l->capture) : NULL);
	run->verdict_ns = clock__now_ns();
	sched_exit_out__dump(l->out, run->ev);
	if (l->capture)
		capture__report(l->capture, run);
	if (l->stats)
		report_stats(l, run);
	end_capture(l);
	if (l->r->args->verbose && run->ev->cause_ns)
		ktap__diag(&l->ktap, "%8.3f s cause known, %.3f s later the verdict",
			   (run->ev->cause_ns - l->began_ns) / 1e9,
			   (run->verdict_ns - run->ev->cause_ns) / 1e9);
	if (run->verdict.status == VERDICT_ENV)
		return ktstr_error_set(e, -ENOTSUP,
				       "%s: %.400s", run->name, run->verdict.reason);
	return 0;
}

static int write_json(struct live *l, int status, struct ktstr_error *e)
{
	size_t len = 0;
	char *json = json_out__dump(l->r, status, &len);
	int ret = result_files__write(l->r->args, l->out, json, len, e);

	free(json);
	return ret;
}

/* The files come last, and their failure is an error whatever the verdict is. */
static int finish(struct live *l, int status)
{
	struct ktstr_error e;

	if (write_json(l, status, &e))
		status = command_fail(&e);
	if (outdir__close(l->out, &e))
		status = command_fail(&e);
	return status;
}

static void begin(struct live *l)
{
	unsigned int points = 0;
	char line[512];

	for (size_t i = 0; i < l->r->nr; i++)
		points += l->r->runs[i].skip[0] ? 1 : result__points(&l->r->runs[i].plan);
	ktap__begin(&l->ktap, points);
	ktap__diag(&l->ktap, "kernel %s", l->s->kernel);
	say_scheduler(l, "scheduler", l->r->args);
	say_topology(l, l->r->args);
	if (*hostcpus__text(&l->s->hostcpus, line, sizeof(line)))
		ktap__diag(&l->ktap, "host CPUs: %s", line);
}

int run__all(struct report *r, struct setup *s, struct outdir *out)
{
	struct live l = { .r = r, .s = s, .out = out };
	struct ktstr_error e;
	int ret, status;
	size_t done;

	l.ktap.out = stdout;
	l.ktap.copy = out->ktap;
	l.interrupt_fd = interrupt__open();
	/* An interrupted wait is no error: it leaves nothing run, as below. */
	ret = hostcpus__claim(&s->hostcpus, l.interrupt_fd, &e);
	if (ret == -EINTR)
		ret = 0;
	begin(&l);
	for (done = 0; !ret && !interrupt__signal() && done < r->nr; done++) {
		ret = run_one(&l, &r->runs[done], &e);
		if (!ret)
			result__print(&l.ktap, r, &r->runs[done]);
	}
	if (ret) {
		ktap__bail(&l.ktap, "%s", e.msg);
		status = finish(&l, command_fail(&e));
	} else if (interrupt__signal()) {
		ktap__bail(&l.ktap, "interrupted by %s", interrupt__name(interrupt__signal()));
		status = finish(&l, EXIT_SOME_FAILED);
	} else {
		ktap__end(&l.ktap);
		status = finish(&l, report__exit_status(r, done));
	}
	interrupt__reraise();
	return status;
}
