// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a scheduler is asked, and what is kept of its answers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stats_sampler.h"

#define MS	1000000ull
/* Most schedulers serve none, and each request costs an emulated guest milliseconds. */
#define SELDOM_NS	(8000 * MS)

/** struct sample - an answer; times since the start of the run, @window_ns -1 without a window */
struct sample {
	uint64_t time_ns;
	uint64_t took_ns;
	int64_t window_ns;
	char *text;
	size_t len;
};

struct stats_sampler {
	struct stats_sampler_opts opts;
	struct stats_client *client;
	int (*write)(void *arg, const void *data, size_t len);
	void *write_arg;

	bool asking;
	bool over;
	bool meta_asked;
	bool meta_out;		/* the request that is out is for it */
	bool spoke;		/* a scheduler was there: from now on silence is worth a word */
	uint64_t next_ns;
	uint64_t step_ns;	/* from one request to the next */
	uint32_t attached;	/* schedulers so far */
	uint64_t create_ns;
	uint64_t window_begin_ns;	/* 0 before it */

	uint64_t ends[STATS_OUTCOMES];
	uint64_t unserved;	/* of these, while there never was a scheduler to be asked */
	uint64_t skipped;
	uint64_t took_max_ns;
	char last_error[STATS_TEXT_MAX + 32];
	json_t *meta;

	struct sample kept[STATS_KEEP_MAX];
	size_t nr;
	size_t bytes;
	unsigned int halved;	/* every (1 << halved)-th is kept */
	uint64_t not_kept;	/* larger than all that is kept may be */

	FILE *file;
	uint64_t file_bytes;
	uint64_t file_dropped;
	int file_err;
};

void stats_sampler__remove_old(struct outdir *out)
{
	outdir__file_remove(out, STATS_FILE_NAME);
}

static int64_t since_window(const struct stats_sampler *s, uint64_t ns)
{
	return s->window_begin_ns && ns >= s->window_begin_ns ?
	       (int64_t)(ns - s->window_begin_ns) : -1;
}

static json_t *number_or_null(int64_t v)
{
	return v >= 0 ? json_integer(v) : json_null();
}

/* A line of the file: what came of a request, under a name. @value is given away. */
static void write_line(struct stats_sampler *s, const struct stats_end *end, const char *name,
		       json_t *value)
{
	json_t *o = json_pack("{s:I,s:I,s:o,s:o}", "time_ns",
			      (json_int_t)(end->ended_ns - s->create_ns), "took_ns",
			      (json_int_t)(end->ended_ns - end->asked_ns), "window_ns",
			      number_or_null(since_window(s, end->ended_ns)), name, value);
	char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
	size_t len = text ? strlen(text) : 0;

	/* A line that "ktstr report" would refuse is none. */
	if (!text || len > STATS_LINE_MAX || s->file_bytes + len + 1 > STATS_FILE_MAX) {
		s->file_dropped++;
	} else {
		if (fprintf(s->file, "%s\n", text) < 0 || fflush(s->file))
			s->file_err = s->file_err ? s->file_err : -errno;
		s->file_bytes += len + 1;
	}
	free(text);
	json_decref(o);
}

static bool has_file(struct stats_sampler *s)
{
	/* Not before there is something to say: most schedulers serve no statistics. */
	if (!s->file && !s->over)
		s->file = outdir__file(s->opts.out, STATS_FILE_NAME);
	return s->file;
}

static void forget(struct stats_sampler *s, size_t i)
{
	s->bytes -= s->kept[i].len;
	free(s->kept[i].text);
}

/* Every other one goes, and from now on every other one comes. */
static void halve(struct stats_sampler *s)
{
	size_t to = 0;

	for (size_t i = 0; i < s->nr; i++) {
		if (i & 1)
			forget(s, i);
		else
			s->kept[to++] = s->kept[i];
	}
	s->nr = to;
	s->halved++;
}

static bool is_due(const struct stats_sampler *s)
{
	return !((s->ends[STATS_OK] - 1) & ((1ull << s->halved) - 1));
}

