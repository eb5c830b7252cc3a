/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries leave the shadows: flushes, sweeps, aging, eviction.
 */
#include "coherence.h"
#include "shadow.h"
#include "shootdown.h"
#include "trace.h"

#define FLUSH_CHUNK 4096	/* entries looked at under a root's lock at once */
#define TRIM_PAGES 16		/* freed at once from a root that stays */
#define SWEEP_CHUNK 4096	/* pages passed under a root's lock at once, ... */
#define SWEEP_PAGES 64		/* ... or looked at */
#define AGE_ROOTS 4
#define AGE_ENTRIES 64

/* A flush of [start, last] in one root; both ends are inclusive bytes. */
struct flush {
	struct removal rm;
	u64 at;			/* done up to here */
	u64 last;
	u64 end;		/* as the guest named it */
	bool wrprotect;
	u32 budget;
};

/*
 * Drop, or write-protect, a leaf. One without write access may have replaced one that
 * had it, when the guest had changed its table and not flushed yet: TLBs have that.
 */
static void flush_leaf(struct flush *f, u64 *slot)
{
	removal_note(&f->rm);
	if (f->wrprotect && !(*slot & PTE_W))
		return;
	f->rm.entries++;
	shadow_set(slot, f->wrprotect ? *slot & ~(PTE_W | PTE_D) : 0);
}

/* The part of the range in a table of level 1, named by entry l2. */
static void flush_table(struct flush *f, struct vtlb_root *r, u64 *l2, u64 end)
{
	u64 *table = pte_table(*l2);

	if (!f->wrprotect && !(f->at & (level_size(2) - 1)) && end <= f->last) {
		removal_note(&f->rm);
		root_page_drop(r, pte_mfn(*l2).n, &f->rm);
		shadow_set(l2, 0);
		f->budget -= MIN(f->budget, 512);
		return;
	}
	for (u64 va = f->at; va <= MIN(end, f->last); va += PAGE_SIZE) {
		u64 *slot = &table[pte_index(va, 1)];

		if (*slot)
			flush_leaf(f, slot);
		f->budget -= MIN(f->budget, 1);
	}
}

/*
 * Flush from f->at on, in a locked root, until the budget is used up; true when
 * done. Walks the shadow: where it has no table a step is that large.
 */
static bool flush_chunk(struct flush *f, struct vtlb_root *r)
{
	while (f->budget) {
		u64 *slot = &r->l3[pte_index(f->at, 4) & 255];
		u32 level = 4;
		u64 end;

		while (level > 2 && (*slot & PTE_P)) {
			slot = pte_table(*slot) + pte_index(f->at, --level);
			if (level == 3 && (*slot & PTE_P) && !f->wrprotect &&
			    !(f->at & (level_size(3) - 1)) &&
			    (f->at | (level_size(3) - 1)) <= f->last) {
				root_drop_gib(r, slot, &f->rm);
				f->budget -= MIN(f->budget, 512);
			}
		}
		end = f->at | (level_size(level) - 1);
		if (level == 2 && (*slot & PTE_PS))
			flush_leaf(f, slot);
		else if (level == 2 && (*slot & PTE_P))
			flush_table(f, r, slot, end);
		f->budget -= MIN(f->budget, 1);
		if (end >= f->last)
			return true;
		f->at = end + 1;
	}
	return false;
}

static struct vtlb_root *flush_lock(struct domain *d, u64 root)
{
	if (root != RINGLET_ROOT_KERNEL)
		return root_lock(d, GFN(root >> PAGE_SHIFT), false);
	lock(&d->vtlb.common->lock);
	return d->vtlb.common;
}

/* True when done, false when time is up. */
static bool flush_range(struct domain *d, struct flush *f, u64 root)
{
	bool done = false;

	while (!done) {
		struct vtlb_root *r = flush_lock(d, root);
		u64 from = f->at;

		/* A walk in progress had the lock; none goes on behind us. */
		if (!r)
			return true;
		f->budget = FLUSH_CHUNK;
		if (!r->common && f->at == 0 && f->last == LOWER_END - 1 &&
		    !f->wrprotect) {
			root_empty(d, r, &f->rm);
			done = true;
		} else {
			done = flush_chunk(f, r);
		}
		coherence_flushed(d, r, from, done ? f->end - 1 : f->at - 1,
				  f->wrprotect);
		/* Else a fault that is not the guest's own costs less. */
		if (f->rm.nr_pages || f->rm.entries > FILL_AHEAD)
			root_cold(d, r);
		unlock(&r->lock);
		if (!done && work_expired())
			return false;
	}
	return true;
}

