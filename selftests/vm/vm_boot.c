// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/cpio.h"
#include "vm_boot.h"

#define TAKE_READS	16	/* of a port, before whoever steps has its turn again */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void *vm_read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *data = NULL;
	long size;

	if (!f)
		return NULL;
	if (!fseek(f, 0, SEEK_END) && (size = ftell(f)) > 0 && !fseek(f, 0, SEEK_SET)) {
		data = malloc(size);
		if (data && fread(data, 1, size, f) != (size_t)size) {
			free(data);
			data = NULL;
		}
		*len = size;
	}
	fclose(f);
	return data;
}

static int make_initrd(struct cpio *c, const struct vm_file *files, int nr)
{
	int i, ret = c ? 0 : -ENOMEM;

	for (i = 0; !ret && i < nr; i++)
		ret = cpio__file(c, files[i].path, 0755, files[i].data, files[i].len);
	/* The mount point of PID 1's first mount. */
	if (!ret)
		ret = cpio__dir(c, "/dev", 0755);
	return ret ? ret : cpio__finish(c);
}

int vm__boot(struct vm *vm, const char *topology, const struct vm_file *files, int nr_files,
	     unsigned int timeout_s, struct ktstr_error *e)
{
	struct vmm_opts opts = { .sz = sizeof(opts), .memory_mib = 512 };
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char path[PATH_MAX];
	struct cpio *c = cpio__new();
	int ret = make_initrd(c, files, nr_files);

	opts.kernel = getenv("KTSTR_KERNEL");
	if (!opts.kernel) {
		snprintf(path, sizeof(path), "%s%s/ktstr/kernels/default/vmlinux",
			 cache ? cache : home, cache ? "" : "/.cache");
		opts.kernel = path;
	}
	opts.verbose = getenv("KTSTR_VM_VERBOSE") != NULL;
	opts.in_box = getenv("KTSTR_IN_BOX") != NULL;
	opts.placement = vm->placement;
	opts.initrd = c ? cpio__iov(c, &opts.nr_initrd) : NULL;
	if (!ret)
		ret = ktstr_topology__parse(topology, &opts.topology, e);
	if (!ret)
		ret = vm__boot_opts(vm, &opts, timeout_s, e);
	cpio__free(c);
	return ret;
}

int vm__boot_opts(struct vm *vm, const struct vmm_opts *opts, unsigned int timeout_s,
		  struct ktstr_error *e)
{
	int ret = vmm__create(&vm->vmm, opts, e);

	if (ret)
		return ret;
	vm->deadline_ns = now_ns() + timeout_s * 1000000000ull;
	return vmm__start(vm->vmm, e);
}

/* Return: true when the port may have more: a guest can send as fast as it is read. */
static bool take_port(struct vm *vm, unsigned int port)
{
	static char buf[256 << 10];
	unsigned int reads;
	size_t n;

	for (reads = 0; reads < TAKE_READS; reads++) {
		n = vmm__port_read(vm->vmm, port, buf, sizeof(buf));
		if (!n)
			return false;
		if (vm->on_port)
			vm->on_port(vm->arg, port, buf, n);
	}
	return true;
}

void vm__take_ports(struct vm *vm)
{
	vm->more = false;
	for (unsigned int port = 0; port < KTSTR_NR_PORTS; port++)
		if (!(vm->hold & 1u << port) && take_port(vm, port))
			vm->more = true;
}

static void take_serial(struct vm *vm)
{
	size_t n;
	int i;

	for (i = 0; i < 2; i++) {
		while ((n = vmm__serial_read(vm->vmm, i + 1, vm->com[i] + vm->com_len[i],
					     VM_TEXT_MAX - vm->com_len[i])))
			vm->com_len[i] += n;
		vm->com[i][vm->com_len[i]] = '\0';
	}
}

bool vm__step(struct vm *vm)
{
	struct pollfd p[] = {
		{ vmm__tx_fd(vm->vmm), POLLIN, 0 }, { vmm__stats_tx_fd(vm->vmm), POLLIN, 0 },
		{ vmm__serial_fd(vm->vmm), POLLIN, 0 }, { vmm__end_fd(vm->vmm), POLLIN, 0 },
	};
	uint64_t now = now_ns(), count;
	int ready;

	if (now >= vm->deadline_ns)
		return false;
	ready = poll(p, 4, vm->more ? 0 : (vm->deadline_ns - now) / 1000000 + 1);
	if (ready < 0 || (!ready && !vm->more))
		return false;
	for (int i = 0; i < 4; i++)
		if (p[i].revents && read(p[i].fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
			return false;
	if (p[3].revents) {
		vm->ended = true;
		vmm__stop(vm->vmm);
		vmm__final_drain(vm->vmm);
	}
	do
		vm__take_ports(vm);
	while (vm->ended && vm->more);
	take_serial(vm);
	return true;
}

bool vm__wait_text(struct vm *vm, unsigned int com, const char *text)
{
	while (!strstr(vm->com[com - 1], text))
		if (vm->ended || !vm__step(vm))
			return false;
	return true;
}

bool vm__wait_end(struct vm *vm)
{
	while (!vm->ended)
		if (!vm__step(vm))
			return false;
	return true;
}

static void print_text(const char *name, const char *text)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		printf("#   %s| %.*s\n", name, (int)strcspn(text, "\n"), text);
	/* The harness ends a test by _exit(). */
	fflush(stdout);
}

void vm__finish(struct vm *vm, bool failed)
{
	if (!vm->vmm)
		return;
	vmm__stop(vm->vmm);
	if (failed) {
		struct vmm_stats st = { .sz = sizeof(st) };
		char detail[256] = "";

		vmm__stats(vm->vmm, &st);
		printf("# machine: end %d %s, %llu exits, %llu driver errors\n",
		       vmm__end(vm->vmm, detail, sizeof(detail)), detail,
		       (unsigned long long)st.exits, (unsigned long long)st.driver_errors);
		take_serial(vm);
		print_text("COM1", vm->com[0]);
		print_text("COM2", vm->com[1]);
	}
	vmm__destroy(vm->vmm);
}
