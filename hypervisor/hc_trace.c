// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls that turn the recording of events on, and read it. Rings that were asked
 * for are retired like all that is looked at without a lock.
 */
#include "copy.h"
#include "frame.h"
#include "hypercall-prototypes.h"
#include "percpu.h"
#include "trace.h"

#define ALL	((1UL << RINGLET_NR_TRACE) - 1)
#define CHUNK	32U		/* events copied at once */
/* 2^ORDER frames have RINGLET_TRACE_KEPT events. */
#define ORDER	5

_Static_assert(RINGLET_TRACE_KEPT * sizeof(struct ringlet_trace_event) ==
	       PAGE_SIZE << ORDER, "ORDER");
_Static_assert(RINGLET_NR_TRACE < 64, "trace_mask");

static bool setting;

static void end_rings(void)
{
	struct ringlet_trace_event *asked;
	u32 i;

	for (i = 0; i < nr_pcpus; i++) {
		struct trace_ring *r = &pcpus[i].trace;

		asked = r->asked;
		if (!asked)
			continue;
		WRITE_ONCE(r->first, READ_ONCE(r->next));
		WRITE_ONCE(r->asked, NULL);
		frame_retire_hv(virt_to_mfn(asked), ORDER);
	}
}

static s64 begin_rings(void)
{
	mfn_t mfn;
	u32 i;

	for (i = 0; i < nr_pcpus; i++) {
		struct trace_ring *r = &pcpus[i].trace;

		if (r->asked)
			continue;
		mfn = frame_alloc_hv(ORDER);
		if (mfn.n == MFN_NONE.n) {
			end_rings();
			return -ENOMEM;
		}
		WRITE_ONCE(r->first, READ_ONCE(r->next));
		__atomic_store_n(&r->asked, mfn_to_virt(mfn), __ATOMIC_RELEASE);
	}
	return 0;
}

s64 hc_sysctl_trace(struct vcpu *v, u64 events)
{
	s64 ret = 0;

	(void)v;
	if (events & ~ALL)
		return -EINVAL;
	if (__atomic_exchange_n(&setting, true, __ATOMIC_ACQUIRE))
		return -EBUSY;
	if (events)
		ret = begin_rings();
	WRITE_ONCE(trace_mask, TRACE_ALWAYS | (ret ? 0 : events));
	if (!events)
		end_rings();
	__atomic_store_n(&setting, false, __ATOMIC_RELEASE);
	return ret;
}

s64 hc_sysctl_trace_read(struct vcpu *v, u32 pcpu, u64 position, u64 events,
			 u32 count)
{
	struct ringlet_trace_event chunk[CHUNK];
	u32 n, done = 0;
	u64 at;

	if (pcpu >= nr_pcpus)
		return -ENOENT;
	if (copy_from_guest(v, &at, position, sizeof(at)))
		return -EFAULT;
	while (done < count && !work_expired()) {
		n = trace_read(&pcpus[pcpu].trace, &at, chunk,
			       MIN(count - done, CHUNK));
		if (!n)
			break;
		if (copy_to_guest(v, events + done * sizeof(chunk[0]), chunk,
				  n * sizeof(chunk[0])))
			return -EFAULT;
		done += n;
	}
	if (copy_to_guest(v, position, &at, sizeof(at)))
		return -EFAULT;
	return done;
}
