// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading a bzImage by the 64-bit boot protocol
 * (Documentation/arch/x86/boot.rst): the protected-mode part goes to its
 * preferred address and is entered 0x200 bytes in.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "boot_bzimage.h"
#include "file.h"
#include "layout.h"

#define SECTOR		512u
#define HDR_OFF		0x1f1u		/* the setup header within the file */
#define HDR_JUMP_END	0x202u		/* its end is this plus the byte before it */
#define MAGIC_OFF	0x202u
#define MAGIC		"HdrS"
#define BOOT_FLAG	0xaa55
#define PROTOCOL_2_12	0x020c		/* the first with xloadflags */
#define ENTRY_64_OFF	0x200u
#define LOADER_UNDEFINED 0xff
#define SETUP_SECTS_DEFAULT 4u		/* what 0 means */

/**
 * boot_bzimage__probe() - does this file look like a bzImage?
 * @fd: file
 *
 * Return: true when the magic of the setup header is there.
 */
bool boot_bzimage__probe(int fd)
{
	char magic[4];

	return pread(fd, magic, sizeof(magic), MAGIC_OFF) == sizeof(magic) &&
	       !memcmp(magic, MAGIC, sizeof(magic));
}

static int read_header(int fd, const char *path, struct bzimage *bz, struct ktstr_error *e)
{
	uint8_t raw[HDR_JUMP_END + 0xff];
	size_t len;
	int err;

	err = file__read_all(fd, path, raw, HDR_JUMP_END, 0, e);
	if (err)
		return err;
	len = HDR_JUMP_END + raw[HDR_JUMP_END - 1] - HDR_OFF;
	if (len > sizeof(bz->hdr))
		len = sizeof(bz->hdr);
	memset(bz, 0, sizeof(*bz));
	return file__read_all(fd, path, &bz->hdr, len, HDR_OFF, e);
}

static int check_header(const struct setup_header *hdr, const char *path, struct ktstr_error *e)
{
	if (hdr->boot_flag != BOOT_FLAG || memcmp(&hdr->header, MAGIC, 4))
		return ktstr_error_set(e, -ENOEXEC,
				"%s is no x86 kernel: give a vmlinux or a bzImage",
				path);
	if (hdr->version < PROTOCOL_2_12 || !(hdr->xloadflags & XLF_KERNEL_64))
		return ktstr_error_set(e, -ENOEXEC,
			"%s has no 64-bit entry: give an x86-64 kernel of version 3.8 or later",
			path);
	if (!(hdr->loadflags & LOADED_HIGH))
		return ktstr_error_set(e, -ENOEXEC, "%s is a zImage: give a bzImage", path);
	return 0;
}

/* Where the parts are; every one must lie within the file. */
static int find_parts(struct bzimage *bz, const char *path, uint64_t size, struct ktstr_error *e)
{
	uint32_t sects = bz->hdr.setup_sects ? bz->hdr.setup_sects : SETUP_SECTS_DEFAULT;

	bz->kernel_off = (sects + 1) * SECTOR;
	bz->kernel_len = (uint64_t)bz->hdr.syssize * 16;
	/* syssize is rounded up to 16 bytes, and a signature may follow. */
	if (!bz->kernel_len || bz->kernel_off + bz->kernel_len > ((size + 15) & ~15ull))
		return ktstr_error_set(e, -ENOEXEC,
				"%s is cut short: build or copy it again",
				path);
	if (bz->kernel_len > size - bz->kernel_off)
		bz->kernel_len = size - bz->kernel_off;
	if (bz->kernel_len <= ENTRY_64_OFF)
		return ktstr_error_set(e, -ENOEXEC,
				"%s has no code at its 64-bit entry: build or copy it again",
				path);
	if (!bz->hdr.payload_length)
		return 0;
	if ((uint64_t)bz->hdr.payload_offset + bz->hdr.payload_length > bz->kernel_len)
		return ktstr_error_set(e, -ENOEXEC,
				"%s has a damaged header: build or copy it again",
				path);
	bz->payload_off = bz->kernel_off + bz->hdr.payload_offset;
	bz->payload_len = bz->hdr.payload_length;
	return 0;
}

/* The release text is within the setup part or not there at all. */
static void read_release(int fd, struct bzimage *bz)
{
	uint64_t off = (uint64_t)bz->hdr.kernel_version + 0x200;
	ssize_t n;

	if (!bz->hdr.kernel_version || off >= bz->kernel_off)
		return;
	n = pread(fd, bz->release, sizeof(bz->release) - 1, (off_t)off);
	bz->release[n > 0 ? n : 0] = '\0';
}

/**
 * boot_bzimage__parse() - read and check the header
 * @fd: the file
 * @path: its name, for sentences
 * @size: bytes in it
 * @bz: filled in
 * @e: sentence on failure
 *
 * Return: 0; -ENOEXEC when it is no 64-bit bzImage or is cut short; other
 * negative errno when it cannot be read.
 */
int boot_bzimage__parse(int fd, const char *path, uint64_t size, struct bzimage *bz,
			struct ktstr_error *e)
{
	int err = read_header(fd, path, bz, e);

	if (!err)
		err = check_header(&bz->hdr, path, e);
	if (!err)
		err = find_parts(bz, path, size, e);
	if (!err)
		read_release(fd, bz);
	return err;
}

/* The kernel decompresses and relocates itself within init_size bytes of here. */
static uint64_t load_address(const struct setup_header *hdr)
{
	return hdr->relocatable_kernel ? hdr->pref_address : LAYOUT_HIGH_START;
}

/**
 * boot_bzimage__load() - place a bzImage in RAM
 * @fd: the file
 * @path: its name, for sentences
 * @size: bytes in it
 * @m: RAM
 * @img: filled in
 * @e: sentence on failure
 *
 * Return: 0; -ENOEXEC as boot_bzimage__parse(); -ENOMEM when it does not fit.
 */
int boot_bzimage__load(int fd, const char *path, uint64_t size, const struct memory *m,
		       struct boot_image *img, struct ktstr_error *e)
{
	struct bzimage bz;
	uint64_t at, room;
	void *dst = NULL;
	int err;

	memset(img, 0, sizeof(*img));
	err = boot_bzimage__parse(fd, path, size, &bz, e);
	if (err)
		return err;
	at = load_address(&bz.hdr);
	room = bz.hdr.init_size > bz.kernel_len ? bz.hdr.init_size : bz.kernel_len;
	if (at >= LAYOUT_HIGH_START)
		dst = guest_memory__ptr(&m->gm, at, room, true);
	if (!dst)
		return ktstr_error_set(e, -ENOMEM,
			"%s does not fit: it needs %llu bytes at 0x%llx and the guest has %llu MiB: raise --memory",
			path, (unsigned long long)room, (unsigned long long)at,
			(unsigned long long)(m->size >> 20));
	err = file__read_all(fd, path, dst, bz.kernel_len, (off_t)bz.kernel_off, e);
	if (err)
		return err;
	img->hdr = bz.hdr;
	img->hdr.type_of_loader = LOADER_UNDEFINED;
	img->entry = at + ENTRY_64_OFF;
	img->end = at + room;
	return 0;
}
