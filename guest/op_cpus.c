// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which CPUs a test means, on a given topology.
 */
#include <errno.h>

#include <ktstr/op.h>
#include <ktstr/random.h>

/* One description while it is resolved. */
struct job {
	const struct ktstr_cpus *spec;
	const struct ktstr_shape *shape;
	const struct cpu_mask *base;
	unsigned int nr;		/* CPUs of the base */
	uint64_t *random;
	struct cpu_mask out;
	struct ktstr_error *e;
};

#define bad(j, fmt, ...)	ktstr_error_set((j)->e, -EINVAL, fmt, ##__VA_ARGS__)

static const char *base_text(const struct job *j, char *buf, size_t size)
{
	return cpu_mask__text(j->base, buf, size);
}

/* Those of the base with places from @first to below @end. */
static void take_places(struct job *j, unsigned int first, unsigned int end)
{
	unsigned int place = 0;

	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
		if (!cpu_mask__test(j->base, cpu))
			continue;
		if (place >= first && place < end)
			cpu_mask__set(&j->out, cpu);
		place++;
	}
}

static int all(struct job *j)
{
	j->out = *j->base;
	return 0;
}

static int list(struct job *j)
{
	char text[128], stray[128];
	struct cpu_mask out;

	if (!j->spec->list || cpulist__parse(j->spec->list, &out))
		return bad(j, "\"%.60s\" is no list of CPUs; write one such as \"0-1,3\"",
			   j->spec->list ? j->spec->list : "");
	j->out = out;
	for (size_t i = 0; i < CPU_MASK_BITS / 64; i++)
		out.bits[i] &= ~j->base->bits[i];
	if (!cpu_mask__count(&out))
		return 0;
	return bad(j, "\"%.60s\" has CPUs that are not to be had here: %s; choose from %s",
		   j->spec->list, cpu_mask__text(&out, stray, sizeof(stray)),
		   base_text(j, text, sizeof(text)));
}

/* Those of LLC, node or core i, @of each CPU, cut to the base. */
static int unit(struct job *j, const uint16_t *of, const char *what)
{
	unsigned int units = 0;
	char text[128];

	for (unsigned int cpu = 0; cpu < j->shape->nr_cpus && cpu < CPU_MASK_BITS; cpu++) {
		if (of[cpu] >= units)
			units = of[cpu] + 1u;
		if (of[cpu] == j->spec->i && cpu_mask__test(j->base, cpu))
			cpu_mask__set(&j->out, cpu);
	}
	if (j->spec->i >= units)
		return bad(j,
			   "there is no %s %u: the topology has %u, counted from 0; choose another or a larger topology",
			   what, j->spec->i, units);
	if (cpu_mask__count(&j->out))
		return 0;
	return bad(j, "%s %u has no CPU among those that can be chosen, %s; choose another", what,
		   j->spec->i, base_text(j, text, sizeof(text)));
}

static int llc(struct job *j)
{
	return unit(j, j->shape->llc, "LLC");
}

static int node(struct job *j)
{
	return unit(j, j->shape->node, "node");
}

static int core(struct job *j)
{
	return unit(j, j->shape->core, "core");
}

static int one(struct job *j)
{
	if (j->spec->i >= j->nr)
		return bad(j,
			   "there is no CPU at place %u of %u, counted from 0; choose a place below",
			   j->spec->i, j->nr);
	take_places(j, j->spec->i, j->spec->i + 1);
	return 0;
}

/* Where part i of n begins; parts differ by one CPU at most, the last ones are larger. */
static unsigned int part_begin(uint32_t i, uint32_t n, unsigned int nr)
{
	return (unsigned int)((uint64_t)i * nr / n);
}

static int check_part(const struct job *j)
{
	if (!j->spec->n || j->spec->i >= j->spec->n)
		return bad(j, "there is no part %u of %u; parts are counted from 0", j->spec->i,
			   j->spec->n);
	return 0;
}

static int check_part_cpus(const struct job *j)
{
	int err = check_part(j);

	if (!err && j->spec->n > j->nr)
		return bad(j, "%u CPUs make no %u parts; ask for fewer parts or need more CPUs",
			   j->nr, j->spec->n);
	return err;
}

static int part(struct job *j)
{
	int err = check_part_cpus(j);

	if (!err)
		take_places(j, part_begin(j->spec->i, j->spec->n, j->nr),
			    part_begin(j->spec->i + 1, j->spec->n, j->nr));
	return err;
}

