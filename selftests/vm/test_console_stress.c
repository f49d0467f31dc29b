// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console device under the real Linux driver, driven hard: taken off and put
 * on, suspended, opened and closed, written to in small pieces, not read, lied
 * to. The guest is guest_stress.c; what both agree on is in stress.h.
 *
 * KTSTR_FULL=1 runs the long variants.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/cpio.h"
#include "selftests/unit/unit.h"
#include "ktstr_run.h"
#include "stress_host.h"

#define NR(full, short) (ktstr_run__full() ? (full) : (short))

/* Only what hangs is to meet this: an emulated machine is slow, and may have little time. */
#define TIMEOUT_S 3600
#define DEADLINE_S NR(TIMEOUT_S - 10, 240)

/* Boot with the plan in st->plan, or fail the test. */
#define BOOT(topology, more, nr, timeout) do {						\
	struct ktstr_error e;								\
											\
	ASSERT_EQ(0, stress__boot(self->st, topology, more, nr, timeout, &e))		\
		TH_LOG("%s", e.msg);							\
} while (0)

/* Until COM2 has said @text; a guest whose kernel cannot do what the test is about says so. */
#define WAIT_OR_SKIP(text) do {								\
	bool said = stress__wait(self->st, text);					\
	const char *skipped = strstr(self->st->vm.com[1], "\nskip ");			\
											\
	if (skipped)									\
		SKIP(return, "the kernel lacks %.*s",					\
		     (int)strcspn(skipped + 6, ":\n"), skipped + 6);			\
	ASSERT_TRUE(said) TH_LOG("no %s", text);					\
} while (0)

/* Every byte whose write() returned is here, once and in order, and nothing else came. */
#define EXPECT_ALL_ARRIVED() do {							\
	EXPECT_EQ(STRESS_NEVER, self->st->stream[1].bad_at);				\
	EXPECT_EQ(STRESS_NEVER, self->st->stream[2].bad_at);				\
	EXPECT_EQ(stress__number(self->st, "\nsent 1 "), self->st->stream[1].got);	\
	EXPECT_EQ(stress__number(self->st, "\nsent 2 "), self->st->stream[2].got);	\
	EXPECT_FALSE(self->st->bad_line);						\
} while (0)

/* The guest came to its end, and its kernel had nothing to warn of. */
#define EXPECT_GOOD_END(taint) do {							\
	WAIT_OR_SKIP("\ndone\n");							\
	EXPECT_TRUE(stress__wait_end(self->st));					\
	EXPECT_EQ(VMM_END_RESET, vmm__end(self->st->vm.vmm, NULL, 0));			\
	EXPECT_EQ(taint, stress__number(self->st, "\ntainted "));			\
} while (0)

/* Fixtures differ in their variants only. */
#define STRESS_FIXTURE(name)								\
FIXTURE_SETUP(name)									\
{											\
	self->st = calloc(1, sizeof(*self->st));					\
	ASSERT_NE(NULL, self->st);							\
}											\
FIXTURE_TEARDOWN(name)									\
{											\
	stress__finish(self->st, _metadata->exit_code == KSFT_FAIL);			\
}

FIXTURE(reset)
{
	struct stress *st;
};

FIXTURE_VARIANT(reset)
{
	const char *topology, *by;
	unsigned int rounds, rounds_full;
};

FIXTURE_VARIANT_ADD(reset, unbind_one_vcpu) {
	.topology = "1,1,1,1", .by = "unbind", .rounds = 100, .rounds_full = 1000,
};
FIXTURE_VARIANT_ADD(reset, unbind_two_vcpus) {
	.topology = "1,1,2,1", .by = "unbind", .rounds = 20, .rounds_full = 200,
};
FIXTURE_VARIANT_ADD(reset, suspend) {
	.topology = "1,1,1,1", .by = "suspend", .rounds = 20, .rounds_full = 200,
};

STRESS_FIXTURE(reset)

TEST_F_TIMEOUT(reset, I4_under_traffic_loses_and_doubles_nothing, TIMEOUT_S)
{
	unsigned int rounds = NR(variant->rounds_full, variant->rounds);

	snprintf(self->st->plan, sizeof(self->st->plan), "reset rounds=%u bytes=65536 %s", rounds,
		 variant->by);
	BOOT(variant->topology, NULL, 0, DEADLINE_S);
	self->st->feed = true;
	EXPECT_GOOD_END(0);
	EXPECT_ALL_ARRIVED();
	EXPECT_EQ(rounds + 1, self->st->rounds);
	EXPECT_EQ(rounds, stress__number(self->st, "resets "));
	/*
	 * Linux suspends by a reset, then throws away what its buffers hold, and
	 * kicks for every one: that much it may have done wrong.
	 */
	EXPECT_LE(stress__driver_errors(self->st), variant->by[0] == 's' ?
		  rounds * (KTSTR_NR_PORTS - 1ul) * KTSTR_QUEUE_SIZE_MAX : 0);
	stress__print(self->st, "sent");
	stress__print(self->st, "records");
	stress__print(self->st, "resets");
}

