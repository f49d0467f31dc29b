/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of lines of the kernel log that are allowed, or denied
 * (Documentation/splats.rst). Every entry has a day when it expires:
 *
 *	2027-01-31 "WARNING: CPU: * at lib/foo.c:*" why that is so
 */
#ifndef KTSTR_HOST_SPLAT_RULES_H
#define KTSTR_HOST_SPLAT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/error.h>

#define SPLAT_RULES_MAX		256u		/* entries of all files */
#define SPLAT_PATTERN_MAX	192u		/* bytes, with the NUL */
#define SPLAT_REASON_MAX	160u
#define SPLAT_FILE_MAX		(256u << 10)	/* bytes of a file */

/**
 * struct splat_rule - an entry
 * @deny: of a deny file, else of an allow file
 * @expired: its day is over
 * @expires: that day, as YYYYMMDD; it is good for the whole of it
 * @file: name of the file, as it was given
 * @line: where it is in there, from 1
 * @pattern: of the whole line, without its time stamp: '*' any bytes, '?' any one
 * @reason: why
 */
struct splat_rule {
	bool deny;
	bool expired;
	uint32_t expires;
	const char *file;
	unsigned int line;
	char pattern[SPLAT_PATTERN_MAX];
	char reason[SPLAT_REASON_MAX];
};

/** struct splat_rules - the entries of all files, in their order */
struct splat_rules {
	struct splat_rule *rules;
	uint32_t nr;
};

/**
 * splat_rules__load() - add the entries of a file
 * @r: entries, zeroed at first; splat_rules__free() also after an error
 * @path: file; the string must outlive @r
 * @deny: is it a deny file?
 * @today: YYYYMMDD, what is older has expired
 * @e: sentence on failure, with file, line and reason
 *
 * Return: 0, -EINVAL, -ENOMEM, or as file__read().
 */
int splat_rules__load(struct splat_rules *r, const char *path, bool deny, uint32_t today,
		      struct ktstr_error *e);

/** splat_rules__parse() - as splat_rules__load(), of @len bytes of @text that a file would have */
int splat_rules__parse(struct splat_rules *r, const char *text, size_t len, const char *path,
		       bool deny, uint32_t today, struct ktstr_error *e);

/** splat_rules__free() - give everything back */
void splat_rules__free(struct splat_rules *r);

/**
 * splat_rules__find() - the entry for a line
 * @r: entries; may be NULL
 * @deny: of the deny files, else of the allow files
 * @text: line of kernel log without its time stamp
 *
 * Return: the first that is not expired, else the first that is; NULL when none matches.
 */
const struct splat_rule *splat_rules__find(const struct splat_rules *r, bool deny,
					   const char *text);

/**
 * splat_rules__matches() - does a pattern match a whole text?
 *
 * Takes at most strlen(@pattern) * strlen(@text) steps, whatever they are.
 */
bool splat_rules__matches(const char *pattern, const char *text);

/** splat_rules__today() - today by UTC, YYYYMMDD */
uint32_t splat_rules__today(void);

/** splat_rules__date() - a day as "YYYY-MM-DD"; return: @buf, which has room for 11 bytes */
const char *splat_rules__date(uint32_t day, char *buf);

#endif /* KTSTR_HOST_SPLAT_RULES_H */
