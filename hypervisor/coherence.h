/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debugging: shadow entries held against fresh walks of the guest's tables.
 *
 * With vtlb=check on the command line each fill and each flush is looked at while
 * the root's lock is still held. The domain is stopped at the first difference that
 * no correct hypervisor, or no correct guest, can have:
 *
 *  fill    the entry is not what the guest's tables say, and they have not changed
 *          since they were read for it
 *  flush   an entry in the flushed range grants more than they do
 *  any     an entry grants more than they do, and no flush has come for it within
 *          COHERENCE_LIMIT: the guest has forgotten one, or it went astray
 *
 * The last has a limit in time since a guest may gather changes before it flushes.
 * In the common half entries that are not present any more may stay for ever:
 * kernels unmap there lazily, and flush before they use an address again.
 */
#ifndef HV_COHERENCE_H
#define HV_COHERENCE_H

#include "shadow.h"

/* Turns of vtlb_age(), four a second while the domain runs. */
#define COHERENCE_LIMIT 20

#ifdef CONFIG_VTLB_CHECK

/* Once, before any domain. */
void coherence_setup(bool on);

void coherence_init(struct domain *d);

/* Root locked: walk 'w' was just entered at va; look at count pages from va on, and
 * at those filled beside it. */
void coherence_filled(struct domain *d, struct vtlb_root *r, u64 va, u64 count,
		      const struct walk *w);

/* Root locked: [from, to] has just been flushed, as far as it is this root's. */
void coherence_flushed(struct domain *d, struct vtlb_root *r, u64 from, u64 to,
		       bool wrprotect);

/* No lock held: stop the domain if a difference was found. */
void coherence_judge(struct domain *d);

#else

static inline void coherence_setup(bool on) { (void)on; }
static inline void coherence_init(struct domain *d) { (void)d; }
static inline void coherence_filled(struct domain *d, struct vtlb_root *r, u64 va,
				    u64 count, const struct walk *w)
{
	(void)d; (void)r; (void)va; (void)count; (void)w;
}
static inline void coherence_flushed(struct domain *d, struct vtlb_root *r,
				     u64 from, u64 to, bool wrprotect)
{
	(void)d; (void)r; (void)from; (void)to; (void)wrprotect;
}
static inline void coherence_judge(struct domain *d) { (void)d; }

#endif

#endif /* HV_COHERENCE_H */
