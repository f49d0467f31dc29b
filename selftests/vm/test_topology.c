// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel believes its topology: every shape of selftests/shapes.h is booted, and
 * what sysfs, debugfs and the kernel log say must be what the model says, for the
 * four CPUs of maxcpus=4 and then with up to four more of other cores, LLCs and nodes.
 * The guest is guest_topology.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/cpulist.h>

#include "host/cpio.h"
#include "selftests/shapes.h"
#include "selftests/unit/unit.h"
#include "ktstr_run.h"
#include "topo_check.h"
#include "vm_boot.h"

#define MEMORY_MIB	512u
#define FIRST_CPUS	4u	/* maxcpus= */
#define MORE_CPUS	4u
#define CMDLINE		256
#define TIMEOUT_S	100

static void on_port(void *arg, unsigned int port, const void *data, size_t len)
{
	if (port == KTSTR_PORT_BULK)
		topo_report__take(arg, data, len);
}

/* struct rig - a machine, what it is to be, and what its kernel says */
struct rig {
	struct ktstr_topology t;
	struct topo_check *c;
	struct topo_report *r;
	struct vm *vm;
	struct cpio *cpio;
	void *init;
	char cmdline[CMDLINE];
};

FIXTURE(topology)
{
	struct rig rig;
};

/* @full: only where KTSTR_FULL is set: the box needs seconds for each */
FIXTURE_VARIANT(topology)
{
	const char *shape;
	enum vmm_vendor vendor;
	bool full;
};

FIXTURE_VARIANT_ADD(topology, n1_1_1_1) { "1,1,1,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_1_4_1) { "1,1,4,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_2_2_1) { "1,2,2,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_3_3_1) { "1,3,3,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_5_3_1) { "1,5,3,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_7_2_1) { "1,7,2,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_2_2_2) { "1,2,2,2", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_3_2_2) { "1,3,2,2", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_4_4_2) { "1,4,4,2", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_8_4_2) { "1,8,4,2", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_4_16_2) { "1,4,16,2", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_8_8_2) { "1,8,8,2", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_15_8_2) { "1,15,8,2", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_14_9_2) { "1,14,9,2", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_4_8_1) { "1,4,8,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_8_8_1) { "1,8,8,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_4_32_1) { "1,4,32,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_8_16_1) { "1,8,16,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_15_16_1) { "1,15,16,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n1_14_18_1) { "1,14,18,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n2_2_8_2) { "2,2,8,2", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n2_4_4_1) { "2,4,4,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n2_8_8_2) { "2,8,8,2", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n2_8_16_1) { "2,8,16,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n4_8_4_1) { "4,8,4,1", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, n4_12_8_2) { "4,12,8,2", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, epyc_9654) { "epyc-9654", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, epyc_9654_2s) { "epyc-9654-2s", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, epyc_9654_nps4) { "epyc-9654-nps4", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, epyc_9634) { "epyc-9634", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, epyc_9965) { "epyc-9965", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, xeon_8480) { "xeon-8480", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, xeon_max_9480) { "xeon-max-9480", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, ryzen_9950x) { "ryzen-9950x", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, ryzen_7950x3d) { "ryzen-7950x3d", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, ryzen_ai_370) { "ryzen-ai-370", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, core_14900k) { "core-14900k", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, cxl) { "cxl", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, no_memory_node) { "no-memory-node", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, uneven_llcs) { "uneven LLCs", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, smt_on_some_cores) { "SMT on some cores", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, uneven_nodes) { "uneven nodes", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, memory_only_node) { "memory-only node", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, node_without_memory) { "node without memory", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, cpus_and_memory_apart) { "CPUs and memory apart", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, four_nodes_in_a_ring) { "four nodes in a ring", VMM_VENDOR_HOST };
FIXTURE_VARIANT_ADD(topology, wide_apic_ids) { "wide APIC ids", VMM_VENDOR_HOST };

