/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IO-APICs (Intel 82093AA data sheet) and the 8259 PICs, which stay masked.
 *
 * Callers hold LOCK_PIRQ, except during start-up: entries are changed by
 * several writes, through an index register.
 */
#ifndef HV_IOAPIC_H
#define HV_IOAPIC_H

#include "types.h"

/* Mask all entries of all IO-APICs and PICs. Boot processor, after ACPI. */
void ioapic_init(void);

/* Number of global system interrupts: one more than the highest there is. */
u32 ioapic_nr_gsis(void);

/* Is there such an interrupt, and is it not one of the hypervisor's own? */
bool ioapic_gsi_ok(u32 gsi);

/* Keep an interrupt for the hypervisor: ioapic_gsi_ok() denies it. */
void ioapic_reserve(u32 gsi);

/*
 * Route an interrupt to a vector on a CPU. The entry is masked afterwards.
 * -ENOENT: no IO-APIC has this GSI.
 */
int ioapic_set(u32 gsi, u8 vector, u32 apic_id, bool level, bool low);

/* No effect for a GSI that does not exist. */
void ioapic_mask(u32 gsi);
void ioapic_unmask(u32 gsi);

#endif /* HV_IOAPIC_H */
