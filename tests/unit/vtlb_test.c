/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vTLB on simulated memory. Every write to a shadow table is looked at when
 * it happens: what the hardware could see at any instant must be allowed by an
 * oracle that walks the guest's tables and the gfn map on its own. Simulated
 * pCPUs with TLBs tell whether flushes and sweeps reach them.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "coherence.h"
#include "host_hv.h"
#include "ringlet/memory.h"
#include "shadow.h"

#define MIB (1UL << 20)
#define RAM (48 * MIB)
#define FRAMES ((RAM >> PAGE_SHIFT) + 256)

/* Where shadow pages stand, learnt from the writes that link them. */
static struct {
	u64 va;
	struct vtlb_root *root;
	bool known;
} page_at[FRAMES];

static struct domain *watched;
static u64 writes_seen;

#define KERNEL_BASE 0xffff888000000000

/* --- The oracle ----------------------------------------------------------- */

struct oracle {
	bool present;
	u32 error;		/* if not present */
	u64 rights;		/* PTE_W, U; NX */
	u64 pte;
	u64 *ptep;
	u64 gfn;
	u32 level;
};

static u64 *guest_page(struct domain *d, u64 gfn)
{
	struct p2m_entry e = p2m_lookup(d, GFN(gfn));

	return e.flags ? mfn_to_virt(e.mfn) : NULL;
}

static struct oracle oracle_walk(struct domain *d, u64 root, u64 va)
{
	struct oracle o = { .rights = PTE_W | PTE_U };
	u64 table = root;
	bool nx = false;

	if (va >> 47 && va < RINGLET_COMMON_START)
		return o;
	if (va >> 47)
		table = d->vtlb.kernel_root.n;
	for (int shift = 39; ; shift -= 9) {
		u64 *t = guest_page(d, table);
		u64 e, low;

		if (!t || !p2m_is_table(p2m_lookup(d, GFN(table)))) {
			o.error = 9;
			return o;
		}
		o.ptep = &t[va >> shift & 511];
		e = *o.ptep;
		if (!(e & 1))
			return o;
		low = (1UL << shift) - 1;
		if ((e & 0x000fff0000000000) ||
		    (shift == 39 && (e & 0x80)) ||
		    (shift > 12 && shift < 39 && (e & 0x80) &&
		     (e & low & 0x000fffffffffe000))) {
			o.error = 9;
			return o;
		}
		o.rights &= e;
		nx |= e >> 63;
		if (shift == 12 || (shift < 39 && (e & 0x80))) {
			o.present = true;
			o.pte = e;
			o.level = (shift - 3) / 9;
			o.gfn = ((e & 0x000ffffffffff000 & ~low) | (va & low)) >> 12;
			break;
		}
		table = (e & 0x000ffffffffff000) >> 12;
	}
	o.rights &= PTE_W | PTE_U;
	if (nx || (va >> 47 && (o.rights & PTE_U)))
		o.rights |= PTE_NX;
	return o;
}

/* May this access be done, by the guest's tables and the gfn map? */
static bool oracle_allows(struct domain *d, const struct oracle *o, u32 access,
			  u32 *error)
{
	struct p2m_entry e;

	*error = access | o->error;
	if (!o->present)
		return false;
	*error = access | PF_PRESENT;
	if ((access & PF_USER) && !(o->rights & PTE_U))
		return false;
	if ((access & PF_WRITE) && !(o->rights & PTE_W))
		return false;
	if ((access & PF_FETCH) &&
	    ((o->rights & PTE_NX) ||
	     (!(access & PF_USER) && (o->rights & PTE_U))))
		return false;
	e = p2m_lookup(d, GFN(o->gfn));
	if (!e.flags) {
		*error |= PF_RSVD;
		return false;
	}
	return !(access & PF_WRITE) || (e.flags & P2M_WRITE);
}

/* What each pCPU's TLB holds. */

#define TLB_SIZE 128

static struct {
	bool used;
	u64 cr3, va, leaf;
	u32 level;
} tlb[MAX_PCPUS][TLB_SIZE];

/* --- Every write is watched ----------------------------------------------- */

static bool fewer_rights(u64 old, u64 new)
{
	return (old & PTE_P) && ((old ^ new) & (PTE_ADDR | PTE_PS)) == 0 &&
	       !(new & ~old & (PTE_W | PTE_U)) && !(old & ~new & PTE_NX);
}

static void check_leaf(struct domain *d, u64 va, struct vtlb_root *r, u64 leaf,
		       u32 level)
{
	u64 pages = level == 2 ? 512 : 1;

	for (u64 i = 0; i < pages; i += pages > 1 ? 73 : 1) {
		struct oracle o = oracle_walk(d, r->gfn.n, va + i * PAGE_SIZE);
		struct p2m_entry e;
		u64 mfn = (leaf & PTE_ADDR) / PAGE_SIZE + i;

		ck_assert(o.present);
		e = p2m_lookup(d, GFN(o.gfn));
		ck_assert_uint_ne(e.flags, 0);
		ck_assert_uint_eq(e.mfn.n, mfn);
		ck_assert(o.pte & PTE_A);
		if (leaf & PTE_W) {
			ck_assert(o.rights & PTE_W);
			ck_assert(e.flags & P2M_WRITE);
			ck_assert(o.pte & PTE_D);
		}
		ck_assert(!(leaf & PTE_U) || (o.rights & PTE_U));
		ck_assert((leaf & PTE_NX) || !(o.rights & PTE_NX));
		ck_assert((leaf & PTE_U) || !(o.rights & PTE_U));
	}
	ck_assert(!(leaf & 0x100));
}

static void learn(u64 page, u64 va, struct vtlb_root *r)
{
	page_at[page].va = va;
	page_at[page].root = r;
	page_at[page].known = true;
}

static bool is_level4_page(u64 page)
{
	for (u32 i = 0; i < nr_pcpus; i++) {
		if (page - pcpus[i].l4_base.n < ROOT_SLOTS)
			return true;
	}
	return false;
}

static u32 table_leaves(const u64 *table)
{
	u32 n = 0;

	for (u32 i = 0; i < 512; i++)
		n += table[i] != 0;
	return n;
}

void host_shadow_write(u64 *slot, u64 entry)
{
	u64 page = virt_to_mfn(slot).n;
	u64 index = ((uintptr_t)slot & 4095) / 8;
	struct vtlb_root *r;
	u32 level;

	writes_seen++;
	if (!watched)
		return;
	ck_assert_uint_eq(frame_of(MFN(page))->state, FRAME_HV);
	if (is_level4_page(page)) {
		ck_assert(index < 256 || index >= 272);
		return;
	}
	if (frame_of(MFN(page))->level == 0) {
		r = mfn_to_virt(MFN(page));
		index = slot - r->l3;
		ck_assert(index < 256);
		level = 4;
		if (entry)
			learn(entry >> 12 & 0xffffffffff,
			      r->common ? 0xffff800000000000 + (index << 39) :
			      index << 39, r);
	} else {
		u64 size;

		level = frame_of(MFN(page))->level;
		ck_assert(level >= 1 && level <= 3);
		ck_assert(page_at[page].known);
		r = page_at[page].root;
		size = level_size(level);
		if (entry && (level == 1 || (entry & PTE_PS))) {
			ck_assert_uint_le(level, 2);
			if (!fewer_rights(*slot, entry))
				check_leaf(watched,
					   page_at[page].va + index * size,
					   r, entry, level);
			return;
		}
		if (entry)
			learn(entry >> 12 & 0xffffffffff,
			      page_at[page].va + index * size, r);
	}
	for (u32 cpu = 0; entry && level == 2 && cpu < nr_pcpus; cpu++) {
		/* A large translation is gone everywhere before small ones come. */
		for (u32 i = 0; cpu != host_cpu && i < TLB_SIZE; i++)
			ck_assert(!tlb[cpu][i].used || tlb[cpu][i].level != 2 ||
				  tlb[cpu][i].va / LARGE_SIZE !=
				  page_at[page].va / LARGE_SIZE + index);
	}
	if (entry) {
		/* A new table is empty and linked nowhere else. */
		ck_assert_uint_eq(frame_of(pte_mfn(entry))->level, level - 1);
		ck_assert_uint_eq(table_leaves(pte_table(entry)), 0);
	}
}

/* --- Simulated pCPUs ------------------------------------------------------ */

static void tlb_flush(u32 cpu)
{
	memset(tlb[cpu], 0, sizeof(tlb[cpu]));
}

/* What a pCPU touches as soon as it is back from an interrupt; 0: nothing. */
static u64 kick_va;

static bool access_va(u32 cpu, u64 va, u32 access);

