/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame table, buddies, ownership and limbo.
 */
#include "frame.h"

#include "domain.h"
#include "layout.h"
#include "lock.h"
#include "panic.h"
#include "quiesce.h"

#define ZONES 2
#define ZONE_LOW 0
#define ZONE_HIGH 1
#define ZONE_LIMIT (1UL << (32 - PAGE_SHIFT))	/* first frame of the high zone */
#define REAP_BLOCKS 64		/* freed by one frame_reap() */

static struct frame *table;
static u64 nr_frames;

static struct spinlock frame_lock = SPINLOCK(LOCK_FRAME);
static u32 free_list[ZONES][FRAME_MAX_ORDER + 1];
static u64 total_pages, free_pages, limbo_pages, hv_pages;

/*
 * Limbo: 'open' takes what is retired now; 'waiting' is what was there when the
 * current grace period began. Linked by 'next' of the blocks' heads.
 */
static u32 limbo_open, limbo_waiting;
static struct quiesce limbo_grace;
static bool limbo_over;

bool frame_valid(mfn_t mfn)
{
	return mfn.n < nr_frames;
}

struct frame *frame_of(mfn_t mfn)
{
	ASSERT(mfn.n < nr_frames);
	return &table[mfn.n];
}

static u32 zone_of(u64 n)
{
	return n < ZONE_LIMIT ? ZONE_LOW : ZONE_HIGH;
}

static void list_add(u64 n, u32 order)
{
	u32 *head = &free_list[zone_of(n)][order];

	table[n].order = order;
	table[n].next = *head;
	table[n].prev = FRAME_END;
	if (*head != FRAME_END)
		table[*head].prev = n;
	*head = n;
}

static void list_remove(u64 n, u32 order)
{
	struct frame *f = &table[n];

	if (f->prev == FRAME_END)
		free_list[zone_of(n)][order] = f->next;
	else
		table[f->prev].next = f->next;
	if (f->next != FRAME_END)
		table[f->next].prev = f->prev;
	f->order = FRAME_NOT_HEAD;
}

/* Give a block to the buddies. Its frames are in any state but FREE. */
static void block_free(u64 n, u32 order)
{
	free_pages += 1UL << order;
	for (u64 i = n; i < n + (1UL << order); i++) {
		if (table[i].state == FRAME_FREE)
			panic("frame %lx freed twice", (unsigned long)i);
		table[i].state = FRAME_FREE;
		table[i].order = FRAME_NOT_HEAD;
	}
	while (order < FRAME_MAX_ORDER) {
		u64 buddy = n ^ 1UL << order;

		if (buddy >= nr_frames || table[buddy].state != FRAME_FREE ||
		    table[buddy].order != order)
			break;
		list_remove(buddy, order);
		n &= ~(1UL << order);
		order++;
	}
	list_add(n, order);
}

static u64 block_take(u32 zone, u32 order)
{
	u32 have = order;
	u64 n;

	while (have <= FRAME_MAX_ORDER && free_list[zone][have] == FRAME_END)
		have++;
	if (have > FRAME_MAX_ORDER)
		return FRAME_END;
	n = free_list[zone][have];
	list_remove(n, have);
	while (have > order) {
		have--;
		list_add(n + (1UL << have), have);
	}
	free_pages -= 1UL << order;
	return n;
}

/* A block in its new state, zeroed: nothing is handed out but from here. */
static mfn_t block_alloc(u32 order, bool low_first, enum frame_state state,
			 u32 owner)
{
	u64 n = FRAME_END;

	ASSERT(order <= FRAME_MAX_ORDER);
	for (u32 turn = 0; turn < 1 + REAP_BLOCKS && n == FRAME_END; turn++) {
		/* Little by little: the next one who needs some does the rest. */
		if (turn && !frame_reap())
			turn = REAP_BLOCKS;
		lock(&frame_lock);
		n = block_take(low_first ? ZONE_LOW : ZONE_HIGH, order);
		if (n == FRAME_END)
			n = block_take(low_first ? ZONE_HIGH : ZONE_LOW, order);
		for (u64 i = n; n != FRAME_END && i < n + (1UL << order); i++) {
			table[i].state = state;
			table[i].owner = owner;
			table[i].refs = 0;
			table[i].level = 0;
			table[i].flags = 0;
			table[i].order = FRAME_NOT_HEAD;
		}
		if (n != FRAME_END && state == FRAME_HV) {
			table[n].order = order;
			hv_pages += 1UL << order;
		}
		unlock(&frame_lock);
	}
	if (n == FRAME_END)
		return MFN_NONE;
	memset(mfn_to_virt(MFN(n)), 0, PAGE_SIZE << order);
	return MFN(n);
}

mfn_t frame_alloc_hv(u32 order)
{
	return block_alloc(order, false, FRAME_HV, RINGLET_DOMID_NONE);
}

mfn_t frame_alloc_hv_low(u32 order)
{
	mfn_t mfn = block_alloc(order, true, FRAME_HV, RINGLET_DOMID_NONE);

	if (mfn.n != MFN_NONE.n && mfn.n >= ZONE_LIMIT) {
		frame_free_hv(mfn, order);
		return MFN_NONE;
	}
	return mfn;
}

