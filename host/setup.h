/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What "run" and "shell" have in common: everything that can be found wrong
 * before a machine is started is found here.
 */
#ifndef KTSTR_HOST_SETUP_H
#define KTSTR_HOST_SETUP_H

#include <limits.h>

#include <ktstr/vmm.h>

#include "args.h"
#include "hostcpus.h"
#include "image.h"

/**
 * struct setup - the environment of a call
 * @use_box: the run belongs into scripts/kvmbox
 * @why_box: why
 * @kernel: path of the kernel
 * @hostcpus: host CPUs; nothing is claimed yet
 * @about: what its file tells
 * @finder: where programs are
 * @pack: files for the guest
 */
struct setup {
	bool use_box;
	struct ktstr_error why_box;
	char kernel[PATH_MAX];
	struct hostcpus hostcpus;
	struct vmm_kernel about;
	struct finder finder;
	struct pack pack;
};

/**
 * setup__init() - accelerator, kernel and memory; a pack of the drivers that must be loaded
 * @s: result
 * @a: options
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno; setup__free() in both cases.
 */
int setup__init(struct setup *s, const struct args *a, struct ktstr_error *e);

/** setup__free() - give everything back */
void setup__free(struct setup *s);

/** setup__machine() - options of the machine for an image that must outlive them */
struct vmm_opts setup__machine(const struct setup *s, const struct args *a,
			       const struct image *img);

/** setup__announce_box() - say on stderr that the machine is emulated, and @why it must be */
void setup__announce_box(const struct ktstr_error *why);

#endif /* KTSTR_HOST_SETUP_H */
