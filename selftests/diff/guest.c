// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's data queues.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_console.h>
#include <linux/virtio_mmio.h>

#include "guest.h"

#define REQUESTS	512u		/* more than any ring has chains; a power of two */

/* Three bytes that the device must not touch or must not write. */
#define GAP		0xa5		/* around every entry */
#define UNFILLED	0x5a		/* receive buffers */
#define WRONG_WAY	0xc3		/* entries of the direction that carries no data */

/* Port 0 loses bytes when the host's buffer is full, so its writer keeps to half of it. */
#define PORT0_WINDOW	(KTSTR_TX_BUF_MAX / 2)

static bool finished(struct guest *g, const struct guest_queue *gq)
{
	struct rig_link *link = &g->rig->link;

	if (gq->tx)
		return gq->added >= g->rig->buffers[gq->port] && !gq->on_offer;
	return link->received[gq->port] == link->written_total[gq->port];
}

bool guest__done(struct guest *g)
{
	for (unsigned int i = 0; i < GUEST_DATA_QUEUES; i++)
		if (!finished(g, &g->gq[i]))
			return false;
	return true;
}

/* Memory for an entry, between two bytes of GAP. */
static uint8_t *arena_take(struct guest_queue *gq, uint64_t *head, uint32_t len)
{
	uint64_t off = *head % RIG_ARENA, start = *head;
	uint32_t gap = 1 + rnd__below(&gq->rnd, 8);

	if (off + gap + len + 1 > RIG_ARENA) {
		start += RIG_ARENA - off;
		off = 0;
	}
	if (start + gap + len + 1 - gq->tail > RIG_ARENA)
		return NULL;
	*head = start + gap + len;
	memset(gq->arena + off, GAP, gap);
	gq->arena[off + gap + len] = GAP;
	return gq->arena + off + gap;
}

static void arena_give_back(struct guest_queue *gq)
{
	while (gq->first != gq->next) {
		struct request *req = &gq->req[gq->first % REQUESTS];

		if (req->offered || req == gq->held)
			return;
		gq->tail = req->end;
		gq->first++;
	}
}

/* How many entries, and how large they may be: a full ring of them must fit. */
static unsigned int choose_entries(struct guest_queue *gq, uint32_t *max)
{
	uint32_t kind = rnd__below(&gq->rnd, 100);
	unsigned int n = 1;

	*max = gq->mood == GUEST_TINY ? 4 : 65536;
	if (gq->mood == GUEST_TINY)
		return 1;
	if (kind >= 65 && kind < 90)
		n = 2 + rnd__below(&gq->rnd, 3);
	if (kind >= 90) {
		n = kind < 99 ? 5 + rnd__below(&gq->rnd, 12) : 1 + rnd__below(&gq->rnd, gq->num);
		*max = kind < 99 ? 4096 : 256;
	}
	return n <= gq->num ? n : gq->num;
}

static bool add_entries(struct guest_queue *gq, struct request *req, uint64_t *head,
			unsigned int n, uint32_t max)
{
	for (unsigned int i = 0; i < n; i++) {
		struct kring_seg *seg = &req->seg[req->n_out + req->n_in + i];

		seg->len = rnd__size(&gq->rnd, max);
		if (gq->mood == GUEST_HUGE && max == 65536)
			seg->len = max;
		seg->ptr = arena_take(gq, head, seg->len);
		if (!seg->ptr)
			return false;
	}
	return true;
}

static uint64_t prepare(struct guest_queue *gq, const struct kring_seg *seg, unsigned int n,
			int byte)
{
	uint64_t done = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (byte < 0)
			stream__fill(gq->q, gq->pos + done, seg[i].ptr, seg[i].len);
		else
			memset(seg[i].ptr, byte, seg[i].len);
		done += seg[i].len;
	}
	return done;
}

