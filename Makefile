# SPDX-License-Identifier: GPL-2.0-only
# Build and test Ringlet. "make help" lists what can be made.
#
# Everything made lies in build/. Sources of the hypervisor and unit tests are
# found by their place: a new file needs no change here. The tools and the test
# guests describe themselves in dom0-tools/build.mk and tests/guest/build.mk.

B := build
PYTHON ?= /usr/bin/python3

ifeq ($(origin CC),default)
CC := gcc
endif
export CC
LD ?= ld
OBJCOPY ?= objcopy

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

.PHONY: all hypervisor tools guests
all: hypervisor tools guests

# Rewrites its target only when the text changes: $(call write-changed,TEXT)
write-changed = @mkdir -p $(@D); printf '%s\n' $(1) | cmp -s - $@ || \
	printf '%s\n' $(1) >$@

.PHONY: FORCE
FORCE:

# --- Configuration and generated sources ------------------------------------

config := $(B)/generated/config.h
generated := $(config) $(B)/generated/hypercall-dispatch.h \
	$(B)/generated/hypercall-names.h $(B)/generated/hypercall-prototypes.h \
	$(B)/generated/hypercall-shapes.h

$(config): FORCE
	@scripts/kconfig.sh $@ $(KCONFIG)

$(B)/generated/hypercall-%.h: pv-abi/gen.py pv-abi/hypercalls.tbl
	@mkdir -p $(@D)
	@echo "  GEN     $@"
	@$(PYTHON) pv-abi/gen.py $* >$@

.PHONY: defconfig menuconfig oldconfig
defconfig:
	@rm -f .config .config.old
	kconfig-conf --olddefconfig Kconfig </dev/null
menuconfig:
	kconfig-mconf Kconfig
oldconfig:
	kconfig-conf --oldconfig Kconfig

# libfdt with the hypervisor's own flags, from Debian's kernel source.
libfdt-c := fdt.c fdt_ro.c fdt_sw.c
$(B)/libfdt/stamp: scripts/libfdt.sh hypervisor/libfdt_env.h
	@echo "  UNPACK  $(@D)"
	@scripts/libfdt.sh $(@D)
	@touch $@
$(addprefix $(B)/libfdt/,$(libfdt-c) font_8x16.c): $(B)/libfdt/stamp ;

# Glyphs of the printable characters, 16 bytes each, from the same source.
$(B)/generated/font.h: $(B)/libfdt/font_8x16.c
	@echo "  GEN     $@"
	@{ echo 'static const unsigned char font[95][16] = {'; \
		awk '/^\t0x/ { if (n >= 512 && n < 2032) printf "%s%s%s", \
			n % 16 ? "" : "{", $$1, n % 16 == 15 ? "},\n" : ""; \
			n++ }' $<; echo '};'; } >$@

# --- The hypervisor ---------------------------------------------------------

hv-includes := -Ihypervisor -Ipv-abi/include -I$(B)/generated \
	-isystem $(B)/libfdt
hv-flags := -ffreestanding -fno-stack-protector -mno-red-zone \
	-mgeneral-regs-only -mno-sse -fno-jump-tables -fpie \
	-fvisibility=hidden -fno-asynchronous-unwind-tables \
	-fno-strict-aliasing -fno-omit-frame-pointer -fcf-protection=none \
	-O2 -g $(hv-includes) -include $(config)
warnings := -Wall -Wextra -Werror
HV_CFLAGS := -std=gnu11 $(hv-flags) $(warnings)
HV_AFLAGS := -D__ASSEMBLER__ $(hv-flags)
HV_LDFLAGS := -m elf_x86_64 -static -no-pie -z noexecstack \
	-z max-page-size=4096 --build-id=none

