# SPDX-License-Identifier: GPL-2.0-only
# As dm, see there.
dm_console-sources := $(dm-sources)
dm_console-cflags := $(dm-cflags)
dm_console-libs := -ljson-c
$(B)/tests/unit/dm_console.d/dom0-tools/ringlet-dm/main.o: \
	HOST_CFLAGS += -Dmain=dm_main
