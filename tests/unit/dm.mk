# SPDX-License-Identifier: GPL-2.0-only
# The device manager, with a guest and a hypervisor of the test's own behind its
# guest.h. Its main() gets another name.
dm_manager-sources := $(filter-out dom0-tools/ringlet-dm/guest.c,\
	$(wildcard dom0-tools/ringlet-dm/*.c))
dm-sources := dom0-tools/tests/dm_hv.c dom0-tools/tests/dm_driver.c \
	dom0-tools/tests/dm_load.c \
	$(dm_manager-sources)
dm-cflags := -iquote dom0-tools/ringlet-dm -iquote dom0-tools/tests
dm-libs := -ljson-c -Wl,--wrap=clock_gettime
$(B)/tests/unit/dm.d/dom0-tools/ringlet-dm/main.o: HOST_CFLAGS += -Dmain=dm_main
