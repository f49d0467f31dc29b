// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of allow and deny files, and their patterns.
 *
 * Globs, not regular expressions: a hostile line must not cost more than its
 * length, and people copy lines of a log full of '(', '+' and '.'.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "file.h"
#include "splat_rules.h"

/* Where reading is. */
struct reader {
	const char *path;
	unsigned int line;
	bool deny;
	uint32_t today;
	struct ktstr_error *e;
};

#define bad(r, fmt, ...) \
	ktstr_error_set((r)->e, -EINVAL, "%.200s:%u: " fmt, (r)->path, (r)->line, ##__VA_ARGS__)

/* One '*' to come back to is enough: what an earlier one matched is settled by the later. */
bool splat_rules__matches(const char *pattern, const char *text)
{
	const char *star = NULL, *back = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			back = text;
		} else if (*pattern == '?' || (*pattern && *pattern == *text)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++back;
		} else {
			return false;
		}
	}
	return !pattern[strspn(pattern, "*")];
}

uint32_t splat_rules__today(void)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	return (uint32_t)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday);
}

const char *splat_rules__date(uint32_t day, char *buf)
{
	/* Within what read_date() lets through. */
	snprintf(buf, 11, "%04u-%02u-%02u", day / 10000 % 10000, day / 100 % 100, day % 100);
	return buf;
}

static bool is_day(unsigned int y, unsigned int m, unsigned int d)
{
	static const unsigned char days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = !(y % 4) && (y % 100 || !(y % 400));

	return m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] && !(m == 2 && d == 29 && !leap);
}

/* "YYYY-MM-DD" and a blank. */
static int read_date(const struct reader *r, const char **s, uint32_t *day)
{
	static const char form[] = "dddd-dd-dd";
	unsigned int n[3] = { 0 }, part = 0;

	for (size_t i = 0; form[i]; i++) {
		char c = (*s)[i];

		if (form[i] == 'd' ? c < '0' || c > '9' : c != '-')
			return bad(r, "an entry begins with the day it expires, YYYY-MM-DD");
		if (form[i] == 'd')
			n[part] = n[part] * 10 + (unsigned int)(c - '0');
		else
			part++;
	}
	if (!is_day(n[0], n[1], n[2]))
		return bad(r, "there is no day %.10s", *s);
	*day = n[0] * 10000 + n[1] * 100 + n[2];
	*s += sizeof(form) - 1;
	if (**s != ' ' && **s != '\t')
		return bad(r, "a blank must follow the day");
	*s += strspn(*s, " \t");
	return 0;
}

/* In double quotes; a backslash takes the next byte as it is. */
static int read_pattern(const struct reader *r, const char **s, char *dst)
{
	const char *p = *s;
	size_t n = 0;

	if (*p++ != '"')
		return bad(r, "a pattern in double quotes must follow the day");
	for (; *p != '"'; p++) {
		if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		else if (*p == '\\')
			return bad(r, "in a pattern a backslash stands before \" or \\ only");
		if (!*p)
			return bad(r, "the pattern has no closing quote");
		if (n == SPLAT_PATTERN_MAX - 1)
			return bad(r, "the pattern is longer than %u bytes", SPLAT_PATTERN_MAX - 1);
		dst[n++] = *p;
	}
	dst[n] = '\0';
	/* It would allow, or deny, all that a kernel can say. */
	if (!dst[strspn(dst, "*?")])
		return bad(r, "the pattern \"%.40s\" matches everything", dst);
	*s = p + 1;
	return 0;
}

static int read_reason(const struct reader *r, const char *s, char *dst)
{
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len && strchr(" \t\r", s[len - 1]))
		len--;
	if (!len)
		return bad(r, "a reason must follow the pattern");
	if (len >= SPLAT_REASON_MAX)
		return bad(r, "the reason is longer than %u bytes", SPLAT_REASON_MAX - 1);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return bad(r, "the reason has a control character");
	memcpy(dst, s, len);
	dst[len] = '\0';
	return 0;
}

static int add(struct splat_rules *to, const struct reader *r, const struct splat_rule *rule)
{
	struct splat_rule *more;

	if (to->nr == SPLAT_RULES_MAX)
		return bad(r, "more than %u entries in all; remove those that are not used",
			   SPLAT_RULES_MAX);
	more = reallocarray(to->rules, to->nr + 1, sizeof(*more));
	if (!more)
		return ktstr_error_set(r->e, -ENOMEM, "out of memory");
	to->rules = more;
	to->rules[to->nr++] = *rule;
	return 0;
}

static int read_line(struct splat_rules *to, const struct reader *r, const char *s)
{
	struct splat_rule rule = { .deny = r->deny, .file = r->path, .line = r->line };
	int ret;

	s += strspn(s, " \t\r");
	if (!*s || *s == '#')
		return 0;
	ret = read_date(r, &s, &rule.expires);
	if (!ret)
		ret = read_pattern(r, &s, rule.pattern);
	if (!ret)
		ret = read_reason(r, s, rule.reason);
	rule.expired = rule.expires < r->today;
	return ret ? ret : add(to, r, &rule);
}

int splat_rules__parse(struct splat_rules *to, const char *text, size_t len, const char *path,
		       bool deny, uint32_t today, struct ktstr_error *e)
{
	struct reader r = { .path = path, .deny = deny, .today = today, .e = e };
	char line[1024];
	int ret = 0;

	while (len && !ret) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;

		r.line++;
		if (n >= sizeof(line))
			return bad(&r, "the line is longer than %zu bytes", sizeof(line) - 1);
		if (memchr(text, '\0', n))
			return bad(&r, "the line has a NUL byte; is this a text file?");
		memcpy(line, text, n);
		line[n] = '\0';
		ret = read_line(to, &r, line);
		n += !!nl;
		text += n;
		len -= n;
	}
	return ret;
}

int splat_rules__load(struct splat_rules *r, const char *path, bool deny, uint32_t today,
		      struct ktstr_error *e)
{
	struct ktstr_error why;
	void *data;
	size_t len;
	int ret = file__read(path, SPLAT_FILE_MAX, &data, &len, NULL, &why);

	if (ret)
		return ktstr_error_set(e, ret, "--splat-%s: %.400s", deny ? "deny" : "allow",
				       why.msg);
	ret = splat_rules__parse(r, data, len, path, deny, today, e);
	free(data);
	return ret;
}

void splat_rules__free(struct splat_rules *r)
{
	free(r->rules);
	r->rules = NULL;
	r->nr = 0;
}

const struct splat_rule *splat_rules__find(const struct splat_rules *r, bool deny,
					   const char *text)
{
	const struct splat_rule *old = NULL;

	for (uint32_t i = 0; r && i < r->nr; i++) {
		const struct splat_rule *rule = &r->rules[i];

		if (rule->deny != deny || (rule->expired && old) ||
		    !splat_rules__matches(rule->pattern, text))
			continue;
		if (!rule->expired)
			return rule;
		old = rule;
	}
	return old;
}
