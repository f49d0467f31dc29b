/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command run in the guest for the host: ktstr shell --exec.
 */
#ifndef GUEST_EXEC_H
#define GUEST_EXEC_H

#include "emit.h"
#include "plan_read.h"

/**
 * exec__run() - run the plan's command; SOUT, SERR, EXCX
 * @plan: an exec plan
 * @o: stays DONE when the command ran to its own end, whatever its status; one
 *	that outlives even SIGKILL has no status, and no EXCX says that it had
 *
 * Return: exit code of the run: the command's status, 128 + signal, or 127 when
 * it could not be executed.
 */
uint32_t exec__run(const struct guest_plan *plan, struct outcome *o);

#endif /* GUEST_EXEC_H */
