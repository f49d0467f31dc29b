// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model's driver: it publishes, kicks and collects, and knows what must come back.
 */
#include <endian.h>

#include "vmm/console_data.h"

#include "model.h"

#define CANARY		0xa5
#define MSG_SLOT	(RAM_MSG_SIZE / KTSTR_QUEUE_SIZE_MAX)

static const char * const port_names[KTSTR_NR_PORTS] = {
	KTSTR_PORT_CONSOLE_NAME, KTSTR_PORT_BULK_NAME, KTSTR_PORT_STATS_NAME,
};

static uint64_t slot_gpa(unsigned int port, unsigned int desc)
{
	uint64_t end = port == KTSTR_PORT_STATS ? RAM_END_GPA :
		       RAM_DATA_GPA + RAM_DATA_SIZE - port * RAM_SLOTS_SIZE;

	return end - RAM_SLOTS_SIZE + desc * RAM_SLOT_SIZE;
}

unsigned int model__room(const struct model *m, unsigned int q)
{
	const struct model_queue *mq = &m->q[q];

	if (!mq->exists)
		return 0;
	return mq->tainted ? mq->num : mq->num - mq->descs;
}

/* Remember a chain that is about to be published, unless nothing is expected of it. */
static void record(struct model *m, unsigned int q, const struct model_chain *c)
{
	struct model_queue *mq = &m->q[q];

	mq->unkicked = true;
	if (mq->tainted)
		return;
	mq->fifo[(mq->first + mq->count) % KTSTR_QUEUE_SIZE_MAX] = *c;
	mq->count++;
	mq->descs += c->nr;
}

void model__send(struct model *m, unsigned int port, const uint32_t *len, unsigned int nr,
		 bool rom, uint32_t canary)
{
	unsigned int q = driver__txq(port), n = nr + !!canary;
	struct driver_seg seg[KTSTR_QUEUE_SIZE_MAX];
	struct model_port *p = &m->port[port];
	struct model_chain c = { .head = m->d.q[q].next_desc, .nr = n, .canary = canary };

	if (!nr || n > model__room(m, q))
		return;
	for (unsigned int i = 0; i < nr; i++) {
		seg[i] = (struct driver_seg) {
			.gpa = pattern__gpa(rom, port, p->published + c.len), .len = len[i],
		};
		c.len += len[i];
	}
	/* Nobody offers these bytes to the device: a touch is a crash. */
	seg[nr] = (struct driver_seg) { .gpa = RAM_TOP_GPA, .len = canary, .write = true };
	m->errors_ok |= !c.len;
	p->published += m->q[q].tainted ? 0 : c.len;
	c.end = p->published;
	record(m, q, &c);
	driver__add(&m->d, q, seg, n);
}

void model__offer(struct model *m, unsigned int port, unsigned int nr, uint32_t off, uint32_t len,
		  bool lead)
{
	unsigned int q = driver__rxq(port), n = nr + lead, at = m->d.q[q].next_desc;
	struct driver_seg seg[KTSTR_QUEUE_SIZE_MAX];
	struct model_queue *mq = &m->q[q];
	struct model_chain c = { .head = at, .nr = n };

	if (!nr || n > model__room(m, q))
		return;
	for (unsigned int i = 0; i < n; i++, at = (at + 1) % mq->num) {
		bool write = i || !lead;

		seg[i] = (struct driver_seg) { .gpa = RAM_PATTERN_GPA, .len = len };
		mq->slot_off[at] = off;
		mq->slot_len[at] = write ? len : 0;
		if (!write)
			continue;
		seg[i].gpa = slot_gpa(port, at) + off;
		seg[i].write = true;
		c.len += len;
		memset(ram__ptr(seg[i].gpa), CANARY, len);
		ram__offer(seg[i].gpa, len);
	}
	m->errors_ok |= !c.len;
	record(m, q, &c);
	driver__add(&m->d, q, seg, n);
}

