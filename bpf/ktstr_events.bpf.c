// SPDX-License-Identifier: GPL-2.0-only
/*
 * All event programs in one object: they share filters and rings, and the kernel's
 * BTF is read once for all of them.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include <ktstr/event.h>

#include "emit.h"
#include "sched_events.h"
#include "scx_events.h"

char LICENSE[] SEC("license") = "GPL";