/* A chain of random shape, filled; return: NULL when its bytes find no room. */
static struct request *make_request(struct guest_queue *gq)
{
	struct request *req = &gq->req[gq->next % REQUESTS];
	uint64_t head = gq->head;
	unsigned int n, other = 0;
	uint32_t max;

	if (gq->next - gq->first == REQUESTS)
		return NULL;
	n = choose_entries(gq, &max);
	if (rnd__one_in(&gq->rnd, 7))
		other = 1 + rnd__below(&gq->rnd, 3);
	if (n + other > gq->num)
		other = 0;
	req->n_out = 0;
	req->n_in = 0;
	if (!add_entries(gq, req, &head, gq->tx ? n : other, gq->tx ? max : 512))
		return NULL;
	req->n_out = gq->tx ? n : other;
	if (!add_entries(gq, req, &head, gq->tx ? other : n, gq->tx ? 512 : max))
		return NULL;
	req->n_in = gq->tx ? other : n;
	req->pos = gq->pos;
	req->out_len = prepare(gq, req->seg, req->n_out, gq->tx ? -1 : WRONG_WAY);
	req->in_len = prepare(gq, req->seg + req->n_out, req->n_in,
			      gq->tx ? WRONG_WAY : UNFILLED);
	if (gq->tx)
		gq->pos += req->out_len;
	req->end = head;
	gq->head = head;
	gq->next++;
	return req;
}

/* Return: are all bytes of these entries @byte? Starts @skip bytes into them. */
static bool all_are(const struct kring_seg *seg, unsigned int n, uint64_t skip, uint8_t byte)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t off = skip < seg[i].len ? skip : seg[i].len;
		const uint8_t *p = seg[i].ptr + off;
		size_t len = seg[i].len - off;

		skip -= off;
		if (len && (*p != byte || memcmp(p, p + 1, len - 1)))
			return false;
	}
	return true;
}

/* Compare @len bytes of some entries with the stream. */
static void match(struct guest_queue *gq, const struct kring_seg *seg, unsigned int n,
		  uint64_t pos, uint64_t len, const char *what)
{
	for (unsigned int i = 0; i < n && len; i++) {
		size_t part = len < seg[i].len ? len : seg[i].len;
		size_t same = stream__match(gq->q, pos, seg[i].ptr, part);

		if (same != part)
			rig__fail("queue %u: %s: byte %llu of the stream, %zu of entry %u (%u bytes), is wrong",
				  gq->q, what, (unsigned long long)pos + same, same, i, seg[i].len);
		pos += part;
		len -= part;
	}
}

static void check_transmitted(struct guest_queue *gq, struct request *req, unsigned int len)
{
	if (len)
		rig__fail("queue %u: used.len %u on a transmit queue", gq->q, len);
	match(gq, req->seg, req->n_out, req->pos, req->out_len, "transmit buffer changed");
	if (!all_are(req->seg + req->n_out, req->n_in, 0, WRONG_WAY))
		rig__fail("queue %u: the device wrote to a transmit chain", gq->q);
}

static void check_received(struct guest *g, struct guest_queue *gq, struct request *req,
			   unsigned int len)
{
	struct rig_link *link = &g->rig->link;

	if (!len || len > req->in_len)
		rig__fail("queue %u: used.len %u for a chain with %llu writable bytes", gq->q, len,
			  (unsigned long long)req->in_len);
	match(gq, req->seg + req->n_out, req->n_in, gq->pos, len, "received");
	if (!all_are(req->seg + req->n_out, req->n_in, len, UNFILLED))
		rig__fail("queue %u: bytes were written beyond used.len %u", gq->q, len);
	if (!all_are(req->seg, req->n_out, 0, WRONG_WAY))
		rig__fail("queue %u: the device wrote to a buffer it may only read", gq->q);
	gq->pos += len;
	link->received[gq->port] = gq->pos;
	link->filled[gq->port]++;
}