/* An interrupt: in, the TLB is gone, and out again. */
void pcpu_kick(u32 cpu)
{
	u64 va = kick_va;

	host_kicks++;
	tlb_flush(cpu);
	if (pcpus[cpu].mode & 1)
		pcpus[cpu].mode += 2;
	pcpus[cpu].quiescent++;
	kick_va = 0;
	if (va)
		access_va(cpu, va, 0);
}

static bool leaf_allows(u64 leaf, u32 access)
{
	if ((access & PF_USER) && !(leaf & PTE_U))
		return false;
	if ((access & PF_WRITE) && !(leaf & PTE_W))
		return false;
	return !(access & PF_FETCH) ||
	       (!(leaf & PTE_NX) && ((access & PF_USER) || !(leaf & PTE_U)));
}

/* The hardware's walk of the shadow tables: 0 or the leaf. */
static u64 hw_walk(u32 cpu, u64 va, u32 *level)
{
	u64 e = pcpus[cpu].current->regs.cr3 | PTE_P;

	for (*level = 4; ; (*level)--) {
		e = pte_table(e)[pte_index(va, *level)];
		if (!(e & PTE_P))
			return 0;
		ck_assert(e & PTE_A);
		if (*level == 1 || (e & PTE_PS))
			return e;
		ck_assert_uint_eq(e & 0xfff, PTE_TABLE);
	}
}

/* One access by the hardware; fills the TLB. */
static bool hw_access(u32 cpu, u64 va, u32 access, u64 *mfn)
{
	u32 n = (va >> PAGE_SHIFT) % TLB_SIZE, level;
	u64 leaf;

	if (tlb[cpu][n].used && tlb[cpu][n].va == (va & PAGE_MASK) &&
	    tlb[cpu][n].cr3 == pcpus[cpu].current->regs.cr3 &&
	    leaf_allows(tlb[cpu][n].leaf, access)) {
		leaf = tlb[cpu][n].leaf;
		level = tlb[cpu][n].level;
	} else {
		leaf = hw_walk(cpu, va, &level);
		if (!leaf || !leaf_allows(leaf, access))
			return false;
		tlb[cpu][n].used = true;
		tlb[cpu][n].va = va & PAGE_MASK;
		tlb[cpu][n].cr3 = pcpus[cpu].current->regs.cr3;
		tlb[cpu][n].leaf = leaf;
		tlb[cpu][n].level = level;
	}
	*mfn = ((leaf & PTE_ADDR & ~(level_size(level) - 1)) |
		(va & (level_size(level) - 1) & PAGE_MASK)) >> PAGE_SHIFT;
	return true;
}

/* An access of the vCPU on this pCPU with all that follows; true if done. */
static bool access_va(u32 cpu, u64 va, u32 access)
{
	struct vcpu *v = pcpus[cpu].current;
	struct domain *d = v->domain;
	u64 root = (pcpus[cpu].tags[v->regs.cr3 / PAGE_SIZE -
				    pcpus[cpu].l4_base.n] & ~(~0UL << 48)) >> 12;
	u32 error = 0, expected;
	struct oracle o;
	u64 mfn;

	for (u32 turn = 0; turn < 40; turn++) {
		enum vtlb_result rc;

		if (hw_access(cpu, va, access, &mfn)) {
			o = oracle_walk(d, root, va);
			ck_assert(oracle_allows(d, &o, access, &expected));
			ck_assert_uint_eq(p2m_lookup(d, GFN(o.gfn)).mfn.n, mfn);
			ck_assert(o.pte & PTE_A);
			ck_assert(!(access & PF_WRITE) || (o.pte & PTE_D));
			return true;
		}
		host_cpu = cpu;
		host_enter(cpu);
		tlb_flush(cpu);
		o = oracle_walk(d, root, va);
		rc = vtlb_fault(v, va, access | (turn & 1), &error);
		pcpus[cpu].mode++;
		pcpus[cpu].quiescent++;
		host_cpu = 0;
		if (rc == VTLB_FAULT) {
			ck_assert(!oracle_allows(d, &o, access, &expected));
			ck_assert_uint_eq(error, expected);
			return false;
		}
	}
	ck_abort_msg("no progress at %lx", va);
}

/* pCPU 0 enters the hypervisor for something else than a fault. */
static void hv_in(void)
{
	host_enter(0);
	tlb_flush(0);
}

/* --- A guest that edits its tables ---------------------------------------- */

static u64 next_table;
static u64 table_rights = PTE_W | PTE_U;	/* of tables that are made */

static u64 table_gfn(void)
{
	return next_table++;
}

/* Set the leaf at 'level' for va, making tables above; returns the slot. */
static u64 *guest_set(struct domain *d, u64 root, u64 va, u32 level, u64 pte)
{
	u64 table = root;

	for (u32 l = 4; l > level; l--) {
		u64 *slot = &guest_page(d, table)[pte_index(va, l)];

		if (!(*slot & PTE_P) || (l < 4 && (*slot & PTE_PS)))
			*slot = table_gfn() << PAGE_SHIFT | PTE_P | table_rights;
		table = (*slot & PTE_ADDR) >> PAGE_SHIFT;
	}
	guest_page(d, table)[pte_index(va, level)] = pte;
	return &guest_page(d, table)[pte_index(va, level)];
}

static u64 root_arg(u64 root, u64 va)
{
	return va >> 47 ? RINGLET_ROOT_KERNEL : root << PAGE_SHIFT;
}

static void flush(struct domain *d, u64 root, u64 start, u64 end, u32 flags)
{
	u64 progress = 0;
	s64 rc;

	hv_in();
	do
		rc = vtlb_flush(d, root, start, end, flags, &progress);
	while (rc == -ERESTART_HV);
	ck_assert_int_eq(rc, 0);
	pcpus[0].mode++;
}

static u64 leaf_flags(u32 random)
{
	return ((random & 7) ? PTE_P : 0) | ((random & 8) ? PTE_W : 0) |
	       ((random & 16) ? PTE_U : 0) | ((random & 32) ? PTE_A : 0) |
	       ((random & 64) ? PTE_D : 0) |
	       ((random & 0x380) == 0 ? PTE_NX : 0);
}

/* --- What must hold whenever nothing is under way ------------------------- */

static u32 check_table(struct domain *d, struct vtlb_root *r, u64 *t, u32 level,
		       u64 va)
{
	u32 pages = 1;

	ck_assert_uint_eq(frame_of(virt_to_mfn(t))->level, level);
	for (u32 i = 0; i < 512; i++) {
		u64 at = va + i * level_size(level);

		if (!t[i])
			continue;
		ck_assert(t[i] & PTE_P);
		if (level == 1 || (t[i] & PTE_PS))
			check_leaf(d, at, r, t[i], level);
		else
			pages += check_table(d, r, pte_table(t[i]), level - 1, at);
	}
	return pages;
}

static u32 check_root(struct domain *d, struct vtlb_root *r)
{
	u32 pages = 0, listed = 0;

	for (u32 i = 0; i < 256; i++) {
		u64 va = r->common ? 0xffff800000000000 + ((u64)i << 39) :
			 (u64)i << 39;

		if (r->l3[i])
			pages += check_table(d, r, pte_table(r->l3[i]), 3, va);
	}
	for (u32 p = r->first; p != FRAME_END; p = frame_of(MFN(p))->next)
		listed++;
	ck_assert_uint_eq(pages, r->pages);
	ck_assert_uint_eq(pages, listed);
	return pages + 1;
}

static void check_copies(struct domain *d, u32 cpu, u32 slot)
{
	u64 tag = pcpus[cpu].tags[slot];
	u64 *l4 = pcpus[cpu].l4[slot];
	struct vtlb_root *r = NULL;

	ck_assert_uint_eq(l4[SLOT_GATE], 0x6a7e);
	for (u32 i = SLOT_GATE + 1; i < SLOT_COMMON; i++)
		ck_assert_uint_eq(l4[i], 0);
	if (!(tag & 1) || tag >> 48 != d->id)
		return;
	for (struct vtlb_root *x = d->vtlb.live.newest; x; x = x->older) {
		if (x->gfn.n == (tag & ~(~0UL << 48)) >> 12)
			r = x;
	}
	for (u32 i = 0; i < 512; i++) {
		if (i >= SLOT_GATE && i < SLOT_COMMON)
			continue;
		if (l4[i] && i < 256)
			ck_assert(r && l4[i] == r->l3[i]);
		else if (l4[i])
			ck_assert_uint_eq(l4[i], d->vtlb.common->l3[i - 256]);
	}
}

