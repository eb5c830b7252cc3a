/* SPDX-License-Identifier: MIT */
/*
 * Ringlet ABI: the note that makes an ELF64 image a Ringlet guest.
 *
 * A PT_NOTE segment holds one note with the name "Ringlet" (namesz 8) and the
 * type RINGLET_NOTE_GUEST; its descriptor is struct ringlet_note. PT_LOAD
 * segments go to their p_paddr as guest-physical addresses, all moved by one
 * multiple of 'align' if RELOCATABLE is set and the addresses are not free.
 *
 * Start state of vCPU 0: ring 1, paging on, tables of the builder that map
 * guest-physical memory at equal virtual addresses (present, writable,
 * executable, supervisor); rip = 'entry' (moved as the image); rsi = guest-
 * physical address of the flattened device tree; rsp = 0; rflags = 2 (events
 * off); other registers 0. The device tree's bindings: docs/abi.md.
 */
#ifndef RINGLET_NOTE_H
#define RINGLET_NOTE_H

#include "abi.h"

#define RINGLET_NOTE_NAME		"Ringlet"
#define RINGLET_NOTE_GUEST		1

#define RINGLET_NOTE_RELOCATABLE	0x1	/* may be loaded elsewhere */

#ifndef __ASSEMBLER__

struct ringlet_note {
	ringlet_u32 abi_version;	/* RINGLET_ABI_VERSION */
	ringlet_u32 flags;
	ringlet_u64 entry;		/* guest-physical */
	ringlet_u64 align;		/* power of two, at least 4096 */
	ringlet_u64 features;		/* feature bits the guest requires */
};
RINGLET_ASSERT_SIZE(ringlet_note, 32);

#endif /* __ASSEMBLER__ */
#endif /* RINGLET_NOTE_H */
