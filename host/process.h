/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the caller may have done to our process, made harmless.
 */
#ifndef KTSTR_HOST_PROCESS_H
#define KTSTR_HOST_PROCESS_H

#include <sys/types.h>

/**
 * process__prepare() - first thing in main()
 *
 * Descriptors 0 to 2 that are closed get a file that cannot be written: the next file
 * that is opened must not take the place of stdout, and what is printed must still
 * fail. A file that grows beyond ulimit -f is an error of write(), not the end.
 *
 * Return: 0 or a negative errno.
 */
int process__prepare(void);

/**
 * process__be_child() - first thing in a child that is about to execute something
 * @parent: who forked it
 *
 * It dies with the parent. It has a process group of its own: a ^C at the terminal is for
 * the parent, which ends it in order. Its stdin is nothing, so that it never touches the
 * terminal. Exits with 125 when that cannot be.
 */
void process__be_child(pid_t parent);

#endif /* KTSTR_HOST_PROCESS_H */
