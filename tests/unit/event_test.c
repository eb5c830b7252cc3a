/* SPDX-License-Identifier: GPL-2.0-only */
/* Event channels: every result of every operation. */
#include <check.h>
#include <stdlib.h>

#include "host_hv.h"
#include "time.h"

#define NR_DOMS 4

static struct domain *doms[NR_DOMS];	/* 0 is the control domain */
static u32 unbound_pirq;
static u64 now;

u64 time_ns(void)
{
	return now;
}

void timer_hw_arm(u64 deadline_ns)
{
	(void)deadline_ns;
}

void pcpu_kick(u32 cpu)
{
	(void)cpu;
}

void pirq_unbind(u32 pirq)
{
	unbound_pirq = pirq;
}

struct domain *domain_find(struct domain *caller, u32 id)
{
	if (id == RINGLET_DOMID_SELF)
		return caller;
	return id < NR_DOMS ? doms[id] : NULL;
}

static struct domain *make(u32 id, u32 vcpus)
{
	static u64 serial;
	struct domain *d = calloc(1, sizeof(*d));

	d->id = id;
	d->serial = ++serial;
	d->control = !id;
	d->nr_vcpus = vcpus;
	d->shared = calloc(1, sizeof(*d->shared));
	lock_init(&d->lock, LOCK_DOMAIN);
	sched_domain_init(d, 256);
	ck_assert_int_eq(event_init(d), 0);
	for (u32 i = 0; i < vcpus; i++) {
		struct vcpu *v = aligned_alloc(16, ALIGN_UP(sizeof(*v), 16));

		memset(v, 0, sizeof(*v));
		v->domain = d;
		v->id = i;
		v->page = calloc(1, sizeof(*v->page));
		sched_vcpu_init(v);
		d->vcpus[i] = v;
	}
	doms[id] = d;
	return d;
}

static void gone(u32 id)
{
	free(doms[id]->shared);
	host_domain_free(doms[id]);
	doms[id] = NULL;
}

static void setup(void)
{
	host_machine_ram(2, 32UL << 20);
	now = 1000;
	unbound_pirq = ~0U;
	for (u32 i = 0; i < 2; i++) {
		sched_pcpu_init(&pcpus[i]);
		timer_pcpu_init(&pcpus[i]);
	}
	make(0, 2);
	make(1, 2);
	make(2, 1);
}

static void teardown(void)
{
	for (u32 i = 0; i < NR_DOMS; i++) {
		if (!doms[i])
			continue;
		event_destroy(doms[i]);
		ck_assert_uint_eq(doms[i]->hv_pages, 0);
	}
	for (u32 i = 0; i < NR_DOMS; i++) {
		if (doms[i])
			gone(i);
	}
}

static bool pending(u32 id, u32 port)
{
	return doms[id]->shared->evtchn_pending[port / 64] >> port % 64 & 1;
}

static void clear(u32 id, u32 port)
{
	doms[id]->shared->evtchn_pending[port / 64] &= ~(1UL << port % 64);
}

/* A port that is connected with one of another domain. */
static u32 connect(u32 from, u32 to, u32 *their_port)
{
	s64 a = event_alloc(doms[to], RINGLET_DOMID_SELF, from), b;

	ck_assert_int_gt(a, 0);
	b = event_bind_interdomain(doms[from], to, (u32)a);
	ck_assert_int_gt(b, 0);
	*their_port = (u32)a;
	return (u32)b;
}

static u32 kind(u32 id, u32 port)
{
	return (u32)event_status(doms[id], RINGLET_DOMID_SELF, port) & 0xffff;
}

START_TEST(alloc_errors)
{
	ck_assert_int_eq(event_alloc(doms[1], RINGLET_DOMID_SELF, 3), -ESRCH);
	ck_assert_int_eq(event_alloc(doms[0], 3, 1), -ESRCH);
	ck_assert_int_eq(event_alloc(doms[1], 2, 1), -EPERM);
	ck_assert_int_eq(event_alloc(doms[1], 0, 1), -EPERM);
	ck_assert_int_gt(event_alloc(doms[1], 1, 2), 0);
	ck_assert_int_gt(event_alloc(doms[0], 1, 2), 0);
	ck_assert_int_gt(event_alloc(doms[1], RINGLET_DOMID_SELF,
				     RINGLET_DOMID_SELF), 0);
	/* A domain that is being destroyed is as good as gone. */
	event_destroy(doms[2]);
	ck_assert_int_eq(event_alloc(doms[0], 2, 1), -ESRCH);
}
END_TEST

