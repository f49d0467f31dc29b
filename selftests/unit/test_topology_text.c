// SPDX-License-Identifier: GPL-2.0-only
/*
 * Topology files: what they may say, the exact sentence for what they may not, that what
 * is written reads back as the same machine, and that no bytes do harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/topology_text.h>

#include "unit.h"

/* In memory of exactly that size, so that ASan sees a byte read beyond it. */
static int read_text(const char *text, size_t len, struct ktstr_topology *t, struct ktstr_error *e)
{
	char *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, text, len);
	memset(t, 0, sizeof(*t));
	e->msg[0] = '\0';
	err = ktstr_topology__read(copy, len, "f", t, NULL, e);
	free(copy);
	return err;
}

static int same_as(const struct ktstr_topology *t, const char *text)
{
	struct ktstr_topology u;
	struct ktstr_error e;
	int ret = !read_text(text, strlen(text), &u, &e) && ktstr_topology__equal(t, &u);

	ktstr_topology__free(&u);
	return ret;
}

#define READ(t, text) do {								\
	struct ktstr_error e;								\
	ASSERT_EQ(0, read_text(text, strlen(text), t, &e)) {				\
		TH_LOG("%s", e.msg);							\
	}										\
} while (0)

TEST(a_shape_is_the_four_numbers)
{
	const struct ktstr_topology four = { 2, 4, 3, 2 };
	struct ktstr_topology t;

	READ(&t, "shape 2,4,3,2\n");
	EXPECT_TRUE(ktstr_topology__equal(&four, &t));
	ktstr_topology__free(&t);
}

TEST(everything_that_can_be_said)
{
	struct ktstr_topology_about about;
	static const char text[] =
		"# a comment \xc3\xa4 \x01\n"
		"about   two of a  kind \t # not this\n"
		"\n"
		"cache l1d 48K\ncache l1i 32K\ncache l2 2M\ncache l3 1G\n"
		"node 0 memory 512M memory-cache 64G\n"
		"llc 2x2+3 size 96M\n"
		"\tllc 1\ttimes 2# and so on\n"
		"node 1 memory 0\n"
		"llc 1x3\n"
		"node 2 memory-cache 1K\n"
		"distance 0 0 10\ndistance 0 1 20\ndistance 0 2 11\ndistance 2 0 254\n"
		"latency 0 0 1\nlatency 0 2 65534\nbandwidth 1 2 10000000\n"
		"capacity 0-3,11 1024\ncapacity 4 1";
	struct ktstr_topology t = { 0 };
	struct ktstr_error e;

	ASSERT_EQ(0, ktstr_topology__read(text, sizeof(text) - 1, "f", &t, &about, &e)) {
		TH_LOG("%s", e.msg);
	}
	EXPECT_STREQ("two of a  kind", about.text);
	EXPECT_EQ(3, t.nodes);
	EXPECT_EQ(4, t.llcs);
	EXPECT_EQ(5, t.cores);
	EXPECT_EQ(3, t.threads);
	EXPECT_EQ(12, ktstr_topology__nr_cpus(&t));
	EXPECT_EQ(1, ktstr_topology__core_cpus(&t, 2).nr);
	EXPECT_EQ(98304, ktstr_topology__cache_kib(&t, 6, KTSTR_L3));
	EXPECT_EQ(1048576, ktstr_topology__cache_kib(&t, 7, KTSTR_L3));
	EXPECT_EQ(48, ktstr_topology__cache_kib(&t, 0, KTSTR_L1D));
	EXPECT_EQ(512, t.detail->memory_mib[0]);
	EXPECT_EQ(64 << 20, ktstr_topology__memory_cache_kib(&t, 0));
	EXPECT_FALSE(ktstr_topology__node_has_memory(&t, 1));
	EXPECT_EQ(KTSTR_NODE_MEMORY_AUTO, t.detail->memory_mib[2]);
	EXPECT_EQ(11, ktstr_topology__distance(&t, 0, 2));
	EXPECT_EQ(254, ktstr_topology__distance(&t, 2, 0));
	EXPECT_EQ(20, ktstr_topology__distance(&t, 1, 2));
	EXPECT_EQ(65534, ktstr_topology__latency_ns(&t, 0, 2));
	EXPECT_EQ(0, ktstr_topology__latency_ns(&t, 2, 0));	/* no CPU there */
	EXPECT_EQ(10000000, ktstr_topology__bandwidth_mbps(&t, 1, 2));
	EXPECT_EQ(1024, ktstr_topology__capacity(&t, 11));
	EXPECT_EQ(0, ktstr_topology__capacity(&t, 10));
	ktstr_topology__free(&t);
}

