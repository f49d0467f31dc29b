// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's own machine: tables that the CPUs need, COM1, the way out, and
 * the choice of a case.
 */
#include <asm/bootparam.h>
#include <stdarg.h>

#include "vmm/layout.h"
#include "driver.h"

struct gate {
	uint16_t offset_low, selector, ist_type, offset_mid;
	uint32_t offset_high, reserved;
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint8_t reserved1[76];
} __attribute__((packed));

/* What common in entry.S has on the stack. */
struct frame {
	uint64_t vec, error, rip, cs, rflags, rsp, ss;
};

void init_tables(unsigned int cpu);
void on_fault(struct frame *f, uint64_t cr2);
void main(unsigned int cpu);
void ap_main(unsigned int cpu);

extern uint32_t boot_params;
extern uint64_t gdt[];
extern char vectors[], kstacks[], ap_trampoline[], ap_trampoline_end[];

struct gate idt[NR_VECTORS];
static struct tss tss[CPUS_MAX];

uint64_t bare_arg, limit_ms, tsc_khz;
volatile uint64_t irq_count, fixup;
volatile int last_fault = -1;

static unsigned int failures;
static unsigned int nr_cpus = 1;
static void (*ap_fn)(unsigned int cpu);
uint32_t ap_cpu;
static uint32_t ap_up, ap_done;

void *memcpy(void *dst, const void *src, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep movsb" : "+D" (d), "+S" (src), "+c" (n) :: "memory");
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep stosb" : "+D" (d), "+c" (n) : "a" (c) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

/* In ring 0, so the IDT is filled by the first CPU only. */
void init_tables(unsigned int cpu)
{
	uint64_t base = (uint64_t)&tss[cpu];
	uint64_t *desc = &gdt[SEL_TSS0 / 8 + 2 * cpu];

	tss[cpu].rsp[0] = (uint64_t)kstacks + (cpu + 1) * STACK_SIZE;
	/* An available 64-bit TSS below 4 GiB, with its last byte at 103. */
	desc[0] = 103 | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24) << 56;
	desc[1] = 0;
	for (unsigned int i = 0; !cpu && i < NR_VECTORS; i++) {
		uint64_t to = (uint64_t)vectors + 16 * i;

		idt[i].offset_low = to;
		idt[i].selector = SEL_KCODE;
		idt[i].ist_type = 0x8e00;	/* interrupt gate */
		idt[i].offset_mid = to >> 16;
	}
}

static char *put_number(char *p, uint64_t val, unsigned int base)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[val % base];
		val /= base;
	} while (val);
	while (n)
		*p++ = digits[--n];
	return p;
}

static uint64_t get_number(va_list ap, int longs, bool is_signed)
{
	if (longs)
		return va_arg(ap, uint64_t);
	return is_signed ? (uint64_t)va_arg(ap, int) : va_arg(ap, unsigned int);
}

#define LINE_MAX	200

static size_t format(char *line, const char *fmt, va_list ap)
{
	char *p = line, *end = line + LINE_MAX - 24;

	for (; *fmt && p < end; fmt++) {
		const char *s;
		int longs = 0;

		if (*fmt != '%') {
			*p++ = *fmt;
			continue;
		}
		while (*++fmt == 'l')
			longs++;
		if (*fmt == 's')
			for (s = va_arg(ap, const char *); *s && p < end; s++)
				*p++ = *s;
		else
			p = put_number(p, get_number(ap, longs, *fmt == 'd'),
				       *fmt == 'x' ? 16 : 10);
	}
	return p - line;
}

void say(const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	outb(line, LAYOUT_COM1_PORT, format(line, fmt, ap));
	va_end(ap);
}

/* The first few say it all; a broken device may bring thousands. */
void fail(const char *file, int line, const char *what, uint64_t got, uint64_t want)
{
	if (failures++ < 10)
		say("FAIL %s:%d %s is 0x%lx, not 0x%lx\n", file, line, what, got, want);
}

void power_off(void)
{
	static const uint8_t reset = LAYOUT_I8042_RESET;

	say("done\n");
	outb(&reset, LAYOUT_I8042_CMD, 1);
	for (;;)
		pause();
}

void give_up(const char *file, int line, const char *what)
{
	say("FAIL %s:%d never: %s\n", file, line, what);
	power_off();
}

void on_fault(struct frame *f, uint64_t cr2)
{
	last_fault = f->vec;
	if (fixup && f->cs == SEL_UCODE) {
		f->rip = fixup;
		return;
	}
	say("FAIL fault %lu, error 0x%lx at 0x%lx, cr2 0x%lx, rsp 0x%lx\n", f->vec, f->error,
	    f->rip, cr2, f->rsp);
	power_off();
}

