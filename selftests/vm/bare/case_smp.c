// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several CPUs at once: what one sees of what the device does for another, and
 * what they can do to it together. Each case knows how many CPUs it was given.
 */
#include "driver.h"

#define CPUS	4

static volatile bool stop;

/*
 * D14: CPU 1 spins on the used index and looks at element and payload the moment
 * it moves, while the device writes on behalf of CPU 0's kicks, of the host's
 * writes, and of its own thread. Everything stale is recognised: what was read
 * is overwritten before the buffer is offered again.
 */
#define STALE		~0ull
#define SLOT(_id)	((uint64_t *)(SCRATCH + (_id) * 64))

static uint64_t seen;

static void look_at(struct queue *dq, uint16_t at)
{
	struct vring_used_elem *e = &dq->used->ring[at % QUEUE_SIZE];
	uint32_t id = READ_ONCE(e->id), len = READ_ONCE(e->len);

	CHECK_EQ(at % QUEUE_SIZE, id);
	CHECK_EQ(8, len);
	if (id >= QUEUE_SIZE)
		give_up(__FILE__, __LINE__, "an id in the used element");
	CHECK_EQ(seen, READ_ONCE(*SLOT(id)));
	seen++;
	WRITE_ONCE(*SLOT(id), STALE);
	WRITE_ONCE(e->id, (uint32_t)STALE);
	WRITE_ONCE(e->len, (uint32_t)STALE);
	driver_publish(KTSTR_Q_BULK_RX, id);
}

static void reader(unsigned int cpu)
{
	struct queue *dq = &queues[KTSTR_Q_BULK_RX];
	const uint64_t since = rdtsc();
	uint16_t at = 0, idx;

	(void)cpu;
	while (seen < bare_arg && !time_is_up(since)) {
		/* Pairs with the device's release store. */
		idx = __atomic_load_n(&dq->used->idx, __ATOMIC_ACQUIRE);
		if (idx == at)
			pause();
		for (; at != idx; at++)
			look_at(dq, at);
	}
	stop = true;
}

static void D14_payload_then_element_then_index(void)
{
	const unsigned int q = KTSTR_Q_BULK_RX;

	driver_start(QUEUE_SIZE);
	driver_handshake(q);
	for (unsigned int i = 0; i < QUEUE_SIZE; i++) {
		*SLOT(i) = STALE;
		queues[q].used->ring[i] = (struct vring_used_elem) { ~0u, ~0u };
		driver_add1(q, (uint64_t)SLOT(i), 8, true);
	}
	say("stream\n");
	ap_start(2, reader);
	while (!READ_ONCE(stop))
		if (READ_ONCE(queues[q].avail->idx) != READ_ONCE(queues[q].used->idx))
			driver_kick(q);
		else
			pause();
	ap_wait();
	say("# %lu elements looked at\n", seen);
	say("enough\n");
	/* A byte on port 0 says that the host has stopped. */
	WAIT(driver_used(KTSTR_Q_CONSOLE_RX, NULL) >= 0);
}

/* E27: old and new bytes may mix, others may not come. */
#define MUTATED		0x10000u

static void mutate_payload(unsigned int cpu)
{
	uint8_t byte = 0xaa;

	(void)cpu;
	while (!READ_ONCE(stop)) {
		memset((void *)BIG, byte, MUTATED);
		byte = ~byte;
	}
}

static void E27_payload_that_changes_while_it_is_read(void)
{
	const uint64_t since = rdtsc();

	driver_no_sums();
	memset((void *)BIG, 0xaa, MUTATED);
	driver_up();
	ap_start(2, mutate_payload);
	for (unsigned int i = 0; i < bare_arg && !time_is_up(since); i++)
		driver_send(KTSTR_PORT_BULK, BIG, MUTATED);
	stop = true;
	ap_wait();
}

/* Descriptors and rings change between any two looks of the device. */
static void mutate_rings(unsigned int cpu)
{
	static const uint64_t addr[] = {
		SCRATCH, LAYOUT_CONSOLE_MMIO, ~0ull - 8, RINGS, LAYOUT_HOLE_START - 8, BIG,
	};
	static const uint32_t len[] = { 16, 0, 0xffffffff, 1, 0x100000 };
	uint64_t r = 0x1234567 + cpu;

	while (!READ_ONCE(stop)) {
		struct queue *dq;
		struct vring_desc *d;

		r = r * 6364136223846793005ull + 1442695040888963407ull;
		dq = &queues[(r >> 33) % KTSTR_NR_QUEUES];
		d = &dq->desc[(r >> 40) % 8];
		WRITE_ONCE(d->addr, addr[(r >> 44) % ARRAY_SIZE(addr)]);
		WRITE_ONCE(d->len, len[(r >> 48) % ARRAY_SIZE(len)]);
		WRITE_ONCE(d->next, r >> 52 & 0x107);
		WRITE_ONCE(d->flags, r >> 56 & (r >> 60 ? 3 : 7));
		WRITE_ONCE(dq->avail->ring[(r >> 20) % 8], r >> 24 & 0x107);
		if (!(r >> 59))
			WRITE_ONCE(dq->avail->idx, dq->avail->idx + (r >> 30) % 4);
	}
}

