// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which CPUs a description means: every kind on even and uneven topologies, with CPUs
 * that are missing, at its limits and beyond.
 */
#include <errno.h>

#include <ktstr/op.h>

#include "op_shape.h"
#include "unit.h"

FIXTURE(cpus) {
	struct ktstr_shape shape;
	struct cpu_mask base, out;
	uint64_t random;
	struct ktstr_error e;
	char text[64];
};

FIXTURE_SETUP(cpus)
{
	memset(self, 0, sizeof(*self));
	self->shape = op_shape(2, 2, 2, 2);
	self->base = self->shape.online;
	self->random = 1;
}

FIXTURE_TEARDOWN(cpus)
{
}

#define RESOLVE(...)	resolve(self, &(const struct ktstr_cpus)__VA_ARGS__)

/* The set as text, or the sentence. */
static const char *resolve(FIXTURE_DATA(cpus) *self, const struct ktstr_cpus *spec)
{
	memset(&self->out, 0xaa, sizeof(self->out));
	if (ktstr_cpus__resolve(spec, &self->shape, &self->base, &self->random, &self->out,
				&self->e))
		return self->e.msg;
	return cpu_mask__text(&self->out, self->text, sizeof(self->text));
}

static void set_base(FIXTURE_DATA(cpus) *self, const char *list)
{
	cpulist__parse(list, &self->base);
}

TEST_F(cpus, all_is_the_base)
{
	EXPECT_STREQ("0-15", RESOLVE(KTSTR_ALL));
	set_base(self, "1,5-6");
	EXPECT_STREQ("1,5-6", RESOLVE(KTSTR_ALL));
}

TEST_F(cpus, list_is_exactly_that)
{
	EXPECT_STREQ("0-1,3", RESOLVE(KTSTR_LIST("3,0-1")));
	EXPECT_STREQ("15", RESOLVE(KTSTR_LIST("15")));
}

TEST_F(cpus, list_beyond_the_base_is_refused)
{
	EXPECT_STREQ("\"15-16\" has CPUs that are not to be had here: 16; choose from 0-15",
		     RESOLVE(KTSTR_LIST("15-16")));
	set_base(self, "0-3");
	EXPECT_STREQ("\"2,4,1023\" has CPUs that are not to be had here: 4,1023; choose from 0-3",
		     RESOLVE(KTSTR_LIST("2,4,1023")));
}

TEST_F(cpus, list_that_is_none_is_refused)
{
	EXPECT_STREQ("\"\" is no list of CPUs; write one such as \"0-1,3\"",
		     RESOLVE(KTSTR_LIST("")));
	EXPECT_STREQ("\"\" is no list of CPUs; write one such as \"0-1,3\"",
		     RESOLVE(KTSTR_LIST(NULL)));
	EXPECT_STREQ("\"1-\" is no list of CPUs; write one such as \"0-1,3\"",
		     RESOLVE(KTSTR_LIST("1-")));
	EXPECT_STREQ("\"1024\" is no list of CPUs; write one such as \"0-1,3\"",
		     RESOLVE(KTSTR_LIST("1024")));
}

TEST_F(cpus, units_of_an_even_topology)
{
	EXPECT_STREQ("0-3", RESOLVE(KTSTR_LLC(0)));
	EXPECT_STREQ("12-15", RESOLVE(KTSTR_LLC(3)));
	EXPECT_STREQ("8-15", RESOLVE(KTSTR_NODE(1)));
	EXPECT_STREQ("2-3", RESOLVE(KTSTR_CORE(1)));
	EXPECT_STREQ("14-15", RESOLVE(KTSTR_CORE(7)));
}

