// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event programs, the module and the kernel's trace events, switched on and off.
 *
 * guest/ attaches its programs once and for the life of a guest. Here they come and go,
 * so this has a loader of its own; objects, module and buffers are those of a session.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <ktstr/dev.h>
#include <ktstr/event.h>
#include <ktstr/plan.h>

#include "ktstr_events.skel.h"

#include "events_tracer.h"
#include "../../guest/bpf_load.h"
#include "../../guest/event_plain.h"

#define PROGS_MAX	32

/* Program and trace event for the same thing; the first is TRACER_SWITCH. */
static const struct {
	const char *prog;
	const char *event;
} sched_set[] = {
	{ "on_switch",	"sched_switch" },
	{ "on_waking",	"sched_waking" },
	{ "on_wakeup",	"sched_wakeup" },
	{ "on_new",	"sched_wakeup_new" },
	{ "on_migrate",	"sched_migrate_task" },
	{ "on_fork",	"sched_process_fork" },
	{ "on_exec",	"sched_process_exec" },
	{ "on_exit",	"sched_process_exit" },
};

#define NR_SCHED	(sizeof(sched_set) / sizeof(sched_set[0]))

/** struct programs - one copy of the event programs; @links of those that are attached */
struct programs {
	struct ktstr_events *skel;
	struct bpf_link *links[PROGS_MAX];
	int nr;
};

static struct programs with_module, without;
static struct ring_buffer *plain_ring;
static int dev = -1;

int tracer__dev(void)
{
	return dev;
}

/* Programs. */

static bool in_set(const char *name, enum tracer_set set)
{
	for (unsigned int i = 0; i < (set == TRACER_SWITCH ? 1 : NR_SCHED); i++)
		if (!strcmp(name, sched_set[i].prog))
			return true;
	return set == TRACER_ALL;
}

/* Those that are asked for their record are never attached: marks, the list of tasks. */
static bool attachable(const struct bpf_program *prog)
{
	return bpf_program__fd(prog) >= 0 && bpf_program__type(prog) == BPF_PROG_TYPE_TRACING &&
	       strncmp(bpf_program__section_name(prog), "iter/", 5);
}

/* Left out: two that not every kernel has a function for. */
static void programs__load(struct programs *p, enum tracer_set largest)
{
	static const char *const optional[] = { "on_throttle", "on_unthrottle" };
	struct bpf_program *prog;

	p->skel = ktstr_events__open();
	if (!p->skel)
		guest_die("the programs cannot be opened: %s", strerror(errno));
	/* As in a guest without the module, though nobody is woken here. */
	p->skel->rodata->plain_watermark = EVENT_PLAIN_WATERMARK;
	bpf_object__for_each_program(prog, p->skel->obj) {
		const char *name = bpf_program__name(prog);
		bool is_optional = !strcmp(name, optional[0]) || !strcmp(name, optional[1]);

		bpf_program__set_autoload(prog, in_set(name, largest) && !is_optional);
	}
	if (ktstr_events__load(p->skel))
		guest_die("the programs do not load: %s", strerror(errno));
}

static void programs__attach(struct programs *p, enum tracer_set set)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, p->skel->obj) {
		if (!attachable(prog) || !in_set(bpf_program__name(prog), set))
			continue;
		p->links[p->nr] = bpf_program__attach(prog);
		if (!p->links[p->nr++])
			guest_die("%s does not attach: %s", bpf_program__name(prog),
				  strerror(errno));
	}
}

static void programs__detach(struct programs *p)
{
	while (p->nr)
		bpf_link__destroy(p->links[--p->nr]);
}

/* Nobody. */

static void nothing(void)
{
}

static void off_on(enum tracer_set set)
{
	(void)set;
}

static void off_count(struct tracer_count *n)
{
	*n = (struct tracer_count) { 0 };
}

const struct tracer tracer_off = {
	.name = "off", .on = off_on, .off = nothing, .clear = nothing, .count = off_count,
};

