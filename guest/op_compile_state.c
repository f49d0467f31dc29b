// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler: what exists by now, and what operations share.
 */
#include <ktstr/nearest.h>
#include <ktstr/words.h>

#include "op_compile.h"
#include "op_name.h"

uint32_t op_cgroup__find(const struct ktstr_compiler *c, const char *path, size_t len)
{
	for (uint32_t i = 0; i < c->nr_cgroups; i++)
		if (c->cgroups[i].live && strlen(c->cgroups[i].path) == len &&
		    !memcmp(c->cgroups[i].path, path, len))
			return i;
	return OP_NONE;
}

bool op_cgroup__known(const struct ktstr_compiler *c, const char *path)
{
	for (uint32_t i = 0; i < c->nr_cgroups; i++)
		if (!strcmp(c->cgroups[i].path, path))
			return true;
	return false;
}

int op_cgroup__unknown(const struct op_job *j, const char *path)
{
	struct nearest n = nearest__begin(path);

	if (op_cgroup__known(j->c, path))
		return op_bad(j, "cgroup \"%.64s\" was removed before; make it again first", path);
	for (uint32_t i = 0; i < j->c->nr_cgroups; i++)
		if (j->c->cgroups[i].live)
			nearest__try(&n, j->c->cgroups[i].path);
	if (nearest__found(&n))
		return op_bad(j, "cgroup \"%.64s\" does not exist here; did you mean \"%s\"?", path,
			      nearest__found(&n));
	return op_bad(j, "cgroup \"%.64s\" does not exist here; make it first, with KTSTR_CGROUP()",
		      path);
}

int op_cgroup__named(const struct op_job *j, const char *path, char *out, uint32_t *index)
{
	if (!path || !*path)
		return op_bad(j, "%s needs a cgroup; name it", ktstr_verb__name(j->spec->verb));
	*index = op_cgroup__find(j->c, path, strlen(path));
	if (*index == OP_NONE)
		return op_cgroup__unknown(j, path);
	strcpy(out, j->c->cgroups[*index].path);
	return 0;
}

void op_cgroup__base(const struct ktstr_compiler *c, uint32_t cgroup, struct cpu_mask *out)
{
	*out = c->online;
	for (; cgroup != OP_NONE; cgroup = c->cgroups[cgroup].parent)
		for (size_t i = 0; c->cgroups[cgroup].own && i < CPU_MASK_BITS / 64; i++)
			out->bits[i] &= c->cgroups[cgroup].cpus.bits[i];
}

bool op_cgroup__within(const struct ktstr_compiler *c, uint32_t cgroup, uint32_t top)
{
	for (; cgroup != OP_NONE; cgroup = c->cgroups[cgroup].parent)
		if (cgroup == top)
			return true;
	return false;
}

bool op_cgroup__frozen(const struct ktstr_compiler *c, uint32_t cgroup)
{
	for (; cgroup != OP_NONE; cgroup = c->cgroups[cgroup].parent)
		if (c->cgroups[cgroup].frozen)
			return true;
	return false;
}

static bool below(const struct ktstr_compiler *c, uint32_t cgroup, uint32_t top)
{
	return cgroup != OP_NONE && cgroup != top && op_cgroup__within(c, cgroup, top);
}

/* A cgroup below @top that has processes; OP_NONE. */
static uint32_t populated_below(const struct ktstr_compiler *c, uint32_t top)
{
	for (uint32_t i = 0; i < c->nr_crews; i++)
		if (c->crews[i].live && below(c, c->crews[i].cgroup, top))
			return c->crews[i].cgroup;
	for (uint32_t i = 0; i < c->nr_payloads; i++)
		if (c->payloads[i].runs && below(c, c->payloads[i].cgroup, top))
			return c->payloads[i].cgroup;
	return OP_NONE;
}

/* It has processes itself. */
static bool populated(const struct ktstr_compiler *c, uint32_t cgroup)
{
	for (uint32_t i = 0; i < c->nr_crews; i++)
		if (c->crews[i].live && c->crews[i].cgroup == cgroup)
			return true;
	for (uint32_t i = 0; i < c->nr_payloads; i++)
		if (c->payloads[i].runs && c->payloads[i].cgroup == cgroup)
			return true;
	return false;
}

uint32_t op_cgroup__populated_above(const struct ktstr_compiler *c, uint32_t cgroup)
{
	do
		cgroup = c->cgroups[cgroup].parent;
	while (cgroup != OP_NONE && !populated(c, cgroup));
	return cgroup;
}

/*
 * cgroup_migrate_vet_dst() in the kernel: no process beside populated children, none below what
 * has processes and hands the cpu controller down, and none where memory is handed down.
 */
