// SPDX-License-Identifier: GPL-2.0-only
/*
 * Choice of the accelerator.
 */
#include <stdlib.h>
#include <string.h>

#include <ktstr/vmm.h>

#include "accel.h"

bool accel__in_box(void)
{
	const char *in = getenv("KTSTR_IN_BOX");

	return in && !strcmp(in, "1");
}

int accel__choose(enum args_accel asked, bool *use_box, struct ktstr_error *why_not,
		  struct ktstr_error *e)
{
	*use_box = false;
	why_not->msg[0] = '\0';
	if (asked == ACCEL_KVM || accel__in_box())
		return vmm__check_kvm(e);
	*use_box = asked == ACCEL_BOX || vmm__check_kvm(why_not);
	return 0;
}
