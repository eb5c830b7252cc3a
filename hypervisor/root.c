/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Roots: finding them, their pages, the pCPUs' level-4 pages, eviction.
 *
 * A root is found, and locked, under the ROOTS lock; who takes one away unlinks it
 * under both locks. So nobody has a pointer to a root without its lock, and a
 * root's lock is held from the lookup in a p2m to the entry in its shadow.
 *
 * What a pCPU's level-4 page holds is told by the tag in its root cache. The
 * owner clears the page, then sets the new tag, then copies under the lock of the
 * root: who removes an entry under that lock sees either the tag, and clears the
 * copy, or a page that will be copied without the entry. Tags stay when a root is
 * forgotten: they say which guest table a level-4 page stands for, and the page
 * is filled again by faults if that is used again.
 */
#include "shadow.h"
#include "trace.h"

#define EMPTY_AT_ONCE 16	/* roots, under the ROOTS lock */

void shadow_set(u64 *slot, u64 entry)
{
#ifdef RINGLET_HOST
	host_shadow_write(slot, entry);
#endif
	__atomic_store_n(slot, entry, __ATOMIC_RELEASE);
}

static u64 tag_of(const struct domain *d, gfn_t gfn)
{
	return (u64)d->id << 48 | gfn.n << PAGE_SHIFT | 1;
}

static u32 set_of(gfn_t gfn)
{
	return gfn.n % ROOT_SETS;
}

static bool tag_is(u64 tag, const struct domain *d)
{
	return (tag & 1) && tag >> 48 == d->id;
}

/*
 * The lists by use; ROOTS lock. Roots that die, which hold nothing, have their own, so
 * that who looks for one to evict does not go through them.
 */
static struct root_list *list_of(struct vtlb *t, const struct vtlb_root *r)
{
	return r->dying ? &t->dying : &t->live;
}

static void use_unlink(struct vtlb *t, struct vtlb_root *r)
{
	struct root_list *list = list_of(t, r);

	if (r->newer)
		r->newer->older = r->older;
	else
		list->newest = r->older;
	if (r->older)
		r->older->newer = r->newer;
	else
		list->oldest = r->newer;
}

static void use_link(struct vtlb *t, struct vtlb_root *r)
{
	struct root_list *list = list_of(t, r);

	r->newer = NULL;
	r->older = list->newest;
	if (list->newest)
		list->newest->newer = r;
	else
		list->oldest = r;
	list->newest = r;
}

/* Where a root is linked, or would be; *room: the chain may have one more. */
static struct vtlb_root **root_find(struct vtlb *t, gfn_t gfn, bool *room)
{
	struct vtlb_root **r = &t->hash[gfn.n % VTLB_HASH];
	u32 n;

	for (n = 0; *r && (*r)->gfn.n != gfn.n; n++)
		r = &(*r)->chain;
	*room = n < VTLB_CHAIN;
	return r;
}

static void root_setup(struct vtlb_root *r, gfn_t gfn)
{
	lock_init(&r->lock, LOCK_ROOT);
	r->gfn = gfn;
	r->first = FRAME_END;
	r->last = FRAME_END;
	r->cursor = FRAME_END;
}

static struct vtlb_root *root_get(struct domain *d, gfn_t gfn, bool make,
				  bool dying)
{
	struct vtlb *t = &d->vtlb;
	struct vtlb_root **link, *r;
	bool room;

	lock(&t->roots_lock);
	link = root_find(t, gfn, &room);
	r = *link;
	if (r) {
		use_unlink(t, r);
	} else {
		u32 page = make && room && t->nr_roots < VTLB_ROOTS ?
				   pool_take(d) : FRAME_END;

		if (page == FRAME_END) {
			unlock(&t->roots_lock);
			return NULL;
		}
		r = mfn_to_virt(MFN(page));
		root_setup(r, gfn);
		r->sequence = ++t->sequence;
		t->nr_roots++;
		*link = r;
	}
	lock(&r->lock);
	r->dying |= dying;
	use_link(t, r);
	unlock(&t->roots_lock);
	return r;
}

