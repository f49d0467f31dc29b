// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad input ends at once: exit status 2, one sentence on stderr that names the
 * thing, nothing on stdout, no machine started. No KVM is needed for these.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/vmm.h>

#include "selftests/unit/image.h"
#include "selftests/unit/unit.h"
#include "ktstr_run.h"

/* "At once": far less than it takes to boot anything. */
#define AT_ONCE_S 5

FIXTURE(bad)
{
	struct ktstr_run k;
	char path[160];
};

FIXTURE_SETUP(bad)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(self->path, sizeof(self->path), "%s/file", self->k.dir);
}

FIXTURE_TEARDOWN(bad)
{
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

static int one_line(const char *s)
{
	const char *nl = strchr(s, '\n');

	return nl && nl != s && !nl[1];
}

/* Refused: status 2, one sentence that names @_named, nothing else. */
#define REFUSED(_named, ...) do {							\
	ASSERT_EQ(0, ktstr_run__command(&self->k, 60, NULL, 0, __VA_ARGS__, NULL));	\
	EXPECT_EQ(2, self->k.r.status);							\
	EXPECT_STREQ("", self->k.r.out);						\
	EXPECT_NE(NULL, strstr(self->k.r.err, _named))					\
		TH_LOG("stderr does not name \"%s\"", _named);				\
	EXPECT_TRUE(one_line(self->k.r.err)) TH_LOG("stderr is not one line");		\
	EXPECT_GT(AT_ONCE_S, self->k.r.seconds);					\
} while (0)

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
	chmod(path, mode);
}

TEST_F(bad, no_such_kernel)
{
	REFUSED("/nonexistent/vmlinux", "run", "--kernel", "/nonexistent/vmlinux");
}

TEST_F(bad, kernel_is_a_text_file)
{
	write_file(self->path, "hello, this is no kernel at all\n", 0644);
	REFUSED(self->path, "run", "--kernel", self->path);
}

TEST_F(bad, kernel_is_empty)
{
	write_file(self->path, "", 0644);
	REFUSED(self->path, "run", "--kernel", self->path);
}

TEST_F(bad, kernel_is_a_directory)
{
	REFUSED(self->k.dir, "run", "--kernel", self->k.dir);
}

/* Whoever opens one of these and waits for its other end waits for ever. */
TEST_F(bad, kernel_is_a_fifo_or_a_device)
{
	ASSERT_EQ(0, mkfifo(self->path, 0644));
	REFUSED(self->path, "run", "--kernel", self->path);
	REFUSED(self->path, "shell", "--exec", "true", "--kernel", self->path);
	REFUSED("/dev/zero", "run", "--kernel", "/dev/zero");
	REFUSED("/dev/tty", "run", "--kernel", "/dev/tty");
}

TEST_F(bad, kernel_is_random_bytes)
{
	static const size_t sizes[] = { 1, 3, 16, 64, 100, 0x206, 0x300, 4096, 100000 };
	uint8_t data[100000];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		FILE *f = fopen(self->path, "w");

		ASSERT_NE(NULL, f);
		for (size_t n = 0; n < sizes[i]; n++)
			data[n] = (uint8_t)((n + i) * 2654435761u >> 13);
		fwrite(data, 1, sizes[i], f);
		fclose(f);
		REFUSED(self->path, "run", "--kernel", self->path);
	}
}

/* Around every structure of the file and within each. */
TEST_F(bad, kernel_is_cut_short)
{
	static const size_t elf[] = {
		1, 4, 16, 63, 64, 65, 119, 120, 175, 176, 0x800, 0x1000, 0x4000,
	};
	static const size_t bz[] = {
		1, 0x1ff, 0x205, 0x206, 0x260, 0x26b, 0x26c, 0x400, 2560, 2561, 30000,
	};
	struct image img;

	image__init(&img);
	image__vmlinux(&img);
	for (size_t i = 0; i < sizeof(elf) / sizeof(elf[0]); i++) {
		image__write(&img, elf[i]);
		REFUSED(img.path, "run", "--kernel", img.path);
	}
	image__write(&img, img.len - 1);
	REFUSED(img.path, "run", "--kernel", img.path);
	memset(img.buf, 0, IMAGE_MAX);
	image__bzimage(&img, NULL, 0);
	for (size_t i = 0; i < sizeof(bz) / sizeof(bz[0]); i++) {
		image__write(&img, bz[i]);
		REFUSED(img.path, "run", "--kernel", img.path);
	}
	image__free(&img);
}

