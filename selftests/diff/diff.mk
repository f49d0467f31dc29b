# SPDX-License-Identifier: GPL-2.0-only
# The device against the kernel's own virtqueues: drivers/virtio/virtio_ring.c of
# the guest kernel's source, compiled where it lies, with that tree's tools/virtio.
# Included by the Makefile at the top.

diff_dir := selftests/diff
diff_test := $(addprefix $(B)/diff/,test_virtio_ring test_virtio_ring_steps)
diff_part := $(addprefix $(B)/diff/,rig.o guest.o guest_setup.o host.o lost.o traffic.o \
	device_dump.o)

# As tools/virtio/Makefile has it; DEBUG is for the driver's checks of its caller
# and of the ring. Physical addresses are the host's virtual ones, so they have 64
# bits. The kernel's headers are not held to this project's warnings.
diff_ksrc = $(eval diff_ksrc := $(ksrc))$(diff_ksrc)
diff_kflags = -DDEBUG -DCONFIG_PHYS_ADDR_T_64BIT -fno-strict-overflow -U_FORTIFY_SOURCE \
	-Wno-pointer-sign -I$(diff_dir) \
	-isystem $(diff_ksrc)/tools/virtio -isystem $(diff_ksrc)/tools/include \
	-idirafter $(diff_dir)/compat -include $(diff_ksrc)/include/linux/kconfig.h \
	-include $(diff_dir)/shim.h

define diff_cc
$(ktstr_say) CC[san] $(1)
$(ktstr_q)mkdir -p $(@D)
$(ktstr_q)$(CC) $(ktstr_cflags) $(ktstr_san) $(2) -c -o $@ $(1)
endef

$(diff_part): $(B)/diff/%.o: $(diff_dir)/%.c $(ktstr_mk) $(diff_dir)/diff.mk
	$(call diff_cc,$<,-I.)

$(B)/diff/kring.o: $(diff_dir)/kring.c $(ktstr_mk) $(diff_dir)/diff.mk
	$(call diff_cc,$<,$(diff_kflags))

$(B)/diff/virtio_ring.o: $(ktstr_mk) $(diff_dir)/diff.mk
	$(call diff_cc,$(diff_ksrc)/drivers/virtio/virtio_ring.c,$(diff_kflags) -w)

# The same two with a hook wherever the other side may act in between.
$(B)/diff/virtio_ring_steps.o: $(ktstr_mk) $(diff_dir)/diff.mk
	$(call diff_cc,$(diff_ksrc)/drivers/virtio/virtio_ring.c,$(diff_kflags) -DDIFF_STEPS -w)

$(B)/diff/virtqueue_steps.o: vmm/virtqueue.c $(ktstr_mk) $(diff_dir)/diff.mk
	$(call diff_cc,$<,-I. -include $(diff_dir)/steps.h)

$(B)/diff/test_virtio_ring: $(B)/diff/virtio_ring.o
# Named before the library, it is taken instead of the library's.
$(B)/diff/test_virtio_ring_steps: $(B)/diff/virtio_ring_steps.o $(B)/diff/virtqueue_steps.o

$(B)/diff/test_virtio_ring_steps: diff_ldflags := -Wl,--wrap=pthread_mutex_unlock

$(diff_test): $(B)/diff/%: $(diff_dir)/%.c $(diff_part) $(B)/diff/kring.o $(B)/asan/libvmm.a \
		$(ktstr_mk) $(diff_dir)/diff.mk
	$(ktstr_say) CC[san] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) $(ktstr_san) $(ktstr_test_cflags) -I. \
		$(diff_ldflags) -o $@ $< $(filter %.o,$^) $(B)/asan/libvmm.a $(ktstr_libs)

.PHONY: diff diff-build diff-list
diff-build: $(diff_test)

diff: diff-build
	@selftests/run_unit $(diff_test)

diff-list:
	@printf '%s\n' $(diff_test)

-include $(diff_part:.o=.d) $(addsuffix .d,$(diff_test)) \
	$(addprefix $(B)/diff/,kring.d virtio_ring.d virtio_ring_steps.d virtqueue_steps.d)
