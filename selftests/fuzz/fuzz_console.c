// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the console device: the input is a program (records.h) for a guest and a host.
 *
 * Whatever the program did, the device must come back from status 0 as new. The bounds
 * of ports.h are scaled down for this build (fuzz.mk), so that a few records fill a
 * buffer or overrun a pass.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "hostile.h"
#include "records.h"

_Static_assert(KTSTR_TX_SLICE_MAX == 256 && KTSTR_TX_PASS_BYTES == 2048 &&
	       KTSTR_RX_PASS_CHAINS == 8 && KTSTR_CTRL_PASS_CHAINS == 8 &&
	       KTSTR_TX_BUF_MAX == 65536 && KTSTR_PENDING_RX_MAX == 65536,
	       "built with the bounds of ports.sed");

#define RECORDS_MAX	256u
#define CHAIN_MAX	64u

/*
 * What libFuzzer takes for coverage beside the code: which operation met which state
 * of a port. That is worth thousands of inputs to look for more with, but not to keep
 * in a repository: with FUZZ_COARSE in the environment the operation does not count.
 */
#define STATE_BITS	6
__attribute__((section("__libfuzzer_extra_counters")))
static uint8_t counters[OP_NR * KTSTR_NR_PORTS << STATE_BITS];

static struct model m;
static bool trace, coarse;
static struct record program[RECORDS_MAX];
static size_t at, nr_records;

static void print_record(size_t i)
{
	static const char * const names[] = {
#define X(name) #name,
		RECORD_OPS(X)
#undef X
	};
	const struct record *r = &program[i];

	fprintf(stderr, "# %3zu %-14s a %#04x x %#06x y %#010x\n", i,
		names[r->op % OP_NR], r->a, r->x, r->y);
}

static void print_program(void)
{
	fprintf(stderr, "# the program up to here:\n");
	for (size_t i = 0; i <= at && i < nr_records; i++)
		print_record(i);
}

static unsigned int state(const struct model_port *p, unsigned int i)
{
	const struct model_queue *tx = &m.q[driver__txq(i)];
	uint64_t readable = model_readable(p);

	return (readable > 0) | (readable >= KTSTR_TX_BUF_MAX) << 1 |
	       (model_got(p) < p->published) << 2 |
	       (p->pending > 0) << 3 | p->open << 4 | tx->tainted << 5;
}

static void count_state(unsigned int op)
{
	if (coarse)
		op = 0;
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		unsigned int n = (op * KTSTR_NR_PORTS + i) << STATE_BITS | state(&m.port[i], i);

		counters[n] = 1;
	}
}

/*
 * Another vCPU at work: it cannot kick before the one in the device is out, but it
 * looks at once whether it is going to.
 */
static bool racing;
static bool owes_kick[KTSTR_NR_QUEUES];

static void kick(unsigned int q, const struct record *r)
{
	enum model_kick how = (r->a >> 6) % KICK_NR;

	if (!racing)
		return model__kick(&m, q, how);
	if (!m.q[q].exists)
		return;
	owes_kick[q] |= how == KICK_ALWAYS || driver__needs_kick(&m.d, q);
	m.q[q].unkicked = owes_kick[q];
}

static unsigned int port_of(const struct record *r)
{
	return (r->a & 3) % KTSTR_NR_PORTS;
}

static void op_send(const struct record *r)
{
	unsigned int nr = (1 + (r->a >> 2 & 7)) * (r->y & 1 << 17 ? 8 : 1);
	uint32_t len[CHAIN_MAX];

	for (unsigned int i = 0; i < nr; i++)
		len[i] = (r->x + i * (r->y & 0xffff)) % (PATTERN_PERIOD + 1);
	model__send(&m, port_of(r), len, nr, r->a & 0x20, r->y & 1 << 16 ? r->y >> 20 : 0);
	kick(driver__txq(port_of(r)), r);
}

static void op_send_many(const struct record *r)
{
	uint32_t len = 1 + r->y % 64;

	for (unsigned int n = r->x % (KTSTR_QUEUE_SIZE_MAX + 1); n; n--)
		model__send(&m, port_of(r), &len, 1, r->a & 0x20, 0);
	kick(driver__txq(port_of(r)), r);
}

