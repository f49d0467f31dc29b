/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events of sched_ext: a scheduler comes, goes and why, and where it puts tasks.
 * Like those of sched_events.h, each program attaches on its own.
 */
#ifndef KTSTR_BPF_SCX_EVENTS_H
#define KTSTR_BPF_SCX_EVENTS_H

#include "emit.h"

/* Where the kernel has what it calls so; static in kernel/sched/ext.c and in no BTF. */
volatile __u64 scx_exit_info_at, scx_exit_kind_at;

/* Where a symbol of the kernel is; 0: it has none of this name. */
#define ADDRESS_OF(symbol)							\
({										\
	static const char name_[] = #symbol;					\
	__u64 at_ = 0;								\
										\
	bpf_kallsyms_lookup_name(name_, sizeof(name_), 0, &at_) ? 0 : at_;	\
})

/*
 * Find them. As externs, libbpf would read all of /proc/kallsyms for them, and the kernel
 * print 100,000 lines: the kernel itself looks a name up at once.
 */
SEC("?syscall")
int on_symbols(void *ctx)
{
	scx_exit_info_at = ADDRESS_OF(scx_exit_info);
	scx_exit_kind_at = ADDRESS_OF(scx_exit_kind);
	return 0;
}

SEC("?fexit/bpf_scx_reg")
int BPF_PROG(on_scx_enable, void *kdata, struct bpf_link *link, int ret)
{
	struct sched_ext_ops *ops = kdata;
	struct ktstr_ev_scx_state ev = {
		.h = { .type = KTSTR_EV_SCX_STATE, .flags = KTSTR_EVF_ON,
		       .pid = bpf_get_current_pid_tgid() },
	};

	if (ret || !WANTED(KTSTR_EV_SCX_STATE))
		return 0;
	bpf_probe_read_kernel_str(ev.name, sizeof(ev.name), ops->name);
	emit(&ev, sizeof(ev));
	return 0;
}

/*
 * Why a scheduler goes is known when its end is begun, and forgotten when it is
 * over. Of an error scx_ops_exit_kind() has filled in scx_exit_info by now; of any other
 * end scx_exit_kind alone tells. A process that lets go of a scheduler which is gone
 * already comes here too: the kernel then finds nothing to do, and there is nothing to tell.
 */
SEC("?fentry/scx_ops_disable_workfn")
int BPF_PROG(on_scx_disable, struct kthread_work *work)
{
	struct ktstr_ev_scx_state ev = {
		.h = { .type = KTSTR_EV_SCX_STATE },
	};
	struct scx_exit_info *ei = NULL;
	__u32 kind = SCX_EXIT_NONE;

	if (!WANTED(KTSTR_EV_SCX_STATE))
		return 0;
	if (scx_exit_kind_at &&
	    !bpf_probe_read_kernel(&kind, sizeof(kind), (void *)scx_exit_kind_at) &&
	    kind <= SCX_EXIT_DONE)
		return 0;
	if (scx_exit_info_at)
		bpf_probe_read_kernel(&ei, sizeof(ei), (void *)scx_exit_info_at);
	if (ei) {
		ev.h.arg = kind ? kind : BPF_CORE_READ(ei, kind);
		ev.exit_code = BPF_CORE_READ(ei, exit_code);
		bpf_probe_read_kernel_str(ev.reason, sizeof(ev.reason), BPF_CORE_READ(ei, msg));
	}
	emit(&ev, sizeof(ev));
	return 0;
}

/* Built-in queues have bit 63 (enum scx_dsq_id_flags); the numbers are ABI of sched_ext. */
static enum ktstr_dsq_kind kind_of(__u64 id)
{
	if (!(id & SCX_DSQ_FLAG_BUILTIN))
		return KTSTR_DSQ_USER;
	if (id == SCX_DSQ_GLOBAL)
		return KTSTR_DSQ_GLOBAL;
	return id == SCX_DSQ_LOCAL ? KTSTR_DSQ_LOCAL : KTSTR_DSQ_LOCAL_ON;
}

SEC("?fentry/dispatch_enqueue")
int BPF_PROG(on_scx_dispatch, struct scx_dispatch_q *dsq, struct task_struct *p, u64 enq_flags)
{
	struct ktstr_ev_scx_dispatch ev = {
		.h = { .type = KTSTR_EV_SCX_DISPATCH, .arg = kind_of(dsq->id), .pid = p->pid },
		.dsq_id = dsq->id,
		.slice_ns = p->scx.slice,
	};

	if (WANTED_HERE(KTSTR_EV_SCX_DISPATCH) && task_wanted(p))
		emit(&ev, sizeof(ev));
	return 0;
}

/* A counter of the scheduler's that the loader read: the kernel tells them in a file. */
SEC("?syscall")
int on_scx_counter(struct ktstr_ev_scx_counter *ctx)
{
	struct ktstr_ev_scx_counter ev = *ctx;

	ev.h = (struct ktstr_event) { .type = KTSTR_EV_SCX_COUNTER, .arg = ctx->h.arg };
	if (WANTED(KTSTR_EV_SCX_COUNTER))
		emit(&ev, sizeof(ev));
	return 0;
}

#endif /* KTSTR_BPF_SCX_EVENTS_H */