/* It is shown in tables, whose columns a tab would break. */
TEST(tabs_in_about_become_blanks)
{
	static const char text[] = "about\ttwo\tof a kind\t\nshape 1,1,2,1\n";
	struct ktstr_topology_about about;
	struct ktstr_topology t;
	struct ktstr_error e;

	ASSERT_EQ(0, ktstr_topology__read(text, sizeof(text) - 1, "f", &t, &about, &e)) {
		TH_LOG("%s", e.msg);
	}
	EXPECT_STREQ("two of a kind", about.text);
	ktstr_topology__free(&t);
}

TEST(the_way_back_is_the_way_there_unless_given)
{
	struct ktstr_topology t;

	READ(&t, "shape 2,2,1,1\ndistance 0 1 31\nlatency 1 0 7\nbandwidth 0 1 9\n");
	EXPECT_EQ(31, ktstr_topology__distance(&t, 1, 0));
	EXPECT_EQ(7, ktstr_topology__latency_ns(&t, 0, 1));
	EXPECT_EQ(9, ktstr_topology__bandwidth_mbps(&t, 1, 0));
	EXPECT_EQ(0, ktstr_topology__latency_ns(&t, 0, 0));
	ktstr_topology__free(&t);
	READ(&t, "shape 2,2,1,1\ndistance 0 1 31\ndistance 1 0 21\n");
	EXPECT_EQ(31, ktstr_topology__distance(&t, 0, 1));
	EXPECT_EQ(21, ktstr_topology__distance(&t, 1, 0));
	ktstr_topology__free(&t);
}

TEST(a_shape_takes_more_nodes_and_options_of_its_own)
{
	struct ktstr_topology t;

	READ(&t, "cache l2 1M\nshape 2,2,2,1\nnode 1 memory 0\nnode 2 memory 4M\n");
	EXPECT_EQ(3, t.nodes);
	EXPECT_EQ(4, ktstr_topology__nr_cpus(&t));
	EXPECT_EQ(0, ktstr_topology__node_cpus(&t, 2).nr);
	EXPECT_FALSE(ktstr_topology__node_has_memory(&t, 1));
	EXPECT_EQ(4, t.detail->memory_mib[2]);
	EXPECT_EQ(1024, ktstr_topology__cache_kib(&t, 3, KTSTR_L2));
	ktstr_topology__free(&t);
}

TEST(two_ways_to_say_one_thing_are_equal)
{
	struct ktstr_topology t;

	READ(&t, "shape 2,4,2,2\n");
	EXPECT_TRUE(same_as(&t, "node 0\nllc 2x2 times 2\nnode 1\nllc 2x2\nllc 1x2+1x2\n"));
	EXPECT_TRUE(same_as(&t, "shape 2,4,2,2\ndistance 1 0 20\n"));
	EXPECT_FALSE(same_as(&t, "shape 2,4,2,2\ndistance 1 0 21\n"));
	EXPECT_FALSE(same_as(&t, "shape 2,4,4,1\n"));
	EXPECT_FALSE(same_as(&t, "node 0\nllc 2x2 times 3\nnode 1\nllc 2x2\n"));
	ktstr_topology__free(&t);
}

#define W16 "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"
#define C50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define C500 C50 C50 C50 C50 C50 C50 C50 C50 C50 C50
#define STATEMENTS "choose about, shape, node, llc, cache, distance, latency, bandwidth or capacity"

