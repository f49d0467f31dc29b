// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases that need several vCPUs: threads play them. Built with -fsanitize=thread
 * too, where a missing lock or barrier of the device is a finding (tsan.mk). The
 * forms of H8, H10 and H11 with Linux in a guest are VM tests.
 */
#include <sys/syscall.h>

#include "driver_threads.h"

#include "vmm/layout.h"
#include "vmm/virtqueue.h"

#include "unit.h"

#define KIB		1024u
#define MIB		(1024u * KIB)
#define NUM		64u
#define BULK_TX		KTSTR_Q_BULK_TX

FIXTURE(vcpus)
{
	struct bench b;
};

FIXTURE_SETUP(vcpus)
{
	ASSERT_TRUE(bench__init(&self->b, NUM));
}

FIXTURE_TEARDOWN(vcpus)
{
	bench__exit(&self->b);
}

/* One vCPU: thread, number, and what a test tells it or it tells the test. */
struct vcpu {
	struct bench *b;
	pthread_t thread;
	unsigned int nr;
	unsigned int rounds;
	unsigned int *shared;
};

static bool start(struct vcpu *v, struct bench *b, unsigned int nr, unsigned int rounds,
		  void *(*fn)(void *))
{
	v->b = b;
	v->nr = nr;
	v->rounds = rounds;
	return !pthread_create(&v->thread, NULL, fn, v);
}

/*
 * D14, on the walker alone, where no lock orders anything by accident. The device
 * thread writes payload, element and index; the reader spins on the index and must
 * then find the element and the payload that belong to it. It spoils both when it is
 * done, so that an old value cannot pass for a new one.
 */
struct order {
	struct guest_memory gm;
	struct virtqueue vq;
	struct virtq_chain chain;
	uint8_t *ram;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	unsigned int rounds;
	unsigned int stale;
};

#define ORDER_NUM	64u
#define ORDER_DATA	0x4000u
#define STALE		0xffffffffu

static void *order_device(void *arg)
{
	struct order *o = arg;

	for (uint32_t i = 0; i < o->rounds;) {
		int ret = virtqueue__pop(&o->vq, &o->gm, &o->chain);

		if (ret < 0)
			break;
		if (!ret) {
			sched_yield();
			continue;
		}
		virtq_chain__scatter(&o->chain, &i, sizeof(i));
		virtqueue__push(&o->vq, o->chain.head, i++ & 0xffff);
	}
	return NULL;
}

static void order_offer(struct order *o, uint32_t n)
{
	uint16_t slot = n % ORDER_NUM;

	driver__put_desc(&o->desc[slot], ORDER_DATA + 64 * slot, 4, VRING_DESC_F_WRITE, 0);
	__atomic_store_n(&o->avail->ring[slot], slot, __ATOMIC_RELAXED);
	__atomic_store_n(&o->avail->idx, n + 1, __ATOMIC_RELEASE);
}

static void order_reader(struct order *o)
{
	for (uint32_t i = 0; i < ORDER_NUM; i++)
		order_offer(o, i);
	for (uint32_t i = 0; i < o->rounds; i++) {
		struct vring_used_elem *e = &o->used->ring[i % ORDER_NUM];
		uint32_t *payload = (uint32_t *)(o->ram + ORDER_DATA + 64 * (i % ORDER_NUM));

		for (unsigned int spins = 0;
		     (uint16_t)i == __atomic_load_n(&o->used->idx, __ATOMIC_ACQUIRE); spins++) {
			if (spins > 1000)
				sched_yield();
		}
		/* Plain reads: in order only if the device's writes are. */
		o->stale += *payload != i;
		o->stale += __atomic_load_n(&e->id, __ATOMIC_RELAXED) != i % ORDER_NUM;
		o->stale += __atomic_load_n(&e->len, __ATOMIC_RELAXED) != (i & 0xffff);
		*payload = STALE;
		__atomic_store_n(&e->id, STALE, __ATOMIC_RELAXED);
		__atomic_store_n(&e->len, STALE, __ATOMIC_RELAXED);
		order_offer(o, i + ORDER_NUM);
	}
}

