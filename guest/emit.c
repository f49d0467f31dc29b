// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frames that tell about the run.
 */
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bulk.h"
#include "clock.h"
#include "emit.h"
#include "kfile.h"

struct life_frame {
	struct ktstr_life life;
	char reason[512];
};

void outcome__set(struct outcome *o, uint32_t status, const char *fmt, ...)
{
	va_list ap;

	if (o->status != KTSTR_GUEST_DONE)
		return;
	o->status = status;
	va_start(ap, fmt);
	vsnprintf(o->reason, sizeof(o->reason), fmt, ap);
	va_end(ap);
}

void emit__life(enum ktstr_life_phase phase, const char *fmt, ...)
{
	struct life_frame f = {
		.life = { .phase = htole32(phase), .time_ns = htole64((uint64_t)now_ns()) },
	};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f.reason, sizeof(f.reason), fmt, ap);
	va_end(ap);
	bulk__send(KTSTR_T_LIFE, &f, sizeof(f.life) + strlen(f.reason));
}

void emit__alive(void)
{
	struct ktstr_life life = {
		.phase = htole32(KTSTR_LIFE_ALIVE),
		.time_ns = htole64((uint64_t)now_ns()),
	};

	bulk__try_send_later(KTSTR_T_LIFE, &life, sizeof(life));
}

/* Field 8 of the first line of /proc/stat, in clock ticks (proc_stat(5)). */
uint64_t emit__steal_ns(void)
{
	unsigned long long steal = 0;
	char line[256];

	if (kfile__read_line("/proc/stat", line, sizeof(line)) < 0)
		return 0;
	if (sscanf(line, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
		return 0;
	return steal * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

struct window_edge emit__edge(void)
{
	return (struct window_edge){
		.time_ns = now_ns(),
		/* All threads of PID 1; its workers and payloads are processes of their own. */
		.self_ns = (uint64_t)clock_ns(CLOCK_PROCESS_CPUTIME_ID),
	};
}

void emit__window(uint32_t type, const struct window_edge *edge,
		  const struct ktstr_sched_state *state)
{
	struct ktstr_window w = {
		.time_ns = htole64((uint64_t)edge->time_ns),
		.steal_ns = htole64(edge->steal_ns),
		.self_ns = htole64(edge->self_ns),
		.ops_ns = htole64(edge->ops_ns),
		.sched = *state,
	};

	bulk__send(type, &w, sizeof(w));
}

/*
 * Of an operation that ends the guest the host must know, so its beginning leaves at once.
 * That one went well can leave with the beginning of the next.
 */
static void send_step(uint32_t type, uint32_t index, int err, const char *text, bool later)
{
	struct {
		struct ktstr_step step;
		char text[KTSTR_OP_LINE_MAX];
	} f = {
		.step = {
			.index = htole32(index), .error = htole32((uint32_t)-err),
			.time_ns = htole64((uint64_t)now_ns()),
		},
	};
	size_t len = strnlen(text, sizeof(f.text));

	memcpy(f.text, text, len);
	if (!later || !bulk__try_send_later(type, &f, sizeof(f.step) + len))
		bulk__send(type, &f, sizeof(f.step) + len);
}

void emit__step_begin(uint32_t index, const struct ktstr_op *op)
{
	char line[KTSTR_OP_LINE_MAX];

	/* It was read from such a line, or checked like one. */
	if (ktstr_op__write(op, line, sizeof(line)) < 0)
		line[0] = '\0';
	send_step(KTSTR_T_STIM, index, 0, line, false);
}

void emit__step_end(uint32_t index, int err, const char *why, bool now)
{
	send_step(KTSTR_T_STEN, index, err, why, !err && !now);
}

void emit__test(const struct outcome *o)
{
	struct {
		struct ktstr_test_result result;
		char reason[sizeof(o->reason)];
	} f = { .result = { .status = htole32(o->status) } };
	size_t len = strlen(o->reason);

	memcpy(f.reason, o->reason, len);
	bulk__send(KTSTR_T_TEST, &f, sizeof(f.result) + len);
}

void emit__exec_exit(int wait_status)
{
	struct ktstr_exec_exit x = { .wait_status = htole32((uint32_t)wait_status) };

	bulk__send(KTSTR_T_EXCX, &x, sizeof(x));
}

void emit__exit(uint32_t code)
{
	struct ktstr_exit x = { .code = htole32(code) };

	bulk__send(KTSTR_T_EXIT, &x, sizeof(x));
}

void wait_status__describe(int wait_status, char *buf, size_t len)
{
	if (WIFSIGNALED(wait_status))
		snprintf(buf, len, "was killed by signal %d (%s)%s", WTERMSIG(wait_status),
			 strsignal(WTERMSIG(wait_status)),
			 WCOREDUMP(wait_status) ? ", core dumped" : "");
	else
		snprintf(buf, len, "exited with status %d", WEXITSTATUS(wait_status));
}
