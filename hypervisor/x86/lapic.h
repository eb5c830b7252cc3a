/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC of each pCPU, in xAPIC mode (SDM volume 3, chapter 10).
 */
#ifndef HV_LAPIC_H
#define HV_LAPIC_H

#include "types.h"

/*
 * Enable this pCPU's APIC: spurious vector, NMI lines as ACPI says, timer off.
 * Panics if the firmware left it in x2APIC mode. @uid: ACPI processor UID.
 */
void lapic_init(u32 uid);

/* Identifier of this pCPU's APIC. */
u32 lapic_id(void);

/* End of interrupt. */
void lapic_eoi(void);

/* A fixed interrupt. Any context, NMI too. */
void lapic_send_ipi(u32 apic_id, u8 vector);

/* NMI, INIT, and start-up at page 'page' (below 256). */
void lapic_send_nmi(u32 apic_id);
void lapic_send_init(u32 apic_id);
void lapic_send_startup(u32 apic_id, u8 page);

/*
 * Let the timer of this pCPU count down from 'ticks', once, without an
 * interrupt, and read where it is: for calibration.
 */
void lapic_timer_count(u32 ticks);
u32 lapic_timer_left(void);
/* Ticks of the timer in 2^32 ns, as measured. Boot processor. */
void lapic_timer_set_rate(u64 ticks_per_4s);

/*
 * One VECTOR_TIMER interrupt on this pCPU at time_ns() == deadline or shortly
 * after, or earlier if that is too far off for the counter; replaces an earlier
 * one. 0: none.
 */
void timer_hw_arm(u64 deadline_ns);

#endif /* HV_LAPIC_H */