FIXTURE(stress)
{
	struct stress *st;
};

STRESS_FIXTURE(stress)

#define PLAN(...) snprintf(self->st->plan, sizeof(self->st->plan), __VA_ARGS__)

TEST_F_TIMEOUT(stress, F12_opening_and_closing_loses_what_linux_throws_away_and_no_more, TIMEOUT_S)
{
	unsigned int rounds = NR(10000, 2000);

	PLAN("storm rounds=%u", rounds);
	BOOT("1,1,1,1", NULL, 0, DEADLINE_S);
	self->st->feed = true;
	ASSERT_TRUE(stress__wait(self->st, "\nstormed "));
	self->st->feed = false;
	for (unsigned int port = 1; port <= 2; port++) {
		while (!stress__send(self->st, port, 1, true)) {
			ASSERT_TRUE(stress__step(self->st));
		}
	}
	EXPECT_GOOD_END(0);
	EXPECT_ALL_ARRIVED();
	/* What was queued while a port was closed has all been received, later. */
	EXPECT_EQ(self->st->stream[1].queued, stress__number(self->st, "\nreceived 1 "));
	EXPECT_EQ(self->st->stream[2].queued, stress__number(self->st, "\nreceived 2 "));
	EXPECT_EQ(0, stress__driver_errors(self->st));
	stress__print(self->st, "stormed");
	stress__print(self->st, "records");
	stress__print(self->st, "sent");
}

TEST_F_TIMEOUT(stress, what_comes_while_a_port_is_closed_is_there_when_it_opens, TIMEOUT_S)
{
	unsigned int rounds = NR(200, 20), records = 250;
	char text[64];

	PLAN("pending rounds=%u records=%u", rounds, 4 * records);
	BOOT("1,1,1,1", NULL, 0, DEADLINE_S);
	for (unsigned int i = 0; i < rounds; i++) {
		snprintf(text, sizeof(text), "\nclosed %u\n", i);
		ASSERT_TRUE(stress__wait(self->st, text));
		for (int n = 0; n < 4; n++) {
			ASSERT_TRUE(stress__send(self->st, 1, records, false));
		}
		ASSERT_TRUE(stress__send(self->st, 2, 1, false));
	}
	EXPECT_GOOD_END(0);
	EXPECT_EQ(self->st->stream[1].queued, stress__number(self->st, "\nreceived 1 "));
	EXPECT_EQ(self->st->stream[2].queued, stress__number(self->st, "\nreceived 2 "));
	EXPECT_EQ(0, stress__driver_errors(self->st));
	stress__print(self->st, "records");
}

/* Both vCPU threads, and everything else of this process, on one CPU. */
static bool one_cpu(void)
{
	cpu_set_t set;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		return false;
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

TEST_F_TIMEOUT(stress, H11_two_vcpus_on_one_cpu_write_in_small_pieces, TIMEOUT_S)
{
	unsigned int writes[2] = { NR(20000, 1000), 100000 };
	const char *names[2] = { "hvc0", "port 1" };

	ASSERT_TRUE(one_cpu());
	PLAN("vimto writes=%u console_writes=%u", writes[1], writes[0]);
	self->st->shorts[0].on = true;
	self->st->shorts[1].on = true;
	BOOT("1,1,2,1", NULL, 0, DEADLINE_S);
	EXPECT_GOOD_END(0);
	for (int port = 0; port < 2; port++) {
		struct stress_short *s = &self->st->shorts[port];

		EXPECT_FALSE(s->bad) TH_LOG("%s: write %llu", names[port], s->writes);
		EXPECT_EQ(0, s->left);
		EXPECT_EQ(writes[port], s->writes);
		printf("# %s: %llu writes, %llu and %llu bytes behind their headers\n", names[port],
		       (unsigned long long)s->writes, (unsigned long long)s->off[0],
		       (unsigned long long)s->off[1]);
	}
	EXPECT_EQ(0, stress__driver_errors(self->st));
	stress__print(self->st, "writer");
	stress__print(self->st, "port in");
	stress__print(self->st, "console in");
}

#define PORTS_1_AND_2	(1u << KTSTR_PORT_BULK | 1u << KTSTR_PORT_STATS)

/*
 * What a port takes when the host does not read, to the byte: the device's buffer
 * is full in the middle of a write, for the first one is short, and the driver's
 * ring is full of its largest ones, of which the first is half done.
 */
#define FIRST	1000ull
#define LARGEST	32768ull
#define FULL	(FIRST + (KTSTR_TX_BUF_MAX - FIRST) / LARGEST * LARGEST + \
		 KTSTR_QUEUE_SIZE_MAX * LARGEST)

