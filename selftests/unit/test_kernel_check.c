// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmm__check_kernel(): says no to what it knows, yes to what it cannot know,
 * and survives every file.
 */
#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ktstr/vmm.h>

#include "vmm/kernel_config.h"

#include "image.h"
#include "unit.h"

#define VIRTIO	"CONFIG_VIRTIO_MMIO=y\nCONFIG_VIRTIO_CONSOLE=y\n"
#define FULL	"CONFIG_64BIT=y\n" VIRTIO "CONFIG_SCHED_CLASS_EXT=y\n"

FIXTURE(check)
{
	struct image img;
	struct ktstr_error e;
	uint8_t *cfg;
	uint8_t *gz;
};

FIXTURE_SETUP(check)
{
	image__init(&self->img);
	self->e.msg[0] = '\0';
	self->cfg = calloc(1, 1 << 19);
	self->gz = calloc(1, 1 << 19);
	ASSERT_NE(NULL, self->cfg);
	ASSERT_NE(NULL, self->gz);
}

FIXTURE_TEARDOWN(check)
{
	image__free(&self->img);
	free(self->cfg);
	free(self->gz);
}

static int judge(FIXTURE_DATA(check) *self, size_t len, bool ext)
{
	int err;

	image__write(&self->img, len);
	err = vmm__check_kernel(self->img.path, ext, &self->e);
	return err && !self->e.msg[0] ? -EPROTO : err;
}

/* A vmlinux with this configuration in .rodata, @pad bytes in. */
static int elf_with(FIXTURE_DATA(check) *self, const char *config, size_t pad, bool ext)
{
	size_t n;

	memset(self->img.buf, 0, IMAGE_MAX);
	image__vmlinux(&self->img);
	memset(self->cfg, 'I', pad);
	n = image__ikconfig(self->cfg + pad, config);
	image__sections(&self->img, self->cfg, pad + n, NULL);
	return judge(self, self->img.len, ext);
}

static size_t gzip(uint8_t *out, const uint8_t *in, size_t len)
{
	z_stream z = { .next_in = (Bytef *)in, .avail_in = (uInt)len, .next_out = out, .avail_out = 1 << 18 };

	if (deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	deflateEnd(&z);
	return z.total_out;
}

/* A bzImage whose gzip payload holds this configuration, @pad bytes in. */
static int bz_with(FIXTURE_DATA(check) *self, const char *config, size_t pad, bool ext)
{
	size_t n;

	memset(self->img.buf, 0, IMAGE_MAX);
	memset(self->cfg, 'I', pad);
	n = image__ikconfig(self->cfg + pad, config);
	n = gzip(self->gz, self->cfg, pad + n);
	image__bzimage(&self->img, self->gz, n);
	return judge(self, self->img.len, ext);
}

TEST_F(check, a_full_configuration_is_accepted)
{
	EXPECT_EQ(0, elf_with(self, FULL, 0, true));
	EXPECT_EQ(0, bz_with(self, FULL, 0, true));
}

TEST_F(check, what_is_missing_is_named)
{
	EXPECT_EQ(-ENOTSUP, elf_with(self, VIRTIO, 0, true));
	EXPECT_NE(NULL, strstr(self->e.msg, "CONFIG_SCHED_CLASS_EXT=y"));
	EXPECT_EQ(0, elf_with(self, VIRTIO, 0, false));
	EXPECT_EQ(-ENOTSUP, elf_with(self, "CONFIG_VIRTIO_MMIO=y\n", 0, false));
	EXPECT_NE(NULL, strstr(self->e.msg, "CONFIG_VIRTIO_CONSOLE=y"));
	EXPECT_EQ(-ENOTSUP, bz_with(self, "CONFIG_VIRTIO_CONSOLE=y\n", 0, false));
	EXPECT_NE(NULL, strstr(self->e.msg, "CONFIG_VIRTIO_MMIO=y"));
}

TEST_F(check, a_module_is_not_built_in_and_is_told_apart)
{
	EXPECT_EQ(-ENOTSUP, elf_with(self, "CONFIG_VIRTIO_MMIO=m\nCONFIG_VIRTIO_CONSOLE=y\n", 0, false));
	EXPECT_NE(NULL, strstr(self->e.msg, "only a module"));
}

TEST_F(check, lookalikes_do_not_count)
{
	EXPECT_EQ(-ENOTSUP, elf_with(self, "# CONFIG_VIRTIO_MMIO is not set\nXCONFIG_VIRTIO_MMIO=y\n"
				     "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y\nCONFIG_VIRTIO_MMIO=yes\n"
				     "CONFIG_VIRTIO_CONSOLE=y\n", 0, false));
	EXPECT_NE(NULL, strstr(self->e.msg, "CONFIG_VIRTIO_MMIO=y"));
}

/* The mark across every boundary of the pieces in which a file is read. */
TEST_F(check, the_mark_is_found_wherever_it_lies)
{
	for (size_t pad = (256 << 10) - 10; pad < (256 << 10) + 2; pad++) {
		ASSERT_EQ(-ENOTSUP, elf_with(self, VIRTIO, pad, true));
		ASSERT_EQ(-ENOTSUP, bz_with(self, VIRTIO, pad, true));
	}
}

/* Zeros, compressed, up to a byte boundary; return: bytes at @out */
static size_t squeeze_zeros(uint8_t *out, size_t zeros)
{
	static Bytef zero[256];
	z_stream z = { .next_in = zero, .avail_in = (uInt)zeros, .next_out = out, .avail_out = 256 };

	if (deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&z, Z_SYNC_FLUSH) != Z_OK)
		abort();
	deflateEnd(&z);
	return z.total_out;
}