static int check_neighbours(const struct op_job *j, uint32_t cgroup, const char *what)
{
	const struct op_cgroup *cg = &j->c->cgroups[cgroup];
	uint32_t child = populated_below(j->c, cgroup);
	uint32_t above = op_cgroup__populated_above(j->c, cgroup);

	if (child != OP_NONE)
		return op_bad(j,
			      "the kernel takes no %s into cgroup \"%s\" while \"%s\" below it has processes; use cgroups without children",
			      what, cg->path, j->c->cgroups[child].path);
	if (above != OP_NONE)
		return op_bad(j,
			      "the kernel takes no %s into cgroup \"%s\" while \"%s\" above it has processes; use cgroups without children",
			      what, cg->path, j->c->cgroups[above].path);
	if (cg->hands_memory)
		return op_bad(j,
			      "the kernel takes no %s into cgroup \"%s\", below which memory is limited; use cgroups without children",
			      what, cg->path);
	return 0;
}

int op_cgroup__enter(const struct op_job *j, uint32_t cgroup, const char *what)
{
	const char *path = j->c->cgroups[cgroup].path;

	if (op_cgroup__frozen(j->c, cgroup))
		return op_bad(j,
			      "cgroup \"%s\" is frozen, so no %s can start or arrive there; thaw it first",
			      path, what);
	return check_neighbours(j, cgroup, what);
}

uint32_t op_crew__find(const struct ktstr_compiler *c, uint32_t cgroup, const char *name)
{
	for (uint32_t i = 0; i < c->nr_crews; i++)
		if (c->crews[i].live && c->crews[i].cgroup == cgroup &&
		    !strcmp(c->crews[i].name, name))
			return i;
	return OP_NONE;
}

uint32_t op_crew__next(const struct op_job *j, uint32_t cgroup, uint32_t from)
{
	for (uint32_t i = from; i < j->c->nr_crews; i++) {
		const struct op_crew *w = &j->c->crews[i];

		if (w->live && w->cgroup == cgroup &&
		    (!*j->op->name || !strcmp(w->name, j->op->name)))
			return i;
	}
	return OP_NONE;
}

/* Why there are no workers of a name in a cgroup: what is most likely to be the mistake? */
static int no_crew(const struct op_job *j, uint32_t cgroup, const char *name)
{
	const char *path = j->c->cgroups[cgroup].path;
	struct nearest n = nearest__begin(name);
	const struct op_crew *w;

	for (uint32_t i = 0; i < j->c->nr_crews; i++) {
		w = &j->c->crews[i];
		if (w->live && !strcmp(w->name, name))
			return op_bad(j,
				      "workers \"%.32s\" are in cgroup \"%s\" and not in \"%s\"; name that one",
				      name, j->c->cgroups[w->cgroup].path, path);
	}
	for (uint32_t i = 0; i < j->c->nr_crews; i++) {
		w = &j->c->crews[i];
		if (w->cgroup == cgroup && !strcmp(w->name, name))
			return op_bad(j,
				      "workers \"%.32s\" of cgroup \"%s\" were stopped before; spawn them again first",
				      name, path);
		if (w->live && w->cgroup == cgroup)
			nearest__try(&n, w->name);
	}
	if (nearest__found(&n))
		return op_bad(j,
			      "cgroup \"%s\" has no workers \"%.32s\"; did you mean \"%s\"?",
			      path,
			      name, nearest__found(&n));
	return op_bad(j,
		      "cgroup \"%s\" has no workers \"%.32s\"; spawn them first, with KTSTR_SPAWN_AS()",
		      path, name);
}

int op_crew__check(const struct op_job *j, uint32_t cgroup)
{
	const char *name = j->spec->name;

	if (name && *name) {
		if (op_crew__find(j->c, cgroup, name) == OP_NONE)
			return no_crew(j, cgroup, name);
		strcpy(j->op->name, name);
	}
	if (op_crew__next(j, cgroup, 0) == OP_NONE)
		return op_bad(j, "cgroup \"%s\" has no workers here; spawn some first",
			      j->c->cgroups[cgroup].path);
	return 0;
}

uint32_t op_payload__find(const struct ktstr_compiler *c, const char *name)
{
	for (uint32_t i = 0; i < c->nr_payloads; i++)
		if (!strcmp(c->payloads[i].name, name))
			return i;
	return OP_NONE;
}

uint32_t op_phase__find(const struct ktstr_compiler *c, const char *name)
{
	for (uint32_t i = 0; i < c->nr_phases; i++)
		if (!strcmp(c->phases[i], name))
			return i;
	return OP_NONE;
}

