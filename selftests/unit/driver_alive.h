/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What holds whatever a driver did: left-over work ends, the queues that it did
 * not touch still echo, and after a reset the device initialises again and every
 * queue echoes.
 */
#ifndef UNIT_DRIVER_ALIVE_H
#define UNIT_DRIVER_ALIVE_H

#include <stdio.h>

#include "driver.h"

#define DRIVER_ECHO_GPA		(DRIVER_RAM_GPA + 0xa0000)	/* a page per queue */
#define DRIVER_ALL_QUEUES	0xffu
#define DRIVER_TOKEN		16u		/* bytes of an echo */

/** driver__resident_kib() - memory of this process, for bounds: a device's bytes show in it */
static inline long driver__resident_kib(void)
{
	long total, pages = -1;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%ld %ld", &total, &pages) != 2)
		pages = -1;
	if (f)
		fclose(f);
	return pages * 4;
}

static inline uint64_t driver__echo_gpa(unsigned int q)
{
	return DRIVER_ECHO_GPA + q * 0x1000;
}

/* Bytes that no other echo has. */
static inline void driver__token(uint8_t *token)
{
	static unsigned int serial;

	memset(token, 0, DRIVER_TOKEN);
	snprintf((char *)token, DRIVER_TOKEN, "echo %u", ++serial);
}

/** driver__discard() - the host takes all that a port holds, and what waits behind it */
static inline size_t driver__discard(struct driver *d, unsigned int port)
{
	static uint8_t buf[64 << 10];
	size_t n, sum = 0;

	while ((n = virtio_console__read(d->vc, port, buf, sizeof(buf))))
		sum += n;
	return sum;
}

/* Take whatever came back; return: is every chain of the queue with the driver? */
static inline bool driver__all_back(struct driver *d, unsigned int q)
{
	while (driver__used(d, q, NULL) >= 0)
		;
	return d->q[q].used_idx == d->q[q].avail_idx;
}

/** driver__echo_tx() - do new bytes of the guest reach the host, exactly and alone? */
static inline bool driver__echo_tx(struct driver *d, unsigned int port)
{
	unsigned int q = driver__txq(port);
	uint64_t gpa = driver__echo_gpa(q);
	uint8_t got[DRIVER_TOKEN + 1];
	uint32_t len;
	int head;

	driver__discard(d, port);
	if (!driver__all_back(d, q))
		return false;
	driver__token(driver__ptr(d, gpa));
	head = driver__add1(d, q, gpa, DRIVER_TOKEN, false);
	driver__kick(d, q);
	return virtio_console__read(d->vc, port, got, sizeof(got)) == DRIVER_TOKEN &&
	       !memcmp(got, driver__ptr(d, gpa), DRIVER_TOKEN) &&
	       driver__used(d, q, &len) == head && len == 0;
}

/* Append what a used chain holds to the last DRIVER_TOKEN bytes in @tail. */
static inline void driver__collect(struct driver *d, unsigned int q, uint16_t head, uint32_t len,
				   uint8_t *tail)
{
	while (len) {
		const struct vring_desc *desc = &d->q[q].desc[head & (d->q[q].num - 1)];
		uint32_t n = !(desc->flags & VRING_DESC_F_WRITE) ? 0 :
			     desc->len < len ? desc->len : len;

		for (uint32_t i = n > DRIVER_TOKEN ? n - DRIVER_TOKEN : 0; i < n; i++) {
			memmove(tail, tail + 1, DRIVER_TOKEN - 1);
			tail[DRIVER_TOKEN - 1] = driver__ptr(d, desc->addr)[i];
		}
		len -= n;
		head = desc->next;
		if (!(desc->flags & VRING_DESC_F_NEXT))
			return;
	}
}

/* Take what came back, then offer one more buffer if there is room and the work is not done. */
static inline void driver__refill(struct driver *d, unsigned int q, uint8_t *tail)
{
	struct driver_queue *dq = &d->q[q];
	uint32_t len;
	int head;

	if ((uint16_t)(dq->avail_idx - dq->used_idx) < dq->num)
		driver__add1(d, q, driver__echo_gpa(q), 0x1000, true);
	if (driver__needs_kick(d, q))
		driver__kick(d, q);
	driver__settle(d);
	while ((head = driver__used(d, q, &len)) >= 0)
		driver__collect(d, q, head, len, tail);
}

/* Offer buffers until the last bytes received are @want; buffers on offer already come first. */
static inline bool driver__receive(struct driver *d, unsigned int q, const uint8_t *want,
				   unsigned int n)
{
	uint8_t tail[DRIVER_TOKEN] = { 0 };

	for (unsigned int tries = 0; tries <= 2 * d->q[q].num; tries++) {
		driver__refill(d, q, tail);
		if (!memcmp(tail + DRIVER_TOKEN - n, want, n))
			return true;
	}
	return false;
}

