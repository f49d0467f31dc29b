// SPDX-License-Identifier: GPL-2.0-only
/*
 * From frames to evidence. Every payload is checked here once; what is too short
 * counts as malformed and changes nothing.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "boot_times.h"
#include "evidence.h"

struct evidence *evidence__new(const struct evidence_sink *sink)
{
	struct evidence *ev = calloc(1, sizeof(*ev));

	if (ev && sink)
		ev->sink = *sink;
	return ev;
}

bool evidence__cost(const struct evidence *ev, uint64_t *harness_ns, uint64_t *ops_ns)
{
	uint64_t self = ev->end.self_ns - ev->start.self_ns;

	*harness_ns = *ops_ns = 0;
	if (ev->end.self_ns < ev->start.self_ns || ev->end.ops_ns < ev->start.ops_ns ||
	    ev->end.ops_ns - ev->start.ops_ns > self)
		return false;
	*ops_ns = ev->end.ops_ns - ev->start.ops_ns;
	*harness_ns = self - *ops_ns;
	return true;
}

const char *evidence__phase_name(uint32_t phase)
{
	static const char * const names[EVIDENCE_PHASES] = {
		[0]				= "boot",
		[KTSTR_LIFE_INIT]		= "init",
		[KTSTR_LIFE_SCHED_STARTING]	= "scheduler starting",
		[KTSTR_LIFE_SCHED_ATTACHED]	= "scheduler attached",
		[KTSTR_LIFE_SCHED_DIED]		= "scheduler died",
		[KTSTR_LIFE_SCHED_NOT_ATTACHED]	= "scheduler not attached",
		[KTSTR_LIFE_PAYLOAD]		= "payload",
		[KTSTR_LIFE_ALIVE]		= "alive",
		[KTSTR_LIFE_WAKE]		= "wake",
		[KTSTR_LIFE_SHUTDOWN]		= "shutdown",
		[KTSTR_LIFE_ENV_ERROR]		= "environment error",
	};

	return phase < EVIDENCE_PHASES ? names[phase] : "unknown";
}

const char *evidence__stream_name(enum evidence_stream stream)
{
	static const char * const names[EVIDENCE_STREAMS] = {
		[EVIDENCE_COM1] = "console",	[EVIDENCE_COM2] = "crash",
		[EVIDENCE_DMSG] = "dmesg",	[EVIDENCE_SLOG] = "sched",
		[EVIDENCE_SOUT] = "stdout",	[EVIDENCE_SERR] = "stderr",
		[EVIDENCE_DUMP] = "dump",
	};

	return names[stream];
}

static void take_bytes(struct evidence *ev, enum evidence_stream stream, const void *data,
		       size_t len)
{
	tail__add(&ev->tail[stream], data, len);
	if (stream == EVIDENCE_COM1)
		splat__feed(&ev->splats, SPLAT_FROM_COM1, data, len);
	else if (stream == EVIDENCE_DMSG)
		splat__feed(&ev->splats, SPLAT_FROM_DMSG, data, len);
	if (stream == EVIDENCE_DMSG)
		sched_exit__feed(&ev->sched_exit, SCHED_EXIT_BY_LOG, data, len);
	else if (stream == EVIDENCE_SLOG)
		sched_exit__feed(&ev->sched_exit, SCHED_EXIT_BY_SELF, data, len);
	else if (stream == EVIDENCE_DUMP)
		sched_exit__feed(&ev->sched_exit, SCHED_EXIT_BY_TRACE, data, len);
	if (ev->sink.bytes && len)
		ev->sink.bytes(ev->sink.arg, stream, data, len);
}

void evidence__serial(struct evidence *ev, unsigned int com, const void *data, size_t len)
{
	take_bytes(ev, com == 1 ? EVIDENCE_COM1 : EVIDENCE_COM2, data, len);
}

/* Copy a payload's fixed part; false when it is not all there. */
static bool fixed(struct evidence *ev, const struct assembler_frame *f, void *dst, size_t len)
{
	if (f->len < len || f->continues) {
		ev->malformed++;
		return false;
	}
	memcpy(dst, f->data, len);
	return true;
}

static void text_after(char *dst, size_t size, const struct assembler_frame *f, size_t skip)
{
	text__clean(dst, size, (const char *)f->data + skip, f->len - skip);
}

static void clean_in_place(char *s, size_t size)
{
	text__clean(s, size, s, size);
}

static void on_helo(struct evidence *ev, const struct assembler_frame *f)
{
	struct ktstr_helo *h = &ev->helo;

	if (!fixed(ev, f, h, sizeof(*h)))
		return;
	h->valid = le32toh(h->valid);
	h->nr_cpus = le32toh(h->nr_cpus);
	h->kaslr_offset = le64toh(h->kaslr_offset);
	h->phys_base = le64toh(h->phys_base);
	h->page_offset = le64toh(h->page_offset);
	h->tsc_khz = le64toh(h->tsc_khz);
	h->boot_ns = le64toh(h->boot_ns);
	h->init_cycles = le64toh(h->init_cycles);
	h->build_id_len = le32toh(h->build_id_len);
	if (h->build_id_len > sizeof(h->build_id))
		h->build_id_len = 0;
	clean_in_place(h->release, sizeof(h->release));
	clean_in_place(h->clocksource, sizeof(h->clocksource));
	ev->has_helo = true;
}

