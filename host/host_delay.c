// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steal time, seen from the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "host_delay.h"

int host_delay__parse(const char *text, struct host_delay_vcpu *v)
{
	struct host_delay_vcpu got = { .faults = v->faults };
	int end = 0;

	if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 "%n", &got.run_ns, &got.wait_ns,
		   &got.slices, &end) != 3 || (text[end] && text[end] != '\n'))
		return -EINVAL;
	*v = got;
	return 0;
}

int host_delay__parse_faults(const char *text, struct host_delay_vcpu *v)
{
	/* The name before it may have any byte in it, and parentheses too. */
	const char *p = strrchr(text, ')');
	uint64_t minor, major;

	if (!p || sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %" SCNu64 " %*u %" SCNu64 " ", &minor,
			 &major) != 2)
		return -EINVAL;
	v->faults = minor + major;
	return 0;
}

static bool read_file(pid_t tid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool read_thread(pid_t tid, struct host_delay_vcpu *v)
{
	char text[1024];

	return tid && read_file(tid, "schedstat", text, sizeof(text)) &&
	       !host_delay__parse(text, v) &&
	       read_file(tid, "stat", text, sizeof(text)) && !host_delay__parse_faults(text, v);
}

void host_delay__read(struct host_delay_at *at, const struct vmm *vmm, uint32_t nr_vcpus)
{
	at->valid = nr_vcpus > 0 && nr_vcpus <= KTSTR_CPUS_MAX;
	at->time_ns = clock__now_ns();
	for (uint32_t i = 0; at->valid && i < nr_vcpus; i++)
		at->valid = read_thread(vmm__vcpu_tid(vmm, i), &at->vcpu[i]);
}

bool host_delay__known(const struct host_delay *d)
{
	return d->start.valid && d->end.valid && d->end.time_ns > d->start.time_ns;
}

static struct host_delay_vcpu delta(const struct host_delay *d, uint32_t vcpu)
{
	const struct host_delay_vcpu *a = &d->start.vcpu[vcpu], *b = &d->end.vcpu[vcpu];

	return (struct host_delay_vcpu){
		.run_ns = b->run_ns - a->run_ns,
		.wait_ns = b->wait_ns - a->wait_ns,
		.slices = b->slices - a->slices,
		.faults = b->faults - a->faults,
	};
}

double host_delay__pct(const struct host_delay *d, uint32_t vcpu)
{
	double window = (double)(d->end.time_ns - d->start.time_ns), waited = 0;

	if (vcpu < d->nr_vcpus)
		return 100 * (double)delta(d, vcpu).wait_ns / window;
	for (uint32_t i = 0; i < d->nr_vcpus; i++)
		waited += (double)delta(d, i).wait_ns;
	return 100 * waited / (window * d->nr_vcpus);
}

static uint32_t worst_of(const struct host_delay *d)
{
	uint32_t worst = 0;

	for (uint32_t i = 1; i < d->nr_vcpus; i++)
		if (delta(d, i).wait_ns > delta(d, worst).wait_ns)
			worst = i;
	return worst;
}

uint64_t host_delay__faults(const struct host_delay *d)
{
	uint64_t faults = 0;

	for (uint32_t i = 0; i < d->nr_vcpus; i++)
		faults += delta(d, i).faults;
	return faults;
}

char *host_delay__text(const struct host_delay *d, char *buf, size_t size)
{
	uint64_t faults;
	size_t len;

	buf[0] = '\0';
	if (!host_delay__known(d))
		return buf;
	snprintf(buf, size,
		 "host: vCPUs waited for a host CPU %.1f %% of the window's CPU time, at most vCPU %u with %.1f %%",
		 host_delay__pct(d, UINT32_MAX), worst_of(d), host_delay__pct(d, worst_of(d)));
	faults = host_delay__faults(d);
	len = strlen(buf);
	if (faults)
		snprintf(buf + len, size - len, ", and took %" PRIu64 " page faults", faults);
	return buf;
}

static json_t *vcpu_json(const struct host_delay *d, uint32_t vcpu)
{
	struct host_delay_vcpu v = delta(d, vcpu);
	json_t *o = json_object();

	json_object_set_new(o, "vcpu", json_integer(vcpu));
	json_object_set_new(o, "run_ns", json_integer((json_int_t)v.run_ns));
	json_object_set_new(o, "wait_ns", json_integer((json_int_t)v.wait_ns));
	json_object_set_new(o, "timeslices", json_integer((json_int_t)v.slices));
	json_object_set_new(o, "faults", json_integer((json_int_t)v.faults));
	return o;
}

json_t *host_delay__json(const struct host_delay *d)
{
	json_t *o, *vcpus;

	if (!host_delay__known(d))
		return json_null();
	o = json_object();
	vcpus = json_array();
	for (uint32_t i = 0; i < d->nr_vcpus; i++)
		json_array_append_new(vcpus, vcpu_json(d, i));
	json_object_set_new(o, "window_ns",
			    json_integer((json_int_t)(d->end.time_ns - d->start.time_ns)));
	json_object_set_new(o, "wait_pct", json_real(host_delay__pct(d, UINT32_MAX)));
	json_object_set_new(o, "vcpus", vcpus);
	return o;
}
