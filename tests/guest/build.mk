# SPDX-License-Identifier: GPL-2.0-only
# Test guests: each directory of tests/guest/ with a main.c becomes
# build/tests/guest/NAME.elf. Nothing but pv-abi/ and lib/ goes into them.

guest-lib := tests/guest/lib
guest-names := $(patsubst tests/guest/%/main.c,%,\
	$(wildcard tests/guest/*/main.c))
guest-names := $(filter-out lib,$(guest-names))
guest-lib-c := $(wildcard $(guest-lib)/*.c)
guest-lib-objects := $(guest-lib-c:%.c=$(B)/%.o) $(B)/$(guest-lib)/start.S.o
guest-images := $(guest-names:%=$(B)/tests/guest/%.elf)

GUEST_CFLAGS := -std=gnu11 -ffreestanding -fno-stack-protector -mno-red-zone \
	-mgeneral-regs-only -fno-strict-aliasing -fpie -fvisibility=hidden \
	-fno-asynchronous-unwind-tables -fcf-protection=none -O2 -g \
	-Ipv-abi/include -I$(B)/generated -I$(guest-lib) -Wall -Wextra -Werror
GUEST_LDFLAGS := -m elf_x86_64 -pie --no-dynamic-linker -z norelro \
	-z noexecstack -z max-page-size=4096 --build-id=none \
	-T $(guest-lib)/guest.lds

.PHONY: new-guest-test
guests: $(guest-images)

$(B)/tests/guest/%.o: tests/guest/%.c tests/guest/build.mk | $(generated)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/guest/%.S.o: tests/guest/%.S tests/guest/build.mk
	@mkdir -p $(@D)
	@echo "  AS      $@"
	@$(CC) -D__ASSEMBLER__ $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/guest/%.elf: $(B)/tests/guest/%/main.o $(guest-lib-objects) \
		$(guest-lib)/guest.lds
	@echo "  LD      $@"
	@$(LD) $(GUEST_LDFLAGS) -o $@ $(filter %.o,$^)

-include $(guest-names:%=$(B)/tests/guest/%/main.d) \
	$(guest-lib-objects:.o=.d)

# make new-guest-test NAME=...
new-guest-test:
	@scripts/new-guest-test.sh '$(NAME)'
