// SPDX-License-Identifier: GPL-2.0-only
/*
 * Field numbers are those of Perfetto's protos/perfetto/trace: trace.proto,
 * trace_packet.proto, ftrace/ftrace_event_bundle.proto and what these include. Unknown
 * fields do no harm there, so what has no ftrace event is told on tracks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <ktstr/dev.h>

#include "buf.h"
#include "event_perfetto.h"
#include "protobuf_put.h"

/* One packet of ftrace events per CPU is being filled. */
#define BUNDLE_BYTES	8192u
#define BUNDLE_ROOM	512u	/* for one more event */
#define PACKET_BYTES	1024u	/* any other packet */

/* Trace, TracePacket */
enum { TRACE_PACKET = 1 };
enum {
	PACKET_FTRACE_EVENTS = 1, PACKET_PROCESS_TREE = 2, PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10, PACKET_TRACK_EVENT = 11, PACKET_SEQUENCE_FLAGS = 13,
	PACKET_SYSTEM_INFO = 45, PACKET_TRACK_DESCRIPTOR = 60,
};

/* FtraceEventBundle, FtraceEvent */
enum { BUNDLE_CPU = 1, BUNDLE_EVENT = 2, BUNDLE_LOST = 3 };
enum {
	FTRACE_TIMESTAMP = 1, FTRACE_PID = 2, FTRACE_SCHED_SWITCH = 4, FTRACE_CPU_IDLE = 13,
	FTRACE_SCHED_WAKEUP = 17, FTRACE_SCHED_WAKING = 20, FTRACE_TASK_NEWTASK = 235,
	FTRACE_TASK_RENAME = 236, FTRACE_PROCESS_EXIT = 238,
};

/* ProcessTree, SystemInfo, TrackDescriptor, TrackEvent */
enum { TREE_PROCESS = 1, TREE_THREAD = 2 };
enum { SYSTEM_UTSNAME = 1, UTSNAME_SYSNAME = 1, UTSNAME_RELEASE = 3 };
enum { TRACK_UUID = 1, TRACK_NAME = 2 };
enum { TEVENT_TYPE = 9, TEVENT_TRACK = 11, TEVENT_NAME = 23 };
enum tevent { TEVENT_BEGIN = 1, TEVENT_END = 2, TEVENT_INSTANT = 3 };

/* Our packets of one kind are one sequence; bundles have one per CPU behind them. */
#define SEQUENCE_TRACKS		1u
#define SEQUENCE_BUNDLES	2u
#define SEQUENCE_CLEARED	1u

/* Track uuids; of those with a CPU or a number, it is added. */
#define TRACK_MARKS		1ull
#define TRACK_SCX		2ull
#define TRACK_LOST		3ull
#define TRACK_STARVED		(1ull << 32)
#define TRACK_IDLED		(2ull << 32)
#define TRACK_THROTTLED		(3ull << 32)

#define CLONE_THREAD_FLAG	0x10000u
#define STATE_PREEMPTED		0x100u	/* TASK_REPORT_MAX, kernels since 4.14 */

struct bundle {
	struct protobuf pb;
	size_t packet, events;		/* protobuf_begin() of both */
	uint32_t nr;
	bool lost;			/* the next one starts behind a hole */
	uint8_t data[BUNDLE_BYTES];
};

struct event_perfetto {
	struct event_perfetto_opts opts;
	struct event_perfetto_stats stats;
	int err;
	uint64_t reserved;		/* for bundles that are begun: they are written whole */
	struct protobuf pb;		/* packets but bundles */
	size_t packet;
	uint8_t data[PACKET_BYTES];
	struct bundle bundles[];
};

static void write_out(struct event_perfetto *p, const struct protobuf *pb)
{
	if (p->err || pb->full)
		return;
	p->err = p->opts.write(p->opts.arg, pb->data, pb->len);
	if (!p->err)
		p->stats.bytes += pb->len;
}

