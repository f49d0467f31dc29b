// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the corpora of the readers of files began with.
 */
#include <string.h>

#include "images.h"
#include "seeds.h"

static void write_image(const char *dir, const char *name, const uint8_t *data, size_t len)
{
	FILE *f = seeds__create(dir, name);

	fwrite(data, 1, len, f);
	seeds__finish(f);
}

void seeds__elf(const char *dir)
{
	static uint8_t buf[IMAGES_MAX];

	write_image(dir, "plain", buf, images__vmlinux(buf, IMAGES_PLAIN));
	write_image(dir, "config", buf, images__vmlinux(buf, IMAGES_CONFIG));
	write_image(dir, "symbols", buf, images__vmlinux(buf, IMAGES_SYMBOLS));
	write_image(dir, "program", buf, images__program(buf));
}

void seeds__bzimage(const char *dir)
{
	static uint8_t buf[IMAGES_MAX], kernel[512], payload[512];
	size_t n = images__ikconfig(kernel, sizeof(kernel), 0);

	write_image(dir, "plain", buf, images__bzimage(buf, NULL, 0));
	n = images__gzip(payload, sizeof(payload), kernel, n);
	write_image(dir, "config", buf, images__bzimage(buf, payload, n));
	write_image(dir, "not_gzip", buf, images__bzimage(buf, kernel, 100));
}

/* Calls in the words of fuzz_cpio.c: what, three bytes of mode, path, and what it needs. */
void seeds__cpio(const char *dir)
{
	static const char tree[] =
		"\2\355\1\0/init\0\0\7"			/* a file of 7 bytes, */
		"\2\355\1\0/bin/sh\0\1\1"		/* one in a directory, */
		"\0\355\1\0/dev\0" "\0\355\1\0/dev\0"	/* a directory twice, */
		"\1\0\0\0/lib/libc.so\0/usr/lib/libc.so\0"
		"\7\0\0\0";
	static const char odd[] =
		"\2\0\0\0/a\0\0\0" "\2\0\0\0/a/b\0\0\1"	/* below a file */
		"\0\0\0\0/a\0" "\1\0\0\0/c\0\0"		/* over a file; to nowhere */
		"\2\0\0\0/TRAILER!!!\0\0\1" "\6\0\0\0/big\0"
		"\2\0\0\0/x\377\377\0\0\1" "\2\0\0\0/../x\0\0\1"
		"\7\0\0\0" "\2\0\0\0/late\0\0\1";

	write_image(dir, "tree", (const uint8_t *)tree, sizeof(tree) - 1);
	write_image(dir, "odd", (const uint8_t *)odd, sizeof(odd) - 1);
}
