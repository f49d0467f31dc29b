// SPDX-License-Identifier: GPL-2.0-only
/*
 * HELO: who this guest is.
 */
#include <asm/bootparam.h>
#include <cpuid.h>
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <ktstr/wire.h>

#include "bulk.h"
#include "clock.h"
#include "cycles.h"
#include "helo.h"
#include "kfile.h"
#include "module.h"
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

static uint64_t init_cycles;

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
		line += line ? 1 : 0;
	}
	return -ENOENT;
}

/* _text comes early in the list, which is long: what follows is not read. */
static int find_text(uint64_t *text)
{
	unsigned long long addr;
	char line[512], name[256];
	FILE *f = fopen("/proc/kallsyms", "re");
	int err = -ENOENT;

	if (!f)
		return -errno;
	while (err && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %*c %255s", &addr, name) == 2 && !strcmp(name, "_text")) {
			*text = addr;
			err = 0;
		}
	fclose(f);
	return err;
}

/* Set by the kernel's decompressor when it chose addresses at random; memory layout included. */
static bool kaslr_is_off(void)
{
	int fd = open("/sys/kernel/boot_params/data", O_RDONLY | O_CLOEXEC);
	uint8_t flags = KASLR_FLAG;

	if (fd < 0)
		return false;
	if (pread(fd, &flags, 1, offsetof(struct boot_params, hdr.loadflags)) != 1)
		flags = KASLR_FLAG;
	close(fd);
	return !(flags & KASLR_FLAG);
}

static void add_page_offset(struct ktstr_helo *h, uint32_t *valid)
{
	static char cpuinfo[8192];

	if (!kaslr_is_off() || kfile__read("/proc/cpuinfo", cpuinfo, sizeof(cpuinfo)) < 0)
		return;
	h->page_offset = htole64(strstr(cpuinfo, " la57") ? PAGE_OFFSET_L5 : PAGE_OFFSET_L4);
	*valid |= KTSTR_HELO_PAGE_OFFSET;
}

static void add_addresses(struct ktstr_helo *h, uint32_t *valid)
{
	static char iomem[64u << 10];
	uint64_t code, text = 0;

	if (find_text(&text) || text < START_KERNEL_MAP)
		return;
	h->kaslr_offset = htole64(text - LINKED_TEXT);
	*valid |= KTSTR_HELO_KASLR;
	if (kfile__read("/proc/iomem", iomem, sizeof(iomem)) <= 0 ||
	    helo__kernel_code(iomem, &code) || !code)
		return;
	h->phys_base = htole64(code - (text - START_KERNEL_MAP));
	*valid |= KTSTR_HELO_PHYS_BASE;
}

/* The module asks the kernel itself: what it says replaces what was found out here. */
static void add_module_facts(struct ktstr_helo *h, uint32_t *valid)
{
	struct ktstr_dev_facts f;

	if (module__fd() < 0 || ioctl(module__fd(), KTSTR_IOC_FACTS, &f))
		return;
	if (f.valid & KTSTR_HELO_KASLR)
		h->kaslr_offset = htole64(f.kaslr_offset);
	if (f.valid & KTSTR_HELO_PHYS_BASE)
		h->phys_base = htole64(f.phys_base);
	if (f.valid & KTSTR_HELO_PAGE_OFFSET)
		h->page_offset = htole64(f.page_offset);
	if (f.valid & KTSTR_HELO_TSC_KHZ)
		h->tsc_khz = htole64(f.tsc_khz);
	*valid |= f.valid & (KTSTR_HELO_KASLR | KTSTR_HELO_PHYS_BASE | KTSTR_HELO_PAGE_OFFSET |
			     KTSTR_HELO_TSC_KHZ);
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

void helo__note_start(void)
{
	init_cycles = cycles_read();
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
	add_page_offset(&h, &valid);
	add_module_facts(&h, &valid);
	if (HAS_CYCLES)
		valid |= KTSTR_HELO_INIT_CYCLES;
	h.init_cycles = htole64(init_cycles);
	h.valid = htole32(valid);
	bulk__send(KTSTR_T_HELO, &h, sizeof(h));
}
