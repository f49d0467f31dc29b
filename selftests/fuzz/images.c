// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small kernel images and programs.
 */
#include <asm/bootparam.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "images.h"

#define TEXT		0x100u		/* offsets in the files */
#define TEXT_LEN	0x40u
#define DATA		(TEXT + TEXT_LEN)
#define DATA_LEN	0x20u
#define REST		(DATA + DATA_LEN)
#define ENTRY		0x1000000u	/* physical */
#define DATA_AT		0x1001000u

#define WBITS_GZIP	(15 + 16)

size_t images__gzip(uint8_t *to, size_t room, const uint8_t *data, size_t len)
{
	z_stream z = {
		.next_in = (Bytef *)data, .avail_in = (uInt)len,
		.next_out = to, .avail_out = (uInt)room,
	};
	int ret;

	if (deflateInit2(&z, 9, Z_DEFLATED, WBITS_GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	ret = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return ret == Z_STREAM_END ? z.total_out : 0;
}

size_t images__ikconfig(uint8_t *to, size_t room, uint32_t choice)
{
	static const char * const options[] = {
		"CONFIG_VIRTIO_MMIO", "CONFIG_VIRTIO_CONSOLE", "CONFIG_SCHED_CLASS_EXT",
	};
	static const char * const lines[] = { "%s=y\n", "%s=m\n", "# %s is not set\n", "" };
	char text[200];
	size_t len = 0, n;

	for (int i = 0; i < 3; i++, choice >>= 2)
		len += snprintf(text + len, sizeof(text) - len, lines[choice & 3], options[i]);
	if (room < 16)
		return 0;
	n = images__gzip(to + 8, room - 16, (const uint8_t *)text, len);
	if (!n)
		return 0;
	memcpy(to, "IKCFG_ST", 8);
	memcpy(to + 8 + n, "IKCFG_ED", 8);
	return 16 + n;
}

static void elf_header(uint8_t *to, uint16_t type, uint16_t phnum)
{
	Elf64_Ehdr eh = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = type, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_entry = ENTRY, .e_phoff = sizeof(eh), .e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = phnum,
	};

	memcpy(to, &eh, sizeof(eh));
}

static void put_phdr(uint8_t *to, unsigned int i, Elf64_Phdr ph)
{
	memcpy(to + sizeof(Elf64_Ehdr) + i * sizeof(ph), &ph, sizeof(ph));
}

static size_t put_sections(uint8_t *to, size_t at, const Elf64_Shdr *sh, uint16_t nr)
{
	Elf64_Ehdr eh;

	at = (at + 7) & ~7ul;
	memcpy(to + at, sh, nr * sizeof(*sh));
	memcpy(&eh, to, sizeof(eh));
	eh.e_shoff = at;
	eh.e_shentsize = sizeof(*sh);
	eh.e_shnum = nr;
	eh.e_shstrndx = 1;
	memcpy(to, &eh, sizeof(eh));
	return at + nr * sizeof(*sh);
}

static const char section_names[] = "\0.shstrtab\0.rodata\0.symtab\0.strtab";

static size_t put_config(uint8_t *to, size_t at)
{
	size_t n = images__ikconfig(to + at, IMAGES_MAX - at, 0);
	const Elf64_Shdr sh[] = {
		{ 0 },
		{ .sh_name = 1, .sh_type = SHT_STRTAB, .sh_offset = at + n,
		  .sh_size = sizeof(section_names) },
		{ .sh_name = 11, .sh_type = SHT_PROGBITS, .sh_offset = at, .sh_size = n },
	};

	memcpy(to + at + n, section_names, sizeof(section_names));
	return put_sections(to, at + n + sizeof(section_names), sh, 3);
}

static size_t put_symbols(uint8_t *to, size_t at)
{
	static const char names[] = "\0virtio_mmio_driver\0virtio_console\0ext_sched_class";
	const Elf64_Sym sym[] = { { 0 }, { .st_name = 1 }, { .st_name = 20 }, { .st_name = 35 } };
	size_t str = at + sizeof(sym), shstr = str + sizeof(names);
	const Elf64_Shdr sh[] = {
		{ 0 },
		{ .sh_name = 1, .sh_type = SHT_STRTAB, .sh_offset = shstr,
		  .sh_size = sizeof(section_names) },
		{ .sh_name = 19, .sh_type = SHT_SYMTAB, .sh_offset = at, .sh_size = sizeof(sym),
		  .sh_entsize = sizeof(sym[0]), .sh_link = 3 },
		{ .sh_name = 27, .sh_type = SHT_STRTAB, .sh_offset = str,
		  .sh_size = sizeof(names) },
	};

	memcpy(to + at, sym, sizeof(sym));
	memcpy(to + str, names, sizeof(names));
	memcpy(to + shstr, section_names, sizeof(section_names));
	return put_sections(to, shstr + sizeof(section_names), sh, 4);
}

size_t images__vmlinux(uint8_t *to, enum images_kind kind)
{
	memset(to, 0, IMAGES_MAX);
	elf_header(to, ET_EXEC, 2);
	put_phdr(to, 0, (Elf64_Phdr){
		.p_type = PT_LOAD, .p_offset = TEXT, .p_paddr = ENTRY,
		.p_filesz = TEXT_LEN, .p_memsz = TEXT_LEN,
	});
	put_phdr(to, 1, (Elf64_Phdr){
		.p_type = PT_LOAD, .p_offset = DATA, .p_paddr = DATA_AT,
		.p_filesz = DATA_LEN, .p_memsz = 0x3000,
	});
	for (size_t i = TEXT; i < REST; i++)
		to[i] = (uint8_t)(i * 7 + 1);
	if (kind == IMAGES_CONFIG)
		return put_config(to, REST);
	return kind == IMAGES_SYMBOLS ? put_symbols(to, REST) : REST;
}

size_t images__program(uint8_t *to)
{
	static const char loader[] = "/lib64/ld.so";
	static const char strings[] = "\0libc.so.6\0libelf.so.1\0$ORIGIN/lib";
	const Elf64_Dyn dyn[] = {
		{ DT_NEEDED, { 1 } }, { DT_STRTAB, { 0x10000 + REST } }, { DT_NEEDED, { 11 } },
		{ DT_RUNPATH, { 23 } }, { DT_RPATH, { 23 } }, { DT_NULL, { 0 } },
	};
	size_t size = REST + sizeof(strings);

	memset(to, 0, IMAGES_MAX);
	elf_header(to, ET_DYN, 3);
	/* As every linker has it, the loader's name and the strings are within a segment. */
	memcpy(to + sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr), loader, sizeof(loader));
	put_phdr(to, 0, (Elf64_Phdr){
		.p_type = PT_INTERP, .p_offset = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr),
		.p_filesz = sizeof(loader),
	});
	put_phdr(to, 1, (Elf64_Phdr){
		.p_type = PT_LOAD, .p_vaddr = 0x10000, .p_filesz = size, .p_memsz = size,
	});
	put_phdr(to, 2, (Elf64_Phdr){
		.p_type = PT_DYNAMIC, .p_offset = TEXT, .p_filesz = sizeof(dyn),
	});
	memcpy(to + TEXT, dyn, sizeof(dyn));
	memcpy(to + REST, strings, sizeof(strings));
	return size;
}

