# SPDX-License-Identifier: GPL-2.0-only
# "make coverage": what the device's unit tests run of the device. Its objects
# are built once more, with counters, and the tests are linked with them instead
# of those with sanitizers. Included by the Makefile at the top.

GCOV ?= gcov

# The device, then what it is made of.
cov_src := $(addprefix vmm/,virtqueue.c virtio_mmio.c virtio_console.c)
cov_src += $(sort $(wildcard vmm/console_*.c)) vmm/byte_ring.c vmm/guest_memory.c
cov_obj := $(patsubst %.c,$(B)/cov/%.o,$(cov_src))
cov_test := $(filter $(foreach t,guest_memory byte_ring virtqueue virtio_mmio console_% device_%, \
	selftests/unit/test_$(t).c),$(unit_src))
cov_bin := $(patsubst selftests/unit/%.c,$(B)/cov/%,$(cov_test))
# Threads run in there: counters that lose counts would look like dead code.
cov_cflags := -O0 --coverage -fprofile-update=atomic

.PHONY: coverage
coverage: $(cov_bin)
	@B=$(B) GCOV=$(GCOV) V=$(V) scripts/coverage $(cov_src) -- $(cov_bin)

$(B)/cov/%.o: %.c $(ktstr_mk) selftests/unit/coverage.mk
	$(ktstr_say) CC[cov] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)rm -f $(@:.o=.gcda)
	$(ktstr_q)$(CC) $(ktstr_cflags) $(cov_cflags) -c -o $@ $<

# Counters are written at exit(), which the harness's children never reach.
$(B)/cov/%: selftests/unit/%.c $(cov_obj) $(B)/cov/selftests/unit/cov_exit.o $(B)/libvmm.a
	$(ktstr_say) CC[cov] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) $(ktstr_test_cflags) -I. -Wl,--wrap=_exit -o $@ $< \
		$(cov_obj) $(B)/cov/selftests/unit/cov_exit.o $(B)/libvmm.a --coverage $(ktstr_libs)

$(B)/cov/selftests/unit/cov_exit.o: selftests/unit/cov_exit.c $(ktstr_mk)
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) -c -o $@ $<

.SECONDARY: $(cov_obj)

-include $(cov_obj:.o=.d) $(addsuffix .d,$(cov_bin))