static bool has_room(const struct event_perfetto *p, size_t more)
{
	return !p->err && p->stats.bytes + p->reserved + more <= p->opts.max_bytes;
}

static void packet_begin(struct event_perfetto *p)
{
	p->pb = (struct protobuf){ .data = p->data, .size = sizeof(p->data) };
	p->packet = protobuf_begin(&p->pb, TRACE_PACKET);
	protobuf_put_uint(&p->pb, PACKET_SEQUENCE_ID, SEQUENCE_TRACKS);
}

static void packet_end(struct event_perfetto *p)
{
	protobuf_end(&p->pb, p->packet);
	if (has_room(p, p->pb.len))
		write_out(p, &p->pb);
	else
		p->stats.dropped++;
}

/* The first packet: nothing before it is referred to, and which kernel this is. */
static void write_head(struct event_perfetto *p)
{
	size_t info, uts;

	packet_begin(p);
	protobuf_put_uint(&p->pb, PACKET_SEQUENCE_FLAGS, SEQUENCE_CLEARED);
	if (p->opts.release) {
		info = protobuf_begin(&p->pb, PACKET_SYSTEM_INFO);
		uts = protobuf_begin(&p->pb, SYSTEM_UTSNAME);
		protobuf_put_string(&p->pb, UTSNAME_SYSNAME, "Linux");
		protobuf_put_string(&p->pb, UTSNAME_RELEASE, p->opts.release);
		protobuf_end(&p->pb, uts);
		protobuf_end(&p->pb, info);
	}
	packet_end(p);
}

struct event_perfetto *event_perfetto__new(const struct event_perfetto_opts *opts)
{
	struct event_perfetto *p = calloc(1, sizeof(*p) + opts->nr_cpus * sizeof(p->bundles[0]));

	if (!p)
		return NULL;
	p->opts = *opts;
	if (!p->opts.max_bytes)
		p->opts.max_bytes = EVENT_PERFETTO_MAX_BYTES;
	write_head(p);
	/* The text may be gone later; that there was one is asked for. */
	p->opts.release = opts->release ? "" : NULL;
	return p;
}

void event_perfetto__free(struct event_perfetto *p)
{
	free(p);
}

const struct event_perfetto_stats *event_perfetto__stats(const struct event_perfetto *p)
{
	return &p->stats;
}

static void bundle_flush(struct event_perfetto *p, struct bundle *b)
{
	if (!b->nr)
		return;
	protobuf_end(&b->pb, b->events);
	protobuf_end(&b->pb, b->packet);
	write_out(p, &b->pb);
	p->reserved -= BUNDLE_BYTES;
	b->nr = 0;
}

static void bundle_begin(struct event_perfetto *p, struct bundle *b)
{
	uint32_t cpu = b - p->bundles;

	b->pb = (struct protobuf){ .data = b->data, .size = sizeof(b->data) };
	b->packet = protobuf_begin(&b->pb, TRACE_PACKET);
	protobuf_put_uint(&b->pb, PACKET_SEQUENCE_ID, SEQUENCE_BUNDLES + cpu);
	b->events = protobuf_begin(&b->pb, PACKET_FTRACE_EVENTS);
	protobuf_put_uint(&b->pb, BUNDLE_CPU, cpu);
	if (b->lost)
		protobuf_put_uint(&b->pb, BUNDLE_LOST, 1);
	b->lost = false;
}

/* An ftrace event of the kind @field. Return: where it goes, NULL when there is no room. */
static struct protobuf *event_begin(struct event_perfetto *p, const struct event_record *rec,
				    uint32_t pid, uint32_t field, size_t nest[2])
{
	struct bundle *b = &p->bundles[rec->cpu];

	if (b->nr && b->pb.size - b->pb.len < BUNDLE_ROOM)
		bundle_flush(p, b);
	if (!b->nr) {
		if (!has_room(p, BUNDLE_BYTES)) {
			p->stats.dropped++;
			return NULL;
		}
		p->reserved += BUNDLE_BYTES;
		bundle_begin(p, b);
	}
	b->nr++;
	p->stats.events++;
	nest[0] = protobuf_begin(&b->pb, BUNDLE_EVENT);
	protobuf_put_uint(&b->pb, FTRACE_TIMESTAMP, rec->time_ns);
	protobuf_put_uint(&b->pb, FTRACE_PID, pid);
	nest[1] = protobuf_begin(&b->pb, field);
	return &b->pb;
}

