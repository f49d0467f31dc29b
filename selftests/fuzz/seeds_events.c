// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write the files of events that the corpus began with: what a short run leaves behind,
 * by plain records and by pages of the kernel's ring buffer.
 *
 * usage: seeds_events events DIRECTORY
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftests/unit/events_feed.h"

#define PAGE_HEADER	16u

/* One ring buffer page for each record: its time is the page's. */
static void send_pages(void *arg, const struct assembler_frame *f)
{
	struct event_file *w = arg;
	static uint32_t seq[GUEST_CPUS + 1];
	struct ktstr_ev_plain h;

	for (uint32_t at = 0; at < f->len; at += sizeof(h) + h.len) {
		uint8_t page[PAGE_HEADER + 4 + KTSTR_EV_SIZE_MAX] = { 0 };
		struct assembler_frame out = *f;
		uint64_t commit;
		uint32_t head;

		memcpy(&h, f->data + at, sizeof(h));
		commit = 4 + h.len;
		head = h.len / 4;
		memcpy(page, &h.time_ns, 8);
		memcpy(page + 8, &commit, 8);
		memcpy(page + PAGE_HEADER, &head, 4);
		memcpy(page + PAGE_HEADER + 4, f->data + at + sizeof(h), h.len);
		out.flags &= ~KTSTR_F_PLAIN;
		out.seq = seq[f->stream]++;
		out.data = page;
		out.len = PAGE_HEADER + commit;
		event_file__frame(w, &out);
	}
}

static void as_module(void *arg, const struct assembler_frame *f)
{
	struct assembler_frame out = *f;
	uint8_t info[sizeof(struct ktstr_events_info) + 64];
	struct ktstr_events_info in = guest_info(KTSTR_EVENTS_MODULE);

	if (f->type == KTSTR_T_EVNT) {
		send_pages(arg, f);
		return;
	}
	if (f->type == KTSTR_T_EVIN) {
		memcpy(info, &in, sizeof(in));
		out.data = info;
		out.len = sizeof(in);
	}
	event_file__frame(arg, &out);
}

static void write_seed(const char *dir, const char *name, assembler_frame_fn taker)
{
	static const uint32_t prefix;	/* frames.c keeps four bytes for itself */
	json_t *host = json_pack("{s:s, s:{s:i, s:i, s:i, s:i}}", "name", "steady", "topology",
				 "nodes", 1, "llcs", 1, "cores_per_llc", 2, "threads_per_core", 1);
	struct guest *g = guest_new();
	struct event_file w;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (!f || !host || fwrite(&prefix, sizeof(prefix), 1, f) != 1) {
		perror(path);
		exit(1);
	}
	event_file__begin(&w, f, 0, host);
	g->takers[0] = taker;
	g->args[0] = &w;
	guest_run(g);
	if (event_file__end(&w) || fclose(f)) {
		perror(path);
		exit(1);
	}
	free(g);
	json_decref(host);
}

int main(int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], "events")) {
		fprintf(stderr, "usage: seeds_events events DIRECTORY\n");
		return 2;
	}
	write_seed(argv[2], "plain", event_file__frame);
	write_seed(argv[2], "pages", as_module);
	return 0;
}
