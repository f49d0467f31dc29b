// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile driver in a real machine: real register exits, a real irqfd and real
 * guest memory under the console device. The guest is bare/: it does what its
 * case says and judges the device from its side; here the host's side is judged.
 *
 * It needs no kernel and next to nothing of KVM, so it runs as well on a host
 * whose /dev/kvm could not boot Linux. The letters are those of the cases in the
 * names of the guest's functions; a case ends with a reset of the device, a new
 * initialisation and an echo on every port, whatever it did before.
 *
 * KTSTR_BARE_SCALE=N gives the cases of many rounds N times the rounds and time.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "selftests/unit/unit.h"
#include "bare/token.h"
#include "vm_boot.h"

#define GUEST_MIB	64
#define BIG_GUEST_MIB	(3072 + 64)	/* 64 of them above 4 GiB */
#define TIMEOUT_S	40
#define LIMIT_MS	(in_box() ? 2000 : 3000) /* for a case of many rounds */
#define PIECE		(256u << 10)	/* at least what vm__step() hands over at a time */

/**
 * struct heard - what was heard on a port
 * @sum: of all bytes
 * @buf: begins with the @carry bytes in which a token may have begun
 */
struct heard {
	struct sum sum;
	uint8_t *buf;
	size_t carry;
};

FIXTURE(bare)
{
	struct vm *vm;
	struct heard heard[KTSTR_NR_PORTS];
	uint64_t since_ns;
};

/* What on_port() needs beside the struct heard that it is given. */
static struct vm *echo_vm;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* The guest sees this TSC, but for an offset. */
static unsigned long tsc_khz(void)
{
	uint64_t t0 = now_ns(), c0 = __rdtsc(), t1;

	do {
		t1 = now_ns();
	} while (t1 - t0 < 10000000);
	return (__rdtsc() - c0) * 1000000 / (t1 - t0);
}

/* Send back every whole token; return: bytes done with. */
static size_t echo_tokens(unsigned int port, const uint8_t *data, size_t len)
{
	const uint64_t magic = TOKEN_MAGIC;
	const uint8_t *p = data, *end = data + len, *t;

	while ((t = memmem(p, end - p, &magic, sizeof(magic)))) {
		if ((size_t)(end - t) < sizeof(struct token))
			return t - data;
		vmm__port_write(echo_vm->vmm, port, t, sizeof(struct token));
		p = t + sizeof(struct token);
	}
	return end - p < (ptrdiff_t)sizeof(magic) ? p - data : end - data - (sizeof(magic) - 1);
}

static void on_port(void *arg, unsigned int port, const void *data, size_t len)
{
	struct heard *h = (struct heard *)arg + port;
	size_t done;

	sum_add(&h->sum, data, len);
	memcpy(h->buf + h->carry, data, len);
	len += h->carry;
	done = echo_tokens(port, h->buf, len);
	h->carry = len - done;
	memmove(h->buf, h->buf + done, h->carry);
}

FIXTURE_SETUP(bare)
{
	memset(self, 0, sizeof(*self));
	self->since_ns = now_ns();
	self->vm = calloc(1, sizeof(*self->vm));
	ASSERT_NE(NULL, self->vm);
	for (int i = 0; i < KTSTR_NR_PORTS; i++) {
		self->heard[i].buf = malloc(PIECE + sizeof(struct token));
		ASSERT_NE(NULL, self->heard[i].buf);
	}
	echo_vm = self->vm;
	self->vm->on_port = on_port;
	self->vm->arg = self->heard;
}

/* Another machine for the same test; the first one must have ended. */
static void renew(struct vm *vm)
{
	void *arg = vm->arg;

	vm__finish(vm, false);
	memset(vm, 0, sizeof(*vm));
	vm->on_port = on_port;
	vm->arg = arg;
}

static void print_lines(const char *text, bool all)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (*text == '#' || all)
			printf("#   %.*s\n", (int)strcspn(text, "\n"), text);
}

