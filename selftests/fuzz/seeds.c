// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write the inputs that the corpora began with: programs for the console in the words
 * of records.h, frames as a guest sends them, and the files of the other seeds_*.c.
 *
 * usage: seeds NAME DIRECTORY
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include <ktstr/wire.h>

#include "records.h"
#include "seeds.h"

#define POLITE	0x40
#define ALWAYS	0x80
#define SHAPE(n)	((n) << 2)	/* n + 1 descriptors */
#define MORE	(1u << 17)		/* eight times as many */
#define CANARY	(1u << 16 | 64u << 20)	/* and one to write to */

/* INIT's details. */
#define NO_HANDSHAKE	1
#define ONE_PORT	2
#define NO_TIMER	4

/* What OP_CONTROL makes of x and y. */
#define DEVICE_READY	0
#define PORT_READY	3
#define PORT_OPEN	6

#define MAX_RECORDS	32

struct program {
	const char *name;
	struct record r[MAX_RECORDS];
};

/* What a record does not say is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static const struct program programs[] = {
	{ "echo", {
		{ OP_INIT },
		{ OP_SEND, POLITE, 100 },
		{ OP_SEND, POLITE | 1 | SHAPE(3), 700, 13 },
		{ OP_SEND, POLITE | 2 | 0x20, 2039, CANARY },
		{ OP_HOST_READ, 0, 1000 }, { OP_HOST_READ, 1, 9000 }, { OP_HOST_READ, 2, 1 },
		{ OP_OFFER, POLITE, 3, 64 }, { OP_OFFER, POLITE | 1 | SHAPE(2), 20, 200 },
		{ OP_HOST_WRITE, 0, 150 }, { OP_HOST_WRITE, 1, 5000 }, { OP_HOST_WRITE, 2, 10 },
		{ OP_OFFER, POLITE | 2 | 0x20, 0x1003, 3 },
		{ OP_SETTLE }, { OP_COLLECT, 0x80 }, { OP_SETTLE },
	} },
	{ "full_buffer", {
		{ OP_INIT },
		{ OP_SEND, POLITE | 1 | SHAPE(7), 2039, MORE },
		{ OP_SETTLE }, { OP_COLLECT, 0x80 }, { OP_HOST_READ, 1, 3000 },
		{ OP_PUSH_BACK, 1, 500 },
		{ OP_SEND, POLITE | SHAPE(7), 2000, MORE }, { OP_HOST_READ, 0, 60000 },
		{ OP_SEND, POLITE | SHAPE(7), 1000, MORE }, { OP_SETTLE },
		{ OP_HOST_READ, 1, 65535 }, { OP_SETTLE }, { OP_DRAIN },
	} },
	{ "last_words", {
		{ OP_INIT },
		{ OP_SEND, 1, 100 }, { OP_SEND_MANY, 2, 200, 63 }, { OP_SEND, 0, 30 },
		{ OP_SEND, POLITE | 1 | SHAPE(7), 2039, MORE },
		{ OP_SEND, 1 | SHAPE(7), 2039, MORE }, { OP_SEND, 1 | SHAPE(7), 2039, MORE },
		{ OP_INIT }, { OP_HOST_READ, 1, 65535 }, { OP_SEND, POLITE | 1, 9 },
		{ OP_STOP_QUEUE, 5 }, { OP_RESET },
	} },
	{ "full_pending", {
		{ OP_INIT },
		{ OP_HOST_WRITE, 2, 65000 }, { OP_HOST_WRITE, 2, 1000 },
		{ OP_OFFER, POLITE | 2 | SHAPE(7), 31, 256 }, { OP_SETTLE }, { OP_COLLECT, 6 },
		{ OP_OFFER, POLITE | 2 | SHAPE(7), 31, 256 }, { OP_SETTLE }, { OP_COLLECT, 6 },
		{ OP_CONTROL, ALWAYS | 2, PORT_OPEN, 0 }, { OP_HOST_WRITE, 2, 100 },
		{ OP_CONTROL, ALWAYS | 2, PORT_OPEN, 1 }, { OP_SETTLE },
	} },
	{ "late_buffers", {
		{ OP_INIT, NO_HANDSHAKE },
		{ OP_CONTROL, ALWAYS, DEVICE_READY, 1 }, { OP_CONTROL, ALWAYS, PORT_READY, 1 },
		{ OP_CONTROL, ALWAYS | 1, PORT_READY, 1 },
		{ OP_CONTROL, ALWAYS | 2, PORT_READY, 1 }, { OP_CONNECT, 2, 0 },
		{ OP_OFFER_CONTROL, POLITE, 31 }, { OP_SETTLE },
		{ OP_CONNECT, 1, 0 }, { OP_SETTLE }, { OP_CONNECT, 1, 1 }, { OP_HOST_WRITE, 1, 1 },
		{ OP_CONTROL, ALWAYS | 1 | SHAPE(6), PORT_OPEN, 1 | 2 << 2 },
		{ OP_CONTROL, ALWAYS | 1, PORT_OPEN, 1 }, { OP_SETTLE },
	} },
	{ "small_control_buffers", {
		{ OP_INIT, NO_HANDSHAKE },
		{ OP_CONTROL, ALWAYS, DEVICE_READY, 1 }, { OP_OFFER_CONTROL, ALWAYS, 255, 7 },
		{ OP_SETTLE },
	} },
	{ "one_port", {
		{ OP_INIT, ONE_PORT | NO_TIMER, 3 },
		{ OP_SEND_MANY, ALWAYS, 256, 9 }, { OP_OFFER, POLITE, 40, 9 },
		{ OP_HOST_WRITE, 0, 300 }, { OP_HOST_WRITE, 1, 300 }, { OP_KICK, ALWAYS | 5 },
		{ OP_SETTLE },
	} },
	{ "suppressed", {
		{ OP_INIT },
		{ OP_FLAGS, 5, 1 }, { OP_SEND_MANY, POLITE | 1, 100, 10 }, { OP_SETTLE },
		{ OP_COLLECT, 5 }, { OP_FLAGS, 5, 0 }, { OP_SEND_MANY, POLITE | 1, 100, 10 },
		{ OP_SEND, POLITE | 1, 10 }, { OP_SETTLE },
	} },
	{ "race", {
		{ OP_INIT },
		{ OP_RACE, 0, 60, 2 }, { OP_SEND, POLITE | 1, 10 }, { OP_KICK, ALWAYS | 5 },
		{ OP_RACE, 0, 40, 2 }, { OP_OFFER, POLITE, 1, 10 }, { OP_HOST_WRITE, 0, 100 },
		{ OP_RACE, 0, 50, 2 }, { OP_DESC, 5, 1, 0x3000c }, { OP_SEND, POLITE | 1, 10 },
		{ OP_SETTLE },
	} },
	{ "registers", {
		{ OP_INIT },
		{ OP_REG_READ, 0 }, { OP_REG_READ, 26 }, { OP_REG_READ, 0x60, 8 },
		{ OP_REG_WRITE, 28, 0, 'x' }, { OP_REG_WRITE, 8, 0, 5 }, { OP_REG_WRITE, 11, 0, 0 },
		{ OP_REG_WRITE, 10, 0, 64 }, { OP_REG_WRITE, 12, 0, 5 },
		{ OP_REG_WRITE, 12, 0, 99 },
		{ OP_REG_WRITE, 14, 0, 3 }, { OP_REG_WRITE, 0x80, 0x44 }, { OP_STATUS, 0, 0, 7 },
		{ OP_STATUS, 0, 0, 0x8f }, { OP_STATUS, 0, 0, 0 }, { OP_STATUS, 0, 0, 1 },
		{ OP_STATUS, 0, 0, 3 }, { OP_REG_WRITE, 7, 0, 2 }, { OP_REG_WRITE, 6, 0, 1 },
	} },
	{ "broken_ring", {
		{ OP_INIT },
		{ OP_SEND, 1, 100 }, { OP_PUBLISH, ALWAYS | 5, 999 }, { OP_SEND, POLITE | 2, 100 },
		{ OP_HOST_READ, 2, 100 }, { OP_AVAIL_IDX, ALWAYS | 7, 0xffff },
		{ OP_DESC, 4, 0, 2 << 7 | 5 << 4 }, { OP_PUBLISH, ALWAYS | 4, 0 },
		{ OP_HOST_WRITE, 1, 3000 }, { OP_SETTLE }, { OP_INIT }, { OP_SEND, POLITE | 1, 9 },
	} },
	{ "odd_rings", {
		{ OP_QUEUE_SETUP, 5, 256, 0xb00 }, { OP_QUEUE_SETUP, 5, 256, 0xb00 },
		{ OP_SEND_MANY, ALWAYS | 1, 10, 10 }, { OP_SETTLE },
		{ OP_QUEUE_SETUP, 4, 16, 0xbbb }, { OP_OFFER, ALWAYS | 1, 5, 100 },
		{ OP_HOST_WRITE, 1, 500 }, { OP_USED, 4, 9 }, { OP_POKE, 0x0b, 8, 3 },
		{ OP_SETTLE },
		{ OP_FEATURES, 2, 28 }, { OP_FEATURES, 1, 0 }, { OP_AVAIL_ENTRY, 1, 3, 0 },
	} },
};

FILE *seeds__create(const char *dir, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

void seeds__finish(FILE *f)
{
	if (fclose(f)) {
		perror("seeds");
		exit(1);
	}
}

static void write_programs(const char *dir)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const struct program *p = &programs[i];
		size_t n = MAX_RECORDS;
		FILE *f = seeds__create(dir, p->name);

		/* INIT is no zero record behind the first one here: the rest is not written. */
		while (n > 1 && !memcmp(&p->r[n - 1], &(struct record){ 0 }, sizeof(p->r[0])))
			n--;
		for (size_t k = 0; k < n; k++) {
			struct record r = p->r[k];

			r.x = htole16(r.x);
			r.y = htole32(r.y);
			fwrite(&r, sizeof(r), 1, f);
		}
		seeds__finish(f);
	}
}

