// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is touched before anything is measured, and lists of the kernel's files. Of
 * this machine, where it needs what PID 1 of a guest has: CAP_NET_ADMIN.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "guest/kfile.h"
#include "guest/prefault.h"
#include "unit.h"

#define MIB	(1u << 20)

static long pages(const char *name)
{
	char line[128];
	long n = 0;
	FILE *f = fopen("/proc/vmstat", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ' ')
			n = atol(line + strlen(name));
	if (f)
		fclose(f);
	return n;
}

/* Of all zones: which of them gives what depends on the machine. */
static long allocated(void)
{
	return pages("pgalloc_dma") + pages("pgalloc_dma32") + pages("pgalloc_normal");
}

static bool may_fill_sockets(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), room = 1 * MIB, err;

	err = setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	close(fd);
	return !err;
}

static size_t free_bytes(void)
{
	struct sysinfo s;

	return sysinfo(&s) ? 0 : s.freeram * s.mem_unit;
}

/* A descriptor that is left open would be the lowest free one no more. */
static int lowest_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

TEST(pages_are_taken_and_given_back)
{
	struct cpu_mask nodes = { .bits = { 1 } };
	long before = allocated(), after;
	int fd = lowest_fd();
	size_t want;

	if (!may_fill_sockets())
		SKIP(return, "not privileged: SO_SNDBUFFORCE is refused");
	kfile__read_list("/sys/devices/system/node/has_memory", &nodes);
	want = cpu_mask__count(&nodes) * 8 * MIB;
	if (free_bytes() < 17 * want)
		SKIP(return, "too little memory is free");
	ASSERT_EQ(want, prefault__memory());
	after = allocated();
	ASSERT_LT(0, before) TH_LOG("no pgalloc in /proc/vmstat");
	EXPECT_LE(before + (long)(want / (size_t)getpagesize()), after);
	EXPECT_EQ(fd, lowest_fd());
	/* As often as one likes: nothing of it is kept. */
	for (int i = 0; i < 64; i++) {
		ASSERT_EQ(want, prefault__memory());
	}
}

TEST(a_guest_that_has_no_socket_prefaults_nothing)
{
	struct rlimit none = { 0, 0 };

	EXPECT_LT(0, prefault__memory());
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(0, prefault__memory());
}

static const struct {
	const char *text;
	int err;
	uint64_t bits;
} lists[] = {
	{ "0-1,3\n", 0, 0xb }, { "5", 0, 0x20 }, { "", -EINVAL, 0 }, { "\n", -EINVAL, 0 },
	{ "0-\n", -EINVAL, 0 }, { "a\n", -EINVAL, 0 },
};

TEST(a_list_of_a_file_is_one_line)
{
	char path[] = "/tmp/ktstr-list-XXXXXX";
	int fd = mkstemp(path);

	ASSERT_LE(0, fd);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct cpu_mask m = { .bits = { 0x77 } };

		ASSERT_EQ(0, ftruncate(fd, 0));
		ASSERT_EQ((ssize_t)strlen(lists[i].text),
			  pwrite(fd, lists[i].text, strlen(lists[i].text), 0));
		EXPECT_EQ(lists[i].err, kfile__read_list(path, &m)) TH_LOG("\"%s\"", lists[i].text);
		/* One that is wrong changes nothing. */
		EXPECT_EQ(lists[i].err ? 0x77 : lists[i].bits, m.bits[0]);
	}
	close(fd);
	unlink(path);
	EXPECT_EQ(-ENOENT, kfile__read_list(path, &(struct cpu_mask){ .bits = { 0 } }));
}

TEST_HARNESS_MAIN