/* 256 of them in a row that hold nothing break the queue. */
static void note_small(struct model *m)
{
	m->errors_ok = true;
	if (++m->small >= KTSTR_QUEUE_SIZE_MAX)
		model__taint(m, KTSTR_Q_CTRL_RX);
}

void model__offer_control(struct model *m, uint32_t len)
{
	struct driver_queue *dq = &m->d.q[KTSTR_Q_CTRL_RX];
	uint64_t gpa = CTRL_BUF_GPA + dq->next_desc * CTRL_BUF_SIZE;
	struct model_chain c = { .head = dq->next_desc, .nr = 1, .len = len };

	if (!model__room(m, KTSTR_Q_CTRL_RX))
		return;
	if (len < MODEL_CTRL_MIN)
		note_small(m);
	memset(ram__ptr(gpa), CANARY, CTRL_BUF_SIZE);
	ram__offer(gpa, len);
	record(m, KTSTR_Q_CTRL_RX, &c);
	driver__add1(&m->d, KTSTR_Q_CTRL_RX, gpa, len, true);
}

/* What the device takes without a word. */
static bool message_good(const struct virtio_console_control *msg)
{
	uint16_t event = le16toh(msg->event), value = le16toh(msg->value);
	uint32_t id = le32toh(msg->id);

	if (event == VIRTIO_CONSOLE_DEVICE_READY)
		return value == 1;
	if (id >= KTSTR_NR_PORTS)
		return false;
	if (event == VIRTIO_CONSOLE_PORT_READY)
		return value == 1;
	return event == VIRTIO_CONSOLE_PORT_OPEN && value <= 1;
}

void model__control(struct model *m, const struct virtio_console_control *msg, uint32_t len,
		    unsigned int nr)
{
	struct driver_queue *dq = &m->d.q[KTSTR_Q_CTRL_TX];
	uint64_t gpa = CTRL_MSG_GPA + dq->next_desc * MSG_SLOT;
	struct model_chain c = { .head = dq->next_desc, .nr = nr, .len = len, .msg = *msg };
	struct driver_seg seg[MSG_SLOT];

	if (!nr || nr > MSG_SLOT || len > MSG_SLOT || nr > model__room(m, KTSTR_Q_CTRL_TX))
		return;
	memset(ram__ptr(gpa), 0, MSG_SLOT);
	memcpy(ram__ptr(gpa), msg, len < sizeof(*msg) ? len : sizeof(*msg));
	ram__offer(gpa, len);
	for (unsigned int i = 0; i < nr; i++) {
		uint32_t from = len * i / nr, to = len * (i + 1) / nr;

		seg[i] = (struct driver_seg) { .gpa = gpa + from, .len = to - from };
	}
	m->errors_ok |= len < sizeof(*msg) || !message_good(msg);
	record(m, KTSTR_Q_CTRL_TX, &c);
	driver__add(&m->d, KTSTR_Q_CTRL_TX, seg, nr);
}

/* Linux spins with a lock held until these come back; on port 0 one chain at a time. */
static bool linux_spins(const struct model *m, unsigned int q)
{
	const struct model_port *p = &m->port[KTSTR_PORT_CONSOLE];

	if (!m->q[q].exists)
		return false;
	return q == KTSTR_Q_CTRL_TX ||
	       (q == KTSTR_Q_CONSOLE_TX && p->published - model_got(p) <= CONSOLE_TX0_BYTES);
}

void model__kick(struct model *m, unsigned int q, enum model_kick how)
{
	struct model_queue *mq = &m->q[q];
	struct driver_queue *dq = &m->d.q[q];
	uint16_t published;
	bool spins;

	if (how == KICK_NONE || (how == KICK_POLITE && !mq->exists))
		return;
	m->errors_ok |= !m->live || !mq->exists;
	mq->unkicked = false;
	if (how == KICK_POLITE && !driver__needs_kick(&m->d, q))
		return;
	published = mq->exists ? dq->avail->idx : 0;
	spins = linux_spins(m, q);
	driver__kick(&m->d, q);
	model__sync(m);
	if (spins && !mq->tainted)
		MODEL_CHECK(m, (int16_t)(dq->used->idx - published) >= 0,
			    "queue %u: chains did not come back in the exit of their kick", q);
}

