# SPDX-License-Identifier: GPL-2.0-only
# Fuzzers: tests/fuzz/NAME_fuzz.c has LLVMFuzzerTestOneInput() and becomes
# build/tests/fuzz/NAME, with the hypervisor's files built for the host by clang.
# What one needs beside them stands in NAME-fuzz-sources, -cflags and -libs.

FUZZ_CC ?= clang-14

config-fuzz-sources := $(tools_config-sources)
config-fuzz-cflags := -iquote dom0-tools/libringlet
config-fuzz-libs := -ljson-c
builder-fuzz-libs := -lfdt
# It includes domain.c.
hypercall-fuzz-sources := $(addprefix hypervisor/x86/,vcpu.c hc_cpu.c ldt.c)
# The manager with a clock of the fuzzer's, and without its lines.
dm-fuzz-sources := $(filter-out dom0-tools/ringlet-dm/guest.c,\
	$(wildcard dom0-tools/ringlet-dm/*.c))
dm-fuzz-cflags := -Dclock_gettime=fuzz_clock -Dfprintf=fuzz_print -Dmain=dm_main
dm-fuzz-libs := -ljson-c
# The hypervisor's libfdt, with the sanitizers. It reads numbers at any address.
boot_domains-fuzz-sources := $(addprefix $(B)/libfdt/,fdt.c fdt_ro.c)
boot_domains-fuzz-cflags := -Wno-sign-compare -fno-sanitize=alignment \
	-include /usr/include/libfdt_env.h

fuzz-names := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
fuzzers := $(fuzz-names:%=$(B)/tests/fuzz/%)

fuzz-flags := $(filter-out -fsanitize=%,$(host-flags)) -Itests/fuzz \
	-fsanitize=fuzzer-no-link,address,undefined
FUZZ_CFLAGS := $(fuzz-flags) $(warnings)
fuzz-c := $(filter-out hypervisor/string.c,$(wildcard hypervisor/*.c)) \
	tests/unit/host_hv.c tests/unit/host_x86.c
fuzz-objects := $(fuzz-c:%.c=$(B)/fuzz/%.o)


$(B)/generated/fuzz-flags: FORCE
	$(call write-changed,'$(FUZZ_CC) $(FUZZ_CFLAGS) $(foreach n,\
		$(fuzz-names),$($(n)-fuzz-cflags))')

$(B)/fuzz/%.o: %.c $(B)/generated/fuzz-flags | $(generated)
	@mkdir -p $(@D)
	@echo "  FUZZCC  $@"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/fuzz/libringlet-hv.a: $(fuzz-objects)
	@echo "  AR      $@"
	@rm -f $@
	@ar rcs $@ $^

define fuzz-rules
$(B)/tests/fuzz/$(1).d/%.o: %.c $(B)/generated/fuzz-flags | $(generated)
	@mkdir -p $$(@D)
	@echo "  FUZZCC  $$@"
	@$$(FUZZ_CC) $$(FUZZ_CFLAGS) $$($(1)-fuzz-cflags) -MMD -MP -c -o $$@ $$<

$(B)/tests/fuzz/$(1): $(B)/tests/fuzz/$(1).d/tests/fuzz/$(1)_fuzz.o \
		$$($(1)-fuzz-sources:%.c=$(B)/tests/fuzz/$(1).d/%.o) \
		$(B)/fuzz/libringlet-hv.a
	@echo "  FUZZLD  $$@"
	@$$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -Wl,--gc-sections \
		-o $$@ $$^ $$($(1)-fuzz-libs)
endef
$(foreach name,$(fuzz-names),$(eval $(call fuzz-rules,$(name))))

.PHONY: fuzzers
fuzzers: $(fuzzers)

-include $(fuzz-objects:.o=.d) \
	$(wildcard $(fuzz-names:%=$(B)/tests/fuzz/%.d/*/*.d) \
		$(fuzz-names:%=$(B)/tests/fuzz/%.d/*/*/*.d))
