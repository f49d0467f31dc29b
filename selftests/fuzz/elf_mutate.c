// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutations that know ELF: a flipped byte of the header would end most inputs there.
 */
#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "dice.h"
#include "fuzz.h"
#include "images.h"

/* Places and sizes at the edges of the file, of RAM (boot_ram.h) and of arithmetic. */
static uint64_t some_number(uint32_t *dice, size_t size)
{
	static const uint64_t edges[] = {
		0, 0x100000, 0x1000000, 32ull << 20, 1ull << 32, (1ull << 32) + (4ull << 20),
		1ull << 63, 1ull << 31, 1ull << 20, 4096,
	};

	switch (dice__below(dice, 4)) {
	case 0:
		return dice__below(dice, (uint32_t)size + 1);
	case 1:
		return size - dice__below(dice, 64);
	case 2:
		return dice__below(dice, 0x200);
	default:
		return edges[dice__below(dice, sizeof(edges) / sizeof(edges[0]))] +
		       dice__below(dice, 3) - 1;
	}
}

/* Entry @i of a table, or NULL unless it is in the file. */
static uint8_t *entry(uint8_t *data, size_t size, uint64_t off, uint64_t i, size_t len)
{
	if (off > size || i > size || i * len > size - off || len > size - off - i * len)
		return NULL;
	return data + off + i * len;
}

static void repair_header(uint8_t *data, uint32_t *dice)
{
	Elf64_Ehdr eh;

	memcpy(&eh, data, sizeof(eh));
	memcpy(eh.e_ident, ELFMAG "\2\1\1", SELFMAG + 3);
	eh.e_type = dice__one_in(dice, 4) ? ET_DYN : ET_EXEC;
	eh.e_machine = EM_X86_64;
	eh.e_version = EV_CURRENT;
	eh.e_ehsize = sizeof(eh);
	eh.e_phentsize = sizeof(Elf64_Phdr);
	if (dice__one_in(dice, 2)) {
		eh.e_phoff = sizeof(eh);
		eh.e_phnum = 1 + dice__below(dice, 3);
	}
	eh.e_shentsize = sizeof(Elf64_Shdr);
	memcpy(data, &eh, sizeof(eh));
}

static void change_header(uint8_t *data, size_t size, uint32_t *dice)
{
	Elf64_Ehdr eh;

	memcpy(&eh, data, sizeof(eh));
	switch (dice__below(dice, 6)) {
	case 0:
		eh.e_entry = some_number(dice, size);
		break;
	case 1:
		eh.e_phoff = some_number(dice, size);
		break;
	case 2:
		eh.e_phnum = dice__one_in(dice, 4) ? PN_XNUM : dice__below(dice, 70);
		break;
	case 3:
		eh.e_shoff = some_number(dice, size);
		break;
	case 4:
		eh.e_shnum = dice__below(dice, 8);
		break;
	default:
		eh.e_shstrndx = dice__one_in(dice, 4) ? SHN_XINDEX : dice__below(dice, 8);
	}
	memcpy(data, &eh, sizeof(eh));
}

static void change_segment(uint8_t *data, size_t size, uint32_t *dice)
{
	static const uint32_t types[] = { PT_LOAD, PT_LOAD, PT_INTERP, PT_DYNAMIC, PT_NULL };
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	uint8_t *at;

	memcpy(&eh, data, sizeof(eh));
	at = entry(data, size, eh.e_phoff, dice__below(dice, eh.e_phnum % 8), sizeof(ph));
	if (!at)
		return;
	memcpy(&ph, at, sizeof(ph));
	switch (dice__below(dice, 6)) {
	case 0:
		ph.p_type = types[dice__below(dice, 5)];
		break;
	case 1:
		ph.p_offset = some_number(dice, size);
		break;
	case 2:
		ph.p_paddr = some_number(dice, size);
		break;
	case 3:
		ph.p_filesz = some_number(dice, size);
		break;
	case 4:
		ph.p_memsz = some_number(dice, size);
		break;
	default:
		ph.p_vaddr = some_number(dice, size);
	}
	memcpy(at, &ph, sizeof(ph));
}

static void change_section(uint8_t *data, size_t size, uint32_t *dice)
{
	static const uint32_t types[] = { SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_NOBITS };
	Elf64_Ehdr eh;
	Elf64_Shdr sh;
	uint8_t *at;

	memcpy(&eh, data, sizeof(eh));
	at = entry(data, size, eh.e_shoff, dice__below(dice, eh.e_shnum % 8), sizeof(sh));
	if (!at)
		return;
	memcpy(&sh, at, sizeof(sh));
	switch (dice__below(dice, 6)) {
	case 0:
		sh.sh_type = types[dice__below(dice, 4)];
		break;
	case 1:
		sh.sh_offset = some_number(dice, size);
		break;
	case 2:
		sh.sh_size = some_number(dice, size);
		break;
	case 3:
		sh.sh_link = dice__below(dice, 8);
		break;
	case 4:
		sh.sh_name = dice__below(dice, 48);
		break;
	default:
		sh.sh_info = (uint32_t)some_number(dice, size);
	}
	memcpy(at, &sh, sizeof(sh));
}

static void change_dynamic(uint8_t *data, size_t size, uint32_t *dice)
{
	static const int64_t tags[] = { DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH, DT_NULL };
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	Elf64_Dyn dyn;
	uint8_t *at;

	memcpy(&eh, data, sizeof(eh));
	for (unsigned int i = 0; i < eh.e_phnum && i < 8; i++) {
		at = entry(data, size, eh.e_phoff, i, sizeof(ph));
		if (!at)
			return;
		memcpy(&ph, at, sizeof(ph));
		if (ph.p_type != PT_DYNAMIC)
			continue;
		at = entry(data, size, ph.p_offset, dice__below(dice, 8), sizeof(dyn));
		if (!at)
			return;
		memcpy(&dyn, at, sizeof(dyn));
		if (dice__one_in(dice, 2))
			dyn.d_tag = tags[dice__below(dice, 5)];
		else
			dyn.d_un.d_val = some_number(dice, size);
		memcpy(at, &dyn, sizeof(dyn));
		return;
	}
}

/* A configuration over what is there, and a section that ends or begins about there. */
static void plant_config(uint8_t *data, size_t size, uint32_t *dice)
{
	size_t at = sizeof(Elf64_Ehdr) + dice__below(dice, (uint32_t)(size - sizeof(Elf64_Ehdr)));

	images__ikconfig(data + at, size - at, dice__next(dice));
}

static void mutate(uint8_t *data, size_t size, uint32_t *dice)
{
	switch (dice__below(dice, 8)) {
	case 0:
		repair_header(data, dice);
		return;
	case 1:
		change_header(data, size, dice);
		return;
	case 2:
	case 3:
		change_segment(data, size, dice);
		return;
	case 4:
		change_section(data, size, dice);
		return;
	case 5:
		plant_config(data, size, dice);
		return;
	default:
		change_dynamic(data, size, dice);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	uint32_t dice = dice__start(seed);

	if (size <= sizeof(Elf64_Ehdr) || dice__one_in(&dice, 3))
		size = LLVMFuzzerMutate(data, size, max);
	else
		for (unsigned int n = 1 + dice__below(&dice, 4); n; n--)
			mutate(data, size, &dice);
	if (size > sizeof(Elf64_Ehdr) && dice__one_in(&dice, 4))
		repair_header(data, &dice);
	return size;
}
