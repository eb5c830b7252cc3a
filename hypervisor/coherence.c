/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shadow entries held against the guest's tables; see coherence.h. Walks here
 * share no code with walk.c, so that a mistake there shows as a difference.
 */
#include "coherence.h"

#ifdef CONFIG_VTLB_CHECK

#define CACHE_BITS (PTE_PWT | PTE_PCD)

static bool coherence_on;

/* What the guest's tables and the p2m say of one page, now. */
struct truth {
	u64 pte;		/* last entry read */
	u64 above;		/* PTE_W, U, NX of the path without the leaf */
	u64 rights;		/* of the path; W: also the frame's, and only if dirty */
	u64 mfn;
	u32 level;
	bool present;
	bool unmapped;		/* an entry of the path is not present */
};

static struct truth truth_of(struct domain *d, const struct vtlb_root *r, u64 va)
{
	u64 table = r->common ? READ_ONCE(d->vtlb.kernel_root.n) : r->gfn.n;
	struct truth t = { .above = PTE_W | PTE_U, .level = 4 };
	struct p2m_entry e;
	u64 low;

	for (;; t.level--) {
		u32 shift = 3 + 9 * t.level;

		e = p2m_lookup(d, GFN(table));
		if (!p2m_is_table(e))
			return t;
		t.pte = READ_ONCE(((u64 *)mfn_to_virt(e.mfn))[va >> shift & 511]);
		low = (1UL << shift) - 1;
		t.unmapped = !(t.pte & PTE_P);
		if (t.unmapped || (t.pte & pte_reserved))
			return t;
		if (t.level == 1 || (t.level < 4 && (t.pte & PTE_PS)))
			break;
		t.above = (t.above & t.pte & (PTE_W | PTE_U)) |
			  ((t.above | t.pte) & PTE_NX);
		table = (t.pte & PTE_ADDR) >> PAGE_SHIFT;
	}
	t.rights = (t.above & t.pte & (PTE_W | PTE_U)) |
		   ((t.above | t.pte) & PTE_NX);
	if (r->common && (t.rights & PTE_U))
		t.rights |= PTE_NX;
	e = p2m_lookup(d, GFN(((t.pte & PTE_ADDR & ~low) | (va & low)) >>
			      PAGE_SHIFT));
	t.present = e.flags;
	t.mfn = e.mfn.n;
	if (!(t.pte & PTE_D) || !(e.flags & P2M_WRITE))
		t.rights &= ~PTE_W;
	return t;
}

/* Does the leaf, which maps frame mfn here, allow what 't' does not? */
static bool more(const struct truth *t, u64 leaf, u64 mfn)
{
	return !t->present || t->mfn != mfn ||
	       (leaf & ~t->rights & (PTE_W | PTE_U)) ||
	       (t->rights & ~leaf & PTE_NX);
}

/* The same for all pages of a leaf; *t is that of the first that differs. */
static bool leaf_more(struct domain *d, const struct vtlb_root *r, u64 va,
		      u64 leaf, u32 level, struct truth *t)
{
	u64 pages = level_size(level) / PAGE_SIZE;
	u64 mfn = pte_mfn(leaf).n & ~(pages - 1);

	for (u64 i = 0; i < pages; i++) {
		*t = truth_of(d, r, va + i * PAGE_SIZE);
		if (more(t, leaf, mfn + i))
			return true;
		/* One entry of the guest's for all of them. */
		if (t->level > 1 && i == 0 && pages > 1)
			i = pages - 2;
	}
	return false;
}

/* The entry that translates va, or the empty one that ends the walk. */
static u64 *find(struct vtlb_root *r, u64 va, u32 *level)
{
	u64 *slot = &r->l3[pte_index(va, 4) & 255];

	for (*level = 4; *level > 1 && (*slot & PTE_P) &&
	     !(*level == 2 && (*slot & PTE_PS)); )
		slot = pte_table(*slot) + pte_index(va, --*level);
	return slot;
}

/* Note the first difference. */
static void stop(struct domain *d, const struct vtlb_root *r, u64 va, u64 leaf,
		 const struct truth *t, enum coherence_fault fault)
{
	struct coherence *c = &d->vtlb.coherence;

	lock(&c->lock);
	if (!c->fault) {
		c->root = r->common ? READ_ONCE(d->vtlb.kernel_root.n) : r->gfn.n;
		c->va = va;
		c->leaf = leaf;
		c->pte = t->pte;
		c->fault = fault;
	}
	unlock(&c->lock);
}

/*
 * An entry that grants more, which a flush may still come for: remember it. When
 * there is no room, it is seen again later.
 */
static void pend(struct domain *d, const struct vtlb_root *r, u64 va)
{
	struct coherence *c = &d->vtlb.coherence;
	struct coherence_pending *free = NULL;

	lock(&c->lock);
	for (u32 i = 0; i < ARRAY_SIZE(c->pending); i++) {
		struct coherence_pending *p = &c->pending[i];

		if (p->used && p->root == r->gfn.n && p->va == va) {
			unlock(&c->lock);
			return;
		}
		if (!p->used)
			free = p;
	}
	if (free) {
		free->root = r->gfn.n;
		free->va = va;
		free->since = READ_ONCE(d->vtlb.age);
		free->used = true;
	}
	unlock(&c->lock);
}

/* Is there still a difference, and has it lasted too long? */
static bool pending_over(struct domain *d, struct vtlb_root *r,
			 struct coherence_pending *p, u64 *leaf, struct truth *t)
{
	u32 level;

