// SPDX-License-Identifier: GPL-2.0-only
/*
 * What "ktstr topo" and the results say of a topology.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/topo_find.h"
#include "host/topo_out.h"
#include "kselftest_harness.h"

FIXTURE(out)
{
	struct ktstr_topology t;
	struct ktstr_topology_about about;
	struct ktstr_error e;
	struct buf b;
};

FIXTURE_SETUP(out)
{
	memset(self, 0, sizeof(*self));
	buf__init(&self->b, 1 << 20);
}

FIXTURE_TEARDOWN(out)
{
	ktstr_topology__free(&self->t);
	buf__free(&self->b);
}

#define FIND(word)									\
	ASSERT_EQ(0, topo_find(word, &self->t, &self->about, &self->e)) {		\
		TH_LOG("%s", self->e.msg);						\
	}

#define READ(text)									\
	ASSERT_EQ(0, ktstr_topology__read(text, strlen(text), "t", &self->t, &self->about, \
					  &self->e)) {					\
		TH_LOG("%s", self->e.msg);						\
	}

#define PICTURE(want) do {								\
	topo_out__picture(&self->b, &self->t);						\
	ASSERT_EQ(0, self->b.err);							\
	EXPECT_STREQ(want, self->b.data);						\
} while (0)

TEST_F(out, picture_of_four_numbers)
{
	FIND("2,2,2,2");
	PICTURE("8 CPUs, 4 cores, 2 LLCs, 2 nodes; APIC ids to 7; [] is a core\n"
		"node 0: CPUs 0-3, a share of the memory\n"
		"  LLC 0: [0 1] [2 3]\n"
		"node 1: CPUs 4-7, a share of the memory\n"
		"  LLC 1: [4 5] [6 7]\n"
		"distance, from row to column\n"
		"  node   0   1\n"
		"     0  10  20\n"
		"     1  20  10\n");
}

TEST_F(out, picture_of_the_smallest)
{
	FIND("1,1,1,1");
	PICTURE("1 CPU, 1 core, 1 LLC, 1 node; APIC ids to 0; [] is a core\n"
		"node 0: CPU 0, a share of the memory\n"
		"  LLC 0: [0]\n");
}

TEST_F(out, picture_of_everything)
{
	READ("cache l1d 48K\ncache l2 2M\ncache l3 32M\n"
	     "node 0 memory 1G\nllc 2x2+8 size 96M\nllc 1 times 2\n"
	     "node 1 memory 0\nllc 1\nnode 2 memory-cache 64G\n"
	     "distance 0 2 24\ndistance 2 0 31\nlatency 0 2 250\nbandwidth 1 2 9999999\n"
	     "capacity 0-3 1024\n");
	PICTURE("15 CPUs, 13 cores, 4 LLCs, 3 nodes; APIC ids to 128; [] is a core\n"
		"caches of a core: L1d 48K, L2 2M\n"
		"node 0: CPUs 0-13, 1G of memory\n"
		"  LLC 0: 96M [ 0  1] [ 2  3] [ 4] [ 5] [ 6] [ 7] [ 8] [ 9] [10] [11]\n"
		"  LLC 1: 32M [12]\n"
		"  LLC 2: 32M [13]\n"
		"node 1: CPU 14, no memory\n"
		"  LLC 3: 32M [14]\n"
		"node 2: no CPU, a share of the memory behind a cache of 64G\n"
		"distance, from row to column\n"
		"  node   0   1   2\n"
		"     0  10  20  24\n"
		"     1  20  10  20\n"
		"     2  31  20  10\n"
		"latency in ns, from row to column\n"
		"  node     0     1     2\n"
		"     0     -     -   250\n"
		"     1     -     -     -\n"
		"     2     -     -     -\n"
		"bandwidth in MB/s, from row to column\n"
		"  node        0        1        2\n"
		"     0        -        -        -\n"
		"     1        -        -  9999999\n"
		"     2        -        -        -\n"
		"capacity of CPUs 0-3: 1024\n");
}

static size_t longest_line(const char *text)
{
	size_t most = 0;

	for (const char *end; (end = strchr(text, '\n')); text = end + 1)
		if ((size_t)(end - text) > most)
			most = (size_t)(end - text);
	return most;
}

TEST_F(out, pictures_fit_a_terminal)
{
	static const char * const words[] = {
		"64,64,16,1", "1,1,1024,1", "1,1024,1,1", "4,12,8,2", "1,14,18,1", "1,1,64,16",
	};
	const struct ktstr_topology_preset *p;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		FIND(words[i]);
		topo_out__picture(&self->b, &self->t);
		EXPECT_GE(80, longest_line(self->b.data)) TH_LOG("%s", words[i]);
		self->b.len = 0;
		ktstr_topology__free(&self->t);
	}
	for (unsigned int i = 0; (p = ktstr_topology_preset__at(i)); i++) {
		FIND(p->name);
		topo_out__picture(&self->b, &self->t);
		EXPECT_GE(80, longest_line(self->b.data)) TH_LOG("%s", p->name);
		self->b.len = 0;
		ktstr_topology__free(&self->t);
	}
}

/* Every CPU is in a picture once. */
TEST_F(out, no_cpu_is_missing_in_a_picture)
{
	FIND("core-14900k");
	topo_out__picture(&self->b, &self->t);
	for (unsigned int cpu = 10; cpu < 32; cpu++) {
		char one[4][8];
		int found = 0;

		snprintf(one[0], 8, "[%u]", cpu);
		snprintf(one[1], 8, "[%u ", cpu);
		snprintf(one[2], 8, " %u]", cpu);
		for (int i = 0; i < 3; i++) {
			const char *at = strstr(self->b.data, one[i]);

			found += at != NULL;
			EXPECT_FALSE(at && strstr(at + 1, one[i]));
		}
		EXPECT_EQ(1, found) TH_LOG("CPU %u", cpu);
	}
}

