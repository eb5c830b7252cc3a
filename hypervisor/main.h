/* SPDX-License-Identifier: GPL-2.0-only */
/* The order in which the hypervisor starts. */
#ifndef HV_MAIN_H
#define HV_MAIN_H

#include "types.h"

/* Console and banner; the command line is parsed. */
void main_console(void);

/* Everything after memory: devices, pCPUs, domain 0. */
void kmain(void) __noreturn;

#endif /* HV_MAIN_H */
