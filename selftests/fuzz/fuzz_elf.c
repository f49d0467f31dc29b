// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the readers of ELF files: a vmlinux that is checked and loaded, and a program
 * whose libraries are looked for. What they accept must be what elf(5) says of the
 * same bytes, read here once more; what is well made must be accepted.
 *
 * The input is the file.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <zlib.h>

#include <ktstr/vmm.h>

#include "host/elf_needed.h"
#include "vmm/boot_bzimage.h"
#include "vmm/boot_elf.h"

#include "boot_ram.h"
#include "fuzz.h"
#include "oracle.h"

#define SIZE_MAX_IN	(64u << 10)

/* A configuration has 512 KiB compressed and 4 MiB of text at most; libelf reads the file. */
#define HEAP_MAX	((6u << 20) + 64 * SIZE_MAX_IN)

static struct boot_want want;

/* Bytes of a table entry, if all of it is in the file. */
static bool get(const uint8_t *data, size_t size, uint64_t at, void *to, size_t len)
{
	if (at > size || len > size - at)
		return false;
	memcpy(to, data + at, len);
	return true;
}

static bool header(const uint8_t *data, size_t size, Elf64_Ehdr *eh)
{
	return get(data, size, 0, eh, sizeof(*eh)) && !memcmp(eh->e_ident, ELFMAG, SELFMAG) &&
	       eh->e_ident[EI_CLASS] == ELFCLASS64 && eh->e_ident[EI_DATA] == ELFDATA2LSB &&
	       eh->e_machine == EM_X86_64 && eh->e_type == ET_EXEC;
}

static size_t phdr_count(const uint8_t *data, size_t size, const Elf64_Ehdr *eh)
{
	Elf64_Shdr first;

	if (eh->e_phnum != PN_XNUM)
		return eh->e_phnum;
	/* elf(5): the real number is in the first section header. */
	return get(data, size, eh->e_shoff, &first, sizeof(first)) ? first.sh_info : 0;
}

static bool in_file(const Elf64_Phdr *ph, size_t size)
{
	/* Where nothing is to be read, the offset means nothing: linkers put it anywhere. */
	return !ph->p_filesz || (ph->p_offset <= size && ph->p_filesz <= size - ph->p_offset);
}

static bool overlaps_earlier(const Elf64_Phdr *ph)
{
	for (size_t i = 0; i < want.nr; i++) {
		const struct boot_seg *s = &want.seg[i];

		if (s->paddr < ph->p_paddr + ph->p_memsz && ph->p_paddr < s->paddr + s->memsz)
			return true;
	}
	return false;
}

static bool want_segment(const uint8_t *data, size_t size, const Elf64_Phdr *ph)
{
	if (ph->p_filesz > ph->p_memsz || !in_file(ph, size) ||
	    !boot_ram__holds(ph->p_paddr, ph->p_memsz) || overlaps_earlier(ph))
		return false;
	want.seg[want.nr++] = (struct boot_seg){
		.paddr = ph->p_paddr, .memsz = ph->p_memsz, .filesz = ph->p_filesz,
		.data = ph->p_filesz ? data + ph->p_offset : data,
	};
	if (ph->p_paddr + ph->p_memsz > want.end)
		want.end = ph->p_paddr + ph->p_memsz;
	return true;
}

static bool entry_has_code(void)
{
	for (size_t i = 0; i < want.nr; i++)
		if (want.entry - want.seg[i].paddr < want.seg[i].filesz)
			return true;
	return false;
}

/* Fill @want; return: can it be loaded? */
static bool expect(const uint8_t *data, size_t size, const Elf64_Ehdr *eh)
{
	size_t nr = phdr_count(data, size, eh);

	memset(&want, 0, sizeof(want));
	want.entry = eh->e_entry;
	if (nr > BOOT_RAM_SEGS)
		return false;
	for (size_t i = 0; i < nr; i++) {
		Elf64_Phdr ph;

		if (!get(data, size, eh->e_phoff + i * sizeof(ph), &ph, sizeof(ph)))
			return false;
		if (ph.p_type == PT_LOAD && ph.p_memsz && !want_segment(data, size, &ph))
			return false;
	}
	return entry_has_code();
}

