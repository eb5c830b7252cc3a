// SPDX-License-Identifier: GPL-2.0-only
/*
 * vtlb: the cached translations agree with the guest's page tables.
 *
 * The hypervisor caches what it read from the tables, like a TLB that never
 * forgets. After a flush nothing of the old state may be left, on any level and
 * in any root; adding a right must need no flush; Accessed and Dirty must be in
 * the guest's entries as a kernel relies on them (a lost Dirty bit is lost data).
 * Each part changes tables and looks through the mapping itself.
 */
#include "guest.h"

const char test_title[] = "coherence of cached translations";

#define VA	0x0000018000000000UL	/* slot 3: made by the tests */
#define COMMON	(RINGLET_COMMON_START + 0x40000000UL)
#define RO	PTE_P
#define RW	(PTE_P | PTE_W)

/* What a flush names: the common half is the kernel root's alone. */
static void forget(u64 root, u64 va, u64 len, u32 flags)
{
	flush(va >= RINGLET_COMMON_START ? RINGLET_ROOT_KERNEL : root, va, len,
	      flags);
}

static u64 *a, *b;			/* two pages, told apart by content */

static void expect_value(const char *what, u64 va, u64 want)
{
	u64 got;

	if (!try_read(va, &got))
		failure("%s: reading %#lx faulted, error %#lx", what, va,
			this_cpu()->trap.error);
	else if (got != want)
		failure("%s: %#lx holds %#lx, not %#lx", what, va, got, want);
}

static void expect_fault(const char *what, bool ok, u64 va, u64 err)
{
	struct cpu *cpu = this_cpu();

	if (ok)
		failure("%s: access to %#lx has passed", what, va);
	else if (cpu->trap.vector != TRAP_PF || cpu->trap.error != err ||
		 cpu->trap_cr2 != va)
		failure("%s: vector %lu, error %#lx, cr2 %#lx; not error %#lx, %#lx",
			what, cpu->trap.vector, cpu->trap.error, cpu->trap_cr2,
			err, va);
}

static void expect_no_read(const char *what, u64 va, u64 err)
{
	u64 value;

	expect_fault(what, try_read(va, &value), va, err);
}

static void test_map_unmap(u64 root, u64 va)
{
	u64 *pte;

	expect_no_read("not mapped yet", va, 0);
	/* From not present to present needs no flush. */
	pte = map_page(root, va, (u64)a, RW);
	expect_value("mapped", va, a[0]);
	/* Another frame, then nothing: after the flush it is so. */
	WRITE_ONCE(*pte, (u64)b | RW);
	forget(root, va, PAGE_SIZE, 0);
	expect_value("remapped", va, b[0]);
	WRITE_ONCE(*pte, 0);
	forget(root, va, PAGE_SIZE, 0);
	expect_no_read("unmapped", va, 0);
	WRITE_ONCE(*pte, (u64)a | RW);
	expect_value("mapped again", va, a[0]);
	WRITE_ONCE(*pte, 0);
	/* Everything. */
	flush(va >= RINGLET_COMMON_START ? RINGLET_ROOT_KERNEL : root, 0, 0, 0);
	expect_no_read("unmapped, flush of all", va, 0);
}

static void test_rights(u64 root, u64 va)
{
	u64 *pte = map_page(root, va, (u64)a, RO), old = a[1];

	expect_value("read-only", va, a[0]);
	expect_fault("write to read-only", try_write(va + 8, 1), va + 8,
		     PF_P | PF_W);
	CHECK_EQ(a[1], old);
	/* More rights need no flush. */
	WRITE_ONCE(*pte, READ_ONCE(*pte) | PTE_W);
	CHECK(try_write(va + 8, 2));
	CHECK_EQ(READ_ONCE(a[1]), 2);
	/* Fewer do; the write-protect flag is enough for W. */
	WRITE_ONCE(*pte, READ_ONCE(*pte) & ~PTE_W);
	forget(root, va, PAGE_SIZE, RINGLET_FLUSH_WRPROTECT);
	expect_value("write-protected", va, a[0]);
	expect_fault("write-protected", try_write(va + 8, 3), va + 8,
		     PF_P | PF_W);
	CHECK_EQ(READ_ONCE(a[1]), 2);
	/* What may not be run can be read. */
	WRITE_ONCE(*pte, (u64)a | RO | PTE_NX);
	forget(root, va, PAGE_SIZE, 0);
	expect_value("no-execute", va, a[0]);
	WRITE_ONCE(*pte, 0);
	forget(root, va, PAGE_SIZE, 0);
}