FIXTURE_TEARDOWN(bare)
{
	struct vmm_stats st = { .sz = sizeof(st) };

	if (self->vm && self->vm->vmm) {
		vmm__stats(self->vm->vmm, &st);
		print_lines(self->vm->com[0], false);
		printf("# %.2f s, %llu exits, %llu interrupts, %llu driver errors\n",
		       (now_ns() - self->since_ns) / 1e9, (unsigned long long)st.exits,
		       (unsigned long long)st.interrupts, (unsigned long long)st.driver_errors);
		fflush(stdout);
		vm__finish(self->vm, _metadata->exit_code == KSFT_FAIL);
	}
	for (int i = 0; i < KTSTR_NR_PORTS; i++)
		free(self->heard[i].buf);
	free(self->vm);
}

static bool in_box(void)
{
	return getenv("KTSTR_IN_BOX") != NULL;
}

/* The guest's program is built beside this one. */
static const char *guest_path(char *buf, size_t len)
{
	ssize_t n = readlink("/proc/self/exe", buf, len - 1);
	char *slash;

	buf[n > 0 ? n : 0] = '\0';
	slash = strrchr(buf, '/');
	snprintf(slash ? slash + 1 : buf, slash ? buf + len - slash - 1 : len, "bare_guest");
	return buf;
}

static unsigned int scale(void)
{
	const char *s = getenv("KTSTR_BARE_SCALE");

	return s && atoi(s) > 0 ? atoi(s) : 1;
}

/* Cases above 4 GiB need a guest that reaches there; its memory is not touched. */
static uint32_t memory_mib(const char *name)
{
	return strstr(name, "above_4_gib") || strstr(name, "two_parts") ?
		BIG_GUEST_MIB : GUEST_MIB;
}

static int boot(struct vm *vm, const char *name, unsigned int cpus, uint64_t arg,
		unsigned int limit_ms, struct ktstr_error *e)
{
	char path[PATH_MAX], cmdline[160];
	struct vmm_opts opts = {
		.sz = sizeof(opts),
		.kernel = guest_path(path, sizeof(path)),
		.cmdline_extra = cmdline,
		.topology = { .nodes = 1, .llcs = 1, .cores = cpus, .threads = 1 },
		.memory_mib = memory_mib(name),
		.in_box = in_box(),
	};

	snprintf(cmdline, sizeof(cmdline), "bare=%s khz=%lu arg=%llu ms=%u", name, tsc_khz(),
		 (unsigned long long)arg, limit_ms);
	return vm__boot_opts(vm, &opts, TIMEOUT_S * scale(), e);
}

/* Return: false if the test ends here. */
static bool start(struct __test_metadata *_metadata, struct vm *vm, unsigned int cpus,
		  uint64_t arg, unsigned int limit_ms)
{
	struct ktstr_error e = { "" };
	int err = boot(vm, _metadata->name, cpus, arg, limit_ms, &e);

	if (err == -ENOENT && access("/dev/kvm", F_OK))
		SKIP(return false, "%s", e.msg);
	if (err == -ENOMEM && memory_mib(_metadata->name) == BIG_GUEST_MIB)
		SKIP(return false, "%s", e.msg);
	EXPECT_EQ(0, err) TH_LOG("%s", e.msg);
	return !err;
}

/* A number that the guest printed behind @key; ~0 if it did not. */
static uint64_t said(const struct vm *vm, const char *key)
{
	const char *p = strstr(vm->com[0], key);

	return p ? strtoull(p + strlen(key), NULL, 10) : ~0ull;
}

static uint64_t kicks(const struct vmm_stats *st)
{
	uint64_t n = 0;

	for (int q = 0; q < KTSTR_NR_QUEUES; q++)
		n += st->kicks[q];
	return n;
}

/* The guest's last words: what was sent, and how often it kicked. */
static void compare_counts(struct __test_metadata *_metadata, const struct vm *vm,
			   const struct heard *heard, const struct vmm_stats *st)
{
	char line[96];

	if (!strstr(vm->com[0], "\nkicks ") && !strstr(vm->com[0], "sent 0 "))
		return;
	EXPECT_EQ(kicks(st), said(vm, "kicks "));
	for (int i = 0; i < KTSTR_NR_PORTS; i++) {
		const struct sum *s = &heard[i].sum;

		snprintf(line, sizeof(line), "sent %d %llu bytes\n", i,
			 (unsigned long long)s->bytes);
		EXPECT_NE(NULL, strstr(vm->com[0], line)) TH_LOG("the host got %s", line);
		EXPECT_EQ(s->bytes, st->tx_bytes[i]);
		EXPECT_EQ(0, st->tx_dropped[i]);
		if (!strstr(vm->com[0], "sum 0 "))
			continue;
		snprintf(line, sizeof(line), "sum %d %llx %llx\n", i, (unsigned long long)s->a,
			 (unsigned long long)s->b);
		EXPECT_NE(NULL, strstr(vm->com[0], line)) TH_LOG("the host got %s", line);
	}
}