/* LLCs of which the base has a CPU. */
static unsigned int mark_llcs(const struct job *j, bool *seen)
{
	unsigned int n = 0;

	for (unsigned int cpu = 0; cpu < j->shape->nr_cpus && cpu < CPU_MASK_BITS; cpu++) {
		unsigned int l = j->shape->llc[cpu];

		if (l >= CPU_MASK_BITS || seen[l] || !cpu_mask__test(j->base, cpu))
			continue;
		seen[l] = true;
		n++;
	}
	return n;
}

static int llc_part(struct job *j)
{
	bool seen[CPU_MASK_BITS] = { false };
	unsigned int first, end, place = 0, llcs = mark_llcs(j, seen);
	int err = check_part(j);

	if (err)
		return err;
	if (llcs < j->spec->n)
		return all(j);
	first = part_begin(j->spec->i, j->spec->n, llcs);
	end = part_begin(j->spec->i + 1, j->spec->n, llcs);
	for (unsigned int l = 0; l < CPU_MASK_BITS; l++) {
		if (!seen[l])
			continue;
		for (unsigned int cpu = 0; place >= first && place < end && cpu < j->shape->nr_cpus;
		     cpu++)
			if (j->shape->llc[cpu] == l && cpu_mask__test(j->base, cpu))
				cpu_mask__set(&j->out, cpu);
		place++;
	}
	return 0;
}

static int overlap(struct job *j)
{
	uint32_t next, n = j->spec->n;
	unsigned int first, nr;
	int err = check_part_cpus(j);

	if (err)
		return err;
	if (n < 2)
		return bad(j, "one part has no next part to overlap with; ask for 2 parts or more");
	if (j->spec->pct > 100)
		return bad(j,
			   "%u per cent of the next part is more than all of it; say 100 or less",
			   j->spec->pct);
	part(j);
	next = (j->spec->i + 1) % n;
	first = part_begin(next, n, j->nr);
	nr = part_begin(next + 1, n, j->nr) - first;
	/* Rounded up: parts that shall overlap do. */
	take_places(j, first, first + (nr * j->spec->pct + 99) / 100);
	return 0;
}

static int fraction(struct job *j)
{
	unsigned int n;

	if (!j->spec->pct || j->spec->pct > 100)
		return bad(j, "%u per cent of the CPUs make no set; say 1 to 100", j->spec->pct);
	n = j->nr * j->spec->pct / 100;
	take_places(j, 0, n ? n : 1);
	return 0;
}

/* Each CPU is taken as likely as those that are still wanted of those that are left. */
static int draw(struct job *j)
{
	unsigned int left = j->nr, want = j->spec->n;

	if (!want || want > left)
		return bad(j, "%u CPUs cannot be drawn from %u; say 1 to %u", want, left, left);
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
		if (!cpu_mask__test(j->base, cpu))
			continue;
		if (ktstr_random__below(j->random, left--) >= want)
			continue;
		cpu_mask__set(&j->out, cpu);
		want--;
	}
	return 0;
}

static int (*const kinds[])(struct job *j) = {
	[KTSTR_CPUS_ALL] = all,
	[KTSTR_CPUS_LIST] = list,
	[KTSTR_CPUS_LLC] = llc,
	[KTSTR_CPUS_NODE] = node,
	[KTSTR_CPUS_CORE] = core,
	[KTSTR_CPUS_ONE] = one,
	[KTSTR_CPUS_PART] = part,
	[KTSTR_CPUS_LLC_PART] = llc_part,
	[KTSTR_CPUS_OVERLAP] = overlap,
	[KTSTR_CPUS_FRACTION] = fraction,
	[KTSTR_CPUS_RANDOM] = draw,
};

int ktstr_cpus__resolve(const struct ktstr_cpus *spec, const struct ktstr_shape *shape,
			const struct cpu_mask *base, uint64_t *random, struct cpu_mask *out,
			struct ktstr_error *e)
{
	struct job j = {
		.spec = spec, .shape = shape, .base = base, .nr = cpu_mask__count(base),
		.random = random, .e = e,
	};
	int err;

	if ((unsigned int)spec->kind >= sizeof(kinds) / sizeof(kinds[0]))
		return bad(&j, "%d is no way to describe CPUs; use KTSTR_LIST() and the like",
			   (int)spec->kind);
	if (!j.nr)
		return bad(&j, "there is no CPU to choose from");
	err = kinds[spec->kind](&j);
	if (!err)
		*out = j.out;
	return err;
}
