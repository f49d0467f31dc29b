// SPDX-License-Identifier: GPL-2.0-only
/*
 * Texts of the kernel that the guest takes apart: log records, build id notes, the memory map.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/emit.h"
#include "guest/helo.h"
#include "guest/kmsg.h"

#include "unit.h"

static int format(const char *rec, char *out, size_t room)
{
	uint64_t seq = 0;
	/* On the heap and no longer than promised: records are not terminated. */
	char *copy = malloc(strlen(rec));
	int n;

	memcpy(copy, rec, strlen(rec));
	n = kmsg__format(copy, strlen(rec), out, room, &seq);
	free(copy);
	if (n >= 0)
		out[n] = '\0';
	return n;
}

TEST(kmsg_record_becomes_a_line)
{
	char out[256];

	ASSERT_GT(format("6,339,5140900,-;NET: Registered\n", out, 200), 0);
	EXPECT_STREQ(out, "<6,339,5140900>NET: Registered\n");
	ASSERT_GT(format("30,340,5690716,c,caller=T1;udevd[80]: a;b\\x0a\n", out, 200), 0);
	EXPECT_STREQ(out, "<30,340,5690716>udevd[80]: a;b\\x0a\n");
	ASSERT_GT(format("4,1,2,-;usb 1\n SUBSYSTEM=usb\n DEVICE=+usb:1\n", out, 200), 0);
	EXPECT_STREQ(out, "<4,1,2>usb 1\n");
	ASSERT_GT(format("4,1,2,-;", out, 200), 0);
	EXPECT_STREQ(out, "<4,1,2>\n");
}

TEST(kmsg_rubbish_is_refused)
{
	char out[256];

	EXPECT_EQ(format("", out, 200), -EINVAL);
	EXPECT_EQ(format("no semicolon", out, 200), -EINVAL);
	EXPECT_EQ(format(";text", out, 200), -EINVAL);
	EXPECT_EQ(format("1,2;text", out, 200), -EINVAL);
	EXPECT_EQ(format("a,b,c;text", out, 200), -EINVAL);
}

TEST(kmsg_long_line_is_cut_and_still_a_line)
{
	static const char rec[] = "6,1,2,-;0123456789";
	static const char whole[] = "<6,1,2>0123456789\n";
	char out[256];

	for (size_t room = 0; room < sizeof(whole) + 2; room++) {
		int n = format(rec, out, room);

		if (room < 8) {
			ASSERT_EQ(n, -EINVAL);
			continue;
		}
		ASSERT_LE((size_t)n, room);
		ASSERT_EQ(out[n - 1], '\n');
		ASSERT_EQ(strncmp(out, whole, (size_t)n - 1), 0);
	}
}

static size_t add_note(uint8_t *p, uint32_t type, const char *name, uint32_t desc, uint8_t fill)
{
	Elf64_Nhdr n = { .n_namesz = (uint32_t)strlen(name) + 1, .n_descsz = desc, .n_type = type };
	size_t name_room = (n.n_namesz + 3) & ~3u, desc_room = (desc + 3) & ~3u;

	memcpy(p, &n, sizeof(n));
	memset(p + sizeof(n), 0, name_room + desc_room);
	strcpy((char *)p + sizeof(n), name);
	memset(p + sizeof(n) + name_room, fill, desc);
	return sizeof(n) + name_room + desc_room;
}

FIXTURE(notes) {
	uint8_t buf[512];
	size_t len;
};

FIXTURE_SETUP(notes)
{
	self->len = add_note(self->buf, 6, "Xen", 5, 1);
	self->len += add_note(self->buf + self->len, NT_GNU_BUILD_ID, "GNX", 20, 2);
	self->len += add_note(self->buf + self->len, NT_GNU_BUILD_ID, "GNU", 21, 3);
	self->len += add_note(self->buf + self->len, NT_GNU_BUILD_ID, "GNU", 20, 0xab);
}

FIXTURE_TEARDOWN(notes)
{
}

static int build_id(const uint8_t *notes, size_t len, uint8_t *id)
{
	uint8_t *copy = malloc(len ? len : 1);
	int n;

	memcpy(copy, notes, len);
	n = helo__build_id(copy, len, id, 20);
	free(copy);
	return n;
}

TEST_F(notes, the_build_id_is_found_among_others)
{
	uint8_t id[20];

	ASSERT_EQ(build_id(self->buf, self->len, id), 20);
	EXPECT_EQ(id[0], 0xab);
	EXPECT_EQ(id[19], 0xab);
}

TEST_F(notes, cut_anywhere_there_is_none)
{
	uint8_t id[20];

	for (size_t cut = 0; cut < self->len; cut++) {
		ASSERT_EQ(build_id(self->buf, cut, id), -ENOENT) TH_LOG("cut at %zu", cut);
	}
}

TEST_F(notes, lengths_that_lie_read_nothing_beyond)
{
	uint8_t id[20];

	/* Every word of every header, set to what would wrap. */
	for (size_t at = 0; at + 4 <= self->len; at += 4) {
		uint8_t copy[512];

		memcpy(copy, self->buf, self->len);
		memset(copy + at, 0xff, 4);
		build_id(copy, self->len, id);
		memset(copy + at, 0x7f, 4);
		build_id(copy, self->len, id);
	}
	memset(self->buf, 0xff, 12);
	EXPECT_EQ(build_id(self->buf, self->len, id), -ENOENT);
}

TEST(iomem_kernel_code)
{
	uint64_t start = 0;

	ASSERT_EQ(helo__kernel_code("00000000-00000fff : Reserved\n"
				    "00100000-3fffffff : System RAM\n"
				    "  01000000-01ffffff : Kernel code\n"
				    "  02000000-02ffffff : Kernel data\n", &start), 0);
	EXPECT_EQ(start, 0x1000000);
	EXPECT_EQ(helo__kernel_code("", &start), -ENOENT);
	EXPECT_EQ(helo__kernel_code("rubbish", &start), -ENOENT);
	EXPECT_EQ(helo__kernel_code("1-2 : Kernel codec\n", &start), -ENOENT);
}

TEST(wait_status_in_words)
{
	char buf[128];

	wait_status__describe(3 << 8, buf, sizeof(buf));
	EXPECT_STREQ(buf, "exited with status 3");
	wait_status__describe(SIGKILL, buf, sizeof(buf));
	EXPECT_STREQ(buf, "was killed by signal 9 (Killed)");
	wait_status__describe(SIGSEGV | 0x80, buf, sizeof(buf));
	EXPECT_STREQ(buf, "was killed by signal 11 (Segmentation fault), core dumped");
}

TEST(the_first_failure_is_the_outcome)
{
	struct outcome o = { .status = KTSTR_GUEST_DONE };

	outcome__set(&o, KTSTR_GUEST_FAILED, "first %d", 1);
	outcome__set(&o, KTSTR_GUEST_ENV, "second");
	EXPECT_EQ(o.status, KTSTR_GUEST_FAILED);
	EXPECT_STREQ(o.reason, "first 1");
}

TEST_HARNESS_MAIN
