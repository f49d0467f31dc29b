// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was just touched and given back is mostly what comes next: blocks that are free
 * together grow into one (mm/page_alloc.c, __free_one_page()), the largest go to the head of
 * their list, and from there they are taken (__rmqueue_smallest()).
 */
#include <limits.h>
#include <linux/mempolicy.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "kfile.h"
#include "prefault.h"

#define PREFAULT_BYTES	(8u << 20)	/* of each node: what set-up and harness take, and more */
#define FREE_PART	16		/* of what is free no more than one in so many */

static size_t how_much(unsigned int nodes)
{
	size_t want = (size_t)PREFAULT_BYTES * nodes, most;
	struct sysinfo s;

	if (sysinfo(&s))
		return 0;
	most = s.freeram * s.mem_unit / FREE_PART;
	return most < want ? most : want;
}

/*
 * What waits in a socket is in blocks of 8 pages (UNIX_SKB_FRAGS_SZ), as large as those of the
 * module's buffer and of what is written to a port. The kernel keeps them apart from the pages
 * of processes, for they cannot be moved.
 */
static size_t touch(size_t len)
{
	static char none[32 << 10];
	int fd[2], room = INT_MAX / 2;
	size_t done = 0;
	ssize_t n = 1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd))
		return 0;
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	while (done < len && n > 0) {
		n = write(fd[0], none, sizeof(none));
		done += n > 0 ? (size_t)n : 0;
	}
	close(fd[0]);
	close(fd[1]);
	return done;
}

size_t prefault__memory(void)
{
	struct cpu_mask nodes = { .bits = { 1 } };
	size_t len, done;
	bool many;

	/* A kernel without NUMA has no such file, and memory in one place. */
	many = !kfile__read_list("/sys/devices/system/node/has_memory", &nodes) &&
	       cpu_mask__count(&nodes) > 1;
	len = how_much(cpu_mask__count(&nodes));
	if (!len)
		return 0;
	if (many && syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, nodes.bits,
			    (unsigned long)CPU_MASK_BITS))
		return 0;
	done = touch(len);
	if (many)
		syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0ul);
	return done;
}
