/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMM_CMDLINE_H
#define VMM_CMDLINE_H

#include <ktstr/vmm.h>

#define CMDLINE_ROOM	4096u	/* bytes; more than any kernel takes */

int cmdline__build(char *buf, size_t len, const struct vmm_opts *opts, struct ktstr_error *e);

#endif /* VMM_CMDLINE_H */
