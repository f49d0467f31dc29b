// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event buffer: the kernel's own ring buffer, one per CPU, and exact accounts.
 *
 * It does not overwrite. When a reader falls behind, the newest event is lost: what
 * has been stored stays true and complete up to the hole, the hole is marked in the
 * stream, and the writer never races a reader for a page. The ring buffer's own
 * counters do not see every refusal (recursion, for one), so ours are kept here.
 */
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/ring_buffer.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/trace_clock.h>
#include <asm/local64.h>

#include "internal.h"

#define SIZE_MAX_BYTES	(256ul << 20)	/* per CPU: beyond is a mistake, not a wish */
/*
 * A page of events may be several of the kernel's, in one piece: then it is still one
 * descriptor of a virtqueue, and fewer of them leave the guest.
 */
#define PAGE_ORDER_MAX	4

/*
 * @emitted, @lost: only their own CPU counts here, at most with an interrupt or NMI
 *	between: local64_t is made for that
 * @lost_told: @lost of the last KTSTR_MARK_LOST
 * @wanted: bytes at which @readers want to be woken, 0 nobody waits
 */
struct cpu_events {
	local64_t emitted;
	local64_t lost;
	u64 lost_told;
	unsigned long wanted;
	wait_queue_head_t readers;
	struct irq_work wake;
};

static DEFINE_PER_CPU(struct cpu_events, cpu_events);

enum state { STATE_OFF, STATE_STOPPING, STATE_ON };

static struct trace_buffer *ring;
static enum state state;		/* writes under @control */
static DEFINE_MUTEX(control);		/* size, state, counters to 0 */
static u64 size_bytes;			/* per CPU, writes under @control */
static unsigned int page_bytes;		/* of a page of events; set once */
static enum cpuhp_state hotplug_state;

static void wake_readers(struct irq_work *work)
{
	wake_up_all(&container_of(work, struct cpu_events, wake)->readers);
}

/* Wake whoever waits for this many bytes. Any context; preemption is off. */
static void event_stored(struct cpu_events *ev)
{
	unsigned int cpu = smp_processor_id();
	unsigned long wanted;

	/* Pairs with the one in ktstr_buffer_arm(): we see the wish or it sees the event. */
	smp_mb();
	wanted = READ_ONCE(ev->wanted);
	if (likely(!wanted) || ring_buffer_bytes_cpu(ring, cpu) < wanted)
		return;
	/* A CPU that goes down takes no more interrupts; then cpu_dead() wakes. */
	if (likely(cpu_online(cpu)) && xchg(&ev->wanted, 0))
		irq_work_queue(&ev->wake);
}

static int store(struct cpu_events *ev, const void *rec, u32 len)
{
	/* The prototype lacks a const: the record is only read. */
	if (ring_buffer_write(ring, len, (void *)rec))
		return -ENOSPC;
	event_stored(ev);
	return 0;
}

/* Say where events are missing, before the next one. Preemption is off. */
static int tell_lost(struct cpu_events *ev)
{
	u64 lost = local64_read(&ev->lost);
	const struct ktstr_ev_mark mark = {
		.h = { .type = KTSTR_EV_MARK, .pid = current->pid },
		.id = KTSTR_MARK_LOST, .arg = lost,
	};

	if (store(ev, &mark, sizeof(mark)))
		return -ENOSPC;
	local64_inc(&ev->emitted);
	/* An interrupt here may have told as much, or more: both are true. */
	WRITE_ONCE(ev->lost_told, lost);
	return 0;
}

/**
 * ktstr_buffer_emit() - store one record
 * @rec: begins with struct ktstr_event
 * @len: bytes, a multiple of 4 up to KTSTR_EV_SIZE_MAX
 *
 * Context: any, NMI included.
 * Return: 0, -EINVAL, -ESHUTDOWN recording is off, -ENOSPC it was lost and counted.
 */
