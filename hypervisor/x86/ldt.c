// SPDX-License-Identifier: GPL-2.0-only
/*
 * Local descriptor tables, and what may be loaded from them.
 *
 * A table is a copy in frames of the hypervisor, one for each vCPU, which guests
 * read at most. It changes by a hypercall of its own vCPU alone: a selector that
 * the CPU took in ring 3, or that was checked here, is good until the next one.
 * Descriptors: SDM vol. 3, 3.4.5.
 */
#include "copy.h"
#include "domain.h"
#include "frame.h"
#include "gate.h"
#include "ringlet/hypercall.h"

#include "hypercall-prototypes.h"

#define DESC_ACCESSED	(1UL << 40)
#define DESC_WR		(1UL << 41)	/* data: writable, code: readable */
#define DESC_CONFORMING	(1UL << 42)	/* code only */
#define DESC_CODE	(1UL << 43)
#define DESC_USER	(7UL << 44)	/* S, and DPL 3 */
#define DESC_PRESENT	(1UL << 47)
#define DESC_LONG	(1UL << 53)
#define DESC_PAGES	(1UL << 55)	/* the limit counts pages */

#define PER_PAGE	(PAGE_SIZE / sizeof(u64))

u64 vcpu_descriptor(const struct vcpu *v, u64 sel)
{
	u64 index = sel >> 3;

	if (sel & 4) {
		if (index >= v->ldt_count)
			return 0;
		index = index_nospec(index, v->ldt_count);
		return v->ldt[index / PER_PAGE][index % PER_PAGE];
	}
	if (index < RINGLET_GDT_TLS_MIN || index > RINGLET_GDT_TLS_MAX)
		return 0;
	return v->tls[index_nospec(index - RINGLET_GDT_TLS_MIN, 3)];
}

bool vcpu_may_load_data(const struct vcpu *v, u64 sel)
{
	u64 desc = vcpu_descriptor(v, sel);

	return desc & DESC_PRESENT && (!(desc & DESC_CODE) || desc & DESC_WR);
}

bool vcpu_may_load_stack(const struct vcpu *v, u64 sel)
{
	u64 desc = vcpu_descriptor(v, sel);

	return (sel & 3) == 3 && desc & DESC_PRESENT && !(desc & DESC_CODE) &&
	       desc & DESC_WR;
}

bool vcpu_may_run_at(const struct vcpu *v, u64 sel, u64 rip)
{
	u64 desc = vcpu_descriptor(v, sel);
	u64 limit = (desc & 0xffff) | (desc >> 32 & 0xf0000);

	if (desc & DESC_PAGES)
		limit = limit << PAGE_SHIFT | (PAGE_SIZE - 1);
	return (sel & 3) == 3 && desc & DESC_PRESENT && desc & DESC_CODE &&
	       rip <= limit;
}

/*
 * Conforming code would run with the caller's rights, which is no harm with DPL
 * 3; nobody needs it. 64-bit code in any segment but one is what nobody checks.
 */
static bool ldt_ok(u64 desc)
{
	const u64 conforming = DESC_PRESENT | DESC_CODE | DESC_CONFORMING;

	return !desc || ((desc & DESC_USER) == DESC_USER &&
			 !(desc & DESC_LONG) &&
			 (desc & conforming) != conforming);
}

/*
 * Fill a page of the table. The CPU may have the old one loaded still; it does
 * not look at it before gate_load_ldt().
 */
static s64 fill_page(struct vcpu *v, u32 page, u64 va, u64 count)
{
	u64 *ldt = v->ldt[page];
	u64 i;

	if (!ldt) {
		mfn_t mfn = frame_alloc_hv(0);

		if (mfn.n == MFN_NONE.n)
			return -ENOMEM;
		ldt = v->ldt[page] = mfn_to_virt(mfn);
		__atomic_fetch_add(&v->domain->hv_pages, 1, __ATOMIC_RELAXED);
	}
	if (copy_from_guest(v, ldt, va, count * sizeof(u64)))
		return -EFAULT;
	for (i = 0; i < count; i++) {
		u64 desc = ldt[i];

		if (!ldt_ok(desc))
			return -EINVAL;
		/* The table is read only: the CPU must not want to set it. */
		if (desc && !(desc & DESC_ACCESSED))
			ldt[i] = desc | DESC_ACCESSED;
	}
	return 0;
}

s64 hc_set_ldt(struct vcpu *v, u64 descriptors, u32 count)
{
	s64 ret = 0;
	u32 done;

	if (count > LDT_PAGES * PER_PAGE)
		return -EINVAL;
	v->ldt_count = 0;
	for (done = 0; done < count && !ret; done += PER_PAGE)
		ret = fill_page(v, done / PER_PAGE,
				descriptors + done * sizeof(u64),
				count - done < PER_PAGE ? count - done :
							  PER_PAGE);
	v->ldt_count = ret ? 0 : count;
	gate_load_ldt(this_pcpu(), v);
	return ret;
}
