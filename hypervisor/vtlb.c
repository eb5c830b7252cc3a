/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults, fills and hints.
 */
#include "vtlb.h"

#include "coherence.h"
#include "printk.h"
#include "shadow.h"
#include "trace.h"

/* Attempts at a fill that others disturb before the guest is let run, and fault,
 * again. */
#define ATTEMPTS 8
#define COPY_ATTEMPTS 1000
#define HINT_PAGES 512		/* filled by one return */

enum fill {
	FILL_DONE,
	FILL_FAULT,		/* the guest's tables do not allow it */
	FILL_AGAIN,		/* something changed meanwhile */
	FILL_NO_PAGE,		/* the pool is empty */
};

_Static_assert(sizeof(struct vtlb_root) <= PAGE_SIZE, "a root is one page");

int vtlb_init(struct domain *d, u64 quota)
{
	struct vtlb *t = &d->vtlb;
	u64 floor = (u64)VTLB_FLOOR * d->nr_vcpus;
	u32 page;

	memset(t, 0, sizeof(*t));
	lock_init(&t->roots_lock, LOCK_ROOTS);
	lock_init(&t->pool_lock, LOCK_POOL);
	coherence_init(d);
	t->pool = FRAME_END;
	t->kernel_root = GFN(~0UL);
	if (quota == 0)
		quota = 2 * floor + d->max_pages / 64;
	t->quota = MAX(quota, floor);
	page = pool_take(d);
	if (page == FRAME_END)
		return -ENOMEM;
	t->common = mfn_to_virt(MFN(page));
	lock_init(&t->common->lock, LOCK_ROOT);
	t->common->gfn = GFN(~0UL);
	t->common->common = true;
	t->common->first = FRAME_END;
	t->common->last = FRAME_END;
	t->common->cursor = FRAME_END;
	return 0;
}

int vtlb_reserve(struct vcpu *v)
{
	u64 *floor = &v->domain->vtlb.floor;
	u64 pages;

	if (__atomic_exchange_n(&v->reserved, true, __ATOMIC_RELAXED))
		return 0;
	pages = __atomic_add_fetch(floor, VTLB_FLOOR, __ATOMIC_RELAXED);
	if (pool_fill(v->domain, pages))
		return 0;
	__atomic_fetch_sub(floor, VTLB_FLOOR, __ATOMIC_RELAXED);
	WRITE_ONCE(v->reserved, false);
	return -ENOMEM;
}

int vtlb_teardown(struct domain *d)
{
	struct removal rm = REMOVAL(d);
	bool done = true;

	if (d->vtlb.common) {
		done = root_forget_all(d, &rm);
		removal_finish(&rm);
	}
	if (!done || (d->vtlb.pool_pages && !pool_drain(d)))
		return -ERESTART_HV;
	if (d->vtlb.pool_pages)
		panic("domain %u: %lu shadow pages lost", d->id,
		      (unsigned long)d->vtlb.pool_pages);
	return 0;
}

u64 vtlb_pages(const struct domain *d)
{
	return READ_ONCE(d->vtlb.pool_pages) - READ_ONCE(d->vtlb.pool_free);
}

void vtlb_pcpu_init(struct pcpu *p)
{
	u32 order = __builtin_ctz(ROOT_SLOTS);
	mfn_t mfn = frame_alloc_hv(order);

	if (mfn.n == MFN_NONE.n)
		panic("no memory for the level-4 pages of CPU %u", p->id);
	p->l4_base = mfn;
	for (u32 i = 0; i < ROOT_SLOTS; i++)
		p->l4[i] = mfn_to_virt(MFN(mfn.n + i));
}

/* Memory type bits of a guest leaf, for a shadow leaf. Only the control domain
 * chooses for itself, and not for frames of others. */
static u64 cache_bits(struct domain *d, struct p2m_entry e, u64 pte, u32 level,
		      u32 shadow_level)
{
	u64 bits;

	if (!d->p2m.identity || (e.flags & (P2M_FOREIGN | P2M_SPECIAL)))
		return 0;
	bits = pte & (PTE_PWT | PTE_PCD);
	if (pte & (level == 1 ? PTE_PAT : PTE_PAT_LARGE))
		bits |= shadow_level == 1 ? PTE_PAT : PTE_PAT_LARGE;
	return bits;
}

