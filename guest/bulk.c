// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner and only writer of port 1.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zlib.h>

#include <ktstr/ports.h>
#include <ktstr/wire.h>

#include "bulk.h"
#include "bulk_ring.h"
#include "reply.h"
#include "rt.h"

/* Linux hands a virtio port at most this much in one write. */
#define WRITE_MAX	KTSTR_TX_SLICE_MAX
/*
 * What is done of one thing before the others have their turn: a flood from the guest
 * must not hold up an answer to the host, nor one from the host the frames.
 */
#define TURNS_SEND	8	/* of queue and source each */
#define TURN_BYTES	(128u << 10)	/* of the queue, or one frame */
#define TURNS_READ	16

static struct {
	pthread_mutex_t lock;	/* protects the ring, @source, @kicked and @blocked */
	pthread_cond_t room;	/* bytes left the ring */
	struct bulk_ring ring;
	bool exit_sent;		/* EXIT is in the ring: nothing may follow it */
	struct reply reply;	/* writer's thread only */
	const struct bulk_source *source;
	uint64_t source_from;	/* bytes of the queue that come before its frames */
	uint64_t turn_end;	/* of the queue, also when the port was full meanwhile */
	bool torn;		/* the source is in the middle of a frame; writer's thread only */
	int port_fd;
	int kick_fd;		/* there is something to do; never read, see watch() */
	bool kicked;		/* the writer is going to look at what there is by now */
	bool blocked;		/* it is going to look when the port has room */
	bool wants_room;	/* the port is watched for that; writer's thread only */
	int ack_fd;
	int epfd;
	void (*lost)(int err);
} bulk;

/* Producers and writer have different priorities: the holder inherits the waiter's. */
static int init_lock(void)
{
	pthread_mutexattr_t attr;
	int err = pthread_mutexattr_init(&attr);

	if (err)
		return -err;
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	err = pthread_mutex_init(&bulk.lock, &attr);
	pthread_mutexattr_destroy(&attr);
	if (!err)
		err = pthread_cond_init(&bulk.room, NULL);
	return -err;
}

