/* SPDX-License-Identifier: GPL-2.0-only */
/* From the boot loader's leavings to a hypervisor with memory. */
#ifndef HV_BOOT_H
#define HV_BOOT_H

#include "cmdline.h"
#include "multiboot2.h"
#include "types.h"

/* What the boot loader said, valid from the start of kmain() on. */
extern struct multiboot2 boot_mb2;
extern struct cmdline boot_cmdline;

/*
 * A zeroed page that is never freed: physical address. Before frame_init() from
 * the memory map, below 4 GiB; afterwards from the frame allocator, wherever it
 * is. Panics without memory.
 */
u64 boot_alloc_page(void);

/* A page of memory below 640 KiB for start-up code: physical address. */
u64 boot_low_page(void);

/* head.S comes here, on the boot stack: @info: physical address. */
void boot_main(u32 info) __noreturn;

/* And here on the boot pCPU's own stack and tables. */
void boot_continue(void) __noreturn;

/* head.S: call boot_continue() on the stack that ends at 'top'. */
void boot_on_stack(u64 top) __noreturn;

#endif /* HV_BOOT_H */
