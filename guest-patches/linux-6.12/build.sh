#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Build Linux 6.12 as a Ringlet guest.
#
# Unpacks Debian's kernel source, applies the patches beside this script, copies
# the ABI headers in, configures, builds vmlinux and bzImage, and keeps the
# result in a cache, named by a hash of all that goes in. build/linux of the
# repository becomes a link to it. Needs no network.
#
# With an argument, "test" for one: config.test is merged over config, and
# build/linux-test is the link. Without, there is bzImage.loopback, too. "debian" is
# the kernel of the package linux-image-VERSION-ringlet: its result has the modules
# in lib/modules/, and the kernel's version in release.
#
# Environment:
#   LINUX_SOURCE    source archive (/usr/src/linux-source-6.12.tar.xz)
#   CC              compiler (gcc); "ccache gcc" works too
#   JOBS            jobs at a time (number of CPUs)
#   XDG_CACHE_HOME  parent of the cache ($HOME/.cache)
set -eu

die()
{
	echo "build.sh: $*" >&2
	exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
source=${LINUX_SOURCE:-/usr/src/linux-source-6.12.tar.xz}
cc=${CC:-gcc}
jobs=${JOBS:-$(nproc)}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ringlet
kind=${1:-}
configs="config${kind:+ config.$kind}"

[ -r "$source" ] ||
	die "$source is missing; install the package linux-source-6.12"

# The package's version stands for the archive's content where dpkg knows it.
version=$(dpkg-query -W -f '${Version}' linux-source-6.12 2>/dev/null) ||
	version=$(sha256sum < "$source")

hash=$({
	echo "$version"
	$cc --version | head -n 1
	cd "$here"
	# shellcheck disable=SC2086
	cat build.sh $configs [0-9]*.patch
	cd "$top"
	cat pv-abi/include/ringlet/*.h include/linux/ringlet.h
} | sha256sum | cut -c 1-16)
result=$cache/linux-$hash

link_result()
{
	mkdir -p "$top/build"
	ln -sfn "$result" "$top/build/linux${kind:+-$kind}"
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

echo "build.sh: unpacking $source (linux-source-6.12 $version)" >&2
mkdir "$work/src" "$work/out"
tar -xf "$source" -C "$work/src" --strip-components=1
echo "build.sh: Linux $(make -s -C "$work/src" kernelversion)" >&2

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
# shellcheck disable=SC2086
(cd "$here" && sed -n '/^CONFIG_/p' $configs) |
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

echo "build.sh: building with $jobs jobs; this takes some minutes, with modules half an hour" >&2
modules=
[ "$kind" != debian ] || modules=modules
# shellcheck disable=SC2086
kmake -j"$jobs" vmlinux bzImage $modules

mkdir "$work/result"
objcopy --strip-all "$work/out/vmlinux" "$work/result/vmlinux"
cp "$work/out/arch/x86/boot/bzImage" "$work/out/System.map" "$work/result/"
cp "$work/out/.config" "$work/result/config"

if [ "$modules" ]; then
	kmake modules_install INSTALL_MOD_PATH="$work/result" \
		INSTALL_MOD_STRIP=1 DEPMOD=true
	rm -f "$work/result/lib/modules"/*/build \
		"$work/result/lib/modules"/*/source
	cp "$work/out/include/config/kernel.release" "$work/result/release"
fi

# The same that can serve its own virtio devices, for tests/system/loopback: only
# drivers/ringlet is compiled again.
if [ -z "$kind" ]; then
	"$work/src/scripts/config" --file "$work/out/.config" \
		--enable RINGLET_LOOPBACK
	kmake olddefconfig
	grep -q '^CONFIG_RINGLET_LOOPBACK=y' "$work/out/.config" ||
		die "RINGLET_LOOPBACK cannot be enabled"
	kmake -j"$jobs" bzImage
	cp "$work/out/arch/x86/boot/bzImage" "$work/result/bzImage.loopback"
fi

# Another build of the same may have come first; both are as good.
mv -T "$work/result" "$result" 2>/dev/null || [ -e "$result/vmlinux" ] ||
	die "$result cannot be made"
link_result
