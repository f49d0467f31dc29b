// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF programs that call ktstr.ko's kfuncs, made by hand: no compiler for them and no
 * libbpf is needed, and what is tested is the kernel's and the module's side only.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest_kmod.h"

struct btf {
	const char *data;
	const char *types, *strings;
	uint32_t types_len, strings_len;
	uint32_t first_id;		/* id of the first type */
	const struct btf *base;
};

static void btf_open(struct btf *b, const char *path, const struct btf *base, uint32_t first_id)
{
	const struct btf_header *h;
	struct stat st;
	char *data;
	int fd = open(path, O_RDONLY);
	ssize_t n, at = 0;

	NEED(fd >= 0 && !fstat(fd, &st));
	data = malloc(st.st_size);
	NEED(data);
	while ((n = read(fd, data + at, st.st_size - at)) > 0)
		at += n;
	NEED(at == st.st_size);
	close(fd);
	h = (void *)data;
	NEED(h->magic == BTF_MAGIC);
	*b = (struct btf){
		.data = data, .base = base, .first_id = first_id,
		.types = data + h->hdr_len + h->type_off, .types_len = h->type_len,
		.strings = data + h->hdr_len + h->str_off, .strings_len = h->str_len,
	};
}

static const char *btf_name(const struct btf *b, uint32_t off)
{
	if (b->base)
		return off < b->base->strings_len ? b->base->strings + off :
			b->strings + off - b->base->strings_len;
	return b->strings + off;
}

/* Bytes that follow a struct btf_type. */
static size_t btf_extra(const struct btf_type *t)
{
	uint32_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return n * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return n * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return n * sizeof(struct btf_var_secinfo);
	default:
		return 0;
	}
}

/* Id of a type, 0 if there is none; @next gets the id after the last one. */
static uint32_t btf_find(const struct btf *b, uint32_t kind, const char *name, uint32_t *next)
{
	uint32_t id = b->first_id, found = 0, at;

	for (at = 0; at < b->types_len; id++) {
		const struct btf_type *t = (const void *)(b->types + at);

		if (!found && BTF_INFO_KIND(t->info) == kind &&
		    !strcmp(btf_name(b, t->name_off), name))
			found = id;
		at += sizeof(*t) + btf_extra(t);
	}
	if (next)
		*next = id;
	return found;
}

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* A BTF object's descriptor, found by its name. */
static int btf_fd(const char *name)
{
	union bpf_attr next = { .start_id = 0 };

	for (; !sys_bpf(BPF_BTF_GET_NEXT_ID, &next); next.start_id = next.next_id) {
		union bpf_attr get = { .btf_id = next.next_id };
		char text[64] = "";
		struct bpf_btf_info info = { .name = (uintptr_t)text, .name_len = sizeof(text) };
		union bpf_attr ask = {
			.info = { .info_len = sizeof(info), .info = (uintptr_t)&info },
		};
		int fd = sys_bpf(BPF_BTF_GET_FD_BY_ID, &get);

		NEED(fd >= 0);
		ask.info.bpf_fd = fd;
		NEED(!sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &ask));
		if (!strcmp(text, name))
			return fd;
		close(fd);
	}
	fail(__FILE__, __LINE__, name);
}

#define INSN(c, d, s, o, i) ((struct bpf_insn){ \
	.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })

static int put64(struct bpf_insn *p, int off, uint64_t value)
{
	p[0] = INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_3, 0, 0, (uint32_t)value);
	p[1] = INSN(0, 0, 0, 0, value >> 32);
	p[2] = INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_3, off, 0);
	return 3;
}

/* { struct ktstr_ev_mark m = ...; return ktstr_event_emit(&m, sizeof(m)); } */
static int load_prog(const struct bpf_mark *m, uint32_t type, uint32_t attach_id, uint32_t flags)
{
	static char log[16384];
	struct btf kernel, module;
	struct bpf_insn prog[16];
	uint32_t next, id, trace;
	int n = 0, fd, fds[2] = { -1, -1 };
	union bpf_attr attr = {
		.prog_type = type, .prog_flags = flags,
		.insns = (uintptr_t)prog, .license = (uintptr_t)"GPL",
		.log_buf = (uintptr_t)log, .log_size = sizeof(log), .log_level = 1,
		.fd_array = (uintptr_t)fds,
	};

	btf_open(&kernel, "/sys/kernel/btf/vmlinux", NULL, 1);
	trace = btf_find(&kernel, BTF_KIND_TYPEDEF, "btf_trace_sched_switch", &next);
	btf_open(&module, "/sys/kernel/btf/ktstr", &kernel, next);
	id = btf_find(&module, BTF_KIND_FUNC, "ktstr_event_emit", NULL);
	NEED(trace && id);
	fds[1] = btf_fd("ktstr");
	n += put64(prog + n, -24, KTSTR_EV_MARK);
	n += put64(prog + n, -16, m->id);
	n += put64(prog + n, -8, m->arg);
	prog[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_10, 0, 0);
	prog[n++] = INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, -24);
	prog[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0,
			 sizeof(struct ktstr_ev_mark));
	prog[n++] = INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 1, id);
	if (attach_id) {
		attr.attach_btf_id = trace;
		attr.expected_attach_type = BPF_TRACE_RAW_TP;
	}
	if (type != BPF_PROG_TYPE_SYSCALL) {	/* only such a one has a result to tell */
		prog[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	}
	prog[n++] = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	attr.insn_cnt = n;
	fd = sys_bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		say("verifier: %.400s\n", log);
	NEED(fd >= 0);
	close(fds[1]);
	free((void *)kernel.data);
	free((void *)module.data);
	return fd;
}

/* A program that emits when it is run, and its result when it was run once. */
int bpf_load_syscall(const struct bpf_mark *m, int *run_result)
{
	int fd = load_prog(m, BPF_PROG_TYPE_SYSCALL, 0, BPF_F_SLEEPABLE);
	union bpf_attr run = { .test = { .prog_fd = fd } };

	NEED(!sys_bpf(BPF_PROG_TEST_RUN, &run));
	*run_result = run.test.retval;
	return fd;
}

/* A program that emits at every context switch while it is attached. */
int bpf_load_switch(const struct bpf_mark *m)
{
	return load_prog(m, BPF_PROG_TYPE_TRACING, 1, 0);
}

/* A program that emits when a perf event overflows. */
int bpf_load_perf(const struct bpf_mark *m)
{
	return load_prog(m, BPF_PROG_TYPE_PERF_EVENT, 0, 0);
}

/* Attach one of bpf_load_switch() until the link that is returned is closed. */
int bpf_attach(int prog)
{
	union bpf_attr attr = {};
	int link;

	attr.raw_tracepoint.prog_fd = prog;
	link = sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	NEED(link >= 0);
	return link;
}
