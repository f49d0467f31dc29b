/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an honest driver and an honest host may rely on, as a second, simple
 * implementation beside the device: every byte, every used element, every control
 * message and every interrupt is foretold and compared.
 *
 * Honesty is kept per queue. A queue that the input has spoilt is tainted until
 * the next reset and nothing is expected of it but that memory and work stay
 * bounded; the other queues must go on as if nothing had happened.
 */
#ifndef FUZZ_MODEL_H
#define FUZZ_MODEL_H

#include "ram.h"

#define MODEL_GAPS	64u
#define MODEL_CTRL_MIN	48u	/* a control buffer that holds any message */

/**
 * struct model_chain - a chain that the driver has published
 * @head: its first descriptor
 * @nr: descriptors
 * @len: bytes the device may read (transmit, control transmit) or write (receive)
 * @end: transmit: position in the stream behind its last byte
 * @canary: transmit: device-writable bytes at its end, which stay as they are
 * @msg: control transmit: what it says, if @len is enough
 */
struct model_chain {
	uint16_t head;
	uint16_t nr;
	uint32_t len;
	uint64_t end;
	uint32_t canary;
	struct virtio_console_control msg;
};

/**
 * struct model_queue - what the driver knows of a queue
 * @exists: it was set up since the last reset
 * @tainted: the driver broke its promises
 * @unkicked: chains were published and the device, which wants to know, was not told
 * @num: entries
 * @first: index in @fifo of the oldest chain that was not collected
 * @count: chains in @fifo
 * @descs: descriptors in use
 * @seen: used index up to which its chains had their effect on the model
 * @irq_used: used index at the last look at interrupts
 * @irq_flags: avail.flags since then: bit 0 was clear, bit 1 was set
 * @slot_off: receive: where in its slot a descriptor's buffer begins
 * @slot_len: receive: its length
 * @fifo: chains, oldest first
 */
struct model_queue {
	bool exists;
	bool tainted;
	bool unkicked;
	uint16_t num;
	uint16_t first;
	uint16_t count;
	uint16_t descs;
	uint16_t seen;
	uint16_t irq_used;
	uint8_t irq_flags;
	uint16_t slot_off[KTSTR_QUEUE_SIZE_MAX];
	uint16_t slot_len[KTSTR_QUEUE_SIZE_MAX];
	struct model_chain fifo[KTSTR_QUEUE_SIZE_MAX];
};

/**
 * struct model_gap - bytes of a transmit stream that found no room
 * @at: index among the bytes that the device took: the gap is before it
 * @skip: bytes missing up to here, all gaps before it included
 */
struct model_gap {
	uint64_t at;
	uint64_t skip;
};

/**
 * struct model_port - a port's two streams
 * @published: stream position behind the last byte that the driver published
 * @taken: bytes the device took since power-on
 * @dropped: bytes it dropped since power-on
 * @taken0: @taken when the stream began
 * @dropped0: @dropped when the stream began
 * @host: index among the taken bytes of the one that the host gets next
 * @nr_gaps: gaps in use
 * @gap: in order
 * @written: stream position behind the last byte that the host wrote
 * @pending: how many of these wait in the device
 * @placed: bytes the device placed since power-on
 * @guest: stream position of the byte that the guest gets next
 * @pending_seen: @pending at the last look
 * @refused: the host was told to wait for room
 * @ready: PORT_READY was seen
 * @open: the guest has it open
 * @closed: the host has it closed
 * @seen_open: the guest was told that the host has it open
 * @changes: how often the guest may yet be told the opposite of @seen_open
 * @owed: control messages that the guest has yet to get, CONSOLE_OWE_*; OPEN is not among them
 */
struct model_port {
	uint64_t published;
	uint64_t taken;
	uint64_t dropped;
	uint64_t taken0;
	uint64_t dropped0;
	uint64_t host;
	unsigned int nr_gaps;
	struct model_gap gap[MODEL_GAPS];
	uint64_t written;
	uint64_t pending;
	uint64_t pending_seen;
	uint64_t placed;
	uint64_t guest;
	bool refused;
	bool ready;
	bool open;
	bool closed;
	bool seen_open;
	unsigned int changes;
	uint8_t owed;
};

/**
 * struct model - the device as it should be
 * @d: driver and device
 * @live: DRIVER_OK
 * @multiport: negotiated
 * @wild: nothing is known about any queue
 * @errors_ok: the driver did something that the device may count as its mistake
 * @device_ready: DEVICE_READY was seen
 * @small: control buffers offered since the reset that hold no message
 * @sel: QueueSel
 * @st: the device's counters at the last look
 * @events: signals of the event descriptors at the last look
 * @last_words: the device is taking what a driver that is leaving has published
 * @stopped: a queue was stopped since interrupts were last compared; some may be its
 * @interrupts: @st.interrupts when interrupts were last compared
 * @rounds: longest series of rearms so far
 */
struct model {
	struct driver d;
	bool live;
	bool multiport;
	bool wild;
	bool errors_ok;
	bool device_ready;
	bool last_words;
	bool stopped;
	unsigned int small;
	uint32_t sel;
	struct virtio_console_stats st;
	uint64_t events[RAM_EVENT_END - RAM_EVENT_IRQ];
	uint64_t interrupts;
	unsigned int rounds;
	struct model_queue q[KTSTR_NR_QUEUES];
	struct model_port port[KTSTR_NR_PORTS];
};

