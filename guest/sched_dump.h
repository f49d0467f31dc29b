/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The debug dump that the kernel makes of a scheduler with an error, by its trace event
 * sched_ext_dump: a scheduler that was killed, or prints nothing, has one as well. The
 * dump is also the first that anybody hears of the error: the kernel makes it before it
 * begins to take the scheduler down.
 */
#ifndef GUEST_SCHED_DUMP_H
#define GUEST_SCHED_DUMP_H

/**
 * sched_dump__start() - send dumps as SCDP from now on
 *
 * A kernel that has none leaves a line in its log.
 */
void sched_dump__start(void);

/** sched_dump__finish() - send the rest; nothing without a start */
void sched_dump__finish(void);

#endif /* GUEST_SCHED_DUMP_H */
