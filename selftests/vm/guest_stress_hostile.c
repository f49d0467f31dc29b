// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Linux that breaks the rules (hostile/hostile.c does it, from inside the
 * kernel), and one that starts another without asking the device.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest_stress.h"

#define MODULE		"/hostile.ko"
#define ECHO_BYTES	20000

/* What lives when a trick was played. */
enum lives {
	ALL_LIVE,
	PORT_1_IS_DEAD,
	NONE_LIVES,
};

static const struct {
	const char *name;
	enum lives lives;
} tricks[] = {
	{ "jump", PORT_1_IS_DEAD },
	{ "back", PORT_1_IS_DEAD },
	{ "head", PORT_1_IS_DEAD },
	{ "loop", PORT_1_IS_DEAD },
	{ "indirect", PORT_1_IS_DEAD },
	{ "registers", ALL_LIVE },
	{ "kicks", ALL_LIVE },
	{ "failed", NONE_LIVES },
};

static void echo_all(int console, uint64_t round)
{
	port__echo(&ports[0], ECHO_BYTES);
	port__echo(&ports[1], ECHO_BYTES);
	console__echo(console, round);
}

static void play(const char *trick)
{
	char params[64], status[64];
	uint64_t start = now_us();

	snprintf(params, sizeof(params), "trick=%s kicks=%u", trick,
		 (unsigned int)plan_number("kicks", 1000));
	load_module(MODULE, params);
	if (!read_text("/sys/module/hostile/parameters/status", status, sizeof(status)))
		die("status");
	say("trick %s status %s us %llu\n", trick, status, (unsigned long long)(now_us() - start));
	if (syscall(SYS_delete_module, "hostile", O_NONBLOCK))
		die("rmmod");
}

static void reopen_all(int *console)
{
	unbind();
	for (int i = 0; i < 2; i++)
		port__close(&ports[i]);
	close(*console);
	bind_again();
	for (int i = 0; i < 2; i++)
		port__open(&ports[i]);
	*console = console__open();
}

void case_hostile(void)
{
	int console = console__open();
	uint64_t round = 0;

	port__open(&ports[0]);
	port__open(&ports[1]);
	for (unsigned int i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++) {
		echo_all(console, round++);
		play(tricks[i].name);
		if (tricks[i].lives != NONE_LIVES) {
			port__echo(&ports[1], ECHO_BYTES);
			console__echo(console, round++);
		}
		if (tricks[i].lives == ALL_LIVE)
			port__echo(&ports[0], ECHO_BYTES);
		say("outlived %s\n", tricks[i].name);
		reopen_all(&console);
	}
	echo_all(console, round++);
	for (int i = 0; i < 2; i++)
		say("sent %u %llu\n", ports[i].id, (unsigned long long)ports[i].sent);
}

static void load_kernel(void)
{
	int kernel = open("/bzImage", O_RDONLY), initrd = open("/initrd", O_RDONLY);
	char cmdline[2048];
	size_t len;

	if (kernel < 0 || initrd < 0 || !read_text("/proc/cmdline", cmdline, sizeof(cmdline)))
		die("the next kernel");
	len = strlen(cmdline);
	/* The stream goes on where this kernel ends. */
	len += snprintf(cmdline + len, sizeof(cmdline) - len, " sent1=%llu sent2=%llu",
			(unsigned long long)ports[0].sent, (unsigned long long)ports[1].sent);
	if (syscall(SYS_kexec_file_load, kernel, initrd, len + 1, cmdline, 0))
		skip("kexec_file_load");
	close(kernel);
	close(initrd);
}

/* plan: "silent": this kernel leaves the device as it is, as one that crashed would */
void case_kexec(void)
{
	int console = console__open();

	for (int i = 0; i < 2; i++) {
		port__open(&ports[i]);
		port__send_all(&ports[i], 100000);
	}
	console__echo(console, 0);
	load_kernel();
	if (plan_has("silent"))
		load_module(MODULE, "trick=silent");
	say("kexec\n");
	reboot(LINUX_REBOOT_CMD_KEXEC);
	die("kexec");
}

static uint64_t sent_before(const char *key)
{
	char cmdline[2048], *at;

	if (!read_text("/proc/cmdline", cmdline, sizeof(cmdline)))
		die("cmdline");
	at = strstr(cmdline, key);
	if (!at)
		die(key);
	return strtoull(at + strlen(key), NULL, 10);
}

/* The kernel that was started by case_kexec()'s. */
void case_second(void)
{
	int console = console__open();

	say("second\n");
	ports[0].sent = sent_before("sent1=");
	ports[1].sent = sent_before("sent2=");
	for (int i = 0; i < 2; i++) {
		/* Records went to the first kernel. */
		ports[i].gaps_allowed++;
		port__open(&ports[i]);
		port__echo(&ports[i], 100000);
		say("sent %u %llu\n", ports[i].id, (unsigned long long)ports[i].sent);
	}
	console__echo(console, 1);
}
