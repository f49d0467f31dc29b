// SPDX-License-Identifier: GPL-2.0-only
/*
 * The grammar of --matrix.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "buf.h"
#include "matrix_axes.h"
#include <ktstr/nearest.h>

#define VALUE_BYTES_MAX	(16u << 10)	/* as long as a command may be */

static const char * const names[MATRIX_AXES] = {
	[MATRIX_TOPOLOGIES] = "topologies", [MATRIX_SCHEDULERS] = "schedulers",
	[MATRIX_KERNELS] = "kernels",
};

const char *matrix_axes__name(enum matrix_axis axis)
{
	return names[axis];
}

/* The axis whose name and '=' stand here; MATRIX_AXES: none. */
static enum matrix_axis axis_at(const char *s)
{
	for (int i = 0; i < MATRIX_AXES; i++) {
		size_t len = strlen(names[i]);

		if (!strncmp(s, names[i], len) && s[len] == '=')
			return i;
	}
	return MATRIX_AXES;
}

static int unknown(const char *s, struct ktstr_error *e)
{
	char word[32];
	struct nearest n;
	size_t len = strcspn(s, "=");
	const char *found;

	if (!s[len])
		return ktstr_error_set(e, -EINVAL,
				       "--matrix \"%.100s\" has no '='; give AXIS=VALUE:VALUE with the axis topologies, schedulers or kernels",
				       s);
	text__clean(word, sizeof(word), s, len);
	n = nearest__begin(word);
	for (int i = 0; i < MATRIX_AXES; i++)
		nearest__try(&n, names[i]);
	found = nearest__found(&n);
	return ktstr_error_set(e, -EINVAL,
			       "--matrix: there is no axis \"%s\"; %s%s%s", word,
			       found ? "did you mean " : "choose topologies, schedulers or kernels",
			       found ? found : "", found ? "?" : "");
}

static int add_value(struct matrix_axes *m, enum matrix_axis axis, const struct buf *value,
		     struct ktstr_error *e)
{
	if (value->err)
		return ktstr_error_set(e, -EINVAL, "--matrix %s: a value is too long", names[axis]);
	if (!value->len)
		return ktstr_error_set(e, -EINVAL,
				       "--matrix %s has an empty value; leave out the ':' or put a value behind it",
				       names[axis]);
	if (strv__has(&m->v[axis], value->data))
		return ktstr_error_set(e, -EINVAL,
				       "--matrix %s has \"%.100s\" twice; leave out one", names[axis],
				       value->data);
	return strv__add(&m->v[axis], value->data);
}

static bool ends_axis(const char *s)
{
	return !*s || (*s == ',' && axis_at(s + 1) != MATRIX_AXES);
}

/* One value; return: where it ended. */
static const char *take_value(const char *s, struct buf *value)
{
	for (; !ends_axis(s) && *s != ':'; s++) {
		s += *s == '\\' && (s[1] == ':' || s[1] == ',');
		buf__add(value, s, 1);
	}
	return s;
}

static int take_axis(const char **text, struct matrix_axes *m, struct ktstr_error *e)
{
	enum matrix_axis axis = axis_at(*text);
	const char *s = *text + strcspn(*text, "=") + 1;
	int ret;

	if (axis == MATRIX_AXES)
		return unknown(*text, e);
	for (;; s++) {
		struct buf value;

		buf__init(&value, VALUE_BYTES_MAX);
		s = take_value(s, &value);
		ret = add_value(m, axis, &value, e);
		buf__free(&value);
		if (ret || *s != ':')
			break;
	}
	*text = s + (*s == ',');
	return ret;
}

int matrix_axes__parse(const char *text, struct matrix_axes *m, struct ktstr_error *e)
{
	int ret;

	do {
		ret = take_axis(&text, m, e);
	} while (!ret && *text);
	return ret == -ENOMEM ? ktstr_error_set(e, ret, "out of memory") : ret;
}

void matrix_axes__free(struct matrix_axes *m)
{
	for (int i = 0; i < MATRIX_AXES; i++)
		strv__free(&m->v[i]);
}
