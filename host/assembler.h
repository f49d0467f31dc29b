/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames out of the bytes of port 1 (DESIGN section 3).
 */
#ifndef KTSTR_HOST_ASSEMBLER_H
#define KTSTR_HOST_ASSEMBLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/topology.h>
#include <ktstr/wire.h>

/* Control, and one stream for every CPU a guest can have. */
#define ASSEMBLER_STREAMS	(1u + KTSTR_CPUS_MAX)

/**
 * struct assembler_frame - a frame, as it is handed to the callback
 * @type: KTSTR_T_*, always one that wire.h knows
 * @stream: 0 control, 1 + cpu event pages
 * @seq: as the guest counted
 * @flags: KTSTR_F_*
 * @data: payload, valid during the call only
 * @len: bytes of payload
 * @corrupt: the payload's CRC is wrong: count it, do not believe it
 * @continues: the frame before it of this type and stream had %KTSTR_F_MORE
 */
struct assembler_frame {
	uint32_t type;
	uint32_t stream;
	uint32_t seq;
	uint32_t flags;
	const uint8_t *data;
	uint32_t len;
	bool corrupt;
	bool continues;
};

/**
 * struct assembler_stats - what went by
 * @frames: good headers of known types in known streams
 * @corrupt: of these, how many had a bad payload
 * @unknown: good headers of a type or stream that this host does not know
 * @lost: frames missing from the streams' counts
 * @reordered: frames whose count went backwards
 * @skipped: bytes that belonged to no frame
 */
struct assembler_stats {
	uint64_t frames;
	uint64_t corrupt;
	uint64_t unknown;
	uint64_t lost;
	uint64_t reordered;
	uint64_t skipped;
};

struct assembler;

typedef void (*assembler_frame_fn)(void *arg, const struct assembler_frame *frame);

/**
 * assembler__new() - an assembler at the start of a stream
 * @fn: called once for every frame, from within assembler__feed()
 * @arg: passed to @fn
 *
 * Return: the assembler, or NULL without memory. It never needs more later.
 */
struct assembler *assembler__new(assembler_frame_fn fn, void *arg);

/**
 * assembler__take_too() - know two more types, which are no guest's: those of a file
 * @a: assembler
 * @first, @second: four ASCII bytes each, as %KTSTR_FOURCC makes them
 */
void assembler__take_too(struct assembler *a, uint32_t first, uint32_t second);

/** assembler__free() - NULL is fine */
void assembler__free(struct assembler *a);

/**
 * assembler__feed() - take bytes, cut anywhere
 * @a: assembler
 * @data: bytes in the order the guest sent them; hostile
 * @len: how many
 *
 * A frame is delivered as soon as its last byte is here. Content longer than a
 * frame comes as several frames flagged %KTSTR_F_MORE; whoever wants them in one
 * piece joins them under a bound of its own.
 */
void assembler__feed(struct assembler *a, const void *data, size_t len);

/**
 * assembler__residue() - the incomplete frame at the end
 * @a: assembler
 * @len: its length in bytes, less than a whole frame
 *
 * For hand-over: push it back in front of the port's buffer.
 * Return: pointer valid until the next call, NULL when @len is 0.
 */
const void *assembler__residue(const struct assembler *a, size_t *len);

/** assembler__stats() - the counters so far */
const struct assembler_stats *assembler__stats(const struct assembler *a);

#endif /* KTSTR_HOST_ASSEMBLER_H */
