#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Install the Debian packages that building, running and testing need.
#
# Does nothing, and needs no network, when all of them are there.
set -eu

# compilers and build tools of the hypervisor and the tools
packages='make gcc g++ binutils libc6-dev clang-14 libclang-rt-14-dev
	cppcheck python3
	kconfig-frontends-nox libfdt-dev libjson-c-dev check libsubunit-dev'
# Linux
packages="$packages linux-source-6.12 bc bison flex libelf-dev libssl-dev
	patch xz-utils kmod rsync"
# Linux's own tests, stress-ng
packages="$packages gcc-multilib libcap-dev libnuma-dev stress-ng"
# loads of disks and networks
packages="$packages fio iperf3"
# Debian packages
packages="$packages build-essential debhelper lintian mmdebstrap fdisk e2fsprogs"
# image, domain 0's user space, virtual machine, tests
packages="$packages grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools device-tree-compiler
	busybox-static cpio qemu-system-x86 qemu-utils qemu-system-common ovmf
	nftables dnsmasq-base iproute2 python3-pexpect gdb"

missing=
for package in $packages; do
	# shellcheck disable=SC2016
	case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
	installed) ;;
	*) missing="$missing $package" ;;
	esac
done
[ "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
	as_root=
elif command -v sudo >/dev/null; then
	as_root=sudo
else
	echo "install-deps.sh: these Debian packages are missing:$missing" >&2
	echo "Install them as root (sudo is not there), then try again." >&2
	exit 1
fi
echo "Installing:$missing"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
for package in $missing; do
	apt-cache show "$package" >/dev/null 2>&1 && continue
	echo "install-deps.sh: no source of apt has $package" >&2
	echo "Debian 12 has all of them: in its suites bookworm, bookworm-updates and" \
		"bookworm-security (Linux 6.12). Add what is missing to" \
		"/etc/apt/sources.list, then try again." >&2
	exit 1
done
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
	--no-install-recommends $missing
