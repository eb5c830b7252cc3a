// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames leave a domain's map.
 *
 * In this order, on which the fills of the vTLB rely: mark the entries LEAVING
 * (lookups fail from then on), sweep the shadows under their locks, shoot down, clear
 * the entries, let go of the frames. A sweep looks at all that a domain has filled, so
 * it is done in pieces: the batch that is leaving stands in the p2m, the call that
 * began it is over, and each exit to a vCPU of the domain goes on with it. The next
 * batch waits for that.
 */
#include "p2m.h"

#include "p2m_table.h"
#include "percpu.h"

/* Does page i of the batch go? Of foreign frames only the last reference does. */
static bool going(const struct p2m_leaving *l, u32 i)
{
	return !l->owner || (l->last[i / 64] >> i % 64 & 1);
}

/* The shadows are swept: the entries go, then the frames. True if foreign. */
static bool finish(struct domain *d)
{
	struct p2m_leaving *l = &d->p2m.leaving;
	u32 order = l->large ? FRAME_MAX_ORDER : 0;
	bool foreign = l->owner;

	lock(&d->p2m.lock);
	for (u32 i = 0; i < l->n; i += 1U << order) {
		if (going(l, i))
			entry_set(p2m_slot(d, l->gfn + i, 1, false), 0);
	}
	unlock(&d->p2m.lock);
	for (u32 i = 0; i < l->n; i += 1U << order) {
		mfn_t mfn = MFN(l->sweep.mfn.n + i);

		if (!foreign)
			frame_release(d, mfn, order);
		else if (going(l, i))
			frame_put(l->owner, mfn);
	}
	lock(&d->p2m.lock);
	l->n = 0;
	l->busy = false;
	unlock(&d->p2m.lock);
	return foreign;
}

bool p2m_leave(struct domain *d)
{
	struct p2m_leaving *l = &d->p2m.leaving;
	bool mine;

	lock(&d->p2m.lock);
	mine = l->n && !l->busy;
	l->busy |= mine;
	unlock(&d->p2m.lock);
	if (!mine)
		return false;
	if (vtlb_sweep(d, &l->sweep))
		return finish(d);
	lock(&d->p2m.lock);
	l->busy = false;
	unlock(&d->p2m.lock);
	return false;
}

/*
 * Mark up to count pages from gfn on as leaving, as far as their machine frames
 * are consecutive; *entry is the first one's. Under the P2M lock.
 */
static s64 mark_leaving(struct domain *d, u64 gfn, u64 count, u64 *entry)
{
	u64 n = 0;

	while (n < count && n < LEAVING_MAX && !((gfn + n) >> GFN_BITS)) {
		u64 *slot = p2m_slot(d, gfn + n, 1, false);
		u64 step = 1;

		if (!slot || !(*slot & P2M_VALID) ||
		    (*slot & (P2M_LEAVING | P2M_FOREIGN | P2M_SPECIAL)))
			break;
		if (*slot & P2M_SUPER) {
			if (!((gfn + n) & (LARGE_PAGES - 1)) &&
			    count - n >= LARGE_PAGES && n == 0) {
				step = LARGE_PAGES;
			} else if (!p2m_shatter(d, slot)) {
				return n ? (s64)n : -ENOMEM;
			} else {
				continue;
			}
		}
		if (n == 0)
			*entry = *slot;
		else if ((*slot & ENTRY_MFN) !=
			 (*entry & ENTRY_MFN) + (n << PAGE_SHIFT))
			break;
		entry_set(slot, *slot | P2M_LEAVING);
		n += step;
	}
	return n ? (s64)n : -ENOENT;
}

static s64 remove_batch(struct domain *d, u64 gfn, u64 count)
{
	struct p2m_leaving *l = &d->p2m.leaving;
	u64 entry = 0;
	s64 n;

	lock(&d->p2m.lock);
	if (d->p2m.dying)
		n = -EINVAL;
	else if (l->n)
		n = -ERESTART_HV;
	else
		n = mark_leaving(d, gfn, count, &entry);
	if (n > 0)
		*l = (struct p2m_leaving){
			.n = (u32)n,
			.large = entry & P2M_SUPER,
			.gfn = gfn,
			.sweep = { .mfn = entry_mfn(entry), .count = (u64)n },
		};
	unlock(&d->p2m.lock);
	return n;
}

/*
 * Drop a reference of each frame from 'frame' on, as long as they are owner's, but
 * keep the last one of a frame and mark its entry instead: those are the batch that
 * leaves. Returns frames done.
 */
static s64 unmap_batch(struct domain *caller, struct domain *owner, u64 frame,
		       u64 count)
{
	struct p2m_leaving l = {
		.gfn = frame,
		.owner = owner,
		.sweep = { .mfn = MFN(frame), .foreign = true },
	};
	bool any = false;
	s64 n = 0;

	lock(&caller->p2m.lock);
	if (caller->p2m.leaving.n) {
		unlock(&caller->p2m.lock);
		return -ERESTART_HV;
	}
	for (; (u64)n < count && n < LEAVING_MAX; n++) {
		u64 *slot = p2m_slot(caller, frame + n, 1, false);

		if (!slot || (*slot & (P2M_VALID | P2M_FOREIGN | P2M_LEAVING)) !=
			     (P2M_VALID | P2M_FOREIGN) ||
		    frame_of(MFN(frame + n))->owner != owner->id)
			break;
		if (frame_refs(MFN(frame + n)) > 1) {
			frame_put(owner, MFN(frame + n));
			continue;
		}
		entry_set(slot, *slot | P2M_LEAVING);
		l.last[n / 64] |= 1UL << n % 64;
		any = true;
	}
	if (any) {
		l.n = (u32)n;
		l.sweep.count = (u64)n;
		caller->p2m.leaving = l;
	}
	unlock(&caller->p2m.lock);
	return n ? n : -ENOENT;
}

static s64 unmap_some(struct domain *caller, u64 frame, u64 count)
{
	struct p2m_entry e = p2m_lookup(caller, GFN(frame));
	struct domain *owner;

	if (!(e.flags & P2M_FOREIGN))
		return -ENOENT;
	owner = domain_find(caller, READ_ONCE(frame_of(e.mfn)->owner));
	return owner ? unmap_batch(caller, owner, frame, count) : -ENOENT;
}

/* All batches of a call, one after the other. */
static s64 leave_all(struct domain *d, u64 gfn, u64 count, bool foreign)
{
	u64 done = 0;

	while (done < count && !((gfn + done) >> GFN_BITS)) {
		s64 n = foreign ? unmap_some(d, gfn + done, count - done) :
				  remove_batch(d, gfn + done, count - done);

		/* This batch, or the one that is in the way. */
		p2m_leave(d);
		if (n == -ERESTART_HV && !done && !work_expired())
			continue;
		if (n < 0)
			return done ? (s64)done : n;
		done += (u64)n;
		if (work_expired())
			break;
	}
	return done ? (s64)done : -ENOENT;
}

s64 p2m_remove(struct domain *d, gfn_t gfn, u64 count)
{
	return leave_all(d, gfn.n, count, false);
}

s64 p2m_unmap_foreign(struct domain *caller, gfn_t frame, u64 count)
{
	return leave_all(caller, frame.n, count, true);
}
