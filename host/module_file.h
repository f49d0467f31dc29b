/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel modules as files: plain, or compressed as distributions ship them.
 */
#ifndef KTSTR_HOST_MODULE_FILE_H
#define KTSTR_HOST_MODULE_FILE_H

#include <stddef.h>

#include <ktstr/error.h>

#define MODULE_BYTES_MAX	(256u << 20)	/* unpacked; large ones with debug info have 100 MiB */

/**
 * module_file__read() - a module, unpacked
 * @path: .ko, .ko.gz, .ko.xz or .ko.zst: its first bytes decide, not its name
 * @data: gets memory for free()
 * @len: gets the bytes of the module
 * @e: sentence on failure
 *
 * Return: 0; -ENOEXEC when it cannot be unpacked or is no x86-64 module; -EFBIG
 * above %MODULE_BYTES_MAX; -ENOMEM; errno of opening and reading.
 */
int module_file__read(const char *path, void **data, size_t *len, struct ktstr_error *e);

/**
 * module_file__release() - which kernel is this module for?
 * @data: module, unpacked
 * @len: bytes
 * @release: gets the first word of its "vermagic", as uname -r
 * @size: room in bytes
 *
 * Return: 0, or -ENOEXEC when it does not say.
 */
int module_file__release(const void *data, size_t len, char *release, size_t size);

#endif /* KTSTR_HOST_MODULE_FILE_H */
