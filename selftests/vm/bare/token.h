/* SPDX-License-Identifier: GPL-2.0-only */
/* What the bare guest and its test on the host agree on. */
#ifndef BARE_TOKEN_H
#define BARE_TOKEN_H

#include <stdint.h>

#define TOKEN_MAGIC	0x6e656b6f74a5c3f1ull

/** struct token - found in what a port sends, it is sent back as it is */
struct token {
	uint64_t magic;
	uint64_t nonce;
};

/** struct sum - a checksum that depends on the order of bytes, and is quick to compute */
struct sum {
	uint64_t bytes, a, b;
};

static inline void sum_add(struct sum *s, const void *data, uint64_t len)
{
	const uint8_t *p = data;

	s->bytes += len;
	while (len--) {
		s->a += *p++;
		s->b += s->a;
	}
}

#endif /* BARE_TOKEN_H */