/* W, U and NX count on each level of the path. */
static void test_levels(u64 root)
{
	u64 va = VA + 0x80000000, *entry, saved;
	int level;

	map_page(root, va, (u64)a, RW);
	for (level = 2; level <= 4; level++) {
		entry = pte_of(root, va, level);
		saved = *entry;
		expect_value("path", va, a[0]);
		CHECK(try_write(va + 8, 1));
		WRITE_ONCE(*entry, saved & ~PTE_W);
		flush(root, va, PAGE_SIZE, 0);
		expect_fault("W of a table", try_write(va + 8, 1), va + 8,
			     PF_P | PF_W);
		WRITE_ONCE(*entry, saved & ~PTE_P);
		flush(root, va, PAGE_SIZE, 0);
		expect_no_read("P of a table", va, 0);
		WRITE_ONCE(*entry, saved);
	}
	expect_value("path restored", va, a[0]);
}

static void test_accessed_dirty(u64 root, u64 va)
{
	u64 *pte = map_page(root, va, (u64)a, RW);

	expect_value("A", va, a[0]);
	CHECK_EQ(READ_ONCE(*pte) & (PTE_A | PTE_D), PTE_A);
	CHECK(try_write(va + 8, 1));
	CHECK_EQ(READ_ONCE(*pte) & (PTE_A | PTE_D), PTE_A | PTE_D);

	/* Cleaned and flushed: the next write sets D anew. */
	__atomic_fetch_and(pte, ~(PTE_A | PTE_D), __ATOMIC_SEQ_CST);
	forget(root, va, PAGE_SIZE, 0);
	CHECK_EQ(READ_ONCE(*pte) & (PTE_A | PTE_D), 0);
	expect_value("A again", va, a[0]);
	CHECK_EQ(READ_ONCE(*pte) & (PTE_A | PTE_D), PTE_A);
	CHECK(try_write(va + 8, 2));
	CHECK_EQ(READ_ONCE(*pte) & PTE_D, PTE_D);

	/* A refused write dirties nothing. */
	WRITE_ONCE(*pte, (u64)a | RO);
	forget(root, va, PAGE_SIZE, 0);
	CHECK(!try_write(va + 8, 3));
	CHECK_EQ(READ_ONCE(*pte) & PTE_D, 0);
	WRITE_ONCE(*pte, 0);
	forget(root, va, PAGE_SIZE, 0);
}

static void test_ranges(u64 root)
{
	u64 base = VA + 0x40000000, i;

	for (i = 0; i < 600; i++)
		map_page(root, base + i * PAGE_SIZE, (u64)(i & 1 ? a : b), RW);
	for (i = 0; i < 600; i++)
		expect_value("range", base + i * PAGE_SIZE,
			     i & 1 ? a[0] : b[0]);
	/* All change; only [100, 500) is flushed: it spans two tables. */
	for (i = 0; i < 600; i++)
		WRITE_ONCE(*pte_of(root, base + i * PAGE_SIZE, 1), 0);
	flush(root, base + 100 * PAGE_SIZE, 400 * PAGE_SIZE, 0);
	for (i = 100; i < 500; i++)
		expect_no_read("flushed range", base + i * PAGE_SIZE, 0);
	flush(root, base, 600 * PAGE_SIZE, 0);
	for (i = 0; i < 600; i++)
		expect_no_read("whole range", base + i * PAGE_SIZE, 0);
}

