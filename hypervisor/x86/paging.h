/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own address space: image, stacks, direct map. One set of
 * tables below a level-4 page for each pCPU; the gate has its slot there.
 */
#ifndef HV_PAGING_H
#define HV_PAGING_H

#include "types.h"

/*
 * Stacks of the pCPUs, in the image's slot: 16 KiB each, with as much unmapped
 * below.
 */
#define STACK_BASE	(IMAGE_BASE + 0x20000000)
#define STACK_SIZE	0x4000
#define STACK_STRIDE	0x8000

/* Build the tables from platform_ram, with boot_alloc(). Boot, once. */
void paging_init(void);

/* A new root, without a gate: physical address. Panics without memory. */
u64 paging_new_root(void);

/* Make a pCPU's stack. Returns its upper end. Panics without memory. */
u64 paging_map_stack(u32 pcpu);

/*
 * A root that maps the start-up page at its physical address too: physical
 * address, below 4 GiB. unmap takes the page out of it again.
 */
u64 paging_map_trampoline(u64 phys);
void paging_unmap_trampoline(void);

/*
 * Walk the tables of a root: is anything both writable and executable, or
 * mapped for user mode, in the slots the hypervisor has to itself? Returns NULL
 * or what is wrong, with its address in *va.
 */
const char *paging_check(u64 root, u64 *va);

#endif /* HV_PAGING_H */