START_TEST(all_ports)
{
	s64 port;

	for (u32 i = 1; i < RINGLET_EVTCHN_PORTS; i++) {
		port = event_bind_ipi(doms[1], 1);
		if (port != i)
			ck_abort_msg("port %u is %ld", i, (long)port);
	}
	ck_assert_uint_eq(doms[1]->hv_pages, EVENT_PAGES);
	ck_assert_int_eq(event_bind_ipi(doms[1], 0), -ENOSPC);
	ck_assert_int_eq(event_alloc(doms[1], 1, 1), -ENOSPC);
	ck_assert_int_eq(event_bind_virq(doms[1], RINGLET_VIRQ_CONSOLE, 0),
			 -ENOSPC);
	ck_assert_int_eq(event_bind_virq(doms[1], RINGLET_VIRQ_TIMER, 0),
			 -ENOSPC);
	ck_assert_int_eq(event_bind_pirq(doms[1], 3), -ENOSPC);
	port = event_alloc(doms[2], 2, 1);
	ck_assert_int_eq(event_bind_interdomain(doms[1], 2, (u32)port),
			 -ENOSPC);
	ck_assert_uint_eq(kind(2, (u32)port), RINGLET_EVTCHN_UNBOUND);
	ck_assert_int_eq(event_close(doms[1], 4095), 0);
	ck_assert_int_eq(event_bind_interdomain(doms[1], 2, (u32)port), 4095);
}
END_TEST

START_TEST(no_memory)
{
	while (frame_alloc_hv(0).n != MFN_NONE.n)
		;
	ck_assert_int_eq(event_alloc(doms[1], 1, 2), -ENOSPC);
	ck_assert_int_eq(event_bind_ipi(doms[1], 0), -ENOSPC);
	ck_assert_uint_eq(doms[1]->hv_pages, 0);
}
END_TEST

START_TEST(interdomain)
{
	u32 theirs, ours, other;
	s64 port;

	ck_assert_int_eq(event_bind_interdomain(doms[1], 3, 1), -ESRCH);
	ck_assert_int_eq(event_bind_interdomain(doms[1], 2, 1), -EINVAL);
	ck_assert_int_eq(event_bind_interdomain(doms[1], 2, 0), -EINVAL);
	ck_assert_int_eq(event_bind_interdomain(doms[1], 2, 4096), -EINVAL);
	ck_assert_int_eq(event_bind_interdomain(doms[1], 2, ~0U), -EINVAL);
	/* Not for the caller. */
	port = event_alloc(doms[2], 2, 0);
	ck_assert_int_eq(event_bind_interdomain(doms[1], 2, (u32)port), -EINVAL);
	/* Not unbound. */
	port = event_bind_ipi(doms[2], 0);
	ck_assert_int_eq(event_bind_interdomain(doms[1], 2, (u32)port), -EINVAL);

	ours = connect(1, 2, &theirs);
	ck_assert(pending(1, ours));
	ck_assert(!pending(2, theirs));
	ck_assert_uint_eq(kind(1, ours), RINGLET_EVTCHN_INTERDOMAIN);
	ck_assert_uint_eq(kind(2, theirs), RINGLET_EVTCHN_INTERDOMAIN);
	ck_assert_int_eq(event_bind_interdomain(doms[1], 2, theirs), -EINVAL);
	clear(1, ours);
	ck_assert_int_eq(event_send(doms[1], ours), 0);
	ck_assert(pending(2, theirs) && !pending(1, ours));
	ck_assert_int_eq(event_send(doms[2], theirs), 0);
	ck_assert(pending(1, ours));

	/* Closing leaves the other side unbound, for the same domain. */
	ck_assert_int_eq(event_close(doms[1], ours), 0);
	ck_assert(!pending(1, ours));
	ck_assert_uint_eq(kind(2, theirs), RINGLET_EVTCHN_UNBOUND);
	ck_assert_int_eq(event_send(doms[2], theirs), 0);
	ck_assert(!pending(1, ours));
	ck_assert_int_eq(event_bind_interdomain(doms[0], 2, theirs), -EINVAL);
	ck_assert_int_gt(event_bind_interdomain(doms[1], 2, theirs), 0);

	/* Both ends in one domain. */
	ours = connect(1, 1, &other);
	clear(1, ours);
	ck_assert_int_eq(event_send(doms[1], ours), 0);
	ck_assert(pending(1, other) && !pending(1, ours));
	ck_assert_int_eq(event_close(doms[1], other), 0);
	ck_assert_uint_eq(kind(1, ours), RINGLET_EVTCHN_UNBOUND);
}
END_TEST