/* A table that was unlinked becomes something else. */
static void test_freed_table(u64 root)
{
	u64 va = VA + 0xc0000000, *table, *entry, i;

	map_page(root, va, (u64)a, RW);
	expect_value("before", va, a[0]);
	entry = pte_of(root, va, 2);
	table = (u64 *)(*entry & PTE_ADDR);
	WRITE_ONCE(*entry, 0);
	flush(root, va & ~(LARGE_SIZE - 1), LARGE_SIZE,
	      RINGLET_FLUSH_FREED_TABLES);
	/* Were it still used as a table, these would be good entries. */
	for (i = 0; i < 512; i++)
		table[i] = (u64)b | RW | PTE_A;
	expect_no_read("freed table", va, 0);
	expect_no_read("freed table", va + 77 * PAGE_SIZE, 0);
	for (i = 0; i < 512; i++)
		if (table[i] != ((u64)b | RW | PTE_A))
			failure("the freed table's entry %lu became %#lx", i,
				table[i]);
}

static void test_large(u64 root)
{
	u64 va = VA + 0x100000000, gpa = large_page_alloc(), *entry, *table;
	u64 i;

	if (!gpa) {
		printk("2 MiB pages are left out: not enough memory\n");
		return;
	}
	for (i = 0; i < 512; i++)
		*(u64 *)(gpa + i * PAGE_SIZE) = 0x1000 + i;
	entry = map_large(root, va, gpa, RW);
	for (i = 0; i < 512; i += 73)
		expect_value("2 MiB", va + i * PAGE_SIZE, 0x1000 + i);
	CHECK_EQ(READ_ONCE(*entry) & (PTE_A | PTE_D), PTE_A);
	CHECK(try_write(va + 3 * PAGE_SIZE, 0x77));
	CHECK_EQ(READ_ONCE(*entry) & PTE_D, PTE_D);
	CHECK_EQ(*(u64 *)(gpa + 3 * PAGE_SIZE), 0x77);
	/* A flush of one page in it is a flush of it. */
	WRITE_ONCE(*entry, 0);
	flush(root, va + 200 * PAGE_SIZE, PAGE_SIZE, 0);
	expect_no_read("2 MiB, flushed by a page", va + 200 * PAGE_SIZE, 0);
	/* Split: the same pages by a table, one of them another. */
	table = page_alloc();
	for (i = 0; i < 512; i++)
		table[i] = (gpa + i * PAGE_SIZE) | RW;
	table[5] = (u64)b | RO;
	WRITE_ONCE(*entry, (u64)table | RW);
	flush(root, va, LARGE_SIZE, 0);
	expect_value("split", va + 4 * PAGE_SIZE, 0x1004);
	expect_value("split", va + 5 * PAGE_SIZE, b[0]);
	expect_fault("split", try_write(va + 5 * PAGE_SIZE, 1),
		     va + 5 * PAGE_SIZE, PF_P | PF_W);
	/* And back. */
	WRITE_ONCE(*entry, gpa | RW | PTE_PS);
	flush(root, va, LARGE_SIZE, RINGLET_FLUSH_FREED_TABLES);
	expect_value("joined", va + 5 * PAGE_SIZE, 0x1005);
	WRITE_ONCE(*entry, 0);
	flush(root, va, LARGE_SIZE, 0);
	/* Bits 13 to 20 of a 2 MiB entry are reserved. */
	WRITE_ONCE(*entry, gpa | 0x2000 | RW | PTE_PS);
	expect_no_read("reserved bits", va, PF_P | PF_RSVD);
	WRITE_ONCE(*entry, 0);
	flush(root, va, LARGE_SIZE, 0);
}