TEST_F_TIMEOUT(vcpus, D14_payload_then_element_then_index, 600)
{
	struct order *o = calloc(1, sizeof(*o));
	pthread_t device;

	ASSERT_NE(NULL, o);
	o->rounds = bench__rounds(10000000, 600000);
	o->ram = aligned_alloc(4096, 0x10000);
	memset(o->ram, 0, 0x10000);
	ASSERT_EQ(0, guest_memory__add(&o->gm, 0, 0x10000, o->ram, false));
	o->desc = (void *)o->ram;
	o->avail = (void *)(o->ram + 0x1000);
	o->used = (void *)(o->ram + 0x2000);
	o->vq.avail_gpa = 0x1000;
	o->vq.used_gpa = 0x2000;
	ASSERT_EQ(0, virtqueue__set_num(&o->vq, ORDER_NUM));
	ASSERT_EQ(0, virtqueue__start(&o->vq, &o->gm));
	ASSERT_EQ(0, pthread_create(&device, NULL, order_device, o));
	order_reader(o);
	pthread_join(device, NULL);
	EXPECT_EQ(0, o->stale) TH_LOG("of %u", o->rounds);
	EXPECT_FALSE(o->vq.broken);
	free(o->ram);
	free(o);
}

/*
 * The guest as TSan does not see it: a driver that writes to a buffer it has given
 * away races by intent, and it is not the device's race. The device's copies stay
 * instrumented, and no report is suppressed.
 */
__attribute__((no_sanitize("thread"), noinline))
static void scribble(volatile uint8_t *p, size_t n, uint8_t val)
{
	for (size_t i = 0; i < n; i++)
		p[i] = val;
}

static void *mutate_payload(void *arg)
{
	struct bench *b = arg;

	for (unsigned int i = 0; !bench__stopped(b); i++)
		scribble(driver__ptr(&b->d, DRIVER_DATA_GPA), 16 * KIB, i & 1 ? 'A' : 'B');
	return NULL;
}

TEST_F_TIMEOUT(vcpus, E27_payload_mutated_during_the_copy, 300)
{
	struct bench *b = &self->b;
	struct driver *d = &b->d;
	unsigned int rounds = bench__rounds(4000, 500), a_and_b = 0;
	static uint8_t got[16 * KIB];
	pthread_t mutator;

	memset(driver__ptr(d, DRIVER_DATA_GPA), 'A', sizeof(got));
	ASSERT_EQ(0, pthread_create(&mutator, NULL, mutate_payload, b));
	for (unsigned int i = 0; i < rounds; i++) {
		size_t n, as = 0;

		driver__add1(d, BULK_TX, DRIVER_DATA_GPA, sizeof(got), false);
		driver__kick(d, BULK_TX);
		driver__all_back(d, BULK_TX);
		n = virtio_console__read(d->vc, 1, got, sizeof(got));
		ASSERT_EQ(sizeof(got), n);
		/* Any mixture of old and new, and nothing else. */
		for (size_t k = 0; k < n; k++) {
			as += got[k] == 'A';
			b->bad += got[k] != 'A' && got[k] != 'B';
		}
		a_and_b += as && as < n;
	}
	bench__stop(b);
	pthread_join(mutator, NULL);
	EXPECT_EQ(0, b->bad);
	TH_LOG("%u of %u copies were mixed", a_and_b, rounds);
	EXPECT_ALIVE(d, 0);
}

static void *mutate_control(void *arg)
{
	struct bench *b = arg;

	for (unsigned int i = 0; !bench__stopped(b); i++) {
		scribble(driver__ptr(&b->d, CTRL_MSG_GPA), 4, i & 1 ? 0x01 : 0xff);
		scribble(driver__ptr(&b->d, CTRL_MSG_GPA) + 4, 4, i % 8);
	}
	return NULL;
}

