/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bare guest: one program that is kernel and driver in one, and runs the case that
 * the host named on the command line:
 *
 *	bare=CASE khz=TSC_KHZ [arg=NUMBER] [ms=LIMIT]
 *
 * It speaks on COM1, a line each: "FAIL ..." for what went wrong, "# ..." for
 * numbers, other words that a case and its test agreed on, and "done" at the end.
 */
#ifndef BARE_H
#define BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bare_asm.h"

#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/** struct bare_case - a test case: @run is called in ring 3 of CPU 0 */
struct bare_case {
	const char *name;
	void (*run)(void);
};

#define CASE(_name) { #_name, _name }

/* Each file of cases brings a table that ends with an empty name. */
extern const struct bare_case mmio_cases[], ring_cases[], chain_cases[], flow_cases[],
	smp_cases[], life_cases[];

/** bare_arg - number behind "arg=", 0 without one */
extern uint64_t bare_arg;

/** tsc_khz - the TSC's rate, as the host told */
extern uint64_t tsc_khz;

/** limit_ms - milliseconds behind "ms=": how long a case of many rounds goes on */
extern uint64_t limit_ms;

/** irq_count - interrupts of the console that arrived; they are not acknowledged at the device */
extern volatile uint64_t irq_count;

/** last_fault - vector that the last TRY() met, -1 for none */
extern volatile int last_fault;

/** fixup - where a fault of CPU 0 goes on, 0 when none is expected */
extern volatile uint64_t fixup;

/** outb() - write @n bytes to an I/O port, one by one; in entry.S */
void outb(const void *bytes, uint16_t port, size_t n);

/** say() - print to COM1; %s %d %u %x, each of the numbers with any number of l */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** fail() - say what went wrong; the case goes on */
void fail(const char *file, int line, const char *what, uint64_t got, uint64_t want);

/** power_off() - end the machine now */
void power_off(void) __attribute__((noreturn));

/** give_up() - the case cannot go on */
void give_up(const char *file, int line, const char *what) __attribute__((noreturn));

#define CHECK(_cond) do {						\
	if (!(_cond))							\
		fail(__FILE__, __LINE__, #_cond, 0, 1);		\
} while (0)

#define CHECK_EQ(_want, _got) do {					\
	uint64_t want_ = (_want), got_ = (_got);			\
	if (want_ != got_)						\
		fail(__FILE__, __LINE__, #_got, got_, want_);	\
} while (0)

#define REQUIRE(_cond) do {						\
	if (!(_cond))							\
		give_up(__FILE__, __LINE__, #_cond);		\
} while (0)

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return (uint64_t)hi << 32 | lo;
}

static inline void pause(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/* Longer than any honest answer takes, shorter than the host's own deadline. */
#define PATIENCE_S	20

#define WAIT(_cond) do {						\
	uint64_t since_ = rdtsc();					\
	while (!(_cond)) {						\
		if (rdtsc() - since_ > PATIENCE_S * 1000 * tsc_khz)	\
			give_up(__FILE__, __LINE__, #_cond);	\
		pause();						\
	}								\
} while (0)

/** time_is_up() - a long case on a slow host does less, and says how much */
static inline bool time_is_up(uint64_t since)
{
	return rdtsc() - since > limit_ms * tsc_khz;
}

/* An instruction that may fault: it is skipped then and last_fault says why. */
#define TRY(_insn, ...)							\
	__asm__ volatile("movq $1f, fixup\n\t" _insn "\n1:\tmovq $0, fixup" __VA_ARGS__)

/** random64() - the next of a sequence that is the same in every run */
uint64_t random64(void);

/** ram_end() - first address behind the guest's low RAM */
uint64_t ram_end(void);

/** high_ram_end() - the same of the RAM from 4 GiB on, 0 if there is none */
uint64_t high_ram_end(void);

/** irq_connect() - send the console's interrupts to CPU 0 */
void irq_connect(void);

/** irq_route() - any redirection for them: both halves of the I/O APIC's entry */
void irq_route(uint32_t low, uint32_t high);

/** ap_start() - start CPUs 1 .. @nr - 1; each runs @fn(cpu) once, in ring 3 */
void ap_start(unsigned int nr, void (*fn)(unsigned int cpu));

/** ap_wait() - wait until all of them have returned from their function */
void ap_wait(void);

/* Freestanding, but the compiler calls these. */
void *memcpy(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#endif /* BARE_H */
