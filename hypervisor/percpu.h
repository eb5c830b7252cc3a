/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each physical CPU has of its own.
 *
 * The hypervisor runs on one stack per pCPU, with interrupts off except in the
 * idle loop, from an entry to the next exit: nothing is preempted, and what one
 * entry looked up (a domain, a frame) stays valid until the pCPU passes an exit
 * or idle (quiesce.h).
 */
#ifndef HV_PERCPU_H
#define HV_PERCPU_H

#include "layout.h"
#include "sched.h"
#include "timer.h"
#include "trace.h"
#include "types.h"

#define MAX_PCPUS 16

struct vcpu;
struct domain;

struct pcpu {
	u32 id;
	u32 apic_id;
	bool online;

	/*
	 * Odd while a guest root may be in CR3 (section 2 of the architecture).
	 * Written by this pCPU alone: ++ after the hypervisor's CR3 is loaded,
	 * ++ and a full fence before a guest's is.
	 */
	u64 mode;
	/* Quiescent points passed: exits to a guest and turns of the idle loop. */
	u64 quiescent;
	/* Set by the NMI handler; looked at by the self-IPI that it sends. */
	u32 nmi_pending;
	/* TSC at this entry: long work asks work_expired(). */
	u64 entry_tsc;
	struct domain *entered;	/* whose vCPU came in; NULL: that is over */

	struct vcpu *current;	/* whose registers this pCPU has; NULL = idle */
	u32 last_domain;	/* whose vCPU ran here last */
	u64 last_serial;	/* of that domain */

	/* Level-4 pages: ROOT_SLOTS contiguous frames, never freed. */
	mfn_t l4_base;
	u64 *l4[ROOT_SLOTS];
	u64 tags[ROOT_SLOTS];	/* whose root each stands for; see gate_roots */
	u32 root_ways;		/* bit n: which way of set n was given away last */
	struct gate_roots *roots;	/* the root cache, writable alias */
	struct gate_const *gate;	/* constants page, writable alias */
	u64 hv_cr3;
	u64 stack_top;		/* of this pCPU's only stack */

	struct sched_pcpu sched;
	struct timer_pcpu timers;

	u32 held_locks;		/* bits of enum lock_class, debug builds */
	u64 idle_time;		/* ns */
	struct trace_ring trace;
};

extern struct pcpu pcpus[MAX_PCPUS];
extern u32 nr_pcpus;		/* online; they are pcpus[0 .. nr_pcpus - 1] */

/* Constants the gate reads; the pCPU's own copy at GATE_CONST, read only. */
struct gate_const {
	struct pcpu *pcpu;
	u64 hv_cr3;
	u64 hv_stack;		/* top of the pCPU's stack */
	u64 regs_end;		/* end of current->regs: entries push there */
	u64 syscall_entry;	/* domain's set_entries, 0 = none */
	u64 pf_entry;		/* its handler of page faults, 0 = none */
	u64 kernel_gs;		/* vCPU's set_kernel_gs */
	u64 root_tag;		/* domain part of a root's tag, with bit 0 set */
	u64 l4_base;		/* CR3 of root slot 0 */
};

/*
 * The root cache. tag = domain << 48 | gpa of the root | 1, 0 = empty. A guest
 * kernel can read it, so it shows only what is of the domain that runs here.
 */
struct gate_roots {
	u64 tags[ROOT_SLOTS];
	/* 1: the gate may deliver page faults in this root by itself. */
	u8 direct[ROOT_SLOTS];
};

#ifdef RINGLET_HOST
struct pcpu *this_pcpu(void);
#else
static inline struct pcpu *this_pcpu(void)
{
	return READ_ONCE(((struct gate_const *)(GATE_BASE + GATE_CONST))->pcpu);
}
#endif

/* True when this entry has worked long enough and should let others run. */
bool work_expired(void);

/* Interrupt another pCPU so that it enters the hypervisor. Any context. */
void pcpu_kick(u32 pcpu);

#endif /* HV_PERCPU_H */
