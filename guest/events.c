// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: which path, when, and the accounts.
 */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ktstr/event_set.h>
#include <ktstr/wire.h>

#include "bpf_load.h"
#include "bulk.h"
#include "cgroup.h"
#include "clock_read.h"
#include "clock.h"
#include "event_flush.h"
#include "event_pages.h"
#include "event_plain.h"
#include "events.h"
#include "kfile.h"
#include "module.h"
#include "scx_counters.h"

#define PLAIN_BYTES	(256u << 10)		/* of a BPF ring, as ktstr.ko's buffers have */
#define TEXT_MAX	4096u

static struct {
	enum ktstr_event_path path;
	unsigned int nr_cpus;
	uint32_t page_size;
	uint32_t clock;
	bool types_asked;		/* not what the plan makes happen */
	uint64_t buffer_bytes;
	struct bpf_load_opts opts;	/* what is wanted */
	uint64_t attached;
	char text[TEXT_MAX];		/* what could not be had: lines */
	size_t text_len;
	struct event_flush flush;	/* writer's thread only, once it is started */
	struct ktstr_event_loss *loss;	/* every CPU's account; the main thread's */
	uint64_t told_lost;		/* sum of the last account that was sent */
	/* Between the main thread, which stops, and the writer of port 1, which empties. */
	pthread_mutex_t lock;
	pthread_cond_t empty;
	bool draining;			/* recording is off: everything is to be sent */
	bool drained;
} events = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .empty = PTHREAD_COND_INITIALIZER,
};

static void missing(const char *line)
{
	int n = snprintf(events.text + events.text_len, sizeof(events.text) - events.text_len,
			 "%s\n", line);

	if (n > 0 && (size_t)n < sizeof(events.text) - events.text_len)
		events.text_len += (size_t)n;
}

static void missing_step(const char *what, int err)
{
	char line[128];

	snprintf(line, sizeof(line), "%s: %s", what, strerror(-err));
	missing(line);
}

void events__load_module(enum ktstr_events_wish wish)
{
	char why[256];

	if (wish != KTSTR_WISH_MODULE && wish != KTSTR_WISH_AUTO)
		return;
	if (module__load(why, sizeof(why)))
		missing(why);
}

/* The writer's thread. */

static bool is_draining(void)
{
	return __atomic_load_n(&events.draining, __ATOMIC_ACQUIRE);
}

static void say_drained(void)
{
	event_flush__stop(&events.flush);
	pthread_mutex_lock(&events.lock);
	events.drained = true;
	pthread_cond_signal(&events.empty);
	pthread_mutex_unlock(&events.lock);
}

static enum bulk_pumped on_pump(void *arg, int port_fd)
{
	bool draining = is_draining(), flush, idle;
	enum bulk_pumped did;

	(void)arg;
	flush = event_flush__due(&events.flush) || draining;
	if (events.path == KTSTR_EVENTS_MODULE) {
		did = event_pages__pump(port_fd, flush);
		idle = event_pages__idle();
	} else {
		did = event_plain__pump(port_fd, flush);
		idle = event_plain__idle();
	}
	event_flush__did(&events.flush, did);
	/* It was off before this look, which found nothing: nothing can come any more. */
	if (draining && did == BULK_PUMP_IDLE && idle)
		say_drained();
	return did;
}

static void send_clock(void *arg, uint64_t id)
{
	struct ktstr_clock c;

	(void)arg;
	clock_read(&c, KTSTR_CLOCK_PING, id, module__fd());
	/* This thread empties the queue, next of all, so it must not wait for room in it. */
	bulk__try_send_later(KTSTR_T_CLCK, &c, sizeof(c));
}

static void on_ping(void *arg, uint64_t id)
{
	send_clock(arg, id);
	events__mark(KTSTR_MARK_PING, id);
}

static enum bulk_pumped no_pump(void *arg, int port_fd)
{
	(void)arg;
	(void)port_fd;
	return BULK_PUMP_IDLE;
}