/* Nothing in the header that a reader might rightly dislike. */
static bool is_plain(const Elf64_Ehdr *eh)
{
	return eh->e_ident[EI_VERSION] == EV_CURRENT && eh->e_version == EV_CURRENT &&
	       eh->e_ehsize == sizeof(*eh) && eh->e_phentsize == sizeof(Elf64_Phdr) &&
	       eh->e_phnum && eh->e_phnum != PN_XNUM && !eh->e_shoff && !eh->e_shnum &&
	       !eh->e_shstrndx;
}

static void load(const uint8_t *data, size_t size)
{
	const struct memory *ram = boot_ram__clean();
	struct ktstr_error e = { "" };
	struct boot_image img;
	bool loadable = false;
	const char *path;
	Elf64_Ehdr eh;
	int fd = oracle__file(data, size, &path), err;

	oracle__heap_begin();
	err = boot_elf__load(fd, path, ram, &img, &e);
	oracle__heap_end("loading", HEAP_MAX);
	if (header(data, size, &eh))
		loadable = expect(data, size, &eh);
	if (err) {
		oracle__refused("loading", err, -ENOEXEC, -ENOMEM, &e);
		CHECK(!loadable || !is_plain(&eh), "a good vmlinux is refused: %s", e.msg);
		return;
	}
	CHECK(loadable, "loaded, but it is no vmlinux for this RAM");
	boot_ram__check_loaded(&want, &img);
	boot_ram__check_placed(&want, &img, (uint32_t)crc32(0, data, (uInt)size));
}

static bool segments_are_in_file(const uint8_t *data, size_t size)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	bool any = false;

	if (!header(data, size, &eh))
		return false;
	for (size_t i = 0; i < phdr_count(data, size, &eh); i++) {
		if (!get(data, size, eh.e_phoff + i * sizeof(ph), &ph, sizeof(ph)))
			return false;
		if (ph.p_type == PT_LOAD && !in_file(&ph, size))
			return false;
		any |= ph.p_type == PT_LOAD;
	}
	return any;
}

static void check(const uint8_t *data, size_t size)
{
	struct ktstr_error e = { "" }, e2 = { "" };
	const char *path;
	int fd = oracle__file(data, size, &path), err, err2;

	oracle__heap_begin();
	err = vmm__check_kernel(path, false, &e);
	err2 = vmm__check_kernel(path, true, &e2);
	oracle__heap_end("checking", HEAP_MAX);
	if (err) {
		oracle__refused("checking", err, -ENOEXEC, -ENOTSUP, &e);
		CHECK(err2 == err && !strcmp(e.msg, e2.msg), "%s, but with sched_ext: %s", e.msg,
		      e2.msg);
		return;
	}
	if (err2)
		oracle__refused("checking", err2, -ENOTSUP, -ENOTSUP, &e2);
	if (!boot_bzimage__probe(fd))
		CHECK(segments_are_in_file(data, size), "a vmlinux that is not whole is accepted");
}

/* A string of the result is one of the file's, with its end. */
static void check_string(const uint8_t *data, size_t size, const char *s)
{
	CHECK(!s || memmem(data, size, s, strlen(s) + 1), "\"%s\" is not in the file", s);
}

static void needed(const uint8_t *data, size_t size)
{
	struct ktstr_error e = { "" };
	struct elf_needed n;
	int err;

	oracle__heap_begin();
	err = elf_needed__read(oracle__guarded(data, size), size, "input", &n, &e);
	if (err) {
		oracle__heap_end("refusing a program", HEAP_MAX);
		oracle__refused("reading a program", err, -ENOEXEC, -ENOEXEC, &e);
		return;
	}
	CHECK(elf_needed__is_elf(data, size) && n.class == data[EI_CLASS], "class %d", n.class);
	CHECK(n.needed.n <= 256, "%zu libraries", n.needed.n);
	for (size_t i = 0; i < n.needed.n; i++)
		check_string(data, size, n.needed.v[i]);
	check_string(data, size, n.interp);
	check_string(data, size, n.rpath);
	check_string(data, size, n.runpath);
	elf_needed__free(&n);
	oracle__heap_end("reading a program", HEAP_MAX);
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
	needed(data, size);
	return 0;
}
