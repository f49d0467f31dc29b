# SPDX-License-Identifier: GPL-2.0-only
# include/ktstr/wire.h with small frames, so that a fuzzer's input holds the largest
# there is and more. fuzz_assembler.c refuses to build when the line fails to match.
s/^\(#define KTSTR_WIRE_PAYLOAD_MAX\t\)(256u << 10)/\1512u/
