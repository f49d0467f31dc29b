// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzzers' guest memory, events and meter.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <sanitizer/allocator_interface.h>
#include <sanitizer/asan_interface.h>

#include "ram.h"

#define GUARD		0x10000u	/* nothing is mapped around a region */
#define SPAN		(RAM_END_GPA - DRIVER_RAM_GPA)
#define PAGE		4096u
#define NR_PAGES	(SPAN / PAGE)

struct region {
	uint64_t gpa;
	uint64_t size;
	bool readonly;
	uint8_t *guest;
	uint8_t *device;
};

static struct region regions[] = {
	{ .gpa = RAM_RINGS_GPA, .size = RAM_RINGS_SIZE },
	{ .gpa = RAM_MSG_GPA, .size = RAM_MSG_SIZE },
	{ .gpa = RAM_CTRL_GPA, .size = RAM_CTRL_SIZE },
	{ .gpa = RAM_DATA_GPA, .size = RAM_DATA_SIZE },
	{ .gpa = RAM_TOP_GPA, .size = RAM_TOP_SIZE },
	{ .gpa = RAM_ROM_GPA, .size = RAM_ROM_SIZE, .readonly = true },
};

#define NR_REGIONS	(sizeof(regions) / sizeof(regions[0]))

/* What was offered since ram__withdraw_all(), or touched since ram__begin(), by page. */
static bool offered[NR_PAGES], touched[NR_PAGES];
static uint8_t *ram;
static void *spare[KTSTR_NR_PORTS * 2];
static size_t spare_size[KTSTR_NR_PORTS * 2];
static uint8_t base[2 * PATTERN_PERIOD];
static uint64_t events[RAM_EVENT_END - RAM_EVENT_IRQ];
static uint64_t unread[RAM_EVENT_END - RAM_EVENT_IRQ];
static bool ram_is_open;
static uint64_t work;
static unsigned int race_in;
static void (*race)(void);

