// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr run": check everything, then run here or in the box.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "accel.h"
#include "box.h"
#include "commands.h"
#include "interrupt.h"
#include "json_out.h"
#include "matrix.h"
#include "result_files.h"
#include "run.h"

#define CMDLINE_MAX	4096	/* bytes; more than any kernel takes */

const char help_run[] =
	"usage: ktstr run [OPTION...] [SCENARIO...]\n"
	"\n"
	"Boot a kernel in a machine of its own, load a scheduler, run scenarios (default:\n"
	"steady) one after the other, and print a verdict as KTAP. Names and globs such as\n"
	"'cpuset/*' select scenarios, see ktstr list; what the topology cannot carry is an\n"
	"error when it is named and skipped when it is found.\n"
	"\n"
	"  --tag TAG,...         only scenarios with one of these tags; !TAG: only without it\n"
	"  --kernel PATH         vmlinux, bzImage, or a directory that has one; default:\n"
	"                        $KTSTR_KERNEL, else the kernel of \"ktstr kernel build\"\n"
	"  --sched CMD           scheduler with its arguments, in shell quoting; default: the\n"
	"                        test's own if it has one, else none: the kernel's own scheduler\n"
	"                        is judged\n"
	"  --sched-enable CMD    instead, a command that has one enabled; it may end or stay\n"
	"  --sched-disable CMD   the command that has it disabled after the window\n"
	"  --topology N,L,C,T    NUMA nodes, LLCs in all, cores per LLC, threads per core;\n"
	"                        default the test's own, else 1,1,2,1\n"
	"  --topology FILE       a topology file: uneven LLCs, memory-only nodes, distances\n"
	"  --preset NAME         a topology by name, see ktstr topo\n"
	"  --memory MIB          guest memory, default 1024 or what the file's nodes have\n"
	"  --append WORDS        added to the guest kernel's command line\n"
	"  --duration S          length of the judged window in seconds, default the test's own,\n"
	"                        else 3\n"
	"  --seed N              source of every random choice; default: random, printed\n"
	"  --timeout S           give up after so many seconds without any sign of life,\n"
	"                        default 60\n"
	"  --pin                 every vCPU on a host CPU of its own; in turn if there are fewer\n"
	"  --cpus N              use N host CPUs only; no other ktstr that was given --pin,\n"
	"                        --cpus or --perf uses them meanwhile, one of them waits\n"
	"  --perf                performance mode: --pin inside one LLC of its own, huge pages on\n"
	"                        its node, real-time vCPUs; refused where any of it is missing\n"
	"  --accel auto|kvm|box  this machine's KVM, or an emulated machine; auto (default)\n"
	"                        emulates only when KVM cannot do it\n"
	"  --events WORD         scheduler events out of the guest while it runs: auto (default:\n"
	"                        the best path that the guest has, or none), module, bpf, off\n"
	"  --events-only NAME,...  only these events (switch, waking, wakeup, migrate, ...)\n"
	"  --events-cpus LIST    only what happens on these CPUs of the guest\n"
	"  --events-cgroup NAME  only of tasks in this cgroup of the scenario; with any of the\n"
	"                        three there are no figures from events: they need them all\n"
	"  --matrix AXIS=VALUE:VALUE...  run every scenario with every value of these axes:\n"
	"                        topologies, schedulers (none: the kernel's own), kernels; more\n"
	"                        axes behind a comma or in more options. Each run is a process,\n"
	"                        as many at a time as the host's CPUs and memory have room for\n"
	"  --jobs N              N of them at a time at most\n"
	"  --budget TIME         those that cover most in 90s, 10m, 1h30m; the rest is named\n"
	"  --shard I/N           the Ith of N parts that are disjoint and about as long\n"
	"  --stats-interval MS   ask the scheduler for its statistics so often, where it serves\n"
	"                        any; default 1000 with --sched or --sched-enable; 0: never\n"
	"  --arm FAULT[@MS]      the host arms a fault of scx_ktstr while that runs, MS after the\n"
	"                        window began (0); FAULT as scx_ktstr --help has it\n"
	"  --disarm NAME@MS      and disarms it again; both may be repeated\n"
	"  --splat-allow FILE    lines of the kernel log that do not fail a test, each with the\n"
	"                        reason and the day it expires; see Documentation/splats.rst\n"
	"  --splat-deny FILE     further lines that do\n"
	"  --out DIR             write result.json, ktap.txt, console.log (COM1), crash.log\n"
	"                        (COM2), dmesg.log, sched.log, and of the scheduler events\n"
	"                        events.ktstr (see ktstr report), trace.perfetto-trace (for\n"
	"                        ui.perfetto.dev) and report.html to DIR, and of statistics\n"
	"                        stats.jsonl; with more than one scenario all but the first\n"
	"                        two go to DIR/SCENARIO, those of its Nth run to\n"
	"                        DIR/SCENARIO.N\n"
	"  --json FILE           write the result as JSON\n"
	"  --dry-run             check everything, print what would be done, and stop\n"
	"  -v, --verbose         print the phases of the guest and where the time of its boot\n"
	"                        went; its whole kernel log on COM1\n"
	"\n"
	"Exit status: 0 all passed, 1 a test failed, 2 usage or environment error,\n"
	"3 nothing failed but something was inconclusive, 4 all skipped.\n";

