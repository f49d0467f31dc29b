// SPDX-License-Identifier: GPL-2.0-only
/*
 * The soak: MIB mebibytes (1024) through port 1 and through port 2, both
 * directions at once, SHA-256 on both ends, and the size of this process, whose
 * buffers are bounded, all the while. KTAP; a progress line every few seconds.
 *
 * environment: MIB, TOPOLOGY ("1,1,2,1"), KTSTR_SOAK_GUEST, OPENSSL_ia32cap (of this
 * process, and of the guest's too), and what vm_boot.h knows
 */
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "kselftest.h"
#include "soak.h"
#include "vm_boot.h"

#define MEMORY_KIB	(512u << 10)	/* what vm__boot() gives a guest */
#define GROWTH_KIB	(64u << 10)	/* two ports' buffers both ways, and then some */
#define SLACK_KIB	4096
#define PROGRESS_S	5
#define SAMPLE_MS	200
#define SILENCE_S	180		/* a machine that moves nothing for so long hangs */

/* What this process has besides the guest's RAM, per quarter of the bytes moved. */
struct size {
	unsigned long base, max;
	unsigned long quarter_min[4], quarter_max[4];
};

static struct {
	struct vm vm;
	uint64_t total;			/* per port and direction */
	uint64_t received[3], queued[3];
	SHA256_CTX rx[3], tx[3];
	uint8_t chunk[3][SOAK_CHUNK_MAX];
	size_t have[3];
	uint64_t start_ns, sampled_ns, told_ns, moved;
	struct size size;
} s;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static unsigned long mib(uint64_t bytes)
{
	return bytes >> 20;
}

static void on_port(void *arg, unsigned int port, const void *data, size_t len)
{
	(void)arg;
	SHA256_Update(&s.rx[port], data, len);
	s.received[port] += len;
}

/* Resident KiB without the one mapping that is as large as the guest. */
static unsigned long own_kib(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long kib, size = 0, sum = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Size: %lu", &kib) == 1)
			size = kib;
		else if (sscanf(line, "Rss: %lu", &kib) == 1 && size != MEMORY_KIB)
			sum += kib;
	}
	if (f)
		fclose(f);
	return sum;
}

static unsigned long vm_rss_kib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long kib = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f) && sscanf(line, "VmRSS: %lu", &kib) != 1)
		;
	if (f)
		fclose(f);
	return kib;
}

static uint64_t moved(void)
{
	struct vmm_stats st = { .sz = sizeof(st) };

	vmm__stats(s.vm.vmm, &st);
	return s.received[1] + s.received[2] + st.rx_bytes[1] + st.rx_bytes[2];
}

static void tell(uint64_t now, unsigned long own)
{
	struct vmm_stats st = { .sz = sizeof(st) };

	vmm__stats(s.vm.vmm, &st);
	printf("# %6.1f s: MiB from ports 1 and 2 %lu %lu, to them %lu %lu; "
	       "VmRSS %lu KiB, %lu without the guest's memory\n", (now - s.start_ns) / 1e9,
	       mib(s.received[1]), mib(s.received[2]), mib(st.rx_bytes[1]), mib(st.rx_bytes[2]),
	       vm_rss_kib(), own);
	fflush(stdout);
}

static void sample(void)
{
	uint64_t now = now_ns();
	unsigned long own;
	unsigned int q;

	if (now - s.sampled_ns < SAMPLE_MS * 1000000ull)
		return;
	s.sampled_ns = now;
	own = own_kib();
	if (moved() != s.moved)
		s.vm.deadline_ns = now + SILENCE_S * 1000000000ull;
	s.moved = moved();
	q = s.moved / s.total;	/* four streams of as many bytes: 0 to 4 */
	if (q > 3)
		q = 3;
	if (own > s.size.max)
		s.size.max = own;
	if (own > s.size.quarter_max[q])
		s.size.quarter_max[q] = own;
	if (!s.size.quarter_min[q] || own < s.size.quarter_min[q])
		s.size.quarter_min[q] = own;
	if (now - s.told_ns >= PROGRESS_S * 1000000000ull) {
		s.told_ns = now;
		tell(now, own);
	}
}

/* Queue the next chunk of a port; return: did one go? */
static bool feed(unsigned int port)
{
	uint64_t seed = SOAK_TO_GUEST + port;

	if (!s.have[port]) {
		s.have[port] = soak_chunk(seed, s.queued[port], s.total);
		stream__make(seed, s.queued[port], s.chunk[port], s.have[port]);
		SHA256_Update(&s.tx[port], s.chunk[port], s.have[port]);
	}
	if (!s.have[port] || vmm__port_write(s.vm.vmm, port, s.chunk[port], s.have[port]))
		return false;
	s.queued[port] += s.have[port];
	s.have[port] = 0;
	return true;
}

