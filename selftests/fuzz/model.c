// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model's core: what must hold after every call into the device.
 */
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmm/console_data.h"

#include "model.h"

void (*model_on_fail)(void);

static void print_queue(const struct model *m, unsigned int q)
{
	const struct model_queue *mq = &m->q[q];
	const struct driver_queue *dq = &m->d.q[q];

	if (!mq->exists)
		return;
	fprintf(stderr, "#   queue %u: num %u avail %u used %u collected %u outstanding %u%s%s\n",
		q, mq->num, dq->avail->idx, dq->used->idx, dq->used_idx, mq->count,
		mq->unkicked ? " unkicked" : "", mq->tainted ? " tainted" : "");
}

static void print_port(const struct model *m, unsigned int i)
{
	const struct model_port *p = &m->port[i];

	fprintf(stderr, "#   port %u: tx published %lu taken %lu dropped %lu host at %lu;"
		" rx written %lu pending %lu placed %lu guest at %lu;%s%s%s%s owed %#x\n", i,
		p->published, p->taken - p->taken0, p->dropped - p->dropped0, p->host - p->taken0,
		p->written, p->pending, p->placed, p->guest, p->ready ? " ready" : "",
		p->open ? " open" : "", p->closed ? " closed by host" : "",
		p->refused ? " refused" : "", p->owed);
}

void model_fail(struct model *m, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "FAILED: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr,
		"\n#   device %s, %s, status %#x, errors %lu (%s), interrupts %lu, rearms %lu\n",
		m->live ? "live" : "not live", m->multiport ? "multiport" : "one port",
		driver__read32(&m->d, VIRTIO_MMIO_STATUS), m->st.driver_errors,
		m->st.last_error ? m->st.last_error : "none", m->st.interrupts, m->st.rearms);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		print_queue(m, q);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		print_port(m, p);
	if (model_on_fail)
		model_on_fail();
	abort();
}

bool model_owed(const struct model_port *p)
{
	return p->owed || (p->ready && p->seen_open == p->closed);
}

void model__clear_queue(struct model_queue *mq)
{
	memset(mq, 0, offsetof(struct model_queue, slot_off));
}

void model__begin(struct model *m, bool timer)
{
	struct virtio_console_cfg cfg = {
		.mem = &m->d.gm, .irq_fd = m->d.irq, .tx_evt = m->d.tx,
		.stats_tx_evt = m->d.stats, .rearm_evt = m->d.rearm,
		.irq_timer_fd = timer ? m->d.timer : -1, .clock = driver__clock,
		.clock_arg = &m->d, .emerg = count_emerg, .emerg_arg = &m->d,
	};

	memset((char *)m + sizeof(m->d), 0, offsetof(struct model, q) - sizeof(m->d));
	memset(m->port, 0, sizeof(m->port));
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		model__clear_queue(&m->q[q]);
	memset(m->d.q, 0, sizeof(m->d.q));
	m->d.emerg_count = 0;
	m->d.now = 0;
	ram__begin();
	m->d.vc = virtio_console__new(&cfg);
	if (!m->d.vc)
		abort();
	work__begin();
}

void model__end(struct model *m)
{
	virtio_console__free(m->d.vc);
	m->d.vc = NULL;
}

bool model__tainted(const struct model *m)
{
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		if (m->q[q].tainted)
			return true;
	return m->wild;
}

/* Whatever its table ever said may be on offer now. */
static void offer_table(const struct driver_queue *dq)
{
	for (unsigned int i = 0; i < dq->num; i++)
		ram__offer(dq->desc[i].addr, dq->desc[i].len);
}

void model__taint(struct model *m, unsigned int q)
{
	if (m->q[q].exists && !m->q[q].tainted)
		offer_table(&m->d.q[q]);
	m->q[q].tainted = true;
	m->errors_ok = true;
}

void model__taint_all(struct model *m)
{
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		model__taint(m, q);
	m->wild = true;
	ram__offer_all();
}

