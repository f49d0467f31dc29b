// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files with results. A full disk is an error that is told, not a shorter file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "outdir.h"

#define DEV_FD	"/dev/fd/"

static const char * const log_names[EVIDENCE_STREAMS] = {
	[EVIDENCE_COM1] = "console.log",
	[EVIDENCE_COM2] = "crash.log",
	[EVIDENCE_DMSG] = "dmesg.log",
	[EVIDENCE_SLOG] = "sched.log",
};

void outdir__init(struct outdir *o)
{
	memset(o, 0, sizeof(*o));
	for (int i = 0; i < EVIDENCE_STREAMS; i++)
		o->logs[i] = -1;
}

static void remember(struct outdir *o, int err, const char *name)
{
	if (o->err)
		return;
	o->err = err;
	snprintf(o->err_path, sizeof(o->err_path), "%s/%s", o->dir, name);
}

int outdir__path(const struct outdir *o, const char *name, char *dst, size_t size)
{
	return path__join(dst, size, o->dir, name);
}

int outdir__open(struct outdir *o, const char *dir, struct ktstr_error *e)
{
	char path[PATH_MAX];
	int ret = path__absolute(o->dir, sizeof(o->dir), dir);

	if (!ret && mkdir(o->dir, 0777) && errno != EEXIST)
		ret = -errno;
	if (!ret)
		ret = outdir__path(o, "result.json", path, sizeof(path));
	if (!ret && outfile__remove(path, "--out", e))
		return -EACCES;
	if (!ret)
		ret = outdir__path(o, "ktap.txt", path, sizeof(path));
	if (!ret) {
		o->ktap = fopen(path, "we");
		ret = o->ktap ? 0 : -errno;
	}
	if (ret)
		return ktstr_error_set(e, ret,
				       "--out: cannot write results to %s: %s; name another directory",
				       o->dir, strerror(-ret));
	return 0;
}

static void close_logs(struct outdir *o)
{
	for (int i = 0; i < EVIDENCE_STREAMS; i++) {
		if (o->logs[i] >= 0 && close(o->logs[i]))
			remember(o, -errno, log_names[i]);
		o->logs[i] = -1;
	}
}

static void open_log(struct outdir *o, const char *dir, int stream)
{
	char path[PATH_MAX];
	int ret = path__join(path, sizeof(path), dir, log_names[stream]);

	if (!ret) {
		o->logs[stream] = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		ret = o->logs[stream] < 0 ? -errno : 0;
	}
	if (ret)
		remember(o, ret, log_names[stream]);
}

FILE *outdir__file(struct outdir *o, const char *name)
{
	char path[PATH_MAX];
	FILE *f = NULL;
	int ret;

	if (!o->logs_dir[0])
		return NULL;
	ret = path__join(path, sizeof(path), o->logs_dir, name);
	if (!ret) {
		f = fopen(path, "we");
		ret = f ? 0 : -errno;
	}
	if (ret)
		remember(o, ret, name);
	return f;
}

void outdir__file_remove(struct outdir *o, const char *name)
{
	char path[PATH_MAX];
	struct ktstr_error e;

	if (o->logs_dir[0] && !path__join(path, sizeof(path), o->logs_dir, name) &&
	    outfile__remove(path, "--out", &e))
		remember(o, -EACCES, name);
}

void outdir__file_close(struct outdir *o, FILE *f, const char *name, int err)
{
	if (!f)
		return;
	if (ferror(f) && !err)
		err = -EIO;
	/* A disk may turn out to be full only at close (NFS, quotas). */
	if (fclose(f) && !err)
		err = -errno;
	if (err)
		remember(o, err, name);
}

/* A scenario's name may have a group before it: "cpuset/swap". */
static int make_dirs(char *path, size_t from)
{
	char *slash = path + from;

	while ((slash = strchr(slash, '/'))) {
		*slash = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return -errno;
		*slash++ = '/';
	}
	return mkdir(path, 0777) && errno != EEXIST ? -errno : 0;
}

