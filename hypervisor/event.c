// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event channels.
 *
 * The bitmaps lie in a page that the guest writes at any time: each bit is set by
 * one atomic operation and what is read back is never trusted. Ports are changed
 * under the table's lock; senders read a port without it, as one word each, since
 * a port that is just being closed may get a last event.
 */
#include "event.h"
#include "domain.h"
#include "frame.h"
#include "panic.h"
#include "percpu.h"
#include "physdev.h"

int event_init(struct domain *d)
{
	_Static_assert(sizeof(struct event_port) * EVENT_PORTS_PER_PAGE ==
		       PAGE_SIZE, "ports fill pages");
	lock_init(&d->events.lock, LOCK_EVENT);
	return 0;
}

static struct event_port *port_of(struct domain *d, u32 port)
{
	struct event_port *page;

	if (!port || port >= RINGLET_EVTCHN_PORTS)
		return NULL;
	port = (u32)index_nospec(port, RINGLET_EVTCHN_PORTS);
	page = READ_ONCE(d->events.page[port / EVENT_PORTS_PER_PAGE]);
	return page ? &page[port % EVENT_PORTS_PER_PAGE] : NULL;
}

static bool per_vcpu_virq(u32 virq)
{
	return virq == RINGLET_VIRQ_TIMER;
}

static bool control_virq(u32 virq)
{
	return virq == RINGLET_VIRQ_DOMAIN ||
	       virq == RINGLET_VIRQ_DOMAIN_CONSOLE;
}

/* A free port, under the lock. 0: none, or no memory. */
static u32 find_free(struct domain *d)
{
	u32 port;

	if (d->events.closed)
		return 0;
	for (port = 1; port < RINGLET_EVTCHN_PORTS; port++) {
		struct event_port *p = port_of(d, port);

		if (!p) {
			mfn_t mfn = frame_alloc_hv(0);

			if (mfn.n == MFN_NONE.n)
				return 0;
			WRITE_ONCE(d->events.page[port / EVENT_PORTS_PER_PAGE],
				   mfn_to_virt(mfn));
			__atomic_fetch_add(&d->hv_pages, 1, __ATOMIC_RELAXED);
			return port;
		}
		if (p->kind == RINGLET_EVTCHN_FREE)
			return port;
	}
	return 0;
}

static u64 bit_of(u32 port)
{
	return 1UL << (port % 64);
}

static void clear_pending(struct domain *d, u32 port)
{
	struct ringlet_shared *s = READ_ONCE(d->shared);

	if (s)
		__atomic_fetch_and(&s->evtchn_pending[port / 64],
				   ~bit_of(port), __ATOMIC_SEQ_CST);
}

/* Steps 2 to 4 of sending. */
static void notify(struct domain *d, u32 port, u32 vcpu)
{
	struct vcpu *v = d->vcpus[vcpu];
	struct ringlet_vcpu_page *page;

	if (!v)
		return;
	page = v->page;
	__atomic_fetch_or(&page->evtchn_sel, bit_of(port / 64), __ATOMIC_SEQ_CST);
	if (!__atomic_exchange_n(&page->pending, 1, __ATOMIC_SEQ_CST))
		sched_wake(v);
}

void event_set(struct domain *d, u32 port)
{
	struct ringlet_shared *s = READ_ONCE(d->shared);
	struct event_port *p = port_of(d, port);

	if (!s || !p || READ_ONCE(p->kind) == RINGLET_EVTCHN_FREE)
		return;
	if (__atomic_fetch_or(&s->evtchn_pending[port / 64], bit_of(port),
			      __ATOMIC_SEQ_CST) & bit_of(port))
		return;
	if (__atomic_load_n(&s->evtchn_mask[port / 64], __ATOMIC_SEQ_CST) &
	    bit_of(port))
		return;
	notify(d, port, READ_ONCE(p->vcpu));
}

bool event_raise_virq(struct vcpu *v, u32 virq)
{
	u32 port = READ_ONCE(v->virq_port[virq]);

	if (!port)
		return false;
	event_set(v->domain, port);
	return true;
}

bool event_raise_domain_virq(struct domain *d, u32 virq)
{
	u32 port = READ_ONCE(d->events.virq_port[virq]);

	if (!port)
		return false;
	event_set(d, port);
	return true;
}

bool vcpu_event_pending(const struct vcpu *v)
{
	return READ_ONCE(v->page->pending) &&
	       (vcpu_in_user(v) || READ_ONCE(v->page->vif)) &&
	       READ_ONCE(v->domain->entry_event);
}

