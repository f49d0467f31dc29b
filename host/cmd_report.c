// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr report": the figures of a run, from what it wrote.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture.h"
#include "commands.h"
#include "events_json.h"
#include "events_text.h"
#include "file.h"
#include "outdir.h"
#include "recompute.h"
#include "sched_exit_out.h"
#include "sentence.h"
#include "stats_log.h"
#include "stats_sampler.h"

#define TEXT_MAX	(16u << 20)	/* bytes of tables */
#define EXIT_MAX	4096u		/* bytes about the scheduler's exit */

const char help_report[] =
	"usage: ktstr report [OPTION...] DIR\n"
	"\n"
	"Recompute what the scheduler events of a run tell from DIR/events.ktstr, which\n"
	"\"ktstr run --out\" wrote. Without an option: tables on stdout, and DIR/report.html.\n"
	"What the scheduler's own statistics came to is in the tables too, from\n"
	"DIR/stats.jsonl; without events they are all there is.\n"
	"\n"
	"  --text        tables on stdout; alone it writes no file\n"
	"  --json        the object \"events\" of result.json on stdout\n"
	"  --html FILE   one page that a browser shows without network\n"
	"  --trace FILE  a trace that ui.perfetto.dev loads\n"
	"\n"
	"A file that is cut or damaged gives what can be had of it, and a sentence about\n"
	"that on stderr. Exit status: 0, or 2 when nothing could be read or written.\n";

/* What is asked for. */
struct wishes {
	const char *dir;
	const char *html, *trace;
	bool text, json;
	bool html_beside;	/* nothing was asked for: the page goes to DIR */
};

static int parse(struct wishes *w, int argc, char **argv, struct ktstr_error *e)
{
	static const struct option options[] = {
		{ "text",	no_argument,	   NULL, 't' },
		{ "json",	no_argument,	   NULL, 'j' },
		{ "html",	required_argument, NULL, 'H' },
		{ "trace",	required_argument, NULL, 'T' },
		{ }
	};
	int opt;

	memset(w, 0, sizeof(*w));
	opterr = 0;
	optind = 0;	/* glibc: start anew */
	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (opt == ':' || opt == '?')
			return ktstr_error_set(e, -EINVAL, opt == ':' ?
					       "%.100s needs a value; see ktstr report --help" :
					       "unknown option %.100s; see ktstr report --help",
					       argv[optind - 1]);
		w->text |= opt == 't';
		w->json |= opt == 'j';
		if (opt == 'H')
			w->html = optarg;
		if (opt == 'T')
			w->trace = optarg;
	}
	if (argc - optind != 1)
		return ktstr_error_set(e, -EINVAL,
				       "report needs one DIR; see ktstr report --help");
	if (w->text && w->json)
		return ktstr_error_set(e, -EINVAL,
				       "--text and --json both go to stdout; choose one");
	w->dir = argv[optind];
	w->html_beside = !w->text && !w->json && !w->html && !w->trace;
	w->text |= w->html_beside;
	return 0;
}

static int write_stdout(const char *data, size_t len, struct ktstr_error *e)
{
	if (fwrite(data, 1, len, stdout) == len && !fflush(stdout))
		return 0;
	return ktstr_error_set(e, -EIO, "cannot write to stdout: %m");
}

/* Fills @path, which has room for PATH_MAX. */
static bool has_stats(const char *dir, char *path)
{
	return !path__join(path, PATH_MAX, dir, STATS_FILE_NAME) && file__exists(path);
}

/* Return: 0, also when there are none. */
static int add_stats(struct buf *b, const char *dir, struct ktstr_error *e)
{
	char path[PATH_MAX];

	if (!has_stats(dir, path))
		return 0;
	if (b->len)
		buf__printf(b, "\n");
	return stats_log__text(path, b, e);
}

/* With a line between it and the tables. */
static void add_exit(struct buf *b, const struct evidence *ev)
{
	struct buf lines;

	buf__init(&lines, EXIT_MAX);
	sched_exit_out__text(&lines, ev);
	if (lines.len)
		buf__printf(b, "\n%s", lines.data);
	buf__free(&lines);
}

/* @r: NULL for the statistics alone. */
static int print_text(const struct recompute *r, const char *dir, struct ktstr_error *e)
{
	struct buf b;
	int ret;

	buf__init(&b, TEXT_MAX);
	if (r) {
		buf__printf(&b, "%s\n%s\n\n", r->titles.title, r->titles.subtitle);
		events_text__full(&b, r->events);
		add_exit(&b, r->evidence);
	}
	ret = add_stats(&b, dir, e);
	if (!ret)
		ret = b.err ? ktstr_error_set(e, -ENOMEM, "out of memory for the tables") :
			      write_stdout(b.data, b.len, e);
	buf__free(&b);
	return ret;
}

