# SPDX-License-Identifier: GPL-2.0-only
tools_config-sources := dom0-tools/libringlet/config.c \
	dom0-tools/libringlet/syntax.c
tools_config-cflags := -iquote dom0-tools/libringlet
tools_config-libs := -ljson-c
