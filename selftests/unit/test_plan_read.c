// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plan's reader: every directive, every limit, and what a hostile or cut
 * file must come to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest/plan_read.h"
#include "host/plan.h"

#include <ktstr/event.h>

#include "unit.h"

#define HEAD	KTSTR_PLAN_MAGIC "\n"
#define OP	"op hold ms=1 at=x.c:1\n"

FIXTURE(plan) {
	struct guest_plan plan;
	struct ktstr_error e;
	char *text;
};

FIXTURE_SETUP(plan)
{
	self->text = NULL;
	memset(&self->plan, 0, sizeof(self->plan));
}

FIXTURE_TEARDOWN(plan)
{
	guest_plan__free(&self->plan);
	free(self->text);
}

/* On the heap and exactly as long as promised, so that ASan sees a step too far. */
static int parse_bytes(FIXTURE_DATA(plan) *self, const void *text, size_t len)
{
	guest_plan__free(&self->plan);
	free(self->text);
	self->e.msg[0] = '\0';
	self->text = malloc(len + 1);
	memcpy(self->text, text, len);
	return guest_plan__parse(self->text, len, &self->plan, &self->e);
}

static int parse(FIXTURE_DATA(plan) *self, const char *text)
{
	return parse_bytes(self, text, strlen(text));
}

static const char whole[] =
	HEAD
	"scenario steady\n"
	"seed 18446744073709551615\n"
	"duration-ms 3000\n"
	"sched scx_simple -f %20x%25\n"
	"sched-timeout-ms 7000\n"
	"op cgroup cg=a cpus=0-1,3 at=x.c:1\n"
	"op spawn cg=a name=w0 kind=spin nr=4 group=1 at=x.c:2\n"
	"op hold ms=3000 at=x.c:3\n"
	"body steady\n"
	"llcs 0-1 2-3\n"
	"nodes 0-3\n"
	"cores 0,2 1,3\n"
	"ack-timeout-ms 0\n"
	"end\n";

static int parse_events(FIXTURE_DATA(plan) *self, const char *lines)
{
	char text[256];

	snprintf(text, sizeof(text), HEAD "exec true\n%send\n", lines);
	return parse(self, text);
}

TEST_F(plan, events_in_every_word)
{
	static const struct {
		const char *line;
		enum ktstr_events_wish wish;
	} words[] = {
		{ "", KTSTR_WISH_OFF },
		{ "events off\n", KTSTR_WISH_OFF },
		{ "events module\n", KTSTR_WISH_MODULE },
		{ "events bpf\n", KTSTR_WISH_BPF },
		{ "events auto\n", KTSTR_WISH_AUTO },
		{ "events %61uto\n", KTSTR_WISH_AUTO },
	};

	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		ASSERT_EQ(parse_events(self, words[i].line), 0) TH_LOG("%s", self->e.msg);
		EXPECT_EQ(self->plan.events, words[i].wish) TH_LOG("%s", words[i].line);
	}
}

TEST_F(plan, a_part_of_the_events)
{
	ASSERT_EQ(parse_events(self, "events auto\nevents-only switch,scx_counter\nevents-cpus 0,64-65\nevents-cgroup ktstr/a\n"), 0)
		TH_LOG("%s", self->e.msg);
	EXPECT_EQ(1ull << KTSTR_EV_SWITCH | 1ull << KTSTR_EV_SCX_COUNTER, self->plan.filter.types);
	EXPECT_STREQ("switch,scx_counter", self->plan.filter.types_text);
	EXPECT_EQ(1, self->plan.filter.cpus.bits[0]);
	EXPECT_EQ(3, self->plan.filter.cpus.bits[1]);
	EXPECT_STREQ("0,64-65", self->plan.filter.cpus_text);
	EXPECT_STREQ("ktstr/a", self->plan.filter.cgroup);
	ASSERT_EQ(parse_events(self, "events auto\n"), 0);
	EXPECT_EQ(NULL, self->plan.filter.types_text);
	EXPECT_EQ(NULL, self->plan.filter.cpus_text);
	EXPECT_EQ(NULL, self->plan.filter.cgroup);
}