struct vtlb_root *root_lock(struct domain *d, gfn_t gfn, bool make)
{
	return root_get(d, gfn, make, false);
}

struct vtlb_root *root_lock_for(struct domain *d, gfn_t gfn, u64 va)
{
	struct vtlb_root *r = d->vtlb.common;

	if (va_common(va)) {
		lock(&r->lock);
		return r;
	}
	r = root_lock(d, gfn, true);
	if (!r && vtlb_evict_for(d, gfn))
		r = root_lock(d, gfn, true);
	return r;
}

struct vtlb_root *root_lock_next(struct domain *d, struct root_walk *w)
{
	struct vtlb *t = &d->vtlb;

	for (; w->chain < VTLB_HASH; w->chain++, w->sequence = 0) {
		struct vtlb_root *r;

		lock(&t->roots_lock);
		r = t->hash[w->chain];
		while (r && r->sequence <= w->sequence)
			r = r->chain;
		if (r)
			lock(&r->lock);
		unlock(&t->roots_lock);
		if (r) {
			w->sequence = r->sequence;
			return r;
		}
	}
	if (w->chain++ > VTLB_HASH || !t->common)
		return NULL;
	lock(&t->common->lock);
	return t->common;
}

void root_walk_back(struct root_walk *w, const struct vtlb_root *r)
{
	if (r->common)
		w->chain--;
	else
		w->sequence--;
}

u32 root_page_take(struct domain *d, struct vtlb_root *r, u32 level)
{
	u32 page = pool_take(d);
	struct frame *f;

	if (page == FRAME_END)
		return page;
	f = frame_of(MFN(page));
	f->level = level;
	f->flags = 0;
	f->prev = FRAME_END;
	f->next = r->first;
	if (r->first != FRAME_END)
		frame_of(MFN(r->first))->prev = page;
	else
		r->last = page;
	r->first = page;
	r->pages++;
	return page;
}

static void page_unlink(struct vtlb_root *r, u32 page)
{
	struct frame *f = frame_of(MFN(page));

	if (r->cursor == page)
		r->cursor = f->next;
	if (f->prev != FRAME_END)
		frame_of(MFN(f->prev))->next = f->next;
	else
		r->first = f->next;
	if (f->next != FRAME_END)
		frame_of(MFN(f->next))->prev = f->prev;
	else
		r->last = f->prev;
}

void root_page_drop(struct vtlb_root *r, u32 page, struct removal *rm)
{
	page_unlink(r, page);
	r->pages--;
	rm->entries++;
	removal_pages(rm, page, page, 1);
}

u32 root_page_rotate(struct vtlb_root *r)
{
	u32 page = r->first;
	struct frame *f;

	if (page == FRAME_END || page == r->last)
		return page;
	f = frame_of(MFN(page));
	page_unlink(r, page);
	f->next = FRAME_END;
	f->prev = r->last;
	frame_of(MFN(r->last))->next = page;
	r->last = page;
	return page;
}

void root_clear_copies(struct domain *d, struct vtlb_root *r, u32 i)
{
	for (u32 n = 0; n < nr_pcpus; n++) {
		struct pcpu *p = &pcpus[n];
		u32 slot = r->common ? 0 : set_of(r->gfn);

		for (; slot < ROOT_SLOTS; slot += r->common ? 1 : ROOT_SETS) {
			u64 tag = READ_ONCE(p->tags[slot]);
			u64 *entry = &p->l4[slot][r->common ? 256 + i : i];

			if (r->common ? tag_is(tag, d) : tag == tag_of(d, r->gfn))
				shadow_set(entry, 0);
		}
	}
}

/* Number of the level-4 page that v has loaded, on this pCPU. */
static u32 loaded_slot(struct vcpu *v)
{
	u64 slot = ((v->regs.cr3 & PTE_ADDR) >> PAGE_SHIFT) -
		   this_pcpu()->l4_base.n;

	if (slot >= ROOT_SLOTS)
		panic("domain %u vcpu %u: CR3 %lx is not a level-4 page of this pCPU",
		      v->domain->id, v->id, (unsigned long)v->regs.cr3);
	return slot;
}

