// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations as lines: every verb with every member at its edges comes back as it was,
 * and what a hostile guest may send is refused.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include <ktstr/op.h>

#include "guest/op_fields.h"
#include "unit.h"

FIXTURE(text) {
	struct ktstr_op op, back;
	struct ktstr_error e;
	char line[KTSTR_OP_LINE_MAX];
	int len;
};

FIXTURE_SETUP(text)
{
	memset(self, 0, sizeof(*self));
}

FIXTURE_TEARDOWN(text)
{
}

/* On the heap and exactly as long as promised, so that ASan sees a step too far. */
static int read_bytes(FIXTURE_DATA(text) *self, const char *line, size_t len)
{
	char *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, line, len);
	self->e.msg[0] = '\0';
	memset(&self->back, 0xaa, sizeof(self->back));
	err = ktstr_op__read(copy, len, &self->back, &self->e);
	free(copy);
	return err;
}

static int read_line(FIXTURE_DATA(text) *self, const char *line)
{
	return read_bytes(self, line, strlen(line));
}

static void write_op(FIXTURE_DATA(text) *self)
{
	self->len = ktstr_op__write(&self->op, self->line, sizeof(self->line));
}

static bool is_verb(unsigned int verb)
{
	return verb != KTSTR_V_LOOP && verb != KTSTR_V_END;
}

/* Fill a string of @room bytes with what its type takes, as long as it can be. */
static void fill_string(char *s, const struct op_field *f)
{
	memset(s, 'x', f->room - 1);
	s[f->room - 1] = '\0';
	if (f->type == OP_PATH)
		s[31] = '/';
	else if (f->type == OP_WORD)
		memcpy(s, "%= ~\xff", 5);
	else if (f->type == OP_TEXT)
		for (size_t i = 0; i < f->room - 1; i++)
			s[i] = (char)(i % 255 + 1);
}

static void set_number(void *v, const struct op_field *f, bool high)
{
	int64_t n = high ? (int64_t)f->max : f->min;

	if (f->type == OP_BOOL)
		*(bool *)v = high;
	else if (f->type == OP_U32 || f->type == OP_S32)
		*(uint32_t *)v = (uint32_t)n;
	else
		*(uint64_t *)v = (uint64_t)n;
}

/* The member at its lower or upper edge. */
static void set_field(struct ktstr_op *op, const struct op_field *f, bool high)
{
	void *v = (char *)op + f->offset;

	if (f->type <= OP_TEXT && high)
		fill_string(v, f);
	else if (f->type <= OP_TEXT)
		strcpy(v, f->needs & 1u << op->verb ? "a" : "");
	else if (f->type == OP_CPUS && (high || f->needs & 1u << op->verb))
		for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu += high ? 2 : 1024) {
			cpu_mask__set(v, cpu);
			op->has_cpus = true;
		}
	else if (f->type == OP_POLICY)
		*(enum ktstr_policy *)v = high ? KTSTR_EXT : KTSTR_INHERIT;
	else if (f->type == OP_EXPECT)
		*(enum ktstr_expect_kind *)v = high ? KTSTR_X_ACCOUNT : KTSTR_X_NOT_STARVED;
	else if (f->type == OP_DOUBLE)
		*(double *)v = high ? DBL_MAX : 0;
	else if (f->type > OP_CPUS)
		set_number(v, f, high);
}

static void set_all(struct ktstr_op *op, unsigned int verb, bool high)
{
	const struct op_field *f;

	memset(op, 0, sizeof(*op));
	op->verb = verb;
	for (unsigned int i = 0; (f = op_field__at(i)); i++)
		if (f->verbs & 1u << verb)
			set_field(op, f, high);
}

static bool comes_back(FIXTURE_DATA(text) *self)
{
	write_op(self);
	return self->len >= 0 && !read_bytes(self, self->line, (size_t)self->len) &&
	       !memcmp(&self->op, &self->back, sizeof(self->op));
}

TEST_F(text, every_verb_comes_back_at_its_edges)
{
	for (unsigned int verb = 0; verb < KTSTR_V_NR; verb++) {
		if (!is_verb(verb))
			continue;
		set_all(&self->op, verb, false);
		EXPECT_TRUE(comes_back(self)) TH_LOG("%d \"%s\": %s", self->len, self->line, self->e.msg);
		set_all(&self->op, verb, true);
		EXPECT_TRUE(comes_back(self)) TH_LOG("%d \"%s\": %s", self->len, self->line, self->e.msg);
	}
}

