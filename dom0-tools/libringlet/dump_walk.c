// SPDX-License-Identifier: GPL-2.0-only
/*
 * A walk of a guest's page tables: see dump_walk.h. Formats: SDM volume 3, 4.5.
 */
#include "dump_walk.h"
#include "dump.h"

#include <string.h>

#define ENTRIES		512
#define PRESENT		0x001ULL
#define WRITABLE	0x002ULL
#define LARGE		0x080ULL
#define NO_EXECUTE	(1ULL << 63)
#define ADDRESS		0x000ffffffffff000ULL
#define UPPER_HALF	0xffff000000000000ULL
#define SLOT_FIRST	272		/* before it: the hypervisor's */
#define SLOT_LAST	511
#define LEVELS		4

static unsigned int shift_of(unsigned int level)
{
	return 12 + 9 * (level - 1);
}

/* Goes on the segment before? */
static bool extend(struct dump_walk *w, uint64_t va, uint64_t gpa, uint64_t size,
		   Elf64_Word flags)
{
	Elf64_Phdr *last = w->nr ? &w->segments[w->nr - 1] : NULL;

	if (!last || last->p_vaddr + last->p_memsz != va ||
	    last->p_paddr + last->p_memsz != gpa)
		return false;
	last->p_filesz = last->p_memsz += size;
	last->p_flags |= flags;
	return true;
}

static void add(struct dump_walk *w, uint64_t va, uint64_t entry,
		unsigned int level)
{
	Elf64_Word flags = PF_R | (entry & WRITABLE ? PF_W : 0) |
			   (entry & NO_EXECUTE ? 0 : PF_X);
	uint64_t size = 1ULL << shift_of(level);
	uint64_t gpa = entry & ADDRESS & ~(size - 1), all = w->pages << 12;

	if (gpa >= all)
		return;
	if (size > all - gpa)
		size = all - gpa;
	if (extend(w, va, gpa, size, flags))
		return;
	if (w->nr == w->max) {
		w->cut = true;
		return;
	}
	w->segments[w->nr++] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = flags,
		.p_offset = RL_DUMP_MEMORY + gpa,
		.p_vaddr = va,
		.p_paddr = gpa,
		.p_filesz = size,
		.p_memsz = size,
		.p_align = 4096,
	};
}

/* One table of levels 3 to 1; of the level-4 table dump_walk() picks entries. */
static void walk(struct dump_walk *w, uint64_t table, uint64_t va,
		 unsigned int level)
{
	uint64_t entries[ENTRIES], at;
	unsigned int i;

	if (table >> 12 >= w->pages || w->cut)
		return;
	if (!w->budget) {
		w->cut = true;
		return;
	}
	w->budget--;
	memcpy(entries, w->memory + table, sizeof(entries));
	for (i = 0; i < ENTRIES; i++) {
		at = va + ((uint64_t)i << shift_of(level));
		if (!(entries[i] & PRESENT))
			continue;
		if (level == 1 || entries[i] & LARGE)
			add(w, at, entries[i], level);
		else
			walk(w, entries[i] & ADDRESS, at, level - 1);
	}
}

static void walk_slot(struct dump_walk *w, uint64_t root, unsigned int slot)
{
	uint64_t entry;

	memcpy(&entry, w->memory + root + slot * sizeof(entry), sizeof(entry));
	if (entry & PRESENT)
		walk(w, entry & ADDRESS,
		     UPPER_HALF | (uint64_t)slot << shift_of(LEVELS),
		     LEVELS - 1);
}

void dump_walk(struct dump_walk *w, uint64_t root)
{
	unsigned int slot;

	root &= ADDRESS;
	w->budget = w->pages;
	w->nr = 0;
	w->cut = false;
	if (root >> 12 >= w->pages)
		return;
	walk_slot(w, root, SLOT_LAST);
	for (slot = SLOT_FIRST; slot < SLOT_LAST; slot++)
		walk_slot(w, root, slot);
}
