/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a machine is made of; private to vmm*.c.
 */
#ifndef VMM_PRIV_H
#define VMM_PRIV_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <ktstr/vmm.h>

#include "bus.h"
#include "clock.h"
#include "io_thread.h"
#include "irqchip.h"
#include "memory.h"
#include "vcpu.h"

/* Everything that is a file descriptor, so that making and closing them is a loop. */
enum {
	FD_TX,
	FD_STATS_TX,
	FD_SERIAL,
	FD_END,
	FD_CONSOLE_IRQ,
	FD_POWER_IRQ,
	FD_REARM,
	FD_QUIT,
	FD_LINGER,	/* this and the next are timerfds, the others eventfds */
	FD_IRQ_TIMER,
	NR_FDS,
};

/**
 * struct com_line - interrupt line of a UART
 * @vm_fd: VM
 * @gsi: I/O APIC pin
 */
struct com_line {
	int vm_fd;
	uint32_t gsi;
};

/**
 * struct vmm - a machine
 * @lock: protects @end and @detail, and orders kicking vCPUs before joining them
 * @end: why it ended, for good once it is not %VMM_END_NONE
 * @detail: sentence for %VMM_END_ERROR
 */
struct vmm {
	struct ktstr_topology topology;
	int kvm_fd;
	int vm_fd;
	int fd[NR_FDS];
	struct memory mem;
	struct bus bus;
	struct irqchip irqchip;
	struct com_line com_line[BUS_COMS];
	struct io_thread io;
	struct vcpu *vcpus;
	uint32_t nr_vcpus;
	uint64_t create_ns;
	uint64_t load_ns;
	struct vmm_clock clock;
	bool has_coms;
	pthread_mutex_t lock;
	enum vmm_end end;
	char detail[256];
};

#endif /* VMM_PRIV_H */
