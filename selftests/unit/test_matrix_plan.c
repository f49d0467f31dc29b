// SPDX-License-Identifier: GPL-2.0-only
/*
 * What --matrix says, and which of its cells are run where and when.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/random.h>

#include "host/matrix_axes.h"
#include "host/matrix_plan.h"
#include "unit.h"

#define S	1000000000ull
#define CELLS	60

FIXTURE(axes)
{
	struct matrix_axes m;
	struct ktstr_error e;
	char text[256];
};

FIXTURE_SETUP(axes)
{
	memset(self, 0, sizeof(*self));
}

FIXTURE_TEARDOWN(axes)
{
	matrix_axes__free(&self->m);
}

/* Values with '|' between, axes with '/'. */
static const char *parse(struct _test_data_axes *self, const char *text)
{
	matrix_axes__free(&self->m);
	self->text[0] = '\0';
	if (matrix_axes__parse(text, &self->m, &self->e))
		return self->e.msg;
	for (int i = 0; i < MATRIX_AXES; i++) {
		strcat(self->text, i ? "/" : "");
		for (size_t k = 0; k < self->m.v[i].n; k++) {
			strcat(self->text, k ? "|" : "");
			strcat(self->text, self->m.v[i].v[k]);
		}
	}
	return self->text;
}

TEST_F(axes, commas_of_topologies_and_commands_are_theirs)
{
	static const char * const good[][2] = {
		{ "topologies=1,1,2,1", "1,1,2,1//" },
		{ "topologies=1,1,2,1:1,2,2,1:epyc-7313", "1,1,2,1|1,2,2,1|epyc-7313//" },
		{ "topologies=1,1,2,1:1,2,2,1,schedulers=scx_simple:none:scx_qmap -v,kernels=/a:/b",
		  "1,1,2,1|1,2,2,1/scx_simple|none|scx_qmap -v/\x2f" "a|/b" },
		{ "kernels=a,topologies=b", "b//a" },
		{ "schedulers=s --set a=1,b=2", "/s --set a=1,b=2/" },
		{ "schedulers=s 'a\\:b':none", "/s 'a:b'|none/" },
		{ "schedulers=s \\,kernels=x,kernels=y", "/s ,kernels=x/y" },
		/* Other backslashes are the command's own. */
		{ "schedulers=s \"a\\\"b\" \\\\", "/s \"a\\\"b\" \\\\/" },
		{ "topologies=a,topologies=b", "a|b//" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_STREQ(good[i][1], parse(self, good[i][0])) TH_LOG("%s", good[i][0]);
	}
}

TEST_F(axes, several_options_add_up)
{
	ASSERT_EQ(0, matrix_axes__parse("topologies=a", &self->m, &self->e));
	ASSERT_EQ(0, matrix_axes__parse("topologies=b", &self->m, &self->e));
	EXPECT_EQ(2, self->m.v[MATRIX_TOPOLOGIES].n);
	EXPECT_EQ(-EINVAL, matrix_axes__parse("topologies=a", &self->m, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "topologies has \"a\" twice"));
}

TEST_F(axes, what_is_wrong_is_said)
{
	static const char * const wrong[][2] = {
		{ "", "has no '='" }, { "topologies", "has no '='" },
		{ "topology=a", "there is no axis \"topology\"; did you mean topologies?" },
		{ "schedulrs=a", "did you mean schedulers?" },
		{ "seeds=1", "choose topologies, schedulers or kernels" },
		{ "=a", "there is no axis \"\"" },
		{ "topologies=", "topologies has an empty value" },
		{ "topologies=a:", "empty value" }, { "topologies=:a", "empty value" },
		{ "topologies=a::b", "empty value" },
		{ "topologies=a,schedulers=", "schedulers has an empty value" },
		{ "schedulers=s:none:s", "schedulers has \"s\" twice" },
	};
	char *big = malloc(40000);

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_NE(NULL, strstr(parse(self, wrong[i][0]), wrong[i][1]))
			TH_LOG("%s: %s", wrong[i][0], self->e.msg);
	}
	memset(big, 'x', 39999);
	big[39999] = '\0';
	memcpy(big, "kernels=", 8);
	EXPECT_NE(NULL, strstr(parse(self, big), "kernels: a value is too long"));
	free(big);
}

FIXTURE(plan)
{
	struct matrix_load c[CELLS];
	struct matrix_room room;
};

