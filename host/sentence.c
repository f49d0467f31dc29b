// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sentences on their way to a person.
 */
#include "sentence.h"

static int printable(unsigned char c)
{
	return c < ' ' || c == 0x7f ? '?' : c;
}

void sentence__print(FILE *f, const char *lead, const char *text)
{
	fputs(lead, f);
	for (; *text; text++)
		fputc(printable(*text), f);
	fputc('\n', f);
}
