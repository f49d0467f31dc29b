# SPDX-License-Identifier: GPL-2.0-only
# The VM tests: programs that run ktstr or drive the machine, helpers they
# share, and what they put into guests. Included by the Makefile at the top.

vm_dir := selftests/vm
vm_test := $(patsubst $(vm_dir)/%.c,$(B)/vm/%,$(sort $(wildcard $(vm_dir)/test_*.c)))
vm_util := $(addprefix $(B)/vm/,proc.o ktstr_run.o leftovers.o vm_boot.o stress_host.o kmod_pages.o)
vm_util += $(addprefix $(B)/vm/,topo_report.o topo_check.o topo_domains.o)
# Static: they are PID 1 or run beside it, where there is no libc to load.
vm_guest := $(addprefix $(B)/vm/,guest_clock guest_console guest_hostcpu guest_scx guest_stats \
	guest_topology kill_init guest_stress)
# Files that must be refused, made so that only the one thing is wrong.
vm_fixture := $(addprefix $(B)/vm/,needy no_virtio no_scx)
# A module that drives the device against the rules.
vm_module := $(B)/vm/hostile/hostile.ko
# Test programs, host and guest in one.
vm_program := $(addprefix $(B)/vm/,program_tests fair_halves twins)
vm_all := $(vm_test) $(vm_program) $(vm_guest) $(vm_fixture) $(vm_module)

$(B)/vm/%.o: $(vm_dir)/%.c $(ktstr_mk) $(vm_dir)/vm.mk
	$(ktstr_say) CC $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) -I. -c -o $@ $<

$(vm_test): $(B)/vm/%: $(vm_dir)/%.c $(vm_util) $(B)/libhost.a $(B)/libvmm.a $(image_obj)
	$(ktstr_say) CC $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) $(ktstr_test_cflags) -I. -o $@ $< $(vm_util) \
		$(B)/libhost.a $(B)/libvmm.a $(image_obj) $(ktstr_libs)

$(vm_guest): $(B)/vm/%: $(vm_dir)/%.c $(vm_dir)/guest_pid1.h $(ktstr_mk) $(vm_dir)/vm.mk
	$(ktstr_say) CC[guest] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) -I. -static -o $@ $(filter %.c,$^) -lz -lpthread

$(B)/vm/guest_topology: $(vm_dir)/guest_acpi_event.c $(vm_dir)/guest_acpi_event.h

$(B)/vm/guest_stress: $(wildcard $(vm_dir)/guest_stress_*.c) $(vm_dir)/guest_stress.h \
	$(vm_dir)/stress.h $(vm_dir)/stream.h

$(B)/vm/program_tests: $(vm_dir)/program_tests.c
$(B)/vm/twins: $(vm_dir)/twins.c
$(B)/vm/fair_halves: Documentation/examples/fair_halves.c
$(vm_program): $(B)/libktstr.a $(ktstr_mk) $(vm_dir)/vm.mk
	$(ktstr_say) CC[test] $(notdir $@)
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) -static -Wl,--strip-debug -o $@ $(filter %.c,$^) \
		$(B)/libktstr.a $(ktstr_libs)

# A program whose library is gone by the time it is run.
$(B)/vm/needy: $(vm_dir)/vm.mk
	$(ktstr_say) GEN $@
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)echo 'int gone(void); int gone(void) { return 0; }' | \
		$(CC) -shared -fPIC -Wl,-soname,libktstr_gone.so -o $(@D)/libktstr_gone.so -x c -
	$(ktstr_q)echo 'int gone(void); int main(void) { return gone(); }' | \
		$(CC) -o $@ -x c - -x none $(@D)/libktstr_gone.so
	$(ktstr_q)rm $(@D)/libktstr_gone.so

# Kernels that lack one thing each, by the configuration embedded in them.
$(B)/vm/no_virtio: vm_lacks := CONFIG_VIRTIO_CONSOLE=y
$(B)/vm/no_scx: vm_lacks := CONFIG_SCHED_CLASS_EXT=y
$(B)/vm/no_virtio $(B)/vm/no_scx: $(vm_dir)/config_only.S $(vm_dir)/vm.mk
	$(ktstr_say) GEN $@
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)grep -q '^$(vm_lacks)$$' $(kernel)/config
	$(ktstr_q)grep -v '^$(vm_lacks)$$' $(kernel)/config | gzip -n > $@.gz
	$(ktstr_q)$(CC) -nostdlib -static -Wl,-Ttext=0x1000000 -Wl,--build-id=none \
		-DCONFIG_GZ='"$@.gz"' -o $@ $<
	$(ktstr_q)rm $@.gz

# Built where its sources are copied to, since kbuild writes beside them, and with
# nothing of this make's command line: O= means something else there. Which tree
# it was built for is written down, for the default kernel may change.
vm_kbuild = env -u MAKEFLAGS -u MAKEOVERRIDES -u MFLAGS $(MAKE) -C $(kernel)/build M=$(@D) \
	KBUILD_EXTRA_SYMBOLS="$(wildcard $(realpath $(kernel))/build/vmlinux.symvers)" CC=$(CC) modules
$(vm_module): $(wildcard $(vm_dir)/hostile/*) $(B)/vm/hostile/kernel $(vm_dir)/vm.mk
	$(ktstr_say) MOD $@
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)cp $(vm_dir)/hostile/Kbuild $(vm_dir)/hostile/hostile.c $(@D)/
	$(ktstr_q)if [ -e $(kernel)/build/Makefile ]; then \
		$(vm_kbuild) >$(@D)/build.log 2>&1 || { cat $(@D)/build.log >&2; exit 1; }; \
	else \
		echo "no build tree in $(kernel)" >$@; \
	fi

.PHONY: vm_kernel_is
$(B)/vm/hostile/kernel: vm_kernel_is
	@mkdir -p $(@D)
	@readlink -f $(kernel) | cmp -s - $@ || readlink -f $(kernel) >$@
