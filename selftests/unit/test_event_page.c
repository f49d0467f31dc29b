// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event pages built by hand, as the kernel's ring buffer lays them out, whole and
 * damaged in every way.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <traceevent/kbuffer.h>

#include "unit.h"

#include <ktstr/wire.h>

#include "host/event_page.h"

#define PAGE		4096u
#define HEAD		16u
#define SEEN_MAX	2048u

#define MISSED_EVENTS	0xffffffff80000000ull	/* 1 << 31 in an int, as the kernel has it */
#define MISSED_STORED	(1ull << 30)

struct seen {
	uint32_t n;
	uint64_t time[SEEN_MAX];
	uint32_t len[SEEN_MAX];
	uint32_t cpu[SEEN_MAX];
	uint8_t data[SEEN_MAX][KTSTR_EV_SIZE_MAX];
};

static void on_record(void *arg, const struct event_record *r)
{
	struct seen *s = arg;

	if (s->n < SEEN_MAX) {
		s->time[s->n] = r->time_ns;
		s->len[s->n] = r->len;
		s->cpu[s->n] = r->cpu;
		memcpy(s->data[s->n], r->ev, r->len);
	}
	s->n++;
}

/* A page under construction; @at is the fill level. */
struct page {
	uint64_t words[PAGE / 8];
	uint32_t at;
};

static void page_start(struct page *p, uint64_t time)
{
	memset(p, 0xee, sizeof(*p));
	p->words[0] = time;
	p->words[1] = 0;
	p->at = 0;
}

static void put_word(struct page *p, uint32_t word)
{
	memcpy((uint8_t *)p->words + HEAD + p->at, &word, 4);
	p->at += 4;
	p->words[1] = p->at;
}

static void put_head(struct page *p, uint32_t type, uint32_t delta)
{
	put_word(p, delta << 5 | type);
}

/* A record as __rb_reserve_next() places it: short lengths are in the first word. */
static void put_event(struct page *p, uint32_t delta, const void *data, uint32_t len)
{
	if (len <= 28 * 4) {
		put_head(p, len / 4, delta);
	} else {
		put_head(p, 0, delta);
		put_word(p, len + 4);
	}
	for (uint32_t i = 0; i < len; i += 4) {
		uint32_t word;

		memcpy(&word, (const uint8_t *)data + i, 4);
		put_word(p, word);
	}
}

static void put_time(struct page *p, uint32_t type, uint64_t time)
{
	put_head(p, type, time & ((1u << 27) - 1));
	put_word(p, time >> 27);
}

static const struct ktstr_ev_switch a_switch = {
	.h = { .type = KTSTR_EV_SWITCH, .arg = 2, .pid = 100 }, .next_pid = 101,
	.prev_prio = 120, .next_prio = 99,
};
static const struct ktstr_ev_cgroup a_cgroup = {
	.h = { .type = KTSTR_EV_CGROUP }, .id = 0x1122334455667788, .path = "/a/b",
};

FIXTURE(page)
{
	struct event_page *dec;
	struct page *page;
	struct seen *seen;
};

FIXTURE_SETUP(page)
{
	self->dec = event_page__new();
	self->page = calloc(1, sizeof(*self->page));
	self->seen = calloc(1, sizeof(*self->seen));
	ASSERT_TRUE(self->dec && self->page && self->seen);
	page_start(self->page, 1000);
}

FIXTURE_TEARDOWN(page)
{
	event_page__free(self->dec);
	free(self->page);
	free(self->seen);
}

#define DECODE(flags, data, len) \
	event_page__decode(self->dec, 3, flags, data, len, on_record, self->seen)

