# SPDX-License-Identifier: GPL-2.0-only
tools_seed-sources := $(tools_config-sources) dom0-tools/libringlet/seed.c
tools_seed-cflags := $(tools_config-cflags)
tools_seed-libs := $(tools_config-libs)