/* Is what the ports' control state should be known? */
static bool control_known(const struct model *m)
{
	return !m->q[KTSTR_Q_CTRL_RX].tainted && !m->q[KTSTR_Q_CTRL_TX].tainted;
}

static void note_gap(struct model *m, struct model_port *p, unsigned int port, uint64_t skip)
{
	uint64_t before = p->nr_gaps ? p->gap[p->nr_gaps - 1].skip : 0;

	if (p->nr_gaps == MODEL_GAPS) {
		model__taint(m, driver__txq(port));
		return;
	}
	p->gap[p->nr_gaps++] = (struct model_gap) { .at = p->taken, .skip = before + skip };
}

static bool signalled(const struct model *m, unsigned int port)
{
	int fd = port == KTSTR_PORT_STATS ? m->d.stats : m->d.tx;

	return ram__event_count(fd) > m->events[fd - RAM_EVENT_IRQ];
}

/* Bytes come in order, none twice, none lost but where the contract says so. */
static void sync_transmit(struct model *m, unsigned int i, const struct virtio_console_stats *st)
{
	uint64_t taken = st->tx_bytes[i] - m->st.tx_bytes[i];
	uint64_t dropped = st->tx_dropped[i] - m->st.tx_dropped[i];
	uint64_t most = KTSTR_TX_BUF_MAX + (m->last_words ? CONSOLE_LAST_WORDS : 0);
	bool known = !m->q[driver__txq(i)].tainted;
	struct model_port *p = &m->port[i];

	p->taken += taken;
	p->dropped += dropped;
	if (taken) {
		MODEL_CHECK(m, model_readable(p) <= most,
			    "port %u: %lu bytes wait for the host, more than its buffer holds", i,
			    model_readable(p));
		MODEL_CHECK(m, signalled(m, i),
			    "port %u: %lu bytes came and the host was not woken", i, taken);
	}
	if (!known)
		return;
	MODEL_CHECK(m, model_got(p) <= p->published,
		    "port %u: the device took more than the driver published", i);
	if (!dropped)
		return;
	MODEL_CHECK(m, i == KTSTR_PORT_CONSOLE || m->last_words,
		    "port %u: %lu bytes dropped while the driver can wait", i, dropped);
	MODEL_CHECK(m, model_readable(p) >= most, "port %u: %lu bytes dropped beside free room",
		    i, dropped);
	note_gap(m, p, i, dropped);
}

/* A host that was refused is woken as room becomes free, if at least half of it is then. */
static void check_room(struct model *m, unsigned int i)
{
	struct model_port *p = &m->port[i];
	bool fell = p->pending < p->pending_seen;

	p->pending_seen = p->pending;
	if (!p->refused || p->pending > KTSTR_PENDING_RX_MAX / 2)
		return;
	if (signalled(m, i))
		p->refused = false;
	else
		MODEL_CHECK(m, !fell, "port %u: the host waits for room and was not woken", i);
}

static void sync_receive(struct model *m, unsigned int i, const struct virtio_console_stats *st,
			 bool was_open)
{
	uint64_t placed = st->rx_bytes[i] - m->st.rx_bytes[i];
	struct model_port *p = &m->port[i];
	size_t pending = virtio_console__pending(m->d.vc, i);

	MODEL_CHECK(m, placed <= p->pending, "port %u: more bytes placed than the host wrote", i);
	p->placed += placed;
	p->pending -= placed;
	MODEL_CHECK(m, pending == p->pending, "port %u: %zu bytes pending, %lu expected", i,
		    pending, p->pending);
	MODEL_CHECK(m, pending <= KTSTR_PENDING_RX_MAX, "port %u: %zu bytes pending", i, pending);
	if (control_known(m))
		MODEL_CHECK(m, !placed || was_open, "port %u: %lu bytes placed while it is closed",
			    i, placed);
	check_room(m, i);
}

