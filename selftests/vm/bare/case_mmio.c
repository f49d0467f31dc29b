// SPDX-License-Identifier: GPL-2.0-only
/*
 * Register accesses of every shape, rings at every address, notifications and
 * interrupts.
 */
#include "driver.h"

#define WINDOW		0x1000u
#define CONFIG_SIZE	12u
#define FILLER		0x5a5a5a5a5a5a5a5aull	/* "Z": legal nowhere but in emerg_wr */

static uint64_t read_at(volatile void *p, unsigned int len)
{
	uint64_t val = 0;

	switch (len) {
	case 1:
		__asm__ volatile("movb (%1), %b0" : "+q" (val) : "r" (p) : "memory");
		break;
	case 2:
		__asm__ volatile("movw (%1), %w0" : "+r" (val) : "r" (p) : "memory");
		break;
	case 4:
		__asm__ volatile("movl (%1), %k0" : "+r" (val) : "r" (p) : "memory");
		break;
	default:
		__asm__ volatile("movq (%1), %0" : "+r" (val) : "r" (p) : "memory");
		break;
	}
	return val;
}

static void write_at(volatile void *p, unsigned int len, uint64_t val)
{
	switch (len) {
	case 1:
		__asm__ volatile("movb %b1, (%0)" :: "r" (p), "q" (val) : "memory");
		break;
	case 2:
		__asm__ volatile("movw %w1, (%0)" :: "r" (p), "r" (val) : "memory");
		break;
	case 4:
		__asm__ volatile("movl %k1, (%0)" :: "r" (p), "r" (val) : "memory");
		break;
	default:
		__asm__ volatile("movq %1, (%0)" :: "r" (p), "r" (val) : "memory");
		break;
	}
}

/* What the device said about itself; the model below knows the rest. */
static struct {
	uint32_t vendor, status, ready;
} is;

static uint32_t register_at(uint32_t off)
{
	switch (off) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return 0x74726976;
	case VIRTIO_MMIO_VERSION:
		return 2;
	case VIRTIO_MMIO_DEVICE_ID:
		return 3;
	case VIRTIO_MMIO_VENDOR_ID:
		return is.vendor;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return 1u << VIRTIO_CONSOLE_F_MULTIPORT;
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return QUEUE_SIZE;
	case VIRTIO_MMIO_QUEUE_READY:
		return is.ready;
	case VIRTIO_MMIO_STATUS:
		return is.status;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		return UINT32_MAX;
	default:
		return 0;
	}
}

static uint64_t config_at(uint32_t off, unsigned int len)
{
	static const uint8_t config[CONFIG_SIZE] = { [4] = KTSTR_NR_PORTS };
	uint64_t val = 0;

	for (unsigned int i = 0; len < 8 && i < len && off + i < CONFIG_SIZE; i++)
		val |= (uint64_t)config[off + i] << 8 * i;
	return val;
}

/* An access that leaves the window is split at its end; nobody answers behind it. */
static uint64_t expected(uint32_t off, unsigned int len)
{
	unsigned int inside = WINDOW - off;

	if (inside < len)
		return (~0ull >> (64 - 8 * len)) & (~0ull << 8 * inside);
	if (off >= VIRTIO_MMIO_CONFIG)
		return config_at(off - VIRTIO_MMIO_CONFIG, len);
	return len == 4 ? register_at(off) : 0;
}

static void read_all(uint32_t from, uint32_t to)
{
	for (unsigned int len = 1; len <= 8; len *= 2)
		for (uint32_t off = from; off < to; off++) {
			uint64_t got = read_at(console + off, len), want = expected(off, len);

			if (got != want)
				say("# a read of %u bytes at 0x%x:\n", len, off);
			CHECK_EQ(want, got);
		}
}

static void write_all(uint32_t from, uint32_t to)
{
	for (unsigned int len = 1; len <= 8; len *= 2)
		for (uint32_t off = from; off < to; off++)
			write_at(console + off, len, FILLER);
}