void outdir__logs(struct outdir *o, const char *sub)
{
	char dir[PATH_MAX];
	int ret;

	close_logs(o);
	o->logs_dir[0] = '\0';
	if (!o->dir[0])
		return;
	ret = sub ? outdir__path(o, sub, dir, sizeof(dir)) : 0;
	if (!ret && sub)
		ret = make_dirs(dir, strlen(o->dir) + 1);
	if (ret)
		return remember(o, ret, sub);
	snprintf(o->logs_dir, sizeof(o->logs_dir), "%s", sub ? dir : o->dir);
	for (int i = 0; i < EVIDENCE_STREAMS; i++)
		if (log_names[i])
			open_log(o, o->logs_dir, i);
}

static int write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		len -= n;
	}
	return 0;
}

void outdir__bytes(struct outdir *o, enum evidence_stream stream, const void *data, size_t len)
{
	int ret;

	if (o->logs[stream] < 0)
		return;
	ret = write_all(o->logs[stream], data, len);
	if (ret)
		remember(o, ret, log_names[stream]);
}

int outdir__close(struct outdir *o, struct ktstr_error *e)
{
	close_logs(o);
	if (o->ktap) {
		int bad = ferror(o->ktap);

		if (fclose(o->ktap) || bad)
			remember(o, bad ? -ENOSPC : -errno, "ktap.txt");
		o->ktap = NULL;
	}
	if (o->err)
		return ktstr_error_set(e, o->err,
				       "--out: cannot write %s: %s; the results there are not whole",
				       o->err_path, strerror(-o->err));
	return 0;
}

/* "/dev/fd/N": the descriptor itself; opening it again would fail on a port or truncate a file. */
static int inherited_fd(const char *path)
{
	char *end;
	long fd;

	if (strncmp(path, DEV_FD, strlen(DEV_FD)))
		return -1;
	fd = strtol(path + strlen(DEV_FD), &end, 10);
	return *end || end == path + strlen(DEV_FD) || fd < 0 || fd > INT_MAX ? -1 : (int)fd;
}

static int check_path(const char *path)
{
	char dir[PATH_MAX];
	struct stat st;
	int ret;

	if (!stat(path, &st))
		return S_ISDIR(st.st_mode) ? -EISDIR : access(path, W_OK) ? -errno : 0;
	if (errno != ENOENT)
		return -errno;
	ret = path__dirname(dir, sizeof(dir), path);
	if (ret)
		return ret;
	return access(dir, W_OK | X_OK) ? -errno : 0;
}

int outfile__check(const char *path, const char *opt, struct ktstr_error *e)
{
	int fd = inherited_fd(path);
	int ret;

	if (fd >= 0)
		ret = fcntl(fd, F_GETFD) < 0 ? -errno : 0;
	else
		ret = check_path(path);
	if (ret)
		return ktstr_error_set(e, ret,
				       "%s: cannot write %s: %s; name another file", opt, path,
				       strerror(-ret));
	return 0;
}

int outfile__remove(const char *path, const char *opt, struct ktstr_error *e)
{
	char real[PATH_MAX];
	struct stat st;

	if (inherited_fd(path) >= 0 || stat(path, &st) || !S_ISREG(st.st_mode))
		return 0;
	/* Behind a link the file goes, not the link; in a directory of others its content. */
	if (realpath(path, real) && (!unlink(real) || !truncate(real, 0)))
		return 0;
	return ktstr_error_set(e, -errno, "%s: cannot remove the old %s: %m; name another file",
			       opt, path);
}

int outfile__write(const char *path, const void *data, size_t len, struct ktstr_error *e)
{
	int fd = inherited_fd(path);
	bool ours = fd < 0;
	int ret;

	if (ours)
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return ktstr_error_set(e, -errno, "cannot write %s: %m; name another file", path);
	ret = write_all(fd, data, len);
	/* A disk may turn out to be full only at close (NFS, quotas). */
	if (ours && close(fd) && !ret)
		ret = -errno;
	if (ret) {
		if (ours)
			outfile__remove(path, "", NULL);
		return ktstr_error_set(e, ret, "cannot write all of %s: %s", path, strerror(-ret));
	}
	return 0;
}
