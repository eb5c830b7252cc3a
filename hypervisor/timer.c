// SPDX-License-Identifier: GPL-2.0-only
/* One-shot timers of vCPUs, in a list for each pCPU. */
#include "timer.h"
#include "domain.h"
#include "percpu.h"
#include "time.h"

/* Timers expired at once; the rest at the interrupt that follows. */
#define EXPIRE_BATCH 64

void timer_pcpu_init(struct pcpu *p)
{
	lock_init(&p->timers.lock, LOCK_TIMER);
	p->timers.first = NULL;
}

/* Under the lock of the list. */
static void insert(struct timer_pcpu *t, struct vcpu *v)
{
	struct vcpu **link;

	for (link = &t->first;
	     *link && (*link)->timer.deadline <= v->timer.deadline;
	     link = &(*link)->timer.next)
		;
	v->timer.next = *link;
	*link = v;
	v->timer.armed = true;
}

static void remove(struct timer_pcpu *t, struct vcpu *v)
{
	struct vcpu **link;

	for (link = &t->first; *link != v; link = &(*link)->timer.next)
		;
	*link = v->timer.next;
	v->timer.armed = false;
}

void timer_cancel(struct vcpu *v)
{
	struct timer_pcpu *t;
	u32 pcpu;

	/* The list can change only while the vCPU itself runs timer_set(). */
	for (;;) {
		pcpu = READ_ONCE(v->timer.pcpu);
		t = &pcpus[pcpu].timers;
		lock(&t->lock);
		if (pcpu == v->timer.pcpu)
			break;
		unlock(&t->lock);
	}
	if (v->timer.armed)
		remove(t, v);
	unlock(&t->lock);
}

void timer_set(struct vcpu *v, u64 deadline)
{
	struct pcpu *p = this_pcpu();

	timer_cancel(v);
	lock(&p->timers.lock);
	v->timer.pcpu = p->id;
	v->timer.deadline = deadline;
	insert(&p->timers, v);
	unlock(&p->timers.lock);
	timer_rearm();
}

void timer_rearm(void)
{
	struct pcpu *p = this_pcpu();
	u64 next = p->sched.alarm;

	lock(&p->timers.lock);
	if (p->timers.first &&
	    (!next || p->timers.first->timer.deadline < next))
		next = p->timers.first->timer.deadline;
	unlock(&p->timers.lock);
	timer_hw_arm(next);
}

void timer_expire(void)
{
	struct timer_pcpu *t = &this_pcpu()->timers;
	u64 now = time_ns();
	struct vcpu *v;
	u32 i;

	for (i = 0; i < EXPIRE_BATCH; i++) {
		lock(&t->lock);
		v = t->first;
		if (v && v->timer.deadline <= now)
			remove(t, v);
		else
			v = NULL;
		unlock(&t->lock);
		if (!v)
			break;
		perf_inc(v->domain, timers);
		event_raise_virq(v, RINGLET_VIRQ_TIMER);
	}
	sched_tick(now);
	timer_rearm();
}