/* Which ones is only known when they are locked, which a dry run does not do. */
static void print_host_cpus(const struct args *a, const struct setup *s)
{
	char list[256];

	if (!a->pin && !a->cpus && !a->perf)
		return;
	printf("host CPUs %s%s", a->perf ? "for performance mode" : a->pin ? "to pin vCPUs to" :
	       "to share", s->use_box ? ": those of the emulated machine\n" : ": some of ");
	if (!s->use_box)
		printf("%s\n", cpu_mask__text(&s->hostcpus.host.allowed, list, sizeof(list)));
}

/* What a test has of its own. */
static void print_own(const struct report *r, const struct report_run *run)
{
	const struct args *own = report__args(r, run);
	uint32_t nr_cpus = ktstr_topology__nr_cpus(&own->topology);

	if (!ktstr_topology__equal(&own->topology, &r->args->topology))
		printf("machine of %s: %u CPUs\n", run->name, nr_cpus);
	if (own->sched != r->args->sched)
		printf("scheduler of %s: %s\n", run->name, own->sched);
}

static void print_dry_run(const struct report *r, const struct setup *s)
{
	const struct vmm_opts machine = {
		.sz		= sizeof(machine),
		.cmdline_extra	= r->args->append,
		.verbose	= r->args->verbose,
	};
	char cmdline[CMDLINE_MAX];
	struct ktstr_error e;
	struct buf text;

	printf("kernel %s\n", s->kernel);
	if (!vmm__cmdline(&machine, cmdline, sizeof(cmdline), &e))
		printf("command line %s\n", cmdline);
	printf("machine %u CPUs, %u MiB, %s\n", ktstr_topology__nr_cpus(&r->args->topology),
	       r->args->memory_mib, s->use_box ? "in an emulated machine" : "on this machine's KVM");
	print_host_cpus(r->args, s);
	printf("events %s\n", args__events_name(r->args->events));
	printf("files for the guest:\n");
	for (size_t i = 0; i < s->pack.nr; i++) {
		const struct pack_file *f = &s->pack.files[i];

		if (f->target)
			printf("  %s -> %s\n", f->guest, f->target);
		else
			printf("  %s (%zu bytes) from %s\n", f->guest, f->len, f->host);
	}
	for (size_t i = 0; i < r->nr; i++) {
		print_own(r, &r->runs[i]);
		if (r->runs[i].skip[0]) {
			printf("skipped: %s\n", r->runs[i].skip);
			continue;
		}
		buf__init(&text, KTSTR_PLAN_MAX);
		if (!plan_write(&r->runs[i].plan, &text, &e))
			printf("plan of %s:\n%s", r->runs[i].name, text.data);
		buf__free(&text);
	}
}

static int inner_argv(const struct args *a, struct strv *v)
{
	struct args inner = *a;
	int ret = strv__add(v, "run");

	inner.accel = ACCEL_KVM;
	inner.json = a->json ? "/dev/fd/3" : NULL;
	return ret ? ret : args__to_argv(&inner, NULL, false, v);
}

