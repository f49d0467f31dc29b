/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a person types to have this program run again.
 */
#ifndef KTSTR_HOST_CALLED_H
#define KTSTR_HOST_CALLED_H

/*
 * What it was in the first of several processes, for those that this one starts: a cell of
 * a matrix, ktstr in the emulated machine. Others that inherit it are other programs.
 */
#define CALLED_ENV	"KTSTR_CALLED_AS"

/**
 * called__init() - remember how this program was called, for itself and its children
 * @argv0: argv[0] of main(), or NULL
 *
 * It is what %CALLED_ENV says if that is this program, else @argv0 if that is, else the path
 * of the executable. Call it once, before there are threads. Return: 0 or a negative errno.
 */
int called__init(const char *argv0);

/** called__name() - the path or name to call, "ktstr" unless called__init() said otherwise */
const char *called__name(void);

#endif /* KTSTR_HOST_CALLED_H */
