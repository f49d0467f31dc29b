// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <ktstr/dev.h>
#include <ktstr/plan.h>

#include "events_rig.h"
#include "host/cpio.h"

static void send_ack(struct rig *r)
{
	struct ktstr_frame h = {
		.magic		= htole32(KTSTR_WIRE_MAGIC),
		.version	= htole16(KTSTR_WIRE_VERSION),
		.type		= htole32(KTSTR_T_ACKR),
		.payload_crc	= htole32(crc32(0, NULL, 0)),
	};

	h.header_crc = htole32(crc32(0, (const Bytef *)&h, sizeof(h) - 4));
	if (vmm__port_write(r->vm.vmm, KTSTR_PORT_BULK, &h, sizeof(h)))
		r->wrong = "no room for ACKR";
}

static void on_record(void *arg, const struct event_record *rec)
{
	struct rig *r = arg;
	struct rig_record *dst;

	if (rec->cpu >= RIG_CPUS) {
		r->wrong = "a record of no CPU";
		return;
	}
	r->came[rec->cpu]++;
	if (rec->ev->type == KTSTR_EV_MARK) {
		const struct ktstr_ev_mark *m = (const void *)rec->ev;

		if (m->id == KTSTR_MARK_LOST) {
			r->told[rec->cpu]++;
			r->told_lost[rec->cpu] = m->arg;
		}
	}
	if (!r->keep)
		return;
	if (r->nr == r->room) {
		r->room = r->room ? 2 * r->room : 16384;
		r->rec = realloc(r->rec, r->room * sizeof(*r->rec));
		if (!r->rec)
			abort();
	}
	dst = &r->rec[r->nr];
	*dst = (struct rig_record){
		.raw_ns = rec->time_ns, .time_ns = rec->time_ns + r->offset_ns, .order = r->nr,
		.cpu = rec->cpu, .len = rec->len,
	};
	memcpy(dst->bytes, rec->ev, rec->len);
	r->nr++;
}

static void on_events(struct rig *r, const struct assembler_frame *f)
{
	uint32_t size = f->flags & KTSTR_F_PLAIN ? f->len : le32toh(r->info.page_size);
	bool plain = le32toh(r->info.path) == KTSTR_EVENTS_BPF;

	/* Pages but the last are whole. */
	if (!r->has_info || f->corrupt || !size || !f->len)
		r->wrong = "an EVNT frame that makes no sense";
	else if (plain != !!(f->flags & KTSTR_F_PLAIN))
		r->wrong = "an EVNT frame of the other path";
	else
		for (uint32_t at = 0; at < f->len; at += size)
			if (event_page__decode(r->page, f->stream - 1, f->flags, f->data + at,
					       f->len - at < size ? f->len - at : size,
					       on_record, r))
				r->wrong = "a payload that cannot be read to its end";
	event_stream__frame(r->stream, f);
}

static void on_info(struct rig *r, const struct assembler_frame *f)
{
	if (f->len < sizeof(r->info))
		return;
	memcpy(&r->info, f->data, sizeof(r->info));
	snprintf(r->info_text, sizeof(r->info_text), "%.*s", (int)(f->len - sizeof(r->info)),
		 f->data + sizeof(r->info));
	if (le32toh(r->info.clock) == KTSTR_CLOCK_LOCAL)
		r->offset_ns = le64toh(r->info.at.mono_ns) - le64toh(r->info.at.ring_ns);
	r->has_info = true;
}

static void on_loss(struct rig *r, const struct assembler_frame *f)
{
	const struct ktstr_event_loss *loss = (const void *)f->data;
	size_t nr = f->len / sizeof(*loss);

	for (size_t i = 0; i < nr && i < RIG_CPUS; i++)
		r->loss[i] = loss[i];
	r->final = nr && le32toh(loss[0].flags) & KTSTR_LOSS_FINAL;
}

static void append(char *buf, size_t size, size_t *len, const struct assembler_frame *f)
{
	size_t n = f->len < size - 1 - *len ? f->len : size - 1 - *len;

	memcpy(buf + *len, f->data, n);
	*len += n;
	buf[*len] = '\0';
}

