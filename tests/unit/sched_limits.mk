# SPDX-License-Identifier: GPL-2.0-only
sched_limits-sources := tests/unit/sched_sim.c
