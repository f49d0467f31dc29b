/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KTAP in kselftest's form (Documentation/dev-tools/ktap.rst, kselftest.h).
 */
#ifndef KTSTR_HOST_KTAP_H
#define KTSTR_HOST_KTAP_H

#include <stdbool.h>
#include <stdio.h>

/**
 * struct ktap - a stream of test points
 * @out: where to
 * @copy: where else, or NULL; its errors are found at its fclose()
 * @n: points so far
 * @pass, @fail, @skip: of these
 */
struct ktap {
	FILE *out;
	FILE *copy;
	unsigned int n;
	unsigned int pass, fail, skip;
};

/** ktap__begin() - version line and plan of @points test points */
void ktap__begin(struct ktap *k, unsigned int points);

/** ktap__pass() - "ok N name", @fmt being what follows the name, "" for nothing */
void __attribute__((format(printf, 3, 4)))
ktap__pass(struct ktap *k, const char *name, const char *fmt, ...);

/** ktap__fail() - "not ok N name" */
void __attribute__((format(printf, 3, 4)))
ktap__fail(struct ktap *k, const char *name, const char *fmt, ...);

/** ktap__skip() - "ok N name # SKIP reason" */
void __attribute__((format(printf, 3, 4)))
ktap__skip(struct ktap *k, const char *name, const char *fmt, ...);

/** ktap__diag() - a diagnostic line "# ..." */
void __attribute__((format(printf, 2, 3))) ktap__diag(struct ktap *k, const char *fmt, ...);

/** ktap__nested() - a line of a subtest's document, indented as KUnit does */
void __attribute__((format(printf, 2, 3))) ktap__nested(struct ktap *k, const char *fmt, ...);

/** ktap__quote() - foreign text, one diagnostic line for each of its lines, cleaned */
void ktap__quote(struct ktap *k, const char *text, size_t len);

/** ktap__bail() - "Bail out! ...": no more points will come */
void __attribute__((format(printf, 2, 3))) ktap__bail(struct ktap *k, const char *fmt, ...);

/** ktap__end() - the line of totals */
void ktap__end(struct ktap *k);

#endif /* KTSTR_HOST_KTAP_H */