/** enum model_kick - what the driver does after it has published chains */
enum model_kick {
	KICK_NONE,	/* later, maybe */
	KICK_POLITE,	/* if the device wants it, as Linux does */
	KICK_ALWAYS,
	KICK_NR,
};

/** model_fail() - the device did what it must not: say so with all that is known; no return */
void __attribute__((noreturn, format(printf, 2, 3))) model_fail(struct model *m, const char *fmt,
								...);

#define MODEL_CHECK(m, cond, ...)			\
	do {						\
		if (!(cond))				\
			model_fail(m, __VA_ARGS__);	\
	} while (0)

/** model_on_fail - called by model_fail() before it ends the process; may be NULL */
extern void (*model_on_fail)(void);

/** model_readable() - bytes from the guest that the host could read without help of the ring */
static inline uint64_t model_readable(const struct model_port *p)
{
	return p->taken - p->host;
}

/** model__begin() - a new device after power-on; @timer: it may hold back interrupts and kicks */
void model__begin(struct model *m, bool timer);

/** model__end() - free it */
void model__end(struct model *m);

/** model__sync() - after every call into the device: compare the counters, take the effects over */
void model__sync(struct model *m);

/** model__taint() - the driver broke a promise on queue @q */
void model__taint(struct model *m, unsigned int q);

/** model__taint_all() - or one that concerns all of them */
void model__taint_all(struct model *m);

/** model_owed() - is there anything that the guest is still to be told about @port? */
bool model_owed(const struct model_port *p);

/** model_got() - bytes of the stream that the device has dealt with: taken or dropped */
static inline uint64_t model_got(const struct model_port *p)
{
	return p->taken - p->taken0 + p->dropped - p->dropped0;
}

/** model__clear_queue() - there is no such queue (what is behind @slot_off has no meaning then) */
void model__clear_queue(struct model_queue *mq);

/** model__tainted() - is any queue? */
bool model__tainted(const struct model *m);

/* The driver's side: model_guest.c. */

/** model__reset() - collect what was used, write status 0 */
void model__reset(struct model *m);

/** model__init() - after a reset: up to DRIVER_OK; queue i has 2^@log2num[i] entries */
void model__init(struct model *m, bool multiport, const uint8_t *log2num);

/**
 * model__handshake() - offer control buffers, ready and open every port, take the answers
 * @m: model
 * @hurry: say everything before listening
 */
void model__handshake(struct model *m, bool hurry);

/** model__room() - how many more descriptors can be published on @q? 0 if there is no such queue */
unsigned int model__room(const struct model *m, unsigned int q);

/**
 * model__send() - publish a transmit chain, if there is room
 * @m: model
 * @port: whose
 * @len: lengths of its readable descriptors, at most PATTERN_PERIOD each
 * @nr: how many
 * @rom: the bytes lie in read-only memory
 * @canary: bytes of a device-writable descriptor at its end, which must not be touched; 0 for none
 */
void model__send(struct model *m, unsigned int port, const uint32_t *len, unsigned int nr,
		 bool rom, uint32_t canary);

/**
 * model__offer() - publish a receive chain, if there is room
 * @m: model
 * @port: whose
 * @nr: device-writable descriptors
 * @off: where in its slot each begins
 * @len: length of each; with @off no longer than a slot
 * @lead: a device-readable descriptor comes first, which must not be written
 */
void model__offer(struct model *m, unsigned int port, unsigned int nr, uint32_t off, uint32_t len,
		  bool lead);

/** model__offer_control() - publish a control receive buffer of @len <= CTRL_BUF_SIZE bytes */
void model__offer_control(struct model *m, uint32_t len);

/** model__control() - publish a control message cut into @nr descriptors, @len bytes of it */
void model__control(struct model *m, const struct virtio_console_control *msg, uint32_t len,
		    unsigned int nr);

/** model__stop_queue() - QueueReady = 0 on a live device, for the queue that is selected */
void model__stop_queue(struct model *m);

/** model__kick() - tell the device about queue @q */
void model__kick(struct model *m, unsigned int q, enum model_kick how);

/** model__collect() - take what the device has used on queue @q, and look at it */
void model__collect(struct model *m, unsigned int q);

/** model__set_flags() - write avail.flags of @q */
void model__set_flags(struct model *m, unsigned int q, uint16_t flags);

/* The host's side: model_host.c. */

/** model__settle() - play the I/O thread until it has nothing to do, then see whether that is so */
void model__settle(struct model *m);

/** model__service() - the I/O thread's round, announced or not */
void model__service(struct model *m);

/** model__write() - the host writes to a port */
void model__write(struct model *m, unsigned int port, size_t len);

/** model__read() - the host reads; return: bytes read */
size_t model__read(struct model *m, unsigned int port, size_t len);

/** model__push_back() - the host gives back the last bytes it has read */
void model__push_back(struct model *m, unsigned int port, size_t len);

/** model__connect() - the host opens or closes its side of a port */
void model__connect(struct model *m, unsigned int port, bool open);

/** model__drain() - the host takes what is published */
void model__drain(struct model *m);

/** model__forget_stream() - read all of a transmit stream that is unknown; a known one begins */
void model__forget_stream(struct model *m, unsigned int port);

#endif /* FUZZ_MODEL_H */
