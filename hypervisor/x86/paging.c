// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables of the hypervisor's address space. SDM volume 3, 4.5.
 *
 * Nothing is both writable and executable, not even by two addresses: what is
 * read-only in the image is so in the direct map.
 */
#include "x86/paging.h"

#include "frame.h"
#include "layout.h"
#include "panic.h"
#include "percpu.h"
#include "x86/boot.h"
#include "x86/cpu.h"
#include "x86/platform.h"

#define PTE_P	(1UL << 0)
#define PTE_W	(1UL << 1)
#define PTE_U	(1UL << 2)
#define PTE_PWT	(1UL << 3)
#define PTE_PCD	(1UL << 4)
#define PTE_A	(1UL << 5)
#define PTE_D	(1UL << 6)
#define PTE_PS	(1UL << 7)
#define PTE_NX	(1UL << 63)
#define PTE_ADDR 0x000ffffffffff000UL

#define TABLE	(PTE_P | PTE_W | PTE_A)
#define RX	(PTE_P | PTE_A)
#define RO	(PTE_P | PTE_A | PTE_NX)
#define RW	(PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX)
#define UNCACHED (PTE_PCD | PTE_PWT)	/* entry 3 of PAT_VALUE */

#define LOW_4G	(1UL << 32)

extern const char __text_start[], __text_end[], __rodata_end[], __image_end[];

/* Level 4 of all roots but for the gate. */
static u64 template[512] __page_aligned;
static u64 stack_l1[512] __page_aligned;

/* The start-up root, and its identity map of one page. */
static u64 trampoline_l4[512] __page_aligned;
static u64 trampoline_l3[512] __page_aligned;
static u64 trampoline_l2[512] __page_aligned;
static u64 trampoline_l1[512] __page_aligned;

static u64 image_phys(const void *va)
{
	return (u64)va - IMAGE_BASE + IMAGE_PHYS;
}

static u64 *new_page(void)
{
	return phys_to_virt(boot_alloc_page());
}

/* The table that an entry of 'table' names, made if there is none. */
static u64 *next_table(u64 *table, u64 index)
{
	u64 *next;

	if (table[index] & PTE_P)
		return phys_to_virt(table[index] & PTE_ADDR);
	next = new_page();
	table[index] = ((u64)next - DIRECT_BASE) | TABLE;
	return next;
}

static u64 *level2(u64 va)
{
	return next_table(next_table(template, va >> 39 & 511), va >> 30 & 511);
}

static void map_page(u64 va, u64 entry)
{
	next_table(level2(va), va >> 21 & 511)[va >> 12 & 511] = entry;
}

static void map_image_part(const char *start, const char *end, u64 flags)
{
	const char *va;

	for (va = start; va < end; va += PAGE_SIZE)
		map_page((u64)va, image_phys(va) | flags);
}

/* Flags of a page in the direct map; 0: not mapped. */
static u64 direct_flags(u64 phys)
{
	if (phys >= IMAGE_PHYS && phys < image_phys(__rodata_end))
		return RO;
	if (platform_is_ram(phys))
		return RW;
	return phys < LOW_4G ? RW | UNCACHED : 0;
}

/* 2 MiB of the direct map, in one piece if all its pages are alike. */
static void map_direct(u64 phys)
{
	u64 flags = direct_flags(phys), va = DIRECT_BASE + phys, p;

	for (p = phys; p < phys + LARGE_SIZE; p += PAGE_SIZE)
		if (direct_flags(p) != flags)
			break;
	if (p == phys + LARGE_SIZE) {
		if (flags)
			level2(va)[va >> 21 & 511] = phys | flags | PTE_PS;
		return;
	}
	for (p = phys; p < phys + LARGE_SIZE; p += PAGE_SIZE)
		if (direct_flags(p))
			map_page(DIRECT_BASE + p, p | direct_flags(p));
}

