/* SPDX-License-Identifier: GPL-2.0-only */
/* Run a command as a user would and keep what it printed. */
#ifndef KTSTR_VM_PROC_H
#define KTSTR_VM_PROC_H

#include <stddef.h>
#include <sys/types.h>

/* Enough for any verdict; more than this from one command is a failure in itself. */
#define PROC_OUTPUT_MAX	(1u << 20)

/**
 * struct proc_result - how a command ended
 * @status: exit status, 128 + signal when a signal ended it, -1 when it had to be killed
 * @out: its stdout, NUL terminated
 * @err: its stderr, NUL terminated
 * @seconds: wall time
 */
struct proc_result {
	int status;
	char *out, *err;
	double seconds;
};

/**
 * proc_run() - run a command to its end
 * @r: result; free with proc_free()
 * @timeout_s: kill it after this many seconds
 * @signal_after: text to wait for on its stderr or stdout before @sig is sent, or NULL
 * @sig: signal to send then
 * @argv: command, NULL terminated
 *
 * Return: 0, or a negative errno when it could not be started.
 */
int proc_run(struct proc_result *r, unsigned int timeout_s, const char *signal_after, int sig,
	     const char *const argv[]);

/** proc_free() - forget a result */
void proc_free(struct proc_result *r);

/** proc_print() - print a result as KTAP diagnostics, for a failure message */
void proc_print(const struct proc_result *r, const char *const argv[]);

/** proc_count() - how many processes have @needle in their command line (this one and its parents not counted) */
int proc_count(const char *needle);

#endif /* KTSTR_VM_PROC_H */
