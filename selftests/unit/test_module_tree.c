// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/modules of a kernel: what is found in it, in which order, and what is said
 * of one that makes no sense.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "host/module_tree.h"

#define RELEASE "6.12.0-test"

FIXTURE(tree)
{
	char dir[64];
	char kernel[128];
	struct module_tree t;
	struct strv order;
	struct ktstr_error e;
};

static void put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/lib/modules/" RELEASE "/%s", dir, name);
	f = fopen(path, "w");
	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

FIXTURE_SETUP(tree)
{
	char cmd[256];

	memset(self, 0, sizeof(*self));
	strcpy(self->dir, "/tmp/ktstr-tree-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(cmd, sizeof(cmd), "mkdir -p %s/boot %s/lib/modules/" RELEASE, self->dir, self->dir);
	ASSERT_EQ(0, system(cmd));
	snprintf(self->kernel, sizeof(self->kernel), "%s/boot/vmlinuz-" RELEASE, self->dir);
}

FIXTURE_TEARDOWN(tree)
{
	char cmd[128];

	module_tree__close(&self->t);
	strv__free(&self->order);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", self->dir);
	EXPECT_EQ(0, system(cmd));
}

/* Write modules.dep, read the tree, ask for a module. */
static int ask(FIXTURE_DATA(tree) *self, const char *dep, const char *name)
{
	int ret;

	self->e.msg[0] = '\0';
	module_tree__close(&self->t);
	strv__free(&self->order);
	put(self->dir, "modules.dep", dep);
	ret = module_tree__open(&self->t, self->kernel, RELEASE, &self->e);
	return ret ? ret : module_tree__add(&self->t, name, &self->order, &self->e);
}

/* The names in order, blank-separated. */
static const char *order(const struct strv *v)
{
	static char text[4096];
	char name[64];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < v->n; i++)
		if (module_tree__name(v->v[i], strlen(v->v[i]), name, sizeof(name)))
			len += snprintf(text + len, sizeof(text) - len, "%s%s", len ? " " : "", name);
	return text;
}

#define EXPECT_SAID(_text) EXPECT_NE(NULL, strstr(self->e.msg, _text)) TH_LOG("%s", self->e.msg)

TEST_F(tree, what_is_needed_comes_first)
{
	ASSERT_EQ(0, ask(self, "k/c.ko: k/b.ko k/a.ko\nk/b.ko: k/a.ko\nk/a.ko:\nk/d.ko: k/c.ko\n", "c"))
		TH_LOG("%s", self->e.msg);
	EXPECT_STREQ("a b c", order(&self->order));
	ASSERT_EQ(0, module_tree__add(&self->t, "d", &self->order, &self->e));
	EXPECT_STREQ("a b c d", order(&self->order));
}

TEST_F(tree, paths_are_of_the_tree_or_absolute)
{
	char want[128];

	ASSERT_EQ(0, ask(self, "kernel/x/a.ko.xz: /opt/b.ko\n/opt/b.ko:\n", "a"));
	ASSERT_EQ(2, self->order.n);
	EXPECT_STREQ("/opt/b.ko", self->order.v[0]);
	snprintf(want, sizeof(want), "%s/lib/modules/" RELEASE "/kernel/x/a.ko.xz", self->dir);
	EXPECT_STREQ(want, self->order.v[1]);
}

TEST_F(tree, dash_and_underscore_are_the_same)
{
	ASSERT_EQ(0, ask(self, "k/virtio-mmio.ko.zst: k/virtio_ring.ko.gz\nk/virtio-ring.ko.gz:\n",
			 "virtio_mmio"));
	EXPECT_STREQ("virtio_ring virtio_mmio", order(&self->order));
}

TEST_F(tree, a_name_that_only_begins_or_ends_alike_is_another)
{
	EXPECT_EQ(-ENOENT, ask(self, "k/virtio_mmio2.ko:\nk/xvirtio_mmio.ko:\nvirtio_mmio/a.ko:\n"
			       "k/virtio_mmio.ko.txt:\nk/virtio_mmio:\n", "virtio_mmio"));
	EXPECT_SAID("has no module virtio_mmio");
	EXPECT_SAID(self->dir);
}