	*leaf = *find(r, p->va, &level);
	p->used = (*leaf & PTE_P) && leaf_more(d, r, p->va &
					       ~(level_size(level) - 1),
					       *leaf, level, t);
	return p->used && READ_ONCE(d->vtlb.age) - p->since > COHERENCE_LIMIT;
}

/* Entries of this root that a flush has not come for. */
static void judge_pending(struct domain *d, struct vtlb_root *r)
{
	struct coherence *c = &d->vtlb.coherence;
	u64 leaf = 0, va = 0;
	struct truth t;
	bool over = false;

	lock(&c->lock);
	for (u32 i = 0; i < ARRAY_SIZE(c->pending) && !over; i++) {
		struct coherence_pending *p = &c->pending[i];

		va = p->va;
		over = p->used && p->root == r->gfn.n &&
		       pending_over(d, r, p, &leaf, &t);
	}
	unlock(&c->lock);
	if (over)
		stop(d, r, va, leaf, &t, COHERENCE_STALE);
}

static void forgive(struct domain *d, const struct vtlb_root *r, u64 from, u64 to)
{
	struct coherence *c = &d->vtlb.coherence;

	lock(&c->lock);
	for (u32 i = 0; i < ARRAY_SIZE(c->pending); i++) {
		struct coherence_pending *p = &c->pending[i];

		if (p->root == r->gfn.n && p->va >= from && p->va <= to)
			p->used = false;
	}
	unlock(&c->lock);
}

/* Leaves in [from, to] that grant more: faults if 'flushed', else they pend. */
static void look(struct domain *d, struct vtlb_root *r, u64 from, u64 to,
		 u64 flushed)
{
	u64 va = from, end;

	for (;;) {
		struct truth t;
		u32 level;
		u64 leaf = *find(r, va, &level);

		end = va | (level_size(level) - 1);
		va &= ~(level_size(level) - 1);
		if ((leaf & PTE_P) && leaf_more(d, r, va, leaf, level, &t)) {
			if (leaf & flushed)
				stop(d, r, va, leaf, &t, COHERENCE_FLUSH);
			else if (!r->common || !t.unmapped)
				pend(d, r, va);
		}
		if (end >= to)
			return;
		va = end + 1;
	}
}

/* Level-4 pages hold no entry that their master has not. */
static void look_at_copies(struct domain *d, struct vtlb_root *r, u64 va)
{
	u32 i = pte_index(va, 4);
	u64 tag = (u64)d->id << 48 | 1;

	for (u32 n = 0; n < nr_pcpus; n++) {
		for (u32 slot = 0; slot < ROOT_SLOTS; slot++) {
			u64 have = READ_ONCE(pcpus[n].tags[slot]);
			u64 entry = READ_ONCE(pcpus[n].l4[slot][i]);
			struct truth t = { .pte = r->l3[i & 255] };

			if (r->common ? (have ^ tag) & (0xffffUL << 48 | 1) :
					have != (tag | r->gfn.n << PAGE_SHIFT))
				continue;
			if (entry && entry != r->l3[i & 255])
				stop(d, r, va, entry, &t, COHERENCE_COPY);
		}
	}
}

void coherence_setup(bool on)
{
	coherence_on = on;
}

void coherence_init(struct domain *d)
{
	lock_init(&d->vtlb.coherence.lock, LOCK_POOL);
}

void coherence_filled(struct domain *d, struct vtlb_root *r, u64 va, u64 count,
		      const struct walk *w)
{
	u64 group = FILL_AHEAD * PAGE_SIZE;
	u64 leaf, wanted, mask, first = va & ~(group - 1);
	struct truth t;
	u32 level;

	if (!coherence_on)
		return;
	leaf = *find(r, va, &level);
	t = truth_of(d, r, va);
	mask = level == 2 ? PTE_ADDR & (LARGE_SIZE - 1) : PTE_PAT;
	wanted = t.mfn << PAGE_SHIFT | t.rights | PTE_P | PTE_A |
		 (t.rights & PTE_W ? PTE_D : 0) | (level == 2 ? PTE_PS : 0);
	if (t.pte == w->pte && t.above == w->above && t.present &&
	    ((leaf ^ wanted) & ~(mask | CACHE_BITS)))
		stop(d, r, va, leaf, &t, COHERENCE_FILL);
	look(d, r, first, MAX(first + group, va + count * PAGE_SIZE) - 1, 0);
	look_at_copies(d, r, va);
	judge_pending(d, r);
}

void coherence_flushed(struct domain *d, struct vtlb_root *r, u64 from, u64 to,
		       bool wrprotect)
{
	if (!coherence_on)
		return;
	if (!r->common)
		to = MIN(to, LOWER_END - 1);
	look(d, r, from, to, wrprotect ? PTE_W : PTE_P);
	look_at_copies(d, r, from);
	if (!wrprotect)
		forgive(d, r, from, to);
}

void coherence_judge(struct domain *d)
{
	struct coherence *c = &d->vtlb.coherence;
	struct vcpu *v = this_pcpu()->current;
	static const char what[][40] = {
		[COHERENCE_FILL] = "is not what a fresh walk says",
		[COHERENCE_FLUSH] = "grants more after a flush",
		[COHERENCE_STALE] = "grants more, and no flush has come",
		[COHERENCE_COPY] = "is in a level-4 page only",
	};

	if (!coherence_on || !READ_ONCE(c->fault))
		return;
	domain_crash(d, v && v->domain == d ? v : NULL,
		     "vtlb=check: root %lx address %lx: shadow entry %lx for guest entry %lx %s",
		     (unsigned long)(c->root << PAGE_SHIFT),
		     (unsigned long)c->va, (unsigned long)c->leaf,
		     (unsigned long)c->pte, what[c->fault]);
}

#endif
