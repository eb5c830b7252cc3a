#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Build the modular Linux 6.12 of the package linux-image-VERSION-ringlet.
#
# The same source and patches as build.sh, configured by config.debian over
# config, with modules. The result is kept in the same cache, named by a hash of
# all that goes in; build/linux-debian becomes a link to it. In it: vmlinux
# (stripped, for Ringlet), bzImage, System.map, config, release (the kernel's
# version) and lib/modules/. Needs no network.
#
# Environment: as build.sh.
set -eu

die()
{
	echo "build-debian.sh: $*" >&2
	exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
source=${LINUX_SOURCE:-/usr/src/linux-source-6.12.tar.xz}
cc=${CC:-gcc}
jobs=${JOBS:-$(nproc)}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ringlet

[ -r "$source" ] ||
	die "$source is missing; install the package linux-source-6.12"

version=$(dpkg-query -W -f '${Version}' linux-source-6.12 2>/dev/null) ||
	version=$(sha256sum < "$source")

hash=$({
	echo "$version"
	$cc --version | head -n 1
	cd "$here"
	cat build-debian.sh config config.debian [0-9]*.patch
	cd "$top"
	cat pv-abi/include/ringlet/*.h include/linux/ringlet.h
} | sha256sum | cut -c 1-16)
result=$cache/linux-debian-$hash

link_result()
{
	mkdir -p "$top/build"
	ln -sfn "$result" "$top/build/linux-debian"
	echo "$result"
}

if [ -e "$result/vmlinux" ]; then
	link_result
	exit 0
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

echo "build-debian.sh: unpacking $source (linux-source-6.12 $version)" >&2
mkdir "$work/src" "$work/out"
tar -xf "$source" -C "$work/src" --strip-components=1
for p in "$here"/[0-9]*.patch; do
	patch -s -p1 -d "$work/src" < "$p" >&2 ||
		die "$(basename "$p") does not apply to linux-source-6.12 $version"
done
mkdir -p "$work/src/include/ringlet"
cp "$top"/pv-abi/include/ringlet/*.h "$work/src/include/ringlet/"
cp "$top/include/linux/ringlet.h" "$work/src/include/uapi/linux/ringlet.h"

kmake()
{
	make -s -C "$work/src" O="$work/out" CC="$cc" \
		KBUILD_BUILD_USER=ringlet KBUILD_BUILD_HOST=ringlet "$@" >&2
}

kmake tinyconfig
# What comes last counts.
(cd "$here" && sed -n '/^CONFIG_/p' config config.debian) |
	awk -F= '{ line[$1] = $0 } END { for (s in line) print line[s] }' |
	sort > "$work/wanted"
(cd "$work/out" &&
	"$work/src/scripts/kconfig/merge_config.sh" -m -O . .config \
		"$work/wanted" > /dev/null)
kmake olddefconfig

# What was asked for must be what came out: Kconfig drops symbols silently.
while IFS='=' read -r sym want; do
	got=$(sed -n "s/^$sym=//p" "$work/out/.config")
	[ "${got:-n}" = "$want" ] ||
		die "$sym is ${got:-n} after olddefconfig, config asks for $want"
done < "$work/wanted"

echo "build-debian.sh: building with $jobs jobs; this takes half an hour" >&2
kmake -j"$jobs" vmlinux bzImage modules

mkdir "$work/result"
kmake modules_install INSTALL_MOD_PATH="$work/result" INSTALL_MOD_STRIP=1 \
	DEPMOD=true
rm -f "$work/result/lib/modules"/*/build "$work/result/lib/modules"/*/source
cp "$work/out/include/config/kernel.release" "$work/result/release"
cp "$work/out/arch/x86/boot/bzImage" "$work/out/System.map" "$work/result/"
cp "$work/out/.config" "$work/result/config"
objcopy --strip-all "$work/out/vmlinux" "$work/result/vmlinux"

# Another build of the same may have come first; both are as good.
mv -T "$work/result" "$result" 2>/dev/null || [ -e "$result/vmlinux" ] ||
	die "$result cannot be made"
link_result
