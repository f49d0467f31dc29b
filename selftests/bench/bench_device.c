// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one register access can cost at worst, for scripts/bench:
 *
 *	bench_device [REPEATS [RESETS]]
 *
 * The driver is played on a plain buffer. For every shape of descriptors the
 * rings are filled with it, the host has bytes for every port and owes
 * control messages, and one access is timed: a QueueNotify for each queue, the
 * reset, one round of the I/O thread, and one read by the host, which hold the
 * same lock. Then the process is weighed before and after many resets.
 *
 * Times are CPU time of this thread, in microseconds: nothing in the device
 * waits, and other programs on the machine must not count. A table on stderr,
 * JSON on stdout.
 */
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "selftests/unit/driver.h"

#define REPEATS		1000
#define RESETS		1000000
#define RING		KTSTR_QUEUE_SIZE_MAX
#define DATA_SIZE	(16u << 20)	/* the part of RAM that buffers are in */
#define READ_SIZE	(256u << 10)
/* Filling them is what takes long here, so only one shape has all that can be pending. */
#define PENDING_SMALL	(128u << 10)	/* a pass over short chains never uses it up */
#define PENDING_LARGE	(1u << 20)	/* nor one over long chains this */

/* What is timed: a kick of queue 0 to 7, or one of these. */
enum {
	OP_RESET = KTSTR_NR_QUEUES,
	OP_SERVICE,
	OP_READ,
	NR_OPS,
};

static const char * const op_name[NR_OPS] = {
	"rx0", "tx0", "ctrl rx", "ctrl tx", "rx1", "tx1", "rx2", "tx2",
	"reset", "service", "read",
};

/* Queues that an operation looks at: only they are filled, for filling is the slow part. */
#define Q(n) (1u << (n))
static const unsigned int op_queues[NR_OPS] = {
	[KTSTR_Q_CONSOLE_RX] = Q(0), [KTSTR_Q_CONSOLE_TX] = Q(1), [KTSTR_Q_CTRL_RX] = Q(2),
	[KTSTR_Q_CTRL_TX] = Q(2) | Q(3) | Q(4) | Q(6), [KTSTR_Q_BULK_RX] = Q(4),
	[KTSTR_Q_BULK_TX] = Q(5), [KTSTR_Q_STATS_RX] = Q(6), [KTSTR_Q_STATS_TX] = Q(7),
	[OP_RESET] = Q(1) | Q(5) | Q(7), [OP_SERVICE] = 0xff, [OP_READ] = Q(5),
};

/**
 * struct shape - what the rings are filled with
 * @name: for people
 * @desc: fill descriptor @i; @write: of the direction that this queue has
 * @chain: descriptors per chain: 1, or all of the ring, offered RING times over
 * @pending: bytes that the host has for each port, at most %KTSTR_PENDING_RX_MAX
 */
struct shape {
	const char *name;
	void (*desc)(struct vring_desc *d, unsigned int i, bool write);
	unsigned int chain;
	size_t pending;
};

static uint64_t seed = 0x6b74737472;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 16;
}

/* Shapes. */

static void set(struct vring_desc *d, uint64_t addr, uint32_t len, bool write)
{
	d->addr = addr;
	d->len = len;
	d->flags |= write ? VRING_DESC_F_WRITE : 0;
}

static uint64_t data_at(uint64_t off)
{
	return DRIVER_DATA_GPA + off % DATA_SIZE;
}

static void whole_32k(struct vring_desc *d, unsigned int i, bool write)
{
	set(d, data_at(i * (32ull << 10)), 32u << 10, write);
}

static void whole_1m(struct vring_desc *d, unsigned int i, bool write)
{
	set(d, data_at(i * (1ull << 20)), 1u << 20, write);
}

static void one_byte(struct vring_desc *d, unsigned int i, bool write)
{
	set(d, data_at(i * 4096ull), 1, write);
}

static void empty(struct vring_desc *d, unsigned int i, bool write)
{
	set(d, data_at(i), 0, write);
}

static void outside(struct vring_desc *d, unsigned int i, bool write)
{
	set(d, ~0ull - i, 8, write);
}

static void huge(struct vring_desc *d, unsigned int i, bool write)
{
	set(d, data_at(i * 4096ull), ~0u, write);
}

