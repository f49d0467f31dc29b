// SPDX-License-Identifier: GPL-2.0-only
/*
 * A look into the device, for messages: without its lock, which the thread that
 * hangs may hold.
 */
#include <stdio.h>

#include "vmm/console_data.h"

#include "rig.h"

void device_queue(struct virtio_console *vc, unsigned int q, uint16_t *last_avail,
		  uint16_t *used_idx)
{
	*last_avail = vc->mmio.vq[q].last_avail;
	*used_idx = vc->mmio.vq[q].used_idx;
}

void device_dump(struct virtio_console *vc)
{
	printf("# device: status 0x%x, InterruptStatus 0x%x, %llu interrupts, %llu rearms;\n",
	       vc->mmio.status, vc->mmio.isr, (unsigned long long)vc->mmio.interrupts,
	       (unsigned long long)vc->rearms);
	printf("#   %llu driver errors (last: %s)\n", (unsigned long long)vc->mmio.driver_errors,
	       vc->mmio.last_error ? vc->mmio.last_error : "none");
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		const struct virtqueue *vq = &vc->mmio.vq[q];

		printf("#   queue %u: %llu kicks, took %u, used %u%s%s%s\n", q,
		       (unsigned long long)vc->mmio.kicks[q], vq->last_avail, vq->used_idx,
		       vq->ready ? "" : ", not ready", vq->broken ? ", broken" : "",
		       vq->notify_off ? ", notifications off" : "");
	}
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		printf("#   port %u: %zu bytes for the host, %zu for the guest%s%s%s\n", p,
		       vc->port[p].tx.len, vc->port[p].rx.len,
		       vc->port[p].inflight ? ", chain in flight" : "",
		       vc->port[p].backlog ? ", backlog" : "",
		       vc->port[p].stalled ? ", stalled" : "");
}
