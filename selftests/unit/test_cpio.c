// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cpio writer, read back by cpio(1) and by hand.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/cpio.h"
#include "kselftest_harness.h"

FIXTURE(cpio)
{
	struct cpio *c;
};

FIXTURE_SETUP(cpio)
{
	self->c = cpio__new();
	ASSERT_NE(NULL, self->c);
}

FIXTURE_TEARDOWN(cpio)
{
	cpio__free(self->c);
}

/* All pieces in one; the caller frees. */
static char *flatten(const struct cpio *c, size_t *len)
{
	const struct iovec *v;
	char *p = malloc(cpio__size(c) + 1);
	int n;

	v = cpio__iov(c, &n);
	*len = 0;
	for (int i = 0; i < n; i++) {
		memcpy(p + *len, v[i].iov_base, v[i].iov_len);
		*len += v[i].iov_len;
	}
	return p;
}

static unsigned long field(const char *header, int i)
{
	char hex[9] = "";

	memcpy(hex, header + 6 + 8 * i, 8);
	return strtoul(hex, NULL, 16);
}

enum { INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, MAJOR, MINOR, RMAJOR, RMINOR, NAMESIZE, CHECK };

/* Find an entry; checks alignment and magic of every one on the way. */
static const char *find(struct __test_metadata *_metadata, const char *p, size_t len,
			const char *name, const char **data)
{
	size_t at = 0;

	while (at + 110 <= len) {
		const char *h = p + at;

		ASSERT_EQ(0, at % 4);
		ASSERT_EQ(0, memcmp(h, "070701", 6)) TH_LOG("no magic at %zu", at);
		*data = p + ((at + 110 + field(h, NAMESIZE) + 3) & ~3ul);
		ASSERT_EQ(strlen(h + 110) + 1, field(h, NAMESIZE));
		if (!strcmp(h + 110, name))
			return h;
		at = (*data - p + field(h, FILESIZE) + 3) & ~3ul;
	}
	return NULL;
}

TEST_F(cpio, every_length_of_content_and_name_is_aligned)
{
	char names[64][64], data[64], *p;
	const char *found, *content;
	size_t len;

	memset(data, 'd', sizeof(data));
	for (int i = 0; i < 64; i++) {
		snprintf(names[i], sizeof(names[i]), "/%0*d", 1 + i % 13, i);
		ASSERT_EQ(0, cpio__file(self->c, names[i], 0644, data, i));
	}
	ASSERT_EQ(0, cpio__finish(self->c));
	p = flatten(self->c, &len);
	EXPECT_EQ(cpio__size(self->c), len);
	EXPECT_EQ(0, len % 4);
	for (int i = 0; i < 64; i++) {
		found = find(_metadata, p, len, names[i] + 1, &content);
		ASSERT_NE(NULL, found) TH_LOG("%s", names[i]);
		EXPECT_EQ(i, field(found, FILESIZE));
		EXPECT_EQ(0100644, field(found, MODE));
		EXPECT_EQ(0, memcmp(content, data, i));
	}
	EXPECT_NE(NULL, find(_metadata, p, len, "TRAILER!!!", &content));
	free(p);
}

TEST_F(cpio, parents_come_before_children_and_once)
{
	const char *dir, *file, *content;
	size_t len, dirs = 0;
	char *p;

	ASSERT_EQ(0, cpio__file(self->c, "/a/b/c", 0755, "x", 1));
	ASSERT_EQ(0, cpio__file(self->c, "/a/b/d", 0755, "y", 1));
	ASSERT_EQ(0, cpio__dir(self->c, "/a/b", 0700));
	ASSERT_EQ(0, cpio__finish(self->c));
	p = flatten(self->c, &len);
	dir = find(_metadata, p, len, "a/b", &content);
	file = find(_metadata, p, len, "a/b/c", &content);
	ASSERT_NE(NULL, dir);
	ASSERT_NE(NULL, file);
	EXPECT_LT(dir, file);
	EXPECT_EQ(040755, field(dir, MODE));
	EXPECT_NE(field(dir, INO), field(file, INO));
	for (size_t i = 0; i + 4 <= len; i++)
		dirs += !memcmp(p + i, "a/b", 4);
	EXPECT_EQ(1, dirs);
	free(p);
}

TEST_F(cpio, symlink_holds_its_target)
{
	const char *link, *content;
	size_t len;
	char *p;

	ASSERT_EQ(0, cpio__symlink(self->c, "/bin/sh", "/usr/bin/dash"));
	ASSERT_EQ(0, cpio__finish(self->c));
	p = flatten(self->c, &len);
	link = find(_metadata, p, len, "bin/sh", &content);
	ASSERT_NE(NULL, link);
	EXPECT_EQ(0120777, field(link, MODE));
	EXPECT_EQ(13, field(link, FILESIZE));
	EXPECT_EQ(0, memcmp(content, "/usr/bin/dash", 13));
	free(p);
}

