// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of BPF rings on their way into frames, with rings of our own: whole records
 * only, each CPU's frames in order, and an account of what was sent.
 */
#include <errno.h>

#include <ktstr/event.h>
#include <ktstr/ports.h>

#include "guest/bpf_load.h"
#include "guest/event_plain.h"

#include "port_reader.h"
#include "unit.h"

#define CPUS	3
#define LONGEST	(sizeof(struct ktstr_ev_plain) + KTSTR_EV_SIZE_MAX)

/* A CPU's ring: @left records of @len bytes; each is told apart by its number. */
static struct {
	unsigned int left;
	unsigned int next;
	size_t len;
} rings[CPUS];
static unsigned int looked;

/* Stands in for libbpf's rings. */
void bpf_load__consume(unsigned int cpu, bool (*take)(const void *rec, size_t len))
{
	uint8_t rec[1024] = { 0 };
	bool more = true;

	if (cpu >= CPUS)
		abort();
	looked++;
	while (more && rings[cpu].left) {
		struct ktstr_ev_plain h = {
			.time_ns = rings[cpu].next++, .len = rings[cpu].len - sizeof(h),
		};

		memcpy(rec, &h, sizeof(h));
		rings[cpu].left--;
		more = take(rec, rings[cpu].len);
	}
}

size_t bpf_load__waiting(unsigned int cpu)
{
	return rings[cpu].left * rings[cpu].len;
}

int bpf_load__ring_fd(unsigned int cpu)
{
	return 100 + (int)cpu;
}

static unsigned int watched;	/* bits of CPUs */

int bulk__watch(int fd)
{
	watched |= 1u << (fd - 100);
	return 0;
}

FIXTURE(plain) {
	struct port_reader *port;
	int fd;
	uint64_t next[CPUS];	/* number of the record that must come */
};

FIXTURE_SETUP(plain)
{
	memset(rings, 0, sizeof(rings));
	memset(self->next, 0, sizeof(self->next));
	self->port = malloc(sizeof(*self->port));
	self->fd = port_open_pair(self->port, 1 << 20);
	ASSERT_EQ(event_plain__start(CPUS), 0);
}

FIXTURE_TEARDOWN(plain)
{
	free(self->port);
}

/* Return: records in the next frame, which are whole and the next ones of their CPU. */
static unsigned int check_frame(FIXTURE_DATA(plain) *self, unsigned int *cpu)
{
	struct ktstr_frame f = port_next(self->port);
	struct ktstr_ev_plain h;
	unsigned int nr = 0;
	size_t at;

	*cpu = le32toh(f.stream) - 1;
	if (le32toh(f.type) != KTSTR_T_EVNT || !f.len || *cpu >= CPUS ||
	    le16toh(f.flags) != (KTSTR_F_NOCRC | KTSTR_F_PLAIN) ||
	    le32toh(f.len) + sizeof(f) > KTSTR_TX_SLICE_MAX)
		port_die("a frame of %u bytes for stream %u", le32toh(f.len), le32toh(f.stream));
	for (at = 0; at + sizeof(h) <= le32toh(f.len); at += sizeof(h) + h.len, nr++) {
		memcpy(&h, self->port->payload + at, sizeof(h));
		if (h.time_ns != self->next[*cpu]++)
			port_die("record %llu of CPU %u", (unsigned long long)h.time_ns, *cpu);
	}
	if (at != le32toh(f.len))
		port_die("a record was cut");
	return nr;
}

TEST_F(plain, each_ring_wakes_the_writer)
{
	watched = 0;
	EXPECT_EQ(event_plain__watch(), 0);
	EXPECT_EQ(watched, (1u << CPUS) - 1);
}

