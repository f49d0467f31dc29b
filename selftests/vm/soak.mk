# SPDX-License-Identifier: GPL-2.0-only
# "make soak": a gibibyte through each port in each direction (MIB= changes that), then
# 200 boots, half of them killed (BOOTS=, SEED=).
# The guest's program has libcrypto inside, for there is none where it runs.

soak_bin := $(addprefix $(B)/vm/,soak soak_guest)

.PHONY: soak
soak: kernel
	@$(MAKE) $(jobs) --no-print-directory all $(soak_bin) $(B)/vm/test_boots
	@B=$(B) selftests/vm/soak_run
	@B=$(B) KTSTR=$(abspath $(BIN)) selftests/vm/soak_boots

$(B)/vm/soak: selftests/vm/soak.c selftests/vm/soak.h selftests/vm/stream.h $(B)/vm/vm_boot.o \
	$(B)/libhost.a $(B)/libvmm.a $(ktstr_mk) selftests/vm/soak.mk
	$(ktstr_say) CC $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) $(filter-out -O0,$(ktstr_test_cflags)) -I. -o $@ $< \
		$(filter %.o %.a,$^) $(ktstr_libs) -lcrypto

$(B)/vm/soak_guest: selftests/vm/soak_guest.c selftests/vm/soak.h selftests/vm/stream.h $(ktstr_mk) \
	selftests/vm/soak.mk
	$(ktstr_say) CC[guest] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) -static -o $@ $< -l:libcrypto.a -lz -lpthread

-include $(addsuffix .d,$(soak_bin))