/* 5 scenarios of different lengths, 4 topologies, 3 schedulers. */
FIXTURE_SETUP(plan)
{
	uint64_t random = 7;

	memset(self, 0, sizeof(*self));
	self->room = (struct matrix_room){ .cpus = 4, .memory_mib = 8192 };
	for (size_t i = 0; i < CELLS; i++) {
		struct matrix_load *c = &self->c[i];

		c->value[0] = i / 12;
		c->value[1] = i / 3 % 4;
		c->value[2] = i % 3;
		c->cpus = 1 + c->value[1];
		c->memory_mib = 1024;
		c->fixed_ns = (2 + ktstr_random__below(&random, 9)) * S;
		c->ns = c->fixed_ns;
	}
}

FIXTURE_TEARDOWN(plan)
{
}

static uint64_t load(const struct matrix_load *c)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < CELLS; i++)
		ns += c[i].out == MATRIX_IN ? c[i].fixed_ns : 0;
	return ns;
}

TEST_F(plan, shards_are_disjoint_and_complete)
{
	for (uint32_t n = 1; n <= CELLS + 3; n++) {
		unsigned int taken[CELLS] = { 0 };

		for (uint32_t i = 1; i <= n; i++) {
			struct matrix_load c[CELLS];

			memcpy(c, self->c, sizeof(c));
			ASSERT_EQ(0, matrix_plan__shard(c, CELLS, i, n));
			for (size_t k = 0; k < CELLS; k++)
				taken[k] += c[k].out == MATRIX_IN;
		}
		for (size_t k = 0; k < CELLS; k++) {
			ASSERT_EQ(1, taken[k]) TH_LOG("cell %zu of %u shards", k, n);
		}
	}
}

TEST_F(plan, shards_are_balanced)
{
	uint64_t most = 0, least = UINT64_MAX;

	for (uint32_t i = 1; i <= 7; i++) {
		struct matrix_load c[CELLS];
		uint64_t ns;

		memcpy(c, self->c, sizeof(c));
		matrix_plan__shard(c, CELLS, i, 7);
		ns = load(c);
		most = ns > most ? ns : most;
		least = ns < least ? ns : least;
	}
	/* Greedy, longest first: they differ by one short cell at most. */
	EXPECT_LE(most - least, 2 * S);
}

/* Two machines that remember different times must not run, or leave out, the same cell. */
TEST_F(plan, what_a_machine_remembers_does_not_move_its_shard)
{
	struct matrix_load c[CELLS];

	memcpy(c, self->c, sizeof(c));
	for (size_t k = 0; k < CELLS; k++)
		c[k].ns = (CELLS - k) * S;
	/* One runs them in its box, whose size is that of no cell. */
	for (size_t k = 0; k < CELLS; k++)
		c[k].cpus = 2 + (CELLS - k) % 5;
	matrix_plan__shard(c, CELLS, 2, 3);
	matrix_plan__shard(self->c, CELLS, 2, 3);
	for (size_t k = 0; k < CELLS; k++)
		EXPECT_EQ(self->c[k].out, c[k].out);
}

TEST_F(plan, order_is_longest_first_then_widest)
{
	size_t order[CELLS];

	self->c[5].out = MATRIX_OUT_SHARD;
	ASSERT_EQ(CELLS - 1, matrix_plan__order(self->c, CELLS, order));
	for (size_t k = 1; k < CELLS - 1; k++) {
		const struct matrix_load *a = &self->c[order[k - 1]], *b = &self->c[order[k]];

		EXPECT_NE(5, order[k]);
		EXPECT_TRUE(a->ns > b->ns || (a->ns == b->ns && a->cpus > b->cpus) ||
			    (a->ns == b->ns && a->cpus == b->cpus && order[k - 1] < order[k]));
	}
}

TEST_F(plan, a_budget_for_all_leaves_nothing_out)
{
	struct matrix_coverage v;

	ASSERT_EQ(0, matrix_plan__budget(self->c, CELLS, &self->room, 10000 * S));
	ASSERT_EQ(0, matrix_plan__coverage(self->c, CELLS, &v));
	for (size_t k = 0; k < CELLS; k++)
		EXPECT_EQ(MATRIX_IN, self->c[k].out);
	/* The kernel is a factor with one value: pairs with it count as well. */
	EXPECT_EQ(5 + 4 + 3 + 1, v.of_values);
	EXPECT_EQ(v.of_values, v.values);
	EXPECT_EQ(5 * 4 + 5 * 3 + 4 * 3 + 5 + 4 + 3, v.of_pairs);
	EXPECT_EQ(v.of_pairs, v.pairs);
}