/* A message is judged in the device's own copy: what passed the check is what is obeyed. */
TEST_F_TIMEOUT(vcpus, E27_control_message_mutated_during_the_copy, 300)
{
	struct bench *b = &self->b;
	struct driver *d = &b->d;
	pthread_t mutator;

	ASSERT_EQ(0, pthread_create(&mutator, NULL, mutate_control, b));
	for (unsigned int i = 0; i < bench__rounds(1000000, 60000); i++) {
		driver__add1(d, KTSTR_Q_CTRL_TX, CTRL_MSG_GPA, 8, false);
		driver__kick(d, KTSTR_Q_CTRL_TX);
		ASSERT_LE(0, driver__used(d, KTSTR_Q_CTRL_TX, NULL));
	}
	bench__stop(b);
	pthread_join(mutator, NULL);
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/*
 * Descriptors that change while they are walked: each field is read once and judged
 * as it was read. Links go forward only: whatever is seen of them, it is no loop.
 */
static void *mutate_descriptors(void *arg)
{
	static const struct { uint64_t gpa; uint32_t len; uint16_t flags; } c[] = {
		{ DRIVER_DATA_GPA, 100, 0 },
		{ DRIVER_DATA_GPA, 100, VRING_DESC_F_NEXT },
		{ LAYOUT_CONSOLE_MMIO, 0x1000, 0 },
		{ UINT64_MAX - 50, 100, VRING_DESC_F_NEXT },
		{ DRIVER_DATA_GPA, 0xffffffff, VRING_DESC_F_NEXT },
		{ DRIVER_RAM_GPA + DRIVER_RAM_SIZE - 50, 100, VRING_DESC_F_WRITE },
		{ DRIVER_RAM_GPA + DRIVER_RAM_SIZE - 100, 100, VRING_DESC_F_NEXT },
	};
	struct bench *b = arg;

	for (unsigned int i = 0; !bench__stopped(b); i++)
		driver__put_desc(&b->d.q[BULK_TX].desc[i % 4], c[i % 7].gpa, c[i % 7].len,
				 c[i % 7].flags & (i % 4 == 3 ? 0 : ~0), i % 4 + 1);
	return NULL;
}

TEST_F_TIMEOUT(vcpus, descriptors_mutated_during_the_walk, 300)
{
	struct bench *b = &self->b;
	struct driver *d = &b->d;
	uint64_t errors = driver__stats(d).driver_errors;
	unsigned int full = 0, rounds = bench__rounds(1000000, 60000);
	pthread_t mutator;

	ASSERT_EQ(0, pthread_create(&mutator, NULL, mutate_descriptors, b));
	for (unsigned int i = 0; i < rounds; i++) {
		driver__publish(d, BULK_TX, 0);
		driver__kick(d, BULK_TX);
		full += driver__discard(d, 1) > 0;
		ASSERT_LE(0, driver__settle(d));
		ASSERT_EQ(0, driver__stats(d).broken) TH_LOG("round %u", i);
	}
	bench__stop(b);
	pthread_join(mutator, NULL);
	/* Some chains were good as they were read, and some were not. */
	EXPECT_LT(0, full);
	EXPECT_LT(errors, driver__stats(d).driver_errors);
	d->q[BULK_TX].next_desc = 0;
	EXPECT_ALIVE(d, 0);
}

static void *storm(void *arg)
{
	struct vcpu *v = arg;

	for (unsigned int i = 0; i < v->rounds; i++)
		driver__kick(&v->b->d, (v->nr + i) % KTSTR_NR_QUEUES);
	return NULL;
}

/*
 * A storm of kicks for nothing, from eight vCPUs. They cost the I/O thread nothing:
 * none of them leaves work behind. The other ports go on.
 */
TEST_F_TIMEOUT(vcpus, H3_storm_of_spurious_notifications, 300)
{
	struct bench *b = &self->b;
	struct driver *d = &b->d;
	unsigned int rounds = bench__rounds(125000, 20000);
	struct virtio_console_stats before = driver__stats(d), after;
	struct vcpu v[8];

	for (unsigned int i = 0; i < 8; i++) {
		ASSERT_TRUE(start(&v[i], b, i, rounds, storm));
	}
	for (unsigned int i = 0; i < 100; i++) {
		unsigned int p = i % 3;

		ASSERT_TRUE(driver__echo_tx(d, p)) TH_LOG("echo %u", i);
		ASSERT_TRUE(driver__echo_rx(d, p)) TH_LOG("echo %u", i);
	}
	for (unsigned int i = 0; i < 8; i++)
		pthread_join(v[i].thread, NULL);
	after = driver__stats(d);
	EXPECT_EQ(before.rearms, after.rearms);
	EXPECT_EQ(before.driver_errors, after.driver_errors);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		EXPECT_LE(before.kicks[q] + rounds, after.kicks[q]);
	}
	EXPECT_ALIVE(d, 0);
}

