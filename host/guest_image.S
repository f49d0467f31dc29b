/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's init, carried inside the ktstr executable: one file to install,
 * and host and guest can never be of different versions.
 */
	.section .rodata
	.balign 16
	.globl ktstr_guest_init
	.globl ktstr_guest_init_end
ktstr_guest_init:
	.incbin GUEST_INIT_PATH
ktstr_guest_init_end:
	.byte 0

	.section .note.GNU-stack, "", @progbits