START_TEST(virqs)
{
	s64 port, timer0, timer1;

	ck_assert_int_eq(event_bind_virq(doms[1], RINGLET_NR_VIRQS, 0), -ENOENT);
	ck_assert_int_eq(event_bind_virq(doms[1], ~0U, 0), -ENOENT);
	ck_assert_int_eq(event_bind_virq(doms[1], RINGLET_VIRQ_CONSOLE, 2),
			 -ENOENT);
	ck_assert_int_eq(event_bind_virq(doms[1], RINGLET_VIRQ_DOMAIN, 0),
			 -EPERM);
	ck_assert_int_eq(event_bind_virq(doms[1], RINGLET_VIRQ_DOMAIN_CONSOLE,
					 0), -EPERM);
	ck_assert(!event_raise_domain_virq(doms[1], RINGLET_VIRQ_CONSOLE));
	ck_assert(!event_raise_virq(doms[1]->vcpus[0], RINGLET_VIRQ_TIMER));
	ck_assert_int_gt(event_bind_virq(doms[0], RINGLET_VIRQ_DOMAIN, 0), 0);

	port = event_bind_virq(doms[1], RINGLET_VIRQ_CONSOLE, 1);
	ck_assert_int_gt(port, 0);
	ck_assert_int_eq(event_status(doms[1], 1, (u32)port),
			 RINGLET_EVTCHN_VIRQ | 1 << 16);
	ck_assert_int_eq(event_bind_virq(doms[1], RINGLET_VIRQ_CONSOLE, 0),
			 -EEXIST);
	timer0 = event_bind_virq(doms[1], RINGLET_VIRQ_TIMER, 0);
	timer1 = event_bind_virq(doms[1], RINGLET_VIRQ_TIMER, 1);
	ck_assert(timer0 > 0 && timer1 > 0 && timer0 != timer1);
	ck_assert_int_eq(event_bind_virq(doms[1], RINGLET_VIRQ_TIMER, 1),
			 -EEXIST);
	ck_assert(event_raise_virq(doms[1]->vcpus[1], RINGLET_VIRQ_TIMER));
	ck_assert(pending(1, (u32)timer1) && !pending(1, (u32)timer0));
	ck_assert_uint_eq(doms[1]->vcpus[1]->page->pending, 1);
	ck_assert_uint_eq(doms[1]->vcpus[1]->page->evtchn_sel, 1);
	ck_assert_uint_eq(doms[1]->vcpus[0]->page->pending, 0);
	ck_assert(event_raise_domain_virq(doms[1], RINGLET_VIRQ_CONSOLE));
	ck_assert(pending(1, (u32)port));

	ck_assert_int_eq(event_send(doms[1], (u32)port), -EINVAL);
	ck_assert_int_eq(event_close(doms[1], (u32)port), 0);
	ck_assert(!event_raise_domain_virq(doms[1], RINGLET_VIRQ_CONSOLE));
	ck_assert_int_eq(event_close(doms[1], (u32)timer1), 0);
	ck_assert(!event_raise_virq(doms[1]->vcpus[1], RINGLET_VIRQ_TIMER));
	ck_assert(event_raise_virq(doms[1]->vcpus[0], RINGLET_VIRQ_TIMER));
	ck_assert_int_gt(event_bind_virq(doms[1], RINGLET_VIRQ_TIMER, 1), 0);
}
END_TEST

START_TEST(ipis_and_pirqs)
{
	s64 ipi, pirq;

	ck_assert_int_eq(event_bind_ipi(doms[1], 2), -ENOENT);
	ck_assert_int_eq(event_bind_ipi(doms[1], ~0U), -ENOENT);
	ipi = event_bind_ipi(doms[1], 1);
	ck_assert_int_eq(event_send(doms[1], (u32)ipi), 0);
	ck_assert(pending(1, (u32)ipi));
	ck_assert_uint_eq(doms[1]->vcpus[1]->page->pending, 1);
	ck_assert_uint_eq(doms[1]->vcpus[0]->page->pending, 0);

	pirq = event_bind_pirq(doms[0], 17);
	ck_assert_uint_eq(kind(0, (u32)pirq), RINGLET_EVTCHN_PIRQ);
	ck_assert_int_eq(event_send(doms[0], (u32)pirq), -EINVAL);
	event_set(doms[0], (u32)pirq);
	ck_assert(pending(0, (u32)pirq));
	ck_assert_int_eq(event_close(doms[0], (u32)pirq), 0);
	ck_assert_uint_eq(unbound_pirq, 17);
	event_set(doms[0], (u32)pirq);
	ck_assert(!pending(0, (u32)pirq));
}
END_TEST