/* The box has an AMD CPU, and so have many hosts: the same kernels, told that it is Intel's. */
FIXTURE_VARIANT_ADD(topology, intel_1_1_1_1) { "1,1,1,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_1_4_1) { "1,1,4,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_2_2_1) { "1,2,2,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_3_3_1) { "1,3,3,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_5_3_1) { "1,5,3,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_7_2_1) { "1,7,2,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_2_2_2) { "1,2,2,2", VMM_VENDOR_INTEL };
FIXTURE_VARIANT_ADD(topology, intel_1_3_2_2) { "1,3,2,2", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_4_4_2) { "1,4,4,2", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_8_4_2) { "1,8,4,2", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_4_16_2) { "1,4,16,2", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_8_8_2) { "1,8,8,2", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_15_8_2) { "1,15,8,2", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_14_9_2) { "1,14,9,2", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_4_8_1) { "1,4,8,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_8_8_1) { "1,8,8,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_4_32_1) { "1,4,32,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_8_16_1) { "1,8,16,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_15_16_1) { "1,15,16,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_1_14_18_1) { "1,14,18,1", VMM_VENDOR_INTEL };
FIXTURE_VARIANT_ADD(topology, intel_2_2_8_2) { "2,2,8,2", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_2_4_4_1) { "2,4,4,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_2_8_8_2) { "2,8,8,2", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_2_8_16_1) { "2,8,16,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_4_8_4_1) { "4,8,4,1", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_4_12_8_2) { "4,12,8,2", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_epyc_9654) { "epyc-9654", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_epyc_9654_2s) { "epyc-9654-2s", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_epyc_9654_nps4) { "epyc-9654-nps4", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_epyc_9634) { "epyc-9634", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_epyc_9965) { "epyc-9965", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_xeon_8480) { "xeon-8480", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_xeon_max_9480) { "xeon-max-9480", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_ryzen_9950x) { "ryzen-9950x", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_ryzen_7950x3d) { "ryzen-7950x3d", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_ryzen_ai_370) { "ryzen-ai-370", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_core_14900k) { "core-14900k", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_cxl) { "cxl", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_no_memory_node) { "no-memory-node", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_uneven_llcs) { "uneven LLCs", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_smt_on_some_cores) { "SMT on some cores", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_uneven_nodes) { "uneven nodes", VMM_VENDOR_INTEL };
FIXTURE_VARIANT_ADD(topology, intel_memory_only_node) { "memory-only node", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_node_without_memory) { "node without memory", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_cpus_and_memory_apart) { "CPUs and memory apart", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_four_nodes_in_a_ring) { "four nodes in a ring", VMM_VENDOR_INTEL, true };
FIXTURE_VARIANT_ADD(topology, intel_wide_apic_ids) { "wide APIC ids", VMM_VENDOR_INTEL, true };

static const struct shape *find_shape(const char *name)
{
	for (size_t i = 0; i < NR_SHAPES; i++)
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	return NULL;
}

/* @c refers to the file: it must outlive the boot. */
static int make_initrd(struct cpio *c, void **init)
{
	const char *path = getenv("KTSTR_GUEST_TOPOLOGY");
	size_t len;
	int err = -1;

	*init = vm_read_file(path ? path : "build/vm/guest_topology", &len);
	if (c && *init)
		err = cpio__file(c, "/init", 0755, *init, len);
	if (!err)
		err = cpio__dir(c, "/dev", 0755);
	return err ? err : cpio__finish(c);
}

/* Return: 0 or an error; rig__destroy() is right in either case. */
static int rig__init(struct rig *g, const char *name, struct ktstr_error *e)
{
	const struct shape *s = find_shape(name);
	int err = s ? shape__make(s, &g->t, e) : -ENOENT;

	g->c = calloc(1, sizeof(*g->c));
	g->r = calloc(1, sizeof(*g->r));
	g->vm = calloc(1, sizeof(*g->vm));
	g->cpio = cpio__new();
	if (!err && (!g->c || !g->r || !g->vm))
		err = -ENOMEM;
	if (!err)
		err = make_initrd(g->cpio, &g->init);
	if (err)
		return err;
	g->c->t = &g->t;
	g->c->r = g->r;
	g->c->memory = (uint64_t)MEMORY_MIB << 20;
	g->vm->on_port = on_port;
	g->vm->arg = g->r;
	return 0;
}

static void rig__destroy(struct rig *g, bool failed)
{
	if (g->vm)
		vm__finish(g->vm, failed);
	if (g->r)
		topo_report__free(g->r);
	cpio__free(g->cpio);
	free(g->init);
	free(g->r);
	free(g->c);
	free(g->vm);
	ktstr_topology__free(&g->t);
}

FIXTURE_SETUP(topology)
{
	struct ktstr_error e = { 0 };

	memset(self, 0, sizeof(*self));
	if (variant->full && !ktstr_run__full())
		SKIP(return, "KTSTR_FULL=1 boots every shape with an Intel CPU, too");
	ASSERT_EQ(0, rig__init(&self->rig, variant->shape, &e)) TH_LOG("%s", e.msg);
}

FIXTURE_TEARDOWN(topology)
{
	rig__destroy(&self->rig, _metadata->exit_code == KSFT_FAIL);
}

/*
 * CPUs to bring up later: the boot CPU's neighbour, the second LLC's first and its
 * neighbour, and the machine's last. To bring up one that is up does nothing.
 */
static uint32_t choose_more(const struct ktstr_topology *t, uint32_t more[MORE_CPUS])
{
	uint32_t nr_cpus = ktstr_topology__nr_cpus(t), nr = 0;
	uint32_t other = t->llcs > 1 ? ktstr_topology__llc_cpus(t, 1).first : FIRST_CPUS;
	const uint32_t wanted[MORE_CPUS] = { 1, other, other + 1, nr_cpus - 1 };

	for (uint32_t i = 0; nr_cpus > FIRST_CPUS && i < MORE_CPUS; i++)
		if (wanted[i] < nr_cpus)
			more[nr++] = wanted[i];
	return nr;
}

/* Which CPUs maxcpus= lets up is the kernel's choice: first threads of cores come first. */
static uint32_t read_online(struct topo_check *c)
{
	const char *text = topo_report__get(c->r, 1, "/sys/devices/system/cpu/online");
	struct cpu_mask m;
	uint32_t nr = 0;

	if (!text || cpulist__parse(text, &m))
		return 0;
	for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(c->t); cpu++) {
		c->online[cpu] = cpu_mask__test(&m, cpu);
		nr += c->online[cpu];
	}
	return nr;
}