static void check_tlb(struct domain *d, u32 cpu)
{
	for (u32 i = 0; i < TLB_SIZE; i++) {
		u64 cr3 = tlb[cpu][i].cr3, va = tlb[cpu][i].va;
		u64 tag, leaf = tlb[cpu][i].leaf, mfn;
		struct oracle o;
		u32 level = tlb[cpu][i].level;

		if (!tlb[cpu][i].used)
			continue;
		tag = pcpus[cpu].tags[cr3 / PAGE_SIZE - pcpus[cpu].l4_base.n];
		o = oracle_walk(d, (tag & ~(~0UL << 48)) >> 12, va);
		mfn = ((leaf & PTE_ADDR & ~(level_size(level) - 1)) |
		       (va & (level_size(level) - 1))) >> PAGE_SHIFT;
		ck_assert(o.present);
		ck_assert_uint_eq(p2m_lookup(d, GFN(o.gfn)).mfn.n, mfn);
		ck_assert(!(leaf & PTE_W) || (o.rights & PTE_W));
		ck_assert(!(leaf & PTE_U) || (o.rights & PTE_U));
	}
}

static void check_all(struct domain *d)
{
	u64 pages = 0;

	for (struct vtlb_root *r = d->vtlb.live.newest; r; r = r->older)
		pages += check_root(d, r);
	for (struct vtlb_root *r = d->vtlb.dying.newest; r; r = r->older) {
		ck_assert(r->dying && r->first == FRAME_END);
		pages += check_root(d, r);
	}
	pages += check_root(d, d->vtlb.common);
	ck_assert_uint_eq(pages, vtlb_pages(d));
	ck_assert_uint_le(d->vtlb.pool_pages, d->vtlb.quota);
	ck_assert_uint_eq(d->vtlb.unflushed, 0);
	for (u32 cpu = 0; cpu < nr_pcpus; cpu++) {
		for (u32 slot = 0; slot < ROOT_SLOTS; slot++)
			check_copies(d, cpu, slot);
		check_tlb(d, cpu);
		ck_assert_uint_eq(pcpus[cpu].held_locks, 0);
	}
	vtlb_audit(d);
}

/* --- Set-up --------------------------------------------------------------- */

#define TABLES 2048		/* gfns of tables from here on */
#define GUEST_PAGES 6144

static struct domain *setup(u32 cpus, u64 quota)
{
	struct domain *d;

	watched = NULL;
	memset(page_at, 0, sizeof(page_at));
	memset(tlb, 0, sizeof(tlb));
	host_machine_ram(cpus, RAM);
	for (u32 i = 0; i < cpus; i++) {
		for (u32 s = 0; s < ROOT_SLOTS; s++)
			pcpus[i].l4[s][SLOT_GATE] = 0x6a7e;
	}
	d = host_domain(3, cpus, GUEST_PAGES, quota, false);
	ck_assert_int_eq(p2m_populate(d, GFN(0), TABLES, 0), TABLES);
	ck_assert_int_eq(p2m_populate(d, GFN(TABLES), GUEST_PAGES - TABLES,
				      RINGLET_POPULATE_4K), GUEST_PAGES - TABLES);
	next_table = TABLES;
	watched = d;
	coherence_setup(true);
	return d;
}

static void run_root(u32 cpu, struct domain *d, u64 root)
{
	host_cpu = cpu;
	host_enter(cpu);
	tlb_flush(cpu);
	ck_assert_int_eq(vtlb_load_root(d->vcpus[cpu], root << PAGE_SHIFT), 0);
	pcpus[cpu].mode |= 1;
	host_cpu = 0;
}

static void start(struct domain *d, u64 root)
{
	for (u32 i = 0; i < nr_pcpus; i++) {
		d->vcpus[i]->root = GFN(root);
		host_run(i, d, i);
	}
}

/* --- Tests ---------------------------------------------------------------- */

START_TEST(fill_sets_accessed_and_dirty)
{
	struct domain *d = setup(1, 0);
	u64 root = table_gfn();
	u64 *pte;

	start(d, root);
	pte = guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P | PTE_W | PTE_U);
	ck_assert(access_va(0, 0x400123, PF_USER));
	ck_assert_uint_eq(*pte, 5 << 12 | PTE_P | PTE_W | PTE_U | PTE_A);
	ck_assert(access_va(0, 0x400123, PF_USER | PF_WRITE));
	ck_assert_uint_eq(*pte & PTE_D, PTE_D);
	ck_assert(!access_va(0, 0x401000, PF_USER));
	ck_assert(!access_va(0, 0xffff800000000000, 0));
	ck_assert(!access_va(0, 0xffff87ffffffffff, PF_WRITE));
	/* SMEP: ring 1 does not run user pages; a read is fine. */
	ck_assert(access_va(0, 0x400000, PF_USER | PF_FETCH));
	ck_assert(!access_va(0, 0x400000, PF_FETCH));
	/* CR0.WP: ring 1 does not write read-only pages. */
	guest_set(d, root, 0x402000, 1, 6 << 12 | PTE_P);
	ck_assert(!access_va(0, 0x402000, PF_WRITE));
	ck_assert(access_va(0, 0x402000, PF_FETCH));
	check_all(d);
}
END_TEST

START_TEST(reserved_bits_fault)
{
	struct domain *d = setup(1, 0);
	u64 root = table_gfn();
	u32 lines = host_log_lines;

	start(d, root);
	ck_assert(!access_va(0, 0x40000000, 0));
	ck_assert_uint_eq(host_log_lines, lines);
	guest_set(d, root, 0, 1, 1UL << 45 | PTE_P);
	ck_assert(!access_va(0, 0, 0));
	ck_assert_uint_eq(host_log_lines, lines + 1);
	guest_set(d, root, 0x40000000, 2, 0x3000 | PTE_P | PTE_PS);
	ck_assert(!access_va(0, 0x40000000, 0));
	guest_set(d, root, 1UL << 39, 4, table_gfn() << 12 | PTE_P | PTE_PS);
	ck_assert(!access_va(0, 1UL << 39, 0));
	/* No memory: at the page, and as a table. */
	guest_set(d, root, 0x1000, 1, 0x30000UL << 12 | PTE_P);
	ck_assert(!access_va(0, 0x1000, 0));
	guest_set(d, root, 2UL << 39, 4, 0x30000UL << 12 | PTE_P);
	ck_assert(!access_va(0, 2UL << 39, 0));
	/* The log says so once: a guest must not be able to flood it. */
	ck_assert_uint_eq(host_log_lines, lines + 1);
	check_all(d);
}
END_TEST

START_TEST(upper_half_is_common)
{
	struct domain *d = setup(2, 0);
	u64 kernel = table_gfn(), other = table_gfn();
	u64 *pte;

	start(d, kernel);
	ck_assert_int_eq(vtlb_set_kernel_root(d, kernel << 12), 0);
	pte = guest_set(d, kernel, KERNEL_BASE, 1, 7 << 12 | PTE_P | PTE_W | PTE_U);
	run_root(1, d, other);
	ck_assert(access_va(1, KERNEL_BASE, PF_WRITE));
	ck_assert(access_va(0, KERNEL_BASE, PF_WRITE));
	ck_assert(access_va(0, KERNEL_BASE, PF_USER));
	ck_assert(!access_va(0, KERNEL_BASE, PF_USER | PF_FETCH));
	check_all(d);
	*pte = 0;
	flush(d, RINGLET_ROOT_KERNEL, KERNEL_BASE, KERNEL_BASE + 4096, 0);
	check_all(d);
	ck_assert(!access_va(1, KERNEL_BASE, 0));
	/* Another kernel root: the common half is emptied. */
	guest_set(d, other, KERNEL_BASE, 1, 9 << 12 | PTE_P);
	ck_assert(!access_va(0, KERNEL_BASE, 0));
	ck_assert_int_eq(vtlb_set_kernel_root(d, other << 12), 0);
	ck_assert(access_va(0, KERNEL_BASE, 0));
	check_all(d);
}
END_TEST

