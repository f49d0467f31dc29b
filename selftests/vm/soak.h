/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What soak.c and soak_guest.c agree on: /mib in the initramfs says how many MiB
 * cross each port in each direction. Both ends make what they send from a seed,
 * hash it, and hash what they receive; the guest says its hashes on COM2.
 */
#ifndef KTSTR_VM_SOAK_H
#define KTSTR_VM_SOAK_H

#define OPENSSL_SUPPRESS_DEPRECATED	/* SHA256_Init() and so on do not need providers */
#include <openssl/sha.h>

#include <stdint.h>
#include <stdio.h>

#include "stream.h"

#define SOAK_CHUNK_MAX	(128u << 10)	/* a write, random from 1 */
#define SOAK_TO_HOST	0x7000ull	/* seeds, plus the port */
#define SOAK_TO_GUEST	0x8000ull

struct soak_hash {
	char hex[2 * SHA256_DIGEST_LENGTH + 1];
};

static inline struct soak_hash soak_hash(SHA256_CTX *ctx)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct soak_hash h;

	SHA256_Final(digest, ctx);
	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
		sprintf(h.hex + 2 * i, "%02x", digest[i]);
	return h;
}

/* Size of the chunk that begins at byte @at of @total: the same on every run. */
static inline size_t soak_chunk(uint64_t seed, uint64_t at, uint64_t total)
{
	size_t n = 1 + stream__word(~seed, at) % SOAK_CHUNK_MAX;

	return n < total - at ? n : total - at;
}

#endif /* KTSTR_VM_SOAK_H */