int ktstr_buffer_emit(const void *rec, u32 len)
{
	struct cpu_events *ev;
	int ret = -ESHUTDOWN;

	/* The ring buffer pads to 4 bytes with whatever was there. */
	if (len < sizeof(struct ktstr_event) || len > KTSTR_EV_SIZE_MAX || len % 4)
		return -EINVAL;
	/* Also what ktstr_buffer_disable() waits for. */
	preempt_disable_notrace();
	if (likely(READ_ONCE(state) == STATE_ON)) {
		ev = this_cpu_ptr(&cpu_events);
		local64_inc(&ev->emitted);
		ret = 0;
		if (unlikely(READ_ONCE(ev->lost_told) != local64_read(&ev->lost)))
			ret = tell_lost(ev);
		if (!ret)
			ret = store(ev, rec, len);
		if (unlikely(ret))
			local64_inc(&ev->lost);
	}
	preempt_enable_notrace();
	return ret;
}

/** ktstr_buffer_mark() - ktstr_buffer_emit() of a mark in the name of the current task */
int ktstr_buffer_mark(u64 id, u64 arg)
{
	const struct ktstr_ev_mark mark = {
		.h = { .type = KTSTR_EV_MARK, .pid = current->pid },
		.id = id, .arg = arg,
	};

	return ktstr_buffer_emit(&mark, sizeof(mark));
}

bool ktstr_buffer_is_on(void)
{
	return READ_ONCE(state) == STATE_ON;
}

/** ktstr_buffer_is_off() - is no event on its way any more? */
bool ktstr_buffer_is_off(void)
{
	/* Pairs with ktstr_buffer_disable(): all that was stored is seen by who sees this. */
	return smp_load_acquire(&state) == STATE_OFF;
}

void ktstr_buffer_enable(void)
{
	mutex_lock(&control);
	WRITE_ONCE(state, STATE_ON);
	mutex_unlock(&control);
}

void ktstr_buffer_disable(void)
{
	unsigned int cpu;

	mutex_lock(&control);
	if (state == STATE_ON) {
		WRITE_ONCE(state, STATE_STOPPING);
		synchronize_rcu();	/* whoever saw STATE_ON is done */
		smp_store_release(&state, STATE_OFF);
		for_each_possible_cpu(cpu)
			wake_up_all(&per_cpu(cpu_events, cpu).readers);
	}
	mutex_unlock(&control);
}

static void reset_all(void)
{
	unsigned int cpu;

	ring_buffer_reset(ring);
	for_each_possible_cpu(cpu) {
		struct cpu_events *ev = per_cpu_ptr(&cpu_events, cpu);

		local64_set(&ev->emitted, 0);
		local64_set(&ev->lost, 0);
		ev->lost_told = 0;
	}
}

/** ktstr_buffer_reset() - drop all events and counts; return: 0 or -EBUSY, recording is on */
int ktstr_buffer_reset(void)
{
	int ret = -EBUSY;

	mutex_lock(&control);
	if (state == STATE_OFF) {
		reset_all();
		ret = 0;
	}
	mutex_unlock(&control);
	return ret;
}

/* Bytes of events that @size bytes of pages hold, as the ring buffer counts its size. */
static unsigned long capacity(u64 size)
{
	return div_u64(size, page_bytes) * (page_bytes - offsetof(struct ktstr_page_head, data));
}

static bool is_size(u64 size)
{
	return size % page_bytes == 0 && size >= 2 * page_bytes && size <= SIZE_MAX_BYTES;
}

/**
 * ktstr_buffer_set_size() - change the size of every CPU's buffer, dropping what is in it
 * @size: bytes: whole pages, two at least
 *
 * Return: 0, -EINVAL, -EBUSY recording is on, -ENOMEM.
 */
int ktstr_buffer_set_size(u64 size)
{
	int ret = -EBUSY;

	if (!is_size(size))
		return -EINVAL;
	mutex_lock(&control);
	if (state == STATE_OFF) {
		/* First, so that no event is dropped that a counter still has. */
		reset_all();
		ret = ring_buffer_resize(ring, capacity(size), RING_BUFFER_ALL_CPUS);
		if (!ret)
			WRITE_ONCE(size_bytes, size);
	}
	mutex_unlock(&control);
	return ret;
}