TEST_F(text, every_member_comes_back_alone)
{
	const struct op_field *f;

	for (unsigned int verb = 0; verb < KTSTR_V_NR; verb++)
		for (unsigned int i = 0; is_verb(verb) && (f = op_field__at(i)); i++) {
			if (!(f->verbs & 1u << verb))
				continue;
			set_all(&self->op, verb, false);
			set_field(&self->op, f, true);
			/* A group of all that there can be needs as many workers. */
			if (verb == KTSTR_V_SPAWN && self->op.work.group > 1)
				self->op.work.nr = self->op.work.group;
			EXPECT_TRUE(comes_back(self))
				TH_LOG("%s %d \"%s\": %s", f->key, self->len, self->line, self->e.msg);
		}
}

/* Every member is in the table: one that is forgotten would be lost on the way. */
TEST_F(text, every_member_has_a_key)
{
	struct ktstr_op sum;
	unsigned int zeros = 0;

	memset(&sum, 0, sizeof(sum));
	for (unsigned int verb = 0; verb < KTSTR_V_NR; verb++)
		for (unsigned int i = 0; op_field__at(i); i++)
			if (op_field__at(i)->verbs & 1u << verb)
				memset((char *)&sum + op_field__at(i)->offset, 1, op_field__at(i)->room);
	for (size_t i = 0; i < sizeof(sum); i++)
		zeros += !((char *)&sum)[i];
	/* verb, has_cpus, and what aligns the members. */
	EXPECT_LE(zeros, sizeof(sum.verb) + 1 + 7 + 3 + 4 + 4) TH_LOG("%u", zeros);
}

TEST_F(text, lines_as_documented)
{
	self->op = (struct ktstr_op){
		.verb = KTSTR_V_SPAWN, .cgroup = "a", .name = "w0", .test_op = 2,
		.work = { .kind = "spin", .nr = 4, .group = 1 }, .at = "steady.c:14",
	};
	write_op(self);
	EXPECT_STREQ("spawn cg=a name=w0 kind=spin nr=4 group=1 op=2 at=steady.c:14", self->line);
	EXPECT_EQ(strlen(self->line), self->len);
	self->op = (struct ktstr_op){
		.verb = KTSTR_V_NICE, .cgroup = "a/b", .value = (uint64_t)-20, .at = "my test.c:1",
	};
	write_op(self);
	EXPECT_STREQ("nice cg=a/b nice=-20 at=my%20test.c:1", self->line);
	self->op = (struct ktstr_op){
		.verb = KTSTR_V_EXPECT, .cgroup = "a", .other = "b",
		.expect = { .kind = KTSTR_X_FAIR, .bound = 0.1, .pct = 99.9 },
	};
	write_op(self);
	EXPECT_STREQ("expect cg=a other=b kind=fair bound=0.1 pct=99.9", self->line);
	self->op = (struct ktstr_op){ .verb = KTSTR_V_SCHED_DETACH };
	write_op(self);
	EXPECT_STREQ("sched_detach", self->line);
}

TEST_F(text, numbers_with_a_point_come_back)
{
	static const double v[] = { 0.1, 1.0 / 3, 1e-300, DBL_MIN, DBL_TRUE_MIN, 1e22, -5.5, 123456789 };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		memset(&self->op, 0, sizeof(self->op));
		self->op.verb = KTSTR_V_EXPECT;
		self->op.expect.kind = KTSTR_X_METRIC;
		self->op.expect.min = v[i];
		EXPECT_TRUE(comes_back(self)) TH_LOG("%s: %s", self->line, self->e.msg);
	}
}

TEST_F(text, room_is_kept)
{
	char small[64];
	int len;

	set_all(&self->op, KTSTR_V_SPAWN, false);
	write_op(self);
	ASSERT_LT(self->len, 64);
	len = self->len;
	for (int size = 0; size <= len; size++) {
		memset(small, '#', sizeof(small));
		EXPECT_EQ(-E2BIG, ktstr_op__write(&self->op, small, (size_t)size));
		EXPECT_EQ('#', small[size]);
		EXPECT_EQ(size ? '\0' : '#', small[0]);
	}
	EXPECT_EQ(len, ktstr_op__write(&self->op, small, (size_t)len + 1));
	EXPECT_STREQ(self->line, small);
}