static s64 flush_check(u64 root, u64 start, u64 end, u32 flags)
{
	/* Where a flush of all goes on, see below. */
	if (root == RINGLET_ROOT_ALL)
		start &= ~(u64)(VTLB_HASH - 1);
	if ((root & ~PAGE_MASK) && root != RINGLET_ROOT_KERNEL &&
	    root != RINGLET_ROOT_ALL)
		return -EINVAL;
	if (((start | end) & ~PAGE_MASK) || (end && end < start) ||
	    (flags & ~(RINGLET_FLUSH_FREED_TABLES | RINGLET_FLUSH_WRPROTECT)))
		return -EINVAL;
	return 0;
}

s64 vtlb_flush(struct domain *d, u64 root, u64 start, u64 end, u32 flags,
	       u64 *progress)
{
	struct flush f = { .rm = REMOVAL(d), .end = end };
	bool kernel = root == RINGLET_ROOT_KERNEL;
	s64 rc = flush_check(root, start, end, flags);

	if (rc)
		return rc;
	if (root == RINGLET_ROOT_ALL) {
		u32 chain = *progress % VTLB_HASH;

		if (!root_empty_all(d, &chain, &f.rm)) {
			*progress = (start & PAGE_MASK) + chain;
			rc = -ERESTART_HV;
		}
	} else if (start != end || end == 0) {
		f.wrprotect = flags & RINGLET_FLUSH_WRPROTECT;
		f.at = MAX(start, kernel ? COMMON_START : 0);
		f.at = MAX(f.at, *progress & PAGE_MASK);
		f.last = kernel ? end - 1 : MIN(end - 1, LOWER_END - 1);
		if (f.at <= f.last && !flush_range(d, &f, root)) {
			*progress = f.at;
			rc = -ERESTART_HV;
		}
	}
	removal_finish(&f.rm);
	perf_add(d, flush_pages, f.rm.entries);
	trace(this_pcpu()->current, flush, root, f.rm.entries);
	if (!rc)
		perf_inc(d, flushes);
	coherence_judge(d);
#ifdef CONFIG_VTLB_AUDIT
	vtlb_audit(d);
#endif
	return rc;
}

static void sweep_page(u32 page, mfn_t mfn, u64 count, struct removal *rm)
{
	u64 *table = mfn_to_virt(MFN(page));
	u32 level = frame_of(MFN(page))->level;
	u64 size = level == 2 ? LARGE_PAGES : 1;

	for (u32 i = 0; i < 512; i++) {
		u64 n = pte_mfn(table[i]).n & ~(size - 1);

		if (!(table[i] & PTE_P) || (level == 2 && !(table[i] & PTE_PS)) ||
		    n >= mfn.n + count || n + size <= mfn.n)
			continue;
		removal_note(rm);
		rm->entries++;
		shadow_set(&table[i], 0);
	}
}

/*
 * Look at some pages of a locked root, from its cursor on. True when at the end. What
 * is added meanwhile stands before the cursor: its entries were looked up when the
 * frames were leaving already.
 */
static bool sweep_root(struct vtlb_root *r, const struct sweep *s,
		       struct removal *rm)
{
	for (u32 work = 0; work < SWEEP_CHUNK && r->cursor != FRAME_END; work++) {
		u32 page = r->cursor;
		struct frame *f = frame_of(MFN(page));

		r->cursor = f->next;
		if (s->foreign ? !(f->flags & SHADOW_FOREIGN) : f->level > 2)
			continue;
		sweep_page(page, s->mfn, s->count, rm);
		work += SWEEP_CHUNK / SWEEP_PAGES;
	}
	return r->cursor == FRAME_END;
}

