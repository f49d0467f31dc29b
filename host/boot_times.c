// SPDX-License-Identifier: GPL-2.0-only
/*
 * The breakdown of a boot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot_times.h"
#include "evidence.h"

/* arch/x86/kernel/kvmclock.c; the number is in ns, whatever the kernel calls it. */
#define LOG_ZERO_TEXT	"kvm-clock: using sched offset of "
#define LINE_MAX_BYTES	128u

static const struct {
	const char *name;
	const char *key;
} steps[BOOT_STEPS] = {
	[BOOT_PREPARE]		= { "prepare", "prepare_ns" },
	[BOOT_KVM]		= { "KVM set-up", "kvm_ns" },
	[BOOT_LOAD]		= { "load", "load_ns" },
	[BOOT_FIRST]		= { "first instruction", "first_instruction_ns" },
	[BOOT_START_KERNEL]	= { "start_kernel", "start_kernel_ns" },
	[BOOT_INIT]		= { "init", "init_ns" },
	[BOOT_READY]		= { "ready", "ready_ns" },
};

const char *boot_times__name(enum boot_step step)
{
	return steps[step].name;
}

const char *boot_times__key(enum boot_step step)
{
	return steps[step].key;
}

/* One line, not terminated. Return: was it the one? */
static bool parse_line(const char *line, size_t len, uint64_t *ns)
{
	const size_t skip = strlen(LOG_ZERO_TEXT);
	char copy[LINE_MAX_BYTES], *text, *end;
	unsigned long long n;

	if (len >= sizeof(copy) || len < 2 || line[0] != '<')
		return false;
	memcpy(copy, line, len);
	copy[len] = '\0';
	/* Facility 0 is one digit of level. */
	if (copy[1] < '0' || copy[1] > '7' || copy[2] != ',')
		return false;
	text = strchr(copy, '>');
	if (!text || strncmp(text + 1, LOG_ZERO_TEXT, skip))
		return false;
	text += 1 + skip;
	if (*text < '0' || *text > '9')
		return false;
	n = strtoull(text, &end, 10);
	if (strcmp(end, " cycles") || !n)
		return false;
	*ns = n;
	return true;
}

void boot_times__log_zero(const void *data, size_t len, uint64_t *ns)
{
	const char *p = data, *end = p + len;

	while (p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));

		if (!eol)
			eol = end;
		if (parse_line(p, (size_t)(eol - p), ns))
			return;
		p = eol + 1;
	}
}

/* Guest TSC to CLOCK_MONOTONIC; 0 when the machine's clocks do not tell. */
static uint64_t of_cycles(const struct vmm_clock *c, uint64_t cycles)
{
	const uint32_t need = VMM_CLOCK_OFFSET | VMM_CLOCK_KHZ | VMM_CLOCK_BEFORE;
	uint64_t d = cycles - c->tsc_offset - c->before.host.cycles;

	if ((c->valid & need) != need || !c->tsc_khz || d >> 63)
		return 0;
	return c->before.host.mono_ns + (uint64_t)((unsigned __int128)d * 1000000 / c->tsc_khz);
}

/* kvmclock to CLOCK_MONOTONIC: both count ns of the same time. */
static uint64_t of_kvmclock(const struct vmm_clock *c, uint64_t ns)
{
	if (!(c->valid & VMM_CLOCK_BEFORE) || !ns)
		return 0;
	return ns - c->before.kvm_ns + c->before.host.mono_ns;
}

static uint64_t init_moment(const struct evidence *ev)
{
	if (!ev->has_helo || !(ev->helo.valid & KTSTR_HELO_INIT_CYCLES))
		return 0;
	return of_cycles(&ev->clock.machine, ev->helo.init_cycles);
}

/* A step that ended at @at, if that is after @last and not after @limit. */
static void add(struct boot_times *bt, enum boot_step step, uint64_t at, uint64_t *last,
		uint64_t limit)
{
	if (!at || at < *last || at > limit)
		return;
	bt->took_ns[step] = at - *last;
	bt->known |= 1u << step;
	*last = at;
}

/* The machine is built in one piece, of which loading is a known part. */
static void add_create(struct boot_times *bt, const struct evidence *ev, uint64_t *last)
{
	const struct vmm_stats *st = &ev->machine;

	if (!st->create_ns || st->load_ns > st->create_ns)
		return;
	bt->took_ns[BOOT_KVM] = st->create_ns - st->load_ns;
	bt->took_ns[BOOT_LOAD] = st->load_ns;
	bt->known |= 1u << BOOT_KVM | 1u << BOOT_LOAD;
	*last += st->create_ns;
}

void boot_times__get(struct boot_times *bt, uint64_t exec_ns, const struct evidence *ev)
{
	uint64_t end = ev->ready_ns ? ev->ready_ns : UINT64_MAX;
	uint64_t last = exec_ns, init = init_moment(ev);

	memset(bt, 0, sizeof(*bt));
	add(bt, BOOT_PREPARE, ev->create_ns, &last, end);
	add_create(bt, ev, &last);
	add(bt, BOOT_FIRST, ev->machine.first_run_ns, &last, end);
	add(bt, BOOT_START_KERNEL, of_kvmclock(&ev->clock.machine, ev->log_zero_ns), &last,
	    init && init < end ? init : end);
	add(bt, BOOT_INIT, init, &last, end);
	add(bt, BOOT_READY, ev->ready_ns, &last, end);
	if (boot_times__has(bt, BOOT_READY))
		bt->total_ns = ev->ready_ns - exec_ns;
}
