/* SPDX-License-Identifier: MIT */
/*
 * Ringlet ABI: physical interrupts, for the domain that has the hardware.
 *
 * An interrupt source (a global system interrupt of an IO-APIC, or an MSI
 * vector) is mapped to a pirq, the pirq is bound to an event channel. A level-
 * triggered interrupt stays masked from its arrival until pirq_eoi.
 */
#ifndef RINGLET_PHYSDEV_H
#define RINGLET_PHYSDEV_H

#include "abi.h"

#define RINGLET_MAX_PIRQS		192

/* Flags of pirq_map_gsi. */
#define RINGLET_PIRQ_LEVEL		0x1	/* level, otherwise edge */
#define RINGLET_PIRQ_LOW		0x2	/* active low, otherwise high */

#ifndef __ASSEMBLER__

/* Result of pirq_map_msi: what the guest writes into the device. */
struct ringlet_msi {
	ringlet_u64 address;
	ringlet_u32 data;
	ringlet_u32 reserved;
};
RINGLET_ASSERT_SIZE(ringlet_msi, 16);

#endif /* __ASSEMBLER__ */
#endif /* RINGLET_PHYSDEV_H */
