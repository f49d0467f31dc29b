// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model's host: the session that reads and writes the ports, and the I/O thread.
 */
#include <errno.h>

#include "model.h"

#define ROUNDS_MAX	1000	/* a full buffer is 32 passes, a full ring 8 */
#define PUT_OFF_NS_MAX	50000000	/* of an interrupt */

static uint8_t buf[KTSTR_TX_BUF_MAX + KTSTR_PENDING_RX_MAX];

/* The last @len bytes of the buffer: one too many is a finding. */
static uint8_t *room(size_t len)
{
	return buf + sizeof(buf) - len;
}

/* Position in the stream of a taken byte; @run: how far there is no gap behind it. */
static uint64_t stream_pos(const struct model_port *p, uint64_t at, uint64_t *run)
{
	uint64_t skip = 0;

	*run = UINT64_MAX;
	for (unsigned int i = 0; i < p->nr_gaps; i++) {
		if (p->gap[i].at > at) {
			*run = p->gap[i].at - at;
			break;
		}
		skip = p->gap[i].skip;
	}
	return at - p->taken0 + skip;
}

/* The stream's bytes from taken byte @at on: fill @data with them, or compare. */
static void stream_walk(struct model *m, unsigned int port, uint64_t at, uint8_t *data, size_t n,
			bool compare)
{
	while (n) {
		uint64_t run, pos = stream_pos(&m->port[port], at, &run);
		size_t part = n < run ? n : run;

		if (compare)
			MODEL_CHECK(m, pattern__matches(data, port, pos, part) == part,
				    "port %u: the host got wrong bytes at %lu", port,
				    pos + pattern__matches(data, port, pos, part));
		else
			pattern__fill(data, port, pos, part);
		data += part;
		at += part;
		n -= part;
	}
}

size_t model__read(struct model *m, unsigned int port, size_t len)
{
	struct model_port *p = &m->port[port];
	uint64_t before = model_readable(p), from = p->host;
	uint8_t *data = room(len);
	size_t n = virtio_console__read(m->d.vc, port, data, len);

	MODEL_CHECK(m, n <= len, "port %u: %zu bytes read into room for %zu", port, n, len);
	MODEL_CHECK(m, n >= (len < before ? len : before),
		    "port %u: %zu bytes read, %lu waited and there was room for %zu", port, n,
		    before, len);
	p->host += n;
	model__sync(m);
	MODEL_CHECK(m, p->host <= p->taken, "port %u: the host got bytes that never came", port);
	if (!m->q[driver__txq(port)].tainted)
		stream_walk(m, port, from, data, n, true);
	return n;
}

void model__push_back(struct model *m, unsigned int port, size_t len)
{
	struct model_port *p = &m->port[port];
	bool known = !m->q[driver__txq(port)].tainted;
	uint64_t most = known ? p->host - p->taken0 : p->host;
	size_t n = len < most ? len : most;
	uint8_t *data = room(n);
	int err;

	memset(data, 0, n);
	if (known)
		stream_walk(m, port, p->host - n, data, n, false);
	err = virtio_console__push_back(m->d.vc, port, data, n);
	if (!err)
		p->host -= n;
	else
		MODEL_CHECK(m, model_readable(p) + n >
			    KTSTR_TX_BUF_MAX + VIRTIO_CONSOLE_PUSH_BACK_MAX,
			    "port %u: %zu bytes cannot be put back: %d", port, n, err);
	model__sync(m);
}

void model__write(struct model *m, unsigned int port, size_t len)
{
	struct model_port *p = &m->port[port];
	bool fits = !p->closed && len <= KTSTR_PENDING_RX_MAX - p->pending;
	int err, expect = p->closed ? -EPIPE : fits ? 0 : -ENOBUFS;
	uint8_t *data = room(len);

	pattern__fill(data, 4 + port, p->written, len);
	if (fits) {
		p->written += len;
		p->pending += len;
	}
	p->refused |= expect == -ENOBUFS;
	err = virtio_console__write(m->d.vc, port, data, len);
	MODEL_CHECK(m, err == expect, "port %u: write of %zu bytes: %d", port, len,
		    err);
	model__sync(m);
}

void model__connect(struct model *m, unsigned int port, bool open)
{
	struct model_port *p = &m->port[port];
	int err, expect = port == KTSTR_PORT_CONSOLE ? -EINVAL : 0;

	if (!expect && p->closed == open) {
		p->closed = !open;
		p->changes += p->ready;
	}
	err = virtio_console__connect(m->d.vc, port, open);
	MODEL_CHECK(m, err == expect, "port %u: connect: %d", port, err);
	model__sync(m);
}

void model__forget_stream(struct model *m, unsigned int port)
{
	struct model_port *p = &m->port[port];

	m->q[driver__txq(port)].tainted = true;
	while (model_readable(p))
		model__read(m, port, KTSTR_TX_BUF_MAX);
	MODEL_CHECK(m, !model__read(m, port, 1), "port %u: more to read than was counted", port);
	p->published = 0;
	p->taken0 = p->taken;
	p->dropped0 = p->dropped;
	p->nr_gaps = 0;
}