#define REFUSES_TO_WRITE(...)						\
	do {								\
		memset(&self->op, 0, sizeof(self->op));			\
		self->op = (struct ktstr_op){ __VA_ARGS__ };		\
		write_op(self);						\
		EXPECT_EQ(-EINVAL, self->len) TH_LOG(#__VA_ARGS__);	\
		EXPECT_STREQ("", self->line);				\
	} while (0)

TEST_F(text, what_could_not_be_read_is_not_written)
{
	REFUSES_TO_WRITE(.verb = KTSTR_V_LOOP, .value = 2);
	REFUSES_TO_WRITE(.verb = KTSTR_V_END);
	REFUSES_TO_WRITE(.verb = KTSTR_V_NR);
	REFUSES_TO_WRITE(.verb = (enum ktstr_verb)-1);
	REFUSES_TO_WRITE(.verb = KTSTR_V_CGROUP);
	REFUSES_TO_WRITE(.verb = KTSTR_V_CGROUP, .cgroup = "..");
	REFUSES_TO_WRITE(.verb = KTSTR_V_CGROUP, .cgroup = "a", .has_cpus = true);
	REFUSES_TO_WRITE(.verb = KTSTR_V_CPUSET, .cgroup = "a", .cpus = { .bits = { 1 } });
	REFUSES_TO_WRITE(.verb = KTSTR_V_HOLD);
	REFUSES_TO_WRITE(.verb = KTSTR_V_HOLD, .value2 = KTSTR_OP_MS_MAX + 1ull);
	REFUSES_TO_WRITE(.verb = KTSTR_V_NICE, .cgroup = "a", .value = 20);
	REFUSES_TO_WRITE(.verb = KTSTR_V_NICE, .cgroup = "a", .value = (uint64_t)-21);
	REFUSES_TO_WRITE(.verb = KTSTR_V_SPAWN, .cgroup = "a", .name = "w",
			 .work = { .kind = "spin", .nr = 3, .group = 2 });
	REFUSES_TO_WRITE(.verb = KTSTR_V_EXPECT, .expect = { .bound = NAN });
	REFUSES_TO_WRITE(.verb = KTSTR_V_EXPECT, .expect = { .bound = INFINITY });
	REFUSES_TO_WRITE(.verb = KTSTR_V_EXPECT, .expect = { .kind = KTSTR_X_NR });
	REFUSES_TO_WRITE(.verb = KTSTR_V_POLICY, .cgroup = "a", .work = { .policy = KTSTR_POLICY_NR });
	REFUSES_TO_WRITE(.verb = KTSTR_V_SCHED_DETACH, .at = "a\nb");
}

static const char * const good[] = {
	"cgroup cg=a cpus=0-1 at=steady.c:12",
	"cgroup cg=a/b-c_D/0",
	"spawn cg=a name=w0 kind=spin nr=4 group=2 threads=1 nice=-20 policy=fifo prio=99 op=2 at=x",
	"quota cg=a us=0 period_us=1000",
	"run name=p cmd=echo%20\"a%0Ab\"",
	"stop cg=a",
	"hold ms=86400000",
	"wait name=p",
	"expect kind=not_starved",
	"expect kind=metric metric=a%20b bound=1e+300",
};

TEST_F(text, good_lines_are_good)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		EXPECT_EQ(0, read_line(self, good[i])) TH_LOG("%s: %s", good[i], self->e.msg);
		EXPECT_EQ(strlen(good[i]), ktstr_op__write(&self->back, self->line, sizeof(self->line)));
		EXPECT_STREQ(good[i], self->line);
	}
}

