/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grace periods: when does nobody hold what could be looked up before?
 *
 * What hypervisor code finds without holding on to a lock (a frame number in a
 * p2m, a domain in the list) stays valid until the pCPU's next quiescent point:
 * an exit to a guest or a turn of the idle loop. So what was made unreachable may
 * be reused when every pCPU has passed one since.
 *
 * At its quiescent point a pCPU adds 1 to p->quiescent; a full fence follows
 * before it looks anything up again (at an exit: the one after mode++).
 */
#ifndef HV_QUIESCE_H
#define HV_QUIESCE_H

#include "percpu.h"
#include "types.h"

struct quiesce {
	u64 seen[MAX_PCPUS];	/* quiescent counters at the start */
	u32 waiting;		/* bits: pCPUs still to be waited for */
};

/*
 * Begin a grace period. Interrupts the other pCPUs, which may idle or run a guest
 * for long. Any context. The calling pCPU must pass a quiescent point, too.
 */
void quiesce_start(struct quiesce *q);

/* True when it is over. Never waits; call it again later. */
bool quiesce_done(struct quiesce *q);

#endif /* HV_QUIESCE_H */