TEST_F(plan, a_part_of_the_events_that_is_none)
{
	static const char * const lines[] = {
		"events-only\n", "events-only \n", "events-only ,\n", "events-only switch,\n",
		"events-only ,switch\n", "events-only switch,,idle\n", "events-only ?\n",
		"events-only switc\n", "events-only switchh\n", "events-only Switch\n",
		"events-only switch idle\n", "events-only switch\nevents-only idle\n",
		"events-cpus\n", "events-cpus \n", "events-cpus a\n", "events-cpus 1024\n",
		"events-cpus 3-1\n", "events-cpus 0\nevents-cpus 1\n",
		"events-cgroup\n", "events-cgroup \n", "events-cgroup /\n", "events-cgroup /a\n",
		"events-cgroup a/\n", "events-cgroup a//b\n", "events-cgroup ..\n",
		"events-cgroup a/../b\n", "events-cgroup a/cpu.max\n", "events-cgroup a b\n",
		"events-cgroup 01234567890123456789012345678901\n",
		"events-cgroup a\nevents-cgroup b\n",
	};
	char path[300];

	for (unsigned int i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		EXPECT_EQ(parse_events(self, lines[i]), -EINVAL) TH_LOG("%s", lines[i]);
		EXPECT_EQ(0, strncmp(self->e.msg, "plan line ", 10)) TH_LOG("%s", self->e.msg);
	}
	parse_events(self, "events-only switch,wakeups,idle\n");
	EXPECT_STREQ("plan line 3: 'wakeups' is no scheduler event", self->e.msg);
	parse_events(self, "events-cgroup a/../b\n");
	EXPECT_STREQ("plan line 3: 'a/../b' is no path of a cgroup such as ktstr/a", self->e.msg);
	/* The longest path, and one more byte. */
	for (int i = 0; i < 256; i++)
		path[i] = i % 2 ? '/' : 'a';
	path[256] = 'a';
	for (int len = 255; len <= 257; len += 2) {
		char line[320];

		snprintf(line, sizeof(line), HEAD "exec true\nevents-cgroup %.*s\nend\n", len, path);
		EXPECT_EQ(len == 255 ? 0 : -EINVAL, parse(self, line)) TH_LOG("%d bytes", len);
	}
}

TEST_F(plan, events_in_any_other_word)
{
	static const char * const lines[] = {
		"events\n", "events \n", "events on\n", "events Auto\n", "events auto \n",
		"events auto bpf\n", "events  auto\n", "events autos\n", "events aut\n",
		"events auto\nevents auto\n", "events off\nevents module\n", "event auto\n",
	};

	for (unsigned int i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		EXPECT_EQ(parse_events(self, lines[i]), -EINVAL) TH_LOG("%s", lines[i]);
		EXPECT_NE(strstr(self->e.msg, "plan line "), NULL) TH_LOG("%s", self->e.msg);
	}
	parse_events(self, "events on\n");
	EXPECT_STREQ(self->e.msg, "plan line 3: events are off, module, bpf or auto, not 'on'");
}

TEST_F(plan, scenario_with_everything)
{
	const struct guest_plan *p = &self->plan;

	ASSERT_EQ(parse(self, whole), 0) TH_LOG("%s", self->e.msg);
	EXPECT_STREQ(p->scenario, "steady");
	EXPECT_EQ(p->exec, NULL);
	EXPECT_EQ(p->seed, UINT64_MAX);
	EXPECT_EQ(p->duration_ms, 3000);
	EXPECT_STREQ(p->sched[0], "scx_simple");
	EXPECT_STREQ(p->sched[1], "-f");
	EXPECT_STREQ(p->sched[2], " x%");
	EXPECT_EQ(p->sched[3], NULL);
	EXPECT_EQ(p->sched_timeout_ms, 7000);
	EXPECT_EQ(p->ack_timeout_ms, 0);
	ASSERT_EQ(p->nr_ops, 3);
	EXPECT_EQ(p->ops[0].verb, KTSTR_V_CGROUP);
	EXPECT_STREQ(p->ops[0].cgroup, "a");
	EXPECT_EQ(p->ops[0].cpus.bits[0], 0xb);
	EXPECT_EQ(p->ops[1].work.nr, 4);
	EXPECT_EQ(p->ops[2].verb, KTSTR_V_HOLD);
	EXPECT_STREQ(p->body, "steady");
	ASSERT_NE(p->shape, NULL);
	EXPECT_EQ(p->shape->nr_cpus, 4);
	EXPECT_EQ(p->shape->online.bits[0], 0xf);
	EXPECT_EQ(p->shape->llc[1], 0);
	EXPECT_EQ(p->shape->llc[2], 1);
	EXPECT_EQ(p->shape->node[3], 0);
	EXPECT_EQ(p->shape->core[2], 0);
	EXPECT_EQ(p->shape->core[3], 1);
}

