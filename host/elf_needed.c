// SPDX-License-Identifier: GPL-2.0-only
/*
 * PT_INTERP and PT_DYNAMIC, by libelf. Section headers are not used: a stripped
 * file need not have them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>

#include "elf_needed.h"

#define NEEDED_MAX	256u

struct reader {
	Elf *elf;
	const char *data;
	size_t len;
	const char *strtab;	/* DT_STRTAB in the file, up to its end */
	size_t strtab_len;
	struct elf_needed *out;
	bool has_dynamic;
};

bool elf_needed__is_elf(const void *data, size_t len)
{
	return len >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG);
}

void elf_needed__free(struct elf_needed *n)
{
	free(n->interp);
	free(n->rpath);
	free(n->runpath);
	strv__free(&n->needed);
	memset(n, 0, sizeof(*n));
}

/* A copy of the string at an offset, or NULL when it is not whole in there. */
static char *string_at(const char *base, size_t room, uint64_t off)
{
	if (off >= room || !memchr(base + off, '\0', room - off))
		return NULL;
	return strdup(base + off);
}

static int read_interp(struct reader *r, const GElf_Phdr *ph)
{
	if (ph->p_offset > r->len || ph->p_filesz > r->len - ph->p_offset)
		return -ENOEXEC;
	free(r->out->interp);
	r->out->interp = string_at(r->data + ph->p_offset, ph->p_filesz, 0);
	return r->out->interp ? 0 : -ENOEXEC;
}

/* DT_STRTAB holds an address; the PT_LOAD around it tells where that is in the file. */
static int map_strtab(struct reader *r, uint64_t addr)
{
	GElf_Phdr ph;
	size_t n;

	if (elf_getphdrnum(r->elf, &n))
		return -ENOEXEC;
	for (size_t i = 0; i < n; i++) {
		uint64_t off;

		if (!gelf_getphdr(r->elf, i, &ph) || ph.p_type != PT_LOAD || addr < ph.p_vaddr ||
		    addr - ph.p_vaddr >= ph.p_filesz)
			continue;
		off = addr - ph.p_vaddr + ph.p_offset;
		if (off < ph.p_offset || off >= r->len)
			return -ENOEXEC;
		r->strtab = r->data + off;
		r->strtab_len = r->len - off;
		return 0;
	}
	return -ENOEXEC;
}

static int take_string(struct reader *r, char **to, uint64_t off)
{
	char *s = string_at(r->strtab, r->strtab_len, off);

	if (!s)
		return -ENOEXEC;
	free(*to);
	*to = s;
	return 0;
}

static int take_needed(struct reader *r, uint64_t off)
{
	char *s = NULL;
	int ret = r->out->needed.n < NEEDED_MAX ? take_string(r, &s, off) : -ENOEXEC;

	if (!ret)
		ret = *s ? strv__add(&r->out->needed, s) : -ENOEXEC;
	free(s);
	return ret;
}

static int take_dyn(struct reader *r, const GElf_Dyn *dyn)
{
	switch (dyn->d_tag) {
	case DT_NEEDED:
		return take_needed(r, dyn->d_un.d_val);
	case DT_RPATH:
		return take_string(r, &r->out->rpath, dyn->d_un.d_val);
	case DT_RUNPATH:
		return take_string(r, &r->out->runpath, dyn->d_un.d_val);
	default:
		return 0;
	}
}

/* One of each: looking at many would take minutes, and libelf keeps a copy of each. */
static int read_dynamic(struct reader *r, const GElf_Phdr *ph)
{
	Elf_Data *d = r->has_dynamic ? NULL :
		      elf_getdata_rawchunk(r->elf, ph->p_offset, ph->p_filesz, ELF_T_DYN);
	size_t size = gelf_fsize(r->elf, ELF_T_DYN, 1, EV_CURRENT);
	size_t n = d && size ? d->d_size / size : 0;
	bool has_strtab = false;
	GElf_Dyn dyn;
	int ret = n ? 0 : -ENOEXEC;

	r->has_dynamic = true;
	/* The strings come first: the entries that use them may precede DT_STRTAB. */
	for (size_t i = 0; !ret && i < n && gelf_getdyn(d, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		if (dyn.d_tag != DT_STRTAB)
			continue;
		ret = has_strtab ? -ENOEXEC : map_strtab(r, dyn.d_un.d_ptr);
		has_strtab = true;
	}
	for (size_t i = 0; !ret && i < n && gelf_getdyn(d, i, &dyn) && dyn.d_tag != DT_NULL; i++)
		ret = take_dyn(r, &dyn);
	return ret;
}

static int read_phdrs(struct reader *r)
{
	GElf_Phdr ph;
	size_t n;
	int ret = 0;

	if (elf_getphdrnum(r->elf, &n))
		return -ENOEXEC;
	for (size_t i = 0; !ret && i < n; i++) {
		if (!gelf_getphdr(r->elf, i, &ph))
			return -ENOEXEC;
		if (ph.p_type == PT_INTERP)
			ret = read_interp(r, &ph);
		else if (ph.p_type == PT_DYNAMIC)
			ret = read_dynamic(r, &ph);
	}
	return ret;
}

static int read_all(struct reader *r)
{
	GElf_Ehdr eh;

	if (!r->elf || elf_kind(r->elf) != ELF_K_ELF || !gelf_getehdr(r->elf, &eh))
		return -ENOEXEC;
	if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN)
		return -ENOEXEC;
	r->out->class = eh.e_ident[EI_CLASS];
	r->out->machine = eh.e_machine;
	return read_phdrs(r);
}

int elf_needed__read(const void *data, size_t len, const char *name, struct elf_needed *out,
		     struct ktstr_error *e)
{
	struct reader r = { .data = data, .len = len, .strtab = data, .out = out };
	int ret;

	memset(out, 0, sizeof(*out));
	elf_version(EV_CURRENT);
	r.elf = elf_memory((char *)data, len);
	ret = read_all(&r);
	elf_end(r.elf);
	if (!ret)
		return 0;
	elf_needed__free(out);
	return ktstr_error_set(e, ret,
			       "%s is not a whole ELF executable or library; build or copy it again",
			       name);
}
