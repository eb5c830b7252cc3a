# SPDX-License-Identifier: GPL-2.0-only
# All of the tools in one program, with a hypervisor of the test's own behind
# libringlet's device.h. Both programs' main() get another name.
tools_daemon-sources := dom0-tools/tests/fake.c dom0-tools/tests/harness.c \
	$(filter-out dom0-tools/libringlet/device.c,\
	$(wildcard dom0-tools/libringlet/*.c dom0-tools/ringlet/*.c \
	dom0-tools/ringletd/*.c))
tools_daemon-cflags := -iquote dom0-tools/libringlet -iquote dom0-tools/tests
tools_daemon-libs := -ljson-c
$(B)/tests/unit/tools_daemon.d/dom0-tools/ringlet/main.o: \
	HOST_CFLAGS += -Dmain=ringlet_main
$(B)/tests/unit/tools_daemon.d/dom0-tools/ringletd/main.o: \
	HOST_CFLAGS += -Dmain=ringletd_main

# The same, with devices.
tools_devices-sources := $(tools_daemon-sources)
tools_devices-cflags := $(tools_daemon-cflags)
tools_devices-libs := $(tools_daemon-libs)
$(B)/tests/unit/tools_devices.d/dom0-tools/ringlet/main.o: \
	HOST_CFLAGS += -Dmain=ringlet_main
$(B)/tests/unit/tools_devices.d/dom0-tools/ringletd/main.o: \
	HOST_CFLAGS += -Dmain=ringletd_main