static void wrong_way(struct vring_desc *d, unsigned int i, bool write)
{
	set(d, data_at(i * 4096ull), 4096, !write);
}

static void both_ways(struct vring_desc *d, unsigned int i, bool write)
{
	set(d, data_at(i * 4096ull), 1, write ^ (i & 1));
}

static void read_only(struct vring_desc *d, unsigned int i, bool write)
{
	set(d, DRIVER_ROM_GPA + i, 1, write);
}

static void self_loop(struct vring_desc *d, unsigned int i, bool write)
{
	one_byte(d, i, write);
	d->flags |= VRING_DESC_F_NEXT;
	d->next = i;
}

static void any(struct vring_desc *d, unsigned int i, bool write)
{
	static const uint32_t lens[] = { 0, 1, 8, 4096, 32768, 1u << 20, ~0u };

	set(d, rnd() % 8 ? data_at(rnd()) : (uint64_t)rnd() << 20,
	    lens[rnd() % (sizeof(lens) / sizeof(lens[0]))], rnd() % 8 ? write : !write);
	if (rnd() % 64)
		d->next = (i + 1 + rnd() % 4) % RING;
	else
		d->next = rnd();
	d->flags |= rnd() % 32 ? VRING_DESC_F_NEXT : 0;
}

static const struct shape shapes[] = {
	{ "nothing offered",		NULL,		0,	PENDING_SMALL },
	{ "256 x 32 KiB",		whole_32k,	1,	KTSTR_PENDING_RX_MAX },
	{ "256 x 1 MiB",		whole_1m,	1,	PENDING_LARGE },
	{ "256 x 1 byte",		one_byte,	1,	PENDING_SMALL },
	{ "256 empty",			empty,		1,	PENDING_SMALL },
	{ "256 of 4 GiB",		huge,		1,	PENDING_SMALL },
	{ "256 chains of 1 byte",	one_byte,	RING,	PENDING_SMALL },
	{ "256 chains of 32 KiB",	whole_32k,	RING,	PENDING_LARGE },
	{ "256 chains, empty",		empty,		RING,	PENDING_SMALL },
	{ "256 chains, outside",	outside,	RING,	PENDING_SMALL },
	{ "256 chains of 4 GiB",	huge,		RING,	PENDING_SMALL },
	{ "256 chains, wrong way",	wrong_way,	RING,	PENDING_SMALL },
	{ "256 chains, both ways",	both_ways,	RING,	PENDING_SMALL },
	{ "256 chains, read-only",	read_only,	RING,	PENDING_SMALL },
	{ "a descriptor's next itself",	self_loop,	1,	PENDING_SMALL },
	{ "any",			any,		1,	PENDING_LARGE },
};

#define NR_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* One repeat: set up, time, tidy. */

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_device: error: %s\n", what);
	exit(1);
}

static void fill(struct driver *d, unsigned int q, const struct shape *s)
{
	struct driver_queue *dq = &d->q[q];

	for (unsigned int i = 0; i < RING; i++) {
		struct vring_desc *desc = &dq->desc[i];

		desc->flags = s->chain > 1 && i + 1 < RING ? VRING_DESC_F_NEXT : 0;
		desc->next = i + 1;
		s->desc(desc, i, !(q & 1));
	}
	for (unsigned int i = 0; i < RING; i++)
		driver__publish(d, q, s->chain > 1 ? 0 : i);
}

/* The answers stay owed: no buffer is offered for them. */
static void open_ports(struct driver *d)
{
	must(driver__control(d, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1),
	     "DEVICE_READY");
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		must(driver__control(d, p, VIRTIO_CONSOLE_PORT_READY, 1) &&
		     driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 1), "a port's control messages");
}

static void fill_pending(struct driver *d, const struct shape *s, unsigned int op)
{
	static uint8_t bytes[KTSTR_PENDING_RX_MAX];

	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		if (op_queues[op] & Q(p ? 2 + 2 * p : 0))
			must(!virtio_console__write(d->vc, p, bytes, s->pending),
			     "pending bytes");
}

