/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMM_FILE_H
#define VMM_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include <ktstr/error.h>

int file__open(const char *path, off_t *size, struct ktstr_error *e);
int file__read_all(int fd, const char *path, void *buf, size_t len, off_t off,
		   struct ktstr_error *e);

#endif /* VMM_FILE_H */