static bool all_used(const struct model *m, unsigned int q)
{
	return m->d.q[q].used->idx == m->d.q[q].avail->idx;
}

/* Nothing is left to do: so nothing may be waiting that could move. */
static void check_idle(struct model *m, unsigned int i)
{
	const struct model_queue *rx = &m->q[driver__rxq(i)], *tx = &m->q[driver__txq(i)];
	const struct model_port *p = &m->port[i];
	bool control = m->q[KTSTR_Q_CTRL_RX].tainted || m->q[KTSTR_Q_CTRL_TX].tainted;

	if (tx->exists && !tx->tainted && !tx->unkicked && !all_used(m, driver__txq(i)))
		MODEL_CHECK(m, i && model_readable(p) >= KTSTR_TX_BUF_MAX,
			    "port %u: chains wait in the ring beside free room", i);
	if (!rx->exists || rx->tainted || rx->unkicked || !p->pending)
		return;
	if (i == KTSTR_PORT_CONSOLE || (p->open && !control))
		MODEL_CHECK(m, all_used(m, driver__rxq(i)),
			    "port %u: %lu bytes wait beside free buffers", i, p->pending);
}

static void check_idle_control(struct model *m)
{
	const struct model_queue *rx = &m->q[KTSTR_Q_CTRL_RX], *tx = &m->q[KTSTR_Q_CTRL_TX];

	if (!rx->exists || rx->tainted || tx->tainted)
		return;
	MODEL_CHECK(m, tx->unkicked || all_used(m, KTSTR_Q_CTRL_TX),
		    "control: messages of the guest wait in the ring");
	model__collect(m, KTSTR_Q_CTRL_RX);
	if (!rx->unkicked && rx->count)
		for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++)
			MODEL_CHECK(m, !model_owed(&m->port[i]),
				    "control: port %u: a message is owed and %u buffers wait", i,
				    rx->count);
}

/*
 * 2.7.7.2: an interrupt for a used index that moved while flags were 0 throughout,
 * none if no index moved but those that were suppressed throughout.
 */
static void check_interrupts(struct model *m)
{
	bool must = false, must_not = !model__tainted(m) && !m->stopped;

	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		struct model_queue *mq = &m->q[q];

		if (!mq->exists || mq->tainted)
			continue;
		if (mq->irq_used != m->d.q[q].used->idx) {
			must |= mq->irq_flags == 1;
			must_not &= mq->irq_flags == 2;
		}
	}
	if (must)
		MODEL_CHECK(m, m->st.interrupts != m->interrupts,
			    "a used index moved and there was no interrupt");
	if (must_not)
		MODEL_CHECK(m, m->st.interrupts == m->interrupts,
			    "%lu interrupts that the driver had suppressed or that are for nothing",
			    m->st.interrupts - m->interrupts);
}

static void look_again(struct model *m)
{
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		struct model_queue *mq = &m->q[q];

		if (!mq->exists)
			continue;
		mq->irq_used = m->d.q[q].used->idx;
		mq->irq_flags = m->d.q[q].avail->flags & VRING_AVAIL_F_NO_INTERRUPT ? 2 : 1;
	}
	m->interrupts = m->st.interrupts;
	m->stopped = false;
}

void model__service(struct model *m)
{
	virtio_console__service(m->d.vc);
	model__sync(m);
}

void model__settle(struct model *m)
{
	unsigned int rounds = 0;

	/* No short circuit: a round serves both. */
	while (driver__event(m->d.rearm) | driver__event(m->d.timer)) {
		MODEL_CHECK(m, rounds++ < ROUNDS_MAX, "%u rearms and no end", rounds);
		/* Nothing is put off for longer. */
		m->d.now += PUT_OFF_NS_MAX;
		model__service(m);
	}
	if (rounds > m->rounds)
		m->rounds = rounds;
	if (!m->live)
		return;
	MODEL_CHECK(m, model__tainted(m) ||
		    driver__read32(&m->d, VIRTIO_MMIO_STATUS) == (S_ACK | S_DRV | S_FEAT | S_OK),
		    "the status changed by itself");
	check_interrupts(m);
	look_again(m);
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++)
		check_idle(m, i);
	check_idle_control(m);
}

void model__drain(struct model *m)
{
	uint64_t interrupts = m->st.interrupts;
	uint16_t published[KTSTR_NR_PORTS] = { 0 };

	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++)
		if (m->q[driver__txq(i)].exists)
			published[i] = m->d.q[driver__txq(i)].avail->idx;
	virtio_console__drain(m->d.vc);
	model__sync(m);
	MODEL_CHECK(m, m->st.interrupts == interrupts, "a drain raised an interrupt");
	look_again(m);
	for (unsigned int i = 0; m->live && i < KTSTR_NR_PORTS; i++) {
		const struct model_queue *mq = &m->q[driver__txq(i)];
		const struct driver_queue *dq = &m->d.q[driver__txq(i)];
		const struct model_port *p = &m->port[i];

		if (mq->exists && !mq->tainted && model_readable(p) < KTSTR_TX_BUF_MAX)
			MODEL_CHECK(m, (int16_t)(dq->used->idx - published[i]) >= 0,
				    "port %u: a drain left chains in the ring", i);
	}
}
