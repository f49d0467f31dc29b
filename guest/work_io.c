// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of work that read and write files. The files are in memory, where nothing waits for
 * a device: that is a sleep of the worker's idle_us in the place where it would wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "work.h"
#include "work_bell.h"
#include "worker.h"

#define BLOCK		4096u
#define CONVOY_BLOCKS	8u
#define FILE_DIR	"/tmp"

/* It has no name, so that it is gone with the last descriptor, whoever was killed when. */
static int open_unnamed(void)
{
	char name[] = FILE_DIR "/ktstr-work-XXXXXX";
	int fd = open(FILE_DIR, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* Not every file system has such files. */
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

static size_t file_bytes(const struct ktstr_work *work)
{
	uint32_t kib = work->kib ? work->kib : ktstr_work_kind__find(work->kind)->kib;

	return (size_t)kib << 10;
}

static int fill(int fd, size_t bytes)
{
	static const char block[BLOCK];

	for (size_t at = 0; at < bytes; at += BLOCK) {
		ssize_t n = pwrite(fd, block, BLOCK, (off_t)at);

		if (n != BLOCK)
			return n < 0 ? -errno : -ENOSPC;
	}
	return 0;
}

static int file_setup(struct ktstr_group *g, const struct ktstr_work *work)
{
	int fd = open_unnamed();

	if (fd < 0)
		return -errno;
	g->fds[g->nr_fds++] = fd;
	return fill(fd, file_bytes(work));
}

static uint32_t nr_blocks(const struct ktstr_worker *w)
{
	uint32_t n = (uint32_t)(work__bytes(w) / BLOCK);

	return n ? n : 1;
}

static void write_block(struct ktstr_worker *w, uint32_t block)
{
	char data[BLOCK];
	int fd = ktstr_worker__group(w)->fds[0];

	for (size_t i = 0; i < BLOCK; i++)
		data[i] = (char)(block + i);
	work__must(w, pwrite(fd, data, BLOCK, (off_t)block * BLOCK) == BLOCK, "write to its file");
}

static void sync_file(struct ktstr_worker *w)
{
	work__must(w, !fdatasync(ktstr_worker__group(w)->fds[0]), "sync its file");
}

static void sync_write(struct ktstr_worker *w)
{
	for (uint32_t i = 0; ktstr_worker__go_on(w); i++) {
		write_block(w, i % nr_blocks(w));
		sync_file(w);
		ktstr_worker__unit(w);
		ktstr_worker__pause(w, work__idle_us(w));
	}
}

const struct work_ops work_ops_sync_write = { .setup = file_setup, .run = sync_write };

static void random_read(struct ktstr_worker *w)
{
	int fd = ktstr_worker__group(w)->fds[0];
	char data[BLOCK];

	while (ktstr_worker__go_on(w)) {
		off_t at = (off_t)work__below(w, nr_blocks(w)) * BLOCK;

		work__must(w, pread(fd, data, BLOCK, at) == BLOCK, "read from its file");
		work__busy(w);
		ktstr_worker__unit(w);
		ktstr_worker__pause(w, work__idle_us(w));
	}
}

const struct work_ops work_ops_random_read = { .setup = file_setup, .run = random_read };

/* One device that serves requests one by one, in the order of arrival. */
static void io_convoy(struct ktstr_worker *w)
{
	struct work_queue *device = ktstr_worker__group(w)->shared;
	uint32_t nr = nr_blocks(w);

	for (uint32_t i = 0; ktstr_worker__go_on(w); i++) {
		int64_t since;

		work__busy(w);
		since = now_ns();
		work_queue__enter(w, device);
		for (uint32_t k = 0; k < CONVOY_BLOCKS; k++)
			write_block(w, (i * CONVOY_BLOCKS + k) % nr);
		sync_file(w);
		work__sleep(w, work__idle_us(w));
		work_queue__leave(device);
		ktstr_worker__latency(w, now_ns() - since);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_io_convoy = {
	.setup = file_setup, .run = io_convoy, .shared_bytes = sizeof(struct work_queue),
};
