/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which device answers at an address.
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <ktstr/vmm.h>

#include "ioapic.h"
#include "serial.h"
#include "virtio_console.h"

#define BUS_COMS	2

/**
 * struct bus - the devices of a machine
 * @com: COM1 and COM2
 * @console: the three-port console
 * @ioapic: NULL where KVM has it
 */
struct bus {
	struct serial com[BUS_COMS];
	struct virtio_console *console;
	struct ioapic *ioapic;
};

enum vmm_end bus__pio(struct bus *bus, unsigned int port, bool write, uint8_t *data,
		      unsigned int size);
void bus__mmio(struct bus *bus, uint64_t addr, bool write, uint8_t *data, unsigned int size);

#endif /* VMM_BUS_H */
