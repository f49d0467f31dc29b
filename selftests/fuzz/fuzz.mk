# SPDX-License-Identifier: GPL-2.0-only
# Coverage-guided fuzzing with libFuzzer of clang-19. Included by the Makefile at the top.
#
#	make fuzz		replay the committed corpora, then fuzz for SECONDS (60) each
#	make fuzz-minimize	merge what was found into selftests/fuzz/corpus
#
# Finds and crashing inputs stay in $(B)/fuzz; only fuzz-minimize writes to the checkout.
#
# The corpora began as what the seeds*.c write: an honest conversation, a full buffer, a
# broken ring, a kernel of a few hundred bytes and so on. All else in them was found by
# fuzzing from there and kept by libFuzzer's merge, because it reached code or a state
# that no smaller input had reached. The seeds are made again by fuzz-minimize, so a new
# one is merged too.

fuzz_dir := selftests/fuzz
FUZZ_CC ?= clang-19
SECONDS ?= 60

fuzz_bin := $(addprefix $(B)/fuzz/fuzz_,console assembler elf bzimage cpio op events \
	topology module modtree stats)

# What is fuzzed: the same sources with smaller bounds, see the two sed scripts.
fuzz_device_src := $(addprefix vmm/,byte_ring.c console_control.c console_data.c console_irq.c \
	guest_memory.c virtio_console.c virtio_mmio.c virtqueue.c)
fuzz_reader_src := host/assembler.c
fuzz_kernel_src := $(addprefix vmm/,boot_bzimage.c boot_elf.c boot_params.c file.c \
	guest_memory.c kernel_check.c kernel_config.c memory.c)
fuzz_program_src := $(addprefix host/,elf_needed.c strv.c)
fuzz_stats_reader_src := $(addprefix host/,buf.c stats_client.c stats_reply.c)
fuzz_archive_src := $(addprefix host/,cpio.c strv.c)
fuzz_line_src := $(addprefix guest/,op_fields.c op_name.c op_text.c)
fuzz_console_src := $(addprefix $(fuzz_dir)/,fuzz.c fuzz_console.c hostile.c model.c \
	model_guest.c model_host.c ram.c records.c)
fuzz_assembler_src := $(addprefix $(fuzz_dir)/,fuzz.c fuzz_assembler.c frames.c)
fuzz_elf_src := $(addprefix $(fuzz_dir)/,fuzz.c fuzz_elf.c boot_ram.c elf_mutate.c images.c \
	oracle.c)
fuzz_bzimage_src := $(addprefix $(fuzz_dir)/,fuzz.c fuzz_bzimage.c boot_ram.c images.c oracle.c)
fuzz_cpio_src := $(addprefix $(fuzz_dir)/,fuzz.c fuzz_cpio.c oracle.c)
fuzz_op_src := $(addprefix $(fuzz_dir)/,fuzz.c fuzz_op.c oracle.c)
fuzz_stats_src := $(addprefix $(fuzz_dir)/,fuzz.c fuzz_stats.c oracle.c)
fuzz_seeds_src := $(addprefix $(fuzz_dir)/,seeds.c seeds_host.c seeds_images.c \
	seeds_stats.c images.c)

# A file of events is fuzzed as it is: the descriptions in it need frames of full size.
fuzz_report_src := $(addprefix guest/,op_fields.c op_name.c op_text.c op_words.c) \
	$(addprefix host/,assembler.c boot_times.c buf.c command.c evidence.c file.c \
	histogram.c op_trace.c outdir.c recompute.c strv.c) \
	$(sort $(wildcard host/payload_*.c host/sched_exit*.c host/splat*.c)) \
	$(sort $(wildcard host/event_*.c host/events*.c host/topo_json.c host/topo_picture.c)) \
	$(sort $(wildcard vmm/topology*.c))
fuzz_events_src := $(addprefix $(fuzz_dir)/,fuzz.c fuzz_events.c frames.c oracle.c)

# What a topology file makes, and what lies in lib/modules.
fuzz_tables_src := $(addprefix host/,buf.c topo_json.c topo_picture.c) \
	$(addprefix vmm/,kvm.c node_memory.c) \
	$(sort $(wildcard vmm/topology*.c vmm/acpi*.c vmm/cpuid*.c))
fuzz_topology_src := $(addprefix $(fuzz_dir)/,fuzz.c fuzz_topology.c oracle.c tables_acpi.c \
	tables_cpuid.c topology_model.c)