/*
 * The leaf entry that maps what 'e' says, for a guest leaf 'pte' with the rights
 * of its path. All that a domain can reach through the hardware passes here: the
 * frame is the p2m's, writable only if the p2m says so and the guest's entry is
 * dirty. Dirty and Accessed are preset, so the hardware writes no shadow table.
 */
static u64 shadow_leaf(struct domain *d, struct p2m_entry e, u64 rights, u64 pte,
		       u32 level, u32 shadow_level)
{
	u64 mfn = e.mfn.n;
	u64 leaf;

	ASSERT((e.flags & P2M_VALID) && !(e.flags & P2M_LEAVING));
	if (shadow_level == 2) {
		ASSERT(e.flags & P2M_SUPER);
		mfn &= ~(u64)(LARGE_PAGES - 1);
	}
	leaf = mfn << PAGE_SHIFT | PTE_P | PTE_A | (rights & (PTE_U | PTE_NX));
	if (shadow_level == 2)
		leaf |= PTE_PS;
	if ((rights & PTE_W) && (pte & PTE_D) && (e.flags & P2M_WRITE))
		leaf |= PTE_W | PTE_D;
	return leaf | cache_bits(d, e, pte, level, shadow_level);
}

/*
 * The shadow entry for va at level 1 or 2 of a locked root, tables made on the
 * way. NULL: the pool is empty. A 2 MiB leaf met on the way to level 1 is taken
 * away: *split.
 */
static u64 *slot_make(struct domain *d, struct vtlb_root *r, u64 va, u32 bottom,
		      struct removal *rm, bool *split)
{
	u64 *slot = &r->l3[pte_index(va, 4) & 255];

	for (u32 level = 4; level > bottom; level--) {
		if (level == 2 && (*slot & PTE_PS)) {
			removal_note(rm);
			shadow_set(slot, 0);
			*split = true;
			return NULL;
		}
		if (!(*slot & PTE_P)) {
			u32 page = root_page_take(d, r, level - 1);

			if (page == FRAME_END)
				return NULL;
			shadow_set(slot, (u64)page << PAGE_SHIFT | PTE_TABLE);
		}
		slot = pte_table(*slot) + pte_index(va, level - 1);
	}
	return slot;
}

static void note_foreign(u64 *slot, struct p2m_entry e)
{
	if (e.flags & P2M_FOREIGN)
		frame_of(virt_to_mfn(slot))->flags |= SHADOW_FOREIGN;
}

/* Fill one empty entry beside another: only what the guest says was accessed, so
 * that nothing has to be set in its tables. */
static bool fill_beside(struct domain *d, const struct walk *w, u64 va, u64 *slot)
{
	struct p2m_entry e;
	u64 pte = w->pte, rights = w->rights;
	gfn_t gfn;

	if (*slot)
		return false;
	if (w->level == 1) {
		u64 *table = (u64 *)((uintptr_t)w->ptep & PAGE_MASK);

		pte = READ_ONCE(table[pte_index(va, 1)]);
		if (!(pte & PTE_P) || (pte & pte_reserved) || !(pte & PTE_A))
			return false;
		rights = walk_rights(va, w->above, pte);
		gfn = GFN((pte & PTE_ADDR) >> PAGE_SHIFT);
	} else {
		u64 mask = level_size(w->level) - 1;

		gfn = GFN(((w->gfn.n << PAGE_SHIFT & ~mask) | (va & mask)) >>
			  PAGE_SHIFT);
	}
	e = p2m_lookup(d, gfn);
	if (!e.flags)
		return false;
	note_foreign(slot, e);
	shadow_set(slot, shadow_leaf(d, e, rights, pte, w->level, 1));
	return true;
}

static u32 fill_ahead(struct domain *d, const struct walk *w, u64 va, u64 *slot)
{
	u64 first = va & ~(FILL_AHEAD * PAGE_SIZE - 1);
	u64 *table = slot - (pte_index(va, 1) & (FILL_AHEAD - 1));
	u32 filled = 0;

	for (u32 i = 0; i < FILL_AHEAD; i++)
		filled += fill_beside(d, w, first + i * PAGE_SIZE, &table[i]);
	return filled;
}