/* A stored block that is not the last; return: bytes at @out */
static size_t store(uint8_t *out, const uint8_t *in, size_t len)
{
	out[0] = 0;
	out[1] = (uint8_t)len;
	out[2] = (uint8_t)(len >> 8);
	out[3] = (uint8_t)~len;
	out[4] = (uint8_t)(~len >> 8);
	memcpy(out + 5, in, len);
	return 5 + len;
}

/*
 * Input and output are taken in pieces of one size. Here the first piece of
 * input makes exactly one piece of output: the zeros give back what headers cost.
 */
TEST_F(check, input_and_output_may_end_a_piece_together)
{
	static const uint8_t head[10] = { 0x1f, 0x8b, 8 };
	const size_t piece = 256 << 10, blocks = 5;
	size_t zeros, at, n, left;

	for (zeros = 40; zeros < 256; zeros++)
		if (sizeof(head) + squeeze_zeros(self->gz + sizeof(head), zeros) + 5 * blocks == zeros)
			break;
	ASSERT_GT(256, zeros);
	memcpy(self->gz, head, sizeof(head));
	at = sizeof(head) + squeeze_zeros(self->gz + sizeof(head), zeros);
	for (size_t i = 0; i < blocks; i++) {
		left = piece - at;
		n = i + 1 < blocks ? 50000 : left - 5;
		at += store(self->gz + at, self->cfg, n);
	}
	ASSERT_EQ(piece, at);
	n = image__ikconfig(self->cfg, VIRTIO);
	at += store(self->gz + at, self->cfg, n);
	image__bzimage(&self->img, self->gz, at);
	EXPECT_EQ(-ENOTSUP, judge(self, self->img.len, true));
	EXPECT_EQ(0, judge(self, self->img.len, false));
}

TEST(the_mark_is_found_across_every_split)
{
	uint8_t buf[512];
	size_t n;

	memcpy(buf, "IIKCFG_SIKCIIKCFG_", 18);
	n = 18 + image__ikconfig(buf + 18, FULL);
	for (size_t split = 0; split <= n; split++) {
		struct ikconfig_scan scan = { 0 };
		char *text;

		ASSERT_EQ(0, ikconfig_scan__feed(&scan, buf, split));
		ASSERT_EQ(0, ikconfig_scan__feed(&scan, buf + split, n - split));
		text = ikconfig_scan__text(&scan);
		ASSERT_NE(NULL, text);
		EXPECT_EQ(0, strcmp(text, FULL));
		free(text);
		ikconfig_scan__free(&scan);
	}
}

TEST_F(check, without_a_configuration_symbols_decide)
{
	static const char * const all[] = {
		"virtio_mmio_driver", "virtio_console", "ext_sched_class", NULL
	};
	static const char * const some[] = { "virtio_mmio_driver", "virtio_console", NULL };
	static const char * const none[] = { "start_kernel", NULL };

	image__vmlinux(&self->img);
	image__sections(&self->img, (const uint8_t *)"x", 1, all);
	EXPECT_EQ(0, judge(self, self->img.len, true));
	image__vmlinux(&self->img);
	image__sections(&self->img, (const uint8_t *)"x", 1, some);
	EXPECT_EQ(-ENOTSUP, judge(self, self->img.len, true));
	EXPECT_EQ(0, judge(self, self->img.len, false));
	image__vmlinux(&self->img);
	image__sections(&self->img, (const uint8_t *)"x", 1, none);
	EXPECT_EQ(-ENOTSUP, judge(self, self->img.len, false));
}

static Elf64_Shdr *sections(struct image *img)
{
	return (Elf64_Shdr *)(img->buf + img->eh->e_shoff);
}

