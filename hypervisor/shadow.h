/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the vTLB share: page table entries, the walk of a guest's
 * tables, the pool of shadow pages, locked roots, and how entries are removed.
 */
#ifndef HV_SHADOW_H
#define HV_SHADOW_H

#include "domain.h"
#include "frame.h"
#include "layout.h"
#include "panic.h"
#include "percpu.h"
#include "ringlet/memory.h"
#include "types.h"

/* Page table entries. SDM vol. 3, 4.5. */
#define PTE_P		0x001UL
#define PTE_W		0x002UL
#define PTE_U		0x004UL
#define PTE_PWT		0x008UL
#define PTE_PCD		0x010UL
#define PTE_A		0x020UL
#define PTE_D		0x040UL
#define PTE_PS		0x080UL		/* levels 2, 3 */
#define PTE_PAT		0x080UL		/* level 1 */
#define PTE_PAT_LARGE	0x1000UL
#define PTE_NX		(1UL << 63)
#define PTE_ADDR	0x000ffffffffff000UL

/* Shadow entries that name a table: all rights, Accessed preset. */
#define PTE_TABLE	(PTE_P | PTE_W | PTE_U | PTE_A)

#define LOWER_END	(1UL << 47)
#define COMMON_START	RINGLET_COMMON_START

#define SHADOW_FOREIGN	0x1	/* frame flag: may have leaves to foreign frames */

/* Entries of a leaf table that one fault fills at most. Power of two. */
#define FILL_AHEAD	16

static inline u32 pte_index(u64 va, u32 level)
{
	return va >> (PAGE_SHIFT + 9 * (level - 1)) & 511;
}

/* Bytes that an entry of this level covers. */
static inline u64 level_size(u32 level)
{
	return 1UL << (PAGE_SHIFT + 9 * (level - 1));
}

static inline mfn_t pte_mfn(u64 pte)
{
	return MFN((pte & PTE_ADDR) >> PAGE_SHIFT);
}

static inline u64 *pte_table(u64 pte)
{
	return phys_to_virt(pte & PTE_ADDR);
}

/* Guest addresses that may be translated at all. */
static inline bool va_lower(u64 va)
{
	return va < LOWER_END;
}

static inline bool va_common(u64 va)
{
	return va >= COMMON_START;
}

/* walk.c */

struct walk {
	u64 *ptep;		/* the leaf entry, hypervisor alias */
	u64 pte;		/* what was read there */
	u32 level;		/* of the leaf: 1, 2 (2 MiB), 3 (1 GiB) */
	gfn_t gfn;		/* of the 4 KiB page at the address */
	u64 above;		/* PTE_W, U, NX of the path without the leaf */
	u64 rights;		/* of the whole path */
	u32 error;		/* of a walk that failed: PF_PRESENT, PF_RSVD */
};

extern u64 pte_reserved;	/* address bits the CPU has not */

/* A guest leaf entry at level 1 as a path's rights leave it. */
u64 walk_rights(u64 va, u64 above, u64 pte);

/*
 * Walk the guest's tables from its level-4 table 'root'. access: PF_WRITE, PF_USER,
 * PF_FETCH. False: the access faults, w->error says how. Under the lock of the root
 * that va belongs to; w->ptep is valid until it is released.
 */
bool walk_guest(struct domain *d, gfn_t root, u64 va, u32 access,
		struct walk *w);

/* Set Accessed, and Dirty, in the leaf entry. False: it has changed meanwhile. */
bool walk_mark(struct walk *w, bool dirty);

/* pool.c: shadow pages by frame number. */

/* A zeroed page from the pool, FRAME_END if none. */
u32 pool_take(struct domain *d);
/* Give back n pages, linked by 'next' from first to last. Nothing may reach them
 * any more. */
void pool_give(struct domain *d, u32 first, u32 last, u64 n);
/* Let the pool have n pages at least, in use or not. False: no memory. */
bool pool_fill(struct domain *d, u64 n);
/* Give the pool's free pages back; true when none is left. */
bool pool_drain(struct domain *d);

