/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O APIC outside of KVM, for machines whose APIC ids do not fit in 8 bits.
 */
#ifndef VMM_IOAPIC_H
#define VMM_IOAPIC_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

#define IOAPIC_SIZE	0x20u	/* bytes of its window that have registers */

/**
 * struct ioapic - an I/O APIC
 * @lock: protects the rest
 * @select: IOREGSEL
 * @id: its register 0
 * @rte: redirection table
 * @sent: what KVM was told of each pin last, 0 while it is masked
 * @route: tells KVM where interrupts go
 * @arg: first argument of @route
 */
struct ioapic {
	pthread_mutex_t lock;
	uint8_t select;
	uint32_t id;
	uint64_t rte[LAYOUT_IOAPIC_PINS];
	uint64_t sent[LAYOUT_IOAPIC_PINS];
	int (*route)(void *arg, const struct kvm_irq_routing *table);
	void *arg;
};

void ioapic__init(struct ioapic *io, int (*route)(void *arg, const struct kvm_irq_routing *table),
		  void *arg);
void ioapic__destroy(struct ioapic *io);
void ioapic__read(struct ioapic *io, uint64_t off, uint8_t *data, unsigned int size);
void ioapic__write(struct ioapic *io, uint64_t off, const uint8_t *data, unsigned int size);

#endif /* VMM_IOAPIC_H */
