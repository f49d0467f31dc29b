// SPDX-License-Identifier: GPL-2.0-only
/*
 * The coordinator: one thread, one epoll, one deadline.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "fault_switch.h"
#include "interrupt.h"
#include "pinger.h"
#include "session.h"

#define MS			1000000ull
#define DUMP_MS			500	/* for the output of SysRq-D */
#define SHUTDOWN_MS		500	/* for the guest to send what it has */
#define REBOOT_MS		500	/* from ACKR to the reset: nothing is judged by it */
#define DECIDED_MS		600	/* for the rest of the evidence: the verdict is due in 1 s */
#define PANIC_MS		850	/* for the rest of the backtrace, if the console is slow */
#define PANICKED_MS		50	/* after its last line: it reboots at once, or never */
#define TURN_BYTES		(1u << 20)	/* per source, between two looks at the deadline */
#define TURN_READS		64
#define LAST_TURNS		64		/* of these when the machine has stopped */
#define READ_BYTES		(64u << 10)

/*
 * RUNNING -> ENDING (EXIT came, ACKR sent) -> OVER
 *         -> DECIDED (the scheduler is dead or never came) -> ENDING or OVER
 *         -> DUMPING (silence or limit, 0xD1 sent) -> OVER
 *         -> STOPPING (interrupted, 0xD3 sent) -> ENDING or OVER
 *         -> PANICKED (the kernel said so) -> OVER, or ENDING if it was not true
 * and from everywhere to OVER when the machine ends.
 */
enum state { RUNNING, DECIDED, DUMPING, STOPPING, PANICKED, ENDING, OVER };

/* What epoll tells us apart. */
enum source { SRC_TX, SRC_STATS, SRC_SERIAL, SRC_END, SRC_INTERRUPT, SRC_TIMER, NR_SRC };

struct session {
	const struct session_opts *opts;
	struct evidence *ev;
	struct vmm *vmm;
	struct assembler *assembler;
	struct reply_frames replies;
	struct pinger pinger;
	struct fault_switch faults;
	int epoll;
	int timer;
	enum state state;
	uint64_t last_life_ns;	/* when the guest last sent a byte */
	uint64_t state_ends_ns;	/* deadline of every state but RUNNING */
	uint32_t more;		/* sources left unfinished by the last turn */
	uint8_t buf[READ_BYTES];
};

static uint64_t deadline(const struct session *s)
{
	uint64_t silent = s->last_life_ns + s->opts->silence_ms * MS;
	uint64_t limit = s->ev->create_ns + s->opts->limit_ms * MS;

	if (s->state != RUNNING)
		return s->state_ends_ns;
	return s->opts->limit_ms && limit < silent ? limit : silent;
}

static void timer_arm(struct session *s)
{
	uint64_t end = deadline(s), ping = pinger__next_ns(&s->pinger);
	uint64_t at = s->state == RUNNING && ping < end ? ping : end;
	uint64_t ask = s->opts->stats ? stats_sampler__next_ns(s->opts->stats) : UINT64_MAX;
	uint64_t fault = fault_switch__next_ns(&s->faults);
	struct itimerspec its = { 0 };

	if (s->state == RUNNING && ask < at)
		at = ask;
	if (s->state == RUNNING && fault < at)
		at = fault;
	its.it_value.tv_sec = at / 1000000000;
	its.it_value.tv_nsec = at % 1000000000;
	timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &its, NULL);
}

static void enter(struct session *s, enum state state, uint32_t ms)
{
	s->state = state;
	s->state_ends_ns = clock__now_ns() + ms * MS;
}

/* From now on it is known how the run ends. The first to know counts. */
static void note_cause(struct session *s)
{
	if (!s->ev->cause_ns)
		s->ev->cause_ns = clock__now_ns();
}

static void wake(struct session *s, uint8_t byte)
{
	/* A guest that never takes its bytes is one that the deadline deals with. */
	vmm__port_write(s->vmm, KTSTR_PORT_CONSOLE, &byte, 1);
}

static int write_bulk(void *arg, const void *data, size_t len)
{
	struct session *s = arg;

	return vmm__port_write(s->vmm, KTSTR_PORT_BULK, data, len);
}

