/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs that go and come (Documentation/core-api/cpu_hotplug.rst).
 */
#ifndef GUEST_HOTPLUG_H
#define GUEST_HOTPLUG_H

#include <stdbool.h>

#include <ktstr/error.h>

/** hotplug__set() - take a CPU away or bring it back; waits; 0 or negative errno */
int hotplug__set(unsigned int cpu, bool online, struct ktstr_error *e);

#endif /* GUEST_HOTPLUG_H */
