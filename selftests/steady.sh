#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kselftest: boot this tree's kernel in a machine of ktstr's and judge its own
# scheduler with the scenario "steady".
#
# The kernel: $KDIR, or what the Makefile wrote into "kdir" when it was built.
# Exit status: 0 pass, 1 fail, 4 skip with the reason.
set -u

ksft_skip=4
here=$(cd "$(dirname "$0")" && pwd)

skip() {
	echo "# SKIP: $*"
	exit "$ksft_skip"
}

# find NAME PLACE...: the first that is there. A run with O= starts this script
# from the source directory while what was built is in $OUTPUT.
find() {
	local name=$1 p

	shift
	for p; do
		[ -x "$p/$name" ] && echo "$p/$name" && return
	done
}

ktstr=$(find ktstr ${OUTPUT:+"$OUTPUT"} "$here")
[ -n "$ktstr" ] || skip "ktstr was not built; it needs libjansson, libelf, zlib, liblzma and libzstd with their headers"
top=${ktstr%/*}

kdir=${KDIR:-$(cat "$top/kdir" 2>/dev/null)}
vmlinux=$kdir/vmlinux
[ -f "$vmlinux" ] || skip "no vmlinux in ${kdir:-an unknown tree}; build that kernel, or set KDIR to a built one"

# Without hardware KVM ktstr emulates a machine, and that machine needs a kernel
# too: ktstr's own if there is one, else this one if it can be used.
KTSTR_KVMBOX=$(find kvmbox "$top" "$here" "$here/scripts")
KTSTR_BOX_DIR=$top/build
[ -d "$KTSTR_BOX_DIR" ] || KTSTR_BOX_DIR=$top
export KTSTR_KVMBOX KTSTR_BOX_DIR
own=${XDG_CACHE_HOME:-$HOME/.cache}/ktstr/kernels/box/bzImage
if [ -z "${KTSTR_BOX_KERNEL:-}" ] && [ ! -r "$own" ]; then
	export KTSTR_BOX_KERNEL=$kdir/arch/x86/boot/bzImage
	box_ok=1
	for c in 9P_FS NET_9P_VIRTIO VIRTIO_PCI VIRTIO_CONSOLE KVM_AMD OVERLAY_FS DEVTMPFS_MOUNT; do
		grep -qx "CONFIG_$c=y" "$kdir/.config" 2>/dev/null || box_ok=
	done
	if [ -z "$box_ok" ] && ! { [ -w /dev/kvm ] && grep -qwE 'svm|vmx' /proc/cpuinfo; }; then
		skip "no hardware KVM here, and no kernel to emulate a machine with; run scripts/kernel/build of ktstr once"
	fi
fi

# The runner sends SIGTERM when time is up, and only to this shell.
pid=
trap '[ -z "$pid" ] || kill -TERM "$pid"' TERM INT HUP
"$ktstr" run steady --kernel "$vmlinux" &
pid=$!
wait "$pid"
rc=$?
while kill -0 "$pid" 2>/dev/null; do	# a trap ended the wait
	wait "$pid"
	rc=$?
done
case $rc in
0 | 1 | "$ksft_skip") exit "$rc" ;;
2)	skip "this environment cannot run ktstr; the reason is above" ;;
3)	skip "inconclusive; the reason is above" ;;
*)	echo "# ktstr ended with status $rc"; exit 1 ;;
esac