static void check_hv(mfn_t mfn, u32 order)
{
	if (!frame_valid(mfn) || table[mfn.n].state != FRAME_HV ||
	    table[mfn.n].order != order)
		panic("frame %lx is not a hypervisor block of order %u",
		      (unsigned long)mfn.n, order);
}

void frame_free_hv(mfn_t mfn, u32 order)
{
	lock(&frame_lock);
	check_hv(mfn, order);
	hv_pages -= 1UL << order;
	block_free(mfn.n, order);
	unlock(&frame_lock);
}

/* A block whose references are gone begins its wait. */
static void limbo_add(u64 n, u32 order)
{
	for (u64 i = n; i < n + (1UL << order); i++)
		table[i].state = FRAME_LIMBO;
	table[n].order = order;
	table[n].next = limbo_open;
	limbo_open = n;
	limbo_pages += 1UL << order;
}

void frame_retire_hv(mfn_t mfn, u32 order)
{
	lock(&frame_lock);
	check_hv(mfn, order);
	hv_pages -= 1UL << order;
	limbo_add(mfn.n, order);
	unlock(&frame_lock);
}

mfn_t frame_alloc_domain(struct domain *d, u32 order, u32 flags)
{
	mfn_t mfn = block_alloc(order, flags & FRAME_LOW, FRAME_DOMAIN, d->id);

	if (mfn.n != MFN_NONE.n)
		__atomic_fetch_add(&d->pages, 1UL << order, __ATOMIC_RELAXED);
	return mfn;
}

static void check_owner(const struct domain *d, u64 n)
{
	if (table[n].state != FRAME_DOMAIN || table[n].owner != d->id)
		panic("frame %lx does not belong to domain %u",
		      (unsigned long)n, d->id);
}

void frame_release(struct domain *d, mfn_t mfn, u32 order)
{
	u64 end = mfn.n + (1UL << order);
	bool whole = true;

	lock(&frame_lock);
	for (u64 i = mfn.n; i < end; i++) {
		check_owner(d, i);
		if (table[i].refs)
			whole = false;
	}
	if (whole)
		limbo_add(mfn.n, order);
	for (u64 i = mfn.n; !whole && i < end; i++) {
		if (table[i].refs)
			table[i].state = FRAME_LIMBO;
		else
			limbo_add(i, 0);
	}
	unlock(&frame_lock);
	__atomic_fetch_sub(&d->pages, 1UL << order, __ATOMIC_RELAXED);
}

bool frame_get(struct domain *d, mfn_t mfn)
{
	bool got;

	lock(&frame_lock);
	check_owner(d, mfn.n);
	got = table[mfn.n].refs != ~0U;
	if (got) {
		table[mfn.n].refs++;
		__atomic_fetch_add(&d->foreign_refs, 1, __ATOMIC_RELAXED);
	}
	unlock(&frame_lock);
	return got;
}

void frame_put(struct domain *d, mfn_t mfn)
{
	struct frame *f = frame_of(mfn);

	lock(&frame_lock);
	if ((f->state != FRAME_DOMAIN && f->state != FRAME_LIMBO) ||
	    f->owner != d->id || f->refs == 0)
		panic("frame %lx: reference dropped that nobody has",
		      (unsigned long)mfn.n);
	f->refs--;
	if (f->refs == 0 && f->state == FRAME_LIMBO)
		limbo_add(mfn.n, 0);
	unlock(&frame_lock);
	__atomic_fetch_sub(&d->foreign_refs, 1, __ATOMIC_RELEASE);
}

u32 frame_refs(mfn_t mfn)
{
	return READ_ONCE(frame_of(mfn)->refs);
}

bool frame_reap(void)
{
	bool more;

	lock(&frame_lock);
	if (limbo_waiting != FRAME_END && !limbo_over)
		limbo_over = quiesce_done(&limbo_grace);
	for (u32 i = 0; limbo_over && i < REAP_BLOCKS; i++) {
		u32 n = limbo_waiting;
		u32 order = table[n].order;

		limbo_waiting = table[n].next;
		limbo_pages -= 1UL << order;
		block_free(n, order);
		if (limbo_waiting == FRAME_END)
			limbo_over = false;
	}
	if (limbo_waiting == FRAME_END && limbo_open != FRAME_END) {
		limbo_waiting = limbo_open;
		limbo_open = FRAME_END;
		limbo_over = false;
		quiesce_start(&limbo_grace);
	}
	more = limbo_over;
	unlock(&frame_lock);
	return more;
}

/* Free [n, end) in the largest blocks that fit. */
static void range_free(u64 n, u64 end)
{
	while (n < end) {
		u32 order = FRAME_MAX_ORDER;

		while ((n & ((1UL << order) - 1)) || n + (1UL << order) > end)
			order--;
		block_free(n, order);
		n += 1UL << order;
	}
}

