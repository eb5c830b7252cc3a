# SPDX-License-Identifier: GPL-2.0-only
# The tools of domain 0: libringlet, ringlet, ringletd. Included by the top
# Makefile. They are static, so that they run in any initramfs.

T := dom0-tools
TB := $(B)/$(T)

tools-flags := -std=gnu11 -D_GNU_SOURCE -DRINGLET_HOST -O2 -g \
	-fno-strict-aliasing -iquote $(T)/libringlet -iquote hypervisor \
	-Iinclude -Ipv-abi/include
TOOLS_CFLAGS := $(tools-flags) -Wall -Wextra -Werror $(EXTRA_TOOLS_CFLAGS)
TOOLS_LDFLAGS := -static
TOOLS_LIBS := -ljson-c -lfdt

lib-c := $(wildcard $(T)/libringlet/*.c) hypervisor/builder.c hypervisor/elf.c \
	hypervisor/devicetree.c
cli-c := $(wildcard $(T)/ringlet/*.c)
daemon-c := $(wildcard $(T)/ringletd/*.c)
lib-o := $(lib-c:%.c=$(TB)/obj/%.o)
cli-o := $(cli-c:%.c=$(TB)/obj/%.o)
daemon-o := $(daemon-c:%.c=$(TB)/obj/%.o)

tools: $(TB)/ringlet $(TB)/ringletd $(TB)/libringlet.a

$(TB)/flags: FORCE
	$(call write-changed,'$(CC) $(TOOLS_CFLAGS)')

$(TB)/obj/%.o: %.c $(TB)/flags
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(TOOLS_CFLAGS) -MMD -MP -c -o $@ $<

$(TB)/libringlet.a: $(lib-o)
	@echo "  AR      $@"
	@rm -f $@
	@ar rcs $@ $^

$(TB)/ringlet: $(cli-o) $(TB)/libringlet.a
	@echo "  LD      $@"
	@$(CC) $(TOOLS_CFLAGS) $(TOOLS_LDFLAGS) -o $@ $^ $(TOOLS_LIBS)

$(TB)/ringletd: $(daemon-o) $(TB)/libringlet.a
	@echo "  LD      $@"
	@$(CC) $(TOOLS_CFLAGS) $(TOOLS_LDFLAGS) -o $@ $^ $(TOOLS_LIBS)

-include $(lib-o:.o=.d) $(cli-o:.o=.d) $(daemon-o:.o=.d)
