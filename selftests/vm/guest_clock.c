// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the clock test: hops between CPUs and watches that the TSC never goes
 * back, then answers every PING with CLCK from CPU (id mod CPUs), until ACKR.
 */
#include <endian.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <zlib.h>

#include <ktstr/ports.h>
#include <ktstr/wire.h>

#include "guest_pid1.h"

#define HOPS	400
#define CLOCKSOURCE	"/sys/devices/system/clocksource/clocksource0/"

static int port = -1;
static long nr_cpus;

static void say_file(const char *name, const char *path)
{
	char text[256];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		die(path);
	close(fd);
	text[n] = '\0';
	say("%s %s", name, text);
}

static void go_to_cpu(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || sched_getcpu() != cpu)
		die("affinity");
}

static uint64_t read_tsc(void)
{
	uint64_t tsc;

	_mm_lfence();
	tsc = __rdtsc();
	_mm_lfence();
	return tsc;
}

/* A hop orders the two readings: a CPU that lags behind another is seen. */
static void hop(void)
{
	uint64_t last = 0, now;
	unsigned int backwards = 0;

	for (int i = 0; i < HOPS; i++) {
		go_to_cpu(i % nr_cpus);
		now = read_tsc();
		backwards += now <= last;
		last = now;
	}
	say("cpus %ld hops %d backwards %u\n", nr_cpus, HOPS, backwards);
}

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void put_frame(uint32_t type, const void *payload, uint32_t len)
{
	static uint32_t seq;
	uint8_t buf[256];
	struct ktstr_frame h = {
		.magic = htole32(KTSTR_WIRE_MAGIC), .version = htole16(KTSTR_WIRE_VERSION),
		.type = htole32(type), .seq = htole32(seq++), .len = htole32(len),
		.payload_crc = htole32(crc32(0, payload, len)),
	};

	h.header_crc = htole32(crc32(0, (void *)&h, sizeof(h) - 4));
	memcpy(buf, &h, sizeof(h));
	memcpy(buf + sizeof(h), payload, len);
	if (write(port, buf, sizeof(h) + len) != (ssize_t)(sizeof(h) + len))
		die("write port");
}

static void send_clock(uint32_t why, uint64_t id)
{
	struct ktstr_clock k = {
		.why = htole32(why), .valid = htole32(KTSTR_CLOCK_HAS_CYCLES), .id = htole64(id),
	};
	uint64_t start = read_clock(CLOCK_MONOTONIC);

	k.cycles = htole64(read_tsc());
	k.boot_ns = htole64(read_clock(CLOCK_BOOTTIME));
	k.mono_ns = htole64(start);
	k.window_ns = htole64(read_clock(CLOCK_MONOTONIC) - start);
	put_frame(KTSTR_T_CLCK, &k, sizeof(k));
}

static void read_all(void *buf, size_t len)
{
	for (size_t have = 0; have < len;) {
		ssize_t n = read(port, (char *)buf + have, len - have);

		if (n <= 0)
			die("read port");
		have += n;
	}
}

/* Return: false when it was ACKR. */
static int answer(void)
{
	static uint32_t seq;
	struct ktstr_frame h;
	struct ktstr_ping ping;

	read_all(&h, sizeof(h));
	if (le32toh(h.magic) != KTSTR_WIRE_MAGIC || le32toh(h.seq) != seq++ ||
	    le32toh(h.header_crc) != crc32(0, (void *)&h, sizeof(h) - 4))
		die("frame");
	if (le32toh(h.type) == KTSTR_T_ACKR)
		return 0;
	if (le32toh(h.type) != KTSTR_T_PING || le32toh(h.len) != sizeof(ping))
		die("type");
	read_all(&ping, sizeof(ping));
	if (le32toh(h.payload_crc) != crc32(0, (void *)&ping, sizeof(ping)))
		die("payload");
	go_to_cpu(le64toh(ping.id) % nr_cpus);
	send_clock(KTSTR_CLOCK_PING, le64toh(ping.id));
	return 1;
}

int main(void)
{
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/sys", 0755);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	com2 = open_raw(KTSTR_COM2_DEV);
	nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	say_file("current", CLOCKSOURCE "current_clocksource");
	say_file("available", CLOCKSOURCE "available_clocksource");
	hop();
	port = open_port(KTSTR_BULK_DEV);
	send_clock(KTSTR_CLOCK_BEGIN, 0);
	while (answer())
		;
	send_clock(KTSTR_CLOCK_END, 0);
	say("done\n");
	reboot(RB_AUTOBOOT);
	return 1;
}
