// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address decoding. Nobody answers at most addresses: reads give all ones,
 * writes are lost, as on an empty bus.
 */
#include <string.h>

#include "bus.h"
#include "i8042.h"
#include "layout.h"

#define SLEEP_EN	0x20u	/* sleep control register, ACPI 6.3 section 4.8.3.7 */
#define SLEEP_TYPE(val)	((val) >> 2 & 7u)

static struct serial *find_com(struct bus *bus, unsigned int port, unsigned int *reg)
{
	static const unsigned int base[BUS_COMS] = { LAYOUT_COM1_PORT, LAYOUT_COM2_PORT };

	for (int i = 0; i < BUS_COMS; i++) {
		if (port - base[i] >= SERIAL_PORTS)
			continue;
		*reg = port - base[i];
		return &bus->com[i];
	}
	return NULL;
}

static uint8_t in_byte(struct bus *bus, unsigned int port)
{
	unsigned int reg;
	struct serial *com = find_com(bus, port, &reg);

	if (com)
		return serial__in(com, reg);
	switch (port) {
	case LAYOUT_I8042_DATA:
	case LAYOUT_I8042_CMD:
		return i8042__in(port);
	case LAYOUT_SLEEP_CTRL_PORT:
	case LAYOUT_SLEEP_STS_PORT:
		return 0;
	default:
		return 0xff;
	}
}

static enum vmm_end out_byte(struct bus *bus, unsigned int port, uint8_t val)
{
	unsigned int reg;
	struct serial *com = find_com(bus, port, &reg);

	if (com) {
		serial__out(com, reg, val);
		return VMM_END_NONE;
	}
	switch (port) {
	case LAYOUT_I8042_DATA:
	case LAYOUT_I8042_CMD:
		return i8042__out(port, val) ? VMM_END_RESET : VMM_END_NONE;
	case LAYOUT_SLEEP_CTRL_PORT:
		if ((val & SLEEP_EN) && SLEEP_TYPE(val) == LAYOUT_SLEEP_TYPE_S5)
			return VMM_END_POWEROFF;
		return VMM_END_NONE;
	default:
		return VMM_END_NONE;
	}
}

/**
 * bus__pio() - one port access of a guest
 * @bus: devices
 * @port: first I/O port
 * @write: the guest writes
 * @data: @size bytes, read or filled
 * @size: 1, 2 or 4; wider accesses are split into bytes, as an ISA bus does
 *
 * Context: any vCPU thread.
 * Return: why the machine has to end now, or %VMM_END_NONE.
 */
enum vmm_end bus__pio(struct bus *bus, unsigned int port, bool write, uint8_t *data,
		      unsigned int size)
{
	enum vmm_end end = VMM_END_NONE;

	for (unsigned int i = 0; i < size && end == VMM_END_NONE; i++) {
		if (write)
			end = out_byte(bus, port + i, data[i]);
		else
			data[i] = in_byte(bus, port + i);
	}
	return end;
}

/* Return: was it the I/O APIC's? */
static bool ioapic_mmio(struct ioapic *io, uint64_t addr, bool write, uint8_t *data,
			unsigned int size)
{
	uint64_t off = addr - LAYOUT_IOAPIC;

	if (!io || off >= IOAPIC_SIZE)
		return false;
	if (write)
		ioapic__write(io, off, data, size);
	else
		ioapic__read(io, off, data, size);
	return true;
}

/**
 * bus__mmio() - one memory access of a guest outside its RAM
 * @bus: devices
 * @addr: guest physical address
 * @write: the guest writes
 * @data: @size bytes, read or filled
 * @size: 1 to 8
 *
 * Context: any vCPU thread.
 */
void bus__mmio(struct bus *bus, uint64_t addr, bool write, uint8_t *data, unsigned int size)
{
	uint64_t off = addr - LAYOUT_CONSOLE_MMIO;

	if (ioapic_mmio(bus->ioapic, addr, write, data, size))
		return;
	if (off >= VIRTIO_CONSOLE_MMIO_SIZE || size > VIRTIO_CONSOLE_MMIO_SIZE - off) {
		if (!write)
			memset(data, 0xff, size);
	} else if (write) {
		virtio_console__mmio_write(bus->console, off, data, size);
	} else {
		virtio_console__mmio_read(bus->console, off, data, size);
	}
}
