// SPDX-License-Identifier: GPL-2.0-only
/*
 * From frames to the account of a run's events.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/event_set.h>

#include "buf.h"
#include "events.h"

#define PAGE_MIN	4096u

/*
 * Without one of these a task may be where nobody saw it go, and figures would be wrong. That
 * of CPUs is missed only when one goes, and then by a contradiction. Of throttling a guest that
 * chose the types itself has left out none that can be.
 */
#define NEEDED_EVENTS	(KTSTR_EVENT_SET_ALL & ~(1ull << KTSTR_EV_PRIO |		\
			 1ull << KTSTR_EV_CPU |						\
			 1ull << KTSTR_EV_SCX_STATE | 1ull << KTSTR_EV_SCX_DISPATCH |	\
			 1ull << KTSTR_EV_SCX_COUNTER))

#define CHOSEN_BY_GUEST	(1ull << KTSTR_EV_THROTTLE)

struct events {
	struct events_opts opts;
	struct events_result r;
	struct event_stream *stream;
	bool flowing;			/* an event frame has been taken */
	bool decided;			/* a whole EVIN came, believed or not */
	char release[sizeof(((struct ktstr_helo *)0)->release)];
};

const char *events__path_name(uint32_t path)
{
	static const char * const names[] = {
		[KTSTR_EVENTS_OFF] = "off", [KTSTR_EVENTS_MODULE] = "module",
		[KTSTR_EVENTS_BPF] = "bpf",
	};

	return path <= KTSTR_EVENTS_BPF ? names[path] : "unknown";
}

struct events *events__new(const struct events_opts *opts)
{
	struct events *ev = calloc(1, sizeof(*ev));

	if (ev)
		ev->opts = *opts;
	return ev;
}

void events__free(struct events *ev)
{
	if (ev)
		event_stream__free(ev->stream);
	free(ev);
}

static void clock_to_host(struct ktstr_clock *c)
{
	c->why = le32toh(c->why);
	c->valid = le32toh(c->valid);
	c->id = le64toh(c->id);
	c->cycles = le64toh(c->cycles);
	c->ring_ns = le64toh(c->ring_ns);
	c->mono_ns = le64toh(c->mono_ns);
	c->boot_ns = le64toh(c->boot_ns);
	c->window_ns = le64toh(c->window_ns);
}

static void info_to_host(struct ktstr_events_info *in)
{
	in->path = le32toh(in->path);
	in->nr_cpus = le32toh(in->nr_cpus);
	in->page_size = le32toh(in->page_size);
	in->clock = le32toh(in->clock);
	in->buffer_bytes = le64toh(in->buffer_bytes);
	in->wanted = le64toh(in->wanted);
	in->attached = le64toh(in->attached);
	in->filter = le32toh(in->filter);
	clock_to_host(&in->at);
}

/* Pages are of a size that a kernel can have; without pages it does not matter. */
static bool info_makes_sense(const struct ktstr_events_info *in)
{
	if (in->path > KTSTR_EVENTS_BPF)
		return false;
	if (in->path == KTSTR_EVENTS_OFF)
		return true;
	if (!in->nr_cpus || in->nr_cpus > KTSTR_CPUS_MAX || in->clock > KTSTR_CLOCK_MONO)
		return false;
	return in->path == KTSTR_EVENTS_BPF ||
	       (in->page_size >= PAGE_MIN && in->page_size <= EVENT_PAGE_MAX &&
		!(in->page_size & (in->page_size - 1)));
}

/* Its lines, each clean and ended by a newline. */
static void take_notes(struct events *ev, const char *text, size_t len)
{
	size_t used = 0;

	while (len && used + 2 < sizeof(ev->r.notes)) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		text__clean(ev->r.notes + used, sizeof(ev->r.notes) - used - 1, text, line);
		used += strlen(ev->r.notes + used);
		if (used && ev->r.notes[used - 1] != '\n')
			ev->r.notes[used++] = '\n';
		ev->r.notes[used] = '\0';
		text += line + !!end;
		len -= line + !!end;
	}
}

static void stream_make(struct events *ev)
{
	struct event_stream_opts so = {
		.sz = sizeof(so),
		.state = { .sz = sizeof(so.state), .topology = ev->opts.topology,
			   .wait_for_window = true },
		.page_size = ev->r.path == KTSTR_EVENTS_MODULE ? ev->r.page_size : 0,
		.perfetto = { .sz = sizeof(so.perfetto), .write = ev->opts.trace,
			      .arg = ev->opts.trace_arg,
			      .release = ev->release[0] ? ev->release : NULL },
	};

	if (ktstr_topology__check(&so.state.topology, NULL)) {
		so.state.topology = (struct ktstr_topology){ 1, 1, ev->r.nr_cpus, 1 };
		ev->r.topology_assumed = true;
	}
	ev->stream = event_stream__new(&so);
	ev->r.no_memory = !ev->stream;
}

