/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What --matrix says: the values along the axes.
 */
#ifndef KTSTR_HOST_MATRIX_AXES_H
#define KTSTR_HOST_MATRIX_AXES_H

#include "strv.h"

enum matrix_axis {
	MATRIX_TOPOLOGIES,
	MATRIX_SCHEDULERS,
	MATRIX_KERNELS,
	MATRIX_AXES,
};

/** struct matrix_axes - the values of each axis; none: what the other options say */
struct matrix_axes {
	struct strv v[MATRIX_AXES];
};

/**
 * matrix_axes__parse() - one --matrix
 * @text: "AXIS=VALUE:VALUE...,AXIS=..."
 * @m: values are appended here; matrix_axes__free() in every case
 * @e: sentence on failure
 *
 * A comma begins the next axis only where the name of an axis and a '=' follow, so that
 * topologies and commands have their commas. "\:" and "\," stand for the plain bytes.
 * Return: 0, -EINVAL or -ENOMEM.
 */
int matrix_axes__parse(const char *text, struct matrix_axes *m, struct ktstr_error *e);

/** matrix_axes__name() - "topologies", "schedulers", "kernels" */
const char *matrix_axes__name(enum matrix_axis axis);

/** matrix_axes__free() - give the lists back */
void matrix_axes__free(struct matrix_axes *m);

#endif /* KTSTR_HOST_MATRIX_AXES_H */
