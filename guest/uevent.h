/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel uevents: what wakes those who wait for a device or for sched_ext.
 *
 * A subscriber reads again what it cares about; the event itself is not
 * trusted to be complete, because the socket may overrun.
 */
#ifndef GUEST_UEVENT_H
#define GUEST_UEVENT_H

/** uevent__init() - listen from now on; after loop__init(); return: 0 or negative errno */
int uevent__init(void);

/**
 * uevent__subscribe() - call @fn from the event loop after uevents; at most four
 * subscribers, for ever
 */
void uevent__subscribe(void (*fn)(void));

#endif /* GUEST_UEVENT_H */
