// SPDX-License-Identifier: GPL-2.0-only
/*
 * quota: a guest that uses more page tables than the hypervisor may shadow.
 *
 * Shadow pages come from a pool with a quota for each domain. A guest that
 * touches memory in ever new places, in ever new roots, empties it; then old
 * roots must go, never the path in use, and every mapping must still work when
 * it is used again. A hypervisor that takes more than the quota starves others;
 * one that gives up kills a guest that did nothing wrong.
 */
#include "guest.h"

const char test_title[] = "exhaustion of the shadow quota";

#define ROOTS	40
#define PLACES	256		/* a shadow table each, for every root */

static u64 roots[ROOTS];
static u64 *page;

static u64 place(u32 n)
{
	return 0x0000018000000000 + n * LARGE_SIZE;
}

/* Sparse: one page in every 2 MiB. Roots share these tables (slot 3). */
static void make_places(void)
{
	u32 i;

	for (i = 0; i < PLACES; i++)
		map_page(guest.root, place(i), (u64)page, PTE_P | PTE_W);
}

static void touch_all(u64 root)
{
	u64 value;
	u32 i;

	for (i = 0; i < PLACES; i++) {
		if (!try_read(place(i), &value)) {
			failure("root %#lx, place %u: fault, error %#lx", root,
				i, this_cpu()->trap.error);
			return;
		}
		if (value != page[0]) {
			failure("root %#lx, place %u: %#lx, not %#lx", root, i,
				value, page[0]);
			return;
		}
	}
}

void test_main(void)
{
	u32 i, round;
	u64 value;

	page = page_alloc();
	page[0] = 0x1001;
	make_places();
	for (i = 0; i < ROOTS; i++) {
		roots[i] = (u64)page_alloc();
		((u64 *)roots[i])[0] = ((u64 *)guest.root)[0];
		((u64 *)roots[i])[3] = ((u64 *)guest.root)[3];
	}
	/* 40 times 256 tables, three times: far more than any quota. */
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ROOTS; i++) {
			page[0]++;
			if (ringlet_load_root(roots[i])) {
				failure("root %u cannot be loaded", i);
				break;
			}
			touch_all(roots[i]);
		}
	}
	/* What was evicted is not forgotten in the guest's favour: unmap. */
	*pte_of(guest.root, place(7), 1) = 0;
	flush(RINGLET_ROOT_ALL, place(7), PAGE_SIZE, 0);
	for (i = 0; i < ROOTS; i++) {
		CHECK_EQ(ringlet_load_root(roots[i]), 0);
		if (try_read(place(7), &value))
			failure("root %u: an unmapped page can be read", i);
	}
	CHECK_EQ(ringlet_load_root(guest.root), 0);
	for (i = 0; i < ROOTS; i++)
		CHECK_EQ(ringlet_root_destroy(roots[i]), 0);
}
