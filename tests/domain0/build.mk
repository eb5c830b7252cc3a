# SPDX-License-Identifier: GPL-2.0-only
# build/tests/domain0/device: a program that a system test runs in domain 0.
# Static, so that it runs in any initramfs.

domain0-c := $(wildcard tests/domain0/*.c)

$(B)/tests/domain0/device: $(domain0-c) $(wildcard tests/domain0/*.h) \
		tests/guest/partner/mailbox.h include/linux/ringlet.h \
		$(wildcard pv-abi/include/ringlet/*.h) tests/domain0/build.mk
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -static \
		-Iinclude -Ipv-abi/include -o $@ $(domain0-c)

system-test-files: $(B)/tests/domain0/device