static const struct bulk_source source = {
	.pump = on_pump, .ping = on_ping, .regular = true,
};
/* Before there are events, and in a guest without, pings are answered all the same. */
static const struct bulk_source no_source = { .pump = no_pump, .ping = send_clock };
/* And behind the last of them. */
static const struct bulk_source old_source = { .pump = no_pump, .ping = on_ping };

/* The main thread. */

static int start_module(void)
{
	struct ktstr_dev_info info;
	int fd = module__fd(), err;

	if (ioctl(fd, KTSTR_IOC_INFO, &info))
		return -errno;
	events.nr_cpus = info.nr_cpus;
	events.page_size = info.page_size;
	events.clock = info.clock;
	events.buffer_bytes = info.size;
	/* A watermark must be within reach: the module refuses more. */
	err = event_pages__start(info.nr_cpus, info.page_size,
				 info.size / 2 < EVENT_PAGES_WATERMARK ? info.size / 2 :
				 EVENT_PAGES_WATERMARK);
	if (!err && ioctl(fd, KTSTR_IOC_ENABLE))
		err = -errno;
	return err;
}

static int start_plain(void)
{
	events.nr_cpus = (unsigned int)sysconf(_SC_NPROCESSORS_CONF);
	events.page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	events.clock = KTSTR_CLOCK_MONO;
	events.buffer_bytes = PLAIN_BYTES;
	return event_plain__start(events.nr_cpus);
}

static int start_programs(void)
{
	int err;

	events.opts.plain_cpus = events.path == KTSTR_EVENTS_BPF ? events.nr_cpus : 0;
	err = bpf_load__start(&events.opts, &events.attached);
	if (err || events.path != KTSTR_EVENTS_BPF)
		return err;
	err = event_plain__watch();
	if (err)
		missing_step("the BPF rings cannot be waited for", err);
	else
		bpf_load__plain(true);
	return err;
}

static void send_info(void)
{
	static struct {
		struct ktstr_events_info info;
		char text[TEXT_MAX];
	} f;

	f.info.path = htole32(events.path);
	f.info.nr_cpus = htole32(events.nr_cpus);
	f.info.page_size = htole32(events.page_size);
	f.info.clock = htole32(events.clock);
	f.info.buffer_bytes = htole64(events.buffer_bytes);
	f.info.wanted = htole64(events.opts.events);
	f.info.attached = htole64(events.attached);
	f.info.filter = htole32((events.opts.cpus ? KTSTR_FILTER_CPUS : 0) |
				(events.opts.cgroup ? KTSTR_FILTER_CGROUP : 0) |
				(events.types_asked ? KTSTR_FILTER_TYPES : 0));
	clock_read(&f.info.at, KTSTR_CLOCK_BEGIN, 0, module__fd());
	memcpy(f.text, events.text, events.text_len);
	bulk__send(KTSTR_T_EVIN, &f, sizeof(f.info) + events.text_len);
}

static int start_accounts(void)
{
	free(events.loss);
	events.loss = calloc(events.nr_cpus, sizeof(*events.loss));
	return events.loss ? 0 : -ENOMEM;
}

/* Whatever fails is told: EVIN must say why there are no events. */
static int try_path(enum ktstr_event_path path)
{
	int err;

	events.path = path;
	err = path == KTSTR_EVENTS_MODULE ? start_module() : start_plain();
	if (err)
		missing_step(path == KTSTR_EVENTS_MODULE ?
			     "the pages of ktstr.ko cannot be had" :
			     "there is no memory for BPF ring buffers", err);
	if (!err) {
		err = start_accounts();
		if (err)
			missing_step("there is no memory for the accounts of the events", err);
	}
	/* These tell it themselves. */
	if (!err)
		err = start_programs();
	if (!err) {
		err = event_flush__init(&events.flush);
		if (err)
			missing_step("there is no timer for the events", err);
	}
	return err;
}

