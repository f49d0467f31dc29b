// SPDX-License-Identifier: GPL-2.0-only
/*
 * From options to host CPUs that are ours.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hostcpus.h"

#define TRIES	1000	/* in a row, at locks that were gone when we looked who has them */

void hostcpus__init(struct hostcpus *c)
{
	memset(c, 0, sizeof(*c));
	hostcpu_locks__init(&c->locks, "ktstr");
}

static void *try_fifo(void *arg)
{
	const struct sched_param param = { .sched_priority = 1 };
	int *err = arg;

	*err = sched_setscheduler(0, SCHED_FIFO, &param) ? errno : 0;
	return NULL;
}

/* The limit, capabilities, cgroups: trying is the only way to know. */
static int may_be_fifo(void)
{
	pthread_t thread;
	int err = 0;

	if (pthread_create(&thread, NULL, try_fifo, &err))
		return -EAGAIN;
	pthread_join(thread, NULL);
	return -err;
}

static void check_process(struct hostcpu_reasons *r)
{
	int err = may_be_fifo();

	if (err && r->nr < HOSTCPU_REASONS)
		ktstr_error_set(&r->why[r->nr++], err,
				"vCPUs may not become SCHED_FIFO (%s): run as root, or raise the limit (ulimit -r)",
				strerror(-err));
	if (r->nr < HOSTCPU_REASONS && vmm__check_perf(&r->why[r->nr]))
		r->nr++;
}

static int check_perf(const struct hostcpus *c, struct ktstr_error *e)
{
	struct hostcpu_reasons r = { 0 };

	hostcpu_perf__check(&c->host, &c->want, &r);
	check_process(&r);
	for (uint32_t i = 0; i < r.nr; i++)
		fprintf(stderr, "ktstr: --perf: %s\n", r.why[i].msg);
	if (!r.nr)
		return 0;
	return ktstr_error_set(e, -ENOTSUP,
			       "--perf is refused for %u reason%s, see above; leave it out to run without",
			       r.nr, r.nr == 1 ? "" : "s");
}

int hostcpus__check(struct hostcpus *c, const struct args *a, struct ktstr_error *e)
{
	int ret;

	c->active = a->pin || a->perf || a->cpus;
	if (!c->active)
		return 0;
	c->want = (struct hostcpu_want){
		.vcpus = ktstr_topology__nr_cpus(&a->topology),
		.threads = a->topology.threads,
		.memory_mib = a->memory_mib,
		.pin = a->pin || a->perf,
		.cpus = a->cpus,
		.perf = a->perf,
	};
	ret = hostcpu__read(&c->host, "", e);
	if (!ret)
		ret = a->perf ? check_perf(c, e) : hostcpu_plan__check(&c->host, &c->want, e);
	return ret;
}

/* Everything that a plan could want; locks of CPUs that we may not use are looked at, too. */
static struct cpu_mask online_of(const struct hostcpu *h)
{
	struct cpu_mask m = { 0 };

	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (h->cpu[cpu].online)
			cpu_mask__set(&m, cpu);
	return m;
}

/* Return: 0; -EBUSY with @taken; another negative errno. */
static int try_claim(struct hostcpus *c, int interrupt_fd, struct cpu_mask *taken,
		     struct ktstr_error *e)
{
	struct cpu_mask online = online_of(&c->host);
	int gate, ret = hostcpu_locks__gate(&c->locks, interrupt_fd, &gate, e);

	if (ret)
		return ret;
	ret = hostcpu_locks__taken(&c->locks, &online, taken, e);
	if (!ret)
		ret = hostcpu_plan__make(&c->plan, &c->host, &c->want, taken);
	if (!ret)
		ret = hostcpu_locks__take(&c->locks, &c->plan.lock, e);
	close(gate);
	return ret;
}

static void say_waiting(const struct hostcpus *c, char *said, size_t size)
{
	char now[512];

	hostcpu_locks__holders(&c->locks, now, sizeof(now));
	if (!strcmp(now, said))
		return;
	snprintf(said, size, "%s", now);
	fprintf(stderr, "ktstr: waiting for host CPUs: %s\n", said);
}