/* How fuzz_assembler.c cuts it. */
static FILE *create_stream(const char *dir, const char *name, uint32_t cuts)
{
	FILE *f = seeds__create(dir, name);

	cuts = htole32(cuts);
	fwrite(&cuts, sizeof(cuts), 1, f);
	return f;
}

static void frame(FILE *f, uint32_t type, uint32_t stream, uint32_t seq, uint16_t flags,
		  const void *data, uint32_t len)
{
	struct ktstr_frame h = {
		.magic = htole32(KTSTR_WIRE_MAGIC), .version = htole16(KTSTR_WIRE_VERSION),
		.flags = htole16(flags), .type = htole32(type), .stream = htole32(stream),
		.seq = htole32(seq), .len = htole32(len),
	};

	h.payload_crc = htole32(crc32(0, data, len));
	h.header_crc = htole32(crc32(0, (const Bytef *)&h, sizeof(h) - 4));
	fwrite(&h, sizeof(h), 1, f);
	fwrite(data, 1, len, f);
}

static void write_frames(const char *dir)
{
	static uint8_t page[KTSTR_WIRE_PAYLOAD_MAX];
	FILE *f = create_stream(dir, "frames", 1);

	frame(f, KTSTR_T_REDY, 0, 0, 0, "", 0);
	frame(f, KTSTR_T_SLOG, 0, 1, KTSTR_F_MORE, "hello", 5);
	frame(f, KTSTR_T_SLOG, 0, 2, 0, "xKSTRKSTKSTR", 12);
	frame(f, KTSTR_T_EXIT, 0, 3, 0, "\0\0\0\0", 4);
	seeds__finish(f);
	f = create_stream(dir, "events", 0x4321);
	frame(f, KTSTR_T_EVNT, 1, 0, KTSTR_F_NOCRC, page, sizeof(page));
	frame(f, KTSTR_T_EVNT, 2, 0, KTSTR_F_NOCRC, page, 100);
	frame(f, KTSTR_T_EVNT, 1, 5, KTSTR_F_NOCRC, page, 10);
	frame(f, KTSTR_T_EVNT, 1, 4, 0, page, 10);
	seeds__finish(f);
	f = create_stream(dir, "garbage", 0x1234);
	fwrite("KSTKKSTRKSTR", 1, 12, f);
	frame(f, KTSTR_FOURCC('N', 'O', 'N', 'E'), 0, 0, 0, "?", 1);
	frame(f, KTSTR_T_SOUT, 0xffff, 1, 0, "?", 1);
	fwrite("KSTR\1\0", 1, 6, f);
	frame(f, KTSTR_T_SOUT, 0, 2, 0, "tail", 4);
	fwrite("KS", 1, 2, f);
	seeds__finish(f);
}

