// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page of a run that never was, on standard output, for a browser to look at.
 */
#include <stdio.h>
#include <stdlib.h>

#include "host/event_html.h"
#include "selftests/unit/event_synth.h"

int main(int argc, char **argv)
{
	uint32_t cpus = argc > 1 ? atoi(argv[1]) : 8;
	struct synth_opts o = {
		.topology = { 1, cpus > 1 ? 2 : 1, cpus > 1 ? cpus / 2 : 1, 1 }, .seed = 7,
		.length_ns = 10 * SEC, .pace_ns = 2 * MS, .nr_tasks = cpus * 2, .nr_cgroups = 9,
		.trouble = cpus > 1,
	};
	struct event_html_opts ho = {
		.sz = sizeof(ho), .title = "steady under scx_simple",
		.subtitle = "Linux 6.12, a synthetic run of 10 s; seed 7",
	};
	struct event_stream *s = synth_run(&o);
	struct buf b;
	int ret;

	if (!s)
		return 1;
	buf__init(&b, EVENT_HTML_MAX_BYTES);
	ret = event_html__write(&b, s, &ho);
	if (ret || fwrite(b.data, 1, b.len, stdout) != b.len)
		return 1;
	buf__free(&b);
	event_stream__free(s);
	return 0;
}
