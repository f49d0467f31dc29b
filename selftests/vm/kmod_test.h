/* SPDX-License-Identifier: GPL-2.0-only */
/* What guest_kmod*.c and test_kmod.c agree on. */
#ifndef KTSTR_VM_KMOD_TEST_H
#define KTSTR_VM_KMOD_TEST_H

#include <linux/types.h>
#include <string.h>

#define KMOD_KO		"/ktstr.ko"
#define KMOD_CASE	"/case"		/* name of the case, a number for it */

#define KMOD_CHUNK	0x4b4d4f44u
#define KMOD_CHUNK_MAX	65536u

/** struct kmod_chunk - on port 1, in front of @len bytes: pages of CPU @cpu's events */
struct kmod_chunk {
	__u32 magic;
	__u32 cpu;
	__u32 kind;		/* enum kmod_kind */
	__u32 len;
};

enum kmod_kind {
	KMOD_READ	= 1,	/* came by read() */
	KMOD_SPLICE	= 2,	/* went by splice() all the way */
};

/* On COM2, in front of a message of the kernel that should not be there. */
#define KMOD_SPLAT	"splat: "
/* "on" or "off", of a kernel that has it: at the end. */
#define KMOD_LOCKDEP	"lockdep is "

/*
 * Records of the cases are struct ktstr_ev_mark: id names the source, arg counts
 * from 0. The total of each source is said on COM2.
 */
#define KMOD_PER_CALL	64u

#define KMOD_PAGE_HEAD	16u	/* of a page: time and fill level, whose lower 27 bits are bytes */

/* Bytes of a page up to where its events end. */
static inline unsigned int kmod_page_used(const void *page)
{
	__u64 commit;

	memcpy(&commit, (const char *)page + 8, sizeof(commit));
	return KMOD_PAGE_HEAD + (commit & ((1u << 27) - 1));
}

#endif /* KTSTR_VM_KMOD_TEST_H */
