/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program that is PID 1 in the guest.
 *
 * ktstr carries one inside itself (guest_init.c); a test program is its own
 * (guest_init_self.c). A program is linked with one of the two.
 */
#ifndef KTSTR_HOST_GUEST_INIT_H
#define KTSTR_HOST_GUEST_INIT_H

#include <stdbool.h>
#include <stddef.h>

#include <ktstr/error.h>

/** struct guest_init - its bytes; they belong to the program for as long as it lives */
struct guest_init {
	const void *data;
	size_t len;
};

/** guest_init__get() - find it; return: 0 or a negative errno */
int guest_init__get(struct guest_init *init, struct ktstr_error *e);

/** guest_init__is_self() - is this a test program, whose tests are its author's? */
bool guest_init__is_self(void);

/** guest_init__drop() - its pages are not needed now; reading them brings them back */
void guest_init__drop(void);

#endif /* KTSTR_HOST_GUEST_INIT_H */