TEST_F(cpus, units_of_an_uneven_topology)
{
	self->shape = op_shape_uneven();
	self->base = self->shape.online;
	EXPECT_STREQ("0", RESOLVE(KTSTR_LLC(0)));
	EXPECT_STREQ("1-4", RESOLVE(KTSTR_LLC(1)));
	EXPECT_STREQ("5-6", RESOLVE(KTSTR_LLC(2)));
	EXPECT_STREQ("1-2", RESOLVE(KTSTR_CORE(1)));
	EXPECT_STREQ("3", RESOLVE(KTSTR_CORE(2)));
	EXPECT_STREQ("1-6", RESOLVE(KTSTR_NODE(2)));
	EXPECT_STREQ("node 1 has no CPU among those that can be chosen, 0-6; choose another",
		     RESOLVE(KTSTR_NODE(1)));
}

TEST_F(cpus, units_are_cut_to_the_base)
{
	set_base(self, "1-2,6");
	EXPECT_STREQ("1-2", RESOLVE(KTSTR_LLC(0)));
	EXPECT_STREQ("6", RESOLVE(KTSTR_LLC(1)));
	EXPECT_STREQ("1", RESOLVE(KTSTR_CORE(0)));
	EXPECT_STREQ("1-2,6", RESOLVE(KTSTR_NODE(0)));
	EXPECT_STREQ("LLC 2 has no CPU among those that can be chosen, 1-2,6; choose another",
		     RESOLVE(KTSTR_LLC(2)));
	EXPECT_STREQ("core 2 has no CPU among those that can be chosen, 1-2,6; choose another",
		     RESOLVE(KTSTR_CORE(2)));
}

TEST_F(cpus, units_that_are_not_there_are_refused)
{
	EXPECT_STREQ("there is no LLC 4: the topology has 4, counted from 0; choose another or a larger topology",
		     RESOLVE(KTSTR_LLC(4)));
	EXPECT_STREQ("there is no node 2: the topology has 2, counted from 0; choose another or a larger topology",
		     RESOLVE(KTSTR_NODE(2)));
	EXPECT_STREQ("there is no core 4294967295: the topology has 8, counted from 0; choose another or a larger topology",
		     RESOLVE(KTSTR_CORE(UINT32_MAX)));
}

TEST_F(cpus, one_counts_places_of_the_base)
{
	set_base(self, "3,7,9");
	EXPECT_STREQ("3", RESOLVE(KTSTR_ONE(0)));
	EXPECT_STREQ("9", RESOLVE(KTSTR_ONE(2)));
	EXPECT_STREQ("there is no CPU at place 3 of 3, counted from 0; choose a place below",
		     RESOLVE(KTSTR_ONE(3)));
	EXPECT_NE(0, ktstr_cpus__resolve(&(struct ktstr_cpus)KTSTR_ONE(UINT32_MAX), &self->shape,
					 &self->base, &self->random, &self->out, NULL));
}

TEST_F(cpus, parts_do_not_meet_and_leave_nothing)
{
	struct cpu_mask sum;

	for (unsigned int nr = 1; nr <= 16; nr++)
		for (uint32_t n = 1; n <= nr; n++) {
			unsigned int least = 16, most = 0, total = 0;

			memset(&self->base, 0, sizeof(self->base));
			memset(&sum, 0, sizeof(sum));
			for (unsigned int i = 0; i < nr; i++)
				cpu_mask__set(&self->base, 3 * i);
			for (uint32_t i = 0; i < n; i++) {
				RESOLVE(KTSTR_PART(i, n));
				unsigned int size = cpu_mask__count(&self->out);

				least = size < least ? size : least;
				most = size > most ? size : most;
				total += size;
				for (size_t b = 0; b < CPU_MASK_BITS / 64; b++)
					sum.bits[b] |= self->out.bits[b];
			}
			ASSERT_EQ(nr, total);
			ASSERT_TRUE(cpu_mask__equal(&sum, &self->base));
			ASSERT_LE(most - least, 1);
			ASSERT_GE(least, 1);
		}
}