TEST_F(page, records_and_times)
{
	struct ktstr_ev_switch sw = a_switch;

	for (int i = 0; i < 5; i++) {
		sw.next_pid = i;
		put_event(self->page, 10 + i, &sw, sizeof(sw));
	}
	put_event(self->page, 0, &a_cgroup, sizeof(a_cgroup));
	ASSERT_EQ(0, DECODE(0, self->page->words, PAGE));
	ASSERT_EQ(6, self->seen->n);
	for (int i = 0; i < 5; i++) {
		const struct ktstr_ev_switch *got = (const void *)self->seen->data[i];

		EXPECT_EQ(1000 + 10 * (i + 1) + i * (i + 1) / 2, self->seen->time[i]);
		EXPECT_EQ(i, got->next_pid);
		EXPECT_EQ(99, got->next_prio);
		EXPECT_EQ(3, self->seen->cpu[i]);
		EXPECT_EQ(sizeof(sw), self->seen->len[i]);
	}
	EXPECT_EQ(self->seen->time[4], self->seen->time[5]);
	EXPECT_EQ(0, memcmp(self->seen->data[5], &a_cgroup, sizeof(a_cgroup)));
	EXPECT_EQ(6, event_page__stats(self->dec)->records);
}

/* From 8 to 128 bytes: the step from one kind of length to the other is in there. */
TEST_F(page, every_length)
{
	uint8_t data[KTSTR_EV_SIZE_MAX + 4];

	for (uint32_t len = 4; len <= sizeof(data); len += 4) {
		memset(data, (uint8_t)len, sizeof(data));
		data[0] = KTSTR_EV_IDLE;
		put_event(self->page, 1, data, len);
	}
	ASSERT_EQ(0, DECODE(0, self->page->words, PAGE));
	/* 4 bytes are no record and 132 are too many. */
	ASSERT_EQ(31, self->seen->n);
	EXPECT_EQ(2, event_page__stats(self->dec)->malformed_records);
	for (uint32_t i = 0; i < 31; i++) {
		EXPECT_EQ(8 + 4 * i, self->seen->len[i]);
		EXPECT_EQ(1002 + i, self->seen->time[i]);
		EXPECT_EQ((uint8_t)self->seen->len[i], self->seen->data[i][7]);
	}
}

TEST_F(page, long_pauses_and_absolute_times)
{
	put_time(self->page, KBUFFER_TYPE_TIME_EXTEND, 5000000000ull);
	put_event(self->page, 7, &a_switch, sizeof(a_switch));
	put_time(self->page, KBUFFER_TYPE_TIME_STAMP, 77000000001ull);
	put_event(self->page, 0, &a_switch, sizeof(a_switch));
	put_event(self->page, 4, &a_switch, sizeof(a_switch));
	ASSERT_EQ(0, DECODE(0, self->page->words, PAGE));
	ASSERT_EQ(3, self->seen->n);
	EXPECT_EQ(5000001007ull, self->seen->time[0]);
	EXPECT_EQ(77000000001ull, self->seen->time[1]);
	EXPECT_EQ(77000000005ull, self->seen->time[2]);
}

/* A discarded record leaves its room and its time. */
TEST_F(page, padding_is_skipped)
{
	put_event(self->page, 5, &a_switch, sizeof(a_switch));
	put_head(self->page, KBUFFER_TYPE_PADDING, 3);
	put_word(self->page, 16);
	for (int i = 0; i < 3; i++)
		put_word(self->page, 0xdeadbeef);
	put_event(self->page, 5, &a_switch, sizeof(a_switch));
	ASSERT_EQ(0, DECODE(0, self->page->words, PAGE));
	ASSERT_EQ(2, self->seen->n);
	EXPECT_EQ(1005, self->seen->time[0]);
	EXPECT_EQ(1013, self->seen->time[1]);
}

TEST_F(page, an_empty_page_is_a_page)
{
	EXPECT_EQ(0, DECODE(0, self->page->words, PAGE));
	EXPECT_EQ(0, DECODE(0, self->page->words, HEAD));
	EXPECT_EQ(0, self->seen->n);
	EXPECT_EQ(2, event_page__stats(self->dec)->pages);
	EXPECT_EQ(0, event_page__stats(self->dec)->malformed_pages);
}