/* ktstr.ko. */

static void ktstr_on(enum tracer_set set)
{
	if (ioctl(dev, KTSTR_IOC_ENABLE))
		guest_die("KTSTR_IOC_ENABLE: %s", strerror(errno));
	programs__attach(&with_module, set);
}

static void ktstr_off(void)
{
	programs__detach(&with_module);
	if (ioctl(dev, KTSTR_IOC_DISABLE))
		guest_die("KTSTR_IOC_DISABLE: %s", strerror(errno));
}

/* The account goes back to 0 only with recording off. */
static void ktstr_clear(void)
{
	if (ioctl(dev, KTSTR_IOC_DISABLE) || ioctl(dev, KTSTR_IOC_RESET) ||
	    ioctl(dev, KTSTR_IOC_ENABLE))
		guest_die("KTSTR_IOC_RESET: %s", strerror(errno));
}

static void ktstr_count(struct tracer_count *n)
{
	struct ktstr_dev_stats st;
	struct ktstr_dev_info info;

	*n = (struct tracer_count) { 0 };
	if (ioctl(dev, KTSTR_IOC_INFO, &info))
		guest_die("KTSTR_IOC_INFO: %s", strerror(errno));
	for (unsigned int cpu = 0; cpu < info.nr_cpus; cpu++) {
		st = (struct ktstr_dev_stats) { .cpu = cpu };
		if (ioctl(dev, KTSTR_IOC_STATS, &st) && errno != EINVAL)
			guest_die("KTSTR_IOC_STATS: %s", strerror(errno));
		n->stored += st.emitted - st.lost;
		n->lost += st.lost;
	}
}

const struct tracer tracer_ktstr = {
	.name = "ktstr", .on = ktstr_on, .off = ktstr_off, .clear = ktstr_clear,
	.count = ktstr_count,
};

/* The kernel's trace events. */

void tracer__put(const char *file, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), TRACEFS "%s", file);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		guest_die("%s: %s", path, strerror(errno));
	close(fd);
}

static void ftrace_events(enum tracer_set set, const char *value)
{
	char file[96];

	for (unsigned int i = 0; i < (set == TRACER_SWITCH ? 1 : NR_SCHED); i++) {
		snprintf(file, sizeof(file), "events/sched/%s/enable", sched_set[i].event);
		tracer__put(file, value);
	}
}

static void ftrace_on(enum tracer_set set)
{
	tracer__put("options/record-cmd", "1");
	ftrace_events(set, "1");
	tracer__put("tracing_on", "1");
}

static void ftrace_bare_on(enum tracer_set set)
{
	tracer__put("options/record-cmd", "0");
	ftrace_events(set, "1");
	tracer__put("tracing_on", "1");
}

static void ftrace_off(void)
{
	tracer__put("tracing_on", "0");
	ftrace_events(TRACER_SCHED, "0");
}

static void ftrace_clear(void)
{
	tracer__put("trace", "0");
}

static uint64_t stat_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void ftrace_count(struct tracer_count *n)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	char path[96], text[1024];
	ssize_t len;
	int fd;

	*n = (struct tracer_count) { 0 };
	for (long cpu = 0; cpu < cpus; cpu++) {
		snprintf(path, sizeof(path), TRACEFS "per_cpu/cpu%ld/stats", cpu);
		fd = open(path, O_RDONLY);
		len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		if (len < 0)
			guest_die("%s: %s", path, strerror(errno));
		close(fd);
		text[len] = '\0';
		n->stored += stat_of(text, "entries: ") + stat_of(text, "read events: ");
		n->lost += stat_of(text, "\noverrun: ") + stat_of(text, "commit overrun: ") +
			   stat_of(text, "dropped events: ");
	}
}

const struct tracer tracer_ftrace = {
	.name = "ftrace", .on = ftrace_on, .off = ftrace_off, .clear = ftrace_clear,
	.count = ftrace_count,
};