START_TEST(large_pages)
{
	struct domain *d = setup(2, 0);
	u64 root = table_gfn(), used;
	u32 level;

	start(d, root);
	/* 2 MiB on 2 MiB: one entry. */
	guest_set(d, root, 0x40000000, 2, 512UL << 12 | PTE_P | PTE_W | PTE_U | PTE_PS);
	ck_assert(access_va(0, 0x40012345, PF_USER | PF_WRITE));
	ck_assert(hw_walk(0, 0x40000000, &level));
	ck_assert_uint_eq(level, 2);
	/* 1 GiB page over memory of both kinds. */
	guest_set(d, root, 0x80000000, 3, PTE_P | PTE_W | PTE_PS);
	ck_assert(access_va(0, 0x80000000 + 1024 * 4096, PF_WRITE));
	ck_assert(hw_walk(0, 0x80000000 + 1024 * 4096, &level));
	ck_assert_uint_eq(level, 2);
	ck_assert(access_va(0, 0x80000000 + 5000 * 4096UL, PF_WRITE));
	ck_assert(hw_walk(0, 0x80000000 + 5000 * 4096UL, &level));
	ck_assert_uint_eq(level, 1);
	check_all(d);
	/* A frame goes: the large entry with it, on the other pCPU too. */
	ck_assert(access_va(1, 0x40012345, PF_USER | PF_WRITE));
	host_kicks = 0;
	hv_in();
	ck_assert_int_eq(p2m_remove(d, GFN(512 + 18), 1), 1);
	ck_assert_uint_ge(host_kicks, 1);
	ck_assert(!hw_walk(0, 0x40000000, &level));
	pcpus[0].mode++;
	ck_assert(!access_va(0, 0x40012345, PF_USER | PF_WRITE));
	ck_assert(access_va(0, 0x40013000, PF_USER | PF_WRITE));
	ck_assert(hw_walk(0, 0x40013000, &level));
	ck_assert_uint_eq(level, 1);
	/* The guest splits its own: the large entry goes first. */
	guest_set(d, root, 0x40200000, 2, 1024UL << 12 | PTE_P | PTE_W | PTE_U | PTE_PS);
	ck_assert(access_va(0, 0x40200000, PF_USER));
	used = vtlb_pages(d);
	guest_set(d, root, 0x40200000, 1, 1024UL << 12 | PTE_P | PTE_W | PTE_U);
	flush(d, root << 12, 0x40200000, 0x40400000, 0);
	ck_assert(access_va(0, 0x40200000, PF_USER | PF_WRITE));
	ck_assert_uint_eq(vtlb_pages(d), used + 1);
	check_all(d);
}
END_TEST

START_TEST(split_without_flush)
{
	struct domain *d = setup(2, 0);
	u64 root = table_gfn();

	start(d, root);
	guest_set(d, root, 0x40200000, 2, 1024UL << 12 | PTE_P | PTE_U | PTE_PS);
	ck_assert(access_va(0, 0x40200000, PF_USER));
	ck_assert(access_va(1, 0x40200000, PF_USER));
	/* Same frames, more rights, smaller pages: needs no flush. */
	for (u64 i = 0; i < 512; i++)
		guest_set(d, root, 0x40200000 + i * 4096, 1,
			  (1024 + i) << 12 | PTE_P | PTE_W | PTE_U | PTE_A);
	ck_assert(access_va(0, 0x40205000, PF_USER | PF_WRITE));
	check_all(d);
}
END_TEST

START_TEST(neighbours_and_hints)
{
	struct domain *d = setup(1, 0);
	u64 root = table_gfn();
	struct vcpu *v = d->vcpus[0];
	u32 level;
	u64 kernel = 0xffffc90000000000;

	start(d, root);
	for (u64 i = 0; i < 32; i++)
		guest_set(d, root, 0x400000 + i * 4096, 1,
			  (100 + i) << 12 | PTE_P | PTE_U |
			  (i == 3 ? 0 : PTE_A) | PTE_W | (i & 1 ? PTE_D : 0));
	ck_assert(access_va(0, 0x405000, PF_USER));
	ck_assert(hw_walk(0, 0x400000, &level));
	ck_assert(!(hw_walk(0, 0x400000, &level) & PTE_W));
	ck_assert(hw_walk(0, 0x401000, &level) & PTE_W);
	ck_assert(!hw_walk(0, 0x403000, &level));
	ck_assert(hw_walk(0, 0x40f000, &level));
	ck_assert(!hw_walk(0, 0x410000, &level));
	v->page->hints[0].va = 0x412345;
	v->page->hints[0].count = 4;
	guest_set(d, root, kernel, 1, 50 << 12 | PTE_P | PTE_W | PTE_A | PTE_D);
	v->page->hints[1].va = kernel;
	v->page->hints[1].count = ~0UL;
	v->page->hints[2].va = 0xffff800000000000;
	v->page->hints[2].count = 512;
	v->page->hint_count = 3;
	hv_in();
	vtlb_hints(v);
	ck_assert_uint_eq(v->page->hint_count, 0);
	ck_assert(hw_walk(0, 0x412000, &level));
	ck_assert(hw_walk(0, kernel, &level) & PTE_W);
	v->page->hint_count = ~0U;
	vtlb_hints(v);
	check_all(d);
}
END_TEST

START_TEST(wrprotect_keeps_translations)
{
	struct domain *d = setup(2, 0);
	u64 root = table_gfn();
	u64 *pte;
	u32 level;

	start(d, root);
	pte = guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P | PTE_W | PTE_U);
	guest_set(d, root, 0x40000000, 2, 512UL << 12 | PTE_P | PTE_W | PTE_U | PTE_PS);
	ck_assert(access_va(0, 0x400000, PF_USER | PF_WRITE));
	ck_assert(access_va(1, 0x40000000, PF_USER | PF_WRITE));
	*pte &= ~PTE_W;
	guest_set(d, root, 0x40000000, 2, 512UL << 12 | PTE_P | PTE_U | PTE_PS | PTE_A | PTE_D);
	flush(d, root << 12, 0, 0, RINGLET_FLUSH_WRPROTECT);
	ck_assert(hw_walk(0, 0x400000, &level));
	ck_assert(hw_walk(0, 0x40000000, &level));
	ck_assert(!access_va(0, 0x400000, PF_USER | PF_WRITE));
	ck_assert(!access_va(1, 0x40000000, PF_USER | PF_WRITE));
	ck_assert(access_va(1, 0x40000000, PF_USER));
	check_all(d);
}
END_TEST

/*
 * A fill may find that write access is gone before the flush for it comes. The flush
 * finds nothing to take away then, but TLBs of others have it still.
 */
START_TEST(wrprotect_behind_fill)
{
	struct domain *d = setup(2, 0);
	u64 root = table_gfn();
	u64 *pte;

	start(d, root);
	pte = guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P | PTE_W | PTE_U);
	ck_assert(access_va(1, 0x400000, PF_USER | PF_WRITE));
	*pte &= ~PTE_W;
	ck_assert(access_va(0, 0x400000, PF_USER));
	flush(d, root << 12, 0x400000, 0x401000, RINGLET_FLUSH_WRPROTECT);
	ck_assert(!access_va(1, 0x400000, PF_USER | PF_WRITE));
	ck_assert(access_va(1, 0x400000, PF_USER));
	check_all(d);
}
END_TEST

START_TEST(flush_ranges)
{
	struct domain *d = setup(2, 0);
	u64 root = table_gfn();
	u64 progress = 0;
	u32 level, turns = 0;
	s64 rc;

	start(d, root);
	ck_assert_int_eq(vtlb_flush(d, 5, 0, 0, 0, &progress), -EINVAL);
	ck_assert_int_eq(vtlb_flush(d, 1, 1, 0, 0, &progress), -EINVAL);
	ck_assert_int_eq(vtlb_flush(d, 1, 0x2000, 0x1000, 0, &progress), -EINVAL);
	ck_assert_int_eq(vtlb_flush(d, 1, 0, 0, 4, &progress), -EINVAL);
	flush(d, 0x123456000, 0, 0, 0);
	for (u64 i = 0; i < 4000; i += 3)
		guest_set(d, root, 0x40000000 + i * 4096, 1,
			  (i % 2000) << 12 | PTE_P | PTE_U);
	for (u64 i = 0; i < 4000; i += 3)
		ck_assert(access_va(i & 1, 0x40000000 + i * 4096, PF_USER));
	check_all(d);
	for (u64 i = 600; i < 2500; i++)
		guest_set(d, root, 0x40000000 + i * 4096, 1, 0);
	hv_in();
	do {
		host_work = 1;
		rc = vtlb_flush(d, root << 12, 0x40000000 + 600 * 4096,
				0x40000000 + 2500 * 4096, 1, &progress);
		turns++;
	} while (rc == -ERESTART_HV);
	host_work = 0;
	pcpus[0].mode++;
	ck_assert(hw_walk(0, 0x40000000 + 597 * 4096, &level));
	ck_assert(!hw_walk(0, 0x40000000 + 600 * 4096, &level));
	ck_assert(!hw_walk(0, 0x40000000 + 2499 * 4096, &level));
	ck_assert(hw_walk(0, 0x40000000 + 2502 * 4096, &level));
	check_all(d);
	/* Terabytes, by walking the shadow. */
	flush(d, root << 12, 0x1000, 0x7ffffffff000, 0);
	ck_assert(!hw_walk(0, 0x40000000, &level));
	flush(d, RINGLET_ROOT_KERNEL, 0, 0, 0);
	flush(d, RINGLET_ROOT_ALL, 0, 0, 0);
	check_all(d);
}
END_TEST

