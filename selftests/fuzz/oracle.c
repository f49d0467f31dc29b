// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fuzzers of files share.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sanitizer/allocator_interface.h>

#include "oracle.h"

#define GUARDED_MAX	(1u << 20)
#define PAGE		4096u

int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
					      void (*free_hook)(const volatile void *));

static struct {
	int fd;
	char path[32];
	uint8_t *guarded;	/* GUARDED_MAX bytes, then a page that cannot be read */
	size_t heap, peak;
} o;

/* libFuzzer has a thread of its own, which takes and gives as it likes. */
static __thread bool counting;

void oracle__fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "FAILED: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	abort();
}

static void on_malloc(const volatile void *p, size_t n)
{
	(void)p;
	if (!counting)
		return;
	o.heap += n;
	if (o.heap > o.peak)
		o.peak = o.heap;
}

static void on_free(const volatile void *p)
{
	if (counting && p)
		o.heap -= __sanitizer_get_allocated_size(p);
}

void oracle__init(void)
{
	o.fd = memfd_create("input", MFD_CLOEXEC);
	snprintf(o.path, sizeof(o.path), "/proc/self/fd/%d", o.fd);
	o.guarded = mmap(NULL, GUARDED_MAX + PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (o.fd < 0 || o.guarded == MAP_FAILED ||
	    mprotect(o.guarded + GUARDED_MAX, PAGE, PROT_NONE) ||
	    !__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free)) {
		perror("fuzz: memory for the input");
		exit(1);
	}
}

int oracle__file(const uint8_t *data, size_t size, const char **path)
{
	if (ftruncate(o.fd, 0) || pwrite(o.fd, data, size, 0) != (ssize_t)size) {
		perror("fuzz: the input's file");
		exit(1);
	}
	*path = o.path;
	return o.fd;
}

const uint8_t *oracle__guarded(const uint8_t *data, size_t size)
{
	uint8_t *p = o.guarded + GUARDED_MAX - size;

	CHECK(size <= GUARDED_MAX, "an input of %zu bytes", size);
	memcpy(p, data, size);
	return p;
}

void oracle__heap_begin(void)
{
	o.heap = 0;
	o.peak = 0;
	counting = true;
}

void oracle__heap_end(const char *what, size_t max)
{
	counting = false;
	CHECK(!o.heap, "%s kept %zu bytes", what, o.heap);
	CHECK(o.peak <= max, "%s took %zu bytes of memory, more than %zu", what, o.peak, max);
}

void oracle__refused(const char *what, int err, int a, int b, const struct ktstr_error *e)
{
	CHECK(err == a || err == b, "%s returned %d: %s", what, err, e->msg);
	CHECK(strlen(e->msg) > 10 && !strchr(e->msg, '\n'), "%s: no sentence but \"%s\"", what,
	      e->msg);
}
