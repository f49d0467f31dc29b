/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which kernel to boot.
 */
#ifndef KTSTR_HOST_KERNELS_H
#define KTSTR_HOST_KERNELS_H

#include <stddef.h>

#include <ktstr/error.h>

/**
 * kernels__choose() - the kernel of a run
 * @asked: value of --kernel, or NULL
 * @dst: gets the path: @asked, else $KTSTR_KERNEL, else "default" in the cache;
 *	a directory stands for the vmlinux or bzImage in it
 * @size: room in bytes
 * @e: sentence on failure, with how to get a kernel
 *
 * Whether it can be booted is vmm__check_kernel()'s question.
 * Return: 0, -ENOENT or -ENAMETOOLONG.
 */
int kernels__choose(const char *asked, char *dst, size_t size, struct ktstr_error *e);

/** kernels__cache_dir() - where built kernels are; return: 0, -ENAMETOOLONG, -ENOENT without HOME */
int kernels__cache_dir(char *dst, size_t size);

/**
 * kernels__list() - print the cached kernels on stdout, the default one marked
 * @e: sentence on failure
 *
 * Return: how many there are, or a negative errno.
 */
int kernels__list(struct ktstr_error *e);

#endif /* KTSTR_HOST_KERNELS_H */
