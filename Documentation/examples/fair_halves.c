// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test of the tutorial: see Documentation/tutorial.rst.
 */
#include <ktstr/test.h>

/* Half of the time a unit of work, half of it asleep. */
static void half_busy(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w)) {
		ktstr_worker__compute(w, 2000);
		ktstr_worker__unit(w);
		ktstr_worker__pause(w, 2000);
	}
}

KTSTR_TEST(fair_halves,
	.summary = "two cgroups over the same CPUs get the same",
	.topology = { 1, 1, 2, 1 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(50)),
	.expect = KTSTR_EXPECT(KTSTR_FAIR("a", "b", 15)))
{
	/* From here on in the guest: what data cannot say. */
	ktstr_do(t, KTSTR_CGROUP("c"));
	for (int i = 0; i < 3; i++) {
		ktstr_do(t, KTSTR_SPAWN_AS("c", "guest", .kind = "function", .fn = half_busy, .nr = 2));
		ktstr_do(t, KTSTR_HOLD(10));
		ktstr_do(t, KTSTR_STOP("c", .name = "guest"));
	}
}
