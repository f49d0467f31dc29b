/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Modules of the image: drivers, and ktstr.ko with what it is asked.
 */
#ifndef GUEST_MODULE_H
#define GUEST_MODULE_H

#include <stddef.h>

#include <ktstr/dev.h>

/**
 * module__load_drivers() - load what %KTSTR_DRIVERS_PATH lists, in that order
 * @failed: gets the path of the one that could not be loaded, or the empty text
 * @len: room in bytes
 *
 * Return: 0, also without a list; the negative errno of finit_module(), -ENODATA
 * when a file is missing.
 */
int module__load_drivers(char *failed, size_t len);

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
