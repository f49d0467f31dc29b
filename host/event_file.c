// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing and reading events.ktstr.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "event_file.h"

#define READ_BYTES	(64u << 10)

static void put(struct event_file *w, const void *data, size_t len)
{
	if (!w->err && len && fwrite(data, 1, len, w->f) != len)
		w->err = errno ? -errno : -EIO;
}

static void put_frame(struct event_file *w, const struct assembler_frame *f)
{
	uint32_t crc = crc32(crc32(0, NULL, 0), f->data, f->len);
	struct ktstr_frame h = {
		.magic		= htole32(KTSTR_WIRE_MAGIC),
		.version	= htole16(KTSTR_WIRE_VERSION),
		/* In a file pages are worth a CRC as well. */
		.flags		= htole16(f->flags & ~KTSTR_F_NOCRC),
		.type		= htole32(f->type),
		.stream		= htole32(f->stream),
		.seq		= htole32(f->seq),
		.len		= htole32(f->len),
		.payload_crc	= htole32(f->corrupt ? ~crc : crc),
	};

	h.header_crc = htole32(crc32(0, (const Bytef *)&h, sizeof(h) - 4));
	put(w, &h, sizeof(h));
	put(w, f->data, f->len);
	w->bytes += sizeof(h) + f->len;
	w->frames++;
}

static void put_json(struct event_file *w, uint32_t type, const json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);
	struct assembler_frame f = { .type = type, .data = (const uint8_t *)text };

	if (text)
		f.len = strlen(text);
	if (!text || f.len > KTSTR_WIRE_PAYLOAD_MAX)
		w->err = w->err ? w->err : -ENOMEM;
	else
		put_frame(w, &f);
	free(text);
}

void event_file__begin(struct event_file *w, FILE *f, uint64_t max_bytes, const json_t *host)
{
	memset(w, 0, sizeof(*w));
	w->f = f;
	w->max_bytes = max_bytes ? max_bytes : EVENT_FILE_MAX_BYTES;
	if (f)
		put_json(w, EVENT_FILE_HOST, host);
}

static bool has_room(struct event_file *w, const struct assembler_frame *f)
{
	uint64_t end = w->bytes + sizeof(struct ktstr_frame) + f->len;

	if (f->type != KTSTR_T_EVNT)
		return end <= w->max_bytes + EVENT_FILE_RESERVE;
	/* No hole with events behind it: what is there is whole up to its end. */
	if (end > w->max_bytes)
		w->full = true;
	return !w->full;
}

void event_file__frame(void *arg, const struct assembler_frame *f)
{
	struct event_file *w = arg;

	if (!w->f || w->err)
		return;
	if (has_room(w, f)) {
		put_frame(w, f);
	} else {
		w->dropped_frames++;
		w->dropped_bytes += f->len;
	}
}

int event_file__end(struct event_file *w)
{
	json_t *o;

	if (!w->f || w->err)
		return w->err;
	o = json_object();
	json_object_set_new(o, "dropped_frames", json_integer((json_int_t)w->dropped_frames));
	json_object_set_new(o, "dropped_bytes", json_integer((json_int_t)w->dropped_bytes));
	put_json(w, EVENT_FILE_HEND, o);
	json_decref(o);
	if (!w->err && fflush(w->f))
		w->err = -errno;
	return w->err;
}

/* One reading. */
struct reading {
	const struct event_file_sink *sink;
	struct event_file_facts *facts;
	bool begun;
	int err;
};

static uint64_t member(const json_t *o, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(o, name));

	return v > 0 ? v : 0;
}

static json_t *json_of(const struct assembler_frame *f)
{
	return f->corrupt ? NULL : json_loadb((const char *)f->data, f->len, 0, NULL);
}

static void begin(struct reading *r, const json_t *host)
{
	r->begun = true;
	r->facts->has_host = host;
	r->err = r->sink->host(r->sink->arg, host);
}

static void take_end(struct reading *r, const struct assembler_frame *f)
{
	json_t *o = json_of(f);

	r->facts->ended = o;
	r->facts->dropped_frames = member(o, "dropped_frames");
	r->facts->dropped_bytes = member(o, "dropped_bytes");
	json_decref(o);
}

static void on_frame(void *arg, const struct assembler_frame *f)
{
	struct reading *r = arg;
	json_t *host;

	if (r->err)
		return;
	if (!r->begun) {
		host = f->type == EVENT_FILE_HOST ? json_of(f) : NULL;
		begin(r, host);
		json_decref(host);
	}
	r->facts->ended = false;
	if (f->type == EVENT_FILE_HEND)
		take_end(r, f);
	else if (f->type != EVENT_FILE_HOST && !r->err)
		r->sink->frame(r->sink->arg, f);
}

static void read_all(int fd, struct assembler *a, struct reading *r)
{
	uint8_t buf[READ_BYTES];
	ssize_t n;

	do {
		n = read(fd, buf, sizeof(buf));
		if (n > 0) {
			r->facts->bytes += n;
			assembler__feed(a, buf, n);
		}
	} while (!r->err && (n > 0 || (n < 0 && errno == EINTR)));
	if (n < 0)
		r->facts->read_err = -errno;
}

static int open_regular(const char *path, struct ktstr_error *e)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return ktstr_error_set(e, -errno, "cannot open %s: %m", path);
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return ktstr_error_set(e, -EINVAL, "cannot read %s: it is no regular file", path);
}

int event_file__read(const char *path, const struct event_file_sink *sink,
		     struct event_file_facts *facts, struct ktstr_error *e)
{
	struct reading r = { .sink = sink, .facts = facts };
	struct assembler *a;
	int fd = open_regular(path, e);
	size_t residue;

	if (fd < 0)
		return fd;
	memset(facts, 0, sizeof(*facts));
	a = assembler__new(on_frame, &r);
	if (!a) {
		close(fd);
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	}
	assembler__take_too(a, EVENT_FILE_HOST, EVENT_FILE_HEND);
	read_all(fd, a, &r);
	facts->frames = *assembler__stats(a);
	assembler__residue(a, &residue);
	facts->residue = residue;
	assembler__free(a);
	close(fd);
	if (r.err)
		return ktstr_error_set(e, r.err, "cannot take in %s: %s", path, strerror(-r.err));
	if (!facts->frames.frames)
		return ktstr_error_set(e, -ENODATA,
				       "%s has no frame of a run in its %llu bytes; name the directory of a run",
				       path, (unsigned long long)facts->bytes);
	return 0;
}
