# SPDX-License-Identifier: GPL-2.0-only
# Single-stepped code: without sanitizers it is an order of magnitude shorter.
event_lost-sources := hypervisor/event.c hypervisor/sched.c hypervisor/runq.c
event_lost-cflags := -fno-sanitize=all -O2