/* A storm does not wait for the flush, which comes after 400 ms if it is a dear one. */
TEST_F(plain, a_ring_at_its_watermark_empties_all)
{
	unsigned int cpu;

	looked = 0;
	rings[0] = (typeof(rings[0])) { .left = 3, .len = 64 };
	rings[2] = (typeof(rings[2])) { .left = EVENT_PLAIN_WATERMARK / 64 - 1, .len = 64 };
	EXPECT_EQ(event_plain__pump(self->fd, false), BULK_PUMP_IDLE);
	EXPECT_EQ(looked, 0);
	rings[2].left++;
	EXPECT_EQ(event_plain__pump(self->fd, false), BULK_PUMP_IDLE);
	EXPECT_EQ(event_plain__sent(0), 3);
	EXPECT_EQ(event_plain__sent(2), EVENT_PLAIN_WATERMARK / 64);
	EXPECT_TRUE(event_plain__idle());
	for (unsigned int got = 0; got < 3 + EVENT_PLAIN_WATERMARK / 64;)
		got += check_frame(self, &cpu);
	EXPECT_EQ(self->next[0], 3);
}

TEST_F(plain, rings_below_the_watermark_wait_for_a_flush)
{
	unsigned int cpu;

	rings[1].left = 5;
	rings[1].len = 28;
	EXPECT_EQ(event_plain__pump(self->fd, false), BULK_PUMP_IDLE);
	EXPECT_EQ(looked, 0);
	EXPECT_TRUE(event_plain__idle());
	EXPECT_EQ(event_plain__pump(self->fd, true), BULK_PUMP_IDLE);
	EXPECT_EQ(check_frame(self, &cpu), 5);
	EXPECT_EQ(cpu, 1);
	EXPECT_EQ(event_plain__sent(0), 0);
	EXPECT_EQ(event_plain__sent(1), 5);
	looked = 0;
	EXPECT_EQ(event_plain__pump(self->fd, true), BULK_PUMP_IDLE);
	EXPECT_EQ(looked, CPUS);
}

/* Of every length, so that the end of a frame falls anywhere in a record. */
TEST_F(plain, a_frame_holds_whole_records)
{
	for (size_t len = sizeof(struct ktstr_ev_plain) + 8; len <= LONGEST; len += 4) {
		unsigned int got = 0, cpu, frames = 0;

		rings[0].left = 2 * KTSTR_TX_SLICE_MAX / len;
		rings[0].len = len;
		for (unsigned int want = rings[0].left; got < want; frames++) {
			event_plain__pump(self->fd, !got);
			while (got < want && event_plain__sent(0) > self->next[0])
				got += check_frame(self, &cpu);
		}
		ASSERT_EQ(event_plain__sent(0), self->next[0]) TH_LOG("%zu bytes", len);
	}
}

TEST_F(plain, each_cpu_counts_its_own)
{
	unsigned int cpu, sum[CPUS] = { 0 };

	for (unsigned int i = 0; i < CPUS; i++) {
		rings[i].left = 100 * (i + 1);
		rings[i].len = 24 + 4 * i;
	}
	for (unsigned int round = 0; round < 2; round++) {
		ASSERT_EQ(event_plain__pump(self->fd, true), BULK_PUMP_IDLE);
		for (unsigned int i = 0; i < CPUS; i++) {
			unsigned int nr = check_frame(self, &cpu);

			sum[cpu] += nr;
		}
		for (unsigned int i = 0; i < CPUS; i++) {
			EXPECT_EQ(sum[i], 100 * (i + 1) * (round + 1));
			EXPECT_EQ(event_plain__sent(i), sum[i]);
			rings[i].left = 100 * (i + 1);
		}
	}
	/* port_next() has checked that both frames of each stream are numbered 0 and 1. */
	EXPECT_EQ(self->port->seq[1 + 2], 2);
}