/*
 * A removal: entries (and pages) that went, and the shootdown they need.
 *
 *	struct removal rm = REMOVAL(d);
 *	lock a root; set entries with removal_clear() ...; unlock
 *	removal_finish(&rm);
 */
struct removal {
	struct domain *d;
	u32 pages, last;	/* list of shadow pages to give back */
	u64 nr_pages;
	bool noted;
	u64 entries;		/* leaves dropped, and whole tables */
};

#define REMOVAL(dom) { .d = (dom), .pages = FRAME_END }

/* Have the pages from first to last, n in number, given back at the end; they are
 * linked by 'next' and nothing refers to them but translations in TLBs. */
void removal_pages(struct removal *rm, u32 first, u32 last, u64 n);
/* Something was removed, under the root's lock. */
void removal_note(struct removal *rm);
/* No lock held: shoot down if this or an unfinished removal calls for it, then
 * give the pages back. */
void removal_finish(struct removal *rm);

/* root.c */

/* The one function that writes entries of shadow tables. */
void shadow_set(u64 *slot, u64 entry);
#ifdef RINGLET_HOST
/* Called before each write: unit tests look at every state that the hardware could
 * see. */
void host_shadow_write(u64 *slot, u64 entry);
#endif

/* The root with this gfn, locked; NULL if there is none and it need or can not be
 * made. */
struct vtlb_root *root_lock(struct domain *d, gfn_t gfn, bool make);
/* The object for an address, locked: the common half, or root 'gfn' (made if need
 * be, others evicted for it). NULL: out of shadow pages just now. */
struct vtlb_root *root_lock_for(struct domain *d, gfn_t gfn, u64 va);
/*
 * All roots of a domain in turn, each locked, the common half last; NULL at the
 * end. Begin with ROOT_WALK. Those made meanwhile may be left out. root_walk_back:
 * have the locked root given once more, or the next one if it has gone.
 */
struct vtlb_root *root_lock_next(struct domain *d, struct root_walk *w);
void root_walk_back(struct root_walk *w, const struct vtlb_root *r);
/* A new shadow page for a locked root; FRAME_END if the pool is empty. */
u32 root_page_take(struct domain *d, struct vtlb_root *r, u32 level);
/* Unlink a shadow page from a locked root's list, to be given back. */
void root_page_drop(struct vtlb_root *r, u32 page, struct removal *rm);
/* Move the first page of a locked root's list to its end and return it. */
u32 root_page_rotate(struct vtlb_root *r);
/* Clear level-4 entry i (0 to 255) of a locked root in all copies. */
void root_clear_copies(struct domain *d, struct vtlb_root *r, u32 i);
/* Copy level-4 entry i of a locked root into this pCPU's level-4 page that v uses. */
void root_copy(struct vcpu *v, struct vtlb_root *r, u32 i);
/* Entries of a locked root go, whose pages the guest may have mapped still: the
 * gate delivers no fault in this root until one was the guest's own again. */
void root_cold(struct domain *d, struct vtlb_root *r);
/* Drop all entries and pages of a locked root. */
void root_empty(struct domain *d, struct vtlb_root *r, struct removal *rm);
/* Unlink a subtree below level-3 entry 'slot' of a locked root. */
void root_drop_gib(struct vtlb_root *r, u64 *slot, struct removal *rm);
/* Empty every root from hash chain *chain on, then the common half. ROOTS lock not
 * held. False: time is up, go on from *chain. */
bool root_empty_all(struct domain *d, u32 *chain, struct removal *rm);
/* Take a root away. ROOTS lock held. */
void root_drop(struct domain *d, struct vtlb_root *r, struct removal *rm);
/* Forget roots and tags for good. False: time is up, call again. */
bool root_forget_all(struct domain *d, struct removal *rm);

/* Make shadow pages free: the least recently used root goes, or a part of the
 * largest. Hold no lock. False: there was nothing to evict. */
bool vtlb_evict(struct domain *d);
/* The same for a new root 'gfn': one of its hash chain goes if that is full. */
bool vtlb_evict_for(struct domain *d, gfn_t gfn);

#endif /* HV_SHADOW_H */