/* Each of these texts ends in exactly this sentence. */
static const struct { const char *text, *sentence; } wrong[] = {
	{ "", "f: the topology has no node: add one" },
	{ "# nothing\n\n", "f: the topology has no node: add one" },
	{ "node 0\n", "f: the topology has no CPU: add an LLC with cores" },
	{ "node 0 memory 0\nllc 1\n", "f: no node has memory: give memory to one of them" },
	{ "shape 2,2,1,1\nlatency 0 1 5\nnode 1 memory 0\n",
	  "f: there is a latency to node 1, which has no memory: leave it out" },

	{ "nodes 0\n", "f:1: there is no statement \"nodes\": " STATEMENTS },
	{ "\n\nSHAPE 1,1,1,1", "f:3: there is no statement \"SHAPE\": " STATEMENTS },
	{ "aboutx y\n", "f:1: there is no statement \"aboutx\": " STATEMENTS },
	{ "shape 1,1,1,1\r\n",
	  "f:1: character 14 is byte 0x0d: write plain ASCII, lines end with a newline alone" },
	{ "no\xc3\xa4 0\n",
	  "f:1: character 3 is byte 0xc3: write plain ASCII, lines end with a newline alone" },
	{ "node\x1b[2J 0\n",
	  "f:1: character 5 is byte 0x1b: write plain ASCII, lines end with a newline alone" },
	{ "node 0\nllc " C500 "\n", "f:2: the line has more than 500 characters: split it" },
	{ "node " W16 "\n",
	  "f:1: the line has more than 16 words: no statement takes so many" },

	{ "about\n", "f:1: about says nothing: write a text behind it" },
	{ "about \t # this\n", "f:1: about says nothing: write a text behind it" },
	{ "about a\nabout b\n", "f:2: there was an about already: keep one of the two" },
	{ "about " C50 C50 "y\n", "f:1: the text of about has 101 characters: keep it to 100" },

	{ "shape\n", "f:1: shape has too few words: write shape NODES,LLCS,CORES,THREADS" },
	{ "shape 1 1 1 1\n",
	  "f:1: shape has too many words: write shape NODES,LLCS,CORES,THREADS" },
	{ "shape 1,1,1\n",
	  "f:1: topology '1,1,1' is not four numbers: write nodes,llcs,cores,threads, for example 1,1,2,1" },
	{ "shape 0,1,1,1\n",
	  "f:1: topology 0,1,1,1 has a zero in it: give nodes,llcs,cores,threads of at least 1" },
	{ "shape 2,3,1,1\n",
	  "f:1: topology 2,3,1,1 has 3 LLCs that cannot be shared evenly by 2 nodes: make llcs a multiple of nodes" },
	{ "shape 1,1,1025,1\n",
	  "f:1: topology 1,1,1025,1 has more than 1024 CPUs: make one of its numbers smaller" },
	{ "shape 65,65,1,1\n", "f:1: topology 65,65,1,1 has more than 64 nodes: give fewer" },
	{ "shape 1,1,1,1\nshape 1,1,1,1\n",
	  "f:2: a shape comes after node, llc or another shape: it is the whole machine, keep one of the two" },
	{ "node 0\nshape 1,1,1,1\n",
	  "f:2: a shape comes after node, llc or another shape: it is the whole machine, keep one of the two" },

	{ "node\n",
	  "f:1: node has too few words: write node N [memory SIZE] [memory-cache SIZE]" },
	{ "node x\n", "f:1: node \"x\" is no number: give a decimal one" },
	{ "node -1\n", "f:1: node \"-1\" is no number: give a decimal one" },
	{ "node 0x0\n", "f:1: node \"0x0\" is no number: give a decimal one" },
	{ "node 64\n", "f:1: node 64 is out of range: give 0 to 63" },
	{ "node 18446744073709551616\n",
	  "f:1: node 18446744073709551616 is out of range: give 0 to 63" },
	{ "node 1\n",
	  "f:1: node 1 comes too early: nodes are numbered in order, the next one is node 0" },
	{ "node 0\nllc 1\nnode 0\n", "f:3: node 0 was on line 1 already: keep one of the two" },
	{ "node 0 size 4M\n",
	  "f:1: node does not know \"size\": it takes memory SIZE and memory-cache SIZE" },
	{ "node 0 memory\n", "f:1: memory has no size behind it: give one, such as 64M" },
	{ "node 0 memory 4M memory 4M\n", "f:1: memory is there twice: keep one of the two" },
	{ "node 0 memory 512\n",
	  "f:1: memory 512 is no size: give a number and K, M, G or T, such as 64M" },
	{ "node 0 memory M\n",
	  "f:1: memory M is no size: give a number and K, M, G or T, such as 64M" },
	{ "node 0 memory 4m\n",
	  "f:1: memory 4m is no size: give a number and K, M, G or T, such as 64M" },
	{ "node 0 memory -4M\n",
	  "f:1: memory -4M is no size: give a number and K, M, G or T, such as 64M" },
	{ "node 0 memory 1.5G\n",
	  "f:1: memory 1.5G is no size: give a number and K, M, G or T, such as 64M" },
	{ "node 0 memory 2T\n", "f:1: memory 2T is out of range: give 0 to 1024G" },
	{ "node 0 memory 18446744073709551615T\n",
	  "f:1: memory 18446744073709551615T is out of range: give 0 to 1024G" },
	{ "node 0 memory 2M\n",
	  "f:1: memory 2M cannot be a node's: give 0, or a multiple of 2M of 4M or more" },
	{ "node 0 memory 65M\n",
	  "f:1: memory 65M cannot be a node's: give 0, or a multiple of 2M of 4M or more" },
	{ "node 0 memory-cache 0\n",
	  "f:1: memory-cache 0 is no size: give a number and K, M, G or T, such as 64M" },
	{ "node 0 memory-cache 0K\n", "f:1: memory-cache 0K is out of range: give 1K to 1024G" },
	{ "node 0\nllc 1\n\nnode 1 memory 0\n",
	  "f:4: node 1 has neither CPUs nor memory: give it one of them, or leave it out" },
	{ "node 0\nllc 1\nnode 1 memory 0 memory-cache 4K\nllc 1\n",
	  "f:3: node 1 has a memory-cache and no memory: leave the memory-cache out" },

	{ "llc 1\n", "f:1: an llc comes before the first node: write \"node 0\" above it" },
	{ "shape 1,1,1,1\nllc 1\n",
	  "f:2: an llc comes after shape, which has them all: write nodes and LLCs one by one instead" },
	{ "node 0\nllc\n",
	  "f:2: llc has too few words: write llc CORES[xTHREADS][+...] [size SIZE] [times N]" },
	{ "node 0\nllc 0\n",
	  "f:2: the number of cores 0 is out of range: give 1 to 1024" },
	{ "node 0\nllc x2\n", "f:2: the number of cores \"\" is no number: give a decimal one" },
	{ "node 0\nllc 2x\n", "f:2: the number of threads \"\" is no number: give a decimal one" },
	{ "node 0\nllc 2x0\n",
	  "f:2: the number of threads 0 is out of range: give 1 to 1024" },
	{ "node 0\nllc 2x2x2\n",
	  "f:2: the number of threads \"2x2\" is no number: give a decimal one" },
	{ "node 0\nllc 2+\n", "f:2: the number of cores \"\" is no number: give a decimal one" },
	{ "node 0\nllc +2\n", "f:2: the number of cores \"\" is no number: give a decimal one" },
	{ "node 0\nllc 1025\n",
	  "f:2: the number of cores 1025 is out of range: give 1 to 1024" },
	{ "node 0\nllc 33x32\n", "f:2: there are more than 1024 CPUs with this: leave some out" },
	{ "node 0\nllc 1024\nllc 1\n",
	  "f:3: there are more than 1024 CPUs with this: leave some out" },
	{ "node 0\nllc 1 times 1024\nllc 1\n",
	  "f:3: there are more than 1024 CPUs with this: leave some out" },
	{ "node 0\nllc 2 times 1024\n",
	  "f:2: there are more than 1024 CPUs with this: leave some out" },
	{ "node 0\nllc 2 times\n", "f:2: times has nothing behind it: give a number" },
	{ "node 0\nllc 2 size\n", "f:2: size has nothing behind it: give a size" },
	{ "node 0\nllc 2 times 0\n", "f:2: times 0 is out of range: give 1 to 1024" },
	{ "node 0\nllc 2 times 2 times 2\n", "f:2: times is there twice: keep one of the two" },
	{ "node 0\nllc 2 size 8G\n", "f:2: size 8G is out of range: give 1K to 4G" },
	{ "node 0\nllc 2 kib 8\n",
	  "f:2: llc does not know \"kib\": it takes size SIZE and times N" },

	{ "cache l4 1M\n", "f:1: there is no cache \"l4\": choose l1d, l1i, l2 or l3" },
	{ "cache l2\n", "f:1: cache has too few words: write cache l1d|l1i|l2|l3 SIZE" },
	{ "cache l2 1M\ncache l2 1M\n", "f:2: cache l2 is there twice: keep one of the two" },
	{ "cache l2 0K\n", "f:1: l2 0K is out of range: give 1K to 4G" },

	{ "shape 2,2,1,1\ndistance 0 1\n",
	  "f:2: distance has too few words: write distance FROM TO VALUE" },
	{ "shape 2,2,1,1\ndistance 0 1 2 3\n",
	  "f:2: distance has too many words: write distance FROM TO VALUE" },
	{ "shape 2,2,1,1\ndistance 0 2 20\n",
	  "f:2: there is no node 2 above this line: declare it first" },
	{ "distance 0 1 20\nshape 2,2,1,1\n",
	  "f:1: there is no node 0 above this line: declare it first" },
	{ "shape 2,2,1,1\ndistance 0 1 10\n",
	  "f:2: the distance from node 0 to node 1 is 10: give 11 to 254" },
	{ "shape 2,2,1,1\ndistance 0 1 255\n",
	  "f:2: the distance from node 0 to node 1 is 255: give 11 to 254" },
	{ "shape 2,2,1,1\ndistance 0 1 256\n", "f:2: distance 256 is out of range: give 0 to 255" },
	{ "shape 2,2,1,1\ndistance 1 1 11\n",
	  "f:2: the distance of node 1 to itself is 11: it is always 10" },
	{ "shape 2,2,1,1\ndistance 0 1 20\ndistance 0 1 20\n",
	  "f:3: the distance from node 0 to node 1 is there twice: keep one of the two" },

	{ "shape 1,1,1,1\nnode 1\nlatency 1 0 5\n",
	  "f:3: node 1 has no CPU above this line, so there is no latency from it: leave it out" },
	{ "shape 2,2,1,1\nnode 1 memory 0\nbandwidth 0 1 5\n",
	  "f:3: node 1 has no memory, so there is no bandwidth to it: leave it out" },
	{ "shape 1,1,1,1\nlatency 0 0 0\n", "f:2: latency 0 is out of range: give 1 to 65534" },
	{ "shape 1,1,1,1\nlatency 0 0 65535\n",
	  "f:2: latency 65535 is out of range: give 1 to 65534" },
	{ "shape 1,1,1,1\nlatency 0 0 1ns\n",
	  "f:2: latency \"1ns\" is no number: give a decimal one" },
	{ "shape 1,1,1,1\nbandwidth 0 0 10000001\n",
	  "f:2: bandwidth 10000001 is out of range: give 1 to 10000000" },
	{ "shape 1,1,1,1\nlatency 0 0 1\nlatency 0 0 1\n",
	  "f:3: the latency from node 0 to node 0 is there twice: keep one of the two" },
	{ "shape 1,1,1,1\nbandwidth 0 0 1\nbandwidth 0 0 1\n",
	  "f:3: the bandwidth from node 0 to node 0 is there twice: keep one of the two" },

	{ "shape 1,1,1,1\ncapacity 0-1 5\n",
	  "f:2: there is no CPU 1 above this line: declare it first" },
	{ "shape 1,1,1,1\ncapacity 1-0 5\n",
	  "f:2: \"1-0\" is no CPU list: give one such as 0-3,8" },
	{ "shape 1,1,1,1\ncapacity 0 0\n", "f:2: capacity 0 is out of range: give 1 to 1024" },
	{ "shape 1,1,1,1\ncapacity 0 1025\n",
	  "f:2: capacity 1025 is out of range: give 1 to 1024" },
	{ "shape 1,1,1,1\ncapacity 0 5\ncapacity 0 5\n",
	  "f:3: CPU 0 has a capacity already: keep one of the two" },
};

