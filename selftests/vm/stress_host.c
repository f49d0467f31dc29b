// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stress_host.h"

#define FEED_LOW	(32u << 10)	/* records are added below this */
#define FEED_CHUNK	256		/* records, one page */

static void take_stream(struct stress_stream *s, unsigned int port, const uint8_t *data,
			size_t len)
{
	size_t good;

	if (s->bad_at == STRESS_NEVER) {
		good = stream__check(STRESS_SEED_TX + port, s->got, data, len);
		if (good < len) {
			s->bad_at = s->got + good;
			s->was = data[good];
			stream__make(STRESS_SEED_TX + port, s->bad_at, &s->want, 1);
		}
	}
	s->got += len;
}

/* The guest echoes round by round: each line is the next one. */
static void take_line(struct stress *st)
{
	char want[64], ack[64];
	int n;

	snprintf(want, sizeof(want), "round %llu", (unsigned long long)st->rounds);
	if (strcmp(want, st->line)) {
		st->bad_line = true;
		return;
	}
	n = snprintf(ack, sizeof(ack), "ack %llu\n", (unsigned long long)st->rounds++);
	if (vmm__port_write(st->vm.vmm, KTSTR_PORT_CONSOLE, ack, n))
		st->bad_line = true;
}

static void take_console(struct stress *st, const char *data, size_t len)
{
	for (; len--; data++) {
		if (*data == '\n') {
			st->line[st->line_len] = '\0';
			take_line(st);
			st->line_len = 0;
		} else if (st->line_len < sizeof(st->line) - 1) {
			st->line[st->line_len++] = *data;
		}
	}
}

static void take_short(struct stress_short *s, const uint8_t *data, size_t len)
{
	while (len && !s->bad) {
		size_t n = len < s->left ? len : s->left;

		if (!s->left) {
			s->writer = STRESS_SHORT_WRITER(*data);
			s->left = STRESS_SHORT_LEN(*data) - 1;
			s->bad = s->left >= STRESS_SHORT_MAX;
			s->writes++;
			data++;
			len--;
			continue;
		}
		s->bad = stream__check(STRESS_SEED_VIMTO + s->writer, s->off[s->writer], data,
				       n) < n;
		s->off[s->writer] += n;
		s->left -= n;
		data += n;
		len -= n;
	}
}

static void on_port(void *arg, unsigned int port, const void *data, size_t len)
{
	struct stress *st = arg;

	if (port < 2 && st->shorts[port].on)
		take_short(&st->shorts[port], data, len);
	else if (port)
		take_stream(&st->stream[port], port, data, len);
	else
		take_console(st, data, len);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

int stress__boot(struct stress *st, const char *topology, const struct vm_file *more, int nr_more,
		 unsigned int timeout_s, struct ktstr_error *e)
{
	const char *path = getenv("KTSTR_GUEST_STRESS");
	struct vm_file files[8] = {
		{ .path = "/init" },
		{ .path = "/plan", .data = st->plan, .len = strlen(st->plan) },
	};
	int ret;

	st->start_ns = now_ns();
	for (int i = 0; i < nr_more; i++)
		files[2 + i] = more[i];
	for (int i = 0; i < KTSTR_NR_PORTS; i++)
		st->stream[i].bad_at = STRESS_NEVER;
	st->vm.on_port = on_port;
	st->vm.arg = st;
	files[0].data = vm_read_file(path ? path : "build/vm/guest_stress", &files[0].len);
	if (!files[0].data)
		return ktstr_error_set(e, -ENOENT, "guest_stress cannot be read");
	ret = vm__boot(&st->vm, topology, files, 2 + nr_more, timeout_s, e);
	free((void *)files[0].data);
	return ret;
}

bool stress__send(struct stress *st, unsigned int port, unsigned int nr, bool last)
{
	struct stress_record buf[FEED_CHUNK];
	struct stress_stream *s = &st->stream[port];

	if (nr > FEED_CHUNK)
		return false;
	for (unsigned int i = 0; i < nr; i++) {
		buf[i].seq = (s->seq + i) | (last && i == nr - 1 ? STRESS_LAST : 0);
		buf[i].check = stress_check(port, buf[i].seq);
	}
	if (vmm__port_write(st->vm.vmm, port, buf, nr * sizeof(buf[0])))
		return false;
	s->seq += nr;
	s->queued += nr * sizeof(buf[0]);
	return true;
}

bool stress__connect(struct stress *st, unsigned int port, bool open)
{
	st->stream[port].closed = !open;
	return !vmm__port_connect(st->vm.vmm, port, open);
}

bool stress__step(struct stress *st)
{
	for (unsigned int port = 1; st->feed && !st->vm.ended && port < KTSTR_NR_PORTS; port++)
		if (!st->stream[port].closed && vmm__port_pending(st->vm.vmm, port) < FEED_LOW &&
		    !stress__send(st, port, FEED_CHUNK, false))
			return false;
	return vm__step(&st->vm);
}

bool stress__wait(struct stress *st, const char *text)
{
	while (!strstr(st->vm.com[1], text))
		if (st->vm.ended || !stress__step(st))
			return false;
	return true;
}

bool stress__wait_end(struct stress *st)
{
	while (!st->vm.ended)
		if (!stress__step(st))
			return false;
	return true;
}

uint64_t stress__number(const struct stress *st, const char *text)
{
	const char *at = st->vm.com[1], *last = NULL;

	while ((at = strstr(at, text)))
		last = at += strlen(text);
	return last ? strtoull(last, NULL, 0) : STRESS_NEVER;
}

uint64_t stress__driver_errors(const struct stress *st)
{
	struct vmm_stats stats = { .sz = sizeof(stats) };

	vmm__stats(st->vm.vmm, &stats);
	return stats.driver_errors;
}

void stress__print(const struct stress *st, const char *begins)
{
	const char *at = st->vm.com[1];

	for (; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (!strncmp(at, begins, strlen(begins)))
			printf("# %.*s\n", (int)strcspn(at, "\n"), at);
	fflush(stdout);
}

static void print_streams(const struct stress *st)
{
	for (unsigned int p = 1; p < KTSTR_NR_PORTS; p++) {
		const struct stress_stream *s = &st->stream[p];

		printf("# port %u: %llu bytes received, %llu bytes queued for the guest\n", p,
		       (unsigned long long)s->got, (unsigned long long)s->queued);
		if (s->bad_at != STRESS_NEVER)
			printf("# port %u: byte %llu is %02x and should be %02x\n", p,
			       (unsigned long long)s->bad_at, s->was, s->want);
	}
	printf("# console: %llu rounds, \"%.*s\"\n", (unsigned long long)st->rounds,
	       (int)st->line_len, st->line);
}

void stress__finish(struct stress *st, bool failed)
{
	if (!st)
		return;
	if (failed)
		print_streams(st);
	vm__finish(&st->vm, failed);
	printf("# \"%s\": %.1f s\n", st->plan, (now_ns() - st->start_ns) / 1e9);
	/* The harness ends a test by _exit(). */
	fflush(stdout);
	free(st);
}
