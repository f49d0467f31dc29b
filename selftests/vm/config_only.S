/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An image that looks like a kernel with the configuration it is given
 * (CONFIG_GZ: a gzipped .config, as IKCONFIG embeds it) and does nothing but
 * halt: for tests that must be refused because of that configuration.
 */
	.section .text, "ax"
	.globl _start
_start:
	cli
	hlt
	jmp _start

	.section .rodata, "a"
	.ascii "IKCFG_ST"
	.incbin CONFIG_GZ
	.ascii "IKCFG_ED"

	.section .note.GNU-stack, "", @progbits
