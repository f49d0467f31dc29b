/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A 16550A UART that sends only: all of it that Linux's 8250 driver looks at.
 */
#ifndef VMM_SERIAL_H
#define VMM_SERIAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serial_log.h"

#define SERIAL_PORTS	8u	/* I/O ports that a UART occupies */

/**
 * struct serial_cfg - what a UART is connected to
 * @set_irq: drive the interrupt line; called with the UART's lock held
 * @irq_arg: first argument of @set_irq
 * @data_evt: eventfd to signal when there is a line, or much, to read; -1 for none
 * @linger_fd: timerfd to arm when there is a little to read; its owner calls
 *	serial__flush() when it fires; -1 signals @data_evt for every byte
 */
struct serial_cfg {
	void (*set_irq)(void *arg, bool level);
	void *irq_arg;
	int data_evt;
	int linger_fd;
};

/**
 * struct serial - state of one UART
 *
 * @irq_level is what @cfg.set_irq was last told. @unsignalled counts bytes in
 * @log that @cfg.data_evt was not signalled for.
 */
struct serial {
	struct serial_cfg cfg;
	pthread_mutex_t lock;
	struct serial_log log;
	size_t unsignalled;
	bool irq_level;
	bool thr_irq;
	uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
};

void serial__init(struct serial *s, const struct serial_cfg *cfg);
void serial__destroy(struct serial *s);
uint8_t serial__in(struct serial *s, unsigned int reg);
void serial__out(struct serial *s, unsigned int reg, uint8_t val);
void serial__put(struct serial *s, uint8_t byte);
void serial__flush(struct serial *s);
size_t serial__read(struct serial *s, void *buf, size_t len);

#endif /* VMM_SERIAL_H */