static void check_transmitted(struct model *m, unsigned int q, const struct model_chain *c,
			      uint32_t len)
{
	const struct model_port *p;

	MODEL_CHECK(m, !len, "queue %u: used.len %u of a chain that is only read", q, len);
	if (q == KTSTR_Q_CTRL_TX)
		return;
	p = &m->port[q == KTSTR_Q_CONSOLE_TX ? 0 : (q - 3) / 2];
	MODEL_CHECK(m, model_got(p) >= c->end,
		    "queue %u: a chain came back before its bytes were taken", q);
}

/* The bytes, and around them what was there before. */
static void check_placed(struct model *m, unsigned int port, const struct model_chain *c,
			 uint32_t len)
{
	struct model_queue *mq = &m->q[driver__rxq(port)];
	struct model_port *p = &m->port[port];
	unsigned int at = c->head;

	MODEL_CHECK(m, len <= c->len, "port %u: used.len %u of %u bytes", port, len, c->len);
	MODEL_CHECK(m, len || !c->len, "port %u: a buffer came back empty", port);
	for (unsigned int i = 0; i < c->nr; i++, at = (at + 1) % mq->num) {
		uint64_t gpa = slot_gpa(port, at) + mq->slot_off[at];
		uint32_t room = mq->slot_len[at], n = len < room ? len : room;
		const uint8_t *buf = ram__ptr(gpa);

		MODEL_CHECK(m, pattern__matches(buf, 4 + port, p->guest, n) == n,
			    "port %u: the guest got wrong bytes at %lu", port,
			    p->guest + pattern__matches(buf, 4 + port, p->guest, n));
		for (uint32_t k = n; k < room; k++)
			MODEL_CHECK(m, buf[k] == CANARY,
				    "port %u: byte %u written behind used.len", port, k);
		p->guest += n;
		len -= n;
		if (!model__tainted(m) && room)
			ram__withdraw(gpa, room);
	}
}

static size_t expected_message(uint8_t bit, unsigned int port, void *buf)
{
	static const uint16_t event[] = {
		[CONSOLE_OWE_ADD] = VIRTIO_CONSOLE_PORT_ADD,
		[CONSOLE_OWE_CONSOLE] = VIRTIO_CONSOLE_CONSOLE_PORT,
		[CONSOLE_OWE_NAME] = VIRTIO_CONSOLE_PORT_NAME,
	};
	struct virtio_console_control msg = {
		.id = htole32(port), .event = htole16(event[bit]), .value = htole16(1),
	};
	size_t n = bit == CONSOLE_OWE_NAME ? strlen(port_names[port]) + 1 : 0;

	memcpy(buf, &msg, sizeof(msg));
	memcpy((uint8_t *)buf + sizeof(msg), port_names[port], n);
	return sizeof(msg) + n;
}

/* The host's state comes last, and every message about it says something new. */
static bool open_owed(struct model_port *p, unsigned int port, const uint8_t *buf, uint32_t len)
{
	const struct virtio_console_control want = {
		.id = htole32(port), .event = htole16(VIRTIO_CONSOLE_PORT_OPEN),
		.value = htole16(!p->seen_open),
	};

	if (len != sizeof(want) || memcmp(buf, &want, len) || !p->changes ||
	    (p->owed & ~CONSOLE_OWE_ADD))
		return false;
	p->seen_open = !p->seen_open;
	p->changes--;
	return true;
}

