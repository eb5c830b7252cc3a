# SPDX-License-Identifier: GPL-2.0-only
# build/tests/loopback.initrd: an initramfs with the device side of
# /dev/ringlet-loopback, for bzImage.loopback on the bare machine.

$(B)/tests/loopback/device: tests/loopback/device.c include/linux/ringlet.h \
		pv-abi/include/ringlet/virtio.h tests/loopback/build.mk
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -static \
		-Iinclude -Ipv-abi/include -o $@ tests/loopback/device.c

$(B)/tests/loopback.gz: $(B)/tests/loopback/device
	@scripts/initramfs-part.sh $@ loopback/device=$<

$(B)/tests/loopback.initrd: $(I)/initrd-domu.gz $(B)/tests/loopback.gz
	@cat $^ > $@
