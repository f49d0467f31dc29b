/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run's events as JSON, for result.json and "ktstr report --json" alike.
 */
#ifndef KTSTR_HOST_EVENTS_JSON_H
#define KTSTR_HOST_EVENTS_JSON_H

#include <jansson.h>

#include "events.h"

/**
 * events_json() - the way the events took, the accounts, the clock, and the metrics
 * @ev: finished
 *
 * The same frames give the same text. Return: a new reference, or NULL without memory.
 */
json_t *events_json(const struct events *ev);

#endif /* KTSTR_HOST_EVENTS_JSON_H */