static void complete(struct guest *g, struct guest_queue *gq, struct request *req,
		     unsigned int len)
{
	unsigned int n = req->n_out + req->n_in;

	if (!req->offered)
		rig__fail("queue %u: a chain came back twice", gq->q);
	for (unsigned int i = 0; i < n; i++)
		if (req->seg[i].ptr[-1] != GAP || req->seg[i].ptr[req->seg[i].len] != GAP)
			rig__fail("queue %u: bytes beside entry %u of %u were changed", gq->q, i, n);
	if (gq->tx)
		check_transmitted(gq, req, len);
	else
		check_received(g, gq, req, len);
	req->offered = false;
	gq->on_offer--;
	gq->returned++;
	arena_give_back(gq);
}

/*
 * Nothing is left to get. Return: true if something came before it could sleep.
 *
 * The delayed kind is content with a few used elements as long as more are bound
 * to follow: so it is on transmit queues only.
 */
static bool fall_asleep(struct guest *g, struct guest_queue *gq)
{
	bool asleep = true;

	if (g->rig->plan.mode == RIG_POLL)
		return false;
	if (g->rig->plan.mode == RIG_SUPPRESS) {
		gq->delayed = gq->tx && rnd__one_in(&gq->rnd, 2);
		asleep = gq->delayed ? kring__enable_cb_delayed(gq->k) : kring__enable_cb(gq->k);
	}
	gq->awake = !asleep;
	return !asleep;
}

static bool take_used(struct guest *g, struct guest_queue *gq)
{
	unsigned int budget = 1 + rnd__below(&gq->rnd, 64), taken, len;

	for (taken = 0; taken < budget; taken++) {
		struct request *req = kring__get(gq->k, &len);

		if (!req)
			return fall_asleep(g, gq) || taken;
		complete(g, gq, req, len);
	}
	return true;
}

static void kick(struct guest *g, struct guest_queue *gq)
{
	bool wanted = kring__kick_prepare(gq->k);

	gq->asked++;
	if (!wanted)
		gq->spared++;
	if (wanted || g->rig->plan.mode == RIG_ALWAYS)
		kring__notify(gq->k);
}

static bool may_offer(struct guest *g, struct guest_queue *gq)
{
	struct rig_link *link = &g->rig->link;
	int solo = link->solo;

	if (solo >= 0 && solo != (int)gq->q)
		return false;
	if (gq->resting && gq->on_offer)
		return false;
	/* Trying again too early costs a kick each time, and would heal one that was lost. */
	if (gq->held && gq->on_offer && gq->returned == gq->held_at)
		return false;
	gq->resting = false;
	if (!gq->tx)
		return gq->on_offer < gq->want && !finished(g, gq);
	if (gq->added >= g->rig->buffers[gq->port])
		return false;
	return gq->port != KTSTR_PORT_CONSOLE || gq->pos - link->taken[0] < PORT0_WINDOW;
}

static bool offer_one(struct guest *g, struct guest_queue *gq)
{
	struct request *req = gq->held ? gq->held : make_request(gq);
	struct rig_link *link = &g->rig->link;
	int err;

	if (!req)
		return false;
	err = kring__add(gq->k, req->seg, req->n_out, req->n_in, rnd__below(&gq->rnd, 4), req);
	gq->held = err ? req : NULL;
	gq->held_at = gq->returned;
	if (err == -ENOSPC) {
		gq->full++;
		return false;
	}
	if (err)
		rig__fail("queue %u: the driver would not add a chain: %s", gq->q, strerror(-err));
	req->offered = true;
	gq->on_offer++;
	gq->added++;
	if (!gq->tx)
		return true;
	link->sent[gq->port] = req->pos + req->out_len;
	if (gq->added == g->rig->buffers[gq->port])
		link->sent_total[gq->port] = gq->pos;
	return true;
}