TEST_F(cpus, parts_that_cannot_be_are_refused)
{
	EXPECT_STREQ("8-15", RESOLVE(KTSTR_PART(1, 2)));
	EXPECT_STREQ("there is no part 4 of 4; parts are counted from 0", RESOLVE(KTSTR_PART(4, 4)));
	EXPECT_STREQ("there is no part 0 of 0; parts are counted from 0", RESOLVE(KTSTR_PART(0, 0)));
	EXPECT_STREQ("15", RESOLVE(KTSTR_PART(15, 16)));
	EXPECT_STREQ("16 CPUs make no 17 parts; ask for fewer parts or need more CPUs",
		     RESOLVE(KTSTR_PART(16, 17)));
	EXPECT_STREQ("there is no part 3 of 3; parts are counted from 0",
		     RESOLVE(KTSTR_LLC_PART(3, 3)));
	EXPECT_STREQ("there is no part 2 of 2; parts are counted from 0",
		     RESOLVE(KTSTR_OVERLAP(2, 2, 50)));
}

TEST_F(cpus, parts_of_whole_llcs)
{
	EXPECT_STREQ("0-7", RESOLVE(KTSTR_LLC_PART(0, 2)));
	EXPECT_STREQ("8-15", RESOLVE(KTSTR_LLC_PART(1, 2)));
	EXPECT_STREQ("0-3", RESOLVE(KTSTR_LLC_PART(0, 3)));
	EXPECT_STREQ("4-7", RESOLVE(KTSTR_LLC_PART(1, 3)));
	EXPECT_STREQ("8-15", RESOLVE(KTSTR_LLC_PART(2, 3)));
	set_base(self, "2,3,6,14");
	EXPECT_STREQ("2-3", RESOLVE(KTSTR_LLC_PART(0, 3)));
	EXPECT_STREQ("14", RESOLVE(KTSTR_LLC_PART(2, 3)));
}

TEST_F(cpus, too_few_llcs_give_the_whole_base)
{
	EXPECT_STREQ("0-15", RESOLVE(KTSTR_LLC_PART(4, 5)));
	set_base(self, "1-2");
	EXPECT_STREQ("1-2", RESOLVE(KTSTR_LLC_PART(0, 2)));
	EXPECT_STREQ("1-2", RESOLVE(KTSTR_LLC_PART(1, 2)));
}

TEST_F(cpus, overlap_is_rounded_up)
{
	EXPECT_STREQ("0-11", RESOLVE(KTSTR_OVERLAP(0, 2, 50)));
	EXPECT_STREQ("0-7", RESOLVE(KTSTR_OVERLAP(0, 2, 0)));
	EXPECT_STREQ("0-8", RESOLVE(KTSTR_OVERLAP(0, 2, 1)));
	EXPECT_STREQ("0-15", RESOLVE(KTSTR_OVERLAP(0, 2, 100)));
	/* The last part's next is the first. */
	EXPECT_STREQ("0-1,12-15", RESOLVE(KTSTR_OVERLAP(3, 4, 50)));
	EXPECT_STREQ("101 per cent of the next part is more than all of it; say 100 or less",
		     RESOLVE(KTSTR_OVERLAP(0, 2, 101)));
	EXPECT_STREQ("one part has no next part to overlap with; ask for 2 parts or more",
		     RESOLVE(KTSTR_OVERLAP(0, 1, 50)));
}

TEST_F(cpus, fraction_is_rounded_down_to_one_at_least)
{
	EXPECT_STREQ("0-3", RESOLVE(KTSTR_FRACTION(25)));
	EXPECT_STREQ("0", RESOLVE(KTSTR_FRACTION(1)));
	EXPECT_STREQ("0-14", RESOLVE(KTSTR_FRACTION(99)));
	EXPECT_STREQ("0-15", RESOLVE(KTSTR_FRACTION(100)));
	EXPECT_STREQ("0 per cent of the CPUs make no set; say 1 to 100", RESOLVE(KTSTR_FRACTION(0)));
	EXPECT_STREQ("101 per cent of the CPUs make no set; say 1 to 100",
		     RESOLVE(KTSTR_FRACTION(101)));
}

