/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr.ko: loading it, and what it is asked.
 */
#ifndef GUEST_MODULE_H
#define GUEST_MODULE_H

#include <stddef.h>

#include <ktstr/dev.h>

/**
 * module__load() - load %KTSTR_MODULE_PATH
 * @why: gets a sentence on failure
 * @len: room in bytes
 *
 * Return: 0 or a negative errno (-ENODATA: the image has none; -ENOENT, -ENOEXEC,
 * -EINVAL: it is of another kernel).
 */
int module__load(char *why, size_t len);

/** module__fd() - /dev/ktstr, bound to no CPU; negative when the module is not there */
int module__fd(void);

#endif /* GUEST_MODULE_H */