#define SETUP_LEN	1024u	/* one sector and the boot sector: the header ends within it */
#define KERNEL_LEN	0x240u	/* the 64-bit entry is 0x200 bytes in */

size_t images__bzimage(uint8_t *to, const uint8_t *payload, size_t len)
{
	size_t kernel_len = (KERNEL_LEN + len + 15) & ~15ul;
	struct setup_header h = {
		.setup_sects = 1, .syssize = (uint32_t)(kernel_len / 16), .boot_flag = 0xaa55,
		.jump = (uint16_t)(0xeb | (sizeof(h) + 0x1f1 - 0x202) << 8),
		.header = 0x53726448, .version = 0x020f, .kernel_version = 0x80,
		.loadflags = LOADED_HIGH, .initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000, .relocatable_kernel = 1,
		.xloadflags = XLF_KERNEL_64, .cmdline_size = 2047,
		.payload_offset = len ? KERNEL_LEN : 0, .payload_length = (uint32_t)len,
		.pref_address = ENTRY, .init_size = 0x4000,
	};

	memset(to, 0, IMAGES_MAX);
	memcpy(to + 0x1f1, &h, sizeof(h));
	strcpy((char *)to + 0x280, "6.12.0-test (me@here) #1");
	for (size_t i = 0; i < KERNEL_LEN; i++)
		to[SETUP_LEN + i] = (uint8_t)(i * 5 + 1);
	if (len)
		memcpy(to + SETUP_LEN + KERNEL_LEN, payload, len);
	return SETUP_LEN + kernel_len;
}
