// SPDX-License-Identifier: GPL-2.0-only
/*
 * A test program is the guest's init itself: what runs here is what runs there.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest_init.h"

static struct guest_init self;

static int map_self(int fd)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st))
		return -errno;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	self.data = p;
	self.len = (size_t)st.st_size;
	return 0;
}

int guest_init__get(struct guest_init *init, struct ktstr_error *e)
{
	int fd, err = 0;

	if (!self.data) {
		fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
		err = fd < 0 ? -errno : map_self(fd);
		if (fd >= 0)
			close(fd);
	}
	if (err)
		return ktstr_error_set(e, err, "cannot read this program, to be the guest's init: %s",
				       strerror(-err));
	*init = self;
	return 0;
}

bool guest_init__is_self(void)
{
	return true;
}

void guest_init__drop(void)
{
	if (self.data)
		madvise((void *)self.data, self.len, MADV_DONTNEED);
}
