/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is left of the keyboard controller: the line that resets the machine.
 */
#ifndef VMM_I8042_H
#define VMM_I8042_H

#include <stdbool.h>
#include <stdint.h>

uint8_t i8042__in(unsigned int port);
bool i8042__out(unsigned int port, uint8_t val);

#endif /* VMM_I8042_H */
