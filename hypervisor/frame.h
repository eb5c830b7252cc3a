/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machine memory by frames: who owns each, which are free, which wait in limbo.
 *
 * Free memory is kept by buddies of 4 KiB to 2 MiB in two zones, below and above
 * 4 GiB. Every frame is zeroed when it is handed out, in one place. A frame that
 * a domain or the hypervisor's own lock-free readers may still be looking at is
 * not freed but retired: it waits in limbo until every pCPU has passed a
 * quiescent point (quiesce.h), and until other domains dropped their references.
 */
#ifndef HV_FRAME_H
#define HV_FRAME_H

#include "types.h"

struct domain;

#define FRAME_MAX_ORDER 9	/* 2 MiB */

enum frame_state {
	FRAME_RESERVED,		/* not memory of ours: firmware, image, modules */
	FRAME_FREE,
	FRAME_HV,		/* the hypervisor's own */
	FRAME_DOMAIN,		/* memory of 'owner' */
	FRAME_LIMBO,		/* left its owner; not free yet */
};

struct frame {
	u32 next;		/* list links: frame numbers, FRAME_END ends */
	union {
		u32 prev;	/* FREE, HV */
		u32 refs;	/* DOMAIN, LIMBO: references of other domains */
	};
	u16 owner;		/* DOMAIN, LIMBO: domain identifier */
	u8 state;		/* enum frame_state */
	u8 order;		/* FREE, LIMBO: size of the block this one heads */
	u8 level;		/* HV, a shadow page: level of the table */
	u8 flags;		/* HV, a shadow page: SHADOW_* */
	u16 reserved;
};

#define FRAME_END (~0U)
#define FRAME_NOT_HEAD 0xff	/* order of a frame that heads no free block */

/* Bytes. */
struct mem_region {
	u64 start;
	u64 size;
};

/*
 * Take over the machine's memory: 'ram' lists usable memory, 'used' what is
 * occupied in it (or anywhere). Parts of pages count as not usable. The frame
 * table is placed in that memory, at the highest place where it fits. The
 * direct map must cover all of 'ram'. Boot pCPU, once; panics without memory.
 */
void frame_init(const struct mem_region *ram, u32 nr_ram,
		const struct mem_region *used, u32 nr_used);

/* Give memory that frame_init() was told to be used to the allocator. Whole
 * pages inside 'ram' only. */
void frame_add(u64 start, u64 size);

/* The frame table's entry; 'mfn' must be frame_valid(). */
struct frame *frame_of(mfn_t mfn);
bool frame_valid(mfn_t mfn);

/*
 * 2^order frames for the hypervisor, zeroed, naturally aligned, above 4 GiB if
 * there are any. MFN_NONE when there is no memory. Takes LOCK_FRAME.
 */
mfn_t frame_alloc_hv(u32 order);
/* The same below 4 GiB. */
mfn_t frame_alloc_hv_low(u32 order);

/* Free what frame_alloc_hv() gave, at once: nobody may hold a pointer to it. */
void frame_free_hv(mfn_t mfn, u32 order);
/* The same after a grace period. */
void frame_retire_hv(mfn_t mfn, u32 order);

#define FRAME_LOW 0x1		/* below 4 GiB first, not last */

/*
 * 2^order (order 0 or 9) zeroed frames owned by 'd', counted in d->pages.
 * MFN_NONE when there is no memory: if frame_limbo_pages() is not 0 there will be
 * more soon. Takes LOCK_FRAME.
 */
mfn_t frame_alloc_domain(struct domain *d, u32 order, u32 flags);

/*
 * 2^order frames leave 'd': into limbo, those with references of other domains
 * until the last one is dropped. No p2m entry and no shadow entry of 'd' may name
 * them any more and the shootdown must be done. Takes LOCK_FRAME.
 */
void frame_release(struct domain *d, mfn_t mfn, u32 order);

/*
 * Take a reference for another domain to a frame owned by 'd'; the caller holds
 * the lock of d's p2m and found the frame there. Counted in d->foreign_refs.
 * False when it has as many as can be counted.
 */
bool frame_get(struct domain *d, mfn_t mfn);
/* Drop one. The last one of a frame in limbo starts its grace period. */
void frame_put(struct domain *d, mfn_t mfn);
u32 frame_refs(mfn_t mfn);

/*
 * Free what has waited in limbo long enough. From the idle loop, and from where
 * memory is short. Does a bounded piece of work; returns true when there is more
 * that can be done at once. Takes LOCK_FRAME.
 */
bool frame_reap(void);

/* Counters, pages. total: all memory given to frame_init(). */
u64 frame_total_pages(void);
u64 frame_free_pages(void);
u64 frame_limbo_pages(void);	/* "waiting to be scrubbed" */
u64 frame_hv_pages(void);

#endif /* HV_FRAME_H */
