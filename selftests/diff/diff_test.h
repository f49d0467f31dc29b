/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two test programs share: the variants, and the plan that the
 * environment may change.
 *
 * KTSTR_DIFF_SEED	seed instead of a random one
 * KTSTR_DIFF_BUFFERS	chains per data queue
 * KTSTR_DIFF_WATCHDOG	seconds without progress that are a hang
 */
#ifndef DIFF_TEST_H
#define DIFF_TEST_H

#include <stdlib.h>
#include <sys/random.h>

#include "guest.h"
#include "host.h"
#include "rig.h"

#include "selftests/unit/unit.h"

/* Two programs, five variants, three ports: a million chains each way. */
#define DIFF_BUFFERS	34000
#define DIFF_WATCHDOG_S	60
#define DIFF_TIMEOUT_S	600	/* far beyond: the watchdog says more than the harness does */

static inline uint64_t diff_env(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 0) : otherwise;
}

static inline struct rig_plan diff_plan(const char *test, enum rig_mode mode, bool moderated,
					bool small)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = getpid();
	return (struct rig_plan) {
		.test = test,
		.mode = mode,
		.moderated = moderated,
		.small = small,
		.seed = diff_env("KTSTR_DIFF_SEED", seed),
		.buffers = diff_env("KTSTR_DIFF_BUFFERS", DIFF_BUFFERS),
		.watchdog_s = diff_env("KTSTR_DIFF_WATCHDOG", DIFF_WATCHDOG_S),
	};
}

#define DIFF_VARIANT(fixture, variant_name, mode_, moderated_)			\
FIXTURE_VARIANT_ADD(fixture, variant_name)					\
{										\
	.name = #fixture "." #variant_name, .mode = mode_, .moderated = moderated_,	\
}

/* Each habit of the driver that the device's timer changes is run with and without it. */
#define DIFF_FIXTURE(fixture, small_, stepped_)					\
FIXTURE(fixture) { struct rig rig; };						\
FIXTURE_VARIANT(fixture) { const char *name; enum rig_mode mode; bool moderated; };	\
DIFF_VARIANT(fixture, suppress, RIG_SUPPRESS, false);				\
DIFF_VARIANT(fixture, suppress_moderated, RIG_SUPPRESS, true);			\
DIFF_VARIANT(fixture, always, RIG_ALWAYS, false);				\
DIFF_VARIANT(fixture, poll, RIG_POLL, false);					\
DIFF_VARIANT(fixture, poll_moderated, RIG_POLL, true);				\
FIXTURE_SETUP(fixture)								\
{										\
	static char test[64];							\
	struct rig_plan plan;							\
										\
	snprintf(test, sizeof(test), "%s.%s", variant->name, DIFF_TEST_NAME);	\
	plan = diff_plan(test, variant->mode, variant->moderated, small_);		\
	plan.stepped = stepped_;						\
	rig__start(&self->rig, &plan);						\
}										\
FIXTURE_TEARDOWN(fixture)							\
{										\
	rig__finish(&self->rig);						\
}

#endif /* DIFF_TEST_H */