u64 ktstr_buffer_size(void)
{
	return READ_ONCE(size_bytes);
}

/** ktstr_buffer_page_size() - bytes of a page of events, PAGE_SIZE or a multiple */
unsigned int ktstr_buffer_page_size(void)
{
	return page_bytes;
}

#define COMMIT_BYTES	((1ul << 27) - 1)	/* of the fill level; the rest is flags */
#define COMMIT_STORED	BIT(30)			/* a long behind the last event belongs to it */

/** ktstr_buffer_page_used() - bytes of a page that was taken up to where its events end */
unsigned int ktstr_buffer_page_used(const struct page *page)
{
	const struct ktstr_page_head *head = page_address(page);
	unsigned long commit = local_read(&head->commit);
	unsigned long used = offsetof(struct ktstr_page_head, data) + (commit & COMMIT_BYTES) +
			     (commit & COMMIT_STORED ? sizeof(long) : 0);

	return min_t(unsigned long, used, page_bytes);
}

/* A buffer that was made smaller since still gets that full. */
static unsigned long reachable(u64 watermark)
{
	return min(watermark, ktstr_buffer_size() / 2);
}

/** ktstr_buffer_stats() - the account of CPU @st->cpu, which is possible */
void ktstr_buffer_stats(struct ktstr_dev_stats *st)
{
	struct cpu_events *ev = per_cpu_ptr(&cpu_events, st->cpu);

	st->emitted = local64_read(&ev->emitted);
	st->lost = local64_read(&ev->lost);
	st->read = ring_buffer_read_events_cpu(ring, st->cpu);
	st->entries = ring_buffer_entries_cpu(ring, st->cpu);
	st->bytes = ring_buffer_bytes_cpu(ring, st->cpu);
}

/**
 * ktstr_buffer_clock() - read all clocks together, the closest of a few tries
 * @c: filled in
 */
void ktstr_buffer_clock(struct ktstr_dev_clock *c)
{
	unsigned long flags;
	int i;

	c->window_ns = U64_MAX;
	for (i = 0; i < 8; i++) {
		u64 cycles, before, mono, boot, after;

		local_irq_save(flags);
		before = trace_clock_local();
		mono = ktime_get_mono_fast_ns();
		cycles = ktstr_arch_cycles();
		boot = ktime_get_boot_fast_ns();
		after = trace_clock_local();
		local_irq_restore(flags);
		if (after - before < c->window_ns) {
			c->window_ns = after - before;
			c->ring_ns = before + c->window_ns / 2;
			c->mono_ns = mono;
			c->boot_ns = boot;
			c->cycles = cycles;
		}
	}
}

/*
 * The page leaves the ring buffer for good: with one reference, which is the caller's.
 * So it outlives the buffer, and whoever gets it last may make it his own.
 */
static struct page *detach(struct buffer_data_read_page *rpage, unsigned int cpu)
{
	struct page *page = virt_to_page(ring_buffer_read_page_data(rpage));

	get_page(page);
	ring_buffer_free_read_page(ring, cpu, rpage);
	return page;
}

/**
 * ktstr_buffer_take() - take one page of events out of a CPU's buffer
 * @cpu: a possible CPU
 * @watermark: bytes that must wait before a page is taken that is being written to
 *
 * Context: process context.
 * Return: the page, NULL if there is none to be had, ERR_PTR(-ENOMEM).
 */
struct page *ktstr_buffer_take(unsigned int cpu, u64 watermark)
{
	struct buffer_data_read_page *rpage = NULL;
	int ret;

	if (ring_buffer_empty_cpu(ring, cpu))
		return NULL;
	ret = ring_buffer_alloc_read_page(ring, cpu, &rpage);
	if (ret)
		return ERR_PTR(ret);
	ret = ring_buffer_read_page(ring, rpage, page_bytes, cpu, 1);
	if (ret < 0 && (ktstr_buffer_is_off() ||
			ring_buffer_bytes_cpu(ring, cpu) >= reachable(watermark)))
		ret = ring_buffer_read_page(ring, rpage, page_bytes, cpu, 0);
	if (ret < 0) {
		ring_buffer_free_read_page(ring, cpu, rpage);
		return NULL;
	}
	return detach(rpage, cpu);
}