TEST_F(plan, defaults_are_the_documented_ones)
{
	ASSERT_EQ(parse(self, HEAD "scenario s\nduration-ms 1\n" OP "end\n"), 0);
	EXPECT_EQ(self->plan.sched, NULL);
	EXPECT_EQ(self->plan.seed, 0);
	EXPECT_EQ(self->plan.sched_timeout_ms, PLAN_SCHED_TIMEOUT_MS);
	EXPECT_EQ(self->plan.ack_timeout_ms, PLAN_ACK_TIMEOUT_MS);
	EXPECT_EQ(self->plan.nr_ops, 1);
	EXPECT_EQ(self->plan.body, NULL);
}

TEST_F(plan, exec_keeps_blanks_newlines_and_empty_arguments)
{
	ASSERT_EQ(parse(self, HEAD "exec sh -c echo%20a%0Ab  \xc3\xa4 %7f \nend"), 0)
		TH_LOG("%s", self->e.msg);
	EXPECT_EQ(self->plan.scenario, NULL);
	EXPECT_STREQ(self->plan.exec[2], "echo a\nb");
	EXPECT_STREQ(self->plan.exec[3], "");
	EXPECT_STREQ(self->plan.exec[4], "\xc3\xa4");
	EXPECT_STREQ(self->plan.exec[5], "\x7f");
	EXPECT_STREQ(self->plan.exec[6], "");
	EXPECT_EQ(self->plan.exec[7], NULL);
}

/* Cut anywhere, a plan must be refused: only its last line makes it whole. */
TEST_F(plan, every_cut_is_noticed)
{
	/* Without the final newline it is still whole. */
	size_t len = strlen(whole) - 1;

	for (size_t cut = 0; cut < len; cut++) {
		ASSERT_EQ(parse_bytes(self, whole, cut), -EINVAL) TH_LOG("cut at %zu", cut);
	}
	EXPECT_EQ(parse_bytes(self, whole, len), 0);
}

/* One wrong byte anywhere may change the meaning, but must never crash or read too far. */
TEST_F(plan, every_byte_can_be_any_byte)
{
	char text[sizeof(whole)];
	size_t len = strlen(whole);

	for (size_t at = 0; at < len; at++)
		for (int c = 0; c < 256; c += 5) {
			memcpy(text, whole, len);
			text[at] = (char)c;
			if (parse_bytes(self, text, len)) {
				ASSERT_NE(self->e.msg[0], '\0') TH_LOG("byte %zu = %d", at, c);
			}
		}
}

struct bad {
	const char *text;
	const char *says;
};