TEST_F(bad, kernel_is_for_another_machine)
{
	static const struct {
		unsigned char class, data;
		uint16_t machine, type;
	} others[] = {
		{ ELFCLASS64, ELFDATA2LSB, EM_AARCH64, ET_EXEC },
		{ ELFCLASS64, ELFDATA2LSB, EM_RISCV, ET_EXEC },
		{ ELFCLASS32, ELFDATA2LSB, EM_386, ET_EXEC },
		{ ELFCLASS32, ELFDATA2LSB, EM_X86_64, ET_EXEC },
		{ ELFCLASS64, ELFDATA2MSB, EM_S390, ET_EXEC },
		{ ELFCLASS64, ELFDATA2MSB, EM_X86_64, ET_EXEC },
		/* An object file, as ktstr.ko is one, and a core dump. */
		{ ELFCLASS64, ELFDATA2LSB, EM_X86_64, ET_REL },
		{ ELFCLASS64, ELFDATA2LSB, EM_X86_64, ET_CORE },
	};
	struct image img;

	image__init(&img);
	image__vmlinux(&img);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		img.eh->e_ident[EI_CLASS] = others[i].class;
		img.eh->e_ident[EI_DATA] = others[i].data;
		img.eh->e_machine = others[i].machine;
		img.eh->e_type = others[i].type;
		image__write(&img, img.len);
		REFUSED(img.path, "run", "--kernel", img.path);
	}
	image__free(&img);
}

/* Only the machine knows how much memory it has: it says so before it starts. */
TEST_F(bad, kernel_is_too_large_for_the_memory)
{
	struct ktstr_error e;
	struct image img;

	if (vmm__check_kvm(&e))
		SKIP(return, "%s", e.msg);
	image__init(&img);
	image__vmlinux(&img);
	img.ph[1].p_memsz = 200 << 20;
	image__write(&img, img.len);
	ASSERT_EQ(0, ktstr_run__command(&self->k, 60, NULL, 0, "run", "--accel", "kvm", "--kernel",
					img.path, "--memory", "128", NULL));
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_NE(NULL, strstr(self->k.r.err, "does not fit"));
	EXPECT_NE(NULL, strstr(self->k.r.err, "raise --memory"));
	EXPECT_TRUE(one_line(self->k.r.err));
	image__free(&img);
}

TEST_F(bad, kernel_is_an_ordinary_program)
{
	REFUSED("/bin/true", "run", "--kernel", "/bin/true");
}

TEST_F(bad, kernel_without_virtio_console)
{
	const char *kernel = getenv("KTSTR_NO_VIRTIO");

	ASSERT_NE(NULL, kernel) TH_LOG("KTSTR_NO_VIRTIO is not set: run me through selftests/vm/run");
	REFUSED("VIRTIO", "run", "--kernel", kernel);
}

TEST_F(bad, kernel_without_sched_ext)
{
	const char *kernel = getenv("KTSTR_NO_SCX");

	ASSERT_NE(NULL, kernel) TH_LOG("KTSTR_NO_SCX is not set: run me through selftests/vm/run");
	REFUSED("SCHED_CLASS_EXT", "run", "--sched", "scx_simple", "--kernel", kernel);
}

TEST_F(bad, scheduler_does_not_exist)
{
	REFUSED("scx_nonesuch", "run", "--sched", "scx_nonesuch");
}

TEST_F(bad, scheduler_is_not_executable)
{
	write_file(self->path, "#!/bin/sh\n", 0644);
	REFUSED(self->path, "run", "--sched", self->path);
}

TEST_F(bad, scheduler_is_a_directory)
{
	REFUSED(self->k.dir, "run", "--sched", self->k.dir);
}

TEST_F(bad, scheduler_is_a_fifo)
{
	ASSERT_EQ(0, mkfifo(self->path, 0755));
	REFUSED(self->path, "run", "--sched", self->path);
	REFUSED(self->path, "shell", "--exec", "true", "--include", self->path);
}

TEST_F(bad, scheduler_lacks_a_library)
{
	const char *needy = getenv("KTSTR_NEEDY");

	ASSERT_NE(NULL, needy) TH_LOG("KTSTR_NEEDY is not set: run me through selftests/vm/run");
	REFUSED("libktstr_gone.so", "run", "--sched", needy);
}

TEST_F(bad, scheduler_with_an_open_quote)
{
	REFUSED("quote", "run", "--sched", "sh -c \"exit 1");
}

TEST_F(bad, scheduler_is_empty)
{
	REFUSED("--sched", "run", "--sched", "");
}

