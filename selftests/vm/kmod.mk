# SPDX-License-Identifier: GPL-2.0-only
# The companion module, and its tests in a guest. Included by the Makefile at the top.
#
# Objects are never in the checkout: the module is built in $(B)/kmod/src, from links.

.PHONY: kmod kmod-stock kmod-debug kmod-debug-build
kmod: $(B)/kmod/ktstr.ko
kmod-stock: kernel-stock
	@$(MAKE) --no-print-directory $(B)/kmod-stock/ktstr.ko
vm: $(B)/kmod/ktstr.ko $(B)/vm/guest_kmod

kmod_src := $(wildcard kmod/*.[ch] kmod/Kbuild)
# For the kernel that is judged by default, for the one that watches itself, and for
# the one that Debian built, against its headers.
kmod_ko := $(B)/kmod/ktstr.ko $(B)/kmod-debug/ktstr.ko $(B)/kmod-stock/ktstr.ko
kmod_stock := $(patsubst $(cache)/stock/default/boot/vmlinuz-%,%, \
	$(wildcard $(cache)/stock/default/boot/vmlinuz-*))
kmod_stock_kdir := $(cache)/stock/default/usr/src/linux-headers-$(kmod_stock)
kmod_debug := $(cache)/kernels/debug
$(B)/kmod/ktstr.ko: kmod_kdir := $(kernel)/build
$(B)/kmod/ktstr.ko: $(kernel)/build/vmlinux
$(B)/kmod-debug/ktstr.ko: kmod_kdir := $(kmod_debug)/build
$(B)/kmod-debug/ktstr.ko: $(kmod_debug)/build/vmlinux
$(B)/kmod-stock/ktstr.ko: kmod_kdir := $(kmod_stock_kdir)
$(B)/kmod-stock/ktstr.ko: $(kmod_stock_kdir)/Module.symvers
# A tree built for its vmlinux only has its exports under another name.
kmod_syms = $(if $(wildcard $(kmod_kdir)/Module.symvers),,$(wildcard $(kmod_kdir)/vmlinux.symvers))
# What it says of the missing name; of anything else it says more than these lines.
kmod_quiet := ^make.*: warning: -j|^WARNING: Module.symvers is missing|^ *(Modules may not have|You may get many)|^ *(You can set KBUILD_MODPOST|if you want to proceed)

# Rebuilt when a source changes, and for another kernel.
$(kmod_ko): $(kmod_src) $(wildcard include/ktstr/*.h) selftests/vm/kmod.mk
	$(ktstr_say) KMOD $(patsubst $(B)/%,%,$@)
	$(ktstr_q)rm -f $(@D)/src/*.[ch] && mkdir -p $(@D)/src
	$(ktstr_q)ln -sf $(abspath $(kmod_src)) $(@D)/src/
	$(ktstr_q)ln -sfn $(abspath include) $(@D)/include
	$(ktstr_q)$(MAKE) -s -C $(kmod_kdir) M=$(@D)/src O= OUTPUT= W=1 \
		KBUILD_EXTRA_SYMBOLS=$(kmod_syms) $(kmod_args) modules \
		>$(@D)/log 2>&1 || { cat $(@D)/log >&2; exit 1; }
	$(ktstr_q)grep -vE '$(kmod_quiet)' $(@D)/log >&2; [ $$? -eq 1 ] || [ "$(WERROR)" = 0 ]
	$(ktstr_q)objcopy --strip-debug $(@D)/src/ktstr.ko $@

# The module's tests on a kernel with KASAN and lockdep: nothing may be reported.
kmod-debug-build: kernel-debug
	@$(MAKE) $(jobs) --no-print-directory all $(B)/kmod-debug/ktstr.ko $(B)/vm/guest_kmod \
		$(B)/vm/test_kmod $(B)/vm/test_kmod_robust

kmod-debug: kmod-debug-build kernel
	@B=$(B) KTSTR=$(abspath $(BIN)) KMOD_DEBUG=$(kmod_debug) selftests/vm/kmod_debug_run

kmod_guest_src := $(sort $(wildcard selftests/vm/guest_kmod*.c))
$(B)/vm/guest_kmod: $(kmod_guest_src) $(wildcard selftests/vm/*kmod*.h include/ktstr/*.h) \
		$(ktstr_mk) selftests/vm/kmod.mk
	$(ktstr_say) CC[guest] guest_kmod
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(filter-out -MMD -MP,$(ktstr_cflags)) -static -o $@ $(kmod_guest_src) \
		-lpthread
