/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzers' guest: a little RAM that exists twice, event descriptors that cost
 * no system call, and a meter for the device's work.
 *
 * The guest's view of RAM is open. The device's view is poisoned but for what the
 * guest has offered, so that a touch of anything else is a crash on the spot, with
 * the stack that did it; between the regions there is nothing mapped at all.
 */
#ifndef FUZZ_RAM_H
#define FUZZ_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "selftests/unit/driver.h"

/* Regions, each with a hole behind it. driver.h says where rings and messages are. */
#define RAM_RINGS_GPA	DRIVER_RAM_GPA
#define RAM_RINGS_SIZE	(KTSTR_NR_QUEUES * RING_STRIDE)
#define RAM_MSG_GPA	CTRL_MSG_GPA
#define RAM_MSG_SIZE	0x1000u
#define RAM_CTRL_GPA	CTRL_BUF_GPA
#define RAM_CTRL_SIZE	(KTSTR_QUEUE_SIZE_MAX * CTRL_BUF_SIZE)
#define RAM_DATA_GPA	DRIVER_DATA_GPA
#define RAM_DATA_SIZE	0x30000u
#define RAM_TOP_GPA	(DRIVER_RAM_GPA + 0x140000ull)
#define RAM_TOP_SIZE	0x11000u
#define RAM_ROM_GPA	DRIVER_ROM_GPA
#define RAM_ROM_SIZE	0x1000u
#define RAM_END_GPA	(RAM_TOP_GPA + RAM_TOP_SIZE)

/* Transmitted bytes come from a constant page, once in RAM and once in ROM. */
#define RAM_PATTERN_GPA	RAM_DATA_GPA
#define PATTERN_PERIOD	2039u		/* prime; two of them fit into a page */
/* Where hostile buffers may lie without harm to anyone's rings. */
#define RAM_SCRATCH_GPA	(RAM_DATA_GPA + 0x1000)
#define RAM_SCRATCH_SIZE 0xf000u
/* A receive buffer for every descriptor; those of port 2 end where RAM ends. */
#define RAM_SLOT_SIZE	256u
#define RAM_SLOTS_SIZE	(KTSTR_QUEUE_SIZE_MAX * RAM_SLOT_SIZE)

_Static_assert(2 * PATTERN_PERIOD <= RAM_ROM_SIZE, "any phase of the pattern is in the page");

/* The device's event descriptors: counters, see __wrap_write(). The timer counts once set. */
enum ram_event {
	RAM_EVENT_IRQ = 1 << 20,
	RAM_EVENT_TX,
	RAM_EVENT_STATS,
	RAM_EVENT_REARM,
	RAM_EVENT_TIMER,
	RAM_EVENT_END,
};

/** ram__open() - map it and set @d up with it; once; return: false without resources */
bool ram__open(struct driver *d);

/** ram__begin() - all RAM zero and poisoned, events at zero */
void ram__begin(void);

/** ram__ptr() - the guest's view of an address within the RAM regions or a hole between them */
uint8_t *ram__ptr(uint64_t gpa);

/** ram__offer() - the device may touch what of [@gpa, @gpa + @len) is memory */
void ram__offer(uint64_t gpa, uint64_t len);

/** ram__offer_all() - the device may touch all there is */
void ram__offer_all(void);

/** ram__withdraw() - it may not */
void ram__withdraw(uint64_t gpa, uint64_t len);

/** ram__withdraw_all() - it may touch the constants and nothing else */
void ram__withdraw_all(void);

/** ram__is_precious() - may writing to [@gpa, @gpa + @len) upset a queue or a constant? */
bool ram__is_precious(uint64_t gpa, uint64_t len);

/** ram__constants_intact() - nobody wrote to the pattern page that lies in RAM */
bool ram__constants_intact(void);

/** ram__restore_constants() - after somebody was allowed to */
void ram__restore_constants(void);

/** pattern__fill() - @n bytes of stream @id from position @pos on */
void pattern__fill(uint8_t *p, unsigned int id, uint64_t pos, size_t n);

/** pattern__matches() - return: index of the first byte that is not the stream's, or @n */
size_t pattern__matches(const uint8_t *p, unsigned int id, uint64_t pos, size_t n);

/** pattern__gpa() - where @len <= PATTERN_PERIOD bytes of stream @id at @pos lie */
uint64_t pattern__gpa(bool rom, unsigned int id, uint64_t pos);

/** ram__event_count() - signals of an event descriptor since ram__begin(); reading takes none */
uint64_t ram__event_count(int fd);

/*
 * Comparisons made by instrumented code: time that does not depend on the machine. More
 * than the limit during one call is a loop that the guest can drive for ever.
 */
#define WORK_MAX	10000000u

/** work__begin() - start to count */
void work__begin(void);

/**
 * work__at() - be another vCPU: do something in the middle of the device's work
 * @n: at which comparison from now on, the first is 1
 * @fn: what; it must not call the device. NULL for nothing
 *
 * Return: what an earlier call has asked for and has not happened, or NULL.
 */
void (*work__at(unsigned int n, void (*fn)(void)))(void);

#endif /* FUZZ_RAM_H */
