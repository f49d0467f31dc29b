// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading a bzImage by its setup header, which may say anything.
 */
#include <errno.h>

#include "vmm/boot_bzimage.h"
#include "vmm/layout.h"

#include "image.h"
#include "unit.h"

#define MIB	64u

FIXTURE(bz)
{
	struct image img;
	struct memory mem;
	struct boot_image boot;
	struct ktstr_error e;
	struct setup_header *h;
};

FIXTURE_SETUP(bz)
{
	image__init(&self->img);
	image__bzimage(&self->img, NULL, 0);
	self->h = image__hdr(&self->img);
	self->e.msg[0] = '\0';
	ASSERT_EQ(0, memory__create(&self->mem, MIB, &self->e));
}

FIXTURE_TEARDOWN(bz)
{
	memory__destroy(&self->mem);
	image__free(&self->img);
}

static int load_len(FIXTURE_DATA(bz) *self, size_t len)
{
	int fd = image__open(&self->img, len);
	int err = boot_bzimage__load(fd, self->img.path, len, &self->mem, &self->boot, &self->e);

	close(fd);
	return err && !self->e.msg[0] ? -EPROTO : err;
}

static int load(FIXTURE_DATA(bz) *self)
{
	return load_len(self, self->img.len);
}

TEST_F(bz, lands_at_its_preferred_address)
{
	ASSERT_EQ(0, load(self));
	EXPECT_EQ(IMAGE_ENTRY + 0x200, self->boot.entry);
	EXPECT_EQ(IMAGE_ENTRY + 0x1000000, self->boot.end);
	EXPECT_EQ(0, memcmp((char *)self->mem.base + IMAGE_ENTRY, self->img.buf + BZ_KERNEL_OFF,
			    BZ_KERNEL_LEN));
	EXPECT_EQ(0xff, self->boot.hdr.type_of_loader);
	EXPECT_EQ(0x020f, self->boot.hdr.version);
}

TEST_F(bz, a_fixed_kernel_lands_at_one_mebibyte)
{
	self->h->relocatable_kernel = 0;
	ASSERT_EQ(0, load(self));
	EXPECT_EQ(LAYOUT_HIGH_START + 0x200, self->boot.entry);
}

TEST_F(bz, setup_sects_zero_means_four)
{
	self->h->setup_sects = 0;
	ASSERT_EQ(0, load(self));
	EXPECT_EQ(0, memcmp((char *)self->mem.base + IMAGE_ENTRY, self->img.buf + BZ_KERNEL_OFF,
			    BZ_KERNEL_LEN));
}

TEST_F(bz, every_truncation_is_refused)
{
	for (size_t len = 0; len + 15 < self->img.len; len += len < 0x300 ? 1 : 97) {
		ASSERT_EQ(-ENOEXEC, load_len(self, len)) {
			TH_LOG("%zu of %zu bytes", len, self->img.len);
		}
	}
	EXPECT_EQ(-ENOEXEC, load_len(self, self->img.len - 16));
}

TEST_F(bz, old_and_32_bit_kernels_are_refused)
{
	self->h->version = 0x020b;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->h->version = 0x020c;
	EXPECT_EQ(0, load(self));
	self->h->xloadflags = 0;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->h->xloadflags = XLF_KERNEL_64;
	self->h->loadflags = 0;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->h->loadflags = LOADED_HIGH;
	self->h->boot_flag = 0;
	EXPECT_EQ(-ENOEXEC, load(self));
}

TEST_F(bz, addresses_outside_ram_are_refused)
{
	static const uint64_t bad[] = {
		0, LAYOUT_HIGH_START - 1, MIB << 20, (MIB << 20) - 0x1000, LAYOUT_HOLE_START,
		LAYOUT_HOLE_END, UINT64_MAX, UINT64_MAX - 0xfff,
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		self->h->pref_address = bad[i];
		EXPECT_EQ(-ENOMEM, load(self));
	}
	self->h->pref_address = (MIB << 20) - self->h->init_size;
	EXPECT_EQ(0, load(self));
	self->h->init_size++;
	EXPECT_EQ(-ENOMEM, load(self));
}

TEST_F(bz, a_kernel_that_ends_before_its_entry_is_refused)
{
	self->h->syssize = 0x200 / 16;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->h->syssize++;
	EXPECT_EQ(0, load(self));
}

TEST_F(bz, a_payload_outside_the_kernel_is_refused)
{
	self->h->payload_length = 1;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->h->payload_offset = UINT32_MAX;
	self->h->payload_length = UINT32_MAX;
	EXPECT_EQ(-ENOEXEC, load(self));
	self->h->payload_offset = BZ_KERNEL_LEN - 1;
	self->h->payload_length = 1;
	EXPECT_EQ(0, load(self));
}

TEST_F(bz, release_is_read_and_bounded)
{
	struct bzimage bz;
	int fd;

	fd = image__open(&self->img, self->img.len);
	ASSERT_EQ(0, boot_bzimage__parse(fd, "x", self->img.len, &bz, &self->e));
	close(fd);
	EXPECT_EQ(0, strcmp(bz.release, BZ_RELEASE));
	memset(self->img.buf + 0x300, 'r', 0x400);
	fd = image__open(&self->img, self->img.len);
	ASSERT_EQ(0, boot_bzimage__parse(fd, "x", self->img.len, &bz, &self->e));
	close(fd);
	EXPECT_EQ(sizeof(bz.release) - 1, strlen(bz.release));
	self->h->kernel_version = 0xffff;
	fd = image__open(&self->img, self->img.len);
	ASSERT_EQ(0, boot_bzimage__parse(fd, "x", self->img.len, &bz, &self->e));
	close(fd);
	EXPECT_EQ('\0', bz.release[0]);
}

TEST_F(bz, garbled_headers_never_crash)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	int refused = 0;

	for (size_t i = 0x1f1; i < 0x1f1 + sizeof(struct setup_header); i++)
		for (size_t v = 0; v < sizeof(values); v++) {
			uint8_t good = self->img.buf[i];

			self->img.buf[i] = values[v];
			refused += load(self) != 0;
			self->img.buf[i] = good;
		}
	EXPECT_LT(50, refused);
	EXPECT_EQ(0, load(self));
}

TEST_HARNESS_MAIN
