// SPDX-License-Identifier: GPL-2.0-only
/*
 * What executables need, read from real ones that gcc makes here, and from the
 * same ones cut and flipped; and how they are packed.
 */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/finder.h"
#include "host/pack.h"
#include "host/pack_command.h"
#include "kselftest_harness.h"

FIXTURE(elf)
{
	char dir[64];
	struct finder finder;
	struct pack pack;
	struct ktstr_error e;
};

static int sh(const char *fmt, const char *dir)
{
	char cmd[2048];

	snprintf(cmd, sizeof(cmd), fmt, dir, dir, dir, dir);
	return system(cmd);
}

FIXTURE_SETUP(elf)
{
	memset(self, 0, sizeof(*self));
	strcpy(self->dir, "/tmp/ktstr-elf-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	ASSERT_EQ(0, finder__init(&self->finder, NULL));
	ASSERT_EQ(0, pack__init(&self->pack));
	/* libinner <- libouter <- prog, the libraries in a directory of their own. */
	ASSERT_EQ(0, sh("cd %s && mkdir lib && echo 'int inner(void){return 0;}' > inner.c &&"
			" echo 'int inner(void); int outer(void){return inner();}' > outer.c &&"
			" echo 'int outer(void); int main(void){return outer();}' > main.c &&"
			" gcc -shared -fPIC -o lib/libinner.so inner.c &&"
			" gcc -shared -fPIC -o lib/libouter.so outer.c -Llib -linner -Wl,-rpath,'$ORIGIN' &&"
			" gcc -o prog main.c -Llib -louter -Wl,-rpath,'${ORIGIN}/lib' -Wl,-rpath-link,lib",
			self->dir));
}

FIXTURE_TEARDOWN(elf)
{
	pack__free(&self->pack);
	finder__free(&self->finder);
	sh("rm -rf %s", self->dir);
}

static void *load(const char *dir, const char *name, size_t *len)
{
	char path[128];
	void *data = NULL;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file__read(path, 1 << 24, &data, len, NULL, NULL);
	return data;
}

static bool packed(const struct pack *p, const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return pack__has(p, path);
}

TEST_F(elf, needs_are_read)
{
	struct elf_needed n;
	size_t len;
	void *data = load(self->dir, "prog", &len);

	ASSERT_NE(NULL, data);
	ASSERT_EQ(0, elf_needed__read(data, len, "prog", &n, &self->e)) TH_LOG("%s", self->e.msg);
	EXPECT_STREQ("/lib64/ld-linux-x86-64.so.2", n.interp);
	EXPECT_TRUE(strv__has(&n.needed, "libouter.so"));
	EXPECT_TRUE(strv__has(&n.needed, "libc.so.6"));
	EXPECT_STREQ("${ORIGIN}/lib", n.runpath ? n.runpath : n.rpath);
	EXPECT_EQ(ELFCLASS64, n.class);
	EXPECT_EQ(EM_X86_64, n.machine);
	elf_needed__free(&n);
	free(data);
}

TEST_F(elf, every_truncation_is_survived)
{
	struct elf_needed n;
	size_t len, fine = 0;
	void *data = load(self->dir, "prog", &len);

	ASSERT_NE(NULL, data);
	for (size_t cut = 0; cut < len; cut += cut < 1024 ? 1 : 97) {
		/* As long as it claims, so that a read beyond is caught. */
		void *part = malloc(cut ? cut : 1);

		memcpy(part, data, cut);
		if (!elf_needed__read(part, cut, "cut", &n, &self->e)) {
			fine++;
			elf_needed__free(&n);
		}
		free(part);
	}
	EXPECT_GT(len / 2, fine);
	free(data);
}

TEST_F(elf, flipped_bytes_of_headers_are_survived)
{
	struct elf_needed n;
	size_t len;
	uint8_t *data = load(self->dir, "prog", &len);
	Elf64_Ehdr *eh = (Elf64_Ehdr *)data;
	size_t headers = sizeof(*eh) + eh->e_phnum * sizeof(Elf64_Phdr);

	ASSERT_NE(NULL, data);
	for (size_t i = 0; i < headers; i++) {
		uint8_t was = data[i];

		for (int v = 0; v < 256; v += 51) {
			data[i] = v;
			if (!elf_needed__read(data, len, "bent", &n, &self->e))
				elf_needed__free(&n);
		}
		data[i] = was;
	}
	ASSERT_EQ(0, elf_needed__read(data, len, "whole", &n, &self->e));
	elf_needed__free(&n);
	free(data);
}

TEST_F(elf, flipped_bytes_of_the_dynamic_section_are_survived)
{
	struct elf_needed n;
	size_t len, off = 0, size = 0;
	uint8_t *data = load(self->dir, "prog", &len);
	Elf64_Ehdr *eh = (Elf64_Ehdr *)data;
	Elf64_Phdr *ph = (Elf64_Phdr *)(data + eh->e_phoff);

	for (int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_DYNAMIC) {
			off = ph[i].p_offset;
			size = ph[i].p_filesz;
		}
	}
	ASSERT_NE(0, size);
	for (size_t i = off; i < off + size; i++) {
		uint8_t was = data[i];

		data[i] ^= 0xff;
		if (!elf_needed__read(data, len, "bent", &n, &self->e))
			elf_needed__free(&n);
		data[i] = was;
	}
	free(data);
}