TEST_F(cpio, bad_paths_are_refused)
{
	static const char * const bad[] = {
		"", "/", "x", "x/y", "/x/", "/..", "/../x", "/x/..", "/x/./y", "/.", "//x", "/x//y",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT_EQ(-EINVAL, cpio__file(self->c, bad[i], 0644, "x", 1));
	EXPECT_EQ(0, cpio__file(self->c, "/...", 0644, "x", 1));
	EXPECT_EQ(0, cpio__file(self->c, "/x/..y", 0644, "x", 1));
}

TEST_F(cpio, a_path_is_taken_once)
{
	EXPECT_EQ(0, cpio__file(self->c, "/x", 0644, "x", 1));
	EXPECT_EQ(-EEXIST, cpio__file(self->c, "/x", 0644, "y", 1));
	EXPECT_EQ(-EEXIST, cpio__symlink(self->c, "/x", "y"));
}

TEST_F(cpio, nothing_goes_below_what_is_no_directory)
{
	EXPECT_EQ(0, cpio__file(self->c, "/x", 0644, "x", 1));
	EXPECT_EQ(0, cpio__symlink(self->c, "/y", "/tmp"));
	EXPECT_EQ(-ENOTDIR, cpio__file(self->c, "/x/a", 0644, "a", 1));
	EXPECT_EQ(-ENOTDIR, cpio__dir(self->c, "/x/b/c", 0755));
	EXPECT_EQ(-ENOTDIR, cpio__file(self->c, "/y/a", 0644, "a", 1));
	EXPECT_EQ(-ENOTDIR, cpio__symlink(self->c, "/y/b", "a"));
}

TEST_F(cpio, a_directory_takes_the_place_of_nothing_else)
{
	EXPECT_EQ(0, cpio__file(self->c, "/x", 0644, "x", 1));
	EXPECT_EQ(-EEXIST, cpio__dir(self->c, "/x", 0755));
	EXPECT_EQ(0, cpio__dir(self->c, "/y", 0755));
	EXPECT_EQ(0, cpio__dir(self->c, "/y", 0700));
	EXPECT_EQ(-EEXIST, cpio__file(self->c, "/y", 0644, "y", 1));
}

/* The kernel stops at this name: all that follows would be missing in the guest. */
TEST_F(cpio, a_file_of_the_trailers_name_is_refused)
{
	EXPECT_EQ(-EINVAL, cpio__file(self->c, "/TRAILER!!!", 0644, "x", 1));
	EXPECT_EQ(-EINVAL, cpio__dir(self->c, "/TRAILER!!!", 0755));
	EXPECT_EQ(0, cpio__file(self->c, "/x/TRAILER!!!", 0644, "x", 1));
	EXPECT_EQ(0, cpio__file(self->c, "/TRAILER!!!!", 0644, "x", 1));
}

/* The kernel makes no link of such, and says nothing. */
TEST_F(cpio, links_to_nowhere_or_too_far_are_refused)
{
	char target[PATH_MAX + 1];

	memset(target, 'x', PATH_MAX);
	target[PATH_MAX] = '\0';
	EXPECT_EQ(-EINVAL, cpio__symlink(self->c, "/empty", ""));
	EXPECT_EQ(-ENAMETOOLONG, cpio__symlink(self->c, "/far", target));
	EXPECT_EQ(0, cpio__symlink(self->c, "/near", target + 1));
}

TEST_F(cpio, a_name_that_no_file_system_takes_is_refused)
{
	char path[300] = "/d/";

	memset(path + 3, 'x', NAME_MAX + 1);
	EXPECT_EQ(-ENAMETOOLONG, cpio__file(self->c, path, 0644, "x", 1));
	path[3 + NAME_MAX] = '\0';
	EXPECT_EQ(0, cpio__file(self->c, path, 0644, "x", 1));
}

TEST_F(cpio, too_long_and_too_large_are_refused)
{
	char *path = malloc(5000);

	memset(path, 'x', 5000);
	path[0] = '/';
	path[4999] = '\0';
	EXPECT_EQ(-ENAMETOOLONG, cpio__file(self->c, path, 0644, "x", 1));
	EXPECT_EQ(-EFBIG, cpio__file(self->c, "/big", 0644, "x", 1ull << 32));
	free(path);
}

TEST_F(cpio, nothing_comes_after_the_trailer)
{
	uint64_t size;

	ASSERT_EQ(0, cpio__finish(self->c));
	size = cpio__size(self->c);
	EXPECT_EQ(-EINVAL, cpio__file(self->c, "/late", 0644, "x", 1));
	EXPECT_EQ(0, cpio__finish(self->c));
	EXPECT_EQ(size, cpio__size(self->c));
}

/* The real reader agrees. */
TEST_F(cpio, cpio_1_lists_what_was_written)
{
	char dir[] = "/tmp/ktstr-cpio-XXXXXX", cmd[256], got[256] = "";
	size_t len;
	char *p;
	FILE *f;

	if (access("/bin/cpio", X_OK) && access("/usr/bin/cpio", X_OK))
		SKIP(return, "cpio(1) is not installed");
	ASSERT_EQ(0, cpio__file(self->c, "/init", 0755, "#!/bin/sh\n", 10));
	ASSERT_EQ(0, cpio__file(self->c, "/ktstr/plan", 0444, "odd", 3));
	ASSERT_EQ(0, cpio__symlink(self->c, "/bin/sh", "dash"));
	ASSERT_EQ(0, cpio__finish(self->c));
	p = flatten(self->c, &len);
	ASSERT_NE(NULL, mkdtemp(dir));
	snprintf(cmd, sizeof(cmd), "cd %s && cpio -idm --quiet 2>err", dir);
	f = popen(cmd, "w");
	ASSERT_EQ(len, fwrite(p, 1, len, f));
	EXPECT_EQ(0, pclose(f));
	snprintf(cmd, sizeof(cmd), "cd %s && cat init ktstr/plan err && readlink bin/sh; rm -rf %s",
		 dir, dir);
	f = popen(cmd, "r");
	EXPECT_LT(0, fread(got, 1, sizeof(got) - 1, f));
	pclose(f);
	EXPECT_STREQ("#!/bin/sh\nodddash\n", got);
	free(p);
}

TEST_HARNESS_MAIN