TEST_F_TIMEOUT(stress, G2_G3_a_host_that_does_not_read_for_a_second_loses_nothing, TIMEOUT_S)
{
	PLAN("hold first=%llu full=%llu more=%u", FIRST, FULL, 4u << 20);
	self->st->vm.hold = PORTS_1_AND_2;
	BOOT("1,1,1,1", NULL, 0, DEADLINE_S);
	ASSERT_TRUE(stress__wait(self->st, "\nfull 1 "));
	ASSERT_TRUE(stress__wait(self->st, "\nfull 2 "));
	EXPECT_EQ(0, self->st->stream[1].got + self->st->stream[2].got);
	/* The guest's writers are blocked; it has nothing left to kick with. */
	sleep(1);
	self->st->vm.hold = 0;
	vm__take_ports(&self->st->vm);
	EXPECT_GOOD_END(0);
	EXPECT_ALL_ARRIVED();
	EXPECT_EQ(FULL + (4 << 20), self->st->stream[1].got);
	EXPECT_EQ(0, stress__driver_errors(self->st));
	stress__print(self->st, "full");
	stress__print(self->st, "sent");
}

TEST_F_TIMEOUT(stress, all_that_write_took_arrives_when_the_driver_goes, TIMEOUT_S)
{
	PLAN("last_words first=%llu full=%llu more=100000", FIRST, FULL);
	self->st->vm.hold = PORTS_1_AND_2;
	BOOT("1,1,1,1", NULL, 0, DEADLINE_S);
	ASSERT_TRUE(stress__wait(self->st, "\nrebound"));
	self->st->vm.hold = 0;
	vm__take_ports(&self->st->vm);
	for (int port = 1; port <= 2; port++) {
		while (self->st->stream[port].got < FULL + 100000) {
			ASSERT_TRUE(stress__step(self->st))
				TH_LOG("port %d: bytes are missing", port);
		}
		ASSERT_TRUE(stress__send(self->st, port, 1, true));
	}
	EXPECT_GOOD_END(0);
	EXPECT_ALL_ARRIVED();
	EXPECT_EQ(FULL + 100000, self->st->stream[1].got);
	EXPECT_NE(NULL, strstr(self->st->vm.com[1], "\nblocked writer: No such device\n"));
	EXPECT_EQ(0, stress__driver_errors(self->st));
	stress__print(self->st, "full");
	stress__print(self->st, "sent");
}

TEST_F_TIMEOUT(stress, G11_a_host_that_hangs_up_is_waited_for, TIMEOUT_S)
{
	unsigned int rounds = NR(120, 12);
	char text[64];

	PLAN("connect rounds=%u", rounds);
	BOOT("1,1,1,1", NULL, 0, DEADLINE_S);
	self->st->feed = true;
	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int port = 1 + (i & 1);

		snprintf(text, sizeof(text), "\nready %u\n", i);
		ASSERT_TRUE(stress__wait(self->st, text));
		ASSERT_TRUE(stress__connect(self->st, port, false));
		snprintf(text, sizeof(text), "\ngone %u\n", i);
		ASSERT_TRUE(stress__wait(self->st, text));
		ASSERT_TRUE(stress__connect(self->st, port, true));
	}
	EXPECT_GOOD_END(0);
	EXPECT_ALL_ARRIVED();
	EXPECT_EQ(0, stress__driver_errors(self->st));
	stress__print(self->st, "sent");
}

