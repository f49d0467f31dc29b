// SPDX-License-Identifier: GPL-2.0-only
/*
 * Building the initramfs.
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "guest_init.h"
#include "image.h"

/* What every guest has. */
static int fill(struct cpio *c, const struct image *img, const struct guest_init *init)
{
	int ret = cpio__file(c, "/init", 0755, init->data, init->len);

	if (!ret)
		ret = cpio__file(c, KTSTR_PLAN_PATH, 0444, img->plan.data, img->plan.len);
	/* Mount points: init makes the others, but it needs /dev before it can speak. */
	return ret ? ret : cpio__dir(c, "/dev", 0755);
}

int image__build(struct image *img, const struct plan *plan, const struct pack *pack,
		 struct ktstr_error *e)
{
	struct guest_init init;
	int ret;

	memset(img, 0, sizeof(*img));
	buf__init(&img->plan, KTSTR_PLAN_MAX);
	ret = plan_write(plan, &img->plan, e);
	if (!ret)
		ret = guest_init__get(&init, e);
	if (ret)
		return ret;
	img->cpio = cpio__new();
	ret = img->cpio ? fill(img->cpio, img, &init) : -ENOMEM;
	if (!ret) {
		ret = pack__into(pack, img->cpio, e);
		if (ret)
			return ret;
		ret = cpio__finish(img->cpio);
	}
	if (ret)
		return ktstr_error_set(e, ret,
				       "cannot put the guest's files together: %s", strerror(-ret));
	return 0;
}

void image__free(struct image *img)
{
	cpio__free(img->cpio);
	img->cpio = NULL;
	buf__free(&img->plan);
	guest_init__drop();
	/* Packing took and gave back a megabyte in small pieces; the guest runs from here on. */
	malloc_trim(0);
}
