# SPDX-License-Identifier: GPL-2.0-only
# The tools of domain 0: libringlet, ringlet, ringletd, ringlet-dm. Included by the top
# Makefile. They are static, so that they run in any initramfs.

TOOLS := dom0-tools
TOOLS_B := $(B)/$(TOOLS)

tools-flags := -std=gnu11 -D_GNU_SOURCE -DRINGLET_HOST -O2 -g \
	-fno-strict-aliasing -iquote $(TOOLS)/libringlet -iquote hypervisor \
	-Iinclude -Ipv-abi/include -I$(B)/generated
TOOLS_CFLAGS := $(tools-flags) -Wall -Wextra -Werror $(EXTRA_TOOLS_CFLAGS)
TOOLS_LDFLAGS := -static
TOOLS_LIBS := -ljson-c -lfdt -lm

lib-c := $(wildcard $(TOOLS)/libringlet/*.c) hypervisor/builder.c hypervisor/elf.c \
	hypervisor/devicetree.c
cli-c := $(wildcard $(TOOLS)/ringlet/*.c)
daemon-c := $(wildcard $(TOOLS)/ringletd/*.c)
dm-c := $(wildcard $(TOOLS)/ringlet-dm/*.c)
lib-o := $(lib-c:%.c=$(TOOLS_B)/obj/%.o)
cli-o := $(cli-c:%.c=$(TOOLS_B)/obj/%.o)
daemon-o := $(daemon-c:%.c=$(TOOLS_B)/obj/%.o)
dm-o := $(dm-c:%.c=$(TOOLS_B)/obj/%.o)

tools: $(TOOLS_B)/ringlet $(TOOLS_B)/ringletd $(TOOLS_B)/ringlet-dm \
	$(TOOLS_B)/libringlet.a

$(TOOLS_B)/flags: FORCE
	$(call write-changed,'$(CC) $(TOOLS_CFLAGS)')

$(TOOLS_B)/obj/%.o: %.c $(TOOLS_B)/flags | $(generated)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(TOOLS_CFLAGS) -MMD -MP -c -o $@ $<

$(TOOLS_B)/libringlet.a: $(lib-o)
	@echo "  AR      $@"
	@rm -f $@
	@ar rcs $@ $^

$(TOOLS_B)/ringlet: $(cli-o) $(TOOLS_B)/libringlet.a
	@echo "  LD      $@"
	@$(CC) $(TOOLS_CFLAGS) $(TOOLS_LDFLAGS) -o $@ $^ $(TOOLS_LIBS)

$(TOOLS_B)/ringletd: $(daemon-o) $(TOOLS_B)/libringlet.a
	@echo "  LD      $@"
	@$(CC) $(TOOLS_CFLAGS) $(TOOLS_LDFLAGS) -o $@ $^ $(TOOLS_LIBS)

$(TOOLS_B)/ringlet-dm: $(dm-o)
	@echo "  LD      $@"
	@$(CC) $(TOOLS_CFLAGS) $(TOOLS_LDFLAGS) -o $@ $^ -ljson-c

-include $(lib-o:.o=.d) $(cli-o:.o=.d) $(daemon-o:.o=.d) $(dm-o:.o=.d)

# --- Installation -----------------------------------------------------------

PREFIX ?= /usr
SYSCONFDIR ?= /etc
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= /lib/systemd/system

.PHONY: install
install: tools
	install -D -m 755 $(TOOLS_B)/ringlet $(DESTDIR)$(PREFIX)/sbin/ringlet
	install -D -m 755 $(TOOLS_B)/ringletd $(DESTDIR)$(PREFIX)/sbin/ringletd
	install -D -m 755 $(TOOLS_B)/ringlet-dm $(DESTDIR)$(PREFIX)/sbin/ringlet-dm
	install -D -m 755 $(TOOLS)/ringlet-create-image \
		$(DESTDIR)$(PREFIX)/sbin/ringlet-create-image
	install -D -m 644 $(TOOLS)/man/ringlet.1 $(DESTDIR)$(MANDIR)/man1/ringlet.1
	install -D -m 644 $(TOOLS)/man/ringlet.cfg.5 \
		$(DESTDIR)$(MANDIR)/man5/ringlet.cfg.5
	install -D -m 644 $(TOOLS)/man/ringletd.8 $(DESTDIR)$(MANDIR)/man8/ringletd.8
	install -D -m 644 $(TOOLS)/man/ringlet-dm.8 \
		$(DESTDIR)$(MANDIR)/man8/ringlet-dm.8
	install -D -m 644 $(TOOLS)/man/ringlet-create-image.8 \
		$(DESTDIR)$(MANDIR)/man8/ringlet-create-image.8
	install -D -m 644 $(TOOLS)/ringlet-create-image.bash-completion \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/ringlet-create-image
	install -D -m 644 $(TOOLS)/ringlet.bash-completion \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/ringlet
	install -D -m 755 $(TOOLS)/ringlet-domains \
		$(DESTDIR)$(PREFIX)/libexec/ringlet/ringlet-domains
	install -D -m 644 $(TOOLS)/ringlet-domains.service \
		$(DESTDIR)$(UNITDIR)/ringlet-domains.service
	install -D -m 644 $(TOOLS)/ringletd.service \
		$(DESTDIR)$(UNITDIR)/ringletd.service
	install -D -m 644 $(TOOLS)/ringlet-metrics.service \
		$(DESTDIR)$(UNITDIR)/ringlet-metrics.service
	install -D -m 644 $(TOOLS)/ringlet-metrics.timer \
		$(DESTDIR)$(UNITDIR)/ringlet-metrics.timer
	install -D -m 644 $(TOOLS)/examples/example.cfg \
		$(DESTDIR)$(PREFIX)/share/doc/ringlet-tools/examples/example.cfg
	install -d $(DESTDIR)$(SYSCONFDIR)/ringlet/auto
