/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small kernel images for tests, good ones first: each test breaks one thing.
 */
#ifndef UNIT_IMAGE_H
#define UNIT_IMAGE_H

#include <asm/bootparam.h>
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define IMAGE_MAX	(1u << 20)
#define IMAGE_ENTRY	0x1000000ull
#define IMAGE_DATA	0x1200000ull
#define IMAGE_TEXT_LEN	0x3000u
#define IMAGE_DATA_LEN	0x800u
#define IMAGE_BSS_LEN	0x5000u

/* struct image - bytes of a file and where the parts of an ELF are in them */
struct image {
	uint8_t *buf;
	size_t len;
	Elf64_Ehdr *eh;
	Elf64_Phdr *ph;
	char path[64];
};

static inline void image__init(struct image *img)
{
	memset(img, 0, sizeof(*img));
	img->buf = calloc(1, IMAGE_MAX);
	if (!img->buf)
		abort();
	strcpy(img->path, "/tmp/ktstr-image.XXXXXX");
	close(mkstemp(img->path));
}

static inline void image__free(struct image *img)
{
	unlink(img->path);
	free(img->buf);
}

/* Write the first @len bytes to the file and open it. */
static inline int image__open(struct image *img, size_t len)
{
	int fd = open(img->path, O_RDWR | O_TRUNC);

	if (fd < 0 || write(fd, img->buf, len) != (ssize_t)len)
		abort();
	return fd;
}

static inline void image__write(struct image *img, size_t len)
{
	close(image__open(img, len));
}

/* A vmlinux with a text and a data segment; every byte of them tells its place. */
static inline void image__vmlinux(struct image *img)
{
	img->eh = (Elf64_Ehdr *)img->buf;
	img->ph = (Elf64_Phdr *)(img->buf + sizeof(*img->eh));
	*img->eh = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_entry = IMAGE_ENTRY, .e_phoff = sizeof(*img->eh), .e_ehsize = sizeof(*img->eh),
		.e_phentsize = sizeof(*img->ph), .e_phnum = 2, .e_shentsize = sizeof(Elf64_Shdr),
	};
	img->ph[0] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_offset = 0x1000, .p_vaddr = 0xffffffff81000000ull,
		.p_paddr = IMAGE_ENTRY, .p_filesz = IMAGE_TEXT_LEN, .p_memsz = IMAGE_TEXT_LEN,
	};
	img->ph[1] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_offset = 0x1000 + IMAGE_TEXT_LEN,
		.p_vaddr = 0xffffffff81200000ull, .p_paddr = IMAGE_DATA,
		.p_filesz = IMAGE_DATA_LEN, .p_memsz = IMAGE_DATA_LEN + IMAGE_BSS_LEN,
	};
	img->len = 0x1000 + IMAGE_TEXT_LEN + IMAGE_DATA_LEN;
	for (size_t i = 0x1000; i < img->len; i++)
		img->buf[i] = (uint8_t)(i * 7 + (i >> 8));
}

/* "IKCFG_ST", the gzipped text, "IKCFG_ED"; return: bytes */
static inline size_t image__ikconfig(uint8_t *at, const char *text)
{
	z_stream z = {
		.next_in = (Bytef *)text, .avail_in = (uInt)strlen(text),
		.next_out = at + 8, .avail_out = 1 << 16,
	};

	memcpy(at, "IKCFG_ST", 8);
	if (deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	deflateEnd(&z);
	memcpy(at + 8 + z.total_out, "IKCFG_ED", 8);
	return 16 + z.total_out;
}

/* Sections of a vmlinux: null, names, .rodata, and symbols if @symbols is not NULL. */
static inline void image__sections(struct image *img, const uint8_t *rodata, size_t rodata_len,
				   const char * const *symbols)
{
	static const char names[] = "\0.rodata\0.symtab\0.strtab\0.shstrtab";
	size_t at = (img->len + 15) & ~15ul;
	Elf64_Shdr sh[5] = { { 0 } };

	sh[1] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = at, .sh_size = rodata_len };
	memcpy(img->buf + at, rodata, rodata_len);
	at = (at + rodata_len + 15) & ~15ul;
	if (symbols) {
		size_t str = at + 32 * sizeof(Elf64_Sym), str_len = 1, n = 1;

		for (; symbols[n - 1]; n++) {
			((Elf64_Sym *)(img->buf + at))[n].st_name = (Elf64_Word)str_len;
			strcpy((char *)img->buf + str + str_len, symbols[n - 1]);
			str_len += strlen(symbols[n - 1]) + 1;
		}
		sh[2] = (Elf64_Shdr){ .sh_name = 9, .sh_type = SHT_SYMTAB, .sh_offset = at,
			.sh_size = n * sizeof(Elf64_Sym), .sh_entsize = sizeof(Elf64_Sym), .sh_link = 3 };
		sh[3] = (Elf64_Shdr){ .sh_name = 17, .sh_type = SHT_STRTAB, .sh_offset = str, .sh_size = str_len };
		at = (str + str_len + 15) & ~15ul;
	}
	sh[4] = (Elf64_Shdr){ .sh_name = 25, .sh_type = SHT_STRTAB, .sh_offset = at, .sh_size = sizeof(names) };
	memcpy(img->buf + at, names, sizeof(names));
	at = (at + sizeof(names) + 15) & ~15ul;
	memcpy(img->buf + at, sh, sizeof(sh));
	img->eh->e_shoff = at;
	img->eh->e_shnum = 5;
	img->eh->e_shstrndx = 4;
	img->len = at + sizeof(sh);
}

#define BZ_SECTS	4u
#define BZ_KERNEL_OFF	((BZ_SECTS + 1) * 512u)
#define BZ_KERNEL_LEN	0x8000u
#define BZ_RELEASE	"6.12.34-test (builder@host) #1"

static inline struct setup_header *image__hdr(struct image *img)
{
	return (struct setup_header *)(img->buf + 0x1f1);
}

/* A bzImage whose protected-mode part tells its place; its payload is @payload. */
static inline void image__bzimage(struct image *img, const uint8_t *payload, size_t payload_len)
{
	struct setup_header *h = image__hdr(img);
	size_t len = BZ_KERNEL_LEN + ((payload_len + 15) & ~15ul);

	h->setup_sects = BZ_SECTS;
	h->syssize = (uint32_t)(len / 16);
	h->boot_flag = 0xaa55;
	h->jump = (uint16_t)(0xeb | (sizeof(*h) + 0x1f1 - 0x202) << 8);
	memcpy(&h->header, "HdrS", 4);
	h->version = 0x020f;
	h->kernel_version = 0x100;
	h->loadflags = LOADED_HIGH;
	h->initrd_addr_max = 0x7fffffff;
	h->kernel_alignment = 0x200000;
	h->relocatable_kernel = 1;
	h->xloadflags = XLF_KERNEL_64;
	h->cmdline_size = 2047;
	h->pref_address = IMAGE_ENTRY;
	h->init_size = 0x1000000;
	h->payload_offset = BZ_KERNEL_LEN;
	h->payload_length = (uint32_t)payload_len;
	strcpy((char *)img->buf + 0x300, BZ_RELEASE);
	for (size_t i = 0; i < BZ_KERNEL_LEN; i++)
		img->buf[BZ_KERNEL_OFF + i] = (uint8_t)(i * 5 + (i >> 8));
	if (payload_len)
		memcpy(img->buf + BZ_KERNEL_OFF + BZ_KERNEL_LEN, payload, payload_len);
	img->len = BZ_KERNEL_OFF + len;
}

#endif /* UNIT_IMAGE_H */
