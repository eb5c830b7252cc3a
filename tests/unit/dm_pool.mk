# SPDX-License-Identifier: GPL-2.0-only
# As dm, see there.
dm_pool-sources := $(dm-sources)
dm_pool-cflags := $(dm-cflags)
dm_pool-libs := -ljson-c
$(B)/tests/unit/dm_pool.d/dom0-tools/ringlet-dm/main.o: \
	HOST_CFLAGS += -Dmain=dm_main