/* Each round writes "Z" to emerg_wr three times, once per legal width. */
static void A5_every_width_at_every_offset(void)
{
	is.vendor = reg_read(VIRTIO_MMIO_VENDOR_ID);
	reg_write(VIRTIO_MMIO_STATUS, 0);
	read_all(0, WINDOW);
	write_all(0, WINDOW);
	CHECK_EQ(0, reg_read(VIRTIO_MMIO_STATUS));

	driver_up();
	reg_write(VIRTIO_MMIO_INTERRUPT_ACK, ~0u);
	is.status = S_LIVE;
	is.ready = 1;
	read_all(0, 2 * VIRTIO_MMIO_CONFIG);
	write_all(0, 2 * VIRTIO_MMIO_CONFIG);
	CHECK_EQ(S_LIVE, reg_read(VIRTIO_MMIO_STATUS));
	echo(ALL_PORTS);
}

/* A value that the register would take, in every way but the legal one (4.2.2.2). */
static void write_illegally(uint32_t reg, uint32_t val)
{
	for (unsigned int len = 1; len <= 8; len *= 2)
		if (len != 4)
			write_at(console + reg, len, val);
	for (unsigned int by = 1; by < 4; by++) {
		write_at(console + reg - by, 4, val << 8 * by);
		write_at(console + reg + by, 4, val >> 8 * by);
	}
	write_at(console + reg - 4, 8, (uint64_t)val << 32);
}

