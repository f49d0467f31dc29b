// SPDX-License-Identifier: GPL-2.0-only
/*
 * Payloads: real programs that a test runs.
 */
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/plan.h>
#include <ktstr/wire.h>
#include <ktstr/words.h>

#include "bulk.h"
#include "child.h"
#include "clock.h"
#include "kfile.h"
#include "loop.h"
#include "payloads.h"
#include "relay.h"

#define STOP_MS		2000u	/* from SIGTERM to SIGKILL, and from there to death */

struct payload {
	struct payload *next;
	char name[KTSTR_OP_NAME_MAX];
	uint32_t index;
	struct child child;
	struct relay out, err;
	bool told;		/* PLDX is sent */
	bool expected;		/* we ended it */
};

static struct payload *payloads;

static int start_relay(struct relay *r, uint32_t index, uint32_t stream)
{
	struct ktstr_payload_output head = { htole32(index), htole32(stream) };

	_Static_assert(sizeof(head) == sizeof(r->head), "a frame's head fits");
	memcpy(r->head, &head, sizeof(head));
	r->head_len = sizeof(head);
	return relay__start(r, KTSTR_T_RAWO);
}

static int spawn(struct payload *p, char *const argv[], const struct child_place *place)
{
	int err = start_relay(&p->out, p->index, 1);

	if (err)
		return err;
	err = start_relay(&p->err, p->index, 2);
	if (err)
		goto finish_out;
	err = child__spawn_at(&p->child, argv, p->out.write_fd, p->err.write_fd, place);
	if (err)
		goto finish_err;
	relay__started(&p->out);
	relay__started(&p->err);
	return 0;

finish_err:
	relay__finish(&p->err);
finish_out:
	relay__finish(&p->out);
	return err;
}

int payloads__run(uint32_t index, const struct ktstr_op *op, bool ext, struct ktstr_error *e)
{
	struct payload *p = calloc(1, sizeof(*p));
	struct child_place place = { .ext = ext };
	struct ktstr_words argv;
	char procs[PATH_MAX];
	int err;

	if (!p)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	err = ktstr_words__split(&argv, op->cmd, e);
	if (err)
		goto free;
	if (*op->cgroup) {
		snprintf(procs, sizeof(procs), KTSTR_CGROUP_ROOT "/%s/cgroup.procs", op->cgroup);
		place.procs = procs;
	}
	p->index = index;
	snprintf(p->name, sizeof(p->name), "%s", op->name);
	err = spawn(p, argv.v, &place);
	if (err)
		ktstr_error_set(e, err, "cannot start a process for %.200s: %s", argv.v[0],
				strerror(-err));
	ktstr_words__free(&argv);
	if (err)
		goto free;
	p->next = payloads;
	payloads = p;
	return 0;
free:
	free(p);
	return err;
}

/* The one that was started last: a name can be used again when its payload has ended. */
static struct payload *find(const char *name)
{
	struct payload *p;

	for (p = payloads; p; p = p->next)
		if (!strcmp(p->name, name))
			break;
	return p;
}

static void say_not_executed(const struct payload *p, int err)
{
	struct {
		struct ktstr_payload_output head;
		char text[128];
	} f = { .head = { htole32(p->index), htole32(2) } };
	int n = snprintf(f.text, sizeof(f.text), "ktstr: cannot execute the payload %s: %s\n",
			 p->name, strerror(err));

	bulk__send(KTSTR_T_RAWO, &f, sizeof(f.head) + (size_t)n);
}

static uint64_t timeval_ns(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * NSEC_PER_SEC + (uint64_t)tv->tv_usec * 1000;
}

/* All that it wrote, then how it ended. */
static void tell(struct payload *p)
{
	struct ktstr_payload_exit x = {
		.index = htole32(p->index),
		.wait_status = htole32((uint32_t)p->child.status),
		.expected = htole32(p->expected),
		.start_ns = htole64((uint64_t)p->child.started_ns),
		.end_ns = htole64((uint64_t)p->child.died_ns),
		.user_ns = htole64(timeval_ns(&p->child.used.ru_utime)),
		.system_ns = htole64(timeval_ns(&p->child.used.ru_stime)),
	};

	if (p->told)
		return;
	p->told = true;
	/* What it left behind in its process group is no longer of use. */
	child__kill_group(&p->child, SIGKILL);
	relay__finish(&p->out);
	relay__finish(&p->err);
	if (child__exec_error(&p->child))
		say_not_executed(p, child__exec_error(&p->child));
	bulk__send(KTSTR_T_PLDX, &x, sizeof(x));
	child__forget(&p->child);
}

struct wait {
	struct payload *p;
	bool (*broken)(void *arg);
};

static bool wait_over(void *arg)
{
	struct wait *w = arg;

	return w->p->child.dead || w->broken(NULL);
}

int payloads__wait(const char *name, uint64_t ms, bool (*broken)(void *arg),
		   struct ktstr_error *e)
{
	struct wait w = { .p = find(name), .broken = broken };

	if (!w.p)
		return ktstr_error_set(e, -ENOENT, "no payload %s was started", name);
	if (w.p->told)
		return 0;
	if (loop__until(wait_over, &w, ms ? deadline_ns((uint32_t)ms) : LOOP_FOREVER))
		return ktstr_error_set(e, -ETIMEDOUT, "the payload %s did not end within %llu ms",
				       name, (unsigned long long)ms);
	if (!w.p->child.dead)
		return ktstr_error_set(e, -ECANCELED, "the window ended early");
	tell(w.p);
	return 0;
}

static void stop(struct payload *p)
{
	if (p->told)
		return;
	if (!p->child.dead) {
		p->expected = true;
		child__kill_group(&p->child, SIGTERM);
		loop__until(child__is_dead, &p->child, deadline_ns(STOP_MS));
	}
	if (!p->child.dead) {
		child__kill_group(&p->child, SIGKILL);
		loop__until(child__is_dead, &p->child, deadline_ns(STOP_MS));
	}
	if (p->child.dead)
		tell(p);
	else
		kfile__note("payload %s survives SIGKILL", p->name);
}

int payloads__kill(const char *name, struct ktstr_error *e)
{
	struct payload *p = find(name);

	if (!p)
		return ktstr_error_set(e, -ENOENT, "no payload %s was started", name);
	stop(p);
	return 0;
}

void payloads__end(void)
{
	struct payload *next;

	for (struct payload *p = payloads; p; p = next) {
		next = p->next;
		stop(p);
		/* One that survives keeps its threads: its memory stays theirs. */
		if (p->told)
			free(p);
	}
	payloads = NULL;
}