/*
 * A vCPU that waits has its root loaded; one that runs has what the gate there knows,
 * and v->root is what it had before. Also while a pCPU is about to take it.
 */
START_TEST(root_of_a_vcpu_that_waited)
{
	struct domain *d = setup(2, 0);
	u64 kernel = table_gfn(), root = table_gfn();

	start(d, kernel);
	run_root(1, d, root);
	host_idle(1);
	ck_assert_int_eq(vtlb_root_destroy(d, root << 12), -EBUSY);
	d->vcpus[1]->sched.on_pcpu = true;
	ck_assert_int_eq(vtlb_root_destroy(d, root << 12), 0);
	host_run(1, d, 1);
	run_root(1, d, kernel);
	ck_assert_int_eq(vtlb_root_destroy(d, root << 12), 0);
	host_idle(1);
	ck_assert_int_eq(vtlb_root_destroy(d, root << 12), 0);
	ck_assert_int_eq(vtlb_root_destroy(d, kernel << 12), -EBUSY);
	check_all(d);
}
END_TEST

START_TEST(dying_and_destroyed_roots)
{
	struct domain *d = setup(1, 0);
	u64 kernel = table_gfn(), root = table_gfn();
	u64 *pte;
	u32 error;

	start(d, kernel);
	guest_set(d, kernel, KERNEL_BASE, 1, 3 << 12 | PTE_P);
	pte = guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P | PTE_U);
	run_root(0, d, root);
	ck_assert(access_va(0, 0x400000, PF_USER));
	ck_assert_int_eq(vtlb_root_destroy(d, root << 12), -EBUSY);
	ck_assert_int_eq(vtlb_root_destroy(d, root << 12 | 8), -EINVAL);
	hv_in();
	ck_assert_int_eq(vtlb_root_dying(d, root << 12), 0);
	*pte &= ~PTE_A;
	ck_assert_int_eq(vtlb_fault(d->vcpus[0], 0x400000, PF_USER, &error),
			 VTLB_FAULT);
	ck_assert_uint_eq(error, PF_USER);
	ck_assert_uint_eq(*pte & PTE_A, 0);
	pcpus[0].mode++;
	ck_assert(access_va(0, KERNEL_BASE, 0));
	ck_assert_int_eq(vtlb_load_root(d->vcpus[0], root << 12), -EINVAL);
	run_root(0, d, kernel);
	ck_assert_int_eq(vtlb_root_destroy(d, root << 12), 0);
	ck_assert_int_eq(vtlb_root_destroy(d, root << 12), 0);
	check_all(d);
	/* The page is a root again. */
	run_root(0, d, root);
	ck_assert(access_va(0, 0x400000, PF_USER));
	ck_assert_int_eq(vtlb_load_root(d->vcpus[0], 0x30000UL << 12), -EINVAL);
	ck_assert_int_eq(vtlb_load_root(d->vcpus[0], 8), -EINVAL);
	check_all(d);
}
END_TEST

START_TEST(root_slots_conflict)
{
	struct domain *d = setup(1, 0);
	u64 a = 2100, b = a + ROOT_SETS, c = b + ROOT_SETS;
	u32 level;

	next_table = 3000;
	start(d, a);
	guest_set(d, a, 0x400000, 1, 5 << 12 | PTE_P);
	guest_set(d, a, KERNEL_BASE, 1, 4 << 12 | PTE_P);
	ck_assert(access_va(0, 0x400000, 0));
	ck_assert(access_va(0, KERNEL_BASE, 0));
	run_root(0, d, b);
	ck_assert(!hw_walk(0, 0x400000, &level));
	ck_assert(hw_walk(0, KERNEL_BASE, &level));
	ck_assert(!access_va(0, 0x400000, 0));
	check_all(d);
	/* There are two ways: a third root takes one of them. */
	run_root(0, d, c);
	ck_assert(!hw_walk(0, 0x400000, &level));
	ck_assert(hw_walk(0, KERNEL_BASE, &level));
	check_all(d);
	run_root(0, d, b);
	ck_assert(!hw_walk(0, 0x400000, &level));
	run_root(0, d, a);
	ck_assert(hw_walk(0, 0x400000, &level));
	check_all(d);
}
END_TEST

/* The smallest pool, roots and addresses far apart: everybody gets on. */
START_TEST(eviction)
{
	struct domain *d = setup(2, 1);
	u64 roots[24];

	ck_assert_uint_eq(d->vtlb.quota, 2 * VTLB_FLOOR);
	for (u32 i = 0; i < ARRAY_SIZE(roots); i++)
		roots[i] = table_gfn();
	start(d, roots[0]);
	for (u32 i = 0; i < ARRAY_SIZE(roots); i++) {
		for (u64 k = 0; k < 20; k++)
			guest_set(d, roots[i], k << 39 | k << 31 | k << 21, 1,
				  (i * 20 + k) << 12 | PTE_P | PTE_W | PTE_U);
	}
	for (u64 k = 0; k < 60; k++)
		guest_set(d, roots[0], KERNEL_BASE + (k << 30), 1,
			  (k + 600) << 12 | PTE_P | PTE_W);
	for (u32 turn = 0; turn < 200; turn++) {
		u32 cpu = turn & 1, i = (turn * 7) % ARRAY_SIZE(roots);

		run_root(cpu, d, roots[i]);
		for (u64 k = 0; k < 20; k++)
			ck_assert(access_va(cpu, k << 39 | k << 31 | k << 21,
					    PF_USER | PF_WRITE));
		for (u64 k = 0; k < 60; k += 1 + turn % 5)
			ck_assert(access_va(cpu, KERNEL_BASE + (k << 30), 0));
		if (turn % 16 == 0)
			check_all(d);
	}
	ck_assert_uint_gt(d->perf[RINGLET_PERF_evictions], 10);
	check_all(d);
}
END_TEST

/* Without any other root: parts of the running one go. */
START_TEST(eviction_of_the_running_root)
{
	struct domain *d = setup(1, 1);
	u64 root = table_gfn();

	start(d, root);
	for (u64 k = 0; k < 100; k++)
		guest_set(d, root, k << 39 | k << 31, 1, k << 12 | PTE_P);
	for (u32 turn = 0; turn < 5; turn++) {
		for (u64 k = 0; k < 100; k++)
			ck_assert(access_va(0, k << 39 | k << 31, 0));
	}
	check_all(d);
}
END_TEST

/* A domain that only makes roots die still runs. */
START_TEST(eviction_of_dying_roots)
{
	struct domain *d = setup(1, 1);
	u64 root = table_gfn();

	start(d, root);
	guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P);
	for (u64 k = 0; k < 300; k++) {
		ck_assert_int_eq(vtlb_root_dying(d, (3000 + k) << 12), 0);
		ck_assert(access_va(0, 0x400000, 0));
	}
	check_all(d);
}
END_TEST

/* A guest can name many roots; searching them has to stay short. */
START_TEST(too_many_roots)
{
	struct domain *d = setup(1, 5000);
	u64 root = table_gfn(), other = table_gfn();

	start(d, root);
	guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P);
	guest_set(d, other, 0x400000, 1, 6 << 12 | PTE_P);
	for (u64 k = 0; k < VTLB_ROOTS + 100; k++) {
		if (k != root && k != other)
			ck_assert_int_eq(vtlb_root_dying(d, k << 12), 0);
	}
	ck_assert_uint_le(d->vtlb.nr_roots, VTLB_ROOTS);
	ck_assert(access_va(0, 0x400000, 0));
	run_root(0, d, other);
	ck_assert(access_va(0, 0x400000, 0));
	check_all(d);
	hv_in();
	ck_assert_int_eq(vtlb_root_destroy(d, root << 12), 0);
	pcpus[0].mode++;
	check_all(d);
}
END_TEST

/* Nor may they all be in one chain. */
START_TEST(roots_of_one_chain)
{
	struct domain *d = setup(1, 5000);
	u64 root = table_gfn(), n = 0;

	start(d, root);
	guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P);
	for (u64 k = 0; k < VTLB_CHAIN + 50; k++) {
		u64 gfn = root + (100 + k) * VTLB_HASH;

		ck_assert_int_eq(p2m_add(d, GFN(gfn), p2m_lookup(d, GFN(7)).mfn,
					 0, P2M_WRITE), 0);
		ck_assert_int_eq(vtlb_root_dying(d, gfn << 12), 0);
	}
	for (struct vtlb_root *r = d->vtlb.hash[root % VTLB_HASH]; r; r = r->chain)
		n++;
	ck_assert_uint_eq(n, VTLB_CHAIN);
	ck_assert(access_va(0, 0x400000, 0));
	check_all(d);
}
END_TEST

