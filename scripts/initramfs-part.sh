#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Make a part of an initramfs, to be appended to another: each FILE as PATH, with the
# shared libraries that programs among them need.
#
# Usage: scripts/initramfs-part.sh OUTPUT PATH=FILE...
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
output=$1
shift

root=$(mktemp -d)
trap 'rm -rf "$root" "$output.new"' EXIT
chmod 755 "$root"
for item; do
	[ -e "${item#*=}" ] || {
		echo "initramfs-part.sh: ${item#*=} is missing: see scripts/install-deps.sh" >&2
		exit 1
	}
	mkdir -p "$root/$(dirname "${item%%=*}")"
	cp "${item#*=}" "$root/${item%%=*}"
done
"$top/scripts/libraries.sh" "$root"

mkdir -p "$(dirname "$output")"
(cd "$root" && find . -exec touch -h -d @0 {} + && find . |
	LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) |
	gzip -1 -n >"$output.new"
mv "$output.new" "$output"
