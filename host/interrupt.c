// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals to ktstr.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "interrupt.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

#define NR_SIGNALS	(sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t caught;
static int event = -1;

static void on_signal(int sig)
{
	const uint64_t one = 1;
	int saved = errno;

	if (caught) {
		signal(sig, SIG_DFL);
		raise(sig);
		return;		/* it is delivered when the handler returns */
	}
	caught = sig;
	if (write(event, &one, sizeof(one)) < 0) {
		/* An eventfd refuses only past 2^64 - 2. */
	}
	errno = saved;
}

int interrupt__open(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return -errno;
	for (size_t i = 0; i < NR_SIGNALS; i++) {
		struct sigaction old;

		/* What the caller ignores (nohup) stays ignored. */
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &sa, NULL);
	}
	return event;
}

int interrupt__signal(void)
{
	return caught;
}

const char *interrupt__name(int sig)
{
	switch (sig) {
	case SIGINT:
		return "SIGINT";
	case SIGTERM:
		return "SIGTERM";
	case SIGHUP:
		return "SIGHUP";
	default:
		return "a signal";
	}
}

void interrupt__mask_threads(bool mask)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < NR_SIGNALS; i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(mask ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

void interrupt__reraise(void)
{
	if (!caught)
		return;
	signal(caught, SIG_DFL);
	interrupt__mask_threads(false);
	raise(caught);
}