static int write_stats(void *arg, const void *data, size_t len)
{
	struct session *s = arg;

	return vmm__port_write(s->vmm, KTSTR_PORT_STATS, data, len);
}

static int find_page(void *arg, const void *begins, size_t len, uint64_t *at, void **page)
{
	struct session *s = arg;

	return vmm__find_page(s->vmm, begins, len, at, page);
}

static void note_ready(struct session *s)
{
	struct vmm_stats st = { .sz = sizeof(st) };

	s->ev->ready_ns = clock__now_ns();
	vmm__stats(s->vmm, &st);
	s->ev->exits_at_ready = st.exits;
}

static bool sched_is_lost(const struct evidence *ev)
{
	return evidence__phase_seen(ev, KTSTR_LIFE_SCHED_DIED) ||
	       evidence__phase_seen(ev, KTSTR_LIFE_SCHED_NOT_ATTACHED) ||
	       evidence__sched_failed(ev);
}

static uint64_t nearer(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* EXIT came. What was to end before it still ends at its time. */
static void acknowledge(struct session *s)
{
	uint64_t before = s->state == RUNNING ? UINT64_MAX : s->state_ends_ns;

	note_cause(s);
	/* Without room the guest reboots after its own time-out. */
	reply_frame__send(&s->replies, KTSTR_T_ACKR, NULL, 0);
	enter(s, ENDING, REBOOT_MS);
	s->state_ends_ns = nearer(s->state_ends_ns, before);
}

/* Heard of, not at, the ends of the window: later by the frame's way out of the guest. */
static void note_host_delay(struct session *s)
{
	struct host_delay *d = &s->ev->host_delay;

	d->nr_vcpus = ktstr_topology__nr_cpus(&s->opts->machine->topology);
	if (s->ev->start.seen && !d->start.time_ns)
		host_delay__read(&d->start, s->vmm, d->nr_vcpus);
	if (s->ev->end.seen && !d->end.time_ns)
		host_delay__read(&d->end, s->vmm, d->nr_vcpus);
}

static void on_frame(void *arg, const struct assembler_frame *f)
{
	struct session *s = arg;

	evidence__frame(s->ev, f);
	pinger__frame(&s->pinger, f);
	if (s->ev->has_ready && !s->ev->ready_ns)
		note_ready(s);
	note_host_delay(s);
	fault_switch__follow(&s->faults, s->ev, clock__now_ns());
	if (s->opts->stats)
		stats_sampler__follow(s->opts->stats, s->ev, clock__now_ns());
	if (s->state == RUNNING && sched_is_lost(s->ev)) {
		note_cause(s);
		enter(s, DECIDED, DECIDED_MS);
	}
	if (s->ev->has_exit && s->state != ENDING && s->state != OVER)
		acknowledge(s);
}

/*
 * A kernel that panicked runs no process again, and need not reboot. Frames that
 * it had sent before are still taken. With the line that ends its report all of it is
 * here; a console may be too slow for that.
 */
static void look_for_panic(struct session *s)
{
	if ((s->state == RUNNING || s->state == DECIDED) && s->ev->splats.panic[0]) {
		s->ev->cause_ns = clock__now_ns();
		s->ev->stop = EVIDENCE_STOP_PANIC;
		enter(s, PANICKED, PANIC_MS);
	}
	if (s->state == PANICKED && s->ev->splats.panic_ended)
		s->state_ends_ns = nearer(s->state_ends_ns, clock__now_ns() + PANICKED_MS * MS);
}

/* Which port or COM a read is from. */
static size_t read_one(struct session *s, enum source src, unsigned int which)
{
	if (src == SRC_SERIAL)
		return vmm__serial_read(s->vmm, which, s->buf, sizeof(s->buf));
	return vmm__port_read(s->vmm, which, s->buf, sizeof(s->buf));
}

static void take(struct session *s, enum source src, unsigned int which, size_t len)
{
	s->last_life_ns = clock__now_ns();
	if (src == SRC_SERIAL)
		evidence__serial(s->ev, which, s->buf, len);
	else if (which == KTSTR_PORT_BULK)
		assembler__feed(s->assembler, s->buf, len);
	else if (which == KTSTR_PORT_STATS && s->opts->stats)
		stats_sampler__bytes(s->opts->stats, s->buf, len, s->last_life_ns);
	look_for_panic(s);
	/* Port 0 is for people: none is connected in a run. */
}

/* Read until empty or until the turn's share is used up; true: there may be more. */
static bool drain(struct session *s, enum source src, unsigned int which)
{
	size_t total = 0, len;

	/* Reads are counted too: a guest may offer a byte at a time. */
	for (unsigned int n = 0; total < TURN_BYTES && n < TURN_READS; n++) {
		len = read_one(s, src, which);
		if (!len)
			return false;
		take(s, src, which, len);
		total += len;
	}
	return true;
}

static void clear_event(int fd)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0) {
		/* EAGAIN: an earlier turn cleared it. */
	}
}