TEST(every_wrong_text_has_its_sentence)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct ktstr_topology t;
		struct ktstr_error e;

		EXPECT_EQ(-EINVAL, read_text(wrong[i].text, strlen(wrong[i].text), &t, &e)) {
			TH_LOG("text %zu: %s", i, wrong[i].text);
		}
		EXPECT_STREQ(wrong[i].sentence, e.msg);
		EXPECT_EQ(0, t.nodes);	/* untouched */
		ktstr_topology__free(&t);
	}
}

TEST(a_nul_byte_is_no_end)
{
	static const char text[] = "shape 1,1,1,1\n\0node 1\n";
	struct ktstr_topology t;
	struct ktstr_error e;

	EXPECT_EQ(-EINVAL, read_text(text, sizeof(text) - 1, &t, &e));
	EXPECT_STREQ("f:2: character 1 is byte 0x00: write plain ASCII, lines end with a newline alone",
		     e.msg);
}

TEST(apic_ids_that_pass_the_end_are_refused)
{
	struct ktstr_topology t;
	struct ktstr_error e;
	static const char text[] = "node 0\nllc 200\nllc 1 times 300\nllc 1x200\n";

	EXPECT_EQ(-EINVAL, read_text(text, strlen(text), &t, &e));
	EXPECT_STREQ("f: a topology of up to 1 nodes, 302 LLCs each, 200 cores each, 200 threads each needs APIC id 19726535 and ids end at 4095: use fewer CPUs, or powers of two",
		     e.msg);
}