/* Behind the reasons why there are none: of those the host shows the first only. */
static void tell_filter(const struct guest_plan_filter *filter)
{
	char line[KTSTR_CGROUP_PATH_MAX + 32];

	if (filter->types_text) {
		snprintf(line, sizeof(line), "only %.250s", filter->types_text);
		missing(line);
	}
	if (filter->cpus_text) {
		snprintf(line, sizeof(line), "only what happens on CPUs %.200s", filter->cpus_text);
		missing(line);
	}
	if (filter->cgroup) {
		snprintf(line, sizeof(line), "only of tasks in cgroup /%s", filter->cgroup);
		missing(line);
	}
}

/* Before the programs: they are built around their filters. */
static int set_filter(const struct guest_plan_filter *filter)
{
	static struct cpu_mask cpus;
	struct ktstr_error e;
	int err = 0;

	events.types_asked = filter->types_text;
	events.opts = (struct bpf_load_opts) {
		/* Without marks nobody could tell window and losses. */
		.events = filter->types | 1ull << KTSTR_EV_MARK,
		.plain_bytes = PLAIN_BYTES, .plain_watermark = EVENT_PLAIN_WATERMARK,
		.missing = missing,
	};
	if (filter->cpus_text) {
		cpus = filter->cpus;
		events.opts.cpus = &cpus;
	}
	if (filter->cgroup)
		err = cgroup__make(filter->cgroup, &events.opts.cgroup, &events.opts.cgroup_level,
				   &e);
	if (err)
		missing(e.msg);
	return err;
}

static int start_path(enum ktstr_event_path path)
{
	int err = try_path(path);

	if (!err)
		return 0;
	/* Nobody empties what it would record. */
	if (path == KTSTR_EVENTS_MODULE)
		ioctl(module__fd(), KTSTR_IOC_DISABLE);
	events.path = KTSTR_EVENTS_OFF;
	events.attached = 0;
	return err;
}

void events__answer_pings(void)
{
	bulk__set_source(&no_source);
}

static bool wanted(enum ktstr_event_type type)
{
	return events.opts.events & 1ull << type;
}

/* Who was there before the programs. */
static void tell_old(const struct guest_plan_filter *filter)
{
	char path[KTSTR_CGROUP_PATH_MAX + 2];

	snprintf(path, sizeof(path), "/%s", filter->cgroup ? filter->cgroup : "");
	if (filter->cgroup && wanted(KTSTR_EV_CGROUP) &&
	    bpf_load__cgroup(events.opts.cgroup, path))
		kfile__note("the cgroup %s has no name in the events", path);
	if (wanted(KTSTR_EV_TASK) && bpf_load__tasks())
		kfile__note("the tasks that were there cannot be listed");
}

void events__start(enum ktstr_events_wish wish, const struct guest_plan_filter *filter)
{
	int err;

	if (wish == KTSTR_WISH_OFF)
		return;
	err = set_filter(filter);
	if (!err)
		err = module__fd() >= 0 ? start_path(KTSTR_EVENTS_MODULE) : -ENOLINK;
	/* Programs that fail with the module would fail without, but for its functions. */
	if (err == -ENOLINK && wish != KTSTR_WISH_MODULE)
		start_path(KTSTR_EVENTS_BPF);
	tell_filter(filter);
	send_info();
	/* EVIN is in the queue, and what the source sends comes behind it. */
	if (events.path == KTSTR_EVENTS_OFF)
		return;
	event_flush__start(&events.flush);
	bulk__set_source(&source);
	tell_old(filter);
}

void events__mark(uint64_t id, uint64_t arg)
{
	if (events.path != KTSTR_EVENTS_OFF && bpf_load__mark(id, arg))
		kfile__note("a mark of the event stream is missing");
}

void events__scx_counters(void)
{
	if (events.path != KTSTR_EVENTS_OFF)
		scx_counters__tell(SCX_COUNTERS_PATH, bpf_load__scx_counter);
}

