// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits as the kernel's log, its trace and schedulers print them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "sched_exit.h"
#include "sched_exit_text.h"

#define RULE_LEN	20	/* UEI_REPORT() frames a dump with 80 of '=' */

static void copy(char *dst, size_t size, const char *src, size_t len)
{
	text__clean(dst, size, src, len);
}

/* "REASON (MESSAGE)" or "REASON"; a message has parentheses of its own, and may be cut. */
static void take_sentence(struct sched_exit_told *t, const char *s, bool cut)
{
	const char *open = strstr(s, " (");
	size_t len = strlen(s);

	copy(t->reason, sizeof(t->reason), s, open ? (size_t)(open - s) : len);
	t->kind = sched_exit__kind_of(t->reason);
	if (!open)
		return;
	open += 2;
	len -= (size_t)(open - s);
	t->msg_cut = cut || !len || open[len - 1] != ')' || len > sizeof(t->msg);
	if (len && open[len - 1] == ')')
		len--;
	copy(t->msg, sizeof(t->msg), open, len);
}

/* Only facility 0 is the kernel's own voice (see splat.c). "<prio,seq,usec>text" */
static const char *log_text(const char *line)
{
	const char *end = strchr(line, '>');

	if (line[0] != '<' || !end || strtoul(line + 1, NULL, 10) >> 3)
		return NULL;
	return end + 1;
}

static bool log_disabled(struct sched_exit *x, const char *text)
{
	static const char begin[] = "sched_ext: BPF scheduler \"", middle[] = "\" disabled (";
	struct sched_exit_told t = { 0 };
	const char *name = text + sizeof(begin) - 1, *end;
	size_t len;

	if (strncmp(text, begin, sizeof(begin) - 1))
		return false;
	end = strstr(name, middle);
	if (!end)
		return false;
	copy(t.ops, sizeof(t.ops), name, (size_t)(end - name));
	end += sizeof(middle) - 1;
	len = strlen(end);
	copy(t.reason, sizeof(t.reason), end, len && end[len - 1] == ')' ? len - 1 : len);
	t.kind = sched_exit__kind_of(t.reason);
	x->msg_follows = sched_exit__tell(x, SCHED_EXIT_BY_LOG, &t) &&
			 t.kind >= SCHED_EXIT_ERROR;
	return true;
}

/* "sched_ext: NAME: MESSAGE" right behind it. */
static void log_message(struct sched_exit *x, const char *text, bool cut)
{
	struct sched_exit_told *t = &x->told[SCHED_EXIT_BY_LOG];
	char begin[SCHED_EXIT_OPS_MAX + 16];
	size_t len = (size_t)snprintf(begin, sizeof(begin), "sched_ext: %s: ", t->ops);

	if (strncmp(text, begin, len))
		return;
	t->msg_cut = cut || strlen(text + len) >= sizeof(t->msg);
	copy(t->msg, sizeof(t->msg), text + len, strlen(text + len));
}

static void log_line(struct sched_exit *x, const char *line, bool cut)
{
	const char *text = log_text(line);

	if (!text || log_disabled(x, text))
		return;
	if (x->msg_follows)
		log_message(x, text, cut);
	x->msg_follows = false;
}

static void dump_line(struct sched_exit_dump *d, const char *line)
{
	size_t len = strlen(line);

	/* The blank line behind a title. */
	if (!len && !d->len)
		return;
	if (d->cut || len + 2 > sizeof(d->text) - d->len) {
		d->cut = true;
		return;
	}
	text__clean(d->text + d->len, len + 1, line, len);
	d->len += strlen(d->text + d->len);
	d->text[d->len++] = '\n';
	d->text[d->len] = '\0';
}

static bool is_rule(const char *line)
{
	size_t n = strspn(line, "=");

	return n >= RULE_LEN && !line[n];
}

/* Return: did the line belong to a dump? */
static bool self_dump(struct sched_exit *x, const char *line)
{
	bool rule = is_rule(line);

	if (!x->in_dump) {
		x->in_dump = !strcmp(line, "DEBUG DUMP");
		/* The first dump is that of the first exit. */
		return x->in_dump;
	}
	if (x->in_dump == 1) {
		x->in_dump = rule ? 2 : 0;
		return rule;
	}
	if (rule)
		x->in_dump = 0;
	else if (x->told[SCHED_EXIT_BY_SELF].times == 0)
		dump_line(&x->self, line);
	return true;
}

/* scx_utils puts "Error: " before what it got from the kernel. */
static void self_line(struct sched_exit *x, const char *line, bool cut)
{
	struct sched_exit_told t = { 0 };

	if (self_dump(x, line))
		return;
	if (!strncmp(line, "Error: ", 7))
		line += 7;
	if (strncmp(line, "EXIT: ", 6))
		return;
	take_sentence(&t, line + 6, cut);
	sched_exit__tell(x, SCHED_EXIT_BY_SELF, &t);
}

/* "COMM[PID] triggered exit kind N:", the first line of a dump; then "  REASON (MESSAGE)". */
static bool trace_title(struct sched_exit *x, const char *text)
{
	static const char words[] = "] triggered exit kind ";
	struct sched_exit_told t = { 0 };
	const char *at = strstr(text, words);

	if (!at)
		return false;
	t.kind = (uint32_t)strtoul(at + sizeof(words) - 1, NULL, 10);
	sched_exit__tell(x, SCHED_EXIT_BY_TRACE, &t);
	return true;
}

static void trace_sentence(struct sched_exit_told *t, const char *text, bool cut)
{
	uint32_t kind = t->kind;

	if (t->times != 1 || t->reason[0] || strncmp(text, "  ", 2))
		return;
	take_sentence(t, text + 2, cut);
	/* The number is the better one. */
	t->kind = kind;
}

/* "  COMM-PID [CPU] FLAGS TIME: sched_ext_dump: TEXT" */
static void trace_line(struct sched_exit *x, const char *line, bool cut)
{
	static const char words[] = ": sched_ext_dump: ";
	const char *text = strstr(line, words);

	if (!text)
		return;
	text += sizeof(words) - 1;
	if (!trace_title(x, text))
		trace_sentence(&x->told[SCHED_EXIT_BY_TRACE], text, cut);
	if (x->told[SCHED_EXIT_BY_TRACE].times < 2)
		dump_line(&x->trace, text);
}

static void end_line(struct sched_exit *x, enum sched_exit_source from)
{
	const char *line = x->line[from].text;
	bool cut = x->line[from].cut;

	x->line[from].text[x->line[from].len] = '\0';
	x->line[from].len = 0;
	x->line[from].cut = false;
	switch (from) {
	case SCHED_EXIT_BY_LOG:
		return log_line(x, line, cut);
	case SCHED_EXIT_BY_TRACE:
		return trace_line(x, line, cut);
	case SCHED_EXIT_BY_SELF:
		return self_line(x, line, cut);
	default:
		return;
	}
}

void sched_exit__feed(struct sched_exit *x, enum sched_exit_source from, const void *data,
		      size_t len)
{
	const char *p = data;

	for (; len; len--, p++) {
		if (*p == '\n')
			end_line(x, from);
		else if (x->line[from].len == SCHED_EXIT_LINE_MAX - 1)
			x->line[from].cut = true;
		else if (*p && *p != '\r')
			x->line[from].text[x->line[from].len++] = *p;
	}
}