/* Enter the translation that a walk found; *filled counts entries. */
static enum fill install(struct domain *d, struct vtlb_root *r, u64 va,
			 const struct walk *w, struct p2m_entry e,
			 struct removal *rm, u32 *filled)
{
	bool split = false;
	u64 *slot;

	if (w->level > 1 && (e.flags & P2M_SUPER)) {
		slot = slot_make(d, r, va, 2, rm, &split);
		if (!slot)
			return FILL_NO_PAGE;
		if (!(*slot & PTE_P) || (*slot & PTE_PS)) {
			shadow_set(slot, shadow_leaf(d, e, w->rights, w->pte,
						     w->level, 2));
			*filled += 1;
			return FILL_DONE;
		}
	}
	slot = slot_make(d, r, va, 1, rm, &split);
	if (!slot)
		return split ? FILL_AGAIN : FILL_NO_PAGE;
	note_foreign(slot, e);
	shadow_set(slot, shadow_leaf(d, e, w->rights, w->pte, w->level, 1));
	*filled += 1 + fill_ahead(d, w, va, slot);
	return FILL_DONE;
}

static gfn_t walk_root(struct domain *d, const struct vtlb_root *r)
{
	return r->common ? d->vtlb.kernel_root : r->gfn;
}

/*
 * Walk for an access under the root's lock, check the frame, set Accessed and
 * Dirty. FILL_DONE: *w and *e hold the translation.
 */
static enum fill resolve(struct domain *d, struct vtlb_root *r, u64 va,
			 u32 access, struct walk *w, struct p2m_entry *e)
{
	w->error = 0;
	if (r->dying)
		return FILL_FAULT;
	if (!walk_guest(d, walk_root(d, r), va, access, w))
		return FILL_FAULT;
	*e = p2m_lookup(d, w->gfn);
	if (!e->flags) {
		w->error = PF_PRESENT | PF_RSVD;
		return FILL_FAULT;
	}
	if ((access & PF_WRITE) && !(e->flags & P2M_WRITE))
		return FILL_FAULT;
	return walk_mark(w, access & PF_WRITE) ? FILL_DONE : FILL_AGAIN;
}

static enum fill fill(struct vcpu *v, gfn_t gfn, u64 va, u32 access, u32 *error,
		      u32 *filled)
{
	struct domain *d = v->domain;
	struct removal rm = REMOVAL(d);
	struct vtlb_root *r = root_lock_for(d, gfn, va);
	struct p2m_entry e;
	enum fill rc;
	struct walk w;

	if (!r)
		return FILL_NO_PAGE;
	rc = resolve(d, r, va, access, &w, &e);
	*error = w.error;
	if (rc == FILL_DONE)
		rc = install(d, r, va, &w, e, &rm, filled);
	if (rc == FILL_DONE) {
		root_copy(v, r, pte_index(va, 4) & 255);
		coherence_filled(d, r, va, 1, &w);
	}
	unlock(&r->lock);
	if (rm.noted)
		removal_finish(&rm);
	return rc;
}

static bool va_allowed(u64 va)
{
	return va_lower(va) || va_common(va);
}

/*
 * A guest whose handler believes that the mapping is good faults for ever, and
 * nothing else would say why. Once for each domain: the log is not the guest's.
 */
static void note_reserved(struct domain *d, gfn_t root, u64 va)
{
	if (!__atomic_exchange_n(&d->vtlb.reserved_noted, true,
				 __ATOMIC_RELAXED))
		log_info("Domain %u: its tables (root %#lx) have for address %#lx a reserved bit or a frame that is not the domain's: it gets a page fault with RSVD, said once",
			 d->id, root.n << PAGE_SHIFT, va);
}