void frame_add(u64 start, u64 size)
{
	u64 n = ALIGN_UP(start, PAGE_SIZE) >> PAGE_SHIFT;
	u64 end = (start + size) >> PAGE_SHIFT;

	lock(&frame_lock);
	for (u64 i = n; i < end; i++) {
		if (i >= nr_frames || table[i].state != FRAME_RESERVED)
			panic("frame %lx is not in use by the boot loader",
			      (unsigned long)i);
	}
	range_free(n, end);
	unlock(&frame_lock);
}

/* The used region that covers any byte of the page, or NULL. */
static const struct mem_region *covering(u64 page, const struct mem_region *used,
					 u32 nr)
{
	for (u32 i = 0; i < nr; i++) {
		if (used[i].size && used[i].start < page + PAGE_SIZE &&
		    used[i].start + used[i].size > page)
			return &used[i];
	}
	return NULL;
}

/* Start of the first used region above page, at most 'end'. */
static u64 next_used(u64 page, u64 end, const struct mem_region *used, u32 nr)
{
	for (u32 i = 0; i < nr; i++) {
		if (used[i].size && used[i].start > page && used[i].start < end)
			end = used[i].start;
	}
	return ALIGN_DOWN(end, PAGE_SIZE);
}

/* The highest unused run of 'size' bytes in memory, or 0. */
static u64 find_place(u64 size, const struct mem_region *ram, u32 nr_ram,
		      const struct mem_region *used, u32 nr_used)
{
	u64 best = 0;

	for (u32 i = 0; i < nr_ram; i++) {
		u64 page = ALIGN_UP(ram[i].start, PAGE_SIZE);
		u64 end = ALIGN_DOWN(ram[i].start + ram[i].size, PAGE_SIZE);

		while (page < end) {
			const struct mem_region *u = covering(page, used, nr_used);
			u64 stop;

			if (u) {
				page = ALIGN_UP(u->start + u->size, PAGE_SIZE);
				continue;
			}
			stop = next_used(page, end, used, nr_used);
			if (stop - page >= size && stop - size > best)
				best = stop - size;
			page = stop;
		}
	}
	return best;
}

static void add_unused(u64 page, u64 end, const struct mem_region *used,
		       u32 nr_used, const struct mem_region *own)
{
	while (page < end) {
		const struct mem_region *u = covering(page, used, nr_used);
		u64 stop;

		if (!u)
			u = covering(page, own, 1);
		if (u) {
			page = ALIGN_UP(u->start + u->size, PAGE_SIZE);
			continue;
		}
		stop = next_used(page, end, used, nr_used);
		stop = next_used(page, stop, own, 1);
		range_free(page >> PAGE_SHIFT, stop >> PAGE_SHIFT);
		page = stop;
	}
}

void frame_init(const struct mem_region *ram, u32 nr_ram,
		const struct mem_region *used, u32 nr_used)
{
	struct mem_region own;
	u64 end = 0;

	total_pages = 0;
	free_pages = 0;
	limbo_pages = 0;
	limbo_open = FRAME_END;
	limbo_waiting = FRAME_END;
	limbo_over = false;
	memset(free_list, 0xff, sizeof(free_list));
	for (u32 i = 0; i < nr_ram; i++)
		end = MAX(end, ALIGN_DOWN(ram[i].start + ram[i].size, PAGE_SIZE));
	nr_frames = end >> PAGE_SHIFT;
	own.size = ALIGN_UP(nr_frames * sizeof(struct frame), PAGE_SIZE);
	own.start = find_place(own.size, ram, nr_ram, used, nr_used);
	if (!own.start)
		boot_failure("there are no %lu KiB of memory in one piece for the frame table; give the machine more memory",
			     (unsigned long)own.size / 1024);
	table = phys_to_virt(own.start);
	memset(table, 0, own.size);
	for (u64 i = 0; i < nr_frames; i++)
		table[i].order = FRAME_NOT_HEAD;
	for (u64 i = 0; i < own.size >> PAGE_SHIFT; i++)
		table[(own.start >> PAGE_SHIFT) + i].state = FRAME_HV;
	hv_pages = own.size >> PAGE_SHIFT;

	lock(&frame_lock);
	for (u32 i = 0; i < nr_ram; i++) {
		u64 first = ALIGN_UP(ram[i].start, PAGE_SIZE);
		u64 last = ALIGN_DOWN(ram[i].start + ram[i].size, PAGE_SIZE);

		/* Frame 0 stays out: nothing good comes from using it. */
		if (first < last)
			total_pages += (last - first) >> PAGE_SHIFT;
		add_unused(MAX(first, PAGE_SIZE), last, used, nr_used, &own);
	}
	unlock(&frame_lock);
}

u64 frame_total_pages(void)
{
	return total_pages;
}

u64 frame_free_pages(void)
{
	return READ_ONCE(free_pages);
}

u64 frame_limbo_pages(void)
{
	return READ_ONCE(limbo_pages);
}

u64 frame_hv_pages(void)
{
	return READ_ONCE(hv_pages);
}
