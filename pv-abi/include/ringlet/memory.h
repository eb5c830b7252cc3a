/* SPDX-License-Identifier: MIT */
/*
 * Ringlet ABI: guest memory and its page tables.
 *
 * A guest writes its own page tables, with guest frame numbers, whenever it
 * likes. The hypervisor caches translations like a TLB that never forgets:
 * a change that takes a right away or that names another frame is seen only
 * after a flush; one that only adds rights needs none. The guest's tables are
 * walked again before any page fault is delivered.
 */
#ifndef RINGLET_MEMORY_H
#define RINGLET_MEMORY_H

#include "abi.h"

/* 'root' argument of flush, beside the guest-physical address of a root. */
#define RINGLET_ROOT_KERNEL		0x1	/* the common half */
#define RINGLET_ROOT_ALL		0x2	/* the common half and every root */

/* Flags of flush. */
#define RINGLET_FLUSH_FREED_TABLES	0x1	/* page tables in the range were
						   unlinked: wait for walks too */
#define RINGLET_FLUSH_WRPROTECT		0x2	/* only write access was taken
						   away: keep the translations */

#endif /* RINGLET_MEMORY_H */