/* Sections 2, 3 and 4 are symbols, their names, and the sections' names. */
TEST_F(check, sections_of_any_size_are_not_taken_into_memory)
{
	static const char * const all[] = {
		"virtio_mmio_driver", "virtio_console", "ext_sched_class", NULL
	};
	const uint64_t huge = 1ull << 30;
	struct rusage before, after;

	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &before));
	for (int i = 2; i < 5; i++) {
		image__vmlinux(&self->img);
		image__sections(&self->img, (const uint8_t *)"x", 1, all);
		sections(&self->img)[i].sh_offset = IMAGE_MAX;
		sections(&self->img)[i].sh_size = huge;
		image__write(&self->img, self->img.len);
		ASSERT_EQ(0, truncate(self->img.path, IMAGE_MAX + huge));
		EXPECT_EQ(0, vmm__check_kernel(self->img.path, true, &self->e));
	}
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &after));
	EXPECT_GT(huge >> 11, after.ru_maxrss - before.ru_maxrss);
}

TEST_F(check, symbols_without_names_tell_nothing)
{
	static const char * const none[] = { "start_kernel", NULL };

	image__vmlinux(&self->img);
	image__sections(&self->img, (const uint8_t *)"x", 1, none);
	ASSERT_EQ(-ENOTSUP, judge(self, self->img.len, false));
	sections(&self->img)[2].sh_link = 77;
	EXPECT_EQ(0, judge(self, self->img.len, false));
}

/* Half a million passes over the same symbols would take minutes. */
TEST_F(check, only_one_symbol_table_counts)
{
	static const char * const none[] = { "start_kernel", NULL };
	static const char * const all[] = {
		"virtio_mmio_driver", "virtio_console", "ext_sched_class", NULL
	};
	Elf64_Shdr *sh;

	image__vmlinux(&self->img);
	image__sections(&self->img, (const uint8_t *)"x", 1, none);
	ASSERT_EQ(-ENOTSUP, judge(self, self->img.len, false));
	image__vmlinux(&self->img);
	image__sections(&self->img, (const uint8_t *)"x", 1, all);
	sh = sections(&self->img);
	sh[1] = sh[2];
	sh[2].sh_size = sizeof(Elf64_Sym);
	EXPECT_EQ(0, judge(self, self->img.len, false));
	sh[1].sh_size = sizeof(Elf64_Sym);
	sh[2].sh_size = 4 * sizeof(Elf64_Sym);
	EXPECT_EQ(-ENOTSUP, judge(self, self->img.len, false));
}

TEST_F(check, what_cannot_be_known_is_accepted)
{
	image__vmlinux(&self->img);
	EXPECT_EQ(0, judge(self, self->img.len, true));
	memset(self->img.buf, 0, IMAGE_MAX);
	image__bzimage(&self->img, (const uint8_t *)"\x28\xb5\x2f\xfd zstd", 9);
	EXPECT_EQ(0, judge(self, self->img.len, true));
}

TEST_F(check, a_configuration_beside_a_bzimage_is_used)
{
	char path[] = "/tmp/config-6.12.34-test";
	FILE *f = fopen(path, "wx");

	ASSERT_NE(NULL, f);
	fputs(VIRTIO, f);
	fclose(f);
	image__bzimage(&self->img, NULL, 0);
	EXPECT_EQ(-ENOTSUP, judge(self, self->img.len, true));
	EXPECT_EQ(0, judge(self, self->img.len, false));
	unlink(path);
	EXPECT_EQ(0, judge(self, self->img.len, true));
}

static int probe(FIXTURE_DATA(check) *self, const char *config, bool ext, struct vmm_kernel *k)
{
	FILE *f = fopen("/tmp/config-6.12.34-test", "w");
	int err;

	if (!f)
		return -errno;
	fputs(config, f);
	fclose(f);
	memset(k, 0xff, sizeof(*k));
	k->sz = sizeof(*k);
	err = vmm__probe_kernel(self->img.path, ext, k, &self->e);
	unlink("/tmp/config-6.12.34-test");
	return err;
}

TEST_F(check, drivers_that_are_modules_are_told_to_who_can_bring_them)
{
	struct vmm_kernel k;

	image__bzimage(&self->img, NULL, 0);
	ASSERT_EQ(0, judge(self, self->img.len, false));
	ASSERT_EQ(0, probe(self, "CONFIG_VIRTIO_MMIO=m\nCONFIG_VIRTIO_CONSOLE=y\n", false, &k));
	EXPECT_TRUE(k.known);
	EXPECT_EQ(VMM_DRIVER_VIRTIO_MMIO, k.modules);
	EXPECT_STREQ("6.12.34-test", k.release);
	ASSERT_EQ(0, probe(self, "CONFIG_VIRTIO_MMIO=m\nCONFIG_VIRTIO_CONSOLE=m\n", false, &k));
	EXPECT_EQ(VMM_DRIVER_VIRTIO_MMIO | VMM_DRIVER_VIRTIO_CONSOLE, k.modules);
	ASSERT_EQ(0, probe(self, FULL, true, &k));
	EXPECT_EQ(0, k.modules);
	/* What is neither is missing still, and so is sched_ext. */
	EXPECT_EQ(-ENOTSUP, probe(self, "CONFIG_VIRTIO_MMIO=m\n", false, &k));
	EXPECT_NE(NULL, strstr(self->e.msg, "CONFIG_VIRTIO_CONSOLE=y"));
	EXPECT_EQ(-ENOTSUP, probe(self, "CONFIG_VIRTIO_MMIO=m\nCONFIG_VIRTIO_CONSOLE=y\n", true, &k));
	EXPECT_NE(NULL, strstr(self->e.msg, "sched_ext"));
	ASSERT_EQ(0, vmm__probe_kernel(self->img.path, true, &k, &self->e));
	EXPECT_FALSE(k.known);
	EXPECT_STREQ("6.12.34-test", k.release);
}

