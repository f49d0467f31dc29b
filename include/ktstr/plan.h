/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan: what the host asks of the guest, a text file in the initramfs.
 *
 * host/ writes it, guest/ reads it. One directive a line, words separated by
 * single spaces; a value that may hold blanks is the rest of its line. Bytes
 * below 0x21, '%' and 0x7f inside a word are written %XX. A line the guest
 * does not know is an error, never ignored.
 *
 *	ktstr-plan 1
 *	scenario NAME			exactly one of "scenario" and "exec"
 *	exec WORD...			run this command, report SOUT, SERR, EXCX
 *	seed N
 *	duration-ms N			length of the judged window
 *	sched WORD...			argv of the scheduler; absent: the kernel's own
 *	sched-enable WORD...		instead: a command that has one enabled; it may end
 *	sched-disable WORD...		a command that has it disabled; may be absent
 *	sched-timeout-ms N		how long it may take to attach
 *	op LINE				an operation (ktstr/op.h), in the order of the plan
 *	body NAME			then the body of this test, of the image's own init
 *	llcs LIST...			CPUs of each LLC, as in cpuset.cpus: with "body" alone,
 *	nodes LIST...			whose operations are resolved in the guest;
 *	cores LIST...			the same of each node and core
 *	events auto|module|bpf|off	scheduler events: by which path; absent: off
 *	events-only NAME,...		only these (KTSTR_EVENT_NAMES), and marks; absent: all
 *	events-cpus LIST		only what happens on these CPUs
 *	events-cgroup PATH		only of tasks in or below this cgroup, "ktstr/a"; made
 *					if it is not there
 *	ack-timeout-ms N		wait for ACKR this long before the reboot
 *	end				the last line: the file is whole
 */
#ifndef KTSTR_PLAN_H
#define KTSTR_PLAN_H

#define KTSTR_PLAN_PATH		"/ktstr/plan"
#define KTSTR_PLAN_MAGIC	"ktstr-plan 1"
#define KTSTR_PLAN_MAX		(256u << 10)	/* bytes */

/* What "events" can be, and the module of the image. */
#define KTSTR_EVENTS_WORDS	"off", "module", "bpf", "auto"
enum ktstr_events_wish {
	KTSTR_WISH_OFF,
	KTSTR_WISH_MODULE,	/* ktstr.ko, or the guest has none */
	KTSTR_WISH_BPF,		/* BPF ring buffers, or none */
	KTSTR_WISH_AUTO,	/* ktstr.ko, else BPF ring buffers */
};
#define KTSTR_MODULE_PATH	"/ktstr/ktstr.ko"
/* Drivers to load before the console is looked for: paths, one a line, in that order. */
#define KTSTR_DRIVERS_PATH	"/ktstr/drivers"
#define KTSTR_DRIVERS_MAX	64u
/* Optional: its parameters in one line, as insmod takes them ("stimuli=1 size_kib=8"). */
#define KTSTR_MODULE_PARAMS_PATH "/ktstr/ktstr.params"
/* Without: pages of 32 KiB, as much as Linux hands a virtio port at once. */
#define KTSTR_MODULE_PARAMS	"page_order=3"

#define KTSTR_CGROUP_NAME_MAX	31
#define KTSTR_CGROUP_PATH_MAX	255	/* of "events-cgroup" */
#define KTSTR_CGROUPS_MAX	64		/* at a time */
#define KTSTR_WORKERS_MAX	1024		/* in all */

/* Mount point of cgroup v2 and the parent of the plan's cgroups in the guest. */
#define KTSTR_CGROUP_MOUNT	"/sys/fs/cgroup"
#define KTSTR_CGROUP_NAME	"ktstr"
#define KTSTR_CGROUP_ROOT	KTSTR_CGROUP_MOUNT "/" KTSTR_CGROUP_NAME

#endif /* KTSTR_PLAN_H */
