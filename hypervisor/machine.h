/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts that do not know the CPU ask of the machine. */
#ifndef HV_MACHINE_H
#define HV_MACHINE_H

#include "types.h"

/*
 * The machine's end, for RINGLET_SHUTDOWN_*: reset it, or stop all pCPUs. (To
 * switch the power off is domain 0's, by ACPI.)
 */
void machine_end(u32 reason) __noreturn;

/* The processor's name, NUL-terminated, cut if longer. */
void machine_cpu_model(char *buf, size_t size);

/*
 * Fill a buffer, a multiple of 8 bytes, from the processor's random number
 * generator. False: it has none, or it does not deliver.
 */
bool machine_random(void *buf, size_t size);

#endif /* HV_MACHINE_H */
