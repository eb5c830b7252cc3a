# SPDX-License-Identifier: GPL-2.0-only
# build/tests/linux/NAME: programs that system tests run in any Linux domain.
# Static, so that they run in any initramfs.

linux-programs := $(patsubst tests/linux/%.c,$(B)/tests/linux/%,\
	$(wildcard tests/linux/*.c))

$(B)/tests/linux/%: tests/linux/%.c tests/linux/build.mk \
		include/linux/ringlet.h
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -static \
		-Iinclude -pthread -o $@ $<

system-test-files: $(linux-programs)
