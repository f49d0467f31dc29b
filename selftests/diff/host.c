// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

/* More than a port's buffer holds. */
#define WINDOW_NONE	(4ull * KTSTR_PENDING_RX_MAX)

struct host *host__new(struct rig *rig)
{
	struct host *h = calloc(1, sizeof(*h));

	if (!h)
		rig__fail("no memory");
	h->rig = rig;
	h->rnd = rnd__fork(&rig->rnd);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		h->port[p].window = 65536;
	return h;
}

void host__free(struct host *h)
{
	free(h);
}

bool host__done(struct host *h)
{
	struct rig_link *link = &h->rig->link;

	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		if (h->port[p].read != link->sent_total[p] || link->written_total[p] == RIG_UNKNOWN)
			return false;
	return true;
}

/* An event says "there are bytes" and "there is room"; nothing else says so. */
static void on_event(struct host *h, unsigned int port)
{
	h->port[port].readable = true;
	h->port[port].refused = false;
}

bool host__events(struct host *h)
{
	bool tx = rig__event(h->rig->tx_evt), stats = rig__event(h->rig->stats_evt);

	if (tx) {
		on_event(h, KTSTR_PORT_CONSOLE);
		on_event(h, KTSTR_PORT_BULK);
	}
	if (stats)
		on_event(h, KTSTR_PORT_STATS);
	return tx || stats;
}

static bool naps(struct host *h, unsigned int port)
{
	struct host_port *hp = &h->port[port];

	if (h->rig->link.guest_idle)
		hp->nap = false;
	return hp->nap;
}

static void consider_nap(struct host *h, struct host_port *hp)
{
	hp->nap = rnd__one_in(&h->rnd, 1000);
	hp->naps += hp->nap;
}

bool host__read_step(struct host *h, unsigned int port)
{
	struct host_port *hp = &h->port[port];
	size_t len = rnd__one_in(&h->rnd, 3) ? sizeof(h->buf) : rnd__size(&h->rnd, 65536);
	size_t n, same;

	if (!hp->readable || naps(h, port))
		return false;
	n = virtio_console__read(h->rig->vc, port, h->buf, len);
	if (!n) {
		hp->readable = false;
		return false;
	}
	same = stream__match(rig_txq(port), hp->read, h->buf, n);
	if (same != n)
		rig__fail("port %u: byte %llu from the guest, %zu of a read of %zu, is wrong", port,
			  (unsigned long long)hp->read + same, same, n);
	hp->read += n;
	h->rig->link.taken[port] = hp->read;
	if (port == KTSTR_PORT_CONSOLE)
		bell__ring(&h->rig->link.guest);
	else
		consider_nap(h, hp);
	return true;
}

static void change_habits(struct host *h, struct host_port *hp)
{
	static const uint64_t windows[] = { 1, 100, 4096, 65536, 1u << 20 };

	if (!rnd__one_in(&h->rnd, 16))
		return;
	hp->window = windows[rnd__below(&h->rnd, sizeof(windows) / sizeof(windows[0]))];
	hp->flood = rnd__one_in(&h->rnd, 200);
	if (hp->flood) {
		hp->window = WINDOW_NONE;
		hp->floods++;
	}
}

/* The guest has enough chains: these were all the bytes. */
static bool last_byte(struct host *h, unsigned int port)
{
	struct rig_link *link = &h->rig->link;

	if (link->filled[port] < h->rig->buffers[port])
		return false;
	link->written_total[port] = h->port[port].written;
	bell__ring(&link->guest);
	return true;
}

static bool may_write(struct host *h, unsigned int port, size_t n)
{
	struct rig_link *link = &h->rig->link;
	struct host_port *hp = &h->port[port];
	uint64_t way = hp->written - link->received[port];
	int solo = link->solo;

	if (hp->refused || (solo >= 0 && solo != (int)rig_rxq(port)))
		return false;
	return !way || way + n <= hp->window;
}

bool host__write_step(struct host *h, unsigned int port)
{
	struct host_port *hp = &h->port[port];
	size_t n = hp->flood ? 65536 : rnd__size(&h->rnd, 65536);
	int err;

	if (h->rig->link.written_total[port] != RIG_UNKNOWN)
		return false;
	if (last_byte(h, port))
		return true;
	if (!may_write(h, port, n))
		return false;
	stream__fill(rig_rxq(port), hp->written, h->buf, n);
	err = virtio_console__write(h->rig->vc, port, h->buf, n);
	if (err == -ENOBUFS) {
		hp->refused = true;
		hp->flood = false;
		hp->window = 65536;
		hp->refusals++;
		return true;
	}
	if (err)
		rig__fail("port %u: write of %zu bytes: %s", port, n, strerror(-err));
	hp->written += n;
	if (!hp->flood)
		change_habits(h, hp);
	return true;
}

void host__dump(struct host *h)
{
	struct rig_link *link = &h->rig->link;

	printf("# host:\n");
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		struct host_port *hp = &h->port[p];

		printf("#   port %u: read %llu of %llu%s%s;\n", p, (unsigned long long)hp->read,
		       (unsigned long long)link->sent[p], hp->readable ? ", readable" : "",
		       hp->nap ? ", naps" : "");
		printf("#     wrote %llu, %llu arrived in %llu chains, window %llu%s%s\n",
		       (unsigned long long)hp->written, (unsigned long long)link->received[p],
		       (unsigned long long)link->filled[p], (unsigned long long)hp->window,
		       hp->refused ? ", refused" : "",
		       link->written_total[p] == RIG_UNKNOWN ? "" : ", finished");
	}
}
