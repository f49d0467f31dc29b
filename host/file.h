/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small things about files and paths.
 */
#ifndef KTSTR_HOST_FILE_H
#define KTSTR_HOST_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <ktstr/error.h>

/**
 * file__read() - a regular file into memory
 * @path: file
 * @max: bytes it may have at most
 * @data: gets malloc()ed memory, one byte longer than the file and NUL there
 * @len: gets its length
 * @mode: gets its permission bits; may be NULL
 * @e: sentence on failure
 *
 * Return: 0; -EFBIG, -EISDIR, -EINVAL when it is no regular file, or the errno
 * of open(), fstat() and read().
 */
int file__read(const char *path, size_t max, void **data, size_t *len, unsigned int *mode,
	       struct ktstr_error *e);

/** file__is_executable() - a regular file that we may execute? */
bool file__is_executable(const char *path);

/** file__exists() - anything at all at this path? */
bool file__exists(const char *path);

/**
 * file__beside_us() - a path relative to where ktstr is: $KTSTR_DIR, or this executable's directory
 * @dst: where to
 * @size: room in bytes
 * @rel: relative path, "" for the directory itself
 *
 * Return: 0, -ENAMETOOLONG or the errno of readlink().
 */
int file__beside_us(char *dst, size_t size, const char *rel);

/** path__join() - "@dir/@name" into @dst; return: 0 or -ENAMETOOLONG */
int path__join(char *dst, size_t size, const char *dir, const char *name);

/** path__dirname() - what is left of the last slash, "." without one; return: 0 or -ENAMETOOLONG */
int path__dirname(char *dst, size_t size, const char *path);

/** path__basename() - what is right of the last slash */
const char *path__basename(const char *path);

/**
 * path__absolute() - a path that does not depend on the current directory
 * @dst: where to
 * @size: room in bytes
 * @path: any path; symbolic links in it stay
 *
 * "." and ".." and double slashes are resolved by name. Return: 0,
 * -ENAMETOOLONG or the errno of getcwd().
 */
int path__absolute(char *dst, size_t size, const char *path);

#endif /* KTSTR_HOST_FILE_H */