TEST_F(page, missed_events_are_told)
{
	uint64_t lost = 1234567;

	put_event(self->page, 1, &a_switch, sizeof(a_switch));
	self->page->words[1] = self->page->at | MISSED_EVENTS;
	EXPECT_EQ(EVENT_PAGE_MISSED, DECODE(0, self->page->words, PAGE));
	EXPECT_EQ(1, event_page__stats(self->dec)->missed_unknown);
	self->page->words[1] |= MISSED_STORED;
	memcpy((uint8_t *)self->page->words + HEAD + self->page->at, &lost, sizeof(lost));
	EXPECT_EQ(EVENT_PAGE_MISSED, DECODE(0, self->page->words, PAGE));
	EXPECT_EQ(lost, event_page__stats(self->dec)->missed);
	EXPECT_EQ(1, event_page__stats(self->dec)->missed_unknown);
	EXPECT_EQ(2, self->seen->n);
	/* Says that a number is stored, but there is no room where it would be. */
	EXPECT_EQ(EVENT_PAGE_MISSED, DECODE(0, self->page->words, HEAD + self->page->at + 7));
	EXPECT_EQ(2, event_page__stats(self->dec)->missed_unknown);
}

/* libtraceevent forgets them here. */
TEST_F(page, missed_events_are_told_before_a_time)
{
	put_time(self->page, KBUFFER_TYPE_TIME_EXTEND, 99);
	put_event(self->page, 1, &a_switch, sizeof(a_switch));
	self->page->words[1] = self->page->at | MISSED_EVENTS;
	EXPECT_EQ(EVENT_PAGE_MISSED, DECODE(0, self->page->words, PAGE));
	EXPECT_EQ(1, event_page__stats(self->dec)->missed_unknown);
	EXPECT_EQ(1, self->seen->n);
}