/* With a path that alone would fill the sentence, the reason is still there. */
TEST(a_long_path_does_not_hide_the_reason)
{
	struct ktstr_topology t;
	struct ktstr_error e;
	char name[2000];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	EXPECT_EQ(-EINVAL, ktstr_topology__read("node 1\n", 7, name, &t, NULL, &e));
	EXPECT_NE(NULL, strstr(e.msg, ":1: node 1 comes too early"));
}

static void round_trip(struct __test_metadata *_metadata, const char *name, const char *text)
{
	struct ktstr_topology t, u;
	struct ktstr_topology_about about;
	struct ktstr_error e;
	char *written, *again;

	ASSERT_EQ(0, ktstr_topology__read(text, strlen(text), name, &t, &about, &e)) {
		TH_LOG("%s", e.msg);
	}
	written = ktstr_topology__text(&t, about.text);
	ASSERT_NE(NULL, written);
	ASSERT_EQ(0, ktstr_topology__read(written, strlen(written), name, &u, &about, &e)) {
		TH_LOG("%s\n%s", e.msg, written);
	}
	EXPECT_TRUE(ktstr_topology__equal(&t, &u)) {
		TH_LOG("%s:\n%s", name, written);
	}
	again = ktstr_topology__text(&u, about.text);
	EXPECT_STREQ(written, again);
	free(again);
	free(written);
	ktstr_topology__free(&t);
	ktstr_topology__free(&u);
}