static void on_data(struct session *s, enum source src)
{
	bool more = false;

	if (src == SRC_TX) {
		more |= drain(s, src, KTSTR_PORT_BULK);
		more |= drain(s, src, KTSTR_PORT_CONSOLE);
	} else if (src == SRC_STATS) {
		more |= drain(s, src, KTSTR_PORT_STATS);
	} else {
		more |= drain(s, src, 1);
		more |= drain(s, src, 2);
	}
	if (more)
		s->more |= 1u << src;
	else
		s->more &= ~(1u << src);
}

static void on_interrupt(struct session *s)
{
	/* It stays readable: once is enough. */
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->opts->interrupt_fd, NULL);
	s->ev->stop = EVIDENCE_STOP_INTERRUPTED;
	s->ev->signal = interrupt__signal();
	s->ev->cause_ns = clock__now_ns();
	if (s->state != ENDING && s->state != OVER) {
		wake(s, KTSTR_WAKE_SHUTDOWN);
		enter(s, STOPPING, SHUTDOWN_MS);
	}
}

static void on_deadline(struct session *s)
{
	uint64_t now = clock__now_ns();

	if (now < deadline(s))
		return;
	if (s->state == DECIDED)
		s->ev->stop = EVIDENCE_STOP_DECIDED;
	if (s->state != RUNNING) {
		s->state = OVER;
		return;
	}
	note_cause(s);
	s->ev->silent_ns = now - s->last_life_ns;
	if (s->ev->silent_ns >= s->opts->silence_ms * MS)
		s->ev->stop = EVIDENCE_STOP_SILENT;
	else
		s->ev->stop = EVIDENCE_STOP_ENDLESS;
	wake(s, KTSTR_WAKE_DUMP);
	enter(s, DUMPING, DUMP_MS);
}

static int source_fd(const struct session *s, enum source src)
{
	switch (src) {
	case SRC_TX:
		return vmm__tx_fd(s->vmm);
	case SRC_STATS:
		return vmm__stats_tx_fd(s->vmm);
	case SRC_SERIAL:
		return vmm__serial_fd(s->vmm);
	case SRC_END:
		return vmm__end_fd(s->vmm);
	case SRC_INTERRUPT:
		return s->opts->interrupt_fd;
	default:
		return s->timer;
	}
}

static void on_event(struct session *s, enum source src)
{
	switch (src) {
	case SRC_TX:
	case SRC_STATS:
	case SRC_SERIAL:
		clear_event(source_fd(s, src));
		return on_data(s, src);
	case SRC_END:
		note_cause(s);
		s->state = OVER;
		return;
	case SRC_INTERRUPT:
		return on_interrupt(s);
	default:
		/* Every turn looks at the deadline; the timer only ends the wait. */
		return clear_event(s->timer);
	}
}

static int turn(struct session *s)
{
	struct epoll_event events[NR_SRC];
	int n;

	timer_arm(s);
	n = epoll_wait(s->epoll, events, NR_SRC, s->more ? 0 : -1);
	if (n < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < n; i++)
		on_event(s, events[i].data.u32);
	for (int src = 0; src < NR_SRC; src++)
		if (s->more & 1u << src)
			on_data(s, src);
	if (s->state == RUNNING) {
		pinger__tick(&s->pinger, clock__now_ns());
		fault_switch__tick(&s->faults, clock__now_ns());
		if (s->opts->stats)
			stats_sampler__tick(s->opts->stats, clock__now_ns());
	}
	on_deadline(s);
	return 0;
}