/**
 * ktstr_buffer_arm() - ask to be woken, and is there something to be had already?
 * @cpu: a possible CPU
 * @watermark: bytes, 1 at least
 *
 * The caller is on the queue of ktstr_buffer_readers() already. A wakeup disarms,
 * so he asks again each time.
 *
 * Return: true when the watermark is reached, or nothing more will come.
 */
bool ktstr_buffer_arm(unsigned int cpu, u64 watermark)
{
	struct cpu_events *ev = per_cpu_ptr(&cpu_events, cpu);
	unsigned long bytes = reachable(watermark), old = READ_ONCE(ev->wanted);

	while (!old || old > bytes)
		if (try_cmpxchg(&ev->wanted, &old, bytes))
			break;
	smp_mb();	/* pairs with the one in event_stored() */
	if (ktstr_buffer_is_off())
		return true;
	return ring_buffer_bytes_cpu(ring, cpu) >= bytes && !ring_buffer_empty_cpu(ring, cpu);
}

wait_queue_head_t *ktstr_buffer_readers(unsigned int cpu)
{
	return &per_cpu(cpu_events, cpu).readers;
}

static int cpu_dead(unsigned int cpu)
{
	struct cpu_events *ev = per_cpu_ptr(&cpu_events, cpu);

	xchg(&ev->wanted, 0);
	wake_up_all(&ev->readers);
	return 0;
}

/* The smallest one, to begin with: its pages are replaced by larger ones. */
static struct trace_buffer *make_ring(unsigned long size, unsigned int order)
{
	struct trace_buffer *made = ring_buffer_alloc(order ? PAGE_SIZE : capacity(size), 0);

	if (!made || !order)
		return made;
	if (!ring_buffer_subbuf_order_set(made, order) &&
	    ring_buffer_resize(made, capacity(size), RING_BUFFER_ALL_CPUS) >= 0)
		return made;
	ring_buffer_free(made);
	return NULL;
}

/**
 * ktstr_buffer_init() - make the buffers, recording off
 * @size: bytes per CPU as for ktstr_buffer_set_size()
 * @order: a page of events is PAGE_SIZE << @order bytes
 *
 * Return: 0 or a negative errno.
 */
int ktstr_buffer_init(unsigned long size, unsigned int order)
{
	unsigned int cpu;
	int ret;

	if (order > PAGE_ORDER_MAX)
		return -EINVAL;
	page_bytes = PAGE_SIZE << order;
	if (!is_size(size))
		return -EINVAL;
	for_each_possible_cpu(cpu) {
		struct cpu_events *ev = per_cpu_ptr(&cpu_events, cpu);

		init_waitqueue_head(&ev->readers);
		init_irq_work(&ev->wake, wake_readers);
	}
	size_bytes = size;
	ring = make_ring(size, order);
	if (!ring)
		return -ENOMEM;
	/* KTSTR_IOC_INFO describes the kernel's pages: they had better be like that. */
	cpu = cpumask_first(cpu_online_mask);
	if (WARN_ON(ring_buffer_size(ring, cpu) != capacity(size) ||
		    ring_buffer_subbuf_size_get(ring) != page_bytes)) {
		ring_buffer_free(ring);
		return -EOPNOTSUPP;
	}
	ret = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "ktstr:dead", NULL, cpu_dead);
	if (ret < 0) {
		ring_buffer_free(ring);
		return ret;
	}
	hotplug_state = ret;
	return 0;
}

/** ktstr_buffer_exit() - free the buffers; nobody emits or reads any more */
void ktstr_buffer_exit(void)
{
	unsigned int cpu;

	ktstr_buffer_disable();
	cpuhp_remove_state_nocalls(hotplug_state);
	for_each_possible_cpu(cpu)
		irq_work_sync(&per_cpu(cpu_events, cpu).wake);
	ring_buffer_free(ring);
}