static const struct bad bads[] = {
	{ "",						"line 1" },
	{ "ktstr-plan 2\nend\n",			"line 1" },
	{ HEAD,						"no \"end\"" },
	{ HEAD "end\n",					"without \"scenario\"" },
	{ HEAD "scenario s\nend\n",			"duration-ms" },
	{ HEAD "scenario s\nduration-ms 1\nend\nend\n",	"line 4: text after" },
	{ HEAD "scenario s\nduration-ms 1\nend\n\n",	"text after" },
	{ HEAD "frobnicate 1\nend\n",			"line 2: unknown directive 'frobnicate'" },
	{ HEAD "\nend\n",				"line 2: unknown directive ''" },
	{ HEAD " scenario s\nend\n",			"unknown directive" },
	{ HEAD "scenario s\r\nend\n",			"byte 0x0d" },
	{ HEAD "scenario\ts\nend\n",			"byte 0x09" },
	{ HEAD "scenario s\x7f\nend\n",			"byte 0x7f" },
	{ HEAD "scenario s t\nend\n",			"\"scenario\" has 2 words, not 3" },
	{ HEAD "scenario\nend\n",			"words" },
	{ HEAD "scenario \nend\n",			"empty" },
	{ HEAD "scenario s\nscenario s\nend\n",		"line 3: \"scenario\" is given twice" },
	{ HEAD "scenario s\nexec ls\nend\n",		"not both" },
	{ HEAD "exec ls\nscenario s\nend\n",		"not both" },
	{ HEAD "exec ls\nexec ls\nend\n",		"twice" },
	{ HEAD "exec \nend\n",				"empty" },
	{ HEAD "exec  ls\nend\n",			"empty" },
	{ HEAD "sched\nend\n",				"words" },
	{ HEAD "sched a\nsched b\nend\n",		"twice" },
	{ HEAD "sched-enable \nend\n",			"empty" },
	{ HEAD "exec a\nsched b\nsched-enable c\nend\n", "not both" },
	{ HEAD "exec a\nsched-disable b\nend\n",	"needs a \"sched-enable\"" },
	{ HEAD "exec a\nsched b\nsched-disable c\nend\n", "needs a \"sched-enable\"" },
	{ HEAD "exec a%\nend\n",			"hexadecimal" },
	{ HEAD "exec a%4\nend\n",			"hexadecimal" },
	{ HEAD "exec a%4g\nend\n",			"hexadecimal" },
	{ HEAD "exec a%00b\nend\n",			"%00" },
	{ HEAD "seed -1\nend\n",			"not a number" },
	{ HEAD "seed +1\nend\n",			"not a number" },
	{ HEAD "seed 1x\nend\n",			"not a number" },
	{ HEAD "seed \nend\n",				"not a number" },
	{ HEAD "seed %201\nend\n",			"not a number" },
	{ HEAD "seed 18446744073709551616\nend\n",	"out of range" },
	{ HEAD "duration-ms 0\nend\n",			"out of range" },
	{ HEAD "duration-ms 86400001\nend\n",		"out of range" },
	{ HEAD "sched-timeout-ms 0\nend\n",		"out of range" },
	{ HEAD "scenario s\nduration-ms 1\nend\n",	"without \"op\"" },
	{ HEAD "op\nend\n",				"unknown directive 'op'" },
	{ HEAD "op \nend\n",				"line 2: " },
	{ HEAD "op nap ms=1\nend\n",			"line 2: " },
	{ HEAD OP "op cgroup cg=.. at=x.c:1\nend\n",	"line 3: " },
	{ HEAD "scenario s\nduration-ms 1\nbody s\nend\n", "no \"llcs\"" },
	{ HEAD "body a\nbody b\nend\n",		"given twice" },
	{ HEAD "llcs\nend\n",				"words" },
	{ HEAD "llcs 1-0\nend\n",			"no CPU list" },
	{ HEAD "llcs 0-1 1-2\nend\n",			"CPU 1 is in two lists" },
	{ HEAD "llcs 0-1\nnodes 0-2\nend\n",		"different CPUs" },
	{ HEAD "llcs 0-1024\nend\n",			"no CPU list" },
};

TEST_F(plan, refused_with_the_line_and_the_reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
		EXPECT_EQ(parse(self, bads[i].text), -EINVAL) TH_LOG("%s", bads[i].text);
		EXPECT_NE(strstr(self->e.msg, bads[i].says), NULL)
			TH_LOG("\"%s\" does not say \"%s\"", self->e.msg, bads[i].says);
	}
}

TEST_F(plan, a_nul_byte_is_refused)
{
	static const char text[] = HEAD "exec a\0b\nend\n";

	EXPECT_EQ(parse_bytes(self, text, sizeof(text) - 1), -EINVAL);
}

