/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The companion module for the guest.
 */
#ifndef KTSTR_HOST_PACK_MODULE_H
#define KTSTR_HOST_PACK_MODULE_H

#include <ktstr/plan.h>

#include "pack.h"

/**
 * pack_module() - pack ktstr.ko when the wish may need it
 * @p: pack
 * @wish: by which path events shall come
 * @e: sentence on failure
 *
 * It is $KTSTR_KMOD (empty: there is none), else build/kmod/ktstr.ko or kmod/ktstr.ko
 * beside us. Without one %KTSTR_WISH_AUTO goes on: the guest has another path.
 * Return: 0; -ENOENT when it must be there and is not; else as pack__add_data().
 */
int pack_module(struct pack *p, enum ktstr_events_wish wish, struct ktstr_error *e);

#endif /* KTSTR_HOST_PACK_MODULE_H */
