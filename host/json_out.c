// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON by jansson. Strings from a guest are clean ASCII already; what a user
 * typed may be any bytes.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "boot_times.h"
#include "hostcpus.h"
#include "json_ops.h"
#include "json_out.h"
#include "sched_exit_out.h"
#include "topo_out.h"

/* Bytes of the user that are no UTF-8 become their escaped form. */
static json_t *text(const char *s)
{
	json_t *j = json_string(s ? s : "");
	char clean[1024];

	if (j || !s)
		return j;
	text__clean(clean, sizeof(clean), s, strlen(s));
	return json_string(clean);
}

static json_t *text_or_null(const char *s)
{
	return s ? text(s) : json_null();
}

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static void set(json_t *o, const char *key, json_t *value)
{
	/* A NULL value or object makes json_object_set_new() fail; the dump then lacks it. */
	json_object_set_new(o, key, value);
}

static json_t *sched_state(const struct evidence_window *w)
{
	json_t *o = json_object();

	if (!w->seen) {
		json_decref(o);
		return json_null();
	}
	set(o, "state", text(w->sched.state));
	set(o, "ops", text(w->sched.ops));
	set(o, "enable_seq", number(w->sched.enable_seq));
	set(o, "nr_rejected", number(w->sched.nr_rejected));
	set(o, "switch_all", number(w->sched.switch_all));
	set(o, "time_ns", number(w->time_ns));
	set(o, "steal_ns", number(w->steal_ns));
	set(o, "harness_ns", number(w->self_ns));
	set(o, "operations_ns", number(w->ops_ns));
	return o;
}

