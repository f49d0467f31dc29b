// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of sched_ext: a scheduler comes, goes and why, and where it puts tasks.
 * Like sched_events.bpf.c, each program attaches on its own.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include <ktstr/event.h>

#include "emit.bpf.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 filter_events = ~0ull;	/* bits 1 << enum ktstr_event_type */

#define WANTED(_type) (filter_events & 1ull << (_type))

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

	if (WANTED(KTSTR_EV_SCX_DISPATCH))
		emit(&ev, sizeof(ev));
	return 0;
}
