# SPDX-License-Identifier: GPL-2.0-only
# The console's benchmarks: programs that scripts/bench runs, and the guest's
# init. Included by the Makefile at the top.

bench_dir := selftests/bench
bench_bin := $(addprefix $(B)/bench/,bench_console bench_device bench_guest bench_events)

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

$(B)/bench/bench_events: $(bench_dir)/bench_events.c $(B)/libvmm.a $(ktstr_mk) $(bench_dir)/bench.mk
	$(ktstr_say) CC $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) -o $@ $< $(B)/libvmm.a $(ktstr_libs)

# Writer and source of port 1 are those of a session.
events_src := $(addprefix $(bench_dir)/,events_guest.c events_tracer.c events_stream.c)
events_obj := $(addprefix $(B)/obj/guest/,bulk.o bulk_ring.o event_flush.o event_pages.o reply.o rt.o)

$(B)/bench/events_guest: $(events_src) $(wildcard $(bench_dir)/events_*.h) $(events_obj) \
		$(bpf_skel) $(ktstr_mk) $(bench_dir)/bench.mk
	$(ktstr_say) CC[guest] $@
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(filter-out -MMD -MP,$(ktstr_cflags)) -I$(B)/bpf -I$(ktstr_bpf)/include \
		-static -o $@ $(events_src) $(events_obj) $(guest_libs)

# Asked for when the tools of scripts/bpf/tools are there: by then, make is another one.
.PHONY: bench-events
bench-events: $(B)/kmod/ktstr.ko $(if $(ktstr_has_bpf),$(B)/bench/events_guest)

-include $(addsuffix .d,$(bench_bin))
