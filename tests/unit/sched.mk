# SPDX-License-Identifier: GPL-2.0-only
sched-sources := tests/unit/sched_sim.c