/* A configuration that inflates without end must end. */
TEST_F(check, a_configuration_bomb_is_ignored)
{
	char *bomb = malloc((8 << 20) + 1);

	ASSERT_NE(NULL, bomb);
	memset(bomb, '#', 8 << 20);
	bomb[8 << 20] = '\0';
	EXPECT_EQ(0, elf_with(self, bomb, 0, true));
	free(bomb);
}

TEST_F(check, truncated_and_damaged_files_are_refused_or_unknown)
{
	int refused = 0;

	ASSERT_EQ(0, elf_with(self, FULL, 0, true));
	EXPECT_EQ(-ENOEXEC, judge(self, 0x1000 + IMAGE_TEXT_LEN, true));
	EXPECT_EQ(-ENOEXEC, judge(self, 100, true));
	EXPECT_EQ(-ENOEXEC, judge(self, 0, true));
	ASSERT_EQ(0, bz_with(self, FULL, 0, true));
	EXPECT_EQ(-ENOEXEC, judge(self, self->img.len - 32, true));
	for (size_t i = 0; i < 400; i++) {
		size_t at = BZ_KERNEL_OFF + BZ_KERNEL_LEN + i % image__hdr(&self->img)->payload_length;

		self->img.buf[at] ^= 0xff;
		refused += judge(self, self->img.len, true) != 0;
		self->img.buf[at] ^= 0xff;
	}
	EXPECT_EQ(0, refused);
}

TEST_F(check, garbled_elf_headers_never_crash)
{
	ASSERT_EQ(0, elf_with(self, FULL, 0, true));
	for (size_t i = 0; i < 64; i++) {
		uint8_t good = self->img.buf[i];

		self->img.buf[i] = 0xff;
		judge(self, self->img.len, true);
		self->img.buf[i] = good;
	}
	for (size_t i = self->img.len - 5 * 64; i < self->img.len; i++) {
		uint8_t good = self->img.buf[i];

		self->img.buf[i] = 0xff;
		judge(self, self->img.len, true);
		self->img.buf[i] = good;
	}
	EXPECT_EQ(0, judge(self, self->img.len, true));
}

TEST_F(check, a_segment_without_bytes_in_the_file_is_not_cut_short)
{
	image__vmlinux(&self->img);
	self->img.ph[1].p_filesz = 0;
	self->img.ph[1].p_offset = self->img.len + 0x1000;
	EXPECT_EQ(0, judge(self, self->img.len, false)) TH_LOG("%s", self->e.msg);
	self->img.ph[1].p_filesz = 1;
	EXPECT_EQ(-ENOEXEC, judge(self, self->img.len, false));
}

TEST_F(check, files_that_are_no_files_are_refused_at_once)
{
	EXPECT_EQ(-ENOENT, vmm__check_kernel("/nonexistent/vmlinux", false, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "/nonexistent/vmlinux"));
	EXPECT_EQ(-ENOEXEC, vmm__check_kernel("/", false, &self->e));
	EXPECT_EQ(-ENOEXEC, vmm__check_kernel("/dev/zero", false, &self->e));
	unlink(self->img.path);
	ASSERT_EQ(0, mkfifo(self->img.path, 0600));
	EXPECT_EQ(-ENOEXEC, vmm__check_kernel(self->img.path, false, &self->e));
	EXPECT_EQ(-ENOEXEC, vmm__check_kernel("/proc/self/exe", false, &self->e));
}

TEST_F(check, what_may_not_be_read_is_said_so)
{
	pid_t pid;
	int status;

	if (geteuid())
		SKIP(return, "only root can become another user");
	image__vmlinux(&self->img);
	image__write(&self->img, self->img.len);
	ASSERT_EQ(0, chmod(self->img.path, 0));
	pid = fork();
	if (!pid)
		_exit(setuid(65534) || vmm__check_kernel(self->img.path, false, &self->e) != -EACCES ||
		      !strstr(self->e.msg, self->img.path) || !strstr(self->e.msg, "permissions"));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