/* Each message once per reset; ADD by itself, the others lowest bit first. */
static bool message_owed(struct model *m, const uint8_t *buf, uint32_t len)
{
	for (unsigned int port = 0; port < KTSTR_NR_PORTS; port++) {
		uint8_t owed = m->port[port].owed;
		uint8_t rest = owed & ~CONSOLE_OWE_ADD;
		uint8_t may = (owed & CONSOLE_OWE_ADD) | (rest & -rest);

		for (uint8_t bit = 1; bit < CONSOLE_OWE_OPEN; bit <<= 1) {
			uint8_t want[CTRL_BUF_SIZE];

			if (!(may & bit) || expected_message(bit, port, want) != len ||
			    memcmp(buf, want, len))
				continue;
			m->port[port].owed &= ~bit;
			return true;
		}
		if (open_owed(&m->port[port], port, buf, len))
			return true;
	}
	return false;
}

static void check_message(struct model *m, const struct model_chain *c, uint32_t len)
{
	uint64_t gpa = CTRL_BUF_GPA + c->head * CTRL_BUF_SIZE;
	const uint8_t *buf = ram__ptr(gpa);

	MODEL_CHECK(m, len <= c->len, "control: used.len %u of %u bytes", len, c->len);
	MODEL_CHECK(m, len || c->len < MODEL_CTRL_MIN, "control: a buffer came back empty");
	for (uint32_t k = len; k < CTRL_BUF_SIZE; k++)
		MODEL_CHECK(m, buf[k] == CANARY, "control: byte %u written behind used.len", k);
	if (len && !m->q[KTSTR_Q_CTRL_TX].tainted)
		MODEL_CHECK(m, message_owed(m, buf, len),
			    "control: message of %u bytes that is not owed: id %u event %u value %u",
			    len, buf[0], buf[4], buf[6]);
	if (!model__tainted(m))
		ram__withdraw(gpa, CTRL_BUF_SIZE);
}

static void check_chain(struct model *m, unsigned int q, const struct model_chain *c, uint32_t len)
{
	if (q & 1)
		check_transmitted(m, q, c, len);
	else if (q == KTSTR_Q_CTRL_RX)
		check_message(m, c, len);
	else
		check_placed(m, q ? (q - 2) / 2 : 0, c, len);
}

void model__collect(struct model *m, unsigned int q)
{
	struct model_queue *mq = &m->q[q];
	uint32_t len;
	int head;

	if (!mq->exists)
		return;
	if (mq->tainted) {
		m->d.q[q].used_idx = m->d.q[q].used->idx;
		return;
	}
	while ((head = driver__used(&m->d, q, &len)) >= 0) {
		struct model_chain *c = &mq->fifo[mq->first];

		MODEL_CHECK(m, mq->count, "queue %u: used element for nothing", q);
		MODEL_CHECK(m, head == c->head, "queue %u: head %d used, %u is the oldest", q,
			    head, c->head);
		check_chain(m, q, c, len);
		mq->first = (mq->first + 1) % KTSTR_QUEUE_SIZE_MAX;
		mq->count--;
		mq->descs -= c->nr;
	}
}

void model__set_flags(struct model *m, unsigned int q, uint16_t flags)
{
	struct model_queue *mq = &m->q[q];

	if (!mq->exists)
		return;
	m->d.q[q].avail->flags = flags;
	mq->irq_flags |= flags & VRING_AVAIL_F_NO_INTERRUPT ? 2 : 1;
}

/* What waits in the device for a driver that is gone goes with it. */
static void forget_port(struct model *m, unsigned int i, bool had_driver)
{
	struct model_port *p = &m->port[i];

	if (had_driver)
		p->pending = 0;
	p->guest = p->written - p->pending;
	p->ready = false;
	p->open = false;
	p->seen_open = false;
	p->changes = 0;
	p->owed = 0;
}

/* Reads of rings are legal during a reset, writes to the used ring are not. */
static void withdraw_used(struct model *m)
{
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		if (m->q[q].exists)
			ram__withdraw(driver__ring_gpa(q) + 0x2000, 0x1000);
}

