/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a test and a topology to a plan.
 */
#ifndef KTSTR_HOST_SCENARIO_H
#define KTSTR_HOST_SCENARIO_H

#include <ktstr/test.h>
#include <ktstr/topology.h>

#include "plan.h"

/**
 * scenario__shape() - what resolving CPUs needs of a topology
 * @t: topology
 *
 * Return: for free(); NULL without memory.
 */
struct ktstr_shape *scenario__shape(const struct ktstr_topology *t);

/**
 * scenario__plan() - the plan of a test: its operations, resolved
 * @test: test
 * @t: topology of the guest
 * @plan: @seed, @duration_ms and @sched count; gets @scenario, @test, @shape and @ops
 * @e: sentence on failure
 *
 * Return: 0; -ENOTSUP when the topology cannot carry the test; -EINVAL when the test is
 * wrong, with its line; -ENOMEM.
 */
int scenario__plan(const struct ktstr_test *test, const struct ktstr_topology *t,
		   struct plan *plan, struct ktstr_error *e);

#endif /* KTSTR_HOST_SCENARIO_H */
