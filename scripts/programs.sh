#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Make a CD image with programs of this machine and their shared libraries, for a
# Linux whose initramfs has neither: as a disk it is read where it is used, and
# takes no memory otherwise.
#
# Usage: scripts/programs.sh OUTPUT PROGRAM...
#
# Where the image is mounted, "sh MOUNTPOINT/run PROGRAM [ARGUMENT]..." runs one that
# needs libraries; all are in MOUNTPOINT/bin.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
output=$1
shift

root=$(mktemp -d)
trap 'rm -rf "$root" "$root.log" "$output.new"' EXIT
chmod 755 "$root"
for program; do
	[ -e "$program" ] || {
		echo "programs.sh: $program is missing: see scripts/install-deps.sh" >&2
		exit 1
	}
	install -D -m 755 "$program" "$root/bin/$(basename "$program")"
done
"$top/scripts/libraries.sh" "$root"
cat >"$root/run" <<'END'
dir=${0%/*}
program=$dir/bin/$1
shift
exec "$dir/lib64/ld-linux-x86-64.so.2" \
	--library-path "$dir/lib/x86_64-linux-gnu" "$program" "$@"
END

mkdir -p "$(dirname "$output")"
xorriso -as mkisofs -quiet -R -o "$output.new" "$root" >"$root.log" 2>&1 || {
	cat "$root.log" >&2
	exit 1
}
mv "$output.new" "$output"