START_TEST(bind_vcpu)
{
	u32 theirs, ours = connect(1, 2, &theirs);
	s64 port;

	ck_assert_int_eq(event_bind_vcpu(doms[1], ours, 2), -ENOENT);
	ck_assert_int_eq(event_bind_vcpu(doms[1], 0, 0), -EINVAL);
	ck_assert_int_eq(event_bind_vcpu(doms[1], 200, 0), -EINVAL);
	ck_assert_int_eq(event_bind_vcpu(doms[1], 4096, 0), -EINVAL);
	port = event_bind_ipi(doms[1], 0);
	ck_assert_int_eq(event_bind_vcpu(doms[1], (u32)port, 1), -EINVAL);
	port = event_bind_virq(doms[1], RINGLET_VIRQ_TIMER, 0);
	ck_assert_int_eq(event_bind_vcpu(doms[1], (u32)port, 1), -EINVAL);
	port = event_bind_virq(doms[1], RINGLET_VIRQ_CONSOLE, 0);
	ck_assert_int_eq(event_bind_vcpu(doms[1], (u32)port, 1), 0);
	port = event_bind_pirq(doms[1], 1);
	ck_assert_int_eq(event_bind_vcpu(doms[1], (u32)port, 1), 0);
	port = event_alloc(doms[1], 1, 2);
	ck_assert_int_eq(event_bind_vcpu(doms[1], (u32)port, 1), 0);

	ck_assert_int_eq(event_bind_vcpu(doms[1], ours, 1), 0);
	clear(1, ours);
	ck_assert_uint_eq(doms[1]->vcpus[1]->page->pending, 0);
	event_send(doms[2], theirs);
	ck_assert_uint_eq(doms[1]->vcpus[1]->page->pending, 1);
	ck_assert_int_eq(event_status(doms[0], 1, ours),
			 RINGLET_EVTCHN_INTERDOMAIN | 1 << 16);
}
END_TEST

START_TEST(status_close_send_errors)
{
	ck_assert_int_eq(event_status(doms[1], 2, 1), -EPERM);
	ck_assert_int_eq(event_status(doms[0], 3, 1), -ESRCH);
	ck_assert_int_eq(event_status(doms[0], 1, 4096), -EINVAL);
	ck_assert_int_eq(event_status(doms[0], 1, 4095), RINGLET_EVTCHN_FREE);
	ck_assert_int_eq(event_status(doms[0], 1, 0), RINGLET_EVTCHN_FREE);
	ck_assert_int_eq(event_close(doms[1], 0), -EINVAL);
	ck_assert_int_eq(event_close(doms[1], 5), -EINVAL);
	ck_assert_int_eq(event_close(doms[1], 4096), -EINVAL);
	ck_assert_int_eq(event_send(doms[1], 0), -EINVAL);
	ck_assert_int_eq(event_send(doms[1], 7), -EINVAL);
	ck_assert_int_eq(event_send(doms[1], ~0U), -EINVAL);
	ck_assert_int_eq(event_unmask(doms[1], 0), -EINVAL);
	ck_assert_int_eq(event_unmask(doms[1], 9), -EINVAL);
	ck_assert_int_eq(event_unmask(doms[1], 4096), -EINVAL);
}
END_TEST

