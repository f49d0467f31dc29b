// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is this file a kernel that ktstr can use? Says no only to what it knows:
 * from the configuration that the kernel carries, from a config-<release>
 * beside it, or from a vmlinux's symbol table.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <ktstr/vmm.h>

#include "boot_bzimage.h"
#include "boot_elf.h"
#include "file.h"
#include "kernel_config.h"

#define PIECE		(256u << 10)
#define PAYLOAD_MAX	(1ull << 30)	/* inflated kernel; a real one has 30 to 100 MiB */
#define WBITS_GZIP	(15 + 16)
#define SYMBOLS_MAX	(4u << 20)	/* a real one has 100 to 300 thousand */
#define NAMES_MAX	(256u << 20)	/* bytes of a string table; a real one has 2 to 10 MiB */

/* What a kernel must have built in, and a symbol that only exists if it has. */
static const struct need {
	const char *option;
	const char *symbol;
	const char *what;
	uint32_t driver;	/* 0: sched_ext */
} needs[] = {
	{ "CONFIG_VIRTIO_MMIO", "virtio_mmio_driver",
	  "virtio-mmio, which carries ktstr's console", VMM_DRIVER_VIRTIO_MMIO },
	{ "CONFIG_VIRTIO_CONSOLE", "virtio_console",
	  "virtio-console, on which all results come out", VMM_DRIVER_VIRTIO_CONSOLE },
	{ "CONFIG_SCHED_CLASS_EXT", "ext_sched_class",
	  "sched_ext, which --sched needs", 0 },
};

#define NR_NEEDS (sizeof(needs) / sizeof(needs[0]))

/**
 * struct facts - what is known of a kernel
 * @known: the arrays mean something
 * @builtin: per need: built in
 * @module: per need: built as a module
 * @release: empty if it is not known
 */
struct facts {
	bool known;
	char release[128];
	bool builtin[NR_NEEDS];
	bool module[NR_NEEDS];
};

static void facts_from_config(struct facts *f, const char *text)
{
	f->known = true;
	for (size_t i = 0; i < NR_NEEDS; i++) {
		f->builtin[i] = kernel_config__has(text, needs[i].option, 'y');
		f->module[i] = kernel_config__has(text, needs[i].option, 'm');
	}
}

static void facts_from_scan(struct facts *f, const struct ikconfig_scan *scan)
{
	char *text = ikconfig_scan__text(scan);

	if (text)
		facts_from_config(f, text);
	free(text);
}

/* Feed @len bytes of a file from @off on; stops early when there is enough. */
static int scan_file(int fd, const char *path, uint64_t off, uint64_t len,
		     struct ikconfig_scan *scan, struct ktstr_error *e)
{
	uint8_t *piece = malloc(PIECE);
	int err = piece ? 0 : -ENOMEM;

	while (!err && len && !ikconfig_scan__full(scan)) {
		size_t n = len < PIECE ? (size_t)len : PIECE;

		err = file__read_all(fd, path, piece, n, (off_t)off, e);
		if (!err)
			err = ikconfig_scan__feed(scan, piece, n);
		off += n;
		len -= n;
	}
	free(piece);
	return err;
}

/* libelf takes a string table into memory as a whole: not one of any size. */
static bool names_readable(Elf *elf, size_t index)
{
	Elf_Scn *scn = elf_getscn(elf, index);
	GElf_Shdr sh;

	return scn && gelf_getshdr(scn, &sh) && sh.sh_size <= NAMES_MAX;
}

/* The configuration lies in .rodata. */
static int check_rodata(int fd, const char *path, Elf *elf, uint64_t size, struct facts *f,
			struct ktstr_error *e)
{
	struct ikconfig_scan scan = { 0 };
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	size_t strndx;
	int err = 0;

	if (elf_getshdrstrndx(elf, &strndx) || !names_readable(elf, strndx))
		return 0;
	while (!err && (scn = elf_nextscn(elf, scn)) && gelf_getshdr(scn, &sh)) {
		const char *name = elf_strptr(elf, strndx, sh.sh_name);

		if (!name || strcmp(name, ".rodata") || sh.sh_type != SHT_PROGBITS)
			continue;
		if (sh.sh_offset > size || sh.sh_size > size - sh.sh_offset ||
		    sh.sh_size > PAYLOAD_MAX)
			continue;
		err = scan_file(fd, path, sh.sh_offset, sh.sh_size, &scan, e);
		break;
	}
	if (!err)
		facts_from_scan(f, &scan);
	ikconfig_scan__free(&scan);
	return err;
}

