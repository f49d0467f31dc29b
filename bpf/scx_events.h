/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events of sched_ext: a scheduler comes, goes and why, and where it puts tasks.
 * Like those of sched_events.h, each program attaches on its own.
 */
#ifndef KTSTR_BPF_SCX_EVENTS_H
#define KTSTR_BPF_SCX_EVENTS_H

#include "emit.h"

/* Of the kernel; the two are static in kernel/sched/ext.c and in no BTF. */
extern const void scx_exit_info __ksym __weak;

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
 * over: scx_ops_exit_kind() has filled in scx_exit_info by now.
 */
SEC("?fentry/scx_ops_disable_workfn")
int BPF_PROG(on_scx_disable, struct kthread_work *work)
{
	struct ktstr_ev_scx_state ev = {
		.h = { .type = KTSTR_EV_SCX_STATE },
	};
	struct scx_exit_info *ei = NULL;

	if (!WANTED(KTSTR_EV_SCX_STATE))
		return 0;
	if (&scx_exit_info)
		bpf_probe_read_kernel(&ei, sizeof(ei), &scx_exit_info);
	if (ei) {
		ev.h.arg = BPF_CORE_READ(ei, kind);
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
