// SPDX-License-Identifier: GPL-2.0-only
/*
 * Topologies with names. Each is the text of a topology file and is read as one.
 *
 * First the shapes: NnLlCcTt is "shape N,L,C,T". They are the four numbers
 * where schedulers behave differently: one LLC or many, levels that are no power
 * of two, with and without SMT, more CPUs than an xAPIC or a word of a mask
 * holds. Then real machines. Those model what a scheduler sees: who shares a
 * core, an LLC, a node, the sizes of caches, and how far nodes are apart. Memory is
 * whatever the machine is given; latencies and bandwidths are of the right size,
 * not measurements.
 *
 * A node is a package here, so that an EPYC with four nodes per socket (NPS4)
 * appears as four packages.
 */
#include <errno.h>
#include <string.h>

#include <ktstr/topology_text.h>

#define SHAPE(n, l, c, t, about)					\
	{ #n "n" #l "l" #c "c" #t "t", "about " about "\n"		\
	  "shape " #n "," #l "," #c "," #t "\n" }

static const struct ktstr_topology_preset presets[] = {
	SHAPE(1, 1, 4, 1, "the smallest with cores to choose from"),
	SHAPE(1, 2, 2, 1, "the smallest with two LLCs"),
	SHAPE(1, 3, 3, 1, "odd at both levels"),
	SHAPE(1, 5, 3, 1, "odd at both levels, more LLCs than cores in one"),
	SHAPE(1, 7, 2, 1, "many small LLCs"),
	SHAPE(1, 2, 2, 2, "the smallest with two LLCs and SMT"),
	SHAPE(1, 3, 2, 2, "three LLCs with SMT"),
	SHAPE(1, 4, 4, 2, "32 CPUs in four LLCs"),
	SHAPE(1, 8, 4, 2, "64 CPUs: just a word of a CPU mask"),
	SHAPE(1, 4, 16, 2, "128 CPUs in few large LLCs"),
	SHAPE(1, 8, 8, 2, "128 CPUs in eight LLCs, a server of chiplets"),
	SHAPE(1, 15, 8, 2, "240 CPUs in fifteen LLCs"),
	SHAPE(1, 14, 9, 2, "252 CPUs, APIC ids with holes at two levels, to 433"),
	SHAPE(1, 4, 8, 1, "32 CPUs without SMT"),
	SHAPE(1, 8, 8, 1, "64 CPUs without SMT"),
	SHAPE(1, 4, 32, 1, "128 CPUs without SMT in few large LLCs"),
	SHAPE(1, 8, 16, 1, "128 CPUs without SMT in eight LLCs"),
	SHAPE(1, 15, 16, 1, "240 CPUs without SMT"),
	SHAPE(1, 14, 18, 1, "252 CPUs, APIC ids to 433: beyond an xAPIC"),
	SHAPE(2, 2, 8, 2, "two sockets of one LLC each"),
	SHAPE(2, 4, 4, 1, "two nodes of two LLCs each, without SMT"),
	SHAPE(2, 8, 8, 2, "128 CPUs in two nodes of four LLCs each"),
	SHAPE(2, 8, 16, 1, "128 CPUs in two nodes, without SMT"),
	SHAPE(4, 8, 4, 1, "four nodes of two LLCs each, without SMT"),
	SHAPE(4, 12, 8, 2, "192 CPUs in four nodes of three LLCs each"),

	/* Zen 4: 12 CCDs of 8 cores, each CCD with an L3 of its own; one node per socket. */
	{ "epyc-9654",
	  "about AMD EPYC 9654 (Genoa), one socket: 12 CCDs of 8 cores\n"
	  "shape 1,12,8,2\n"
	  "cache l1d 32K\ncache l1i 32K\ncache l2 1M\ncache l3 32M\n" },
	{ "epyc-9654-2s",
	  "about AMD EPYC 9654 (Genoa), two sockets\n"
	  "shape 2,24,8,2\n"
	  "cache l1d 32K\ncache l1i 32K\ncache l2 1M\ncache l3 32M\n"
	  "distance 0 1 32\n" },
	/* Memory of a quarter of the socket is a little nearer than the rest. */
	{ "epyc-9654-nps4",
	  "about AMD EPYC 9654 (Genoa), one socket as four nodes (NPS4)\n"
	  "shape 4,12,8,2\n"
	  "cache l1d 32K\ncache l1i 32K\ncache l2 1M\ncache l3 32M\n"
	  "distance 0 1 12\ndistance 0 2 12\ndistance 0 3 12\n"
	  "distance 1 2 12\ndistance 1 3 12\ndistance 2 3 12\n" },
	/* The same 12 CCDs, with one core of each switched off. */
	{ "epyc-9634",
	  "about AMD EPYC 9634 (Genoa), one socket: 12 CCDs of 7 cores\n"
	  "shape 1,12,7,2\n"
	  "cache l1d 32K\ncache l1i 32K\ncache l2 1M\ncache l3 32M\n" },
	/* Zen 5c: 16 cores share an L3. */
	{ "epyc-9965",
	  "about AMD EPYC 9965 (Turin Dense), one socket: 12 CCDs of 16 cores\n"
	  "shape 1,12,16,2\n"
	  "cache l1d 48K\ncache l1i 32K\ncache l2 1M\ncache l3 32M\n" },
	/* One mesh and one L3 per socket. */
	{ "xeon-8480",
	  "about Intel Xeon Platinum 8480+ (Sapphire Rapids), two sockets of 56 cores\n"
	  "shape 2,2,56,2\n"
	  "cache l1d 48K\ncache l1i 32K\ncache l2 2M\ncache l3 105M\n"
	  "distance 0 1 21\n" },
	/* HBM as a cache in front of the DDR memory, which HMAT tells the kernel. */
	{ "xeon-max-9480",
	  "about Intel Xeon CPU Max 9480, one socket, HBM as a memory-side cache\n"
	  "shape 1,1,56,2\n"
	  "cache l1d 48K\ncache l1i 32K\ncache l2 2M\ncache l3 115200K\n"
	  "node 0 memory-cache 64G\n"
	  "latency 0 0 110\nbandwidth 0 0 300000\n" },
	{ "ryzen-9950x",
	  "about AMD Ryzen 9 9950X: two CCDs of 8 cores\n"
	  "shape 1,2,8,2\n"
	  "cache l1d 48K\ncache l1i 32K\ncache l2 1M\ncache l3 32M\n" },
	/* Stacked cache on the first CCD only. */
	{ "ryzen-7950x3d",
	  "about AMD Ryzen 9 7950X3D: two CCDs of 8 cores, one with three times the L3\n"
	  "cache l1d 32K\ncache l1i 32K\ncache l2 1M\ncache l3 32M\n"
	  "node 0\nllc 8x2 size 96M\nllc 8x2\n" },
	/* Zen 5 and Zen 5c, each kind with an L3 of its own. */
	{ "ryzen-ai-370",
	  "about AMD Ryzen AI 9 HX 370 (Strix Point): 4 cores share 16M, 8 compact cores 8M\n"
	  "cache l1d 48K\ncache l1i 32K\ncache l2 1M\n"
	  "node 0\nllc 4x2 size 16M\nllc 8x2 size 8M\n" },
	/* The caches of the performance cores; those of the others differ a little. */
	{ "core-14900k",
	  "about Intel Core i9-14900K: 8 cores with SMT and 16 without, one L3\n"
	  "cache l1d 48K\ncache l1i 32K\ncache l2 2M\ncache l3 36M\n"
	  "node 0\nllc 8x2+16\n" },
	/* Small enough to boot anywhere; the expander hangs on socket 0. */
	{ "cxl",
	  "about two sockets and a CXL memory expander: node 2 has memory only\n"
	  "cache l1d 48K\ncache l1i 32K\ncache l2 2M\ncache l3 32M\n"
	  "node 0\nllc 2x2\nnode 1\nllc 2x2\nnode 2\n"
	  "distance 0 1 21\ndistance 0 2 24\ndistance 1 2 34\n"
	  "latency 0 0 110\nlatency 0 1 190\nlatency 0 2 250\n"
	  "latency 1 1 110\nlatency 1 2 370\n"
	  "bandwidth 0 0 200000\nbandwidth 0 1 90000\nbandwidth 0 2 50000\n"
	  "bandwidth 1 1 200000\nbandwidth 1 2 30000\n" },
	{ "no-memory-node",
	  "about two sockets, all memory at the first: node 1 has CPUs only\n"
	  "shape 2,2,2,1\n"
	  "node 1 memory 0\n" },
};

const struct ktstr_topology_preset *ktstr_topology_preset__at(unsigned int i)
{
	return i < sizeof(presets) / sizeof(presets[0]) ? &presets[i] : NULL;
}

int ktstr_topology_preset__load(const char *name, struct ktstr_topology *out,
				struct ktstr_topology_about *about, struct ktstr_error *e)
{
	const struct ktstr_topology_preset *p;

	for (unsigned int i = 0; (p = ktstr_topology_preset__at(i)); i++)
		if (!strcmp(p->name, name))
			return ktstr_topology__read(p->text, strlen(p->text), p->name, out, about,
						    e);
	return ktstr_error_set(e, -ENOENT,
			       "there is no preset \"%.60s\": see ktstr topo for their names", name);
}