START_TEST(flush_of_all_in_pieces)
{
	struct domain *d = setup(1, 1000);
	u64 roots[60], progress = 0x5000;
	u32 calls = 0;
	s64 rc;

	/* The first 32 in one chain, away from where tables come from. */
	for (u32 i = 0; i < ARRAY_SIZE(roots); i++)
		roots[i] = i < 16 ? 100 + i * VTLB_HASH :
			   i < 32 ? 100 + (i + 15) * VTLB_HASH : table_gfn();
	start(d, roots[0]);
	guest_set(d, roots[0], KERNEL_BASE, 1, 3 << 12 | PTE_P);
	for (u32 i = 0; i < ARRAY_SIZE(roots); i++) {
		guest_set(d, roots[i], 0x400000, 1, (10 + i) << 12 | PTE_P);
		run_root(0, d, roots[i]);
		ck_assert(access_va(0, 0x400000, 0));
	}
	ck_assert(access_va(0, KERNEL_BASE, 0));
	hv_in();
	do {
		host_work = 10;
		rc = vtlb_flush(d, RINGLET_ROOT_ALL, progress, 0x9000, 0,
				&progress);
		calls++;
	} while (rc == -ERESTART_HV);
	host_work = 0;
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_gt(calls, 1);
	for (u32 i = 0; i < VTLB_HASH; i++) {
		for (struct vtlb_root *r = d->vtlb.hash[i]; r; r = r->chain)
			ck_assert_uint_eq(r->pages, 0);
	}
	ck_assert_uint_eq(d->vtlb.common->pages, 0);
	pcpus[0].mode++;
	check_all(d);
}
END_TEST

START_TEST(foreign_frames)
{
	struct domain *d = setup(1, 0), *c;
	u64 root, *pte;
	mfn_t m;
	u32 level;

	watched = NULL;
	c = host_domain(0, 1, 4096, 0, true);
	ck_assert_int_eq(p2m_populate_identity(c, 512), 512);
	watched = c;
	for (root = 0; !p2m_is_table(p2m_lookup(c, GFN(root))); root++)
		;
	next_table = root + 1;
	start(c, root);
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(700), &m), 0);
	/* With any cache bits a foreign frame is write-back. */
	pte = guest_set(c, root, 0x400000, 1, m.n << 12 | PTE_P | PTE_W | PTE_PCD);
	ck_assert(access_va(0, 0x400000, PF_WRITE));
	ck_assert(!(hw_walk(0, 0x400000, &level) & PTE_PCD));
	/* Its own memory and devices keep theirs. */
	guest_set(c, root, 0x500000, 1, (root + 8) << 12 | PTE_P | PTE_PCD | PTE_PWT);
	ck_assert(access_va(0, 0x500000, 0));
	ck_assert_uint_eq(hw_walk(0, 0x500000, &level) & 0x98, PTE_PCD | PTE_PWT);
	guest_set(c, root, 0x600000, 1, HOST_MEMORY_MAX | PTE_P | PTE_W | PTE_PCD);
	ck_assert(access_va(0, 0x600000, PF_WRITE));
	/* A foreign frame is no table. */
	guest_set(c, root, 0x800000, 2, m.n << 12 | PTE_P | PTE_W);
	ck_assert(!access_va(0, 0x800000, 0));
	check_all(c);
	hv_in();
	ck_assert_int_eq(p2m_unmap_foreign(c, GFN(m.n), 1), 1);
	pcpus[0].mode++;
	ck_assert(!hw_walk(0, 0x400000, &level));
	ck_assert(hw_walk(0, 0x500000, &level));
	ck_assert(!access_va(0, 0x400000, 0));
	*pte = 0;
	check_all(c);
}
END_TEST

/* Who faults between the sweep and the end of a removal gets nothing. */
START_TEST(leaving_frames_are_not_filled)
{
	struct domain *d = setup(2, 0);
	u64 root = table_gfn();

	start(d, root);
	guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P | PTE_W);
	ck_assert(access_va(1, 0x400000, PF_WRITE));
	hv_in();
	kick_va = 0x400000;
	ck_assert_int_eq(p2m_remove(d, GFN(5), 1), 1);
	ck_assert_uint_eq(kick_va, 0);
	pcpus[0].mode++;
	check_all(d);
	ck_assert(!access_va(1, 0x400000, 0));
}
END_TEST

/* Move the page at which a sweep goes on to the end of its list. */
static void move_cursors(struct domain *d, const u64 *root, u32 nr)
{
	u32 moved = 0;

	for (u32 i = 0; i < nr; i++) {
		struct vtlb_root *r = root_lock(d, GFN(root[i]), false);

		if (!r)
			continue;
		while (r->cursor != FRAME_END && r->first != r->cursor)
			root_page_rotate(r);
		if (r->cursor != FRAME_END) {
			root_page_rotate(r);
			moved++;
		}
		unlock(&r->lock);
	}
	ck_assert_uint_gt(moved, 0);
}

/* A sweep goes on where it was, whatever happens to the roots meanwhile. */
START_TEST(sweep_in_pieces)
{
	struct domain *d = setup(1, 4000);
	u64 root[3], page, va, turns = 0;
	mfn_t mfn = p2m_lookup(d, GFN(5)).mfn;
	u32 level;

	for (u32 i = 0; i < 3; i++) {
		root[i] = table_gfn();
		if (i == 0)
			start(d, root[0]);
		run_root(0, d, root[i]);
		for (page = 0; page < 150; page++) {
			va = (page + 1) << 30;
			guest_set(d, root[i], va, 1, 5 << 12 | PTE_P | PTE_A);
			ck_assert(access_va(0, va, 0));
		}
		guest_set(d, root[i], 0x400000, 1, 6 << 12 | PTE_P);
	}
	guest_set(d, root[0], KERNEL_BASE, 1, 5 << 12 | PTE_P);
	ck_assert(access_va(0, KERNEL_BASE, 0));
	hv_in();
	host_work = 1;
	ck_assert_int_eq(p2m_remove(d, GFN(5), 1), 1);
	while (p2m_is_leaving(&d->p2m)) {
		ck_assert_int_eq(frame_of(mfn)->state, FRAME_DOMAIN);
		ck_assert_uint_eq(p2m_lookup(d, GFN(5)).flags, 0);
		pcpus[0].mode++;
		va = 200 + turns;
		guest_set(d, root[turns % 3], va << 30, 1, 6 << 12 | PTE_P);
		run_root(0, d, root[turns % 3]);
		ck_assert(access_va(0, va << 30, 0));
		ck_assert(!access_va(0, 300UL << 30, 0));
		hv_in();
		vtlb_age(d);
		if (turns == 2)
			ck_assert_int_eq(vtlb_root_destroy(d, root[1] << 12), 0);
		if (turns == 3)
			move_cursors(d, root, 3);
		host_work = 1;
		p2m_leave(d);
		turns++;
	}
	host_work = 0;
	ck_assert_uint_gt(turns, 6);
	ck_assert_int_eq(frame_of(mfn)->state, FRAME_LIMBO);
	pcpus[0].mode++;
	for (u32 i = 0; i < 3; i++) {
		run_root(0, d, root[i]);
		for (page = 0; page < 150; page++)
			ck_assert(!hw_walk(0, (page + 1) << 30, &level));
	}
	ck_assert(!hw_walk(0, KERNEL_BASE, &level));
	check_all(d);
}
END_TEST

START_TEST(read_only_frames)
{
	struct domain *d = setup(1, 0);
	u64 root = table_gfn();
	mfn_t time = frame_alloc_hv(0);

	d->time = mfn_to_virt(time);
	start(d, root);
	ck_assert_int_eq(p2m_add(d, GFN(8000), time, 0, P2M_SPECIAL), 0);
	guest_set(d, root, 0x400000, 1,
		  8000UL << 12 | PTE_P | PTE_W | PTE_U | PTE_A | PTE_D);
	ck_assert(access_va(0, 0x400000, PF_USER));
	ck_assert(!access_va(0, 0x400000, PF_USER | PF_WRITE));
	check_all(d);
}
END_TEST