fuzz_modfile_src := $(addprefix host/,file.c module_file.c)
fuzz_module_src := $(addprefix $(fuzz_dir)/,fuzz.c fuzz_module.c oracle.c)
fuzz_tree_src := $(addprefix host/,file.c module_tree.c strv.c)
fuzz_modtree_src := $(addprefix $(fuzz_dir)/,fuzz.c fuzz_modtree.c oracle.c)

fuzz_whole_obj = $(patsubst %.c,$(B)/fuzz/whole/%.o,$(1))
fuzz_whole_tested_obj := $(call fuzz_whole_obj,$(sort $(fuzz_report_src) $(fuzz_tables_src) \
	$(fuzz_modfile_src) $(fuzz_tree_src)))
fuzz_whole_own_obj := $(call fuzz_whole_obj,$(sort $(fuzz_events_src) $(fuzz_topology_src) \
	$(fuzz_module_src) $(fuzz_modtree_src)) $(fuzz_dir)/seeds_events.c)

fuzz_obj = $(patsubst %.c,$(B)/fuzz/obj/%.o,$(1))
fuzz_tested_obj := $(call fuzz_obj,$(sort $(fuzz_device_src) $(fuzz_reader_src) \
	$(fuzz_kernel_src) $(fuzz_program_src) $(fuzz_archive_src) $(fuzz_line_src) \
	$(fuzz_stats_reader_src)))
fuzz_own_obj := $(call fuzz_obj,$(sort $(fuzz_console_src) $(fuzz_assembler_src) $(fuzz_elf_src) \
	$(fuzz_bzimage_src) $(fuzz_cpio_src) $(fuzz_op_src) $(fuzz_stats_src) $(fuzz_seeds_src)))
fuzz_scaled := $(addprefix $(B)/fuzz/include/ktstr/,ports.h wire.h)

# Calls of the device that become others; ram.c says which and why.
fuzz_wrap := write read mmap munmap madvise timerfd_settime $(foreach n,1 2 4 8, \
	__sanitizer_cov_trace_cmp$(n) __sanitizer_cov_trace_const_cmp$(n))
fuzz_wl := -Wl,--wrap=

fuzz_cc = $(FUZZ_CC) -I$(B)/fuzz/include $(ktstr_cflags) $(ktstr_san) -I.

define fuzz_link
$(ktstr_say) LD fuzz/$(@F)
$(ktstr_q)$(FUZZ_CC) $(ktstr_san) $(LDFLAGS) -o $@ $(filter %.o,$^)
endef

.PHONY: fuzz fuzz-build fuzz-minimize
fuzz-build: $(fuzz_bin)

fuzz: fuzz-build
	@B=$(B) $(fuzz_dir)/run $(SECONDS)

fuzz-minimize: fuzz-build $(B)/fuzz/seeds $(B)/fuzz/seeds_events
	@B=$(B) $(fuzz_dir)/minimize

# Said once and clearly, before a linker says it otherwise.
$(B)/fuzz/.usable: $(fuzz_dir)/fuzz.mk
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)if ! echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
		$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -x c -o $@ - 2>$@.err; then \
		cat $@.err >&2; \
		echo 'ktstr: $(FUZZ_CC) cannot build a fuzzer: is libclang-rt-19-dev installed?' \
			'scripts/setup does that' >&2; \
		exit 1; fi

$(fuzz_scaled): $(B)/fuzz/include/ktstr/%.h: $(S)/include/ktstr/%.h $(fuzz_dir)/%.sed
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)sed -f $(fuzz_dir)/$*.sed $< > $@

# Coverage is of what is tested, not of the test.
$(fuzz_tested_obj): fuzz_cov := -fsanitize=fuzzer-no-link
$(fuzz_tested_obj) $(fuzz_own_obj): $(B)/fuzz/obj/%.o: %.c $(fuzz_scaled) $(ktstr_mk) \
		$(fuzz_dir)/fuzz.mk | $(B)/fuzz/.usable
	$(ktstr_say) CC[fuzz] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(fuzz_cc) $(fuzz_cov) -c -o $@ $<

$(fuzz_whole_tested_obj): fuzz_cov := -fsanitize=fuzzer-no-link
$(fuzz_whole_tested_obj) $(fuzz_whole_own_obj): $(B)/fuzz/whole/%.o: %.c $(ktstr_mk) \
		$(fuzz_dir)/fuzz.mk | $(B)/fuzz/.usable
	$(ktstr_say) CC[fuzz] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(FUZZ_CC) $(ktstr_cflags) $(ktstr_san) -I. $(fuzz_cov) -c -o $@ $<

