/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual TLB: shadow page tables as a cache of a guest's translations.
 *
 * A guest writes its page tables as it likes; the hardware walks tables of ours,
 * which are filled when a fault or a hint asks for it and emptied when the guest
 * flushes. The one thing that safety rests on: a shadow entry maps only a frame
 * that the domain owns or was granted, with no more rights than it has. It is
 * established where leaf entries are made (shadow_leaf() in vtlb.c), and kept by
 * sweeping shadows before a frame leaves.
 *
 * A root (a guest level-4 table) has a master array of level-3 tables for its
 * lower half; the upper half of all roots of a domain is one more such object,
 * filled from the kernel root. Level-4 tables belong to the pCPUs (percpu.h):
 * ROOT_SLOTS each, caches of the masters, two-way by the root's gfn.
 * Entries of a copy come by fault on the pCPU itself; they leave master and all
 * copies under the root's lock, before shootdown and before reuse. So no CR3
 * value ever names a freed page.
 *
 * Intermediate entries carry all rights; leaves carry the intersection of what
 * the guest's path and the p2m allow. So the shape of a shadow does not depend on
 * the guest, and a flush needs to look at leaves only.
 */
#ifndef HV_VTLB_H
#define HV_VTLB_H

#include "layout.h"
#include "lock.h"
#include "sweep.h"
#include "types.h"

struct domain;
struct pcpu;
struct vcpu;

#define VTLB_HASH 128
#define VTLB_ROOTS 4096		/* roots that a domain has at most */
#define VTLB_CHAIN 128		/* of these in one chain of the hash */
#define VTLB_FLOOR 64		/* shadow pages a vCPU has at least */

/* One root's shadow, in a page of its domain's pool. */
struct vtlb_root {
	struct spinlock lock;		/* class ROOT */
	gfn_t gfn;			/* guest's level-4 table */
	u64 sequence;			/* a chain is in this order */
	bool common;			/* the upper half of all roots */
	bool dying;			/* root_dying: no fills */
	u32 pages;			/* shadow pages in the list */
	u32 first, last;		/* list of shadow pages: frame numbers */
	u32 cursor;			/* the page in it that is swept next */
	u64 trim;			/* where eviction goes on: address */
	struct vtlb_root *chain;	/* hash; ROOTS lock */
	struct vtlb_root *older, *newer; /* list; ROOTS lock */
	u64 l3[256];			/* master: level-4 entries of our half */
};

#ifdef CONFIG_VTLB_CHECK
enum coherence_fault {
	COHERENCE_NONE, COHERENCE_FILL, COHERENCE_FLUSH, COHERENCE_STALE,
	COHERENCE_COPY,
};

/* See coherence.h. */
struct coherence {
	struct spinlock lock;		/* class POOL */
	struct coherence_pending {
		u64 root, va;
		u32 since;		/* vtlb.age */
		bool used;
	} pending[16];
	enum coherence_fault fault;	/* the first: where and what */
	u64 root, va, leaf, pte;
};
#endif

/* Roots by use. */
struct root_list {
	struct vtlb_root *newest, *oldest;
};

struct vtlb {
	struct spinlock roots_lock;	/* class ROOTS: hash, lists */
	struct vtlb_root *hash[VTLB_HASH];
	struct root_list live, dying;
	u64 sequence;			/* of the last root made */
	u32 nr_roots;
	struct vtlb_root *common;
	gfn_t kernel_root;		/* its upper half is everybody's */

	struct spinlock pool_lock;	/* class POOL */
	u32 pool;			/* free shadow pages */
	u64 pool_free;
	u64 pool_pages;			/* allocated, free or not */
	u64 quota;
	u64 floor;			/* what vCPUs have reserved; atomic */
	u32 age;			/* turns of vtlb_age */
	bool reserved_noted;		/* atomic: see note_reserved() */

	/* Flushes between their removal of entries and the end of their
	 * shootdown; atomic. While it is not 0 an entry that is not there may
	 * still be in a TLB. */
	u32 unflushed;
#ifdef CONFIG_VTLB_CHECK
	struct coherence coherence;
#endif
};

enum vtlb_result {
	VTLB_FILLED,		/* repeat the access */
	VTLB_FAULT,		/* the guest's own fault: deliver it */
};

/* Bits of a page fault's error code. SDM vol. 3, 4.7. */
#define PF_PRESENT	0x01
#define PF_WRITE	0x02
#define PF_USER		0x04
#define PF_RSVD		0x08
#define PF_FETCH	0x10

/* Once, before any domain: physical address bits of the CPU (CPUID 80000008). */
void vtlb_setup(u32 phys_bits);

