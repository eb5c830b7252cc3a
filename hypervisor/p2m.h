/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain's map of guest frames to machine frames.
 *
 * A radix tree of four levels in the hypervisor's own pages. Lookups take no
 * lock: entries are single words, and tables are freed only with the domain,
 * after a grace period. What a lookup found may be used until the pCPU's next
 * quiescent point (quiesce.h), but may enter a shadow table only under the root
 * lock under which it was looked up: what leaves is marked first and swept then.
 *
 * An entry of 2 MiB says that all 512 frames are the domain's own with equal
 * rights. Any change inside shatters it.
 *
 * The control domain is identity-mapped: gfn = mfn, for its own memory, for
 * foreign frames, and, where no entry is, for device memory.
 */
#ifndef HV_P2M_H
#define HV_P2M_H

#include "lock.h"
#include "sweep.h"
#include "types.h"

struct domain;

#define P2M_WRITE	0x01
#define P2M_FOREIGN	0x02	/* another domain's frame, a reference is held */
#define P2M_LEAVING	0x04	/* being removed; lookups do not show it */
#define P2M_SPECIAL	0x08	/* the hypervisor's frame (shared page, time page) */
#define P2M_SUPER	0x10	/* found in a 2 MiB entry */
#define P2M_MMIO	0x20	/* device memory of the control domain */
#define P2M_VALID	0x40	/* lookup: there is something at this gfn */

struct p2m_entry {
	mfn_t mfn;		/* of this gfn, also inside a 2 MiB entry */
	u32 flags;		/* 0: nothing is here */
};

#define LEAVING_MAX 512		/* frames that leave a domain at once */

/*
 * Frames that are leaving the domain: marked so in its p2m, until its shadows are
 * swept (leave.c). Under the P2M lock; while 'busy' it is of the pCPU that works on
 * it.
 */
struct p2m_leaving {
	u32 n;			/* 0: none */
	bool busy;
	bool large;		/* one frame of 2 MiB */
	u64 gfn;
	struct domain *owner;	/* of foreign frames, else NULL */
	u64 last[LEAVING_MAX / 64];	/* foreign: those whose mapping ends */
	struct sweep sweep;
};

struct p2m {
	struct spinlock lock;	/* class P2M: writers */
	mfn_t root;		/* level-4 table, MFN_NONE once torn down */
	bool identity;		/* control domain */
	bool dying;		/* teardown began: nothing is added any more */
	bool has_shared;	/* p2m_add_shared() was done */
	u8 teardown_step;
	u64 teardown_gfn;	/* progress of p2m_teardown */
	struct p2m_leaving leaving;
};

/* What the platform code knows of physical addresses (pages). */
bool platform_is_ram(u64 phys);
bool platform_mmio_denied(u64 phys);

/* Make an empty map; -ENOMEM. */
int p2m_init(struct domain *d, bool identity);

/* What stands at a guest frame. Never shows LEAVING entries. No lock. */
struct p2m_entry p2m_lookup(struct domain *d, gfn_t gfn);

/* May the frame be read as a page table and get Accessed and Dirty bits? Own,
 * writable, ordinary memory. */
static inline bool p2m_is_table(struct p2m_entry e)
{
	return (e.flags & (P2M_VALID | P2M_WRITE | P2M_FOREIGN | P2M_SPECIAL |
			   P2M_MMIO)) == (P2M_VALID | P2M_WRITE);
}

/*
 * Enter 2^order (0 or 9) frames at gfn; flags: WRITE, SPECIAL. The frames are the
 * domain's own already (or the hypervisor's: SPECIAL). -EEXIST when something is
 * there, -ENOMEM, -EINVAL when gfn is too high, not aligned, or the domain dies.
 */
int p2m_add(struct domain *d, gfn_t gfn, mfn_t mfn, u32 order, u32 flags);

/*
 * Enter the shared page and, behind it and read only, the time page: both or
 * none, and once. Errors as p2m_add().
 */
int p2m_add_shared(struct domain *d, gfn_t gfn, mfn_t mfn);

/*
 * Take count own pages out of the map and out of the domain: mark, sweep the
 * shadows, shoot down, release (frame.h). Returns pages removed, which may be
 * fewer than asked for when time is up; those marked last may still be on their way
 * (p2m_leave). -ENOENT when there is no own memory at gfn, -ENOMEM when a 2 MiB
 * entry must be split and cannot, -ERESTART_HV. Hold no lock.
 */
s64 p2m_remove(struct domain *d, gfn_t gfn, u64 count);

/*
 * domctl_populate: new zeroed memory at gfn, in 2 MiB pieces where alignment and
 * memory allow it and flags do not say RINGLET_POPULATE_4K. Returns pages added,
 * 1 to count, or, if none, -EINVAL -EEXIST -ENOMEM -EAGAIN. An identity-mapped
 * domain is refused.
 */
s64 p2m_populate(struct domain *d, gfn_t gfn, u64 count, u32 flags);

/*
 * Memory for the control domain: up to 'pages' pages from the allocator, entered
 * where they are. Returns pages added; fewer when memory is short. At start only.
 */
s64 p2m_populate_identity(struct domain *d, u64 pages);

/*
 * domctl_map, one page: owner's page gfn appears in caller at guest frame =
 * *mfn. Takes one reference. -ENOENT no memory (own, ordinary) there, -EPERM
 * caller is not identity-mapped, -EINVAL owner is caller, -ENOMEM,
 * -ERESTART_HV the frame is just being unmapped: try again. Hold no lock.
 */
s64 p2m_map_foreign(struct domain *caller, struct domain *owner, gfn_t gfn,
		    mfn_t *mfn);

/*
 * domctl_unmap: drop one reference of each of count consecutive frames; sweep
 * and shoot down those whose last one went. Returns frames done, 1 to count;
 * -ENOENT if the first is not mapped by p2m_map_foreign(), -ERESTART_HV. Those done
 * last may still be on their way (p2m_leave). Hold no lock.
 */
s64 p2m_unmap_foreign(struct domain *caller, gfn_t frame, u64 count);

/*
 * Go on for a while with what is leaving the domain's map, if there is something.
 * True: references went, so that domains may be free to go (domain_free_dead). At
 * each exit to a vCPU of the domain. Hold no lock.
 */
bool p2m_leave(struct domain *d);

static inline bool p2m_is_leaving(const struct p2m *m)
{
	return READ_ONCE(m->leaving.n);
}

/*
 * A domain's end: all its memory goes to limbo, all tables are retired. Before:
 * none of its vCPUs is on a pCPU or ever will be. Tears its vTLB down first. 0
 * when done, -ERESTART_HV when it must be called again. d->foreign_refs may be
 * above 0 for long after. Hold no lock.
 */
int p2m_teardown(struct domain *d);

#endif /* HV_P2M_H */
