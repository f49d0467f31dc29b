// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine's own part of the kernel command line.
 */
#include <errno.h>
#include <stdio.h>

#include "cmdline.h"

/* Documentation/admin-guide/kernel-parameters.txt */
static const char base[] =
	"console=ttyS0 "		/* COM1 */
	"rdinit=/init "
	"reboot=k "			/* one write to the i8042, no firmware to ask */
	"panic=-1 "			/* reboot at once; COM1 has the text */
	"pci=off "			/* there is no bus to probe */
	"tsc=reliable "			/* KVM keeps TSCs in step: no test of 20 ms per CPU */
	"random.trust_cpu=on "		/* or the first getrandom() waits for entropy */
	"8250.nr_uarts=2";		/* do not probe for COM3 and COM4 */

/*
 * COM1 costs two VM exits for each character, so it is quiet. A panic before PID 1 can
 * hand out the kernel log prints all of it first (PANIC_PRINT_ALL_PRINTK_MSG); PID 1 turns
 * that off.
 */
static const char quiet[] = "quiet panic_print=0x20";

/**
 * cmdline__build() - the whole kernel command line
 * @buf: where to
 * @len: room in bytes, normally %CMDLINE_ROOM
 * @opts: machine
 * @e: sentence on failure
 *
 * The caller's options come last, so they win.
 *
 * Return: 0; -E2BIG when they do not fit.
 */
int cmdline__build(char *buf, size_t len, const struct vmm_opts *opts, struct ktstr_error *e)
{
	const char *extra = opts->cmdline_extra ? opts->cmdline_extra : "";
	int n = snprintf(buf, len, "%s %s%s%s", base, opts->verbose ? "loglevel=8" : quiet,
			 *extra ? " " : "", extra);

	if (n < 0 || (size_t)n >= len)
		return ktstr_error_set(e, -E2BIG,
				"the kernel command line passes %zu characters: give fewer options",
				len - 1);
	return 0;
}

int vmm__cmdline(const struct vmm_opts *opts, char *buf, size_t len, struct ktstr_error *e)
{
	return cmdline__build(buf, len, opts, e);
}
