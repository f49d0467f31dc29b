/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kinds of work in guest/work_*.c have in common.
 */
#ifndef GUEST_WORK_H
#define GUEST_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/work.h>

/**
 * struct work_ops - what a kind does
 * @shared_bytes: of shared memory, and @shared_each more for each worker of the group
 * @setup: in PID 1 before the workers exist: opens what they inherit; 0 or -errno; or NULL
 * @run: in each worker, from release to the end of the window
 * @cleanup: in PID 1 when all of the group are dead: removes what killed ones left; or NULL
 */
struct work_ops {
	size_t shared_bytes, shared_each;
	int (*setup)(struct ktstr_group *g, const struct ktstr_work *work);
	void (*run)(struct ktstr_worker *w);
	void (*cleanup)(struct ktstr_group *g);
};

/* Each kind's operations, work_ops_spin and so on, are beside its functions. */
#define WORK_OPS_(id, ...) extern const struct work_ops work_ops_##id;
KTSTR_WORK_KINDS(WORK_OPS_)
#undef WORK_OPS_

/** work_ops__of() - what kind @kind does */
const struct work_ops *work_ops__of(const struct ktstr_work_kind *kind);

/* A worker's parameter, or its kind's default. */
uint32_t work__busy_us(const struct ktstr_worker *w);
uint32_t work__idle_us(const struct ktstr_worker *w);
size_t work__bytes(const struct ktstr_worker *w);

/** work__busy() - compute for as long as the kind's units do */
void work__busy(struct ktstr_worker *w);

/** work__sleep() - sleep for @us of its own will; how late it wakes is no latency of its kind */
void work__sleep(struct ktstr_worker *w, uint32_t us);

/** work__below() - a random number below @n, which is not 0 */
uint32_t work__below(struct ktstr_worker *w, uint32_t n);

/** work__must() - @ok, or the worker fails with @what and errno's text */
void work__must(struct ktstr_worker *w, bool ok, const char *what);

/**
 * work__map() - private memory of a worker, at least @bytes, zeroed and touched
 *
 * Return: never NULL: a worker without memory fails.
 */
void *work__map(struct ktstr_worker *w, size_t bytes);

/** work__become_fifo() - be a real-time task of the lowest priority, or fail */
void work__become_fifo(struct ktstr_worker *w);

#endif /* GUEST_WORK_H */
