/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The radix tree: lookups, what is added to it, and its end. How single frames leave
 * is in leave.c.
 */
#include "p2m.h"

#include "p2m_table.h"
#include "panic.h"
#include "percpu.h"

static u64 gfn_index(u64 gfn, u32 level)
{
	return gfn >> 9 * (level - 1) & 511;
}

static u64 *table_of(u64 entry)
{
	return phys_to_virt(entry & ENTRY_MFN);
}

int p2m_init(struct domain *d, bool identity)
{
	struct p2m *m = &d->p2m;

	lock_init(&m->lock, LOCK_P2M);
	m->identity = identity;
	m->dying = false;
	m->has_shared = false;
	m->leaving.n = 0;
	m->leaving.busy = false;
	m->teardown_step = 0;
	m->teardown_gfn = 0;
	m->root = frame_alloc_hv(0);
	if (m->root.n == MFN_NONE.n)
		return -ENOMEM;
	__atomic_fetch_add(&d->hv_pages, 1, __ATOMIC_RELAXED);
	return 0;
}

/* Device memory of an identity-mapped domain. */
static struct p2m_entry lookup_device(struct domain *d, u64 gfn)
{
	struct p2m_entry e = { MFN_NONE, 0 };
	u64 phys = gfn << PAGE_SHIFT;

	if (d->p2m.identity && !platform_is_ram(phys) &&
	    !platform_mmio_denied(phys)) {
		e.mfn = MFN(gfn);
		e.flags = P2M_VALID | P2M_WRITE | P2M_MMIO;
	}
	return e;
}

struct p2m_entry p2m_lookup(struct domain *d, gfn_t gfn)
{
	struct p2m_entry e = { MFN_NONE, 0 };
	u64 root = READ_ONCE(d->p2m.root.n);
	u64 raw, *t;

	if (root == MFN_NONE.n || gfn.n >> GFN_BITS)
		return e;
	t = mfn_to_virt(MFN(root));
	for (u32 level = 4; ; level--) {
		raw = READ_ONCE(t[gfn_index(gfn.n, level)]);
		if (!(raw & P2M_VALID))
			return lookup_device(d, gfn.n);
		if (!(raw & P2M_TABLE))
			break;
		t = table_of(raw);
	}
	if (raw & P2M_LEAVING)
		return e;
	e.mfn = entry_mfn(raw);
	e.flags = raw & ~ENTRY_MFN;
	if (raw & P2M_SUPER)
		e.mfn.n += gfn.n & (LARGE_PAGES - 1);
	return e;
}

static u64 *table_new(struct domain *d)
{
	mfn_t mfn = frame_alloc_hv(0);

	if (mfn.n == MFN_NONE.n)
		return NULL;
	__atomic_fetch_add(&d->hv_pages, 1, __ATOMIC_RELAXED);
	return mfn_to_virt(mfn);
}

static void table_retire(struct domain *d, u64 entry)
{
	frame_retire_hv(entry_mfn(entry), 0);
	__atomic_fetch_sub(&d->hv_pages, 1, __ATOMIC_RELAXED);
}

bool p2m_shatter(struct domain *d, u64 *slot)
{
	u64 entry = *slot & ~(u64)P2M_SUPER;
	u64 *t = table_new(d);

	if (!t)
		return false;
	for (u64 i = 0; i < LARGE_PAGES; i++)
		t[i] = entry + (i << PAGE_SHIFT);
	entry_set(slot, virt_to_mfn(t).n << PAGE_SHIFT | P2M_VALID | P2M_TABLE);
	return true;
}

u64 *p2m_slot(struct domain *d, u64 gfn, u32 bottom, bool make)
{
	u64 *t = mfn_to_virt(d->p2m.root);

	for (u32 level = 4; ; level--) {
		u64 *slot = &t[gfn_index(gfn, level)];

		if (level == bottom || (*slot & P2M_SUPER))
			return slot;
		if (!(*slot & P2M_VALID)) {
			u64 *new = make ? table_new(d) : NULL;

			if (!new)
				return NULL;
			entry_set(slot, virt_to_mfn(new).n << PAGE_SHIFT |
				  P2M_VALID | P2M_TABLE);
		}
		t = table_of(*slot);
	}
}

static int add_large(struct domain *d, u64 gfn, u64 entry)
{
	u64 *slot = p2m_slot(d, gfn, 2, true);
	u64 *t;

	if (!slot)
		return -ENOMEM;
	if (!(*slot & P2M_VALID)) {
		entry_set(slot, entry | P2M_SUPER);
		return 0;
	}
	if (*slot & P2M_SUPER)
		return -EEXIST;
	t = table_of(*slot);
	for (u32 i = 0; i < LARGE_PAGES; i++) {
		if (t[i] & P2M_VALID)
			return -EEXIST;
	}
	for (u64 i = 0; i < LARGE_PAGES; i++)
		entry_set(&t[i], entry + (i << PAGE_SHIFT));
	return 0;
}