/* All threads, those of the vCPUs too, stand still; return: did they go on? */
static bool stop_for_a_second(void)
{
	pid_t machine = getpid(), pid = fork();

	if (!pid) {
		kill(machine, SIGSTOP);
		sleep(1);
		_exit(!!kill(machine, SIGCONT));
	}
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

TEST_F_TIMEOUT(stress, H10_a_machine_stopped_by_signals_under_traffic_loses_nothing, TIMEOUT_S)
{
	PLAN("reset rounds=4 bytes=1000000 unbind");
	BOOT("1,1,2,1", NULL, 0, DEADLINE_S);
	self->st->feed = true;
	for (int i = 1; i <= 3; i++) {
		while (self->st->stream[1].got < i * 100000ull) {
			ASSERT_TRUE(stress__step(self->st));
			ASSERT_FALSE(self->st->vm.ended);
		}
		ASSERT_TRUE(stop_for_a_second());
	}
	EXPECT_GOOD_END(0);
	EXPECT_ALL_ARRIVED();
	EXPECT_EQ(0, stress__driver_errors(self->st));
	stress__print(self->st, "sent");
}

static struct vm_file file_at(const char *path, const char *env, const char *dflt)
{
	const char *from = getenv(env);
	struct vm_file f = { .path = path };

	f.data = vm_read_file(from ? from : dflt, &f.len);
	return f;
}

#define STATUS_NEEDS_RESET	0x40

TEST_F_TIMEOUT(stress, D1_D2_D4_E1_E7_H1_H3_a_hostile_linux_harms_itself_only, TIMEOUT_S)
{
	static const struct {
		const char *name;
		bool breaks, errs;
	} tricks[] = {
		{ "jump", true, true }, { "back", true, true }, { "head", true, true },
		{ "loop", true, true }, { "indirect", true, true }, { "registers", false, true },
		{ "kicks", false, false }, { "failed", false, false },
	};
	struct vm_file module = file_at("/hostile.ko", "KTSTR_HOSTILE",
					"build/vm/hostile/hostile.ko");
	uint64_t errors = 0, now, status;
	char text[64];

	ASSERT_NE(NULL, module.data);
	PLAN("hostile kicks=%u", NR(100000, 20000));
	BOOT("1,1,1,1", &module, 1, DEADLINE_S);
	self->st->feed = true;
	for (unsigned int i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
		snprintf(text, sizeof(text), "\noutlived %s\n", tricks[i].name);
		WAIT_OR_SKIP(text);
		now = stress__driver_errors(self->st);
		snprintf(text, sizeof(text), "\ntrick %s status ", tricks[i].name);
		status = stress__number(self->st, text);
		printf("# %s: %llu driver errors, status %#llx\n", tricks[i].name,
		       (unsigned long long)(now - errors), (unsigned long long)status);
		EXPECT_EQ(tricks[i].breaks, !!(status & STATUS_NEEDS_RESET));
		EXPECT_EQ(tricks[i].errs, now > errors);
		errors = now;
	}
	/* A module that was not built with the kernel taints it, and nothing else does. */
	EXPECT_GOOD_END(4096);
	EXPECT_ALL_ARRIVED();
	stress__print(self->st, "trick");
	stress__print(self->st, "sent");
	free((void *)module.data);
}

FIXTURE(kexec)
{
	struct stress *st;
};

FIXTURE_VARIANT(kexec)
{
	const char *how;
};

FIXTURE_VARIANT_ADD(kexec, with_reset) { .how = "" };
FIXTURE_VARIANT_ADD(kexec, without_reset) { .how = "silent" };

STRESS_FIXTURE(kexec)

/* The second kernel's initramfs: the same init with a plan of its own. */
static struct vm_file second_initrd(const struct vm_file *init)
{
	struct vm_file f = { .path = "/initrd" };
	struct cpio *c = cpio__new();
	const struct iovec *iov;
	uint8_t *at;
	int nr;

	if (!c || cpio__file(c, "/init", 0755, init->data, init->len) ||
	    cpio__file(c, "/plan", 0644, "second", 6) || cpio__dir(c, "/dev", 0755) ||
	    cpio__finish(c))
		return f;
	f.data = at = malloc(cpio__size(c));
	f.len = cpio__size(c);
	iov = cpio__iov(c, &nr);
	for (int i = 0; at && i < nr; at += iov[i++].iov_len)
		memcpy(at, iov[i].iov_base, iov[i].iov_len);
	cpio__free(c);
	return f;
}

static const char *bzimage(char *buf, size_t len)
{
	const char *cache = getenv("XDG_CACHE_HOME");

	snprintf(buf, len, "%s%s/ktstr/kernels/default/bzImage", cache ? cache : getenv("HOME"),
		 cache ? "" : "/.cache");
	return buf;
}

TEST_F_TIMEOUT(kexec, I5_the_next_kernel_finds_a_clean_device, TIMEOUT_S)
{
	struct vm_file init = file_at("", "KTSTR_GUEST_STRESS", "build/vm/guest_stress");
	char path[512];
	struct vm_file more[] = {
		file_at("/bzImage", "KTSTR_BZIMAGE", bzimage(path, sizeof(path))),
		second_initrd(&init),
		file_at("/hostile.ko", "KTSTR_HOSTILE", "build/vm/hostile/hostile.ko"),
	};

	ASSERT_NE(NULL, more[0].data);
	ASSERT_NE(NULL, more[1].data);
	ASSERT_NE(NULL, more[2].data);
	PLAN("kexec %s", variant->how);
	BOOT("1,1,1,1", more, 3, DEADLINE_S);
	/* Nothing is under way to the first kernel's buffers: they are the second's memory. */
	WAIT_OR_SKIP("second\n");
	self->st->feed = true;
	EXPECT_GOOD_END(0);
	EXPECT_ALL_ARRIVED();
	EXPECT_EQ(2, self->st->rounds);
	EXPECT_EQ(0, stress__driver_errors(self->st));
	stress__print(self->st, "sent");
	for (int i = 0; i < 3; i++)
		free((void *)more[i].data);
	free((void *)init.data);
}

TEST_HARNESS_MAIN
