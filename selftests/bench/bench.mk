# SPDX-License-Identifier: GPL-2.0-only
# The console's benchmarks: programs that scripts/bench runs, and the guest's
# init. Included by the Makefile at the top.

bench_dir := selftests/bench
bench_bin := $(addprefix $(B)/bench/,bench_console bench_device bench_guest)

# "make bench" hands over to scripts/bench, which wants these.
bench: $(bench_bin)

$(B)/bench/bench_console: $(bench_dir)/bench_console.c $(B)/libvmm.a $(ktstr_mk) $(bench_dir)/bench.mk
	$(ktstr_say) CC $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) -o $@ $< $(B)/libvmm.a $(ktstr_libs)

$(B)/bench/bench_device: $(bench_dir)/bench_device.c $(B)/libvmm.a $(ktstr_mk) $(bench_dir)/bench.mk
	$(ktstr_say) CC $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) -I. -o $@ $< $(B)/libvmm.a $(ktstr_libs)

$(B)/bench/bench_guest: $(bench_dir)/bench_guest.c $(ktstr_mk) $(bench_dir)/bench.mk
	$(ktstr_say) CC[guest] $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) -static -o $@ $<

-include $(addsuffix .d,$(bench_bin))
