/* SPDX-License-Identifier: GPL-2.0-only */
/* What stays of a ktstr that is gone: files, machines, open files. */
#ifndef KTSTR_VM_LEFTOVERS_H
#define KTSTR_VM_LEFTOVERS_H

#include <stddef.h>

#define LEFTOVERS_MAX (64u << 10)	/* bytes of a list */

/** leftovers__list() - names in the places where temporary files go, one a line */
void leftovers__list(char *list, size_t size);

/** leftovers__new() - a line of @after, which is cut up, that is not in @before; or NULL */
const char *leftovers__new(const char *before, char *after);

/** leftovers__machines() - virtual machines that KVM knows; -1 without debugfs */
int leftovers__machines(void);

/** leftovers__open_files() - open files of the whole system; -1 unknown */
long leftovers__open_files(void);

#endif /* KTSTR_VM_LEFTOVERS_H */
