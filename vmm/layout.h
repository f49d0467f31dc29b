/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's physical address space, I/O ports and interrupts, in one place:
 * the tables that describe them and the code that serves them include this.
 *
 *	0x00001000	boot_params, GDT, page tables, command line (free RAM once booted)
 *	0x0009fc00	end of conventional memory
 *	0x000e0000	ACPI tables
 *	0x00100000	RAM again, up to 3 GiB: kernel, initrd at the top
 *	0xd0000000	virtio-mmio window of the console
 *	0xfec00000	I/O APIC, local APIC, KVM's own pages
 *	0x100000000	the RAM that did not fit below 3 GiB
 */
#ifndef VMM_LAYOUT_H
#define VMM_LAYOUT_H

#define LAYOUT_BOOT_PARAMS	0x1000ull
#define LAYOUT_GDT		0x2000ull
#define LAYOUT_PAGE_TABLES	0x3000ull	/* PML4, PDPT, four page directories */
#define LAYOUT_PAGE_TABLES_END	0x9000ull
#define LAYOUT_CMDLINE		0x10000ull
#define LAYOUT_CMDLINE_MAX	2048u		/* COMMAND_LINE_SIZE of x86, with the NUL */
#define LAYOUT_LOW_END		0x9fc00ull
#define LAYOUT_ACPI		0xe0000ull
#define LAYOUT_ACPI_MAX		0x20000u	/* bytes; ends at LAYOUT_HIGH_START */
#define LAYOUT_HIGH_START	0x100000ull

#define LAYOUT_HOLE_START	0xc0000000ull	/* RAM stops here ... */
#define LAYOUT_HOLE_END		0x100000000ull	/* ... and goes on here */

#define LAYOUT_CONSOLE_MMIO	0xd0000000ull
#define LAYOUT_CONSOLE_GSI	5u

#define LAYOUT_POWER_GSI	9u		/* an edge is a press of the power button */

#define LAYOUT_IOAPIC		0xfec00000u
#define LAYOUT_IOAPIC_PINS	24u
#define LAYOUT_LAPIC		0xfee00000u
#define LAYOUT_KVM_IDENTITY_MAP	0xfffbc000ull	/* one page, Intel hosts only */
#define LAYOUT_KVM_TSS		0xfffbd000ull	/* three pages, Intel hosts only */

#define LAYOUT_COM1_PORT	0x3f8u
#define LAYOUT_COM1_GSI		4u
#define LAYOUT_COM2_PORT	0x2f8u
#define LAYOUT_COM2_GSI		3u

#define LAYOUT_I8042_DATA	0x60u
#define LAYOUT_I8042_CMD	0x64u
#define LAYOUT_I8042_RESET	0xfeu		/* "pulse the reset line" */

#define LAYOUT_SLEEP_CTRL_PORT	0x600u		/* ACPI sleep control register */
#define LAYOUT_SLEEP_STS_PORT	0x601u
#define LAYOUT_SLEEP_TYPE_S5	5u		/* SLP_TYP that the DSDT's _S5 names */

#endif /* VMM_LAYOUT_H */