static void event_end(struct protobuf *pb, size_t nest[2])
{
	protobuf_end(pb, nest[1]);
	protobuf_end(pb, nest[0]);
}

static const char *comm_of(const struct event_perfetto *p, uint32_t pid, uint32_t cpu,
			   char idle[KTSTR_EV_COMM])
{
	const struct event_task *task;

	if (!pid) {
		snprintf(idle, KTSTR_EV_COMM, "swapper/%u", cpu);
		return idle;
	}
	task = event_tasks__find(event_state__tasks(p->opts.state), pid);
	/* As ftrace says of names that it has not. */
	return task && task->comm[0] ? task->comm : "<...>";
}

static void on_switch(struct event_perfetto *p, const struct event_record *rec)
{
	const struct ktstr_ev_switch *ev = (const void *)rec->ev;
	uint64_t state = ev->h.arg;
	char idle[KTSTR_EV_COMM];
	struct protobuf *pb;
	size_t nest[2];

	if (ev->h.flags & KTSTR_EVF_PREEMPT)
		state = p->opts.release ? STATE_PREEMPTED : 0;
	pb = event_begin(p, rec, ev->h.pid, FTRACE_SCHED_SWITCH, nest);
	if (!pb)
		return;
	protobuf_put_string(pb, 1, comm_of(p, ev->h.pid, rec->cpu, idle));
	protobuf_put_uint(pb, 2, ev->h.pid);
	protobuf_put_uint(pb, 3, ev->prev_prio);
	protobuf_put_uint(pb, 4, state);
	protobuf_put_string(pb, 5, comm_of(p, ev->next_pid, rec->cpu, idle));
	protobuf_put_uint(pb, 6, ev->next_pid);
	protobuf_put_uint(pb, 7, ev->next_prio);
	event_end(pb, nest);
}

/* The switch that no record tells of, see event_state_cpu.c: or the stopper would run on. */
static void on_cpu_dead(struct event_perfetto *p, const struct event_record *rec)
{
	const struct event_cpu *c = event_state__cpu(p->opts.state, rec->cpu);
	struct ktstr_ev_switch ev = { .h = { .arg = 1 } };
	struct event_record last = { .time_ns = rec->time_ns, .cpu = rec->cpu, .ev = &ev.h };

	if (!c || c->state != EVENT_CPU_BUSY)
		return;
	ev.h.pid = c->pid;
	on_switch(p, &last);
}

static void put_wake(struct event_perfetto *p, const struct event_record *rec, uint32_t field)
{
	const struct ktstr_ev_wake *ev = (const void *)rec->ev;
	const struct event_task *task;
	char idle[KTSTR_EV_COMM];
	struct protobuf *pb;
	size_t nest[2];

	pb = event_begin(p, rec, ev->waker, field, nest);
	if (!pb)
		return;
	task = event_tasks__find(event_state__tasks(p->opts.state), ev->h.pid);
	protobuf_put_string(pb, 1, comm_of(p, ev->h.pid, rec->cpu, idle));
	protobuf_put_uint(pb, 2, ev->h.pid);
	protobuf_put_uint(pb, 3, task ? task->prio : 120);
	protobuf_put_uint(pb, 4, 1);
	protobuf_put_uint(pb, 5, ev->h.arg);
	event_end(pb, nest);
}

static void on_idle(struct event_perfetto *p, const struct event_record *rec)
{
	size_t nest[2];
	struct protobuf *pb = event_begin(p, rec, 0, FTRACE_CPU_IDLE, nest);

	if (!pb)
		return;
	protobuf_put_uint(pb, 1, rec->ev->arg == UINT16_MAX ? UINT32_MAX : rec->ev->arg);
	protobuf_put_uint(pb, 2, rec->cpu);
	event_end(pb, nest);
}

