// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading a vmlinux: a good one lands where it says; a truncated, garbled or
 * hostile one is refused with a sentence and harms nobody.
 */
#include <errno.h>

#include "vmm/boot_elf.h"
#include "vmm/layout.h"

#include "image.h"
#include "unit.h"

#define MIB	64u

FIXTURE(elf)
{
	struct image img;
	struct memory mem;
	struct boot_image boot;
	struct ktstr_error e;
};

FIXTURE_SETUP(elf)
{
	image__init(&self->img);
	image__vmlinux(&self->img);
	self->e.msg[0] = '\0';
	ASSERT_EQ(0, memory__create(&self->mem, MIB, &self->e));
}

FIXTURE_TEARDOWN(elf)
{
	memory__destroy(&self->mem);
	image__free(&self->img);
}

static int load_len(FIXTURE_DATA(elf) *self, size_t len)
{
	int fd = image__open(&self->img, len);
	int err = boot_elf__load(fd, self->img.path, &self->mem, &self->boot, &self->e);

	close(fd);
	/* A refusal without a sentence is a bug of its own. */
	return err && !self->e.msg[0] ? -EPROTO : err;
}

static int load(FIXTURE_DATA(elf) *self)
{
	return load_len(self, self->img.len);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

TEST_F(elf, segments_land_at_their_physical_addresses)
{
	const uint8_t *ram = self->mem.base;

	ASSERT_EQ(0, load(self));
	EXPECT_EQ(IMAGE_ENTRY, self->boot.entry);
	EXPECT_EQ(IMAGE_DATA + IMAGE_DATA_LEN + IMAGE_BSS_LEN, self->boot.end);
	EXPECT_EQ(0, memcmp(ram + IMAGE_ENTRY, self->img.buf + 0x1000, IMAGE_TEXT_LEN));
	EXPECT_EQ(0, memcmp(ram + IMAGE_DATA, self->img.buf + 0x1000 + IMAGE_TEXT_LEN, IMAGE_DATA_LEN));
	EXPECT_TRUE(is_zero(ram + IMAGE_DATA + IMAGE_DATA_LEN, IMAGE_BSS_LEN));
	EXPECT_TRUE(is_zero(ram, IMAGE_ENTRY));
}

TEST_F(elf, gets_the_header_that_the_boot_protocol_wants)
{
	ASSERT_EQ(0, load(self));
	EXPECT_EQ(0xaa55, self->boot.hdr.boot_flag);
	EXPECT_EQ(0, memcmp(&self->boot.hdr.header, "HdrS", 4));
	EXPECT_EQ(0xff, self->boot.hdr.type_of_loader);
	EXPECT_LE(0x206, self->boot.hdr.version);
}

TEST_F(elf, every_truncation_is_refused)
{
	for (size_t len = 0; len < self->img.len; len += len < 0x200 ? 1 : 61) {
		ASSERT_EQ(-ENOEXEC, load_len(self, len)) {
			TH_LOG("%zu of %zu bytes", len, self->img.len);
		}
	}
	EXPECT_EQ(-ENOEXEC, load_len(self, self->img.len - 1));
}

TEST_F(elf, other_machines_and_types_are_refused)
{
	Elf64_Ehdr good = *self->img.eh;

	self->img.eh->e_machine = EM_AARCH64;
	EXPECT_EQ(-ENOEXEC, load(self));
	*self->img.eh = good;
	self->img.eh->e_ident[EI_CLASS] = ELFCLASS32;
	EXPECT_EQ(-ENOEXEC, load(self));
	*self->img.eh = good;
	self->img.eh->e_ident[EI_DATA] = ELFDATA2MSB;
	EXPECT_EQ(-ENOEXEC, load(self));
	*self->img.eh = good;
	self->img.eh->e_type = ET_DYN;
	EXPECT_EQ(-ENOEXEC, load(self));
	*self->img.eh = good;
	self->img.eh->e_type = ET_REL;
	EXPECT_EQ(-ENOEXEC, load(self));
	*self->img.eh = good;
	EXPECT_EQ(0, load(self));
}

TEST_F(elf, a_segment_outside_ram_is_refused)
{
	static const uint64_t bad[] = {
		0, LAYOUT_ACPI, LAYOUT_HIGH_START - 1, (MIB << 20) - 0x1000, MIB << 20,
		LAYOUT_CONSOLE_MMIO, LAYOUT_HOLE_END, UINT64_MAX, UINT64_MAX - 0x100, 1ull << 63,
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		self->img.ph[1].p_paddr = bad[i];
		EXPECT_EQ(-ENOMEM, load(self)) {
			TH_LOG("at 0x%llx", (unsigned long long)bad[i]);
		}
	}
	self->img.ph[1].p_paddr = (MIB << 20) - IMAGE_DATA_LEN - IMAGE_BSS_LEN;
	EXPECT_EQ(0, load(self));
}

TEST_F(elf, sizes_that_wrap_or_lie_are_refused)
{
	Elf64_Phdr good = self->img.ph[1];

	self->img.ph[1].p_memsz = UINT64_MAX;
	EXPECT_GT(0, load(self));
	self->img.ph[1].p_memsz = 0ull - IMAGE_DATA;
	EXPECT_GT(0, load(self));
	self->img.ph[1] = good;
	self->img.ph[0].p_memsz--;
	EXPECT_GT(0, load(self));
	self->img.ph[0].p_memsz++;
	self->img.ph[1].p_offset = UINT64_MAX;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->img.ph[1].p_offset = INT64_MAX;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->img.ph[1].p_offset = self->img.len;
	EXPECT_EQ(-ENOEXEC, load(self));
}

TEST_F(elf, overlapping_segments_are_refused)
{
	self->img.ph[1].p_paddr = IMAGE_ENTRY + IMAGE_TEXT_LEN - 1;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->img.ph[1].p_paddr = IMAGE_ENTRY + IMAGE_TEXT_LEN;
	EXPECT_EQ(0, load(self));
}

TEST_F(elf, an_entry_outside_the_code_is_refused)
{
	static const uint64_t bad[] = {
		0, IMAGE_ENTRY - 1, IMAGE_ENTRY + IMAGE_TEXT_LEN, IMAGE_DATA + IMAGE_DATA_LEN,
		0xffffffff81000000ull, UINT64_MAX,
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		self->img.eh->e_entry = bad[i];
		EXPECT_EQ(-ENOEXEC, load(self));
	}
}

TEST_F(elf, program_headers_that_are_not_there_are_refused)
{
	self->img.eh->e_phnum = 0;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->img.eh->e_phnum = 65;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->img.eh->e_phnum = 0xfffe;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->img.eh->e_phnum = PN_XNUM;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->img.eh->e_phnum = 2;
	self->img.eh->e_phoff = self->img.len;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->img.eh->e_phoff = UINT64_MAX - 8;
	EXPECT_EQ(-ENOEXEC, load(self));
}

/* Any byte of the headers may be anything: refused or loaded, never a crash. */
TEST_F(elf, garbled_headers_never_crash)
{
	size_t headers = sizeof(*self->img.eh) + 2 * sizeof(*self->img.ph);
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	int refused = 0;

	for (size_t i = 0; i < headers; i++)
		for (size_t v = 0; v < sizeof(values); v++) {
			uint8_t good = self->img.buf[i];

			self->img.buf[i] = values[v];
			refused += load(self) != 0;
			self->img.buf[i] = good;
		}
	EXPECT_LT(100, refused);
	EXPECT_EQ(0, load(self));
}

TEST_F(elf, garbage_is_refused)
{
	srand(20261122);
	for (int i = 0; i < 200; i++) {
		for (size_t b = 0; b < 4096; b++)
			self->img.buf[b] = (uint8_t)rand();
		if (i & 1)
			memcpy(self->img.buf, ELFMAG, SELFMAG);
		EXPECT_EQ(-ENOEXEC, load(self));
	}
}

/* What goes beside the kernel, and where. */
TEST_F(elf, initrd_lies_page_aligned_at_the_top_and_in_one_piece)
{
	struct iovec pieces[3] = {
		{ (void *)"abc", 3 }, { (void *)"", 0 }, { (void *)"defgh", 5 },
	};

	ASSERT_EQ(0, load(self));
	ASSERT_EQ(0, boot_params__place_initrd(&self->mem, &self->boot, pieces, 3, &self->e));
	EXPECT_EQ((MIB << 20) - 4096, self->boot.hdr.ramdisk_image);
	EXPECT_EQ(8, self->boot.hdr.ramdisk_size);
	EXPECT_EQ(0, memcmp((char *)self->mem.base + self->boot.hdr.ramdisk_image, "abcdefgh", 8));
}

TEST_F(elf, an_initrd_that_meets_the_kernel_is_refused)
{
	size_t room;
	struct iovec piece;
	char *big = calloc(1, MIB << 20);

	ASSERT_NE(NULL, big);
	ASSERT_EQ(0, load(self));
	room = (MIB << 20) - ((self->boot.end + 4095) & ~4095ull);
	piece = (struct iovec){ big, room + 1 };
	EXPECT_EQ(-ENOMEM, boot_params__place_initrd(&self->mem, &self->boot, &piece, 1, &self->e));
	piece.iov_len = SIZE_MAX;
	EXPECT_EQ(-ENOMEM, boot_params__place_initrd(&self->mem, &self->boot, &piece, 1, &self->e));
	EXPECT_EQ(0, self->boot.hdr.ramdisk_size);
	piece.iov_len = room;
	EXPECT_EQ(0, boot_params__place_initrd(&self->mem, &self->boot, &piece, 1, &self->e));
	free(big);
}

TEST_F(elf, command_line_limit_is_exact)
{
	char line[LAYOUT_CMDLINE_MAX + 1];

	ASSERT_EQ(0, load(self));
	memset(line, 'x', sizeof(line));
	line[LAYOUT_CMDLINE_MAX] = '\0';
	EXPECT_EQ(-E2BIG, boot_params__place_cmdline(&self->mem, &self->boot, line, &self->e));
	line[LAYOUT_CMDLINE_MAX - 1] = '\0';
	EXPECT_EQ(0, boot_params__place_cmdline(&self->mem, &self->boot, line, &self->e));
	EXPECT_EQ(0, strcmp((char *)self->mem.base + self->boot.hdr.cmd_line_ptr, line));
}

/* A kernel may say that it takes anything: the limit is then our own. */
TEST_F(elf, command_line_limit_of_a_boundless_kernel_is_ours)
{
	char line[LAYOUT_CMDLINE_MAX + 1];

	ASSERT_EQ(0, load(self));
	self->boot.hdr.cmdline_size = UINT32_MAX;
	EXPECT_EQ(0, boot_params__place_cmdline(&self->mem, &self->boot, "quiet", &self->e));
	memset(line, 'x', sizeof(line));
	line[LAYOUT_CMDLINE_MAX] = '\0';
	EXPECT_EQ(-E2BIG, boot_params__place_cmdline(&self->mem, &self->boot, line, &self->e));
}

TEST_F(elf, zero_page_names_all_of_ram_and_nothing_else)
{
	const struct boot_params *bp = (void *)((char *)self->mem.base + LAYOUT_BOOT_PARAMS);
	uint64_t ram = 0, last = 0;

	ASSERT_EQ(0, load(self));
	ASSERT_EQ(0, boot_params__place(&self->mem, &self->boot, LAYOUT_ACPI));
	EXPECT_EQ(LAYOUT_ACPI, bp->acpi_rsdp_addr);
	EXPECT_EQ(0, bp->sentinel);
	for (int i = 0; i < bp->e820_entries; i++) {
		EXPECT_EQ(last, bp->e820_table[i].addr);
		last = bp->e820_table[i].addr + bp->e820_table[i].size;
		ram += bp->e820_table[i].type == 1 ? bp->e820_table[i].size : 0;
	}
	EXPECT_EQ(MIB << 20, last);
	EXPECT_EQ((MIB << 20) - (LAYOUT_HIGH_START - LAYOUT_LOW_END), ram);
}

TEST_HARNESS_MAIN
