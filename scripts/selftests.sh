#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Build Linux's own tests (tools/testing/selftests), for 64 and 32 bits.
#
# From Debian's kernel source; the result is a part of an initramfs, with the
# libraries that the programs need, and lies in the cache, named by a hash of all
# that went in. build/selftests becomes a link to it.
#
# Environment: LINUX_SOURCE, JOBS, XDG_CACHE_HOME, as for
# guest-patches/linux-6.12/build.sh.
set -eu

directories='x86 timers futex mm vDSO sigaltstack ptrace'

die()
{
	echo "selftests.sh: $*" >&2
	exit 1
}

top=$(cd "$(dirname "$0")/.." && pwd)
source=${LINUX_SOURCE:-/usr/src/linux-source-6.12.tar.xz}
jobs=${JOBS:-$(nproc)}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ringlet

[ -r "$source" ] ||
	die "$source is missing; install the package linux-source-6.12"
echo 'int main(void) { return 0; }' |
	gcc -m32 -x c -o /dev/null - 2>/dev/null ||
	die "gcc -m32 does not work; install the package gcc-multilib"

version=$(dpkg-query -W -f '${Version}' linux-source-6.12 2>/dev/null) ||
	version=$(sha256sum < "$source")
hash=$({
	echo "$version"
	gcc --version | head -n 1
	cat "$0" "$top/scripts/libraries.sh"
} | sha256sum | cut -c 1-16)
result=$cache/selftests-$hash

link_result()
{
	mkdir -p "$top/build"
	ln -sfn "$result" "$top/build/selftests"
	echo "$result"
}

if [ -e "$result/initrd.gz" ]; then
	link_result
	exit 0
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/selftests.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
log=$work/result/build.log
mkdir "$work/src" "$work/out" "$work/root" "$work/result"

echo "selftests.sh: unpacking $source (linux-source-6.12 $version)" >&2
tar -xf "$source" -C "$work/src" --strip-components=1
echo "selftests.sh: building with $jobs jobs" >&2
make -s -C "$work/src" O="$work/out" headers >"$log" 2>&1 || {
	tail -n 20 "$log" >&2
	die "the kernel's headers cannot be made"
}
# Some tests want libraries or headers that are not there: these are left out,
# and missed by tests/selftests/run if its list has them. (mm/khugepaged.c uses
# KSFT_SKIP without its header, which would keep all of mm from being installed.)
EXTRA_CFLAGS=-DKSFT_SKIP=4 make -k -j"$jobs" -C "$work/src/tools/testing/selftests" O="$work/out" \
	KHDR_INCLUDES="-isystem $work/out/usr/include" \
	TARGETS="$directories" INSTALL_PATH="$work/root/selftests" \
	install >>"$log" 2>&1 || true

"$top/scripts/libraries.sh" "$work/root"

(cd "$work/root" && find . -exec touch -h -d @0 {} + && find . |
	LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) |
	gzip -1 -n >"$work/result/initrd.gz"

mv -T "$work/result" "$result" 2>/dev/null || [ -e "$result/initrd.gz" ] ||
	die "$result cannot be made"
link_result
