// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the corpora of topologies and of kernel modules began with.
 */
#include <elf.h>
#include <stddef.h>
#include <stdio.h>

#include "seeds.h"

static void write_text(const char *dir, const char *name, const char *text)
{
	FILE *f = seeds__create(dir, name);

	fputs(text, f);
	seeds__finish(f);
}

void seeds__topology(const char *dir)
{
	write_text(dir, "even", "about four LLCs\nshape 2,4,4,2\ncache l3 32M\n"
		   "node 0 memory 256M\ndistance 0 1 21\n");
	write_text(dir, "uneven", "node 0\nllc 3x2\nllc 2x2+4 size 4M\nllc 1 times 3\n"
		   "cache l1d 48K\ncache l1i 32K\ncache l2 2M\ncache l3 30M\n");
	write_text(dir, "memory", "node 0 memory 1G\nllc 4 times 2\n"
		   "node 1 memory 4G memory-cache 64M # far\nnode 2 memory 0\nllc 2x2\n"
		   "distance 0 1 40\ndistance 1 0 41\nlatency 0 0 90\nlatency 0 1 350\n"
		   "bandwidth 0 0 200000\nbandwidth 2 1 30000\n");
	write_text(dir, "wide", "node 0\nllc 9x2\nnode 1\nllc 5 times 17\n");
	write_text(dir, "capacity", "node 0\nllc 2x2+4\ncapacity 0-3 1024\ncapacity 4-7 446\n");
	write_text(dir, "largest", "shape 64,64,16,1\n");
}

#define MODINFO		"license=GPL\0depends=\0vermagic=6.12.0-test SMP mod_unload "
#define NAMES		"\0.modinfo\0.shstrtab"

/* A relocatable object with the section that names its kernel. */
struct module {
	Elf64_Ehdr eh;
	Elf64_Shdr sh[3];
	char modinfo[sizeof(MODINFO)];
	char names[sizeof(NAMES)];
};

static const struct module module = {
	.eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_shoff = offsetof(struct module, sh), .e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3, .e_shstrndx = 2,
	},
	.sh = {
		{ .sh_type = SHT_NULL },
		{ .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_size = sizeof(MODINFO),
		  .sh_offset = offsetof(struct module, modinfo), .sh_addralign = 1 },
		{ .sh_name = 10, .sh_type = SHT_STRTAB, .sh_size = sizeof(NAMES),
		  .sh_offset = offsetof(struct module, names), .sh_addralign = 1 },
	},
	.modinfo = MODINFO,
	.names = NAMES,
};

/* In the words of fuzz_module.c: form, where it is damaged, how. */
void seeds__module(const char *dir)
{
	static const struct {
		const char *name;
		const char how[5];
	} seeds[] = {
		{ "plain", "\0\0\0\0" }, { "gz", "\1\0\0\0" }, { "xz", "\2\0\0\0" },
		{ "zst", "\3\0\0\0" }, { "damaged_gz", "\201\0\20\1" },
		{ "damaged_xz", "\202\0\20\1" }, { "damaged_zst", "\203\0\20\1" },
	};

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		FILE *f = seeds__create(dir, seeds[i].name);

		fwrite(seeds[i].how, 1, 4, f);
		fwrite(&module, 1, sizeof(module), f);
		seeds__finish(f);
	}
}

/* In the words of fuzz_modtree.c: name, modules.dep, modules.softdep, modules.builtin. */
void seeds__modtree(const char *dir)
{
	write_text(dir, "chain", "virtio-mmio\nk/virtio_mmio.ko.xz: k/virtio_ring.ko.xz k/virtio.ko\n"
		   "k/virtio_ring.ko.xz: k/virtio.ko\nk/virtio.ko:\n");
	write_text(dir, "soft", "a\nk/a.ko: k/b.ko.gz\nk/b.ko.gz:\n/abs/c-d.ko.zst: k/b.ko.gz\n\f"
		   "# softdeps\nsoftdep a pre: c_d nothing post: b\n\fkernel/e.ko\n");
	write_text(dir, "builtin", "e\nk/a.ko: k/e.ko\n\f\fkernel/e.ko\n");
	write_text(dir, "loop", "a\nk/a.ko: k/b.ko\nk/b.ko: k/a.ko\n");
	write_text(dir, "odd", "a\nk/a.ko k/b.ko\nk/a.ko: k/b\n: :\n.ko:\n");
}