int op_job__name(const struct op_job *j, const char *what)
{
	const char *name = j->spec->name;

	if (!name || !*name)
		return op_bad(j, "%s needs a name for the %s; give it one",
			      ktstr_verb__name(j->spec->verb), what);
	if (!op_name__ok(name))
		return op_bad(j,
			      "\"%.40s\" is no name for a %s; use 1 to %u letters, digits, '_' and '-'",
			      name, what, KTSTR_OP_NAME_MAX - 1);
	strcpy(j->op->name, name);
	return 0;
}

int op_job__cpus(const struct op_job *j, const struct ktstr_cpus *spec,
		 const struct cpu_mask *base)
{
	struct ktstr_error why = { "" };

	if (ktstr_cpus__resolve(spec, &j->c->shape, base, &j->c->random, &j->op->cpus, &why))
		return op_bad(j, "%s", why.msg);
	j->op->has_cpus = true;
	return 0;
}

int op_job__command(const struct op_job *j)
{
	const char *cmd = j->spec->cmd;
	struct ktstr_error why = { "" };
	struct ktstr_words words;

	if (!cmd || !cmd[strspn(cmd, " \t\n")])
		return op_bad(j, "%s needs a command; give it one",
			      ktstr_verb__name(j->spec->verb));
	if (strlen(cmd) >= KTSTR_OP_CMD_MAX)
		return op_bad(j,
			      "a command of %zu bytes is too long, %u can be; put it into a script",
			      strlen(cmd), KTSTR_OP_CMD_MAX - 1);
	if (ktstr_words__split(&words, cmd, &why))
		return op_bad(j, "%s", why.msg);
	ktstr_words__free(&words);
	strcpy(j->op->cmd, cmd);
	return 0;
}

static bool meet(const struct cpu_mask *a, const struct cpu_mask *b)
{
	for (size_t i = 0; i < CPU_MASK_BITS / 64; i++)
		if (a->bits[i] & b->bits[i])
			return true;
	return false;
}

/* CPUs of @a that are not in @b; false when there are none. */
static bool beyond(const struct cpu_mask *a, const struct cpu_mask *b, struct cpu_mask *out)
{
	for (size_t i = 0; i < CPU_MASK_BITS / 64; i++)
		out->bits[i] = a->bits[i] & ~b->bits[i];
	return cpu_mask__count(out);
}

/* The nearest cpuset above, whether its CPUs are online or not; NULL at the top. */
static const struct op_cgroup *cpuset_above(const struct ktstr_compiler *c,
					    const struct op_cgroup *cg)
{
	for (uint32_t i = cg->parent; i != OP_NONE; i = c->cgroups[i].parent)
		if (c->cgroups[i].own)
			return &c->cgroups[i];
	return NULL;
}

/* The kernel would cut the cpuset, or replace one without CPUs by the parent's, and not say so. */
static int cgroup_settled(const struct op_job *j, const struct op_cgroup *cg)
{
	const struct op_cgroup *above = cpuset_above(j->c, cg);
	struct cpu_mask stray;
	char text[64];

	if (above && beyond(&cg->cpus, &above->cpus, &stray))
		return op_bad(j,
			      "this leaves cgroup \"%s\" CPUs that \"%s\" above it does not have: %s; change \"%s\" first",
			      cg->path, above->path, cpu_mask__text(&stray, text, sizeof(text)),
			      cg->path);
	if (!meet(&cg->cpus, &j->c->online))
		return op_bad(j,
			      "this takes the last CPU online of cgroup \"%s\", and the kernel would let it run on others; change its cpuset %s first",
			      cg->path, cpu_mask__text(&cg->cpus, text, sizeof(text)));
	return 0;
}

/* The same of an affinity: the kernel replaces it by all CPUs of the cpuset. */
static int crew_settled(const struct op_job *j, const struct op_crew *w)
{
	const char *path = j->c->cgroups[w->cgroup].path;
	struct cpu_mask base;
	char text[64];

	op_cgroup__base(j->c, w->cgroup, &base);
	if (meet(&base, &w->cpus))
		return 0;
	return op_bad(j,
		      "this leaves workers \"%s\" of cgroup \"%s\" no CPU of their affinity %s, and the kernel would let them run on others; change the affinity first",
		      w->name, path, cpu_mask__text(&w->cpus, text, sizeof(text)));
}

int op_job__settled(const struct op_job *j)
{
	const struct ktstr_compiler *c = j->c;
	int err = 0;

	for (uint32_t i = 0; !err && i < c->nr_cgroups; i++)
		if (c->cgroups[i].live && c->cgroups[i].own)
			err = cgroup_settled(j, &c->cgroups[i]);
	for (uint32_t i = 0; !err && i < c->nr_crews; i++)
		if (c->crews[i].live && c->crews[i].pinned)
			err = crew_settled(j, &c->crews[i]);
	return err;
}