static void A3_legal_values_in_illegal_ways(void)
{
	struct queue *dq = &queues[KTSTR_Q_BULK_TX];
	uint16_t head, used;

	reg_write(VIRTIO_MMIO_STATUS, 0);
	write_illegally(VIRTIO_MMIO_STATUS, S_ACK);
	CHECK_EQ(0, reg_read(VIRTIO_MMIO_STATUS));

	driver_up();
	write_illegally(VIRTIO_MMIO_STATUS, 0);
	write_illegally(VIRTIO_MMIO_STATUS, S_LIVE | S_FAIL);
	CHECK_EQ(S_LIVE, reg_read(VIRTIO_MMIO_STATUS));
	write_illegally(VIRTIO_MMIO_QUEUE_SEL, KTSTR_NR_QUEUES);
	CHECK_EQ(QUEUE_SIZE, reg_read(VIRTIO_MMIO_QUEUE_NUM_MAX));
	write_illegally(VIRTIO_MMIO_QUEUE_READY, 0);
	CHECK_EQ(1, reg_read(VIRTIO_MMIO_QUEUE_READY));
	WAIT(reg_read(VIRTIO_MMIO_INTERRUPT_STATUS) == VIRTIO_MMIO_INT_VRING);
	write_illegally(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	CHECK_EQ(VIRTIO_MMIO_INT_VRING, reg_read(VIRTIO_MMIO_INTERRUPT_STATUS));

	echo(ALL_PORTS);
	driver_quiet();
	used = dq->used_idx;
	head = driver_add1(KTSTR_Q_BULK_TX, SCRATCH, 16, false);
	driver_sent(KTSTR_PORT_BULK, SCRATCH, 16);
	write_illegally(VIRTIO_MMIO_QUEUE_NOTIFY, KTSTR_Q_BULK_TX);
	CHECK_EQ(used, READ_ONCE(dq->used->idx));
	driver_kick(KTSTR_Q_BULK_TX);
	CHECK_EQ(0, driver_take(KTSTR_Q_BULK_TX, head));
}

/* Values that registers take, at random places, in random states. */
static void A5_random_writes(void)
{
	static const uint8_t hot[] = {
		VIRTIO_MMIO_DRIVER_FEATURES, VIRTIO_MMIO_QUEUE_SEL, VIRTIO_MMIO_QUEUE_NUM,
		VIRTIO_MMIO_QUEUE_READY, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_MMIO_STATUS,
		VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_MMIO_QUEUE_USED_HIGH,
	};

	driver_no_counts();
	for (unsigned int i = 0; i < 4000; i++) {
		uint64_t r = random64();
		uint32_t off = r & 1 ? hot[(r >> 1) % sizeof(hot)] : (r >> 1) % VIRTIO_MMIO_CONFIG;
		unsigned int len = r & 0x300000 ? 4 : 1u << ((r >> 22) & 3);

		if (!(i % 400))
			driver_up();
		write_at(console + off, len, r & 0x1000000 ? r >> 40 & 0xf : random64());
	}
}

static void A5_across_both_ends(void)
{
	volatile uint8_t *end = console + WINDOW;

	for (unsigned int len = 2; len <= 8; len *= 2)
		for (unsigned int before = 1; before < len; before++) {
			uint64_t all = ~0ull >> (64 - 8 * len);
			uint64_t magic = 0x74726976;

			CHECK_EQ(expected(WINDOW - before, len), read_at(end - before, len));
			write_at(end - before, len, FILLER);
			write_at(console - before, len, FILLER);
			/* The part inside is a register only if it is four bytes. */
			if (len - before == 4)
				CHECK_EQ(magic << 32 | 0xffffffff, read_at(console - before, len));
			else
				CHECK_EQ(all >> 8 * (len - before), read_at(console - before, len));
		}
	CHECK_EQ(0, reg_read(VIRTIO_MMIO_STATUS));
}

/* 5.3.5.1: a letter in every state, each with the next legal width. */
static void A15_emergency_writes_in_every_state(void)
{
	static const uint8_t steps[] = {
		0, S_ACK, S_ACK | S_DRV, S_ACK | S_DRV | S_FEAT, S_LIVE, S_LIVE | S_FAIL,
	};
	volatile uint8_t *emerg_wr = console + VIRTIO_MMIO_CONFIG + 8;
	char letter = 'a';

	say("emergency ");
	for (size_t i = 0; i < sizeof(steps); i++) {
		reg_write(VIRTIO_MMIO_STATUS, steps[i]);
		write_at(emerg_wr, 1u << i % 3, 0xffffff00u | letter++);
		if (steps[i] != (S_ACK | S_DRV))
			continue;
		reg_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
		reg_write(VIRTIO_MMIO_DRIVER_FEATURES, 1u << (VIRTIO_F_VERSION_1 - 32));
	}
	CHECK_EQ(S_LIVE | S_FAIL, reg_read(VIRTIO_MMIO_STATUS));
	say("\n");
}

static uint64_t copy(volatile void *to, volatile void *from, uint64_t n, unsigned int width)
{
	last_fault = -1;
	switch (width) {
	case 1:
		TRY("rep movsb", : "+D" (to), "+S" (from), "+c" (n) :: "memory");
		break;
	case 2:
		TRY("rep movsw", : "+D" (to), "+S" (from), "+c" (n) :: "memory");
		break;
	case 4:
		TRY("rep movsl", : "+D" (to), "+S" (from), "+c" (n) :: "memory");
		break;
	default:
		TRY("rep movsq", : "+D" (to), "+S" (from), "+c" (n) :: "memory");
		break;
	}
	return n;
}

static void A5_string_instructions(void)
{
	volatile uint8_t *ram = (void *)SCRATCH;
	volatile uint32_t *word = (void *)SCRATCH;

	for (unsigned int width = 1; width <= 8; width *= 2) {
		unsigned int n = (WINDOW + 64) / width;

		/* From before the window to behind it, unaligned, and back. */
		if (width > 2) {
			CHECK_EQ(0, copy(ram, console - 31, n, width));
			memset((void *)ram, 'Z', WINDOW + 64);
			CHECK_EQ(0, copy(console - 31, ram, n, width));
		}
		CHECK_EQ(0, copy(ram, console, 256 / width, width));
		memset((void *)ram, 'Z', 256);
		CHECK_EQ(0, copy(console, ram, 256 / width, width));
		CHECK_EQ(0, copy(console + 0x80, console, 128 / width, width));
		CHECK_EQ(-1, last_fault);
		CHECK_EQ(0, reg_read(VIRTIO_MMIO_STATUS));
	}
	/* What a driver may do: four bytes at a time, aligned. */
	CHECK_EQ(0, copy(ram, console, 4, 4));
	CHECK_EQ(0x74726976, word[0]);
	CHECK_EQ(2, word[1]);
	CHECK_EQ(3, word[2]);
}

enum { INSN_FIRST = __COUNTER__ + 1 };

/* One of the many instructions that touch memory; the target is in %rdi. */
#define INSN(_insn)							\
	case __COUNTER__ - INSN_FIRST:					\
		TRY(_insn, : "+a" (a), "+d" (d), "+D" (at)		\
		    :: "rbx", "rcx", "rsi", "memory", "cc");		\
		return true

/* Return: false if there is no instruction of this number. */
static bool locked_or_odd(unsigned int number, volatile uint8_t *at)
{
	uint64_t a = FILLER, d = FILLER;

	switch (number) {
	INSN("xchgb %%al, (%%rdi)");
	INSN("xchgw %%ax, (%%rdi)");
	INSN("xchgl %%eax, (%%rdi)");
	INSN("xchgq %%rax, (%%rdi)");
	INSN("lock xaddl %%eax, (%%rdi)");
	INSN("lock xaddq %%rax, (%%rdi)");
	INSN("lock cmpxchgl %%edx, (%%rdi)");
	INSN("lock cmpxchgq %%rdx, (%%rdi)");
	INSN("lock cmpxchg8b (%%rdi)");
	INSN("lock cmpxchg16b (%%rdi)");
	INSN("lock orb $0x5a, (%%rdi)");
	INSN("lock andw $0x5a5a, (%%rdi)");
	INSN("lock addl $0x5a5a5a, (%%rdi)");
	INSN("lock incq (%%rdi)");
	INSN("lock decb (%%rdi)");
	INSN("lock notl (%%rdi)");
	INSN("lock negl (%%rdi)");
	INSN("lock btsl $30, (%%rdi)");
	INSN("lock btcl $30, (%%rdi)");
	INSN("orl $0x5a5a5a5a, (%%rdi)");
	INSN("shll $3, (%%rdi)");
	INSN("cmpl $0, (%%rdi)");
	INSN("testb $1, (%%rdi)");
	INSN("movzbl (%%rdi), %%eax");
	INSN("movswq (%%rdi), %%rax");
	INSN("cmovel (%%rdi), %%eax");
	INSN("imull (%%rdi), %%eax");
	INSN("mull (%%rdi)");
	INSN("movntil %%eax, (%%rdi)");
	INSN("movbel (%%rdi), %%eax");
	INSN("pushq (%%rdi)\n\tpopq %%rcx");
	INSN("mov %%rdi, %%rsi\n\tlodsl");
	INSN("mov %%rdi, %%rsi\n\tcmpsl");
	INSN("scasq");
	INSN("stosq");
	INSN("movups (%%rdi), %%xmm0");
	INSN("movups %%xmm0, (%%rdi)");
	INSN("movdqu %%xmm0, (%%rdi)");
	INSN("movntdq %%xmm0, (%%rdi)");
	INSN("movq %%xmm0, (%%rdi)");
	INSN("movd (%%rdi), %%xmm0");
	INSN("fldl (%%rdi)\n\tfstpl (%%rdi)");
	INSN("fnstcw (%%rdi)");
	INSN("fxsave (%%rdi)");
	INSN("clflush (%%rdi)");
	INSN("prefetcht0 (%%rdi)");
	default:
		return false;
	}
}

/*
 * At registers, at the last bytes of the window, across its end, and at odd
 * places. Where KVM ends the machine for an instruction, the host goes on with
 * the next one.
 */
static void A5_locked_and_odd_instructions(void)
{
	static const uint32_t offs[] = {
		VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_MMIO_QUEUE_NUM + 1,
		VIRTIO_MMIO_CONFIG, WINDOW - 4, WINDOW - 2,
	};
	unsigned int faults = 0;

	driver_no_counts();
	driver_up();
	for (unsigned int i = bare_arg; locked_or_odd(i, (void *)SCRATCH); i++) {
		say("try %u\n", i);
		for (size_t j = 0; j < ARRAY_SIZE(offs); j++) {
			last_fault = -1;
			locked_or_odd(i, console + offs[j]);
			faults += last_fault != -1;
			CHECK_EQ(0x74726976, reg_read(VIRTIO_MMIO_MAGIC_VALUE));
		}
	}
	say("# %u faults\n", faults);
	echo(ALL_PORTS);
}

/* Nobody can run code there; KVM may end the machine for it. */
static void A5_the_window_as_code(void)
{
	driver_up();
	say("jump\n");
	TRY("jmp *%0", :: "r" (console) : "memory");
	CHECK(last_fault >= 0);
}

struct bad_ring {
	uint64_t gpa;
	unsigned int parts;	/* a bit each for descriptors, avail, used */
};

#define DESC_BYTES	(QUEUE_SIZE * 16)
#define AVAIL_BYTES	(4 + QUEUE_SIZE * 2)
#define USED_BYTES	(4 + QUEUE_SIZE * 8)

/* One part of a queue is at a bad address, the others are good: QueueReady stays 0. */
static void refused(unsigned int q, const struct bad_ring *bad)
{
	for (unsigned int part = 0; part < 3; part++) {
		uint64_t gpa[3] = { RINGS, RINGS + 0x1000, RINGS + 0x2000 };

		if (!(bad->parts & 1u << part))
			continue;
		gpa[part] = bad->gpa;
		if (driver_rings(q, QUEUE_SIZE, gpa[0], gpa[1], gpa[2])) {
			say("# queue %u, part %u at 0x%lx:\n", q, part, bad->gpa);
			fail(__FILE__, __LINE__, "QueueReady", 1, 0);
			/* Taken back, or the next one would meet frozen registers. */
			reg_write(VIRTIO_MMIO_QUEUE_READY, 0);
		}
	}
}

static void C11_C13_rings_outside_memory(void)
{
	const uint64_t end = ram_end();
	const struct bad_ring bad[] = {
		{ LAYOUT_CONSOLE_MMIO, 7 }, { LAYOUT_CONSOLE_MMIO + VIRTIO_MMIO_QUEUE_NOTIFY, 7 },
		{ LAYOUT_HOLE_START, 7 }, { LAYOUT_IOAPIC, 7 }, { LAYOUT_LAPIC, 7 },
		{ LAYOUT_KVM_TSS, 7 }, { LAYOUT_HOLE_END - 0x1000, 7 }, { LAYOUT_HOLE_END, 7 },
		{ end, 7 }, { end - 16, 7 }, { end - DESC_BYTES + 16, 1 },
		{ end - AVAIL_BYTES + 2, 2 }, { end - USED_BYTES + 4, 4 },
		{ 1ull << 40, 7 }, { 1ull << 63, 7 }, { 0xfffffffffffff000ull, 7 },
		{ 0xffffffffffffff00ull, 7 }, { 0xfffffffffffffff0ull, 7 },
		{ RINGS + 8, 1 }, { RINGS + 0x1001, 2 }, { RINGS + 0x2002, 4 },
	};

	REQUIRE(driver_negotiate());
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refused(KTSTR_Q_BULK_TX, &bad[i]);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		refused(q, &bad[q]);
	/* A refused queue is as good as new; one that stays so harms no other. */
	for (unsigned int q = 0; q < KTSTR_Q_STATS_RX; q++)
		REQUIRE(driver_queue(q, QUEUE_SIZE) == 1);
	reg_write(VIRTIO_MMIO_STATUS, S_LIVE);
	CHECK_EQ(S_LIVE, reg_read(VIRTIO_MMIO_STATUS));
	driver_kick(KTSTR_Q_STATS_RX);
	driver_kick(KTSTR_Q_STATS_TX);
	driver_handshake(KTSTR_Q_STATS_RX);
	echo(1u << KTSTR_PORT_CONSOLE | 1u << KTSTR_PORT_BULK);
}

/* Without EVENT_IDX the last byte of each part may be the last byte of memory. */
static void C11_rings_end_with_memory(void)
{
	static const unsigned int size[] = { DESC_BYTES, AVAIL_BYTES, USED_BYTES };
	const unsigned int q = KTSTR_Q_BULK_TX;

	for (unsigned int part = 0; part < 3; part++) {
		uint64_t gpa[3] = { RINGS + q * RING_STRIDE };

		REQUIRE(driver_negotiate());
		for (unsigned int i = 0; i < KTSTR_NR_QUEUES; i++)
			driver_queue(i, QUEUE_SIZE);
		gpa[1] = gpa[0] + 0x1000;
		gpa[2] = gpa[0] + 0x2000;
		gpa[part] = ram_end() - size[part];
		memset((void *)gpa[part], 0, size[part]);
		reg_write(VIRTIO_MMIO_QUEUE_SEL, q);
		reg_write(VIRTIO_MMIO_QUEUE_READY, 0);
		REQUIRE(driver_rings(q, QUEUE_SIZE, gpa[0], gpa[1], gpa[2]) == 1);
		queues[q].desc = (void *)gpa[0];
		queues[q].avail = (void *)gpa[1];
		queues[q].used = (void *)gpa[2];
		reg_write(VIRTIO_MMIO_STATUS, S_LIVE);
		driver_handshake(-1);
		/* More than once round the ring: its last entry is used. */
		for (unsigned int i = 0; i < QUEUE_SIZE + 2; i++)
			driver_send(KTSTR_PORT_BULK, SCRATCH, 1);
		echo(ALL_PORTS);
	}
}

static void H1_notify_values(void)
{
	static const uint32_t values[] = {
		KTSTR_NR_QUEUES, 0xff, 0x100, 0xffff, 0x10000, 0x10005, 0x7fffffff, 0x80000000,
		0xffffffff, 0xfffffffe,
	};

	/* Of no device, of one that is not started, of one that is. */
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		driver_kick(q);
	CHECK_EQ(0, reg_read(VIRTIO_MMIO_STATUS));
	REQUIRE(driver_negotiate());
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		driver_kick(q);
	driver_up();
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		reg_write(VIRTIO_MMIO_QUEUE_NOTIFY, values[i]);
	CHECK_EQ(S_LIVE, reg_read(VIRTIO_MMIO_STATUS));
	echo(ALL_PORTS);
}

static void wait_irq(uint64_t before)
{
	WAIT(irq_count > before);
}

/*
 * Nothing is acknowledged, and what comes back brings an interrupt all the same.
 * One port at a time: there a chain is the only reason for the next interrupt.
 */
static void H4_interrupts_without_ack(void)
{
	irq_connect();
	driver_up();
	for (unsigned int i = 0; i < 150; i++) {
		uint64_t before = irq_count;

		driver_send(i / 50, SCRATCH, 1 + i);
		wait_irq(before);
	}
	CHECK_EQ(VIRTIO_MMIO_INT_VRING, reg_read(VIRTIO_MMIO_INTERRUPT_STATUS));
	echo(ALL_PORTS);
}

/*
 * Judged by InterruptStatus, which the device sets when it raises an interrupt:
 * KVM may deliver that one later, after an acknowledgment.
 */
static void H4_isr_and_ack(void)
{
	static const uint32_t keeps[] = { 0, 2, 0x80000000, 0xfffffffe };

	irq_connect();
	driver_up();
	/* So far there was only the control queue, which is not kept waiting. */
	reg_write(VIRTIO_MMIO_INTERRUPT_ACK, ~0u);
	CHECK_EQ(0, reg_read(VIRTIO_MMIO_INTERRUPT_STATUS));
	driver_send(KTSTR_PORT_BULK, SCRATCH, 1);
	WAIT(reg_read(VIRTIO_MMIO_INTERRUPT_STATUS));
	for (size_t i = 0; i < ARRAY_SIZE(keeps); i++) {
		reg_write(VIRTIO_MMIO_INTERRUPT_ACK, keeps[i]);
		reg_write(VIRTIO_MMIO_INTERRUPT_STATUS, 0);
		CHECK_EQ(VIRTIO_MMIO_INT_VRING, reg_read(VIRTIO_MMIO_INTERRUPT_STATUS));
	}
	reg_write(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	CHECK_EQ(0, reg_read(VIRTIO_MMIO_INTERRUPT_STATUS));
	reg_write(VIRTIO_MMIO_INTERRUPT_ACK, ~0u);
	CHECK_EQ(0, reg_read(VIRTIO_MMIO_INTERRUPT_STATUS));

	/* 2.7.7.2: off means off, on means on. It may come late, so it is given time. */
	queues[KTSTR_Q_BULK_TX].avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	driver_send(KTSTR_PORT_BULK, SCRATCH, 1);
	for (uint64_t t = rdtsc(); rdtsc() - t < 20 * tsc_khz;)
		pause();
	CHECK_EQ(0, reg_read(VIRTIO_MMIO_INTERRUPT_STATUS));
	queues[KTSTR_Q_BULK_TX].avail->flags = 0;
	driver_send(KTSTR_PORT_BULK, SCRATCH, 1);
	WAIT(reg_read(VIRTIO_MMIO_INTERRUPT_STATUS) == VIRTIO_MMIO_INT_VRING);
}

#define IOAPIC_LOGICAL	0x800u
#define IOAPIC_LEVEL	0x8000u
#define IOAPIC_MASKED	0x10000u
#define IOAPIC_LOWEST	0x100u

/* Where the guest sends the device's interrupts is its own affair. */
static void H4_interrupts_sent_anywhere(void)
{
	static const struct {
		uint32_t low, high;
	} routes[] = {
		{ VEC_CONSOLE | IOAPIC_MASKED, 0 }, { VEC_CONSOLE, 0xff000000 },
		{ VEC_CONSOLE, 0x77000000 }, { VEC_CONSOLE | IOAPIC_LOGICAL, 0 },
		{ 0, 0 }, { 15, 0 }, { VEC_CONSOLE | IOAPIC_LOWEST, 0 },
		{ VEC_CONSOLE | IOAPIC_LEVEL, 0 },
	};

	irq_connect();
	driver_up();
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		uint64_t before;

		irq_route(routes[i].low, routes[i].high);
		for (unsigned int j = 0; j < 10; j++)
			driver_send(KTSTR_PORT_CONSOLE, SCRATCH, 1);
		echo(ALL_PORTS);
		irq_connect();
		before = irq_count;
		driver_send(KTSTR_PORT_CONSOLE, SCRATCH, 1);
		wait_irq(before);
	}
}

const struct bare_case mmio_cases[] = {
	CASE(A3_legal_values_in_illegal_ways),
	CASE(A5_every_width_at_every_offset),
	CASE(A5_random_writes),
	CASE(A5_across_both_ends),
	CASE(A15_emergency_writes_in_every_state),
	CASE(A5_string_instructions),
	CASE(A5_locked_and_odd_instructions),
	CASE(A5_the_window_as_code),
	CASE(C11_C13_rings_outside_memory),
	CASE(C11_rings_end_with_memory),
	CASE(H1_notify_values),
	CASE(H4_interrupts_without_ack),
	CASE(H4_interrupts_sent_anywhere),
	CASE(H4_isr_and_ack),
	{ NULL, NULL }
};