TEST_F(cpus, random_is_the_same_on_every_machine)
{
	self->random = 7;
	EXPECT_STREQ("2,8-9,14", RESOLVE(KTSTR_RANDOM(4)));
	EXPECT_STREQ("6-9", RESOLVE(KTSTR_RANDOM(4)));
	self->random = 7;
	EXPECT_STREQ("2,8-9,14", RESOLVE(KTSTR_RANDOM(4)));
}

TEST_F(cpus, random_draws_as_many_as_it_shall_from_the_base)
{
	unsigned int hits[16] = { 0 };

	set_base(self, "1-10");
	for (unsigned int i = 0; i < 10000; i++) {
		RESOLVE(KTSTR_RANDOM(3));
		ASSERT_EQ(3, cpu_mask__count(&self->out));
		for (unsigned int cpu = 0; cpu < 16; cpu++)
			hits[cpu] += cpu_mask__test(&self->out, cpu);
	}
	EXPECT_EQ(0, hits[0] + hits[11]);
	/* 3000 expected, a standard deviation of 46. */
	for (unsigned int cpu = 1; cpu <= 10; cpu++) {
		EXPECT_TRUE(hits[cpu] > 2700 && hits[cpu] < 3300) TH_LOG("%u: %u", cpu, hits[cpu]);
	}
	EXPECT_STREQ("1-10", RESOLVE(KTSTR_RANDOM(10)));
	EXPECT_STREQ("11 CPUs cannot be drawn from 10; say 1 to 10", RESOLVE(KTSTR_RANDOM(11)));
	EXPECT_STREQ("0 CPUs cannot be drawn from 10; say 1 to 10", RESOLVE(KTSTR_RANDOM(0)));
}

TEST_F(cpus, only_random_takes_random_numbers)
{
	RESOLVE(KTSTR_PART(0, 2));
	RESOLVE(KTSTR_RANDOM(17));
	EXPECT_EQ(1, self->random);
	RESOLVE(KTSTR_RANDOM(1));
	EXPECT_NE(1, self->random);
}

TEST_F(cpus, failure_leaves_the_result_alone)
{
	struct cpu_mask before;

	memset(&before, 0xaa, sizeof(before));
	RESOLVE(KTSTR_LIST("0,99"));
	EXPECT_TRUE(cpu_mask__equal(&before, &self->out));
}

TEST_F(cpus, an_empty_base_is_refused)
{
	memset(&self->base, 0, sizeof(self->base));
	for (unsigned int kind = KTSTR_CPUS_ALL; kind <= KTSTR_CPUS_RANDOM; kind++) {
		EXPECT_STREQ("there is no CPU to choose from", RESOLVE({ .kind = kind }));
	}
}

TEST_F(cpus, a_kind_that_is_none_is_refused)
{
	EXPECT_STREQ("11 is no way to describe CPUs; use KTSTR_LIST() and the like",
		     RESOLVE({ .kind = 11 }));
	EXPECT_STREQ("-1 is no way to describe CPUs; use KTSTR_LIST() and the like",
		     RESOLVE({ .kind = (enum ktstr_cpus_kind)-1 }));
}

TEST_F(cpus, the_largest_machine)
{
	self->shape = op_shape(8, 8, 8, 2);
	self->base = self->shape.online;
	EXPECT_STREQ("0-1023", RESOLVE(KTSTR_ALL));
	EXPECT_STREQ("1008-1023", RESOLVE(KTSTR_LLC(63)));
	EXPECT_STREQ("1022-1023", RESOLVE(KTSTR_CORE(511)));
	EXPECT_STREQ("1023", RESOLVE(KTSTR_PART(1023, 1024)));
	EXPECT_STREQ("1008-1023", RESOLVE(KTSTR_LLC_PART(63, 64)));
	EXPECT_STREQ("0-1023", RESOLVE(KTSTR_RANDOM(1024)));
}

TEST_HARNESS_MAIN