gfn_t vtlb_loaded_root(struct vcpu *v)
{
	u64 tag = this_pcpu()->tags[loaded_slot(v)];

	if (!tag_is(tag, v->domain))
		panic("domain %u vcpu %u: runs with the root of another domain, tag %lx",
		      v->domain->id, v->id, (unsigned long)tag);
	return GFN((tag & ((1UL << 48) - 1)) >> PAGE_SHIFT);
}

void vtlb_direct(struct vcpu *v, u64 error_code, bool own)
{
	if ((error_code & (PF_USER | PF_PRESENT)) == PF_USER)
		WRITE_ONCE(this_pcpu()->roots->direct[loaded_slot(v)], own);
}

void root_cold(struct domain *d, struct vtlb_root *r)
{
	for (u32 n = 0; !r->common && n < nr_pcpus; n++) {
		struct pcpu *p = &pcpus[n];

		for (u32 slot = set_of(r->gfn); slot < ROOT_SLOTS;
		     slot += ROOT_SETS) {
			if (READ_ONCE(p->tags[slot]) == tag_of(d, r->gfn))
				WRITE_ONCE(p->roots->direct[slot], 0);
		}
	}
}

void root_copy(struct vcpu *v, struct vtlb_root *r, u32 i)
{
	u64 *slot = &this_pcpu()->l4[loaded_slot(v)][r->common ? 256 + i : i];

	if (*slot != r->l3[i])
		shadow_set(slot, r->l3[i]);
}

static void copy_all(u64 *l4, struct vtlb_root *r)
{
	u32 offset = r->common ? 256 : 0;

	for (u32 i = r->common ? SLOT_COMMON - 256 : 0; i < 256; i++) {
		if (r->l3[i])
			shadow_set(&l4[offset + i], r->l3[i]);
	}
}

static void clear_range(u64 *l4, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++) {
		if (l4[i])
			shadow_set(&l4[i], 0);
	}
}

/* Give a level-4 page of this pCPU to a root. */
static void slot_assign(struct pcpu *p, u32 slot, struct domain *d, gfn_t gfn)
{
	u64 *l4 = p->l4[slot];
	bool same = tag_is(p->tags[slot], d);
	struct vtlb_root *r;

	WRITE_ONCE(p->roots->direct[slot], 0);
	clear_range(l4, 0, SLOT_GATE);
	if (!same)
		clear_range(l4, SLOT_COMMON, 512);
	r = root_lock(d, gfn, false);
	__atomic_store_n(&p->tags[slot], tag_of(d, gfn), __ATOMIC_SEQ_CST);
	if (r) {
		copy_all(l4, r);
		unlock(&r->lock);
	}
	if (!same) {
		r = d->vtlb.common;
		lock(&r->lock);
		copy_all(l4, r);
		unlock(&r->lock);
	}
}

/* Where this pCPU has the root, or will have it: the ways take turns. */
static u32 slot_find(struct pcpu *p, u64 tag, u32 set)
{
	u32 slot;

	for (slot = set; slot < ROOT_SLOTS; slot += ROOT_SETS)
		if (p->tags[slot] == tag)
			return slot;
	p->root_ways ^= 1U << set;
	return p->root_ways >> set & 1 ? set : set + ROOT_SETS;
}

/* Load v->root on this pCPU. */
static void root_load(struct vcpu *v)
{
	struct pcpu *p = this_pcpu();
	struct domain *d = v->domain;
	u32 slot = slot_find(p, tag_of(d, v->root), set_of(v->root));

	if (p->tags[slot] != tag_of(d, v->root))
		slot_assign(p, slot, d, v->root);
	WRITE_ONCE(p->roots->tags[slot], p->tags[slot]);
	v->regs.cr3 = (p->l4_base.n + slot) << PAGE_SHIFT;
	if (READ_ONCE(d->vtlb.kernel_root.n) == ~0UL)
		WRITE_ONCE(d->vtlb.kernel_root.n, v->root.n);
}

