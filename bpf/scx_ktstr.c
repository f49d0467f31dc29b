// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loader of scx_ktstr: attaches the scheduler, serves its statistics, and says why
 * it ended. When the kernel wants it, after CPUs came or went, it begins anew.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <scx/common.h>

#include "scx_ktstr.skel.h"
#include "scx_opts.h"
#include "scx_serve.h"
#include "scx_topo.h"

#define EXIT_THROWN_OUT	1
#define EXIT_USAGE	2
#define POLL_MS		100	/* the kernel tells nobody that it has thrown a scheduler out */
#define KIND_ERROR	1024	/* SCX_EXIT_ERROR: from here on it did something wrong */

static volatile sig_atomic_t stop;
static bool verbose;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG && !verbose ? 0 : vfprintf(stderr, format, args);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

static void configure(struct scx_ktstr *skel, const struct scx_opts *o, const struct scx_topo *t)
{
	skel->rodata->nr_cpus = t->nr_cpus;
	skel->rodata->nr_llcs = t->nr_llcs;
	skel->rodata->slice_ns = o->slice_us * 1000ull;
	memcpy((void *)skel->rodata->llc_of, t->llc_of, sizeof(t->llc_of));
	memcpy((void *)skel->rodata->llc_cpus, t->llc_cpus, sizeof(t->llc_cpus));
	memcpy((void *)skel->rodata->smt_cpus, t->smt_cpus, sizeof(t->smt_cpus));
	skel->struct_ops.ktstr_ops->timeout_ms = o->timeout_ms;
}

/* How much each program cost the verifier, for those who want to know. */
static void log_verifier(struct scx_ktstr *skel)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_log_level(prog, 4);
}

/* The map's memory, with what was asked for in it; NULL if it cannot be had. */
static struct ktstr_faults *put_faults(struct scx_ktstr *skel, const struct scx_opts *o)
{
	struct ktstr_faults *f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED,
				      bpf_map__fd(skel->maps.ktstr_faults), 0);

	if (f == MAP_FAILED)
		return NULL;
	*f = o->faults;
	return f;
}

/* What the statistics are made of. */
struct source {
	struct scx_ktstr *skel;
	const struct scx_topo *topo;
	struct ktstr_faults *faults;
};

static int read_counters(struct source *src, struct scx_stats *out)
{
	int n = libbpf_num_possible_cpus(), fd = bpf_map__fd(src->skel->maps.counters), ret = 0;
	__u64 *cpus = n > 0 ? calloc((size_t)n, sizeof(*cpus)) : NULL;

	if (!cpus)
		return -ENOMEM;
	for (uint32_t i = 0; !ret && i < KTSTR_SCX_NR_COUNTERS; i++) {
		ret = bpf_map_lookup_elem(fd, &i, cpus);
		for (int cpu = 0; !ret && cpu < n && cpu < KTSTR_SCX_CPUS_MAX; cpu++)
			if (src->topo->llc_of[cpu] < KTSTR_SCX_LLCS_MAX)
				out->llcs[src->topo->llc_of[cpu]][i] += cpus[cpu];
	}
	free(cpus);
	return ret;
}

static int read_stats(void *arg, struct scx_stats *out)
{
	struct source *src = arg;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	out->at_ns = ts.tv_sec * 1000000000ull + ts.tv_nsec;
	out->nr_cpus = src->topo->nr_cpus;
	out->nr_llcs = src->topo->nr_llcs;
	out->tasks = src->skel->bss->nr_tasks;
	out->faults_armed = src->faults->armed;
	out->faults_seq = src->faults->seq_taken;
	for (int i = 0; i < KTSTR_FAULT_NR; i++)
		out->fault_hits[i] = src->faults->faults[i].hits;
	return read_counters(src, out);
}

static int change_fault(void *arg, const char *text, bool arm, struct ktstr_error *e)
{
	struct source *src = arg;

	return scx_opts__change(src->faults, text, arm, e);
}

/* Until somebody wants us to end, the scheduler is thrown out, or the fault is due. */
static void serve(struct scx_ktstr *skel, const struct scx_opts *o, struct scx_serve *s)
{
	int64_t end = o->exits ? now_ms() + o->exit_ms : INT64_MAX;
	int64_t left;

	while (!stop && !UEI_EXITED(skel, uei)) {
		left = end - now_ms();
		if (left <= 0) {
			stop = 1;
			break;
		}
		scx_serve__poll(s, left < POLL_MS ? left : POLL_MS);
	}
}

/* Return: an exit status, or -EAGAIN to begin anew. */
static int run(const struct scx_opts *o)
{
	struct scx_topo topo;
	struct source source = { .topo = &topo };
	const struct scx_stats_source src = {
		.read = read_stats, .fault = change_fault, .arg = &source,
	};
	struct scx_ktstr *skel;
	struct bpf_link *link;
	struct ktstr_error e;
	struct scx_serve s;
	int status;
	u64 code;

	if (scx_topo__read(&topo, "/sys/devices/system/cpu", &e)) {
		fprintf(stderr, "scx_ktstr: %s\n", e.msg);
		return EXIT_USAGE;
	}
	skel = SCX_OPS_OPEN(ktstr_ops, scx_ktstr);
	source.skel = skel;
	configure(skel, o, &topo);
	if (verbose)
		log_verifier(skel);
	SCX_OPS_LOAD(skel, ktstr_ops, scx_ktstr, uei);
	source.faults = put_faults(skel, o);
	if (!source.faults) {
		fprintf(stderr, "scx_ktstr: cannot map the faults: %s\n", strerror(errno));
		scx_ktstr__destroy(skel);
		return EXIT_USAGE;
	}
	/* A scheduler that nobody can ask is still one. */
	if (scx_serve__open(&s, o->stats, &src, &e))
		fprintf(stderr, "scx_ktstr: %s\n", e.msg);
	link = SCX_OPS_ATTACH(skel, ktstr_ops, scx_ktstr);
	serve(skel, o, &s);
	scx_serve__close(&s);
	bpf_link__destroy(link);
	code = UEI_REPORT(skel, uei);
	status = skel->data->uei.kind >= KIND_ERROR ? EXIT_THROWN_OUT : 0;
	/* Memory is not cleared when it is freed: nobody shall take it for a scheduler's. */
	source.faults->magic = 0;
	munmap(source.faults, sizeof(*source.faults));
	scx_ktstr__destroy(skel);
	return !stop && UEI_ECODE_RESTART(code) ? -EAGAIN : status;
}

int main(int argc, char **argv)
{
	const struct sigaction on_end = { .sa_handler = on_signal };
	struct ktstr_error e;
	struct scx_opts o;
	int ret = scx_opts__parse(&o, argc, argv, &e);

	if (ret == SCX_OPTS_HELP) {
		scx_opts__help(stdout);
		return 0;
	}
	if (ret) {
		fprintf(stderr, "scx_ktstr: %s\n", e.msg);
		return EXIT_USAGE;
	}
	if (o.dies) {
		fprintf(stderr, "scx_ktstr: dies at its start, as it was told\n");
		return o.die_status;
	}
	verbose = o.verbose;
	libbpf_set_print(print_libbpf);
	sigaction(SIGINT, &on_end, NULL);
	sigaction(SIGTERM, &on_end, NULL);
	signal(SIGPIPE, SIG_IGN);
	do {
		ret = run(&o);
	} while (ret == -EAGAIN);
	return ret;
}