/* Both views of a region are the same pages of an unnamed file. */
static bool map_region(struct region *r, int fd, off_t at)
{
	int prot = PROT_READ | (r->readonly ? 0 : PROT_WRITE);
	uint8_t *room = mmap(NULL, r->size + 2 * GUARD, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		return false;
	r->device = mmap(room + GUARD, r->size, prot, MAP_SHARED | MAP_FIXED, fd, at);
	if (r->readonly)
		r->guest = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
	else
		r->guest = mmap(ram + (r->gpa - DRIVER_RAM_GPA), r->size, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_FIXED, fd, at);
	return r->device != MAP_FAILED && r->guest != MAP_FAILED;
}

static bool map_regions(struct driver *d, int fd)
{
	off_t at = 0;

	for (size_t i = 0; i < NR_REGIONS; i++) {
		struct region *r = &regions[i];

		if (!map_region(r, fd, at) ||
		    guest_memory__add(&d->gm, r->gpa, r->size, r->device, r->readonly))
			return false;
		at += r->size;
		if (r->readonly)
			d->rom = r->guest;
	}
	return true;
}

static void make_pattern(void)
{
	uint32_t x = 1;

	for (unsigned int i = 0; i < PATTERN_PERIOD; i++) {
		x = x * 1103515245 + 12345;
		base[i] = x >> 16;
	}
	memcpy(base + PATTERN_PERIOD, base, PATTERN_PERIOD);
}

bool ram__open(struct driver *d)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	off_t size = 0;

	memset(d, 0, sizeof(*d));
	for (size_t i = 0; i < NR_REGIONS; i++)
		size += regions[i].size;
	ram = mmap(NULL, SPAN + GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	if (fd < 0 || ftruncate(fd, size) || ram == MAP_FAILED || !map_regions(d, fd))
		return false;
	close(fd);
	make_pattern();
	memcpy(d->rom, base, sizeof(base));
	for (size_t i = 0; i < NR_REGIONS; i++)
		ASAN_POISON_MEMORY_REGION(regions[i].device, regions[i].size);
	ram_is_open = true;
	d->ram = ram;
	d->irq = RAM_EVENT_IRQ;
	d->tx = RAM_EVENT_TX;
	d->stats = RAM_EVENT_STATS;
	d->rearm = RAM_EVENT_REARM;
	d->timer = RAM_EVENT_TIMER;
	return true;
}

void ram__begin(void)
{
	for (size_t i = 0; i < NR_PAGES; i++) {
		if (touched[i])
			memset(ram + i * PAGE, 0, PAGE);
		touched[i] = false;
	}
	ram__restore_constants();
	ram__withdraw_all();
	memset(events, 0, sizeof(events));
	memset(unread, 0, sizeof(unread));
}

uint8_t *ram__ptr(uint64_t gpa)
{
	return ram + (gpa - DRIVER_RAM_GPA);
}

/* The part of [@gpa, @gpa + @len) that lies in a region, as offset and length there. */
static bool clamp(const struct region *r, uint64_t gpa, uint64_t len, uint64_t *off, uint64_t *n)
{
	uint64_t start = gpa > r->gpa ? gpa : r->gpa;
	uint64_t end = len > UINT64_MAX - gpa ? UINT64_MAX : gpa + len;

	if (end > r->gpa + r->size)
		end = r->gpa + r->size;
	if (start >= end)
		return false;
	*off = start - r->gpa;
	*n = end - start;
	return true;
}

static void note_pages(const struct region *r, uint64_t off, uint64_t n)
{
	uint64_t at = r->gpa + off - DRIVER_RAM_GPA;

	if (r->readonly)
		return;
	for (uint64_t i = at / PAGE; i <= (at + n - 1) / PAGE; i++) {
		offered[i] = true;
		touched[i] = true;
	}
}

void ram__offer(uint64_t gpa, uint64_t len)
{
	uint64_t off, n;

	for (size_t i = 0; i < NR_REGIONS; i++) {
		struct region *r = &regions[i];

		if (!clamp(r, gpa, len, &off, &n))
			continue;
		note_pages(r, off, n);
		ASAN_UNPOISON_MEMORY_REGION(r->device + (off & ~7ull), n + (off & 7));
	}
}

void ram__offer_all(void)
{
	for (size_t i = 0; i < NR_REGIONS; i++)
		ram__offer(regions[i].gpa, regions[i].size);
}

void ram__withdraw(uint64_t gpa, uint64_t len)
{
	uint64_t off, n;

	for (size_t i = 0; i < NR_REGIONS; i++)
		if (clamp(&regions[i], gpa, len, &off, &n))
			ASAN_POISON_MEMORY_REGION(regions[i].device + off, n);
}

void ram__withdraw_all(void)
{
	for (size_t i = 0; i < NR_PAGES; i++) {
		if (offered[i])
			ram__withdraw(DRIVER_RAM_GPA + i * PAGE, PAGE);
		offered[i] = false;
	}
	ram__offer(RAM_PATTERN_GPA, sizeof(base));
	ram__offer(RAM_ROM_GPA, RAM_ROM_SIZE);
}

bool ram__is_precious(uint64_t gpa, uint64_t len)
{
	uint64_t off, n;

	if (gpa >= RAM_SCRATCH_GPA && gpa - RAM_SCRATCH_GPA < RAM_SCRATCH_SIZE &&
	    len <= RAM_SCRATCH_SIZE - (gpa - RAM_SCRATCH_GPA))
		return false;
	for (size_t i = 0; i < NR_REGIONS; i++)
		if (!regions[i].readonly && clamp(&regions[i], gpa, len, &off, &n))
			return true;
	return false;
}

bool ram__constants_intact(void)
{
	return !memcmp(ram__ptr(RAM_PATTERN_GPA), base, sizeof(base));
}

void ram__restore_constants(void)
{
	memcpy(ram__ptr(RAM_PATTERN_GPA), base, sizeof(base));
}

/* Streams differ in phase, so bytes of one are no bytes of another. */
static unsigned int phase(unsigned int id, uint64_t pos)
{
	return (pos + 331 * id) % PATTERN_PERIOD;
}

void pattern__fill(uint8_t *p, unsigned int id, uint64_t pos, size_t n)
{
	while (n) {
		size_t part = n < PATTERN_PERIOD ? n : PATTERN_PERIOD;

		memcpy(p, base + phase(id, pos), part);
		p += part;
		pos += part;
		n -= part;
	}
}

static size_t first_difference(const uint8_t *p, const uint8_t *q, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] == q[i])
		i++;
	return i;
}

size_t pattern__matches(const uint8_t *p, unsigned int id, uint64_t pos, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t part = n - done < PATTERN_PERIOD ? n - done : PATTERN_PERIOD;
		const uint8_t *want = base + phase(id, pos + done);

		if (memcmp(p + done, want, part))
			return done + first_difference(p + done, want, part);
		done += part;
	}
	return n;
}

uint64_t pattern__gpa(bool rom, unsigned int id, uint64_t pos)
{
	return (rom ? RAM_ROM_GPA : RAM_PATTERN_GPA) + phase(id, pos);
}

uint64_t ram__event_count(int fd)
{
	return events[fd - RAM_EVENT_IRQ];
}

void work__begin(void)
{
	work = 0;
}

void (*work__at(unsigned int n, void (*fn)(void)))(void)
{
	void (*left)(void) = race;

	race_in = n;
	race = fn;
	return left;
}

static void too_much(void)
{
	fprintf(stderr, "FAILED: more than %u comparisons in one call: no end in sight\n",
		WORK_MAX);
	abort();
}