bool vtlb_sweep(struct domain *d, struct sweep *s)
{
	struct removal rm = REMOVAL(d);
	struct vtlb_root *r;

	while ((r = root_lock_next(d, &s->walk))) {
		if (!s->within || s->sequence != r->sequence)
			r->cursor = r->first;
		s->sequence = r->sequence;
		s->within = !sweep_root(r, s, &rm);
		if (s->within)
			root_walk_back(&s->walk, r);
		unlock(&r->lock);
		if (work_expired())
			break;
	}
	/*
	 * Whether something was found or not: an entry for the frame may have
	 * been replaced by one for another that the guest wanted instead, which
	 * does not interrupt anybody.
	 */
	if (!r)
		shootdown(d);
	removal_finish(&rm);
	return !r;
}

void vtlb_age(struct domain *d)
{
	struct removal rm = REMOVAL(d);
	struct vtlb *t = &d->vtlb;
	struct vtlb_root *r;
	u32 window = t->age++ % (512 / AGE_ENTRIES) * AGE_ENTRIES;

	lock(&t->roots_lock);
	r = t->live.newest;
	for (u32 n = 0; r && n < AGE_ROOTS; n++, r = r->older) {
		u32 page;

		lock(&r->lock);
		page = root_page_rotate(r);
		for (u32 i = 0; page != FRAME_END && i < AGE_ENTRIES; i++) {
			u64 *slot = (u64 *)mfn_to_virt(MFN(page)) + window + i;
			u32 level = frame_of(MFN(page))->level;

			if (level > 2 || !(*slot & PTE_P) ||
			    (level == 2 && !(*slot & PTE_PS)))
				continue;
			removal_note(&rm);
			shadow_set(slot, 0);
		}
		root_cold(d, r);
		unlock(&r->lock);
	}
	unlock(&t->roots_lock);
	if (rm.noted)
		removal_finish(&rm);
}

/* Some vCPU had this root loaded when last looked at. */
static bool root_in_use(struct domain *d, const struct vtlb_root *r)
{
	for (u32 i = 0; i < d->nr_vcpus; i++) {
		if (d->vcpus[i] && READ_ONCE(d->vcpus[i]->root.n) == r->gfn.n)
			return true;
	}
	return false;
}

/*
 * Free at least TRIM_PAGES pages of a locked root, 1 GiB of address space at a
 * time, from where the last call ended: what was filled last goes last.
 */
static void trim(struct domain *d, struct vtlb_root *r, struct removal *rm)
{
	u32 before = r->pages;

	root_cold(d, r);
	for (u32 n = 0; n <= 256 && before - r->pages < TRIM_PAGES; n++) {
		u32 i = (r->trim / 512) % 256;
		u32 j = r->trim % 512;
		u32 left = 0;
		u64 *l3;

		if (!r->l3[i]) {
			r->trim = (i + 1) % 256 * 512;
			continue;
		}
		l3 = pte_table(r->l3[i]);
		for (; j < 512 && before - r->pages < TRIM_PAGES; j++) {
			if (l3[j] & PTE_P)
				root_drop_gib(r, &l3[j], rm);
		}
		r->trim = (i * 512 + j) % (256 * 512);
		for (u32 k = 0; k < 512; k++)
			left += l3[k] != 0;
		if (left)
			continue;
		removal_note(rm);
		root_page_drop(r, pte_mfn(r->l3[i]).n, rm);
		shadow_set(&r->l3[i], 0);
		root_clear_copies(d, r, i);
	}
}

/* The root, or the common half, with the most pages. ROOTS lock held; all live roots
 * are in use, so they are few. */
static struct vtlb_root *largest(struct vtlb *t)
{
	struct vtlb_root *best = t->common;

	for (struct vtlb_root *r = t->live.newest; r; r = r->older) {
		if (READ_ONCE(r->pages) > READ_ONCE(best->pages))
			best = r;
	}
	return best;
}

/* ROOTS lock held: the oldest root that no vCPU uses. */
static struct vtlb_root *oldest_unused(struct domain *d, bool dying)
{
	struct vtlb_root *r = dying ? d->vtlb.dying.oldest : d->vtlb.live.oldest;

	while (r && root_in_use(d, r))
		r = r->newer;
	return r;
}

