// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the writer of the initramfs: whatever is added, in whatever order, each call
 * returns what a model of a root file system says, and the archive, decoded here by
 * Documentation/driver-api/early-userspace/buffer-format.rst, holds exactly that file
 * system, in an order in which the kernel's init/initramfs.c can unpack it.
 *
 * The input is a list of calls, see take_call().
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cpio.h"

#include "fuzz.h"
#include "oracle.h"

#define SIZE_MAX_IN	4096u
#define ENTRIES_MAX	SIZE_MAX_IN
#define TEXT_MAX	(2 * PATH_MAX)
#define CONTENT_MAX	(64u << 10)
#define FLAT_MAX	(64u << 20)
#define HEADER		110u
#define HEAP_MAX	(32u << 20)

/** struct entry - what the guest shall find */
struct entry {
	char *path;
	uint32_t mode;
	const char *data;
	size_t len;
};

/** struct input - what is left of the input */
struct input {
	const uint8_t *at, *end;
};

static struct {
	struct entry e[ENTRIES_MAX];
	size_t nr;
	bool finished;
} model;

static char content[CONTENT_MAX];
static uint8_t flat[FLAT_MAX];

static const struct entry *find(const char *path)
{
	for (size_t i = 0; i < model.nr; i++)
		if (!strcmp(model.e[i].path, path))
			return &model.e[i];
	return NULL;
}

static void remember(const char *path, uint32_t mode, const char *data, size_t len)
{
	struct entry *e = &model.e[model.nr++];

	CHECK(model.nr < ENTRIES_MAX, "too many entries for the model");
	*e = (struct entry){ .path = strdup(path), .mode = mode, .data = data, .len = len };
}

/* What is wrong with a path by itself. */
static int path_error(const char *path)
{
	int err = 0;

	if (*path != '/' || !strcmp(path, "/") || !strcmp(path, "/TRAILER!!!"))
		return -EINVAL;
	for (const char *p = path; *p; ) {
		size_t n = strcspn(++p, "/");

		if (!n || !strncmp(p, "./", 2) || !strcmp(p, ".") || !strncmp(p, "../", 3) ||
		    !strcmp(p, ".."))
			return -EINVAL;
		if (n > NAME_MAX)
			err = -ENAMETOOLONG;
		p += n;
	}
	return strlen(path) >= PATH_MAX ? -ENAMETOOLONG : err;
}

/* Directories above a path, those that are missing; the model takes them. */
static int parents(const char *path)
{
	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		char dir[PATH_MAX];
		const struct entry *e;

		snprintf(dir, sizeof(dir), "%.*s", (int)(p - path), path);
		e = find(dir);
		if (e && !S_ISDIR(e->mode))
			return -ENOTDIR;
		if (!e)
			remember(dir, S_IFDIR | 0755, "", 0);
	}
	return 0;
}

static int expect(const char *path, uint32_t mode, const char *data, size_t len)
{
	const struct entry *e;
	int err = 0;

	if (S_ISLNK(mode))
		err = !len ? -EINVAL : len >= PATH_MAX ? -ENAMETOOLONG : 0;
	if (!err)
		err = model.finished ? -EINVAL : path_error(path);
	if (!err && len > UINT32_MAX)
		err = -EFBIG;
	if (!err)
		err = parents(path);
	if (err)
		return err;
	e = find(path);
	if (e)
		return S_ISDIR(mode) && S_ISDIR(e->mode) ? 0 : -EEXIST;
	remember(path, mode, data, len);
	return 0;
}

static uint8_t take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* Text up to a NUL; a byte with the high bit repeats what stands before it. */
static const char *take_text(struct input *in, char *to)
{
	size_t n = 0;
	uint8_t c;

	while ((c = take(in)) && n < TEXT_MAX) {
		if (c < 0x80) {
			to[n++] = (char)c;
			continue;
		}
		for (unsigned int i = (c & 0x7f) + 1; i && n && n < TEXT_MAX; i--, n++)
			to[n] = to[n - 1];
	}
	to[n] = '\0';
	return to;
}

/* Room for every symbolic link's target: it is compared long after the call. */
static struct {
	char text[SIZE_MAX_IN * 130 + TEXT_MAX];	/* a byte makes 128 of them */
	size_t used;
} targets;

static const char *take_target(struct input *in)
{
	const char *text = take_text(in, targets.text + targets.used);

	targets.used += strlen(text) + 1;
	return text;
}

