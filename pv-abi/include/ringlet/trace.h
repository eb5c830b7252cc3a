/* SPDX-License-Identifier: MIT */
/*
 * Ringlet ABI: the hypervisor's events, for the control domain.
 *
 * Each pCPU has a ring of what it did last. A few kinds of events are always in it,
 * for a panic's text; the others when sysctl_trace asks for them.
 */
#ifndef RINGLET_TRACE_H
#define RINGLET_TRACE_H

#include "abi.h"

/*
 * Events: X(name, group, what a is, what b is). The index of a name is its place
 * here, and its bit in the argument of sysctl_trace; new ones are added at the end.
 */
#define RINGLET_TRACE_EVENTS(X) \
	X(hypercall, hypercall, "number", "first argument") \
	X(hypercall_done, hypercall, "number", "result") \
	X(exception, exception, "vector", "rip") \
	X(page_fault, exception, "address", "error code") \
	X(upcall, event, "rip", "0") \
	X(event_send, event, "port", "domain it goes to") \
	X(interrupt, interrupt, "vector", "0") \
	X(fill, vtlb, "address", "entries filled") \
	X(flush, vtlb, "root", "entries dropped") \
	X(shootdown, vtlb, "pCPUs interrupted, a bit each", "0") \
	X(evict, vtlb, "0", "0") \
	X(load_root, vtlb, "root", "0") \
	X(run, sched, "vCPU", "domain whose vCPU ran here last") \
	X(idle, sched, "0", "0") \
	X(create, domain, "domain", "vCPUs") \
	X(end, domain, "domain", "reason") \
	X(destroy, domain, "domain", "0")

#ifndef __ASSEMBLER__

enum ringlet_trace_index {
#define RINGLET_TRACE_ENUM(name, group, a, b) RINGLET_TRACE_##name,
	RINGLET_TRACE_EVENTS(RINGLET_TRACE_ENUM)
#undef RINGLET_TRACE_ENUM
	RINGLET_NR_TRACE
};

/* Result of sysctl_trace_read. */
struct ringlet_trace_event {
	ringlet_u64 time;		/* ns since the hypervisor started */
	ringlet_u16 event;		/* RINGLET_TRACE_* */
	ringlet_u16 domain;		/* whose vCPU was on the pCPU, or 0xffff */
	ringlet_u16 vcpu;
	ringlet_u16 reserved;
	ringlet_u64 a, b;
};
RINGLET_ASSERT_SIZE(ringlet_trace_event, 32);

/* Events that a pCPU keeps while sysctl_trace asks for any. */
#define RINGLET_TRACE_KEPT		4096

#endif /* __ASSEMBLER__ */
#endif /* RINGLET_TRACE_H */
