# SPDX-License-Identifier: GPL-2.0-only
# How ktstr is compiled: shared by the Makefile at the top, which people use,
# and by selftests/Makefile, which kselftest uses.
#
# Wants	S	the sources, relative or absolute, without a final slash
#	B	where objects go, absolute, without a final slash
#	BIN	the ktstr executable
#	ktstr_bpf	what scripts/bpf/tools made, if it did
# Takes	CC AR PKG_CONFIG EXTRA_CFLAGS V=1 WERROR=0
# Gives	$(BIN) $(B)/libvmm.a $(B)/libhost.a $(B)/guest/ktstr-init, the box's
#	$(box_bin), and with ASan and UBSan $(B)/asan/lib{vmm,host,guest,scx}.a

ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
WERROR ?= 1

ifeq ($(V),1)
ktstr_q :=
ktstr_say := @:
else
ktstr_q := @
ktstr_say := @printf '  %-7s %s\n'
endif

ktstr_cflags := -std=gnu11 -O2 -g -D_GNU_SOURCE= -Wall -Wextra -Wmissing-prototypes \
	-Wstrict-prototypes -fno-strict-aliasing -fno-common -I$(S)/include -MMD -MP
# As in the kernel: what an initializer does not say is zero, and meant to be.
ktstr_cflags += -Wno-missing-field-initializers
ifneq ($(WERROR),0)
ktstr_cflags += -Werror
endif
ktstr_cflags += $(EXTRA_CFLAGS)
# A sanitizer's finding ends the test: it must never scroll by.
ktstr_san := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ktstr_libs := -ljansson -ltraceevent -lelf -lz -llzma -lzstd -lpthread -lm

# obj_of(variant, sources): where the objects of some sources are
obj_of = $(patsubst $(S)/%,$(B)/$(1)/%.o,$(basename $(2)))

