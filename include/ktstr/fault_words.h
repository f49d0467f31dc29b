/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults of scx_ktstr as people write them, and how they get into its map.
 *
 * Implemented in bpf/fault_words.c, linked into scx_ktstr and the host's command.
 */
#ifndef KTSTR_FAULT_WORDS_H
#define KTSTR_FAULT_WORDS_H

#include <stdint.h>
#include <stdio.h>

#include <ktstr/error.h>
#include <ktstr/scx_ktstr.h>

#define FAULT_WORDS_MS_MAX	3600000u	/* of every time */

/* Faults that are the loader's, behind those of the map: nobody can switch them. */
enum fault_words_loader {
	FAULT_WORDS_DIE_AT_START = KTSTR_FAULT_NR,
	FAULT_WORDS_EXIT_AFTER,
	FAULT_WORDS_NR,
};

/**
 * fault_words__number() - read a decimal number, without blanks and signs
 * @what: what it is, for the sentence
 * @s: text
 * @min, @max: bounds
 * @out: result
 * @e: the sentence of a failure
 *
 * Return: 0 or -EINVAL.
 */
int fault_words__number(const char *what, const char *s, uint64_t min, uint64_t max, __u64 *out,
			struct ktstr_error *e);

/**
 * fault_words__parse() - read one fault, "NAME[=ARG][,after=MS]"
 * @opt: the option that it was given to, for the sentence
 * @text: the fault
 * @id: enum ktstr_fault_id or enum fault_words_loader
 * @f: @after_ns, @arg and @name of it, the rest 0
 * @e: the sentence of a failure
 *
 * Return: 0 or -EINVAL.
 */
int fault_words__parse(const char *opt, const char *text, unsigned int *id,
		       struct ktstr_fault *f, struct ktstr_error *e);

/**
 * fault_words__find() - which fault has this name?
 * @opt: the option that it was given to, for the sentence
 * @name: all of it
 * @id: as above
 * @e: the sentence of a failure
 *
 * Return: 0 or -EINVAL.
 */
int fault_words__find(const char *opt, const char *name, unsigned int *id,
		      struct ktstr_error *e);

/** fault_words__name() - name of a fault of the map, or NULL */
const char *fault_words__name(unsigned int id);

/** fault_words__help() - print each fault with the symptom it makes */
void fault_words__help(FILE *out);

/**
 * fault_words__arm() - switch a fault on in the map of a scheduler that runs
 * @f: the map
 * @id: enum ktstr_fault_id
 * @fault: from fault_words__parse(); its time begins to count if it was off
 *
 * Return: the @seq that @seq_taken reaches when the scheduler has seen it.
 */
__u64 fault_words__arm(struct ktstr_faults *f, unsigned int id, const struct ktstr_fault *fault);

/** fault_words__disarm() - switch it off; returns as fault_words__arm() */
__u64 fault_words__disarm(struct ktstr_faults *f, unsigned int id);

#endif /* KTSTR_FAULT_WORDS_H */