static void keep(struct stats_sampler *s, const struct stats_end *end)
{
	struct sample n = {
		.time_ns = end->ended_ns - s->create_ns,
		.took_ns = end->ended_ns - end->asked_ns,
		.window_ns = since_window(s, end->ended_ns),
	};

	if (!is_due(s))
		return;
	n.text = json_dumps(end->reply.value, JSON_COMPACT | JSON_ENCODE_ANY |
			    JSON_REAL_PRECISION(15));
	n.len = n.text ? strlen(n.text) : 0;
	if (!n.text || n.len > STATS_KEEP_BYTES / 2) {
		s->not_kept++;
		free(n.text);
		return;
	}
	while (s->nr > 1 && (s->nr == STATS_KEEP_MAX || s->bytes + n.len > STATS_KEEP_BYTES))
		halve(s);
	if (!is_due(s)) {
		free(n.text);
		return;
	}
	s->kept[s->nr++] = n;
	s->bytes += n.len;
}

static void on_error(struct stats_sampler *s, const struct stats_end *end)
{
	const struct stats_reply *r = &end->reply;
	char err[16] = "";

	/* A scheduler without statistics, and the end of the run, are no errors. */
	if (r->outcome == STATS_NO_SCHEDULER && !s->spoke) {
		s->unserved++;
		return;
	}
	if (r->outcome == STATS_CANCELLED)
		return;
	s->spoke = true;
	if (r->outcome == STATS_ERRNO)
		snprintf(err, sizeof(err), " %d", r->err);
	snprintf(s->last_error, sizeof(s->last_error), "%s%s%s%s", stats_reply__name(r->outcome),
		 err, r->text[0] ? ": " : "", r->text);
	if (has_file(s))
		write_line(s, end, "error", json_string(s->last_error));
}

static void on_meta(struct stats_sampler *s, const struct stats_end *end)
{
	/* It need not have any. */
	if (end->reply.outcome == STATS_ERRNO)
		return;
	if (end->reply.outcome != STATS_OK) {
		s->ends[end->reply.outcome]++;
		return on_error(s, end);
	}
	s->meta = json_incref(end->reply.value);
	if (has_file(s))
		write_line(s, end, "meta", json_incref(s->meta));
}

/* It is out before it is sent: a port without room ends it at once. */
static void ask_meta(struct stats_sampler *s, uint64_t now_ns)
{
	s->meta_asked = true;
	s->meta_out = true;
	if (stats_client__ask(s->client, "stats_meta", NULL, STATS_TIMEOUT_MS, now_ns))
		s->meta_out = false;
}

static void on_sample(struct stats_sampler *s, const struct stats_end *end)
{
	uint64_t took = end->ended_ns - end->asked_ns;

	s->spoke = true;
	if (took > s->took_max_ns)
		s->took_max_ns = took;
	keep(s, end);
	if (has_file(s))
		write_line(s, end, "stats", json_incref(end->reply.value));
	/* For whoever wants to know what the numbers are. */
	if (!s->meta_asked)
		ask_meta(s, end->ended_ns);
}

static uint64_t interval_ns(const struct stats_sampler *s)
{
	return s->opts.interval_ms * MS;
}

static void ask_often(struct stats_sampler *s, uint64_t asked_ns)
{
	s->step_ns = interval_ns(s);
	if (s->next_ns > asked_ns + s->step_ns)
		s->next_ns = asked_ns + s->step_ns;
}

/* How often from now on? */
static void note_outcome(struct stats_sampler *s, const struct stats_end *end)
{
	switch (end->reply.outcome) {
	case STATS_NO_SCHEDULER:
		if (s->opts.seldom && !s->spoke && 2 * s->step_ns <= SELDOM_NS)
			s->step_ns *= 2;
		return;
	case STATS_CANCELLED:
	case STATS_FROZEN:
	case STATS_NO_ROOM:
		/* This says nothing of the scheduler. */
		return;
	default:
		ask_often(s, end->asked_ns);
	}
}

