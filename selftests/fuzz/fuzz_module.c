// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the reader of kernel modules: what was packed whole comes out as it was, if it is
 * a module; of anything else that can be said is a sentence. The kernel it is for stands
 * in it where it says so.
 *
 * The input is four bytes, see struct how, then the module, or the file as it is.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "host/module_file.h"

#include "fuzz.h"
#include "oracle.h"

#define PREFIX		4u
#define SIZE_MAX_IN	4096u
#define PACKED_MAX	(64u << 10)
#define RELEASE_MAX	65u
/* Growing has the old room and the new one for a while; xz asks for its dictionary. */
#define HEAP_MAX	(MODULE_BYTES_MAX / 2 * 3 + (130u << 20))

enum form { PLAIN, GZ, XZ, ZST, NR_FORMS };

/** struct how - what becomes of the bytes before they are read */
struct how {
	enum form form;
	bool damaged;
	size_t at;
	uint8_t flip;
};

static uint8_t packed[PACKED_MAX];

/* Memory for what unpacks to much is given back at once, not kept in ASan's quarantine. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=2:thread_local_quarantine_size_kb=256";
}

static size_t pack_gz(const uint8_t *data, size_t len)
{
	z_stream z = { .next_in = (Bytef *)data, .avail_in = (uInt)len, .next_out = packed,
		       .avail_out = PACKED_MAX };

	CHECK(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
	      deflate(&z, Z_FINISH) == Z_STREAM_END, "packing %zu bytes", len);
	deflateEnd(&z);
	return z.total_out;
}

static size_t pack(enum form form, const uint8_t *data, size_t len)
{
	size_t n = 0;

	switch (form) {
	case GZ:
		return pack_gz(data, len);
	case XZ:
		CHECK(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, data, len, packed, &n,
					      PACKED_MAX) == LZMA_OK, "packing %zu bytes", len);
		return n;
	case ZST:
		n = ZSTD_compress(packed, PACKED_MAX, data, len, 1);
		CHECK(!ZSTD_isError(n), "packing %zu bytes", len);
		return n;
	default:
		memcpy(packed, data, len);
		return len;
	}
}

/* elf(5), and what a module is among its files. */
static bool is_module(const uint8_t *data, size_t len)
{
	static const uint8_t head[] = { 0x7f, 'E', 'L', 'F', ELFCLASS64 };

	return len >= 64 && !memcmp(data, head, sizeof(head)) && data[16] == ET_REL && !data[17] &&
	       data[18] == EM_X86_64 && !data[19];
}

static void check_release(const uint8_t *data, size_t len)
{
	static const char key[] = "vermagic=";
	char release[RELEASE_MAX + 1], said[sizeof(key) + RELEASE_MAX];
	const uint8_t *p = oracle__guarded(data, len), *found;
	int err;

	memset(release, '?', sizeof(release));
	err = module_file__release(p, len, release, RELEASE_MAX);
	CHECK(release[RELEASE_MAX] == '?', "more than %u bytes of release", RELEASE_MAX);
	if (err) {
		CHECK(err == -ENOEXEC, "release: %d", err);
		return;
	}
	CHECK(release[0] && memchr(release, '\0', RELEASE_MAX) && !strchr(release, ' '),
	      "release of %zu bytes", strnlen(release, RELEASE_MAX));
	strcpy(stpcpy(said, key), release);
	found = memmem(p, len, said, strlen(said));
	CHECK(found && memmem(p, len, ".modinfo", 9), "no %s in it", said);
}

static void check_file(const struct how *how, const uint8_t *data, size_t len)
{
	size_t n = pack(how->form, data, len), got_len;
	bool whole = !how->damaged && (how->form != PLAIN || is_module(data, len));
	struct ktstr_error e = { "" };
	const char *path;
	void *got;
	int err;

	if (how->damaged && n)
		packed[how->at % n] ^= how->flip;
	oracle__file(packed, n, &path);
	err = module_file__read(path, &got, &got_len, &e);
	CHECK(!whole || !err == is_module(data, len), "form %d of %zu bytes: %d", how->form, len,
	      err);
	if (err) {
		oracle__refused("the module", err, -ENOEXEC, whole ? -ENOEXEC : -EFBIG, &e);
		return;
	}
	CHECK(is_module(got, got_len), "what is no module was accepted");
	CHECK(!whole || (got_len == len && !memcmp(got, data, len)), "form %d changed it",
	      how->form);
	if (got_len <= PACKED_MAX)
		check_release(got, got_len);
	free(got);
}

void fuzz__init(void)
{
	oracle__init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct how how;

	if (size < PREFIX || size > PREFIX + SIZE_MAX_IN)
		return -1;
	how = (struct how){
		.form = data[0] % NR_FORMS, .damaged = data[0] & 0x80,
		.at = data[1] << 8 | data[2], .flip = data[3],
	};
	oracle__heap_begin();
	check_file(&how, data + PREFIX, size - PREFIX);
	oracle__heap_end("a module", HEAP_MAX);
	return 0;
}
