// SPDX-License-Identifier: GPL-2.0-only
/*
 * HELO: who this guest is.
 */
#include <cpuid.h>
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <ktstr/wire.h>

#include "bulk.h"
#include "clock.h"
#include "helo.h"
#include "kfile.h"
#include "sched_state.h"

/* Documentation/arch/x86/x86_64/mm.rst: fixed unless the kernel randomizes memory. */
#define START_KERNEL_MAP	0xffffffff80000000ULL
#define LINKED_TEXT		0xffffffff81000000ULL	/* of _text, at the default PHYSICAL_START */
#define PAGE_OFFSET_L4		0xffff888000000000ULL
#define PAGE_OFFSET_L5		0xff11000000000000ULL

/* Hypervisor leaves (KVM's Documentation/virt/kvm/x86/cpuid.rst; timing leaf as VMware has it). */
#define CPUID_TSC		0x15
#define CPUID_HV		0x40000000u
#define CPUID_HV_TIMING		0x40000010u

static size_t note_pad(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

int helo__build_id(const void *notes, size_t len, uint8_t *id, size_t room)
{
	const uint8_t *p = notes;
	Elf64_Nhdr n;
	size_t body;

	while (len >= sizeof(n)) {
		memcpy(&n, p, sizeof(n));
		/* Each is below 2^32: the sum cannot wrap in 64 bits. */
		body = note_pad(n.n_namesz) + note_pad(n.n_descsz);
		if (body > len - sizeof(n))
			break;
		p += sizeof(n);
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    !memcmp(p, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) && n.n_descsz <= room) {
			memcpy(id, p + note_pad(n.n_namesz), n.n_descsz);
			return (int)n.n_descsz;
		}
		p += body;
		len -= sizeof(n) + body;
	}
	return -ENOENT;
}

int helo__kernel_code(const char *iomem, uint64_t *start)
{
	const char *line = iomem;
	unsigned long long first, last;
	char what[32];

	while (line && *line) {
		if (sscanf(line, " %llx-%llx : %31[^\n]", &first, &last, what) == 3 &&
		    !strcmp(what, "Kernel code")) {
			*start = first;
			return 0;
		}
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return -ENOENT;
}

/* Addresses of the symbols that are asked for; 0 where there is none. */
struct symbols {
	uint64_t text;
	uint64_t page_offset_base;
};

static int read_symbols(struct symbols *s)
{
	unsigned long long addr;
	char line[512], name[256];
	FILE *f = fopen("/proc/kallsyms", "re");

	memset(s, 0, sizeof(*s));
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %*c %255s", &addr, name) != 2)
			continue;
		if (!strcmp(name, "_text"))
			s->text = addr;
		else if (!strcmp(name, "page_offset_base"))
			s->page_offset_base = addr;
	}
	fclose(f);
	return s->text ? 0 : -ENOENT;
}

static void add_addresses(struct ktstr_helo *h, uint32_t *valid)
{
	static char buf[64u << 10];
	uint64_t code;
	struct symbols s;

	if (read_symbols(&s) || s.text < START_KERNEL_MAP)
		return;
	h->kaslr_offset = htole64(s.text - LINKED_TEXT);
	*valid |= KTSTR_HELO_KASLR;
	if (kfile__read("/proc/iomem", buf, sizeof(buf)) > 0 && !helo__kernel_code(buf, &code) &&
	    code) {
		h->phys_base = htole64(code - (s.text - START_KERNEL_MAP));
		*valid |= KTSTR_HELO_PHYS_BASE;
	}
	/* With this variable the value is the kernel's secret, unless it was told to have none. */
	if (s.page_offset_base &&
	    (kfile__read("/proc/cmdline", buf, sizeof(buf)) < 0 || !strstr(buf, "nokaslr")))
		return;
	if (kfile__read("/proc/cpuinfo", buf, sizeof(buf)) < 0)
		return;
	h->page_offset = htole64(strstr(buf, " la57") ? PAGE_OFFSET_L5 : PAGE_OFFSET_L4);
	*valid |= KTSTR_HELO_PAGE_OFFSET;
}

static uint64_t tsc_khz_of_cpuid(void)
{
	unsigned int max, a, b, c, d;

	__cpuid(CPUID_HV, max, b, c, d);
	if (max >= CPUID_HV_TIMING && max < CPUID_HV + 0x100) {
		__cpuid(CPUID_HV_TIMING, a, b, c, d);
		if (a)
			return a;
	}
	if (__get_cpuid(CPUID_TSC, &a, &b, &c, &d) && a && b && c)
		return (uint64_t)c * b / a / 1000;
	return 0;
}

/* With a constant TSC the kernel shows the TSC's own rate here. */
static uint64_t tsc_khz_of_cpuinfo(void)
{
	static char buf[8192];
	const char *mhz;

	if (kfile__read("/proc/cpuinfo", buf, sizeof(buf)) < 0 || !strstr(buf, " constant_tsc"))
		return 0;
	mhz = strstr(buf, "\ncpu MHz");
	mhz = mhz ? strchr(mhz, ':') : NULL;
	return mhz ? (uint64_t)(strtod(mhz + 1, NULL) * 1000) : 0;
}

static void add_tsc(struct ktstr_helo *h, uint32_t *valid)
{
	uint64_t khz = tsc_khz_of_cpuid();

	if (!khz)
		khz = tsc_khz_of_cpuinfo();
	if (!khz)
		return;
	h->tsc_khz = htole64(khz);
	*valid |= KTSTR_HELO_TSC_KHZ;
}

static void add_build_id(struct ktstr_helo *h, uint32_t *valid)
{
	static uint8_t notes[4096];
	int fd = open("/sys/kernel/notes", O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int len;

	if (fd < 0)
		return;
	n = read(fd, notes, sizeof(notes));
	close(fd);
	len = n < 0 ? -EIO : helo__build_id(notes, (size_t)n, h->build_id, sizeof(h->build_id));
	if (len < 0)
		return;
	h->build_id_len = htole32((uint32_t)len);
	*valid |= KTSTR_HELO_BUILD_ID;
}

static void add_names(struct ktstr_helo *h, uint32_t *valid)
{
	struct ktstr_sched_state state;
	struct utsname u;

	if (!uname(&u))
		snprintf(h->release, sizeof(h->release), "%.63s", u.release);
	kfile__read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
			 h->clocksource, sizeof(h->clocksource));
	sched_state__read(&state);
	if (sched_state__present(&state))
		*valid |= KTSTR_HELO_SCHED_EXT;
}

void helo__send(void)
{
	struct ktstr_helo h = { .nr_cpus = htole32((uint32_t)sysconf(_SC_NPROCESSORS_ONLN)) };
	struct timespec ts;
	uint32_t valid = 0;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	h.boot_ns = htole64((uint64_t)(ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec));
	add_names(&h, &valid);
	add_build_id(&h, &valid);
	add_tsc(&h, &valid);
	add_addresses(&h, &valid);
	h.valid = htole32(valid);
	bulk__send(KTSTR_T_HELO, &h, sizeof(h));
}