static json_t *checks(const struct verdict *v)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < v->nr; i++) {
		const struct verdict_check *c = &v->checks[i];
		json_t *o;

		if (!c->applies)
			continue;
		o = json_object();
		set(o, "name", text(c->name));
		set(o, "asked", json_boolean(c->asked));
		set(o, "status", text(verdict__status_name(c->status)));
		set(o, "kind", text(verdict__kind_name(c->kind)));
		set(o, "reason", text(c->reason));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *splats(const struct splat_log *log)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < log->nr && i < SPLATS_MAX; i++) {
		json_t *o = json_object();

		set(o, "kind", text(splat__name(log->splats[i].kind)));
		set(o, "text", text(log->splats[i].text));
		set(o, "rule", log->splats[i].rule ?
		    number(log->splats[i].rule - log->rules->rules) : json_null());
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *splat_rules(const struct splat_log *log)
{
	json_t *a = json_array();
	char day[11];

	for (uint32_t i = 0; log->rules && i < log->rules->nr; i++) {
		const struct splat_rule *rule = &log->rules->rules[i];
		json_t *o = json_object();

		set(o, "list", text(rule->deny ? "deny" : "allow"));
		set(o, "file", text(rule->file));
		set(o, "line", number(rule->line));
		set(o, "pattern", text(rule->pattern));
		set(o, "reason", text(rule->reason));
		set(o, "expires", text(splat_rules__date(rule->expires, day)));
		set(o, "expired", json_boolean(rule->expired));
		set(o, "used", number(log->used[i]));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *frames(const struct evidence *ev)
{
	json_t *o = json_object();

	set(o, "good", number(ev->frames.frames));
	set(o, "lost", number(ev->frames.lost));
	set(o, "corrupt", number(ev->frames.corrupt));
	set(o, "out_of_order", number(ev->frames.reordered));
	set(o, "unknown", number(ev->frames.unknown));
	set(o, "malformed", number(ev->malformed));
	set(o, "skipped_bytes", number(ev->frames.skipped));
	set(o, "partial_bytes", number(ev->residue));
	return o;
}

static json_t *guest(const struct evidence *ev)
{
	char build_id[2 * sizeof(ev->helo.build_id) + 1] = "";
	json_t *o;

	if (!ev->has_helo)
		return json_null();
	o = json_object();
	for (uint32_t i = 0; ev->helo.valid & KTSTR_HELO_BUILD_ID && i < ev->helo.build_id_len; i++)
		snprintf(build_id + 2 * i, 3, "%02x", ev->helo.build_id[i]);
	set(o, "release", text(ev->helo.release));
	set(o, "build_id", text(build_id));
	set(o, "cpus", number(ev->helo.nr_cpus));
	set(o, "clocksource", text(ev->helo.clocksource));
	set(o, "sched_ext", json_boolean(ev->helo.valid & KTSTR_HELO_SCHED_EXT));
	set(o, "tsc_khz", ev->helo.valid & KTSTR_HELO_TSC_KHZ ?
	    number(ev->helo.tsc_khz) : json_null());
	set(o, "init_boottime_ns", number(ev->helo.boot_ns));
	return o;
}

static json_t *port_numbers(const uint64_t n[KTSTR_NR_PORTS])
{
	json_t *a = json_array();

	for (int i = 0; i < KTSTR_NR_PORTS; i++)
		json_array_append_new(a, number(n[i]));
	return a;
}

static json_t *numbers_of_bits(uint32_t bits)
{
	json_t *a = json_array();

	for (int i = 0; i < 32; i++)
		if (bits & 1u << i)
			json_array_append_new(a, number(i));
	return a;
}

static json_t *clocks(const struct evidence *ev)
{
	struct event_clock_result r;

	event_clock__solve(&ev->clock, &r);
	return event_clock__json(&ev->clock, &r);
}

static json_t *boot(const struct report_run *run)
{
	json_t *o = json_object();
	struct boot_times bt;

	boot_times__get(&bt, run->start_ns, run->ev);
	for (int i = 0; i < BOOT_STEPS; i++)
		set(o, boot_times__key(i), boot_times__has(&bt, i) ?
		    number(bt.took_ns[i]) : json_null());
	set(o, "began_mono_ns", number(run->start_ns));
	set(o, "total_ns", bt.total_ns ? number(bt.total_ns) : json_null());
	return o;
}

static json_t *machine(const struct report *r, const struct evidence *ev)
{
	static const char * const ends[] = {
		[VMM_END_NONE] = "none", [VMM_END_RESET] = "reset",
		[VMM_END_POWEROFF] = "poweroff", [VMM_END_TRIPLE_FAULT] = "triple_fault",
		[VMM_END_ERROR] = "error", [VMM_END_STOPPED] = "stopped",
	};
	const struct vmm_stats *st = &ev->machine;
	json_t *o = json_object(), *kicks = json_array();

	set(o, "end", text(ends[ev->machine_end]));
	set(o, "exec_to_ready_ns", ev->ready_ns ? number(ev->ready_ns - r->exec_ns) : json_null());
	set(o, "boot_ns", ev->ready_ns ? number(report__boot_ns(ev)) : json_null());
	set(o, "wall_ns", number(ev->end_ns - ev->create_ns));
	set(o, "create_ns", number(st->create_ns));
	set(o, "exits_at_ready", ev->ready_ns ? number(ev->exits_at_ready) : json_null());
	set(o, "exits", number(st->exits));
	set(o, "exits_mmio", number(st->exits_mmio));
	set(o, "exits_pio", number(st->exits_pio));
	set(o, "exits_other", number(st->exits_other));
	for (int i = 0; i < KTSTR_NR_QUEUES; i++)
		json_array_append_new(kicks, number(st->kicks[i]));
	set(o, "queue_kicks", kicks);
	set(o, "interrupts", number(st->interrupts));
	set(o, "driver_errors", number(st->driver_errors));
	set(o, "driver_error", st->last_error ? text(st->last_error) : json_null());
	set(o, "broken_queues", numbers_of_bits(st->broken_queues));
	set(o, "port_tx_bytes", port_numbers(st->tx_bytes));
	set(o, "port_rx_bytes", port_numbers(st->rx_bytes));
	set(o, "port_tx_dropped", port_numbers(st->tx_dropped));
	set(o, "accesses_to_ready", number(st->accesses_to_ready));
	return o;
}

static json_t *sched_exit(const struct evidence *ev)
{
	json_t *o;

	if (!ev->has_sched_exit)
		return json_null();
	o = json_object();
	set(o, "wait_status", number(ev->sched_wait_status));
	set(o, "ended_by_ktstr", json_boolean(ev->sched_expected));
	set(o, "ran_ns", number(ev->sched_ran_ns));
	return o;
}

static json_t *run_object(const struct report *r, const struct report_run *run)
{
	const struct args *a = report__args(r, run);
	const struct evidence *ev = run->ev;
	json_t *o = json_object();

	set(o, "name", text(run->name));
	set(o, "scenario", text(run->plan.scenario));
	set(o, "topology", topo_out__json(&a->topology, args__topology_from(a)));
	set(o, "sched", text_or_null(a->sched));
	set(o, "duration_ns", number(a->duration_ms * 1000000ull));
	if (!ev) {
		set(o, "verdict", run->skip[0] ?
		    text(verdict__status_name(run->verdict.status)) : json_null());
		set(o, "reason", run->skip[0] ? text(run->skip) : json_null());
		return o;
	}
	set(o, "verdict", text(verdict__status_name(run->verdict.status)));
	set(o, "kind", text(verdict__kind_name(run->verdict.kind)));
	set(o, "reason", text(run->verdict.reason));
	set(o, "cause_ns", ev->cause_ns ? number(ev->cause_ns - ev->create_ns) : json_null());
	set(o, "verdict_ns", number(run->verdict_ns - ev->create_ns));
	set(o, "checks", checks(&run->verdict));
	set(o, "last_phase", text(evidence__phase_name(ev->phase)));
	set(o, "sched_start", sched_state(&ev->start));
	set(o, "sched_end", sched_state(&ev->end));
	set(o, "sched_exit", sched_exit(ev));
	set(o, "scx_exit", sched_exit_out__json(ev, run->verdict_ns));
	set(o, "window_ns", ev->start.seen && ev->end.seen ?
	    number(ev->end.time_ns - ev->start.time_ns) : json_null());
	set(o, "steal_pct", run->verdict.steal_pct >= 0 ?
	    json_real(run->verdict.steal_pct) : json_null());
	set(o, "host_delay", host_delay__json(&ev->host_delay));
	set(o, "operations", json_ops__operations(ev));
	set(o, "cgroups", json_ops__cgroups(ev));
	set(o, "workers", json_ops__workers(ev));
	set(o, "payloads", json_ops__payloads(ev));
	set(o, "splat_count", number(ev->splats.nr));
	set(o, "splats", splats(&ev->splats));
	set(o, "allowed", number(ev->splats.allowed));
	set(o, "splat_rules", splat_rules(&ev->splats));
	set(o, "faults", plan__has_faults(&run->plan) ?
	    fault_log__json(&ev->faults, run->plan.faults) : json_null());
	set(o, "frames", frames(ev));
	set(o, "events", run->events ? json_incref(run->events) : json_null());
	set(o, "stats", run->stats ? json_incref(run->stats) : json_null());
	set(o, "guest", guest(ev));
	set(o, "machine", machine(r, ev));
	set(o, "boot", boot(run));
	set(o, "clock", ev->ready_ns ? clocks(ev) : json_null());
	set(o, "repeat", text(run->repeat));
	return o;
}

char *json_out__text(json_t *o, size_t *len)
{
	char *s = json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	char *t;

	json_decref(o);
	if (!s)
		return NULL;
	*len = strlen(s) + 1;
	t = realloc(s, *len + 1);
	if (!t) {
		free(s);
		return NULL;
	}
	t[*len - 1] = '\n';
	t[*len] = '\0';
	return t;
}

char *json_out__dump(const struct report *r, int exit_status, size_t *len)
{
	json_t *o = json_object(), *runs = json_array();

	set(o, "version", number(JSON_OUT_VERSION));
	set(o, "exit_status", number(exit_status));
	set(o, "kernel", text(r->kernel));
	set(o, "sched", text_or_null(r->args->sched));
	set(o, "sched_enable", text_or_null(r->args->sched_enable));
	set(o, "sched_disable", text_or_null(r->args->sched_disable));
	set(o, "topology", topo_out__json(&r->args->topology,
					 args__topology_from(r->args)));
	set(o, "memory_mib", number(r->args->memory_mib));
	set(o, "duration_ns", number(r->args->duration_ms * 1000000ull));
	set(o, "timeout_ns", number(r->args->timeout_s * 1000000000ull));
	set(o, "seed", number(r->args->seed));
	set(o, "host_cpus", r->hostcpus ? hostcpus__json(r->hostcpus) : json_null());
	set(o, "emulated", json_boolean(r->in_box));
	for (size_t i = 0; i < r->nr; i++)
		json_array_append_new(runs, run_object(r, &r->runs[i]));
	set(o, "runs", runs);
	return json_out__text(o, len);
}

bool json_out__is_whole(const char *text, size_t len)
{
	/* Indented as it is, only the last brace stands at the start of a line. */
	return len >= 3 && !memcmp(text + len - 3, "\n}\n", 3);
}