static int wait_and_claim(struct hostcpus *c, int interrupt_fd, struct ktstr_error *e)
{
	struct cpu_mask taken;
	char said[512] = "";
	int tries = TRIES;
	int ret;

	while ((ret = try_claim(c, interrupt_fd, &taken, e)) == -EBUSY) {
		if (!cpu_mask__count(&taken))
			return ktstr_error_set(e, ret,
					       "the host has no longer what it had when ktstr started: try again");
		ret = hostcpu_locks__watch(&c->locks, &taken, e);
		if (ret < 0)
			return ret;
		if (!ret && !tries--)
			return ktstr_error_set(e, -EBUSY,
					       "a program that is not ktstr has the names of ktstr's locks (ss -xa | grep ktstr-cpu): end it");
		if (!ret)
			continue;
		tries = TRIES;
		say_waiting(c, said, sizeof(said));
		ret = hostcpu_locks__wait(&c->locks, interrupt_fd, e);
		/* Who is gone gave memory back, too, and CPUs may have come and gone. */
		if (!ret)
			ret = hostcpu__read(&c->host, "", e);
		if (ret)
			return ret;
	}
	return ret;
}

/* A real-time vCPU that never idles would starve whatever else has to run there. */
static int stand_aside(const struct hostcpu_plan *p, struct ktstr_error *e)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (cpu_mask__test(&p->rest, cpu))
			CPU_SET(cpu, &set);
	if (!sched_setaffinity(0, sizeof(set), &set))
		return 0;
	return ktstr_error_set(e, -errno,
			       "ktstr cannot leave the CPUs of the vCPUs (%s): leave out --perf",
			       strerror(errno));
}

int hostcpus__claim(struct hostcpus *c, int interrupt_fd, struct ktstr_error *e)
{
	int ret;

	if (!c->active)
		return 0;
	ret = wait_and_claim(c, interrupt_fd, e);
	if (!ret && c->want.perf)
		ret = stand_aside(&c->plan, e);
	c->claimed = !ret;
	return ret;
}

struct vmm_placement hostcpus__placement(const struct hostcpus *c)
{
	if (!c->claimed)
		return (struct vmm_placement){ 0 };
	return (struct vmm_placement){
		.cpu = c->plan.cpu,
		.nr = c->plan.nr,
		.shared = !c->want.pin,
		.perf = c->want.perf,
		.hugetlb = c->plan.hugetlb,
		.node = c->plan.node < 0 ? 0 : (uint32_t)c->plan.node,
	};
}

static size_t list_in_order(const struct hostcpu_plan *p, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; i < p->nr && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%u", i ? "," : "", p->cpu[i]);
	return len;
}

char *hostcpus__text(const struct hostcpus *c, char *buf, size_t size)
{
	const struct hostcpu_plan *p = &c->plan;
	char list[256];

	buf[0] = '\0';
	if (!c->claimed)
		return buf;
	list_in_order(p, list, sizeof(list));
	if (c->want.perf)
		snprintf(buf, size,
			 "performance mode, vCPUs pinned one to one to %s, memory in %s huge pages of node %d",
			 list, p->hugetlb ? "reserved" : "transparent", p->node);
	else if (c->want.pin && p->nr >= c->want.vcpus)
		snprintf(buf, size, "vCPUs pinned one to one to %s", list);
	else if (c->want.pin)
		snprintf(buf, size, "%u vCPUs pinned to %u CPU%s in turn: %s", c->want.vcpus, p->nr,
			 p->nr == 1 ? "" : "s", list);
	else
		snprintf(buf, size, "%u vCPUs share %s", c->want.vcpus,
			 cpu_mask__text(&p->lock, list, sizeof(list)));
	return buf;
}

json_t *hostcpus__json(const struct hostcpus *c)
{
	json_t *o, *cpus;

	if (!c->claimed)
		return json_null();
	o = json_object();
	cpus = json_array();
	for (uint32_t i = 0; i < c->plan.nr; i++)
		json_array_append_new(cpus, json_integer(c->plan.cpu[i]));
	json_object_set_new(o, "cpus", cpus);
	json_object_set_new(o, "pinned", json_boolean(c->want.pin));
	json_object_set_new(o, "one_to_one",
			    json_boolean(c->want.pin && c->plan.nr >= c->want.vcpus));
	json_object_set_new(o, "perf", json_boolean(c->want.perf));
	json_object_set_new(o, "node", c->plan.node < 0 ? json_null() :
			    json_integer(c->plan.node));
	json_object_set_new(o, "hugetlb", json_boolean(c->plan.hugetlb));
	return o;
}

void hostcpus__free(struct hostcpus *c)
{
	hostcpu_locks__free(&c->locks);
	c->claimed = false;
}
