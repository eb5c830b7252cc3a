/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each pCPU did last: ringlet/trace.h.
 *
 * Some kinds of events are always recorded, for the last words of a panic: they cost
 * a read of the clock and four stores each, beside an entry into the hypervisor or a
 * switch of vCPUs. The others cost a test of one word while nobody asks for them.
 */
#ifndef HV_TRACE_H
#define HV_TRACE_H

#include "ringlet/trace.h"
#include "types.h"

#define TRACE_OWN	32		/* events kept while nobody asks */
#define TRACE_NOBODY	0xffff		/* 'domain' of an event */

#define TRACE_BIT(name)	(1UL << RINGLET_TRACE_##name)
#define TRACE_ALWAYS \
	(TRACE_BIT(hypercall) | TRACE_BIT(exception) | TRACE_BIT(run) | \
	 TRACE_BIT(create) | TRACE_BIT(end) | TRACE_BIT(destroy))

struct vcpu;

/* Written by its pCPU alone, but 'asked' and 'first'. */
struct trace_ring {
	u64 next;			/* number of the next event */
	u64 first;			/* of the first one in this memory */
	struct ringlet_trace_event *asked;	/* NULL: 'own' is used */
	struct ringlet_trace_event own[TRACE_OWN];
};

extern u64 trace_mask;

#define trace(v, name, a, b) \
	do { \
		if (READ_ONCE(trace_mask) & TRACE_BIT(name)) \
			trace_add(v, RINGLET_TRACE_##name, a, b); \
	} while (0)

/* Record an event of this pCPU; v: whose vCPU is on it, or NULL. Interrupts off. */
void trace_add(const struct vcpu *v, u32 event, u64 a, u64 b);

/*
 * Copy up to 'count' events from number *at on, or from the oldest one kept, and move
 * *at behind them. Returns how many.
 */
u32 trace_read(struct trace_ring *r, u64 *at, struct ringlet_trace_event *out,
	       u32 count);

#endif /* HV_TRACE_H */
