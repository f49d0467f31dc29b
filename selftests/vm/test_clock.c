// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clock: markers go into a guest of two CPUs and come back, and what the guest's
 * TSC and clocks were then is held against the host's own. The guest is guest_clock.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/assembler.h"
#include "host/event_clock.h"
#include "host/reply_frame.h"
#include "selftests/unit/unit.h"
#include "vm_boot.h"

#define MARKERS		100
#define CPUS		2

/* What is between the host and this guest. */
struct wire {
	struct vm *vm;
	struct assembler *assembler;
	struct reply_frames frames;
	struct event_clock clock;
	uint64_t heard;
};

static void on_frame(void *arg, const struct assembler_frame *f)
{
	struct wire *w = arg;
	struct ktstr_clock k;
	struct vmm_time at;

	vmm__time(&at);
	if (f->type != KTSTR_T_CLCK || f->len != sizeof(k) || f->corrupt)
		return;
	memcpy(&k, f->data, sizeof(k));
	event_clock__heard(&w->clock, &k, &at);
	w->heard++;
}

static void on_port(void *arg, unsigned int port, const void *data, size_t len)
{
	struct wire *w = arg;

	if (port == KTSTR_PORT_BULK)
		assembler__feed(w->assembler, data, len);
}

static int write_bulk(void *arg, const void *data, size_t len)
{
	struct wire *w = arg;

	return vmm__port_write(w->vm->vmm, KTSTR_PORT_BULK, data, len);
}

FIXTURE(clock)
{
	struct vm *vm;
	struct wire *wire;
	struct vm_file init;
	struct vmm_clock facts;
};

FIXTURE_SETUP(clock)
{
	const char *path = getenv("KTSTR_GUEST_CLOCK");
	struct ktstr_error e;

	memset(self, 0, sizeof(*self));
	self->init.path = "/init";
	self->init.data = vm_read_file(path ? path : "build/vm/guest_clock", &self->init.len);
	ASSERT_NE(NULL, self->init.data);
	self->vm = calloc(1, sizeof(*self->vm));
	self->wire = calloc(1, sizeof(*self->wire));
	ASSERT_NE(NULL, self->vm);
	ASSERT_NE(NULL, self->wire);
	self->wire->vm = self->vm;
	self->wire->assembler = assembler__new(on_frame, self->wire);
	ASSERT_NE(NULL, self->wire->assembler);
	self->wire->frames = (struct reply_frames){ .write = write_bulk, .arg = self->wire };
	self->vm->on_port = on_port;
	self->vm->arg = self->wire;
	ASSERT_EQ(0, vm__boot(self->vm, "1,1,2,1", &self->init, 1, 110, &e))
		TH_LOG("%s", e.msg);
	self->facts.sz = sizeof(self->facts);
	vmm__clock(self->vm->vmm, &self->facts);
	event_clock__machine(&self->wire->clock, &self->facts);
}

FIXTURE_TEARDOWN(clock)
{
	if (self->vm)
		vm__finish(self->vm, _metadata->exit_code == KSFT_FAIL);
	if (self->wire)
		assembler__free(self->wire->assembler);
	free(self->wire);
	free(self->vm);
	free((void *)self->init.data);
}

static bool wait_heard(struct vm *vm, struct wire *w, uint64_t count)
{
	while (w->heard < count)
		if (vm->ended || !vm__step(vm))
			return false;
	return true;
}

/* One marker there and back. */
static bool mark(struct vm *vm, struct wire *w)
{
	struct ktstr_ping ping = { .id = htole64(w->clock.sent + 1) };
	struct vmm_time at;

	vmm__time(&at);
	if (reply_frame__send(&w->frames, KTSTR_T_PING, &ping, sizeof(ping)))
		return false;
	event_clock__asked(&w->clock, &at);
	return wait_heard(vm, w, w->heard + 1);
}

/* ACKR, the last reading, the end of the machine, and the facts after it. */
static bool run_out(struct vm *vm, struct wire *w, struct vmm_clock *facts)
{
	if (reply_frame__send(&w->frames, KTSTR_T_ACKR, NULL, 0) || !vm__wait_end(vm))
		return false;
	vmm__clock(vm->vmm, facts);
	event_clock__machine(&w->clock, facts);
	return true;
}

