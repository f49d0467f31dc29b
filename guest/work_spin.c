// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of work that compute: without a rest, or with pauses of their own.
 */
#include <sched.h>

#include "clock.h"
#include "work.h"
#include "worker.h"

static void spin(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w)) {
		work__busy(w);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_spin = { .run = spin };

/* Who yields still wants to run: being away for long afterwards is a gap. */
static void yield_once(struct ktstr_worker *w)
{
	int64_t since = now_ns();

	sched_yield();
	ktstr_worker__latency(w, now_ns() - since);
}

static void yield(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w)) {
		work__busy(w);
		ktstr_worker__unit(w);
		yield_once(w);
	}
}

const struct work_ops work_ops_yield = { .run = yield };

static void mixed(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w)) {
		work__busy(w);
		ktstr_worker__unit(w);
		sched_yield();
		work__busy(w);
		ktstr_worker__unit(w);
		ktstr_worker__pause(w, work__idle_us(w));
	}
}

const struct work_ops work_ops_mixed = { .run = mixed };

#ifdef __x86_64__
#define FP_REG	"+x"
#define RELAX()	__builtin_ia32_pause()
#else
#define FP_REG	"+w"
#define RELAX()	asm volatile("yield" : : : "memory")
#endif

#define ALU_STEPS	4096u	/* some ten microseconds */

/* Eight chains that do not wait for each other: as much at once as a core can have. */
static void alu_unit(void)
{
	uint64_t a = 1, b = 2, c = 3, d = 4;
	double p = 1, q = 2, r = 3, s = 4;

	for (unsigned int i = 0; i < ALU_STEPS; i++) {
		a = a * 6364136223846793005ULL + i;
		b = (b << 13 | b >> 51) ^ i;
		c += c >> 7 ^ i;
		d = d * 5 - i;
		p = p * 0.5 + 1;
		q = q * 0.25 + 2;
		r = r * 0.125 + 3;
		s = s * 0.75 + 4;
		asm volatile("" : "+r" (a), "+r" (b), "+r" (c), "+r" (d));
		asm volatile("" : FP_REG (p), FP_REG (q), FP_REG (r), FP_REG (s));
	}
}

static void alu(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w)) {
		alu_unit();
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_alu = { .run = alu };

#define SMT_LOOKS	256u	/* at the line between two looks at the clock */

static bool smt_my_turn(const uint32_t *turn, uint32_t me)
{
	for (unsigned int i = 0; i < SMT_LOOKS; i++) {
		if (__atomic_load_n(turn, __ATOMIC_ACQUIRE) % 2 == me)
			return true;
		RELAX();
	}
	return false;
}

/* The turn is a count; its lowest bit says whose it is. */
static void smt(struct ktstr_worker *w)
{
	uint32_t *turn = ktstr_worker__group(w)->shared;
	int64_t given = 0;

	while (worker__sample(w)) {
		if (!smt_my_turn(turn, ktstr_worker__index(w)))
			continue;
		if (given)
			ktstr_worker__latency(w, now_ns() - given);
		ktstr_worker__unit(w);
		given = now_ns();
		__atomic_fetch_add(turn, 1, __ATOMIC_RELEASE);
	}
}

const struct work_ops work_ops_smt = { .run = smt, .shared_bytes = sizeof(uint32_t) };

/* From half of @us to one and a half. */
static uint32_t around(struct ktstr_worker *w, uint32_t us)
{
	return us / 2 + work__below(w, us + 1);
}

static void bursty(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w)) {
		ktstr_worker__compute(w, around(w, work__busy_us(w)));
		ktstr_worker__unit(w);
		ktstr_worker__pause(w, around(w, work__idle_us(w)));
	}
}

const struct work_ops work_ops_bursty = { .run = bursty };

static void idle_churn(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w)) {
		work__busy(w);
		ktstr_worker__unit(w);
		ktstr_worker__pause(w, work__idle_us(w));
	}
}

const struct work_ops work_ops_idle_churn = { .run = idle_churn };

#define PHASE_UNIT_US	50u

static void phase_compute(struct ktstr_worker *w, int64_t end_ns)
{
	(void)end_ns;
	ktstr_worker__compute(w, PHASE_UNIT_US);
}

static void phase_wake(struct ktstr_worker *w, int64_t end_ns)
{
	(void)end_ns;
	ktstr_worker__compute(w, PHASE_UNIT_US);
	ktstr_worker__pause(w, work__idle_us(w));
}

static void phase_yield(struct ktstr_worker *w, int64_t end_ns)
{
	(void)end_ns;
	ktstr_worker__compute(w, PHASE_UNIT_US);
	sched_yield();
}

/* However late it has begun; and never short of its end, or it would begin once more. */
static void phase_sleep(struct ktstr_worker *w, int64_t end_ns)
{
	int64_t left = end_ns - now_ns();

	if (left > 0)
		ktstr_worker__pause(w, (uint32_t)((left + 999) / 1000));
}

/* All begin with the same phase at the same time: the load of the machine changes with them. */
static void phases(struct ktstr_worker *w)
{
	static void (*const phase[])(struct ktstr_worker *w, int64_t end_ns) = {
		phase_compute, phase_wake, phase_yield, phase_sleep,
	};
	int64_t each = work__busy_us(w) * 1000ll;

	/* By the clock that all share, so that being late once is not being late for good. */
	while (ktstr_worker__go_on(w)) {
		int64_t now = now_ns(), since = now - w->start_ns;

		phase[since / each % 4](w, now + each - since % each);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_phases = { .run = phases };

static void function(struct ktstr_worker *w)
{
	const struct ktstr_work *work = ktstr_worker__work(w);

	if (!work->fn)
		ktstr_worker__fail(w, "work of kind \"%s\" needs a function; give it as .fn",
				   KTSTR_WORK_FUNCTION);
	work->fn(w);
}

const struct work_ops work_ops_function = { .run = function };
