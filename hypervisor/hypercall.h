/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls. Each handler is s64 hc_NAME(struct vcpu *, arguments): prototypes
 * and dispatch are made from pv-abi/hypercalls.tbl, which documents arguments,
 * results and errors. Handlers run on the caller's pCPU with no lock held.
 */
#ifndef HV_HYPERCALL_H
#define HV_HYPERCALL_H

#include "vcpu.h"

/* Do the hypercall that the registers of the current vCPU ask for. */
void hypercall(struct vcpu *v);

/* Name of a hypercall, for messages; "none" if the number is nobody's. */
const char *hypercall_name(u32 nr);

#endif /* HV_HYPERCALL_H */
