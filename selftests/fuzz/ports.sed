# SPDX-License-Identifier: GPL-2.0-only
# include/ktstr/ports.h with small bounds: eight bytes of a fuzzer's input then fill
# a buffer or overrun a pass. fuzz_console.c refuses to build when a line fails to match.
s/^\(#define KTSTR_TX_SLICE_MAX\t\)(32u << 10)/\1256u/
s/^\(#define KTSTR_TX_PASS_BYTES\t\)(256u << 10)/\1(2u << 10)/
s/^\(#define KTSTR_RX_PASS_CHAINS\t\)64$/\18/
s/^\(#define KTSTR_CTRL_PASS_CHAINS\t\)32$/\18/
s/^\(#define KTSTR_TX_BUF_MAX\t\)(8u << 20)/\1(64u << 10)/
s/^\(#define KTSTR_PENDING_RX_MAX\t\)(8u << 20)/\1(64u << 10)/
