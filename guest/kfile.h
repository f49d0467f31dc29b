/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small files of procfs, sysfs and cgroupfs, read and written in one go.
 */
#ifndef GUEST_KFILE_H
#define GUEST_KFILE_H

#include <stddef.h>
#include <stdint.h>

#include <ktstr/cpulist.h>

/**
 * kfile__read() - read the start of a file as text
 * @path: file
 * @buf: gets the text, always NUL terminated, empty on failure
 * @len: room in bytes, at least 1; what does not fit is left out
 *
 * Return: bytes of text or a negative errno.
 */
int kfile__read(const char *path, char *buf, size_t len);

/** kfile__read_line() - as kfile__read(), cut before the first newline */
int kfile__read_line(const char *path, char *buf, size_t len);

/** kfile__read_u64() - read a decimal number; return: 0, -EINVAL or another negative errno */
int kfile__read_u64(const char *path, uint64_t *out);

/**
 * kfile__read_list() - read a list of numbers, as "0-1,3", of CPUs or of nodes
 *
 * Return: 0, -EINVAL or another negative errno.
 */
int kfile__read_list(const char *path, struct cpu_mask *out);

/**
 * kfile__write() - write @text with one write(), as kernel files want it
 *
 * Return: 0 or negative errno.
 */
int kfile__write(const char *path, const char *text);

/** kfile__note() - leave a line in the kernel log, from where it reaches the host as DMSG */
void __attribute__((format(printf, 1, 2))) kfile__note(const char *fmt, ...);

#endif /* GUEST_KFILE_H */
