# SPDX-License-Identifier: GPL-2.0-only
# All of the tools, as for tools_daemon.
tools_dump-sources := $(tools_daemon-sources)
tools_dump-cflags := $(tools_daemon-cflags)
tools_dump-libs := $(tools_daemon-libs)
$(B)/tests/unit/tools_dump.d/dom0-tools/ringlet/main.o: \
	HOST_CFLAGS += -Dmain=ringlet_main
$(B)/tests/unit/tools_dump.d/dom0-tools/ringletd/main.o: \
	HOST_CFLAGS += -Dmain=ringletd_main
