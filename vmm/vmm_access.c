// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a machine's owner asks of it between its start and its end, <ktstr/vmm.h>: file
 * descriptors to wait for, ports, serial lines, why it ended, counters, the clock.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "event.h"
#include "page_find.h"
#include "vmm_priv.h"

/** vmm__tx_fd() - eventfd: ports 0 and 1 have data */
int vmm__tx_fd(const struct vmm *vmm)
{
	return vmm->fd[FD_TX];
}

/** vmm__stats_tx_fd() - eventfd: port 2 has data */
int vmm__stats_tx_fd(const struct vmm *vmm)
{
	return vmm->fd[FD_STATS_TX];
}

/** vmm__serial_fd() - eventfd: COM1 or COM2 has data (within 20 ms if it is no whole line) */
int vmm__serial_fd(const struct vmm *vmm)
{
	return vmm->fd[FD_SERIAL];
}

/** vmm__end_fd() - eventfd: the machine ended by itself */
int vmm__end_fd(const struct vmm *vmm)
{
	return vmm->fd[FD_END];
}

/** vmm__press_power_button() - as a person would: what comes of it is the guest's affair */
void vmm__press_power_button(struct vmm *vmm)
{
	event_signal(vmm->fd[FD_POWER_IRQ]);
}

/** vmm__port_read() - take bytes that the guest sent; see <ktstr/vmm.h> */
size_t vmm__port_read(struct vmm *vmm, unsigned int port, void *buf, size_t len)
{
	return virtio_console__read(vmm->bus.console, port, buf, len);
}

/** vmm__port_push_back() - put bytes back in front; return: 0 or negative errno */
int vmm__port_push_back(struct vmm *vmm, unsigned int port, const void *buf, size_t len)
{
	return virtio_console__push_back(vmm->bus.console, port, buf, len);
}

/** vmm__port_write() - queue bytes for the guest; return: 0, -ENOBUFS or -EPIPE */
int vmm__port_write(struct vmm *vmm, unsigned int port, const void *buf, size_t len)
{
	return virtio_console__write(vmm->bus.console, port, buf, len);
}

/** vmm__port_connect() - open or close the host's side of port 1 or 2; return: 0 or -EINVAL */
int vmm__port_connect(struct vmm *vmm, unsigned int port, bool open)
{
	return virtio_console__connect(vmm->bus.console, port, open);
}

/** vmm__port_pending() - bytes queued for the guest and not yet placed */
size_t vmm__port_pending(struct vmm *vmm, unsigned int port)
{
	return virtio_console__pending(vmm->bus.console, port);
}

/** vmm__port_is_open() - did the guest open this port? */
bool vmm__port_is_open(struct vmm *vmm, unsigned int port)
{
	return virtio_console__is_open(vmm->bus.console, port);
}

/**
 * vmm__serial_read() - take bytes printed on a serial port
 * @vmm: machine
 * @com: 1 or 2
 * @buf: where to
 * @len: room in bytes
 *
 * Unread bytes are bounded: of a flood the first and the last mebibyte stay,
 * with a line in between that says how much was dropped.
 *
 * Return: bytes taken; 0 when there are none or @com is no port.
 */
size_t vmm__serial_read(struct vmm *vmm, unsigned int com, void *buf, size_t len)
{
	if (com < 1 || com > BUS_COMS)
		return 0;
	return serial__read(&vmm->bus.com[com - 1], buf, len);
}

/**
 * vmm__end() - why it ended
 * @vmm: machine
 * @detail: gets a sentence for %VMM_END_ERROR, else an empty one; may be NULL
 * @len: room in @detail, bytes
 *
 * Return: %VMM_END_NONE while it runs.
 */
enum vmm_end vmm__end(struct vmm *vmm, char *detail, size_t len)
{
	enum vmm_end end;

	pthread_mutex_lock(&vmm->lock);
	end = vmm->end;
	if (detail && len)
		snprintf(detail, len, "%s", vmm->detail);
	pthread_mutex_unlock(&vmm->lock);
	return end;
}

/** vmm__find_page() - look on for a page that begins with the given bytes; see <ktstr/vmm.h> */
int vmm__find_page(const struct vmm *vmm, const void *begins, size_t len, uint64_t *at,
		   void **page)
{
	return page_find__next(&vmm->mem.gm, begins, len, at, page);
}

/** vmm__vcpu_tid() - the thread of a vCPU; return: its id, 0 when it has none */
pid_t vmm__vcpu_tid(const struct vmm *vmm, uint32_t vcpu)
{
	return vcpu < vmm->nr_vcpus ? atomic_load(&vmm->vcpus[vcpu].tid) : 0;
}

static void sum_vcpus(struct vmm *vmm, struct vmm_stats *st)
{
	for (uint32_t i = 0; i < vmm->nr_vcpus; i++) {
		struct vcpu *v = &vmm->vcpus[i];

		/* Read before the total, which is counted first: the rest is never negative. */
		st->exits_mmio += atomic_load(&v->exits_mmio);
		st->exits_pio += atomic_load(&v->exits_pio);
		st->exits += atomic_load(&v->exits);
	}
	st->exits_other = st->exits - st->exits_mmio - st->exits_pio;
	st->first_run_ns = atomic_load(&vmm->vcpus[0].first_run_ns);
}

/**
 * vmm__stats() - read the counters; callable while it runs
 * @vmm: machine
 * @st: sz set by the caller; at most that many bytes are filled
 */
void vmm__stats(struct vmm *vmm, struct vmm_stats *st)
{
	struct vmm_stats full = {
		.sz = st->sz, .create_ns = vmm->create_ns, .load_ns = vmm->load_ns,
	};
	struct virtio_console_stats cs;

	virtio_console__stats(vmm->bus.console, &cs);
	memcpy(full.kicks, cs.kicks, sizeof(full.kicks));
	full.interrupts = cs.interrupts;
	full.driver_errors = cs.driver_errors;
	full.last_error = cs.last_error;
	full.broken_queues = cs.broken;
	full.accesses_to_ready = cs.accesses_to_ready;
	memcpy(full.tx_bytes, cs.tx_bytes, sizeof(full.tx_bytes));
	memcpy(full.rx_bytes, cs.rx_bytes, sizeof(full.rx_bytes));
	memcpy(full.tx_dropped, cs.tx_dropped, sizeof(full.tx_dropped));
	sum_vcpus(vmm, &full);
	memcpy(st, &full, st->sz < sizeof(full) ? st->sz : sizeof(full));
}

/** vmm__clock() - how the machine's time hangs on the host's; see <ktstr/vmm.h> */
void vmm__clock(const struct vmm *vmm, struct vmm_clock *c)
{
	struct vmm_clock full = vmm->clock;

	full.sz = c->sz;
	memcpy(c, &full, c->sz < sizeof(full) ? c->sz : sizeof(full));
}
