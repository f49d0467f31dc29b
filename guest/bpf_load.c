// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading the event programs with libbpf.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "ktstr_events.skel.h"

#include "bpf_load.h"

#define PROGS_MAX	32
#define CPUS_MAX	512	/* PLAIN_CPUS_MAX of bpf/emit.h */

/* Which event a program tells: 0, none, it is always loaded. */
static const struct event_prog {
	const char *name;
	uint64_t events;
} event_progs[] = {
	{ "on_switch",		1ull << KTSTR_EV_SWITCH },
	{ "on_waking",		1ull << KTSTR_EV_WAKING },
	{ "on_wakeup",		1ull << KTSTR_EV_WAKEUP },
	{ "on_new",		1ull << KTSTR_EV_NEW },
	{ "on_migrate",		1ull << KTSTR_EV_MIGRATE },
	{ "on_fork",		1ull << KTSTR_EV_FORK },
	{ "on_exec",		1ull << KTSTR_EV_EXEC },
	{ "on_exit",		1ull << KTSTR_EV_EXIT },
	{ "on_cgroup_attach",	1ull << KTSTR_EV_CGROUP_ATTACH },
	{ "on_cgroup",		1ull << KTSTR_EV_CGROUP },
	{ "on_cgroup_name",	1ull << KTSTR_EV_CGROUP },
	{ "on_task",		1ull << KTSTR_EV_TASK },
	{ "on_idle",		1ull << KTSTR_EV_IDLE },
	{ "on_nice",		1ull << KTSTR_EV_PRIO },
	{ "on_policy",		1ull << KTSTR_EV_PRIO },
	{ "on_boost",		1ull << KTSTR_EV_PRIO },
	{ "on_affinity",	1ull << KTSTR_EV_AFFINITY },
	{ "on_throttle",	1ull << KTSTR_EV_THROTTLE },
	{ "on_unthrottle",	1ull << KTSTR_EV_THROTTLE },
	{ "on_cpu_leaves",	1ull << KTSTR_EV_CPU },
	{ "on_cpu_stays",	1ull << KTSTR_EV_CPU },
	{ "on_cpu_dead",	1ull << KTSTR_EV_CPU },
	{ "on_cpu_starts",	1ull << KTSTR_EV_CPU },
	{ "on_cpu_active",	1ull << KTSTR_EV_CPU },
	{ "on_mark",		1ull << KTSTR_EV_MARK },
	{ "on_path",		0 },
	{ "on_symbols",		1ull << KTSTR_EV_SCX_STATE },
	{ "on_scx_enable",	1ull << KTSTR_EV_SCX_STATE },
	{ "on_scx_disable",	1ull << KTSTR_EV_SCX_STATE },
	{ "on_scx_dispatch",	1ull << KTSTR_EV_SCX_DISPATCH },
	{ "on_scx_counter",	1ull << KTSTR_EV_SCX_COUNTER },
};

#define NR_PROGS	(sizeof(event_progs) / sizeof(event_progs[0]))

_Static_assert(NR_PROGS <= PROGS_MAX, "a bit for every program");

static struct {
	const struct bpf_load_opts *opts;
	struct ktstr_events *skel;
	uint32_t out;			/* programs that were left out: bits of event_progs[] */
	char failed[32];		/* the program that libbpf named last */
	char last_words[256];		/* and what it said first of it */
	bool (*take)(const void *rec, size_t len);
	struct ring_buffer *rings[CPUS_MAX];
	int ring0;			/* descriptor of CPU 0's */
} load;

static void __attribute__((format(printf, 1, 2))) missing(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	load.opts->missing(line);
}

/* libbpf names the program it failed with in words only. */
static int on_print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	if (!load.last_words[0])
		snprintf(load.last_words, sizeof(load.last_words), "%.255s", line);
	if (strstr(line, "prog '"))
		sscanf(strstr(line, "prog '"), "prog '%31[^']'", load.failed);
	return 0;
}

static struct bpf_program *prog_of(unsigned int i)
{
	return bpf_object__find_program_by_name(load.skel->obj, event_progs[i].name);
}

static bool is_out(unsigned int i)
{
	return load.out & 1u << i;
}

static void leave_out(unsigned int i, const char *why)
{
	load.out |= 1u << i;
	missing("%s: %s", event_progs[i].name, why);
}