static void note_symbol(struct facts *f, const char *name)
{
	for (size_t i = 0; i < NR_NEEDS; i++)
		if (!strcmp(name, needs[i].symbol))
			f->builtin[i] = true;
}

/* Says nothing unless every symbol and its name can be read. */
static void facts_from_symtab(struct facts *f, Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
	uint64_t nr = sh->sh_size / sizeof(Elf64_Sym);
	struct facts seen = { .known = true };
	Elf_Data *data;
	GElf_Sym sym;

	if (!nr || nr > SYMBOLS_MAX || !names_readable(elf, sh->sh_link))
		return;
	data = elf_getdata(scn, NULL);
	for (uint64_t i = 0; i < nr; i++) {
		const char *name = NULL;

		if (data && gelf_getsym(data, (int)i, &sym))
			name = elf_strptr(elf, sh->sh_link, sym.st_name);
		if (!name)
			return;
		note_symbol(&seen, name);
	}
	*f = seen;
}

/* Without a configuration: a symbol table that is there has all of them, and a file has one. */
static void check_symbols(Elf *elf, struct facts *f)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(elf, scn)) && gelf_getshdr(scn, &sh)) {
		if (sh.sh_type != SHT_SYMTAB)
			continue;
		facts_from_symtab(f, elf, scn, &sh);
		return;
	}
}

/* Every segment must be in the file, or the boot would fail half-way. */
static int check_segments(Elf *elf, const char *path, uint64_t size, struct ktstr_error *e)
{
	bool any = false;
	GElf_Phdr ph;
	size_t nr;

	if (elf_getphdrnum(elf, &nr))
		nr = 0;
	for (size_t i = 0; i < nr && gelf_getphdr(elf, (int)i, &ph); i++) {
		if (ph.p_type != PT_LOAD)
			continue;
		any = true;
		/* A .bss of its own has nothing in the file, and its offset may be behind the end. */
		if (!ph.p_filesz)
			continue;
		if (ph.p_offset > size || ph.p_filesz > size - ph.p_offset)
			return ktstr_error_set(e, -ENOEXEC,
					"%s is cut short: build or copy it again",
					path);
	}
	if (!any)
		return ktstr_error_set(e, -ENOEXEC,
				"%s has nothing to load: give a vmlinux or a bzImage",
				path);
	return 0;
}

static int check_elf(int fd, const char *path, uint64_t size, struct facts *f,
		     struct ktstr_error *e)
{
	Elf *elf;
	int err = boot_elf__open(fd, path, &elf, e);

	if (err)
		return err;
	err = check_segments(elf, path, size, e);
	if (!err)
		err = check_rodata(fd, path, elf, size, f, e);
	if (!err && !f->known)
		check_symbols(elf, f);
	elf_end(elf);
	return err;
}

/* Inflate what has been read, feeding the scan; return: is there more to come? */
static bool inflate_piece(z_stream *z, uint8_t *out, struct ikconfig_scan *scan, uint64_t *total)
{
	int ret;

	do {
		z->next_out = out;
		z->avail_out = PIECE;
		ret = inflate(z, Z_NO_FLUSH);
		/* Input and output had ended together, and nothing was left inside. */
		if (ret == Z_BUF_ERROR)
			return true;
		if (ret != Z_OK && ret != Z_STREAM_END)
			return false;
		*total += PIECE - z->avail_out;
		if (ikconfig_scan__feed(scan, out, PIECE - z->avail_out))
			return false;
	} while (ret == Z_OK && !z->avail_out && *total < PAYLOAD_MAX &&
		 !ikconfig_scan__full(scan));
	return ret == Z_OK && *total < PAYLOAD_MAX && !ikconfig_scan__full(scan);
}

/* A payload in another format, or a damaged one, tells nothing: the guest will. */
static void scan_gzip(int fd, const struct bzimage *bz, struct ikconfig_scan *scan)
{
	uint8_t *in = malloc(2 * PIECE);
	z_stream z = { 0 };
	uint64_t total = 0, done = 0;
	bool more = in && inflateInit2(&z, WBITS_GZIP) == Z_OK;
	bool inited = more;

	while (more && done < bz->payload_len) {
		uint64_t n = bz->payload_len - done;

		if (n > PIECE)
			n = PIECE;
		if (file__read_all(fd, "", in, (size_t)n, (off_t)(bz->payload_off + done), NULL))
			break;
		z.next_in = in;
		z.avail_in = (uInt)n;
		more = inflate_piece(&z, in + PIECE, scan, &total);
		done += n;
	}
	if (inited)
		inflateEnd(&z);
	free(in);
}