static void run_race(void)
{
	void (*fn)(void) = race;

	race = NULL;
	fn();
}

static inline void tick(void)
{
	if (race && !--race_in)
		run_race();
	if (++work > WORK_MAX)
		too_much();
}

/*
 * What the linker's --wrap puts in the place of functions that the device calls.
 * An event is a counter: no system call, and the fuzzer sees every signal.
 */
ssize_t __real_write(int fd, const void *buf, size_t n);
ssize_t __wrap_write(int fd, const void *buf, size_t n);
ssize_t __real_read(int fd, void *buf, size_t n);
ssize_t __wrap_read(int fd, void *buf, size_t n);

ssize_t __wrap_write(int fd, const void *buf, size_t n)
{
	uint64_t add;

	if (fd < RAM_EVENT_IRQ || fd >= RAM_EVENT_END)
		return __real_write(fd, buf, n);
	if (n != sizeof(add))
		abort();
	memcpy(&add, buf, sizeof(add));
	events[fd - RAM_EVENT_IRQ] += add;
	unread[fd - RAM_EVENT_IRQ] += add;
	return n;
}

ssize_t __wrap_read(int fd, void *buf, size_t n)
{
	if (fd < RAM_EVENT_IRQ || fd >= RAM_EVENT_END)
		return __real_read(fd, buf, n);
	if (!unread[fd - RAM_EVENT_IRQ]) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(buf, &unread[fd - RAM_EVENT_IRQ], sizeof(uint64_t));
	unread[fd - RAM_EVENT_IRQ] = 0;
	return n;
}

/* A timer that is set has expired as soon as somebody looks. */
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	if (fd != RAM_EVENT_TIMER || flags || old || new->it_value.tv_sec ||
	    !new->it_value.tv_nsec)
		abort();
	events[fd - RAM_EVENT_IRQ]++;
	unread[fd - RAM_EVENT_IRQ] = 1;
	return 0;
}

/*
 * Storage of the device's byte queues comes from the heap instead, so that a byte
 * written behind its end is a finding. It is used again and holds what it held: a
 * queue must not rely on zeroes.
 */
void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
int __real_munmap(void *addr, size_t len);
int __wrap_munmap(void *addr, size_t len);
int __real_madvise(void *addr, size_t len, int advice);
int __wrap_madvise(void *addr, size_t len, int advice);

#define NR_SPARE	(sizeof(spare) / sizeof(spare[0]))

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	void *p;

	if (addr || !ram_is_open || prot != (PROT_READ | PROT_WRITE) || !(flags & MAP_NORESERVE))
		return __real_mmap(addr, len, prot, flags, fd, off);
	for (size_t i = 0; i < NR_SPARE; i++) {
		if (!spare[i] || spare_size[i] != len)
			continue;
		p = spare[i];
		spare[i] = NULL;
		return p;
	}
	p = malloc(len);
	return p ? p : MAP_FAILED;
}

int __wrap_munmap(void *addr, size_t len)
{
	if (!__sanitizer_get_ownership(addr))
		return __real_munmap(addr, len);
	for (size_t i = 0; i < NR_SPARE; i++) {
		if (spare[i])
			continue;
		spare[i] = addr;
		spare_size[i] = len;
		return 0;
	}
	free(addr);
	return 0;
}

int __wrap_madvise(void *addr, size_t len, int advice)
{
	if (advice != MADV_DONTNEED || !__sanitizer_get_ownership(addr))
		return __real_madvise(addr, len, advice);
	memset(addr, 0, len);
	return 0;
}

/*
 * The calls that -fsanitize=fuzzer puts before comparisons. libFuzzer would learn
 * magic numbers from them, of which records have none, so all they do is count.
 */
#define METER(name, type)			\
	void __wrap_##name(type a, type b);	\
	void __wrap_##name(type a, type b)	\
	{					\
		(void)a;			\
		(void)b;			\
		tick();				\
	}

METER(__sanitizer_cov_trace_cmp1, uint8_t)
METER(__sanitizer_cov_trace_cmp2, uint16_t)
METER(__sanitizer_cov_trace_cmp4, uint32_t)
METER(__sanitizer_cov_trace_cmp8, uint64_t)
METER(__sanitizer_cov_trace_const_cmp1, uint8_t)
METER(__sanitizer_cov_trace_const_cmp2, uint16_t)
METER(__sanitizer_cov_trace_const_cmp4, uint32_t)
METER(__sanitizer_cov_trace_const_cmp8, uint64_t)

/* A device is made for every input: little freed memory is kept, no stack is moved to the heap. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=2:thread_local_quarantine_size_kb=256:"
	       "detect_stack_use_after_return=0";
}
