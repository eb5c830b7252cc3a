# SPDX-License-Identifier: GPL-2.0-only
# build/tests/linux/load: a program that system tests run in any Linux domain.
# Static, so that it runs in any initramfs.

$(B)/tests/linux/load: tests/linux/load.c tests/linux/build.mk
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -static \
		-pthread -o $@ $<

system-test-files: $(B)/tests/linux/load
