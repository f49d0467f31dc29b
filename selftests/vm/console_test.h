/* SPDX-License-Identifier: GPL-2.0-only */
/* What guest_console.c and test_console.c agree on. */
#ifndef KTSTR_VM_CONSOLE_TEST_H
#define KTSTR_VM_CONSOLE_TEST_H

#define CONSOLE_TEST_BYTES	(16ull << 20)	/* per port and direction */
#define CONSOLE_TEST_SEED	0x5eedull	/* plus the port's number; host to guest: plus 100 */

#endif /* KTSTR_VM_CONSOLE_TEST_H */