static void on_life(struct evidence *ev, const struct assembler_frame *f)
{
	struct ktstr_life l;
	uint32_t phase;

	if (!fixed(ev, f, &l, sizeof(l)))
		return;
	phase = le32toh(l.phase);
	if (!phase || phase >= EVIDENCE_PHASES) {
		ev->malformed++;
		return;
	}
	ev->phase_seen |= 1u << phase;
	ev->attached += phase == KTSTR_LIFE_SCHED_ATTACHED;
	if (phase == KTSTR_LIFE_ALIVE)
		return;
	if (phase != KTSTR_LIFE_WAKE)
		ev->phase = phase;
	if (phase == KTSTR_LIFE_SCHED_DIED && !ev->sched_died_ns)
		ev->sched_died_ns = le64toh(l.time_ns);
	text_after(ev->reason[phase], EVIDENCE_REASON_MAX, f, sizeof(l));
	if (ev->sink.life)
		ev->sink.life(ev->sink.arg, phase, ev->reason[phase]);
}

static void on_window(struct evidence *ev, const struct assembler_frame *f,
		      struct evidence_window *to)
{
	struct ktstr_window w;

	if (!fixed(ev, f, &w, sizeof(w)))
		return;
	to->seen = true;
	to->time_ns = le64toh(w.time_ns);
	to->steal_ns = le64toh(w.steal_ns);
	to->self_ns = le64toh(w.self_ns);
	to->ops_ns = le64toh(w.ops_ns);
	to->sched.enable_seq = le64toh(w.sched.enable_seq);
	to->sched.nr_rejected = le64toh(w.sched.nr_rejected);
	to->sched.switch_all = le64toh(w.sched.switch_all);
	text__clean(to->sched.state, sizeof(to->sched.state), w.sched.state, sizeof(w.sched.state));
	text__clean(to->sched.ops, sizeof(to->sched.ops), w.sched.ops, sizeof(w.sched.ops));
}

static void worker_fill(struct evidence_worker *w, const struct ktstr_worker_metrics *m)
{
	text__clean(w->cgroup, sizeof(w->cgroup), m->cgroup, sizeof(m->cgroup));
	text__clean(w->name, sizeof(w->name), m->name, sizeof(m->name));
	w->worker = le32toh(m->worker);
	w->pid = le32toh(m->pid);
	w->cpu_ns = le64toh(m->cpu_ns);
	w->wait_ns = le64toh(m->wait_ns);
	w->mark = le32toh(m->mark);
	w->start_ns = le64toh(m->start_ns);
	w->end_ns = le64toh(m->end_ns);
	w->iterations = le64toh(m->iterations);
	w->max_gap_ns = le64toh(m->max_gap_ns);
	w->max_gap_at_ns = le64toh(m->max_gap_at_ns);
	w->migrations = le64toh(m->migrations);
	w->switches = le64toh(m->switches);
	w->off_cpuset = le64toh(m->off_cpuset);
	w->node_pages = le64toh(m->node_pages);
	w->remote_pages = le64toh(m->remote_pages);
	w->nr_latencies = le64toh(m->nr_latencies);
	for (int i = 0; i < 5; i++)
		w->latency_ns[i] = le64toh(m->latency_ns[i]);
	w->last_cpu = le32toh(m->last_cpu);
	w->policy = le32toh(m->policy);
	w->exit_status = le32toh(m->exit_status);
}

/* A place for an account, NULL when there is none left. */
static struct evidence_worker *worker_place(struct evidence *ev, uint32_t mark)
{
	if (mark)
		return ev->nr_marked < EVIDENCE_MARKED_MAX ? &ev->marked[ev->nr_marked++] : NULL;
	return ev->nr_workers < KTSTR_WORKERS_MAX ? &ev->workers[ev->nr_workers++] : NULL;
}

static void on_metrics(struct evidence *ev, const struct assembler_frame *f)
{
	struct ktstr_worker_metrics m;
	struct evidence_worker *w;

	/* Chunks are cut between workers, so that each can be read by itself. */
	if (f->len % sizeof(m)) {
		ev->malformed++;
		return;
	}
	for (uint32_t at = 0; at < f->len; at += sizeof(m)) {
		memcpy(&m, f->data + at, sizeof(m));
		w = worker_place(ev, le32toh(m.mark));
		if (!w) {
			ev->malformed++;
			return;
		}
		worker_fill(w, &m);
	}
}

static void on_test(struct evidence *ev, const struct assembler_frame *f)
{
	struct ktstr_test_result t;

	if (!fixed(ev, f, &t, sizeof(t)))
		return;
	if (le32toh(t.status) > KTSTR_GUEST_ABORTED) {
		ev->malformed++;
		return;
	}
	ev->has_test = true;
	ev->test_status = le32toh(t.status);
	text_after(ev->test_reason, sizeof(ev->test_reason), f, sizeof(t));
}

