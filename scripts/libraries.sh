#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Copy the shared libraries that the programs below a directory need into it.
#
# Usage: scripts/libraries.sh ROOT
#
# For an initramfs with programs of this machine: ROOT/lib32 and
# ROOT/lib/x86_64-linux-gnu, where the program loaders look without being told, and
# the loaders themselves. Strips debugging information from the programs. libgcc_s,
# which libc loads only when a thread ends by pthread_exit(), comes with libc.
set -eu

root=$1

programs=$(find "$root" -type f -perm /111)
for program in $programs; do
	case $(head -c 5 "$program" | od -An -tx1) in
	' 7f 45 4c 46 01') bits=32 directory=lib32
		loader=lib/ld-linux.so.2 ;;
	' 7f 45 4c 46 02') bits=64 directory=lib/x86_64-linux-gnu
		loader=lib64/ld-linux-x86-64.so.2 ;;
	*) continue ;;
	esac
	strip -g "$program"
	[ -e "$root/$loader" ] || {
		install -D -m 755 "/$loader" "$root/$loader"
		install -D -m 755 "$(gcc -m$bits -print-file-name=libgcc_s.so.1)" \
			"$root/$directory/libgcc_s.so.1"
	}
	ldd "$program" 2>/dev/null | sed -n 's,.*=> \(/[^ ]*\).*,\1,p' |
	while read -r library; do
		install -D -m 755 "$library" \
			"$root/$directory/$(basename "$library")"
	done
done