static void op_offer(const struct record *r)
{
	uint32_t off = r->x >> 8, len = r->y % (RAM_SLOT_SIZE + 1 - off);

	for (unsigned int n = 1 + (r->x & 0xff); n; n--)
		model__offer(&m, port_of(r), 1 + (r->a >> 2 & 7), off, len, r->a & 0x20);
	kick(driver__rxq(port_of(r)), r);
}

static void op_offer_control(const struct record *r)
{
	for (unsigned int n = 1 + r->x % KTSTR_QUEUE_SIZE_MAX; n; n--)
		model__offer_control(&m, r->y ? r->y % (CTRL_BUF_SIZE + 1) : CTRL_BUF_SIZE);
	kick(KTSTR_Q_CTRL_RX, r);
}

static uint32_t control_id(const struct record *r)
{
	switch (r->y >> 4 & 7) {
	case 5:
		return VIRTIO_CONSOLE_BAD_ID;
	case 6:
		return htobe32(r->a & 3);
	case 7:
		return r->y;
	default:
		return r->a & 3;
	}
}

static void op_control(const struct record *r)
{
	static const uint8_t lens[] = { 8, 8, 8, 8, 0, 1, 7, 16 };
	struct virtio_console_control msg = {
		.id = htole32(control_id(r)),
		.event = htole16(r->x < 0x100 ? r->x % 10 : r->x),
		.value = htole16((r->y & 3) == 3 ? r->y >> 8 : r->y & 3),
	};

	model__control(&m, &msg, lens[r->a >> 2 & 7], 1 + (r->y >> 2 & 3));
	kick(KTSTR_Q_CTRL_TX, r);
}

static void op_collect(const struct record *r)
{
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		if (r->a & 0x80 || r->a % KTSTR_NR_QUEUES == q)
			model__collect(&m, q);
}

static void op_init(const struct record *r)
{
	uint8_t log2num[KTSTR_NR_QUEUES];

	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		log2num[q] = r->y ? (r->y >> 4 * q & 15) % 9 : 8 - r->x % 9;
	model__reset(&m);
	model__init(&m, !(r->a & 2), log2num);
	if (!(r->a & 1))
		model__handshake(&m, r->a & 8);
}

static void run_record(const struct record *r);

static bool can_race(unsigned int op)
{
	static const uint8_t can[] = { RECORD_RACERS };

	return memchr(can, op, sizeof(can));
}

static const struct record *racer;

static void race(void)
{
	racing = true;
	run_record(racer);
	racing = false;
}

/*
 * Arm: the record that follows is run when the one behind it is in the device. Most
 * calls are short, a few long.
 */
static void op_race(const struct record *r)
{
	static const unsigned int span[] = { 2048, 512, 96, 96 };

	if (at + 2 >= nr_records || !can_race(r[1].op % OP_NR) || r[2].op % OP_NR == OP_RACE)
		return;
	racer = r + 1;
	at += 2;
	if (trace) {
		print_record(at - 1);
		print_record(at);
	}
	work__at(1 + r->x % span[r->y & 3], race);
	run_record(r + 2);
	if (work__at(0, NULL))
		race();
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		if (owes_kick[q] && m.q[q].exists)
			model__kick(&m, q, KICK_ALWAYS);
		owes_kick[q] = false;
	}
}

static void run_record(const struct record *r)
{
	switch ((enum record_op)(r->op % OP_NR)) {
	case OP_SEND:
		return op_send(r);
	case OP_SEND_MANY:
		return op_send_many(r);
	case OP_OFFER:
		return op_offer(r);
	case OP_OFFER_CONTROL:
		return op_offer_control(r);
	case OP_CONTROL:
		return op_control(r);
	case OP_KICK:
		return kick(r->a % KTSTR_NR_QUEUES, r);
	case OP_COLLECT:
		return op_collect(r);
	case OP_FLAGS:
		return model__set_flags(&m, r->a % KTSTR_NR_QUEUES,
					r->x < 0x100 ? r->x & 1 : r->x);
	case OP_HOST_WRITE:
		return model__write(&m, port_of(r), r->x + (r->y & 1));
	case OP_HOST_READ:
		model__read(&m, port_of(r), r->x + (r->y & 1));
		return;
	case OP_PUSH_BACK:
		return model__push_back(&m, port_of(r), r->x);
	case OP_CONNECT:
		return model__connect(&m, port_of(r), r->x & 1);
	case OP_SERVICE:
		return model__service(&m);
	case OP_SETTLE:
		return model__settle(&m);
	case OP_DRAIN:
		return model__drain(&m);
	case OP_INIT:
		return op_init(r);
	case OP_RESET:
		return model__reset(&m);
	case OP_RACE:
		return op_race(r);
	default:
		return hostile__run(&m, r, racing);
	}
}