void vtlb_enter(struct vcpu *v)
{
	struct pcpu *p = this_pcpu();

	for (u32 i = 0; i < ROOT_SLOTS; i++) {
		WRITE_ONCE(p->roots->tags[i],
			   tag_is(p->tags[i], v->domain) ? p->tags[i] : 0);
		WRITE_ONCE(p->roots->direct[i], 0);
	}
	root_load(v);
}

void vtlb_leave(struct vcpu *v)
{
	v->root = vtlb_loaded_root(v);
}

static bool root_is_dying(struct domain *d, gfn_t gfn)
{
	struct vtlb_root *r;
	bool dying, room;

	lock(&d->vtlb.roots_lock);
	r = *root_find(&d->vtlb, gfn, &room);
	dying = r && r->dying;
	unlock(&d->vtlb.roots_lock);
	return dying;
}

int vtlb_check_root(struct domain *d, u64 gpa)
{
	gfn_t gfn = GFN(gpa >> PAGE_SHIFT);

	if ((gpa & ~PAGE_MASK) || gpa >> 48 ||
	    !p2m_is_table(p2m_lookup(d, gfn)) || root_is_dying(d, gfn))
		return -EINVAL;
	return 0;
}

s64 vtlb_load_root(struct vcpu *v, u64 gpa)
{
	int rc = vtlb_check_root(v->domain, gpa);

	if (rc)
		return rc;
	perf_inc(v->domain, load_root_miss);
	trace(v, load_root, gpa, 0);
	v->root = GFN(gpa >> PAGE_SHIFT);
	root_load(v);
	return 0;
}

void root_empty(struct domain *d, struct vtlb_root *r, struct removal *rm)
{
	root_cold(d, r);
	for (u32 i = 0; i < 256; i++) {
		if (!r->l3[i])
			continue;
		removal_note(rm);
		shadow_set(&r->l3[i], 0);
		root_clear_copies(d, r, i);
	}
	if (r->first == FRAME_END)
		return;
	rm->entries += r->pages;
	removal_pages(rm, r->first, r->last, r->pages);
	r->first = FRAME_END;
	r->last = FRAME_END;
	r->cursor = FRAME_END;
	r->pages = 0;
}

void root_drop_gib(struct vtlb_root *r, u64 *slot, struct removal *rm)
{
	u64 *l2 = pte_table(*slot);

	removal_note(rm);
	for (u32 i = 0; i < 512; i++) {
		if (!(l2[i] & PTE_P))
			continue;
		if (l2[i] & PTE_PS) {
			rm->entries++;
			continue;
		}
		root_page_drop(r, pte_mfn(l2[i]).n, rm);
	}
	root_page_drop(r, pte_mfn(*slot).n, rm);
	shadow_set(slot, 0);
}

void root_drop(struct domain *d, struct vtlb_root *r, struct removal *rm)
{
	u32 page = virt_to_mfn(r).n;
	bool room;

	*root_find(&d->vtlb, r->gfn, &room) = r->chain;
	use_unlink(&d->vtlb, r);
	d->vtlb.nr_roots--;
	lock(&r->lock);
	root_empty(d, r, rm);
	unlock(&r->lock);
	removal_pages(rm, page, page, 1);
}

/* Empty some roots of a chain. True when none of it holds anything. */
static bool chain_empty(struct domain *d, u32 chain, struct removal *rm)
{
	struct vtlb *t = &d->vtlb;
	u32 n = 0;

	lock(&t->roots_lock);
	for (struct vtlb_root *r = t->hash[chain]; r && n < EMPTY_AT_ONCE;
	     r = r->chain) {
		lock(&r->lock);
		if (r->first != FRAME_END) {
			root_empty(d, r, rm);
			n++;
		}
		unlock(&r->lock);
	}
	unlock(&t->roots_lock);
	return n < EMPTY_AT_ONCE;
}

