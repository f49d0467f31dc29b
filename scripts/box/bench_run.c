// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run one VMM and watch it, for scripts/bench:
 *
 *	bench_run time|count RAM_MIB JSON -- VMM ARG...
 *
 * REDY is when the VMM says on descriptor 3, as raw frames of port 1, that the
 * guest is ready; if JSON is not "-" it is the file in which ktstr itself says
 * when that was. In mode "count", VM exits until then are counted from the
 * kernel's kvm tracepoints and memory is read from smaps, which both cost time:
 * so "time" does neither.
 *
 * "after_ready_ms" is from REDY to the VMM's end, if that was waited for, as it is with
 * JSON; "init_log_us" what the guest's kernel log says of the moment at which it ran init.
 *
 * Prints one JSON object; a number that could not be taken is null.
 */
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ktstr/wire.h>

#define TRACING		"/sys/kernel/tracing/"
#define GIVE_UP_MS	60000
#define SAMPLE_MS	100
#define NR_SAMPLES	1024

struct sample {
	int64_t at_ns;
	long beyond_kib;	/* resident and not guest RAM */
	long ram_kib;		/* size of the mapping that was taken for guest RAM */
};

struct run {
	bool count;
	long ram_mib;
	const char *json;
	pid_t pid;
	int out;
	int64_t start_ns;
	int64_t ready_ns;	/* CLOCK_MONOTONIC, 0 unknown */
	int64_t ended_ns;	/* when the VMM closed its output, 0 unknown */
	long init_log_us;	/* the kernel log's time of "Run /init", -1 unknown */
	struct sample samples[NR_SAMPLES];
	int nr_samples;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* tracing_set() - write a tracefs file; return: whether that worked */
static bool tracing_set(const char *file, const char *value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), TRACING "%s", file);
	f = fopen(path, "w");
	if (!f)
		return false;
	fputs(value, f);
	return !fclose(f);
}

/* The trace's clock is ours, so that its times can be compared with REDY's. */
static bool tracing_start(void)
{
	return tracing_set("trace_clock", "mono") && tracing_set("buffer_size_kb", "65536") &&
	       tracing_set("trace", "") && tracing_set("events/kvm/kvm_exit/enable", "1") &&
	       tracing_set("events/kvm/kvm_userspace_exit/enable", "1") &&
	       tracing_set("tracing_on", "1");
}

static void tracing_stop(void)
{
	tracing_set("tracing_on", "0");
	tracing_set("events/kvm/enable", "0");
}

/* trace_count() - events of a name until REDY */
static void trace_count(const struct run *r, long *exits, long *user_exits)
{
	FILE *f = fopen(TRACING "trace", "r");
	char line[512], *colon;

	*exits = *user_exits = f ? 0 : -1;
	while (f && fgets(line, sizeof(line), f)) {
		long *n = strstr(line, ": kvm_exit: ") ? exits :
			  strstr(line, ": kvm_userspace_exit: ") ? user_exits : NULL;

		if (!n)
			continue;
		colon = strstr(line, ": kvm_");
		while (colon > line && colon[-1] != ' ')
			colon--;
		*n += strtod(colon, NULL) * 1e9 <= r->ready_ns;
	}
	if (f)
		fclose(f);
}

/* One mapping is the guest's RAM: that which is as large. */
static void sample_memory(struct run *r)
{
	struct sample s = { .at_ns = now_ns() };
	char path[64], line[512];
	long size = 0, rss;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", r->pid);
	f = fopen(path, "r");
	if (!f || r->nr_samples == NR_SAMPLES)
		goto out;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Size: %ld kB", &size) == 1)
			continue;
		if (sscanf(line, "Rss: %ld kB", &rss) != 1)
			continue;
		if (size == r->ram_mib << 10)
			s.ram_kib += size;
		else
			s.beyond_kib += rss;
	}
	if (s.ram_kib)
		r->samples[r->nr_samples++] = s;
out:
	if (f)
		fclose(f);
}

static void start(struct run *r, char **argv)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		exit(1);
	r->start_ns = now_ns();
	r->pid = fork();
	if (r->pid < 0)
		exit(1);
	if (!r->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(fd[1], 1);
		dup2(fd[1], 3);	/* what QEMU's chardev is given */
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	close(fd[1]);
	r->out = fd[0];
}

