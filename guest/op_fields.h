/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an operation's line can hold: one table for who writes and who reads it.
 */
#ifndef KTSTR_OP_FIELDS_H
#define KTSTR_OP_FIELDS_H

#include <ktstr/op.h>

enum op_type {
	OP_PATH,	/* of a cgroup, "a/b" */
	OP_NAME,	/* letters, digits, '_' and '-' */
	OP_WORD,	/* anything that can be printed */
	OP_TEXT,	/* anything but NUL */
	OP_CPUS,
	OP_U32, OP_U64, OP_S32, OP_S64, OP_BOOL,
	OP_POLICY, OP_EXPECT,
	OP_DOUBLE,	/* finite */
};

/**
 * struct op_field - one key
 * @key: its name
 * @type: of its value
 * @offset: in struct ktstr_op
 * @room: for a string, in bytes with its NUL
 * @verbs: bit by verb: lines that may have it
 * @needs: lines that must have it
 * @min, @max: of a number
 */
struct op_field {
	const char *key;
	enum op_type type;
	size_t offset, room;
	uint32_t verbs, needs;
	int64_t min;
	uint64_t max;
};

/** op_field__at() - the @i-th, in the order in which they are written; NULL past the end */
const struct op_field *op_field__at(unsigned int i);

/** op_field__find() - by verb and key; NULL when that verb has no such key */
const struct op_field *op_field__find(enum ktstr_verb verb, const char *key, size_t len);

/** op_field__said() - does @op have something to write for this field? */
bool op_field__said(const struct op_field *f, const struct ktstr_op *op);

/** op_field__check() - is the value of this field in @op one that the field may have? */
bool op_field__check(const struct op_field *f, const struct ktstr_op *op);

/** op_policy__name() - "fifo", ...; NULL for what is none */
const char *op_policy__name(enum ktstr_policy policy);

#endif /* KTSTR_OP_FIELDS_H */
