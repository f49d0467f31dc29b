// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output and ends of payloads, and the figures in it.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include <ktstr/wire.h>

#include "command.h"
#include "file.h"
#include "payload_out.h"

static struct payload_out *get(struct payload_outs *p, uint32_t index)
{
	for (uint32_t i = 0; i < p->nr; i++)
		if (p->all[i].index == index)
			return &p->all[i];
	if (p->nr == PAYLOADS_MAX)
		return NULL;
	p->all[p->nr].index = index;
	return &p->all[p->nr++];
}

/* What is beyond the room is counted only. */
static void keep(struct payload_out *o, uint32_t stream, const uint8_t *data, size_t len)
{
	size_t room = PAYLOAD_OUT_BYTES - o->len[stream];

	o->bytes[stream] += len;
	len = len < room ? len : room;
	memcpy(o->text[stream] + o->len[stream], data, len);
	o->len[stream] += len;
}

bool payload_outs__output(struct payload_outs *p, const struct assembler_frame *f)
{
	struct ktstr_payload_output h;
	struct payload_out *o;
	uint32_t stream;

	if (f->len < sizeof(h))
		return false;
	memcpy(&h, f->data, sizeof(h));
	stream = le32toh(h.stream) - 1;
	if (stream >= PAYLOAD_STREAMS)
		return false;
	o = get(p, le32toh(h.index));
	if (!o || o->ended)
		return false;
	keep(o, stream, f->data + sizeof(h), f->len - sizeof(h));
	return true;
}

bool payload_outs__exit(struct payload_outs *p, const struct assembler_frame *f)
{
	struct ktstr_payload_exit x;
	struct payload_out *o;

	if (f->len < sizeof(x) || f->continues)
		return false;
	memcpy(&x, f->data, sizeof(x));
	o = get(p, le32toh(x.index));
	if (!o || o->ended)
		return false;
	o->ended = true;
	o->wait_status = le32toh(x.wait_status);
	o->expected = le32toh(x.expected);
	o->start_ns = le64toh(x.start_ns);
	o->end_ns = le64toh(x.end_ns);
	o->user_ns = le64toh(x.user_ns);
	o->system_ns = le64toh(x.system_ns);
	return true;
}

const struct payload_out *payload_outs__find(const struct payload_outs *p, uint32_t index)
{
	for (uint32_t i = 0; i < p->nr; i++)
		if (p->all[i].index == index)
			return &p->all[i];
	return NULL;
}

/* What a shell runs is named in its script: the first program whose output can be read. */
static void look_into_script(const char *cmd, char *program, size_t size)
{
	struct strv words = { 0 };

	if (!command__mentioned(cmd, &words))
		for (size_t i = 0; i < words.n; i++)
			if (payload_metrics__knows(words.v[i])) {
				snprintf(program, size, "%s", words.v[i]);
				break;
			}
	strv__free(&words);
}

static bool is_shell(const char *program)
{
	const char *name = path__basename(program);

	return !strcmp(name, "sh") || !strcmp(name, "bash");
}

void payload_out__metrics(const struct payload_out *p, const char *cmd,
			  struct payload_metrics *m)
{
	char text[PAYLOAD_STREAMS * PAYLOAD_OUT_BYTES], program[256];
	size_t len = strcspn(cmd, " \t\n");

	/* A program whose name needs quotes is none whose output we can read. */
	snprintf(program, sizeof(program), "%.*s", (int)len, cmd);
	if (is_shell(program))
		look_into_script(cmd, program, sizeof(program));
	memcpy(text, p->text[0], p->len[0]);
	memcpy(text + p->len[0], p->text[1], p->len[1]);
	payload_metrics__parse(program, text, p->len[0] + p->len[1], m);
}
