/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packing a command line: its program and the programs its arguments mention.
 */
#ifndef KTSTR_HOST_PACK_COMMAND_H
#define KTSTR_HOST_PACK_COMMAND_H

#include "pack.h"

/**
 * pack_command() - pack everything a command line may execute
 * @p: pack
 * @f: where programs are looked for
 * @argv: the command; argv[0] is replaced by its path in the guest
 * @what: "--sched" or "--exec", for the sentence
 * @e: sentence on failure
 *
 * Programs from scheduler directories go to %PACK_BIN, others keep their path,
 * with a link in %PACK_BIN when the guest's $PATH would not reach them. A word
 * that names no program is left alone.
 * Return: 0; -ENOENT, -EACCES or what pack__add() says.
 */
int pack_command(struct pack *p, const struct finder *f, struct strv *argv, const char *what,
		 struct ktstr_error *e);

#endif /* KTSTR_HOST_PACK_COMMAND_H */