static const char rich[] =
	"about all there is\n"
	"cache l1d 48K\ncache l1i 33K\ncache l2 2M\ncache l3 1G\n"
	"node 0 memory 512M memory-cache 64G\nllc 2x2+3+1x2 size 96M times 2\nllc 2x2+3+1x2\n"
	"node 1 memory 0\nllc 1x3\nnode 2 memory-cache 1K\nnode 3\nllc 1\n"
	"distance 0 1 12\ndistance 0 2 11\ndistance 2 0 254\ndistance 3 0 20\ndistance 0 3 21\n"
	"latency 0 0 1\nlatency 0 2 65534\nlatency 3 0 7\nbandwidth 1 2 10000000\n"
	"bandwidth 0 3 1\nbandwidth 3 0 2\ncapacity 0-3,11 1024\ncapacity 4 1\n";

TEST(written_and_read_again_is_the_same)
{
	const struct ktstr_topology_preset *p;

	round_trip(_metadata, "rich", rich);
	round_trip(_metadata, "one", "shape 1,1,1,1\n");
	round_trip(_metadata, "nodes", "shape 64,64,16,1\ndistance 63 0 11\n");
	round_trip(_metadata, "more", "shape 2,2,1,1\nnode 2\ncapacity 0 7\n");
	round_trip(_metadata, "sizes", "node 0\nllc 4 size 1M\nllc 4 size 2M\nllc 4\n");
	for (unsigned int i = 0; (p = ktstr_topology_preset__at(i)); i++)
		round_trip(_metadata, p->name, p->text);
}

TEST(four_numbers_are_written_as_a_shape)
{
	const struct ktstr_topology four = { 1, 14, 18, 1 };
	char *text = ktstr_topology__text(&four, NULL);

	EXPECT_STREQ("shape 1,14,18,1\n", text);
	free(text);
}

TEST(cut_at_every_byte)
{
	struct ktstr_error e;
	unsigned int whole = 0;

	for (size_t len = 0; len <= strlen(rich); len++) {
		struct ktstr_topology t;
		int err = read_text(rich, len, &t, &e);

		EXPECT_TRUE(err ? e.msg[0] : ktstr_topology__check(&t, NULL) == 0) {
			TH_LOG("cut at %zu", len);
		}
		whole += !err;
		ktstr_topology__free(&t);
	}
	EXPECT_GT(whole, 20);	/* between statements it is whole */
	EXPECT_LT(whole, strlen(rich) / 2);
}

