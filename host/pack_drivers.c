// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console's drivers, where the guest's kernel has them as modules.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "module_file.h"
#include "module_tree.h"
#include "pack_module.h"

#define GUEST_DIR	"/ktstr/modules"
#define LIST_MAX	(KTSTR_DRIVERS_MAX * 128u)	/* bytes */

static const struct driver {
	uint32_t bit;
	const char *name;
} drivers[] = {
	{ VMM_DRIVER_VIRTIO_MMIO,	"virtio_mmio" },	/* acpi:LNRO0005 */
	{ VMM_DRIVER_VIRTIO_CONSOLE,	"virtio_console" },	/* virtio:d00000003 */
};

static int choose(const struct module_tree *t, const struct vmm_kernel *k, struct strv *order,
		  struct ktstr_error *e)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		int ret;

		if (k->known && !(k->modules & drivers[i].bit))
			continue;
		ret = module_tree__add(t, drivers[i].name, order, e);
		if (ret == -ENOENT && !k->known)
			continue;
		if (ret)
			return ret;
	}
	return 0;
}

static int check_release(const char *path, const void *data, size_t len, const char *release,
			 struct ktstr_error *e)
{
	char found[128];

	if (module_file__release(data, len, found, sizeof(found)))
		return ktstr_error_set(e, -ENOEXEC,
				       "module %s does not say for which kernel it is; install the kernel's package again",
				       path);
	if (!strcmp(found, release))
		return 0;
	return ktstr_error_set(e, -ENOEXEC,
			       "module %s is for kernel %s and not for %s; install the kernel's package again",
			       path, found, release);
}

static int pack_one(struct pack *p, const char *path, const char *release, struct buf *list,
		    struct ktstr_error *e)
{
	char name[64], guest[128];
	void *data;
	size_t len;
	int ret = module_file__read(path, &data, &len, e);

	if (ret)
		return ret;
	ret = check_release(path, data, len, release, e);
	if (ret || !module_tree__name(path, strlen(path), name, sizeof(name))) {
		free(data);
		return ret ? ret : ktstr_error_set(e, -EINVAL, "%s is no name of a module", path);
	}
	snprintf(guest, sizeof(guest), GUEST_DIR "/%s.ko", name);
	buf__printf(list, "%s\n", guest);
	return pack__add_bytes(p, path, guest, data, len, e);
}

static int pack_list(struct pack *p, const struct strv *order, const char *release,
		     const char *dir, struct ktstr_error *e)
{
	struct buf list;
	char *text;
	int ret = 0;

	buf__init(&list, LIST_MAX);
	for (size_t i = 0; !ret && i < order->n; i++)
		ret = pack_one(p, order->v[i], release, &list, e);
	if (!ret && order->n) {
		text = list.err ? NULL : strndup(list.data, list.len);
		ret = text ? pack__add_bytes(p, dir, KTSTR_DRIVERS_PATH, text, list.len, e) :
			     ktstr_error_set(e, -ENOMEM, "out of memory");
	}
	buf__free(&list);
	return ret;
}

int pack_drivers(struct pack *p, const char *kernel, const struct vmm_kernel *k,
		 struct ktstr_error *e)
{
	struct strv order = { 0 };
	struct module_tree t;
	int ret;

	if (!k->release[0] || (k->known && !k->modules))
		return 0;
	ret = module_tree__open(&t, kernel, k->release, e);
	/* A kernel about which nothing is known may well have everything. */
	if (ret && !k->known)
		ret = 0;
	else if (!ret)
		ret = choose(&t, k, &order, e);
	if (!ret)
		ret = pack_list(p, &order, k->release, t.dir, e);
	module_tree__close(&t);
	strv__free(&order);
	return ret;
}
