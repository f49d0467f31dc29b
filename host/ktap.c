// SPDX-License-Identifier: GPL-2.0-only
/*
 * KTAP writer.
 */
#include <stdarg.h>
#include <string.h>

#include "buf.h"
#include "ktap.h"

static void put(struct ktap *k, const char *line)
{
	fprintf(k->out, "%s\n", line);
	/* A pipe's reader wants every point when it happens. */
	fflush(k->out);
	if (k->copy) {
		fprintf(k->copy, "%s\n", line);
		fflush(k->copy);
	}
}

static void __attribute__((format(printf, 2, 3))) putf(struct ktap *k, const char *fmt, ...)
{
	char line[1280];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	put(k, line);
}

static void point(struct ktap *k, const char *ok, const char *name, const char *sep,
		  const char *fmt, va_list ap)
{
	char more[512];

	vsnprintf(more, sizeof(more), fmt, ap);
	putf(k, "%s %u %s%s%s", ok, ++k->n, name, *more ? sep : "", more);
}

void ktap__begin(struct ktap *k, unsigned int points)
{
	put(k, "TAP version 13");
	putf(k, "1..%u", points);
}

void ktap__pass(struct ktap *k, const char *name, const char *fmt, ...)
{
	va_list ap;

	k->pass++;
	va_start(ap, fmt);
	point(k, "ok", name, " ", fmt, ap);
	va_end(ap);
}

void ktap__fail(struct ktap *k, const char *name, const char *fmt, ...)
{
	va_list ap;

	k->fail++;
	va_start(ap, fmt);
	point(k, "not ok", name, " ", fmt, ap);
	va_end(ap);
}

void ktap__skip(struct ktap *k, const char *name, const char *fmt, ...)
{
	va_list ap;

	k->skip++;
	va_start(ap, fmt);
	point(k, "ok", name, " # SKIP ", fmt, ap);
	va_end(ap);
}

void ktap__diag(struct ktap *k, const char *fmt, ...)
{
	char line[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	putf(k, "# %s", line);
}

void ktap__nested(struct ktap *k, const char *fmt, ...)
{
	char line[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	putf(k, "    %s", line);
}

void ktap__quote(struct ktap *k, const char *text, size_t len)
{
	char line[512];

	while (len) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;

		text__clean(line, sizeof(line), text, n);
		putf(k, "#   | %s", line);
		n += nl ? 1 : 0;
		text += n;
		len -= n;
	}
}

void ktap__bail(struct ktap *k, const char *fmt, ...)
{
	char line[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	putf(k, "Bail out! %s", line);
}

void ktap__end(struct ktap *k)
{
	putf(k, "# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0", k->pass, k->fail,
	     k->skip);
}