/* look() - is REDY's header in what came? The last bytes are kept for the next look. */
static bool look(const char *buf, size_t len)
{
	struct ktstr_frame f;

	for (size_t i = 0; i + sizeof(f) <= len; i++) {
		memcpy(&f, buf + i, sizeof(f));
		if (f.magic == KTSTR_WIRE_MAGIC && f.type == KTSTR_T_REDY)
			return true;
	}
	return false;
}

/* look_for_init() - when did the kernel run init? Its log comes in one piece per batch. */
static void look_for_init(struct run *r, const char *buf, size_t len)
{
	static const char text[] = "Run /init as init process";
	const char *at = memmem(buf, len, text, sizeof(text) - 1);
	char head[64] = "";
	long us;

	for (const char *p = at; p && p > buf && at - p < (long)sizeof(head) - 1; p--)
		if (*p == '<') {
			memcpy(head, p, (size_t)(at - p));
			if (sscanf(head, "<%*u,%*u,%ld>", &us) == 1)
				r->init_log_us = us;
			return;
		}
}

/* watch() - read the VMM's output until REDY was seen or, with JSON, until it ends */
static void watch(struct run *r)
{
	static char buf[1 << 16];
	struct pollfd p = { .fd = r->out, .events = POLLIN };
	bool by_frames = !strcmp(r->json, "-");
	size_t len = 0, keep = sizeof(struct ktstr_frame) - 1;
	ssize_t n;

	while (now_ns() - r->start_ns < GIVE_UP_MS * 1000000LL) {
		if (r->count)
			sample_memory(r);
		if (poll(&p, 1, r->count ? SAMPLE_MS : GIVE_UP_MS) <= 0)
			continue;
		n = read(r->out, buf + len, sizeof(buf) - len);
		if (n <= 0) {
			r->ended_ns = now_ns();
			return;
		}
		len += n;
		look_for_init(r, buf, len);
		if (by_frames && look(buf, len)) {
			r->ready_ns = now_ns();
			return;
		}
		if (len > keep) {
			memmove(buf, buf + len - keep, keep);
			len = keep;
		}
	}
}

static void ready_from_json(struct run *r)
{
	json_t *j = json_load_file(r->json, 0, NULL), *v, *began;

	v = json_object_get(json_array_get(json_object_get(j, "runs"), 0), "boot");
	began = json_object_get(v, "began_mono_ns");
	v = json_object_get(v, "total_ns");
	if (json_is_integer(v) && json_is_integer(began) && json_integer_value(v) > 0)
		r->ready_ns = json_integer_value(began) + json_integer_value(v);
	json_decref(j);
}

/* beyond_ram() - KiB in the first sample after REDY, or -1 */
static long beyond_ram(const struct run *r)
{
	for (int i = 0; i < r->nr_samples; i++)
		if (r->samples[i].at_ns >= r->ready_ns && r->samples[i].ram_kib == r->ram_mib << 10)
			return r->samples[i].beyond_kib;
	return -1;
}

static void print_number(const char *name, double n, const char *end)
{
	if (n < 0)
		printf("\"%s\": null%s", name, end);
	else
		printf("\"%s\": %.0f%s", name, n, end);
}

int main(int argc, char **argv)
{
	static struct run r;
	long exits = -1, user_exits = -1;
	bool traced = false;

	if (argc < 6 || strcmp(argv[4], "--")) {
		fprintf(stderr, "usage: bench_run time|count RAM_MIB JSON -- VMM ARG...\n");
		return 2;
	}
	r.count = !strcmp(argv[1], "count");
	r.ram_mib = atol(argv[2]);
	r.json = argv[3];
	r.init_log_us = -1;
	if (r.count)
		traced = tracing_start();
	start(&r, argv + 5);
	watch(&r);
	if (r.count && r.ready_ns)
		sample_memory(&r);
	kill(r.pid, SIGKILL);
	waitpid(r.pid, NULL, 0);
	if (traced)
		tracing_stop();
	if (strcmp(r.json, "-"))
		ready_from_json(&r);
	if (traced && r.ready_ns)
		trace_count(&r, &exits, &user_exits);
	putchar('{');
	print_number("ready_ms", r.ready_ns ? (r.ready_ns - r.start_ns) / 1e6 : -1, ", ");
	print_number("after_ready_ms", r.ready_ns && r.ended_ns ?
		     (r.ended_ns - r.ready_ns) / 1e6 : -1, ", ");
	print_number("init_log_us", r.init_log_us, ", ");
	print_number("exits", exits, ", ");
	print_number("user_exits", user_exits, ", ");
	print_number("beyond_ram_kib", r.ready_ns ? beyond_ram(&r) : -1, "}\n");
	return 0;
}