static void set_up(struct driver *d, const struct shape *s, unsigned int op)
{
	must(driver__init(d, DRIVER_FEATURES, RING), "the device does not come up");
	open_ports(d);
	fill_pending(d, s, op);
	for (unsigned int q = 0; s->desc && q < KTSTR_NR_QUEUES; q++)
		if (op_queues[op] & Q(q))
			fill(d, q, s);
	if (op == OP_READ)
		driver__kick(d, KTSTR_Q_BULK_TX);
	driver__event(d->irq);
	driver__event(d->rearm);
}

/* An index that jumps breaks a ring, so that the reset need not drain it. */
static void tidy(struct driver *d)
{
	static uint8_t buf[READ_SIZE];

	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		d->q[q].avail_idx += RING * 4;
		__atomic_store_n(&d->q[q].avail->idx, d->q[q].avail_idx, __ATOMIC_RELEASE);
	}
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		while (virtio_console__read(d->vc, p, buf, sizeof(buf)))
			;
}

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static double time_op(struct driver *d, unsigned int op)
{
	static uint8_t buf[READ_SIZE];
	double start = cpu_us();

	switch (op) {
	case OP_RESET:
		driver__write32(d, VIRTIO_MMIO_STATUS, 0);
		break;
	case OP_SERVICE:
		virtio_console__service(d->vc);
		break;
	case OP_READ:
		virtio_console__read(d->vc, KTSTR_PORT_BULK, buf, sizeof(buf));
		break;
	default:
		driver__kick(d, op);
	}
	return cpu_us() - start;
}

/* Figures. */

/** struct times - microseconds over all repeats */
struct times {
	double median, p99, worst;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct times time_shape(struct driver *d, const struct shape *s, unsigned int op,
			       unsigned int repeats)
{
	double *us = calloc(repeats, sizeof(*us));
	struct times t;

	must(us, "no memory");
	for (unsigned int i = 0; i < repeats; i++) {
		set_up(d, s, op);
		us[i] = time_op(d, op);
		tidy(d);
	}
	qsort(us, repeats, sizeof(*us), compare);
	t = (struct times) { us[repeats / 2], us[repeats * 99ull / 100], us[repeats - 1] };
	free(us);
	return t;
}

/** struct extreme - the longest of something, and where it was */
struct extreme {
	double us;
	const char *shape, *queue;
};

static void note(struct extreme *e, double us, const struct shape *s, unsigned int op)
{
	if (us > e->us)
		*e = (struct extreme) { us, s->name, op_name[op] };
}

static void print_extreme(const char *key, const struct extreme *e, const char *text)
{
	printf(" \"%s\": {\"us\": %.1f, \"shape\": \"%s\", \"queue\": \"%s\"},\n", key, e->us,
	       e->shape, e->queue);
	fprintf(stderr, "%s: %.0f us (%s, %s)\n", text, e->us, e->shape, e->queue);
}

static void print_shape(const struct shape *s, const struct times *t, const char *end)
{
	printf("  {\"shape\": \"%s\", \"us\": {", s->name);
	fprintf(stderr, "%-28s", s->name);
	for (unsigned int op = 0; op < NR_OPS; op++) {
		char cell[32];

		printf("%s\"%s\": {\"median\": %.1f, \"p99\": %.1f, \"worst\": %.1f}",
		       op ? ", " : "", op_name[op], t[op].median, t[op].p99, t[op].worst);
		snprintf(cell, sizeof(cell), "%.0f/%.0f", t[op].median, t[op].worst);
		fprintf(stderr, " %-10s", cell);
	}
	fputc('\n', stderr);
	printf("}}%s\n", end);
}

/* Kicks of a queue on which nothing waits, as fast as they can be made. */
static double time_storm(struct driver *d, unsigned int q)
{
	const unsigned int kicks = 1000000;
	double start;

	must(driver__init(d, DRIVER_FEATURES, RING), "the device does not come up");
	start = cpu_us();
	for (unsigned int i = 0; i < kicks; i++)
		driver__kick(d, q);
	return (cpu_us() - start) / kicks;
}

static void print_storms(struct driver *d)
{
	printf(" \"empty_kick_us\": {");
	fprintf(stderr, "%-28s", "a million kicks, each");
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		double us = time_storm(d, q);

		printf("%s\"%s\": %.3f", q ? ", " : "", op_name[q], us);
		fprintf(stderr, " %-10.3f", us);
	}
	fputc('\n', stderr);
	printf("},\n");
}

