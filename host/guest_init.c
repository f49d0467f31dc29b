// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's init that ktstr carries inside itself.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest_init.h"

/* guest_image.S */
extern const char ktstr_guest_init[];
extern const char ktstr_guest_init_end[];

int guest_init__get(struct guest_init *init, struct ktstr_error *e)
{
	(void)e;
	init->data = ktstr_guest_init;
	init->len = (size_t)(ktstr_guest_init_end - ktstr_guest_init);
	return 0;
}

bool guest_init__is_self(void)
{
	return false;
}

/*
 * It was read to be copied: 2 MiB that nobody needs while the guest runs. The pages
 * are a file's: whoever reads them again has them back.
 */
void guest_init__drop(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)ktstr_guest_init + page - 1) & ~(page - 1);
	uintptr_t to = (uintptr_t)ktstr_guest_init_end & ~(page - 1);

	if (from < to)
		madvise((void *)from, to - from, MADV_DONTNEED);
}
