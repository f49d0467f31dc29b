// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's part in a bound that was missed.
 */
#include <stdio.h>
#include <string.h>

#include "expect_host.h"

#define SPEED_MAX	100.0	/* a vCPU that hardly ran proves nothing at any speed */

static double window_of(const struct evidence *ev)
{
	if (!ev->start.seen || !ev->end.seen || ev->end.time_ns <= ev->start.time_ns)
		return 0;
	return (double)(ev->end.time_ns - ev->start.time_ns);
}

static double at_most(double v, double most)
{
	return v < most ? v : most;
}

static void of_threads(struct expect_host *h, const struct host_delay *d)
{
	h->known = true;
	h->least = 1;
	for (uint32_t i = 0; i < d->nr_vcpus; i++) {
		double lost = at_most(host_delay__pct(d, i) / 100, 1);

		h->total_ns += lost * h->window_ns;
		if (lost > h->most || !i) {
			h->most = lost;
			h->worst_vcpu = i;
		}
		h->least = at_most(h->least, lost);
	}
	h->worst_ns = h->most * h->window_ns;
	h->mean = h->total_ns / (h->window_ns * d->nr_vcpus);
}

static void of_steal(struct expect_host *h, const struct evidence *ev)
{
	uint64_t a = ev->start.steal_ns, b = ev->end.steal_ns;

	if (!ev->has_helo || !ev->helo.nr_cpus || b < a)
		return;
	h->known = h->by_steal = true;
	h->total_ns = at_most((double)(b - a), h->window_ns * ev->helo.nr_cpus);
	h->worst_ns = at_most(h->total_ns, h->window_ns);
	h->most = h->worst_ns / h->window_ns;
	h->mean = h->total_ns / (h->window_ns * ev->helo.nr_cpus);
	/* With one CPU there is no other. */
	h->least = ev->helo.nr_cpus == 1 ? h->most : 0;
}

void expect_host__of(struct expect_host *h, const struct evidence *ev)
{
	uint64_t harness_ns, ops_ns;

	memset(h, 0, sizeof(*h));
	h->window_ns = window_of(ev);
	h->nr_stills = ev->events.nr_stills;
	h->still_ns = (double)ev->events.still_ns;
	if (!(h->window_ns > 0))
		return;
	if (evidence__cost(ev, &harness_ns, &ops_ns))
		h->harness_ns = at_most((double)(harness_ns + ops_ns), h->window_ns);
	h->ops = ops_ns > 0;
	if (ev->end.steal_ns > ev->start.steal_ns)
		h->stolen_ns = at_most((double)(ev->end.steal_ns - ev->start.steal_ns),
				       h->window_ns * ev->helo.nr_cpus);
	if (host_delay__known(&ev->host_delay) && ev->host_delay.nr_vcpus)
		of_threads(h, &ev->host_delay);
	else
		of_steal(h, ev);
}

double expect_host__ns(const struct expect_host *h, double measured_ns)
{
	return h->nr_stills ? measured_ns : at_most(h->worst_ns + h->harness_ns, measured_ns);
}

bool expect_host__excuses_ns(const struct expect_host *h, double measured_ns, double bound_ns)
{
	return h->nr_stills ||
	       (h->known && measured_ns - expect_host__ns(h, measured_ns) <= bound_ns);
}

/* How much more the least delayed got than the most delayed, as a quotient of 1 or more. */
static double quotient(const struct expect_host *h)
{
	double worst = 1 - h->most;

	if (h->nr_stills)
		return SPEED_MAX;
	if (!h->known)
		return 1;
	if (worst * SPEED_MAX < 1 - h->least)
		return SPEED_MAX;
	return worst > 0 ? (1 - h->least) / worst : 1;
}

double expect_host__points(const struct expect_host *h)
{
	double q = quotient(h);

	return 100 * (q / (q + 1) - 0.5);
}

double expect_host__spread_pct(const struct expect_host *h)
{
	double q = quotient(h);

	return 200 * (q - 1) / (q + 1);
}

double expect_host__speed(const struct expect_host *h, double span_ns, uint32_t nr_cpus)
{
	double all = span_ns * nr_cpus;
	double left = all - at_most(h->total_ns, all);

	if (h->nr_stills)
		return SPEED_MAX;
	if (!h->known || !(all > 0))
		return 1;
	return left * SPEED_MAX < all ? SPEED_MAX : all / left;
}

bool expect_host__excuses_wakes(const struct expect_host *h, double late, double excess_ns,
				double tasks)
{
	return h->nr_stills ||
	       (h->known && late * excess_ns <= (h->total_ns + h->harness_ns) * (tasks > 1 ? tasks : 1));
}

/* What the host did, without the harness's part. */
static int host_text(const struct expect_host *h, char *buf, size_t size)
{
	if (h->nr_stills)
		return snprintf(buf, size,
				"the guest's clock stood still %llu times and jumped by %.1f ms in all",
				(unsigned long long)h->nr_stills, h->still_ns / 1e6);
	if (!h->known)
		return snprintf(buf, size, "what the host took is not known");
	if (h->by_steal)
		return snprintf(buf, size,
				"the host stole %.1f ms of the window, %.1f %% of its CPU time",
				h->total_ns / 1e6, 100 * h->mean);
	return snprintf(buf, size,
			"vCPUs waited for a host CPU %.1f %% of the window, vCPU %u for %.1f ms",
			100 * h->mean, h->worst_vcpu, h->worst_ns / 1e6);
}

char *expect_host__text(const struct expect_host *h, char *buf, size_t size)
{
	int n = host_text(h, buf, size);

	if (h->harness_ns > 0 && n > 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, ", and the harness%s ran for %.1f ms",
			 h->ops ? " and operations" : "", h->harness_ns / 1e6);
	return buf;
}