s64 event_alloc(struct domain *caller, u32 domain, u32 remote)
{
	struct domain *d = domain_find(caller, domain);
	struct domain *r = domain_find(caller, remote);
	u32 port;
	s64 ret;

	if (d != caller && !caller->control)
		return -EPERM;
	if (!d || !r)
		return -ESRCH;
	lock(&d->events.lock);
	port = find_free(d);
	if (port) {
		struct event_port *p = port_of(d, port);

		p->vcpu = 0;
		p->remote = (u16)r->id;
		p->remote_port = 0;
		p->serial = r->serial;
		clear_pending(d, port);
		WRITE_ONCE(p->kind, RINGLET_EVTCHN_UNBOUND);
		ret = (s64)port;
	} else {
		ret = d->events.closed ? -ESRCH : -ENOSPC;
	}
	unlock(&d->events.lock);
	return ret;
}

/* Locks of two domains, lower identifier first; they may be the same one. */
static void lock_both(struct domain *a, struct domain *b)
{
	struct domain *first = a->id <= b->id ? a : b;

	lock(&first->events.lock);
	if (a != b)
		lock_second(first == a ? &b->events.lock : &a->events.lock);
}

static void unlock_both(struct domain *a, struct domain *b)
{
	unlock(&a->events.lock);
	if (a != b)
		unlock(&b->events.lock);
}

s64 event_bind_interdomain(struct domain *d, u32 remote, u32 remote_port)
{
	struct domain *r = domain_find(d, remote);
	struct event_port *theirs, *ours;
	s64 ret = -EINVAL;
	u32 port;

	if (!r)
		return -ESRCH;
	lock_both(d, r);
	theirs = port_of(r, remote_port);
	/* Identifiers are used again: a successor must not bind. */
	if (theirs && theirs->kind == RINGLET_EVTCHN_UNBOUND &&
	    theirs->serial == d->serial) {
		port = find_free(d);
		ret = port ? (s64)port : -ENOSPC;
	}
	if (ret > 0) {
		port = (u32)ret;
		ours = port_of(d, port);
		ours->vcpu = 0;
		ours->remote = (u16)r->id;
		ours->remote_port = remote_port;
		ours->serial = r->serial;
		clear_pending(d, port);
		WRITE_ONCE(ours->kind, RINGLET_EVTCHN_INTERDOMAIN);
		theirs->remote_port = port;
		WRITE_ONCE(theirs->kind, RINGLET_EVTCHN_INTERDOMAIN);
	}
	unlock_both(d, r);
	if (ret > 0)
		event_set(d, (u32)ret);
	return ret;
}

s64 event_bind_virq(struct domain *d, u32 virq, u32 vcpu)
{
	struct event_port *p;
	u32 *slot, port;
	s64 ret;

	if (virq >= RINGLET_NR_VIRQS || vcpu >= d->nr_vcpus)
		return -ENOENT;
	if (control_virq(virq) && !d->control)
		return -EPERM;
	virq = (u32)index_nospec(virq, RINGLET_NR_VIRQS);
	vcpu = (u32)index_nospec(vcpu, d->nr_vcpus);
	slot = per_vcpu_virq(virq) ? &d->vcpus[vcpu]->virq_port[virq] :
				     &d->events.virq_port[virq];
	lock(&d->events.lock);
	if (*slot) {
		ret = -EEXIST;
	} else {
		port = find_free(d);
		ret = port ? (s64)port : -ENOSPC;
	}
	if (ret > 0) {
		p = port_of(d, (u32)ret);
		p->vcpu = (u8)vcpu;
		p->virq = virq;
		clear_pending(d, (u32)ret);
		WRITE_ONCE(p->kind, RINGLET_EVTCHN_VIRQ);
		WRITE_ONCE(*slot, (u32)ret);
	}
	unlock(&d->events.lock);
	return ret;
}

static s64 bind_plain(struct domain *d, u8 kind, u32 vcpu, u32 pirq)
{
	struct event_port *p;
	u32 port;

	lock(&d->events.lock);
	port = find_free(d);
	if (port) {
		p = port_of(d, port);
		p->vcpu = (u8)vcpu;
		p->pirq = pirq;
		clear_pending(d, port);
		WRITE_ONCE(p->kind, kind);
	}
	unlock(&d->events.lock);
	return port ? (s64)port : -ENOSPC;
}

s64 event_bind_ipi(struct domain *d, u32 vcpu)
{
	if (vcpu >= d->nr_vcpus)
		return -ENOENT;
	return bind_plain(d, RINGLET_EVTCHN_IPI, vcpu, 0);
}

s64 event_bind_pirq(struct domain *d, u32 pirq)
{
	return bind_plain(d, RINGLET_EVTCHN_PIRQ, 0, pirq);
}

s64 event_bind_vcpu(struct domain *d, u32 port, u32 vcpu)
{
	struct event_port *p;
	s64 ret = -EINVAL;

	if (vcpu >= d->nr_vcpus)
		return -ENOENT;
	lock(&d->events.lock);
	p = port_of(d, port);
	if (p && p->kind != RINGLET_EVTCHN_FREE &&
	    p->kind != RINGLET_EVTCHN_IPI &&
	    !(p->kind == RINGLET_EVTCHN_VIRQ && per_vcpu_virq(p->virq))) {
		WRITE_ONCE(p->vcpu, (u8)vcpu);
		ret = 0;
	}
	unlock(&d->events.lock);
	return ret;
}