static void on_sched_exit(struct evidence *ev, const struct assembler_frame *f)
{
	struct ktstr_sched_exit x;

	if (!fixed(ev, f, &x, sizeof(x)))
		return;
	ev->has_sched_exit = true;
	ev->sched_wait_status = le32toh(x.wait_status);
	ev->sched_expected = le32toh(x.expected);
	ev->sched_ran_ns = le64toh(x.ran_ns);
}

static void on_exec_exit(struct evidence *ev, const struct assembler_frame *f)
{
	struct ktstr_exec_exit x;

	if (!fixed(ev, f, &x, sizeof(x)))
		return;
	ev->has_exec_exit = true;
	ev->exec_wait_status = le32toh(x.wait_status);
}

static void on_last(struct evidence *ev, const struct assembler_frame *f)
{
	struct ktstr_exit x;

	if (!fixed(ev, f, &x, sizeof(x)))
		return;
	ev->has_exit = true;
	ev->exit_code = le32toh(x.code);
}

void evidence__frame(void *arg, const struct assembler_frame *f)
{
	struct evidence *ev = arg;

	if (ev->sink.frame)
		ev->sink.frame(ev->sink.arg, f);
	if (f->corrupt)
		return;
	switch (f->type) {
	case KTSTR_T_HELO:
		return on_helo(ev, f);
	case KTSTR_T_REDY:
		ev->has_ready = true;
		return;
	case KTSTR_T_LIFE:
		return on_life(ev, f);
	case KTSTR_T_SCST:
		return on_window(ev, f, &ev->start);
	case KTSTR_T_SCEN:
		return on_window(ev, f, &ev->end);
	case KTSTR_T_STIM:
		ev->malformed += !op_trace__begin(&ev->trace, f);
		return;
	case KTSTR_T_STEN:
		ev->malformed += !op_trace__end(&ev->trace, f);
		return;
	case KTSTR_T_RAWO:
		ev->malformed += !payload_outs__output(&ev->payloads, f);
		return;
	case KTSTR_T_PLDX:
		ev->malformed += !payload_outs__exit(&ev->payloads, f);
		return;
	case KTSTR_T_PMET:
		return on_metrics(ev, f);
	case KTSTR_T_TEST:
		return on_test(ev, f);
	case KTSTR_T_SCDX:
		return on_sched_exit(ev, f);
	case KTSTR_T_EXCX:
		return on_exec_exit(ev, f);
	case KTSTR_T_EXIT:
		return on_last(ev, f);
	case KTSTR_T_DMSG:
		if (!ev->log_zero_ns)
			boot_times__log_zero(f->data, f->len, &ev->log_zero_ns);
		return take_bytes(ev, EVIDENCE_DMSG, f->data, f->len);
	case KTSTR_T_SLOG:
		return take_bytes(ev, EVIDENCE_SLOG, f->data, f->len);
	case KTSTR_T_SCDP:
		return take_bytes(ev, EVIDENCE_DUMP, f->data, f->len);
	case KTSTR_T_SOUT:
		return take_bytes(ev, EVIDENCE_SOUT, f->data, f->len);
	case KTSTR_T_SERR:
		return take_bytes(ev, EVIDENCE_SERR, f->data, f->len);
	default:
		/* Known to wire.h, of no use to this host: counted by the assembler. */
		return;
	}
}

void evidence__finish(struct evidence *ev)
{
	const struct events_sched *s = &ev->events.sched;
	struct sched_exit_told t = {
		.kind = s->exit_kind, .has_code = s->exit_kind >= SCHED_EXIT_UNREG,
		.code = s->exit_code, .time_ns = s->exit_ns,
	};

	/* The end of the last line may be missing. */
	sched_exit__feed(&ev->sched_exit, SCHED_EXIT_BY_SELF, "\n", 1);
	if (!s->told || !s->disables)
		return;
	memcpy(t.ops, s->name, sizeof(s->name));
	text__clean(t.msg, sizeof(t.msg), s->exit_msg, sizeof(s->exit_msg));
	t.msg_cut = strlen(t.msg) + 1 == sizeof(s->exit_msg);
	sched_exit__tell(&ev->sched_exit, SCHED_EXIT_BY_EVENTS, &t);
	ev->sched_exit.told[SCHED_EXIT_BY_EVENTS].times =
		s->disables < UINT32_MAX ? (uint32_t)s->disables : UINT32_MAX;
}

bool evidence__sched_failed(const struct evidence *ev)
{
	const struct sched_exit_told *told = ev->sched_exit.told;

	return evidence__phase_seen(ev, KTSTR_LIFE_SCHED_STARTING) && !ev->end.seen &&
	       (told[SCHED_EXIT_BY_LOG].kind >= SCHED_EXIT_ERROR ||
		told[SCHED_EXIT_BY_TRACE].kind >= SCHED_EXIT_ERROR);
}
