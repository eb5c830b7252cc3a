/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUID and MSRs as a guest kernel sees them. */
#ifndef HV_CPUID_H
#define HV_CPUID_H

#include "types.h"

struct vcpu;

/* regs: eax, ebx, ecx, edx. Any leaf. */
void guest_cpuid(struct vcpu *v, u32 leaf, u32 subleaf, u32 regs[4]);

/* False: no such MSR for a guest, or no such value. */
bool guest_rdmsr(struct vcpu *v, u32 msr, u64 *value);
bool guest_wrmsr(struct vcpu *v, u32 msr, u64 value);

#endif /* HV_CPUID_H */
