// SPDX-License-Identifier: GPL-2.0-only
/*
 * Last words of PID 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <ktstr/ports.h>

#include "die.h"
#include "kfile.h"

#define TTY_MAJOR	4
#define TTYS_MINOR	64
#define DRAIN_SECONDS	2

static void on_alarm(int sig)
{
	(void)sig;
}

/*
 * By sysrq the kernel resets the machine and does nothing else. reboot() stops devices and
 * CPUs before, which takes 12 ms with one CPU and 35 with four in an emulated machine and
 * saves nothing here. It is for a kernel without sysrq and a guest without /proc.
 */
void guest__reboot(void)
{
	(void)kfile__write("/proc/sysrq-trigger", "b");
	reboot(RB_AUTOBOOT);
	/* Returning would panic the kernel for the wrong reason. */
	for (;;)
		pause();
}

/*
 * Async-signal-safe: the crash handler comes here too. The alarm interrupts
 * tcdrain() when the port takes nothing.
 */
static void say_on(const char *dev, unsigned int line, const char *text, size_t len)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	sigset_t alrm;
	int fd = open(dev, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		/* Too early for devtmpfs; the initramfs is writable. */
		mkdir("/dev", 0755);
		mknod(dev, S_IFCHR | 0600, makedev(TTY_MAJOR, TTYS_MINOR + line));
		fd = open(dev, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	}
	if (fd < 0)
		return;
	if (write(fd, text, len) > 0) {
		sigaction(SIGALRM, &sa, NULL);
		sigemptyset(&alrm);
		sigaddset(&alrm, SIGALRM);
		sigprocmask(SIG_UNBLOCK, &alrm, NULL);
		alarm(DRAIN_SECONDS);
		tcdrain(fd);
		alarm(0);
	}
	close(fd);
}

void die(const char *fmt, ...)
{
	char text[512];
	size_t len;
	va_list ap;

	strcpy(text, "ktstr-init: ");
	len = strlen(text);
	va_start(ap, fmt);
	vsnprintf(text + len, sizeof(text) - len - 1, fmt, ap);
	va_end(ap);
	strcat(text, "\n");
	say_on(KTSTR_COM2_DEV, 1, text, strlen(text));
	say_on(KTSTR_COM1_DEV, 0, text, strlen(text));
	guest__reboot();
}

/*
 * A fault is left to recur under the default action: the kernel then panics
 * with the registers on COM1, which tells more than a plain reboot would.
 */
static void on_crash(int sig, siginfo_t *info, void *ctx)
{
	char own[] = "ktstr-init: PID 1 crashed with signal 00: this is a bug in ktstr, report it\n";
	char sent[] = "ktstr-init: PID 1 was sent signal 00 by a process in the guest: see what the scheduler or the command kills\n";
	/* SI_USER and its like hold a sender; the kernel's own faults are positive. */
	char *text = info->si_code <= 0 && info->si_pid != 1 ? sent : own;
	char *digits = strstr(text, "00");

	(void)ctx;
	if (getpid() == 1) {
		digits[0] = (char)('0' + sig / 10);
		digits[1] = (char)('0' + sig % 10);
		say_on(KTSTR_COM2_DEV, 1, text, strlen(text));
		say_on(KTSTR_COM1_DEV, 0, text, strlen(text));
	}
	if (info->si_code <= 0 && getpid() == 1)
		guest__reboot();
}

void die__catch_signals(void)
{
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	struct sigaction sa = {
		.sa_sigaction = on_crash,
		.sa_flags = SA_RESETHAND | SA_SIGINFO,
	};
	sigset_t alrm;

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
	/* The kernel prefers the main thread: the alarm must reach the one that unblocks it. */
	sigemptyset(&alrm);
	sigaddset(&alrm, SIGALRM);
	sigprocmask(SIG_BLOCK, &alrm, NULL);
	/* A peer that goes away is an errno to handle, never a death. */
	signal(SIGPIPE, SIG_IGN);
}