bool root_empty_all(struct domain *d, u32 *chain, struct removal *rm)
{
	struct vtlb *t = &d->vtlb;

	while (*chain < VTLB_HASH) {
		*chain += chain_empty(d, *chain, rm);
		if (*chain < VTLB_HASH && work_expired())
			return false;
	}
	lock(&t->common->lock);
	root_empty(d, t->common, rm);
	unlock(&t->common->lock);
	return true;
}

bool root_forget_all(struct domain *d, struct removal *rm)
{
	struct vtlb *t = &d->vtlb;
	u32 page = virt_to_mfn(t->common).n;

	while (t->live.newest || t->dying.newest) {
		lock(&t->roots_lock);
		root_drop(d, t->live.newest ? t->live.newest : t->dying.newest,
			  rm);
		unlock(&t->roots_lock);
		if (work_expired())
			return false;
	}
	lock(&t->common->lock);
	root_empty(d, t->common, rm);
	unlock(&t->common->lock);
	for (u32 n = 0; n < nr_pcpus; n++) {
		for (u32 slot = 0; slot < ROOT_SLOTS; slot++) {
			u64 *tag = &pcpus[n].tags[slot];
			u64 old = READ_ONCE(*tag);

			/* Its owner may be giving the page away right now. */
			if (tag_is(old, d))
				__atomic_compare_exchange_n(tag, &old, 0, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		}
	}
	removal_pages(rm, page, page, 1);
	t->common = NULL;
	return true;
}

s64 vtlb_set_kernel_root(struct domain *d, u64 gpa)
{
	struct removal rm = REMOVAL(d);
	struct vtlb_root *r = d->vtlb.common;
	int rc = vtlb_check_root(d, gpa);

	if (rc)
		return rc;
	lock(&r->lock);
	WRITE_ONCE(d->vtlb.kernel_root.n, gpa >> PAGE_SHIFT);
	root_empty(d, r, &rm);
	unlock(&r->lock);
	removal_finish(&rm);
	return 0;
}

s64 vtlb_root_dying(struct domain *d, u64 gpa)
{
	struct removal rm = REMOVAL(d);
	gfn_t gfn = GFN(gpa >> PAGE_SHIFT);
	struct vtlb_root *r;

	if (gpa & ~PAGE_MASK)
		return -EINVAL;
	if (!p2m_is_table(p2m_lookup(d, gfn)))
		return 0;
	r = root_get(d, gfn, true, true);
	if (!r && vtlb_evict_for(d, gfn))
		r = root_get(d, gfn, true, true);
	if (!r)
		return -ERESTART_HV;
	root_empty(d, r, &rm);
	unlock(&r->lock);
	removal_finish(&rm);
	return 0;
}

/*
 * Known to be loaded: by the caller, or by a vCPU that waits. What a vCPU has
 * loaded that runs elsewhere only the gate there knows; a root destroyed under it
 * faults and is refused or filled anew. That it waits is seen first: v->root of one
 * that runs is what it had when it waited last.
 */
static bool root_is_loaded(struct domain *d, gfn_t gfn)
{
	struct vcpu *self = this_pcpu()->current;

	if (self && self->domain == d && vtlb_loaded_root(self).n == gfn.n)
		return true;
	for (u32 i = 0; i < d->nr_vcpus; i++) {
		struct vcpu *v = d->vcpus[i];

		if (v && v != self && v->online && sched_is_off(&v->sched) &&
		    READ_ONCE(v->root.n) == gfn.n)
			return true;
	}
	return false;
}

s64 vtlb_root_destroy(struct domain *d, u64 gpa)
{
	struct removal rm = REMOVAL(d);
	gfn_t gfn = GFN(gpa >> PAGE_SHIFT);
	struct vtlb_root *r;
	bool room;

	if (gpa & ~PAGE_MASK)
		return -EINVAL;
	if (root_is_loaded(d, gfn))
		return -EBUSY;
	lock(&d->vtlb.roots_lock);
	r = *root_find(&d->vtlb, gfn, &room);
	if (r)
		root_drop(d, r, &rm);
	unlock(&d->vtlb.roots_lock);
	removal_finish(&rm);
	return 0;
}