/* A second one would cost a walk and a copy; 65535 of them would cost minutes and all memory. */
TEST_F(elf, a_second_dynamic_section_is_refused)
{
	struct elf_needed n;
	size_t len;
	uint8_t *data = load(self->dir, "prog", &len);
	Elf64_Ehdr *eh = (Elf64_Ehdr *)data;
	Elf64_Phdr *ph, dynamic = { 0 };

	ASSERT_NE(NULL, data);
	ph = (Elf64_Phdr *)(data + eh->e_phoff);
	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			dynamic = ph[i];
	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_NOTE)
			ph[i] = dynamic;
	EXPECT_EQ(-ENOEXEC, elf_needed__read(data, len, "prog", &n, &self->e));
	free(data);
}

TEST_F(elf, a_second_table_of_strings_is_refused)
{
	struct elf_needed n;
	size_t len;
	uint8_t *data = load(self->dir, "prog", &len);
	Elf64_Ehdr *eh = (Elf64_Ehdr *)data;
	Elf64_Phdr *ph;
	Elf64_Dyn *dyn = NULL;
	uint64_t strtab = 0;

	ASSERT_NE(NULL, data);
	ph = (Elf64_Phdr *)(data + eh->e_phoff);
	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = (Elf64_Dyn *)(data + ph[i].p_offset);
	ASSERT_NE(NULL, dyn);
	for (Elf64_Dyn *d = dyn; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_STRTAB)
			strtab = d->d_un.d_ptr;
	for (; dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_DEBUG)
			*dyn = (Elf64_Dyn){ DT_STRTAB, { strtab } };
	EXPECT_EQ(-ENOEXEC, elf_needed__read(data, len, "prog", &n, &self->e));
	free(data);
}

TEST_F(elf, libraries_of_libraries_are_packed_and_reachable)
{
	char host[128];

	snprintf(host, sizeof(host), "%s/prog", self->dir);
	ASSERT_EQ(0, pack__add(&self->pack, &self->finder, host, "/ktstr/bin/prog", &self->e))
		TH_LOG("%s", self->e.msg);
	EXPECT_TRUE(pack__has(&self->pack, "/ktstr/bin/prog"));
	EXPECT_TRUE(packed(&self->pack, self->dir, "lib/libouter.so"));
	EXPECT_TRUE(packed(&self->pack, self->dir, "lib/libinner.so"));
	/* $ORIGIN is another one in the guest: the built-in directories lead there. */
	EXPECT_TRUE(pack__has(&self->pack, "/lib/libouter.so"));
	EXPECT_TRUE(pack__has(&self->pack, "/lib64/libinner.so"));
	EXPECT_TRUE(pack__has(&self->pack, "/lib64/ld-linux-x86-64.so.2"));
}

TEST_F(elf, a_missing_library_is_named_with_who_needs_it)
{
	char host[128];

	ASSERT_EQ(0, sh("rm %s/lib/libinner.so", self->dir));
	snprintf(host, sizeof(host), "%s/prog", self->dir);
	EXPECT_EQ(-ENOENT, pack__add(&self->pack, &self->finder, host, "/ktstr/bin/prog", &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "libinner.so"));
	EXPECT_NE(NULL, strstr(self->e.msg, "libouter.so"));
}

TEST_F(elf, a_library_of_another_machine_is_passed_over)
{
	char host[128];

	/* e_machine of the only libinner.so becomes EM_ARM's. */
	ASSERT_EQ(0, sh("printf '\\050' | dd of=%s/lib/libinner.so bs=1 seek=18 conv=notrunc 2>/dev/null",
			self->dir));
	snprintf(host, sizeof(host), "%s/prog", self->dir);
	EXPECT_EQ(-ENOENT, pack__add(&self->pack, &self->finder, host, "/ktstr/bin/prog", &self->e));
}

TEST_F(elf, a_static_program_needs_nothing)
{
	char host[128];

	ASSERT_EQ(0, sh("cd %s && echo 'int main(void){return 0;}' > s.c && gcc -static -o s s.c",
			self->dir));
	snprintf(host, sizeof(host), "%s/s", self->dir);
	ASSERT_EQ(0, pack__add(&self->pack, &self->finder, host, "/s", &self->e));
	EXPECT_EQ(1, self->pack.nr);
}

TEST_F(elf, a_script_brings_its_interpreter)
{
	char host[128];

	ASSERT_EQ(0, sh("cd %s && printf '#! /bin/sh -e\\nexit 0\\n' > s && chmod +x s", self->dir));
	snprintf(host, sizeof(host), "%s/s", self->dir);
	ASSERT_EQ(0, pack__add(&self->pack, &self->finder, host, "/s", &self->e)) TH_LOG("%s", self->e.msg);
	EXPECT_TRUE(pack__has(&self->pack, "/bin/sh"));
	EXPECT_TRUE(pack__has(&self->pack, "/lib64/ld-linux-x86-64.so.2"));
}