static void change_habits(struct guest *g, struct guest_queue *gq)
{
	/* While its writer rests, the device takes its time to tell. */
	unsigned int rest = gq->tx && g->rig->plan.moderated ? 64 : 8, mood;

	gq->resting = rnd__one_in(&gq->rnd, rest);
	if (!rnd__one_in(&gq->rnd, 16))
		return;
	mood = rnd__below(&gq->rnd, 100);
	gq->mood = mood < 15 ? GUEST_TINY : mood < 17 ? GUEST_HUGE : GUEST_MIXED;
	gq->want = 1;
	if (!rnd__one_in(&gq->rnd, 3))
		gq->want += rnd__below(&gq->rnd, rnd__one_in(&gq->rnd, 2) ? 4 : gq->num);
}

static bool offer(struct guest *g, struct guest_queue *gq)
{
	unsigned int burst = 1 + rnd__below(&gq->rnd, rnd__one_in(&gq->rnd, 4) ? 32 : 3);
	unsigned int done = 0, quiet = 0;

	while (done < burst && may_offer(g, gq) && offer_one(g, gq)) {
		done++;
		quiet++;
		if (g->rig->plan.mode == RIG_ALWAYS || rnd__one_in(&gq->rnd, 4)) {
			kick(g, gq);
			quiet = 0;
		}
	}
	if (quiet)
		kick(g, gq);
	if (done)
		change_habits(g, gq);
	return done;
}

bool guest__queue_step(struct guest *g, unsigned int i)
{
	struct guest_queue *gq = &g->gq[i];
	uint64_t returned = gq->returned;
	bool moved = false;

	if (gq->busy)
		return false;
	gq->busy = true;
	if (gq->awake)
		moved = take_used(g, gq);
	if (offer(g, gq))
		moved = true;
	gq->busy = false;
	if (moved && g->solo_left)
		g->solo_left--;
	if (gq->returned != returned || (gq->tx && gq->added == g->rig->buffers[gq->port]))
		bell__ring(&g->rig->link.host);
	return moved;
}

static struct guest_queue *by_number(struct guest *g, unsigned int q)
{
	for (unsigned int i = 0; i < GUEST_DATA_QUEUES; i++)
		if (g->gq[i].q == q)
			return &g->gq[i];
	return NULL;
}

bool guest__plan_step(struct guest *g)
{
	_Atomic int *solo = &g->rig->link.solo;
	struct guest_queue *gq;

	if (*solo >= 0) {
		if (g->solo_left && !finished(g, by_number(g, *solo)))
			return false;
		*solo = -1;
	} else {
		gq = &g->gq[rnd__below(&g->rnd, GUEST_DATA_QUEUES)];
		if (!rnd__one_in(&g->rnd, 500) || finished(g, gq))
			return false;
		g->solo_left = 10 + rnd__below(&g->rnd, 200);
		*solo = gq->q;
	}
	bell__ring(&g->rig->link.host);
	return true;
}

void guest__interrupt(struct guest *g)
{
	uint32_t status = rig__read32(g->rig, VIRTIO_MMIO_INTERRUPT_STATUS);

	g->interrupts++;
	rig__write32(g->rig, VIRTIO_MMIO_INTERRUPT_ACK, status);
	if (status & VIRTIO_MMIO_INT_CONFIG)
		rig__fail("configuration change: status 0x%x, 0x40 is NEEDS_RESET",
			  rig__read32(g->rig, VIRTIO_MMIO_STATUS));
	if (status & VIRTIO_MMIO_INT_VRING)
		kring_dev__interrupt(g->kdev);
}

static void on_notify(void *arg, unsigned int q)
{
	struct guest *g = arg;

	if (g->defer)
		g->pending[q]++;
	else
		rig__write32(g->rig, VIRTIO_MMIO_QUEUE_NOTIFY, q);
}

static void on_callback(void *arg, unsigned int q)
{
	struct guest *g = arg;
	struct guest_queue *gq = by_number(g, q);

	if (!gq)
		return;
	if (g->rig->plan.mode == RIG_SUPPRESS)
		kring__disable_cb(gq->k);
	if (!gq->awake)
		gq->wakeups++;
	gq->awake = true;
}

