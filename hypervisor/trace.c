// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings of events: see trace.h.
 *
 * A pCPU writes its own ring, and nothing interrupts that. Others read it meanwhile:
 * they copy, then look how far the writer has come, and forget what it may have
 * overwritten.
 */
#include "trace.h"

#include "domain.h"
#include "percpu.h"
#include "time.h"

u64 trace_mask = TRACE_ALWAYS;

static struct ringlet_trace_event *ring_of(struct trace_ring *r, u64 *size)
{
	struct ringlet_trace_event *asked = READ_ONCE(r->asked);

	*size = asked ? RINGLET_TRACE_KEPT : TRACE_OWN;
	return asked ? asked : r->own;
}

void trace_add(const struct vcpu *v, u32 event, u64 a, u64 b)
{
	struct trace_ring *r = &this_pcpu()->trace;
	struct ringlet_trace_event *e;
	u64 size;

	e = ring_of(r, &size);
	e += r->next & (size - 1);
	e->time = time_ns();
	e->event = (u16)event;
	e->domain = v ? (u16)v->domain->id : TRACE_NOBODY;
	e->vcpu = v ? (u16)v->id : 0;
	e->a = a;
	e->b = b;
	__atomic_store_n(&r->next, r->next + 1, __ATOMIC_RELEASE);
}

/* Number of the oldest event that is whole when 'next' is being written. */
static u64 oldest(const struct trace_ring *r, u64 next, u64 size)
{
	u64 first = READ_ONCE(r->first);

	return next >= size ? MAX(first, next - size + 1) : first;
}

u32 trace_read(struct trace_ring *r, u64 *at, struct ringlet_trace_event *out,
	       u32 count)
{
	u64 size, next = __atomic_load_n(&r->next, __ATOMIC_ACQUIRE), from, lost;
	const struct ringlet_trace_event *e = ring_of(r, &size);
	u32 n, i;

	from = MIN(MAX(*at, oldest(r, next, size)), next);
	n = (u32)MIN(next - from, (u64)count);
	for (i = 0; i < n; i++)
		out[i] = e[(from + i) & (size - 1)];
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	next = __atomic_load_n(&r->next, __ATOMIC_RELAXED);
	lost = oldest(r, next, size);
	lost = lost > from ? MIN(lost - from, (u64)n) : 0;
	for (i = 0; i + lost < n; i++)
		out[i] = out[i + lost];
	*at = from + n;
	return n - (u32)lost;
}
