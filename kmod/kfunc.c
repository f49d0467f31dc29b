// SPDX-License-Identifier: GPL-2.0-only
/*
 * What BPF programs call. A program that does holds a reference to the module.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>

#include "internal.h"

__bpf_kfunc_start_defs();

/**
 * ktstr_event_emit() - emit one record
 * @rec: begins with struct ktstr_event, see include/ktstr/event.h
 * @rec__sz: bytes, a multiple of 4 up to KTSTR_EV_SIZE_MAX
 *
 * Context: any, NMI included.
 * Return: 0, -EINVAL, -ESHUTDOWN recording is off, -ENOSPC it was lost and counted.
 */
__bpf_kfunc int ktstr_event_emit(const void *rec, u32 rec__sz)
{
	return ktstr_buffer_emit(rec, rec__sz);
}

/**
 * ktstr_event_mark() - emit a mark, struct ktstr_ev_mark
 * @id: any without KTSTR_MARK_KERNEL
 * @arg: any
 *
 * Context: any, NMI included.
 * Return: as ktstr_event_emit().
 */
__bpf_kfunc int ktstr_event_mark(u64 id, u64 arg)
{
	return id & KTSTR_MARK_KERNEL ? -EINVAL : ktstr_buffer_mark(id, arg);
}

__bpf_kfunc_end_defs();

/* No flags: nothing is acquired, returned by reference or slept on. */
BTF_KFUNCS_START(ktstr_kfunc_ids)
BTF_ID_FLAGS(func, ktstr_event_emit)
BTF_ID_FLAGS(func, ktstr_event_mark)
BTF_KFUNCS_END(ktstr_kfunc_ids)

static const struct btf_kfunc_id_set ktstr_kfunc_set = {
	.owner	= THIS_MODULE,
	.set	= &ktstr_kfunc_ids,
};

/* There is no way to unregister: the sets go away with the module's BTF. */
int __init ktstr_kfunc_init(void)
{
	/* Observers; schedulers that tell what they decided; tests. */
	static const enum bpf_prog_type types[] = {
		BPF_PROG_TYPE_TRACING, BPF_PROG_TYPE_STRUCT_OPS, BPF_PROG_TYPE_SYSCALL,
	};
	int i, ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(types); i++)
		ret = register_btf_kfunc_id_set(types[i], &ktstr_kfunc_set);
	return ret;
}