/* What comes before the place where it makes no sense is used. */
TEST_F(page, a_damaged_page_is_cut)
{
	static const uint32_t bad[][2] = {
		{ 28, 0 },					/* past the end */
		{ 0, 0 }, { 0, 3 },				/* shorter than itself */
		{ 0, 4096 }, { 0, 0x7fffffff }, { 0, 0xffffffff }, { 0, 0xfffffffc },
		{ 0, 0xfffffffd },				/* rounds up to nothing */
		{ KBUFFER_TYPE_PADDING, 16 },			/* without time: no length */
		{ 1 << 5 | KBUFFER_TYPE_PADDING, 0 },
		{ 1 << 5 | KBUFFER_TYPE_PADDING, 6 },		/* to an odd place */
		{ 1 << 5 | KBUFFER_TYPE_PADDING, 0xfffffffc },	/* goes round for ever */
		{ 1 << 5 | KBUFFER_TYPE_PADDING, 0xfffffff4 },
		{ 1 << 5 | KBUFFER_TYPE_PADDING, 0x80000000 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		page_start(self->page, 1000);
		put_event(self->page, 1, &a_switch, sizeof(a_switch));
		put_word(self->page, bad[i][0]);
		put_word(self->page, bad[i][1]);
		self->seen->n = 0;
		ASSERT_EQ(EVENT_PAGE_CUT, DECODE(0, self->page->words, PAGE)) {
			TH_LOG("%#x %#x", bad[i][0], bad[i][1]);
		}
		ASSERT_EQ(1, self->seen->n);
	}
	EXPECT_EQ(sizeof(bad) / sizeof(bad[0]), event_page__stats(self->dec)->malformed_pages);
}

/* The kernel goes on at the next word, the library in the middle of one. */
TEST_F(page, padding_of_an_odd_length_ends_a_page)
{
	put_event(self->page, 1, &a_switch, sizeof(a_switch));
	put_head(self->page, KBUFFER_TYPE_PADDING, 1);
	put_word(self->page, 6);
	put_word(self->page, 0);
	put_event(self->page, 1, &a_switch, sizeof(a_switch));
	EXPECT_EQ(EVENT_PAGE_CUT, DECODE(0, self->page->words, PAGE));
	EXPECT_EQ(1, self->seen->n);
}

TEST_F(page, every_fill_level_and_every_length_of_the_payload)
{
	const uint32_t event = 4 + sizeof(a_switch);

	for (int i = 0; i < 150; i++)
		put_event(self->page, 1, &a_switch, sizeof(a_switch));
	for (uint32_t used = 0; used <= 200; used++) {
		self->page->words[1] = used;
		self->seen->n = 0;
		ASSERT_EQ(used % event ? EVENT_PAGE_CUT : 0, DECODE(0, self->page->words, PAGE));
		ASSERT_EQ(used / event, self->seen->n);
	}
	self->page->words[1] = self->page->at;
	for (uint32_t len = 0; len <= HEAD + self->page->at + 8; len++) {
		/* Of exactly this size, so that a byte too far is found. */
		void *exact = malloc(len ? len : 1);

		memcpy(exact, self->page->words, len);
		self->seen->n = 0;
		ASSERT_EQ(len < HEAD + self->page->at ? EVENT_PAGE_CUT : 0, DECODE(0, exact, len));
		ASSERT_EQ(len < HEAD ? 0 : (len - HEAD) / event > 150 ? 150 : (len - HEAD) / event,
			  self->seen->n);
		free(exact);
	}
	self->page->words[1] = (1u << 27) - 1;
	EXPECT_EQ(EVENT_PAGE_CUT, DECODE(0, self->page->words, PAGE));
	self->page->words[1] = 0;
	EXPECT_EQ(EVENT_PAGE_CUT, DECODE(0, self->page->words, EVENT_PAGE_MAX + 1));
}

TEST_F(page, short_and_unknown_records_are_counted)
{
	struct ktstr_event ev = { .type = KTSTR_EV_SWITCH };

	put_event(self->page, 1, &ev, sizeof(ev));
	ev.type = KTSTR_EV_NR;
	put_event(self->page, 1, &ev, sizeof(ev));
	ev.type = 0;
	put_event(self->page, 1, &ev, sizeof(ev));
	ev.type = 255;
	put_event(self->page, 1, &ev, sizeof(ev));
	ev.type = KTSTR_EV_IDLE;
	put_event(self->page, 1, &ev, sizeof(ev));
	EXPECT_EQ(0, DECODE(0, self->page->words, PAGE));
	EXPECT_EQ(1, self->seen->n);
	EXPECT_EQ(1, event_page__stats(self->dec)->malformed_records);
	EXPECT_EQ(3, event_page__stats(self->dec)->unknown);
}

static size_t put_plain(uint8_t *at, uint64_t time, const void *data, uint32_t len)
{
	struct ktstr_ev_plain h = { .time_ns = time, .len = len };

	memcpy(at, &h, sizeof(h));
	memcpy(at + sizeof(h), data, len);
	return sizeof(h) + len;
}

/* Records of every length make every later one unaligned. */
TEST_F(page, plain_records)
{
	uint8_t *buf = malloc(1 << 16), data[KTSTR_EV_SIZE_MAX] = { KTSTR_EV_IDLE };
	size_t at = 1, total;
	uint32_t n;

	for (uint32_t len = 8; len <= sizeof(data); len++)
		at += put_plain(buf + at, 5 * len, data, len);
	total = at - 1;
	ASSERT_EQ(0, DECODE(KTSTR_F_PLAIN, buf + 1, total));
	ASSERT_EQ(121, self->seen->n);
	for (uint32_t i = 0; i < 121; i++) {
		EXPECT_EQ(5 * (8 + i), self->seen->time[i]);
		EXPECT_EQ(8 + i, self->seen->len[i]);
	}
	/* Cut anywhere. */
	for (size_t len = 0; len < total; len++) {
		void *exact = malloc(len ? len : 1);
		unsigned int ret;

		memcpy(exact, buf + 1, len);
		self->seen->n = 0;
		ret = DECODE(KTSTR_F_PLAIN, exact, len);
		free(exact);
		/* Whole only where a record ended: after 24, after 24 + 25, ... */
		for (at = 0, n = 0; at + 24 + n <= len; n++)
			at += 24 + n;
		ASSERT_EQ(at == len ? 0 : EVENT_PAGE_CUT, ret);
		ASSERT_EQ(n, self->seen->n);
	}
	free(buf);
}

TEST_F(page, plain_lengths_that_lie)
{
	static const uint32_t lie[] = { 9, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0 };
	uint8_t buf[128];
	struct ktstr_event ev = { .type = KTSTR_EV_IDLE };
	size_t len;

	for (size_t i = 0; i < sizeof(lie) / sizeof(lie[0]); i++) {
		len = put_plain(buf, 1, &ev, sizeof(ev));
		memcpy(buf + 8, &lie[i], 4);
		EXPECT_EQ(EVENT_PAGE_CUT, DECODE(KTSTR_F_PLAIN, buf, len));
	}
	EXPECT_EQ(0, self->seen->n);
	len = put_plain(buf, 1, &ev, 0);
	len += put_plain(buf + len, 1, &ev, 8);
	EXPECT_EQ(0, DECODE(KTSTR_F_PLAIN, buf, len));
	EXPECT_EQ(1, self->seen->n);
	EXPECT_EQ(1, event_page__stats(self->dec)->malformed_records);
}

/* Why a page is checked first: what the library makes of one that lies. */
TEST(the_library_believes_a_length_past_the_page)
{
	struct kbuffer *k = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	struct page page;

	page_start(&page, 1);
	put_head(&page, 28, 1);
	ASSERT_EQ(0, kbuffer_load_subbuffer(k, page.words));
	EXPECT_NE(NULL, kbuffer_read_event(k, NULL));
	EXPECT_EQ(112, kbuffer_event_size(k));	/* and there are 0 bytes */
	kbuffer_free(k);
}

TEST(the_library_goes_back_where_a_length_wraps)
{
	struct kbuffer *k = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	struct kbuffer_raw_info info = { 0 };
	struct page page;

	page_start(&page, 1);
	put_head(&page, 1, 1);
	put_word(&page, 0);
	put_head(&page, KBUFFER_TYPE_PADDING, 1);
	put_word(&page, -4u);
	ASSERT_EQ(0, kbuffer_load_subbuffer(k, page.words));
	info.next = (uint8_t *)page.words + HEAD + 8;
	ASSERT_NE(NULL, kbuffer_raw_get(k, page.words, &info));
	/* The next event is this one again: loading such a page first never ends. */
	EXPECT_EQ(KBUFFER_TYPE_PADDING, info.type);
	EXPECT_EQ((void *)((uint8_t *)page.words + HEAD + 8), info.next);
	kbuffer_free(k);
}

TEST(the_library_reads_a_count_behind_the_page)
{
	uint8_t *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	uint64_t commit = (PAGE - HEAD) | MISSED_EVENTS | MISSED_STORED;
	int status;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, mprotect(map + PAGE, PAGE, PROT_NONE));
	memcpy(map + 8, &commit, sizeof(commit));
	pid = fork();
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		kbuffer_load_subbuffer(kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE), map);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	munmap(map, 2 * PAGE);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* What a page says, told by someone who never saw libtraceevent: only its sound start. */
static void oracle(const struct page *p, uint32_t len, struct seen *s)
{
	const uint8_t *b = (const uint8_t *)p->words + HEAD;
	uint32_t at = 0, end = p->words[1] & 0x7ffffff;
	uint64_t time = p->words[0];

	if (end > len - HEAD)
		end = len - HEAD;
	while (end - at >= 4) {
		uint32_t head, arr = 0, type, size, skip = 4;

		memcpy(&head, b + at, 4);
		type = head & 31;
		size = 4 + type * 4;
		if (type == 0 || type > 28) {
			if (end - at < 8)
				return;
			memcpy(&arr, b + at + 4, 4);
			size = 8;
			skip = 8;
		}
		if ((type == 0 || type == 29) && (arr < 4 || arr > 8192))
			return;
		if (type == 29 && (!(head >> 5) || arr & 3))
			return;
		if (type == 0 || type == 29)
			size = 4 + (arr + 3) / 4 * 4;
		if (size > end - at)
			return;
		if (type == 31)
			time = (time & ~((1ull << 59) - 1)) |
			       (((uint64_t)arr << 27) + (head >> 5));
		else
			time += type == 30 ? ((uint64_t)arr << 27) + (head >> 5) : head >> 5;
		if (type <= 28 && size - skip >= 8 && size - skip <= KTSTR_EV_SIZE_MAX &&
		    event_page__size(b[at + skip]) &&
		    event_page__size(b[at + skip]) <= size - skip) {
			s->time[s->n] = time;
			s->len[s->n] = size - skip;
			memcpy(s->data[s->n++], b + at + skip, size - skip);
		}
		at += size;
	}
}