$(B)/fuzz/fuzz_console: LDFLAGS += -fsanitize=fuzzer $(addprefix $(fuzz_wl),$(fuzz_wrap))
$(B)/fuzz/fuzz_console: $(call fuzz_obj,$(fuzz_device_src) $(fuzz_console_src))
	$(fuzz_link)

$(B)/fuzz/fuzz_assembler: LDFLAGS += -fsanitize=fuzzer -lz
$(B)/fuzz/fuzz_assembler: $(call fuzz_obj,$(fuzz_reader_src) $(fuzz_assembler_src) vmm/byte_ring.c)
	$(fuzz_link)

$(B)/fuzz/fuzz_elf: LDFLAGS += -fsanitize=fuzzer -lelf -lz
$(B)/fuzz/fuzz_elf: $(call fuzz_obj,$(fuzz_kernel_src) $(fuzz_program_src) $(fuzz_elf_src))
	$(fuzz_link)

$(B)/fuzz/fuzz_bzimage: LDFLAGS += -fsanitize=fuzzer -lelf -lz
$(B)/fuzz/fuzz_bzimage: $(call fuzz_obj,$(fuzz_kernel_src) $(fuzz_bzimage_src))
	$(fuzz_link)

$(B)/fuzz/fuzz_cpio: LDFLAGS += -fsanitize=fuzzer
$(B)/fuzz/fuzz_cpio: $(call fuzz_obj,$(fuzz_archive_src) $(fuzz_cpio_src))
	$(fuzz_link)

$(B)/fuzz/fuzz_op: LDFLAGS += -fsanitize=fuzzer -lm
$(B)/fuzz/fuzz_op: $(call fuzz_obj,$(fuzz_line_src) $(fuzz_op_src))
	$(fuzz_link)

# A line is short here, so that one that is too long is found at once.
$(call fuzz_obj,$(fuzz_stats_reader_src) $(fuzz_stats_src)): ktstr_cflags += \
	-DSTATS_LINE_MAX=256u -DSTATS_DEPTH_MAX=6u -DSTATS_VALUES_MAX=16u
$(B)/fuzz/fuzz_stats: LDFLAGS += -fsanitize=fuzzer -ljansson
$(B)/fuzz/fuzz_stats: $(call fuzz_obj,$(fuzz_stats_reader_src) $(fuzz_stats_src))
	$(fuzz_link)

$(B)/fuzz/fuzz_events: LDFLAGS += -fsanitize=fuzzer -ljansson -ltraceevent -lz -lm
$(B)/fuzz/fuzz_events: $(call fuzz_whole_obj,$(fuzz_report_src) $(fuzz_events_src))
	$(fuzz_link)

$(B)/fuzz/fuzz_topology: LDFLAGS += -fsanitize=fuzzer -ljansson -lm
$(B)/fuzz/fuzz_topology: $(call fuzz_whole_obj,$(fuzz_tables_src) $(fuzz_topology_src))
	$(fuzz_link)

$(B)/fuzz/fuzz_module: LDFLAGS += -fsanitize=fuzzer -lelf -llzma -lz -lzstd
$(B)/fuzz/fuzz_module: $(call fuzz_whole_obj,$(fuzz_modfile_src) $(fuzz_module_src))
	$(fuzz_link)

$(B)/fuzz/fuzz_modtree: LDFLAGS += -fsanitize=fuzzer
$(B)/fuzz/fuzz_modtree: $(call fuzz_whole_obj,$(fuzz_tree_src) $(fuzz_modtree_src))
	$(fuzz_link)

$(B)/fuzz/seeds_events: LDFLAGS += -ljansson -lz
$(B)/fuzz/seeds_events: $(call fuzz_whole_obj,$(fuzz_dir)/seeds_events.c host/event_file.c \
		host/assembler.c)
	$(fuzz_link)

$(B)/fuzz/seeds: LDFLAGS += -lz
$(B)/fuzz/seeds: $(call fuzz_obj,$(fuzz_seeds_src))
	$(fuzz_link)

-include $(patsubst %.o,%.d,$(fuzz_tested_obj) $(fuzz_own_obj) \
	$(fuzz_whole_tested_obj) $(fuzz_whole_own_obj))
