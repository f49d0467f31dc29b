// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr shell --exec": a command in the guest, its output and exit status here.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accel.h"
#include "box.h"
#include "command.h"
#include "commands.h"
#include "file.h"
#include "interrupt.h"
#include "pack_command.h"
#include "session.h"
#include "setup.h"
#include "verdict.h"

#define ACK_TIMEOUT_MS	5000
#define EXIT_GUEST_DIED	125	/* as with env(1) and timeout(1): our own failure */
#define CONSOLE_LINES	20
#define LINE_MAX_BYTES	256

const char help_shell[] =
	"usage: ktstr shell --exec CMD [OPTION...]\n"
	"\n"
	"Run one command in a guest. Its stdout, stderr and exit status are those of ktstr;\n"
	"128 + N when signal N ended it. The guest has only what is packed: the programs that\n"
	"CMD names, found in $KTSTR_SCHED_PATH, beside the kernel, in build/sched and $PATH,\n"
	"with their libraries, and --include files. CMD with shell syntax is run by /bin/sh -c.\n"
	"\n"
	"  --exec CMD            the command\n"
	"  --include FILE        a file to pack under its own absolute path; repeatable\n"
	"  --kernel PATH         as with \"ktstr run\"; so are the following\n"
	"  --topology N,L,C,T    default 1,1,2,1; or a FILE, or --preset NAME\n"
	"  --memory MIB          default 1024\n"
	"  --append WORDS        added to the guest kernel's command line\n"
	"  --timeout S           default 60\n"
	"  --pin, --cpus N, --perf\n"
	"  --accel auto|kvm|box  default auto\n"
	"  -v, --verbose         the guest kernel's whole log on COM1, and COM1 on stderr\n"
	"\n"
	"Exit status: that of CMD; 125 when the guest died or fell silent; 2 usage or\n"
	"environment error.\n";