/* What the vCPUs of H8 know of each other: the count of initialisations. */
static unsigned int generation;

/* Chains for queue @v->nr, honest ones as long as the rings are those it knows. */
static void *kicker(void *arg)
{
	struct vcpu *v = arg;
	struct driver_queue *dq = &v->b->d.q[v->nr];
	unsigned int seen = ~0u;
	uint16_t idx = 0;

	for (unsigned int i = 0; i < v->rounds; i++) {
		unsigned int now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
		uint16_t slot;

		if (now != seen)
			idx = 0;
		seen = now;
		slot = idx & (NUM - 1);
		driver__put_desc(&dq->desc[slot], DRIVER_DATA_GPA + v->nr * MIB, 1 + i % 3000,
				 v->nr & 1 ? 0 : VRING_DESC_F_WRITE, 0);
		__atomic_store_n(&dq->avail->ring[slot], slot, __ATOMIC_RELAXED);
		/* Only if there is room: the device's index is all that is looked at. */
		if ((uint16_t)(idx - __atomic_load_n(&dq->used->idx, __ATOMIC_ACQUIRE)) < NUM)
			__atomic_store_n(&dq->avail->idx, ++idx, __ATOMIC_RELEASE);
		driver__kick(&v->b->d, v->nr);
		if (i % 16 == 0)
			driver__read32(&v->b->d, VIRTIO_MMIO_INTERRUPT_STATUS);
		if (i % 64 == 0)
			driver__write32(&v->b->d, VIRTIO_MMIO_INTERRUPT_ACK, 3);
	}
	return NULL;
}

/* The host's side: takes from all ports and gives to all of them. */
static void *host(void *arg)
{
	struct bench *b = arg;
	static uint8_t in[8 * KIB], out[100];

	while (!bench__stopped(b)) {
		for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
			size_t n = virtio_console__read(b->d.vc, p, in, sizeof(in));

			if (p == 1 && n > 100)
				virtio_console__push_back(b->d.vc, p, in, 100);
			virtio_console__write(b->d.vc, p, out, sizeof(out));
			virtio_console__connect(b->d.vc, p, n & 1);
		}
		sched_yield();
	}
	return NULL;
}

/* Reset and set up again with rings that other vCPUs are using: atomic stores only. */
static void initialise_under_fire(struct driver *d)
{
	driver__negotiate(d, DRIVER_FEATURES);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		uint64_t gpa = driver__ring_gpa(q);

		__atomic_store_n(&d->q[q].avail->idx, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&d->q[q].used->idx, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&d->q[q].used->flags, 0, __ATOMIC_RELAXED);
		driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
		driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, NUM);
		write_addr(d, VIRTIO_MMIO_QUEUE_DESC_LOW, gpa);
		write_addr(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, gpa + 0x1000);
		write_addr(d, VIRTIO_MMIO_QUEUE_USED_LOW, gpa + 0x2000);
		driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	}
	__atomic_fetch_add(&generation, 1, __ATOMIC_RELEASE);
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
}

