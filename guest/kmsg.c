// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel log as DMSG frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/klog.h>
#include <unistd.h>

#include <ktstr/wire.h>

#include "bulk.h"
#include "kmsg.h"
#include "rt.h"

#define RECORD_MAX	8192u		/* the kernel's PRINTK_MESSAGE_MAX is below it */
#define BATCH_MAX	(32u << 10)	/* bytes of one frame */
#define LOG_SIZE	10		/* SYSLOG_ACTION_SIZE_BUFFER, syslog(2) */
#define BYTES_PER_RECORD 32		/* the kernel's PRB_AVGBITS: its log has no room for more */
#define RECORDS_MAX	(1u << 20)	/* when the log does not tell its size */

static struct {
	pthread_t thread;
	int fd;
	int stop_fd;
	uint64_t next_seq;
	bool failed;
	size_t len;
	char batch[BATCH_MAX];
} kmsg;

int kmsg__format(const char *rec, size_t len, char *out, size_t room, uint64_t *seq)
{
	const char *text = memchr(rec, ';', len);
	uint64_t prio, usec;
	char head[96], *end;
	size_t n;

	if (!text || (size_t)(text - rec) >= sizeof(head))
		return -EINVAL;
	memcpy(head, rec, (size_t)(text - rec));
	head[text - rec] = '\0';
	if (sscanf(head, "%" SCNu64 ",%" SCNu64 ",%" SCNu64, &prio, seq, &usec) != 3)
		return -EINVAL;
	text++;
	len -= (size_t)(text - rec);
	end = memchr(text, '\n', len);
	if (end)
		len = (size_t)(end - text);
	n = (size_t)snprintf(head, sizeof(head), "<%" PRIu64 ",%" PRIu64 ",%" PRIu64 ">", prio,
			     *seq, usec);
	if (room < n + 1)
		return -EINVAL;
	if (len > room - n - 1)
		len = room - n - 1;
	memcpy(out, head, n);
	memcpy(out + n, text, len);
	out[n + len] = '\n';
	return (int)(n + len + 1);
}

static void flush_batch(void)
{
	if (kmsg.len)
		bulk__send_stream(KTSTR_T_DMSG, kmsg.batch, kmsg.len);
	kmsg.len = 0;
}

static void batch_add(const char *line, size_t len)
{
	if (kmsg.len + len > sizeof(kmsg.batch))
		flush_batch();
	memcpy(kmsg.batch + kmsg.len, line, len);
	kmsg.len += len;
}

static void __attribute__((format(printf, 1, 2))) note_incomplete(const char *fmt, ...)
{
	char line[192];
	va_list ap;
	int n = snprintf(line, sizeof(line), "<4,%" PRIu64 ",0>" KTSTR_DMSG_INCOMPLETE,
			 kmsg.next_seq);

	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	line[n++] = '\n';
	batch_add(line, (size_t)n);
}

static void take_record(const char *rec, size_t len)
{
	char line[RECORD_MAX + 96];
	uint64_t seq;
	int n = kmsg__format(rec, len, line, sizeof(line), &seq);

	if (n < 0) {
		note_incomplete("a record cannot be understood");
		return;
	}
	/* Before the first read as well: a log that was full by then has no record 0. */
	if (seq > kmsg.next_seq)
		note_incomplete("%" PRIu64 " records were overwritten before they could be read",
				seq - kmsg.next_seq);
	kmsg.next_seq = seq + 1;
	batch_add(line, (size_t)n);
}

/* Return: false when there is no record now. */
static bool read_one(void)
{
	char rec[RECORD_MAX];
	ssize_t n = read(kmsg.fd, rec, sizeof(rec));

	if (n >= 0) {
		take_record(rec, (size_t)n);
		return n > 0;
	}
	/* EPIPE says that records are gone; the next one's number tells how many. */
	if (errno == EPIPE || errno == EINTR)
		return true;
	if (errno != EAGAIN && !kmsg.failed) {
		kmsg.failed = true;
		note_incomplete("reading it failed: %s", strerror(errno));
	}
	return false;
}

/*
 * A log that never pauses must not keep the guest, and neither a slow host nor
 * a slow machine may cost a record: one log's worth is all there was. A bound
 * in time would cut it where the host is slow to take it.
 */
static void read_rest(void)
{
	int bytes = klogctl(LOG_SIZE, NULL, 0);
	unsigned int left = bytes > 0 ? (unsigned int)bytes / BYTES_PER_RECORD : RECORDS_MAX;

	while (left-- && read_one())
		;
	flush_batch();
}

static void *kmsg_thread(void *arg)
{
	struct pollfd p[2] = {
		{ .fd = kmsg.fd, .events = POLLIN },
		{ .fd = kmsg.stop_fd, .events = POLLIN },
	};

	(void)arg;
	while (!(p[1].revents & POLLIN))
		if (poll(p, 2, -1) > 0 && !(p[1].revents & POLLIN)) {
			while (read_one())
				if (poll(&p[1], 1, 0) > 0)
					break;
			flush_batch();
		}
	read_rest();
	return NULL;
}

int kmsg__start(void)
{
	kmsg.fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg.fd < 0)
		return -errno;
	kmsg.stop_fd = eventfd(0, EFD_CLOEXEC);
	if (kmsg.stop_fd < 0)
		return -errno;
	return rt__thread(&kmsg.thread, RT_PRIO_RELAY, kmsg_thread, NULL);
}

void kmsg__finish(void)
{
	eventfd_write(kmsg.stop_fd, 1);
	pthread_join(kmsg.thread, NULL);
	close(kmsg.stop_fd);
	close(kmsg.fd);
}