/* Nothing that has been said is dropped, but zeros: a flood is made of them. */
static void on_out(struct rig *r, const struct assembler_frame *f)
{
	if (f->len && !f->data[0] && !f->data[f->len - 1])
		return;
	if (r->out_room - r->out_len <= f->len) {
		r->out_room = 2 * (r->out_room + f->len);
		r->out = realloc(r->out, r->out_room);
		if (!r->out)
			abort();
	}
	append(r->out, r->out_room, &r->out_len, f);
}

static void on_frame(void *arg, const struct assembler_frame *f)
{
	struct rig *r = arg;

	switch (f->type) {
	case KTSTR_T_EVNT:
		on_events(r, f);
		break;
	case KTSTR_T_EVIN:
		on_info(r, f);
		break;
	case KTSTR_T_EVLS:
		on_loss(r, f);
		break;
	case KTSTR_T_CLCK:
		r->clocks++;
		break;
	case KTSTR_T_SOUT:
		on_out(r, f);
		break;
	case KTSTR_T_SERR:
		append(r->err, sizeof(r->err), &r->err_len, f);
		break;
	case KTSTR_T_DMSG:
		append(r->dmesg, sizeof(r->dmesg), &r->dmesg_len, f);
		break;
	case KTSTR_T_EXCX:
		if (f->len == sizeof(struct ktstr_exec_exit))
			r->exit_status =
				le32toh(((const struct ktstr_exec_exit *)f->data)->wait_status);
		break;
	case KTSTR_T_EXIT:
		r->has_exit = true;
		send_ack(r);
		break;
	}
}

static void on_port(void *arg, unsigned int port, const void *data, size_t len)
{
	struct rig *r = arg;

	if (port == KTSTR_PORT_BULK)
		assembler__feed(r->assembler, data, len);
}

struct rig *rig__new(const char *topology)
{
	struct event_stream_opts so = { .sz = sizeof(so) };
	struct rig *r = calloc(1, sizeof(*r));

	if (!r || ktstr_topology__parse(topology, &r->topology, NULL))
		return NULL;
	so.state.sz = sizeof(so.state);
	so.state.topology = r->topology;
	r->keep = true;
	r->exit_status = -1;
	r->vm.on_port = on_port;
	r->vm.arg = r;
	r->out_room = 1 << 16;
	r->out = calloc(1, r->out_room);
	r->assembler = assembler__new(on_frame, r);
	r->page = event_page__new();
	r->stream = event_stream__new(&so);
	return r->out && r->assembler && r->page && r->stream ? r : NULL;
}

/* What was built stands beside this program. */
static int add_built(struct rig *r, struct cpio *c, const char *path, const char *relative,
		     struct ktstr_error *e)
{
	char self[PATH_MAX] = "", from[2 * PATH_MAX];
	size_t len;
	void *data;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return -errno;
	snprintf(from, sizeof(from), "%s/%s", dirname(self), relative);
	data = vm_read_file(from, &len);
	if (!data)
		return ktstr_error_set(e, -ENOENT, "there is no %s; make it: make vm", from);
	r->files[r->nr_files++] = data;
	return cpio__file(c, path, 0755, data, len);
}

static int add_text(struct cpio *c, const char *path, const char *text)
{
	return cpio__file(c, path, 0644, text, strlen(text));
}

static int fill(struct rig *r, struct cpio *c, const struct rig_opts *o, struct ktstr_error *e)
{
	int ret;

	snprintf(r->plan, sizeof(r->plan),
		 KTSTR_PLAN_MAGIC "\nexec /guest_events %s\nseed 1\nevents %s\n%sack-timeout-ms 10000\nend\n",
		 o->args, o->events, o->filter ? o->filter : "");
	ret = cpio__dir(c, "/dev", 0755);
	if (!ret)
		ret = cpio__dir(c, "/ktstr", 0755);
	if (!ret)
		ret = add_text(c, KTSTR_PLAN_PATH, r->plan);
	if (!ret && o->params)
		ret = add_text(c, KTSTR_MODULE_PARAMS_PATH, o->params);
	if (!ret)
		ret = add_built(r, c, "/init", "../guest/ktstr-init", e);
	if (!ret)
		ret = add_built(r, c, KTSTR_MODULE_PATH,
				o->module ? o->module : "../kmod/ktstr.ko", e);
	if (!ret)
		ret = add_built(r, c, "/guest_events", "guest_events", e);
	return ret ? ret : cpio__finish(c);
}

