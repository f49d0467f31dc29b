// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of statuses and kinds: stable, for people and machines.
 */
#include "verdict.h"

const char *verdict__status_name(enum verdict_status status)
{
	static const char * const names[] = {
		[VERDICT_PASS] = "PASS",	[VERDICT_SKIP] = "SKIP",
		[VERDICT_INCONCLUSIVE] = "INCONCLUSIVE",
		[VERDICT_FAIL] = "FAIL",	[VERDICT_CRASH] = "CRASH",
		[VERDICT_ENV] = "ENVIRONMENT",	[VERDICT_INTERRUPTED] = "INTERRUPTED",
	};

	return names[status];
}

const char *verdict__kind_name(enum verdict_kind kind)
{
	static const char * const names[KIND_NR] = {
		[KIND_OK] = "ok",
		[KIND_NOT_REACHED] = "not_reached",
		[KIND_PANIC] = "panic",
		[KIND_INIT_KILLED] = "init_killed",
		[KIND_TRIPLE_FAULT] = "triple_fault",
		[KIND_KVM_ERROR] = "kvm_error",
		[KIND_GUEST_GONE] = "guest_gone",
		[KIND_BOOT_FAILED] = "boot_failed",
		[KIND_HANG] = "hang",
		[KIND_ENDLESS] = "endless",
		[KIND_INTERRUPTED] = "interrupted",
		[KIND_ENV] = "environment",
		[KIND_GUEST_FAILED] = "guest_failed",
		[KIND_GUEST_ABORTED] = "guest_aborted",
		[KIND_SCHED_DIED_AT_START] = "sched_died_at_start",
		[KIND_SCHED_NOT_ATTACHED] = "sched_not_attached",
		[KIND_SCHED_DIED] = "sched_died",
		[KIND_SCHED_DETACHED] = "sched_detached",
		[KIND_SCHED_REPLACED] = "sched_replaced",
		[KIND_SCHED_UNPROVEN] = "sched_unproven",
		[KIND_SCHED_UNASKED] = "sched_unasked",
		[KIND_WORKER_DIED] = "worker_died",
		[KIND_WORKER_MISSING] = "worker_missing",
		[KIND_NO_PROGRESS] = "no_progress",
		[KIND_STARVED] = "starved",
		[KIND_OFF_CPUSET] = "off_cpuset",
		[KIND_UNFAIR] = "unfair",
		[KIND_SPLAT] = "splat",
		[KIND_LOG_NOT_SCANNED] = "log_not_scanned",
		[KIND_DRIVER_BROKE] = "driver_broke",
		[KIND_EVIDENCE_LOST] = "evidence_lost",
		[KIND_NO_EVENTS] = "no_events",
		[KIND_EVENTS_LOST] = "events_lost",
		[KIND_EVENTS_UNBALANCED] = "events_unbalanced",
		[KIND_OPERATION] = "operation_failed",
		[KIND_NO_DATA] = "no_data",
		[KIND_NOT_CONTESTED] = "not_contested",
		[KIND_QUOTA] = "quota_exceeded",
		[KIND_IDLED] = "idled",
		[KIND_LATE] = "late",
		[KIND_SLOW] = "slow",
		[KIND_SPREAD] = "spread",
		[KIND_MIGRATIONS] = "migrations",
		[KIND_NOT_LOCAL] = "not_local",
		[KIND_REGRESSION] = "regression",
		[KIND_METRIC] = "metric",
		[KIND_EXIT_STATUS] = "exit_status",
		[KIND_OVERHEAD] = "overhead",
		[KIND_ACCOUNT] = "account",
		[KIND_FAULT] = "fault_not_armed",
	};

	return names[kind];
}