static char *read_text(int fd, uint64_t size)
{
	char *text;

	if (size > KERNEL_CONFIG_MAX)
		return NULL;
	text = malloc(size + 1);
	if (!text)
		return NULL;
	if (file__read_all(fd, "", text, size, 0, NULL)) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	return text;
}

/* Its first word, if that can be part of a path. */
static void take_release(struct facts *f, const char *text)
{
	size_t len = strcspn(text, " ");

	if (len && text[0] != '.' && len < sizeof(f->release) && !memchr(text, '/', len))
		memcpy(f->release, text, len);
}

/* As distributions install it: /boot/vmlinuz-X and /boot/config-X. */
static void facts_from_neighbour(struct facts *f, const char *path)
{
	char dir[PATH_MAX], name[PATH_MAX + 160];
	off_t size;
	char *text;
	int fd;

	if (!f->release[0] || strlen(path) >= sizeof(dir))
		return;
	strcpy(dir, path);
	snprintf(name, sizeof(name), "%s/config-%s", dirname(dir), f->release);
	fd = file__open(name, &size, NULL);
	if (fd < 0)
		return;
	text = read_text(fd, (uint64_t)size);
	if (text)
		facts_from_config(f, text);
	free(text);
	close(fd);
}

static int check_bzimage(int fd, const char *path, uint64_t size, struct facts *f,
			 struct ktstr_error *e)
{
	struct ikconfig_scan scan = { 0 };
	struct bzimage bz;
	int err = boot_bzimage__parse(fd, path, size, &bz, e);

	if (err)
		return err;
	if (bz.payload_len)
		scan_gzip(fd, &bz, &scan);
	facts_from_scan(f, &scan);
	ikconfig_scan__free(&scan);
	take_release(f, bz.release);
	if (!f->known)
		facts_from_neighbour(f, path);
	return 0;
}

/* @k: NULL when nobody can bring modules along */
static int judge(const struct facts *f, const char *path, bool need_sched_ext,
		 struct vmm_kernel *k, struct ktstr_error *e)
{
	for (size_t i = 0; f->known && i < NR_NEEDS; i++) {
		if (f->builtin[i] || (!needs[i].driver && !need_sched_ext))
			continue;
		if (f->module[i] && needs[i].driver && k && f->release[0]) {
			k->modules |= needs[i].driver;
			continue;
		}
		return ktstr_error_set(e, -ENOTSUP, "the kernel %s %s %s: build it with %s=y",
				       path, f->module[i] ? "has only a module for" : "lacks",
				       needs[i].what, needs[i].option);
	}
	return 0;
}

static int read_facts(const char *path, struct facts *facts, struct ktstr_error *e)
{
	off_t size;
	int fd, err;

	fd = file__open(path, &size, e);
	if (fd < 0)
		return fd;
	if (boot_bzimage__probe(fd))
		err = check_bzimage(fd, path, (uint64_t)size, facts, e);
	else
		err = check_elf(fd, path, (uint64_t)size, facts, e);
	close(fd);
	return err;
}

/**
 * vmm__check_kernel() - can this file be booted and judged by ktstr?
 * @path: vmlinux or bzImage
 * @need_sched_ext: refuse a kernel that is known to lack SCHED_CLASS_EXT
 * @e: sentence on failure
 *
 * Return: 0; -ENOENT, -EACCES; -ENOEXEC when it is no x86-64 kernel or is cut
 * short; -ENOTSUP when it is known to lack virtio-mmio, virtio-console or (if
 * asked) sched_ext. What cannot be known from the file is left to the guest.
 */
int vmm__check_kernel(const char *path, bool need_sched_ext, struct ktstr_error *e)
{
	struct facts facts = { 0 };
	int err = read_facts(path, &facts, e);

	return err ? err : judge(&facts, path, need_sched_ext, NULL, e);
}

int vmm__probe_kernel(const char *path, bool need_sched_ext, struct vmm_kernel *k,
		      struct ktstr_error *e)
{
	struct vmm_kernel found = { .sz = k->sz };
	struct facts facts = { 0 };
	int err = read_facts(path, &facts, e);

	if (!err)
		err = judge(&facts, path, need_sched_ext, &found, e);
	if (err)
		return err;
	found.known = facts.known;
	memcpy(found.release, facts.release, sizeof(found.release));
	memcpy(k, &found, k->sz < sizeof(found) ? k->sz : sizeof(found));
	return 0;
}