static void *resetter(void *arg)
{
	struct bench *b = arg;
	struct driver *d = &b->d;

	for (unsigned int i = 0; !bench__stopped(b); i++) {
		initialise_under_fire(d);
		for (unsigned int n = 0; n < 50 * (i % 8) && !bench__stopped(b); n++)
			driver__kick(d, n % 9);
		driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, i % KTSTR_NR_QUEUES);
		driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
		driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
		if (i % 5 == 0)
			driver__write32(d, VIRTIO_MMIO_STATUS, 0x8f);
	}
	return NULL;
}

TEST_F_TIMEOUT(vcpus, H8_kicks_toggles_and_resets_from_all_sides, 300)
{
	struct bench *b = &self->b;
	unsigned int rounds = bench__rounds(200000, 60000);
	struct virtio_console_stats before = driver__stats(&b->d), after;
	pthread_t io, hosts, resets;
	struct vcpu v[8];

	ASSERT_EQ(0, pthread_create(&io, NULL, bench__io_thread, b));
	ASSERT_EQ(0, pthread_create(&hosts, NULL, host, b));
	ASSERT_EQ(0, pthread_create(&resets, NULL, resetter, b));
	for (unsigned int i = 0; i < 8; i++) {
		ASSERT_TRUE(start(&v[i], b, i, rounds, kicker));
	}
	for (unsigned int i = 0; i < 8; i++)
		pthread_join(v[i].thread, NULL);
	bench__stop(b);
	pthread_join(resets, NULL);
	pthread_join(hosts, NULL);
	pthread_join(io, NULL);
	after = driver__stats(&b->d);
	/* It was no idle affair. */
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		EXPECT_LT(before.tx_bytes[p], after.tx_bytes[p]) TH_LOG("port %u", p);
	}
	EXPECT_LT(10, __atomic_load_n(&generation, __ATOMIC_RELAXED));
	for (unsigned int p = 1; p < KTSTR_NR_PORTS; p++)
		virtio_console__connect(b->d.vc, p, true);
	EXPECT_ALIVE(&b->d, DRIVER_ALL_QUEUES);
}

/* A guest's write(): offers its chain, kicks only if it is asked to. Return: false, ring full. */
static bool write_chain(struct driver *d, unsigned int q, uint32_t *out, uint32_t len)
{
	while (driver__used(d, q, NULL) >= 0)
		--*out;
	if (*out == NUM)
		return false;
	driver__add1(d, q, DRIVER_DATA_GPA + q * MIB, len, false);
	++*out;
	if (driver__needs_kick(d, q))
		driver__kick(d, q);
	return true;
}

static void *blocked_writer(void *arg)
{
	struct vcpu *v = arg;
	uint32_t out = 0;

	for (unsigned int i = 0; i < v->rounds; i++) {
		while (!write_chain(&v->b->d, BULK_TX, &out, 1000)) {
			__atomic_store_n(v->shared, true, __ATOMIC_RELEASE);
			sched_yield();
		}
	}
	while (out) {
		if (driver__used(&v->b->d, BULK_TX, NULL) >= 0)
			out--;
		else
			sched_yield();
	}
	return NULL;
}

/*
 * The I/O thread stands still, for as long as it takes until the guest cannot go on;
 * then it runs again, and so does the guest, without any help. No clock decides.
 */
TEST_F(vcpus, H10_io_thread_that_stood_still)
{
	struct bench *b = &self->b;
	unsigned int blocked, times = 0;
	static uint8_t buf[64 * KIB];
	uint64_t got = 0, want;
	struct vcpu v = { .shared = &blocked };
	pthread_t io;

	ASSERT_EQ(0, pthread_create(&io, NULL, bench__io_thread, b));
	for (unsigned int round = 0; round < 20; round++) {
		blocked = false;
		pthread_mutex_lock(&b->gate);
		want = got + 3ull * NUM * 1000;
		ASSERT_TRUE(start(&v, b, 0, 3 * NUM, blocked_writer));
		/* Its ring is full, or it was never told to stop kicking and is done. */
		while (!__atomic_load_n(&blocked, __ATOMIC_ACQUIRE) &&
		       driver__stats(&b->d).tx_bytes[1] < want)
			sched_yield();
		times += __atomic_load_n(&blocked, __ATOMIC_ACQUIRE);
		pthread_mutex_unlock(&b->gate);
		while (got < want)
			got += virtio_console__read(b->d.vc, 1, buf, sizeof(buf));
		pthread_join(v.thread, NULL);
		ASSERT_EQ(want, got);
	}
	bench__stop(b);
	pthread_join(io, NULL);
	EXPECT_LT(0, times);
	EXPECT_ALIVE(&b->d, 0);
}

