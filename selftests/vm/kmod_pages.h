/* SPDX-License-Identifier: GPL-2.0-only */
/* What comes out of a guest of the module's tests: chunks of pages, pages of records. */
#ifndef KTSTR_VM_KMOD_PAGES_H
#define KTSTR_VM_KMOD_PAGES_H

#include <stddef.h>
#include <traceevent/kbuffer.h>

#include <ktstr/event.h>

#include "kmod_test.h"

#define KMOD_MAX_CPUS	4

/**
 * struct kmod_record - a record as it came
 * @ts: its time
 * @mark: it
 * @cpu: whose events it was among
 * @kind: enum kmod_kind
 * @page: counts pages from 1
 */
struct kmod_record {
	unsigned long long ts;
	struct ktstr_ev_mark mark;
	unsigned int cpu, kind;
	unsigned int page;
};

/**
 * struct kmod_pages - all that came
 * @chunk: the one that is coming
 * @have: bytes of it
 * @kb: decoder of pages
 * @rec: records, in the order in which they came
 * @nr: how many
 * @room: how many @rec has room for
 * @pages: that came
 * @error: what was wrong, or NULL
 */
struct kmod_pages {
	unsigned char chunk[sizeof(struct kmod_chunk) + KMOD_CHUNK_MAX];
	size_t have;
	struct kbuffer *kb;
	struct kmod_record *rec;
	size_t nr, room;
	unsigned int pages;
	const char *error;
};

/** kmod_pages__new() - nothing has come yet; return: NULL without memory */
struct kmod_pages *kmod_pages__new(void);

/** kmod_pages__free() - forget it all */
void kmod_pages__free(struct kmod_pages *r);

/** kmod_pages__on_port() - struct vm's @on_port: takes chunks, cut anyhow, from port 1 */
void kmod_pages__on_port(void *arg, unsigned int port, const void *data, size_t len);

#endif /* KTSTR_VM_KMOD_PAGES_H */
