// SPDX-License-Identifier: GPL-2.0-only
/*
 * Building the initramfs.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image.h"

/* guest_image.S */
extern const char ktstr_guest_init[];
extern const char ktstr_guest_init_end[];

/* What every guest has. */
static int fill(struct cpio *c, const struct image *img)
{
	int ret = cpio__file(c, "/init", 0755, ktstr_guest_init,
			     ktstr_guest_init_end - ktstr_guest_init);

	if (!ret)
		ret = cpio__file(c, KTSTR_PLAN_PATH, 0444, img->plan.data, img->plan.len);
	/* Mount points: init makes the others, but it needs /dev before it can speak. */
	return ret ? ret : cpio__dir(c, "/dev", 0755);
}

int image__build(struct image *img, const struct plan *plan, const struct pack *pack,
		 struct ktstr_error *e)
{
	int ret;

	memset(img, 0, sizeof(*img));
	buf__init(&img->plan, KTSTR_PLAN_MAX);
	ret = plan_write(plan, &img->plan, e);
	if (ret)
		return ret;
	img->cpio = cpio__new();
	ret = img->cpio ? fill(img->cpio, img) : -ENOMEM;
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

/*
 * Our init is a part of ktstr and was read to be copied: 2 MiB that nobody needs while
 * the guest runs. The pages are a file's: whoever reads them again has them back.
 */
static void drop_init(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)ktstr_guest_init + page - 1) & ~(page - 1);
	uintptr_t to = (uintptr_t)ktstr_guest_init_end & ~(page - 1);

	if (from < to)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

void image__free(struct image *img)
{
	cpio__free(img->cpio);
	img->cpio = NULL;
	buf__free(&img->plan);
	drop_init();
}
