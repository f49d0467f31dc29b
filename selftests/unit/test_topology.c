// SPDX-License-Identifier: GPL-2.0-only
/*
 * Topology: what may be asked for, and that APIC ids are unique, in range and
 * say the same as the CPU number.
 */
#include <errno.h>
#include <string.h>

#include <ktstr/topology.h>

#include "unit.h"

static int parse(const char *s, struct ktstr_topology *t)
{
	struct ktstr_error e = { "" };
	int err = ktstr_topology__parse(s, t, &e);

	/* A refusal without a sentence is a bug of its own. */
	return err && !e.msg[0] ? -EPROTO : err;
}

TEST(parse_takes_four_numbers)
{
	struct ktstr_topology t;

	ASSERT_EQ(0, parse("2,4,3,2", &t));
	EXPECT_EQ(2, t.nodes);
	EXPECT_EQ(4, t.llcs);
	EXPECT_EQ(3, t.cores);
	EXPECT_EQ(2, t.threads);
	EXPECT_EQ(24, ktstr_topology__nr_cpus(&t));
}

TEST(parse_refuses_what_is_not_four_numbers)
{
	static const char * const bad[] = {
		"", ",", "1", "1,1,1", "1,1,1,", "1,1,1,1,", "1,1,1,1,1", " 1,1,1,1", "1,1,1,1 ",
		"1, 1,1,1", "+1,1,1,1", "-1,1,1,1", "0x1,1,1,1", "1,,1,1", "1.0,1,1,1", "a,1,1,1",
		"4294967296,1,1,1", "4294967297,1,1,1", "18446744073709551617,1,1,1", "1,1,1,1\n",
	};
	struct ktstr_topology t = { 9, 9, 9, 9 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(-EINVAL, parse(bad[i], &t)) {
			TH_LOG("accepted '%s'", bad[i]);
		}
	}
	EXPECT_EQ(9, t.nodes);	/* untouched */
}

TEST(parse_refuses_zero_and_uneven_nodes)
{
	struct ktstr_topology t;

	EXPECT_EQ(-EINVAL, parse("0,1,1,1", &t));
	EXPECT_EQ(-EINVAL, parse("1,0,1,1", &t));
	EXPECT_EQ(-EINVAL, parse("1,1,0,1", &t));
	EXPECT_EQ(-EINVAL, parse("1,1,1,0", &t));
	EXPECT_EQ(-EINVAL, parse("2,3,1,1", &t));
	EXPECT_EQ(-EINVAL, parse("2,1,1,1", &t));
	EXPECT_EQ(0, parse("3,3,1,1", &t));
}

TEST(limits_are_exact)
{
	struct ktstr_topology t;

	EXPECT_EQ(0, parse("1,1,1024,1", &t));
	EXPECT_EQ(-EINVAL, parse("1,1,1025,1", &t));
	EXPECT_EQ(0, parse("1,1,512,2", &t));
	EXPECT_EQ(-EINVAL, parse("1,1,513,2", &t));
	EXPECT_EQ(0, parse("64,64,16,1", &t));
	EXPECT_EQ(-EINVAL, parse("65,65,1,1", &t));
}

TEST(products_that_wrap_are_refused)
{
	struct ktstr_topology t;

	EXPECT_EQ(-EINVAL, parse("1,65536,65536,1", &t));
	EXPECT_EQ(-EINVAL, parse("1,4294967295,4294967295,4294967295", &t));
	EXPECT_EQ(-EINVAL, parse("1,1,4294967295,4294967295", &t));
	EXPECT_EQ(-EINVAL, parse("1,2147483648,2,1", &t));
	EXPECT_EQ(-EINVAL, parse("1,1,65536,65536", &t));
}

/* Every field of an APIC id, cut out at its shift, must be that CPU's number at that level. */
static int ids_agree(const struct ktstr_topology *t)
{
	uint32_t core, llc, pkg;
	uint8_t seen[KTSTR_APIC_IDS_MAX] = { 0 };

	ktstr_topology__shifts(t, &core, &llc, &pkg);
	for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(t); cpu++) {
		uint32_t id = ktstr_topology__apic_id(t, cpu);

		if (id >= KTSTR_APIC_IDS_MAX || seen[id]++ || id > ktstr_topology__apic_id_max(t))
			return 0;
		if (id >> pkg != ktstr_topology__cpu_node(t, cpu))
			return 0;
		if ((id & ((1u << pkg) - 1)) >> llc !=
		    ktstr_topology__cpu_llc(t, cpu) % (t->llcs / t->nodes))
			return 0;
		if ((id & ((1u << llc) - 1)) >> core != cpu / t->threads % t->cores)
			return 0;
		if ((id & ((1u << core) - 1)) != cpu % t->threads)
			return 0;
	}
	return 1;
}

TEST(apic_ids_agree_for_every_topology)
{
	unsigned int accepted = 0;

	for (uint32_t n = 1; n <= 9; n++)
		for (uint32_t l = 1; l <= 18; l++)
			for (uint32_t c = 1; c <= 33; c++)
				for (uint32_t th = 1; th <= 5; th++) {
					struct ktstr_topology t = { n, l, c, th };

					if (ktstr_topology__check(&t, NULL))
						continue;
					accepted++;
					ASSERT_TRUE(ids_agree(&t)) {
						TH_LOG("%u,%u,%u,%u", n, l, c, th);
					}
				}
	EXPECT_GT(accepted, 1000);
}

/* 252 CPUs, and ids that no xAPIC has. */
TEST(holes_can_lead_past_the_xapic)
{
	struct ktstr_topology t = { 1, 14, 18, 1 };

	ASSERT_EQ(0, ktstr_topology__check(&t, NULL));
	EXPECT_EQ(252, ktstr_topology__nr_cpus(&t));
	EXPECT_EQ(13 * 32 + 17, ktstr_topology__apic_id_max(&t));
	EXPECT_EQ(433, ktstr_topology__apic_id(&t, 251));
}

TEST(boot_cpu_has_id_zero_and_powers_of_two_leave_no_holes)
{
	struct ktstr_topology t = { 2, 4, 4, 2 };

	for (uint32_t cpu = 0; cpu < 32; cpu++)
		EXPECT_EQ(cpu, ktstr_topology__apic_id(&t, cpu));
}

TEST(holes_where_a_level_is_no_power_of_two)
{
	struct ktstr_topology t = { 1, 2, 3, 2 };

	EXPECT_EQ(5, ktstr_topology__apic_id(&t, 5));
	EXPECT_EQ(8, ktstr_topology__apic_id(&t, 6));
	EXPECT_EQ(13, ktstr_topology__apic_id(&t, 11));
}

TEST_HARNESS_MAIN
