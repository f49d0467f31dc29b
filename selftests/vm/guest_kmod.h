/* SPDX-License-Identifier: GPL-2.0-only */
/* PID 1 of the module's tests: what its files share. */
#ifndef KTSTR_VM_GUEST_KMOD_H
#define KTSTR_VM_GUEST_KMOD_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <ktstr/dev.h>
#include <ktstr/event.h>
#include <ktstr/wire.h>

#include "kmod_test.h"

#define NR_CPUS	4	/* of the test's machine, at most */

/* Prints one line on COM2. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void fail(const char *file, int line, const char *what) __attribute__((noreturn));

#define NEED(cond) do { \
	if (!(cond)) \
		fail(__FILE__, __LINE__, #cond); \
} while (0)
/* A call that must fail, and how. */
#define NEED_ERRNO(err, call) do { \
	errno = 0; \
	if ((call) != -1 || errno != (err)) \
		fail(__FILE__, __LINE__, #call " wants " #err); \
} while (0)

/* guest_kmod.c */
void load(const char *params);
int try_unload(void);
void unload(void);
int open_dev(void);
int open_cpu(int cpu);
void pin(int cpu);
uint64_t now_ns(void);
struct ktstr_dev_stats stats(int fd, int cpu);
uint64_t emit(int fd, uint32_t context, int cpu, uint64_t source, uint64_t first, uint32_t count);
void send_page(int cpu, const void *page);
bool splice_pages(int cpu, int fd);
bool read_pages(int cpu, int fd);
void drain(int cpu, int fd);
void say_account(int fd);
void wait_asleep(int tid);
unsigned int page_size(void);
unsigned long free_kib(void);

/* guest_kmod_load.c */
void load_start(void);
void load_stop(void);

/* guest_kmod_cases.c: moves a CPU's pages out until the end of the file */
struct pumper {
	pthread_t thread;
	int cpu;
	bool by_splice;
};

void *pumper_main(void *pumper);

/* guest_kmod_stim.c */
bool online(int cpu);
void set_online(int cpu, const char *to);

/* guest_kmod_bpf.c */
struct bpf_mark {
	uint64_t id, arg;
};

int bpf_load_syscall(const struct bpf_mark *m, int *run_result);
int bpf_load_switch(const struct bpf_mark *m);
int bpf_load_perf(const struct bpf_mark *m);
int bpf_attach(int prog);

/* The cases; @n from KMOD_CASE. */
void case_load_unload(unsigned int n);
void case_account(unsigned int n);
void case_contexts(unsigned int n);
void case_two_pages(unsigned int n);
void case_splice(unsigned int n);
void case_poll(unsigned int n);
void case_busy(unsigned int n);
void case_hotplug(unsigned int n);
void case_bad(unsigned int n);
void case_facts(unsigned int n);
void case_bpf(unsigned int n);
void case_stimulus(unsigned int n);
void case_panic(unsigned int n);
void case_attach(unsigned int n);
void case_stream_hotplug(unsigned int n);
void case_bare_hotplug(unsigned int n);
void case_killed(unsigned int n);
void case_perf(unsigned int n);
void case_watched(unsigned int n);

#endif /* KTSTR_VM_GUEST_KMOD_H */
