# SPDX-License-Identifier: GPL-2.0-only
# Analyzers over the sources, and coverage; included by the top Makefile.

ANALYZER ?= clang-14
analyzer-flags := --analyze --analyzer-output text -Xclang -analyzer-werror

# Each file anew when it, or what it includes, has changed.
analyzed := $(hv-c:%=$(B)/analyze/hv/%) $(patsubst %,$(B)/analyze/tools/%,\
	$(sort $(lib-c) $(cli-c) $(daemon-c) $(dm-c)))

$(B)/analyze/hv/%: % | $(hv-generated)
	@mkdir -p $(@D)
	@echo "  ANALYZE $<"
	@$(ANALYZER) $(analyzer-flags) $(HV_CFLAGS) -MMD -MP -MT $@ -MF $@.d \
		-o /dev/null $<
	@touch $@

$(B)/analyze/tools/%: %
	@mkdir -p $(@D)
	@echo "  ANALYZE $<"
	@$(ANALYZER) $(analyzer-flags) $(TOOLS_CFLAGS) -MMD -MP -MT $@ \
		-MF $@.d -o /dev/null $<
	@touch $@

.PHONY: analyze cppcheck coverage
analyze: $(analyzed) cppcheck

cppcheck: tests/analyze.suppress | $(hv-generated)
	@echo "  CPPCHECK"
	@cppcheck --quiet --std=c11 --error-exitcode=1 \
		--enable=warning,performance,portability \
		--suppressions-list=tests/analyze.suppress -D__x86_64__ \
		-DCONFIG_DEBUG -DCONFIG_VTLB_AUDIT -DCONFIG_VTLB_CHECK \
		-DCONFIG_SCHED_RANDOM \
		--library=tests/cppcheck.xml \
		-Ihypervisor -Ipv-abi/include -Iinclude -I$(B)/generated \
		-Idom0-tools/libringlet hypervisor dom0-tools

-include $(analyzed:=.d)

coverage:
	@tests/coverage $(COVERAGE)
