// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading a vmlinux. libelf reads the headers, pread() the segments straight
 * into guest RAM: the debug information, most of the file, is never touched.
 */
#include <errno.h>
#include <gelf.h>
#include <stdbool.h>
#include <string.h>

#include "boot_elf.h"
#include "file.h"
#include "layout.h"

#define BOOT_FLAG	0xaa55
#define HEADER_MAGIC	0x53726448u	/* "HdrS" */
#define PROTOCOL_2_15	0x020f
#define LOADER_UNDEFINED 0xff		/* type_of_loader without an assigned number */

static bool is_kernel(const GElf_Ehdr *eh)
{
	return eh->e_ident[EI_CLASS] == ELFCLASS64 && eh->e_ident[EI_DATA] == ELFDATA2LSB &&
	       eh->e_machine == EM_X86_64 && eh->e_type == ET_EXEC;
}

/**
 * boot_elf__open() - begin to read a vmlinux
 * @fd: the file, open for reading; must stay open while @out is used
 * @path: its name, for the sentence
 * @out: to be ended with elf_end()
 * @e: sentence on failure
 *
 * Return: 0; -ENOEXEC when it is not an x86-64 kernel in ELF.
 */
int boot_elf__open(int fd, const char *path, Elf **out, struct ktstr_error *e)
{
	GElf_Ehdr eh;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &eh) && is_kernel(&eh)) {
		*out = elf;
		return 0;
	}
	elf_end(elf);
	return ktstr_error_set(e, -ENOEXEC,
			"%s is no x86-64 kernel: give a vmlinux or a bzImage",
			path);
}

/* Where a segment goes, or NULL: below 1 MiB lie our own tables. */
static void *segment_room(const GElf_Phdr *ph, const struct memory *m)
{
	if (ph->p_filesz > ph->p_memsz || ph->p_paddr < LAYOUT_HIGH_START)
		return NULL;
	return guest_memory__ptr(&m->gm, ph->p_paddr, ph->p_memsz, true);
}

static int load_segment(int fd, const char *path, const GElf_Phdr *ph, const struct memory *m,
			struct ktstr_error *e)
{
	void *room = segment_room(ph, m);

	if (!room)
		return ktstr_error_set(e, -ENOMEM,
			"%s does not fit: it has a segment of %llu bytes at 0x%llx and the guest has %llu MiB: raise --memory",
			path, (unsigned long long)ph->p_memsz, (unsigned long long)ph->p_paddr,
			(unsigned long long)(m->size >> 20));
	if (ph->p_offset > INT64_MAX - ph->p_filesz)
		return ktstr_error_set(e, -ENOEXEC,
				"%s has an impossible segment: build it again",
				path);
	return file__read_all(fd, path, room, ph->p_filesz, (off_t)ph->p_offset, e);
}

static bool overlaps(const GElf_Phdr *a, const GElf_Phdr *b)
{
	return a->p_paddr < b->p_paddr + b->p_memsz && b->p_paddr < a->p_paddr + a->p_memsz;
}

/* Would loading segment @n overwrite an earlier one? Hostile images only. */
static bool overlaps_earlier(Elf *elf, size_t n, const GElf_Phdr *ph)
{
	GElf_Phdr other;

	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(elf, (int)i, &other) && other.p_type == PT_LOAD &&
		    overlaps(&other, ph))
			return true;
	return false;
}

#define SEGMENTS_MAX	64u	/* a kernel has 5 */

static int load_segments(Elf *elf, int fd, const char *path, const struct memory *m,
			 struct boot_image *img, struct ktstr_error *e)
{
	bool has_entry = false;
	GElf_Phdr ph;
	size_t nr;
	int err;

	if (elf_getphdrnum(elf, &nr) || nr > SEGMENTS_MAX)
		return ktstr_error_set(e, -ENOEXEC,
				"%s has a damaged program header table: build it again",
				path);
	for (size_t i = 0; i < nr; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph))
			return ktstr_error_set(e, -ENOEXEC,
					"%s is cut short: build or copy it again",
					path);
		if (ph.p_type != PT_LOAD || !ph.p_memsz)
			continue;
		err = load_segment(fd, path, &ph, m, e);
		if (err)
			return err;
		if (overlaps_earlier(elf, i, &ph))
			return ktstr_error_set(e, -ENOEXEC,
					"%s has segments that overlap: build it again",
					path);
		if (ph.p_paddr + ph.p_memsz > img->end)
			img->end = ph.p_paddr + ph.p_memsz;
		if (img->entry - ph.p_paddr < ph.p_filesz)
			has_entry = true;
	}
	if (!has_entry)
		return ktstr_error_set(e, -ENOEXEC,
				"%s has no code at its entry point: build it again",
				path);
	return 0;
}

/* What boot.rst demands of a loader's header when the image brings none. */
static void fill_header(struct setup_header *hdr)
{
	hdr->boot_flag = BOOT_FLAG;
	hdr->header = HEADER_MAGIC;
	hdr->version = PROTOCOL_2_15;
	hdr->type_of_loader = LOADER_UNDEFINED;
	hdr->loadflags = LOADED_HIGH;
	hdr->initrd_addr_max = 0x7fffffff;
	hdr->cmdline_size = LAYOUT_CMDLINE_MAX - 1;
}

/**
 * boot_elf__load() - place a vmlinux in RAM
 * @fd: the file, open for reading
 * @path: its name, for sentences
 * @m: RAM, all zeros where the kernel goes
 * @img: filled in
 * @e: sentence on failure
 *
 * Return: 0; -ENOEXEC when it is no kernel, damaged or cut short; -ENOMEM when
 * it does not fit; other negative errno when it cannot be read.
 */
int boot_elf__load(int fd, const char *path, const struct memory *m, struct boot_image *img,
		   struct ktstr_error *e)
{
	GElf_Ehdr eh;
	Elf *elf;
	int err;

	memset(img, 0, sizeof(*img));
	err = boot_elf__open(fd, path, &elf, e);
	if (err)
		return err;
	if (!gelf_getehdr(elf, &eh)) {
		elf_end(elf);
		return ktstr_error_set(e, -ENOEXEC,
				"%s has a damaged ELF header: build it again",
				path);
	}
	/* vmlinux records its physical entry (ENTRY(phys_startup_64) in vmlinux.lds.S). */
	img->entry = eh.e_entry;
	err = load_segments(elf, fd, path, m, img, e);
	if (!err)
		fill_header(&img->hdr);
	elf_end(elf);
	return err;
}