vmm_src := $(wildcard $(S)/vmm/*.c)
# What host and guest both have: operations, and the list of tests. In the guest it is an
# archive, of which a program without tests takes nothing.
op_src := $(wildcard $(S)/guest/op_*.c) $(S)/guest/test_list.c
# Parts of the program itself: of ktstr, and of test programs.
host_main_src := $(addprefix $(S)/host/,main.c test_program.c guest_init_self.c)
# What host and scx_ktstr both have: the words of its faults.
fault_words_src := $(S)/bpf/fault_words.c
host_src := $(filter-out $(host_main_src),$(wildcard $(S)/host/*.c)) $(op_src) $(fault_words_src)
# Event programs need clang, libbpf and a kernel's BTF (scripts/bpf/tools); where these
# are not to be had, the guest has no events and says so.
ktstr_bpf ?=
ktstr_has_bpf := $(wildcard $(ktstr_bpf)/clang)
guest_bpf_src := $(addprefix $(S)/guest/,bpf_load.c)
guest_no_bpf_src := $(addprefix $(S)/guest/,bpf_none.c)
guest_src := $(filter-out $(op_src) $(if $(ktstr_has_bpf),$(guest_no_bpf_src),$(guest_bpf_src)), \
	$(wildcard $(S)/guest/*.c))
guest_lib_src := $(filter-out $(S)/guest/init.c $(guest_bpf_src),$(wildcard $(S)/guest/*.c))
guest_libs := $(if $(ktstr_has_bpf),$(ktstr_bpf)/libbpf.a -lelf) -lz -lpthread
# The catalog: tests are known by being linked, so these are objects and no archive.
scenario_src := $(wildcard $(S)/selftests/scenarios/*.c)
image_src := $(wildcard $(S)/host/guest_image.S)

vmm_obj := $(call obj_of,obj,$(vmm_src))
host_obj := $(call obj_of,obj,$(host_src))
main_obj := $(B)/obj/host/main.o
guest_obj := $(call obj_of,obj,$(guest_src))
op_obj := $(call obj_of,obj,$(op_src))
scenario_obj := $(call obj_of,obj,$(scenario_src))
image_obj := $(call obj_of,obj,$(image_src))
asan_vmm_obj := $(call obj_of,asan,$(vmm_src))
asan_host_obj := $(call obj_of,asan,$(host_src))
asan_guest_obj := $(call obj_of,asan,$(guest_lib_src))
asan_scenario_obj := $(call obj_of,asan,$(scenario_src))
asan_libs := $(B)/asan/libhost.a $(B)/asan/libvmm.a $(B)/asan/libguest.a $(B)/asan/libscx.a

ktstr_mk := $(S)/scripts/build.mk

$(BIN): $(main_obj) $(scenario_obj) $(image_obj) $(B)/libhost.a $(B)/libvmm.a
	$(ktstr_say) LD $(notdir $@)
	$(ktstr_q)$(CC) $(LDFLAGS) -o $@ $^ $(ktstr_libs)

# One object of all of bpf/, and its skeleton. DWARF, from which clang makes the BTF, would be
# five sixths of the object: bpftool's linker leaves it out.
bpf_skel := $(B)/bpf/ktstr_events.skel.h

$(B)/bpf/%.bpf.o: $(S)/bpf/%.bpf.c $(wildcard $(S)/bpf/*.h) $(S)/include/ktstr/event.h \
		$(ktstr_bpf)/clang $(ktstr_mk)
	$(ktstr_say) BPF bpf/$*.bpf.c
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$$(cat $(ktstr_bpf)/clang) -target bpf -mcpu=v3 -g -O2 -Wall $(if $(filter 0,$(WERROR)),,-Werror) \
		-D__TARGET_ARCH_x86 -I$(ktstr_bpf) -I$(ktstr_bpf)/include -I$(S)/include $(ktstr_bpf_cflags) -c -o $@.dwarf $<
	$(ktstr_q)$(ktstr_bpf)/bpftool gen object $@ $@.dwarf

$(bpf_skel): $(B)/bpf/ktstr_events.bpf.o
	$(ktstr_say) SKEL bpf/ktstr_events.skel.h
	$(ktstr_q)$(ktstr_bpf)/bpftool gen skeleton $< name ktstr_events >$@

# Our own sched_ext scheduler, where the command finds it: build/sched beside itself. It is
# built where event programs are and the kernel tree has tools/sched_ext (ktstr_scx).
ktstr_scx ?= $(wildcard $(ktstr_bpf)/../source/tools/sched_ext/include)
scx_src := $(fault_words_src) $(addprefix $(S)/bpf/,scx_opts.c scx_serve.c scx_stats.c scx_topo.c)
scx_obj := $(call obj_of,obj,$(scx_src) $(S)/bpf/scx_ktstr.c)
asan_scx_obj := $(call obj_of,asan,$(scx_src))
scx_ktstr := $(abspath $(dir $(BIN)))/build/sched/scx_ktstr
ktstr_scheds := $(if $(ktstr_has_bpf),$(if $(ktstr_scx),$(scx_ktstr)))

# The tree's macros compare pointers of kernel types.
$(B)/bpf/scx_ktstr.bpf.o: ktstr_bpf_cflags := -I$(ktstr_scx) -Wno-compare-distinct-pointer-types
$(B)/bpf/scx_ktstr.bpf.o: $(S)/include/ktstr/scx_ktstr.h

$(B)/bpf/scx_ktstr.skel.h: $(B)/bpf/scx_ktstr.bpf.o
	$(ktstr_say) SKEL bpf/scx_ktstr.skel.h
	$(ktstr_q)$(ktstr_bpf)/bpftool gen skeleton $< name scx_ktstr >$@

$(B)/obj/bpf/scx_ktstr.o: $(B)/bpf/scx_ktstr.skel.h
$(B)/obj/bpf/scx_ktstr.o: ktstr_cflags += -I$(B)/bpf -I$(ktstr_bpf)/include -isystem $(ktstr_scx)

$(scx_ktstr): $(scx_obj)
	$(ktstr_say) LD $(notdir $@)
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(LDFLAGS) -static -Wl,--strip-debug -o $@ $^ $(ktstr_bpf)/libbpf.a -ljansson -lelf -lz

$(B)/obj/guest/bpf_load.o: $(bpf_skel)
$(B)/obj/guest/bpf_load.o: ktstr_cflags += -I$(B)/bpf -I$(ktstr_bpf)/include

$(B)/guest/libop.a: $(op_obj)
	$(ktstr_archive)

$(B)/guest/ktstr-init: $(guest_obj) $(B)/guest/libop.a
	$(ktstr_say) LD guest/ktstr-init
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(LDFLAGS) -static -Wl,--strip-debug -o $@ $(filter %.o %.a,$^) $(guest_libs)

# What a test is linked with to be a program of its own, host and guest in one: each side
# is one object that shows nothing but its main(), and the guest's what tests call.
ktstr_api := ktstr_run__do ktstr_run__random ktstr_test__at ktstr_test__find ktstr_now_ns \
	$(addprefix ktstr_worker__,go_on unit slept \
	latency index group work random compute pause fail)
OBJCOPY ?= objcopy
test_host_obj := $(filter-out %/host/guest_init.o,$(host_obj)) $(main_obj) \
	$(call obj_of,obj,$(S)/host/guest_init_self.c) $(vmm_obj)

define ktstr_side
$(ktstr_say) LD $(patsubst $(B)/%,%,$@)
$(ktstr_q)mkdir -p $(@D)
$(ktstr_q)$(CC) -nostdlib -r -o $@.r $(filter %.o %.a,$^)
$(ktstr_q)$(OBJCOPY) --redefine-sym main=$(1) $(addprefix --keep-global-symbol=,$(1) $(2)) $@.r $@
$(ktstr_q)rm -f $@.r
endef

$(B)/test/host.o: $(test_host_obj)
	$(call ktstr_side,ktstr_host_main,)
$(B)/test/guest.o: $(guest_obj) $(op_obj) $(if $(ktstr_has_bpf),$(ktstr_bpf)/libbpf.a)
	$(call ktstr_side,ktstr_guest_main,$(ktstr_api))

$(B)/libktstr.a: $(call obj_of,obj,$(S)/host/test_program.c) $(B)/test/host.o $(B)/test/guest.o
	$(ktstr_archive)

# The emulated box: kvmbox on the host, and its PID 1.
box_bin := $(B)/kvmbox-host $(B)/kvmbox-init
box_obj := $(B)/obj/scripts/box/kvmbox.o $(B)/obj/scripts/box/init.o

$(B)/kvmbox-host: $(B)/obj/scripts/box/kvmbox.o
	$(ktstr_say) LD $(notdir $@)
	$(ktstr_q)$(CC) $(LDFLAGS) -o $@ $^

$(B)/kvmbox-init: $(B)/obj/scripts/box/init.o
	$(ktstr_say) LD $(notdir $@)
	$(ktstr_q)$(CC) $(LDFLAGS) -static -o $@ $^

# ktstr looks for scripts/kvmbox beside itself.
ifneq ($(realpath $(dir $(BIN))),$(realpath $(S)))
box_bin += $(dir $(BIN))scripts/kvmbox
$(dir $(BIN))scripts/kvmbox: $(S)/scripts/kvmbox
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)cp $< $@
endif

# An archive is made anew: "ar r" would keep members whose source is gone.
define ktstr_archive
$(ktstr_say) AR $(patsubst $(B)/%,%,$@)
$(ktstr_q)mkdir -p $(@D)
$(ktstr_q)rm -f $@ && $(AR) rcsD $@ $^
endef

$(B)/libvmm.a: $(vmm_obj)
	$(ktstr_archive)
$(B)/libhost.a: $(host_obj)
	$(ktstr_archive)
$(B)/asan/libvmm.a: $(asan_vmm_obj)
	$(ktstr_archive)
$(B)/asan/libhost.a: $(asan_host_obj)
	$(ktstr_archive)
$(B)/asan/libguest.a: $(asan_guest_obj)
	$(ktstr_archive)
$(B)/asan/libscx.a: $(asan_scx_obj)
	$(ktstr_archive)

$(B)/obj/host/guest_image.o: $(S)/host/guest_image.S $(B)/guest/ktstr-init $(ktstr_mk)
	$(ktstr_say) AS host/guest_image.S
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) -DGUEST_INIT_PATH='"$(B)/guest/ktstr-init"' -c -o $@ $<

$(B)/obj/%.o: $(S)/%.c $(ktstr_mk)
	$(ktstr_say) CC $*.c
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) -c -o $@ $<

$(B)/asan/%.o: $(S)/%.c $(ktstr_mk)
	$(ktstr_say) CC[san] $*.c
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) $(ktstr_san) -c -o $@ $<

.DELETE_ON_ERROR:
.SECONDARY: $(scenario_obj) $(asan_scenario_obj) $(vmm_obj) $(host_obj) $(guest_obj) $(asan_vmm_obj) $(asan_host_obj) $(asan_guest_obj)

-include $(patsubst %.o,%.d,$(vmm_obj) $(host_obj) $(guest_obj) $(main_obj) $(box_obj) \
	$(asan_vmm_obj) $(asan_host_obj) $(asan_guest_obj) $(scenario_obj) $(asan_scenario_obj) \
	$(scx_obj) $(asan_scx_obj))