static void E27_rings_that_change_while_they_are_read(void)
{
	const uint64_t since = rdtsc();
	unsigned int resets = 0;

	driver_no_counts();
	driver_up();
	ap_start(2, mutate_rings);
	for (unsigned int i = 0; i < bare_arg && !time_is_up(since); i++) {
		if (reg_read(VIRTIO_MMIO_STATUS) == S_LIVE) {
			reg_write(VIRTIO_MMIO_QUEUE_NOTIFY, random64() % KTSTR_NR_QUEUES);
			continue;
		}
		driver_try_start(QUEUE_SIZE);
		resets++;
	}
	stop = true;
	ap_wait();
	say("# %u resets\n", resets);
}

static void storm(unsigned int cpu)
{
	const uint64_t since = rdtsc();

	for (unsigned int i = 0; i < bare_arg && !time_is_up(since); i++)
		driver_kick((i + cpu) % KTSTR_NR_QUEUES);
	__atomic_fetch_add(&seen, 1, __ATOMIC_RELAXED);
}

/* H3: nobody has anything to say, and all say so all the time. */
static void H3_a_storm_of_notifications(void)
{
	unsigned int rounds = 0;

	driver_up();
	ap_start(CPUS, storm);
	do {
		echo(ALL_PORTS);
		rounds++;
	} while (__atomic_load_n(&seen, __ATOMIC_RELAXED) < CPUS - 1);
	ap_wait();
	say("# %u echoes on every port during the storm\n", rounds);
}

static void turmoil(unsigned int cpu)
{
	const uint64_t since = rdtsc();
	uint64_t r = cpu;

	for (unsigned int i = 0; i < bare_arg && !time_is_up(since); i++) {
		r = r * 6364136223846793005ull + 1442695040888963407ull;
		switch (r >> 60) {
		case 0:
			reg_write(VIRTIO_MMIO_STATUS, 0);
			break;
		case 1:
			reg_write(VIRTIO_MMIO_STATUS, r >> 40 & 0xff);
			break;
		case 2:
		case 3:
			reg_write(VIRTIO_MMIO_QUEUE_SEL, r >> 40 & 7);
			reg_write(VIRTIO_MMIO_QUEUE_READY, r >> 50 & 1);
			break;
		case 4:
			reg_read(r >> 40 & 0x1fc);
			break;
		default:
			reg_write(VIRTIO_MMIO_QUEUE_NOTIFY, r >> 40 & 7);
			break;
		}
	}
}

/* One CPU's initialisation is torn apart by the others'; only the last one counts. */
static void H8_kicks_toggles_and_resets_on_all_cpus(void)
{
	const uint64_t since = rdtsc();

	driver_no_counts();
	ap_start(CPUS, turmoil);
	for (unsigned int i = 0; i < bare_arg / 100 && !time_is_up(since); i++) {
		driver_negotiate();
		for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
			driver_queue(q, QUEUE_SIZE);
			driver_add1(q, SCRATCH, 16, !(q & 1));
		}
		reg_write(VIRTIO_MMIO_STATUS, S_LIVE);
		for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
			reg_write(VIRTIO_MMIO_QUEUE_NOTIFY, q);
	}
	ap_wait();
}

static void storm_for_ever(unsigned int cpu)
{
	for (;;)
		turmoil(cpu++);
}

/* The host ends this one. */
static void H3_a_storm_that_does_not_end(void)
{
	driver_no_counts();
	driver_up();
	ap_start(CPUS, storm_for_ever);
	say("storm\n");
	storm_for_ever(0);
}

const struct bare_case smp_cases[] = {
	CASE(D14_payload_then_element_then_index),
	CASE(E27_payload_that_changes_while_it_is_read),
	CASE(E27_rings_that_change_while_they_are_read),
	CASE(H3_a_storm_of_notifications),
	CASE(H3_a_storm_that_does_not_end),
	CASE(H8_kicks_toggles_and_resets_on_all_cpus),
	{ NULL, NULL }
};
