/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bringing up the other pCPUs, interrupting them, and ending for all of them.
 */
#ifndef HV_SMP_H
#define HV_SMP_H

#include "types.h"

struct pcpu;

/* Give the boot processor's struct pcpu its root, stack and number. */
void smp_init_boot_pcpu(void);

/*
 * Start all other pCPUs that ACPI names, up to 'maxcpus' in all (0: no limit
 * but MAX_PCPUS). When this returns they are in pcpu_start(). Boot processor, once,
 * after time_init().
 */
void smp_init(u32 maxcpus);

/* Where a started pCPU comes to C; its stack is its own. */
void smp_start(void) __noreturn;

/* The page below 1 MiB that pCPUs start in: physical address. */
u64 smp_trampoline_page(void);

/* Has this pCPU loaded its gate, so that this_pcpu() works? */
bool this_pcpu_known(void);

/* VECTOR_KICK came: the entry itself was what the sender wanted. */
void smp_kicked(void);

/* For panic(): have all other pCPUs stop. */
void smp_stop_others(void);

#endif /* HV_SMP_H */
