/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine's interrupt controllers.
 */
#ifndef VMM_IRQCHIP_H
#define VMM_IRQCHIP_H

#include <stdbool.h>

#include <ktstr/error.h>
#include <ktstr/topology.h>

#include "ioapic.h"

/**
 * struct irqchip - local APICs of KVM, and an I/O APIC of KVM or of ktstr
 * @vm_fd: VM
 * @wide: APIC ids need more than 8 bits, so that @ioapic is in use
 * @ioapic: ktstr's
 */
struct irqchip {
	int vm_fd;
	bool wide;
	struct ioapic ioapic;
};

int irqchip__set_up(struct irqchip *c, int vm_fd, const struct ktstr_topology *t,
		    struct ktstr_error *e);
int irqchip__connect(struct irqchip *c, int evt, unsigned int gsi, struct ktstr_error *e);
struct ioapic *irqchip__ioapic(struct irqchip *c);
void irqchip__destroy(struct irqchip *c);

#endif /* VMM_IRQCHIP_H */
