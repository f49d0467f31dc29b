// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations as lines and back.
 *
 * A line is good when the operation that it gives is written in the same bytes again.
 * So there is one form of each, and everything that is read can be sent on.
 */
#include <errno.h>
#include <stdlib.h>

#include "op_fields.h"
#include "op_name.h"

struct out {
	char *line;
	size_t len, size;	/* @len counts what did not fit, too */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->line[o->len] = c;
	o->len++;
}

static void put_text(struct out *o, const char *s)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x21 && c != '%' && c != 0x7f) {
			put(o, *s);
			continue;
		}
		put(o, '%');
		put(o, digits[c >> 4]);
		put(o, digits[c & 15]);
	}
}

/* Digits that give the same number again: 0.1 and not 0.10000000000000001. */
static void put_double(struct out *o, double v)
{
	char text[40];

	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	put_text(o, text);
}

static void put_cpus(struct out *o, const struct cpu_mask *cpus)
{
	char text[KTSTR_OP_LINE_MAX];

	put_text(o, cpu_mask__text(cpus, text, sizeof(text)));
}

static void put_number(struct out *o, const struct op_field *f, const void *v)
{
	char text[24];

	if (f->type == OP_U64)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)*(const uint64_t *)v);
	else if (f->type == OP_S64)
		snprintf(text, sizeof(text), "%lld", (long long)*(const int64_t *)v);
	else if (f->type == OP_S32)
		snprintf(text, sizeof(text), "%d", *(const int32_t *)v);
	else if (f->type == OP_BOOL)
		snprintf(text, sizeof(text), "%d", *(const bool *)v);
	else
		snprintf(text, sizeof(text), "%u", *(const uint32_t *)v);
	put_text(o, text);
}

static void put_field(struct out *o, const struct op_field *f, const struct ktstr_op *op)
{
	const void *v = (const char *)op + f->offset;

	put(o, ' ');
	put_text(o, f->key);
	put(o, '=');
	if (f->type <= OP_TEXT)
		put_text(o, v);
	else if (f->type == OP_CPUS)
		put_cpus(o, v);
	else if (f->type == OP_DOUBLE)
		put_double(o, *(const double *)v);
	else if (f->type == OP_POLICY)
		put_text(o, op_policy__name(*(const enum ktstr_policy *)v));
	else if (f->type == OP_EXPECT)
		put_text(o, ktstr_expect__name(*(const enum ktstr_expect_kind *)v));
	else
		put_number(o, f, v);
}

/* A field that is wrong, or misses; NULL when there is none. */
static const struct op_field *wrong_field(const struct ktstr_op *op)
{
	const struct op_field *f;

	for (unsigned int i = 0; (f = op_field__at(i)); i++) {
		bool must = f->needs & 1u << op->verb;

		if (!(f->verbs & 1u << op->verb))
			continue;
		if ((must || op_field__said(f, op)) && !op_field__check(f, op))
			return f;
	}
	return NULL;
}

static bool is_verb(enum ktstr_verb verb)
{
	return (unsigned int)verb < KTSTR_V_NR && verb != KTSTR_V_LOOP && verb != KTSTR_V_END;
}

static bool whole_groups(const struct ktstr_op *op)
{
	return op->verb != KTSTR_V_SPAWN || !(op->work.nr % op->work.group);
}

int ktstr_op__write(const struct ktstr_op *op, char *line, size_t size)
{
	struct out o = { line, 0, size };
	const struct op_field *f;

	if (size)
		line[0] = '\0';
	if (!is_verb(op->verb) || wrong_field(op) || !whole_groups(op))
		return -EINVAL;
	put_text(&o, ktstr_verb__name(op->verb));
	for (unsigned int i = 0; (f = op_field__at(i)); i++)
		if (f->verbs & 1u << op->verb &&
		    (f->needs & 1u << op->verb || op_field__said(f, op)))
			put_field(&o, f, op);
	if (o.len >= size) {
		if (size)
			line[0] = '\0';
		return -E2BIG;
	}
	line[o.len] = '\0';
	return (int)o.len;
}

/* A line while it is read. */
struct in {
	const char *at, *end;
	struct ktstr_op *op;
	uint64_t seen;		/* bit by field */
	char value[KTSTR_OP_LINE_MAX];
	struct ktstr_error *e;
};

#define bad(in, fmt, ...)	ktstr_error_set((in)->e, -EINVAL, "operation: " fmt, ##__VA_ARGS__)

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A word's value, %XX undone. It fits: no line is longer than the room. */
static int decode(struct in *in, const char *s, const char *end)
{
	char *out = in->value;

	for (; s < end; s++) {
		int hi, lo;

		if ((unsigned char)*s < 0x21 || *s == 0x7f)
			return bad(in, "byte 0x%02x must be written %%%02X", (unsigned char)*s,
				   (unsigned char)*s);
		if (*s != '%') {
			*out++ = *s;
			continue;
		}
		if (end - s < 3)
			return bad(in, "'%%' must be followed by two hexadecimal digits");
		hi = hex_digit(s[1]);
		lo = hex_digit(s[2]);
		if (hi < 0 || lo < 0 || !(hi | lo))
			return bad(in, "'%%' must be followed by two hexadecimal digits, not 00");
		*out++ = (char)(hi << 4 | lo);
		s += 2;
	}
	*out = '\0';
	return 0;
}