static const struct {
	const char *line, *why;
} refused[] = {
	{ "", "operation: the first word is no verb" },
	{ " ", "operation: the first word is no verb" },
	{ "cgrou cg=a", "operation: the first word is no verb" },
	{ "CGROUP cg=a", "operation: the first word is no verb" },
	{ "loop", "operation: the first word is no verb" },
	{ "end", "operation: the first word is no verb" },
	{ "cgroup", "operation: cgroup needs a \"cg\" that can be" },
	{ "cgroup cg=", "operation: cgroup needs a \"cg\" that can be" },
	{ "cgroup cg", "operation: a word without '='" },
	{ "cgroup  cg=a", "operation: a word without '='" },
	{ "cgroup cg=a ", "operation: a word without '='" },
	{ "cgroup cg=a =b", "operation: cgroup has a key that is not its own" },
	{ "cgroup cg=a cg=a", "operation: cgroup has \"cg\" twice" },
	{ "cgroup cg=a name=b", "operation: cgroup has a key that is not its own" },
	{ "cgroup cg=a Cpus=0", "operation: cgroup has a key that is not its own" },
	{ "cgroup cg=a/", "operation: cgroup needs a \"cg\" that can be" },
	{ "cgroup cg=/a", "operation: cgroup needs a \"cg\" that can be" },
	{ "cgroup cg=a//b", "operation: cgroup needs a \"cg\" that can be" },
	{ "cgroup cg=..", "operation: cgroup needs a \"cg\" that can be" },
	{ "cgroup cg=a%2Fb", "operation: cgroup is not written as it must be" },
	{ "cgroup cg=a/0123456789012345678901234567890123", "operation: cgroup needs a \"cg\" that can be" },
	{ "cgroup cg=a cpus=", "operation: cgroup has a \"cpus\" that cannot be" },
	{ "cgroup cg=a cpus=1,0", "operation: cgroup is not written as it must be" },
	{ "cgroup cg=a cpus=0,1", "operation: cgroup is not written as it must be" },
	{ "cgroup cg=a cpus=1024", "operation: cgroup has a \"cpus\" that cannot be" },
	{ "cgroup cg=a at=x op=1", "operation: cgroup is not written as it must be" },
	{ "cgroup cg=a op=0", "operation: cgroup is not written as it must be" },
	{ "cgroup cg=a op=4294967296", "operation: cgroup has a \"op\" that cannot be" },
	{ "cgroup cg=a at=%0A", "operation: cgroup needs a \"at\" that can be" },
	{ "cgroup cg=a at=%41", "operation: cgroup is not written as it must be" },
	{ "cgroup cg=a at=%0", "operation: '%' must be followed by two hexadecimal digits" },
	{ "cgroup cg=a at=%", "operation: '%' must be followed by two hexadecimal digits" },
	{ "cgroup cg=a at=%00", "operation: '%' must be followed by two hexadecimal digits, not 00" },
	{ "cgroup cg=a at=%2f", "operation: '%' must be followed by two hexadecimal digits, not 00" },
	{ "cgroup cg=a at=a\tb", "operation: byte 0x09 must be written %09" },
	{ "hold", "operation: hold needs a \"ms\" that can be" },
	{ "hold ms=0", "operation: hold has a \"ms\" that cannot be" },
	{ "hold ms=-1", "operation: hold has a \"ms\" that cannot be" },
	{ "hold ms=+1", "operation: hold has a \"ms\" that cannot be" },
	{ "hold ms=01", "operation: hold is not written as it must be" },
	{ "hold ms=1x", "operation: hold has a \"ms\" that cannot be" },
	{ "hold ms=86400001", "operation: hold has a \"ms\" that cannot be" },
	{ "hold ms=18446744073709551617", "operation: hold has a \"ms\" that cannot be" },
	{ "nice cg=a nice=-21", "operation: nice has a \"nice\" that cannot be" },
	{ "nice cg=a nice=20", "operation: nice has a \"nice\" that cannot be" },
	{ "nice cg=a nice=-0", "operation: nice is not written as it must be" },
	{ "nice cg=a nice=-", "operation: nice has a \"nice\" that cannot be" },
	{ "nice cg=a nice=-18446744073709551615", "operation: nice has a \"nice\" that cannot be" },
	{ "nice cg=a", "operation: nice is not written as it must be" },
	{ "weight cg=a weight=0", "operation: weight has a \"weight\" that cannot be" },
	{ "weight cg=a weight=10001", "operation: weight has a \"weight\" that cannot be" },
	{ "cpu_offline cpu=1024", "operation: cpu_offline has a \"cpu\" that cannot be" },
	{ "spawn cg=a name=w kind=spin nr=3 group=2", "operation: 3 workers are no whole groups of 2" },
	{ "spawn cg=a name=w kind=spin nr=1 group=0", "operation: spawn has a \"group\" that cannot be" },
	{ "spawn cg=a name=w kind=spin nr=1025 group=1", "operation: spawn has a \"nr\" that cannot be" },
	{ "spawn cg=a name=w kind=spin nr=1 group=1 threads=2",
	  "operation: spawn has a \"threads\" that cannot be" },
	{ "spawn cg=a kind=spin nr=1 group=1", "operation: spawn needs a \"name\" that can be" },
	{ "policy cg=a policy=fair", "operation: policy has a \"policy\" that cannot be" },
	{ "run name=a", "operation: run needs a \"cmd\" that can be" },
	{ "run name=0123456789012345678901234567890a cmd=x",
	  "operation: run has a \"name\" that cannot be" },
	{ "expect", "operation: expect is not written as it must be" },
	{ "expect kind=fare", "operation: expect has a \"kind\" that cannot be" },
	{ "expect kind=fair bound=nan", "operation: expect has a \"bound\" that cannot be" },
	{ "expect kind=fair bound=inf", "operation: expect has a \"bound\" that cannot be" },
	{ "expect kind=fair bound=0x1p3", "operation: expect has a \"bound\" that cannot be" },
	{ "expect kind=fair bound=1.0", "operation: expect is not written as it must be" },
	{ "expect kind=fair bound=1e999", "operation: expect needs a \"bound\" that can be" },
	{ "expect kind=fair bound=-0", "operation: expect is not written as it must be" },
	{ "expect kind=fair bound=.", "operation: expect has a \"bound\" that cannot be" },
};

