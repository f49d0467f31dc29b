/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The initramfs of a run: our init, the plan, and what was packed.
 */
#ifndef KTSTR_HOST_IMAGE_H
#define KTSTR_HOST_IMAGE_H

#include "cpio.h"
#include "pack.h"
#include "plan.h"

/**
 * struct image - the archive and what it refers to
 * @cpio: the archive
 * @plan: the plan's text
 */
struct image {
	struct cpio *cpio;
	struct buf plan;
};

/**
 * image__build() - put the initramfs together
 * @img: result
 * @plan: what the guest shall do
 * @pack: what it needs; must outlive @img
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno; image__free() in both cases.
 */
int image__build(struct image *img, const struct plan *plan, const struct pack *pack,
		 struct ktstr_error *e);

/** image__free() - give everything back, our own memory included; twice is fine */
void image__free(struct image *img);

#endif /* KTSTR_HOST_IMAGE_H */
