#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Make a bootable CD image with GRUB on it.
#
# Usage: scripts/iso.sh [--small] OUTPUT GRUB.CFG [PATH=FILE]...
#
# Each FILE becomes PATH on the image. The image boots from BIOS and, where the
# Debian package grub-efi-amd64-bin is installed, from UEFI. --small is for tests:
# BIOS only, with a GRUB of a handful of modules, made in a fraction of a second.
set -eu

small=
if [ "${1:-}" = --small ]; then
	small=1
	shift
fi
[ $# -ge 2 ] || {
	echo "Usage: scripts/iso.sh [--small] OUTPUT GRUB.CFG [PATH=FILE]..." >&2
	exit 2
}
output=$1
config=$2
shift 2

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/boot/grub" "$(dirname "$output")"
cp "$config" "$tree/boot/grub/grub.cfg"
for item; do
	path=${item%%=*}
	mkdir -p "$tree/$(dirname "$path")"
	cp "${item#*=}" "$tree/$path"
done

if [ "$small" ]; then
	grub-mkimage -O i386-pc-eltorito -o "$tree/boot/grub/core.img" \
		-p /boot/grub biosdisk iso9660 multiboot2 linux serial normal echo
	make_image() {
		xorriso -as mkisofs -quiet -R -b boot/grub/core.img \
			-no-emul-boot -boot-load-size 4 -boot-info-table \
			-o "$output.new" "$tree"
	}
else
	make_image() {
		grub-mkrescue --locales= --fonts= --themes= \
			-o "$output.new" "$tree"
	}
fi
make_image >"$tree.log" 2>&1 || {
	cat "$tree.log" >&2
	rm -f "$tree.log" "$output.new"
	echo "iso.sh: cannot make $output" >&2
	exit 1
}
rm -f "$tree.log"
mv "$output.new" "$output"
