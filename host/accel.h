/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a run happens: on this machine's KVM, or in an emulated machine.
 */
#ifndef KTSTR_HOST_ACCEL_H
#define KTSTR_HOST_ACCEL_H

#include "args.h"

/**
 * accel__choose() - decide
 * @asked: --accel
 * @use_box: set when the run belongs into scripts/kvmbox
 * @why_not: gets the sentence why KVM does not do, when @use_box and asked for "auto"
 * @e: sentence on failure
 *
 * Inside of the box (KTSTR_IN_BOX=1) there is no other box: KVM must do.
 * Return: 0, or what vmm__check_kvm() says when KVM was asked for.
 */
int accel__choose(enum args_accel asked, bool *use_box, struct ktstr_error *why_not,
		  struct ktstr_error *e);

/** accel__in_box() - do we run inside of scripts/kvmbox? */
bool accel__in_box(void);

#endif /* KTSTR_HOST_ACCEL_H */
