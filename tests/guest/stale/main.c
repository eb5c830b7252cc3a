// SPDX-License-Identifier: GPL-2.0-only
/*
 * stale: a guest that forgets a flush, for vtlb=check to find.
 *
 * It maps other frames at addresses that it has used, and flushes none of them. It
 * may do that, and harms only itself; but with vtlb=check on the hypervisor's
 * command line it is stopped, within seconds, by a sentence that names the address.
 * One that flushes late, but does, is not.
 */
#include "guest.h"

const char test_title[] = "flushes that do not come";

#define VA	0x0000018000000000UL
#define TABLES	40		/* each one page of the shadow */
#define SECOND	1000000000UL
#define RW	(PTE_P | PTE_W)

static u64 at(u64 table, u64 page)
{
	return VA + table * LARGE_SIZE + page * PAGE_SIZE;
}

/* Touch a page of each table that was not touched yet: a fill beside the others. */
static void touch(u64 page)
{
	u64 value, i;

	for (i = 0; i < TABLES; i++)
		CHECK(try_read(at(i, page), &value));
}

static void change(u64 frame)
{
	u64 i;

	for (i = 0; i < TABLES; i++)
		WRITE_ONCE(*pte_of(guest.root, at(i, 0), 1), frame | RW);
}

static void pause(u64 ns)
{
	u64 end = now() + ns;

	while (now() < end)
		__asm__ volatile("pause");
}

void test_main(void)
{
	u64 a = (u64)page_alloc(), b = (u64)page_alloc();
	u64 i, page;

	for (i = 0; i < TABLES; i++)
		for (page = 0; page < 512; page += 4)
			map_page(guest.root, at(i, page), a, RW);
	touch(0);
	change(b);
	touch(4);
	pause(SECOND);
	flush(guest.root, VA, TABLES * LARGE_SIZE, 0);
	touch(0);
	printk("a late flush is none that was forgotten\n");
	change(a);
	/* Pages far apart: nobody fills those that have changed. */
	for (page = 8; page < 512; page += 8) {
		touch(page);
		pause(SECOND / 2);
	}
	failure("nobody has noticed");
}