static int add_small(struct domain *d, u64 gfn, u64 entry)
{
	u64 *slot = p2m_slot(d, gfn, 1, true);

	if (!slot)
		return -ENOMEM;
	if (*slot & P2M_VALID)
		return -EEXIST;
	entry_set(slot, entry);
	return 0;
}

int p2m_add(struct domain *d, gfn_t gfn, mfn_t mfn, u32 order, u32 flags)
{
	u64 entry = mfn.n << PAGE_SHIFT | P2M_VALID |
		    (flags & (P2M_WRITE | P2M_SPECIAL));
	int rc;

	if (gfn.n >> GFN_BITS || ((gfn.n | mfn.n) & ((1UL << order) - 1)) ||
	    (order != 0 && order != FRAME_MAX_ORDER))
		return -EINVAL;
	lock(&d->p2m.lock);
	if (d->p2m.dying)
		rc = -EINVAL;
	else if (order)
		rc = add_large(d, gfn.n, entry);
	else
		rc = add_small(d, gfn.n, entry);
	unlock(&d->p2m.lock);
	return rc;
}

int p2m_add_shared(struct domain *d, gfn_t gfn, mfn_t mfn)
{
	u64 entry = mfn.n << PAGE_SHIFT | P2M_VALID | P2M_SPECIAL, *slot[2];
	int rc;

	if (gfn.n >= (1UL << GFN_BITS) - 1)
		return -EINVAL;
	lock(&d->p2m.lock);
	rc = d->p2m.dying ? -EINVAL : d->p2m.has_shared ? -EEXIST : 0;
	for (u32 i = 0; i < 2 && !rc; i++) {
		slot[i] = p2m_slot(d, gfn.n + i, 1, true);
		if (!slot[i])
			rc = -ENOMEM;
		else if (*slot[i] & P2M_VALID)
			rc = -EEXIST;
	}
	if (!rc) {
		entry_set(slot[0], entry | P2M_WRITE);
		entry_set(slot[1], entry + PAGE_SIZE);
		d->p2m.has_shared = true;
	}
	unlock(&d->p2m.lock);
	return rc;
}

/* One piece of p2m_populate; pages added or an error. */
static s64 populate_one(struct domain *d, u64 gfn, u64 count, bool small)
{
	u32 order = FRAME_MAX_ORDER;
	mfn_t mfn = MFN_NONE;
	int rc;

	if (p2m_lookup(d, GFN(gfn)).flags)
		return -EEXIST;
	if (!small && !(gfn & (LARGE_PAGES - 1)) && count >= LARGE_PAGES)
		mfn = frame_alloc_domain(d, order, 0);
	if (mfn.n == MFN_NONE.n) {
		order = 0;
		mfn = frame_alloc_domain(d, order, 0);
	}
	if (mfn.n == MFN_NONE.n)
		return frame_limbo_pages() ? -EAGAIN : -ENOMEM;
	rc = p2m_add(d, GFN(gfn), mfn, order, P2M_WRITE);
	if (rc) {
		frame_release(d, mfn, order);
		return rc;
	}
	return 1L << order;
}

s64 p2m_populate(struct domain *d, gfn_t gfn, u64 count, u32 flags)
{
	bool small = flags & RINGLET_POPULATE_4K;
	u64 done = 0;

	if (d->p2m.identity || (flags & ~RINGLET_POPULATE_4K) || !count ||
	    gfn.n >> GFN_BITS || count > (1UL << GFN_BITS) - gfn.n)
		return -EINVAL;
	while (done < count) {
		u64 have = __atomic_load_n(&d->pages, __ATOMIC_RELAXED);
		u64 max = READ_ONCE(d->max_pages);
		s64 n = -EINVAL;

		if (have < max)
			n = populate_one(d, gfn.n + done,
					 MIN(count - done, max - have), small);
		/* A 2 MiB hole may have something at its end: fill what is free. */
		if (n == -EEXIST && !small && !p2m_lookup(d, GFN(gfn.n + done)).flags)
			n = populate_one(d, gfn.n + done, 1, true);
		if (n < 0)
			return done ? (s64)done : n;
		done += n;
		if (work_expired())
			break;
	}
	return done;
}

s64 p2m_populate_identity(struct domain *d, u64 pages)
{
	u64 done = 0;

	while (done < pages) {
		u32 order = pages - done >= LARGE_PAGES ? FRAME_MAX_ORDER : 0;
		mfn_t mfn = frame_alloc_domain(d, order, FRAME_LOW);

		if (mfn.n == MFN_NONE.n && order) {
			order = 0;
			mfn = frame_alloc_domain(d, order, FRAME_LOW);
		}
		if (mfn.n == MFN_NONE.n)
			break;
		if (p2m_add(d, GFN(mfn.n), mfn, order, P2M_WRITE)) {
			frame_release(d, mfn, order);
			break;
		}
		done += 1UL << order;
	}
	return done;
}

/* Find owner's page and take a reference to it. */
static s64 get_page(struct domain *owner, gfn_t gfn, mfn_t *mfn)
{
	s64 rc = -ENOENT;

	lock(&owner->p2m.lock);
	if (!owner->p2m.dying) {
		struct p2m_entry e = p2m_lookup(owner, gfn);

		if (p2m_is_table(e)) {
			*mfn = e.mfn;
			rc = frame_get(owner, e.mfn) ? 0 : -ENOMEM;
		}
	}
	unlock(&owner->p2m.lock);
	return rc;
}