int rig__boot(struct rig *r, const struct rig_opts *o, struct ktstr_error *e)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct vmm_opts opts = { .sz = sizeof(opts), .memory_mib = 512, .topology = r->topology };
	struct cpio *c = cpio__new();
	char path[PATH_MAX];
	int ret = c ? fill(r, c, o, e) : -ENOMEM;

	opts.kernel = getenv("KTSTR_KERNEL");
	if (!opts.kernel) {
		snprintf(path, sizeof(path), "%s%s/ktstr/kernels/default/vmlinux",
			 cache ? cache : home, cache ? "" : "/.cache");
		opts.kernel = path;
	}
	/*
	 * The kernel takes the time that the host took off what a task ran, if it knows it.
	 * The clock of the events does not: for a comparison both must count the same.
	 */
	opts.cmdline_extra = "no-steal-acc";
	opts.in_box = getenv("KTSTR_IN_BOX") != NULL;
	opts.initrd = c ? cpio__iov(c, &opts.nr_initrd) : NULL;
	if (!ret)
		ret = vm__boot_opts(&r->vm, &opts, o->timeout_s, e);
	cpio__free(c);
	while (r->nr_files)
		free(r->files[--r->nr_files]);
	return ret;
}

bool rig__run(struct rig *r)
{
	return vm__wait_end(&r->vm);
}

static int by_time(const void *a, const void *b)
{
	const struct rig_record *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void rig__sort(struct rig *r)
{
	if (r->nr)
		qsort(r->rec, r->nr, sizeof(*r->rec), by_time);
	event_stream__finish(r->stream);
}

struct event_state *rig__window(const struct rig *r, uint64_t from_ns, uint64_t to_ns,
				uint64_t starve_ns)
{
	struct event_state_opts so = {
		.sz = sizeof(so), .topology = r->topology, .starve_bound_ns = starve_ns,
		.wait_for_window = true,
	};
	struct event_state *s = event_state__new(&so);
	bool begun = false;

	for (size_t i = 0; s && i < r->nr && r->rec[i].time_ns <= to_ns; i++) {
		const struct rig_record *rec = &r->rec[i];
		struct event_record er = {
			.time_ns = rec->time_ns, .cpu = rec->cpu, .len = rec->len, .ev = &rec->h,
		};

		if (!begun && rec->time_ns >= from_ns) {
			event_state__begin(s, from_ns);
			begun = true;
		}
		event_state__record(s, &er);
	}
	if (s)
		event_state__end(s, to_ns);
	return s;
}

static void print_text(const char *name, const char *text)
{
	int lines = 0;

	for (; *text && lines < 40; text += strcspn(text, "\n"), text += *text == '\n', lines++)
		printf("#   %s| %.*s\n", name, (int)strcspn(text, "\n"), text);
}

static void print_all(struct rig *r)
{
	const struct assembler_stats *as = assembler__stats(r->assembler);

	printf("# %s; exit status %d, EXIT %d; frames %llu corrupt %llu lost %llu skipped %llu\n",
	       r->wrong ? r->wrong : "nothing wrong with the frames", r->exit_status, r->has_exit,
	       (unsigned long long)as->frames, (unsigned long long)as->corrupt,
	       (unsigned long long)as->lost, (unsigned long long)as->skipped);
	for (int i = 0; i < RIG_CPUS; i++)
		printf("# CPU %d: emitted %llu lost %llu sent %llu came %llu\n", i,
		       (unsigned long long)le64toh(r->loss[i].emitted),
		       (unsigned long long)le64toh(r->loss[i].lost),
		       (unsigned long long)le64toh(r->loss[i].sent),
		       (unsigned long long)r->came[i]);
	print_text("EVIN", r->info_text);
	print_text("stdout", r->out);
	print_text("stderr", r->err);
	print_text("dmesg", r->dmesg_len > 1500 ? r->dmesg + r->dmesg_len - 1500 : r->dmesg);
}

void rig__free(struct rig *r, bool failed)
{
	if (!r)
		return;
	if (failed)
		print_all(r);
	vm__finish(&r->vm, failed);
	event_stream__free(r->stream);
	event_page__free(r->page);
	assembler__free(r->assembler);
	free(r->rec);
	free(r->out);
	free(r);
}

const char *rig__line(const struct rig *r, const char *start)
{
	const char *at;

	for (at = r->out; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		if (!strncmp(at, start, strlen(start)))
			return at;
	return NULL;
}
