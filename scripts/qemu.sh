#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Boot the GRUB image in QEMU, with the machine's serial port on this terminal.
#
# Usage: scripts/qemu.sh [QEMU OPTION]...
#
# All keys go to the machine, Ctrl-C and Ctrl-A too. It ends with "poweroff" in
# domain 0, or with kill from another terminal. Another machine is chosen by
# CPUS, MEMORY (MiB), ISO, MACHINE (q35 or pc) and FIRMWARE (bios or uefi).
set -eu

cd "$(dirname "$0")/.."
iso=${ISO:-build/ringlet.iso}
[ -r "$iso" ] || {
	echo "qemu.sh: $iso is missing: run 'make iso'" >&2
	exit 1
}

ovmf=/usr/share/ovmf/OVMF.fd
case ${FIRMWARE:-bios} in
bios) ;;
uefi)
	[ -r $ovmf ] || {
		echo "qemu.sh: $ovmf is missing: install the package ovmf" >&2
		exit 1
	}
	set -- -bios $ovmf "$@"
	;;
*)
	echo "qemu.sh: FIRMWARE is bios or uefi, not '$FIRMWARE'" >&2
	exit 2
	;;
esac

# A disk and a network card for domain 0. The disk keeps what is written to it.
disk=build/run/disk.img
mkdir -p build/run
[ -e "$disk" ] || truncate -s 1G "$disk"

echo "Serial port of the machine follows. Ctrl-A three times: hypervisor keys."
echo "To end: type 'poweroff' in domain 0, or 'kill $$' in another terminal."
exec qemu-system-x86_64 -machine "${MACHINE:-q35}" -cpu max -accel tcg \
	-smp "${CPUS:-2}" -m "${MEMORY:-2048}" -display none -monitor none \
	-chardev stdio,id=console,signal=off -serial chardev:console \
	-drive "file=$iso,media=cdrom,readonly=on,format=raw" -boot d \
	-drive "file=$disk,if=none,id=disk,format=raw" \
	-device virtio-blk-pci,drive=disk \
	-netdev user,id=net -device virtio-net-pci,netdev=net "$@"
