/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON of what a test did: operations, cgroups, workers, payloads.
 */
#ifndef KTSTR_HOST_JSON_OPS_H
#define KTSTR_HOST_JSON_OPS_H

#include <jansson.h>

#include "evidence.h"

/* Each returns a new array; what is not known is null in it. */
json_t *json_ops__operations(const struct evidence *ev);
json_t *json_ops__cgroups(const struct evidence *ev);
json_t *json_ops__workers(const struct evidence *ev);
json_t *json_ops__payloads(const struct evidence *ev);

#endif /* KTSTR_HOST_JSON_OPS_H */
