// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr doctor": what works here, in plain words, and what to do about the rest.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include <ktstr/vmm.h>

#include "accel.h"
#include "box.h"
#include "commands.h"
#include "file.h"
#include "finder.h"
#include "kernels.h"
#include "sentence.h"

const char help_doctor[] =
	"usage: ktstr doctor\n"
	"\n"
	"Say whether \"ktstr run\" can work here and what is missing: ok is fine, !! stops\n"
	"\"ktstr run\", -- is missing but not needed for it. Exit status 0 when nothing stops\n"
	"it, else 2.\n";

/* A finding is a line, whatever the paths in it are called. */
static void say(const char *lead, const char *fmt, va_list ap)
{
	char text[PATH_MAX + 512];

	vsnprintf(text, sizeof(text), fmt, ap);
	sentence__print(stdout, lead, text);
}

static int __attribute__((format(printf, 1, 2))) good(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("ok  ", fmt, ap);
	va_end(ap);
	return 0;
}

static int __attribute__((format(printf, 2, 3))) bad(int stops, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(stops ? "!!  " : "--  ", fmt, ap);
	va_end(ap);
	return stops;
}

static int has_program(const struct finder *f, const char *name)
{
	char path[PATH_MAX];
	bool is_sched;

	return !finder__find(f, name, path, sizeof(path), &is_sched);
}

/* Returns how many findings stop "ktstr run", like all the functions below. */
static int check_box(const struct finder *f)
{
	const char *env = getenv("KTSTR_BOX_KERNEL");	/* as scripts/kvmbox takes it */
	char box[PATH_MAX], cache[PATH_MAX], kernel[PATH_MAX];
	struct ktstr_error e;
	int stops = 0;

	if (box__find(box, sizeof(box), &e))
		return bad(1, "emulation: %s", e.msg);
	if (!has_program(f, "qemu-system-x86_64"))
		stops += bad(1, "emulation: qemu-system-x86_64 is missing; run scripts/setup");
	if (env && *env) {
		if (!file__exists(env))
			stops += bad(1, "emulation: no kernel at %s; set KTSTR_BOX_KERNEL to one",
				     env);
	} else if (!kernels__cache_dir(cache, sizeof(cache)) &&
		   !path__join(kernel, sizeof(kernel), cache, "box/bzImage") &&
		   !file__exists(kernel)) {
		stops += bad(1,
			     "emulation: no kernel for the emulated machine; run \"ktstr kernel build\"");
	}
	return stops ? stops :
	       good("emulation: %s works in place of KVM; timings there are not comparable", box);
}

static int check_kvm(const struct finder *f)
{
	struct ktstr_error e;

	if (!vmm__check_kvm(&e))
		return good(
			    "KVM: /dev/kvm works%s", accel__in_box() ? " (this machine is emulated)" : "");
	if (accel__in_box())
		return bad(1, "KVM: %s", e.msg);
	bad(0, "KVM: %s; ktstr emulates a machine instead", e.msg);
	return check_box(f);
}

static int check_kernel(const char *kernel, const struct ktstr_error *missing)
{
	struct vmm_kernel k = { .sz = sizeof(k) };
	struct ktstr_error e;

	if (!*kernel)
		return bad(1, "kernel: %s", missing->msg);
	if (vmm__probe_kernel(kernel, false, &k, &e))
		return bad(1, "kernel: %s", e.msg);
	if (vmm__probe_kernel(kernel, true, &k, &e))
		return bad(0, "kernel: %s (only the kernel's own scheduler can be judged)", e.msg);
	return good("kernel: %s", kernel);
}

static int check_scheds(const struct finder *f)
{
	static const char * const names[] = { "scx_simple", "scx_qmap" };
	char path[PATH_MAX];
	bool is_sched;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (finder__find(f, names[i], path, sizeof(path), &is_sched))
			bad(0,
			    "scheduler: no %s; build it with scripts/sched/build, or name yours with --sched",
			    names[i]);
		else
			good("scheduler: %s", path);
	}
	return 0;
}

static int check_tools(const struct finder *f)
{
	static const struct {
		const char *name;
		const char *for_what;
	} tools[] = {
		{ "clang-19",		"to build schedulers" },
		{ "pahole",		"to build kernels with BTF" },
		{ "qemu-system-x86_64",	"to emulate a machine and to compare with" },
		{ "gcc",		"to build ktstr and kernels" },
	};

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		if (has_program(f, tools[i].name))
			good("tool: %s, %s", tools[i].name, tools[i].for_what);
		else
			bad(0,
			    "tool: no %s, %s; run scripts/setup", tools[i].name, tools[i].for_what);
	}
	return 0;
}

static int check_memory(void)
{
	struct sysinfo si;
	unsigned long long mib;

	if (sysinfo(&si))
		return 0;
	mib = (unsigned long long)si.totalram * si.mem_unit >> 20;
	if (mib < 1024)
		return bad(1,
			   "memory: %llu MiB, a guest has 1024 by default; use a larger machine or --memory", mib);
	return good("memory: %llu MiB", mib);
}

int cmd_doctor(int argc, char **argv)
{
	struct ktstr_error e = { "" };
	char kernel[PATH_MAX] = "";
	struct finder f;
	int stops = 0;

	if (command_wants_help(argc, argv))
		return command_help(help_doctor);
	if (argc > 1) {
		ktstr_error_set(&e, 0, "doctor takes no %.100s; see ktstr doctor --help", argv[1]);
		return command_fail(&e);
	}
	if (kernels__choose(NULL, kernel, sizeof(kernel), &e))
		kernel[0] = '\0';
	if (finder__init(&f, *kernel ? kernel : NULL))
		stops += bad(1, "out of memory");
	stops += check_kvm(&f);
	stops += check_kernel(kernel, &e);
	stops += check_scheds(&f);
	stops += check_tools(&f);
	stops += check_memory();
	finder__free(&f);
	printf("%s\n", stops ? "ktstr run cannot work here before the lines with !! are settled" :
	       "ktstr run can work here");
	return stops ? 2 : 0;
}
