// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine's clock as far as it goes without a guest: the host's readings, and what
 * becomes of the facts where KVM does not give them.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

#include "vmm/clock.h"

static uint64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

TEST(readings_follow_each_other)
{
	struct vmm_time a, b;

	vmm__time(&a);
	for (int i = 0; i < 1000; i++) {
		vmm__time(&b);
		ASSERT_GT((int64_t)(b.cycles - a.cycles), 0);
		ASSERT_GE(b.mono_ns, a.mono_ns);
		ASSERT_GE(b.boot_ns, a.boot_ns);
		a = b;
	}
}

TEST(a_reading_lies_within_the_call)
{
	uint64_t from = mono_ns(), to;
	struct vmm_time t;

	vmm__time(&t);
	to = mono_ns();
	EXPECT_GE(t.mono_ns, from);
	EXPECT_LE(t.mono_ns + t.window_ns, to);
}

/* /dev/null answers no ioctl of KVM's: that is a kernel that lacks all of it. */
TEST(what_kvm_does_not_offer_has_no_valid_bit_and_does_no_harm)
{
	int fd = open("/dev/null", O_RDWR);
	struct vmm_clock c = { 0 };

	ASSERT_LE(0, fd);
	clock__init(&c, fd);
	EXPECT_EQ(VMM_CLOCK_OFFSET | VMM_CLOCK_KHZ, c.valid);
	clock__add_vcpu(&c, fd);
	EXPECT_EQ(0, c.valid);
	clock__before(&c, fd);
	clock__after(&c, fd);
	clock__check_vcpu(&c, fd);
	/* An offset that never was cannot have moved. */
	EXPECT_EQ(0, c.valid);
	close(fd);
}

TEST(an_offset_that_is_not_there_any_more_has_moved)
{
	int fd = open("/dev/null", O_RDWR);
	struct vmm_clock c = { 0 };

	ASSERT_LE(0, fd);
	clock__init(&c, fd);
	clock__check_vcpu(&c, fd);
	EXPECT_EQ(VMM_CLOCK_MOVED | VMM_CLOCK_KHZ, c.valid);
	close(fd);
}

TEST(the_offset_starts_the_guest_near_0)
{
	struct vmm_clock c = { 0 };
	struct vmm_time t;

	clock__init(&c, -1);
	vmm__time(&t);
	/* Within a minute of any machine. */
	EXPECT_LT(t.cycles + c.tsc_offset, 60 * 10000000000ull);
}

/* Machine with two vCPUs; no guest. */
FIXTURE(kvm)
{
	int kvm, vm, vcpu[2];
};

FIXTURE_SETUP(kvm)
{
	uint64_t is;

	self->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (self->kvm < 0)
		SKIP(return, "no /dev/kvm");
	self->vm = ioctl(self->kvm, KVM_CREATE_VM, 0);
	if (self->vm < 0)
		SKIP(return, "KVM creates no machine");
	for (int i = 0; i < 2; i++) {
		self->vcpu[i] = ioctl(self->vm, KVM_CREATE_VCPU, i);
		if (self->vcpu[i] < 0 || clock_arch__get_offset(self->vcpu[i], &is))
			SKIP(return, "KVM does not offer the TSC offset");
	}
}

FIXTURE_TEARDOWN(kvm)
{
	for (int i = 0; i < 2; i++)
		close(self->vcpu[i]);
	close(self->vm);
	close(self->kvm);
}

/*
 * A host that calibrated its TSC roughly at first: KVM's default for new vCPUs was off, and
 * without a CPU that scales such a vCPU had no ratio and a kvmclock far ahead.
 */
TEST_F(kvm, vcpus_tick_as_the_host_whatever_rate_kvm_would_give_them)
{
	int vm = ioctl(self->kvm, KVM_CREATE_VM, 0), own, fd;
	struct vmm_clock c = { 0 };
	bool keeps = true;
	uint64_t is;

	ASSERT_LE(0, vm);
	if (ioctl(vm, KVM_SET_TSC_KHZ, 0))
		SKIP(return, "KVM has no default TSC rate per machine");
	own = ioctl(vm, KVM_GET_TSC_KHZ, 0);
	ASSERT_LT(0, own);
	ASSERT_EQ(0, ioctl(vm, KVM_SET_TSC_KHZ, own / 10 * 9));
	clock__init(&c, vm);
	for (int i = 0; i < 2; i++) {
		fd = ioctl(vm, KVM_CREATE_VCPU, i);
		ASSERT_LE(0, fd);
		clock__add_vcpu(&c, fd);
		EXPECT_EQ(own, ioctl(fd, KVM_GET_TSC_KHZ, 0));
		/* Not every KVM that takes an offset keeps it. */
		ASSERT_EQ(0, clock_arch__get_offset(fd, &is));
		keeps = keeps && is == c.tsc_offset;
		close(fd);
	}
	EXPECT_EQ((uint32_t)own, c.tsc_khz);
	EXPECT_EQ(VMM_CLOCK_KHZ | (keeps ? VMM_CLOCK_OFFSET : 0), c.valid);
	close(vm);
}

TEST_F(kvm, every_vcpu_has_the_offset_and_a_moved_one_is_noticed)
{
	struct vmm_clock c = { 0 };
	uint64_t is;

	clock__init(&c, self->vm);
	/* A KVM that takes an offset and does not keep it must not be believed. */
	clock__add_vcpu(&c, self->vcpu[0]);
	ASSERT_EQ(0, clock_arch__get_offset(self->vcpu[0], &is));
	ASSERT_EQ(is == c.tsc_offset, !!(c.valid & VMM_CLOCK_OFFSET));
	if (is != c.tsc_offset)
		SKIP(return, "this KVM does not keep a TSC offset");
	for (int i = 0; i < 2; i++) {
		clock__add_vcpu(&c, self->vcpu[i]);
		ASSERT_EQ(0, clock_arch__get_offset(self->vcpu[i], &is));
		EXPECT_EQ(c.tsc_offset, is);
	}
	ASSERT_TRUE(c.valid & VMM_CLOCK_OFFSET);
	EXPECT_GT(c.tsc_khz, 0);
	clock__before(&c, self->vm);
	clock__after(&c, self->vm);
	EXPECT_TRUE(c.valid & VMM_CLOCK_BEFORE);
	EXPECT_TRUE(c.valid & VMM_CLOCK_AFTER);
	EXPECT_GE(c.after.kvm_ns, c.before.kvm_ns);
	clock__check_vcpu(&c, self->vcpu[0]);
	ASSERT_TRUE(c.valid & VMM_CLOCK_OFFSET);
	ASSERT_EQ(0, clock_arch__set_offset(self->vcpu[1], c.tsc_offset + 1));
	clock__check_vcpu(&c, self->vcpu[1]);
	EXPECT_FALSE(c.valid & VMM_CLOCK_OFFSET);
	EXPECT_TRUE(c.valid & VMM_CLOCK_MOVED);
}

TEST_HARNESS_MAIN
