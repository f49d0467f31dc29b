// SPDX-License-Identifier: GPL-2.0-only
/*
 * i8042 without keyboard and mouse (IBM PC AT Technical Reference, keyboard
 * controller). It keeps no state.
 */
#include "i8042.h"
#include "layout.h"

/**
 * i8042__in() - the guest reads port 0x60 or 0x64
 * @port: which
 *
 * Status 0 says "ready for a command, nothing to read", so that Linux's
 * kb_wait() before a reset takes one read and not 65536.
 *
 * Return: the byte; 0xff for data, as an empty socket gives.
 */
uint8_t i8042__in(unsigned int port)
{
	return port == LAYOUT_I8042_CMD ? 0 : 0xff;
}

/**
 * i8042__out() - the guest writes port 0x60 or 0x64
 * @port: which
 * @val: byte
 *
 * Return: true when this resets the machine.
 */
bool i8042__out(unsigned int port, uint8_t val)
{
	return port == LAYOUT_I8042_CMD && val == LAYOUT_I8042_RESET;
}
