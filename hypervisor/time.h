/* SPDX-License-Identifier: GPL-2.0-only */
/* Time: nanoseconds since the hypervisor started, from the TSC. */
#ifndef HV_TIME_H
#define HV_TIME_H

#include "types.h"

#define NS_PER_US	1000UL
#define NS_PER_MS	1000000UL
#define NS_PER_SEC	1000000000UL

struct ringlet_pvclock;
struct ringlet_time;

/* Nanoseconds since the start, the same on all pCPUs; 0 before time_init(). */
u64 time_ns(void);

/*
 * Fill in a clock that reads as time_ns() does. 'version' is left alone: that
 * it is odd meanwhile, and even and new afterwards, is the caller's business.
 */
void time_pvclock(struct ringlet_pvclock *clock);

/* An entry of a time page: time_pvclock(), the wall clock, the frequency. */
void time_fill(struct ringlet_time *t);

/* Seconds since 1970, UTC, when time_ns() was 0. */
u64 time_wall_boot(void);

/* The time is sec.nsec now; time pages made from here on say so. */
void time_set_wall(u64 sec, u32 nsec);

u32 time_tsc_khz(void);

#ifndef RINGLET_HOST
/* Measure TSC and local APIC timer, read the real-time clock. Boot, once. */
void time_init(void);

/* Busy-wait. After time_init(). */
void time_delay_us(u64 us);
#endif

#endif /* HV_TIME_H */