/* Its process and its name: Perfetto learns them from here. */
static void put_tree(struct event_perfetto *p, const struct event_record *rec,
		     const struct ktstr_ev_task *ev, const char *comm)
{
	size_t tree, at;

	packet_begin(p);
	protobuf_put_uint(&p->pb, PACKET_TIMESTAMP, rec->time_ns);
	tree = protobuf_begin(&p->pb, PACKET_PROCESS_TREE);
	if (ev->h.pid == ev->tgid) {
		at = protobuf_begin(&p->pb, TREE_PROCESS);
		protobuf_put_uint(&p->pb, 1, ev->tgid);
		protobuf_put_string(&p->pb, 3, comm);
		protobuf_end(&p->pb, at);
	}
	at = protobuf_begin(&p->pb, TREE_THREAD);
	protobuf_put_uint(&p->pb, 1, ev->h.pid);
	protobuf_put_string(&p->pb, 2, comm);
	protobuf_put_uint(&p->pb, 3, ev->tgid);
	protobuf_end(&p->pb, at);
	protobuf_end(&p->pb, tree);
	packet_end(p);
}

static void put_fork(struct event_perfetto *p, const struct event_record *rec,
		     const struct ktstr_ev_task *ev, const char *comm)
{
	size_t nest[2];
	struct protobuf *pb = event_begin(p, rec, ev->peer, FTRACE_TASK_NEWTASK, nest);

	if (!pb)
		return;
	protobuf_put_uint(pb, 1, ev->h.pid);
	protobuf_put_string(pb, 2, comm);
	protobuf_put_uint(pb, 3, ev->tgid == ev->h.pid ? 0 : CLONE_THREAD_FLAG);
	event_end(pb, nest);
}

static void put_exec(struct event_perfetto *p, const struct event_record *rec,
		     const struct ktstr_ev_task *ev, const char *comm)
{
	char idle[KTSTR_EV_COMM];
	size_t nest[2];
	struct protobuf *pb = event_begin(p, rec, ev->h.pid, FTRACE_TASK_RENAME, nest);

	if (!pb)
		return;
	protobuf_put_uint(pb, 1, ev->h.pid);
	protobuf_put_string(pb, 2, comm_of(p, ev->peer, rec->cpu, idle));
	protobuf_put_string(pb, 3, comm);
	event_end(pb, nest);
}

static void put_exit(struct event_perfetto *p, const struct event_record *rec,
		     const struct ktstr_ev_task *ev, const char *comm)
{
	size_t nest[2];
	struct protobuf *pb = event_begin(p, rec, ev->h.pid, FTRACE_PROCESS_EXIT, nest);

	if (!pb)
		return;
	protobuf_put_string(pb, 1, comm);
	protobuf_put_uint(pb, 2, ev->h.pid);
	protobuf_put_uint(pb, 3, ev->tgid);
	event_end(pb, nest);
}

static void on_task(struct event_perfetto *p, const struct event_record *rec)
{
	const struct ktstr_ev_task *ev = (const void *)rec->ev;
	char comm[KTSTR_EV_COMM];

	text__clean(comm, sizeof(comm), ev->comm, sizeof(ev->comm));
	if (ev->h.type == KTSTR_EV_FORK)
		put_fork(p, rec, ev, comm);
	else if (ev->h.type == KTSTR_EV_EXEC)
		put_exec(p, rec, ev, comm);
	else if (ev->h.type == KTSTR_EV_EXIT)
		put_exit(p, rec, ev, comm);
	if (ev->h.type != KTSTR_EV_EXIT && ev->h.type != KTSTR_EV_CGROUP_ATTACH)
		put_tree(p, rec, ev, comm);
}