const struct tracer tracer_ftrace_bare = {
	.name = "ftrace-bare", .on = ftrace_bare_on, .off = ftrace_off, .clear = ftrace_clear,
	.count = ftrace_count,
};

/* BPF ring buffer. */

struct plain_account {
	uint64_t emitted, lost;
};

static struct plain_account plain_at;

static struct plain_account plain_account(void)
{
	int possible = libbpf_num_possible_cpus();
	struct bpf_load_count *all = calloc(possible, sizeof(*all));
	struct plain_account sum = { 0 };
	uint32_t zero = 0;

	/* The kernel writes as much as the programs' struct plain_count has. */
	if (bpf_map__value_size(without.skel->maps.plain_counts) != sizeof(*all))
		guest_die("struct bpf_load_count is not what bpf/emit.h says");
	if (!all || bpf_map_lookup_elem(bpf_map__fd(without.skel->maps.plain_counts), &zero, all))
		guest_die("the account of the BPF rings: %s", strerror(errno));
	for (int i = 0; i < possible; i++) {
		sum.emitted += all[i].emitted;
		sum.lost += all[i].lost;
	}
	free(all);
	return sum;
}

static int forget(void *ctx, void *data, size_t len)
{
	(void)ctx, (void)data, (void)len;
	return 0;
}

static void ringbuf_on(enum tracer_set set)
{
	without.skel->bss->plain_on = 1;
	programs__attach(&without, set);
}

static void ringbuf_off(void)
{
	programs__detach(&without);
}

static void ringbuf_clear(void)
{
	ring_buffer__consume(plain_ring);
	plain_at = plain_account();
}

static void ringbuf_count(struct tracer_count *n)
{
	struct plain_account now = plain_account();

	n->lost = now.lost - plain_at.lost;
	n->stored = now.emitted - plain_at.emitted - n->lost;
}

const struct tracer tracer_ringbuf = {
	.name = "ringbuf", .on = ringbuf_on, .off = ringbuf_off, .clear = ringbuf_clear,
	.count = ringbuf_count,
};

/* All together. */

static void make_ring(uint32_t cpu)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "bench", 0, 0, BUFFER_BYTES, NULL), err;

	if (fd < 0)
		guest_die("BPF ring buffer: %s", strerror(errno));
	err = bpf_map_update_elem(bpf_map__fd(without.skel->maps.plain_rings), &cpu, &fd, BPF_ANY);
	if (!err && plain_ring)
		err = ring_buffer__add(plain_ring, fd, forget, NULL);
	else if (!err)
		plain_ring = ring_buffer__new(fd, forget, NULL, NULL);
	if (err || !plain_ring)
		guest_die("BPF ring buffer of CPU %u: %s", cpu, strerror(errno));
}

static void load_module(void)
{
	uint64_t size = BUFFER_BYTES;
	int fd = open(KTSTR_MODULE_PATH, O_RDONLY | O_CLOEXEC);
	const char *params = getenv("bench_module") ?: KTSTR_MODULE_PARAMS;

	if (fd < 0 || syscall(SYS_finit_module, fd, params, 0))
		guest_die("%s: %s", KTSTR_MODULE_PATH, strerror(errno));
	close(fd);
	dev = open(KTSTR_DEV_NODE, O_RDWR | O_CLOEXEC);
	if (dev < 0 || ioctl(dev, KTSTR_IOC_SET_SIZE, &size))
		guest_die("%s: %s", KTSTR_DEV_NODE, strerror(errno));
}

void tracers__init(void)
{
	char kib[16];

	programs__load(&without, TRACER_SCHED);
	for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++)
		make_ring(cpu);
	load_module();
	programs__load(&with_module, TRACER_ALL);
	snprintf(kib, sizeof(kib), "%u", BUFFER_BYTES >> 10);
	tracer__put("buffer_size_kb", kib);
}
