/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An initramfs in memory: cpio "newc" (Documentation/driver-api/early-userspace/
 * buffer-format.rst), as pieces for scatter-gather, without a temporary file.
 */
#ifndef KTSTR_HOST_CPIO_H
#define KTSTR_HOST_CPIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct cpio;

/** cpio__new() - an empty archive; return: NULL without memory */
struct cpio *cpio__new(void);

/** cpio__free() - NULL is fine; the pieces end with it */
void cpio__free(struct cpio *c);

/**
 * cpio__file() - add a regular file and the directories above it
 * @c: archive
 * @path: absolute path in the guest
 * @mode: permission bits
 * @data: content; referenced, must live as long as @c
 * @len: bytes, less than 4 GiB: the format has 32 bits
 *
 * Return: 0; -EEXIST when the path is taken, -ENOTDIR when a path above it is no
 * directory, -EFBIG, -ENAMETOOLONG, -EINVAL for a path that is not absolute, has "."
 * or ".." in it or is the name that ends an archive ("/TRAILER!!!"), -ENOMEM.
 */
int cpio__file(struct cpio *c, const char *path, unsigned int mode, const void *data, size_t len);

/**
 * cpio__symlink() - add a symbolic link
 * @c: archive
 * @path: absolute path in the guest
 * @target: what it says
 *
 * Return: as cpio__file(); -EINVAL and -ENAMETOOLONG also for an empty @target or one
 * of PATH_MAX bytes, of which the kernel would make no link.
 */
int cpio__symlink(struct cpio *c, const char *path, const char *target);

/** cpio__dir() - add a directory, and those above it; one that is there already is fine */
int cpio__dir(struct cpio *c, const char *path, unsigned int mode);

/**
 * cpio__finish() - add the trailer; nothing can be added afterwards
 * @c: archive
 *
 * Return: 0 or -ENOMEM.
 */
int cpio__finish(struct cpio *c);

/** cpio__iov() - the pieces, in order; @n gets their number */
const struct iovec *cpio__iov(const struct cpio *c, int *n);

/** cpio__size() - bytes in all */
uint64_t cpio__size(const struct cpio *c);

#endif /* KTSTR_HOST_CPIO_H */