/* Every verb, and every key of each. */
static const char * const lines[] = {
	"cgroup cg=a cpus=0-1,1023 op=1 at=steady.c:12", "cgroup_remove cg=a/b/c", "cpuset cg=a cpus=7",
	"cpuset_clear cg=a", "cpuset_swap cg=a other=b", "weight cg=a weight=10000",
	"quota cg=a us=0 period_us=100000", "freeze cg=a", "thaw cg=a", "memory_max cg=a kib=65536",
	"spawn cg=a name=w0 kind=spin cpus=0 nr=4 group=2 threads=1 nice=-20 policy=fifo prio=99 "
	"busy_us=1 idle_us=2 kib=3",
	"spawn cg=a name=w1 kind=pipe nr=2 group=2 policy=deadline runtime_us=10 deadline_us=20 "
	"period_us=4294967295",
	"stop cg=a name=w0", "affinity cg=a cpus=0,2", "nice cg=a name=w0 nice=19",
	"policy cg=a policy=batch", "move cg=a other=b name=w0", "sched_attach", "sched_detach",
	"sched_restart", "sched_replace cmd=scx_qmap%20-f", "run cg=a name=p cmd=echo%20%25%0A",
	"wait name=p ms=86400000", "kill name=p", "cpu_offline cpu=1023", "cpu_online cpu=0",
	"hold ms=3000", "mark name=one", "expect cg=a other=b kind=fair bound=15.5",
	"expect name=p kind=metric metric=p99%20us min=-1.7976931348623157e+308 max=20 pct=99.9",
};

static void write_lines(const char *dir)
{
	char name[16];
	FILE *f;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(name, sizeof(name), "line%zu", i);
		f = seeds__create(dir, name);
		fputs(lines[i], f);
		seeds__finish(f);
	}
}

static const struct {
	const char *name;
	void (*write)(const char *dir);
} corpora[] = {
	{ "console", write_programs }, { "assembler", write_frames }, { "elf", seeds__elf },
	{ "bzimage", seeds__bzimage }, { "cpio", seeds__cpio }, { "op", write_lines },
	{ "topology", seeds__topology }, { "module", seeds__module },
	{ "modtree", seeds__modtree }, { "stats", seeds__stats },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(corpora) / sizeof(corpora[0]); i++) {
		if (strcmp(argv[1], corpora[i].name))
			continue;
		corpora[i].write(argv[2]);
		return 0;
	}
	fprintf(stderr, "usage: seeds NAME DIRECTORY, NAME being a fuzzer's without fuzz_\n");
	return 2;
}
