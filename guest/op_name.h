/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that people give: which are good.
 */
#ifndef KTSTR_OP_NAME_H
#define KTSTR_OP_NAME_H

#include <stdbool.h>
#include <stddef.h>

/** op_name__ok() - 1 to 31 letters, digits, '_' and '-'? */
bool op_name__ok(const char *s);

/** op_path__ok() - such names with a '/' between two, at most 63 bytes? */
bool op_path__ok(const char *s);

/** op_path__fits() - the same of at most @max bytes */
bool op_path__fits(const char *s, size_t max);

#endif /* KTSTR_OP_NAME_H */