static int boot(struct rig *g, enum vmm_vendor vendor, struct ktstr_error *e)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	const char *kernel = getenv("KTSTR_KERNEL");
	char path[512];
	struct vmm_opts opts = {
		.sz = sizeof(opts), .memory_mib = MEMORY_MIB, .topology = g->t,
		.kernel = kernel ? kernel : path, .cmdline_extra = g->cmdline, .vendor = vendor,
		.in_box = getenv("KTSTR_IN_BOX"), .verbose = getenv("KTSTR_VM_VERBOSE"),
	};

	snprintf(path, sizeof(path), "%s%s/ktstr/kernels/default/vmlinux", cache ? cache : home,
		 cache ? "" : "/.cache");
	opts.initrd = cpio__iov(g->cpio, &opts.nr_initrd);
	return vm__boot_opts(g->vm, &opts, TIMEOUT_S, e);
}

static void check_pass(struct topo_check *c, int pass)
{
	c->pass = pass;
	topo_check__cpus(c);
	topo_check__nodes(c);
	topo_check__domains(c);
}

static void make_cmdline(struct rig *g, const uint32_t *more, uint32_t nr_more)
{
	int n = snprintf(g->cmdline, CMDLINE, "maxcpus=%u", FIRST_CPUS);

	for (uint32_t i = 0; i < nr_more; i++)
		n += snprintf(g->cmdline + n, CMDLINE - n, "%s%u", i ? "," : " ktstr_online=",
			      more[i]);
}

TEST_F_TIMEOUT(topology, is_what_the_kernel_believes, 120)
{
	struct rig *g = &self->rig;
	uint32_t nr = ktstr_topology__nr_cpus(&g->t), more[MORE_CPUS];
	uint32_t nr_more = choose_more(&g->t, more);
	struct ktstr_error e;

	make_cmdline(g, more, nr_more);
	ASSERT_EQ(0, boot(g, variant->vendor, &e)) TH_LOG("%s", e.msg);
	ASSERT_TRUE(vm__wait_end(g->vm));
	ASSERT_EQ(VMM_END_POWEROFF, vmm__end(g->vm->vmm, NULL, 0));
	ASSERT_TRUE(topo_report__parse(g->r));
	ASSERT_EQ(nr < FIRST_CPUS ? nr : FIRST_CPUS, read_online(g->c));
	ASSERT_TRUE(g->c->online[0]);
	check_pass(g->c, 1);
	for (uint32_t i = 0; i < nr_more; i++)
		g->c->online[more[i]] = true;
	if (nr_more)
		check_pass(g->c, 2);
	topo_check__log(g->c);
	printf("# %s: %u values compared, %u CPUs\n", variant->shape, g->c->compared, nr);
	EXPECT_LT(50, g->c->compared);
	EXPECT_EQ(0, g->c->wrong);
}

FIXTURE(machine)
{
	struct rig rig;
};

FIXTURE_SETUP(machine)
{
	memset(self, 0, sizeof(*self));
}

FIXTURE_TEARDOWN(machine)
{
	rig__destroy(&self->rig, _metadata->exit_code == KSFT_FAIL);
}

