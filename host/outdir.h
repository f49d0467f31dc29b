/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The results directory of --out, written while the run goes on.
 */
#ifndef KTSTR_HOST_OUTDIR_H
#define KTSTR_HOST_OUTDIR_H

#include <limits.h>
#include <stdio.h>

#include "evidence.h"

/**
 * struct outdir - an open results directory; all zero with fds -1: none was asked for
 * @dir: its path
 * @logs_dir: where the logs of the scenario are; empty: nowhere
 * @logs: descriptor of every stream's log, -1 when it has none
 * @ktap: ktap.txt
 * @err: first error, 0 while everything was written
 * @err_path: what it was about
 */
struct outdir {
	char dir[PATH_MAX];
	char logs_dir[PATH_MAX];
	int logs[EVIDENCE_STREAMS];
	FILE *ktap;
	int err;
	char err_path[PATH_MAX + 32];
};

/** outdir__init() - nothing is open, and writing goes nowhere */
void outdir__init(struct outdir *o);

/**
 * outdir__open() - make the directory and its ktap.txt
 * @o: outdir__init()ed
 * @dir: path; its parent must exist
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno; outdir__close() in both cases.
 */
int outdir__open(struct outdir *o, const char *dir, struct ktstr_error *e);

/**
 * outdir__logs() - start the logs of a scenario
 * @o: results directory
 * @sub: name of a sub-directory for them, NULL for the directory itself
 *
 * console.log (COM1), crash.log (COM2), dmesg.log and sched.log. An error is
 * remembered for outdir__close().
 */
void outdir__logs(struct outdir *o, const char *sub);

/**
 * outdir__file() - make another file beside the logs of the scenario
 * @o: results directory
 * @name: its name
 *
 * Return: the file, to be closed by outdir__file_close(); NULL without a directory, or on
 * an error, which is remembered.
 */
FILE *outdir__file(struct outdir *o, const char *name);

/** outdir__file_remove() - remove what an earlier run left there; an error is remembered */
void outdir__file_remove(struct outdir *o, const char *name);

/**
 * outdir__file_close() - close it; an error is remembered
 * @o: results directory
 * @f: from outdir__file(), NULL is fine
 * @name: its name
 * @err: an error that whoever wrote it knows of, negative errno, or 0
 */
void outdir__file_close(struct outdir *o, FILE *f, const char *name, int err);

/** outdir__bytes() - append to a stream's log; an error is remembered */
void outdir__bytes(struct outdir *o, enum evidence_stream stream, const void *data, size_t len);

/**
 * outdir__close() - close everything
 * @o: results directory
 * @e: sentence about the first error of all that was written
 *
 * Return: 0 or that error.
 */
int outdir__close(struct outdir *o, struct ktstr_error *e);

/** outdir__path() - path of a file in it; return: 0 or -ENAMETOOLONG */
int outdir__path(const struct outdir *o, const char *name, char *dst, size_t size);

/**
 * outfile__check() - could this file be written?
 * @path: file; "/dev/fd/N" stands for an open descriptor
 * @opt: option that named it, for the sentence
 *
 * Nothing is made or changed. Return: 0 or a negative errno.
 */
int outfile__check(const char *path, const char *opt, struct ktstr_error *e);

/**
 * outfile__remove() - remove a file that an earlier run may have left
 * @path: file, as in outfile__check(); what is no regular file is left alone
 * @opt: option that named it, for the sentence
 * @e: sentence on failure
 *
 * Return: 0, also when there is none, or a negative errno.
 */
int outfile__remove(const char *path, const char *opt, struct ktstr_error *e);

/**
 * outfile__write() - write a whole file, every byte checked
 * @path: file, as in outfile__check()
 * @data: content
 * @len: bytes
 * @e: sentence on failure
 *
 * A file that cannot be written whole is removed.
 * Return: 0 or a negative errno.
 */
int outfile__write(const char *path, const void *data, size_t len, struct ktstr_error *e);

#endif /* KTSTR_HOST_OUTDIR_H */
