# SPDX-License-Identifier: GPL-2.0-only
# The bare guest of test_bare: a kernel, driver and attacker in one small program.

bare_dir := selftests/vm/bare
bare_obj := $(patsubst $(bare_dir)/%,$(B)/vm/bare/%.o, \
	$(sort $(wildcard $(bare_dir)/*.c $(bare_dir)/*.S)))
# It has no libc, no place for vector registers, and interrupts use its stack.
bare_cflags = $(filter-out -D_GNU_SOURCE=,$(ktstr_cflags)) -I. -ffreestanding -fno-pic \
	-fno-stack-protector -fcf-protection=none -mno-red-zone -mgeneral-regs-only

$(B)/vm/test_bare: $(B)/vm/bare_guest

$(B)/vm/bare_guest: $(bare_obj) $(bare_dir)/bare.lds
	$(ktstr_say) LD $(notdir $@)
	$(ktstr_q)$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,norelro \
		-Wl,-T,$(bare_dir)/bare.lds -o $@ $(bare_obj)

$(B)/vm/bare/%.o: $(bare_dir)/% $(ktstr_mk) $(bare_dir)/../bare.mk
	$(ktstr_say) CC[bare] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(bare_cflags) -c -o $@ $<

-include $(bare_obj:.o=.d)
