/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The waiting side of the protocol in percpu.h: 'mode' is odd while a guest's
 * root may be in CR3.
 *
 * A pCPU on its way out makes mode odd, fences, and loads CR3; on its way in it
 * loads the hypervisor's CR3, then makes mode even. After our fence, a pCPU that
 * we see even will load CR3 and walk the changed tables only later; one that we
 * see odd is interrupted, and has dropped its translations when mode is another
 * number than the one we saw: whether it came in for us or for something else
 * does not matter. Likewise a pCPU that we do not see with a vCPU of 'd' will
 * load its CR3 after it took one.
 *
 * Nobody may hold a lock while waiting: the pCPU waited for could be spinning on
 * it with interrupts off, just entered for something else but with mode still
 * odd.
 */
#include "shootdown.h"

#include "domain.h"
#include "lock.h"
#include "percpu.h"

void shootdown(struct domain *d)
{
	u64 seen[MAX_PCPUS];
	u32 waiting = 0;
	u32 self = this_pcpu()->id;

	lock_check_none();
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (u32 i = 0; i < nr_pcpus; i++) {
		struct vcpu *v;

		if (i == self)
			continue;
		seen[i] = READ_ONCE(pcpus[i].mode);
		v = READ_ONCE(pcpus[i].current);
		if (!(seen[i] & 1) || !v || v->domain != d)
			continue;
		pcpu_kick(i);
		waiting |= 1U << i;
	}
	if (!waiting)
		return;
	perf_inc(d, shootdowns);
	trace(this_pcpu()->current, shootdown, waiting, 0);
	for (u32 i = 0; i < nr_pcpus; i++) {
		while ((waiting & 1U << i) && READ_ONCE(pcpus[i].mode) == seen[i])
			cpu_relax();
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