/* Wait for the guest's own end; @min_errors is what the host's counter must show at least. */
static void finish(struct __test_metadata *_metadata, struct vm *vm, const struct heard *heard,
		   uint64_t min_errors)
{
	struct vmm_stats st = { .sz = sizeof(st) };

	EXPECT_TRUE(vm__wait_end(vm)) TH_LOG("the guest did not end in time");
	EXPECT_EQ(VMM_END_RESET, vmm__end(vm->vmm, NULL, 0));
	EXPECT_EQ(NULL, strstr(vm->com[0], "FAIL"));
	EXPECT_NE(NULL, strstr(vm->com[0], "done\n"));
	vmm__stats(vm->vmm, &st);
	EXPECT_LE(min_errors, st.driver_errors);
	if (said(vm, "refused ") != ~0ull)
		EXPECT_EQ(said(vm, "refused "), st.driver_errors);
	compare_counts(_metadata, vm, heard, &st);
}

#define START_LIMIT(_cpus, _arg, _ms) do {				\
	if (!start(_metadata, self->vm, _cpus, _arg, _ms))		\
		return;							\
} while (0)
#define START(_cpus, _arg)	START_LIMIT(_cpus, _arg, LIMIT_MS)
/* Whose argument is a number of rounds. */
#define START_ROUNDS(_cpus, _rounds, _ms)				\
	START_LIMIT(_cpus, (_rounds) * (uint64_t)scale(), (_ms) * scale())
#define FINISH(_min_errors)	finish(_metadata, self->vm, self->heard, _min_errors)
#define SAID(_key)		said(self->vm, _key)

/* The machine's own deadline comes first. */
#define BARE_TEST(_name)	TEST_F_TIMEOUT(bare, _name, 3600)

/* Most cases: boot, wait for the end. */
#define PLAIN(_name, _cpus, _arg, _min_errors)				\
BARE_TEST(_name)							\
{									\
	START(_cpus, _arg);						\
	FINISH(_min_errors);						\
}

#define ROUNDS(_name, _cpus, _rounds)					\
BARE_TEST(_name)							\
{									\
	START_ROUNDS(_cpus, _rounds, LIMIT_MS);				\
	FINISH(0);							\
}

/* Accesses */

PLAIN(A3_legal_values_in_illegal_ways, 1, 0, 50)

BARE_TEST(A5_every_width_at_every_offset)
{
	unsigned int bytes = 0;

	START(1, 0);
	FINISH(16384);
	/* 5.3.5.1: every write to emerg_wr of a legal width came through, once. */
	for (const char *p = self->vm->com[0]; *p; p++)
		bytes += *p == 'Z';
	EXPECT_EQ(6, bytes);
}

BARE_TEST(A15_emergency_writes_in_every_state)
{
	START(1, 0);
	FINISH(0);
	EXPECT_NE(NULL, strstr(self->vm->com[0], "emergency abcdef\n"));
}

PLAIN(A5_random_writes, 1, 0, 100)
PLAIN(A5_across_both_ends, 1, 0, 1)
PLAIN(A5_string_instructions, 1, 0, 100)

/* Where KVM gives up on an instruction, the rest still gets its turn. */
BARE_TEST(A5_locked_and_odd_instructions)
{
	char detail[256] = "";
	uint64_t next = 0;
	const char *p;

	for (;;) {
		START(1, next);
		EXPECT_TRUE(vm__wait_end(self->vm));
		if (vmm__end(self->vm->vmm, detail, sizeof(detail)) != VMM_END_ERROR)
			break;
		for (p = self->vm->com[0]; (p = strstr(p, "try ")); p++)
			next = strtoull(p + 4, NULL, 10) + 1;
		printf("# instruction %llu: %s\n", (unsigned long long)next - 1, detail);
		EXPECT_NE('\0', detail[0]);
		renew(self->vm);
	}
	FINISH(0);
}