static void signal_fd(int fd)
{
	uint64_t one = 1;

	/* Fails only at the maximum of the counter, which no run comes to. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

void bulk__kick(void)
{
	signal_fd(bulk.kick_fd);
}

/* How much a frame wants to leave. */
enum hurry {
	HURRY_NOW,
	HURRY_STREAM,	/* more of its kind are about to come */
	HURRY_LATER,	/* nobody waits for it */
};

/*
 * Does the writer have to be told of the frame that was just put? It is told when the lock
 * is free again: it comes at once, and would have to wait for it. A relay may be held up
 * between the two, so what is urgent does not rely on another's kick.
 *
 * A blocked writer is not told of each frame of a stream, for room will wake it. A
 * heartbeat tells it all the same: should it be blocked for want of memory, not of room,
 * nobody else would.
 */
static bool must_kick(enum hurry hurry)
{
	switch (hurry) {
	case HURRY_STREAM:
		return !bulk.kicked && !bulk.blocked;
	case HURRY_LATER:
		return !bulk.kicked &&
		       (bulk.blocked || !bulk.source || !bulk.source->regular);
	default:
		return true;
	}
}

/* Return: is the writer to be kicked? */
static bool put_locked(uint32_t type, uint16_t flags, const void *buf, size_t len, uint32_t crc,
		       enum hurry hurry)
{
	bool kick;

	if (bulk.exit_sent)
		return false;
	bulk.exit_sent = type == KTSTR_T_EXIT;
	bulk_ring__put(&bulk.ring, type, flags, buf, len, crc);
	kick = must_kick(hurry);
	bulk.kicked |= kick;
	return kick;
}

static void put_one(uint32_t type, uint16_t flags, const void *buf, size_t len, enum hurry hurry)
{
	size_t reserve = hurry == HURRY_STREAM ? BULK_RING_RESERVE : 0;
	uint32_t crc = (uint32_t)crc32(0, buf, (uInt)len);
	bool kick;

	pthread_mutex_lock(&bulk.lock);
	while (!bulk_ring__fits(&bulk.ring, len, reserve))
		pthread_cond_wait(&bulk.room, &bulk.lock);
	kick = put_locked(type, flags, buf, len, crc, hurry);
	pthread_mutex_unlock(&bulk.lock);
	if (kick)
		bulk__kick();
}

static void put_all(uint32_t type, const void *buf, size_t len, enum hurry hurry)
{
	const uint8_t *p = buf;

	while (len > KTSTR_WIRE_PAYLOAD_MAX) {
		put_one(type, KTSTR_F_MORE, p, KTSTR_WIRE_PAYLOAD_MAX, hurry);
		p += KTSTR_WIRE_PAYLOAD_MAX;
		len -= KTSTR_WIRE_PAYLOAD_MAX;
	}
	put_one(type, 0, p, len, hurry);
}

void bulk__send(uint32_t type, const void *buf, size_t len)
{
	put_all(type, buf, len, HURRY_NOW);
}

void bulk__send_stream(uint32_t type, const void *buf, size_t len)
{
	put_all(type, buf, len, HURRY_STREAM);
}

bool bulk__try_send_later(uint32_t type, const void *buf, size_t len)
{
	uint32_t crc = (uint32_t)crc32(0, buf, (uInt)len);
	bool fits, kick;

	pthread_mutex_lock(&bulk.lock);
	fits = bulk_ring__fits(&bulk.ring, len, 0);
	kick = fits && put_locked(type, 0, buf, len, crc, HURRY_LATER);
	pthread_mutex_unlock(&bulk.lock);
	if (kick)
		bulk__kick();
	return fits;
}

int bulk__ack_fd(void)
{
	return bulk.ack_fd;
}

/* What may be written next of the bytes before @end. */
static size_t peek(uint64_t end, const void **out)
{
	size_t len, left;

	pthread_mutex_lock(&bulk.lock);
	len = bulk_ring__peek(&bulk.ring, out);
	left = (size_t)(end - bulk.ring.tail);
	pthread_mutex_unlock(&bulk.lock);
	len = len < left ? len : left;
	return len < WRITE_MAX ? len : WRITE_MAX;
}

static void consume(size_t len)
{
	pthread_mutex_lock(&bulk.lock);
	bulk_ring__consume(&bulk.ring, len);
	pthread_cond_broadcast(&bulk.room);
	pthread_mutex_unlock(&bulk.lock);
}

/* The end of the queue's turn: where it was, or of whole frames from here on. */
static uint64_t turn_end(void)
{
	pthread_mutex_lock(&bulk.lock);
	if (bulk.turn_end <= bulk.ring.tail)
		bulk.turn_end = bulk.ring.tail + bulk_ring__frames(&bulk.ring, TURN_BYTES);
	pthread_mutex_unlock(&bulk.lock);
	return bulk.turn_end;
}

/*
 * Write what is the queue's turn, so that a flood leaves the source its own: it ends
 * between two frames. Return: false when the port takes no more.
 */
static bool drain_ring(void)
{
	uint64_t end = turn_end();
	const void *p;
	size_t len;
	ssize_t n;

	/* Only this thread moves the tail, so what was peeked at stays put. */
	while ((len = peek(end, &p)) > 0) {
		n = write(bulk.port_fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			bulk.lost(-errno);
		/* 0: the virtqueue had no room left, which a wakeup ends like EAGAIN. */
		if (n <= 0)
			return false;
		consume((size_t)n);
	}
	return true;
}

static bool ring_empty(void)
{
	bool empty;

	pthread_mutex_lock(&bulk.lock);
	empty = bulk_ring__empty(&bulk.ring);
	pthread_mutex_unlock(&bulk.lock);
	return empty;
}

/* The source, once all that was queued before it is written. */
static const struct bulk_source *its_turn(void)
{
	const struct bulk_source *source;

	pthread_mutex_lock(&bulk.lock);
	source = bulk.ring.tail < bulk.source_from ? NULL : bulk.source;
	pthread_mutex_unlock(&bulk.lock);
	return source;
}

static enum bulk_pumped pump(void)
{
	const struct bulk_source *source = its_turn();
	enum bulk_pumped ret = source ? source->pump(source->arg, bulk.port_fd) : BULK_PUMP_IDLE;

	bulk.torn = ret == BULK_PUMP_TORN;
	return ret;
}

/* What became of an attempt to send. */
enum sent {
	SENT_ALL,	/* there is nothing left */
	SENT_TURN,	/* it was long enough: others have their turn */
	SENT_FULL,	/* the port takes no more */
};

/* Queue and source in turns. */
static enum sent send_all(void)
{
	enum bulk_pumped did;

	if (bulk.torn && pump() == BULK_PUMP_TORN)
		return SENT_FULL;
	for (unsigned int i = 0; i < TURNS_SEND; i++) {
		if (!drain_ring())
			return SENT_FULL;
		did = pump();
		if (did == BULK_PUMP_FULL || did == BULK_PUMP_TORN)
			return SENT_FULL;
		if (did == BULK_PUMP_IDLE && ring_empty())
			return SENT_ALL;
	}
	return SENT_TURN;
}

/* Every ping is answered, also when several come at once. */
static void answer_ping(void *arg, uint64_t id)
{
	const struct bulk_source *source;

	(void)arg;
	pthread_mutex_lock(&bulk.lock);
	source = bulk.source;
	pthread_mutex_unlock(&bulk.lock);
	if (source && source->ping)
		source->ping(source->arg, id);
}

/*
 * A read of 0 means that the host has not opened the port (yet).
 * Return: false when there may be more, which its edge has told already.
 */
static bool drain_replies(void)
{
	static uint8_t buf[4096];
	uint32_t acks = bulk.reply.acks;
	ssize_t n = 1;

	for (unsigned int i = 0; n > 0 && i < TURNS_READ; i++) {
		n = read(bulk.port_fd, buf, sizeof(buf));
		if (n > 0)
			reply__feed(&bulk.reply, buf, (size_t)n);
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		bulk.lost(-errno);
	if (bulk.reply.acks != acks)
		signal_fd(bulk.ack_fd);
	return n <= 0;
}

/*
 * Edge triggered: a port that the host has not opened reports EPOLLHUP all the
 * time, which level triggered would be a busy loop. And no descriptor has to be read
 * only to be silent again: each write to an eventfd, and each end of a timer, is an edge.
 */
static int watch(int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events | EPOLLET };

	return epoll_ctl(bulk.epfd, op, fd, &ev) ? -errno : 0;
}

/*
 * The host takes frames all the time, and each time the port has room again: that is worth
 * a turn only while something waits for it. (The kernel does not ask what for before it
 * wakes this thread, but lets it sleep on.) Room that came meanwhile is told at once.
 */
static void watch_room(bool on)
{
	int err;

	if (bulk.wants_room == on)
		return;
	bulk.wants_room = on;
	err = watch(EPOLL_CTL_MOD, bulk.port_fd, on ? EPOLLIN | EPOLLOUT : EPOLLIN);
	if (err)
		bulk.lost(err);
}

static void set_state(bool kicked, bool blocked)
{
	pthread_mutex_lock(&bulk.lock);
	bulk.kicked = kicked;
	bulk.blocked = blocked;
	pthread_mutex_unlock(&bulk.lock);
}

static void wait_for_work(void)
{
	static struct epoll_event ev[512];	/* a CPU's buffer each, if all are ready */
	const int room = sizeof(ev) / sizeof(ev[0]);

	if (epoll_wait(bulk.epfd, ev, room, -1) < 0 && errno != EINTR)
		bulk.lost(-errno);
}

static void *writer(void *arg)
{
	enum sent sent = SENT_ALL;
	bool read_all = true;

	(void)arg;
	for (;;) {
		if (read_all && sent != SENT_TURN)
			wait_for_work();
		/* Whatever it was, everything is looked at. */
		set_state(true, false);
		read_all = drain_replies();
		/* Before the look at what is to be sent: what is put from here on kicks again. */
		set_state(false, false);
		sent = send_all();
		if (sent == SENT_FULL)
			set_state(false, true);
		watch_room(sent == SENT_FULL);
	}
	return NULL;
}

void bulk__set_source(const struct bulk_source *source)
{
	pthread_mutex_lock(&bulk.lock);
	bulk.source = source;
	bulk.source_from = bulk.ring.head;
	pthread_mutex_unlock(&bulk.lock);
	bulk__kick();
}

int bulk__watch(int fd)
{
	return watch(EPOLL_CTL_ADD, fd, EPOLLIN);
}

int bulk__start(int fd, void (*lost)(int err))
{
	pthread_t thread;
	int err = init_lock();

	if (err)
		return err;
	bulk.port_fd = fd;
	bulk.lost = lost;
	bulk.reply.on_ping = answer_ping;
	bulk.kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bulk.ack_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bulk.epfd = epoll_create1(EPOLL_CLOEXEC);
	if (bulk.kick_fd < 0 || bulk.ack_fd < 0 || bulk.epfd < 0)
		return -errno;
	err = watch(EPOLL_CTL_ADD, bulk.port_fd, EPOLLIN);
	if (!err)
		err = watch(EPOLL_CTL_ADD, bulk.kick_fd, EPOLLIN);
	if (!err)
		err = rt__thread(&thread, RT_PRIO_BULK, writer, NULL);
	if (!err)
		pthread_detach(thread);
	return err;
}