/** driver__echo_rx() - do new bytes of the host reach the guest? The port must be open. */
static inline bool driver__echo_rx(struct driver *d, unsigned int port)
{
	uint8_t token[DRIVER_TOKEN], waited[DRIVER_TOKEN];
	unsigned int q = driver__rxq(port);

	for (unsigned int i = 0; i < 3000 && virtio_console__pending(d->vc, port); i++)
		driver__refill(d, q, waited);
	driver__token(token);
	return !virtio_console__write(d->vc, port, token, sizeof(token)) &&
	       driver__receive(d, q, token, sizeof(token)) &&
	       !virtio_console__pending(d->vc, port);
}

/** driver__echo_control() - the host closes and opens port 2: is the guest told? It was readied. */
static inline bool driver__echo_control(struct driver *d)
{
	uint8_t owed[DRIVER_TOKEN];
	bool told = true;

	/* First what is owed: a close cancels an open that was not told yet. */
	for (unsigned int i = 0; i < 16 && driver__needs_kick(d, KTSTR_Q_CTRL_RX); i++)
		driver__refill(d, KTSTR_Q_CTRL_RX, owed);
	for (uint16_t open = 0; open <= 1; open++) {
		const struct virtio_console_control msg = {
			.id = KTSTR_PORT_STATS, .event = VIRTIO_CONSOLE_PORT_OPEN, .value = open,
		};

		virtio_console__connect(d->vc, KTSTR_PORT_STATS, open);
		told = told && driver__receive(d, KTSTR_Q_CTRL_RX, (const uint8_t *)&msg,
					       sizeof(msg));
	}
	return told;
}

/** driver__echo() - does queue @q still do its work? */
static inline bool driver__echo(struct driver *d, unsigned int q)
{
	if (q == KTSTR_Q_CTRL_RX)
		return driver__echo_control(d);
	if (q == KTSTR_Q_CTRL_TX)
		return driver__all_back(d, q) &&
		       driver__control(d, ~0u, VIRTIO_CONSOLE_DEVICE_READY, 1);
	if (q & 1)
		return driver__echo_tx(d, q > 1 ? q / 2 - 1 : 0);
	return driver__echo_rx(d, q ? q / 2 - 1 : 0);
}

/** driver__echo_all() - return: the lowest queue that does not echo, leaving out @spoilt, or -1 */
static inline int driver__echo_all(struct driver *d, uint32_t spoilt)
{
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		if (!(spoilt & 1u << q) && !driver__echo(d, q))
			return q;
	return -1;
}

static inline const char *driver__dead(struct driver *d, const char *what, int q)
{
	static char why[256];
	struct virtio_console_stats st = driver__stats(d);

	snprintf(why, sizeof(why), "%s (queue %d); status %#x, broken %#x, %lu errors, last: %s",
		 what, q, driver__read32(d, VIRTIO_MMIO_STATUS), st.broken, st.driver_errors,
		 st.last_error ? st.last_error : "none");
	return why;
}

/**
 * driver__check_alive() - what holds in every case
 * @d: driver, after it did its worst
 * @spoilt: a bit per queue that need not echo before the reset; %DRIVER_ALL_QUEUES
 *	where the device is not live
 *
 * The device is ready again afterwards, with rings of 16.
 *
 * Return: NULL, or what does not hold, with the device's state; static memory.
 */
static inline const char *driver__check_alive(struct driver *d, uint32_t spoilt)
{
	int q;

	if (driver__settle(d) < 0)
		return driver__dead(d, "left-over work never ends", -1);
	q = driver__echo_all(d, spoilt);
	if (q >= 0)
		return driver__dead(d, "no echo before the reset", q);
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	if (driver__read32(d, VIRTIO_MMIO_STATUS))
		return driver__dead(d, "a reset leaves status bits", -1);
	if (!driver__init(d, DRIVER_FEATURES, 16))
		return driver__dead(d, "no initialisation after the reset", -1);
	if (!driver__handshake(d))
		return driver__dead(d, "no handshake after the reset", -1);
	q = driver__echo_all(d, 0);
	if (q >= 0)
		return driver__dead(d, "no echo after the reset", q);
	if (driver__settle(d) < 0)
		return driver__dead(d, "work never ends after the reset", -1);
	return NULL;
}

/* For tests of the harness: what the device is like when it is not alive. */
#define EXPECT_ALIVE(_d, _spoilt) do {						\
	const char *_why = driver__check_alive(_d, _spoilt);			\
	EXPECT_EQ(NULL, _why) TH_LOG("%s", _why ? _why : "");			\
} while (0)

#endif /* UNIT_DRIVER_ALIVE_H */