/* KVM may end the machine for it, or give the guest a fault. */
BARE_TEST(A5_the_window_as_code)
{
	char detail[256] = "";

	START(1, 0);
	EXPECT_TRUE(vm__wait_end(self->vm));
	EXPECT_NE(NULL, strstr(self->vm->com[0], "jump\n"));
	if (vmm__end(self->vm->vmm, detail, sizeof(detail)) != VMM_END_ERROR) {
		FINISH(0);
		return;
	}
	EXPECT_NE('\0', detail[0]);
	printf("# %s\n", detail);
}

/* Queues */

PLAIN(C11_C13_rings_outside_memory, 1, 0, 60)
PLAIN(C11_rings_end_with_memory, 1, 0, 0)
PLAIN(C16_rings_that_overlap, 1, 0, 0)
PLAIN(C18_E28_receive_into_the_rings_themselves, 1, 0, 0)
PLAIN(D1_all_rings_broken_at_once, 1, 0, 40)
PLAIN(D2_an_index_that_goes_back, 1, 0, 3)
PLAIN(D6_a_head_offered_again, 1, 0, 0)
PLAIN(D8_a_scribbled_used_ring_changes_nothing, 1, 0, 0)
PLAIN(D8_a_scribbled_receive_ring_changes_nothing, 1, 0, 0)
PLAIN(D13_E23_used_lengths_of_receive, 1, 0, 0)

/* A broken ring is no secret to the host: each one is in the counter. */
BARE_TEST(D1_D4_E1_E4_E7_a_broken_ring_stops_alone)
{
	struct vmm_stats st = { .sz = sizeof(st) };

	START(1, 0);
	FINISH(80);
	EXPECT_EQ(80, SAID("broken "));
	vmm__stats(self->vm->vmm, &st);
	EXPECT_EQ((1u << KTSTR_NR_QUEUES) - 1, st.broken_queues);
}

/* Descriptors */

PLAIN(E12_E20_transmit_with_nothing_to_read, 1, 0, 20)
PLAIN(E14_E16_E17_transmit_from_no_memory, 1, 0, 200)
PLAIN(E14_E17_E21_receive_into_no_memory, 1, 0, 50)
PLAIN(E21_F20_control_buffers_that_hold_nothing, 1, 0, 17)
PLAIN(E18_the_last_byte_of_memory, 1, 0, 6)
PLAIN(C19_rings_above_4_gib, 1, 0, 0)
PLAIN(E18_the_hole_between_two_parts_of_memory, 1, 0, 6)
PLAIN(E23_transmit_of_a_mixed_chain, 1, 0, 0)
PLAIN(E3_E25_one_mebibyte, 1, 0, 0)
PLAIN(E28_transmit_of_the_rings_themselves, 1, 0, 0)

/* Control protocol and flow */

/* Resident memory in KiB, and open file descriptors. */
static unsigned long resident_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static unsigned int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

#define GROWTH_KIB	1024	/* less than 11 bytes for each of 100,000 of anything */

/* From the guest's "mark" to its end nothing may be left behind. */
static void finish_without_growth(struct __test_metadata *_metadata, struct vm *vm,
				  const struct heard *heard)
{
	unsigned long before, after;
	unsigned int files;

	EXPECT_TRUE(vm__wait_text(vm, 1, "mark\n"));
	before = resident_kib();
	files = open_files();
	finish(_metadata, vm, heard, 0);
	after = resident_kib();
	printf("# resident before %lu KiB, after %lu KiB\n", before, after);
	EXPECT_GE(before + GROWTH_KIB, after);
	EXPECT_EQ(files, open_files());
}

PLAIN(F18_a_full_ring_of_control_frames, 1, 0, 64)

BARE_TEST(F6_F10_F12_control_floods)
{
	START(1, 0);
	finish_without_growth(_metadata, self->vm, self->heard);
}

BARE_TEST(G2_G3_a_host_that_stops_reading)
{
	self->vm->hold = 1u << KTSTR_PORT_BULK;
	START(1, 0);
	ASSERT_TRUE(vm__wait_text(self->vm, 1, "full\n"));
	EXPECT_EQ(0, self->heard[KTSTR_PORT_BULK].sum.bytes);
	self->vm->hold = 0;
	vm__take_ports(self->vm);
	FINISH(0);
}

