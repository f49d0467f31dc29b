// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exit of a scheduler: lines, JSON, and the file with its dump.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sched_exit_out.h"

static const char *cut_note(const struct sched_exit_dump *d)
{
	return d->cut ? ", cut" : "";
}

static void print_exit(struct buf *b, const struct sched_exit_facts *f)
{
	buf__printf(b, "scheduler exit: %s%s%s, kind %u (by %s)", f->ops, *f->ops ? ": " : "",
		    sched_exit__kind_name(f->kind), f->kind, sched_exit__source_name(f->kind_by));
	if (f->has_code)
		buf__printf(b, ", exit code %" PRId64 " (by %s)", f->code,
			    sched_exit__source_name(f->code_by));
	buf__printf(b, "\n");
	if (*f->reason)
		buf__printf(b, "  reason (by %s): %s\n", sched_exit__source_name(f->reason_by),
			    f->reason);
	if (*f->msg)
		buf__printf(b, "  message (by %s): %s\n", sched_exit__source_name(f->msg_by),
			    f->msg);
}

static void print_contradictions(struct buf *b, const char *s)
{
	while (*s) {
		size_t len = strcspn(s, "\n");

		buf__printf(b, "  contradiction: %.*s\n", (int)len, s);
		s += len + (s[len] == '\n');
	}
}

void sched_exit_out__text(struct buf *b, const struct evidence *ev)
{
	struct sched_exit_facts f;

	sched_exit__facts(&ev->sched_exit, &f);
	if (f.known)
		print_exit(b, &f);
	if (f.dump)
		buf__printf(b, "%sdebug dump (by %s): %zu bytes%s, %s of --out\n",
			    f.known ? "  " : "sched_ext ",
			    sched_exit__source_name(f.dump_by), f.dump->len, cut_note(f.dump),
			    SCHED_DUMP_NAME);
	print_contradictions(b, f.contradictions);
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

/* A text and who told it; null when nobody did. */
static void set_text(json_t *o, const char *key, const char *value, enum sched_exit_source by)
{
	char by_key[32];

	snprintf(by_key, sizeof(by_key), "%s_by", key);
	set(o, key, *value ? json_string(value) : json_null());
	set(o, by_key, *value ? json_string(sched_exit__source_name(by)) : json_null());
}

static json_t *contradictions(const char *s)
{
	json_t *a = json_array();

	while (*s) {
		size_t len = strcspn(s, "\n");

		json_array_append_new(a, json_stringn(s, len));
		s += len + (s[len] == '\n');
	}
	return a;
}

/* When it was over, by the host's clock; the guest saw it a moment later than the kernel. */
static bool died_ns(const struct evidence *ev, const struct sched_exit_facts *f, uint64_t *ns)
{
	uint64_t guest = f->time_ns ? f->time_ns : ev->sched_died_ns;
	struct event_clock_result r;

	if (!guest)
		return false;
	event_clock__solve(&ev->clock, &r);
	return event_clock__to_host(&r, guest, ns) && *ns >= ev->create_ns;
}

static void set_times(json_t *o, const struct evidence *ev, const struct sched_exit_facts *f,
		      uint64_t verdict_ns)
{
	uint64_t ns;
	bool known = died_ns(ev, f, &ns);

	set(o, "at_ns", known ? json_integer((json_int_t)(ns - ev->create_ns)) : json_null());
	set(o, "to_verdict_ns", known ? json_integer((json_int_t)(verdict_ns - ns)) :
	    json_null());
}

json_t *sched_exit_out__json(const struct evidence *ev, uint64_t verdict_ns)
{
	struct sched_exit_facts f;
	json_t *o;

	sched_exit__facts(&ev->sched_exit, &f);
	if (!f.known && !f.dump)
		return json_null();
	o = json_object();
	set_text(o, "kind", f.known ? sched_exit__kind_name(f.kind) : "", f.kind_by);
	set(o, "kind_number", json_integer(f.kind));
	set(o, "exit_code", f.has_code ? json_integer(f.code) : json_null());
	set(o, "exit_code_by", f.has_code ? json_string(sched_exit__source_name(f.code_by)) :
	    json_null());
	set_text(o, "ops", f.ops, f.ops_by);
	set_text(o, "reason", f.reason, f.reason_by);
	set_text(o, "message", f.msg, f.msg_by);
	set(o, "dump_bytes", json_integer(f.dump ? (json_int_t)f.dump->len : 0));
	set(o, "dump_cut", json_boolean(f.dump && f.dump->cut));
	set(o, "dump_by", f.dump ? json_string(sched_exit__source_name(f.dump_by)) : json_null());
	set(o, "contradictions", contradictions(f.contradictions));
	set_times(o, ev, &f, verdict_ns);
	return o;
}

void sched_exit_out__remove_old(struct outdir *out)
{
	outdir__file_remove(out, SCHED_DUMP_NAME);
}

void sched_exit_out__dump(struct outdir *out, const struct evidence *ev)
{
	struct sched_exit_facts f;
	FILE *file;
	int err = 0;

	sched_exit__facts(&ev->sched_exit, &f);
	if (!f.dump || !out->logs_dir[0])
		return;
	file = outdir__file(out, SCHED_DUMP_NAME);
	if (file && fwrite(f.dump->text, 1, f.dump->len, file) != f.dump->len)
		err = errno ? -errno : -EIO;
	outdir__file_close(out, file, SCHED_DUMP_NAME, err);
}
