// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the reader of bzImages and what is placed beside a kernel: initramfs, command
 * line and boot_params, whose limits the image's header sets. What is accepted must be
 * what Documentation/arch/x86/boot.rst says of the same bytes, read here once more by
 * its offsets; what is well made must be accepted.
 *
 * The input is the file.
 */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <zlib.h>

#include <ktstr/vmm.h>

#include "vmm/boot_bzimage.h"

#include "boot_ram.h"
#include "dice.h"
#include "fuzz.h"
#include "images.h"
#include "oracle.h"

#define SIZE_MAX_IN	(64u << 10)
#define HEAP_MAX	(6u << 20)	/* a configuration: 512 KiB compressed, 4 MiB of text */

/* Offsets of boot.rst, "Details of Header Fields". */
#define SETUP_SECTS	0x1f1u
#define SYSSIZE		0x1f4u
#define BOOT_FLAG	0x1feu
#define JUMP_LEN	0x201u
#define MAGIC		0x202u
#define VERSION		0x206u
#define KERNEL_VERSION	0x20eu
#define LOADFLAGS	0x211u
#define INITRD_MAX	0x22cu
#define RELOCATABLE	0x234u
#define XLOADFLAGS	0x236u
#define CMDLINE_SIZE	0x238u
#define PAYLOAD_OFFSET	0x248u
#define PAYLOAD_LENGTH	0x24cu
#define PREF_ADDRESS	0x258u
#define INIT_SIZE	0x260u
#define HEADER_END	0x26cu

#define ENTRY_64	0x200u

static struct boot_want want;

/* A field; 0 when it is behind the end of the header, which the jump over it tells. */
static uint64_t field(const uint8_t *data, size_t size, size_t at, size_t len)
{
	uint64_t v = 0;

	if (at + len > size)
		return 0;
	memcpy(&v, data + at, len);
	v = le64toh(v);
	/* A field may be cut in its middle. */
	for (size_t i = 0; i < len; i++)
		if (at + i >= 0x202u + data[JUMP_LEN])
			v &= ~(0xffull << 8 * i);
	return v;
}

static bool is_good_header(const uint8_t *data, size_t size)
{
	return size >= 0x202u + data[JUMP_LEN] && field(data, size, BOOT_FLAG, 2) == 0xaa55 &&
	       !memcmp(data + MAGIC, "HdrS", 4) && field(data, size, VERSION, 2) >= 0x20c &&
	       field(data, size, XLOADFLAGS, 2) & 1 && field(data, size, LOADFLAGS, 1) & 1;
}

/* Fill @want; return: can it be loaded? */
static bool expect(const uint8_t *data, size_t size)
{
	uint64_t sects = field(data, size, SETUP_SECTS, 1), start, len, room, at;
	uint64_t payload;

	memset(&want, 0, sizeof(want));
	if (size < HEADER_END || !is_good_header(data, size))
		return false;
	start = ((sects ? sects : 4) + 1) * 512;
	len = field(data, size, SYSSIZE, 4) * 16;
	/* The last paragraph may be cut: syssize is in units of 16 bytes. */
	if (start > size || start + len > (size + 15) / 16 * 16)
		return false;
	if (len > size - start)
		len = size - start;
	payload = field(data, size, PAYLOAD_LENGTH, 4);
	if (payload && field(data, size, PAYLOAD_OFFSET, 4) + payload > len)
		return false;
	at = field(data, size, RELOCATABLE, 1) ? field(data, size, PREF_ADDRESS, 8) : 0x100000;
	room = field(data, size, INIT_SIZE, 4);
	room = room > len ? room : len;
	if (len <= ENTRY_64 || !boot_ram__holds(at, room))
		return false;
	want = (struct boot_want){
		.nr = 1,
		.seg[0] = { .paddr = at, .memsz = room, .filesz = len, .data = data + start },
		.entry = at + ENTRY_64, .end = at + room,
	};
	return true;
}

static void load(const uint8_t *data, size_t size)
{
	const struct memory *ram = boot_ram__clean();
	struct ktstr_error e = { "" };
	bool loadable = expect(data, size);
	struct boot_image img;
	const char *path;
	int fd = oracle__file(data, size, &path), err;

	oracle__heap_begin();
	err = boot_bzimage__load(fd, path, size, ram, &img, &e);
	oracle__heap_end("loading", 0);
	if (err) {
		oracle__refused("loading", err, -ENOEXEC, -ENOMEM, &e);
		CHECK(!loadable, "a good bzImage is refused: %s", e.msg);
		return;
	}
	CHECK(loadable, "loaded, but it is no bzImage for this RAM");
	boot_ram__check_loaded(&want, &img);
	CHECK(img.hdr.initrd_addr_max == field(data, size, INITRD_MAX, 4) &&
	      img.hdr.cmdline_size == field(data, size, CMDLINE_SIZE, 4), "another header");
	boot_ram__check_placed(&want, &img, (uint32_t)crc32(0, data, (uInt)size));
}

