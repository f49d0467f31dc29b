/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When the driver of a transmit queue is interrupted, and when it is looked at again
 * whose driver was told not to kick. For console_data.c; everything runs under the lock.
 *
 * An interrupt costs the guest several exits, and Linux waits for one only when its ring
 * is full: what came back it finds by itself with the next chain it adds. So an
 * interrupt is held back until a quarter of the ring came back or it is too old. How
 * old that is the driver says itself: one that has something new at once when it is
 * interrupted has waited for that, and then waits a millisecond at the most (four
 * while it keeps adding chains); one that never does may wait for 50. Between, one that is
 * slow to answer waits for eight times as long as that takes it at the most.
 */
#ifndef VMM_CONSOLE_IRQ_H
#define VMM_CONSOLE_IRQ_H

#include "console_data.h"

/** console_irq__moderated() - is this port's driver spared kicks and interrupts? */
bool console_irq__moderated(const struct virtio_console *vc, unsigned int port);

/**
 * console_irq__pass() - a pass over a transmit queue is over
 * @vc: device
 * @port: of the queue
 * @done: chains that came back in it
 * @busy: there may be more soon
 *
 * The driver is interrupted, or a look is ordered that comes back to it.
 */
void console_irq__pass(struct virtio_console *vc, unsigned int port, unsigned int done, bool busy);

/** console_irq__look() - order a look at the queues a millisecond from now */
void console_irq__look(struct virtio_console *vc);

/** console_irq__forget() - the queue is gone, and with it what its driver was owed */
void console_irq__forget(struct console_port *p);

#endif /* VMM_CONSOLE_IRQ_H */