TEST_F(bad, topology_out_of_range)
{
	static const char *const wrong[] = {
		"", "1", "1,1,1", "0,1,1,1", "1,0,1,1", "2,3,1,1", "1,1,1,1,1", "1,1,1,x",
		"1,1,-1,1", "4294967297,1,1,1", "1,1,65536,65536", "1,1,3000,1", "1, 1,1,1",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		REFUSED("topology", "run", "--topology", wrong[i]);
}

TEST_F(bad, preset_that_is_none)
{
	REFUSED("there is no preset \"nonesuch\"", "run", "--preset", "nonesuch");
	REFUSED("both describe the machine", "run", "--preset", "cxl", "--topology", "1,1,1,1");
}

TEST_F(bad, topology_file)
{
	REFUSED("there is no such file", "run", "--topology", "/nonexistent/topology");
	REFUSED("is no regular file", "run", "--topology", "/");
	REFUSED("is no regular file", "run", "--topology", "/dev/zero");
	write_file(self->path, "node 0\n\nllc 4x\n", 0644);
	REFUSED("/file:3: the number of threads \"\" is no number", "run", "--topology", self->path);
	REFUSED("/file:3: ", "shell", "--exec", "true", "--topology", self->path);
	REFUSED("/file:3: ", "topo", self->path);
	write_file(self->path, "shape 2,2,1,1\ndistance 0 1 9\n", 0644);
	REFUSED("/file:2: the distance from node 0 to node 1 is 9: give 11 to 254",
		"run", "--topology", self->path);
	write_file(self->path, "\x7f" "ELF\x02\x01\x01", 0644);
	REFUSED("/file:1: character 1 is byte 0x7f", "run", "--topology", self->path);
	write_file(self->path, "shape 1,1,1,1\nnode 0 memory 2G\n", 0644);
	REFUSED("2048 MiB and the machine has 512 MiB", "run", "--memory", "512", "--topology",
		self->path);
}

TEST_F(bad, memory_out_of_range)
{
	REFUSED("memory", "run", "--memory", "0");
	REFUSED("memory", "run", "--memory", "-5");
	REFUSED("memory", "run", "--memory", "99999999999999999999");
	REFUSED("memory", "run", "--memory", "1024MB");
	REFUSED("memory", "run", "--memory", "900000000");
	REFUSED("memory", "run", "--memory", "63");
	REFUSED("memory", "run", "--memory", "0x400");
	REFUSED("memory", "run", "--memory", "1e3");
	REFUSED("memory", "run", "--memory", "512.5");
	REFUSED("memory", "run", "--memory", " 512");
	REFUSED("memory", "run", "--memory", "+512");
	REFUSED("memory", "run", "--memory", "");
}

TEST_F(bad, numbers_that_are_none)
{
	REFUSED("--duration", "run", "--duration", "soon");
	REFUSED("--duration", "run", "--duration", "0");
	REFUSED("--duration", "run", "--duration", "-1");
	REFUSED("--timeout", "run", "--timeout", "");
	REFUSED("--seed", "run", "--seed", "0x");
	REFUSED("--accel", "run", "--accel", "tcg");
}

TEST_F(bad, unknown_words)
{
	REFUSED("no_such_scenario", "run", "no_such_scenario");
	REFUSED("--frobnicate", "run", "--frobnicate");
	REFUSED("dance", "dance");
}

TEST_F(bad, out_directory_cannot_be_made)
{
	REFUSED("/proc/nowhere", "run", "--out", "/proc/nowhere");
}

TEST_F(bad, json_file_cannot_be_made)
{
	REFUSED("/nonexistent/out.json", "run", "--json", "/nonexistent/out.json");
}

TEST_F(bad, out_or_json_is_of_the_wrong_kind)
{
	write_file(self->path, "precious\n", 0644);
	REFUSED(self->path, "run", "--out", self->path);
	REFUSED(self->k.dir, "run", "--json", self->k.dir);
}

/* Two lines would be two errors, and an escape sequence a command to the terminal. */
TEST_F(bad, names_that_break_the_line)
{
	REFUSED("da?nce", "da\nnce");
	REFUSED("no?such", "run", "no\nsuch");
	REFUSED("/tmp/?[2J", "run", "--kernel", "/tmp/\033[2J");
	REFUSED("/tmp/a?b", "shell", "--exec", "true", "--include", "/tmp/a\nb");
	REFUSED("a?b", "topo", "a\nb");
	REFUSED("a?b", "kernel", "a\nb");
	REFUSED("a?b", "doctor", "a\rb");
	REFUSED("a?b", "report", "a\nb");
}

TEST_F(bad, doctor_says_a_line_for_each_finding)
{
	const char *old = getenv("KTSTR_KERNEL");
	char keep[4096] = "";

	if (old)
		snprintf(keep, sizeof(keep), "%s", old);
	setenv("KTSTR_KERNEL", "/no\nok  such", 1);
	ASSERT_EQ(0, ktstr_run__command(&self->k, 60, NULL, 0, "doctor", NULL));
	if (old)
		setenv("KTSTR_KERNEL", keep, 1);
	else
		unsetenv("KTSTR_KERNEL");
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_NE(NULL, strstr(self->k.r.out, "!!  kernel: KTSTR_KERNEL: no kernel at /no?ok  such"));
}

TEST_F(bad, names_without_end)
{
	char name[6000];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	REFUSED("xxx", name);
	REFUSED("xxx", "run", name);
	REFUSED("--kernel", "run", "--kernel", name);
	REFUSED("--out", "run", "--out", name);
	REFUSED("--json", "run", "--json", name);
	REFUSED("--include", "shell", "--exec", "true", "--include", name);
	REFUSED("too long", "report", name);
	for (size_t i = 0; i + 1 < sizeof(name); i++)
		name[i] = i % 2 ? 'x' : '/';
	REFUSED("--kernel", "run", "--kernel", name);
	REFUSED("--out", "run", "--out", name);
}

TEST_F(bad, words_too_many)
{
	REFUSED("kernel list takes no x", "kernel", "list", "x");
	REFUSED("what to do", "kernel");
	REFUSED("\"\"", "kernel", "");
}

/* @script sees ktstr as $1; status 2 and one sentence that names @named. */
static void expect_shell(struct __test_metadata *_metadata, FIXTURE_DATA(bad) *self,
			 const char *script, const char *named)
{
	const char *ktstr = ktstr_run__env("KTSTR", "./ktstr");
	const char *argv[] = { "sh", "-c", script, "sh", ktstr, self->path, NULL };

	ASSERT_EQ(0, proc_run(&self->k.r, 60, NULL, 0, argv));
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_NE(NULL, strstr(self->k.r.err, named));
	EXPECT_TRUE(one_line(self->k.r.err));
	if (self->k.r.status != 2 || !strstr(self->k.r.err, named))
		proc_print(&self->k.r, argv);
	proc_free(&self->k.r);
}

#define SHELL(_script, _named) expect_shell(_metadata, self, _script, _named)

TEST_F(bad, stdout_that_takes_nothing)
{
	static const char * const commands[] = {
		"list", "list --json", "topo 1,1,2,1", "help", "run --help", "run --dry-run",
	};
	char script[128];

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		snprintf(script, sizeof(script), "\"$1\" %s >&-", commands[i]);
		SHELL(script, "cannot write to stdout");
		snprintf(script, sizeof(script), "\"$1\" %s >/dev/full", commands[i]);
		SHELL(script, "cannot write to stdout");
		/* SIGXFSZ must not end it without a word. */
		snprintf(script, sizeof(script), "ulimit -f 0; \"$1\" %s >\"$2\"", commands[i]);
		SHELL(script, "cannot write to stdout");
	}
}

