/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels: one bit, edge-triggered, between two ends. What the bits and
 * steps are: pv-abi/include/ringlet/event.h. Operations named like hypercalls
 * have their results and errors (pv-abi/hypercalls.tbl).
 */
#ifndef HV_EVENT_H
#define HV_EVENT_H

#include "lock.h"
#include "ringlet/event.h"
#include "types.h"

struct domain;
struct vcpu;

#define EVENT_PORTS_PER_PAGE 256
#define EVENT_PAGES (RINGLET_EVTCHN_PORTS / EVENT_PORTS_PER_PAGE)

struct event_port {
	u8 kind;		/* RINGLET_EVTCHN_* */
	u8 vcpu;		/* who gets the upcall */
	u16 remote;		/* UNBOUND: who may bind; INTERDOMAIN: whom to */
	union {
		u32 remote_port;	/* INTERDOMAIN */
		u32 virq;
		u32 pirq;
	};
	u64 serial;		/* UNBOUND, INTERDOMAIN: of the domain 'remote' */
};

struct event_table {
	struct spinlock lock;	/* class EVENT */
	struct event_port *page[EVENT_PAGES];
	u32 virq_port[RINGLET_NR_VIRQS];	/* of the domain; 0 = none */
	bool closed;		/* the domain is being destroyed */
};

int event_init(struct domain *d);
/* Close all ports, for good. False: time is up, call again. No lock held. */
bool event_destroy(struct domain *d);

s64 event_alloc(struct domain *caller, u32 domain, u32 remote);
s64 event_bind_interdomain(struct domain *d, u32 remote, u32 remote_port);
s64 event_bind_virq(struct domain *d, u32 virq, u32 vcpu);
s64 event_bind_ipi(struct domain *d, u32 vcpu);
s64 event_bind_pirq(struct domain *d, u32 pirq);
s64 event_bind_vcpu(struct domain *d, u32 port, u32 vcpu);
s64 event_close(struct domain *d, u32 port);
s64 event_send(struct domain *d, u32 port);
s64 event_unmask(struct domain *d, u32 port);
s64 event_status(struct domain *caller, u32 domain, u32 port);

/*
 * Make a port of d pending and notify its vCPU. Any context, no SCHED lock held.
 * Never looks at the receiver's interrupt flag.
 */
void event_set(struct domain *d, u32 port);

/* Raise a virtual interrupt of a vCPU, of a domain. False: it is not bound. */
bool event_raise_virq(struct vcpu *v, u32 virq);
bool event_raise_domain_virq(struct domain *d, u32 virq);

/* Shall an upcall be delivered to v? On the pCPU that has it only. */
bool vcpu_event_pending(const struct vcpu *v);

#endif /* HV_EVENT_H */