TEST_F(tree, what_is_built_in_needs_no_file)
{
	put(self->dir, "modules.builtin", "kernel/drivers/virtio/virtio_ring.ko\n");
	ASSERT_EQ(0, ask(self, "k/a.ko: k/virtio_ring.ko\n", "a")) TH_LOG("%s", self->e.msg);
	EXPECT_STREQ("a", order(&self->order));
	ASSERT_EQ(0, module_tree__add(&self->t, "virtio-ring", &self->order, &self->e));
	EXPECT_STREQ("a", order(&self->order));
}

TEST_F(tree, soft_dependencies_come_first_if_they_are_there)
{
	put(self->dir, "modules.softdep", "# comment\nsoftdep other pre: z\n"
	    "softdep a pre: gone p-re post: post\n");
	ASSERT_EQ(0, ask(self, "k/a.ko:\nk/p_re.ko:\nk/post.ko:\nk/z.ko:\n", "a"))
		TH_LOG("%s", self->e.msg);
	EXPECT_STREQ("p_re a", order(&self->order));
}

TEST_F(tree, a_loop_is_named_and_ends)
{
	EXPECT_EQ(-ELOOP, ask(self, "k/a.ko: k/b.ko\nk/b.ko: k/c.ko\nk/c.ko: k/a.ko\n", "a"));
	EXPECT_SAID("a needs itself by way of c");
	EXPECT_EQ(-ELOOP, ask(self, "k/a.ko: k/a.ko\n", "a"));
	put(self->dir, "modules.softdep", "softdep a pre: a\n");
	EXPECT_EQ(-ELOOP, ask(self, "k/a.ko:\n", "a"));
}

/* Each of 40 needs all before it: done once each, or it would take for ever. */
TEST_F(tree, what_many_need_is_looked_at_once)
{
	static char dep[64 << 10];
	size_t len = 0;

	for (int i = 0; i < 40; i++) {
		len += snprintf(dep + len, sizeof(dep) - len, "k/m%d.ko:", i);
		for (int j = 0; j < i; j++)
			len += snprintf(dep + len, sizeof(dep) - len, " k/m%d.ko", j);
		len += snprintf(dep + len, sizeof(dep) - len, "\n");
	}
	ASSERT_EQ(0, ask(self, dep, "m39")) TH_LOG("%s", self->e.msg);
	EXPECT_EQ(40, self->order.n);
}

TEST_F(tree, more_modules_than_make_sense_are_refused)
{
	static char dep[64 << 10];
	size_t len = snprintf(dep, sizeof(dep), "k/all.ko:");

	for (int i = 0; i < 100; i++)
		len += snprintf(dep + len, sizeof(dep) - len, " k/m%d.ko", i);
	for (int i = 0; i < 100; i++)
		len += snprintf(dep + len, sizeof(dep) - len, "\nk/m%d.ko:", i);
	EXPECT_EQ(-E2BIG, ask(self, dep, "all"));
	/* And a chain of them. */
	len = 0;
	for (int i = 0; i < 100; i++)
		len += snprintf(dep + len, sizeof(dep) - len, "k/m%d.ko: k/m%d.ko\n", i, i + 1);
	EXPECT_EQ(-EINVAL, ask(self, dep, "m0"));
}

TEST_F(tree, garbage_is_called_that)
{
	EXPECT_EQ(-EINVAL, ask(self, "k/a.ko\nk/b.ko:\n", "a"));
	EXPECT_SAID("no colon");
	EXPECT_SAID("depmod");
	EXPECT_EQ(-EINVAL, ask(self, "k/a.ko: k/b.ko /etc/passwd\nk/b.ko:\n", "a"));
	EXPECT_SAID("no module");
	EXPECT_EQ(-ENOENT, ask(self, "", "a"));
	EXPECT_EQ(-ENOENT, ask(self, "\n\n:::\n: a.ko\n.ko:\n/.ko.xz: .ko\n\t k/a.ko:", "a"));
	EXPECT_EQ(-ENOENT, ask(self, "k/a.ko: k/gone.ko\n", "a"));
	EXPECT_SAID("gone");
}

