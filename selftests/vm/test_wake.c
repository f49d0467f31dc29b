// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each wake byte on port 0 does what ports.h says, in a real guest with ktstr's
 * own PID 1, and every frame that the guest sends on port 1 is a good one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/plan.h>
#include <ktstr/wire.h>

#include "host/assembler.h"
#include "selftests/unit/unit.h"
#include "vm_boot.h"

extern const char ktstr_guest_init[], ktstr_guest_init_end[];

/* A window far longer than the test: only a wake byte ends it. */
static const char plan[] =
	KTSTR_PLAN_MAGIC "\n"
	"scenario wake\n"
	"seed 1\n"
	"duration-ms 600000\n"
	"op cgroup cg=a cpus=0 at=wake:1\n"
	"op spawn cg=a name=w0 kind=spin nr=1 group=1 at=wake:2\n"
	"op hold ms=600000 at=wake:3\n"
	"ack-timeout-ms 1000\n"
	"end\n";

struct heard {
	struct assembler *assembler;
	uint32_t last_type;
	uint32_t status;	/* of TEST */
	bool payload, test, exit;
	char wakes[1024];	/* reasons of LIFE WAKE, one a line */
	char dmsg[128 << 10];	/* kernel log */
};

static void append(char *dst, size_t size, const void *data, size_t len)
{
	size_t have = strlen(dst);

	if (len > size - 1 - have)
		len = size - 1 - have;
	memcpy(dst + have, data, len);
	dst[have + len] = '\0';
}

static void on_life(struct heard *h, const struct assembler_frame *f)
{
	struct ktstr_life life;

	if (f->len < sizeof(life))
		return;
	memcpy(&life, f->data, sizeof(life));
	if (life.phase == KTSTR_LIFE_PAYLOAD)
		h->payload = true;
	if (life.phase == KTSTR_LIFE_WAKE) {
		append(h->wakes, sizeof(h->wakes), f->data + sizeof(life), f->len - sizeof(life));
		append(h->wakes, sizeof(h->wakes), "\n", 1);
	}
}

static void on_frame(void *arg, const struct assembler_frame *f)
{
	struct heard *h = arg;

	h->last_type = f->type;
	if (f->type == KTSTR_T_LIFE)
		on_life(h, f);
	if (f->type == KTSTR_T_DMSG)
		append(h->dmsg, sizeof(h->dmsg), f->data, f->len);
	if (f->type == KTSTR_T_TEST && f->len >= sizeof(struct ktstr_test_result)) {
		memcpy(&h->status, f->data, sizeof(h->status));
		h->test = true;
	}
	if (f->type == KTSTR_T_EXIT)
		h->exit = true;
}

static void on_port(void *arg, unsigned int port, const void *data, size_t len)
{
	struct heard *h = arg;

	if (port == KTSTR_PORT_BULK)
		assembler__feed(h->assembler, data, len);
}

FIXTURE(wake)
{
	struct vm *vm;
	struct heard *h;
};

FIXTURE_SETUP(wake)
{
	const struct vm_file files[] = {
		{ "/init", ktstr_guest_init, ktstr_guest_init_end - ktstr_guest_init },
		{ KTSTR_PLAN_PATH, plan, sizeof(plan) - 1 },
	};
	struct ktstr_error e;

	self->vm = calloc(1, sizeof(*self->vm));
	self->h = calloc(1, sizeof(*self->h));
	ASSERT_NE(NULL, self->vm);
	ASSERT_NE(NULL, self->h);
	self->h->assembler = assembler__new(on_frame, self->h);
	ASSERT_NE(NULL, self->h->assembler);
	self->vm->on_port = on_port;
	self->vm->arg = self->h;
	ASSERT_EQ(0, vm__boot(self->vm, "1,1,1,1", files, 2, 80, &e)) TH_LOG("%s", e.msg);
	while (!self->h->payload)
		ASSERT_TRUE(vm__step(self->vm));
}

/* Whatever was tested, no frame was lost or damaged on the way. */
FIXTURE_TEARDOWN(wake)
{
	const struct assembler_stats *st = assembler__stats(self->h->assembler);
	bool failed;

	EXPECT_EQ(0, st->corrupt);
	EXPECT_EQ(0, st->unknown);
	EXPECT_EQ(0, st->lost);
	EXPECT_EQ(0, st->skipped);
	failed = _metadata->exit_code == KSFT_FAIL;
	if (failed)
		printf("# wakes: %s\n# dmsg: %s\n", self->h->wakes, self->h->dmsg);
	fflush(stdout);
	vm__finish(self->vm, failed);
	assembler__free(self->h->assembler);
	free(self->h);
	free(self->vm);
}

#define SEND(_byte) do {								\
	const uint8_t byte_ = _byte;							\
	ASSERT_EQ(0, vmm__port_write(self->vm->vmm, KTSTR_PORT_CONSOLE, &byte_, 1));	\
} while (0)

#define WAIT(_condition)								\
	while (!(_condition))								\
		ASSERT_TRUE(vm__step(self->vm)) TH_LOG("never saw: %s", #_condition)

TEST_F_TIMEOUT(wake, dump_byte_triggers_sysrq_d, 90)
{
	SEND(KTSTR_WAKE_DUMP);
	WAIT(strstr(self->h->wakes, "dump"));
	WAIT(strstr(self->h->dmsg, "sysrq: Trigger sched_ext debug dump"));
	EXPECT_FALSE(self->h->exit);
}

TEST_F_TIMEOUT(wake, bpf_done_and_symbols_bytes_are_recorded, 90)
{
	SEND(KTSTR_WAKE_BPF_DONE);
	WAIT(strstr(self->h->wakes, "bpf-done"));
	SEND(KTSTR_WAKE_SYMBOLS);
	WAIT(strstr(self->h->wakes, "symbols"));
	EXPECT_FALSE(self->h->exit);
}

TEST_F_TIMEOUT(wake, unknown_bytes_change_nothing, 90)
{
	SEND('d');
	SEND(0x03);	/* what a terminal would make a SIGINT of */
	SEND(0x00);
	SEND(KTSTR_WAKE_SYMBOLS);
	WAIT(strstr(self->h->wakes, "symbols"));
	EXPECT_EQ(NULL, strstr(self->h->wakes, "dump"));
	EXPECT_FALSE(self->h->exit);
	EXPECT_FALSE(self->vm->ended);
}

TEST_F_TIMEOUT(wake, shutdown_byte_ends_the_run_in_order, 90)
{
	SEND(KTSTR_WAKE_SHUTDOWN);
	WAIT(self->h->exit);
	EXPECT_TRUE(self->h->test);
	EXPECT_EQ(KTSTR_GUEST_ABORTED, self->h->status);
	/* Nobody acknowledges here: the guest reboots after its time-out. */
	EXPECT_TRUE(vm__wait_end(self->vm));
	EXPECT_EQ(VMM_END_RESET, vmm__end(self->vm->vmm, NULL, 0));
	EXPECT_EQ(KTSTR_T_EXIT, self->h->last_type);
}

TEST_HARNESS_MAIN
