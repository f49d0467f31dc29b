// SPDX-License-Identifier: GPL-2.0-only
/*
 * Modules as files, plain and packed, whole and not; and drivers on their way into
 * the image.
 */
#include <errno.h>
#include <limits.h>
#include <lzma.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "unit.h"

#include "host/file.h"
#include "host/module_file.h"
#include "host/pack_module.h"

#define RELEASE		"6.12.0-test"
#define PACKED_MAX	(1u << 20)

enum form { PLAIN, GZ, XZ, ZST, NR_FORMS };

FIXTURE(file)
{
	char dir[64];
	char path[128];		/* what is read */
	char kernel[128];
	void *plain;		/* a module for RELEASE */
	size_t plain_len;
	uint8_t *packed;
	struct pack pack;
	struct ktstr_error e;
};

/* @fmt: the directory is its only argument */
static int sh(const char *dir, const char *fmt)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd), fmt, dir);
	return system(cmd);
}

FIXTURE_SETUP(file)
{
	char ko[128];

	memset(self, 0, sizeof(*self));
	strcpy(self->dir, "/tmp/ktstr-modfile-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	/* The padding packs well: more comes out than the first room holds. */
	ASSERT_EQ(0, sh(self->dir, "cd %s && mkdir -p boot lib/modules/" RELEASE "/k && "
			"printf '%%s' 'const char a[] __attribute__((section(\".modinfo\"))) = "
			"\"license=GPL\\0depends=\\0vermagic=" RELEASE " SMP mod_unload \"; "
			"char pad[600000] = { 1 };' >m.c && "
			"gcc -c -o m.ko m.c"));
	snprintf(ko, sizeof(ko), "%s/m.ko", self->dir);
	ASSERT_EQ(0, file__read(ko, 16 << 20, &self->plain, &self->plain_len, NULL, &self->e));
	snprintf(self->kernel, sizeof(self->kernel), "%s/boot/vmlinuz", self->dir);
	snprintf(self->path, sizeof(self->path), "%s/lib/modules/" RELEASE "/k/virtio-mmio.ko",
		 self->dir);
	self->packed = malloc(PACKED_MAX);
	ASSERT_NE(NULL, self->packed);
	ASSERT_EQ(0, pack__init(&self->pack));
}

FIXTURE_TEARDOWN(file)
{
	pack__free(&self->pack);
	free(self->plain);
	free(self->packed);
	EXPECT_EQ(0, sh(self->dir, "rm -rf %s"));
}

static size_t pack_gz(const void *in, size_t len, uint8_t *out)
{
	z_stream z = { .next_in = (void *)in, .avail_in = len, .next_out = out,
		       .avail_out = PACKED_MAX };

	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out;
}

static size_t in_form(FIXTURE_DATA(file) *self, enum form form, const void *in, size_t len)
{
	size_t n = 0;

	switch (form) {
	case GZ:
		return pack_gz(in, len, self->packed);
	case XZ:
		lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, in, len, self->packed, &n,
					PACKED_MAX);
		return n;
	case ZST:
		return ZSTD_compress(self->packed, PACKED_MAX, in, len, 3);
	default:
		memcpy(self->packed, in, len);
		return len;
	}
}

static int read_bytes(FIXTURE_DATA(file) *self, const void *p, size_t len, void **data, size_t *n)
{
	FILE *f = fopen(self->path, "w");

	if (!f || fwrite(p, 1, len, f) != len || fclose(f))
		return -EIO;
	self->e.msg[0] = '\0';
	return module_file__read(self->path, data, n, &self->e);
}

TEST_F(file, every_packing_gives_the_same_module)
{
	for (enum form form = PLAIN; form < NR_FORMS; form++) {
		char release[64];
		void *data = NULL;
		size_t n = 0, len = in_form(self, form, self->plain, self->plain_len);

		ASSERT_EQ(0, read_bytes(self, self->packed, len, &data, &n))
			TH_LOG("form %d: %s", form, self->e.msg);
		ASSERT_EQ(self->plain_len, n);
		EXPECT_EQ(0, memcmp(data, self->plain, n));
		EXPECT_EQ(0, module_file__release(data, n, release, sizeof(release)));
		EXPECT_STREQ(RELEASE, release);
		/* No room for it: said, not cut. */
		EXPECT_EQ(-ENOEXEC, module_file__release(data, n, release, strlen(RELEASE)));
		free(data);
	}
}

/* Cut anywhere and flipped anywhere: refused, or a module whose release may be anything. */
TEST_F(file, damage_is_refused_and_never_crashes)
{
	for (enum form form = PLAIN; form < NR_FORMS; form++) {
		size_t len = in_form(self, form, self->plain, self->plain_len);
		size_t step = len / 60 + 1, n;
		char release[64];
		void *data;

		for (size_t at = 0; at < len; at += at < 70 ? 1 : step) {
			int ret = read_bytes(self, self->packed, at, &data, &n);

			/* A plain one has no end mark: the ELF header must be there at least. */
			if (form != PLAIN || at < 64)
				EXPECT_EQ(-ENOEXEC, ret) TH_LOG("form %d cut at %zu", form, at);
			if (!ret) {
				module_file__release(data, n, release, sizeof(release));
				free(data);
			}
		}
		for (size_t at = 0; at < len; at += at < 70 ? 1 : step) {
			self->packed[at] ^= 0x55;
			if (!read_bytes(self, self->packed, len, &data, &n)) {
				module_file__release(data, n, release, sizeof(release));
				free(data);
			}
			self->packed[at] ^= 0x55;
		}
	}
}

