// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages found by how they begin, in RAM as a machine has it and in a memfd's; what nobody
 * touched stays empty.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/page_find.h"
#include "unit.h"

#define PAGE	4096ull
#define LOW	(64ull << 20)	/* bytes of the first region */
#define HIGH	(8ull << 20)
#define GPA	0x100000000ull
#define TAG	"KTFAULTS\x02\0\0\0"
#define TAG_LEN	12u

FIXTURE(ram)
{
	struct guest_memory gm;
	uint8_t *base;
	uint64_t at;
	void *page;
};

FIXTURE_VARIANT(ram) { bool memfd; };
FIXTURE_VARIANT_ADD(ram, anonymous) { .memfd = false };
FIXTURE_VARIANT_ADD(ram, memfd) { .memfd = true };

FIXTURE_SETUP(ram)
{
	int fd = variant->memfd ? memfd_create("ram", MFD_CLOEXEC) : -1;

	memset(self, 0, sizeof(*self));
	if (variant->memfd)
		ASSERT_EQ(0, ftruncate(fd, LOW + HIGH));
	self->base = mmap(NULL, LOW + HIGH, PROT_READ | PROT_WRITE,
			  variant->memfd ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  fd, 0);
	ASSERT_NE(MAP_FAILED, self->base);
	close(fd);
	ASSERT_EQ(0, guest_memory__add(&self->gm, 0, LOW, self->base, false));
	ASSERT_EQ(0, guest_memory__add(&self->gm, GPA, HIGH, self->base + LOW, false));
}

FIXTURE_TEARDOWN(ram)
{
	munmap(self->base, LOW + HIGH);
}

static void tag(uint8_t *at)
{
	memcpy(at, TAG, TAG_LEN);
}

#define NEXT() page_find__next(&self->gm, TAG, TAG_LEN, &self->at, &self->page)

/* All the rest, however many calls it takes; counts what is found. */
static int find_all(struct guest_memory *gm, uint64_t *at, int *calls)
{
	int n = 0, ret;
	void *page;

	*calls = 0;
	do {
		ret = page_find__next(gm, TAG, TAG_LEN, at, &page);
		n += ret == 1;
		(*calls)++;
	} while (ret == 1 || ret == -EAGAIN);
	return ret ? ret : n;
}

TEST_F(ram, every_page_is_found_in_its_order)
{
	const uint64_t where[] = { 0, 5 * PAGE, 6 * PAGE, LOW - PAGE, LOW, LOW + HIGH - PAGE };

	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++)
		tag(self->base + where[i]);
	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		int ret, calls = 0;

		do {
			ret = NEXT();
		} while (ret == -EAGAIN && calls++ < 100);
		ASSERT_EQ(1, ret);
		EXPECT_EQ(self->base + where[i], self->page) TH_LOG("%zu", i);
		EXPECT_EQ(where[i] + PAGE, self->at);
	}
	EXPECT_EQ(0, NEXT());
	EXPECT_EQ(0, NEXT());
}

TEST_F(ram, only_whole_beginnings_of_pages_count)
{
	int calls;

	tag(self->base + 16);			/* in the middle */
	tag(self->base + 2 * PAGE - 4);		/* across two */
	tag(self->base + 4 * PAGE);
	self->base[4 * PAGE + TAG_LEN - 1] = 1;	/* another one */
	EXPECT_EQ(0, find_all(&self->gm, &self->at, &calls));
	tag(self->base + 4 * PAGE);
	self->at = 0;
	EXPECT_EQ(1, find_all(&self->gm, &self->at, &calls));
}

TEST_F(ram, a_call_looks_at_so_much_and_no_more)
{
	int calls;

	EXPECT_EQ(-EAGAIN, NEXT());
	EXPECT_EQ(PAGE_FIND_AT_ONCE, self->at);
	EXPECT_EQ(0, find_all(&self->gm, &self->at, &calls));
	EXPECT_EQ(LOW + HIGH, self->at);
	EXPECT_EQ((LOW + HIGH - PAGE_FIND_AT_ONCE + PAGE_FIND_AT_ONCE - 1) / PAGE_FIND_AT_ONCE,
		  calls);
}

TEST_F(ram, a_place_behind_the_end_is_the_end)
{
	const uint64_t far[] = { LOW + HIGH, LOW + HIGH + 1, UINT64_MAX, UINT64_MAX - PAGE + 1 };

	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		self->at = far[i];
		EXPECT_EQ(0, NEXT());
		EXPECT_EQ(far[i], self->at);
	}
}

/* The last part is no page, and what the host may not write is none of ours. */
TEST_F(ram, parts_of_pages_and_read_only_regions_are_left_out)
{
	struct guest_memory gm = { 0 };
	int calls;

	tag(self->base);
	tag(self->base + PAGE);
	tag(self->base + 2 * PAGE);
	tag(self->base + 4 * PAGE);
	ASSERT_EQ(0, guest_memory__add(&gm, 0, PAGE + 100, self->base, false));
	ASSERT_EQ(0, guest_memory__add(&gm, GPA, PAGE, self->base + 2 * PAGE, true));
	ASSERT_EQ(0, guest_memory__add(&gm, 2 * GPA, 100, self->base + 4 * PAGE, false));
	EXPECT_EQ(1, find_all(&gm, &self->at, &calls));
	EXPECT_EQ(PAGE, self->at);
}

/* KiB of this process in memory, what it shares included. */
static long rss_kib(void)
{
	long size, rss = -1;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%ld %ld", &size, &rss) == 2)
		rss *= sysconf(_SC_PAGESIZE) / 1024;
	if (f)
		fclose(f);
	return rss;
}

static size_t resident(uint8_t *base, uint64_t len)
{
	unsigned char there[(LOW + HIGH) / PAGE];
	size_t n = 0;

	if (mincore(base, len, there))
		return SIZE_MAX;
	for (uint64_t i = 0; i < len / PAGE; i++)
		n += there[i] & 1;
	return n;
}

TEST_F(ram, what_was_not_touched_stays_empty)
{
	uint8_t sum = 0;
	size_t before;
	long rss;
	int calls;

	tag(self->base + 7 * PAGE);
	tag(self->base + LOW - PAGE);
	before = resident(self->base, LOW + HIGH);
	ASSERT_GT(LOW / PAGE, before);	/* there are holes */
	rss = rss_kib();
	for (int i = 0; i < 3; i++) {
		self->at = 0;
		EXPECT_EQ(2, find_all(&self->gm, &self->at, &calls));
	}
	EXPECT_EQ(before, resident(self->base, LOW + HIGH));
	EXPECT_GT(1024, rss_kib() - rss);
	/* The counterpart: a plain look does fill a memfd, and that is seen. */
	for (uint64_t i = 0; i < LOW; i += PAGE)
		sum |= self->base[i + 100];
	EXPECT_EQ(0, sum);
	EXPECT_LT(before, resident(self->base, LOW + HIGH));
}

TEST_HARNESS_MAIN