static int module_accounts(struct ktstr_event_loss *loss)
{
	for (unsigned int cpu = 0; cpu < events.nr_cpus; cpu++) {
		struct ktstr_dev_stats st = { .cpu = cpu };

		if (ioctl(module__fd(), KTSTR_IOC_STATS, &st) && errno != EINVAL)
			return -errno;
		loss[cpu].emitted = htole64(st.emitted);
		loss[cpu].lost = htole64(st.lost);
		loss[cpu].sent = htole64(st.read);
	}
	return 0;
}

static int plain_accounts(struct ktstr_event_loss *loss)
{
	struct bpf_load_count *counts = calloc(events.nr_cpus, sizeof(*counts));
	int err = counts ? bpf_load__counts(counts, events.nr_cpus) : -ENOMEM;

	for (unsigned int cpu = 0; !err && cpu < events.nr_cpus; cpu++) {
		loss[cpu].emitted = htole64(counts[cpu].emitted);
		loss[cpu].lost = htole64(counts[cpu].lost);
		loss[cpu].sent = htole64(event_plain__sent(cpu));
	}
	free(counts);
	return err;
}

/* Return: the records that were lost on all CPUs together, or a negative errno. */
static int64_t read_accounts(struct ktstr_event_loss *loss, uint32_t flags)
{
	int err = events.path == KTSTR_EVENTS_MODULE ? module_accounts(loss) :
						      plain_accounts(loss);
	uint64_t lost = 0;

	if (err)
		return err;
	for (unsigned int cpu = 0; cpu < events.nr_cpus; cpu++) {
		loss[cpu].cpu = htole32(cpu);
		loss[cpu].flags = htole32(flags);
		lost += le64toh(loss[cpu].lost);
	}
	return (int64_t)lost;
}

/*
 * Events are lost when the host is slow, and then the queue is full as well: this thread
 * has a scheduler to watch, and does not wait. It is tried again with every tick.
 */
static void tell_losses(void)
{
	int64_t lost = read_accounts(events.loss, 0);

	if (lost > 0 && (uint64_t)lost != events.told_lost &&
	    bulk__try_send_later(KTSTR_T_EVLS, events.loss,
				 events.nr_cpus * sizeof(*events.loss)))
		events.told_lost = (uint64_t)lost;
}

static void send_final_accounts(void)
{
	int64_t err = read_accounts(events.loss, KTSTR_LOSS_FINAL);

	if (err < 0)
		kfile__note("the account of the events cannot be read: %s", strerror((int)-err));
	else
		bulk__send(KTSTR_T_EVLS, events.loss, events.nr_cpus * sizeof(*events.loss));
}

void events__tick(void)
{
	if (events.path != KTSTR_EVENTS_OFF)
		tell_losses();
}

static void stop_recording(void)
{
	if (events.path == KTSTR_EVENTS_BPF)
		bpf_load__plain(false);
	else if (ioctl(module__fd(), KTSTR_IOC_DISABLE))
		kfile__note("recording cannot be switched off: %s", strerror(errno));
}

void events__stop(void)
{
	struct ktstr_clock c;
	uint64_t skipped;

	if (events.path == KTSTR_EVENTS_OFF)
		return;
	stop_recording();
	clock_read(&c, KTSTR_CLOCK_END, 0, module__fd());
	__atomic_store_n(&events.draining, true, __ATOMIC_RELEASE);
	bulk__kick();
	pthread_mutex_lock(&events.lock);
	while (!events.drained)
		pthread_cond_wait(&events.empty, &events.lock);
	pthread_mutex_unlock(&events.lock);
	bulk__set_source(&old_source);
	bulk__send(KTSTR_T_CLCK, &c, sizeof(c));
	send_final_accounts();
	skipped = bpf_load__skipped();
	if (skipped)
		kfile__note("the kernel skipped %llu calls of event programs: events are missing",
			    (unsigned long long)skipped);
}
