// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt controllers: all in KVM as long as 8 bits are enough for an APIC id. Where
 * they are not the I/O APIC is ktstr's, for KVM's cannot name such a CPU.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "irqchip.h"
#include "kvm.h"

#define XAPIC_IDS	255u	/* of a local APIC and of an I/O APIC without extension */

/*
 * Every GSI goes to the I/O APIC only. KVM's default also raises the legacy
 * PIC, which this machine does not announce and nobody would ever mask.
 */
static int route_to_ioapic(int vm_fd)
{
	struct kvm_irq_routing *r;
	int err;

	r = calloc(1, sizeof(*r) + LAYOUT_IOAPIC_PINS * sizeof(r->entries[0]));
	if (!r)
		return -ENOMEM;
	r->nr = LAYOUT_IOAPIC_PINS;
	for (uint32_t pin = 0; pin < LAYOUT_IOAPIC_PINS; pin++) {
		r->entries[pin].gsi = pin;
		r->entries[pin].type = KVM_IRQ_ROUTING_IRQCHIP;
		r->entries[pin].u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
		r->entries[pin].u.irqchip.pin = pin;
	}
	err = kvm_do(vm_fd, KVM_SET_GSI_ROUTING, r);
	free(r);
	return err;
}

static int set_up_all(int vm_fd, struct ktstr_error *e)
{
	int err = kvm_do_val(vm_fd, KVM_CREATE_IRQCHIP, 0);

	if (!err)
		err = route_to_ioapic(vm_fd);
	if (err)
		return ktstr_error_set(e, err,
				"KVM cannot create interrupt controllers (%s): see the host's kernel log",
				strerror(-err));
	return 0;
}

/*
 * Without the second capability KVM reads 8 bits of an id in its ioctls, and takes id 255
 * for "everyone" (api.rst, 7.7).
 */
static int set_up_local(int vm_fd, struct ktstr_error *e)
{
	struct kvm_enable_cap split = {
		.cap = KVM_CAP_SPLIT_IRQCHIP,
		.args[0] = LAYOUT_IOAPIC_PINS,
	};
	struct kvm_enable_cap wide = {
		.cap = KVM_CAP_X2APIC_API,
		.args[0] = KVM_X2APIC_API_USE_32BIT_IDS | KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK,
	};
	int err = kvm_do(vm_fd, KVM_ENABLE_CAP, &split);

	if (!err)
		err = kvm_do(vm_fd, KVM_ENABLE_CAP, &wide);
	if (err)
		return ktstr_error_set(e, err,
				"KVM cannot give CPUs APIC ids above 254 (%s): use fewer CPUs, or powers of two, or update the host's kernel",
				strerror(-err));
	return 0;
}

static int set_routes(void *arg, const struct kvm_irq_routing *table)
{
	const struct irqchip *c = arg;

	return kvm_do(c->vm_fd, KVM_SET_GSI_ROUTING, table);
}

/**
 * irqchip__set_up() - local APICs, I/O APIC, no PIT
 * @c: zeroed; its address must not change any more
 * @vm_fd: VM without vCPUs
 * @t: checked topology
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno; irqchip__destroy() is right in either case.
 */
int irqchip__set_up(struct irqchip *c, int vm_fd, const struct ktstr_topology *t,
		    struct ktstr_error *e)
{
	c->vm_fd = vm_fd;
	c->wide = ktstr_topology__apic_id_max(t) >= XAPIC_IDS;
	if (!c->wide)
		return set_up_all(vm_fd, e);
	ioapic__init(&c->ioapic, set_routes, c);
	return set_up_local(vm_fd, e);
}

/**
 * irqchip__connect() - every write to an eventfd becomes an edge on a GSI
 * @c: set up
 * @evt: eventfd
 * @gsi: I/O APIC pin
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int irqchip__connect(struct irqchip *c, int evt, unsigned int gsi, struct ktstr_error *e)
{
	struct kvm_irqfd irqfd = { .fd = (uint32_t)evt, .gsi = gsi };
	int err = kvm_do(c->vm_fd, KVM_IRQFD, &irqfd);

	if (err)
		return ktstr_error_set(e, err,
				"KVM cannot connect interrupt %u (%s): see the host's kernel log",
				gsi, strerror(-err));
	return 0;
}

/** irqchip__ioapic() - ktstr's I/O APIC; NULL where KVM has it */
struct ioapic *irqchip__ioapic(struct irqchip *c)
{
	return c->wide ? &c->ioapic : NULL;
}

/** irqchip__destroy() - free it; the VM goes its own way */
void irqchip__destroy(struct irqchip *c)
{
	if (c->wide)
		ioapic__destroy(&c->ioapic);
}
