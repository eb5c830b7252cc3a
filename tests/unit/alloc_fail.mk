# SPDX-License-Identifier: GPL-2.0-only
# vCPUs are made by the real vcpu_create(); allocations of frames can fail.
alloc_fail-sources := hypervisor/x86/vcpu.c
alloc_fail-libs := -Wl,--wrap=frame_alloc_hv,--wrap=frame_alloc_domain