TEST_F(text, bad_lines_are_refused_with_a_reason)
{
	struct ktstr_op before;

	memset(&before, 0xaa, sizeof(before));
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		EXPECT_EQ(-EINVAL, read_line(self, refused[i].line)) TH_LOG("%s", refused[i].line);
		EXPECT_STREQ(refused[i].why, self->e.msg) TH_LOG("%s", refused[i].line);
		/* Written only on success. */
		EXPECT_EQ(0, memcmp(&before, &self->back, sizeof(before)));
	}
}

/* Whatever is taken comes out in the same bytes. */
static bool same_or_refused(FIXTURE_DATA(text) *self, const char *line, size_t len)
{
	if (read_bytes(self, line, len))
		return *self->e.msg;
	return ktstr_op__write(&self->back, self->line, sizeof(self->line)) == (int)len &&
	       !memcmp(line, self->line, len);
}

TEST_F(text, lines_cut_anywhere)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		for (size_t len = 0; len <= strlen(good[i]); len++) {
			EXPECT_TRUE(same_or_refused(self, good[i], len))
				TH_LOG("%.*s", (int)len, good[i]);
		}
}

TEST_F(text, lines_with_any_byte_changed)
{
	char line[256];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		for (size_t at = 0; at < strlen(good[i]); at++)
			for (unsigned int byte = 0; byte < 256; byte++) {
				strcpy(line, good[i]);
				line[at] = (char)byte;
				ASSERT_TRUE(same_or_refused(self, line, strlen(good[i])))
					TH_LOG("%s, byte %zu is 0x%02x", good[i], at, byte);
			}
}

TEST_F(text, lines_that_are_too_long)
{
	static char line[8 * KTSTR_OP_LINE_MAX];

	memset(line, 'a', sizeof(line));
	memcpy(line, "run name=p cmd=", 15);
	EXPECT_EQ(-EINVAL, read_bytes(self, line, KTSTR_OP_LINE_MAX - 1));
	EXPECT_STREQ("operation: run has a \"cmd\" that cannot be", self->e.msg);
	EXPECT_EQ(-EINVAL, read_bytes(self, line, KTSTR_OP_LINE_MAX));
	EXPECT_STREQ("operation: a line of 4096 bytes is too long", self->e.msg);
	EXPECT_EQ(-EINVAL, read_bytes(self, line, sizeof(line)));
	EXPECT_EQ(0, read_bytes(self, line, 15 + KTSTR_OP_CMD_MAX - 1));
	EXPECT_EQ(-EINVAL, read_bytes(self, line, 15 + KTSTR_OP_CMD_MAX));
	memset(line, ' ', sizeof(line));
	EXPECT_EQ(-EINVAL, read_bytes(self, line, KTSTR_OP_LINE_MAX - 1));
}

TEST_F(text, a_sentence_need_not_be_wanted)
{
	EXPECT_EQ(-EINVAL, ktstr_op__read("x", 1, &self->op, NULL));
}

TEST_F(text, names_of_verbs_and_expectations)
{
	for (unsigned int v = 0; v < KTSTR_V_NR; v++)
		for (unsigned int o = 0; o < v; o++) {
			EXPECT_STRNE(ktstr_verb__name(o), ktstr_verb__name(v));
		}
	EXPECT_STREQ("mark", ktstr_verb__name(KTSTR_V_MARK));
	EXPECT_STREQ("expect", ktstr_verb__name(KTSTR_V_EXPECT));
	EXPECT_EQ(NULL, ktstr_verb__name(KTSTR_V_NR));
	EXPECT_EQ(NULL, ktstr_verb__name((enum ktstr_verb)-1));
	for (unsigned int x = 0; x < KTSTR_X_NR; x++)
		for (unsigned int o = 0; o < x; o++) {
			EXPECT_STRNE(ktstr_expect__name(o), ktstr_expect__name(x));
		}
	EXPECT_STREQ("not_starved", ktstr_expect__name(KTSTR_X_NOT_STARVED));
	EXPECT_STREQ("account", ktstr_expect__name(KTSTR_X_ACCOUNT));
	EXPECT_EQ(NULL, ktstr_expect__name(KTSTR_X_NR));
	EXPECT_EQ(NULL, ktstr_expect__name((enum ktstr_expect_kind)-1));
}

TEST_HARNESS_MAIN