/* Bytes changed at random: a topology comes of it that keeps all promises, or a sentence. */
TEST(bytes_changed_at_random)
{
	static const char tokens[] = "0123456789xX+-,KMGT \t\n#node llc times size memory\x00\xff";
	uint64_t seed = 0x9e3779b97f4a7c15;
	unsigned int good = 0;

	for (unsigned int round = 0; round < 20000; round++) {
		char text[sizeof(rich)];
		struct ktstr_topology t;
		struct ktstr_error e;

		memcpy(text, rich, sizeof(rich));
		for (unsigned int i = 0; i <= round % 4; i++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			text[(seed >> 33) % strlen(rich)] =
				tokens[(seed >> 20) % (sizeof(tokens) - 1)];
		}
		if (read_text(text, strlen(rich), &t, &e)) {
			ASSERT_NE('\0', e.msg[0]);
			continue;
		}
		good++;
		ASSERT_EQ(0, ktstr_topology__check(&t, &e));
		for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(&t); cpu++)
			ASSERT_LE(ktstr_topology__apic_id(&t, cpu), KTSTR_APIC_IDS_MAX);
		ktstr_topology__free(&t);
	}
	EXPECT_GT(good, 500);
	EXPECT_LT(good, 19500);
}

FIXTURE(file)
{
	char dir[64], path[96];
	struct ktstr_topology t;
	struct ktstr_error e;
};

FIXTURE_SETUP(file)
{
	memset(self, 0, sizeof(*self));
	strcpy(self->dir, "/tmp/ktstr-topology-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/t", self->dir);
}

FIXTURE_TEARDOWN(file)
{
	ktstr_topology__free(&self->t);
	unlink(self->path);
	rmdir(self->dir);
}

static void put_file(const char *path, const char *data, size_t len)
{
	FILE *f = fopen(path, "w");

	fwrite(data, 1, len, f);
	fclose(f);
}

TEST_F(file, is_read)
{
	struct ktstr_topology_about about;

	put_file(self->path, rich, strlen(rich));
	ASSERT_EQ(0, ktstr_topology__load(self->path, &self->t, &about, &self->e));
	EXPECT_STREQ("all there is", about.text);
	EXPECT_EQ(4, self->t.nodes);
}

TEST_F(file, its_path_and_line_are_in_the_sentence)
{
	char want[256];

	put_file(self->path, "node 0\nllc 0\n", 13);
	EXPECT_EQ(-EINVAL, ktstr_topology__load(self->path, &self->t, NULL, &self->e));
	snprintf(want, sizeof(want), "%s:2: the number of cores 0 is out of range: give 1 to 1024",
		 self->path);
	EXPECT_STREQ(want, self->e.msg);
}

TEST_F(file, that_is_not_there)
{
	EXPECT_EQ(-ENOENT, ktstr_topology__load(self->path, &self->t, NULL, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "cannot open the topology /tmp/ktstr-topology-"));
}

TEST_F(file, that_is_a_directory_or_a_pipe_or_a_device)
{
	EXPECT_EQ(-EINVAL, ktstr_topology__load(self->dir, &self->t, NULL, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "is no regular file: name one with a topology"));
	ASSERT_EQ(0, mkfifo(self->path, 0600));
	EXPECT_EQ(-EINVAL, ktstr_topology__load(self->path, &self->t, NULL, &self->e));
	EXPECT_EQ(-EINVAL, ktstr_topology__load("/dev/zero", &self->t, NULL, &self->e));
	EXPECT_STREQ("/dev/zero is no regular file: name one with a topology", self->e.msg);
}

TEST_F(file, that_is_too_long)
{
	char *data = malloc(KTSTR_TOPOLOGY_TEXT_MAX + 1);

	memset(data, '\n', KTSTR_TOPOLOGY_TEXT_MAX + 1);
	memcpy(data, "shape 1,1,1,1", 13);
	put_file(self->path, data, KTSTR_TOPOLOGY_TEXT_MAX + 1);
	EXPECT_EQ(-EINVAL, ktstr_topology__load(self->path, &self->t, NULL, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "has more than 65536 bytes: that is no topology"));
	put_file(self->path, data, KTSTR_TOPOLOGY_TEXT_MAX);
	EXPECT_EQ(0, ktstr_topology__load(self->path, &self->t, NULL, &self->e));
	free(data);
}

TEST_HARNESS_MAIN