/* The clock of the pages moves only before there are any: order must not depend on it. */
static void take_begin(struct events *ev, const struct ktstr_clock *c)
{
	struct events_clock *clock = &ev->r.clock;
	struct ktstr_dev_clock at = { .ring_ns = c->ring_ns, .mono_ns = c->mono_ns };

	if (clock->has_begin)
		return;
	clock->has_begin = true;
	clock->begin = *c;
	if (!ev->stream || ev->flowing || ev->r.path != KTSTR_EVENTS_MODULE ||
	    ev->r.clock_id != KTSTR_CLOCK_LOCAL || !(c->valid & KTSTR_CLOCK_HAS_RING))
		return;
	clock->used = true;
	clock->offset_ns = c->mono_ns - c->ring_ns;
	event_stream__clock(ev->stream, &at);
}

static bool is_partial(const struct ktstr_events_info *in)
{
	uint64_t needed = NEEDED_EVENTS;

	if (!(in->filter & KTSTR_FILTER_TYPES))
		needed &= ~CHOSEN_BY_GUEST;
	return in->filter & ~KTSTR_FILTER_TYPES || needed & ~in->wanted;
}

static void take_info(struct events *ev, const struct ktstr_events_info *in)
{
	ev->r.has_info = true;
	ev->r.path = in->path;
	ev->r.nr_cpus = in->path ? in->nr_cpus : 0;
	ev->r.page_size = in->page_size;
	ev->r.clock_id = in->clock;
	ev->r.buffer_bytes = in->buffer_bytes;
	ev->r.wanted = in->wanted;
	ev->r.attached = in->attached & in->wanted;
	ev->r.filter = in->filter;
	ev->r.partial = is_partial(in);
	if (in->path == KTSTR_EVENTS_OFF)
		return;
	stream_make(ev);
	if (in->at.why == KTSTR_CLOCK_BEGIN)
		take_begin(ev, &in->at);
}

static void on_info(struct events *ev, const struct assembler_frame *f)
{
	struct ktstr_events_info in;

	if (ev->decided) {
		ev->r.repeated++;
		return;
	}
	if (f->len < sizeof(in) || f->continues) {
		ev->r.malformed++;
		return;
	}
	ev->decided = true;
	memcpy(&in, f->data, sizeof(in));
	info_to_host(&in);
	if (!info_makes_sense(&in)) {
		ev->r.malformed++;
		return;
	}
	take_notes(ev, (const char *)f->data + sizeof(in), f->len - sizeof(in));
	take_info(ev, &in);
}

static void take_end(struct events *ev, const struct ktstr_clock *c)
{
	struct events_clock *clock = &ev->r.clock;

	if (clock->has_end) {
		ev->r.malformed++;
		return;
	}
	clock->has_end = true;
	clock->end = *c;
	if (clock->has_begin && clock->begin.valid & c->valid & KTSTR_CLOCK_HAS_RING)
		clock->drift_ns = (int64_t)((c->mono_ns - clock->begin.mono_ns) -
					    (c->ring_ns - clock->begin.ring_ns));
}

static void on_clock(struct events *ev, const struct assembler_frame *f)
{
	struct ktstr_clock c;

	if (f->len < sizeof(c) || f->continues) {
		ev->r.malformed++;
		return;
	}
	memcpy(&c, f->data, sizeof(c));
	clock_to_host(&c);
	if (c.why == KTSTR_CLOCK_BEGIN)
		take_begin(ev, &c);
	else if (c.why == KTSTR_CLOCK_END)
		take_end(ev, &c);
	else if (c.why == KTSTR_CLOCK_PING)
		ev->r.clock.pings++;
	else
		ev->r.malformed++;
}

/* A final account is final. */
static void take_account(struct events *ev, const struct ktstr_event_loss *l)
{
	uint32_t cpu = le32toh(l->cpu);
	struct events_cpu *c;

	if (cpu >= KTSTR_CPUS_MAX || ev->r.cpus[cpu].final) {
		ev->r.malformed++;
		return;
	}
	c = &ev->r.cpus[cpu];
	c->told = true;
	c->final = le32toh(l->flags) & KTSTR_LOSS_FINAL;
	c->emitted = le64toh(l->emitted);
	c->lost = le64toh(l->lost);
	c->sent = le64toh(l->sent);
}

static void on_losses(struct events *ev, const struct assembler_frame *f)
{
	struct ktstr_event_loss l;

	/* Chunks are cut between CPUs, so that each can be read by itself. */
	if (!f->len || f->len % sizeof(l)) {
		ev->r.malformed++;
		return;
	}
	for (uint32_t at = 0; at < f->len; at += sizeof(l)) {
		memcpy(&l, f->data + at, sizeof(l));
		take_account(ev, &l);
	}
}

static void on_events(struct events *ev, const struct assembler_frame *f)
{
	bool plain = f->flags & KTSTR_F_PLAIN;

	if (!ev->stream) {
		ev->r.early++;
		return;
	}
	if (plain != (ev->r.path == KTSTR_EVENTS_BPF)) {
		ev->r.misfits++;
		return;
	}
	ev->flowing = true;
	event_stream__frame(ev->stream, f);
}