static void random_page(struct page *p, uint64_t *seed)
{
	static const uint8_t types[] = { KTSTR_EV_SWITCH, KTSTR_EV_WAKEUP, KTSTR_EV_CGROUP,
		KTSTR_EV_MARK, KTSTR_EV_NR, 0 };
	uint8_t data[KTSTR_EV_SIZE_MAX];

	page_start(p, next_random(seed) >> 10);
	while (p->at < PAGE - HEAD - 150) {
		uint64_t r = next_random(seed);

		memset(data, (int)r, sizeof(data));
		data[0] = types[r % 6];
		if (!(r >> 52 & 15)) {
			put_head(p, KBUFFER_TYPE_PADDING, 1 + (r >> 60));
			put_word(p, 12);
			put_word(p, r);
			put_word(p, r >> 32);
		} else if (r >> 32 & 7) {
			put_event(p, r >> 40, data, 8 + (r >> 16) % 31 * 4);
		} else {
			put_time(p, 30 + (r >> 35 & 1), r >> 20);
		}
	}
}

TEST_F(page, random_pages_and_random_damage_are_read_alike)
{
	uint64_t seed = 0x9e3779b97f4a7c15;
	struct seen *want = calloc(1, sizeof(*want));
	uint32_t len;

	for (int round = 0; round < 20000; round++) {
		uint64_t before = seed;

		random_page(self->page, &seed);
		for (uint64_t i = next_random(&seed) % 4; i; i--) {
			uint64_t r = next_random(&seed);

			/* A word becomes 0, -1, small or anything; the fill level too. */
			((uint32_t *)self->page->words)[2 + (r >> 8) % (PAGE / 4 - 2)] =
				r & 1 ? (uint32_t)(r >> 32) :
				r & 2 ? -(uint32_t)(r >> 60) : r >> 56;
		}
		len = next_random(&seed) & 1 ? PAGE : HEAD + next_random(&seed) % (PAGE - HEAD);
		want->n = self->seen->n = 0;
		oracle(self->page, len, want);
		DECODE(0, self->page->words, len);
		ASSERT_EQ(want->n, self->seen->n) {
			TH_LOG("round %d seed %#llx", round, (unsigned long long)before);
		}
		for (uint32_t i = 0; i < want->n; i++) {
			ASSERT_TRUE(want->time[i] == self->seen->time[i] &&
				    want->len[i] == self->seen->len[i] &&
				    !memcmp(want->data[i], self->seen->data[i], want->len[i])) {
				TH_LOG("round %d seed %#llx record %u", round,
				       (unsigned long long)before, i);
			}
		}
	}
	free(want);
}

TEST_HARNESS_MAIN
