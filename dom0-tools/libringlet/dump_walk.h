/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a guest's kernel has which part of its memory, by its page tables.
 */
#ifndef RL_DUMP_WALK_H
#define RL_DUMP_WALK_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

struct dump_walk {
	const uint8_t *memory;		/* of the guest, from gfn 0 */
	uint64_t pages;			/* there */
	uint64_t budget;		/* tables that may still be looked at */
	Elf64_Phdr *segments;		/* out: LOADs of a core (dump.h) */
	unsigned int nr, max;
	bool cut;			/* out: there was more */
};

/*
 * Find all translations of the upper half under a root (guest-physical address)
 * that end in this memory, the last 512 GiB first: there Linux's kernel is. Tables
 * may be anything: it ends after at most one look at each page on average.
 */
void dump_walk(struct dump_walk *w, uint64_t root);

#endif /* RL_DUMP_WALK_H */