TEST_F(elf, env_scripts_bring_what_env_starts)
{
	char host[128];

	ASSERT_EQ(0, sh("cd %s && printf '#!/usr/bin/env -S sh -e\\n' > s && chmod +x s", self->dir));
	snprintf(host, sizeof(host), "%s/s", self->dir);
	ASSERT_EQ(0, pack__add(&self->pack, &self->finder, host, "/s", &self->e)) TH_LOG("%s", self->e.msg);
	EXPECT_TRUE(pack__has(&self->pack, "/usr/bin/env"));
	EXPECT_TRUE(pack__has(&self->pack, "/ktstr/bin/sh"));
}

TEST_F(elf, scripts_without_end_are_refused)
{
	char host[128];

	ASSERT_EQ(0, sh("cd %s && for i in 1 2 3 4 5 6; do printf '#!%s/s%%d\\n' $((i + 1)) > s$i;"
			" chmod +x s$i; done && cp s1 s7", self->dir));
	snprintf(host, sizeof(host), "%s/s1", self->dir);
	EXPECT_EQ(-ELOOP, pack__add(&self->pack, &self->finder, host, "/s", &self->e));
}

TEST_F(elf, a_script_whose_interpreter_is_missing_is_refused)
{
	char host[128];

	ASSERT_EQ(0, sh("cd %s && printf '#!/no/such/interpreter\\n' > s && chmod +x s", self->dir));
	snprintf(host, sizeof(host), "%s/s", self->dir);
	EXPECT_EQ(-ENOENT, pack__add(&self->pack, &self->finder, host, "/s", &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "/no/such/interpreter"));
}

TEST_F(elf, programs_in_a_shell_argument_are_packed)
{
	struct strv argv = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s", self->dir);
	setenv("KTSTR_SCHED_PATH", path, 1);
	finder__free(&self->finder);
	ASSERT_EQ(0, finder__init(&self->finder, NULL));
	strv__add(&argv, "sh");
	strv__add(&argv, "-c");
	strv__add(&argv, "prog & sleep 1; kill $!; nonesuch");
	ASSERT_EQ(0, pack_command(&self->pack, &self->finder, &argv, "--sched", &self->e))
		TH_LOG("%s", self->e.msg);
	EXPECT_TRUE(pack__has(&self->pack, argv.v[0]));
	EXPECT_EQ('/', argv.v[0][0]);
	EXPECT_TRUE(pack__has(&self->pack, "/bin/sh"));
	EXPECT_TRUE(pack__has(&self->pack, "/ktstr/bin/prog"));
	EXPECT_TRUE(pack__has(&self->pack, "/usr/bin/sleep") || pack__has(&self->pack, "/bin/sleep"));
	strv__free(&argv);
}

TEST_F(elf, directories_and_plain_files_are_no_programs)
{
	struct strv argv = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/main.c", self->dir);
	strv__add(&argv, path);
	EXPECT_EQ(-EACCES, pack_command(&self->pack, &self->finder, &argv, "--sched", &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, path));
	strv__set(&argv, 0, self->dir);
	EXPECT_EQ(-EACCES, pack_command(&self->pack, &self->finder, &argv, "--sched", &self->e));
	strv__set(&argv, 0, "/nonexistent/prog");
	EXPECT_EQ(-ENOENT, pack_command(&self->pack, &self->finder, &argv, "--sched", &self->e));
	strv__free(&argv);
}

TEST_F(elf, ld_so_conf_is_followed_but_not_forever)
{
	struct ldso l;
	char conf[128], want[128];

	ASSERT_EQ(0, sh("cd %s && printf 'include %s/conf\\n# no\\n%s/lib # yes\\nrelative\\n' > conf",
			self->dir));
	snprintf(conf, sizeof(conf), "%s/conf", self->dir);
	snprintf(want, sizeof(want), "%s/lib", self->dir);
	ASSERT_EQ(0, ldso__init(&l, conf));
	EXPECT_TRUE(strv__has(&l.dirs, want));
	EXPECT_FALSE(strv__has(&l.dirs, "relative"));
	EXPECT_TRUE(strv__has(&l.dirs, "/usr/lib"));
	ldso__free(&l);
}

TEST_F(elf, origin_is_expanded_and_unknown_tokens_are_left_out)
{
	struct strv out = { 0 };

	ASSERT_EQ(0, ldso__expand("$ORIGIN:${ORIGIN}/../x::$LIB/y:/z$", "/a/b/prog", &out));
	ASSERT_EQ(2, out.n);
	EXPECT_STREQ("/a/b", out.v[0]);
	EXPECT_STREQ("/a/b/../x", out.v[1]);
	strv__free(&out);
}

TEST_HARNESS_MAIN
