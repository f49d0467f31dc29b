// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers at the kernel's 64-bit entry (Documentation/arch/x86/boot.rst).
 */
#include <string.h>

#include "boot_params.h"
#include "kvm.h"
#include "layout.h"
#include "vcpu.h"

#define CR0_PE		(1ull << 0)
#define CR0_MP		(1ull << 1)
#define CR0_ET		(1ull << 4)
#define CR0_NE		(1ull << 5)
#define CR0_WP		(1ull << 16)
#define CR0_PG		(1ull << 31)
#define CR4_PAE		(1ull << 5)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define RFLAGS_FIXED	(1ull << 1)

#define MSR_MISC_ENABLE		0x1a0u
#define MISC_FAST_STRING	1ull		/* or Linux gives up rep movsb */
#define MSR_MTRR_DEF_TYPE	0x2ffu
#define MTRR_ENABLED_WB		0x806ull	/* all memory write-back */

#define APIC_BASE_X2APIC	(3ull << 10)	/* enabled, and in that mode */

#define LEAF_XSAVE	0xdu

#define SEG_TYPE_CODE	0xb	/* execute, read, accessed */
#define SEG_TYPE_DATA	0x3	/* read, write, accessed */
#define SEG_TYPE_TSS	0xb	/* busy 64-bit TSS: what VMX entry checks demand */

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
		.g = 1,
		.l = type == SEG_TYPE_CODE,
		.db = type != SEG_TYPE_CODE,
	};
}

static void fill_sregs(struct kvm_sregs *s)
{
	s->cs = flat_segment(BOOT_CS, SEG_TYPE_CODE);
	s->ds = flat_segment(BOOT_DS, SEG_TYPE_DATA);
	s->es = s->ds;
	s->fs = s->ds;
	s->gs = s->ds;
	s->ss = s->ds;
	s->tr = (struct kvm_segment){ .limit = 0x67, .type = SEG_TYPE_TSS, .present = 1 };
	s->gdt.base = LAYOUT_GDT;
	s->gdt.limit = BOOT_DS + 7;
	s->idt.limit = 0;
	s->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	s->cr3 = LAYOUT_PAGE_TABLES;
	s->cr4 = CR4_PAE;
	s->efer = EFER_LME | EFER_LMA;
}

static int set_msrs(int fd)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[2];
	} msrs = {
		.head.nmsrs = 2,
		.entry = {
			{ .index = MSR_MISC_ENABLE, .data = MISC_FAST_STRING },
			{ .index = MSR_MTRR_DEF_TYPE, .data = MTRR_ENABLED_WB },
		},
	};
	int done = kvm_do(fd, KVM_SET_MSRS, &msrs.head);

	if (done < 0)
		return done;
	return done == 2 ? 0 : -EINVAL;
}

/* XCR0 with every state component that @c offers; 0 without XSAVE. */
static uint64_t full_xcr0(const struct kvm_cpuid2 *c)
{
	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == LEAF_XSAVE && !c->entries[i].index)
			return c->entries[i].eax | (uint64_t)c->entries[i].edx << 32;
	return 0;
}

/*
 * QEMU's emulated SVM does not intercept XSETBV: KVM in the box never hears of
 * the guest's new XCR0 and restores the old one at the next entry, so the
 * guest would lose its vector registers. A vCPU there starts with the value
 * that Linux is about to set.
 */
static int preset_xcr0(int fd, const struct kvm_cpuid2 *supported)
{
	struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs[0].value = full_xcr0(supported) };

	return xcrs.xcrs[0].value ? kvm_do(fd, KVM_SET_XCRS, &xcrs) : 0;
}

static int set_registers(int fd, uint64_t entry)
{
	struct kvm_regs regs = {
		.rip = entry,
		.rsi = LAYOUT_BOOT_PARAMS,
		.rflags = RFLAGS_FIXED,
	};
	struct kvm_sregs sregs;
	int err = kvm_do(fd, KVM_GET_SREGS, &sregs);

	if (err)
		return err;
	fill_sregs(&sregs);
	err = kvm_do(fd, KVM_SET_SREGS, &sregs);
	return err ? err : kvm_do(fd, KVM_SET_REGS, &regs);
}

/*
 * Where there are APIC ids of more than 8 bits firmware hands CPUs over in x2APIC mode:
 * Linux drops such ids from the MADT otherwise, long before it would choose that mode.
 */
static int enable_x2apic(int fd)
{
	struct kvm_sregs sregs;
	int err = kvm_do(fd, KVM_GET_SREGS, &sregs);

	if (err)
		return err;
	sregs.apic_base |= APIC_BASE_X2APIC;
	return kvm_do(fd, KVM_SET_SREGS, &sregs);
}

/**
 * vcpu__set_state() - what a vCPU starts with
 * @v: from vcpu__create()
 * @entry: guest physical address of the 64-bit entry; vCPU 0 starts there, the
 *	others wait for INIT and SIPI by themselves
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int vcpu__set_state(struct vcpu *v, uint64_t entry, struct ktstr_error *e)
{
	int err = set_msrs(v->fd);

	if (!err && v->cfg.in_box)
		err = preset_xcr0(v->fd, v->cfg.supported);
	if (!err && !v->index)
		err = set_registers(v->fd, entry);
	if (!err && v->cfg.cpuid.ext_dest_id)
		err = enable_x2apic(v->fd);
	if (err)
		return ktstr_error_set(e, err,
				"KVM refuses the registers of vCPU %u (%s): see the host's kernel log",
				v->index, strerror(-err));
	return 0;
}
