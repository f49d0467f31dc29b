/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of ktstr.ko share. */
#ifndef KTSTR_KMOD_INTERNAL_H
#define KTSTR_KMOD_INTERNAL_H

#include <linux/types.h>
#include <linux/wait.h>

#include <asm/local.h>

#include <ktstr/dev.h>
#include <ktstr/event.h>

struct page;

/*
 * How a page of the ring buffer begins (struct buffer_data_page in ring_buffer.c;
 * events/header_page in tracefs says the same). Events are aligned as on x86-64 and
 * arm64: to their own 4 bytes.
 */
struct ktstr_page_head {
	u64	time_stamp;
	local_t	commit;
	u8	data[] __aligned(4);
};

/* main.c */
extern bool ktstr_stimuli;

/* buffer.c: the events */
int ktstr_buffer_init(unsigned long size, unsigned int order);
void ktstr_buffer_exit(void);
int ktstr_buffer_emit(const void *rec, u32 len);
int ktstr_buffer_mark(u64 id, u64 arg);
bool ktstr_buffer_is_on(void);
bool ktstr_buffer_is_off(void);
void ktstr_buffer_enable(void);
void ktstr_buffer_disable(void);
int ktstr_buffer_reset(void);
int ktstr_buffer_set_size(u64 size);
u64 ktstr_buffer_size(void);
unsigned int ktstr_buffer_page_size(void);
unsigned int ktstr_buffer_page_used(const struct page *page);
void ktstr_buffer_stats(struct ktstr_dev_stats *st);
void ktstr_buffer_clock(struct ktstr_dev_clock *c);
struct page *ktstr_buffer_take(unsigned int cpu, u64 watermark);
bool ktstr_buffer_arm(unsigned int cpu, u64 watermark);
wait_queue_head_t *ktstr_buffer_readers(unsigned int cpu);

/* chardev.c, emit.c, kfunc.c, panic.c, stimulus.c */
int ktstr_chardev_init(void);
void ktstr_chardev_exit(void);
int ktstr_emit_records(struct ktstr_dev_emit *e);
int ktstr_kfunc_init(void);
int ktstr_event_emit(const void *rec, u32 rec__sz);
int ktstr_event_mark(u64 id, u64 arg);
void ktstr_panic_init(void);
void ktstr_panic_exit(void);
int ktstr_stimulate(struct ktstr_stimulus *s);

/* arch_x86.c, or arch_none.c that can do none of it */
u64 ktstr_arch_cycles(void);
void ktstr_arch_facts(struct ktstr_dev_facts *f);
void ktstr_arch_crash_open(void);
void ktstr_arch_crash_write(const char *text);
int ktstr_arch_call_nmi(unsigned int cpu, void (*fn)(void *), void *arg);

#endif /* KTSTR_KMOD_INTERNAL_H */