TEST_F(plan, a_budget_is_kept_and_covers_values_first)
{
	for (uint64_t budget = 1; budget <= 200; budget += 7) {
		struct matrix_load c[CELLS];
		struct matrix_coverage v;
		double spent = 0;
		size_t in = 0;

		memcpy(c, self->c, sizeof(c));
		ASSERT_EQ(0, matrix_plan__budget(c, CELLS, &self->room, budget * S));
		for (size_t k = 0; k < CELLS; k++) {
			if (c[k].out != MATRIX_IN)
				continue;
			in++;
			spent += (double)c[k].ns / matrix_plan__at_a_time(&c[k], &self->room);
		}
		EXPECT_LE(spent, (double)budget * S);
		matrix_plan__coverage(c, CELLS, &v);
		/* Each of the first five or so cells brings new values on several factors. */
		EXPECT_LE((in < 5 ? in : 5), v.values);
		EXPECT_LE((in < 12 ? in : 12), v.pairs);
	}
}

/* Twelve equal cells, room for four of them: values of all factors, and no pair twice. */
TEST_F(plan, pairs_that_are_new_come_before_those_that_are_not)
{
	struct matrix_coverage v;
	size_t in = 0;

	for (size_t k = 0; k < CELLS; k++) {
		self->c[k].ns = S;
		self->c[k].cpus = 4;
	}
	ASSERT_EQ(0, matrix_plan__budget(self->c, CELLS, &self->room, 20 * S));
	for (size_t k = 0; k < CELLS; k++)
		in += self->c[k].out == MATRIX_IN;
	EXPECT_EQ(20, in);
	matrix_plan__coverage(self->c, CELLS, &v);
	EXPECT_EQ(v.of_values, v.values);
	/* 20 cells are just enough for all pairs of scenario and topology. */
	EXPECT_LE(57, v.pairs) TH_LOG("%zu of %zu", v.pairs, v.of_pairs);
}

TEST_F(plan, a_short_cell_is_worth_more_than_a_long_one_that_covers_the_same)
{
	for (size_t k = 0; k < CELLS; k++)
		self->c[k].out = MATRIX_OUT_SHARD;
	self->c[0].out = self->c[1].out = MATRIX_IN;
	self->c[0].ns = 5 * S;
	self->c[1].ns = S;
	self->c[0].cpus = self->c[1].cpus = 4;
	matrix_plan__budget(self->c, CELLS, &self->room, 5 * S);
	EXPECT_EQ(MATRIX_OUT_BUDGET, self->c[0].out);
	EXPECT_EQ(MATRIX_IN, self->c[1].out);
	/* Another shard's cell does not come back. */
	EXPECT_EQ(MATRIX_OUT_SHARD, self->c[2].out);
}

TEST_F(plan, the_same_budget_comes_to_the_same_cells)
{
	struct matrix_load c[CELLS];

	memcpy(c, self->c, sizeof(c));
	matrix_plan__budget(c, CELLS, &self->room, 60 * S);
	matrix_plan__budget(self->c, CELLS, &self->room, 60 * S);
	for (size_t k = 0; k < CELLS; k++)
		EXPECT_EQ(self->c[k].out, c[k].out);
}

TEST(room_is_for_cpus_memory_and_jobs_and_always_for_one)
{
	const struct matrix_load two = { .cpus = 2, .memory_mib = 1000 },
				 wide = { .cpus = 64, .memory_mib = 1u << 20 };
	struct matrix_room room = { .cpus = 5, .memory_mib = 3500 }, used = { 0 };

	EXPECT_EQ(2, matrix_plan__at_a_time(&two, &room));
	EXPECT_EQ(1, matrix_plan__at_a_time(&wide, &room));
	EXPECT_TRUE(matrix_plan__fits(&wide, &room, &used));
	used = (struct matrix_room){ 2, 1000, 1 };
	EXPECT_TRUE(matrix_plan__fits(&two, &room, &used));
	EXPECT_FALSE(matrix_plan__fits(&wide, &room, &used));
	used = (struct matrix_room){ 4, 2000, 2 };
	EXPECT_FALSE(matrix_plan__fits(&two, &room, &used));
	room.cpus = 64;
	EXPECT_EQ(3, matrix_plan__at_a_time(&two, &room));
	EXPECT_TRUE(matrix_plan__fits(&two, &room, &used));
	used = (struct matrix_room){ 6, 3000, 3 };
	EXPECT_FALSE(matrix_plan__fits(&two, &room, &used));
	room.memory_mib = 0;
	EXPECT_TRUE(matrix_plan__fits(&two, &room, &used));
	room.jobs = 3;
	EXPECT_EQ(3, matrix_plan__at_a_time(&two, &room));
	EXPECT_FALSE(matrix_plan__fits(&two, &room, &used));
}

TEST_HARNESS_MAIN
