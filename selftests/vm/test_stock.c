// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel as Debian built it: its drivers are modules, it has no sched_ext. The kernel
 * is $KTSTR_STOCK, which "make kernel-stock" fetches; without it all of this is skipped.
 * Needs KVM that boots kernels: runs in the box or on hardware.
 */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "selftests/unit/unit.h"
#include "host/module_file.h"
#include "ktstr_run.h"

#define MMIO "kernel/drivers/virtio/virtio_mmio.ko.xz"

FIXTURE(stock)
{
	struct ktstr_run k;
	char root[PATH_MAX];	/* of the unpacked package */
	char release[128];
	char kernel[256];	/* in a tree of the test's own, whose modules it may spoil */
	char modules[256];
};

FIXTURE_SETUP(stock)
{
	const char *path = getenv("KTSTR_STOCK");
	char copy[PATH_MAX], cmd[4 * PATH_MAX];

	memset(self, 0, sizeof(*self));
	if (!path || !*path)
		SKIP(return, "no stock kernel here; make kernel-stock fetches one");
	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(self->release, sizeof(self->release), "%s",
		 basename(copy) + strlen("vmlinuz-"));
	snprintf(self->root, sizeof(self->root), "%s", dirname(dirname(copy)));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(self->kernel, sizeof(self->kernel), "%s/boot/vmlinuz-%s", self->k.dir,
		 self->release);
	snprintf(self->modules, sizeof(self->modules), "%s/lib/modules/%s", self->k.dir,
		 self->release);
	snprintf(cmd, sizeof(cmd), "mkdir -p %s/boot %s && ln -s %s/boot/* %s/boot/ && "
		 "ln -s %s/lib/modules/%s/kernel %s/ && cp %s/lib/modules/%s/modules.[bds]* %s/",
		 self->k.dir, self->modules, self->root, self->k.dir, self->root, self->release,
		 self->modules, self->root, self->release, self->modules);
	ASSERT_EQ(0, system(cmd));
}

FIXTURE_TEARDOWN(stock)
{
	unsetenv("KTSTR_KMOD");
	if (self->k.dir[0])
		ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

#define RUN(_timeout, ...) \
	ASSERT_EQ(0, ktstr_run__command(&self->k, _timeout, NULL, 0, __VA_ARGS__, NULL))

#define EXPECT_TEXT(_stream, _text) EXPECT_NE(NULL, strstr(self->k.r._stream, _text)) \
	TH_LOG(#_stream " lacks \"%s\"", _text)

#define EXPECT_PASS() do {								\
	EXPECT_TRUE(ktstr_run__passed(&self->k, true));					\
	EXPECT_TEXT(out, self->release);						\
} while (0)

static int one_line(const char *s)
{
	const char *nl = strchr(s, '\n');

	return nl && nl != s && !nl[1];
}

/* Before a machine is started: status 2 and one sentence. */
#define REFUSED(_named, ...) do {							\
	RUN(20, "run", "--accel", "kvm", "--kernel", self->kernel, ##__VA_ARGS__);	\
	EXPECT_EQ(2, self->k.r.status);							\
	EXPECT_STREQ("", self->k.r.out);						\
	EXPECT_TEXT(err, _named);							\
	EXPECT_TRUE(one_line(self->k.r.err)) TH_LOG("stderr is not one line");		\
} while (0)

/* Run a command of the shell in the directory of the test's modules. */
static int in_modules(FIXTURE_DATA(stock) *self, const char *what)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd), "cd %s && %s", self->modules, what);
	return system(cmd);
}

TEST_F_TIMEOUT(stock, eevdf_passes_with_events_by_bpf, 120)
{
	setenv("KTSTR_KMOD", "", 1);
	RUN(110, "run", "steady", "--accel", "kvm", "--kernel", getenv("KTSTR_STOCK"),
	    "--duration", "2");
	EXPECT_PASS();
	EXPECT_TEXT(out, "by path bpf");
}

TEST_F_TIMEOUT(stock, eevdf_passes_with_events_by_the_module, 120)
{
	const char *ko = getenv("KTSTR_STOCK_KMOD");

	if (!ko || access(ko, R_OK))
		SKIP(return, "no ktstr.ko for the stock kernel; make kmod-stock builds it");
	setenv("KTSTR_KMOD", ko, 1);
	/* Four vCPUs on the box's one host CPU lose so much that a run may be nobody's fault. */
	RUN(110, "run", "steady", "--accel", "kvm", "--kernel", getenv("KTSTR_STOCK"),
	    "--duration", "2", "--events", "module", "--topology", "1,2,1,1");
	EXPECT_PASS();
	EXPECT_TEXT(out, "by path module");
}

