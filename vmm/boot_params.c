// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zero page, memory map, command line, initrd, page tables and GDT.
 */
#include <errno.h>
#include <string.h>

#include "boot_params.h"
#include "layout.h"

#define PAGE_SIZE	4096ull
#define PAGE_MASK	(~(PAGE_SIZE - 1))

#define PTE_PRESENT	0x1ull
#define PTE_WRITE	0x2ull
#define PTE_LARGE	0x80ull

#define E820_RAM	1u
#define E820_RESERVED	2u
#define E820_ACPI	3u

static uint64_t initrd_bytes(const struct iovec *pieces, int nr)
{
	uint64_t len = 0;

	for (int i = 0; i < nr; i++)
		if (__builtin_add_overflow(len, pieces[i].iov_len, &len))
			return UINT64_MAX;
	return len;
}

/* Highest page-aligned start that RAM below the hole and the kernel allow; 0 if none. */
static uint64_t initrd_start(const struct memory *m, const struct boot_image *img, uint64_t len)
{
	uint64_t limit = (uint64_t)img->hdr.initrd_addr_max + 1;
	uint64_t top = m->low < limit ? m->low : limit;
	uint64_t start;

	if (len > top)
		return 0;
	start = (top - len) & PAGE_MASK;
	return start >= img->end ? start : 0;
}

/**
 * boot_params__place_initrd() - copy the initramfs to the top of low RAM
 * @m: RAM
 * @img: kernel; its header gets the address and size
 * @pieces: parts, laid one after the other
 * @nr: number of parts; 0 is a machine without initrd
 * @e: sentence on failure
 *
 * Return: 0; -ENOMEM when kernel and initramfs do not fit in RAM together.
 */
int boot_params__place_initrd(const struct memory *m, struct boot_image *img,
			      const struct iovec *pieces, int nr, struct ktstr_error *e)
{
	uint64_t len = initrd_bytes(pieces, nr);
	uint64_t start, at;

	if (!len)
		return 0;
	start = len <= UINT32_MAX ? initrd_start(m, img, len) : 0;
	if (!start)
		return ktstr_error_set(e, -ENOMEM,
			"an initramfs of %llu MiB does not fit beside the kernel in %llu MiB of guest memory: raise --memory",
			(unsigned long long)(len >> 20), (unsigned long long)(m->size >> 20));
	at = start;
	for (int i = 0; i < nr; i++) {
		if (memory__write(m, at, pieces[i].iov_base, pieces[i].iov_len))
			return ktstr_error_set(e, -ENOMEM,
					"the initramfs does not fit in guest memory: raise --memory");
		at += pieces[i].iov_len;
	}
	img->hdr.ramdisk_image = (uint32_t)start;
	img->hdr.ramdisk_size = (uint32_t)len;
	return 0;
}

/**
 * boot_params__place_cmdline() - copy the kernel command line
 * @m: RAM
 * @img: kernel; its header gets the address
 * @cmdline: text, NUL terminated
 * @e: sentence on failure
 *
 * Return: 0; -E2BIG when it is longer than this kernel takes.
 */
int boot_params__place_cmdline(const struct memory *m, struct boot_image *img,
			       const char *cmdline, struct ktstr_error *e)
{
	size_t len = strlen(cmdline) + 1;
	size_t max = (size_t)img->hdr.cmdline_size + 1;

	if (max > LAYOUT_CMDLINE_MAX)
		max = LAYOUT_CMDLINE_MAX;
	if (len > max)
		return ktstr_error_set(e, -E2BIG,
			"the kernel command line has %zu characters and this kernel takes %zu: give fewer options",
			len - 1, max - 1);
	img->hdr.cmd_line_ptr = LAYOUT_CMDLINE;
	return memory__write(m, LAYOUT_CMDLINE, cmdline, len);
}

static void e820_add(struct boot_params *bp, uint64_t start, uint64_t end, uint32_t type)
{
	struct boot_e820_entry *entry = &bp->e820_table[bp->e820_entries++];

	entry->addr = start;
	entry->size = end - start;
	entry->type = type;
}

static void fill_e820(struct boot_params *bp, const struct memory *m)
{
	e820_add(bp, 0, LAYOUT_LOW_END, E820_RAM);
	e820_add(bp, LAYOUT_LOW_END, LAYOUT_ACPI, E820_RESERVED);
	e820_add(bp, LAYOUT_ACPI, LAYOUT_ACPI + LAYOUT_ACPI_MAX, E820_ACPI);
	e820_add(bp, LAYOUT_HIGH_START, m->low, E820_RAM);
	if (m->high)
		e820_add(bp, LAYOUT_HOLE_END, LAYOUT_HOLE_END + m->high, E820_RAM);
}

static int place_zero_page(const struct memory *m, const struct boot_image *img, uint64_t rsdp)
{
	struct boot_params bp;

	memset(&bp, 0, sizeof(bp));
	bp.hdr = img->hdr;
	bp.acpi_rsdp_addr = rsdp;
	fill_e820(&bp, m);
	return memory__write(m, LAYOUT_BOOT_PARAMS, &bp, sizeof(bp));
}

/*
 * The protocol wants the kernel, the zero page and the command line mapped
 * one to one; four gigabytes of 2 MiB pages cover all of RAM below the hole.
 */
static int place_page_tables(const struct memory *m)
{
	uint64_t *pml4 = guest_memory__ptr(&m->gm, LAYOUT_PAGE_TABLES,
					   LAYOUT_PAGE_TABLES_END - LAYOUT_PAGE_TABLES, true);
	uint64_t *pdpt, *pd;

	if (!pml4)
		return -EFAULT;
	pdpt = pml4 + 512;
	pd = pdpt + 512;
	pml4[0] = (LAYOUT_PAGE_TABLES + PAGE_SIZE) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < 4; i++)
		pdpt[i] = (LAYOUT_PAGE_TABLES + (2 + i) * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < 4 * 512; i++)
		pd[i] = i << 21 | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
	return 0;
}

static int place_gdt(const struct memory *m)
{
	static const uint64_t gdt[] = {
		[BOOT_CS / 8] = 0x00af9b000000ffffull,	/* 64-bit code, accessed */
		[BOOT_DS / 8] = 0x00cf93000000ffffull,	/* data, accessed */
	};

	return memory__write(m, LAYOUT_GDT, gdt, sizeof(gdt));
}

/**
 * boot_params__place() - zero page, page tables and GDT
 * @m: RAM
 * @img: kernel with initrd and command line placed
 * @rsdp: guest physical address of the ACPI RSDP
 *
 * Return: 0; -EFAULT when RAM is too small to hold them.
 */
int boot_params__place(const struct memory *m, const struct boot_image *img, uint64_t rsdp)
{
	int err = place_zero_page(m, img, rsdp);

	if (!err)
		err = place_page_tables(m);
	if (!err)
		err = place_gdt(m);
	return err;
}
