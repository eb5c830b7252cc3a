/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual address map of the hypervisor.
 *
 *  slot  address             size     what
 *  256   0xffff800000000000  8 GiB    the gate (in every root)
 *  257   0xffff808000000000  1 GiB    image: text, data       (HV roots only)
 *  258   0xffff810000000000  7 TiB    direct map of memory    (HV roots only)
 *
 * A slot is an entry of a level-4 table, 512 GiB. The gate's pages have the same
 * addresses in every root, what is per pCPU different frames on each pCPU.
 * Usable from assembly.
 */
#ifndef HV_LAYOUT_H
#define HV_LAYOUT_H

#define SLOT_GATE		256
#define SLOT_IMAGE		257
#define SLOT_DIRECT		258
#define SLOT_COMMON		272	/* first slot of a guest's common half */

#define GATE_BASE		0xffff800000000000
/* Gate pages: offsets from GATE_BASE, mapped as docs/gate.md says. */
#define GATE_TEXT		0x00000	/* 0x10000 bytes, the hypercall page first */
#define GATE_IDT		0x10000	/* read only from here */
#define GATE_GDT		0x11000
#define GATE_TSS		0x12000
#define GATE_CONST		0x13000	/* struct gate_const */
#define GATE_ROOTS		0x14000	/* struct gate_roots */
#define GATE_STACK_ENTRY	0x21000	/* writable; guard pages between */
#define GATE_STACK_NMI		0x23000
#define GATE_STACK_DF		0x25000
#define GATE_STACK_MC		0x27000
#define GATE_STACK_DB		0x29000
#define GATE_VCPU_PAGE		0x40000	/* writable */
#define GATE_LDT		0x50000	/* read only, up to 0x5ffff */
/* The entry stack once more in each 64 KiB of 4 GiB, read only. */
#define GATE_STACK_VIEWS	0x100000000

#define IMAGE_BASE		0xffff808000000000
#define IMAGE_PHYS		0x200000	/* where GRUB loads the image */
#define DIRECT_BASE		0xffff810000000000
#define DIRECT_MAX		0x70000000000	/* bytes of memory we can use */

/* Root cache of a pCPU; its level-4 pages are contiguous in memory. */
#define ROOT_SLOTS		64
/* Two ways: a root is in slot gfn % ROOT_SETS or ROOT_SETS further on. */
#define ROOT_SETS		(ROOT_SLOTS / 2)

#ifndef __ASSEMBLER__
#include "types.h"

#ifdef RINGLET_HOST
/* Unit tests simulate machine memory in one array. */
extern u8 *host_memory;
#define DIRECT_MAP ((uintptr_t)host_memory)
#else
#define DIRECT_MAP DIRECT_BASE
#endif

static inline void *mfn_to_virt(mfn_t mfn)
{
	return (void *)(DIRECT_MAP + (mfn.n << PAGE_SHIFT));
}

static inline void *phys_to_virt(u64 phys)
{
	return (void *)(DIRECT_MAP + phys);
}

/* Of an address in the direct map only. */
static inline mfn_t virt_to_mfn(const void *va)
{
	return MFN(((uintptr_t)va - DIRECT_MAP) >> PAGE_SHIFT);
}
#endif

#endif /* HV_LAYOUT_H */