enum vtlb_result vtlb_fault(struct vcpu *v, u64 va, u32 error_code,
			    u32 *guest_error)
{
	struct domain *d = v->domain;
	u32 access = error_code & (PF_WRITE | PF_USER | PF_FETCH);
	u32 error = 0, filled = 0;
	gfn_t gfn = vtlb_loaded_root(v);

	perf_inc(d, faults);
	v->root = gfn;
	*guest_error = access;
	if (!va_allowed(va))
		return VTLB_FAULT;
	for (u32 i = 0; i < ATTEMPTS; i++) {
		enum fill rc = fill(v, gfn, va, access, &error, &filled);

		if (rc == FILL_FAULT) {
			*guest_error |= error;
			if (error & PF_RSVD)
				note_reserved(d, gfn, va);
			return VTLB_FAULT;
		}
		if (rc == FILL_DONE)
			break;
		if (rc == FILL_NO_PAGE)
			vtlb_evict(d);
	}
	perf_inc(d, fills);
	perf_add(d, fill_pages, filled);
	trace(v, fill, va, filled);
	coherence_judge(d);
	return VTLB_FILLED;
}

int vtlb_translate(struct vcpu *v, u64 va, u32 access, mfn_t *mfn)
{
	struct domain *d = v->domain;
	enum fill rc = FILL_AGAIN;

	if (!va_allowed(va))
		return -EFAULT;
	/* Another vCPU that keeps changing the entry may have its fault. */
	for (u32 i = 0; rc == FILL_AGAIN && i < COPY_ATTEMPTS &&
			(i < ATTEMPTS || !work_expired()); i++) {
		struct vtlb_root *r = root_lock_for(d, vtlb_loaded_root(v), va);
		struct p2m_entry e;
		struct walk w;

		if (!r)
			continue;
		rc = resolve(d, r, va, access, &w, &e);
		unlock(&r->lock);
		if (rc == FILL_DONE && (e.flags & P2M_MMIO))
			rc = FILL_FAULT;
		if (rc == FILL_DONE)
			*mfn = e.mfn;
	}
	return rc == FILL_DONE ? 0 : -EFAULT;
}

/*
 * Fill what one leaf table holds of [va, va + count pages): one walk, then its
 * neighbours. Returns pages that were looked at, 0: give up.
 */
static u64 hint_table(struct vcpu *v, gfn_t gfn, u64 va, u64 count, u32 *filled)
{
	struct domain *d = v->domain;
	struct removal rm = REMOVAL(d);
	struct vtlb_root *r = root_lock_for(d, gfn, va);
	u64 n = MIN(count, 512 - pte_index(va, 1));
	struct p2m_entry e;
	struct walk w;
	enum fill rc;

	if (!r)
		return 0;
	rc = resolve(d, r, va, 0, &w, &e);
	if (rc == FILL_DONE)
		rc = install(d, r, va, &w, e, &rm, filled);
	if (rc == FILL_DONE) {
		bool split = false;
		u64 *l2 = slot_make(d, r, va, 2, &rm, &split);

		root_copy(v, r, pte_index(va, 4) & 255);
		for (u64 i = 1; !(*l2 & PTE_PS) && i < n; i++) {
			u64 at = va + i * PAGE_SIZE;
			u64 *slot = pte_table(*l2) + pte_index(at, 1);

			*filled += fill_beside(d, &w, at, slot);
		}
		coherence_filled(d, r, va, n, &w);
	}
	unlock(&r->lock);
	if (rm.noted)
		removal_finish(&rm);
	return rc == FILL_NO_PAGE ? 0 : n;
}

void vtlb_hints(struct vcpu *v)
{
	struct ringlet_vcpu_page *page = v->page;
	u32 slots = READ_ONCE(page->hint_count);
	gfn_t gfn = vtlb_loaded_root(v);
	u64 budget = HINT_PAGES;
	u32 filled = 0;

	v->root = gfn;
	WRITE_ONCE(page->hint_count, 0);
	slots = MIN(slots, RINGLET_HINT_SLOTS);
	for (u32 i = 0; i < slots; i++) {
		u64 va = READ_ONCE(page->hints[i].va) & PAGE_MASK;
		u64 count = READ_ONCE(page->hints[i].count);

		count = MIN(count, budget);
		budget -= count;
		while (count && va_allowed(va)) {
			u64 n = hint_table(v, gfn, va, count, &filled);

			if (n == 0)
				break;
			count -= n;
			va += n * PAGE_SIZE;
		}
	}
	perf_add(v->domain, hint_pages, filled);
	coherence_judge(v->domain);
}
