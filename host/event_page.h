/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event records out of the payload of an EVNT frame: one page of one CPU's ring
 * buffer, or plain records (KTSTR_F_PLAIN).
 *
 * libtraceevent's kbuffer decodes a page, but it believes every length in there: one
 * that is too large makes it hand out memory behind the page, one that wraps makes
 * it go round for ever. A page is therefore copied, and cut where its first event
 * does not fit, before kbuffer sees it.
 */
#ifndef KTSTR_HOST_EVENT_PAGE_H
#define KTSTR_HOST_EVENT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/event.h>

/**
 * struct event_record - one record
 * @time_ns: as its source tells it: the ring buffer's clock, or CLOCK_MONOTONIC
 * @cpu: where
 * @len: bytes of @ev, at most %KTSTR_EV_SIZE_MAX, never fewer than its type has
 * @ev: the record, aligned for any of its types; valid during the call only
 */
struct event_record {
	uint64_t time_ns;
	uint32_t cpu;
	uint32_t len;
	const struct ktstr_event *ev;
};

typedef void (*event_record_fn)(void *arg, const struct event_record *rec);

/**
 * struct event_page_stats - what went by
 * @pages: payloads, plain ones too
 * @records: handed on
 * @malformed_pages: payloads that were cut, or made no sense at all
 * @malformed_records: records too short for their type, or too long
 * @unknown: records of a type that this host does not know
 * @missed: events that pages said are missing before them
 * @missed_unknown: pages that said so without a number
 */
struct event_page_stats {
	uint64_t pages;
	uint64_t records;
	uint64_t malformed_pages;
	uint64_t malformed_records;
	uint64_t unknown;
	uint64_t missed;
	uint64_t missed_unknown;
};

/* What event_page__decode() has to say of one payload. */
#define EVENT_PAGE_CUT		1u	/* not all of it could be read */
#define EVENT_PAGE_MISSED	2u	/* events are missing before its first one */

/* The largest page size of a kernel, and 4 KiB pages in subbuffers of up to that. */
#define EVENT_PAGE_MAX		(64u << 10)

struct event_page;

/** event_page__new() - a decoder; return: NULL without memory. It never needs more. */
struct event_page *event_page__new(void);

/** event_page__free() - NULL is fine */
void event_page__free(struct event_page *p);

/**
 * event_page__decode() - decode one payload
 * @p: decoder
 * @cpu: whose
 * @flags: of the frame: %KTSTR_F_PLAIN
 * @data: payload; hostile
 * @len: bytes
 * @fn: called for every record, in order
 * @arg: passed to @fn
 *
 * A page may be longer than what is in it. Return: EVENT_PAGE_* that apply.
 */
unsigned int event_page__decode(struct event_page *p, uint32_t cpu, uint32_t flags,
				const void *data, size_t len, event_record_fn fn, void *arg);

/** event_page__missed() - does this payload say that events are missing before its first? */
bool event_page__missed(uint32_t flags, const void *data, size_t len);

/** event_page__stats() - the counters so far */
const struct event_page_stats *event_page__stats(const struct event_page *p);

/** event_page__size() - bytes that a record of this type has at least; 0: unknown type */
size_t event_page__size(unsigned int type);

#endif /* KTSTR_HOST_EVENT_PAGE_H */