/* Resets. */

struct weight {
	long rss, heap, fds;
};

static struct weight weigh(void)
{
	struct mallinfo2 m = mallinfo2();
	struct weight w = { .heap = m.uordblks + m.hblkhd };
	FILE *f = fopen("/proc/self/statm", "r");
	DIR *dir = opendir("/proc/self/fd");

	must(f && fscanf(f, "%*d %ld", &w.rss) == 1, "/proc/self/statm");
	w.rss *= sysconf(_SC_PAGESIZE);
	fclose(f);
	while (dir && readdir(dir))
		w.fds++;
	closedir(dir);
	return w;
}

/* A life: all ports open, a chain taken from each, one left behind. */
static void live_and_reset(struct driver *d)
{
	uint8_t buf[64];

	must(driver__init(d, DRIVER_FEATURES, 16) && driver__handshake(d),
	     "the device does not come back");
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		unsigned int txq = p ? 3 + 2 * p : 1;

		driver__add1(d, txq, DRIVER_DATA_GPA, 32, false);
		driver__kick(d, txq);
		driver__add1(d, txq, DRIVER_DATA_GPA, 32, false);
		virtio_console__write(d->vc, p, buf, sizeof(buf));
	}
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		must(virtio_console__read(d->vc, p, buf, sizeof(buf)) == 64, "last words are lost");
}

static void print_resets(struct driver *d, unsigned long resets)
{
	struct weight before, after;

	for (unsigned long i = 0; i < 1000; i++)
		live_and_reset(d);
	weigh();	/* its own first buffers */
	before = weigh();
	for (unsigned long i = 0; i < resets; i++)
		live_and_reset(d);
	after = weigh();
	printf(" \"resets\": %lu, \"growth\": "
	       "{\"rss_bytes\": %ld, \"heap_bytes\": %ld, \"fds\": %ld}\n", resets,
	       after.rss - before.rss, after.heap - before.heap, after.fds - before.fds);
	fprintf(stderr, "growth after %lu resets: RSS %ld bytes, heap %ld bytes, %ld descriptors\n",
		resets, after.rss - before.rss, after.heap - before.heap, after.fds - before.fds);
}

static void print_shapes(struct driver *d, unsigned int repeats)
{
	struct extreme worst = { 0 }, p99 = { 0 };

	fprintf(stderr, "%-28s", "median/worst, us");
	for (unsigned int op = 0; op < NR_OPS; op++)
		fprintf(stderr, " %-10s", op_name[op]);
	fprintf(stderr, "\n");
	printf(" \"shapes\": [\n");
	for (unsigned int i = 0; i < NR_SHAPES; i++) {
		struct times t[NR_OPS];

		for (unsigned int op = 0; op < NR_OPS; op++) {
			bool kick = op < KTSTR_NR_QUEUES;

			/* What is not a kick is slower, and has no bound to be held to. */
			t[op] = time_shape(d, &shapes[i], op, kick ? repeats : repeats / 10 + 1);
			if (kick)
				note(&worst, t[op].worst, &shapes[i], op);
			if (kick)
				note(&p99, t[op].p99, &shapes[i], op);
		}
		print_shape(&shapes[i], t, i + 1 < NR_SHAPES ? "," : "");
	}
	printf(" ],\n");
	print_extreme("worst_kick", &worst, "the worst kick");
	print_extreme("worst_p99_kick", &p99, "99 of 100 kicks of any shape take less than");
}

int main(int argc, char **argv)
{
	unsigned int repeats = argc > 1 ? atoi(argv[1]) : REPEATS;
	unsigned long resets = argc > 2 ? strtoul(argv[2], NULL, 0) : RESETS;
	struct driver d;

	must(repeats && driver__create(&d), "no device");
	memset(d.ram, 'k', DRIVER_RAM_SIZE);
	printf("{\n \"repeats\": %u,\n", repeats);
	print_shapes(&d, repeats);
	print_storms(&d);
	print_resets(&d, resets);
	printf("}\n");
	driver__destroy(&d);
	return 0;
}