START_TEST(domains_share_a_slot)
{
	struct domain *d = setup(1, 0), *e;
	u64 root = table_gfn();
	u32 level;

	start(d, root);
	guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P);
	guest_set(d, root, KERNEL_BASE, 1, 4 << 12 | PTE_P);
	ck_assert(access_va(0, 0x400000, 0));
	ck_assert(access_va(0, KERNEL_BASE, 0));
	host_idle(0);
	tlb_flush(0);
	watched = NULL;
	e = host_domain(4, 1, 4096, 0, false);
	ck_assert_int_eq(p2m_populate(e, GFN(TABLES), 100, 0), 100);
	e->vcpus[0]->root = GFN(root);
	host_run(0, e, 0);
	ck_assert(!hw_walk(0, 0x400000, &level));
	ck_assert(!hw_walk(0, KERNEL_BASE, &level));
	check_all(e);
	host_idle(0);
	tlb_flush(0);
	host_run(0, d, 0);
	ck_assert(hw_walk(0, 0x400000, &level));
	ck_assert(hw_walk(0, KERNEL_BASE, &level));
	check_all(d);
}
END_TEST

START_TEST(aging)
{
	struct domain *d = setup(2, 0);
	u64 root = table_gfn();
	u64 *pte;

	start(d, root);
	pte = guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P | PTE_U);
	ck_assert(access_va(1, 0x400000, PF_USER));
	*pte &= ~PTE_A;
	watched = NULL;
	for (u32 i = 0; i < 64; i++) {
		hv_in();
		vtlb_age(d);
	}
	watched = d;
	ck_assert(access_va(1, 0x400000, PF_USER));
	ck_assert(*pte & PTE_A);
	check_all(d);
}
END_TEST

static void tell(struct domain *d, u32 cpu, u32 error_code, bool own)
{
	host_cpu = cpu;
	vtlb_direct(d->vcpus[cpu], error_code, own);
	host_cpu = 0;
}

/* May the gate deliver faults in the root that is loaded? */
static bool direct(struct domain *d, u32 cpu)
{
	u64 slot = (d->vcpus[cpu]->regs.cr3 >> PAGE_SHIFT) -
		   pcpus[cpu].l4_base.n;

	return pcpus[cpu].roots->direct[slot];
}

/* Where entries go that the guest may still have, the hypervisor is asked. */
START_TEST(direct_faults)
{
	struct domain *d = setup(2, 0);
	u64 root = table_gfn(), other = table_gfn();

	start(d, root);
	for (u64 i = 0; i < 32; i++)
		guest_set(d, root, 0x400000 + (i << 12), 1,
			  (5 + i) << 12 | PTE_P | PTE_U | PTE_A);
	ck_assert(access_va(0, 0x400000, PF_USER));
	ck_assert(!direct(d, 0));
	tell(d, 0, PF_USER | PF_PRESENT, true);
	ck_assert(!direct(d, 0));
	tell(d, 0, PF_USER | PF_WRITE, true);
	ck_assert(direct(d, 0) && !direct(d, 1));
	tell(d, 0, PF_USER, false);
	ck_assert(!direct(d, 0));

	/* Of few entries, it costs less to be wrong. */
	tell(d, 0, PF_USER, true);
	tell(d, 1, PF_USER, true);
	flush(d, root_arg(root, 0), 0x400000, 0x401000, 0);
	ck_assert(direct(d, 0) && direct(d, 1));
	ck_assert(access_va(0, 0x400000, PF_USER));
	ck_assert(access_va(0, 0x410000, PF_USER));
	flush(d, root_arg(root, 0), 0x400000, 0x41f000, 0);
	ck_assert(!direct(d, 0) && !direct(d, 1));

	tell(d, 1, PF_USER, true);
	hv_in();
	vtlb_age(d);
	pcpus[0].mode++;
	ck_assert(!direct(d, 1));

	tell(d, 1, PF_USER, true);
	ck_assert(access_va(0, 0x400000, PF_USER));
	hv_in();
	ck_assert(vtlb_evict(d));
	pcpus[0].mode++;
	ck_assert(!direct(d, 1));

	/* The flags of other roots stay; those of a vCPU that goes do not. */
	tell(d, 0, PF_USER, true);
	run_root(1, d, other);
	ck_assert(!direct(d, 1));
	tell(d, 1, PF_USER, true);
	flush(d, root_arg(root, 0), 0, 0, 0);
	ck_assert(!direct(d, 0) && direct(d, 1));
	host_idle(1);
	host_run(1, d, 1);
	ck_assert(!direct(d, 1));
	check_all(d);
}
END_TEST

START_TEST(teardown)
{
	struct domain *d;
	u64 before, root;
	int rc;

	host_machine_ram(2, RAM);
	before = frame_free_pages();
	d = setup(2, 0);
	root = table_gfn();
	start(d, root);
	guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P | PTE_U);
	ck_assert(access_va(0, 0x400000, PF_USER));
	ck_assert(access_va(1, 0x400000, PF_USER));
	host_idle(0);
	host_idle(1);
	do {
		host_work = 3;
		rc = p2m_teardown(d);
	} while (rc == -ERESTART_HV);
	host_work = 0;
	ck_assert_int_eq(rc, 0);
	for (u32 cpu = 0; cpu < 2; cpu++) {
		for (u32 s = 0; s < ROOT_SLOTS; s++) {
			ck_assert_uint_eq(pcpus[cpu].tags[s], 0);
			for (u32 i = 0; i < 512; i++)
				ck_assert(i == SLOT_GATE || !pcpus[cpu].l4[s][i]);
		}
	}
	for (u32 i = 0; i < 4; i++) {
		host_quiesce();
		while (frame_reap())
			;
	}
	ck_assert_uint_eq(frame_free_pages(), before);
}
END_TEST

/* --- The comparison with the guest's tables (coherence.c) ----------------- */

/* A change that no flush follows is legal for a while, then it is a fault. */
START_TEST(forgotten_flush)
{
	struct domain *d = setup(1, 0);
	u64 root = table_gfn();
	u64 *pte;

	start(d, root);
	watched = NULL;
	pte = guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P | PTE_W | PTE_U);
	for (u64 i = 1; i < 8; i++)
		guest_set(d, root, 0x400000 + i * 4096, 1, 6 << 12 | PTE_P);
	ck_assert(access_va(0, 0x400000, PF_WRITE));
	*pte = 7 << 12 | PTE_P | PTE_W | PTE_U;
	ck_assert(access_va(0, 0x401000, 0));
	d->vtlb.age += COHERENCE_LIMIT;
	ck_assert(access_va(0, 0x402000, 0));
	/* It comes late. */
	flush(d, root << 12, 0x400000, 0x401000, 0);
	d->vtlb.age += COHERENCE_LIMIT + 1;
	ck_assert(access_va(0, 0x403000, 0));
	ck_assert(access_va(0, 0x400000, PF_WRITE));
	/* It does not come. */
	*pte = 0;
	ck_assert(access_va(0, 0x404000, 0));
	d->vtlb.age += COHERENCE_LIMIT + 1;
	host_panic_expected = true;
	ck_assert(access_va(0, 0x405000, 0));
	host_panic_expected = false;
	ck_assert(d->shutdown);
	ck_assert_ptr_nonnull(strstr(host_panic_text, "address 400000"));
	ck_assert_ptr_nonnull(strstr(host_panic_text, "guest entry 0 grants more, and no flush has come"));
}
END_TEST

/* Kernels unmap lazily in the common half; another frame there is no such case. */
START_TEST(lazy_unmap)
{
	struct domain *d = setup(1, 0);
	u64 root = table_gfn();
	u64 *pte;

	start(d, root);
	watched = NULL;
	pte = guest_set(d, root, KERNEL_BASE, 1, 5 << 12 | PTE_P | PTE_W);
	for (u64 i = 1; i < 8; i++)
		guest_set(d, root, KERNEL_BASE + i * 4096, 1, 6 << 12 | PTE_P);
	ck_assert(access_va(0, KERNEL_BASE, PF_WRITE));
	*pte = 0;
	ck_assert(access_va(0, KERNEL_BASE + 0x1000, 0));
	d->vtlb.age += COHERENCE_LIMIT + 1;
	ck_assert(access_va(0, KERNEL_BASE + 0x2000, 0));
	*pte = 8 << 12 | PTE_P | PTE_W;
	ck_assert(access_va(0, KERNEL_BASE + 0x3000, 0));
	d->vtlb.age += COHERENCE_LIMIT + 1;
	host_panic_expected = true;
	ck_assert(access_va(0, KERNEL_BASE + 0x4000, 0));
	host_panic_expected = false;
	ck_assert(d->shutdown);
}
END_TEST