static void apply_port_message(struct model *m, unsigned int i, uint16_t event, uint16_t value)
{
	struct model_port *p = &m->port[i];

	if (event == VIRTIO_CONSOLE_PORT_READY && value == 1 && !p->ready) {
		p->ready = true;
		p->owed |= CONSOLE_OWE_NAME;
		p->changes += !p->closed;
		if (i == KTSTR_PORT_CONSOLE)
			p->owed |= CONSOLE_OWE_CONSOLE;
		return;
	}
	if (event == VIRTIO_CONSOLE_PORT_OPEN && value <= 1)
		p->open = value;
}

/* 5.3.6.2, as ports.h and DESIGN section 2 narrow it: everything else changes nothing. */
static void apply_message(struct model *m, const struct virtio_console_control *msg)
{
	uint16_t event = le16toh(msg->event), value = le16toh(msg->value);
	uint32_t id = le32toh(msg->id);

	if (event == VIRTIO_CONSOLE_DEVICE_READY) {
		for (unsigned int i = 0; value == 1 && !m->device_ready && i < KTSTR_NR_PORTS; i++)
			m->port[i].owed |= CONSOLE_OWE_ADD;
		m->device_ready |= value == 1;
	} else if (id < KTSTR_NR_PORTS) {
		apply_port_message(m, id, event, value);
	}
}

/* Messages that came back since the last look have had their effect. */
static void sync_control(struct model *m, bool *was_open)
{
	struct model_queue *mq = &m->q[KTSTR_Q_CTRL_TX];
	struct driver_queue *dq = &m->d.q[KTSTR_Q_CTRL_TX];

	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++)
		was_open[i] = m->port[i].open || i == KTSTR_PORT_CONSOLE;
	if (!mq->exists || mq->tainted)
		return;
	for (; mq->seen != dq->used->idx; mq->seen++) {
		uint16_t n = mq->seen - dq->used_idx;
		struct model_chain *c = &mq->fifo[(mq->first + n) % KTSTR_QUEUE_SIZE_MAX];

		MODEL_CHECK(m, n < mq->count, "queue %u: used index beyond what was offered",
			    KTSTR_Q_CTRL_TX);
		if (c->len >= sizeof(c->msg))
			apply_message(m, &c->msg);
		for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++)
			was_open[i] |= m->port[i].open;
	}
	for (unsigned int i = 1; i < KTSTR_NR_PORTS && control_known(m); i++)
		MODEL_CHECK(m, virtio_console__is_open(m->d.vc, i) == m->port[i].open,
			    "port %u: the device has it %s", i,
			    m->port[i].open ? "closed" : "open");
}

static void sync_used(struct model *m, unsigned int q)
{
	const struct model_queue *mq = &m->q[q];
	const struct driver_queue *dq = &m->d.q[q];

	if (!mq->exists || mq->tainted)
		return;
	MODEL_CHECK(m, (uint16_t)(dq->used->idx - dq->used_idx) <= mq->count,
		    "queue %u: used index beyond what was offered", q);
	MODEL_CHECK(m, dq->used->flags <= VRING_USED_F_NO_NOTIFY, "queue %u: used.flags %#x", q,
		    dq->used->flags);
}

static void check_broken(struct model *m, uint32_t broken)
{
	for (unsigned int q = 0; broken && q < KTSTR_NR_QUEUES; q++)
		MODEL_CHECK(m, m->q[q].tainted || !(broken & 1u << q),
			    "queue %u: broken, and its driver was honest", q);
}

void model__sync(struct model *m)
{
	struct virtio_console_stats st = driver__stats(&m->d);
	bool was_open[KTSTR_NR_PORTS];

	work__begin();
	/* Bits of the model that a later step relies on come first. */
	sync_control(m, was_open);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		sync_used(m, q);
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		sync_transmit(m, i, &st);
		sync_receive(m, i, &st, was_open[i]);
	}
	check_broken(m, st.broken & ~m->st.broken);
	if (!m->errors_ok)
		MODEL_CHECK(m, st.driver_errors == m->st.driver_errors,
			    "an honest driver is told off: %s", st.last_error);
	for (int fd = RAM_EVENT_IRQ; fd < RAM_EVENT_END; fd++)
		m->events[fd - RAM_EVENT_IRQ] = ram__event_count(fd);
	m->st = st;
}
