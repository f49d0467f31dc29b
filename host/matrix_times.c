// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remembered times: a small text file in the cache.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "kernels.h"
#include "matrix_times.h"

#define FILE_BYTES_MAX	(MATRIX_TIMES_MAX * 40u)

uint64_t matrix_times__key(const struct strv *words)
{
	uint64_t h = 0xcbf29ce484222325;	/* FNV-1a, 64 bits */

	for (size_t i = 0; i < words->n; i++)
		/* With the NUL: "a b" and "ab" must differ. */
		for (const char *p = words->v[i];; p++) {
			h = (h ^ (uint8_t)*p) * 0x100000001b3;
			if (!*p)
				break;
		}
	return h ? h : 1;
}

int matrix_times__path(char *dst, size_t size)
{
	char kernels[PATH_MAX], cache[PATH_MAX];
	int ret = kernels__cache_dir(kernels, sizeof(kernels));

	if (!ret)
		ret = path__dirname(cache, sizeof(cache), kernels);
	return ret ? ret : path__join(dst, size, cache, "times");
}

static size_t find(const struct matrix_times *t, uint64_t key)
{
	size_t i = 0;

	while (i < t->n && t->v[i].key != key)
		i++;
	return i;
}

uint32_t matrix_times__get(const struct matrix_times *t, uint64_t key)
{
	size_t i = find(t, key);

	return i < t->n ? t->v[i].ms : 0;
}

static void drop(struct matrix_times *t, size_t i)
{
	if (i < t->n)
		memmove(&t->v[i], &t->v[i + 1], (--t->n - i) * sizeof(*t->v));
}

int matrix_times__set(struct matrix_times *t, uint64_t key, uint32_t ms)
{
	if (!t->v)
		t->v = calloc(MATRIX_TIMES_MAX, sizeof(*t->v));
	if (!t->v)
		return -ENOMEM;
	drop(t, find(t, key));
	if (t->n == MATRIX_TIMES_MAX)
		drop(t, 0);
	t->v[t->n++] = (struct matrix_time){ key, ms };
	return 0;
}

static int read_lines(struct matrix_times *t, char *text)
{
	char *line, *save = NULL;
	int ret = 0;

	for (line = strtok_r(text, "\n", &save); !ret && line; line = strtok_r(NULL, "\n", &save)) {
		struct matrix_time one;
		int end = 0;

		/* sscanf() would take a sign. */
		if (!line[strspn(line, "0123456789abcdef ")] &&
		    sscanf(line, "%16" SCNx64 " %9" SCNu32 "%n", &one.key, &one.ms, &end) == 2 &&
		    end && !line[end] && one.key && one.ms)
			ret = matrix_times__set(t, one.key, one.ms);
	}
	return ret;
}

int matrix_times__load(struct matrix_times *t, const char *path)
{
	struct ktstr_error e;
	void *data;
	size_t len;
	int ret;

	memset(t, 0, sizeof(*t));
	if (!file__exists(path))
		return 0;
	ret = file__read(path, FILE_BYTES_MAX, &data, &len, NULL, &e);
	if (ret)
		return ret;
	ret = read_lines(t, data);
	free(data);
	return ret;
}

static int write_lines(const struct matrix_times *t, const char *path)
{
	FILE *f = fopen(path, "we");
	int ret = 0;

	if (!f)
		return -errno;
	for (size_t i = 0; i < t->n; i++)
		fprintf(f, "%016" PRIx64 " %" PRIu32 "\n", t->v[i].key, t->v[i].ms);
	if (ferror(f))
		ret = -EIO;
	if (fclose(f) && !ret)
		ret = -errno;
	return ret;
}

/* The cache's own directory, and the one for caches: a new user has neither. */
static int make_dirs(const char *path)
{
	char dir[PATH_MAX], above[PATH_MAX];
	int ret = path__dirname(dir, sizeof(dir), path);

	if (!ret)
		ret = path__dirname(above, sizeof(above), dir);
	if (ret)
		return ret;
	mkdir(above, 0777);
	mkdir(dir, 0777);	/* without it opening the file says why */
	return 0;
}

int matrix_times__save(const struct matrix_times *t, const char *path)
{
	char temporary[PATH_MAX];
	int ret = make_dirs(path);

	if (ret)
		return ret;
	if (snprintf(temporary, sizeof(temporary), "%s.%d", path, getpid()) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	ret = write_lines(t, temporary);
	if (!ret && rename(temporary, path))
		ret = -errno;
	if (ret)
		unlink(temporary);
	return ret;
}

void matrix_times__free(struct matrix_times *t)
{
	free(t->v);
	t->v = NULL;
	t->n = 0;
}
