/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wake bytes from the host on port 0 (ktstr/ports.h).
 */
#ifndef GUEST_CONSOLE_WAKE_H
#define GUEST_CONSOLE_WAKE_H

#include <stdbool.h>

/** console_wake__init() - listen on hvc0 as soon as it can be opened; after uevent__init() */
void console_wake__init(void);

/** console_wake__retry() - try to open hvc0 again if it is not open; cheap, from the heartbeat */
void console_wake__retry(void);

/** console_wake__shutdown() - did the host ask for the end of the run? */
bool console_wake__shutdown(void);

#endif /* GUEST_CONSOLE_WAKE_H */