hv-offsets-c := $(wildcard hypervisor/x86/asm-offsets.c)
hv-c := $(filter-out $(hv-offsets-c),\
	$(wildcard hypervisor/*.c hypervisor/x86/*.c))
hv-s := $(wildcard hypervisor/x86/*.S)
hv-lds := hypervisor/x86/ringlet.lds.S
hv-s := $(filter-out %.lds.S,$(hv-s))
hv-libfdt := $(if $(wildcard scripts/libfdt.sh),$(libfdt-c))
hv-objects := $(hv-c:%.c=$(B)/%.o) $(hv-s:%.S=$(B)/%.S.o) \
	$(hv-libfdt:%.c=$(B)/hypervisor/libfdt/%.o)
hv-generated := $(generated) $(if $(hv-offsets-c),$(B)/generated/asm-offsets.h) \
	$(if $(hv-libfdt),$(B)/libfdt/stamp) $(B)/generated/font.h \
	$(B)/generated/hv-flags

hypervisor: $(if $(wildcard $(hv-lds)),$(B)/ringlet)

# Another compiler or other flags: everything is compiled again.
$(B)/generated/hv-flags: FORCE
	$(call write-changed,'$(CC) $(HV_CFLAGS)')

$(B)/generated/asm-offsets.h: $(hv-offsets-c) $(generated) \
		$(B)/generated/hv-flags scripts/asm-offsets.sh
	@echo "  GEN     $@"
	@$(CC) $(HV_CFLAGS) -MMD -MP -MT $@ -MF $@.d -S -o $(@:.h=.s) $<
	@scripts/asm-offsets.sh <$(@:.h=.s) >$@

$(B)/hypervisor/%.o: hypervisor/%.c | $(hv-generated)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(HV_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/hypervisor/%.S.o: hypervisor/%.S | $(hv-generated)
	@mkdir -p $(@D)
	@echo "  AS      $@"
	@$(CC) $(HV_AFLAGS) -MMD -MP -c -o $@ $<

# libfdt compares signed with unsigned on purpose.
$(B)/hypervisor/libfdt/%.o: $(B)/libfdt/%.c | $(hv-generated)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(HV_CFLAGS) -I$(B)/libfdt -Wno-sign-compare -MMD -MP -c -o $@ $<

$(B)/ringlet.lds: $(hv-lds) | $(hv-generated)
	@$(CC) -E -P -x c $(HV_AFLAGS) -MMD -MP -MT $@ -MF $@.d -o $@ $<

# Linked twice: the table of functions is made from the image without one, and no
# function may have moved when it is in.
hv-link = $(LD) $(HV_LDFLAGS) -T $(B)/ringlet.lds
hv-functions = nm -n $(1) | grep ' [tT] '
hv-table = $(CC) $(HV_AFLAGS) -c -x assembler -o $@.table.o

$(B)/ringlet: $(hv-objects) $(B)/ringlet.lds scripts/symbols.sh
	@echo "  LD      $@"
	@scripts/symbols.sh </dev/null | $(hv-table) -
	@$(hv-link) -o $@.unnamed $(hv-objects) $@.table.o
	@$(call hv-functions,$@.unnamed) >$@.functions
	@scripts/symbols.sh <$@.functions | $(hv-table) -
	@$(hv-link) -Map $@.map -o $@ $(hv-objects) $@.table.o
	@$(call hv-functions,$@) | cmp - $@.functions

$(hv-objects) $(B)/ringlet.lds: $(B)/generated/hv-flags

# --- The host build and its unit tests --------------------------------------
#
# Files of hypervisor/ do not know the CPU and are built for the host too.
# string.c has what the C library has. tests/unit/NAME_test.c is a program; its
# tests/unit/NAME.mk, if any, may set NAME-sources (more C files), NAME-cflags
# and NAME-libs. Other C files of tests/unit/ are shared by all programs.
# sched_yield has another name there: the sanitizers call the C library's.

host-flags := -std=gnu11 -DRINGLET_HOST -Dsched_yield=hv_sched_yield -O1 -g \
	-ffunction-sections -fdata-sections -fno-omit-frame-pointer \
	-fno-strict-aliasing -fsanitize=address,undefined \
	-fno-sanitize-recover=all -D_GNU_SOURCE -iquote hypervisor \
	-Ipv-abi/include -I$(B)/generated -Iinclude -Itests/unit -include $(config)
HOST_CFLAGS := $(host-flags) $(warnings) $(EXTRA_HOST_CFLAGS)

# The shared ones come first: what they define stands before the real thing.
host-c := $(filter-out %_test.c,$(wildcard tests/unit/*.c)) \
	$(filter-out hypervisor/string.c,$(wildcard hypervisor/*.c))
host-objects := $(host-c:%.c=$(B)/host/%.o)
unit-names := $(patsubst tests/unit/%_test.c,%,$(wildcard tests/unit/*_test.c))
unit-tests := $(unit-names:%=$(B)/tests/unit/%)

-include $(wildcard tests/unit/*.mk)

$(B)/generated/host-flags: FORCE
	$(call write-changed,'$(CC) $(HOST_CFLAGS)')

$(B)/host/%.o: %.c $(B)/generated/host-flags | $(generated)
	@mkdir -p $(@D)
	@echo "  HOSTCC  $@"
	@$(CC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

# A test's own objects: its sources may need its own flags.
define unit-rules
$(B)/tests/unit/$(1).d/%.o: %.c $(B)/generated/host-flags | $(generated)
	@mkdir -p $$(@D)
	@echo "  HOSTCC  $$@"
	@$$(CC) $$(HOST_CFLAGS) $$($(1)-cflags) -MMD -MP -c -o $$@ $$<

$(B)/tests/unit/$(1): $(B)/tests/unit/$(1).d/tests/unit/$(1)_test.o \
		$$($(1)-sources:%.c=$(B)/tests/unit/$(1).d/%.o) \
		$(B)/host/libringlet-hv.a
	@echo "  HOSTLD  $$@"
	@$$(CC) $$(HOST_CFLAGS) -Wl,--gc-sections -o $$@ $$^ $$($(1)-libs) \
		-lcheck_pic -lfdt -lsubunit -lrt -lm -pthread
endef
$(foreach name,$(unit-names),$(eval $(call unit-rules,$(name))))

$(B)/host/libringlet-hv.a: $(host-objects)
	@echo "  AR      $@"
	@mkdir -p $(@D)
	@rm -f $@
	@ar rcs $@ $^

.PHONY: unit-tests
unit-tests: $(unit-tests)

# --- The ABI ----------------------------------------------------------------

.PHONY: abi
abi:
	$(PYTHON) pv-abi/gen.py header >$(B)/hypercall.h.new
	mv $(B)/hypercall.h.new pv-abi/include/ringlet/hypercall.h
	$(PYTHON) pv-abi/gen.py reference >$(B)/hypercalls.md.new
	mv $(B)/hypercalls.md.new docs/hypercalls.md

# --- Tools, guests, Linux ---------------------------------------------------

I := $(B)/image

-include dom0-tools/build.mk
-include tests/guest/build.mk
-include tests/domain0/build.mk
-include tests/linux/build.mk
-include tests/loopback/build.mk
-include tests/fuzz/build.mk

# Another make's flags and CC are not for Linux. build.sh caches by content, and
# the copies here only change when the content does.
LINUX := guest-patches/linux-6.12
.PHONY: linux
linux: FORCE
	@env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC $(LINUX)/build.sh

$(I)/vmlinux $(I)/bzImage: $(I)/%: linux
	@mkdir -p $(@D)
	@cmp -s $(B)/linux/$* $@ || cp $(B)/linux/$* $@

# Linux's own tests, and the kernel that runs them.
.PHONY: selftest-files
selftest-files: $(B)/tests/selftests.initrd
	@env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC $(LINUX)/build.sh test

$(B)/selftests/initrd.gz: FORCE
	@env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC scripts/selftests.sh

$(B)/tests/selftests-run.gz: tests/selftests/run tests/selftests/list
	@scripts/initramfs-part.sh $@ selftests/run=tests/selftests/run \
		selftests/list=tests/selftests/list

$(B)/tests/selftests.initrd: $(I)/initrd-domu.gz $(B)/selftests/initrd.gz \
		$(B)/tests/selftests-run.gz
	@mkdir -p $(@D)
	@cat $^ >$@

# Both sides of the virtio bus, with another kernel that build.sh makes.
.PHONY: loopback-files
loopback-files: $(B)/tests/loopback.initrd linux

# stress-ng, with the same kernel.
.PHONY: stress-files
stress-files: $(B)/tests/stress.initrd
	@env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC $(LINUX)/build.sh test

$(B)/tests/stress-ng.gz: scripts/initramfs-part.sh scripts/libraries.sh \
		tests/stress/run
	@scripts/initramfs-part.sh $@ usr/bin/stress-ng=/usr/bin/stress-ng \
		stress/run=tests/stress/run

$(B)/tests/stress.initrd: $(I)/initrd-domu.gz $(B)/tests/stress-ng.gz
	@mkdir -p $(@D)
	@cat $^ >$@

# Domain 0 with what serves disks.
.PHONY: disk-files
disk-files: $(B)/tests/disk.initrd

$(B)/tests/empty.qcow2:
	@mkdir -p $(@D)
	@qemu-img create -q -f qcow2 $@ 64M

$(B)/tests/storage.gz: scripts/initramfs-part.sh scripts/libraries.sh \
		$(B)/tests/empty.qcow2
	@scripts/initramfs-part.sh $@ \
		usr/bin/qemu-storage-daemon=/usr/bin/qemu-storage-daemon \
		usr/share/empty.qcow2=$(B)/tests/empty.qcow2

$(B)/tests/disk.initrd: $(I)/initrd-dom0.gz $(B)/tests/storage.gz
	@cat $^ >$@

# Domain 0 and a domain with what shares directories and sockets.
.PHONY: virtiofs-files
virtiofs-files: $(B)/tests/virtiofs.initrd

$(B)/tests/vsock.gz: scripts/initramfs-part.sh $(B)/tests/linux/vsock
	@scripts/initramfs-part.sh $@ usr/bin/vsock=$(B)/tests/linux/vsock

$(B)/tests/vsock-domu.gz: $(I)/initrd-domu.gz $(B)/tests/vsock.gz
	@cat $^ >$@

$(B)/tests/virtiofsd.gz: scripts/initramfs-part.sh scripts/libraries.sh \
		$(B)/tests/vsock-domu.gz
	@scripts/initramfs-part.sh $@ \
		usr/lib/qemu/virtiofsd=/usr/lib/qemu/virtiofsd \
		$(example)/initrd.gz=$(B)/tests/vsock-domu.gz

$(B)/tests/virtiofs.initrd: $(I)/initrd-dom0.gz $(B)/tests/virtiofsd.gz \
		$(B)/tests/vsock.gz
	@cat $^ >$@

# Both, and a program that tries to reach more of a domain than they may.
.PHONY: pool-files
pool-files: $(B)/tests/pool.initrd

$(B)/tests/intruder.gz: scripts/initramfs-part.sh $(B)/tests/linux/intruder
	@scripts/initramfs-part.sh $@ \
		usr/bin/intruder=$(B)/tests/linux/intruder

$(B)/tests/pool.initrd: $(B)/tests/virtiofs.initrd $(B)/tests/storage.gz \
		$(B)/tests/intruder.gz
	@cat $^ >$@

# Loads of disks, networks and all else, for domains and domain 0.
.PHONY: load-files
load-files: $(B)/tests/load.iso $(B)/tests/disk.initrd

load := /usr/bin/fio /usr/bin/iperf3 /usr/bin/stress-ng \
	$(B)/tests/linux/pingpong $(wildcard tests/load/*)
$(B)/tests/load.iso: scripts/programs.sh scripts/libraries.sh $(load)
	@scripts/programs.sh $@ $(load)

# Domain 0 with what translates and hands out addresses.
.PHONY: nat-files
nat-files: $(B)/tests/nat.initrd

$(B)/tests/nat.gz: scripts/initramfs-part.sh scripts/libraries.sh
	@scripts/initramfs-part.sh $@ usr/sbin/nft=/usr/sbin/nft \
		usr/sbin/dnsmasq=/usr/sbin/dnsmasq usr/sbin/tc=/usr/sbin/tc

$(B)/tests/nat.initrd: $(I)/initrd-dom0.gz $(B)/tests/nat.gz
	@cat $^ >$@

# The same with what serves disks; Debian guests, and what they do.
.PHONY: bigger-files guest-disks
bigger-files: $(B)/tests/bigger.initrd $(B)/tests/bigger.iso guest-disks

guest-disks: FORCE
	@env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC tests/debian/make-guest

$(B)/tests/bigger.initrd: $(B)/tests/nat.initrd $(B)/tests/storage.gz
	@cat $^ >$@

$(B)/tests/bigger.iso: scripts/programs.sh scripts/libraries.sh tests/debian/load
	@scripts/programs.sh $@ tests/debian/load

# --- The image --------------------------------------------------------------

rootfs := scripts/initramfs.sh $(shell find scripts/initramfs -type f)
example := usr/share/ringlet/example

$(I)/ringlet $(I)/ringletd $(I)/ringlet-dm: $(I)/%: $(B)/dom0-tools/%
	@mkdir -p $(@D)
	@strip -s -o $@ $<

$(I)/initrd-domu.gz: $(rootfs)
	@echo "  CPIO    $@"
	@scripts/initramfs.sh domu $@

$(I)/initrd-dom0.gz: $(rootfs) $(I)/ringlet $(I)/ringletd $(I)/ringlet-dm \
		$(I)/vmlinux $(I)/initrd-domu.gz dom0-tools/examples/example.cfg
	@echo "  CPIO    $@"
	@scripts/initramfs.sh dom0 $@ usr/bin/ringlet=$(I)/ringlet \
		usr/sbin/ringletd=$(I)/ringletd \
		usr/sbin/ringlet-dm=$(I)/ringlet-dm \
		$(example)/example.cfg=dom0-tools/examples/example.cfg \
		$(example)/vmlinux=$(I)/vmlinux \
		$(example)/initrd.gz=$(I)/initrd-domu.gz

$(I)/domains.dtb: scripts/domains.dts
	@mkdir -p $(@D)
	@echo "  DTC     $@"
	@dtc -I dts -O dtb -o $@ $<

$(B)/ringlet.iso: scripts/iso.sh scripts/grub.cfg $(B)/ringlet $(I)/vmlinux \
		$(I)/bzImage $(I)/initrd-dom0.gz $(I)/initrd-domu.gz \
		$(I)/domains.dtb
	@echo "  ISO     $@"
	@scripts/iso.sh $@ scripts/grub.cfg boot/ringlet=$(B)/ringlet \
		boot/vmlinux=$(I)/vmlinux boot/bzImage=$(I)/bzImage \
		boot/initrd.gz=$(I)/initrd-dom0.gz \
		boot/initrd-domu.gz=$(I)/initrd-domu.gz \
		boot/domains.dtb=$(I)/domains.dtb

.PHONY: iso run system-test-files
iso: $(B)/ringlet.iso
system-test-files: $(B)/ringlet.iso $(guest-images)

run: iso
	@scripts/qemu.sh

# --- Debian packages --------------------------------------------------------

.PHONY: deb deb-tools deb-linux
deb: deb-tools deb-linux
	@ls $(B)/deb/*.deb

# Hypervisor and tools: built in a copy, so that the tree stays as it is.
deb-tools:
	@rm -rf $(B)/deb/ringlet $(B)/deb/ringlet[-_]*
	@mkdir -p $(B)/deb/ringlet
	@tar -c --exclude=./$(B) --exclude=./.git . | tar -x -C $(B)/deb/ringlet
	@cd $(B)/deb/ringlet && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC \
		dpkg-buildpackage -b -us -uc >../log 2>&1 || \
		{ tail -n 20 ../log; echo "see $(B)/deb/log"; exit 1; }

# The kernel with modules, which takes longer.
deb-linux:
	@rm -f $(B)/deb/linux-image-*
	@env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC \
		scripts/linux-deb.sh $(B)/deb >/dev/null

# A Debian server's disk, for tests/system/debian.
.PHONY: debian-disk
debian-disk: FORCE
	@tests/debian/make-image

# --- Tests ------------------------------------------------------------------

.PHONY: check test test-long bench mutants
check:
	@tests/run check
test:
	@tests/run check test
test-long:
	@tests/run check test long
bench: iso load-files
	@tests/bench/run
	@tests/bench/devices
mutants:
	@tests/mutants/run

include scripts/checks.mk

-include $(hv-objects:.o=.d) $(host-objects:.o=.d) $(B)/ringlet.lds.d \
	$(B)/generated/asm-offsets.h.d \
	$(wildcard $(unit-names:%=$(B)/tests/unit/%.d/*/*.d) \
		$(unit-names:%=$(B)/tests/unit/%.d/*/*/*.d))

