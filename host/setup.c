// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks before anything is started.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "accel.h"
#include "box.h"
#include "kernels.h"
#include "pack_module.h"
#include "setup.h"

static int check_memory(const struct args *a, struct ktstr_error *e)
{
	struct sysinfo si;
	uint64_t mib;

	if (sysinfo(&si))
		return 0;
	mib = (uint64_t)si.totalram * si.mem_unit >> 20;
	if (a->memory_mib <= mib)
		return 0;
	return ktstr_error_set(e, -ENOMEM,
			       "--memory %u: this machine has %llu MiB in all; ask for less memory",
			       a->memory_mib, (unsigned long long)mib);
}

/* What an emulated machine has of host CPUs is known there only. */
static int check_hostcpus(struct setup *s, const struct args *a, struct ktstr_error *e)
{
	if (!s->use_box)
		return hostcpus__check(&s->hostcpus, a, e);
	if (!a->perf)
		return 0;
	return ktstr_error_set(e, -ENOTSUP,
			       "--perf: an emulated machine has no performance to keep%s%.300s%s; leave it out, or use a host with hardware KVM",
			       s->why_box.msg[0] ? " (" : "", s->why_box.msg,
			       s->why_box.msg[0] ? ")" : "");
}

int setup__init(struct setup *s, const struct args *a, struct ktstr_error *e)
{
	char kvmbox[PATH_MAX];
	int ret;

	memset(s, 0, sizeof(*s));
	hostcpus__init(&s->hostcpus);
	s->about.sz = sizeof(s->about);
	ret = accel__choose(a->accel, &s->use_box, &s->why_box, e);
	if (!ret)
		ret = check_memory(a, e);
	if (!ret)
		ret = check_hostcpus(s, a, e);
	if (!ret)
		ret = kernels__choose(a->kernel, s->kernel, sizeof(s->kernel), e);
	if (!ret)
		ret = vmm__probe_kernel(s->kernel, args__sched(a) != NULL, &s->about, e);
	if (!ret && s->use_box)
		ret = box__find(kvmbox, sizeof(kvmbox), e);
	if (ret)
		return ret;
	ret = finder__init(&s->finder, s->kernel);
	if (!ret)
		ret = pack__init(&s->pack);
	if (ret)
		return ktstr_error_set(e, ret, "cannot look for programs: %s", strerror(-ret));
	return pack_drivers(&s->pack, s->kernel, &s->about, e);
}

void setup__free(struct setup *s)
{
	hostcpus__free(&s->hostcpus);
	pack__free(&s->pack);
	finder__free(&s->finder);
}

struct vmm_opts setup__machine(const struct setup *s, const struct args *a,
			       const struct image *img)
{
	struct vmm_opts o = {
		.sz		= sizeof(o),
		.kernel		= s->kernel,
		.cmdline_extra	= a->append,
		.topology	= a->topology,
		.memory_mib	= a->memory_mib,
		.in_box		= accel__in_box(),
		.verbose	= a->verbose,
		.placement	= hostcpus__placement(&s->hostcpus),
	};

	o.initrd = cpio__iov(img->cpio, &o.nr_initrd);
	return o;
}

void setup__announce_box(const struct ktstr_error *why)
{
	fprintf(stderr,
		"ktstr: %s%s%s; running in an emulated machine, timings are not comparable\n",
		why->msg[0] ? "no hardware KVM here (" : "--accel box", why->msg,
		why->msg[0] ? ")" : "");
}
