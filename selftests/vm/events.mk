# SPDX-License-Identifier: GPL-2.0-only
# Tests of the event stream: its workload for the guest, what the test's files share,
# and who else must be there. Included by the Makefile at the top.

vm: $(B)/vm/guest_events $(B)/kmod/ktstr.ko $(B)/guest/ktstr-init $(B)/vm/ktstr_nobtf.ko

# It loads, and no program finds its functions.
$(B)/vm/ktstr_nobtf.ko: $(B)/kmod/ktstr.ko
	$(ktstr_say) GEN $@
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)objcopy --remove-section=.BTF $< $@

events_guest_src := $(sort $(wildcard selftests/vm/guest_events*.c))
$(B)/vm/guest_events: $(events_guest_src) selftests/vm/guest_events.h \
		$(wildcard include/ktstr/*.h) $(ktstr_mk) selftests/vm/events.mk
	$(ktstr_say) CC[guest] guest_events
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(filter-out -MMD -MP,$(ktstr_cflags)) -static -o $@ $(events_guest_src)

events_util := $(B)/vm/events_rig.o $(B)/vm/events_ftrace.o
events_tests := $(B)/vm/test_events $(B)/vm/test_events_filter
$(events_tests): $(events_util) selftests/vm/events_test.h
$(events_tests): vm_util += $(events_util)