static int watch(struct session *s)
{
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->epoll < 0 || s->timer < 0)
		return -errno;
	for (int src = 0; src < NR_SRC; src++) {
		struct epoll_event e = { .events = EPOLLIN, .data.u32 = src };
		int fd = source_fd(s, src);

		if (fd >= 0 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e))
			return -errno;
	}
	return 0;
}

/*
 * What is left in the stopped machine. An honest guest has at most full buffers and
 * a full ring there; a hostile one can have published terabytes.
 */
static void drain_all(struct session *s)
{
	unsigned int turns = LAST_TURNS;

	while (turns && drain(s, SRC_TX, KTSTR_PORT_BULK))
		turns--;
	s->ev->unread = !turns;
	while (drain(s, SRC_SERIAL, 1) | drain(s, SRC_SERIAL, 2))
		;
}

static void note_clock(struct session *s)
{
	struct vmm_clock c = { .sz = sizeof(c) };

	vmm__clock(s->vmm, &c);
	event_clock__machine(&s->ev->clock, &c);
}

static void finish(struct session *s)
{
	size_t residue;

	s->ev->machine_end = vmm__end(s->vmm, s->ev->machine_detail, sizeof(s->ev->machine_detail));
	vmm__stop(s->vmm);
	note_clock(s);
	s->state = OVER;
	fault_switch__end(&s->faults, clock__now_ns());
	if (s->opts->stats)
		stats_sampler__end(s->opts->stats, clock__now_ns());
	/* Twice: what the full buffers kept out comes in when they are empty. */
	drain_all(s);
	vmm__final_drain(s->vmm);
	drain_all(s);
	splat__finish(&s->ev->splats);
	assembler__residue(s->assembler, &residue);
	s->ev->residue = residue;
	s->ev->frames = *assembler__stats(s->assembler);
	s->ev->machine.sz = sizeof(s->ev->machine);
	vmm__stats(s->vmm, &s->ev->machine);
	s->ev->end_ns = clock__now_ns();
}

static int start(struct session *s, struct ktstr_error *e)
{
	int ret = watch(s);

	if (ret)
		return ktstr_error_set(e, ret, "cannot watch the machine: %s", strerror(-ret));
	/* Signals are for this thread: the machine's threads inherit the mask. */
	interrupt__mask_threads(true);
	ret = vmm__start(s->vmm, e);
	interrupt__mask_threads(false);
	note_clock(s);
	s->last_life_ns = clock__now_ns();
	return ret;
}

int session__run(const struct session_opts *opts, struct evidence *ev, struct ktstr_error *e)
{
	struct session *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	s->opts = opts;
	s->ev = ev;
	s->epoll = s->timer = -1;
	s->replies = (struct reply_frames){ .write = write_bulk, .arg = s };
	s->pinger = (struct pinger){ .clock = &ev->clock, .frames = &s->replies };
	s->faults = (struct fault_switch){
		.orders = opts->faults, .log = &ev->faults, .find = find_page, .arg = s,
	};
	ev->create_ns = clock__now_ns();
	s->assembler = assembler__new(on_frame, s);
	ret = s->assembler ? 0 : ktstr_error_set(e, -ENOMEM, "out of memory");
	if (ret)
		goto out_free;
	if (opts->stats)
		stats_sampler__connect(opts->stats, write_stats, s);
	ret = vmm__create(&s->vmm, opts->machine, e);
	if (ret)
		goto out_assembler;
	if (opts->created)
		opts->created(opts->created_arg);
	ret = start(s, e);
	if (ret)
		goto out_machine;
	while (!ret && s->state != OVER)
		ret = turn(s);
	if (ret)
		ktstr_error_set(e, ret, "waiting for the machine failed: %s", strerror(-ret));
	finish(s);
out_machine:
	vmm__destroy(s->vmm);
	if (s->timer >= 0)
		close(s->timer);
	if (s->epoll >= 0)
		close(s->epoll);
out_assembler:
	assembler__free(s->assembler);
out_free:
	free(s);
	return ret;
}
