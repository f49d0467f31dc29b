/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PID 1 must never exit: its last words go to the serial ports, then it reboots.
 */
#ifndef GUEST_DIE_H
#define GUEST_DIE_H

/** guest__reboot() - reset the machine; any thread of PID 1 */
void __attribute__((noreturn)) guest__reboot(void);

/**
 * die() - report an internal fatal error of PID 1 on COM2 and COM1 and reboot
 * @fmt: printf format of one sentence without a newline
 *
 * Context: any thread of PID 1. Waits at most two seconds for each serial port.
 */
void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...);

/**
 * die__catch_signals() - turn a crash of PID 1 into last words instead of a bare kernel panic;
 * before any thread
 */
void die__catch_signals(void);

#endif /* GUEST_DIE_H */