/* A turn is bounded, and what is left of the flush goes on in the next. */
TEST_F(plain, a_flood_of_one_cpu_ends_its_turn)
{
	unsigned int cpu, got = 0, turns = 0;
	uint64_t most = 0;
	enum bulk_pumped did;

	rings[0].left = 40 * KTSTR_TX_SLICE_MAX / LONGEST;
	rings[0].len = LONGEST;
	rings[2].left = 1;
	rings[2].len = 24;
	for (bool flush = true;; flush = false) {
		did = event_plain__pump(self->fd, flush);
		most = event_plain__sent(0) - self->next[0] > most ?
			event_plain__sent(0) - self->next[0] : most;
		while (self->next[0] < event_plain__sent(0) ||
		       self->next[2] < event_plain__sent(2))
			got += check_frame(self, &cpu);
		if (did == BULK_PUMP_IDLE)
			break;
		turns++;
	}
	EXPECT_GE(turns, 2);
	EXPECT_LE(most, 16 * (KTSTR_TX_SLICE_MAX / LONGEST));
	EXPECT_EQ(got, 40 * KTSTR_TX_SLICE_MAX / LONGEST + 1);
	EXPECT_EQ(event_plain__sent(2), 1);
	EXPECT_TRUE(event_plain__idle());
}

/* A port without room keeps the frame: nothing is lost, nothing is sent twice. */
TEST_F(plain, a_full_port_keeps_the_frame)
{
	unsigned int nr = 20 * KTSTR_TX_SLICE_MAX / LONGEST, got = 0;
	struct port_reader *small = malloc(sizeof(*small));
	enum bulk_pumped did = BULK_PUMP_MORE;
	bool torn = false;
	int fd = port_open_pair(small, 4096);

	free(self->port);
	self->port = small;
	rings[0].left = nr;
	rings[0].len = LONGEST;
	for (unsigned int i = 0; got < nr; i++) {
		did = event_plain__pump(fd, !i);
		ASSERT_NE(did, BULK_PUMP_IDLE);
		torn = torn || did == BULK_PUMP_TORN;
		EXPECT_FALSE(event_plain__idle());
		/* Asking again without room changes nothing. */
		if (did == BULK_PUMP_TORN || did == BULK_PUMP_FULL) {
			uint64_t sent = event_plain__sent(0);

			EXPECT_EQ(event_plain__pump(fd, false), did);
			EXPECT_EQ(event_plain__sent(0), sent);
		}
		/* Make room: read what is there of the frame, and the rest as it comes. */
		while (got < nr) {
			struct ktstr_frame f;
			unsigned int have = 0;

			if (recv(small->fd, &f, sizeof(f), MSG_PEEK | MSG_DONTWAIT) < 32)
				break;
			/* The rest of the frame needs the pump: it is read piece by piece. */
			port_read(small, &f, sizeof(f));
			ASSERT_EQ(le32toh(f.magic), KTSTR_WIRE_MAGIC);
			ASSERT_EQ(le32toh(f.seq), small->seq[1]++);
			while (have < le32toh(f.len)) {
				ssize_t n = recv(small->fd, small->payload + have,
						 le32toh(f.len) - have, MSG_DONTWAIT);

				if (n > 0)
					have += n;
				else
					event_plain__pump(fd, false);
			}
			for (size_t at = 0; at < have; at += LONGEST, got++) {
				struct ktstr_ev_plain h;

				memcpy(&h, small->payload + at, sizeof(h));
				ASSERT_EQ(h.time_ns, self->next[0]++);
			}
		}
	}
	EXPECT_TRUE(torn);
	EXPECT_EQ(event_plain__sent(0), nr);
}

/* One that is longer than any program makes is not sent: the account shows that it is missing. */
TEST_F(plain, a_record_too_long_is_not_counted_as_sent)
{
	unsigned int cpu;

	rings[0].left = 3;
	rings[0].len = LONGEST + 4;
	EXPECT_EQ(event_plain__pump(self->fd, true), BULK_PUMP_IDLE);
	EXPECT_EQ(event_plain__sent(0), 0);
	rings[0].left = 1;
	rings[0].len = LONGEST;
	self->next[0] = 3;
	EXPECT_EQ(event_plain__pump(self->fd, true), BULK_PUMP_IDLE);
	EXPECT_EQ(check_frame(self, &cpu), 1);
	EXPECT_EQ(event_plain__sent(0), 1);
}

TEST_HARNESS_MAIN