static void on_end(void *arg, const struct stats_end *end)
{
	struct stats_sampler *s = arg;

	if (s->meta_out) {
		s->meta_out = false;
		return on_meta(s, end);
	}
	s->ends[end->reply.outcome]++;
	note_outcome(s, end);
	if (end->reply.outcome == STATS_OK)
		on_sample(s, end);
	else
		on_error(s, end);
}

static int on_write(void *arg, const void *data, size_t len)
{
	struct stats_sampler *s = arg;

	return s->write(s->write_arg, data, len);
}

struct stats_sampler *stats_sampler__new(const struct stats_sampler_opts *opts)
{
	struct stats_sampler *s = calloc(1, sizeof(*s));
	const struct stats_client_ops ops = { .write = on_write, .done = on_end, .arg = s };

	if (!s)
		return NULL;
	s->opts = *opts;
	s->step_ns = interval_ns(s);
	s->client = stats_client__new(&ops);
	if (s->client)
		return s;
	free(s);
	return NULL;
}

void stats_sampler__connect(struct stats_sampler *s,
			    int (*write)(void *arg, const void *data, size_t len), void *arg)
{
	s->write = write;
	s->write_arg = arg;
}

static bool shall_ask(const struct stats_sampler *s, const struct evidence *ev)
{
	if (s->over || ev->end.seen || ev->has_exit ||
	    evidence__phase_seen(ev, KTSTR_LIFE_SCHED_DIED) || evidence__sched_failed(ev))
		return false;
	return s->opts.sched ? evidence__phase_seen(ev, KTSTR_LIFE_SCHED_ATTACHED) : ev->has_ready;
}

void stats_sampler__follow(struct stats_sampler *s, const struct evidence *ev, uint64_t now_ns)
{
	bool ask = shall_ask(s, ev);

	s->create_ns = ev->create_ns;
	if (ev->start.seen && !s->window_begin_ns)
		s->window_begin_ns = now_ns;
	if (ask && !s->asking)
		s->next_ns = now_ns;
	/* The one before may have served none. */
	if (ev->attached != s->attached)
		ask_often(s, now_ns);
	s->attached = ev->attached;
	/* What is out now would be answered by a scheduler on its way out. */
	if (!ask && s->asking)
		stats_client__cancel(s->client, now_ns);
	s->asking = ask;
}

void stats_sampler__bytes(struct stats_sampler *s, const void *data, size_t len, uint64_t now_ns)
{
	stats_client__feed(s->client, data, len, now_ns);
}

void stats_sampler__tick(struct stats_sampler *s, uint64_t now_ns)
{
	stats_client__tick(s->client, now_ns);
	if (!s->asking || now_ns < s->next_ns)
		return;
	s->next_ns += s->step_ns;
	if (s->next_ns <= now_ns)
		s->next_ns = now_ns + s->step_ns;
	if (!stats_client__idle(s->client) ||
	    stats_client__ask(s->client, "stats", NULL, STATS_TIMEOUT_MS, now_ns))
		s->skipped++;
}

uint64_t stats_sampler__next_ns(const struct stats_sampler *s)
{
	uint64_t client = stats_client__next_ns(s->client);

	return s->asking && s->next_ns < client ? s->next_ns : client;
}

