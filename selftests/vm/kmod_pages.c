// SPDX-License-Identifier: GPL-2.0-only
/* Pages are decoded by the library that the host uses. */
#include <stdlib.h>
#include <string.h>

#include <ktstr/ports.h>

#include "kmod_pages.h"

#define PAGE_BYTES	4096u	/* x86-64 */

static void take_record(struct kmod_pages *r, const struct kmod_chunk *c, void *data,
			unsigned long long ts)
{
	struct kmod_record *rec;

	if (r->nr == r->room) {
		r->room = r->room ? 2 * r->room : 4096;
		r->rec = realloc(r->rec, r->room * sizeof(*r->rec));
	}
	rec = &r->rec[r->nr++];
	*rec = (struct kmod_record){ .ts = ts, .cpu = c->cpu, .kind = c->kind, .page = r->pages };
	if (kbuffer_event_size(r->kb) != sizeof(rec->mark))
		r->error = "a record's size is not its own";
	else
		memcpy(&rec->mark, data, sizeof(rec->mark));
	if (rec->mark.h.type != KTSTR_EV_MARK)
		r->error = "a record that nobody wrote";
	if (c->cpu >= KMOD_MAX_CPUS)
		r->error = "a page of no CPU";
}

static void take_page(struct kmod_pages *r, const struct kmod_chunk *c, void *page)
{
	unsigned long long ts;
	void *data;

	r->pages++;
	if (kbuffer_load_subbuffer(r->kb, page))
		r->error = "kbuffer does not take a page";
	if (kbuffer_missed_events(r->kb))
		r->error = "a page says that events were overwritten";
	for (data = kbuffer_read_event(r->kb, &ts); data; data = kbuffer_next_event(r->kb, &ts))
		take_record(r, c, data, ts);
}

static void take_chunk(struct kmod_pages *r)
{
	const struct kmod_chunk *c = (void *)r->chunk;
	unsigned int at, len;

	for (at = 0; at < c->len; at += len) {
		len = PAGE_BYTES;
		/* One that was spliced ends where its events do. */
		if (c->kind == KMOD_SPLICE && c->len - at >= KMOD_PAGE_HEAD)
			len = kmod_page_used(r->chunk + sizeof(*c) + at);
		if (len > PAGE_BYTES || len > c->len - at) {
			r->error = "a part of a page";
			return;
		}
		take_page(r, c, r->chunk + sizeof(*c) + at);
	}
}

void kmod_pages__on_port(void *arg, unsigned int port, const void *data, size_t len)
{
	struct kmod_pages *r = arg;
	const struct kmod_chunk *c = (void *)r->chunk;
	const unsigned char *p = data;
	size_t want, n;

	if (port != KTSTR_PORT_BULK || r->error)
		return;
	for (; len; p += n, len -= n) {
		want = sizeof(*c);
		if (r->have >= sizeof(*c)) {
			if (c->magic != KMOD_CHUNK || c->len > KMOD_CHUNK_MAX) {
				r->error = "bytes on port 1 that are no chunk";
				return;
			}
			want += c->len;
		}
		n = want - r->have < len ? want - r->have : len;
		memcpy(r->chunk + r->have, p, n);
		r->have += n;
		if (r->have == want && want > sizeof(*c)) {
			take_chunk(r);
			r->have = 0;
		}
	}
}

struct kmod_pages *kmod_pages__new(void)
{
	struct kmod_pages *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->kb = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	if (r->kb)
		return r;
	free(r);
	return NULL;
}

void kmod_pages__free(struct kmod_pages *r)
{
	kbuffer_free(r->kb);
	free(r->rec);
	free(r);
}
