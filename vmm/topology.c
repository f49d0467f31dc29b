// SPDX-License-Identifier: GPL-2.0-only
/*
 * Topology arithmetic: text to numbers, CPU number to APIC id.
 *
 * The ACPI tables and CPUID both call these functions: that is what makes
 * them agree with each other.
 */
#include <errno.h>

#include <ktstr/topology.h>

/* Bits that hold the numbers 0 .. n - 1; n is at least 1. */
static uint32_t width(uint32_t n)
{
	return n > 1 ? 32 - (uint32_t)__builtin_clz(n - 1) : 0;
}

/**
 * ktstr_topology__shifts() - bit position of core, LLC and package in an APIC id
 * @t: topology that ktstr_topology__check() accepts
 * @core: out: first bit of the core number within its LLC
 * @llc: out: first bit of the LLC number within its package
 * @pkg: out: first bit of the package number; a node is a package
 */
void ktstr_topology__shifts(const struct ktstr_topology *t, uint32_t *core, uint32_t *llc,
			    uint32_t *pkg)
{
	*core = width(t->threads);
	*llc = *core + width(t->cores);
	*pkg = *llc + width(t->llcs / t->nodes);
}

/**
 * ktstr_topology__apic_id() - APIC id of a CPU
 * @t: topology that ktstr_topology__check() accepts
 * @cpu: dense CPU number, below ktstr_topology__nr_cpus()
 *
 * Return: the id; ids leave holes where a level is no power of two.
 */
uint32_t ktstr_topology__apic_id(const struct ktstr_topology *t, uint32_t cpu)
{
	uint32_t llcs_per_node = t->llcs / t->nodes;
	uint32_t llc = ktstr_topology__cpu_llc(t, cpu);
	uint32_t core_shift, llc_shift, pkg_shift;

	ktstr_topology__shifts(t, &core_shift, &llc_shift, &pkg_shift);
	return cpu % t->threads |
	       cpu / t->threads % t->cores << core_shift |
	       llc % llcs_per_node << llc_shift |
	       llc / llcs_per_node << pkg_shift;
}

/**
 * ktstr_topology__check() - may a machine be built like this?
 * @t: any four numbers
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL on a zero, llcs not divisible by nodes, or more CPUs or
 * a higher APIC id than %KTSTR_CPUS_MAX allows.
 */
int ktstr_topology__check(const struct ktstr_topology *t, struct ktstr_error *e)
{
	uint64_t cpus = (uint64_t)t->llcs * t->cores;
	uint32_t top;

	if (!t->nodes || !t->llcs || !t->cores || !t->threads)
		return ktstr_error_set(e, -EINVAL,
			"topology %u,%u,%u,%u has a zero in it: give nodes,llcs,cores,threads of at least 1",
			t->nodes, t->llcs, t->cores, t->threads);
	if (t->llcs % t->nodes)
		return ktstr_error_set(e, -EINVAL,
			"topology %u,%u,%u,%u has %u LLCs that cannot be shared evenly by %u nodes: make llcs a multiple of nodes",
			t->nodes, t->llcs, t->cores, t->threads, t->llcs, t->nodes);
	/* 32 x 32 bits fit in 64; a third factor is only safe below the limit. */
	if (cpus > KTSTR_CPUS_MAX || cpus * t->threads > KTSTR_CPUS_MAX)
		return ktstr_error_set(e, -EINVAL,
			"topology %u,%u,%u,%u has more than %u CPUs: make one of its numbers smaller",
			t->nodes, t->llcs, t->cores, t->threads, KTSTR_CPUS_MAX);
	top = ktstr_topology__apic_id(t, (uint32_t)(cpus * t->threads) - 1);
	if (top >= KTSTR_CPUS_MAX)
		return ktstr_error_set(e, -EINVAL,
			"topology %u,%u,%u,%u needs APIC id %u and ids end at %u: use fewer CPUs, or powers of two",
			t->nodes, t->llcs, t->cores, t->threads, top, KTSTR_CPUS_MAX - 1);
	return 0;
}

/* One decimal number; strtoul() alone would take blanks, signs and hex. */
static int parse_number(const char **s, uint32_t *out)
{
	const char *p = *s;
	uint64_t n = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > UINT32_MAX)
			return -EINVAL;
	}
	*s = p;
	*out = (uint32_t)n;
	return 0;
}

static int parse_four(const char *s, struct ktstr_topology *t)
{
	uint32_t *field[] = { &t->nodes, &t->llcs, &t->cores, &t->threads };

	for (int i = 0; i < 4; i++) {
		if (i && *s++ != ',')
			return -EINVAL;
		if (parse_number(&s, field[i]))
			return -EINVAL;
	}
	return *s ? -EINVAL : 0;
}

/**
 * ktstr_topology__parse() - read "nodes,llcs,cores,threads"
 * @s: text, four decimal numbers separated by commas and nothing else
 * @out: result, written only on success
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL on a malformed text or what ktstr_topology__check() refuses.
 */
int ktstr_topology__parse(const char *s, struct ktstr_topology *out, struct ktstr_error *e)
{
	struct ktstr_topology t;
	int err;

	if (parse_four(s, &t))
		return ktstr_error_set(e, -EINVAL,
			"topology '%.64s' is not four numbers: write nodes,llcs,cores,threads, for example 1,1,2,1",
			s);
	err = ktstr_topology__check(&t, e);
	if (!err)
		*out = t;
	return err;
}
