// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables. Roots share the builder's identity map (its level-4 entry 0);
 * everything else a test maps lies elsewhere.
 */
#include "guest.h"

#define POOL_PAGES 512

static u8 pool[POOL_PAGES][PAGE_SIZE] __page_aligned;
static volatile u32 pool_used;

void *page_alloc(void)
{
	u32 n = __atomic_fetch_add(&pool_used, 1, __ATOMIC_RELAXED);

	if (n >= POOL_PAGES) {
		error("the pool of %u pages is used up", POOL_PAGES);
		finish();
	}
	return pool[n];
}

/*
 * What the builder put beside us (tree, tables) is at the high end of memory;
 * so we go up from the image.
 */
u64 large_page_alloc(void)
{
	static u64 next;
	u64 start;

	if (!next)
		next = ((u64)guest_end + LARGE_SIZE - 1) & ~(LARGE_SIZE - 1);
	start = next;
	if (start + 2 * LARGE_SIZE > guest.memory_end)
		return 0;
	next += LARGE_SIZE;
	return start;
}

/* The entry for 'va' at 'level' (4 to 1); makes tables if 'make'. */
static u64 *walk(u64 root, u64 va, int level, bool make)
{
	u64 *table = (u64 *)root, *entry;
	int l;

	for (l = 4;; l--) {
		entry = &table[va >> (12 + 9 * (l - 1)) & 511];
		if (l == level)
			return entry;
		if (!(*entry & PTE_P)) {
			if (!make)
				return NULL;
			*entry = (u64)page_alloc() | PTE_P | PTE_W | PTE_U |
				 PTE_A;
		}
		if (*entry & PTE_PS)
			return NULL;
		table = (u64 *)(*entry & PTE_ADDR);
	}
}

u64 *pte_of(u64 root, u64 va, int level)
{
	return walk(root, va, level, false);
}

bool page_present(u64 root, u64 va)
{
	int level;
	u64 *entry;

	for (level = 1; level < 4; level++) {
		entry = pte_of(root, va, level);
		if (entry)
			return *entry & PTE_P && (level == 1 || *entry & PTE_PS);
	}
	return false;
}

static u64 *map(u64 root, u64 va, u64 entry, int level)
{
	u64 *pte = walk(root, va, level, true);

	if (!pte) {
		error("a large page is in the way at %#lx", va);
		finish();
	}
	WRITE_ONCE(*pte, entry);
	return pte;
}

u64 *map_page(u64 root, u64 va, u64 gpa, u64 flags)
{
	return map(root, va, gpa | flags, 1);
}

u64 *map_large(u64 root, u64 va, u64 gpa, u64 flags)
{
	return map(root, va, gpa | flags | PTE_PS, 2);
}

u64 root_new(void)
{
	u64 *root = page_alloc();
	u64 va, size = (u64)(user_end - user_start);

	root[0] = ((u64 *)guest.boot_root)[0];
	for (va = 0; va < size; va += PAGE_SIZE)
		map_page((u64)root, USER_TEXT + va, (u64)user_start + va,
			 PTE_P | PTE_U | PTE_A);
	for (va = 0; va < USER_DATA_SIZE; va += PAGE_SIZE)
		map_page((u64)root, USER_DATA + va, (u64)user_data + va,
			 PTE_P | PTE_U | PTE_W | PTE_A | PTE_D | PTE_NX);
	return (u64)root;
}

void flush(u64 root, u64 va, u64 len, u32 flags)
{
	s64 rc = ringlet_flush(root, va, va + len, flags);

	if (rc)
		failure("flush of %#lx bytes at %#lx returned %ld", len, va,
			rc);
}

struct access {
	volatile u64 *p;
	u64 value;
};

static void do_read(void *arg)
{
	struct access *a = arg;

	a->value = *a->p;
}

static void do_write(void *arg)
{
	struct access *a = arg;

	*a->p = a->value;
}

bool try_read(u64 va, u64 *value)
{
	struct access a = { (volatile u64 *)va, 0 };

	if (probe(do_read, &a))
		return false;
	*value = a.value;
	return true;
}

bool try_write(u64 va, u64 value)
{
	struct access a = { (volatile u64 *)va, value };

	return !probe(do_write, &a);
}