static const struct kring_ops ops = { .notify = on_notify, .callback = on_callback };

static void init_queue(struct rig *rig, struct guest_queue *gq, unsigned int i)
{
	gq->port = i / 2;
	gq->tx = i % 2;
	gq->q = gq->tx ? rig_txq(gq->port) : rig_rxq(gq->port);
	gq->rnd = rnd__fork(&rig->rnd);
	gq->num = KTSTR_QUEUE_SIZE_MAX;
	if (rig->plan.small && rnd__one_in(&gq->rnd, 2))
		gq->num = 1u << rnd__below(&gq->rnd, 9);
	gq->awake = true;
	gq->want = gq->num;
	gq->arena = rig__alloc(rig, RIG_ARENA);
	gq->req = calloc(REQUESTS, sizeof(*gq->req));
	if (!gq->arena || !gq->req)
		rig__fail("no memory");
}

struct guest *guest__new(struct rig *rig)
{
	struct guest *g = calloc(1, sizeof(*g));
	uint64_t offered;

	if (!g)
		rig__fail("no memory");
	g->rig = rig;
	rig->guest = g;
	g->rnd = rnd__fork(&rig->rnd);
	for (unsigned int i = 0; i < GUEST_DATA_QUEUES; i++)
		init_queue(rig, &g->gq[i], i);
	rig__write32(rig, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	offered = (uint64_t)rig__read32(rig, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
	rig__write32(rig, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	offered |= rig__read32(rig, VIRTIO_MMIO_DEVICE_FEATURES);
	g->kdev = kring_dev__new(offered, 1ull << VIRTIO_CONSOLE_F_MULTIPORT, &ops, g);
	guest_setup__run(g);
	return g;
}

void guest__free(struct guest *g)
{
	if (!g)
		return;
	for (unsigned int i = 0; i < GUEST_DATA_QUEUES; i++)
		free(g->gq[i].req);
	kring_dev__free(g->kdev);
	free(g);
}

static void dump_queue(struct guest *g, const struct guest_queue *gq)
{
	uint16_t last_avail, used_idx, taken = gq->returned;
	struct kring_state st;

	kring__state(gq->k, &st);
	device_queue(g->rig->vc, gq->q, &last_avail, &used_idx);
	printf("#   queue %u (port %u %s, %u entries)\n", gq->q, gq->port,
	       gq->tx ? "transmit" : "receive", gq->num);
	printf("#     avail idx %u flags %u; used idx %u flags %u; %u free%s\n", st.avail_idx,
	       st.avail_flags, st.used_idx, st.used_flags, st.num_free, st.broken ? "; BROKEN" : "");
	printf("#     driver: took %u, %u on offer, %s%s%s%s, added %llu, kicks due %u\n", taken,
	       gq->on_offer, gq->awake ? "awake" : "asleep", gq->resting ? ", resting" : "",
	       gq->held ? ", holds one" : "", finished(g, gq) ? ", finished" : "",
	       (unsigned long long)gq->added, g->pending[gq->q]);
	printf("#     device: took %u, used %u\n", last_avail, used_idx);
	if (last_avail != st.avail_idx && used_idx == last_avail)
		printf("#     the device has not looked at %u chains: a kick was lost, or it waits\n",
		       (uint16_t)(st.avail_idx - last_avail));
	if (st.used_idx != taken)
		printf("#     the driver has not looked at %u used elements%s\n",
		       (uint16_t)(st.used_idx - taken),
		       gq->awake ? "" : ": it waits for an interrupt");
}

void guest__dump(struct guest *g)
{
	printf("# guest: %llu interrupts taken; alone: queue %d, %u steps left\n",
	       (unsigned long long)g->interrupts, g->rig->link.solo, g->solo_left);
	for (unsigned int i = 0; i < GUEST_DATA_QUEUES; i++)
		if (g->gq[i].k)
			dump_queue(g, &g->gq[i]);
}