/* Interrupts of the console that CPU @cpu took until a pass; the first CPUs are up. */
static unsigned long interrupts(const struct topo_report *r, int pass, unsigned int cpu)
{
	const char *at = topo_report__get(r, pass, "/proc/interrupts");
	const char *line = at ? strstr(at, "virtio0") : NULL;
	char *number;

	if (!line)
		return 0;
	while (line > at && line[-1] != '\n')
		line--;
	number = strchr(line, ':') + 1;
	while (cpu--)
		strtoul(number, &number, 10);
	return strtoul(number, NULL, 10);
}

/* APIC id 384: bits 14:8 of its number are in the extension of the I/O APIC's entry. */
TEST_F_TIMEOUT(machine, interrupts_reach_a_cpu_with_a_wide_id, 120)
{
	struct rig *g = &self->rig;
	struct ktstr_error e = { 0 };
	unsigned long more[4];

	ASSERT_EQ(0, rig__init(g, "wide APIC ids", &e)) TH_LOG("%s", e.msg);
	ASSERT_EQ(384, ktstr_topology__apic_id(&g->t, 3));
	snprintf(g->cmdline, CMDLINE, "maxcpus=4 ktstr_irq=3");
	ASSERT_EQ(0, boot(g, VMM_VENDOR_HOST, &e)) TH_LOG("%s", e.msg);
	ASSERT_TRUE(vm__wait_end(g->vm));
	ASSERT_TRUE(topo_report__parse(g->r));
	for (int cpu = 0; cpu < 4; cpu++)
		more[cpu] = interrupts(g->r, 2, cpu) - interrupts(g->r, 1, cpu);
	printf("# interrupts of the console since the move: %lu, %lu, %lu, %lu\n", more[0], more[1],
	       more[2], more[3]);
	/* Id 384 without its extension is 128, another CPU. */
	EXPECT_LT(0, more[3]);
	g->c->pass = 2;
	topo_check__log(g->c);
	EXPECT_EQ(0, g->c->wrong);
}

/* What the others rely on: a model that is not the machine's is told from it in every part. */
TEST_F_TIMEOUT(machine, another_topology_is_found_to_differ, 120)
{
	static const struct ktstr_topology others[] = {
		{ 1, 2, 2, 1 }, { 1, 1, 2, 2 }, { 2, 2, 2, 1 }, { 1, 1, 5, 1 },
	};
	struct rig *g = &self->rig;
	struct ktstr_error e = { 0 };

	ASSERT_EQ(0, rig__init(g, "1,1,4,1", &e)) TH_LOG("%s", e.msg);
	ASSERT_EQ(0, boot(g, VMM_VENDOR_HOST, &e)) TH_LOG("%s", e.msg);
	ASSERT_TRUE(vm__wait_end(g->vm));
	ASSERT_TRUE(topo_report__parse(g->r));
	g->c->quiet = true;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		static void (* const parts[])(struct topo_check *c) = {
			topo_check__cpus, topo_check__nodes, topo_check__domains,
		};
		unsigned int found = 0;

		g->c->t = &others[i];
		memset(g->c->online, 0, sizeof(g->c->online));
		memset(g->c->online, true, 4);
		g->c->pass = 1;
		for (int part = 0; part < 3; part++) {
			g->c->wrong = 0;
			parts[part](g->c);
			found |= !!g->c->wrong << part;
		}
		/* Nodes are the same but in the third, domains but in the last. */
		EXPECT_EQ((i == 2 ? 7 : i == 3 ? 1 : 5), found) TH_LOG("topology %zu", i);
	}
}

TEST_F_TIMEOUT(machine, power_button_reaches_user_space, 120)
{
	struct rig *g = &self->rig;
	struct ktstr_error e = { 0 };

	ASSERT_EQ(0, rig__init(g, "1,1,1,1", &e)) TH_LOG("%s", e.msg);
	snprintf(g->cmdline, CMDLINE, "ktstr_button=1 ktstr_reboot=1");
	ASSERT_EQ(0, boot(g, VMM_VENDOR_HOST, &e)) TH_LOG("%s", e.msg);
	ASSERT_TRUE(vm__wait_text(g->vm, 2, "press the button"));
	EXPECT_EQ(NULL, strstr(g->vm->com[1], "pressed"));
	vmm__press_power_button(g->vm->vmm);
	ASSERT_TRUE(vm__wait_end(g->vm));
	EXPECT_NE(NULL, strstr(g->vm->com[1], "pressed"));
	/* The other way out: FADT's sleep register is in every test above. */
	EXPECT_EQ(VMM_END_RESET, vmm__end(g->vm->vmm, NULL, 0));
}

TEST_HARNESS_MAIN
