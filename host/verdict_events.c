// SPDX-License-Identifier: GPL-2.0-only
/*
 * Are the scheduler events of the window complete, and do the accounts balance?
 */
#include "events.h"
#include "verdict_end.h"

#define ULL(x) ((unsigned long long)(x))

/* The guest's reasons, as many as fit into a sentence: one for each path it tried. */
static void join_notes(char *dst, size_t size, const struct events_result *r)
{
	size_t at = 0;

	for (const char *p = r->notes; *p && at + 3 < size; p++) {
		if (*p != '\n') {
			dst[at++] = *p;
		} else if (p[1]) {
			dst[at++] = ';';
			dst[at++] = ' ';
		}
	}
	dst[at] = '\0';
}

/* No path, or not the one that was asked for; false: there is one to judge. */
static bool judge_path(struct verdict_check *c, const struct plan *plan,
		       const struct events_result *r)
{
	char why[240];
	bool insisted = plan->events != KTSTR_WISH_AUTO;
	uint32_t wanted = plan->events == KTSTR_WISH_MODULE ? KTSTR_EVENTS_MODULE :
			  KTSTR_EVENTS_BPF;

	if (!r->has_info) {
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "the guest never said by which path its scheduler events come");
	} else if (r->path == KTSTR_EVENTS_OFF) {
		join_notes(why, sizeof(why), r);
		verdict_set(c, insisted ? VERDICT_ENV : VERDICT_SKIP,
			    insisted ? KIND_ENV : KIND_NO_EVENTS,
			    "the guest has no path for scheduler events: %s",
			    *why ? why : "it does not say why");
	} else if (insisted && r->path != wanted) {
		verdict_set(c, VERDICT_ENV, KIND_ENV,
			    "scheduler events come by path %s, not by %s as asked for",
			    events__path_name(r->path), events__path_name(wanted));
	} else {
		return false;
	}
	return true;
}

/* The two identities, exactly; a mismatch is a defect of the path. */
static bool judge_balance(struct verdict_check *c, const struct events_result *r)
{
	const struct events_cpu *u = &r->cpus[r->unbalanced_cpu];
	const struct events_cpu *x = &r->cpus[r->unexplained_cpu];

	if (r->unbalanced)
		verdict_set(c, VERDICT_FAIL, KIND_EVENTS_UNBALANCED,
			    "the account of CPU %u does not balance (%u CPUs in all): %llu events emitted, but %llu sent and %llu lost",
			    r->unbalanced_cpu, r->unbalanced, ULL(u->emitted), ULL(u->sent),
			    ULL(u->lost));
	else if (r->unexplained)
		verdict_set(c, VERDICT_FAIL, KIND_EVENTS_UNBALANCED,
			    "the account of CPU %u does not balance (%u CPUs in all): %llu events sent, but %llu received, and no frame is missing",
			    r->unexplained_cpu, r->unexplained, ULL(x->sent), ULL(x->received));
	else
		return false;
	return true;
}

static bool asked_for_part(const struct plan *plan)
{
	return plan->events_only || plan->events_cpus || plan->events_cgroup;
}

static bool judge_account(struct verdict_check *c, const struct plan *plan,
			  const struct events_result *r)
{
	const struct events_cpu *x = &r->cpus[r->explained_cpu];
	unsigned long long nonsense = r->repeated + r->early + r->misfits + r->malformed;

	if (r->no_memory)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "no memory to follow the scheduler events");
	else if (nonsense)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "%llu frames about scheduler events made no sense and were not believed",
			    nonsense);
	/* Of a part nobody can tell contradictions: a guest does not choose that for itself. */
	else if (r->partial && !asked_for_part(plan))
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "the guest recorded only a part of the scheduler events, and was asked for all");
	else if (r->not_final)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "%u of %u CPUs gave no final account of their scheduler events",
			    r->not_final, r->nr_cpus);
	else if (r->explained)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVENTS_LOST,
			    "of CPU %u %llu events were sent and %llu received: frames are missing or damaged",
			    r->explained_cpu, ULL(x->sent), ULL(x->received));
	else
		return false;
	return true;
}

static void judge_losses(struct verdict_check *c, const struct events_result *r)
{
	const struct events_cpu *w = &r->cpus[r->worst_cpu];

	if (!r->measured)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "the marks of the window are missing in the scheduler events");
	else if (r->lost_window || r->lost_untold)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVENTS_LOST,
			    "of %llu scheduler events %llu were lost, %llu of them in the window and %llu nobody knows when; most on CPU %u: %llu of %llu",
			    ULL(r->emitted), ULL(r->lost), ULL(r->lost_window),
			    ULL(r->lost_untold), r->worst_cpu, ULL(w->lost), ULL(w->emitted));
	else if (!r->complete)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVENTS_LOST,
			    "the scheduler events of the window have holes: %llu frames missing, %llu damaged, %llu events late, %llu contradictions",
			    ULL(r->gaps), ULL(r->cut), ULL(r->late), ULL(r->inconsistent));
	else if (r->nr_stills)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "the guest's clock stood still %llu times and jumped by %.1f ms in all when it went on: no time of the window is to be believed",
			    ULL(r->nr_stills), r->still_ns / 1e6);
	else
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "all %llu scheduler events%s came by path %s, none was lost in the window (%llu outside), every CPU's account balances",
			    ULL(r->received), r->partial ? " that were asked for" : "",
			    events__path_name(r->path), ULL(r->lost));
}

void verdict_events__judge(struct verdict_check *c, const struct plan *plan,
			   const struct evidence *ev)
{
	const struct events_result *r = &ev->events;

	if (!judge_path(c, plan, r) && !judge_balance(c, r) && !judge_account(c, plan, r))
		judge_losses(c, r);
}
