/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the machine has: its memory map, and what of its devices is the
 * hypervisor's own and hidden from domain 0.
 */
#ifndef HV_PLATFORM_H
#define HV_PLATFORM_H

#include "frame.h"
#include "types.h"

#define PLATFORM_MAX_RAM 128

/* Usable memory: whole pages, by address, neither overlapping nor touching. */
extern struct mem_region platform_ram[PLATFORM_MAX_RAM];
extern u32 platform_nr_ram;

/* Is this page usable memory, whoever uses it? */
bool platform_is_ram(u64 phys);

/* Is [phys, phys + len) in the direct map? */
bool platform_is_mapped(u64 phys, u64 len);

/*
 * Is this page of device memory the hypervisor's own: local APIC, IO-APIC, or the
 * page other CPUs start in? For pages that are not a domain's memory.
 */
bool platform_mmio_denied(u64 phys);

/*
 * Do these ports belong to the hypervisor: interrupt controllers, timer,
 * console=, reset? A denied IN reads ones, a denied OUT is dropped.
 */
bool platform_port_denied(u16 port, u32 bytes);

/* Busy-wait; roughly, while there is no clock yet. */
void platform_delay_ms(u32 ms);

/* Reset the machine. Does not return. */
void platform_reboot(void) __noreturn;

#endif /* HV_PLATFORM_H */