TEST_F(out, line_of_the_list)
{
	FIND("1n2l2c2t");
	topo_out__line(&self->b, "1n2l2c2t", &self->t, &self->about);
	ktstr_topology__free(&self->t);
	FIND("cxl");
	topo_out__line(&self->b, "cxl", &self->t, &self->about);
	EXPECT_STREQ("1n2l2c2t           8 CPUs  1,2,2,2    the smallest with two LLCs and SMT\n"
		     "cxl                8 CPUs  uneven     two sockets and a CXL memory expander: node 2 has memory only\n",
		     self->b.data);
}

/* As many LLCs as three even nodes have, the first with its share, and another without. */
TEST_F(out, nodes_that_differ_are_not_even)
{
	READ("node 0\nllc 2\nnode 1\nllc 2\nllc 2\nnode 2\n");
	EXPECT_FALSE(ktstr_topology__is_even(&self->t));
	topo_out__line(&self->b, "x", &self->t, &self->about);
	EXPECT_NE(NULL, strstr(self->b.data, " uneven ")) TH_LOG("%s", self->b.data);
}

TEST_F(out, labels)
{
	char label[160], tiny[8];

	FIND("1,2,3,4");
	topo_out__label(label, sizeof(label), &self->t, NULL);
	EXPECT_STREQ("1,2,3,4", label);
	topo_out__label(label, sizeof(label), &self->t, "a/\x1b\xff");
	EXPECT_STREQ("a/?? (1 nodes, 2 LLCs, 24 CPUs)", label);
	topo_out__label(tiny, sizeof(tiny), &self->t, "a/b");
	EXPECT_STREQ("a/b (1 ", tiny);
}

TEST_F(out, json_comes_back_as_the_same_topology)
{
	static const char * const words[] = { "2,4,3,2", "cxl", "core-14900k", "ryzen-ai-370" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct ktstr_topology u;
		json_t *o;

		FIND(words[i]);
		o = topo_out__json(&self->t, i ? words[i] : NULL);
		ASSERT_NE(NULL, o);
		EXPECT_EQ(i > 0, json_is_string(json_object_get(o, "text")));
		EXPECT_EQ(ktstr_topology__nr_cpus(&self->t),
			  json_integer_value(json_object_get(o, "cpus")));
		topo_out__of_json(o, &u);
		EXPECT_TRUE(ktstr_topology__equal(&self->t, &u)) TH_LOG("%s", words[i]);
		json_decref(o);
		ktstr_topology__free(&u);
		ktstr_topology__free(&self->t);
	}
}

TEST_F(out, whole_json)
{
	json_t *o, *node;
	char *text;

	FIND("cxl");
	o = topo_out__json_whole(&self->t, "cxl", &self->about);
	ASSERT_NE(NULL, o);
	EXPECT_EQ(3, json_array_size(json_object_get(o, "node_list")));
	EXPECT_EQ(8, json_array_size(json_object_get(o, "apic_ids")));
	EXPECT_EQ(24, json_integer_value(json_array_get(json_array_get(json_object_get(o, "distance"),
								       2), 0)));
	EXPECT_TRUE(json_is_null(json_array_get(json_array_get(json_object_get(o, "latency_ns"),
							       2), 0)));
	node = json_array_get(json_object_get(o, "node_list"), 1);
	text = json_dumps(node, JSON_COMPACT);
	EXPECT_STREQ("{\"node\":1,\"memory_mib\":null,\"memory_cache_kib\":null,"
		     "\"llcs\":[{\"llc\":1,\"size_kib\":32768,\"cores\":[[4,5],[6,7]]}]}", text);
	free(text);
	json_decref(o);
}

TEST_F(out, words_that_are_no_topology)
{
	EXPECT_EQ(-ENOENT, topo_find("nonesuch", &self->t, &self->about, &self->e));
	EXPECT_STREQ("there is no preset and no file \"nonesuch\": see ktstr topo for the presets",
		     self->e.msg);
	EXPECT_EQ(-EINVAL, topo_find("1,1,1", &self->t, &self->about, &self->e));
	EXPECT_EQ(-EINVAL, topo_find("", &self->t, &self->about, &self->e));
	EXPECT_EQ(-EINVAL, topo_find("1,1,1,x", &self->t, &self->about, &self->e));
	EXPECT_EQ(-EINVAL, topo_find("/", &self->t, &self->about, &self->e));
	EXPECT_STREQ("/ is no regular file: name one with a topology", self->e.msg);
}

TEST_HARNESS_MAIN
