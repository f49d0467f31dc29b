// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktstr.ko on its way into the image.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "host/file.h"
#include "host/outdir.h"
#include "host/pack_module.h"

FIXTURE(module)
{
	struct pack pack;
	struct ktstr_error e;
	char path[32];
};

FIXTURE_SETUP(module)
{
	/* As an ELF file that is no program: nothing of it is looked at. */
	static const char elf[] = "\177ELF\2\1\1 no program";
	int fd;

	strcpy(self->path, "/tmp/ktstr-ko-XXXXXX");
	fd = mkstemp(self->path);
	ASSERT_LE(0, fd);
	ASSERT_EQ(sizeof(elf), write(fd, elf, sizeof(elf)));
	close(fd);
	ASSERT_EQ(0, pack__init(&self->pack));
	setenv("KTSTR_KMOD", self->path, 1);
}

FIXTURE_TEARDOWN(module)
{
	unlink(self->path);
	pack__free(&self->pack);
}

TEST_F(module, it_is_packed_when_the_wish_may_need_it)
{
	ASSERT_EQ(0, pack_module(&self->pack, KTSTR_WISH_OFF, "", &self->e));
	ASSERT_EQ(0, pack_module(&self->pack, KTSTR_WISH_BPF, "", &self->e));
	EXPECT_FALSE(pack__has(&self->pack, KTSTR_MODULE_PATH));
	ASSERT_EQ(0, pack_module(&self->pack, KTSTR_WISH_AUTO, "", &self->e)) TH_LOG("%s", self->e.msg);
	EXPECT_TRUE(pack__has(&self->pack, KTSTR_MODULE_PATH));
	EXPECT_EQ(1, self->pack.nr);
	EXPECT_LT(10, self->pack.files[0].len);
	ASSERT_EQ(0, pack_module(&self->pack, KTSTR_WISH_MODULE, "", &self->e));
	EXPECT_EQ(1, self->pack.nr);
}

TEST_F(module, the_one_that_was_named_must_be_there)
{
	setenv("KTSTR_KMOD", "/nonexistent/ktstr.ko", 1);
	EXPECT_EQ(-ENOENT, pack_module(&self->pack, KTSTR_WISH_AUTO, "", &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "/nonexistent/ktstr.ko"));
	EXPECT_EQ(-ENOENT, pack_module(&self->pack, KTSTR_WISH_MODULE, "", &self->e));
	EXPECT_EQ(0, pack_module(&self->pack, KTSTR_WISH_BPF, "", &self->e));
	EXPECT_EQ(0, self->pack.nr);
}

TEST_F(module, none_is_fine_unless_one_insists)
{
	setenv("KTSTR_KMOD", "", 1);
	EXPECT_EQ(0, pack_module(&self->pack, KTSTR_WISH_AUTO, "", &self->e));
	EXPECT_EQ(0, self->pack.nr);
	EXPECT_EQ(-ENOENT, pack_module(&self->pack, KTSTR_WISH_MODULE, "", &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "--events module"));
	EXPECT_NE(NULL, strstr(self->e.msg, "KTSTR_KMOD"));
}

/* Beside the test's own program, where ktstr would have them beside itself. */
TEST_F(module, of_those_beside_us_the_one_for_the_kernel_is_taken)
{
	char dir[PATH_MAX], cmd[2 * PATH_MAX];

	unsetenv("KTSTR_KMOD");
	ASSERT_EQ(0, file__beside_us(dir, sizeof(dir), ""));
	snprintf(cmd, sizeof(cmd),
		 "cd %s && mkdir -p kmod kmod-stock && for i in kmod kmod-stock; do "
		 "printf '%%s' 'const char a[] __attribute__((section(\".modinfo\"))) = "
		 "\"vermagic=6.1-'$i' SMP\";' | gcc -c -x c -o $i/ktstr.ko - || exit 1; done", dir);
	ASSERT_EQ(0, system(cmd));
	ASSERT_EQ(0, pack_module(&self->pack, KTSTR_WISH_AUTO, "6.1-other", &self->e));
	EXPECT_EQ(0, self->pack.nr);
	EXPECT_EQ(-ENOENT, pack_module(&self->pack, KTSTR_WISH_MODULE, "6.1-other", &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "for 6.1-other"));
	ASSERT_EQ(0, pack_module(&self->pack, KTSTR_WISH_AUTO, "6.1-kmod-stock", &self->e));
	ASSERT_EQ(1, self->pack.nr);
	EXPECT_NE(NULL, strstr(self->pack.files[0].host, "/kmod-stock/ktstr.ko"));
	pack__free(&self->pack);
	ASSERT_EQ(0, pack__init(&self->pack));
	ASSERT_EQ(0, pack_module(&self->pack, KTSTR_WISH_AUTO, "", &self->e));
	ASSERT_EQ(1, self->pack.nr);
	EXPECT_NE(NULL, strstr(self->pack.files[0].host, "/kmod/ktstr.ko"));
	snprintf(cmd, sizeof(cmd), "cd %s && rm -r kmod kmod-stock", dir);
	EXPECT_EQ(0, system(cmd));
}

TEST_HARNESS_MAIN
