// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker that makes processes which live for a moment.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "compute.h"
#include "work.h"
#include "worker.h"

/* Of a child: its first and last moment, as it says itself. */
struct life {
	int64_t born_ns, ended_ns;
};

/* In the child. It ends by itself soon, and sooner when its parent dies. */
static void __attribute__((noreturn)) be_child(struct ktstr_worker *w, pid_t parent, struct life *l)
{
	__atomic_store_n(&l->born_ns, now_ns(), __ATOMIC_RELAXED);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		compute__us(work__busy_us(w));
	__atomic_store_n(&l->ended_ns, now_ns(), __ATOMIC_RELAXED);
	_exit(0);
}

/* One at a time, and reaped before the next. */
static void fork_exit(struct ktstr_worker *w)
{
	struct life *l = (struct life *)ktstr_worker__group(w)->shared + ktstr_worker__index(w);
	pid_t parent = getpid();

	while (ktstr_worker__go_on(w)) {
		int64_t since = now_ns();
		pid_t child = fork();

		if (!child)
			be_child(w, parent, l);
		work__must(w, child > 0, "fork");
		/* It sleeps from here until the child ends; to be late then is a gap. */
		worker__sample(w);
		work__must(w, waitpid(child, NULL, 0) == child, "wait for its child");
		worker__wants_since(w, __atomic_load_n(&l->ended_ns, __ATOMIC_RELAXED));
		ktstr_worker__latency(w, __atomic_load_n(&l->born_ns, __ATOMIC_RELAXED) - since);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_fork_exit = { .run = fork_exit, .shared_each = sizeof(struct life) };