/* The JSON comes out of the box by a pipe: its file system there is read-only. */
static int relay_json(const struct args *a, const struct buf *json, int status)
{
	struct ktstr_error e;

	if (!a->json || interrupt__signal())
		return status;
	/* Without a result the inner ktstr, or the box, has already said why. */
	if (!json->len)
		return status;
	if (!json_out__is_whole(json->data, json->len)) {
		ktstr_error_set(&e, -EIO,
				"the emulated machine ended in the middle of the result; %s is not written",
				a->json);
		return command_fail(&e);
	}
	if (outfile__write(a->json, json->data, json->len, &e))
		return command_fail(&e);
	return status;
}

#define STATUS_BROKEN	125	/* of kvmbox, which has said why */

/* That the inner ktstr did not run, or was killed, is no verdict but a broken environment. */
static int status_of_box(int status)
{
	struct ktstr_error e;

	if (status <= EXIT_ALL_SKIPPED)
		return status;
	if (status == STATUS_BROKEN)
		return 2;
	ktstr_error_set(&e, -EIO,
			"ktstr ended in the emulated machine with status %d; see what it said above", status);
	return command_fail(&e);
}

/* The inner ktstr may have been stopped in the middle of writing its result. */
static void say_interrupted(const struct args *a, const struct outdir *out)
{
	char path[PATH_MAX];
	struct ktstr_error e;

	printf("Bail out! interrupted by %s%s\n", interrupt__name(interrupt__signal()),
	       a->json || a->out ? "; no result is written" : "");
	if (a->out && !outdir__path(out, "result.json", path, sizeof(path)) &&
	    outfile__remove(path, "--out", &e))
		command_fail(&e);
}

static int run_in_box(const struct args *a, const struct setup *s, const struct outdir *out)
{
	struct buf json;
	struct box_opts o = {
		.rw_dir		= a->out ? out->dir : NULL,
		.memory_mib	= a->memory_mib,
		.result		= a->json ? &json : NULL,
	};
	struct ktstr_error e;
	int status, ret;

	buf__init(&json, BOX_RESULT_MAX);
	setup__announce_box(&s->why_box);
	o.interrupt_fd = interrupt__open();
	ret = inner_argv(a, &o.argv) ? ktstr_error_set(&e, -ENOMEM,
						       "out of memory") : box__run(&o, &status, &e);
	strv__free(&o.argv);
	if (ret)
		status = command_fail(&e);
	else if (interrupt__signal())
		say_interrupted(a, out);
	else
		status = relay_json(a, &json, status_of_box(status));
	buf__free(&json);
	fflush(stdout);
	interrupt__reraise();
	return status;
}

/* For that no machine is needed. */
static bool all_skipped(const struct report *r)
{
	for (size_t i = 0; i < r->nr; i++)
		if (!r->runs[i].skip[0])
			return false;
	return true;
}

static int go(struct report *r, struct setup *s, struct outdir *out)
{
	const struct args most = args__of_all(r->args);
	struct ktstr_error e;
	int status;

	if (setup__init(s, &most, &e) || run__plans(r, s, &e) || result_files__open(r->args, out, &e)) {
		status = command_fail(&e);
		outdir__close(out, NULL);
		return status;
	}
	if (r->args->dry_run) {
		print_dry_run(r, s);
		return 0;
	}
	if (!s->use_box || all_skipped(r))
		return run__all(r, s, out);
	/* The inner ktstr writes there; ours only proved that it can be written. */
	outdir__close(out, NULL);
	return run_in_box(r->args, s, out);
}

int cmd_run(int argc, char **argv)
{
	struct report r = { .exec_ns = commands_exec_ns, .in_box = accel__in_box() };
	struct ktstr_error e;
	struct outdir out;
	struct setup s;
	struct args a;
	int ret = args__parse_run(&a, argc, argv, &e);

	if (ret == ARGS_HELP)
		ret = command_help(help_run);
	else if (ret)
		ret = command_fail(&e);
	else if (args__is_matrix(&a))
		ret = matrix__run(&a);
	else {
		r.args = &a;
		r.kernel = s.kernel;
		r.hostcpus = &s.hostcpus;
		outdir__init(&out);
		memset(&s, 0, sizeof(s));
		ret = go(&r, &s, &out);
		run__free(&r);
		setup__free(&s);
	}
	args__free(&a);
	return ret;
}
