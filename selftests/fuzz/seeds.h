/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the corpora began with: one function for each fuzzer that is not in seeds.c.
 */
#ifndef FUZZ_SEEDS_H
#define FUZZ_SEEDS_H

#include <stdio.h>

/** seeds__create() - a file of a corpus, open for writing; ends the program on failure */
FILE *seeds__create(const char *dir, const char *name);

/** seeds__finish() - close it; ends the program on failure */
void seeds__finish(FILE *f);

void seeds__elf(const char *dir);
void seeds__bzimage(const char *dir);
void seeds__cpio(const char *dir);
void seeds__topology(const char *dir);
void seeds__module(const char *dir);
void seeds__modtree(const char *dir);
void seeds__stats(const char *dir);

#endif /* FUZZ_SEEDS_H */
