// SPDX-License-Identifier: GPL-2.0-only
/* An architecture for which nobody has written the machine's side yet. */
#include <linux/errno.h>

#include "internal.h"

u64 ktstr_arch_cycles(void)
{
	return 0;
}

void ktstr_arch_facts(struct ktstr_dev_facts *f)
{
}

void ktstr_arch_crash_open(void)
{
}

void ktstr_arch_crash_write(const char *text)
{
}

int ktstr_arch_call_nmi(unsigned int cpu, void (*fn)(void *), void *arg)
{
	return -EOPNOTSUPP;
}