static void on_helo(struct events *ev, const struct assembler_frame *f)
{
	struct ktstr_helo h;

	if (f->len < sizeof(h) || f->continues)
		return;
	memcpy(&h, f->data, sizeof(h));
	text__clean(ev->release, sizeof(ev->release), h.release, sizeof(h.release));
}

void events__frame(void *arg, const struct assembler_frame *f)
{
	struct events *ev = arg;

	/* A damaged event frame is a hole in its CPU's stream: that must be told there. */
	if (f->type == KTSTR_T_EVNT)
		return on_events(ev, f);
	if (f->corrupt)
		return;
	switch (f->type) {
	case KTSTR_T_HELO:
		return on_helo(ev, f);
	case KTSTR_T_EVIN:
		return on_info(ev, f);
	case KTSTR_T_CLCK:
		return on_clock(ev, f);
	case KTSTR_T_EVLS:
		return on_losses(ev, f);
	default:
		return;
	}
}

/* Count a CPU, and keep the first. */
static void note_cpu(uint32_t *count, uint32_t *first, uint32_t cpu)
{
	if (!(*count)++)
		*first = cpu;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

/* emitted == sent + lost, and sent == received: exactly, or something is wrong with us. */
static void check_cpu(struct events_result *r, uint32_t cpu)
{
	const struct events_cpu *c = &r->cpus[cpu];

	r->emitted = add(r->emitted, c->emitted);
	r->lost = add(r->lost, c->lost);
	r->sent = add(r->sent, c->sent);
	r->received = add(r->received, c->received);
	if (c->lost > r->cpus[r->worst_cpu].lost)
		r->worst_cpu = cpu;
	if (!c->final) {
		r->not_final += cpu < r->nr_cpus;
		return;
	}
	if (c->sent + c->lost < c->lost || c->emitted != c->sent + c->lost)
		note_cpu(&r->unbalanced, &r->unbalanced_cpu, cpu);
	if (c->sent == c->received)
		return;
	if (c->received < c->sent && c->explained)
		note_cpu(&r->explained, &r->explained_cpu, cpu);
	else
		note_cpu(&r->unexplained, &r->unexplained_cpu, cpu);
}

/* What the kernel lost of a CPU, and what its stream says of that. */
static void look_at_cpu(struct events *ev, uint32_t cpu)
{
	const struct event_state *state = event_stream__state(ev->stream);
	const struct event_stream_cpu *sc = event_stream__cpu(ev->stream, cpu);
	struct events_cpu *c = &ev->r.cpus[cpu];
	uint64_t told = 0;

	if (cpu < event_state__nr_cpus(state)) {
		told = event_state__cpu(state, cpu)->lost_told;
		ev->r.lost_window = add(ev->r.lost_window, event_state__cpu(state, cpu)->lost);
	}
	c->received = sc->received;
	c->explained = sc->broken;
	if (c->lost > told)
		ev->r.lost_untold = add(ev->r.lost_untold, c->lost - told);
}

static void look_at_sched(struct events *ev)
{
	const struct event_scx *x = &event_state__totals(event_stream__state(ev->stream))->scx;
	struct events_sched *s = &ev->r.sched;

	s->told = ev->r.attached & 1ull << KTSTR_EV_SCX_STATE;
	s->enables = x->enables;
	s->disables = x->disables;
	s->enables_before = x->enables_before;
	s->window_enables = x->window_enables;
	s->window_disables = x->window_disables;
	memcpy(s->name, x->name, sizeof(s->name));
	s->exit_kind = x->exit_kind;
	s->exit_code = x->exit_code;
	memcpy(s->exit_msg, x->reason, sizeof(s->exit_msg));
	s->exit_ns = ev->r.clock.used || ev->r.path == KTSTR_EVENTS_BPF ? x->exit_ns : 0;
}

static void look_at_stream(struct events *ev)
{
	const struct event_totals *t = event_state__totals(event_stream__state(ev->stream));
	struct events_result *r = &ev->r;

	r->measured = t->active;
	/* What was not asked for looks like a contradiction: tasks are not where they were left. */
	r->complete = r->partial ? event_stream__whole(ev->stream) :
		      event_stream__complete(ev->stream);
	r->gaps = event_stream__stats(ev->stream)->gaps;
	r->cut = event_stream__stats(ev->stream)->cut;
	r->late = event_stream__merge_stats(ev->stream)->late;
	r->inconsistent = t->inconsistent;
	r->nr_stills = t->nr_stills;
	r->still_ns = t->still_ns;
	look_at_sched(ev);
	for (uint32_t i = 0; i < KTSTR_CPUS_MAX; i++)
		look_at_cpu(ev, i);
}

int events__finish(struct events *ev)
{
	int ret = ev->stream ? event_stream__finish(ev->stream) : 0;

	if (ev->stream)
		look_at_stream(ev);
	for (uint32_t i = 0; i < KTSTR_CPUS_MAX; i++)
		check_cpu(&ev->r, i);
	return ret;
}

const struct event_stream *events__stream(const struct events *ev)
{
	return ev->stream;
}

bool events__has_figures(const struct events *ev)
{
	return ev->stream && !ev->r.partial;
}

const struct events_result *events__result(const struct events *ev)
{
	return &ev->r;
}
