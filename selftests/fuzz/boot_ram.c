// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest RAM for the fuzzers of kernel images.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/layout.h"

#include "boot_ram.h"
#include "dice.h"
#include "oracle.h"

#define PAGE		4096ull
#define SIZE		(BOOT_RAM_LOW + BOOT_RAM_HIGH)
#define GUARD		(1ull << 20)
#define INITRD_MAX	(256u << 10)	/* more would be slow, not more telling */
#define CMDLINE_MAX	3000u
#define RSDP		0xe0010u

static struct memory ram;
static int ram_fd;
static uint8_t initrd[INITRD_MAX];

void boot_ram__init(void)
{
	uint8_t *p = mmap(NULL, SIZE + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *high;

	ram_fd = memfd_create("ram", MFD_CLOEXEC);
	ram.size = SIZE;
	ram.low = BOOT_RAM_LOW;
	ram.high = BOOT_RAM_HIGH;
	if (p == MAP_FAILED || ram_fd < 0 || ftruncate(ram_fd, SIZE))
		goto fail;
	ram.base = mmap(p + GUARD, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, ram_fd, 0);
	high = (uint8_t *)ram.base + ram.low;
	if (ram.base == MAP_FAILED || guest_memory__add(&ram.gm, 0, ram.low, ram.base, false) ||
	    guest_memory__add(&ram.gm, LAYOUT_HOLE_END, ram.high, high, false))
		goto fail;
	for (size_t i = 0; i < sizeof(initrd); i++)
		initrd[i] = (uint8_t)(i * 31 + (i >> 8) + 1);
	return;
fail:
	perror("fuzz: guest RAM");
	exit(1);
}

const struct memory *boot_ram__clean(void)
{
	if (ftruncate(ram_fd, 0) || ftruncate(ram_fd, SIZE)) {
		perror("fuzz: guest RAM");
		exit(1);
	}
	return &ram;
}

static bool within(uint64_t paddr, uint64_t len, uint64_t start, uint64_t end)
{
	return paddr >= start && paddr <= end && len <= end - paddr;
}

bool boot_ram__holds(uint64_t paddr, uint64_t len)
{
	return within(paddr, len, LAYOUT_HIGH_START, BOOT_RAM_LOW) ||
	       within(paddr, len, LAYOUT_HOLE_END, LAYOUT_HOLE_END + BOOT_RAM_HIGH);
}

/* Offset in RAM's file and mapping. */
static uint64_t offset_of(uint64_t paddr)
{
	return paddr < BOOT_RAM_LOW ? paddr : paddr - LAYOUT_HOLE_END + BOOT_RAM_LOW;
}

static const uint8_t *at(uint64_t paddr)
{
	return (const uint8_t *)ram.base + offset_of(paddr);
}

static uint64_t pages_wanted(const struct boot_want *want)
{
	static bool page[SIZE / PAGE];
	uint64_t nr = 0;

	memset(page, 0, sizeof(page));
	for (size_t i = 0; i < want->nr; i++) {
		const struct boot_seg *s = &want->seg[i];
		uint64_t first = offset_of(s->paddr) / PAGE;

		for (uint64_t p = first; s->filesz && p * PAGE < offset_of(s->paddr) + s->filesz;
		     p++) {
			nr += !page[p];
			page[p] = true;
		}
	}
	return nr;
}

static uint64_t pages_there(void)
{
	struct stat st;

	if (fstat(ram_fd, &st))
		abort();
	return (uint64_t)st.st_blocks * 512 / PAGE;
}

static void check_bytes(const struct boot_want *want, const char *when)
{
	for (size_t i = 0; i < want->nr; i++) {
		const struct boot_seg *s = &want->seg[i];

		CHECK(!memcmp(at(s->paddr), s->data, s->filesz),
		      "%s: segment %zu at 0x%lx is not what the file has", when, i, s->paddr);
		/* To the end of the page: those behind it were never written. */
		for (uint64_t n = s->filesz; n < s->memsz && (s->paddr + n) % PAGE; n++)
			CHECK(!*at(s->paddr + n), "%s: no zero behind segment %zu", when, i);
	}
}

static bool has_entry(const struct boot_want *want, uint64_t entry)
{
	for (size_t i = 0; i < want->nr; i++)
		if (entry >= want->seg[i].paddr && entry - want->seg[i].paddr < want->seg[i].filesz)
			return true;
	return false;
}

void boot_ram__check_loaded(const struct boot_want *want, const struct boot_image *img)
{
	for (size_t i = 0; i < want->nr; i++)
		CHECK(boot_ram__holds(want->seg[i].paddr, want->seg[i].memsz),
		      "segment %zu of %lu bytes at 0x%lx is outside of RAM", i,
		      want->seg[i].memsz, want->seg[i].paddr);
	/* Before RAM is looked at: reading makes pages, too. */
	CHECK(pages_there() == pages_wanted(want), "%lu pages were written, not %lu",
	      pages_there(), pages_wanted(want));
	check_bytes(want, "loaded");
	CHECK(img->entry == want->entry, "entry 0x%lx, not 0x%lx", img->entry, want->entry);
	CHECK(has_entry(want, img->entry), "no code at the entry 0x%lx", img->entry);
	CHECK(img->end == want->end, "end 0x%lx, not 0x%lx", img->end, want->end);
}

/* By boot.rst: not above initrd_addr_max, and here below the hole and behind the kernel. */
static uint64_t initrd_top(const struct boot_image *img)
{
	uint64_t limit = (uint64_t)img->hdr.initrd_addr_max + 1;

	return limit < BOOT_RAM_LOW ? limit : BOOT_RAM_LOW;
}

/* Sizes near the largest that fits tell most. */
static size_t initrd_size(uint32_t *dice, uint64_t room)
{
	switch (dice__below(dice, 4)) {
	case 0:
		return dice__below(dice, 3);
	case 1:
		return room < sizeof(initrd) - 1 ? room + dice__below(dice, 2) : PAGE;
	default:
		return dice__below(dice, sizeof(initrd));
	}
}

static void check_initrd(struct boot_image *img, uint32_t *dice)
{
	uint64_t top = initrd_top(img), start = 0;
	size_t len = initrd_size(dice, top > img->end ? top - img->end : 0);
	size_t cut = dice__below(dice, (uint32_t)len + 1);
	struct iovec pieces[3] = { { initrd, cut }, { NULL, 0 }, { initrd + cut, len - cut } };
	struct ktstr_error e = { "" };
	int err = boot_params__place_initrd(&ram, img, pieces, 3, &e);

	if (!len) {
		CHECK(!err, "no initramfs: %d", err);
		return;
	}
	if (len <= top)
		start = (top - len) / PAGE * PAGE;
	if (err) {
		oracle__refused("placing the initramfs", err, -ENOMEM, -ENOMEM, &e);
		CHECK(!start || start < img->end, "%zu bytes fit at 0x%lx", len, start);
		return;
	}
	CHECK(start && start >= img->end, "an initramfs of %zu bytes fits nowhere", len);
	CHECK(img->hdr.ramdisk_image == start && img->hdr.ramdisk_size == len,
	      "initramfs of %u bytes at 0x%x, not of %zu at 0x%lx", img->hdr.ramdisk_size,
	      img->hdr.ramdisk_image, len, start);
	CHECK(!memcmp(at(start), initrd, len), "the initramfs is another");
}

static void check_cmdline(struct boot_image *img, uint32_t *dice)
{
	size_t len = dice__one_in(dice, 2) ? dice__below(dice, CMDLINE_MAX) :
		     img->hdr.cmdline_size % CMDLINE_MAX + dice__below(dice, 2);
	size_t max = LAYOUT_CMDLINE_MAX - 1;
	static char text[CMDLINE_MAX + 2];
	struct ktstr_error e = { "" };
	int err;

	if (img->hdr.cmdline_size < max)
		max = img->hdr.cmdline_size;
	memset(text, 'x', len);
	text[len] = '\0';
	err = boot_params__place_cmdline(&ram, img, text, &e);
	CHECK(!err == (len <= max), "a command line of %zu, limit %zu: %d", len, max, err);
	if (err)
		oracle__refused("placing the command line", err, -E2BIG, -E2BIG, &e);
	else
		CHECK(!strcmp((const char *)at(img->hdr.cmd_line_ptr), text), "another text");
}

void boot_ram__check_placed(const struct boot_want *want, struct boot_image *img, uint32_t choice)
{
	uint32_t dice = dice__start(choice);
	struct boot_params bp;
	int err;

	check_initrd(img, &dice);
	check_cmdline(img, &dice);
	err = boot_params__place(&ram, img, RSDP);
	CHECK(!err, "boot_params: %d", err);
	memcpy(&bp, at(LAYOUT_BOOT_PARAMS), sizeof(bp));
	CHECK(!memcmp(&bp.hdr, &img->hdr, sizeof(bp.hdr)) && bp.acpi_rsdp_addr == RSDP,
	      "the zero page has another header");
	check_bytes(want, "placed");
}
