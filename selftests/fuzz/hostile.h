/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What no honest driver does.
 */
#ifndef FUZZ_HOSTILE_H
#define FUZZ_HOSTILE_H

#include "model.h"
#include "records.h"

/**
 * hostile__run() - run a record from OP_REG_READ on
 * @m: model: what can no longer be foretold is tainted
 * @r: record
 * @racing: the device is at work: kick nothing
 */
void hostile__run(struct model *m, const struct record *r, bool racing);

#endif /* FUZZ_HOSTILE_H */
