// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of work whose workers wake each other by futex.
 */
#include "work.h"
#include "work_bell.h"

/* Each wakes the next; the first wakes itself to begin with. A pair is a chain of two. */
static void chain(struct ktstr_worker *w)
{
	const struct ktstr_group *g = ktstr_worker__group(w);
	uint32_t me = ktstr_worker__index(w), heard = 0;
	struct work_bell *bells = g->shared;

	if (!me)
		work_bell__ring(&bells[0]);
	while (ktstr_worker__go_on(w)) {
		work_bell__wait(w, &bells[me], &heard);
		work__busy(w);
		ktstr_worker__unit(w);
		work_bell__ring(&bells[(me + 1) % g->nr]);
	}
}

const struct work_ops work_ops_futex = { .run = chain, .shared_each = sizeof(struct work_bell) };
const struct work_ops work_ops_wake_chain = {
	.run = chain, .shared_each = sizeof(struct work_bell),
};

static void fanout_waker(struct ktstr_worker *w, struct work_gong *gong)
{
	while (ktstr_worker__go_on(w)) {
		work__busy(w);
		ktstr_worker__unit(w);
		work_gong__strike(gong, ktstr_worker__group(w));
		work__sleep(w, work__idle_us(w));
	}
}

static void fanout(struct ktstr_worker *w)
{
	struct work_gong *gong = ktstr_worker__group(w)->shared;
	uint32_t heard = 0;

	if (!ktstr_worker__index(w))
		return fanout_waker(w, gong);
	while (ktstr_worker__go_on(w)) {
		work_gong__wait(w, gong, &heard);
		work__busy(w);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_futex_fanout = {
	.run = fanout, .shared_bytes = sizeof(struct work_gong),
	.shared_each = sizeof(struct work_bell),
};

/* What fanout-compute and herd share: one strikes, and waits for an answer. */
struct round {
	struct work_bell answer;
	uint32_t left;		/* fanout-compute: workers that compute; herd: pieces of work */
	struct work_gong gong;
};

static void round_master(struct ktstr_worker *w, struct round *r, uint32_t left)
{
	uint32_t heard = 0;

	while (ktstr_worker__go_on(w)) {
		__atomic_store_n(&r->left, left, __ATOMIC_RELAXED);
		ktstr_worker__unit(w);
		work_gong__strike(&r->gong, ktstr_worker__group(w));
		work_bell__wait(w, &r->answer, &heard);
	}
}

static void fanout_compute(struct ktstr_worker *w)
{
	struct ktstr_group *g = ktstr_worker__group(w);
	struct round *r = g->shared;
	uint32_t heard = 0;

	if (!ktstr_worker__index(w))
		return round_master(w, r, g->nr - 1);
	while (ktstr_worker__go_on(w)) {
		work_gong__wait(w, &r->gong, &heard);
		work__busy(w);
		ktstr_worker__unit(w);
		if (!__atomic_sub_fetch(&r->left, 1, __ATOMIC_ACQ_REL))
			work_bell__ring(&r->answer);
	}
}

const struct work_ops work_ops_fanout_compute = {
	.run = fanout_compute, .shared_bytes = sizeof(struct round),
	.shared_each = sizeof(struct work_bell),
};

/* All wake, one finds the work; the others have woken for nothing. */
static void herd(struct ktstr_worker *w)
{
	struct round *r = ktstr_worker__group(w)->shared;
	uint32_t heard = 0;

	if (!ktstr_worker__index(w))
		return round_master(w, r, 1);
	while (ktstr_worker__go_on(w)) {
		work_gong__wait(w, &r->gong, &heard);
		ktstr_worker__unit(w);
		if (!__atomic_exchange_n(&r->left, 0, __ATOMIC_ACQ_REL))
			continue;
		work__busy(w);
		work_bell__ring(&r->answer);
	}
}

const struct work_ops work_ops_herd = {
	.run = herd, .shared_bytes = sizeof(struct round), .shared_each = sizeof(struct work_bell),
};

static void asym_waker(struct ktstr_worker *w, struct work_bell *bells)
{
	uint32_t sleepers = ktstr_worker__group(w)->nr - 1;

	for (uint32_t i = 0; ktstr_worker__go_on(w); i++) {
		work__busy(w);
		ktstr_worker__unit(w);
		work_bell__ring(&bells[1 + i % sleepers]);
	}
}

static void asym(struct ktstr_worker *w)
{
	struct work_bell *bells = ktstr_worker__group(w)->shared;
	uint32_t me = ktstr_worker__index(w), heard = 0;

	if (!me)
		return asym_waker(w, bells);
	while (ktstr_worker__go_on(w)) {
		work_bell__wait(w, &bells[me], &heard);
		ktstr_worker__compute(w, 1);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_asym_waker = {
	.run = asym, .shared_each = sizeof(struct work_bell),
};

/* One place of schbench: the first is the message thread's. */
struct seat {
	struct work_bell bell;
	uint32_t posted;
};

static void messenger(struct ktstr_worker *w, struct seat *seats)
{
	uint32_t nr = ktstr_worker__group(w)->nr, heard = 0;

	while (ktstr_worker__go_on(w)) {
		work_bell__wait(w, &seats[0].bell, &heard);
		for (uint32_t i = 1; i < nr; i++)
			if (__atomic_exchange_n(&seats[i].posted, 0, __ATOMIC_ACQ_REL))
				work_bell__ring(&seats[i].bell);
		ktstr_worker__unit(w);
	}
}

/* A request: told of it, wait for data, compute, ask for the next. */
static void schbench(struct ktstr_worker *w)
{
	struct seat *seats = ktstr_worker__group(w)->shared;
	struct seat *me = &seats[ktstr_worker__index(w)];
	uint32_t heard = 0;

	if (me == seats)
		return messenger(w, seats);
	while (ktstr_worker__go_on(w)) {
		__atomic_store_n(&me->posted, 1, __ATOMIC_RELEASE);
		work_bell__ring(&seats[0].bell);
		work_bell__wait(w, &me->bell, &heard);
		work__sleep(w, work__idle_us(w));
		work__busy(w);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_schbench = { .run = schbench, .shared_each = sizeof(struct seat) };