/* All that was published and announced arrives, in both directions, and comes back. */
static void conserve(unsigned int port)
{
	const struct model_queue *tx = &m.q[driver__txq(port)];
	const struct model_port *p = &m.port[port];

	while (model__read(&m, port, KTSTR_TX_BUF_MAX))
		model__settle(&m);
	model__collect(&m, driver__txq(port));
	model__collect(&m, driver__rxq(port));
	if (tx->exists && !tx->tainted && !tx->unkicked)
		MODEL_CHECK(&m, !tx->count && model_got(p) ==
			    p->published, "port %u: bytes were published and never came", port);
	if (m.q[driver__rxq(port)].exists && !m.q[driver__rxq(port)].tainted)
		MODEL_CHECK(&m, p->guest == p->written - p->pending,
			    "port %u: bytes were placed and never used", port);
}

static void echo(unsigned int port)
{
	const uint32_t len[] = { 1, 100, 0, 200 };
	const struct model_port *p = &m.port[port];
	uint64_t guest = p->guest;

	model__send(&m, port, len, 4, false, 0);
	model__kick(&m, driver__txq(port), KICK_POLITE);
	MODEL_CHECK(&m, model__read(&m, port, 1000) == 301, "port %u: echo to the host", port);
	model__write(&m, port, 300);
	for (int i = 0; i < 3; i++)
		model__offer(&m, port, 1, 0, 128, false);
	model__kick(&m, driver__rxq(port), KICK_POLITE);
	model__settle(&m);
	conserve(port);
	MODEL_CHECK(&m, p->guest == guest + 300, "port %u: echo to the guest", port);
}

/* Whatever happened: a reset makes the device as good as new. */
static void finish(void)
{
	const uint8_t log2num[KTSTR_NR_QUEUES] = { 4, 5, 6, 7, 8, 4, 3, 2 };

	model__settle(&m);
	for (unsigned int port = 0; port < KTSTR_NR_PORTS; port++)
		conserve(port);
	model__connect(&m, KTSTR_PORT_BULK, true);
	model__connect(&m, KTSTR_PORT_STATS, true);
	model__reset(&m);
	model__init(&m, true, log2num);
	model__handshake(&m, true);
	for (unsigned int port = 0; port < KTSTR_NR_PORTS; port++) {
		while (m.port[port].pending) {
			model__offer(&m, port, 1, 0, RAM_SLOT_SIZE, false);
			model__kick(&m, driver__rxq(port), KICK_POLITE);
			model__settle(&m);
			model__collect(&m, driver__rxq(port));
		}
		conserve(port);
		echo(port);
	}
	model__settle(&m);
}

/* The sanitizer has found something. */
void __asan_on_error(void);

void __asan_on_error(void)
{
	print_program();
}

void fuzz__init(void)
{
	trace = getenv("FUZZ_TRACE");
	coarse = getenv("FUZZ_COARSE");
	if (!ram__open(&m.d)) {
		perror("fuzz_console: guest memory");
		exit(1);
	}
	model_on_fail = print_program;
}

static void load(const uint8_t *data, size_t size)
{
	nr_records = size / sizeof(struct record);
	if (nr_records > RECORDS_MAX)
		nr_records = RECORDS_MAX;
	memcpy(program, data, nr_records * sizeof(struct record));
	for (size_t i = 0; i < nr_records; i++) {
		program[i].x = le16toh(program[i].x);
		program[i].y = le32toh(program[i].y);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	load(data, size);
	if (!nr_records)
		return -1;
	model__begin(&m, !(program[0].a & 4));
	/* The first record says how the device is set up, whatever its operation. */
	program[0].op = OP_INIT;
	for (at = 0; at < nr_records; at++) {
		if (trace)
			print_record(at);
		run_record(&program[at]);
		count_state(program[at].op % OP_NR);
	}
	if (trace)
		fprintf(stderr, "# the end, and the device must be as good as new\n");
	finish();
	model__end(&m);
	return 0;
}