static bool take_string(const struct op_field *f, const char *s, char *out)
{
	size_t len = strlen(s);

	if (len >= f->room)
		return false;
	memcpy(out, s, len + 1);
	return true;
}

/* strtoull() would take blanks and signs. */
static bool parse_u64(const char *s, uint64_t *v)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*v = strtoull(s, &end, 10);
	return !*end && !errno;
}

static bool take_number(const struct op_field *f, const char *s, void *out)
{
	bool minus = *s == '-';
	uint64_t v;

	if (!parse_u64(s + minus, &v))
		return false;
	/* Whatever the type, the field's limits are those of its numbers. */
	if (minus ? v > (uint64_t)INT32_MAX || -(int64_t)v < f->min :
		    v > f->max || (f->min > 0 && v < (uint64_t)f->min))
		return false;
	v = minus ? -v : v;
	if (f->type == OP_BOOL)
		*(bool *)out = v;
	else if (f->type == OP_U32 || f->type == OP_S32)
		*(uint32_t *)out = (uint32_t)v;
	else
		*(uint64_t *)out = v;
	return true;
}

static bool take_double(const char *s, double *out)
{
	char *end;

	/* strtod() would take blanks, hexadecimal digits, infinities and what is no number. */
	if (!*s || s[strspn(s, "0123456789+-.e")])
		return false;
	*out = strtod(s, &end);
	return !*end;
}

static bool take_policy(const char *s, enum ktstr_policy *out)
{
	for (unsigned int i = 0; i < KTSTR_POLICY_NR; i++)
		if (!strcmp(s, op_policy__name(i))) {
			*out = i;
			return true;
		}
	return false;
}

static bool take_expect(const char *s, enum ktstr_expect_kind *out)
{
	for (unsigned int i = 0; i < KTSTR_X_NR; i++)
		if (!strcmp(s, ktstr_expect__name(i))) {
			*out = i;
			return true;
		}
	return false;
}

static bool take_value(struct in *in, const struct op_field *f)
{
	void *out = (char *)in->op + f->offset;

	if (f->type <= OP_TEXT)
		return take_string(f, in->value, out);
	if (f->type == OP_CPUS) {
		in->op->has_cpus = true;
		return !cpulist__parse(in->value, out);
	}
	if (f->type == OP_DOUBLE)
		return take_double(in->value, out);
	if (f->type == OP_POLICY)
		return take_policy(in->value, out);
	if (f->type == OP_EXPECT)
		return take_expect(in->value, out);
	return take_number(f, in->value, out);
}

static int take_word(struct in *in, const char *word, const char *end)
{
	const char *eq = memchr(word, '=', (size_t)(end - word));
	const struct op_field *f;
	uint64_t bit;
	int err;

	if (!eq)
		return bad(in, "a word without '='");
	f = op_field__find(in->op->verb, word, (size_t)(eq - word));
	if (!f)
		return bad(in, "%s has a key that is not its own", ktstr_verb__name(in->op->verb));
	bit = 1ull << (f - op_field__at(0));
	if (in->seen & bit)
		return bad(in, "%s has \"%s\" twice", ktstr_verb__name(in->op->verb), f->key);
	in->seen |= bit;
	err = decode(in, eq + 1, end);
	if (!err && !take_value(in, f))
		err = bad(in,
			  "%s has a \"%s\" that cannot be",
			  ktstr_verb__name(in->op->verb), f->key);
	return err;
}

static const char *word_end(const struct in *in)
{
	const char *end = memchr(in->at, ' ', (size_t)(in->end - in->at));

	return end ? end : in->end;
}

static int take_verb(struct in *in)
{
	const char *end = word_end(in);
	size_t len = (size_t)(end - in->at);

	for (unsigned int v = 0; v < KTSTR_V_NR; v++) {
		if (strlen(ktstr_verb__name(v)) != len || memcmp(ktstr_verb__name(v), in->at, len))
			continue;
		if (!is_verb(v))
			break;
		in->op->verb = v;
		in->at = end;
		return 0;
	}
	return bad(in, "the first word is no verb");
}

static int take_words(struct in *in)
{
	int err = take_verb(in);

	while (!err && in->at < in->end) {
		const char *end;

		in->at++;
		end = word_end(in);
		err = take_word(in, in->at, end);
		in->at = end;
	}
	return err;
}

/* What was read must come out as it came in. */
static int check_whole(struct in *in, const char *line, size_t len)
{
	const struct op_field *f = wrong_field(in->op);

	if (f)
		return bad(in,
			   "%s needs a \"%s\" that can be",
			   ktstr_verb__name(in->op->verb), f->key);
	if (!whole_groups(in->op))
		return bad(in, "%u workers are no whole groups of %u", in->op->work.nr,
			   in->op->work.group);
	if (ktstr_op__write(in->op, in->value, sizeof(in->value)) != (int)len ||
	    memcmp(in->value, line, len))
		return bad(in, "%s is not written as it must be", ktstr_verb__name(in->op->verb));
	return 0;
}

int ktstr_op__read(const char *line, size_t len, struct ktstr_op *op, struct ktstr_error *e)
{
	struct ktstr_op new;
	struct in in = { .at = line, .end = line + len, .op = &new, .e = e };
	int err;

	memset(&new, 0, sizeof(new));
	if (len >= KTSTR_OP_LINE_MAX)
		return bad(&in, "a line of %zu bytes is too long", len);
	err = take_words(&in);
	if (!err)
		err = check_whole(&in, line, len);
	if (!err)
		*op = new;
	return err;
}
