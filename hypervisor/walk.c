/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks of a guest's page tables, as its CPU would do them.
 *
 * The guest may write its tables at any time: each entry is read once. A table
 * must lie in memory that the domain owns and may write, for a walk reads there
 * and sets Accessed and Dirty; nothing else is trusted about it. SDM vol. 3, 4.5
 * to 4.8.
 */
#include "shadow.h"

u64 pte_reserved;

void vtlb_setup(u32 phys_bits)
{
	pte_reserved = PTE_ADDR & ~((1UL << phys_bits) - 1);
}

u64 walk_rights(u64 va, u64 above, u64 pte)
{
	u64 rights = (above & pte & (PTE_W | PTE_U)) |
		     ((above | pte) & PTE_NX);

	/* Ring 3 never executes in the upper half: SYSCALL from there would
	 * pass for the kernel's. */
	if (!va_lower(va) && (rights & PTE_U))
		rights |= PTE_NX;
	return rights;
}

/* Bits that must be 0 in a present entry. */
static u64 reserved_bits(u64 pte, u32 level)
{
	if (level == 4)
		return pte_reserved | PTE_PS;
	if (level == 1 || !(pte & PTE_PS))
		return pte_reserved;
	return pte_reserved |
	       (PTE_ADDR & (level_size(level) - 1) & ~PTE_PAT_LARGE);
}

static bool allowed(u64 rights, u32 access)
{
	if ((access & PF_USER) && !(rights & PTE_U))
		return false;
	if ((access & PF_WRITE) && !(rights & PTE_W))
		return false;
	if (!(access & PF_FETCH))
		return true;
	/* SMEP: ring 1 does not execute user pages. */
	return !(rights & PTE_NX) && ((access & PF_USER) || !(rights & PTE_U));
}

bool walk_guest(struct domain *d, gfn_t root, u64 va, u32 access,
		struct walk *w)
{
	gfn_t table = root;
	u64 above = PTE_W | PTE_U;
	u32 level;

	w->error = PF_PRESENT | PF_RSVD;
	for (level = 4; ; level--) {
		struct p2m_entry e = p2m_lookup(d, table);

		if (!p2m_is_table(e))
			return false;
		w->ptep = (u64 *)mfn_to_virt(e.mfn) + pte_index(va, level);
		w->pte = READ_ONCE(*w->ptep);
		if (!(w->pte & PTE_P)) {
			w->error = 0;
			return false;
		}
		if (w->pte & reserved_bits(w->pte, level))
			return false;
		if (level == 1 || (w->pte & PTE_PS))
			break;
		above = (above & w->pte & (PTE_W | PTE_U)) |
			((above | w->pte) & PTE_NX);
		table = GFN((w->pte & PTE_ADDR) >> PAGE_SHIFT);
	}
	w->level = level;
	w->above = above;
	w->rights = walk_rights(va, above, w->pte);
	w->gfn.n = ((w->pte & PTE_ADDR & ~(level_size(level) - 1)) |
		    (va & (level_size(level) - 1))) >> PAGE_SHIFT;
	w->error = PF_PRESENT;
	return allowed(w->rights, access);
}

bool walk_mark(struct walk *w, bool dirty)
{
	u64 new = w->pte | PTE_A | (dirty ? PTE_D : 0);

	if (new == w->pte)
		return true;
	if (!__atomic_compare_exchange_n(w->ptep, &w->pte, new, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	w->pte = new;
	return true;
}