static void check(const uint8_t *data, size_t size)
{
	struct ktstr_error e = { "" }, e2 = { "" };
	const char *path;
	int err, err2;

	oracle__file(data, size, &path);
	oracle__heap_begin();
	err = vmm__check_kernel(path, false, &e);
	err2 = vmm__check_kernel(path, true, &e2);
	oracle__heap_end("checking", HEAP_MAX);
	if (err) {
		oracle__refused("checking", err, -ENOEXEC, -ENOTSUP, &e);
		CHECK(err2 == err && !strcmp(e.msg, e2.msg), "%s, but with sched_ext: %s", e.msg,
		      e2.msg);
	} else if (err2) {
		oracle__refused("checking", err2, -ENOTSUP, -ENOTSUP, &e2);
	}
	/* What has been accepted is not refused later, but for the RAM it wants. */
	CHECK(err != -ENOEXEC || !expect(data, size), "a good bzImage is refused: %s", e.msg);
}

static void put(uint8_t *data, size_t size, size_t at, uint64_t v, size_t len)
{
	v = htole64(v);
	if (at + len <= size)
		memcpy(data + at, &v, len);
}

/* Fields, and numbers at the edges of what they mean. */
static void change_field(uint8_t *data, size_t size, uint32_t *dice)
{
	static const struct {
		uint16_t at, len;
		uint64_t edges[4];
	} fields[] = {
		{ SETUP_SECTS, 1, { 0, 1, 2, 255 } },
		{ SYSSIZE, 4, { 0, 1, 0xfffffff, 0xffffffff } },
		{ JUMP_LEN, 1, { 0, 0x20, 0x6a, 0xff } },
		{ VERSION, 2, { 0x20b, 0x20c, 0x20f, 0xffff } },
		{ KERNEL_VERSION, 2, { 0, 0x80, 0xff, 0xffff } },
		{ LOADFLAGS, 1, { 0, 1, 0x81, 0xff } },
		{ INITRD_MAX, 4, { 0, 0x1ffffff, 0x1001fff, 0xffffffff } },
		{ RELOCATABLE, 1, { 0, 1, 2, 255 } },
		{ XLOADFLAGS, 2, { 0, 1, 2, 0xffff } },
		{ CMDLINE_SIZE, 4, { 0, 255, 2048, 0xffffffff } },
		{ PAYLOAD_OFFSET, 4, { 0, 0x200, 0xffffffff, 0x80000000 } },
		{ PAYLOAD_LENGTH, 4, { 0, 1, 0xffffffff, 0x80000000 } },
		{ PREF_ADDRESS, 8, { 0xfffff, 32ull << 20, 1ull << 32, UINT64_MAX } },
		{ INIT_SIZE, 4, { 0, 0x1000000, 0x1f00000, 0xffffffff } },
	};
	unsigned int i = dice__below(dice, sizeof(fields) / sizeof(fields[0]));
	uint64_t v = fields[i].edges[dice__below(dice, 4)] + dice__below(dice, 3) - 1;

	if (fields[i].at == SYSSIZE && dice__one_in(dice, 2))
		v = dice__below(dice, (uint32_t)size / 16 + 2);
	put(data, size, fields[i].at, v, fields[i].len);
}

static void repair(uint8_t *data, size_t size)
{
	put(data, size, BOOT_FLAG, 0xaa55, 2);
	put(data, size, MAGIC, 0x53726448, 4);
	put(data, size, VERSION, 0x20f, 2);
	put(data, size, JUMP_LEN, 0x6a, 1);
	put(data, size, LOADFLAGS, 1, 1);
	put(data, size, XLOADFLAGS, 1, 2);
}

/* A kernel, compressed, whose configuration is in it; the payload fields say where. */
static void plant_payload(uint8_t *data, size_t size, uint32_t *dice)
{
	static uint8_t kernel[1024];
	size_t at = 1024 + dice__below(dice, 256), lead = dice__below(dice, 64), n;

	if (at >= size)
		return;
	memset(kernel, 'I', lead);
	n = images__ikconfig(kernel + lead, sizeof(kernel) - lead, dice__next(dice));
	n = images__gzip(data + at, size - at, kernel, lead + n);
	put(data, size, SETUP_SECTS, 1, 1);
	put(data, size, PAYLOAD_OFFSET, at - 1024, 4);
	put(data, size, PAYLOAD_LENGTH, n, 4);
	put(data, size, SYSSIZE, (size - 1024) / 16, 4);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	uint32_t dice = dice__start(seed);

	if (dice__one_in(&dice, 3))
		size = LLVMFuzzerMutate(data, size, max);
	for (unsigned int n = dice__below(&dice, 4); n; n--)
		change_field(data, size, &dice);
	if (dice__one_in(&dice, 4))
		plant_payload(data, size, &dice);
	if (dice__one_in(&dice, 4))
		repair(data, size);
	return size;
}

void fuzz__init(void)
{
	oracle__init();
	boot_ram__init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > SIZE_MAX_IN)
		return -1;
	check(data, size);
	load(data, size);
	return 0;
}