/* A pCPU's level-4 pages: p->l4_base, p->l4[]; entries are 0. The gate sets entry
 * 256 of each afterwards. p->roots must be set before a guest runs. */
void vtlb_pcpu_init(struct pcpu *p);

/*
 * quota: most shadow pages, 0 = by d->max_pages; at least VTLB_FLOOR * d->nr_vcpus.
 * kernel_root is set by the first load. -ENOMEM.
 */
int vtlb_init(struct domain *d, u64 quota);
/*
 * Before v is up for the first time: allocate its VTLB_FLOOR shadow pages, which no
 * other domain can take. 0 also if they are there. -ENOMEM. Under the lock of its
 * domain, which is not being torn down.
 */
int vtlb_reserve(struct vcpu *v);
/* Drop everything; 0, or -ERESTART_HV: call again. No vCPU may be on a pCPU. */
int vtlb_teardown(struct domain *d);

/* Shadow pages in use, and the quota. */
u64 vtlb_pages(const struct domain *d);

/*
 * A page fault of vCPU v, which is current on this pCPU: fill, or say what the
 * guest shall be told. error_code: as the CPU pushed it. *guest_error is set with
 * VTLB_FAULT. Hold no lock.
 */
enum vtlb_result vtlb_fault(struct vcpu *v, u64 va, u32 error_code,
			    u32 *guest_error);

/*
 * A fault in the root that v has loaded was the guest's own, or was not: where
 * faults of ring 3 on pages that are not present are its own, the gate delivers
 * the next ones, and asks again after some. Only a guess about what is faster.
 */
void vtlb_direct(struct vcpu *v, u64 error_code, bool own);

/* Consume the hints in the vCPU page. v is current on this pCPU. */
void vtlb_hints(struct vcpu *v);

/*
 * load_root hypercall (and RINGLET_LOAD_ROOT on a miss of the root cache):
 * -EINVAL, or 0 and v->root, v->regs.cr3 and the root cache of this pCPU are set.
 * The first root of a domain becomes its kernel root.
 */
s64 vtlb_load_root(struct vcpu *v, u64 gpa);

/*
 * v is being put on this pCPU: prepare a level-4 page for v->root and set
 * v->regs.cr3. Cannot fail: a root that is no table any more faults later.
 */
void vtlb_enter(struct vcpu *v);

/* v is leaving this pCPU: note in v->root what the gate has loaded last. */
void vtlb_leave(struct vcpu *v);

/* The root that v, current on this pCPU, had loaded at this entry (v->regs.cr3). */
gfn_t vtlb_loaded_root(struct vcpu *v);

/*
 * A root as a start context may name it: -EINVAL when it is not aligned, not
 * table memory of the domain or dying. No vCPU needed.
 */
int vtlb_check_root(struct domain *d, u64 gpa);

/* The hypercalls of the same names. Hold no lock. */
s64 vtlb_set_kernel_root(struct domain *d, u64 gpa);
s64 vtlb_root_dying(struct domain *d, u64 gpa);
s64 vtlb_root_destroy(struct domain *d, u64 gpa);

/*
 * flush. *progress: from where to go on, 0 or 'start' at the first call.
 * -ERESTART_HV: call again with the same arguments and the new *progress, or with
 * that as 'start' (it is a multiple of the page size; a guest may know and change
 * it, that harms only itself). Arguments are checked here.
 */
s64 vtlb_flush(struct domain *d, u64 root, u64 start, u64 end, u32 flags,
	       u64 *progress);

/*
 * Remove all shadow entries of 'd' for the frames of a sweep, whose p2m entries are
 * LEAVING, and shoot down. False: time is up, call again with the same. One sweep of
 * a domain at a time. Hold no lock.
 */
bool vtlb_sweep(struct domain *d, struct sweep *s);

/*
 * Drop a few leaf entries of the roots used last, so that the guest sees Accessed
 * again for pages that are in use. Now and then, e.g. four times a second for a
 * domain that runs. Hold no lock.
 */
void vtlb_age(struct domain *d);

/* Debugging: check every shadow entry of 'd' against its p2m; panics. */
void vtlb_audit(struct domain *d);

/*
 * Software walk for copies: translate va through the tables v has loaded, for an
 * access described as in a page fault's error code (PF_WRITE, PF_USER, PF_FETCH),
 * and set Accessed and Dirty. The frame may be used until the pCPU's next
 * quiescent point. 0, or -EFAULT: no such access, slots 256 to 271, device
 * memory.
 */
int vtlb_translate(struct vcpu *v, u64 va, u32 access, mfn_t *mfn);

#endif /* HV_VTLB_H */
