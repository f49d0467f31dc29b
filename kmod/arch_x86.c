// SPDX-License-Identifier: GPL-2.0-only
/* x86-64: the TSC, where the kernel is, COM2 by port I/O, NMIs on demand. */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/serial_reg.h>
#include <linux/string.h>
#include <asm/apic.h>
#include <asm/msr.h>
#include <asm/nmi.h>
#include <asm/page_types.h>
#include <asm/setup.h>
#include <asm/tsc.h>

#include <ktstr/wire.h>

#include "internal.h"

u64 ktstr_arch_cycles(void)
{
	return rdtsc_ordered();
}

/*
 * The kernel's first byte: _text is not exported and no exported function finds a
 * symbol by name, but an address in the kernel has a name and one below it has none.
 * The kernel is moved by multiples of CONFIG_PHYSICAL_ALIGN only.
 */
static unsigned long find_text(void)
{
	unsigned long at = round_down((unsigned long)&schedule, CONFIG_PHYSICAL_ALIGN), text = 0;
	char name[KSYM_SYMBOL_LEN];

	for (; at >= __START_KERNEL; at -= CONFIG_PHYSICAL_ALIGN) {
		snprintf(name, sizeof(name), "%ps", (void *)at);
		if (!strncmp(name, "0x", 2))
			break;
		text = at;
	}
	return text;
}

void ktstr_arch_facts(struct ktstr_dev_facts *f)
{
	unsigned long text = find_text();

	if (text) {
		f->kaslr_offset = text - __START_KERNEL;
		f->valid |= KTSTR_HELO_KASLR;
	}
	f->phys_base = phys_base;
	f->page_offset = PAGE_OFFSET;
	f->valid |= KTSTR_HELO_PHYS_BASE | KTSTR_HELO_PAGE_OFFSET;
	if (tsc_khz) {
		f->tsc_khz = tsc_khz;
		f->valid |= KTSTR_HELO_TSC_KHZ;
	}
}

#define COM2		0x2f8
#define POLLS_PER_BYTE	100000	/* each an exit to the machine: well above its worst */

static bool crash_port_works;

/* The kernel is going down: its serial driver comes back here no more. */
void ktstr_arch_crash_open(void)
{
	crash_port_works = inb(COM2 + UART_LSR) != 0xff;	/* no such port */
	if (!crash_port_works)
		return;
	outb(UART_LCR_WLEN8, COM2 + UART_LCR);	/* and the divisor latch shut */
	outb(0, COM2 + UART_IER);
	outb(UART_MCR_DTR | UART_MCR_RTS, COM2 + UART_MCR);
}

/* A machine that takes no more bytes costs the rest of the text, not the reboot. */
static bool crash_putc(char c)
{
	int polls;

	for (polls = 0; polls < POLLS_PER_BYTE; polls++)
		if (inb(COM2 + UART_LSR) & UART_LSR_THRE) {
			outb(c, COM2 + UART_TX);
			return true;
		}
	return false;
}

void ktstr_arch_crash_write(const char *text)
{
	for (; crash_port_works && *text; text++)
		crash_port_works = crash_putc(*text);
}

/* One NMI at a time is on its way: @cpu's, to call @fn. */
static struct {
	unsigned int cpu;
	void (*fn)(void *arg);
	void *arg;
	bool wanted;
} nmi_call;

static DEFINE_MUTEX(nmi_mutex);

static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	/* Pairs with the release in ktstr_arch_call_nmi(). */
	if (!smp_load_acquire(&nmi_call.wanted) || nmi_call.cpu != smp_processor_id())
		return NMI_DONE;
	nmi_call.fn(nmi_call.arg);
	/* Pairs with the acquire in ktstr_arch_call_nmi(): what @fn did is seen. */
	smp_store_release(&nmi_call.wanted, false);
	return NMI_HANDLED;
}

/**
 * ktstr_arch_call_nmi() - call a function in NMI context, wait until it returned
 * @cpu: where, online
 * @fn: what
 * @arg: handed to @fn
 *
 * Return: 0, -ETIMEDOUT it was not called and will not be.
 */
int ktstr_arch_call_nmi(unsigned int cpu, void (*fn)(void *), void *arg)
{
	int ret, ms;

	mutex_lock(&nmi_mutex);
	ret = register_nmi_handler(NMI_LOCAL, on_nmi, 0, "ktstr");
	if (!ret) {
		nmi_call.cpu = cpu;
		nmi_call.fn = fn;
		nmi_call.arg = arg;
		/* Pairs with the acquire in on_nmi(). */
		smp_store_release(&nmi_call.wanted, true);
		apic->send_IPI(cpu, NMI_VECTOR);
		/* Pairs with the release in on_nmi(). */
		for (ms = 0; ms < 1000 && smp_load_acquire(&nmi_call.wanted); ms++)
			usleep_range(1000, 2000);
		/* Waits for a handler that runs still. */
		unregister_nmi_handler(NMI_LOCAL, "ktstr");
		ret = nmi_call.wanted ? -ETIMEDOUT : 0;
		nmi_call.wanted = false;
	}
	mutex_unlock(&nmi_mutex);
	return ret;
}
