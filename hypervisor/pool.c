/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain's pool of shadow pages, and removals.
 *
 * Pages are allocated on demand up to the quota and then kept. The links between
 * pages that wait for a shootdown are in the frame table: the pages themselves may
 * still be walked by the hardware.
 */
#include "shadow.h"

#include "shootdown.h"

/* A page that the pool does not have yet; counted already. */
static u32 page_new(struct domain *d)
{
	struct vtlb *t = &d->vtlb;
	mfn_t mfn = frame_alloc_hv(0);

	if (mfn.n != MFN_NONE.n)
		return mfn.n;
	lock(&t->pool_lock);
	t->pool_pages--;
	unlock(&t->pool_lock);
	return FRAME_END;
}

u32 pool_take(struct domain *d)
{
	struct vtlb *t = &d->vtlb;
	u32 page;
	bool grow = false;

	lock(&t->pool_lock);
	page = t->pool;
	if (page != FRAME_END) {
		t->pool = frame_of(MFN(page))->next;
		t->pool_free--;
	} else if (t->pool_pages < t->quota) {
		t->pool_pages++;
		grow = true;
	}
	unlock(&t->pool_lock);
	if (grow)
		page = page_new(d);
	else if (page != FRAME_END)
		memset(mfn_to_virt(MFN(page)), 0, PAGE_SIZE);
	if (page != FRAME_END)
		frame_of(MFN(page))->level = 0;
	return page;
}

void pool_give(struct domain *d, u32 first, u32 last, u64 n)
{
	struct vtlb *t = &d->vtlb;

	lock(&t->pool_lock);
	frame_of(MFN(last))->next = t->pool;
	t->pool = first;
	t->pool_free += n;
	unlock(&t->pool_lock);
}

bool pool_fill(struct domain *d, u64 n)
{
	struct vtlb *t = &d->vtlb;

	for (;;) {
		bool enough;
		u32 page;

		lock(&t->pool_lock);
		enough = t->pool_pages >= n;
		t->pool_pages += !enough;
		unlock(&t->pool_lock);
		if (enough)
			return true;
		page = page_new(d);
		if (page == FRAME_END)
			return false;
		pool_give(d, page, page, 1);
	}
}

bool pool_drain(struct domain *d)
{
	struct vtlb *t = &d->vtlb;

	while (t->pool != FRAME_END) {
		u32 page = t->pool;

		t->pool = frame_of(MFN(page))->next;
		t->pool_free--;
		t->pool_pages--;
		frame_free_hv(MFN(page), 0);
		if (work_expired())
			break;
	}
	return t->pool == FRAME_END;
}

void removal_note(struct removal *rm)
{
	if (rm->noted)
		return;
	rm->noted = true;
	__atomic_fetch_add(&rm->d->vtlb.unflushed, 1, __ATOMIC_SEQ_CST);
}

void removal_pages(struct removal *rm, u32 first, u32 last, u64 n)
{
	if (rm->pages == FRAME_END)
		rm->last = last;
	frame_of(MFN(last))->next = rm->pages;
	rm->pages = first;
	rm->nr_pages += n;
}

void removal_finish(struct removal *rm)
{
	u32 *unflushed = &rm->d->vtlb.unflushed;

	/* Entries that another pCPU removed may be in TLBs until it is done:
	 * who finds nothing left to remove has to make sure himself. */
	if (__atomic_load_n(unflushed, __ATOMIC_SEQ_CST))
		shootdown(rm->d);
	if (rm->noted)
		__atomic_fetch_sub(unflushed, 1, __ATOMIC_SEQ_CST);
	rm->noted = false;
	if (rm->pages != FRAME_END)
		pool_give(rm->d, rm->pages, rm->last, rm->nr_pages);
	rm->pages = FRAME_END;
	rm->nr_pages = 0;
}
