/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grace periods from the counters of quiescent points. A counter that has moved
 * is proof by itself; the interrupts only see to it that all of them do move.
 */
#include "quiesce.h"

void quiesce_start(struct quiesce *q)
{
	u32 self = this_pcpu()->id;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	q->waiting = 0;
	for (u32 i = 0; i < nr_pcpus; i++) {
		q->seen[i] = READ_ONCE(pcpus[i].quiescent);
		q->waiting |= 1U << i;
	}
	for (u32 i = 0; i < nr_pcpus; i++) {
		if (i != self)
			pcpu_kick(i);
	}
}

bool quiesce_done(struct quiesce *q)
{
	for (u32 i = 0; i < MAX_PCPUS; i++) {
		if ((q->waiting & 1U << i) &&
		    READ_ONCE(pcpus[i].quiescent) != q->seen[i])
			q->waiting &= ~(1U << i);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return q->waiting == 0;
}