static void put_track(struct event_perfetto *p, uint64_t uuid, const char *name)
{
	size_t at;

	packet_begin(p);
	at = protobuf_begin(&p->pb, PACKET_TRACK_DESCRIPTOR);
	protobuf_put_uint(&p->pb, TRACK_UUID, uuid);
	protobuf_put_string(&p->pb, TRACK_NAME, name);
	protobuf_end(&p->pb, at);
	packet_end(p);
}

static void put_track_event(struct event_perfetto *p, uint64_t time_ns, uint64_t uuid,
			    enum tevent type, const char *name)
{
	size_t at;

	packet_begin(p);
	protobuf_put_uint(&p->pb, PACKET_TIMESTAMP, time_ns);
	at = protobuf_begin(&p->pb, PACKET_TRACK_EVENT);
	protobuf_put_uint(&p->pb, TEVENT_TYPE, type);
	protobuf_put_uint(&p->pb, TEVENT_TRACK, uuid);
	if (name)
		protobuf_put_string(&p->pb, TEVENT_NAME, name);
	protobuf_end(&p->pb, at);
	packet_end(p);
}

static void put_instant(struct event_perfetto *p, uint64_t time_ns, uint64_t uuid,
			const char *track, const char *name)
{
	/* Said anew each time: a track that is known already stays as it is. */
	put_track(p, uuid, track);
	put_track_event(p, time_ns, uuid, TEVENT_INSTANT, name);
}

static void put_slice(struct event_perfetto *p, uint64_t from_ns, uint64_t to_ns, uint64_t uuid,
		      const char *track, const char *name)
{
	put_track(p, uuid, track);
	put_track_event(p, from_ns, uuid, TEVENT_BEGIN, name);
	put_track_event(p, to_ns, uuid, TEVENT_END, NULL);
}

static void on_mark(struct event_perfetto *p, const struct event_record *rec)
{
	const struct ktstr_ev_mark *ev = (const void *)rec->ev;
	char name[96];

	if (ev->id == KTSTR_MARK_LOST) {
		p->bundles[rec->cpu].lost = true;
		snprintf(name, sizeof(name), "CPU %u: %" PRIu64 " lost so far", rec->cpu,
			 (uint64_t)ev->arg);
		put_instant(p, rec->time_ns, TRACK_LOST, "lost events", name);
		return;
	}
	if (ev->id == KTSTR_MARK_WINDOW_BEGIN)
		snprintf(name, sizeof(name), "window begins");
	else if (ev->id == KTSTR_MARK_WINDOW_END)
		snprintf(name, sizeof(name), "window ends");
	else
		snprintf(name, sizeof(name), "mark %#" PRIx64 " (%" PRIu64 ")", (uint64_t)ev->id,
			 (uint64_t)ev->arg);
	put_instant(p, rec->time_ns, TRACK_MARKS, "ktstr marks", name);
}

static void on_scx_state(struct event_perfetto *p, const struct event_record *rec)
{
	const struct ktstr_ev_scx_state *ev = (const void *)rec->ev;
	char name[sizeof(ev->name) + KTSTR_EV_REASON + 16], ops[sizeof(ev->name)];
	char reason[KTSTR_EV_REASON];

	text__clean(ops, sizeof(ops), ev->name, sizeof(ev->name));
	text__clean(reason, sizeof(reason), ev->reason, sizeof(ev->reason));
	if (ev->h.flags & KTSTR_EVF_ON) {
		put_track(p, TRACK_SCX, "sched_ext");
		put_track_event(p, rec->time_ns, TRACK_SCX, TEVENT_BEGIN, ops);
		return;
	}
	snprintf(name, sizeof(name), "%s disabled: %s", ops, reason);
	put_track_event(p, rec->time_ns, TRACK_SCX, TEVENT_END, NULL);
	put_instant(p, rec->time_ns, TRACK_SCX, "sched_ext", name);
}