uint64_t random64(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* End of the RAM that begins in [@from, @to), 0 without any. */
static uint64_t ram_end_in(uint64_t from, uint64_t to)
{
	const struct boot_params *bp = (const void *)(uintptr_t)boot_params;
	uint64_t end = 0;

	for (unsigned int i = 0; i < bp->e820_entries; i++) {
		const struct boot_e820_entry *e = &bp->e820_table[i];

		if (e->type == 1 && e->addr >= from && e->addr < to)
			end = e->addr + e->size;
	}
	return end;
}

uint64_t ram_end(void)
{
	return ram_end_in(0, LAYOUT_HOLE_START);
}

uint64_t high_ram_end(void)
{
	return ram_end_in(LAYOUT_HOLE_END, ~0ull);
}

#define LAPIC(_reg)	(*(volatile uint32_t *)(uintptr_t)(LAYOUT_LAPIC + (_reg)))
#define LAPIC_SVR	0xf0
#define LAPIC_ICR_LOW	0x300
#define LAPIC_ICR_HIGH	0x310
#define ICR_PENDING	0x1000
#define ICR_INIT	0x4500
#define ICR_SIPI	0x4600
#define SVR_ON		0x1ff		/* enabled; spurious vector 255 is never taken */

#define IOAPIC(_reg)	(*(volatile uint32_t *)(uintptr_t)(LAYOUT_IOAPIC + (_reg)))
#define IOAPIC_SELECT	0x00
#define IOAPIC_WINDOW	0x10
#define IOAPIC_PIN	0x10		/* first of two registers per pin */

static void ioapic_write(uint32_t reg, uint32_t val)
{
	IOAPIC(IOAPIC_SELECT) = reg;
	IOAPIC(IOAPIC_WINDOW) = val;
}

void irq_route(uint32_t low, uint32_t high)
{
	ioapic_write(IOAPIC_PIN + 2 * LAYOUT_CONSOLE_GSI + 1, high);
	ioapic_write(IOAPIC_PIN + 2 * LAYOUT_CONSOLE_GSI, low);
}

/* To APIC 0, fixed, rising edge, not masked. */
void irq_connect(void)
{
	LAPIC(LAPIC_SVR) = SVR_ON;
	irq_route(VEC_CONSOLE, 0);
}

static void send_ipi(unsigned int apic_id, uint32_t what)
{
	LAPIC(LAPIC_ICR_HIGH) = apic_id << 24;
	LAPIC(LAPIC_ICR_LOW) = what;
	WAIT(!(LAPIC(LAPIC_ICR_LOW) & ICR_PENDING));
}

void ap_main(unsigned int cpu)
{
	__atomic_store_n(&ap_up, cpu, __ATOMIC_RELEASE);
	ap_fn(cpu);
	__atomic_fetch_add(&ap_done, 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
}

/* One at a time: the next one's number goes through a single variable. */
void ap_start(unsigned int nr, void (*fn)(unsigned int cpu))
{
	LAPIC(LAPIC_SVR) = SVR_ON;
	memcpy((void *)AP_PAGE, ap_trampoline, ap_trampoline_end - ap_trampoline);
	ap_fn = fn;
	nr_cpus = nr;
	for (ap_cpu = 1; ap_cpu < nr; ap_cpu++) {
		send_ipi(ap_cpu, ICR_INIT);
		send_ipi(ap_cpu, ICR_SIPI | AP_PAGE >> 12);
		WAIT(__atomic_load_n(&ap_up, __ATOMIC_ACQUIRE) == ap_cpu);
	}
}

/* INIT puts them back to where they wait for a SIPI and cost the host nothing. */
void ap_wait(void)
{
	WAIT(__atomic_load_n(&ap_done, __ATOMIC_ACQUIRE) == nr_cpus - 1);
	for (unsigned int cpu = 1; cpu < nr_cpus; cpu++)
		send_ipi(cpu, ICR_INIT);
	ap_done = 0;
}

/* Value of "key=" on the command line, up to the next blank; return: its length, 0 if absent. */
static size_t option(const char *key, const char **val)
{
	const struct boot_params *bp = (const void *)(uintptr_t)boot_params;
	const char *p = (const char *)(uintptr_t)bp->hdr.cmd_line_ptr;
	size_t n = 0, len = 0;

	while (key[len])
		len++;
	while (*p && memcmp(p, key, len))
		p++;
	if (!*p)
		return 0;
	*val = p + len;
	while ((*val)[n] && (*val)[n] != ' ')
		n++;
	return n;
}

static uint64_t number_option(const char *key)
{
	const char *s;
	size_t n = option(key, &s);
	uint64_t val = 0;

	while (n--)
		val = val * 10 + *s++ - '0';
	return val;
}

static const struct bare_case *find_case(const char *name, size_t len)
{
	const struct bare_case *tables[] = {
		mmio_cases, ring_cases, chain_cases, flow_cases, smp_cases, life_cases,
	};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct bare_case *c = tables[i]; c->name; c++)
			if (!memcmp(c->name, name, len) && !c->name[len])
				return c;
	return NULL;
}

void main(unsigned int cpu)
{
	const struct bare_case *c;
	const char *name;
	size_t len;

	(void)cpu;
	tsc_khz = number_option("khz=");
	bare_arg = number_option("arg=");
	limit_ms = number_option("ms=");
	len = option("bare=", &name);
	c = find_case(name, len);
	REQUIRE(tsc_khz && c);
	c->run();
	/* Whatever a case did to the device: this mends it. */
	driver_up();
	host_has_room();
	echo(ALL_PORTS);
	driver_report();
	power_off();
}
