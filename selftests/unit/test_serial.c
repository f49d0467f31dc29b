// SPDX-License-Identifier: GPL-2.0-only
/*
 * The UART as Linux's 8250 driver probes and uses it, and its bounded log.
 */
#include <linux/serial_reg.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "vmm/serial.h"

#include "unit.h"

FIXTURE(uart)
{
	struct serial s;
	int evt;
	int linger;
	unsigned int rises;
	int level;
};

static void note_irq(void *arg, bool level)
{
	FIXTURE_DATA(uart) *self = arg;

	self->level = level;
	self->rises += level;
}

FIXTURE_SETUP(uart)
{
	self->evt = eventfd(0, EFD_NONBLOCK);
	self->linger = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	ASSERT_LE(0, self->evt);
	ASSERT_LE(0, self->linger);
	serial__init(&self->s, &(struct serial_cfg){
		.set_irq = note_irq, .irq_arg = self,
		.data_evt = self->evt, .linger_fd = self->linger,
	});
}

FIXTURE_TEARDOWN(uart)
{
	serial__destroy(&self->s);
	close(self->evt);
	close(self->linger);
}

static void print(struct serial *s, const char *text)
{
	for (; *text; text++)
		serial__out(s, UART_TX, (uint8_t)*text);
}

static uint64_t signals(int evt)
{
	uint64_t n = 0;

	return read(evt, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

TEST_F(uart, prints_in_order)
{
	char buf[64];

	print(&self->s, "panic: it broke\n");
	ASSERT_EQ(16, serial__read(&self->s, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, "panic: it broke\n", 16));
	EXPECT_EQ(0, serial__read(&self->s, buf, sizeof(buf)));
}

TEST_F(uart, transmitter_is_always_empty)
{
	for (int i = 0; i < 1000; i++) {
		EXPECT_EQ(UART_LSR_THRE | UART_LSR_TEMT, serial__in(&self->s, UART_LSR));
		serial__out(&self->s, UART_TX, 'x');
	}
}

/* autoconfig() in drivers/tty/serial/8250/8250_port.c */
TEST_F(uart, is_found_by_the_drivers_presence_test)
{
	struct serial *s = &self->s;

	serial__out(s, UART_IER, 0);
	EXPECT_EQ(0, serial__in(s, UART_IER) & 0x0f);
	serial__out(s, UART_IER, 0x0f);
	EXPECT_EQ(0x0f, serial__in(s, UART_IER) & 0x0f);
	serial__out(s, UART_IER, 0);
	serial__out(s, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
	EXPECT_EQ(UART_MSR_DCD | UART_MSR_CTS, serial__in(s, UART_MSR) & 0xf0);
}

TEST_F(uart, is_a_16550a_once_its_fifo_is_on)
{
	EXPECT_EQ(0, serial__in(&self->s, UART_IIR) & 0xc0);
	serial__out(&self->s, UART_FCR, UART_FCR_ENABLE_FIFO);
	EXPECT_EQ(0xc0, serial__in(&self->s, UART_IIR) & 0xc0);
}

TEST_F(uart, divisor_and_scratch_read_back_and_print_nothing)
{
	char c;

	serial__out(&self->s, UART_LCR, UART_LCR_DLAB);
	serial__out(&self->s, UART_DLL, 0x0c);
	serial__out(&self->s, UART_DLM, 0x34);
	EXPECT_EQ(0x0c, serial__in(&self->s, UART_DLL));
	EXPECT_EQ(0x34, serial__in(&self->s, UART_DLM));
	serial__out(&self->s, UART_LCR, UART_LCR_WLEN8);
	EXPECT_EQ(0, serial__in(&self->s, UART_IER));
	EXPECT_EQ(0, serial__in(&self->s, UART_RX));
	serial__out(&self->s, UART_SCR, 0xa5);
	EXPECT_EQ(0xa5, serial__in(&self->s, UART_SCR));
	EXPECT_EQ(0, serial__read(&self->s, &c, 1));
}

TEST_F(uart, loopback_prints_nothing)
{
	char c;

	serial__out(&self->s, UART_MCR, UART_MCR_LOOP);
	serial__out(&self->s, UART_TX, 'x');
	EXPECT_EQ(0, serial__read(&self->s, &c, 1));
}

/* serial8250_THRE_test(): without these Linux falls back to a timer. */
TEST_F(uart, enabling_the_interrupt_raises_it_each_time)
{
	serial__out(&self->s, UART_MCR, UART_MCR_OUT2);
	for (int i = 0; i < 3; i++) {
		serial__out(&self->s, UART_IER, UART_IER_THRI);
		EXPECT_EQ(1, self->level);
		EXPECT_EQ(UART_IIR_THRI, serial__in(&self->s, UART_IIR) & 0x0f);
		EXPECT_EQ(0, self->level);
		EXPECT_EQ(UART_IIR_NO_INT, serial__in(&self->s, UART_IIR) & 0x0f);
		serial__out(&self->s, UART_IER, 0);
	}
	EXPECT_EQ(3, self->rises);
}

TEST_F(uart, every_byte_is_an_edge)
{
	serial__out(&self->s, UART_MCR, UART_MCR_OUT2);
	serial__out(&self->s, UART_IER, UART_IER_THRI);
	print(&self->s, "abc");
	EXPECT_EQ(4, self->rises);
}

TEST_F(uart, no_interrupt_without_out2_or_enable)
{
	serial__out(&self->s, UART_IER, UART_IER_THRI);
	print(&self->s, "abc");
	EXPECT_EQ(0, self->rises);
	serial__out(&self->s, UART_MCR, UART_MCR_OUT2);
	EXPECT_EQ(1, self->rises);
	serial__out(&self->s, UART_IER, 0);
	EXPECT_EQ(0, self->level);
	print(&self->s, "abc");
	EXPECT_EQ(1, self->rises);
}

TEST_F(uart, a_line_wakes_the_reader_once)
{
	print(&self->s, "hello");
	EXPECT_EQ(0, signals(self->evt));
	print(&self->s, "\n");
	EXPECT_EQ(1, signals(self->evt));
	EXPECT_EQ(0, signals(self->evt));
}

TEST_F(uart, a_line_without_an_end_is_announced_by_the_timer)
{
	struct pollfd p = { .fd = self->linger, .events = POLLIN };

	print(&self->s, "login: ");
	ASSERT_EQ(1, poll(&p, 1, 5000));
	EXPECT_EQ(0, signals(self->evt));
	serial__flush(&self->s);
	EXPECT_EQ(1, signals(self->evt));
	serial__flush(&self->s);
	EXPECT_EQ(0, signals(self->evt));
}

TEST_F(uart, much_without_a_newline_wakes_the_reader)
{
	for (int i = 0; i < 4096; i++)
		serial__out(&self->s, UART_TX, 'x');
	EXPECT_LE(1, signals(self->evt));
}

TEST_F(uart, what_does_not_fit_wakes_the_reader_again)
{
	char c;

	print(&self->s, "ab\n");
	EXPECT_EQ(1, signals(self->evt));
	EXPECT_EQ(1, serial__read(&self->s, &c, 1));
	EXPECT_EQ(1, signals(self->evt));
	EXPECT_EQ(1, serial__read(&self->s, &c, 1));
	EXPECT_EQ(1, signals(self->evt));
	EXPECT_EQ(1, serial__read(&self->s, &c, 1));
	EXPECT_EQ(0, signals(self->evt));
}

TEST_F(uart, every_register_takes_every_value)
{
	for (unsigned int reg = 0; reg < SERIAL_PORTS; reg++)
		for (unsigned int val = 0; val < 256; val++) {
			serial__out(&self->s, reg, (uint8_t)val);
			for (unsigned int r = 0; r < SERIAL_PORTS; r++)
				serial__in(&self->s, r);
		}
	EXPECT_EQ(0xff, serial__in(&self->s, SERIAL_PORTS));
}

FIXTURE(log)
{
	struct serial_log log;
	uint8_t *buf;
};

FIXTURE_SETUP(log)
{
	memset(&self->log, 0, sizeof(self->log));
	self->buf = malloc(4 * SERIAL_LOG_HALF);
	ASSERT_NE(NULL, self->buf);
}

FIXTURE_TEARDOWN(log)
{
	serial_log__free(&self->log);
	free(self->buf);
}

/* Bytes whose position can be told from their value. */
static uint8_t nth(uint64_t n)
{
	return (uint8_t)(n * 131 + (n >> 8) * 17 + (n >> 16) * 29);
}

static void put(struct serial_log *log, uint64_t from, uint64_t n)
{
	while (n--)
		serial_log__put(log, nth(from++));
}

static int check(const uint8_t *buf, uint64_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (buf[i] != nth(from + i))
			return 0;
	return 1;
}

TEST_F(log, keeps_both_ends_of_a_flood_and_says_what_is_missing)
{
	const uint64_t total = 5 * SERIAL_LOG_HALF + 7;
	char want[96];
	size_t n, note;

	put(&self->log, 0, total);
	n = serial_log__read(&self->log, self->buf, 4 * SERIAL_LOG_HALF);
	note = (size_t)sprintf(want, "\n[ktstr: %llu bytes of serial output were dropped here]\n",
			       (unsigned long long)(total - 2 * SERIAL_LOG_HALF));
	ASSERT_EQ(2 * SERIAL_LOG_HALF + note, n);
	EXPECT_TRUE(check(self->buf, 0, SERIAL_LOG_HALF));
	EXPECT_EQ(0, memcmp(self->buf + SERIAL_LOG_HALF, want, note));
	EXPECT_TRUE(check(self->buf + SERIAL_LOG_HALF + note, total - SERIAL_LOG_HALF,
			  SERIAL_LOG_HALF));
	EXPECT_EQ(0, serial_log__pending(&self->log));
}

TEST_F(log, is_exact_at_its_bounds)
{
	static const uint64_t sizes[] = {
		1, SERIAL_LOG_HALF - 1, SERIAL_LOG_HALF, SERIAL_LOG_HALF + 1,
		2 * SERIAL_LOG_HALF - 1, 2 * SERIAL_LOG_HALF,
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		put(&self->log, i, sizes[i]);
		ASSERT_EQ(sizes[i], serial_log__read(&self->log, self->buf, 4 * SERIAL_LOG_HALF));
		EXPECT_TRUE(check(self->buf, i, sizes[i]));
	}
}

TEST_F(log, loses_nothing_to_a_reader_that_keeps_up)
{
	uint64_t in = 0, out = 0;
	size_t n;

	/* Odd sizes, so that every index of the ring is a boundary at some time. */
	while (in < 9 * SERIAL_LOG_HALF) {
		put(&self->log, in, 70001);
		in += 70001;
		n = serial_log__read(&self->log, self->buf, 65537);
		ASSERT_TRUE(check(self->buf, out, n));
		out += n;
		if (in - out > SERIAL_LOG_HALF) {
			n = serial_log__read(&self->log, self->buf, 4 * SERIAL_LOG_HALF);
			ASSERT_TRUE(check(self->buf, out, n));
			out += n;
		}
	}
	out += serial_log__read(&self->log, self->buf, 4 * SERIAL_LOG_HALF);
	EXPECT_EQ(in, out);
}

TEST_F(log, a_note_waits_until_it_fits)
{
	size_t n;

	put(&self->log, 0, 3 * SERIAL_LOG_HALF);
	ASSERT_EQ(SERIAL_LOG_HALF, serial_log__read(&self->log, self->buf, SERIAL_LOG_HALF));
	EXPECT_EQ(0, serial_log__read(&self->log, self->buf, 10));
	n = serial_log__read(&self->log, self->buf, 96);
	EXPECT_EQ(96, n);
	EXPECT_EQ(0, memcmp(self->buf, "\n[ktstr: 1048576 bytes", 22));
}

TEST_HARNESS_MAIN