static int print_json(const struct recompute *r, struct ktstr_error *e)
{
	json_t *o = events_json(r->events);
	char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
	int ret;

	json_decref(o);
	ret = text ? write_stdout(text, strlen(text), e) :
		     ktstr_error_set(e, -ENOMEM, "out of memory for the JSON report");
	if (!ret)
		ret = write_stdout("\n", 1, e);
	free(text);
	return ret;
}

static int write_html(const struct recompute *r, const struct wishes *w, struct ktstr_error *e)
{
	char beside[PATH_MAX];
	const char *path = w->html;
	struct buf b;
	int ret;

	if (!path && path__join(beside, sizeof(beside), w->dir, CAPTURE_HTML_NAME))
		return ktstr_error_set(e, -ENAMETOOLONG, "the path of %.100s is too long", w->dir);
	path = path ? path : beside;
	if (!events__has_figures(r->events))
		return w->html_beside ? 0 :
		       ktstr_error_set(e, -ENODATA, events__stream(r->events) ?
				       "only a part of the events was recorded, so there are no figures to show in %s" :
				       "there are no events to show in %s", path);
	buf__init(&b, EVENTS_HTML_MAX);
	ret = events_html__write(&b, r->events, &r->titles);
	if (!ret)
		ret = outfile__write(path, b.data, b.len, e);
	else
		ktstr_error_set(e, ret, "cannot make %s: %s", path, strerror(-ret));
	buf__free(&b);
	return ret;
}

static int close_trace(FILE *f, const char *path, int err, struct ktstr_error *e)
{
	if (f && fclose(f) && !err)
		err = -errno;
	if (err)
		ktstr_error_set(e, err, "cannot write all of %s: %s", path, strerror(-err));
	return err;
}

static int show(const struct recompute *r, const struct wishes *w, struct ktstr_error *e)
{
	int ret = 0;

	if (w->text)
		ret = print_text(r, w->dir, e);
	if (!ret && w->json)
		ret = print_json(r, e);
	if (!ret && (w->html || w->html_beside))
		ret = write_html(r, w, e);
	return ret;
}

static void complain(const struct recompute *r, const char *path)
{
	char text[4096 + 512];
	struct buf b;

	buf__init(&b, 4096);
	recompute__complaint(r, &b);
	if (b.len && snprintf(text, sizeof(text), "%.400s: %s", path, b.data) > 0)
		sentence__print(stderr, "ktstr: ", text);
	buf__free(&b);
}

/* Of several scenarios each has a directory of its own. */
static int say_absent(const char *path, struct ktstr_error *e)
{
	return ktstr_error_set(e, -ENOENT,
			       "there is no %s; name the directory of one run with scheduler events",
			       path);
}

/* The output must not be the input: it would be gone before it is read. */
static int check_output(const char *opt, const char *out, const char *events,
			struct ktstr_error *e)
{
	struct stat a, b;

	if (!out || stat(out, &a) || stat(events, &b) || a.st_dev != b.st_dev ||
	    a.st_ino != b.st_ino)
		return 0;
	return ktstr_error_set(e, -EINVAL,
			       "%s %.200s is the file with the events; name another file", opt, out);
}

static int report(const struct wishes *w, struct ktstr_error *e)
{
	char path[PATH_MAX], stats[PATH_MAX];
	struct recompute r = { 0 };
	FILE *trace = NULL;
	int ret = path__join(path, sizeof(path), w->dir, EVENT_FILE_NAME);

	if (ret)
		return ktstr_error_set(e, ret, "the path of %.100s is too long", w->dir);
	if (!file__exists(path))
		return w->text && !w->html && !w->trace && has_stats(w->dir, stats) ?
		       print_text(NULL, w->dir, e) : say_absent(path, e);
	ret = check_output("--html", w->html, path, e);
	if (!ret)
		ret = check_output("--trace", w->trace, path, e);
	if (ret)
		return ret;
	if (w->trace) {
		trace = fopen(w->trace, "we");
		if (!trace)
			return ktstr_error_set(e, -errno, "cannot write %s: %m; name another file",
					       w->trace);
	}
	ret = recompute(path, trace, &r, e);
	if (ret) {
		close_trace(trace, w->trace, 0, NULL);
	} else {
		complain(&r, path);
		ret = close_trace(trace, w->trace, r.trace_err, e);
		if (!ret)
			ret = show(&r, w, e);
	}
	recompute__free(&r);
	return ret;
}

int cmd_report(int argc, char **argv)
{
	struct ktstr_error e;
	struct wishes w;

	if (command_wants_help(argc, argv))
		return command_help(help_report);
	if (parse(&w, argc, argv, &e) || report(&w, &e))
		return command_fail(&e);
	return 0;
}
