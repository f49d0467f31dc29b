/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the reader of texts and the rest of sched_exit.h. */
#ifndef KTSTR_HOST_SCHED_EXIT_TEXT_H
#define KTSTR_HOST_SCHED_EXIT_TEXT_H

#include <stdint.h>

/** sched_exit__kind_of() - the kind that the kernel gives this reason, %SCHED_EXIT_NONE for none */
uint32_t sched_exit__kind_of(const char *reason);

#endif /* KTSTR_HOST_SCHED_EXIT_TEXT_H */
