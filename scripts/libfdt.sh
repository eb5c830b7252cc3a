#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Unpack libfdt and the font from Debian's kernel source, for the hypervisor.
#
# The hypervisor compiles libfdt with its own flags: Debian's libfdt.a has stack
# protector canaries and jump tables, which cannot be in a hypervisor. Only the
# parts that it uses are taken: reading, and sequential writing.
#
# Usage: scripts/libfdt.sh [DIRECTORY]    (default: build/libfdt)
# RINGLET_LINUX_TARBALL names another tarball of the kernel source.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
dir=${1:-$top/build/libfdt}
tarball=${RINGLET_LINUX_TARBALL:-/usr/src/linux-source-6.12.tar.xz}
files='fdt.c fdt.h fdt_ro.c fdt_sw.c libfdt.h libfdt_internal.h'

fail() {
	echo "libfdt.sh: $*" >&2
	exit 1
}

complete() {
	for file in $files libfdt_env.h font_8x16.c; do
		[ -s "$dir/$file" ] || return 1
	done
	cmp -s "$top/hypervisor/libfdt_env.h" "$dir/libfdt_env.h"
}

! complete || exit 0
[ -r "$tarball" ] ||
	fail "$tarball is missing: install the Debian package linux-source-6.12"

tmp=$dir.tmp.$$
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp"
members=linux-source-6.12/lib/fonts/font_8x16.c
for file in $files; do
	members="$members linux-source-6.12/scripts/dtc/libfdt/$file"
done
# --occurrence stops at the last member wanted instead of reading to the end.
# shellcheck disable=SC2086
tar -xmJf "$tarball" -C "$tmp" --transform='s,.*/,,' --occurrence=1 $members ||
	fail "cannot unpack libfdt and the font from $tarball"
cp "$top/hypervisor/libfdt_env.h" "$tmp/"
rm -rf "$dir"
mkdir -p "$(dirname "$dir")"
mv "$tmp" "$dir"
