// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "guest.h"
#include "host.h"
#include "rig.h"

/* For what must be able to end the test from anywhere. */
static struct rig *the_rig;

uint32_t rig__read32(struct rig *rig, uint64_t off)
{
	uint32_t val = 0xdeadbeef;

	virtio_console__mmio_read(rig->vc, off, &val, sizeof(val));
	return val;
}

void rig__write32(struct rig *rig, uint64_t off, uint32_t val)
{
	virtio_console__mmio_write(rig->vc, off, &val, sizeof(val));
}

bool rig__event(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n);
}

void bell__ring(struct bell *b)
{
	const uint64_t one = 1;

	/* Pairs with the sleeper, which sets it before it looks a last time. */
	if (atomic_exchange(&b->asleep, false) && write(b->fd, &one, sizeof(one)) < 0)
		rig__fail("write to an eventfd: %s", strerror(errno));
}

void *rig__alloc(struct rig *rig, uint64_t size)
{
	uint8_t *p = rig->ram + rig->ram_used;

	size = (size + 4095) & ~4095ull;
	if (size > RIG_RAM - rig->ram_used)
		return NULL;
	rig->ram_used += size;
	return p;
}

void *kring_alloc_pages(size_t size)
{
	return rig__alloc(the_rig, size);
}

static bool signalled(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void dump(struct rig *rig)
{
	struct itimerspec left = { 0 };

	if (rig->guest)
		guest__dump(rig->guest);
	if (rig->vc)
		device_dump(rig->vc);
	if (rig->host)
		host__dump(rig->host);
	timerfd_gettime(rig->irq_timer, &left);
	printf("# signalled:%s%s%s%s%s; timer %s\n", signalled(rig->irq) ? " interrupt" : "",
	       signalled(rig->tx_evt) ? " tx_evt" : "", signalled(rig->stats_evt) ? " stats_tx_evt" : "",
	       signalled(rig->rearm) ? " rearm_evt" : "",
	       signalled(rig->irq_timer) ? " irq_timer" : "",
	       left.it_value.tv_nsec || left.it_value.tv_sec ? "set" : "not set");
}

void rig__fail(const char *fmt, ...)
{
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	struct rig *rig = the_rig;
	va_list ap;

	/* Never unlocked: a second thread that finds a fault waits here for the end. */
	pthread_mutex_lock(&once);
	printf("# FAILED: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	dump(rig);
	printf("# repeat: KTSTR_DIFF_SEED=0x%llx KTSTR_DIFF_BUFFERS=%llu %s -r %s\n",
	       (unsigned long long)rig->plan.seed, (unsigned long long)rig->plan.buffers,
	       program_invocation_name, rig->plan.test);
	fflush(stdout);
	_exit(1);
}

void kring_bug(const char *what, const char *file, int line)
{
	const char *base = strrchr(file, '/');

	rig__fail("the kernel's driver: %s at %s:%d", what, base ? base + 1 : file, line);
}

static uint64_t stepped_clock(void *rig)
{
	return ((struct rig *)rig)->now;
}

static void power_on(struct rig *rig)
{
	struct virtio_console_cfg cfg;

	rig->ram = mmap(NULL, RIG_RAM, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	rig->irq = eventfd(0, EFD_NONBLOCK);
	rig->tx_evt = eventfd(0, EFD_NONBLOCK);
	rig->stats_evt = eventfd(0, EFD_NONBLOCK);
	rig->rearm = eventfd(0, EFD_NONBLOCK);
	rig->irq_timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	rig->link.guest.fd = eventfd(0, EFD_NONBLOCK);
	rig->link.host.fd = eventfd(0, EFD_NONBLOCK);
	/* tools/virtio has it that physical is virtual. */
	if (rig->ram == MAP_FAILED || rig->link.host.fd < 0 ||
	    guest_memory__add(&rig->gm, (uintptr_t)rig->ram, RIG_RAM, rig->ram, false))
		rig__fail("no memory or no file descriptors");
	cfg = (struct virtio_console_cfg) {
		.mem = &rig->gm, .irq_fd = rig->irq, .tx_evt = rig->tx_evt,
		.stats_tx_evt = rig->stats_evt, .rearm_evt = rig->rearm,
		.irq_timer_fd = rig->plan.moderated ? rig->irq_timer : -1,
		.clock = rig->plan.stepped ? stepped_clock : NULL, .clock_arg = rig,
	};
	rig->vc = virtio_console__new(&cfg);
	if (!rig->vc)
		rig__fail("no memory");
}

/*
 * One port gets most, so that its rings' free running indices wrap (at 65536) and a
 * million chains in all are enough.
 */
static void share_buffers(struct rig *rig)
{
	unsigned int most = rnd__below(&rig->rnd, KTSTR_NR_PORTS);
	uint64_t n = rig->plan.buffers;

	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		rig->buffers[p] = p == most ? n * 33 / 16 : (n * 15 + 31) / 32;
}

void rig__start(struct rig *rig, const struct rig_plan *plan)
{
	*rig = (struct rig) { .plan = *plan, .rnd = { plan->seed } };
	the_rig = rig;
	rig->link.solo = -1;
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		rig->link.sent_total[p] = RIG_UNKNOWN;
		rig->link.written_total[p] = RIG_UNKNOWN;
	}
	share_buffers(rig);
	printf("# seed 0x%llx\n", (unsigned long long)plan->seed);
	stream__setup(plan->seed);
	power_on(rig);
	rig->guest = guest__new(rig);
	rig->host = host__new(rig);
	virtio_console__stats(rig->vc, &rig->base);
}

/* Nothing may be left over or lost, and nothing was held against the driver. */
static void check_counters(struct rig *rig, const struct virtio_console_stats *st)
{
	struct rig_link *link = &rig->link;

	if (st->driver_errors)
		rig__fail("the device blames the driver: %s", st->last_error);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		if (st->tx_dropped[p])
			rig__fail("port %u: the device dropped %llu bytes", p,
				  (unsigned long long)st->tx_dropped[p]);
		if (st->tx_bytes[p] != link->sent_total[p] ||
		    st->rx_bytes[p] != link->written_total[p])
			rig__fail("port %u: the device counts %llu of %llu bytes out, %llu of %llu in",
				  p, (unsigned long long)st->tx_bytes[p],
				  (unsigned long long)link->sent_total[p],
				  (unsigned long long)st->rx_bytes[p],
				  (unsigned long long)link->written_total[p]);
	}
	if (rig->plan.mode == RIG_POLL && st->interrupts != rig->base.interrupts)
		rig__fail("%llu interrupts that the driver did not want",
			  (unsigned long long)(st->interrupts - rig->base.interrupts));
}

struct sum {
	uint64_t chains, bytes, asked, spared, full, kicks, wakeups;
};

static void add_queue(struct rig *rig, const struct virtio_console_stats *st,
		      const struct guest_queue *gq, struct sum *s)
{
	s->chains += gq->returned;
	s->bytes += gq->pos;
	s->asked += gq->asked;
	s->spared += gq->spared;
	s->full += gq->full;
	s->kicks += st->kicks[gq->q] - rig->base.kicks[gq->q];
	s->wakeups += gq->wakeups;
}

static void print_sum(const char *what, const struct sum *s)
{
	printf("# %s: %llu chains, %.1f MB; %llu kicks (%.3f per chain): ", what,
	       (unsigned long long)s->chains, s->bytes / 1e6, (unsigned long long)s->kicks,
	       (double)s->kicks / s->chains);
	printf("asked %llu times, spared %llu, ring full %llu; %llu wake-ups\n",
	       (unsigned long long)s->asked, (unsigned long long)s->spared,
	       (unsigned long long)s->full, (unsigned long long)s->wakeups);
}

static void print_figures(struct rig *rig, const struct virtio_console_stats *st)
{
	uint64_t interrupts = st->interrupts - rig->base.interrupts, refusals = 0, naps = 0;
	struct sum tx = { 0 }, rx = { 0 };

	for (unsigned int i = 0; i < GUEST_DATA_QUEUES; i++)
		add_queue(rig, st, &rig->guest->gq[i], rig->guest->gq[i].tx ? &tx : &rx);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		refusals += rig->host->port[p].refusals;
		naps += rig->host->port[p].naps;
	}
	print_sum("guest to host", &tx);
	print_sum("host to guest", &rx);
	printf("# %llu interrupts raised (%.3f per chain), %llu taken; ",
	       (unsigned long long)interrupts, (double)interrupts / (tx.chains + rx.chains),
	       (unsigned long long)rig->guest->interrupts);
	printf("%llu rearms, %llu host writes refused, %llu host naps\n",
	       (unsigned long long)(st->rearms - rig->base.rearms),
	       (unsigned long long)refusals, (unsigned long long)naps);
}

void rig__finish(struct rig *rig)
{
	struct virtio_console_stats st;

	virtio_console__stats(rig->vc, &st);
	check_counters(rig, &st);
	print_figures(rig, &st);
	fflush(stdout);
	guest__free(rig->guest);
	host__free(rig->host);
	virtio_console__free(rig->vc);
	munmap(rig->ram, RIG_RAM);
	close(rig->irq);
	close(rig->tx_evt);
	close(rig->stats_evt);
	close(rig->rearm);
	close(rig->irq_timer);
	close(rig->link.guest.fd);
	close(rig->link.host.fd);
}
