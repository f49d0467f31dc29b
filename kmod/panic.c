// SPDX-License-Identifier: GPL-2.0-only
/*
 * Last words: the reason of a panic and how it came to it, on COM2.
 *
 * The notifier runs on the CPU that panicked, with the others stopped and nothing to
 * wait for; what it writes is with the host before the kernel gets any further. It
 * allocates nothing and takes no lock.
 */
#include <linux/panic_notifier.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include "internal.h"

#define FRAMES	32

static char line[512];			/* one CPU panics, once */

static void __printf(1, 2) say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vscnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	ktstr_arch_crash_write(line);
}

static int on_panic(struct notifier_block *nb, unsigned long action, void *reason)
{
	static unsigned long frames[FRAMES];
	unsigned int i, nr;

	ktstr_arch_crash_open();
	say("\n" KTSTR_PANIC_BEGIN "%s\n", reason ? (const char *)reason : "");
	say("ktstr: CPU %u, pid %d, comm %s, %llu ns\n", raw_smp_processor_id(), current->pid,
	    current->comm, local_clock());
	nr = stack_trace_save(frames, FRAMES, 1);
	for (i = 0; i < nr; i++)
		say("ktstr:  %pS\n", (void *)frames[i]);
	say(KTSTR_PANIC_END);
	return NOTIFY_DONE;
}

static struct notifier_block panic_block = {
	.notifier_call	= on_panic,
	.priority	= INT_MAX,	/* before anything that may hang */
};

void ktstr_panic_init(void)
{
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
}

void ktstr_panic_exit(void)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
}