TEST_F_TIMEOUT(stock, shell_runs_in_it, 90)
{
	RUN(80, "shell", "--accel", "kvm", "--kernel", self->kernel, "--exec",
	    "uname -r; cut -d' ' -f1 /proc/modules");
	EXPECT_EQ(0, self->k.r.status);
	EXPECT_TEXT(out, self->release);
	EXPECT_TEXT(out, "virtio_mmio\n");
}

TEST_F(stock, sched_is_refused_before_boot)
{
	REFUSED("sched_ext", "--sched", "scx_simple");
}

TEST_F(stock, modules_without_the_driver_are_refused)
{
	ASSERT_EQ(0, in_modules(self, "sed -i /virtio_mmio/d modules.dep"));
	REFUSED("has no module virtio_mmio");
	/* As if the console's driver were a module, of which the package has no file. */
	ASSERT_EQ(0, in_modules(self, "rm ../../../boot/config* && cp $(dirname $KTSTR_STOCK)/config-* "
				"../../../boot/ && sed -i s/VIRTIO_CONSOLE=y/VIRTIO_CONSOLE=m/ "
				"../../../boot/config-* && echo '" MMIO ":' >>modules.dep && "
				"sed -i /virtio_console/d modules.builtin"));
	REFUSED("has no module virtio_console");
}

TEST_F(stock, modules_that_are_nowhere_are_refused)
{
	ASSERT_EQ(0, in_modules(self, "rm modules.dep"));
	REFUSED("depmod");
	if (!system("test -d /lib/modules/${KTSTR_STOCK##*/vmlinuz-}"))
		SKIP(return, "this kernel is installed here, so its modules are in /lib/modules");
	ASSERT_EQ(0, in_modules(self, "rm -r ../../../lib"));
	REFUSED(self->release);
}

TEST_F(stock, a_loop_in_modules_dep_is_refused)
{
	ASSERT_EQ(0, in_modules(self, "sed -i s,^" MMIO ":.*,'" MMIO ": k/a.ko\\nk/a.ko: " MMIO
				"', modules.dep"));
	REFUSED("needs itself");
}

TEST_F(stock, garbage_for_modules_dep_is_refused)
{
	ASSERT_EQ(0, in_modules(self, "head -c 300000 /dev/urandom >modules.dep"));
	REFUSED("has no module virtio_mmio");
	ASSERT_EQ(0, in_modules(self, "echo " MMIO " >modules.dep"));
	REFUSED("modules.dep makes no sense");
}

TEST_F(stock, a_driver_that_cannot_be_unpacked_is_refused)
{
	ASSERT_EQ(0, in_modules(self, "head -c 4000 " MMIO " >cut.ko && rm kernel && "
				"mkdir -p $(dirname " MMIO ") && mv cut.ko " MMIO));
	REFUSED("damaged");
	ASSERT_EQ(0, in_modules(self, "echo hello >" MMIO));
	REFUSED("is no x86-64 module");
}

/* Whole as a file, but the kernel cannot link it: said by the guest, who is rid of it at once. */
TEST_F_TIMEOUT(stock, a_driver_that_the_kernel_refuses_is_named, 90)
{
	char path[PATH_MAX], *sym;
	struct ktstr_error e;
	void *data;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/" MMIO, self->modules);
	ASSERT_EQ(0, module_file__read(path, &data, &len, &e)) TH_LOG("%s", e.msg);
	sym = memmem(data, len, "\0register_virtio_device", 23);
	ASSERT_NE(NULL, sym);
	memcpy(sym + 1, "registex", 8);
	ASSERT_EQ(0, in_modules(self, "rm kernel && mkdir -p $(dirname " MMIO ")"));
	f = fopen(path, "w");
	ASSERT_NE(NULL, f);
	ASSERT_EQ(len, fwrite(data, 1, len, f));
	fclose(f);
	free(data);
	RUN(80, "run", "--accel", "kvm", "--kernel", self->kernel, "--duration", "1");
	EXPECT_NE(0, self->k.r.status);
	EXPECT_TEXT(out, "virtio_mmio.ko of the image cannot be loaded");
	EXPECT_GT(40, self->k.r.seconds);
}

TEST_HARNESS_MAIN
