/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Modules for the guest: the drivers of its console, and the companion module.
 */
#ifndef KTSTR_HOST_PACK_MODULE_H
#define KTSTR_HOST_PACK_MODULE_H

#include <ktstr/plan.h>
#include <ktstr/vmm.h>

#include "pack.h"

/**
 * pack_module() - pack ktstr.ko when the wish may need it
 * @p: pack
 * @wish: by which path events shall come
 * @release: of the guest's kernel, as uname -r; empty when it is not known
 * @e: sentence on failure
 *
 * It is $KTSTR_KMOD (empty: there is none), else the ktstr.ko beside us, in build/ or
 * not, in kmod/ or kmod-stock/, that was built for @release; when that is not known
 * the one in kmod/. Without one %KTSTR_WISH_AUTO goes on: the guest has another path.
 * Return: 0; -ENOENT when it must be there and is not; else as pack__add_data().
 */
int pack_module(struct pack *p, enum ktstr_events_wish wish, const char *release,
		struct ktstr_error *e);

/**
 * pack_drivers() - pack the modules without which the guest has no console
 * @p: pack
 * @kernel: absolute path of the kernel; its modules are where module_tree__open() looks
 * @k: what is known of it
 * @e: sentence on failure
 *
 * Nothing is packed for a kernel that has the drivers built in. Of one whose
 * configuration is not known, what can be found is packed.
 * Return: 0; as module_tree__open(), module_tree__add(), module_file__read(); -ENOEXEC
 * for a module of another kernel.
 */
int pack_drivers(struct pack *p, const char *kernel, const struct vmm_kernel *k,
		 struct ktstr_error *e);

#endif /* KTSTR_HOST_PACK_MODULE_H */
