/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical interrupts for the control domain: pirqs. Operations are those of
 * the pirq_* hypercalls (pv-abi/hypercalls.tbl), with their errors. No lock held.
 */
#ifndef HV_PHYSDEV_H
#define HV_PHYSDEV_H

#include "ringlet/physdev.h"
#include "types.h"

struct domain;

s64 physdev_map_gsi(u32 gsi, u32 flags);
s64 physdev_map_msi(struct ringlet_msi *msi);
s64 physdev_unmap(u32 pirq);
s64 physdev_eoi(u32 pirq);
s64 physdev_bind(struct domain *d, u32 pirq);

/* A device interrupt came on this pCPU. Interrupts off. */
void physdev_interrupt(u32 vector);

/* The port a pirq was bound to was closed: mask it. From event.c, EVENT held. */
void pirq_unbind(u32 pirq);

#endif /* HV_PHYSDEV_H */
