// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations, cgroups, workers and payloads as JSON. All strings are clean ASCII: they went
 * through evidence.
 */
#include <string.h>

#include "cgroup_sum.h"
#include "json_ops.h"
#include "payload_metrics.h"

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static json_t *text_or_null(const char *s)
{
	return s && *s ? json_string(s) : json_null();
}

static json_t *operation(const struct op_step *s)
{
	json_t *o = json_object();

	set(o, "verb", json_string(ktstr_verb__name(s->op.verb)));
	set(o, "cgroup", text_or_null(s->op.cgroup));
	set(o, "other", text_or_null(s->op.other));
	set(o, "name", text_or_null(s->op.name));
	set(o, "at", json_string(s->op.at));
	set(o, "begin_ns", number(s->begin_ns));
	set(o, "end_ns", s->done ? number(s->end_ns) : json_null());
	set(o, "error", s->done ? number(s->error) : json_null());
	set(o, "reason", text_or_null(s->reason));
	return o;
}

json_t *json_ops__operations(const struct evidence *ev)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < ev->trace.nr; i++)
		json_array_append_new(a, operation(&ev->trace.steps[i]));
	return a;
}

static json_t *cgroup(const struct evidence *ev, const char *path)
{
	json_t *o = json_object();
	struct cgroup_sum s;
	char list[4096];

	cgroup_sum__of(&s, ev, path);
	set(o, "name", json_string(path));
	set(o, "cpuset", json_string(cpu_mask__text(&s.cpus, list, sizeof(list))));
	set(o, "cpus", number(cpu_mask__count(&s.cpus)));
	set(o, "workers", number(s.workers));
	set(o, "kind", text_or_null(s.kind));
	set(o, "cpu_ns", number((uint64_t)s.cpu_ns));
	set(o, "cpu_share_pct", s.of_ns > 0 ? json_real(100 * s.cpu_ns / s.of_ns) : json_null());
	return o;
}

json_t *json_ops__cgroups(const struct evidence *ev)
{
	json_t *a = json_array();
	const char *path;
	uint32_t i = 0;

	while ((path = cgroup_sum__next(ev, &i)))
		json_array_append_new(a, cgroup(ev, path));
	return a;
}

static json_t *latency(const struct evidence_worker *w)
{
	static const char * const keys[] = { "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns" };
	json_t *o;

	if (!w->nr_latencies)
		return json_null();
	o = json_object();
	set(o, "count", number(w->nr_latencies));
	for (int i = 0; i < 5; i++)
		set(o, keys[i], number(w->latency_ns[i]));
	return o;
}

static json_t *worker(const struct evidence_worker *w)
{
	json_t *o = json_object();

	set(o, "cgroup", json_string(w->cgroup));
	set(o, "name", json_string(w->name));
	set(o, "worker", number(w->worker));
	set(o, "pid", number(w->pid));
	set(o, "cpu_ns", number(w->cpu_ns));
	set(o, "wait_ns", number(w->wait_ns));
	set(o, "wall_ns", number(w->end_ns > w->start_ns ? w->end_ns - w->start_ns : 0));
	set(o, "iterations", number(w->iterations));
	set(o, "max_off_cpu_ns", number(w->max_gap_ns));
	set(o, "max_off_cpu_at_ns", number(w->max_gap_at_ns));
	set(o, "migrations", number(w->migrations));
	set(o, "switches", number(w->switches));
	set(o, "off_cpuset_samples", number(w->off_cpuset));
	set(o, "pages", number(w->node_pages));
	set(o, "remote_pages", number(w->remote_pages));
	set(o, "latency", latency(w));
	set(o, "last_cpu", number(w->last_cpu));
	set(o, "policy", number(w->policy));
	set(o, "wait_status", number(w->exit_status));
	return o;
}

json_t *json_ops__workers(const struct evidence *ev)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < ev->nr_workers; i++)
		json_array_append_new(a, worker(&ev->workers[i]));
	return a;
}

static json_t *metrics(const struct payload_out *p, const char *cmd)
{
	json_t *o = json_object();
	struct payload_metrics m;
	char name[PAYLOAD_METRIC_NAME];

	payload_out__metrics(p, cmd, &m);
	for (unsigned int i = 0; i < m.nr; i++) {
		text__clean(name, sizeof(name), m.all[i].name, sizeof(m.all[i].name));
		set(o, name, json_real(m.all[i].value));
	}
	return o;
}

static json_t *payload(const struct evidence *ev, const struct payload_out *p)
{
	const struct op_step *run = op_trace__find_run(&ev->trace, p->index);
	json_t *o = json_object();

	set(o, "operation", number(p->index));
	set(o, "name", run ? json_string(run->op.name) : json_null());
	set(o, "command", run ? json_string(run->op.cmd) : json_null());
	set(o, "wait_status", p->ended ? number(p->wait_status) : json_null());
	set(o, "ended_by_test", p->ended ? json_boolean(p->expected) : json_null());
	set(o, "start_ns", p->ended ? number(p->start_ns) : json_null());
	set(o, "end_ns", p->ended ? number(p->end_ns) : json_null());
	set(o, "user_ns", p->ended ? number(p->user_ns) : json_null());
	set(o, "system_ns", p->ended ? number(p->system_ns) : json_null());
	set(o, "stdout_bytes", number(p->bytes[0]));
	set(o, "stderr_bytes", number(p->bytes[1]));
	set(o, "metrics", metrics(p, run ? run->op.cmd : ""));
	return o;
}

json_t *json_ops__payloads(const struct evidence *ev)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < ev->payloads.nr; i++)
		json_array_append_new(a, payload(ev, &ev->payloads.all[i]));
	return a;
}
