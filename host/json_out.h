/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The JSON twin of the report; Documentation/json.rst names every field.
 */
#ifndef KTSTR_HOST_JSON_OUT_H
#define KTSTR_HOST_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "report.h"

#define JSON_OUT_VERSION	1	/* grows when a field changes its meaning */

/**
 * json_out__dump() - the report as JSON text
 * @r: report
 * @exit_status: what ktstr will exit with
 * @len: bytes
 *
 * Return: malloc()ed text with a final newline, or NULL without memory.
 */
char *json_out__dump(const struct report *r, int exit_status, size_t *len);

struct json_t;

/** json_out__text() - any object as JSON text; as json_out__dump(). @o is given back */
char *json_out__text(struct json_t *o, size_t *len);

/** json_out__is_whole() - is this what json_out__dump() made, to its last byte? */
bool json_out__is_whole(const char *text, size_t len);

#endif /* KTSTR_HOST_JSON_OUT_H */