/* Two roots: the lower half is each one's own, the common half is shared. */
static void test_roots(void)
{
	u64 other = root_new(), va = VA + 0x5000;

	/* Without the kernel root's entry: it is not looked at. */
	map_page(guest.root, va, (u64)a, RW);
	map_page(other, va, (u64)b, RW);
	map_page(guest.root, COMMON, (u64)a, RW);
	expect_value("first root", va, a[0]);
	CHECK_EQ(ringlet_load_root(other), 0);
	expect_value("second root", va, b[0]);
	expect_value("common half", COMMON, a[0]);
	WRITE_ONCE(*pte_of(guest.root, COMMON, 1), (u64)b | RW);
	flush(RINGLET_ROOT_KERNEL, COMMON, PAGE_SIZE, 0);
	expect_value("common half, changed", COMMON, b[0]);
	CHECK_EQ(ringlet_load_root(guest.root), 0);
	expect_value("common half, first root", COMMON, b[0]);
	expect_value("first root again", va, a[0]);
	/* A flush of one root leaves the other's translations right, too. */
	WRITE_ONCE(*pte_of(other, va, 1), 0);
	flush(other, va, PAGE_SIZE, 0);
	expect_value("first root, other flushed", va, a[0]);
	CHECK_EQ(ringlet_load_root(other), 0);
	expect_no_read("second root, unmapped", va, 0);
	/* Both at once. */
	WRITE_ONCE(*pte_of(guest.root, va, 1), 0);
	WRITE_ONCE(*pte_of(guest.root, COMMON, 1), 0);
	flush(RINGLET_ROOT_ALL, 0, 0, 0);
	expect_no_read("common half, gone", COMMON, 0);
	CHECK_EQ(ringlet_load_root(guest.root), 0);
	expect_no_read("first root, gone", va, 0);

	/* A root's page becomes a root again, with another content. */
	CHECK_EQ(ringlet_root_dying(other), 0);
	CHECK_EQ(ringlet_root_destroy(other), 0);
	map_page(other, va, (u64)a, RW);
	CHECK_EQ(ringlet_load_root(other), 0);
	expect_value("new life of a root", va, a[0]);
	CHECK_EQ(ringlet_load_root(guest.root), 0);
	CHECK_EQ(ringlet_root_destroy(other), 0);
}

/* Entries that a guest may not use: other memory, and the hypervisor's slots. */
static void test_foreign(u64 root)
{
	u64 va = VA + 0x200000, value;
	u64 *pte = map_page(root, va, 0, 0);
	static const u64 frames[] = {
		0xfee00000,		/* the local APIC */
		0xfec00000,		/* the IO-APIC */
		1UL << 45,		/* beyond all memory */
		0x000ffffffffff000,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(frames); i++) {
		WRITE_ONCE(*pte, frames[i] | RW);
		flush(root, va, PAGE_SIZE, 0);
		if (try_read(va, &value))
			failure("frame %#lx can be read: %#lx", frames[i],
				value);
		else
			CHECK_EQ(this_cpu()->trap.vector, TRAP_PF);
	}
	WRITE_ONCE(*pte, 0);
	flush(root, va, PAGE_SIZE, 0);
	/* The time page can be read, not written. */
	CHECK(try_read((u64)guest.time, &value));
	CHECK(!try_write((u64)guest.time, value));
	/* Slots 256 to 271 of our root are ignored. */
	((u64 *)root)[270] = ((u64 *)root)[VA >> 39];
	CHECK(!try_read(0xffff870000000000, &value));
	((u64 *)root)[270] = 0;
}

void test_main(void)
{
	u64 root = guest.root;

	a = page_alloc();
	b = page_alloc();
	a[0] = 0xaaaa;
	b[0] = 0xbbbb;
	test_map_unmap(root, VA);
	test_map_unmap(root, COMMON);
	test_rights(root, VA + PAGE_SIZE);
	test_rights(root, COMMON + PAGE_SIZE);
	test_levels(root);
	test_accessed_dirty(root, VA + 2 * PAGE_SIZE);
	test_accessed_dirty(root, COMMON + 2 * PAGE_SIZE);
	test_ranges(root);
	test_freed_table(root);
	test_large(root);
	test_roots();
	test_foreign(root);
}
