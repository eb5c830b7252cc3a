# SPDX-License-Identifier: GPL-2.0-only
# vCPUs are made by the real vcpu_create(); a copy to the caller can fail.
domain-sources := hypervisor/x86/vcpu.c
domain-libs := -Wl,--wrap=copy_to_guest