START_TEST(masks)
{
	struct ringlet_vcpu_page *page = doms[1]->vcpus[0]->page;
	struct ringlet_shared *s = doms[1]->shared;
	s64 port = event_bind_ipi(doms[1], 0);

	s->evtchn_mask[0] = ~0UL;
	ck_assert_int_eq(event_send(doms[1], (u32)port), 0);
	ck_assert(pending(1, (u32)port));
	ck_assert_uint_eq(page->pending, 0);
	ck_assert_uint_eq(page->evtchn_sel, 0);
	ck_assert_int_eq(event_unmask(doms[1], (u32)port), 0);
	ck_assert_uint_eq(s->evtchn_mask[0], ~(1UL << port));
	ck_assert_uint_eq(page->pending, 1);
	ck_assert_uint_eq(page->evtchn_sel, 1);
	/* Nothing pending: nothing to say. */
	page->pending = 0;
	page->evtchn_sel = 0;
	clear(1, (u32)port);
	ck_assert_int_eq(event_unmask(doms[1], (u32)port), 0);
	ck_assert_uint_eq(page->pending, 0);
	/* Already pending: the receiver knows. */
	event_send(doms[1], (u32)port);
	page->pending = 0;
	event_send(doms[1], (u32)port);
	ck_assert_uint_eq(page->pending, 0);
}
END_TEST

/* A domain that goes: its partners are unbound, its pirqs masked. */
START_TEST(destroyed_domain)
{
	u32 theirs, ours = connect(1, 2, &theirs);
	s64 unbound = event_alloc(doms[1], RINGLET_DOMID_SELF, 2);
	u32 frames;

	ck_assert_int_gt(unbound, 0);
	event_bind_pirq(doms[2], 11);
	event_bind_virq(doms[2], RINGLET_VIRQ_TIMER, 0);
	for (u32 i = 0; i < 300; i++)
		ck_assert_int_gt(event_bind_ipi(doms[2], 0), 0);
	frames = (u32)frame_limbo_pages();
	event_destroy(doms[2]);
	ck_assert_uint_eq(frame_limbo_pages(), frames + 2);
	ck_assert_uint_eq(doms[2]->hv_pages, 0);
	ck_assert_uint_eq(unbound_pirq, 11);
	ck_assert_uint_eq(doms[2]->vcpus[0]->virq_port[RINGLET_VIRQ_TIMER], 0);
	ck_assert_uint_eq(kind(1, ours), RINGLET_EVTCHN_UNBOUND);
	ck_assert_int_eq(event_send(doms[1], ours), 0);
	ck_assert_int_eq(event_bind_ipi(doms[2], 0), -ENOSPC);
	event_destroy(doms[2]);
	gone(2);

	/* Another domain with its identifier does not get its channels. */
	make(2, 1);
	ck_assert_int_eq(event_bind_interdomain(doms[2], 1, ours), -EINVAL);
	ck_assert_int_eq(event_bind_interdomain(doms[2], 1, (u32)unbound),
			 -EINVAL);
	ck_assert_int_eq(event_close(doms[1], ours), 0);
	ck_assert_int_eq(event_close(doms[1], (u32)unbound), 0);
}
END_TEST

/* A domain without a shared page gets nothing, and nothing breaks. */
START_TEST(no_shared_page)
{
	s64 port = event_bind_ipi(doms[1], 0);

	free(doms[1]->shared);
	doms[1]->shared = NULL;
	ck_assert_int_eq(event_send(doms[1], (u32)port), 0);
	ck_assert_int_eq(event_unmask(doms[1], (u32)port), -EINVAL);
	ck_assert_int_eq(event_close(doms[1], (u32)port), 0);
	ck_assert_uint_eq(doms[1]->vcpus[0]->page->pending, 0);
}
END_TEST

START_TEST(who_gets_upcalls)
{
	struct vcpu *v = doms[1]->vcpus[0];

	v->page->pending = 1;
	v->page->vif = 1;
	ck_assert(!vcpu_event_pending(v));
	doms[1]->entry_event = 0x1000;
	ck_assert(vcpu_event_pending(v));
	v->page->vif = 0;
	ck_assert(!vcpu_event_pending(v));
	v->regs.cs = 0x33;
	ck_assert(vcpu_event_pending(v));
	v->page->pending = 0;
	ck_assert(!vcpu_event_pending(v));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("event");
	TCase *tc = tcase_create("event");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, alloc_errors);
	tcase_add_test(tc, all_ports);
	tcase_add_test(tc, no_memory);
	tcase_add_test(tc, interdomain);
	tcase_add_test(tc, virqs);
	tcase_add_test(tc, ipis_and_pirqs);
	tcase_add_test(tc, bind_vcpu);
	tcase_add_test(tc, status_close_send_errors);
	tcase_add_test(tc, masks);
	tcase_add_test(tc, destroyed_domain);
	tcase_add_test(tc, no_shared_page);
	tcase_add_test(tc, who_gets_upcalls);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