/* Interrupts reach every sleeper, as the guest's handler wakes whoever waits on the port. */
struct handler {
	struct bench *b;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	uint64_t count;
};

static struct handler handler = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER,
};

static void *interrupt_thread(void *arg)
{
	struct bench *b = arg;
	struct pollfd p = { .fd = b->d.irq, .events = POLLIN };

	while (!bench__stopped(b)) {
		poll(&p, 1, 20);
		if (!driver__event(b->d.irq))
			continue;
		driver__write32(&b->d, VIRTIO_MMIO_INTERRUPT_ACK,
				driver__read32(&b->d, VIRTIO_MMIO_INTERRUPT_STATUS));
		pthread_mutex_lock(&handler.lock);
		handler.count++;
		pthread_cond_broadcast(&handler.woken);
		pthread_mutex_unlock(&handler.lock);
	}
	return NULL;
}

static void pin_to_one_cpu(void)
{
	cpu_set_t may, one;

	sched_getaffinity(0, sizeof(may), &may);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &may)) {
			CPU_SET(cpu, &one);
			break;
		}
	}
	sched_setaffinity(0, sizeof(one), &one);
}

/* Short writes; with the ring full it sleeps until an interrupt, as wait_port_writable() does. */
static void *short_writer(void *arg)
{
	struct vcpu *v = arg;
	uint32_t out = 0;

	pin_to_one_cpu();
	for (unsigned int i = 0; i < v->rounds; i++) {
		uint64_t seen;

		pthread_mutex_lock(&handler.lock);
		seen = handler.count;
		pthread_mutex_unlock(&handler.lock);
		while (!write_chain(&v->b->d, v->nr, &out, 1 + i % 40)) {
			pthread_mutex_lock(&handler.lock);
			while (handler.count == seen)
				pthread_cond_wait(&handler.woken, &handler.lock);
			seen = handler.count;
			pthread_mutex_unlock(&handler.lock);
		}
	}
	return NULL;
}

/* A hang is the failure: a wake-up that never comes ends in this test's timeout. */
TEST_F_TIMEOUT(vcpus, H11_short_writes_of_two_vcpus_on_one_cpu, 120)
{
	struct bench *b = &self->b;
	unsigned int rounds = bench__rounds(100000, 100000);
	static uint8_t buf[64 * KIB];
	pthread_t io, irq;
	struct vcpu v[2];
	uint64_t want = 0, got[3] = { 0 };

	for (unsigned int i = 0; i < rounds; i++)
		want += 1 + i % 40;
	ASSERT_EQ(0, pthread_create(&io, NULL, bench__io_thread, b));
	ASSERT_EQ(0, pthread_create(&irq, NULL, interrupt_thread, b));
	for (unsigned int i = 0; i < 2; i++) {
		ASSERT_TRUE(start(&v[i], b, driver__txq(1 + i), rounds, short_writer));
	}
	while (got[1] < want || got[2] < want) {
		for (unsigned int p = 1; p < KTSTR_NR_PORTS; p++)
			got[p] += virtio_console__read(b->d.vc, p, buf, sizeof(buf));
		sched_yield();
	}
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(v[i].thread, NULL);
	bench__stop(b);
	pthread_join(irq, NULL);
	pthread_join(io, NULL);
	EXPECT_EQ(want, got[1]);
	EXPECT_EQ(want, got[2]);
	EXPECT_EQ(0, driver__stats(&b->d).driver_errors);
	EXPECT_ALIVE(&b->d, 0);
}

TEST_HARNESS_MAIN
