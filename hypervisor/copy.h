/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies from and to guest memory by virtual address.
 *
 * Through the tables of the root that the vCPU has loaded, as the CPU would go:
 * rights are checked, Accessed and Dirty set. 'v' is current on this pCPU. A
 * failed copy may have been done in part.
 */
#ifndef HV_COPY_H
#define HV_COPY_H

#include "types.h"

struct vcpu;

/*
 * Arguments of a hypercall: with v->hc_user pages must be accessible in ring 3.
 * 0 or -EFAULT.
 */
int copy_from_guest(struct vcpu *v, void *dst, u64 va, size_t len);
int copy_to_guest(struct vcpu *v, u64 va, const void *src, size_t len);

/* The guest kernel's own stack and frames: as supervisor, whatever hc_user. */
int copy_from_kernel(struct vcpu *v, void *dst, u64 va, size_t len);
int copy_to_kernel(struct vcpu *v, u64 va, const void *src, size_t len);

/*
 * Instruction bytes at va, as fetched in ring 3 (user) or ring 1. Returns the
 * number of bytes got, 0 to len: those up to the first page that cannot be
 * executed.
 */
size_t copy_code_from_guest(struct vcpu *v, void *dst, u64 va, size_t len,
			    bool user);

#endif /* HV_COPY_H */
