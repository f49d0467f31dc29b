// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading clocks: by the module, or here.
 */
#include <endian.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <ktstr/dev.h>

#include "clock.h"
#include "clock_read.h"
#include "cycles.h"

#define TRIES	16	/* the closest counts: an interrupt in between makes a bad one */

static bool by_module(struct ktstr_clock *c, int fd)
{
	struct ktstr_dev_clock dev;

	if (fd < 0 || ioctl(fd, KTSTR_IOC_CLOCK, &dev))
		return false;
	c->valid = KTSTR_CLOCK_HAS_RING | (dev.cycles ? KTSTR_CLOCK_HAS_CYCLES : 0);
	c->cycles = dev.cycles;
	c->ring_ns = dev.ring_ns;
	c->mono_ns = dev.mono_ns;
	c->boot_ns = dev.boot_ns;
	c->window_ns = dev.window_ns;
	return true;
}

static uint64_t boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static void by_hand(struct ktstr_clock *c)
{
	c->window_ns = UINT64_MAX;
	c->valid = HAS_CYCLES ? KTSTR_CLOCK_HAS_CYCLES : 0;
	for (int i = 0; i < TRIES; i++) {
		uint64_t before = now_ns(), cycles = cycles_read(), boot = boot_ns();
		uint64_t after = now_ns();

		if (after - before >= c->window_ns)
			continue;
		c->window_ns = after - before;
		c->mono_ns = before + c->window_ns / 2;
		c->boot_ns = boot;
		c->cycles = cycles;
	}
}

void clock_read(struct ktstr_clock *c, uint32_t why, uint64_t id, int dev_fd)
{
	memset(c, 0, sizeof(*c));
	if (!by_module(c, dev_fd))
		by_hand(c);
	c->why = htole32(why);
	c->valid = htole32(c->valid);
	c->id = htole64(id);
	c->cycles = htole64(c->cycles);
	c->ring_ns = htole64(c->ring_ns);
	c->mono_ns = htole64(c->mono_ns);
	c->boot_ns = htole64(c->boot_ns);
	c->window_ns = htole64(c->window_ns);
}
