// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel modules as files. Every byte of them may be wrong; what is unpacked is
 * bounded, whatever the compressed file promises.
 */
#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "file.h"
#include "module_file.h"

#define FILE_MAX	(64u << 20)	/* as it lies on the disk */
#define ROOM_FIRST	(256u << 10)
#define XZ_MEMORY_MAX	(128u << 20)	/* kernel modules are packed with dictionaries of 2 MiB */
#define WBITS_GZIP	(15 + 16)

/* What comes out, growing. */
struct out {
	uint8_t *p;
	size_t len;
	size_t room;
};

/* Room for at least one byte more; return: 0, -EFBIG, -ENOMEM. */
static int out_grow(struct out *o)
{
	size_t room = o->room ? 2 * o->room : ROOM_FIRST;
	uint8_t *p;

	if (o->len < o->room)
		return 0;
	if (room > MODULE_BYTES_MAX)
		return -EFBIG;
	p = realloc(o->p, room);
	if (!p)
		return -ENOMEM;
	o->p = p;
	o->room = room;
	return 0;
}

static int unpack_gz(const void *in, size_t len, struct out *o)
{
	z_stream z = { .next_in = (void *)in, .avail_in = (uInt)len };
	int ret = inflateInit2(&z, WBITS_GZIP) == Z_OK ? 0 : -ENOMEM;
	int st = Z_OK;

	if (ret)
		return ret;
	while (!ret && st == Z_OK) {
		ret = out_grow(o);
		if (ret)
			break;
		z.next_out = o->p + o->len;
		z.avail_out = (uInt)(o->room - o->len);
		st = inflate(&z, Z_NO_FLUSH);
		o->len = o->room - z.avail_out;
	}
	inflateEnd(&z);
	return ret || st == Z_STREAM_END ? ret : -ENOEXEC;
}

static int unpack_xz(const void *in, size_t len, struct out *o)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret st = lzma_stream_decoder(&s, XZ_MEMORY_MAX, 0);
	int ret = 0;

	s.next_in = in;
	s.avail_in = len;
	while (!ret && st == LZMA_OK) {
		ret = out_grow(o);
		if (ret)
			break;
		s.next_out = o->p + o->len;
		s.avail_out = o->room - o->len;
		st = lzma_code(&s, LZMA_FINISH);
		o->len = o->room - s.avail_out;
	}
	lzma_end(&s);
	if (ret || st == LZMA_STREAM_END)
		return ret;
	return st == LZMA_MEM_ERROR ? -ENOMEM : -ENOEXEC;
}

static int unpack_zst(const void *in, size_t len, struct out *o)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer ib = { .src = in, .size = len };
	size_t more = 1;
	int ret = z ? 0 : -ENOMEM;

	/* 0: a frame ended. What the last one flushed may have filled the room exactly. */
	while (!ret && more) {
		ZSTD_outBuffer ob;
		size_t had = o->len;

		ret = out_grow(o);
		if (ret)
			break;
		ob = (ZSTD_outBuffer){ .dst = o->p, .size = o->room, .pos = o->len };
		more = ZSTD_decompressStream(z, &ob, &ib);
		o->len = ob.pos;
		if (ZSTD_isError(more) || (more && ib.pos == ib.size && o->len == had))
			ret = -ENOEXEC;
	}
	ZSTD_freeDStream(z);
	return ret;
}

static const struct packing {
	const char *magic;
	size_t magic_len;
	int (*unpack)(const void *in, size_t len, struct out *o);
} packings[] = {
	{ "\x1f\x8b", 2, unpack_gz },
	{ "\xfd" "7zXZ\0", 6, unpack_xz },
	{ "\x28\xb5\x2f\xfd", 4, unpack_zst },
};

/* Replace a packed file by what is in it. */
static int unpack(void **data, size_t *len)
{
	struct out o = { 0 };

	for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
		const struct packing *p = &packings[i];
		int ret;

		if (*len < p->magic_len || memcmp(*data, p->magic, p->magic_len))
			continue;
		ret = p->unpack(*data, *len, &o);
		free(*data);
		*data = o.p;
		*len = o.len;
		return ret;
	}
	return 0;
}

static bool is_module(const void *data, size_t len)
{
	Elf64_Ehdr h;

	if (len < sizeof(h))
		return false;
	memcpy(&h, data, sizeof(h));
	return !memcmp(h.e_ident, ELFMAG, SELFMAG) && h.e_ident[EI_CLASS] == ELFCLASS64 &&
	       h.e_type == ET_REL && h.e_machine == EM_X86_64;
}

int module_file__read(const char *path, void **data, size_t *len, struct ktstr_error *e)
{
	int ret = file__read(path, FILE_MAX, data, len, NULL, e);

	if (ret)
		return ret;
	ret = unpack(data, len);
	if (!ret && is_module(*data, *len))
		return 0;
	free(*data);
	*data = NULL;
	if (ret == -EFBIG)
		return ktstr_error_set(e, ret,
				       "module %s has more than %u MiB when it is unpacked; install the kernel's package again",
				       path, MODULE_BYTES_MAX >> 20);
	if (ret == -ENOMEM)
		return ktstr_error_set(e, ret, "out of memory for module %s", path);
	return ktstr_error_set(e, -ENOEXEC,
			       "module %s %s; install the kernel's package again", path,
			       ret ? "is damaged and cannot be unpacked" : "is no x86-64 module");
}

/* The value of "vermagic=" in a section of NUL-terminated strings, or NULL. */
static const char *find_vermagic(const char *p, size_t len)
{
	static const char key[] = "vermagic=";

	while (len) {
		const char *end = memchr(p, '\0', len);

		if (!end)
			return NULL;
		if (!strncmp(p, key, sizeof(key) - 1))
			return p + sizeof(key) - 1;
		len -= (size_t)(end + 1 - p);
		p = end + 1;
	}
	return NULL;
}

static const char *vermagic_of(Elf *elf)
{
	Elf_Scn *scn = NULL;
	size_t names;
	GElf_Shdr sh;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((scn = elf_nextscn(elf, scn)) && gelf_getshdr(scn, &sh)) {
		const char *name = elf_strptr(elf, names, sh.sh_name);
		Elf_Data *d;

		if (!name || strcmp(name, ".modinfo") || sh.sh_type != SHT_PROGBITS)
			continue;
		d = elf_getdata(scn, NULL);
		return d && d->d_buf ? find_vermagic(d->d_buf, d->d_size) : NULL;
	}
	return NULL;
}

int module_file__release(const void *data, size_t len, char *release, size_t size)
{
	const char *magic = NULL;
	size_t n = 0;
	Elf *elf;

	if (!is_module(data, len) || elf_version(EV_CURRENT) == EV_NONE)
		return -ENOEXEC;
	elf = elf_memory((char *)data, len);
	if (elf)
		magic = vermagic_of(elf);
	if (magic)
		n = strcspn(magic, " ");
	if (n && n < size) {
		memcpy(release, magic, n);
		release[n] = '\0';
	}
	elf_end(elf);
	return n && n < size ? 0 : -ENOEXEC;
}