/* One wait; before it, each port is given a chunk or is full and will say so. */
static bool step(void)
{
	bool fed = feed(1);

	fed = feed(2) || fed;
	sample();
	/* Nobody tells of room that was there all the time, and a flood is no reason to starve. */
	if (fed) {
		vm__take_ports(&s.vm);
		return true;
	}
	return vm__step(&s.vm);
}

static void run(void)
{
	if (!vm__wait_text(&s.vm, 2, "ready\n"))
		return;
	s.start_ns = s.told_ns = now_ns();
	s.size.base = own_kib();
	printf("# the guest is ready for %lu MiB per port and direction; VmRSS %lu KiB, "
	       "%lu without the guest's memory\n", mib(s.total), vm_rss_kib(), s.size.base);
	fflush(stdout);
	while (!s.vm.ended && step())
		;
	tell(now_ns(), own_kib());
}

/* The hash behind @what on COM2. */
static bool guest_hash_is(const char *what, unsigned int port, struct soak_hash want)
{
	char line[128];

	snprintf(line, sizeof(line), "%s %u %s\n", what, port, want.hex);
	return strstr(s.vm.com[1], line);
}

static void judge(void)
{
	struct vmm_stats st = { .sz = sizeof(st) };
	const struct size *z = &s.size;

	for (unsigned int p = 1; p <= 2; p++) {
		ksft_test_result(s.received[p] == s.total &&
				 guest_hash_is("sent", p, soak_hash(&s.rx[p])),
				 "G12_port_%u_guest_to_host\n", p);
		ksft_test_result(s.queued[p] == s.total &&
				 guest_hash_is("received", p, soak_hash(&s.tx[p])),
				 "G12_port_%u_host_to_guest\n", p);
	}
	ksft_print_msg("KiB without the guest's memory: %lu at first, %lu at most; per quarter",
		       z->base, z->max);
	for (int q = 0; q < 4; q++)
		printf(" %lu-%lu", z->quarter_min[q], z->quarter_max[q]);
	printf("\n");
	ksft_test_result(z->max && z->max <= z->base + GROWTH_KIB, "memory_is_bounded\n");
	/* Buffers fill and empty; what only grows would be above them at the end. */
	ksft_test_result(z->quarter_min[3] && z->quarter_min[3] <= z->quarter_max[0] + SLACK_KIB,
			 "memory_is_flat\n");
	vmm__stats(s.vm.vmm, &st);
	ksft_test_result(!st.driver_errors && !st.tx_dropped[1] && !st.tx_dropped[2] &&
			 !st.broken_queues, "nothing_refused_or_dropped\n");
	ksft_test_result(strstr(s.vm.com[1], "\ntainted 0\ndone\n") != NULL,
			 "the_guest_has_no_complaints\n");
}

static void boot(void)
{
	const char *path = getenv("KTSTR_SOAK_GUEST"), *topology = getenv("TOPOLOGY");
	const char *amount = getenv("MIB"), *cap = getenv("OPENSSL_ia32cap");
	struct vm_file files[3] = { { .path = "/init" }, { .path = "/mib" }, { .path = "/ia32cap" } };
	struct ktstr_error e;

	if (!amount || !*amount)
		amount = "1024";
	s.total = strtoull(amount, NULL, 10) << 20;
	files[0].data = vm_read_file(path ? path : "build/vm/soak_guest", &files[0].len);
	files[1].data = amount;
	files[1].len = strlen(amount);
	files[2].data = cap;
	files[2].len = cap ? strlen(cap) : 0;
	if (!s.total || !files[0].data)
		ksft_exit_fail_msg("MIB=%s is no number, or soak_guest cannot be read\n", amount);
	s.vm.on_port = on_port;
	for (int p = 0; p < 3; p++) {
		SHA256_Init(&s.rx[p]);
		SHA256_Init(&s.tx[p]);
	}
	if (vm__boot(&s.vm, topology ? topology : "1,1,2,1", files, cap ? 3 : 2, SILENCE_S, &e))
		ksft_exit_fail_msg("%s\n", e.msg);
	free((void *)files[0].data);
}

static void print_guest(void)
{
	const char *at = s.vm.com[1];

	for (; *at; at += strcspn(at, "\n"), at += *at == '\n')
		printf("# guest: %.*s\n", (int)strcspn(at, "\n"), at);
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(8);
	boot();
	run();
	print_guest();
	judge();
	vm__finish(&s.vm, ksft_get_fail_cnt() > 0);
	ksft_finished();
}