/* Entries that the vTLB would never make are found. */
START_TEST(wrong_entries)
{
	struct domain *d = setup(1, 0);
	u64 root = table_gfn();
	struct vtlb_root *r;
	u64 *table;

	start(d, root);
	watched = NULL;
	guest_set(d, root, 0x400000, 1, 5 << 12 | PTE_P | PTE_W);
	guest_set(d, root, 0x401000, 1, 6 << 12 | PTE_P);
	ck_assert(access_va(0, 0x400000, 0));
	r = root_lock(d, GFN(root), false);
	unlock(&r->lock);
	table = pte_table(*(pte_table(*(pte_table(r->l3[0]))) + 2));
	/* As after a flush that has left it out. */
	table[0] |= PTE_W | PTE_D;
	coherence_flushed(d, r, 0x400000, 0x400fff, true);
	host_panic_expected = true;
	coherence_judge(d);
	ck_assert_ptr_nonnull(strstr(host_panic_text, "grants more after a flush"));
	d->vtlb.coherence.fault = COHERENCE_NONE;
	table[0] = 0;
	/* A level-4 page with a table that the root has not. */
	pcpus[0].l4[(d->vcpus[0]->regs.cr3 >> 12) - pcpus[0].l4_base.n][0] ^= 1UL << 40;
	coherence_flushed(d, r, 0x400000, 0x400fff, false);
	coherence_judge(d);
	ck_assert_ptr_nonnull(strstr(host_panic_text, "in a level-4 page only"));
	host_panic_expected = false;
}
END_TEST

/* --- Random guests -------------------------------------------------------- */

static u64 seed;

static u32 rnd(u32 n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (seed >> 33) % n;
}

static u64 random_va(void)
{
	static const u64 base[] = {
		0x400000, 0x7ffff0000000, 0x555500000000, 0x40000000,
		KERNEL_BASE, 0xffffc90000000000, 0xffffffff80000000,
	};
	u64 va = base[rnd(ARRAY_SIZE(base))];

	return va + (u64)rnd(3) * LARGE_SIZE + (u64)rnd(24) * PAGE_SIZE;
}

static void random_map(struct domain *d, u64 root)
{
	static const u32 levels[] = { 1, 1, 1, 1, 1, 2, 2, 3 };
	u64 va = random_va(), gfn, pte, size;
	u32 level = levels[rnd(ARRAY_SIZE(levels))];
	u32 flags;

	if (va >> 47)
		root = d->vtlb.kernel_root.n;
	size = level_size(level);
	va &= ~(size - 1);
	gfn = rnd(16) ? rnd(TABLES) : rnd(1 << 20);
	gfn &= ~(size / PAGE_SIZE - 1);
	flags = (level > 1 && rnd(8)) ? RINGLET_FLUSH_FREED_TABLES : 0;
	table_rights = rnd(3) ? PTE_W | PTE_U : leaf_flags(rnd(1024)) &
		       (PTE_W | PTE_U | PTE_NX);
	pte = leaf_flags(rnd(1024)) | gfn << PAGE_SHIFT |
	      (level > 1 ? PTE_PS : 0);
	if (pte & PTE_P || rnd(2))
		guest_set(d, root, va, level, pte);
	else
		guest_set(d, root, va, level, 0);
	/* A split of a large mapping takes all of it. */
	va &= ~(level_size(3) - 1);
	flush(d, root_arg(root, va), va, va + level_size(3), flags);
}

static void random_balloon(struct domain *d)
{
	u64 gfn = rnd(TABLES), n = 1 + rnd(3);
	s64 got;

	if (rnd(4) == 0) {
		gfn &= ~511UL;
		n = 512;
	}
	n = MIN(n, TABLES - gfn);
	hv_in();
	got = p2m_remove(d, GFN(gfn), n);
	ck_assert_int_gt(got, 0);
	while (p2m_is_leaving(&d->p2m))
		p2m_leave(d);
	check_all(d);
	for (u32 i = 0; i < 3; i++) {
		host_quiesce();
		while (frame_reap())
			;
	}
	while (got > 0) {
		s64 added = p2m_populate(d, GFN(gfn), got, 0);

		ck_assert_int_gt(added, 0);
		gfn += added;
		got -= added;
	}
	pcpus[0].mode++;
}

static void random_wrprotect(struct domain *d, u64 root)
{
	u64 va = random_va();
	struct oracle o = oracle_walk(d, root, va);

	if (!o.present)
		return;
	*o.ptep &= ~PTE_W;
	va &= ~(level_size(o.level) - 1);
	flush(d, root_arg(root, va), va, va + level_size(o.level),
	      RINGLET_FLUSH_WRPROTECT);
}

static void random_raise(struct domain *d, u64 root)
{
	struct oracle o = oracle_walk(d, root, random_va());

	if (o.present)
		*o.ptep |= PTE_W | PTE_D | PTE_A;
}

static void random_step(struct domain *d, u64 *roots, u32 n)
{
	u32 cpu = rnd(2), what = rnd(100);
	u64 root = vtlb_loaded_root(pcpus[0].current).n;

	if (what < 62) {
		static const u32 kinds[] = { 0, 2, 4, 6, 0x10, 0x14 };

		access_va(cpu, random_va() + rnd(4096), kinds[rnd(6)]);
	} else if (what < 77) {
		random_map(d, root);
	} else if (what < 82) {
		random_raise(d, root);
	} else if (what < 86) {
		random_wrprotect(d, root);
	} else if (what < 93) {
		run_root(cpu, d, roots[rnd(n)]);
	} else if (what < 94) {
		random_balloon(d);
	} else if (what < 95) {
		hv_in();
		vtlb_age(d);
		pcpus[0].mode++;
	} else if (what < 96) {
		hv_in();
		vtlb_evict(d);
		pcpus[0].mode++;
	} else if (what < 97) {
		s64 rc;

		hv_in();
		rc = vtlb_root_destroy(d, roots[rnd(n)] << PAGE_SHIFT);
		ck_assert(rc == 0 || rc == -EBUSY);
		pcpus[0].mode++;
	} else {
		struct vcpu *v = pcpus[0].current;

		v->page->hint_count = 1 + rnd(3);
		for (u32 i = 0; i < 3; i++) {
			v->page->hints[i].va = random_va();
			v->page->hints[i].count = rnd(40);
		}
		hv_in();
		vtlb_hints(v);
		pcpus[0].mode++;
	}
}

START_TEST(random_guests)
{
	struct domain *d = setup(2, _i & 1 ? 1 : 0);
	u64 roots[6];

	seed = 0x1234567 + _i * 7777;
	for (u32 i = 0; i < ARRAY_SIZE(roots); i++)
		roots[i] = table_gfn() + i * 7;
	next_table = TABLES + 100;
	start(d, roots[0]);
	for (u32 step = 0; step < 1500; step++) {
		random_step(d, roots, ARRAY_SIZE(roots));
		ck_assert_uint_lt(next_table, GUEST_PAGES);
		if (step % 32 == 0)
			check_all(d);
	}
	check_all(d);
	host_idle(0);
	host_idle(1);
	ck_assert_int_eq(p2m_teardown(d), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vtlb");
	TCase *t = tcase_create("vtlb");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, fill_sets_accessed_and_dirty);
	tcase_add_test(t, reserved_bits_fault);
	tcase_add_test(t, upper_half_is_common);
	tcase_add_test(t, large_pages);
	tcase_add_test(t, split_without_flush);
	tcase_add_test(t, neighbours_and_hints);
	tcase_add_test(t, wrprotect_keeps_translations);
	tcase_add_test(t, wrprotect_behind_fill);
	tcase_add_test(t, flush_ranges);
	tcase_add_test(t, root_of_a_vcpu_that_waited);
	tcase_add_test(t, dying_and_destroyed_roots);
	tcase_add_test(t, root_slots_conflict);
	tcase_add_test(t, eviction);
	tcase_add_test(t, eviction_of_the_running_root);
	tcase_add_test(t, eviction_of_dying_roots);
	tcase_add_test(t, too_many_roots);
	tcase_add_test(t, roots_of_one_chain);
	tcase_add_test(t, flush_of_all_in_pieces);
	tcase_add_test(t, sweep_in_pieces);
	tcase_add_test(t, foreign_frames);
	tcase_add_test(t, leaving_frames_are_not_filled);
	tcase_add_test(t, read_only_frames);
	tcase_add_test(t, domains_share_a_slot);
	tcase_add_test(t, aging);
	tcase_add_test(t, direct_faults);
	tcase_add_test(t, teardown);
	tcase_add_test(t, forgotten_flush);
	tcase_add_test(t, lazy_unmap);
	tcase_add_test(t, wrong_entries);
	tcase_add_loop_test(t, random_guests, 0, 8);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
