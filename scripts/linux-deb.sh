#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/linux-deb.sh DIRECTORY: make the package linux-image-VERSION-ringlet.
#
# The package's name has the kernel's version, so that a new kernel does not
# replace the modules of the one that runs: debian/control cannot name it, and
# this script puts the package together, of what build.sh made and
# debian/linux-image/. Prints the package's path.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
out=${1:?"usage: linux-deb.sh DIRECTORY"}
linux=$top/build/linux-debian

"$top/guest-patches/linux-6.12/build.sh" debian >/dev/null
release=$(cat "$linux/release")
ringlet=$(dpkg-parsechangelog -l "$top/debian/changelog" -S Version)
# The same source with other patches is a newer package.
version=$(dpkg-query -W -f '${Version}' linux-source-6.12)+ringlet$ringlet

mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d "$out/linux-image.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
root=$work/root

install -d "$root/DEBIAN" "$root/boot/ringlet" "$root/lib"
install -m 644 "$linux/bzImage" "$root/boot/vmlinuz-$release"
install -m 644 "$linux/System.map" "$root/boot/System.map-$release"
install -m 644 "$linux/config" "$root/boot/config-$release"
install -m 644 "$linux/vmlinux" "$root/boot/ringlet/vmlinux-$release"
cp -a "$linux/lib/modules" "$root/lib/"
chmod -R u=rwX,go=rX "$root/lib"
# depmod writes these where the package is installed.
(cd "$root/lib/modules/$release" && find . -maxdepth 1 -name 'modules.*' \
	! -name modules.builtin ! -name modules.builtin.modinfo \
	! -name modules.order -delete)

doc=$root/usr/share/doc/linux-image-$release
install -d "$doc"
install -m 644 "$top/debian/linux-image/copyright" "$doc/copyright"
sed "1s/(.*)/($version)/;1s/^ringlet/linux-image-$release/" \
	"$top/debian/changelog" | gzip -9n >"$doc/changelog.gz"

for script in preinst postinst prerm postrm; do
	sed "s/@RELEASE@/$release/" "$top/debian/linux-image/$script" \
		>"$root/DEBIAN/$script"
	chmod 755 "$root/DEBIAN/$script"
done
sed "s/@RELEASE@/$release/g; s/@VERSION@/$version/; s/@RINGLET@/$ringlet/
	s/@SIZE@/$(du -sk "$root" | cut -f 1)/" \
	"$top/debian/linux-image/control" >"$root/DEBIAN/control"
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' |
	sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
chmod 644 "$root/DEBIAN/control" "$root/DEBIAN/md5sums"

deb=$out/linux-image-${release}_${version}_amd64.deb
dpkg-deb --root-owner-group -Zxz -z3 --build "$root" "$deb" >/dev/null
echo "$deb"