TEST_F(plan, as_many_operations_as_promised_and_no_more)
{
	char *text = malloc(KTSTR_PLAN_MAX), *p = text;

	p += sprintf(p, HEAD "scenario s\nduration-ms 1\n");
	for (unsigned int i = 0; i < KTSTR_OPS_MAX; i++)
		p += sprintf(p, OP);
	sprintf(p, "end\n");
	EXPECT_EQ(parse(self, text), 0) TH_LOG("%s", self->e.msg);
	EXPECT_EQ(self->plan.nr_ops, KTSTR_OPS_MAX);
	sprintf(p, OP "end\n");
	EXPECT_EQ(parse(self, text), -EINVAL);
	free(text);
}

TEST_F(plan, a_line_of_nothing_but_blanks_stays_within_memory)
{
	char *text = malloc(KTSTR_PLAN_MAX);

	memset(text, ' ', KTSTR_PLAN_MAX);
	memcpy(text, HEAD "exec x", strlen(HEAD "exec x"));
	memcpy(text + KTSTR_PLAN_MAX - 5, "\nend\n", 5);
	EXPECT_EQ(parse_bytes(self, text, KTSTR_PLAN_MAX), 0) TH_LOG("%s", self->e.msg);
	free(text);
}

TEST_F(plan, commands_that_switch_a_scheduler_arrive)
{
	struct plan host = {
		.scenario = "steady", .duration_ms = 1500, .sched_timeout_ms = 900,
	};
	struct buf text;

	host.ops = calloc(1, sizeof(*host.ops));
	host.nr_ops = 1;
	host.ops[0] = (struct ktstr_op){ .verb = KTSTR_V_HOLD, .value2 = 1500, .at = "x.c:8" };
	strv__add(&host.sched_enable, "/bin/sh");
	strv__add(&host.sched_enable, "a b");
	strv__add(&host.sched_disable, "/bin/off");
	buf__init(&text, KTSTR_PLAN_MAX);
	ASSERT_EQ(plan_write(&host, &text, NULL), 0);
	ASSERT_EQ(parse_bytes(self, text.data, text.len), 0) TH_LOG("%s", self->e.msg);
	EXPECT_EQ(NULL, self->plan.sched);
	EXPECT_STREQ(self->plan.sched_enable[0], "/bin/sh");
	EXPECT_STREQ(self->plan.sched_enable[1], "a b");
	EXPECT_EQ(NULL, self->plan.sched_enable[2]);
	EXPECT_STREQ(self->plan.sched_disable[0], "/bin/off");
	EXPECT_EQ(NULL, self->plan.sched_disable[1]);
	EXPECT_EQ(900, self->plan.sched_timeout_ms);
	buf__free(&text);
	plan__free(&host);
}

/* Both ends of the contract: what the one writes is what the other understands. */
TEST_F(plan, what_the_host_writes_the_guest_reads)
{
	struct plan host = {
		.scenario = "steady",
		.seed = 7,
		.duration_ms = 1500,
		.sched_timeout_ms = 900,
		.ack_timeout_ms = 800,
	};
	const struct guest_plan *p = &self->plan;
	char every_byte[256];
	struct buf text;

	for (int c = 1; c < 256; c++)
		every_byte[c - 1] = (char)c;
	every_byte[255] = '\0';
	host.ops = calloc(2, sizeof(*host.ops));
	host.nr_ops = 2;
	host.ops[0] = (struct ktstr_op){
		.verb = KTSTR_V_CGROUP, .cgroup = "a", .has_cpus = true, .cpus.bits[0] = 0xb,
		.at = "a file.c:7",
	};
	host.ops[1] = (struct ktstr_op){ .verb = KTSTR_V_HOLD, .value2 = 1500, .at = "x.c:8" };
	strv__add(&host.sched, "/bin/sh");
	strv__add(&host.sched, every_byte);
	strv__add(&host.sched, "");
	strv__add(&host.sched, "%20");
	buf__init(&text, KTSTR_PLAN_MAX);
	ASSERT_EQ(plan_write(&host, &text, NULL), 0);
	ASSERT_EQ(parse_bytes(self, text.data, text.len), 0) TH_LOG("%s", self->e.msg);
	EXPECT_STREQ(p->scenario, "steady");
	EXPECT_EQ(p->seed, 7);
	EXPECT_EQ(p->duration_ms, 1500);
	EXPECT_EQ(p->sched_timeout_ms, 900);
	EXPECT_EQ(p->ack_timeout_ms, 800);
	for (size_t i = 0; i < host.sched.n; i++)
		EXPECT_STREQ(p->sched[i], host.sched.v[i]);
	EXPECT_EQ(p->sched[host.sched.n], NULL);
	ASSERT_EQ(p->nr_ops, 2);
	EXPECT_EQ(memcmp(&p->ops[0], &host.ops[0], sizeof(p->ops[0])), 0);
	EXPECT_EQ(memcmp(&p->ops[1], &host.ops[1], sizeof(p->ops[1])), 0);
	buf__free(&text);
	plan__free(&host);
}

