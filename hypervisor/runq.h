/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Run queues: which vCPU waits for which pCPU. The inner half of the scheduler,
 * called by sched.c only, which keeps the states of vCPUs.
 *
 * 'q' is a queue that is locked, unless it says otherwise.
 */
#ifndef HV_RUNQ_H
#define HV_RUNQ_H

#include "sched.h"

/* Lock the queue that v belongs to. */
struct sched_pcpu *runq_lock(struct vcpu *v);

/*
 * v is RUNNABLE and belongs to q: into the queue, or, if its domain is over its
 * cap, to those that are parked until then. Remove it from either.
 */
void runq_add(struct sched_pcpu *q, struct vcpu *v, u64 now);
void runq_remove(struct sched_pcpu *q, struct vcpu *v);

/* Who is parked here and may run now, into the best queue. q is not locked. */
void runq_unpark(struct sched_pcpu *q, u64 now);

/* First in the queue whose state is saved, or which is 'self'; or NULL. */
struct vcpu *runq_first(struct sched_pcpu *q, const struct vcpu *self, u64 now);

/*
 * Keep the virtual run time of v, which is in no queue, within 'lag' behind and
 * 'lead' before the front of the pCPUs on which it may run.
 */
#define RUNQ_ANY (~0UL >> 1)
void runq_limit(struct vcpu *v, u64 lag, u64 lead);

/* v became RUNNABLE: into the best queue. Unlocks q, v's present one. */
void runq_place(struct sched_pcpu *q, struct vcpu *v, u64 now);

/* May v wait where it ran last, or should it leave for another pCPU? */
bool runq_stays(const struct vcpu *v);

/*
 * Move the vCPU that is furthest behind, if it is behind 'limit', from the queue
 * of another pCPU to p's, which is this one. No queue is locked. limit ~0: p has
 * nothing else.
 */
void runq_pull(struct pcpu *p, u64 limit, u64 now);

/* Does any queue have a vCPU that p may run? None is locked. */
bool runq_any_for(const struct pcpu *p);

/*
 * Make a pCPU of the mask that is idle, and that nobody has called yet, look at
 * the queues. None is locked.
 */
void runq_call_idle(u32 mask);

/* That for each vCPU that waits in q. */
void runq_spread(const struct sched_pcpu *q);

#endif /* HV_RUNQ_H */
