// SPDX-License-Identifier: GPL-2.0-only
/*
 * A topology file: its lines, and what only all of them together can tell.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topology_read.h"

#define NAME_SHOWN	200	/* characters of a path in a sentence */

/**
 * topology_reader__fail() - the line is wrong
 * @r: reader
 * @fmt: printf format of the reason, and of what to do
 *
 * Return: -EINVAL.
 */
int topology_reader__fail(struct topology_reader *r, const char *fmt, ...)
{
	struct ktstr_error why;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why.msg, sizeof(why.msg), fmt, ap);
	va_end(ap);
	return ktstr_error_set(r->e, -EINVAL, "%.*s:%u: %.250s", NAME_SHOWN, r->name, r->line,
			       why.msg);
}

static int split(struct topology_reader *r, char *line)
{
	char *save, *word = strtok_r(line, " \t", &save);

	for (r->nr_words = 0; word; word = strtok_r(NULL, " \t", &save)) {
		if (r->nr_words == TOPOLOGY_WORDS_MAX)
			return topology_reader__fail(r, "the line has more than %u words: no statement takes so many",
						     TOPOLOGY_WORDS_MAX);
		r->words[r->nr_words++] = word;
	}
	return 0;
}

/* Sentences quote what they complain of: only what a terminal shows gets that far. */
static int check_characters(struct topology_reader *r, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((line[i] < ' ' && line[i] != '\t') || line[i] > '~')
			return topology_reader__fail(r,
				"character %zu is byte 0x%02x: write plain ASCII, lines end with a newline alone",
				i + 1, (unsigned char)line[i]);
	return 0;
}

static bool is_about(const char *line, size_t len)
{
	return len >= 5 && !memcmp(line, "about", 5) &&
	       (len == 5 || line[5] == ' ' || line[5] == '\t');
}

/* The rest of the line as it is, but for tabs. */
static int take_about(struct topology_reader *r, const char *line, size_t len)
{
	const char *p = line + 5, *end = line + len;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (p == end)
		return topology_reader__fail(r, "about says nothing: write a text behind it");
	if (r->about.text[0])
		return topology_reader__fail(r, "there was an about already: keep one of the two");
	if ((size_t)(end - p) > KTSTR_TOPOLOGY_ABOUT_MAX)
		return topology_reader__fail(r, "the text of about has %td characters: keep it to %u",
					     end - p, KTSTR_TOPOLOGY_ABOUT_MAX);
	/* A tab would break the columns that it is shown in. */
	for (char *to = r->about.text; p < end; p++)
		*to++ = *p == '\t' ? ' ' : *p;
	return 0;
}

static int read_line(struct topology_reader *r, const char *line, size_t len)
{
	const char *comment = memchr(line, '#', len);
	char copy[TOPOLOGY_LINE_MAX + 1];
	int err;

	if (comment)
		len = (size_t)(comment - line);
	if (len > TOPOLOGY_LINE_MAX)
		return topology_reader__fail(r, "the line has more than %u characters: split it",
					     TOPOLOGY_LINE_MAX);
	err = check_characters(r, line, len);
	if (err || is_about(line, len))
		return err ? err : take_about(r, line, len);
	memcpy(copy, line, len);
	copy[len] = '\0';
	err = split(r, copy);
	return err || !r->nr_words ? err : topology_reader__statement(r);
}

static int read_lines(struct topology_reader *r, const char *text, size_t len)
{
	const char *end = text + len;
	int err = 0;

	while (!err && text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));

		r->line++;
		err = read_line(r, text, (size_t)((nl ? nl : end) - text));
		text = nl ? nl + 1 : end;
	}
	return err;
}

static bool has_cpus(const struct ktstr_topology_detail *d, uint32_t node)
{
	return d->node_llc[node] != d->node_llc[node + 1];
}

/* The way back is as long as the way there, unless it was given, too, or cannot be gone. */
static void mirror(struct ktstr_topology_detail *d)
{
	for (uint32_t a = 0; a < d->nr_nodes; a++) {
		for (uint32_t b = 0; b < d->nr_nodes; b++) {
			if (!d->distance[b][a])
				d->distance[b][a] = d->distance[a][b];
			if (!has_cpus(d, b) || !d->memory_mib[a])
				continue;
			if (!d->latency_ns[b][a])
				d->latency_ns[b][a] = d->latency_ns[a][b];
			if (!d->bandwidth_mbps[b][a])
				d->bandwidth_mbps[b][a] = d->bandwidth_mbps[a][b];
		}
	}
}