/* Does the kernel's BTF have what this program attaches to? */
static bool has_target(const struct btf *btf, const char *section)
{
	const char *name = strchr(section, '/');
	char type[128];

	if (!name || !strncmp(section, "iter/", 5))
		return true;
	if (strncmp(section, "tp_btf/", 7))
		return btf__find_by_name_kind(btf, name + 1, BTF_KIND_FUNC) > 0;
	snprintf(type, sizeof(type), "btf_trace_%s", name + 1);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

/* Return: was there anything to leave out? */
static bool leave_out_untargeted(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	uint32_t before = load.out;
	char why[160];

	if (!btf)
		return false;
	for (unsigned int i = 0; i < NR_PROGS; i++) {
		const char *section = bpf_program__section_name(prog_of(i));

		if (is_out(i) || has_target(btf, section))
			continue;
		snprintf(why, sizeof(why), "this kernel has no %.128s", section);
		leave_out(i, why);
	}
	btf__free(btf);
	return load.out != before;
}

static bool leave_out_failed(void)
{
	for (unsigned int i = 0; i < NR_PROGS; i++)
		if (!is_out(i) && !strcmp(event_progs[i].name, load.failed)) {
			leave_out(i, load.last_words);
			return true;
		}
	return false;
}

static int on_ring(void *ctx, void *data, size_t len)
{
	(void)ctx;
	return load.take(data, len) ? 0 : -ENOSPC;
}

static int make_ring(uint32_t cpu, int *fd)
{
	*fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ktstr_plain", 0, 0, load.opts->plain_bytes,
			     NULL);
	if (*fd < 0)
		return *fd;
	load.rings[cpu] = ring_buffer__new(*fd, on_ring, NULL, NULL);
	return load.rings[cpu] ? 0 : -errno;
}

static int make_rings(void)
{
	int map = bpf_map__fd(load.skel->maps.plain_rings), fds[CPUS_MAX] = { -1 }, err = 0;
	uint32_t cpus[CPUS_MAX], nr = load.opts->plain_cpus;

	if (nr > CPUS_MAX)
		return -E2BIG;
	for (uint32_t cpu = 0; !err && cpu < nr; cpu++) {
		cpus[cpu] = cpu;
		err = make_ring(cpu, &fds[cpu]);
	}
	load.ring0 = fds[0];
	/* In one call: the kernel waits for a grace period in each. */
	if (!err && nr && bpf_map_update_batch(map, cpus, fds, &nr, NULL))
		err = -errno;
	return err;
}

static void set_filters(const struct bpf_load_opts *opts)
{
	struct ktstr_events__rodata *ro = load.skel->rodata;

	_Static_assert(sizeof(ro->filter_cpus) == sizeof(opts->cpus->bits), "the same CPUs");
	ro->filter_events = opts->events;
	ro->filter_by_cpu = !!opts->cpus;
	if (opts->cpus)
		memcpy((void *)ro->filter_cpus, opts->cpus->bits, sizeof(ro->filter_cpus));
	ro->filter_cgroup = opts->cgroup;
	ro->filter_cgroup_level = opts->cgroup_level;
	ro->plain_only = opts->plain_cpus > 0;
	ro->plain_watermark = opts->plain_watermark;
}

static int open_and_load(void)
{
	load.failed[0] = load.last_words[0] = '\0';
	load.skel = ktstr_events__open();
	if (!load.skel)
		return -errno;
	set_filters(load.opts);
	for (unsigned int i = 0; i < NR_PROGS; i++)
		bpf_program__set_autoload(prog_of(i), !is_out(i) &&
					  (!event_progs[i].events ||
					   event_progs[i].events & load.opts->events));
	return ktstr_events__load(load.skel);
}

/*
 * One program that this kernel does not take fails them all, so the culprit is
 * left out and the rest are tried again: each time one program fewer.
 */
static int load_what_can_be(void)
{
	bool looked = false, fewer;
	int err;

	for (;;) {
		err = open_and_load();
		if (!err)
			return 0;
		fewer = load.skel && !looked && leave_out_untargeted();
		looked = true;
		fewer = fewer || leave_out_failed();
		ktstr_events__destroy(load.skel);
		load.skel = NULL;
		if (!fewer)
			break;
	}
	missing("the event programs do not load: %s",
		load.last_words[0] ? load.last_words : strerror(-err));
	return err;
}

static bool is_asked(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_SYSCALL ||
	       !strncmp(bpf_program__section_name(prog), "iter/", 5);
}

static void attach_all(uint64_t *attached)
{
	uint64_t lacking = 0;
	char why[160];

	for (unsigned int i = 0; i < NR_PROGS; i++) {
		struct bpf_program *prog = prog_of(i);

		/* An event of two programs is told only if both work. */
		if (is_out(i))
			lacking |= event_progs[i].events;
		if (bpf_program__fd(prog) < 0)
			continue;
		if (!is_asked(prog) && !bpf_program__attach(prog)) {
			snprintf(why, sizeof(why), "does not attach to %.80s: %s",
				 bpf_program__section_name(prog), strerror(errno));
			leave_out(i, why);
			lacking |= event_progs[i].events;
			continue;
		}
		*attached |= event_progs[i].events;
	}
	*attached &= ~lacking;
}

/* A kfunc that is not found is no error to libbpf: the records would go nowhere. */
static int check_path(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err;

	if (load.opts->plain_cpus)
		return 0;
	err = bpf_prog_test_run_opts(bpf_program__fd(load.skel->progs.on_path), &opts);
	if (!err && opts.retval)
		return 0;
	missing("the programs do not find ktstr.ko's functions: build the kernel with CONFIG_DEBUG_INFO_BTF_MODULES=y and the module with its BTF");
	return -ENOLINK;
}

