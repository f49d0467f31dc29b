// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo_report.h"

void topo_report__take(struct topo_report *r, const void *data, size_t len)
{
	if (!r->raw)
		r->raw = malloc(TOPO_REPORT_MAX + 1);
	if (!r->raw || len > TOPO_REPORT_MAX - r->len) {
		r->len = TOPO_REPORT_MAX;
		return;
	}
	memcpy(r->raw + r->len, data, len);
	r->len += len;
	r->raw[r->len] = '\0';
}

/* "<pass>:<path> <bytes>\n" and the text; return: bytes of both, 0 if they are not there. */
static size_t parse_one(struct topo_report *r, size_t at)
{
	char *head = r->raw + at, *newline = memchr(head, '\n', r->len - at), *blank, *text;
	unsigned long len;

	if (!newline || r->nr == TOPO_REPORT_FILES)
		return 0;
	*newline = '\0';
	blank = strrchr(head, ' ');
	if (!blank)
		return 0;
	len = strtoul(blank + 1, NULL, 10);
	text = newline + 1;
	if (len > r->len - (size_t)(text - r->raw))
		return 0;
	*blank = '\0';
	/* The text moves over the end of its head, so that a NUL fits behind it. */
	memmove(newline, text, len);
	newline[len] = '\0';
	if (len && newline[len - 1] == '\n')
		newline[len - 1] = '\0';
	r->files[r->nr++] = (struct topo_file){ head, newline };
	return (size_t)(text - head) + len;
}

bool topo_report__parse(struct topo_report *r)
{
	if (!r->raw || r->len == TOPO_REPORT_MAX)
		return false;
	for (size_t at = 0, n; at < r->len; at += n) {
		n = parse_one(r, at);
		if (!n)
			return false;
	}
	return r->nr;
}

const char *topo_report__get(const struct topo_report *r, int pass, const char *fmt, ...)
{
	char name[256];
	int n = snprintf(name, sizeof(name), "%d:", pass);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name + n, sizeof(name) - n, fmt, ap);
	va_end(ap);
	for (unsigned int i = 0; i < r->nr; i++)
		if (!strcmp(r->files[i].name, name))
			return r->files[i].text;
	return NULL;
}

void topo_report__free(struct topo_report *r)
{
	free(r->raw);
	memset(r, 0, sizeof(*r));
}
