#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Make the initramfs of domain 0 or of the example domain.
#
# Usage: scripts/initramfs.sh dom0|domu OUTPUT [PATH=FILE]...
#
# User space is Debian's static BusyBox, the files of scripts/initramfs/, and each
# FILE as PATH (which keeps its mode). The result only depends on these.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
kind=$1
output=$2
shift 2

busybox=
for candidate in /bin/busybox /usr/bin/busybox; do
	[ ! -x "$candidate" ] || busybox=$candidate
done
[ "$busybox" ] || {
	echo "initramfs.sh: busybox is missing: install the Debian package busybox-static" >&2
	exit 1
}

root=$(mktemp -d)
trap 'rm -rf "$root" "$output.new"' EXIT
(
	cd "$root"
	chmod 755 .
	mkdir -p bin sbin usr/bin usr/sbin dev proc sys run tmp root etc \
		var/log
	cp "$busybox" bin/busybox
	# The applets, each where BusyBox expects it.
	"$busybox" --list-full | while read -r applet; do
		[ "$applet" = bin/busybox ] || ln -sf /bin/busybox "$applet"
	done
	ln -s sbin/init init
	cp -R "$top/scripts/initramfs/common/." .
	cp -R "$top/scripts/initramfs/$kind/." .
	chmod 755 etc/rc
)
for item; do
	path=$root/${item%%=*}
	mkdir -p "$(dirname "$path")"
	rm -f "$path"
	cp "${item#*=}" "$path"
done

mkdir -p "$(dirname "$output")"
(cd "$root" && find . -exec touch -h -d @0 {} + && find . |
	LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) |
	gzip -1 -n >"$output.new"
mv "$output.new" "$output"