/* What is not found is left out of the records, as on a kernel without sched_ext. */
static void find_symbols(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int fd = bpf_program__fd(load.skel->progs.on_symbols);

	if (fd >= 0)
		bpf_prog_test_run_opts(fd, &opts);
}

int bpf_load__start(const struct bpf_load_opts *opts, uint64_t *attached)
{
	int err;

	*attached = 0;
	load.opts = opts;
	libbpf_set_print(on_print);
	err = load_what_can_be();
	if (err)
		return err;
	err = check_path();
	if (!err) {
		err = make_rings();
		if (err)
			missing("no BPF ring buffers for %u CPUs: %s", opts->plain_cpus,
				strerror(-err));
	}
	if (err) {
		ktstr_events__destroy(load.skel);
		load.skel = NULL;
		return err;
	}
	find_symbols();
	attach_all(attached);
	return 0;
}

void bpf_load__plain(bool on)
{
	uint32_t zero = 0;

	__atomic_store_n(&load.skel->bss->plain_on, on, __ATOMIC_RELEASE);
	/*
	 * Whoever saw it on is done when a map of maps was changed: the kernel waits for
	 * programs in there (kernel/bpf/syscall.c, maybe_wait_bpf_programs()).
	 */
	if (!on && bpf_map_update_elem(bpf_map__fd(load.skel->maps.plain_rings), &zero,
				       &load.ring0, BPF_ANY))
		missing("the last records of the BPF rings cannot be waited for");
}

int bpf_load__tasks(void)
{
	struct bpf_link *link;
	char buf[256];
	int fd, n;

	if (bpf_program__fd(load.skel->progs.on_task) < 0)
		return -ENOENT;
	link = bpf_program__attach_iter(load.skel->progs.on_task, NULL);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	n = fd < 0 ? fd : 0;
	/* The program writes nothing to the file: reading it to its end is what runs it. */
	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		;
	n = n < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return n;
}

static int run(const struct bpf_program *prog, void *ctx, uint32_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = ctx, .ctx_size_in = len);
	int fd = bpf_program__fd(prog);

	return fd < 0 ? -ENOENT : bpf_prog_test_run_opts(fd, &opts);
}

int bpf_load__mark(uint64_t id, uint64_t arg)
{
	struct ktstr_ev_mark mark = { .id = id, .arg = arg };

	return load.skel ? run(load.skel->progs.on_mark, &mark, sizeof(mark)) : -ENOENT;
}

int bpf_load__cgroup(uint64_t id, const char *path)
{
	struct ktstr_ev_cgroup ev = { .id = id };

	snprintf(ev.path, sizeof(ev.path), "%s", path);
	return load.skel ? run(load.skel->progs.on_cgroup_name, &ev, sizeof(ev)) : -ENOENT;
}

int bpf_load__scx_counter(struct ktstr_ev_scx_counter *ev)
{
	return load.skel ? run(load.skel->progs.on_scx_counter, ev, sizeof(*ev)) : -ENOENT;
}

static struct ring *ring_of(unsigned int cpu)
{
	return ring_buffer__ring(load.rings[cpu], 0);
}

int bpf_load__ring_fd(unsigned int cpu)
{
	return ring__map_fd(ring_of(cpu));
}

size_t bpf_load__waiting(unsigned int cpu)
{
	return ring__avail_data_size(ring_of(cpu));
}

void bpf_load__consume(unsigned int cpu, bool (*take)(const void *rec, size_t len))
{
	load.take = take;
	/* Its result is that of on_ring(), or how many there were. */
	ring_buffer__consume(load.rings[cpu]);
}

int bpf_load__counts(struct bpf_load_count *counts, unsigned int nr)
{
	int map = bpf_map__fd(load.skel->maps.plain_counts), possible = libbpf_num_possible_cpus();
	struct bpf_load_count *all;
	uint32_t zero = 0;
	int err = 0;

	if (possible < 0)
		return possible;
	/* The kernel writes as much as the programs' struct plain_count has. */
	if (bpf_map__value_size(load.skel->maps.plain_counts) != sizeof(*all))
		return -EPROTO;
	all = calloc(possible, sizeof(*all));
	if (!all)
		return -ENOMEM;
	if (bpf_map_lookup_elem(map, &zero, all))
		err = -errno;
	for (unsigned int cpu = 0; !err && cpu < nr; cpu++)
		counts[cpu] = cpu < (unsigned int)possible ? all[cpu] :
				(struct bpf_load_count) { 0 };
	free(all);
	return err;
}

uint64_t bpf_load__skipped(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; load.skel && i < NR_PROGS; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);
		int fd = bpf_program__fd(prog_of(i));

		if (fd >= 0 && !bpf_prog_get_info_by_fd(fd, &info, &len))
			sum += info.recursion_misses;
	}
	return sum;
}
