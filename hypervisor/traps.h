/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries into the hypervisor, what is delivered to a guest, and exits. */
#ifndef HV_TRAPS_H
#define HV_TRAPS_H

#include "vcpu.h"

#define TRAP_DB 1
#define TRAP_NMI 2
#define TRAP_BP 3
#define TRAP_OF 4
#define TRAP_UD 6
#define TRAP_DF 8
#define TRAP_GP 13
#define TRAP_PF 14
#define TRAP_MC 18

/*
 * Deliver an exception to the current vCPU: frame, handler, GS, vif. When the
 * frame cannot be written a double fault follows; when that cannot be
 * delivered the domain crashes. Context of the vCPU, no lock held.
 */
void deliver_exception(struct vcpu *v, u32 vector, u32 error_code);
void deliver_page_fault(struct vcpu *v, u64 va, u32 error_code);

/* rflags as the guest is shown them: IF is the virtual interrupt flag. */
u64 guest_rflags(const struct vcpu *v);

/* Pick who runs, deliver what is pending, and go there. End of every entry. */
void hv_return(void) __noreturn;

/* Start scheduling on this pCPU; its boot ends here. */
void pcpu_start(void) __noreturn;

/*
 * A general protection fault of a guest kernel: emulate the instruction if it
 * is one that a port may have missed. Returns false when the fault is the
 * guest's.
 */
bool emulate_gp(struct vcpu *v);

#endif /* HV_TRAPS_H */