static void take_call(struct input *in, struct cpio *c)
{
	char path[TEXT_MAX + 1];
	const char *target;
	uint8_t op = take(in);
	uint32_t mode = take(in) | take(in) << 8 | (uint32_t)take(in) << 16;
	size_t len;
	int want, got;

	if (op % 8 == 7) {
		got = cpio__finish(c);
		CHECK(!got, "finishing: %d", got);
		model.finished = true;
		return;
	}
	take_text(in, path);
	switch (op % 8) {
	case 0:
		want = expect(path, S_IFDIR | (mode & 07777), "", 0);
		got = cpio__dir(c, path, mode);
		break;
	case 1:
		target = take_target(in);
		want = expect(path, S_IFLNK | 0777, target, strlen(target));
		got = cpio__symlink(c, path, target);
		break;
	default:
		/* 2 to 5: any length; 6: one that the format cannot tell. */
		len = op % 8 == 6 ? UINT32_MAX + 1ul : (take(in) << 8 | take(in)) % CONTENT_MAX;
		want = expect(path, S_IFREG | (mode & 07777), content, len);
		got = cpio__file(c, path, mode, content, len);
	}
	CHECK(want == got, "op %u of \"%.100s\" returned %d, not %d", op % 8, path, got, want);
}

static size_t flatten(const struct cpio *c)
{
	size_t len = 0;
	int n;
	const struct iovec *v = cpio__iov(c, &n);

	for (int i = 0; i < n; i++) {
		CHECK(len + v[i].iov_len <= FLAT_MAX, "more than %u bytes", FLAT_MAX);
		memcpy(flat + len, v[i].iov_base, v[i].iov_len);
		len += v[i].iov_len;
	}
	CHECK(len == cpio__size(c), "%zu bytes, not %lu", len, cpio__size(c));
	return len;
}

/* Eight hexadecimal digits. */
static uint32_t field(const uint8_t *h, unsigned int i)
{
	uint32_t v = 0;

	for (const uint8_t *p = h + 6 + 8 * i; p < h + 14 + 8 * i; p++) {
		CHECK((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'F') ||
		      (*p >= 'a' && *p <= 'f'), "field %u has a byte 0x%x", i, *p);
		v = v << 4 | (*p <= '9' ? *p - '0' : (*p | 0x20) - 'a' + 10);
	}
	return v;
}

enum {
	INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, MAJOR, MINOR, RMAJOR, RMINOR, NAMESIZE,
	CHECKSUM,
};

/* Zeros up to a multiple of four. */
static size_t align(size_t at, size_t len)
{
	for (; at % 4 && at < len; at++)
		CHECK(!flat[at], "padding 0x%x at %zu", flat[at], at);
	return at;
}

/* One member at @at, which must be @name with @data; return: where the next may begin. */
static size_t decode(size_t at, size_t len, const char *name, const struct entry *e)
{
	static const int zero[] = { UID, GID, MTIME, MAJOR, MINOR, RMAJOR, RMINOR, CHECKSUM };
	const uint8_t *h;

	at = align(at, len);
	CHECK(at + HEADER <= len, "no header for %s in %zu bytes", name, len);
	h = flat + at;
	CHECK(!memcmp(h, "070701", 6), "no magic for %s", name);
	for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		CHECK(!field(h, zero[i]), "field %d of %s is %u", zero[i], name, field(h, zero[i]));
	CHECK(field(h, MODE) == e->mode, "mode of %s is 0%o", name, field(h, MODE));
	CHECK(field(h, FILESIZE) == e->len, "size of %s is %u", name, field(h, FILESIZE));
	CHECK(field(h, NAMESIZE) == strlen(name) + 1 && at + HEADER + strlen(name) < len &&
	      !memcmp(h + HEADER, name, strlen(name) + 1), "another name than %s", name);
	at = align(at + HEADER + strlen(name) + 1, len);
	CHECK(e->len <= len - at && !memcmp(flat + at, e->data, e->len), "content of %s", name);
	return at + e->len;
}

static void check_archive(const struct cpio *c)
{
	static const struct entry trailer = { .data = "" };
	size_t len = flatten(c), at = 0;

	for (size_t i = 0; i < model.nr; i++) {
		size_t start = align(at, len);

		at = decode(at, len, model.e[i].path + 1, &model.e[i]);
		/* Equal numbers would be hard links. */
		CHECK(field(flat + start, INO) == i + 1, "inode number of %s", model.e[i].path);
	}
	if (model.finished)
		at = align(decode(at, len, "TRAILER!!!", &trailer), len);
	CHECK(at == len, "%zu bytes behind the last member", len - at);
}

void fuzz__init(void)
{
	oracle__init();
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)(i * 13 + (i >> 8) + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	struct cpio *c;

	if (size > SIZE_MAX_IN)
		return -1;
	model.nr = 0;
	targets.used = 0;
	model.finished = false;
	oracle__heap_begin();
	c = cpio__new();
	CHECK(c, "no memory");
	while (in.at < in.end)
		take_call(&in, c);
	check_archive(c);
	cpio__free(c);
	for (size_t i = 0; i < model.nr; i++)
		free(model.e[i].path);
	oracle__heap_end("the archive", HEAP_MAX);
	return 0;
}