/* What another vCPU published meanwhile may be in time or not. */
static void check_last_words(struct model *m, unsigned int i, uint64_t published)
{
	struct model_port *p = &m->port[i];

	MODEL_CHECK(m, model_got(p) >= published, "port %u: %lu last words were lost", i,
		    published - model_got(p));
	p->published = model_got(p);
}

/* The stream lives on; a transmit queue's last words are in it. */
void model__stop_queue(struct model *m)
{
	unsigned int q = m->sel, port = q == KTSTR_Q_CONSOLE_TX ? 0 : (q - 3) / 2;
	bool transmit = q & 1 && q != KTSTR_Q_CTRL_TX;
	uint64_t published = transmit ? m->port[port].published : 0;

	model__collect(m, q);
	m->last_words = transmit;
	m->stopped = true;
	driver__write32(&m->d, VIRTIO_MMIO_QUEUE_READY, 0);
	model__sync(m);
	m->last_words = false;
	if (transmit && !m->q[q].tainted)
		check_last_words(m, port, published);
	/* It cannot come back before a reset; what it still means to others is unknown. */
	if (q == KTSTR_Q_CTRL_RX || q == KTSTR_Q_CTRL_TX || m->q[q].tainted)
		model__taint(m, q);
	else
		model__clear_queue(&m->q[q]);
}

static void clear_queues(struct model *m)
{
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		model__clear_queue(&m->q[q]);
}

void model__reset(struct model *m)
{
	uint32_t status = driver__read32(&m->d, VIRTIO_MMIO_STATUS);
	uint64_t interrupts = m->st.interrupts;
	bool was_live = m->live, spoilt[KTSTR_NR_QUEUES];
	uint64_t published[KTSTR_NR_PORTS];

	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++)
		published[i] = m->port[i].published;
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		model__collect(m, q);
	if (!model__tainted(m))
		withdraw_used(m);
	m->live = false;
	m->last_words = true;
	driver__write32(&m->d, VIRTIO_MMIO_STATUS, 0);
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++)
		forget_port(m, i, status);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		spoilt[q] = m->q[q].tainted;
	clear_queues(m);
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++)
		m->q[driver__txq(i)].tainted = spoilt[driver__txq(i)];
	m->device_ready = false;
	model__sync(m);
	m->last_words = false;
	MODEL_CHECK(m, m->st.interrupts == interrupts, "a reset raised an interrupt");
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		if (spoilt[driver__txq(i)])
			model__forget_stream(m, i);
		else if (was_live)
			check_last_words(m, i, published[i]);
	}
	clear_queues(m);
	MODEL_CHECK(m, m->wild || ram__constants_intact(),
		    "the device wrote to a page that was only to be read");
	if (m->wild)
		ram__restore_constants();
	m->wild = false;
	m->errors_ok = false;
	m->small = 0;
	m->sel = 0;
	ram__withdraw_all();
	MODEL_CHECK(m, !driver__read32(&m->d, VIRTIO_MMIO_STATUS), "status after a reset");
}

