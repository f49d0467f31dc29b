/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is a kernel's report what the model says? Differences are printed, and counted.
 */
#ifndef KTSTR_VM_TOPO_CHECK_H
#define KTSTR_VM_TOPO_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/topology.h>

#include "topo_report.h"

/**
 * struct topo_check - one pass of a report, and what it is compared with
 * @t: model
 * @r: report
 * @pass: of the report
 * @online: CPUs that are up
 * @memory: bytes of RAM
 * @quiet: do not print them
 * @compared: values looked at
 * @wrong: values that differ
 */
struct topo_check {
	const struct ktstr_topology *t;
	const struct topo_report *r;
	int pass;
	bool online[KTSTR_CPUS_MAX];
	uint64_t memory;
	bool quiet;
	unsigned int compared;
	unsigned int wrong;
};

void topo_check__cpus(struct topo_check *c);
void topo_check__nodes(struct topo_check *c);
void topo_check__domains(struct topo_check *c);
void topo_check__log(struct topo_check *c);

/** topo_check__same() - compare a text of the report, "" where it has none */
void topo_check__same(struct topo_check *c, const char *what, const char *want, const char *got);

/** topo_check__list() - CPUs as the kernel prints them; return: @buf */
const char *topo_check__list(const bool *set, uint32_t nr, char *buf, size_t len);

#endif /* KTSTR_VM_TOPO_CHECK_H */
