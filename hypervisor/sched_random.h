/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debugging: random preemption.
 *
 * With sched=random:SEED on the command line a time slice lasts 2^10 to 2^24 ns
 * (1 us to 16 ms), equally often of each magnitude, and the vCPU that has used it
 * up goes behind the next one in the queue. So vCPUs lose their pCPU between any
 * two instructions, and several times in a row. The same seed makes the same
 * sequence of lengths on each pCPU.
 */
#ifndef HV_SCHED_RANDOM_H
#define HV_SCHED_RANDOM_H

#include "sched.h"

#ifdef CONFIG_SCHED_RANDOM

/* Before a vCPU runs. 0: slices as usual. */
void sched_random_init(u32 seed);

/* How long the vCPU may run that is put on this pCPU now, in ns. */
u64 sched_random_slice(u64 usual);

/* A slice has ended: must its vCPU let others run? */
bool sched_random_on(void);

#else

static inline void sched_random_init(u32 seed) { (void)seed; }
static inline u64 sched_random_slice(u64 usual) { return usual; }
static inline bool sched_random_on(void) { return false; }

#endif

#endif /* HV_SCHED_RANDOM_H */