PLAIN(cost_of_one_kick, 1, in_box() ? 1 : 3, 0)

/* Notifications, interrupts, several CPUs */

PLAIN(H1_notify_values, 1, 0, 20)
PLAIN(H4_interrupts_without_ack, 1, 0, 0)
PLAIN(H4_interrupts_sent_anywhere, 1, 0, 0)
PLAIN(H4_isr_and_ack, 1, 0, 0)
ROUNDS(H6_a_driver_that_trusts_the_flags, 1, 300)
ROUNDS(H3_a_storm_of_notifications, 4, 5000)
ROUNDS(H8_kicks_toggles_and_resets_on_all_cpus, 4, 5000)
ROUNDS(E27_payload_that_changes_while_it_is_read, 2, 300)
ROUNDS(E27_rings_that_change_while_they_are_read, 2, 5000)

/* A guest that does its worst on all CPUs has no say in whether it goes on. */
BARE_TEST(H3_a_storm_that_does_not_end)
{
	START(4, 1000);
	ASSERT_TRUE(vm__wait_text(self->vm, 1, "storm\n"));
	for (int i = 0; i < 20; i++)
		vmm__port_write(self->vm->vmm, i % KTSTR_NR_PORTS, "x", 1);
	usleep(200000);
	vmm__stop(self->vm->vmm);
	vmm__final_drain(self->vm->vmm);
	EXPECT_EQ(VMM_END_STOPPED, vmm__end(self->vm->vmm, NULL, 0));
	EXPECT_EQ(NULL, strstr(self->vm->com[0], "FAIL"));
}

/* Numbers in a row, until the guest has enough. */
BARE_TEST(D14_payload_then_element_then_index)
{
	static uint64_t numbers[8192];
	uint64_t next = 0;

	START_ROUNDS(2, 1000000, LIMIT_MS);
	ASSERT_TRUE(vm__wait_text(self->vm, 1, "stream\n"));
	while (!strstr(self->vm->com[0], "enough\n")) {
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
			numbers[i] = next + i;
		if (!vmm__port_write(self->vm->vmm, KTSTR_PORT_BULK, numbers, sizeof(numbers))) {
			next += sizeof(numbers) / sizeof(numbers[0]);
			continue;
		}
		ASSERT_TRUE(vm__step(self->vm));
		ASSERT_FALSE(self->vm->ended);
	}
	ASSERT_EQ(0, vmm__port_write(self->vm->vmm, KTSTR_PORT_CONSOLE, "", 1));
	FINISH(0);
}

/* Life */

BARE_TEST(I2_resets_under_traffic)
{
	START_ROUNDS(1, 100000, in_box() ? 4000 : 9000);
	finish_without_growth(_metadata, self->vm, self->heard);
}

/*
 * The final drain meets rings that nobody looked at before. A terabyte may be on
 * offer: it comes in pieces, and what waits for the reader is bounded.
 */
BARE_TEST(hostile_last_words)
{
	/* What the shapes of case_flow.c leave behind on each port, in KiB. */
	static const size_t kib[] = { 0, 0, 64, 0, 0, 8192, 0, 8192 };
	static uint8_t buf[KTSTR_TX_BUF_MAX];

	for (unsigned int shape = 0; shape < sizeof(kib) / sizeof(kib[0]); shape++) {
		self->vm->hold = (1u << KTSTR_NR_PORTS) - 1;
		START(1, shape);
		EXPECT_TRUE(vm__wait_end(self->vm));
		EXPECT_EQ(VMM_END_RESET, vmm__end(self->vm->vmm, NULL, 0));
		EXPECT_EQ(NULL, strstr(self->vm->com[0], "FAIL"));
		for (int port = 0; port < KTSTR_NR_PORTS; port++)
			EXPECT_EQ(kib[shape] << 10,
				  vmm__port_read(self->vm->vmm, port, buf, sizeof(buf)));
		EXPECT_GE(200u << 10, resident_kib());
		renew(self->vm);
	}
}

PLAIN(I5_a_new_driver_without_a_reset_by_the_old, 1, 0, 0)

TEST_HARNESS_MAIN