TEST_F(bad, closed_stderr_changes_no_status)
{
	const char *ktstr = ktstr_run__env("KTSTR", "./ktstr");
	const char *argv[] = { "sh", "-c", "\"$1\" dance 2>&- </dev/null", "sh", ktstr, NULL };

	ASSERT_EQ(0, proc_run(&self->k.r, 60, NULL, 0, argv));
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_STREQ("", self->k.r.out);
}

TEST_F(bad, the_host_gives_no_memory_for_the_guest)
{
	struct ktstr_error e;

	if (vmm__check_kvm(&e))
		SKIP(return, "%s", e.msg);
	SHELL("ulimit -v 300000; exec \"$1\" run --accel kvm", "1024 MiB");
}

TEST_F(bad, kvm_is_not_permitted)
{
	static const char *const argv[] = {
		"setpriv", "--reuid", "65534", "--clear-groups", NULL, "run", "--accel", "kvm", NULL
	};
	const char *cmd[16];

	if (geteuid() != 0)
		SKIP(return, "only root can become another user");
	if (access("/dev/kvm", F_OK))
		SKIP(return, "no /dev/kvm here at all");
	memcpy(cmd, argv, sizeof(argv));
	cmd[4] = ktstr_run__env("KTSTR", "./ktstr");
	ASSERT_EQ(0, proc_run(&self->k.r, 60, NULL, 0, cmd));
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_NE(NULL, strstr(self->k.r.err, "/dev/kvm"));
	EXPECT_TRUE(one_line(self->k.r.err));
	if (self->k.r.status != 2)
		proc_print(&self->k.r, cmd);
}

TEST_HARNESS_MAIN