/* Under the lock (locks, if interdomain): free a port. */
static void release(struct domain *d, struct event_port *p, struct domain *r)
{
	struct event_port *theirs;

	switch (p->kind) {
	case RINGLET_EVTCHN_VIRQ:
		if (per_vcpu_virq(p->virq))
			WRITE_ONCE(d->vcpus[p->vcpu]->virq_port[p->virq], 0);
		else
			WRITE_ONCE(d->events.virq_port[p->virq], 0);
		break;
	case RINGLET_EVTCHN_PIRQ:
		pirq_unbind(p->pirq);
		break;
	case RINGLET_EVTCHN_INTERDOMAIN:
		theirs = port_of(r, p->remote_port);
		theirs->remote_port = 0;
		WRITE_ONCE(theirs->kind, RINGLET_EVTCHN_UNBOUND);
		break;
	default:
		break;
	}
	WRITE_ONCE(p->kind, RINGLET_EVTCHN_FREE);
}

s64 event_close(struct domain *d, u32 port)
{
	struct event_port *p;
	struct domain *r;

	for (;;) {
		lock(&d->events.lock);
		p = port_of(d, port);
		if (!p || p->kind == RINGLET_EVTCHN_FREE) {
			unlock(&d->events.lock);
			return -EINVAL;
		}
		if (p->kind != RINGLET_EVTCHN_INTERDOMAIN) {
			release(d, p, NULL);
			clear_pending(d, port);
			unlock(&d->events.lock);
			return 0;
		}
		/* The other end is needed too, in the right order: it is there,
		 * as it is in the list as long as a port of it is bound. */
		r = domain_find(d, p->remote);
		unlock(&d->events.lock);
		ASSERT(r);
		lock_both(d, r);
		if (p->kind == RINGLET_EVTCHN_INTERDOMAIN &&
		    p->remote == r->id) {
			release(d, p, r);
			clear_pending(d, port);
			unlock_both(d, r);
			return 0;
		}
		unlock_both(d, r);
	}
}

bool event_destroy(struct domain *d)
{
	u32 port;

	lock(&d->events.lock);
	d->events.closed = true;
	unlock(&d->events.lock);
	for (port = 1; port < RINGLET_EVTCHN_PORTS; port++)
		if (port_of(d, port) && !event_close(d, port) &&
		    work_expired())
			return false;
	for (port = 0; port < EVENT_PAGES; port++) {
		struct event_port *page = d->events.page[port];

		if (!page)
			continue;
		WRITE_ONCE(d->events.page[port], NULL);
		frame_retire_hv(virt_to_mfn(page), 0);
		__atomic_fetch_sub(&d->hv_pages, 1, __ATOMIC_RELAXED);
	}
	return true;
}

s64 event_send(struct domain *d, u32 port)
{
	struct domain *r = d;
	struct event_port *p;
	u32 target = port;
	s64 ret = 0;

	lock(&d->events.lock);
	p = port_of(d, port);
	switch (p ? p->kind : RINGLET_EVTCHN_FREE) {
	case RINGLET_EVTCHN_UNBOUND:
		r = NULL;
		break;
	case RINGLET_EVTCHN_INTERDOMAIN:
		r = domain_find(d, p->remote);
		target = p->remote_port;
		break;
	case RINGLET_EVTCHN_IPI:
		break;
	default:
		ret = -EINVAL;
		r = NULL;
		break;
	}
	unlock(&d->events.lock);
	if (r) {
		perf_inc(d, events_sent);
		trace(this_pcpu()->current, event_send, port, r->id);
		event_set(r, target);
	}
	return ret;
}

s64 event_unmask(struct domain *d, u32 port)
{
	struct ringlet_shared *s = READ_ONCE(d->shared);
	struct event_port *p = port_of(d, port);

	if (!s || !p || READ_ONCE(p->kind) == RINGLET_EVTCHN_FREE)
		return -EINVAL;
	__atomic_fetch_and(&s->evtchn_mask[port / 64], ~bit_of(port),
			   __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&s->evtchn_pending[port / 64], __ATOMIC_SEQ_CST) &
	    bit_of(port))
		notify(d, port, READ_ONCE(p->vcpu));
	return 0;
}

s64 event_status(struct domain *caller, u32 domain, u32 port)
{
	struct domain *d = domain_find(caller, domain);
	struct event_port *p;

	if (d != caller && !caller->control)
		return -EPERM;
	if (!d)
		return -ESRCH;
	if (port >= RINGLET_EVTCHN_PORTS)
		return -EINVAL;
	p = port_of(d, port);
	return p ? (s64)(READ_ONCE(p->kind) | (u32)READ_ONCE(p->vcpu) << 16) :
		   RINGLET_EVTCHN_FREE;
}
