/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's end of a guest's port 1 over a socket: frames in, checked to the last
 * byte. For tests whose subject is the guest; anything out of order aborts.
 */
#ifndef PORT_READER_H
#define PORT_READER_H

#include <endian.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <ktstr/wire.h>

#define PORT_STREAMS	8

struct port_reader {
	int fd;
	uint32_t seq[PORT_STREAMS];	/* of the next frame of each stream */
	uint8_t payload[KTSTR_WIRE_PAYLOAD_MAX];
};

#define port_die(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), abort())

/* Return: the guest's end, non-blocking as the port is, and with a buffer of @bytes. */
static inline int port_open_pair(struct port_reader *r, int bytes)
{
	int sv[2];

	signal(SIGPIPE, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) || fcntl(sv[1], F_SETFL, O_NONBLOCK) ||
	    setsockopt(sv[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)))
		port_die("no socket pair");
	memset(r, 0, sizeof(*r));
	r->fd = sv[0];
	return sv[1];
}

static inline void port_read(struct port_reader *r, void *buf, size_t len)
{
	ssize_t n;

	for (uint8_t *p = buf; len; p += n, len -= (size_t)n) {
		n = read(r->fd, p, len);
		if (n <= 0)
			port_die("the port ended in the middle of a frame");
	}
}

/* The next frame; its payload is in @r. */
static inline struct ktstr_frame port_next(struct port_reader *r)
{
	struct ktstr_frame f;
	uint32_t stream;

	port_read(r, &f, sizeof(f));
	if (le32toh(f.magic) != KTSTR_WIRE_MAGIC || le16toh(f.version) != KTSTR_WIRE_VERSION ||
	    le32toh(f.header_crc) != crc32(0, (const Bytef *)&f, 28))
		port_die("no header where one must be: frames are mixed up");
	stream = le32toh(f.stream);
	if (stream >= PORT_STREAMS || le32toh(f.seq) != r->seq[stream]++)
		port_die("frame %u of stream %u is out of order", le32toh(f.seq), stream);
	port_read(r, r->payload, le32toh(f.len));
	if (!(le16toh(f.flags) & KTSTR_F_NOCRC) &&
	    le32toh(f.payload_crc) != crc32(0, r->payload, le32toh(f.len)))
		port_die("frame %u of stream %u is corrupt", le32toh(f.seq), stream);
	return f;
}

/* The next frame of @type; what comes before it is passed over. */
static inline struct ktstr_frame port_next_of(struct port_reader *r, uint32_t type)
{
	struct ktstr_frame f;

	do {
		f = port_next(r);
	} while (le32toh(f.type) != type);
	return f;
}

/* A frame of the host's in @out; return: its bytes. */
static inline size_t port_frame(uint8_t *out, uint32_t type, const void *p, uint32_t len)
{
	struct ktstr_frame f = {
		.magic = htole32(KTSTR_WIRE_MAGIC),
		.version = htole16(KTSTR_WIRE_VERSION),
		.type = htole32(type),
		.len = htole32(len),
		.payload_crc = htole32((uint32_t)crc32(0, p, len)),
	};

	f.header_crc = htole32((uint32_t)crc32(0, (const Bytef *)&f, 28));
	memcpy(out, &f, sizeof(f));
	if (len)
		memcpy(out + sizeof(f), p, len);
	return sizeof(f) + len;
}

static inline size_t port_ping(uint8_t *out, uint64_t id)
{
	const struct ktstr_ping ping = { .id = htole64(id) };

	return port_frame(out, KTSTR_T_PING, &ping, sizeof(ping));
}

#endif /* PORT_READER_H */
