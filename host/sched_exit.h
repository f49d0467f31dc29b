/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why sched_ext let go of the scheduler under test: kind, exit code, reason, message and
 * debug dump, put together from all that speak of it.
 *
 * The kernel speaks by its log, by the event records of struct ktstr_ev_scx_state, and
 * by the trace event sched_ext_dump; the scheduler itself prints what it was told
 * (UEI_REPORT() of tools/sched_ext). All of it is hostile text, and where two sources do
 * not agree the kernel's is taken and the contradiction is told.
 */
#ifndef KTSTR_HOST_SCHED_EXIT_H
#define KTSTR_HOST_SCHED_EXIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHED_EXIT_OPS_MAX	128u
#define SCHED_EXIT_REASON_MAX	128u
#define SCHED_EXIT_MSG_MAX	512u
#define SCHED_EXIT_DUMP_MAX	(128u << 10)	/* bytes of a dump that are kept */
#define SCHED_EXIT_LINE_MAX	2048u		/* UEI_REASON_LEN + UEI_MSG_LEN and more */

#define SCHED_DUMP_NAME		"sched_dump.txt"

/* enum scx_exit_kind of kernel/sched/ext.c: the numbers are what schedulers are told. */
enum sched_exit_kind {
	SCHED_EXIT_NONE		= 0,
	SCHED_EXIT_DONE		= 1,
	SCHED_EXIT_UNREG	= 64,
	SCHED_EXIT_UNREG_BPF	= 65,
	SCHED_EXIT_UNREG_KERN	= 66,
	SCHED_EXIT_SYSRQ	= 67,
	SCHED_EXIT_ERROR	= 1024,
	SCHED_EXIT_ERROR_BPF	= 1025,
	SCHED_EXIT_ERROR_STALL	= 1026,
};

/* Who told something. */
enum sched_exit_source {
	SCHED_EXIT_BY_EVENTS,	/* record of ktstr's BPF program; its message is cut */
	SCHED_EXIT_BY_LOG,	/* "sched_ext: BPF scheduler ... disabled (...)" */
	SCHED_EXIT_BY_TRACE,	/* sched_ext_dump */
	SCHED_EXIT_BY_SELF,	/* what the scheduler prints */
	SCHED_EXIT_SOURCES,
};

/**
 * struct sched_exit_told - what one source says of an exit
 * @times: how many exits it told; of these the first is kept, or the first that is an error
 * @nth: which of them this one is, from 1
 * @kind: %SCHED_EXIT_NONE when it does not tell
 * @has_code: @code holds the exit code
 * @msg_cut: @msg may go on
 * @time_ns: guest CLOCK_MONOTONIC, 0 when it does not tell
 * @ops, @reason, @msg: clean text, "" when it does not tell
 */
struct sched_exit_told {
	uint32_t times;
	uint32_t nth;
	uint32_t kind;
	bool has_code;
	bool msg_cut;
	int64_t code;
	uint64_t time_ns;
	char ops[SCHED_EXIT_OPS_MAX];
	char reason[SCHED_EXIT_REASON_MAX];
	char msg[SCHED_EXIT_MSG_MAX];
};

/** struct sched_exit_dump - a dump: lines of printable ASCII; @cut: there was more */
struct sched_exit_dump {
	size_t len;
	bool cut;
	char text[SCHED_EXIT_DUMP_MAX];
};

/**
 * struct sched_exit - what was gathered; zeroed: nothing
 * @told: by source
 * @trace, @self: the dump as the kernel traced it, and as the scheduler printed it
 *
 * The rest is internal: the unfinished line of each source, and where in their text
 * they are.
 */
struct sched_exit {
	struct sched_exit_told told[SCHED_EXIT_SOURCES];
	struct sched_exit_dump trace, self;
	struct {
		char text[SCHED_EXIT_LINE_MAX];
		size_t len;
		bool cut;
	} line[SCHED_EXIT_SOURCES];
	bool msg_follows;	/* the next line of the log may be the message */
	unsigned int in_dump;	/* 1 behind its title, 2 inside */
};

/**
 * struct sched_exit_facts - the exit
 * @known: somebody told one
 * @kind, @kind_by: %SCHED_EXIT_NONE when nobody knows
 * @has_code, @code, @code_by: exit code of the scheduler's own choice
 * @ops, @ops_by: its name
 * @reason, @reason_by: the kind in the kernel's words
 * @msg, @msg_by: details, "" without
 * @time_ns: guest CLOCK_MONOTONIC, 0 when nobody knows
 * @dump, @dump_by: NULL without
 * @contradictions: sentences, each ended by a newline
 */
struct sched_exit_facts {
	bool known;
	uint32_t kind;
	enum sched_exit_source kind_by;
	bool has_code;
	int64_t code;
	enum sched_exit_source code_by;
	const char *ops, *reason, *msg;
	enum sched_exit_source ops_by, reason_by, msg_by;
	uint64_t time_ns;
	const struct sched_exit_dump *dump;
	enum sched_exit_source dump_by;
	char contradictions[768];
};

/**
 * sched_exit__feed() - take bytes of a source, cut anywhere
 * @x: what was gathered
 * @from: %SCHED_EXIT_BY_LOG (as DMSG has it), _TRACE (trace_pipe), or _SELF
 * @data: bytes; hostile
 * @len: how many
 */
void sched_exit__feed(struct sched_exit *x, enum sched_exit_source from, const void *data,
		      size_t len);

/** sched_exit__tell() - take an exit that a source tells; return: is it the one to be kept? */
bool sched_exit__tell(struct sched_exit *x, enum sched_exit_source from,
		      const struct sched_exit_told *told);

/** sched_exit__facts() - put it together; @f points into @x */
void sched_exit__facts(const struct sched_exit *x, struct sched_exit_facts *f);

/**
 * sched_exit__by_itself() - did the kernel, or the scheduler's BPF code, end it?
 *
 * Else its process let go of it, by closing or dying, or nobody knows.
 */
bool sched_exit__by_itself(const struct sched_exit_facts *f);

/** sched_exit__describe() - "REASON (MESSAGE)" with the exit code if it says more; return: @buf */
const char *sched_exit__describe(const struct sched_exit_facts *f, char *buf, size_t size);

/** sched_exit__kind_name() - "SCX_EXIT_ERROR_STALL", ..., "unknown" */
const char *sched_exit__kind_name(uint32_t kind);

/** sched_exit__source_name() - for machines: "events", "log", "trace", "scheduler" */
const char *sched_exit__source_name(enum sched_exit_source source);

#endif /* KTSTR_HOST_SCHED_EXIT_H */
