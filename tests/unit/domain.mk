# SPDX-License-Identifier: GPL-2.0-only
# vCPUs are made by the real vcpu_create(); something else happens in the middle of
# some calls.
domain-sources := hypervisor/x86/vcpu.c
domain-libs := -Wl,--wrap=copy_to_guest,--wrap=p2m_add_shared
