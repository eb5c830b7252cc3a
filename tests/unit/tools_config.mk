# SPDX-License-Identifier: GPL-2.0-only
tools_config-sources := $(addprefix dom0-tools/libringlet/,config.c \
	config_devices.c config_json.c config_read.c cpus.c disk.c diskfile.c \
	channel.c share.c spec.c syntax.c uuid.c vif.c)
tools_config-cflags := -iquote dom0-tools/libringlet
tools_config-libs := -ljson-c
