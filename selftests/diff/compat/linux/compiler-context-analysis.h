/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For trees whose <linux/compiler_types.h> wants this header and whose
 * tools/virtio does not have it. It only holds annotations for a static analyser.
 * Found last on the include path: a tree that brings its own is not disturbed.
 */
