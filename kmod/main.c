// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktstr.ko: the part of ktstr that only a kernel can be.
 *
 * Carries scheduler events from BPF programs to /dev/ktstr, says on COM2 why the
 * kernel died, and, when asked for, misbehaves for a while. include/ktstr/dev.h is
 * the contract.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/mm.h>

#include "internal.h"

bool ktstr_stimuli;
module_param_named(stimuli, ktstr_stimuli, bool, 0444);
MODULE_PARM_DESC(stimuli, "allow CAP_SYS_ADMIN to disturb this kernel, or to panic it");

static unsigned int size_kib = 256;
module_param(size_kib, uint, 0444);
MODULE_PARM_DESC(size_kib, "event buffer of each CPU, KiB (default 256)");

static unsigned int page_order;
module_param(page_order, uint, 0444);
MODULE_PARM_DESC(page_order, "a page of events is 2^this of the kernel's (0 to 4, default 0)");

static int __init ktstr_init(void)
{
	int ret;

	ret = ktstr_buffer_init((unsigned long)size_kib << 10, page_order);
	if (ret)
		return ret;
	ret = ktstr_kfunc_init();
	if (ret)
		goto err_buffer;
	ktstr_panic_init();
	/* Last: whoever opens it finds everything there. */
	ret = ktstr_chardev_init();
	if (ret)
		goto err_panic;
	return 0;

err_panic:
	ktstr_panic_exit();
err_buffer:
	ktstr_buffer_exit();
	return ret;
}

/*
 * Nobody is inside: open files and BPF programs that call our kfuncs hold
 * references to the module, and so do pages in a pipe, by their open file.
 */
static void __exit ktstr_exit(void)
{
	ktstr_chardev_exit();
	ktstr_panic_exit();
	ktstr_buffer_exit();
}

module_init(ktstr_init);
module_exit(ktstr_exit);
MODULE_DESCRIPTION("Companion of the ktstr scheduler tests");
MODULE_LICENSE("GPL");
