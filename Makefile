# SPDX-License-Identifier: GPL-2.0-only
# One entry point for people. "make help" lists what there is.

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules

S := .
B := $(abspath $(or $(O),build))
# "clean" removes directories with names that a source tree has too.
ifneq ($(and $(O),$(wildcard $(B)/Makefile)),)
$(error O=$(O) has a Makefile, so it is no place for ktstr's objects; name a directory of their own)
endif
BIN := $(if $(O),$(B)/,./)ktstr

cache := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ktstr
kernel := $(cache)/kernels/default
ktstr_bpf := $(kernel)/bpf

include scripts/build.mk

# Work that a user did not ask to be serial is done in parallel.
jobs := $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

# The guest kernel's source, for the kernel's own test harness header.
# Asked for only by rules that need it: it may have to be unpacked first.
ksrc = $(shell scripts/kernel/build --source)

unit_src := $(sort $(wildcard selftests/unit/test_*.c))
unit_bin := $(patsubst selftests/unit/%.c,$(B)/unit/%,$(unit_src))
# The harness compares signed with unsigned and declares no prototypes: its affair.
# -O0: the harness comes back from a failed assertion by longjmp() and then
# looks at a local that an optimiser has kept in a register, so that a failed
# test would skip its teardown.
ktstr_test_cflags = -O0 -isystem $(ksrc)/tools/testing/selftests -Wno-missing-prototypes
-include $(sort $(wildcard selftests/*/*.mk))

# Options of "make run" go through ARGS: make run ARGS="--duration 5"
SCENARIO ?= steady
SCHED ?= scx_simple
ARGS ?=

.PHONY: all test-program setup kernel kernel-debug kernel-stock sched run check check-full unit unit-build unit-list vm bench \
	clean help install-in-tree

# The module is built for a kernel, so it takes one that is there. The empty command
# keeps make from saying that there was nothing to do.
all: $(BIN) $(box_bin) $(ktstr_scheds) $(if $(wildcard $(kernel)/build/Makefile),$(B)/kmod/ktstr.ko)
	@:

setup:
	@scripts/setup

kernel: setup
	@scripts/kernel/build

# A test of one's own, host and guest in one static program beside ktstr.
test-program: $(B)/libktstr.a
	@test -f "$(SRC)" || { echo "ktstr: which test? make test-program SRC=FILE.c" >&2; exit 2; }
	@$(CC) $(filter-out -MMD -MP,$(ktstr_cflags)) -static -Wl,--strip-debug -o $(dir $(BIN))$(basename $(notdir $(SRC))) \
		$(SRC) $(B)/libktstr.a $(ktstr_libs)

kernel-debug: setup
	@scripts/kernel/build --debug

kernel-stock: setup
	@scripts/kernel/stock

sched: kernel
	@scripts/sched/build
	@scripts/bpf/tools

run: sched
	@$(MAKE) $(jobs) --no-print-directory all
	@$(abspath $(BIN)) run $(SCENARIO) --sched $(SCHED) $(ARGS)

# The suites run even when one of them fails; the counts are true at the end.
# A kernel that cannot be had here is no failure: its tests say that they are skipped.
.PHONY: stock-if-possible
stock-if-possible: setup
	@scripts/kernel/stock && \
	$(MAKE) --no-print-directory $(B)/kmod-stock/ktstr.ko || \
	echo "ktstr: tests of stock kernels, or those with ktstr.ko, will be skipped" >&2

check: sched stock-if-possible
	@$(MAKE) $(jobs) --no-print-directory all
	@+B=$(B) KTSTR=$(abspath $(BIN)) MAKE="$(MAKE) $(jobs)" selftests/run_all

check-full: export KTSTR_FULL := 1
check-full: check

unit: unit-build
	@selftests/run_unit $(unit_bin)

unit-build: $(unit_bin)

unit-list:
	@printf '%s\n' $(unit_bin)

vm: all $(vm_all)

$(B)/bench_run: $(B)/obj/scripts/box/bench_run.o
	$(ktstr_say) LD $(notdir $@)
	$(ktstr_q)$(CC) $(LDFLAGS) -o $@ $^ -ljansson

bench: sched
	@$(MAKE) $(jobs) --no-print-directory all $(B)/bench_run bench-events
	@B=$(B) KTSTR=$(abspath $(BIN)) scripts/bench

install-in-tree:
	@scripts/install-in-tree $(if $(MODULE),--module) "$(KDIR)"

# A test may reach into any floor, so it sees the whole checkout. The guest
# image comes last and only when there is one: most tests never touch it.
$(B)/unit/%: selftests/unit/%.c $(asan_libs) $(asan_scenario_obj) $(image_obj) $(ktstr_mk) Makefile
	$(ktstr_say) CC[san] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) $(ktstr_san) $(ktstr_test_cflags) -I. \
		-o $@ $< $(asan_scenario_obj) $(asan_libs) $(image_obj) $(ktstr_libs)

-include $(addsuffix .d,$(unit_bin) $(vm_all) $(basename $(vm_util))) $(B)/obj/scripts/box/bench_run.d

clean:
	@rm -rf $(if $(O),$(addprefix $(B)/,obj asan bpf build guest unit vm bench cov tsan diff html fuzz soak kmod kmod-debug check libvmm.a libhost.a bench_run kvmbox-host kvmbox-init scripts ktstr),build ktstr)

help:
	@sed -n 's/^##//p' Makefile

##  make                   build ./ktstr, and scx_ktstr if BPF tools are there
##  make run               set everything up and judge scx_simple on the default kernel;
##                         SCENARIO=, SCHED= and ARGS="--duration 5" change what is run
##  make check             build what is missing, pass all tests
##  make check-full        the same and the long variants; hours without hardware KVM
##  make unit              only the unit tests: host processes under ASan and UBSan
##  make tsan              the console device's threads under ThreadSanitizer
##  make diff              the console device against the kernel's own virtqueues
##  make html              report.html in a headless Chromium
##  make fuzz SECONDS=60   fuzz the console device and the readers of frames, kernels, programs
##                         and event files, and the initramfs, for so long each
##  make soak              1 GiB each way through ports 1 and 2; MIB= changes how much. Then 200
##                         boots, half of them killed at a random moment; BOOTS=, SEED=
##  make kmod-debug        the module's tests on a kernel with KASAN and lockdep
##  make coverage          lines and branches of the device that its unit tests run
##  make bench             boot, VM exits, memory and the console beside QEMU's microvm; the cost
##                         of scheduler events beside ftrace and BPF ring buffers
##  make test-program SRC=FILE.c
##                         make a program of a test of your own: ./FILE runs it
##  make setup             install the Debian packages that are missing
##  make kernel            build the guest kernel into ~/.cache/ktstr, once
##  make kernel-debug      build one with KASAN and lockdep beside it, once
##  make kernel-stock      fetch Debian's own kernel into ~/.cache/ktstr, once; nothing is installed
##  make kmod-stock        build ktstr.ko for that one
##  make sched             build scx_simple and scx_qmap into ~/.cache/ktstr, once
##  make install-in-tree KDIR=TREE
##                         copy ktstr to TREE/tools/testing/selftests/ktstr; MODULE=1 puts
##                         CONFIG_TEST_KTSTR into that tree, too
##  make clean             remove what was built here; the cache stays
##
##  O=DIR builds elsewhere, V=1 shows the commands, WERROR=0 lets warnings pass.