.PHONY: clean help
clean:
	rm -rf $(B)

help:
	@echo "make               hypervisor, tools and test guests"
	@echo "make run           boot in QEMU, with a shell of domain 0"
	@echo "make iso           build/ringlet.iso, a GRUB image (BIOS and UEFI)"
	@echo "make linux         Linux with the patches of $(LINUX)"
	@echo "make hypervisor    build/ringlet"
	@echo "make tools         the tools of domain 0"
	@echo "make guests        the test guests"
	@echo "make deb           Debian packages, in build/deb/; deb-tools and deb-linux"
	@echo "                   make only hypervisor and tools, only the kernel"
	@echo
	@echo "make check         unit tests, and checks of the ABI"
	@echo "make test          these, the test guests, and Linux in QEMU"
	@echo "make test-long     all tests"
	@echo "make analyze       clang's analyzer and cppcheck"
	@echo "make coverage      lines that the tests reach, against their floors"
	@echo "make mutants       plant faults; each must fail its test"
	@echo "make bench         measure (build/bench.json)"
	@echo "make new-guest-test NAME=...   start a test guest"
	@echo
	@echo "make menuconfig    change the configuration"
	@echo "make defconfig     the defaults"
	@echo "make oldconfig     ask for options that are new"
	@echo "make abi           write what is made from pv-abi/hypercalls.tbl"
	@echo "make clean         remove build/"
	@echo
	@echo "CC=clang-14 uses another compiler."