/* 300 MiB of zeroes in a few KiB. */
TEST_F(file, a_bomb_is_refused)
{
	static const size_t len = 300u << 20;
	void *zeroes = calloc(1, len), *data;
	size_t n, packed;

	ASSERT_NE(NULL, zeroes);
	packed = in_form(self, ZST, zeroes, len);
	free(zeroes);
	ASSERT_GT(PACKED_MAX, packed);
	EXPECT_EQ(-EFBIG, read_bytes(self, self->packed, packed, &data, &n));
	EXPECT_NE(NULL, strstr(self->e.msg, self->path));
}

TEST_F(file, what_is_no_module_is_named)
{
	void *data;
	size_t n;

	EXPECT_EQ(-ENOEXEC, read_bytes(self, "", 0, &data, &n));
	EXPECT_EQ(-ENOEXEC, read_bytes(self, "hello", 5, &data, &n));
	EXPECT_NE(NULL, strstr(self->e.msg, "is no x86-64 module"));
	EXPECT_NE(NULL, strstr(self->e.msg, self->path));
	/* An executable is no module. */
	EXPECT_EQ(-ENOEXEC, module_file__read("/proc/self/exe", &data, &n, &self->e));
	EXPECT_EQ(-ENOENT, module_file__read("/nonexistent.ko", &data, &n, &self->e));
}

static int drivers(FIXTURE_DATA(file) *self, bool known, uint32_t modules, const char *dep)
{
	struct vmm_kernel k = { .sz = sizeof(k), .known = known, .modules = modules };
	char path[PATH_MAX];
	FILE *f;

	strcpy(k.release, RELEASE);
	snprintf(path, sizeof(path), "%s/lib/modules/" RELEASE "/modules.dep", self->dir);
	f = fopen(path, "w");
	if (!f)
		return -EIO;
	fputs(dep, f);
	fclose(f);
	self->e.msg[0] = '\0';
	return pack_drivers(&self->pack, self->kernel, &k, &self->e);
}

#define MMIO_DEP "k/virtio-mmio.ko:\n"

TEST_F(file, a_driver_is_packed_unpacked_with_a_list)
{
	size_t n, len = in_form(self, XZ, self->plain, self->plain_len);
	void *data;

	ASSERT_EQ(0, read_bytes(self, self->packed, len, &data, &n));
	free(data);
	ASSERT_EQ(0, drivers(self, true, VMM_DRIVER_VIRTIO_MMIO, MMIO_DEP)) TH_LOG("%s", self->e.msg);
	ASSERT_EQ(2, self->pack.nr);
	EXPECT_STREQ("/ktstr/modules/virtio_mmio.ko", self->pack.files[0].guest);
	EXPECT_EQ(self->plain_len, self->pack.files[0].len);
	EXPECT_STREQ(KTSTR_DRIVERS_PATH, self->pack.files[1].guest);
	ASSERT_EQ(strlen("/ktstr/modules/virtio_mmio.ko\n"), self->pack.files[1].len);
	EXPECT_EQ(0, memcmp("/ktstr/modules/virtio_mmio.ko\n", self->pack.files[1].data,
			    self->pack.files[1].len));
}

TEST_F(file, a_driver_that_is_not_there_is_an_error_only_if_it_must_be)
{
	EXPECT_EQ(-ENOENT, drivers(self, true, VMM_DRIVER_VIRTIO_CONSOLE, MMIO_DEP));
	EXPECT_NE(NULL, strstr(self->e.msg, "virtio_console"));
	/* Its file is missing, though modules.dep has it. */
	EXPECT_EQ(-ENOENT, drivers(self, true, VMM_DRIVER_VIRTIO_MMIO, MMIO_DEP));
	EXPECT_NE(NULL, strstr(self->e.msg, "virtio-mmio.ko"));
	/* Built in, or nothing known: then the guest will tell. */
	EXPECT_EQ(0, drivers(self, true, 0, ""));
	EXPECT_EQ(0, drivers(self, false, 0, ""));
	EXPECT_EQ(0, self->pack.nr);
}

TEST_F(file, a_driver_of_another_kernel_is_refused)
{
	char *magic = memmem(self->plain, self->plain_len, RELEASE, strlen(RELEASE));
	void *data;
	size_t n;

	ASSERT_NE(NULL, magic);
	magic[0] = '5';
	ASSERT_EQ(0, read_bytes(self, self->plain, self->plain_len, &data, &n));
	free(data);
	EXPECT_EQ(-ENOEXEC, drivers(self, true, VMM_DRIVER_VIRTIO_MMIO, MMIO_DEP));
	EXPECT_NE(NULL, strstr(self->e.msg, "is for kernel 5.12.0-test and not for " RELEASE))
		TH_LOG("%s", self->e.msg);
	memcpy(memmem(self->plain, self->plain_len, "vermagic", 8), "vermagix", 8);
	ASSERT_EQ(0, read_bytes(self, self->plain, self->plain_len, &data, &n));
	free(data);
	EXPECT_EQ(-ENOEXEC, drivers(self, true, VMM_DRIVER_VIRTIO_MMIO, MMIO_DEP));
	EXPECT_NE(NULL, strstr(self->e.msg, "does not say"));
	EXPECT_EQ(0, self->pack.nr);
}

TEST_HARNESS_MAIN
