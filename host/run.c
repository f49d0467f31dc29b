// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scenarios one after the other, a machine for each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "capture.h"
#include "clock.h"
#include "command.h"
#include "commands.h"
#include "interrupt.h"
#include "json_out.h"
#include "pack_command.h"
#include "pack_module.h"
#include "result.h"
#include "run.h"
#include "scenario.h"
#include "session.h"
#include "topo_out.h"

#define SCHED_TIMEOUT_MS	20000	/* emulated, the verifier alone takes seconds */
#define ACK_TIMEOUT_MS		5000
#define LIMIT_EXTRA_MS		60000	/* what a run may take beyond its parts: boot, packing up */

/* One run while it goes on. */
struct live {
	struct report *r;
	const struct setup *s;
	struct outdir *out;
	struct ktap ktap;
	struct capture *capture;	/* of the run that goes on, NULL: no events wanted */
	int interrupt_fd;
	uint64_t began_ns;
};

/* The cgroups are the scenario's. */
static int check_cgroup(const struct plan *plan, struct ktstr_error *e)
{
	if (!plan->events_cgroup)
		return 0;
	for (uint32_t i = 0; i < plan->nr_cgroups; i++)
		if (!strcmp(plan->cgroups[i].name, plan->events_cgroup))
			return 0;
	return ktstr_error_set(e, -EINVAL,
			       "--events-cgroup %.100s: scenario %s has no such cgroup; see ktstr run --dry-run",
			       plan->events_cgroup, plan->scenario);
}

static int plan_init(struct plan *plan, const struct args *a, const char *name,
		     const struct strv *sched, struct ktstr_error *e)
{
	const struct scenario *sc = scenario__find(name);
	int ret;

	plan->scenario = sc->name;
	plan->seed = a->seed;
	plan->duration_ms = a->duration_s * 1000;
	plan->sched_timeout_ms = SCHED_TIMEOUT_MS;
	plan->events = a->events;
	plan->events_only = a->events_only;
	plan->events_cpus = a->events_cpus;
	plan->events_cgroup = a->events_cgroup;
	plan->ack_timeout_ms = ACK_TIMEOUT_MS;
	for (size_t i = 0; i < sched->n; i++)
		if (strv__add(&plan->sched, sched->v[i]))
			return ktstr_error_set(e, -ENOMEM, "out of memory");
	ret = sc->build(&a->topology, plan, e);
	return ret ? ret : check_cgroup(plan, e);
}

int run__plans(struct report *r, struct setup *s, struct ktstr_error *e)
{
	const struct args *a = r->args;
	struct strv sched = { 0 };
	int ret = 0;

	r->runs = calloc(a->scenarios.n, sizeof(*r->runs));
	if (!r->runs)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	r->nr = a->scenarios.n;
	if (a->sched) {
		struct ktstr_error why;

		ret = command__split(a->sched, &sched, &why);
		if (ret)
			ktstr_error_set(e, ret, "--sched: %.480s", why.msg);
		else
			ret = pack_command(&s->pack, &s->finder, &sched, "--sched", e);
	}
	if (!ret)
		ret = pack_module(&s->pack, a->events, s->about.release, e);
	for (size_t i = 0; !ret && i < r->nr; i++) {
		ret = plan_init(&r->runs[i].plan, a, a->scenarios.v[i], &sched, e);
		report__repeat(&r->runs[i], a);
	}
	strv__free(&sched);
	if (!ret)
		report__names(r);
	return ret;
}

void run__free(struct report *r)
{
	for (size_t i = 0; i < r->nr; i++) {
		plan__free(&r->runs[i].plan);
		free(r->runs[i].ev);
		free(r->runs[i].events_brief);
		json_decref(r->runs[i].events);
	}
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
	const struct args *a = l->r->args;
	struct image img;
	struct vmm_opts machine;
	struct session_opts so = {
		.machine	= &machine,
		.interrupt_fd	= l->interrupt_fd,
		.created	= drop_image,
		.created_arg	= &img,
		.silence_ms	= a->timeout_s * 1000,
		.limit_ms	= run->plan.duration_ms + SCHED_TIMEOUT_MS +
				  2000ull * a->timeout_s + LIMIT_EXTRA_MS,
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
}

/* Run and judge one scenario; an error is of the environment. */
static int run_one(struct live *l, struct report_run *run, struct ktstr_error *e)
{
	const struct evidence_sink sink = {
		.bytes = on_bytes, .life = on_life, .frame = on_frame, .arg = l,
	};
	int ret;

	outdir__logs(l->out, l->r->nr > 1 ? run->name : NULL);
	run->ev = evidence__new(&sink);
	if (!run->ev)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	l->began_ns = clock__now_ns();
	run->start_ns = run == l->r->runs ? l->r->exec_ns : l->began_ns;
	ret = run_captured(l, run, e);
	if (ret) {
		end_capture(l);
		free(run->ev);
		run->ev = NULL;
		return ret;
	}
	verdict__judge(&run->verdict, &run->plan, run->ev, &verdict_default_limits);
	run->verdict_ns = clock__now_ns();
	if (l->capture)
		capture__report(l->capture, run);
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
	char path[PATH_MAX];
	size_t len = 0;
	char *json = json_out__dump(l->r, status, &len);
	int ret = 0;

	if (!json)
		return ktstr_error_set(e, -ENOMEM, "out of memory for the JSON report");
	if (l->r->args->json)
		ret = outfile__write(l->r->args->json, json, len, e);
	if (!ret && l->out->dir[0]) {
		ret = outdir__path(l->out, "result.json", path, sizeof(path));
		ret = ret ? ktstr_error_set(e, ret, "--out: the path is too long") :
			    outfile__write(path, json, len, e);
	}
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
	const struct args *a = l->r->args;
	unsigned int points = 0;
	char line[512];
	char topology[160];

	for (size_t i = 0; i < l->r->nr; i++)
		points += result__points(&l->r->runs[i].plan);
	ktap__begin(&l->ktap, points);
	ktap__diag(&l->ktap, "kernel %s", l->s->kernel);
	ktap__diag(&l->ktap, "scheduler: %s", a->sched ? a->sched : "the kernel's own");
	topo_out__label(topology, sizeof(topology), &a->topology, args__topology_from(a));
	ktap__diag(&l->ktap, "topology %s memory %u MiB seed %llu", topology, a->memory_mib,
		   (unsigned long long)a->seed);
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
