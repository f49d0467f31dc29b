# SPDX-License-Identifier: GPL-2.0-only
# The concurrent tests of the console under ThreadSanitizer. The same programs run
# under ASan and UBSan with all unit tests. Included by the Makefile at the top.
#
# TSan does not model atomic_thread_fence(), and GCC says so (-Wtsan). The device's
# two fences order an atomic store before an atomic load (vmm/barrier.h); no plain
# access relies on them, so nothing that TSan looks for is missed or made up.

tsan_dir := selftests/unit
tsan_src := $(addprefix $(tsan_dir)/,test_console_threads.c test_device_threads.c)
tsan_bin := $(patsubst $(tsan_dir)/%.c,$(B)/tsan/%,$(tsan_src))
tsan_vmm_obj := $(call obj_of,tsan,$(vmm_src))
tsan_flags := -fsanitize=thread -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-tsan

.PHONY: tsan tsan-build tsan-list

# halt_on_error: a race ends its test. Nothing is suppressed.
# setarch -R: where mmap_rnd_bits is above 28 TSan finds its shadow memory taken.
tsan: tsan-build
	@TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1 exitcode=66" \
		setarch -R selftests/run_unit $(tsan_bin)

tsan-build: $(tsan_bin)

tsan-list:
	@printf '%s\n' $(tsan_bin)

$(B)/tsan/libvmm.a: $(tsan_vmm_obj)
	$(ktstr_archive)

$(B)/tsan/vmm/%.o: vmm/%.c $(ktstr_mk) $(tsan_dir)/tsan.mk
	$(ktstr_say) CC[tsan] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) $(tsan_flags) -c -o $@ $<

$(tsan_bin): $(B)/tsan/%: $(tsan_dir)/%.c $(B)/tsan/libvmm.a $(tsan_dir)/tsan.mk
	$(ktstr_say) CC[tsan] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) $(tsan_flags) $(ktstr_test_cflags) -I. -o $@ $< \
		$(B)/tsan/libvmm.a $(ktstr_libs)

.SECONDARY: $(tsan_vmm_obj)

-include $(patsubst %.o,%.d,$(tsan_vmm_obj)) $(addsuffix .d,$(tsan_bin))
