/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the machine's 64-bit entry (or a SIPI) to C in ring 3, and back into
 * ring 0 only for interrupts and faults.
 *
 * As little as possible runs in ring 0: there are hosts that interpret it.
 */
#include "bare_asm.h"

#define CR0_PE_PG	0x80000001
#define CR4_PAE_SSE	0x620		/* PAE, OSFXSR, OSXMMEXCPT */
#define MSR_EFER	0xc0000080
#define EFER_LME	0x100
#define RFLAGS_USER	0x202		/* interrupts on */

	.section .head, "ax"
	.code64
	.globl _start
_start:
	mov	%esi, boot_params
	mov	$page_table, %eax
	mov	%rax, %cr3
	mov	$CR4_PAE_SSE, %eax
	mov	%rax, %cr4
	lgdt	gdt_ptr
	xor	%ebx, %ebx
	mov	$main, %r12

/* %ebx: CPU number; %r12: what to call in ring 3, with the CPU number */
to_ring3:
	mov	$SEL_KDATA, %eax
	mov	%eax, %ss
	mov	$SEL_UDATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%ebx, %eax
	shl	$STACK_SHIFT, %eax
	lea	kstacks + STACK_SIZE(%rax), %rsp
	lea	ustacks + STACK_SIZE(%rax), %r13
	mov	%ebx, %edi
	call	init_tables
	mov	%ebx, %eax
	shl	$4, %eax
	add	$SEL_TSS0, %eax
	ltr	%ax
	lidt	idt_ptr
	mov	%ebx, %edi
	push	$SEL_UDATA
	push	%r13
	push	$RFLAGS_USER
	push	$SEL_UCODE
	push	$ring3
	iretq

ring3:
	call	*%r12
	ud2

/* A SIPI starts this in real mode, after ap_start() copied it to AP_PAGE. */
	.code16
	.globl ap_trampoline, ap_trampoline_end
ap_trampoline:
	cli
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	gdt_ptr16 - ap_trampoline
	mov	$CR4_PAE_SSE, %eax
	mov	%eax, %cr4
	mov	$page_table, %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	%cr0, %eax
	and	$0x9fffffff, %eax	/* caches on */
	or	$CR0_PE_PG, %eax
	mov	%eax, %cr0
	ljmpl	$SEL_KCODE, $ap_entry
gdt_ptr16:
	.word	GDT_BYTES - 1
	.long	gdt
ap_trampoline_end:

	.code64
ap_entry:
	lgdt	gdt_ptr
	mov	ap_cpu, %ebx
	mov	$ap_main, %r12
	jmp	to_ring3

/*
 * Interrupt and exception entries, 16 bytes each. All look alike on the stack:
 * vector and error code, then what the CPU pushed.
 */
	.text
	.balign 16
	.globl vectors
vectors:
	vec = 0
	.rept	NR_VECTORS
	.balign	16
	.if	!(vec == 8 || (vec >= 10 && vec <= 14) || vec == 17 || vec == 21)
	push	$0
	.endif
	push	$vec
	jmp	common
	vec = vec + 1
	.endr

common:
	cmpl	$VEC_CONSOLE, (%rsp)
	je	console_irq
	cmpl	$VEC_UD, (%rsp)
	je	invalid_opcode
1:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	lea	72(%rsp), %rdi
	mov	%cr2, %rsi
	cld
	call	on_fault
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq

/* Short, for every instruction may cost a microsecond. */
console_irq:
	lock incq irq_count
	push	%rax
	mov	$LAPIC_EOI, %eax
	movl	$0, (%rax)
	pop	%rax
	add	$16, %rsp
	iretq

/*
 * void outb(const void *bytes, uint16_t port, size_t n): the way into ring 0 is
 * a fault, which works everywhere. There are hosts on which ring 3 can neither
 * have ports by its I/O privilege level nor call a gate.
 */
	.globl outb
outb:
	mov	%rdx, %rcx
	mov	%esi, %edx
outb_trap:
	ud2
	ret

invalid_opcode:
	cmpq	$outb_trap, 16(%rsp)
	jne	1b
	addq	$2, 16(%rsp)
	jrcxz	3f
2:	mov	(%rdi), %al
	out	%al, %dx
	inc	%rdi
	dec	%rcx
	jnz	2b
3:	add	$16, %rsp
	iretq

	.data
	.balign 4
	.globl boot_params
boot_params:
	.long	0
gdt_ptr:
	.word	GDT_BYTES - 1
	.quad	gdt
idt_ptr:
	.word	NR_VECTORS * 16 - 1
	.quad	idt

	.balign 16
	.globl gdt
gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* SEL_KCODE */
	.quad	0x00cf93000000ffff	/* SEL_KDATA */
	.quad	0x00cff3000000ffff	/* SEL_UDATA */
	.quad	0x00affb000000ffff	/* SEL_UCODE */
	.quad	0
	.skip	CPUS_MAX * 16		/* SEL_TSS0 and on */

/* 5 GiB one to one, in 2 MiB pages, all of it open to ring 3. */
	.balign 4096
page_table:
	.quad	pdpt + 7
	.skip	511 * 8
pdpt:
	.quad	pd + 0x0007, pd + 0x1007, pd + 0x2007, pd + 0x3007, pd + 0x4007
	.skip	507 * 8
pd:
	page = 0
	.rept	5 * 512
	.quad	page + 0x87
	page = page + 0x200000
	.endr

	.bss
	.balign 4096
	.globl kstacks
kstacks:
	.skip	CPUS_MAX * STACK_SIZE
ustacks:
	.skip	CPUS_MAX * STACK_SIZE

	.section .note.GNU-stack, "", @progbits
