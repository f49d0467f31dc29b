/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers that entry.S and the C files of the bare guest share. */
#ifndef BARE_ASM_H
#define BARE_ASM_H

#define CPUS_MAX	4
#define STACK_SHIFT	14
#define STACK_SIZE	(1 << STACK_SHIFT)

#define SEL_KCODE	0x08
#define SEL_KDATA	0x10
#define SEL_UDATA	0x1b
#define SEL_UCODE	0x23
#define SEL_TSS0	0x30
#define GDT_BYTES	(SEL_TSS0 + CPUS_MAX * 16)

#define NR_VECTORS	49
#define VEC_UD		6
#define VEC_CONSOLE	48

#define AP_PAGE		0x9000		/* free low RAM; the SIPI vector is its page number */
#define LAPIC_EOI	0xfee000b0

#endif /* BARE_ASM_H */
