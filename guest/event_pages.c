// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ktstr -> pipe -> port 1, a page and its header at a time. A page ends where its
 * events do.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ktstr/dev.h>
#include <ktstr/wire.h>

#include "event_pages.h"
#include "frame_head.h"

#define TURN_BYTES	(256u << 10)	/* sent before the queue has its turn again */
#define BURST_BYTES	(64u << 10)	/* of a CPU, before the next one has its turn */
#define PAGE_BYTES_MAX	(32u << 10)	/* what Linux takes in one write, see send_page() */
#define STARVED_MAX	500u	/* looks in a row without memory: 5 s and more, a flush each */

/**
 * struct cpu_pages - a CPU's buffer
 * @full: hands out full pages, and wakes the writer at the watermark; -1: no such CPU
 * @any: hands out what there is
 * @seq: of the next frame
 */
struct cpu_pages {
	int full;
	int any;
	uint32_t seq;
};

static struct {
	struct cpu_pages *cpus;
	unsigned int nr;
	uint32_t page_size;
	int pipe[2];
	unsigned int at;	/* CPU whose turn it is */
	size_t burst;		/* bytes it has sent in this turn */
	unsigned int flush;	/* CPUs that are still to be flushed, from @at on */
	size_t len;		/* of the page of CPU @at that the pipe holds; 0: none */
	bool head_sent;		/* its header is written */
	bool no_memory;		/* this look left a page where it was: there was none */
	unsigned int starved;	/* looks in a row that ended so */
} pages;

/* Return: a descriptor; -ENODEV there is no such CPU; another negative errno. */
static int open_one(unsigned int cpu, uint64_t watermark)
{
	int fd = open(KTSTR_DEV_NODE, O_RDONLY | O_NONBLOCK | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, KTSTR_IOC_BIND, &cpu)) {
		err = errno == EINVAL ? -ENODEV : -errno;
	} else {
		if (!ioctl(fd, KTSTR_IOC_WATERMARK, &watermark))
			return fd;
		err = -errno;
	}
	close(fd);
	return err;
}

static int open_cpu(struct cpu_pages *c, unsigned int cpu, uint64_t watermark)
{
	c->any = -1;
	c->full = open_one(cpu, watermark);
	/* Numbers below nr_cpus that no CPU has. */
	if (c->full == -ENODEV)
		return 0;
	c->any = c->full < 0 ? c->full : open_one(cpu, 1);
	return c->any < 0 ? c->any : bulk__watch(c->full);
}

int event_pages__start(unsigned int nr_cpus, uint32_t page_size, uint64_t watermark)
{
	int err = 0;

	pages.cpus = calloc(nr_cpus, sizeof(*pages.cpus));
	pages.nr = nr_cpus;
	pages.page_size = page_size;
	if (!pages.cpus || !nr_cpus)
		return -ENOMEM;
	if (page_size > PAGE_BYTES_MAX)
		return -EMSGSIZE;
	if (pipe2(pages.pipe, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	for (unsigned int cpu = 0; !err && cpu < nr_cpus; cpu++)
		err = open_cpu(&pages.cpus[cpu], cpu, watermark);
	return err;
}

static bool take_page(int fd)
{
	ssize_t n = fd < 0 ? 0 : splice(fd, NULL, pages.pipe[1], NULL, pages.page_size,
					SPLICE_F_NONBLOCK);

	/* The kernel's buffer wants a free one for it, of the same size. */
	if (n < 0 && errno == ENOMEM)
		pages.no_memory = true;
	pages.len = n > 0 ? (size_t)n : 0;
	return pages.len;
}

static void next_cpu(void)
{
	pages.at = (pages.at + 1) % pages.nr;
	pages.burst = 0;
}

/*
 * The next CPU that has a page; false: none has. One that is flushed gives its full
 * pages and then what there is, once: with every page that leaves, events come.
 */
static bool next_page(void)
{
	if (pages.burst >= BURST_BYTES)
		next_cpu();
	for (unsigned int i = 0; i < pages.nr; i++, next_cpu()) {
		struct cpu_pages *c = &pages.cpus[pages.at];

		if (take_page(c->full)) {
			pages.burst += pages.len;
			return true;
		}
		if (!pages.flush)
			continue;
		pages.flush--;
		if (take_page(c->any)) {
			pages.burst = BURST_BYTES;
			return true;
		}
	}
	return false;
}

/* Return: true when it is written. */
static bool send_head(int port_fd)
{
	struct ktstr_frame f = frame_head(KTSTR_T_EVNT, KTSTR_F_NOCRC, 1 + pages.at,
					  pages.cpus[pages.at].seq, (uint32_t)pages.len, 0);

	if (write(port_fd, &f, sizeof(f)) != sizeof(f))
		return false;
	pages.cpus[pages.at].seq++;
	return true;
}

static bool send_page(int port_fd)
{
	static uint8_t none[PAGE_BYTES_MAX];
	ssize_t n = splice(pages.pipe[0], NULL, port_fd, NULL, pages.len,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n == (ssize_t)pages.len)
		return true;
	if (n)
		return false;
	/*
	 * The driver dropped it. The header promised a page: an empty one keeps the
	 * frames apart, and the account will show what is missing.
	 */
	return write(port_fd, none, pages.len) == (ssize_t)pages.len;
}

enum bulk_pumped event_pages__pump(int port_fd, bool flush)
{
	if (flush)
		pages.flush = pages.nr;
	pages.no_memory = false;
	for (size_t sent = 0; sent < TURN_BYTES;) {
		if (!pages.len && !next_page()) {
			pages.starved = pages.no_memory ? pages.starved + 1 : 0;
			return BULK_PUMP_IDLE;
		}
		pages.head_sent = pages.head_sent || send_head(port_fd);
		if (!pages.head_sent)
			return BULK_PUMP_FULL;
		if (!send_page(port_fd))
			return BULK_PUMP_TORN;
		sent += pages.len;
		pages.len = 0;
		pages.head_sent = false;
	}
	return BULK_PUMP_MORE;
}

bool event_pages__idle(void)
{
	/* Whoever waits for the end of the events does not wait for memory for ever. */
	return !pages.len && (!pages.starved || pages.starved > STARVED_MAX);
}