static const char tmp[] = "plan_read.tmp";

static void write_file(const char *text, size_t fill)
{
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char *pad = calloc(1, fill + 1);

	memset(pad, 'x', fill);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    write(fd, pad, fill) != (ssize_t)fill)
		abort();
	free(pad);
	close(fd);
}

TEST_F(plan, a_file_is_read_whole_or_refused)
{
	char dir[] = "/tmp/plan_read.XXXXXX";

	ASSERT_NE(mkdtemp(dir), NULL);
	ASSERT_EQ(chdir(dir), 0);
	EXPECT_EQ(guest_plan__read("nothing_here", &self->plan, &self->e), -ENOENT);
	EXPECT_NE(strstr(self->e.msg, "nothing_here"), NULL);
	EXPECT_EQ(guest_plan__read(dir, &self->plan, &self->e), -EISDIR);
	write_file(whole, 0);
	EXPECT_EQ(guest_plan__read(tmp, &self->plan, &self->e), 0);
	guest_plan__free(&self->plan);
	write_file(whole, KTSTR_PLAN_MAX - strlen(whole));
	EXPECT_EQ(guest_plan__read(tmp, &self->plan, &self->e), -EINVAL);
	write_file(whole, KTSTR_PLAN_MAX - strlen(whole) + 1);
	EXPECT_EQ(guest_plan__read(tmp, &self->plan, &self->e), -EFBIG);
	unlink(tmp);
	rmdir(dir);
}

TEST(cpulist_good)
{
	struct cpu_mask m;

	ASSERT_EQ(cpulist__parse("0", &m), 0);
	EXPECT_EQ(m.bits[0], 1);
	ASSERT_EQ(cpulist__parse("3,1-2,2", &m), 0);
	EXPECT_EQ(m.bits[0], 0xe);
	ASSERT_EQ(cpulist__parse("63-64,1023", &m), 0);
	EXPECT_EQ(m.bits[0], 1ULL << 63);
	EXPECT_EQ(m.bits[1], 1);
	EXPECT_TRUE(cpu_mask__test(&m, 1023));
	EXPECT_FALSE(cpu_mask__test(&m, 1022));
	EXPECT_FALSE(cpu_mask__test(&m, CPU_MASK_BITS));
	EXPECT_FALSE(cpu_mask__test(&m, UINT32_MAX));
	ASSERT_EQ(cpulist__parse("0-1023", &m), 0);
	EXPECT_EQ(m.bits[15], UINT64_MAX);
}

TEST(cpulist_bad)
{
	static const char *const lists[] = {
		"", ",", "0,", ",0", "-", "-1", "0-", "1-0", "0--1", "0-1-2", "a", "0 ", " 0",
		"0\n", "1024", "0-1024", "99999999999999999999", "0:1", "+1", "0x1",
	};
	struct cpu_mask m = { { 42 } };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		EXPECT_EQ(cpulist__parse(lists[i], &m), -EINVAL) TH_LOG("\"%s\"", lists[i]);
	}
	EXPECT_EQ(m.bits[0], 42);
}

TEST_HARNESS_MAIN
