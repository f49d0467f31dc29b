// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console device with the real Linux driver on the other side: handshake,
 * names, and 16 MiB both ways on ports 1 and 2, compared by checksum. The guest
 * is guest_console.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftests/unit/unit.h"
#include "console_test.h"
#include "stream.h"
#include "vm_boot.h"

struct received {
	uint64_t bytes[KTSTR_NR_PORTS];
	uint32_t crc[KTSTR_NR_PORTS];
};

static void on_port(void *arg, unsigned int port, const void *data, size_t len)
{
	struct received *r = arg;

	r->bytes[port] += len;
	r->crc[port] = crc32(r->crc[port], data, len);
}

FIXTURE(console)
{
	struct vm *vm;
	struct received got;
	struct vm_file init;
};

FIXTURE_VARIANT(console)
{
	const char *topology;
};

FIXTURE_VARIANT_ADD(console, one_vcpu) { .topology = "1,1,1,1" };
FIXTURE_VARIANT_ADD(console, four_vcpus) { .topology = "1,1,4,1" };

FIXTURE_SETUP(console)
{
	const char *path = getenv("KTSTR_GUEST_CONSOLE");
	struct ktstr_error e;

	memset(self, 0, sizeof(*self));
	self->init.path = "/init";
	self->init.data = vm_read_file(path ? path : "build/vm/guest_console", &self->init.len);
	ASSERT_NE(NULL, self->init.data);
	self->vm = calloc(1, sizeof(*self->vm));
	ASSERT_NE(NULL, self->vm);
	self->vm->on_port = on_port;
	self->vm->arg = &self->got;
	ASSERT_EQ(0, vm__boot(self->vm, variant->topology, &self->init, 1, 110, &e))
		TH_LOG("%s", e.msg);
}

FIXTURE_TEARDOWN(console)
{
	if (self->vm)
		vm__finish(self->vm, _metadata->exit_code == KSFT_FAIL);
	free(self->vm);
	free((void *)self->init.data);
}

/* What the guest sends on a port has this checksum. */
static uint32_t crc_of(uint64_t seed)
{
	static char buf[65536];
	struct stream s;

	stream__init(&s, seed);
	while (s.at < CONSOLE_TEST_BYTES)
		stream__fill(&s, buf, sizeof(buf));
	return s.crc;
}

/* Keep both ports' queues full until both streams are queued whole. */
static bool send_both(struct vm *vm)
{
	static char buf[2][65536];
	struct stream s[2];
	size_t have[2] = { 0, 0 };

	for (int i = 0; i < 2; i++)
		stream__init(&s[i], CONSOLE_TEST_SEED + 100 + KTSTR_PORT_BULK + i);
	for (;;) {
		bool moved = false, done = true;

		for (int i = 0; i < 2; i++) {
			if (!have[i] && s[i].at < CONSOLE_TEST_BYTES) {
				have[i] = sizeof(buf[i]);
				stream__fill(&s[i], buf[i], have[i]);
			}
			if (have[i] && !vmm__port_write(vm->vmm, KTSTR_PORT_BULK + i, buf[i],
							have[i])) {
				have[i] = 0;
				moved = true;
			}
			done = done && !have[i] && s[i].at == CONSOLE_TEST_BYTES;
		}
		if (done)
			return true;
		if (!moved && (vm->ended || !vm__step(vm)))
			return false;
	}
}

TEST_F_TIMEOUT(console, linux_sees_three_ports_and_moves_16_mib_both_ways, 120)
{
	struct vmm_stats st = { .sz = sizeof(st) };
	char line[64];

	ASSERT_TRUE(vm__wait_text(self->vm, 2, "sent\n"));
	EXPECT_NE(NULL, strstr(self->vm->com[1], "name 0 " KTSTR_PORT_CONSOLE_NAME "\n"));
	EXPECT_NE(NULL, strstr(self->vm->com[1], "name 1 " KTSTR_PORT_BULK_NAME "\n"));
	EXPECT_NE(NULL, strstr(self->vm->com[1], "name 2 " KTSTR_PORT_STATS_NAME "\n"));
	EXPECT_NE(NULL, strstr(self->vm->com[1], "hvc0 present\n"));
	while (self->got.bytes[1] < CONSOLE_TEST_BYTES || self->got.bytes[2] < CONSOLE_TEST_BYTES)
		ASSERT_TRUE(vm__step(self->vm));
	ASSERT_TRUE(send_both(self->vm));
	EXPECT_TRUE(vm__wait_text(self->vm, 2, "done\n"));
	EXPECT_TRUE(vm__wait_end(self->vm));
	EXPECT_EQ(VMM_END_RESET, vmm__end(self->vm->vmm, NULL, 0));
	for (int port = 1; port <= 2; port++) {
		EXPECT_EQ(CONSOLE_TEST_BYTES, self->got.bytes[port]);
		EXPECT_EQ(crc_of(CONSOLE_TEST_SEED + port), self->got.crc[port]);
		snprintf(line, sizeof(line), "received %d %llu %08x\n", port, CONSOLE_TEST_BYTES,
			 crc_of(CONSOLE_TEST_SEED + 100 + port));
		EXPECT_NE(NULL, strstr(self->vm->com[1], line)) TH_LOG("COM2 lacks %s", line);
	}
	vmm__stats(self->vm->vmm, &st);
	EXPECT_EQ(0, st.driver_errors);
}

TEST_HARNESS_MAIN
