/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of the p2m's tables, for the files that change them: p2m.c and leave.c.
 *
 * An entry is the machine frame's address with P2M_* flags in the low bits; an
 * entry of levels 4 to 2 that names a table has P2M_TABLE.
 */
#ifndef HV_P2M_TABLE_H
#define HV_P2M_TABLE_H

#include "domain.h"
#include "frame.h"
#include "layout.h"

#define P2M_TABLE 0x80
#define ENTRY_MFN 0x000ffffffffff000UL
#define GFN_BITS 36		/* four levels of 9 bits */

static inline void entry_set(u64 *slot, u64 entry)
{
	__atomic_store_n(slot, entry, __ATOMIC_RELEASE);
}

static inline mfn_t entry_mfn(u64 entry)
{
	return MFN((entry & ENTRY_MFN) >> PAGE_SHIFT);
}

/*
 * The slot of gfn at level 1, or at level 2 (bottom = 2, or a 2 MiB entry stands
 * there). make: add tables on the way; NULL: no memory, or no table. Under the P2M
 * lock.
 */
u64 *p2m_slot(struct domain *d, u64 gfn, u32 bottom, bool make);

/* Make 512 entries of a 2 MiB one. False: no memory. Under the P2M lock. */
bool p2m_shatter(struct domain *d, u64 *slot);

#endif /* HV_P2M_TABLE_H */