s64 p2m_map_foreign(struct domain *caller, struct domain *owner, gfn_t gfn,
		    mfn_t *mfn)
{
	u64 *slot;
	s64 rc;

	if (!caller->p2m.identity)
		return -EPERM;
	if (owner == caller)
		return -EINVAL;
	rc = get_page(owner, gfn, mfn);
	if (rc)
		return rc;
	lock(&caller->p2m.lock);
	slot = p2m_slot(caller, mfn->n, 1, true);
	if (!slot)
		rc = -ENOMEM;
	else if (!(*slot & P2M_VALID))
		entry_set(slot, mfn->n << PAGE_SHIFT | P2M_VALID | P2M_WRITE |
			  P2M_FOREIGN);
	else if (*slot & P2M_LEAVING)
		rc = -ERESTART_HV;
	else if (!(*slot & P2M_FOREIGN))
		panic("frame %lx has two owners", (unsigned long)mfn->n);
	unlock(&caller->p2m.lock);
	if (rc)
		frame_put(owner, *mfn);
	return rc;
}

/* Release what a level-1 table names, and the table. */
static void teardown_table(struct domain *d, u64 *slot)
{
	u64 entry = *slot;
	u64 *t = table_of(entry);

	entry_set(slot, 0);
	for (u32 i = 0; i < LARGE_PAGES; i++) {
		if ((t[i] & P2M_VALID) && !(t[i] & P2M_SPECIAL))
			frame_release(d, entry_mfn(t[i]), 0);
	}
	table_retire(d, entry);
}

/* Release the frames from teardown_gfn on; false: time is up. */
static bool teardown_frames(struct domain *d)
{
	struct p2m *m = &d->p2m;
	bool more = true;

	while (more && !(m->teardown_gfn >> GFN_BITS)) {
		u64 gfn = m->teardown_gfn;
		u64 *t, *slot;
		u32 level = 4;

		lock(&m->lock);
		t = mfn_to_virt(m->root);
		slot = &t[gfn_index(gfn, level)];
		while (level > 2 && (*slot & P2M_VALID)) {
			t = table_of(*slot);
			slot = &t[gfn_index(gfn, --level)];
		}
		if (level == 2 && (*slot & P2M_SUPER)) {
			u64 entry = *slot;

			entry_set(slot, 0);
			frame_release(d, entry_mfn(entry),
				      FRAME_MAX_ORDER);
		} else if (level == 2 && (*slot & P2M_VALID)) {
			teardown_table(d, slot);
		}
		unlock(&m->lock);
		m->teardown_gfn = ALIGN_DOWN(gfn, 1UL << 9 * (level - 1)) +
				  (1UL << 9 * (level - 1));
		more = !work_expired();
	}
	return m->teardown_gfn >> GFN_BITS;
}

/*
 * Retire the tables of levels 3 and 2, one entry of the root at a time, and the
 * root. False: time is up.
 */
static bool teardown_tables(struct domain *d)
{
	struct p2m *m = &d->p2m;
	u64 root = m->root.n << PAGE_SHIFT;
	u64 *l4 = table_of(root);

	for (u32 i = 0; i < 512; i++) {
		u64 l3 = l4[i];

		if (!(l3 & P2M_VALID))
			continue;
		lock(&m->lock);
		entry_set(&l4[i], 0);
		for (u32 j = 0; j < 512; j++) {
			if (table_of(l3)[j] & P2M_VALID)
				table_retire(d, table_of(l3)[j]);
		}
		table_retire(d, l3);
		unlock(&m->lock);
		if (work_expired())
			return false;
	}
	WRITE_ONCE(m->root.n, MFN_NONE.n);
	table_retire(d, root);
	return true;
}

int p2m_teardown(struct domain *d)
{
	struct p2m *m = &d->p2m;
	int rc;

	if (m->identity)
		panic("domain %u is the control domain and cannot end", d->id);
	if (m->teardown_step == 0) {
		bool busy;

		/* A batch that a pCPU works on is its, and comes to an end. */
		lock(&m->lock);
		busy = m->leaving.busy;
		m->dying = true;
		if (!busy)
			m->leaving.n = 0;
		unlock(&m->lock);
		if (busy)
			return -ERESTART_HV;
		m->teardown_step = 1;
	}
	if (m->teardown_step == 1) {
		rc = vtlb_teardown(d);
		if (rc)
			return rc;
		m->teardown_step = 2;
	}
	if (m->teardown_step == 2) {
		if (m->root.n != MFN_NONE.n && !teardown_frames(d))
			return -ERESTART_HV;
		m->teardown_step = 3;
	}
	if (m->teardown_step == 3) {
		if (m->root.n != MFN_NONE.n && !teardown_tables(d))
			return -ERESTART_HV;
		m->teardown_step = 4;
	}
	return 0;
}