/* As driver__setup_queue(), but nothing is cleared or offered that the device need not see. */
static void setup_queue(struct model *m, unsigned int q, unsigned int num)
{
	const uint64_t gpa = driver__ring_gpa(q);
	const struct {
		uint64_t reg, gpa, size;
	} part[] = {
		{ VIRTIO_MMIO_QUEUE_DESC_LOW, gpa, num * sizeof(struct vring_desc) },
		{ VIRTIO_MMIO_QUEUE_AVAIL_LOW, gpa + 0x1000,
		  sizeof(struct vring_avail) + num * sizeof(uint16_t) },
		{ VIRTIO_MMIO_QUEUE_USED_LOW, gpa + 0x2000,
		  sizeof(struct vring_used) + num * sizeof(struct vring_used_elem) },
	};

	driver__write32(&m->d, VIRTIO_MMIO_QUEUE_SEL, q);
	driver__write32(&m->d, VIRTIO_MMIO_QUEUE_NUM, num);
	for (int i = 0; i < 3; i++) {
		write_addr(&m->d, part[i].reg, part[i].gpa);
		memset(ram__ptr(part[i].gpa), 0, part[i].size);
		ram__offer(part[i].gpa, part[i].size);
	}
	m->d.q[q] = (struct driver_queue) {
		.num = num,
		.desc = (void *)ram__ptr(gpa),
		.avail = (void *)ram__ptr(gpa + 0x1000),
		.used = (void *)ram__ptr(gpa + 0x2000),
	};
	model__clear_queue(&m->q[q]);
	m->q[q].exists = true;
	m->q[q].num = num;
	m->q[q].irq_flags = 1;
	m->sel = q;
	driver__write32(&m->d, VIRTIO_MMIO_QUEUE_READY, 1);
	MODEL_CHECK(m, driver__read32(&m->d, VIRTIO_MMIO_QUEUE_READY) == 1,
		    "queue %u: rings refused", q);
}

void model__init(struct model *m, bool multiport, const uint8_t *log2num)
{
	uint64_t features = DRIVER_FEATURES;
	uint32_t status = S_ACK | S_DRV | S_FEAT;

	if (!multiport)
		features &= ~(1ull << VIRTIO_CONSOLE_F_MULTIPORT);
	MODEL_CHECK(m, driver__negotiate(&m->d, features) == status, "features refused");
	m->multiport = multiport;
	for (unsigned int q = 0; q < (multiport ? KTSTR_NR_QUEUES : 2); q++)
		setup_queue(m, q, 1u << log2num[q]);
	model__sync(m);
	m->interrupts = m->st.interrupts;
	m->stopped = false;
	m->live = true;
	driver__write32(&m->d, VIRTIO_MMIO_STATUS, status | S_OK);
	model__sync(m);
	MODEL_CHECK(m, model__tainted(m) ||
		    driver__read32(&m->d, VIRTIO_MMIO_STATUS) == (status | S_OK),
		    "DRIVER_OK refused");
}

static bool any_owed(const struct model *m)
{
	return model_owed(&m->port[0]) || model_owed(&m->port[1]) || model_owed(&m->port[2]);
}

/* Offer buffers and take messages until the device has said all; another vCPU may spoil it. */
static void take_answers(struct model *m)
{
	const struct model_queue *rx = &m->q[KTSTR_Q_CTRL_RX];

	for (int i = 0; i < 64; i++) {
		if (rx->tainted || m->q[KTSTR_Q_CTRL_TX].tainted)
			return;
		for (int n = rx->count; n < 16; n++)
			model__offer_control(m, CTRL_BUF_SIZE);
		model__kick(m, KTSTR_Q_CTRL_RX, KICK_POLITE);
		model__settle(m);
		model__collect(m, KTSTR_Q_CTRL_RX);
		if (!any_owed(m))
			return;
	}
	model_fail(m, "control: messages are owed and do not come");
}

static void say(struct model *m, uint32_t id, uint16_t event, bool wait)
{
	struct virtio_console_control msg = {
		.id = htole32(id), .event = htole16(event), .value = htole16(1),
	};

	model__control(m, &msg, sizeof(msg), 1);
	if (!wait && model__room(m, KTSTR_Q_CTRL_TX))
		return;
	model__kick(m, KTSTR_Q_CTRL_TX, KICK_POLITE);
	model__collect(m, KTSTR_Q_CTRL_TX);
	if (wait)
		take_answers(m);
}

void model__handshake(struct model *m, bool hurry)
{
	if (!m->live || !m->multiport)
		return;
	say(m, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, !hurry);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		say(m, p, VIRTIO_CONSOLE_PORT_READY, !hurry);
		say(m, p, VIRTIO_CONSOLE_PORT_OPEN, !hurry || p == KTSTR_NR_PORTS - 1);
	}
}