/* ROOTS lock held: what a full hash chain can miss, or NULL if it is not full. */
static struct vtlb_root *chain_surplus(struct domain *d, gfn_t gfn)
{
	struct vtlb_root *r, *found = NULL;
	u32 n = 0;

	for (r = d->vtlb.hash[gfn.n % VTLB_HASH]; r; r = r->chain, n++) {
		if ((!found || (found->dying && !r->dying)) && !root_in_use(d, r))
			found = r;
	}
	return n < VTLB_CHAIN ? NULL : found;
}

bool vtlb_evict_for(struct domain *d, gfn_t gfn)
{
	struct removal rm = REMOVAL(d);
	struct vtlb_root *r;

	lock(&d->vtlb.roots_lock);
	r = chain_surplus(d, gfn);
	if (r)
		root_drop(d, r, &rm);
	unlock(&d->vtlb.roots_lock);
	if (!r)
		return vtlb_evict(d);
	perf_inc(d, evictions);
	trace(this_pcpu()->current, evict, 0, 0);
	removal_finish(&rm);
	return true;
}

bool vtlb_evict(struct domain *d)
{
	struct removal rm = REMOVAL(d);
	struct vtlb *t = &d->vtlb;
	struct vtlb_root *r;

	lock(&t->roots_lock);
	r = oldest_unused(d, false);
	if (!r && t->nr_roots >= VTLB_ROOTS)
		r = oldest_unused(d, true);
	if (r) {
		root_drop(d, r, &rm);
	} else {
		r = largest(t);
		lock(&r->lock);
		trim(d, r, &rm);
		unlock(&r->lock);
		/* Roots that die are remembered as long as possible: a page
		 * each, to refuse fills. */
		if (rm.pages == FRAME_END && (r = oldest_unused(d, true)))
			root_drop(d, r, &rm);
	}
	unlock(&t->roots_lock);
	if (rm.pages == FRAME_END)
		return false;
	perf_inc(d, evictions);
	trace(this_pcpu()->current, evict, 0, 0);
	removal_finish(&rm);
	return true;
}

/* What may a domain have mapped? Told by owners, not by how it was filled. */
static bool audit_leaf(struct domain *d, u64 leaf, u64 n)
{
	struct p2m_entry e;

	if (!frame_valid(MFN(n)) || frame_of(MFN(n))->state == FRAME_RESERVED)
		return d->p2m.identity && !platform_is_ram(n << PAGE_SHIFT) &&
		       !platform_mmio_denied(n << PAGE_SHIFT);
	if (frame_of(MFN(n))->state == FRAME_HV)
		return (d->shared && n == virt_to_mfn(d->shared).n) ||
		       (d->time && n == virt_to_mfn(d->time).n &&
			!(leaf & PTE_W));
	if (frame_of(MFN(n))->state == FRAME_DOMAIN &&
	    frame_of(MFN(n))->owner == d->id)
		return true;
	e = p2m_lookup(d, GFN(n));
	return d->p2m.identity && (e.flags & P2M_FOREIGN) &&
	       frame_refs(MFN(n)) > 0;
}

static void audit_root(struct domain *d, struct vtlb_root *r)
{
	for (u32 page = r->first; page != FRAME_END;
	     page = frame_of(MFN(page))->next) {
		u64 *table = mfn_to_virt(MFN(page));
		u32 level = frame_of(MFN(page))->level;
		u64 size = level == 2 ? LARGE_PAGES : 1;

		for (u32 i = 0; level < 3 && i < 512; i++) {
			u64 n = pte_mfn(table[i]).n & ~(size - 1);

			if (!(table[i] & PTE_P) ||
			    (level == 2 && !(table[i] & PTE_PS)))
				continue;
			for (u64 k = n; k < n + size; k++) {
				if (!audit_leaf(d, table[i], k))
					panic("domain %u: shadow entry %lx maps frame %lx, which it has not",
					      d->id, (unsigned long)table[i],
					      (unsigned long)k);
			}
		}
	}
}

void vtlb_audit(struct domain *d)
{
	struct root_walk w = ROOT_WALK;
	struct vtlb_root *r;

	while ((r = root_lock_next(d, &w))) {
		audit_root(d, r);
		unlock(&r->lock);
	}
}
