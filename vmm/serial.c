// SPDX-License-Identifier: GPL-2.0-only
/*
 * 16550A, transmit half (PC16550D data sheet, section 8; register names as in
 * <linux/serial_reg.h>).
 *
 * The transmitter is infinitely fast: a byte is in the log before the exit
 * that wrote it ends, so the holding register is always empty and a crash
 * message is never waited for. Nothing is ever received.
 */
#include <linux/serial_reg.h>
#include <sys/timerfd.h>

#include "event.h"
#include "serial.h"

#define IIR_16550A	0xc0u		/* FIFOs are there and on; not in the exported header */
#define SIGNAL_AT	128u		/* bytes without a newline before the reader is woken */
#define LINGER_NS	20000000	/* or as long as this, whichever is first */

/**
 * serial__init() - reset state
 * @s: filled in
 * @cfg: connections, copied
 */
void serial__init(struct serial *s, const struct serial_cfg *cfg)
{
	*s = (struct serial){ .cfg = *cfg };
	pthread_mutex_init(&s->lock, NULL);
	s->dll = 1;	/* 115200 baud */
}

/** serial__destroy() - free the log; nobody uses @s any more */
void serial__destroy(struct serial *s)
{
	serial_log__free(&s->log);
	pthread_mutex_destroy(&s->lock);
}

/* OUT2 gates the interrupt line on every PC; Linux relies on it in its tests. */
static void update_irq(struct serial *s)
{
	bool level = s->thr_irq && (s->ier & UART_IER_THRI) && (s->mcr & UART_MCR_OUT2);

	if (level == s->irq_level)
		return;
	s->irq_level = level;
	if (s->cfg.set_irq)
		s->cfg.set_irq(s->cfg.irq_arg, level);
}

static void signal_now(struct serial *s)
{
	s->unsignalled = 0;
	event_signal(s->cfg.data_evt);
}

static void signal_soon(struct serial *s)
{
	struct itimerspec it = { .it_value.tv_nsec = LINGER_NS };

	if (timerfd_settime(s->cfg.linger_fd, 0, &it, NULL))
		signal_now(s);
}

/*
 * A wake-up per byte would cost the reader a context switch per byte: it is
 * woken for lines, for long pieces, and for what was left lying a moment.
 */
static void put_locked(struct serial *s, uint8_t byte)
{
	serial_log__put(&s->log, byte);
	s->unsignalled++;
	if (byte == '\n' || s->unsignalled >= SIGNAL_AT || s->cfg.linger_fd < 0)
		signal_now(s);
	else if (s->unsignalled == 1)
		signal_soon(s);
}

/**
 * serial__put() - log a byte as if the guest had printed it
 * @s: UART
 * @byte: for example from the console device's emergency write
 */
void serial__put(struct serial *s, uint8_t byte)
{
	pthread_mutex_lock(&s->lock);
	put_locked(s, byte);
	pthread_mutex_unlock(&s->lock);
}

/** serial__flush() - wake the reader for bytes it was not woken for yet */
void serial__flush(struct serial *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->unsignalled)
		signal_now(s);
	pthread_mutex_unlock(&s->lock);
}

/**
 * serial__read() - take the oldest bytes that were printed
 * @s: UART
 * @buf: where to
 * @len: room in bytes
 *
 * What does not fit keeps the reader's event signalled.
 *
 * Return: bytes taken.
 */
size_t serial__read(struct serial *s, void *buf, size_t len)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = serial_log__read(&s->log, buf, len);
	if (serial_log__pending(&s->log))
		signal_now(s);
	else
		s->unsignalled = 0;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* Reading IIR acknowledges the transmitter's interrupt, and only that one exists. */
static uint8_t read_iir(struct serial *s)
{
	uint8_t val = UART_IIR_NO_INT;

	if (s->thr_irq && (s->ier & UART_IER_THRI)) {
		val = UART_IIR_THRI;
		s->thr_irq = false;
	}
	if (s->fcr & UART_FCR_ENABLE_FIFO)
		val |= IIR_16550A;
	return val;
}

/* In loopback mode the outputs come back as inputs: the driver's presence test. */
static uint8_t read_msr(const struct serial *s)
{
	uint8_t val = 0;

	if (!(s->mcr & UART_MCR_LOOP))
		return UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
	if (s->mcr & UART_MCR_RTS)
		val |= UART_MSR_CTS;
	if (s->mcr & UART_MCR_DTR)
		val |= UART_MSR_DSR;
	if (s->mcr & UART_MCR_OUT1)
		val |= UART_MSR_RI;
	if (s->mcr & UART_MCR_OUT2)
		val |= UART_MSR_DCD;
	return val;
}

static uint8_t read_reg(struct serial *s, unsigned int reg)
{
	bool dlab = s->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_RX:
		return dlab ? s->dll : 0;
	case UART_IER:
		return dlab ? s->dlm : s->ier;
	case UART_IIR:
		return read_iir(s);
	case UART_LCR:
		return s->lcr;
	case UART_MCR:
		return s->mcr;
	case UART_LSR:
		return UART_LSR_THRE | UART_LSR_TEMT;
	case UART_MSR:
		return read_msr(s);
	case UART_SCR:
		return s->scr;
	default:
		return 0xff;
	}
}

/**
 * serial__in() - the guest reads a register
 * @s: UART
 * @reg: offset, UART_RX (0) .. UART_SCR (7)
 *
 * Context: any vCPU thread.
 * Return: its value.
 */
uint8_t serial__in(struct serial *s, unsigned int reg)
{
	uint8_t val;

	pthread_mutex_lock(&s->lock);
	val = read_reg(s, reg);
	update_irq(s);
	pthread_mutex_unlock(&s->lock);
	return val;
}

static void write_thr(struct serial *s, uint8_t byte)
{
	/* The line falls and rises again: I/O APIC pins of UARTs trigger on edges. */
	s->thr_irq = false;
	update_irq(s);
	if (!(s->mcr & UART_MCR_LOOP))
		put_locked(s, byte);
	s->thr_irq = true;
}

static void write_ier(struct serial *s, uint8_t val)
{
	/* Enabling the interrupt with an empty holding register raises it at once. */
	if ((val & UART_IER_THRI) && !(s->ier & UART_IER_THRI))
		s->thr_irq = true;
	s->ier = val & 0x0f;
}

static void write_reg(struct serial *s, unsigned int reg, uint8_t val)
{
	bool dlab = s->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_TX:
		if (dlab)
			s->dll = val;
		else
			write_thr(s, val);
		break;
	case UART_IER:
		if (dlab)
			s->dlm = val;
		else
			write_ier(s, val);
		break;
	case UART_FCR:
		s->fcr = val;
		break;
	case UART_LCR:
		s->lcr = val;
		break;
	case UART_MCR:
		s->mcr = val & 0x1f;
		break;
	case UART_SCR:
		s->scr = val;
		break;
	default:	/* LSR and MSR are read-only */
		break;
	}
}

/**
 * serial__out() - the guest writes a register
 * @s: UART
 * @reg: offset, UART_TX (0) .. UART_SCR (7)
 * @val: value
 *
 * Never waits for the reader of the log.
 *
 * Context: any vCPU thread.
 */
void serial__out(struct serial *s, unsigned int reg, uint8_t val)
{
	pthread_mutex_lock(&s->lock);
	write_reg(s, reg, val);
	update_irq(s);
	pthread_mutex_unlock(&s->lock);
}