/* Random bytes, of an alphabet that makes lines and names likely. */
TEST_F(tree, random_text_never_crashes)
{
	static const char letters[] = "ab/:. \n\n.ko.ko.xz-_\t";
	char dep[2048], soft[512];

	srandom(1);
	for (int i = 0; i < 500; i++) {
		for (size_t j = 0; j < sizeof(dep) - 1; j++)
			dep[j] = letters[random() % (sizeof(letters) - 1)];
		dep[sizeof(dep) - 1] = '\0';
		snprintf(soft, sizeof(soft), "softdep a pre: %.400s", dep + 99);
		put(self->dir, "modules.softdep", soft);
		strcpy(dep + random() % 900, "\na.ko: b.ko\nb.ko:");
		if (ask(self, dep, random() % 2 ? "a" : "b"))
			EXPECT_NE('\0', self->e.msg[0]);
	}
}

TEST_F(tree, a_path_without_end_is_refused)
{
	static char dep[3 * PATH_MAX];

	memset(dep, 'x', sizeof(dep) - 8);
	dep[4] = '/';
	strcpy(dep + sizeof(dep) - 20, "/a.ko:");
	EXPECT_EQ(-ENAMETOOLONG, ask(self, dep, "a"));
	EXPECT_SAID("too long");
}

/* It was cut to what fits and its last part looked up: another module was found. */
TEST_F(tree, a_name_that_is_too_long_or_a_path_is_none)
{
	static const char dep[] = "k/a.ko:\n";
	char name[66];

	memset(name, 'x', sizeof(name));
	strcpy(name + 61, "/aaa");
	EXPECT_EQ(-EINVAL, ask(self, dep, name));
	EXPECT_SAID("is no name of a module");
	EXPECT_EQ(-EINVAL, ask(self, dep, "k/a"));
	EXPECT_EQ(0, ask(self, dep, "a"));
}

/* A sentence with that name would reach a terminal. */
TEST_F(tree, a_name_that_no_terminal_shows_is_none)
{
	char name[64];

	EXPECT_FALSE(module_tree__name("k/\033[2Ja.ko", 11, name, sizeof(name)));
	EXPECT_FALSE(module_tree__name("k/a\377.ko", 7, name, sizeof(name)));
	EXPECT_EQ(-EINVAL, ask(self, "k/a.ko: k/\033[2Jb.ko\n", "a"));
	EXPECT_EQ(NULL, strchr(self->e.msg, '\033'));
	EXPECT_SAID("no module");
}

TEST_F(tree, it_is_found_around_the_kernel_and_below_it_too)
{
	char kernel[256], cmd[512];

	put(self->dir, "modules.dep", "k/a.ko:\n");
	snprintf(kernel, sizeof(kernel), "%s/lib/modules/" RELEASE "/vmlinuz", self->dir);
	EXPECT_EQ(0, module_tree__open(&self->t, kernel, RELEASE, &self->e));
	module_tree__close(&self->t);
	snprintf(kernel, sizeof(kernel), "%s/vmlinuz", self->dir);
	EXPECT_EQ(0, module_tree__open(&self->t, kernel, RELEASE, &self->e));
	module_tree__close(&self->t);
	EXPECT_EQ(-ENOENT, module_tree__open(&self->t, self->kernel, "6.0-other", &self->e));
	EXPECT_SAID("6.0-other");
	snprintf(cmd, sizeof(cmd), "rm %s/lib/modules/" RELEASE "/modules.dep", self->dir);
	ASSERT_EQ(0, system(cmd));
	EXPECT_EQ(-ENOENT, module_tree__open(&self->t, self->kernel, RELEASE, &self->e));
	EXPECT_SAID("depmod -b");
}

TEST_HARNESS_MAIN