static void on_throttle(struct event_perfetto *p, const struct event_record *rec)
{
	const struct ktstr_ev_throttle *ev = (const void *)rec->ev;
	uint64_t uuid = TRACK_THROTTLED + ev->cgroup * KTSTR_CPUS_MAX + rec->cpu;
	char name[64];

	if (!(ev->h.flags & KTSTR_EVF_ON)) {
		put_track_event(p, rec->time_ns, uuid, TEVENT_END, NULL);
		return;
	}
	snprintf(name, sizeof(name), "throttled: cgroup %" PRIu64 ", CPU %u",
		 (uint64_t)ev->cgroup, rec->cpu);
	put_track(p, uuid, name);
	put_track_event(p, rec->time_ns, uuid, TEVENT_BEGIN, "throttled");
}

void event_perfetto__record(void *arg, const struct event_record *rec)
{
	struct event_perfetto *p = arg;

	if (rec->cpu >= p->opts.nr_cpus)
		return;
	switch (rec->ev->type) {
	case KTSTR_EV_SWITCH:
		on_switch(p, rec);
		break;
	case KTSTR_EV_NEW:
		/* Perfetto has a task runnable from its waking on. */
		put_wake(p, rec, FTRACE_SCHED_WAKING);
		put_wake(p, rec, FTRACE_SCHED_WAKEUP);
		break;
	case KTSTR_EV_WAKING:
		put_wake(p, rec, FTRACE_SCHED_WAKING);
		break;
	case KTSTR_EV_WAKEUP:
		put_wake(p, rec, FTRACE_SCHED_WAKEUP);
		break;
	case KTSTR_EV_IDLE:
		on_idle(p, rec);
		break;
	case KTSTR_EV_FORK:
	case KTSTR_EV_EXEC:
	case KTSTR_EV_EXIT:
	case KTSTR_EV_TASK:
		on_task(p, rec);
		break;
	case KTSTR_EV_MARK:
		on_mark(p, rec);
		break;
	case KTSTR_EV_CPU:
		if (rec->ev->arg == KTSTR_CPU_DEAD)
			on_cpu_dead(p, rec);
		break;
	case KTSTR_EV_SCX_STATE:
		on_scx_state(p, rec);
		break;
	case KTSTR_EV_THROTTLE:
		on_throttle(p, rec);
		break;
	}
}

void event_perfetto__hole(void *arg, const struct event_hole *hole)
{
	struct event_perfetto *p = arg;
	char name[64];

	if (hole->cpu >= p->opts.nr_cpus)
		return;
	bundle_flush(p, &p->bundles[hole->cpu]);
	p->bundles[hole->cpu].lost = true;
	snprintf(name, sizeof(name), "CPU %u: events are missing", hole->cpu);
	put_instant(p, hole->time_ns, TRACK_LOST, "lost events", name);
}

static void put_worst(struct event_perfetto *p)
{
	const struct event_watch *w = event_state__watch(p->opts.state);
	const struct event_moment *m;
	char track[64], name[96];

	for (uint32_t i = 0; i < w->nr_worst_starved; i++) {
		m = &w->starved[i].task;
		snprintf(track, sizeof(track), "starved, no. %u", i + 1);
		snprintf(name, sizeof(name), "%s (%u) waits on CPU %u", m->comm, m->pid, m->cpu);
		put_slice(p, m->at_ns - m->ns, m->at_ns, TRACK_STARVED + i, track, name);
	}
	for (uint32_t i = 0; i < w->nr_worst_idled; i++) {
		m = &w->idled[i].task;
		snprintf(track, sizeof(track), "idle CPU beside a waiting task, no. %u", i + 1);
		snprintf(name, sizeof(name), "%s (%u) waits on CPU %u, CPU %u is idle", m->comm,
			 m->pid, m->cpu, w->idled[i].idle_cpu);
		put_slice(p, m->at_ns - m->ns, m->at_ns, TRACK_IDLED + i, track, name);
	}
}

int event_perfetto__finish(struct event_perfetto *p)
{
	for (uint32_t i = 0; i < p->opts.nr_cpus; i++)
		bundle_flush(p, &p->bundles[i]);
	put_worst(p);
	return p->err;
}