void stats_sampler__end(struct stats_sampler *s, uint64_t now_ns)
{
	s->asking = false;
	s->over = true;
	stats_client__cancel(s->client, now_ns);
	outdir__file_close(s->opts.out, s->file, STATS_FILE_NAME, s->file_err);
	s->file = NULL;
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static json_t *guest_time(const struct stats_sampler *s, const struct sample *n,
			  const struct event_clock_result *clock)
{
	uint64_t guest_ns;

	return event_clock__to_guest(clock, s->create_ns + n->time_ns, &guest_ns) ?
	       json_integer((json_int_t)guest_ns) : json_null();
}

static json_t *samples(const struct stats_sampler *s, const struct event_clock_result *clock)
{
	json_t *a = json_array();

	for (size_t i = 0; i < s->nr; i++) {
		const struct sample *n = &s->kept[i];
		json_t *o = json_object();

		set(o, "time_ns", json_integer((json_int_t)n->time_ns));
		set(o, "took_ns", json_integer((json_int_t)n->took_ns));
		set(o, "window_ns", number_or_null(n->window_ns));
		set(o, "guest_ns", guest_time(s, n, clock));
		set(o, "stats", json_loadb(n->text, n->len, JSON_DECODE_ANY, NULL));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *errors(const struct stats_sampler *s)
{
	json_t *o = json_object();

	for (int i = STATS_OK + 1; i < STATS_OUTCOMES; i++)
		set(o, stats_reply__name(i), json_integer((json_int_t)s->ends[i]));
	return o;
}

json_t *stats_sampler__json(const struct stats_sampler *s, const struct event_clock_result *clock)
{
	const struct stats_client_counts *n = stats_client__counts(s->client);
	json_t *o = json_object();

	set(o, "interval_ns", json_integer((json_int_t)(s->opts.interval_ms * MS)));
	set(o, "timeout_ns", json_integer((json_int_t)(STATS_TIMEOUT_MS * MS)));
	set(o, "ok", json_integer((json_int_t)s->ends[STATS_OK]));
	set(o, "errors", errors(s));
	set(o, "last_error", s->last_error[0] ? json_string(s->last_error) : json_null());
	set(o, "skipped", json_integer((json_int_t)s->skipped));
	set(o, "late_replies", json_integer((json_int_t)n->late));
	set(o, "stray_lines", json_integer((json_int_t)n->strays));
	set(o, "took_max_ns", s->ends[STATS_OK] ? json_integer((json_int_t)s->took_max_ns) :
	    json_null());
	set(o, "kept_every", json_integer((json_int_t)1 << s->halved));
	set(o, "too_large_to_keep", json_integer((json_int_t)s->not_kept));
	set(o, "file_bytes", json_integer((json_int_t)s->file_bytes));
	set(o, "file_dropped", json_integer((json_int_t)s->file_dropped));
	set(o, "meta", s->meta ? json_incref(s->meta) : json_null());
	set(o, "samples", samples(s, clock));
	return o;
}

/* Failed requests by how they failed, as far as they are worth a word. */
static uint64_t failed(const struct stats_sampler *s, struct buf *b)
{
	uint64_t all = 0;

	for (int i = STATS_OK + 1; i < STATS_OUTCOMES; i++) {
		uint64_t n = s->ends[i] - (i == STATS_NO_SCHEDULER ? s->unserved : 0);

		if (!n || i == STATS_CANCELLED)
			continue;
		if (b)
			buf__printf(b, "%s %s %" PRIu64, all ? "," : "", stats_reply__name(i), n);
		all += n;
	}
	return all;
}

void stats_sampler__brief(const struct stats_sampler *s, struct buf *b)
{
	if (!s->spoke)
		return;
	buf__printf(b, "stats: %" PRIu64 " samples, one every %u ms", s->ends[STATS_OK],
		    s->opts.interval_ms);
	if (s->ends[STATS_OK])
		buf__printf(b, ", each within %.1f ms", (double)s->took_max_ns / MS);
	if (failed(s, NULL)) {
		buf__printf(b, "; failed requests:");
		failed(s, b);
		buf__printf(b, " (last: %s)", s->last_error);
	}
	if (s->skipped)
		buf__printf(b, "; not asked %" PRIu64 " times while an answer was due", s->skipped);
	if (s->file_dropped)
		buf__printf(b, "; %" PRIu64 " lines found no room in " STATS_FILE_NAME,
			    s->file_dropped);
	buf__printf(b, "\n");
}

void stats_sampler__free(struct stats_sampler *s)
{
	if (!s)
		return;
	outdir__file_close(s->opts.out, s->file, STATS_FILE_NAME, 0);
	for (size_t i = 0; i < s->nr; i++)
		free(s->kept[i].text);
	json_decref(s->meta);
	stats_client__free(s->client);
	free(s);
}