void paging_init(void)
{
	u64 phys, end;
	u32 i;

	map_image_part(__text_start, __text_end, RX);
	map_image_part(__text_end, __rodata_end, RO);
	map_image_part(__rodata_end, __image_end, RW);
	level2(STACK_BASE)[STACK_BASE >> 21 & 511] = image_phys(stack_l1) | TABLE;

	for (phys = 0; phys < LOW_4G; phys += LARGE_SIZE)
		map_direct(phys);
	for (i = 0; i < platform_nr_ram; i++) {
		end = platform_ram[i].start + platform_ram[i].size;
		phys = ALIGN_DOWN(MAX(platform_ram[i].start, LOW_4G), LARGE_SIZE);
		for (; phys < end; phys += LARGE_SIZE)
			map_direct(phys);
	}
}

u64 paging_new_root(void)
{
	u64 *root = new_page();

	memcpy(root, template, PAGE_SIZE);
	return (u64)root - DIRECT_BASE;
}

u64 paging_map_stack(u32 pcpu)
{
	u64 va = STACK_BASE + (u64)pcpu * STACK_STRIDE + STACK_STRIDE - STACK_SIZE;
	u64 end = va + STACK_SIZE;

	_Static_assert(MAX_PCPUS * STACK_STRIDE <= LARGE_SIZE, "one table");
	for (; va < end; va += PAGE_SIZE)
		WRITE_ONCE(stack_l1[va >> 12 & 511], boot_alloc_page() | RW);
	return end;
}

u64 paging_map_trampoline(u64 phys)
{
	memcpy(trampoline_l4, template, PAGE_SIZE);
	trampoline_l1[phys >> 12 & 511] = phys | RX;
	trampoline_l2[0] = image_phys(trampoline_l1) | TABLE;
	trampoline_l3[0] = image_phys(trampoline_l2) | TABLE;
	trampoline_l4[0] = image_phys(trampoline_l3) | TABLE;
	return image_phys(trampoline_l4);
}

void paging_unmap_trampoline(void)
{
	memset(trampoline_l4, 0, PAGE_SIZE);
}

static const char *check_leaf(u64 entry, u64 rights)
{
	if (rights & PTE_W && !(entry & PTE_NX))
		return "writable and executable";
	if (rights & PTE_U)
		return "mapped for user mode";
	return NULL;
}

/*
 * Rights are the AND along the way; NX is only in leaves of these tables. A table
 * that comes again and again (stack_views in gate.c) is looked at once.
 */
static const char *check_table(u64 table, u32 level, u64 rights, u64 *va)
{
	const u64 *entries = phys_to_virt(table);
	u64 start = *va, entry, last = 0;
	const char *wrong;
	u32 i;

	for (i = 0; i < 512; i++) {
		entry = READ_ONCE(entries[i]);
		if (!(entry & PTE_P) || entry == last)
			continue;
		last = entry;
		*va = start + ((u64)i << (12 + 9 * (level - 1)));
		if (level == 1 || entry & PTE_PS)
			wrong = check_leaf(entry, rights & entry);
		else
			wrong = check_table(entry & PTE_ADDR, level - 1,
					    rights & entry, va);
		if (wrong)
			return wrong;
	}
	return NULL;
}

const char *paging_check(u64 root, u64 *va)
{
	const u64 *l4 = phys_to_virt(root & PTE_ADDR);
	const char *wrong;
	u64 entry;
	u32 i;

	for (i = 0; i < 512; i++) {
		entry = READ_ONCE(l4[i]);
		if (!(entry & PTE_P))
			continue;
		*va = (u64)i << 39 | (i < 256 ? 0 : 0xffffUL << 48);
		if (i < SLOT_GATE || i >= SLOT_COMMON)
			return "mapped outside the hypervisor's slots";
		wrong = check_table(entry & PTE_ADDR, 3, entry, va);
		if (wrong)
			return wrong;
	}
	return NULL;
}
