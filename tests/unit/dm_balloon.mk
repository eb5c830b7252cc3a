# SPDX-License-Identifier: GPL-2.0-only
# As dm, see there.
dm_balloon-sources := $(dm-sources)
dm_balloon-cflags := $(dm-cflags)
dm_balloon-libs := -ljson-c
$(B)/tests/unit/dm_balloon.d/dom0-tools/ringlet-dm/main.o: \
	HOST_CFLAGS += -Dmain=dm_main