TEST_F_TIMEOUT(clock, markers_are_read_between_question_and_answer_on_every_cpu, 120)
{
	struct event_clock_result r;
	struct event_clock *c = &self->wire->clock;
	uint64_t at, back;
	char text[256];

	ASSERT_TRUE(self->facts.valid & VMM_CLOCK_OFFSET);
	ASSERT_TRUE(self->facts.valid & VMM_CLOCK_KHZ);
	ASSERT_TRUE(self->facts.valid & VMM_CLOCK_BEFORE);
	ASSERT_FALSE(self->facts.valid & VMM_CLOCK_AFTER);
	ASSERT_TRUE(wait_heard(self->vm, self->wire, 1));
	for (int i = 0; i < MARKERS; i++) {
		const struct event_clock_ping *p = &c->last;

		ASSERT_TRUE(mark(self->vm, self->wire));
		ASSERT_EQ(i + 1, c->answered);
		at = p->guest.cycles - self->facts.tsc_offset;
		EXPECT_GE(at, p->asked.cycles) TH_LOG("CPU %d of the guest lags", i % CPUS);
		EXPECT_LE(at, p->heard.cycles) TH_LOG("CPU %d of the guest is ahead", i % CPUS);
	}
	ASSERT_TRUE(run_out(self->vm, self->wire, &self->facts));
	EXPECT_TRUE(self->facts.valid & VMM_CLOCK_OFFSET);
	EXPECT_TRUE(self->facts.valid & VMM_CLOCK_AFTER);
	event_clock__solve(c, &r);
	event_clock__text(&r, text, sizeof(text));
	printf("# %s\n", text);
	printf("# windows %llu ns, lines %llu ns\n", (unsigned long long)r.window_ns,
	       (unsigned long long)r.line_ns);
	ASSERT_EQ(EVENT_CLOCK_OK, r.state);
	EXPECT_EQ(MARKERS, r.checked);
	EXPECT_EQ(0, r.contradictions + r.strangers + r.refused);
	/* Every reading is where the conversion puts it. */
	for (uint32_t i = 0; i < c->nr_pings; i++) {
		const struct event_clock_ping *p = &c->pings[i];

		ASSERT_TRUE(event_clock__to_host(&r, p->guest.mono_ns, &at));
		EXPECT_GE(at + r.bound_ns, p->asked.mono_ns);
		EXPECT_LE(at, p->heard.mono_ns + r.bound_ns);
		ASSERT_TRUE(event_clock__to_guest(&r, at, &back));
		EXPECT_LE(back, p->guest.mono_ns + 2);
		EXPECT_GE(back + 2, p->guest.mono_ns);
	}
	printf("# TSC %u kHz by KVM, %llu kHz by the host's clock\n", self->facts.tsc_khz,
	       (unsigned long long)((unsigned __int128)r.host.d_cycles * 1000000 / r.host.d_ns));
}

TEST_F_TIMEOUT(clock, cpus_agree_and_linux_trusts_the_tsc, 120)
{
	ASSERT_TRUE(wait_heard(self->vm, self->wire, 1));
	ASSERT_TRUE(run_out(self->vm, self->wire, &self->facts));
	EXPECT_NE(NULL, strstr(self->vm->com[1], "cpus 2 hops 400 backwards 0\n"));
	/* A TSC found unstable is not offered any more. */
	EXPECT_NE(NULL, strstr(self->vm->com[1], "available "));
	EXPECT_NE(NULL, strstr(strstr(self->vm->com[1], "available "), "tsc"));
	EXPECT_NE(NULL, strstr(self->vm->com[1], "done\n"));
	printf("# %.*s\n", (int)strcspn(self->vm->com[1], "\n"), self->vm->com[1]);
}

/* What one kilohertz more or less, the unit that KVM gives rates in, makes of @ns. */
static uint64_t rounding_ns(const struct vmm_clock *k, uint64_t ns)
{
	return 2 * (ns / k->tsc_khz + 1);
}

/*
 * Until vCPUs run kvmclock goes as the host's raw clock, then as the TSC at the rate that
 * KVM took for it when it was loaded: what lies between the two in @ns.
 */
static uint64_t rates_ns(const struct vmm_clock *k, uint64_t ns)
{
	uint64_t host_ns = k->after.host.mono_ns - k->before.host.mono_ns;
	unsigned __int128 cycles = k->after.host.cycles - k->before.host.cycles;
	int64_t khz = cycles * 1000000 / host_ns;

	return (unsigned __int128)ns * llabs(khz - k->tsc_khz) / k->tsc_khz;
}

/* The TSC and the window that kvmclock was read with. */
static uint64_t kvm_tsc(const struct vmm_clock_at *at, uint64_t *window_ns)
{
	bool exact = at->flags & VMM_CLOCK_HOST_TSC;

	*window_ns = exact ? 0 : at->host.window_ns;
	return exact ? at->host_tsc : at->host.cycles;
}

TEST_F_TIMEOUT(clock, kvmclock_goes_as_the_guests_boottime, 120)
{
	const struct event_clock *c = &self->wire->clock;
	const struct vmm_clock *k = &self->facts;
	uint64_t window[2], guest_ns, kvm_ns, cycles, bound, expect;

	ASSERT_TRUE(wait_heard(self->vm, self->wire, 1));
	for (int i = 0; i < MARKERS; i++)
		ASSERT_TRUE(mark(self->vm, self->wire));
	ASSERT_TRUE(run_out(self->vm, self->wire, &self->facts));
	ASSERT_TRUE(c->has_begin && c->has_end);
	cycles = kvm_tsc(&k->after, &window[1]) - kvm_tsc(&k->before, &window[0]);
	kvm_ns = k->after.kvm_ns - k->before.kvm_ns;
	guest_ns = c->end.boot_ns - c->begin.boot_ns;
	expect = (unsigned __int128)(c->end.cycles - c->begin.cycles) * kvm_ns / cycles;
	bound = c->begin.window_ns + c->end.window_ns + window[0] + window[1] +
		rounding_ns(k, guest_ns) + rates_ns(k, guest_ns);
	printf("# guest boottime %llu ns, kvmclock %llu ns, bound %llu ns (rates %llu), flags %x and %x\n",
	       (unsigned long long)guest_ns, (unsigned long long)expect,
	       (unsigned long long)bound, (unsigned long long)rates_ns(k, guest_ns),
	       k->before.flags, k->after.flags);
	EXPECT_LE(guest_ns, expect + bound);
	EXPECT_GE(guest_ns + bound, expect);
	/* The whole of it: the guest booted after the one and stopped before the other. */
	EXPECT_LE(c->end.boot_ns, kvm_ns + bound + rates_ns(k, kvm_ns));
}

TEST_HARNESS_MAIN
