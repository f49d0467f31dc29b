/* SPDX-License-Identifier: GPL-2.0-only */
/* PID 1 of the stress tests: what its cases share. */
#ifndef KTSTR_VM_GUEST_STRESS_H
#define KTSTR_VM_GUEST_STRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/ports.h>

#include "stress.h"

/**
 * struct port - port 1 or 2 as this side sees it
 * @id: its number
 * @path: its node
 * @name: its right name
 * @fd: the open node or -1; not blocking
 * @sent: bytes whose write() returned
 * @next: lowest number that a record may have
 * @got: records received
 * @missing: records skipped
 * @last: the record marked STRESS_LAST came
 * @gaps_allowed: counts what may lose records: a reset, a close()
 * @gap_in: its value when records were last skipped
 */
struct port {
	unsigned int id;
	const char *path;
	const char *name;
	int fd;
	uint64_t sent;
	uint64_t next;
	uint64_t got;
	uint64_t missing;
	bool last;
	_Atomic unsigned int gaps_allowed;
	unsigned int gap_in;
};

extern struct port ports[2];

#define ECHO_RECORDS	4	/* a port lives when so many have come */

#define DRIVER_DIR	"/sys/bus/virtio/drivers/virtio_console/"
#define DRIVER_DEVICE	"virtio0"

/* Cases, named in the plan. */
void case_reset(void);
void case_storm(void);
void case_pending(void);
void case_vimto(void);
void case_hold(void);
void case_last_words(void);
void case_connect(void);
void case_hostile(void);
void case_kexec(void);
void case_second(void);

/** say() - a line on COM2 */
void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...);

/** die() - "fail WHAT: errno" on COM2, and the end of the machine */
void __attribute__((noreturn)) die(const char *what);

/** skip() - "skip WHAT: errno" on COM2: this kernel cannot do it; and the end of the machine */
void __attribute__((noreturn)) skip(const char *what);

/** plan_number() - value of a key of the plan, or @dflt */
uint64_t plan_number(const char *key, uint64_t dflt);

/** plan_has() - does this word stand in the plan? */
bool plan_has(const char *word);

/** random_below() - a number below @n, the same ones in every run of a thread */
uint32_t random_below(uint64_t *state, uint32_t n);

/** now_us() - CLOCK_MONOTONIC */
uint64_t now_us(void);

/** write_text() - write a sysfs or proc file, or die */
void write_text(const char *path, const char *text);

/** read_text() - read one, without its last newline; return: false if it cannot be read */
bool read_text(const char *path, char *buf, size_t len);

/** checked() - pass on a count, or die of a negative errno */
int checked(int n, const char *what);

/** unbind() - take the driver off the device: open ports are orphaned */
void unbind(void);

/** bind_again() - put it on again, until all ports have their right names */
void bind_again(void);

/** port_counter() - a line of the driver's debugfs file of a port */
uint64_t port_counter(const struct port *p, const char *key);

/** port__open() - open the node, which is there, and wait for the host; or die */
void port__open(struct port *p);

/** port__reopen() - the same, but the host may be gone */
void port__reopen(struct port *p);

/** port__close() - close it: from here on records may be missing */
void port__close(struct port *p);

/**
 * port__send() - one write() of the next @len bytes of the port's stream
 * Return: bytes taken, 0 if it would have blocked, or a negative errno.
 */
int port__send(struct port *p, size_t len);

/** port__send_all() - @len bytes, waiting for room as long as it takes */
void port__send_all(struct port *p, uint64_t len);

/**
 * port__receive() - one read(), every record in it checked
 * Return: bytes, 0 if it would have blocked, -EPIPE at the end of the file
 * (the host closed), or another negative errno.
 */
int port__receive(struct port *p);

/** port__echo() - send @len bytes and receive some records */
void port__echo(struct port *p, uint64_t len);

/** port__fill() - send the plan's "full" bytes, which fill every buffer, "first" ones first */
void port__fill(struct port *p);

/** port__wait() - poll() without a timeout; return: revents */
int port__wait(const struct port *p, int events);

/** console__open() - hvc0, raw, or die */
int console__open(void);

/** console__echo() - "round N" out on hvc0, until "ack N" comes in */
void console__echo(int fd, uint64_t n);

/** load_module() - finit_module() with parameters, or skip */
void load_module(const char *path, const char *params);

#endif /* KTSTR_VM_GUEST_STRESS_H */
