# SPDX-License-Identifier: GPL-2.0-only
# report.html in a browser. Included by the Makefile at the top.

html_page := $(B)/html/make_page
# event_feed.h cuts names into fields that are zero: the compiler cannot know.

$(html_page): selftests/html/make_page.c $(B)/libhost.a $(B)/libvmm.a $(ktstr_mk) \
		selftests/html/html.mk
	$(ktstr_say) CC $<
	$(ktstr_q)mkdir -p $(@D)
	$(ktstr_q)$(CC) $(ktstr_cflags) -Wno-stringop-truncation -I. -o $@ $< $(B)/libhost.a $(B)/libvmm.a $(ktstr_libs)

.PHONY: html html-build
html-build: $(html_page)

html: html-build
	@selftests/html/run $(html_page) $(B)/html

-include $(html_page).d