/* What the topology's own check would find as well, without a line. */
static int check_nodes(struct topology_reader *r)
{
	for (uint32_t node = 0; node < r->d->nr_nodes; node++) {
		r->line = r->node_line[node];
		if (!has_cpus(r->d, node) && !r->d->memory_mib[node])
			return topology_reader__fail(r,
				"node %u has neither CPUs nor memory: give it one of them, or leave it out",
				node);
		if (r->d->memory_cache_kib[node] && !r->d->memory_mib[node])
			return topology_reader__fail(r,
				"node %u has a memory-cache and no memory: leave the memory-cache out",
				node);
	}
	return 0;
}

static int finish(struct topology_reader *r, struct ktstr_topology *out)
{
	struct ktstr_error why;
	int err = check_nodes(r);

	if (err)
		return err;
	mirror(r->d);
	err = ktstr_topology__of_detail(out, r->d, &why);
	return err ? ktstr_error_set(r->e, err, "%.*s: %.250s", NAME_SHOWN, r->name, why.msg) : 0;
}

int ktstr_topology__read(const char *text, size_t len, const char *name,
			 struct ktstr_topology *out, struct ktstr_topology_about *about,
			 struct ktstr_error *e)
{
	struct topology_reader r = { .name = name, .d = ktstr_topology_detail__new(), .e = e };
	int err;

	if (!r.d)
		return ktstr_error_set(e, -ENOMEM, "out of memory for a topology");
	err = read_lines(&r, text, len);
	if (!err)
		err = finish(&r, out);
	if (err)
		free(r.d);
	else if (about)
		*about = r.about;
	return err;
}

/* A repeated run and the box read the file once more: a pipe would be empty then. */
static int check_regular(int fd, const char *path, struct ktstr_error *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return ktstr_error_set(e, -errno, "cannot look at %.*s: %m", NAME_SHOWN, path);
	if (!S_ISREG(st.st_mode))
		return ktstr_error_set(e, -EINVAL, "%.*s is no regular file: name one with a topology",
				       NAME_SHOWN, path);
	return 0;
}

static int read_all(int fd, char *buf, size_t size, size_t *len)
{
	ssize_t n = 1;

	for (*len = 0; n && *len < size; *len += (size_t)n) {
		n = read(fd, buf + *len, size - *len);
		if (n < 0)
			return -errno;
	}
	return 0;
}

static int load(int fd, const char *path, char *buf, size_t *len, struct ktstr_error *e)
{
	int err = check_regular(fd, path, e);

	if (err)
		return err;
	err = read_all(fd, buf, KTSTR_TOPOLOGY_TEXT_MAX + 1, len);
	if (err)
		return ktstr_error_set(e, err, "cannot read %.*s: %s", NAME_SHOWN, path,
				       strerror(-err));
	if (*len > KTSTR_TOPOLOGY_TEXT_MAX)
		return ktstr_error_set(e, -EINVAL, "%.*s has more than %u bytes: that is no topology",
				       NAME_SHOWN, path, KTSTR_TOPOLOGY_TEXT_MAX);
	return 0;
}

int ktstr_topology__load(const char *path, struct ktstr_topology *out,
			 struct ktstr_topology_about *about, struct ktstr_error *e)
{
	char *buf = malloc(KTSTR_TOPOLOGY_TEXT_MAX + 1);
	size_t len = 0;
	int fd, err;

	if (!buf)
		return ktstr_error_set(e, -ENOMEM, "out of memory for a topology");
	/* Not to hang at a pipe that nobody writes to. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		err = ktstr_error_set(e, -errno, "cannot open the topology %.*s: %m", NAME_SHOWN,
				      path);
	} else {
		err = load(fd, path, buf, &len, e);
		close(fd);
	}
	if (!err)
		err = ktstr_topology__read(buf, len, path, out, about, e);
	free(buf);
	return err;
}