/* Commands that only a shell has. */
static bool is_builtin(const char *name)
{
	static const char * const names[] = {
		"exit", "cd", ":", ".", "eval", "exec", "export", "read", "set", "trap", "type",
		"ulimit", "umask", "unset", "wait", "command", "return", "shift", "source",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static int split_exec(const char *cmd, struct strv *argv, struct ktstr_error *e)
{
	struct ktstr_error why;
	bool shell = command__needs_shell(cmd);
	int ret = 0;

	if (!shell) {
		ret = command__split(cmd, argv, &why);
		if (ret)
			return ktstr_error_set(e, ret, "--exec: %.480s", why.msg);
		shell = is_builtin(argv->v[0]);
	}
	if (!shell)
		return 0;
	strv__free(argv);
	ret = strv__add(argv, "/bin/sh");
	if (!ret)
		ret = strv__add(argv, "-c");
	if (!ret)
		ret = strv__add(argv, cmd);
	return ret ? ktstr_error_set(e, ret, "out of memory") : 0;
}

static int pack_includes(struct setup *s, const struct args *a, struct ktstr_error *e)
{
	char path[PATH_MAX];
	int ret = 0;

	for (size_t i = 0; !ret && i < a->include.n; i++) {
		ret = path__absolute(path, sizeof(path), a->include.v[i]);
		if (ret)
			return ktstr_error_set(e, ret,
					       "--include %s: %s", a->include.v[i], strerror(-ret));
		ret = pack__add(&s->pack, &s->finder, path, path, e);
	}
	return ret;
}

/* Everything the guest printed is passed on; a signal ends even a write that blocks. */
static void pass(int fd, const char *p, size_t len)
{
	while (len && !interrupt__signal()) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

static void on_bytes(void *arg, enum evidence_stream stream, const void *data, size_t len)
{
	const struct args *a = arg;

	if (stream == EVIDENCE_SOUT)
		pass(STDOUT_FILENO, data, len);
	else if (stream == EVIDENCE_SERR || (a->verbose && stream == EVIDENCE_COM1))
		pass(STDERR_FILENO, data, len);
}

/* What the kernel said last tells more than our sentence; with -v it is on stderr already. */
static void quote_console(const struct args *a, const struct evidence *ev)
{
	size_t left;
	const char *p = tail__lines(&ev->tail[EVIDENCE_COM1], CONSOLE_LINES, &left);
	char line[LINE_MAX_BYTES];

	while (!a->verbose && left) {
		const char *end = memchr(p, '\n', left);
		size_t len = end ? (size_t)(end - p) : left;

		text__clean(line, sizeof(line), p, len);
		fprintf(stderr, "ktstr: console: %s\n", line);
		len += end ? 1 : 0;
		p += len;
		left -= len;
	}
}

static int exec_status(uint32_t wait_status)
{
	int sig = WTERMSIG(wait_status);

	if (!WIFSIGNALED(wait_status))
		return WEXITSTATUS(wait_status);
	fprintf(stderr, "ktstr: the command was ended by signal %d (%s)\n", sig, strsignal(sig));
	return 128 + sig;
}

static int shell_status(const struct args *a, const struct plan *plan, const struct evidence *ev)
{
	struct ktstr_error e;
	struct verdict v;

	verdict__judge(&v, plan, ev, NULL);
	if (ev->splats.nr)
		fprintf(stderr, "ktstr: note: %s in the guest: %s\n",
			splat__name(ev->splats.splats[0].kind), ev->splats.splats[0].text);
	if (v.checks[CHECK_COMPLETED].status != VERDICT_PASS || !ev->has_exec_exit) {
		ktstr_error_set(&e, 0, "%.500s", v.checks[CHECK_COMPLETED].status != VERDICT_PASS ?
				v.checks[CHECK_COMPLETED].reason :
				"the guest ended without the command's exit status");
		quote_console(a, ev);
		command_fail(&e);
		return v.checks[CHECK_COMPLETED].status == VERDICT_ENV ? 2 : EXIT_GUEST_DIED;
	}
	if (v.checks[CHECK_EVIDENCE].status != VERDICT_PASS) {
		ktstr_error_set(&e, 0,
				"the output is not whole: %.400s", v.checks[CHECK_EVIDENCE].reason);
		command_fail(&e);
		return EXIT_GUEST_DIED;
	}
	return exec_status(ev->exec_wait_status);
}

static int shell_here(const struct args *a, struct setup *s, const struct plan *plan)
{
	const struct evidence_sink sink = { .bytes = on_bytes, .arg = (void *)a };
	struct evidence *ev = evidence__new(&sink);
	struct session_opts so = { .silence_ms = a->timeout_s * 1000 };
	struct vmm_opts machine;
	struct ktstr_error e;
	struct image img;
	int ret = image__build(&img, plan, &s->pack, &e);

	if (!ev && !ret)
		ret = ktstr_error_set(&e, -ENOMEM, "out of memory");
	if (!ret) {
		so.interrupt_fd = interrupt__open();
		ret = hostcpus__claim(&s->hostcpus, so.interrupt_fd, &e);
		if (ret == -EINTR)
			ktstr_error_set(&e, ret, "interrupted while waiting for host CPUs");
	}
	if (!ret) {
		machine = setup__machine(s, a, &img);
		so.machine = &machine;
		ret = session__run(&so, ev, &e);
	}
	ret = ret ? command_fail(&e) : shell_status(a, plan, ev);
	image__free(&img);
	free(ev);
	interrupt__reraise();
	return ret;
}

static int shell_in_box(const struct args *a, const struct setup *s)
{
	struct box_opts o = { .memory_mib = a->memory_mib };
	struct args inner = *a;
	struct ktstr_error e;
	int status, ret;

	inner.accel = ACCEL_KVM;
	setup__announce_box(&s->why_box);
	o.interrupt_fd = interrupt__open();
	ret = strv__add(&o.argv, "shell");
	if (!ret)
		ret = args__to_argv(&inner, NULL, false, &o.argv);
	ret = ret ? ktstr_error_set(&e, ret, "out of memory") : box__run(&o, &status, &e);
	strv__free(&o.argv);
	interrupt__reraise();
	return ret ? command_fail(&e) : status;
}

static int go(const struct args *a, struct setup *s, struct plan *plan)
{
	struct ktstr_error e;

	plan->seed = a->seed;
	plan->ack_timeout_ms = ACK_TIMEOUT_MS;
	if (setup__init(s, a, &e) || split_exec(a->exec, &plan->exec, &e) ||
	    pack_command(&s->pack, &s->finder, &plan->exec, "--exec", &e) ||
	    pack_includes(s, a, &e))
		return command_fail(&e);
	return s->use_box ? shell_in_box(a, s) : shell_here(a, s, plan);
}

int cmd_shell(int argc, char **argv)
{
	struct plan plan = { 0 };
	struct ktstr_error e;
	struct setup s;
	struct args a;
	int ret = args__parse_shell(&a, argc, argv, &e);

	if (ret == ARGS_HELP) {
		ret = command_help(help_shell);
	} else if (ret) {
		ret = command_fail(&e);
	} else {
		memset(&s, 0, sizeof(s));
		ret = go(&a, &s, &plan);
		setup__free(&s);
	}
	plan__free(&plan);
	args__free(&a);
	return ret;
}
