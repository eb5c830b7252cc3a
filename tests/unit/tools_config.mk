# SPDX-License-Identifier: GPL-2.0-only
tools_config-sources := dom0-tools/libringlet/config.c \
	dom0-tools/libringlet/syntax.c dom0-tools/libringlet/cpus.c \
	dom0-tools/libringlet/config_json.c dom0-tools/libringlet/uuid.c
tools_config-cflags := -iquote dom0-tools/libringlet
tools_config-libs := -ljson-c
