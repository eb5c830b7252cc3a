// SPDX-License-Identifier: GPL-2.0-only
/*
 * The weighted-fair scheduler; see sched.h.
 *
 * A vCPU's scheduling state belongs to the queue lock of the pCPU that it is
 * assigned to. It changes pCPU only while it is neither queued nor running, or
 * when an idle pCPU steals it, under the lock of the queue it leaves.
 */
#include "sched.h"
#include "domain.h"
#include "panic.h"
#include "percpu.h"
#include "time.h"

static bool may_run(const struct domain *d)
{
	return !READ_ONCE(d->pause_count) && !READ_ONCE(d->shutdown);
}

void sched_pcpu_init(struct pcpu *p)
{
	lock_init(&p->sched.lock, LOCK_SCHED);
}

void sched_domain_init(struct domain *d, u32 weight)
{
	d->sched.weight = weight;
}

u32 sched_domain_weight(const struct domain *d)
{
	return READ_ONCE(d->sched.weight);
}

void sched_domain_set_weight(struct domain *d, u32 weight)
{
	WRITE_ONCE(d->sched.weight, weight);
}

void sched_vcpu_init(struct vcpu *v)
{
	v->sched.state = SCHED_OFFLINE;
	v->sched.since = time_ns();
	v->sched.pcpu = nr_pcpus ? v->id % nr_pcpus : 0;
}

/* Lock the queue that v belongs to. */
static struct sched_pcpu *lock_queue_of(struct vcpu *v)
{
	struct sched_pcpu *q;
	u32 pcpu;

	for (;;) {
		pcpu = READ_ONCE(v->sched.pcpu);
		q = &pcpus[pcpu].sched;
		lock(&q->lock);
		if (pcpu == v->sched.pcpu)
			return q;
		unlock(&q->lock);
	}
}

/* Charge the time since the last accounting to the present state. */
static void account(struct vcpu *v, u64 now)
{
	struct sched_vcpu *s = &v->sched;
	u64 delta = now > s->since ? now - s->since : 0;

	s->time[s->state] += delta;
	if (s->state == SCHED_RUNNING)
		s->vruntime += delta * SCHED_WEIGHT /
			       sched_domain_weight(v->domain);
	s->since = now;
}

static void set_state(struct vcpu *v, enum sched_state state, u64 now)
{
	account(v, now);
	v->sched.state = state;
}

static void enqueue(struct sched_pcpu *q, struct vcpu *v)
{
	struct vcpu **link;

	ASSERT(!v->sched.queued && v->sched.state == SCHED_RUNNABLE);
	/* Who slept, or came from elsewhere, does not bring old claims. */
	if (v->sched.vruntime + SCHED_CREDIT_NS < q->min_vruntime)
		v->sched.vruntime = q->min_vruntime - SCHED_CREDIT_NS;
	for (link = &q->queue;
	     *link && (*link)->sched.vruntime <= v->sched.vruntime;
	     link = &(*link)->sched.next)
		;
	v->sched.next = *link;
	*link = v;
	v->sched.queued = true;
	q->queued++;
}

static void dequeue(struct sched_pcpu *q, struct vcpu *v)
{
	struct vcpu **link;

	for (link = &q->queue; *link != v; link = &(*link)->sched.next)
		;
	*link = v->sched.next;
	v->sched.queued = false;
	q->queued--;
}

/* Should v, just queued on p, run before what runs there? */
static bool preempts(const struct pcpu *p, const struct vcpu *v, u64 now)
{
	const struct vcpu *c = READ_ONCE(p->current);
	u64 run;

	if (!c || c->sched.state != SCHED_RUNNING)
		return true;
	run = now > c->sched.since ? now - c->sched.since : 0;
	return v->sched.vruntime + SCHED_PREEMPT_NS <
	       c->sched.vruntime + run * SCHED_WEIGHT /
					   sched_domain_weight(c->domain);
}

/* The pCPU to wake v on: its own, unless another is idle and its own is not. */
static u32 choose_pcpu(const struct vcpu *v)
{
	u32 own = v->sched.pcpu, i;

	if (!READ_ONCE(pcpus[own].current) || v->sched.on_pcpu)
		return own;
	for (i = 0; i < nr_pcpus; i++)
		if (!READ_ONCE(pcpus[i].current) &&
		    !READ_ONCE(pcpus[i].sched.queued))
			return i;
	return own;
}

/* v is RUNNABLE, not queued, and locked by q: to a queue. Unlocks. */
static void place(struct sched_pcpu *q, struct vcpu *v, u64 now)
{
	u32 target = choose_pcpu(v);
	struct pcpu *p;
	bool kick;

	if (target != v->sched.pcpu) {
		/* Relative to the queue it goes to. */
		u64 ahead = v->sched.vruntime > q->min_vruntime ?
				    v->sched.vruntime - q->min_vruntime : 0;

		WRITE_ONCE(v->sched.pcpu, target);
		unlock(&q->lock);
		q = &pcpus[target].sched;
		lock(&q->lock);
		/* Somebody else may have dealt with it meanwhile. */
		if (v->sched.pcpu != target || v->sched.queued ||
		    v->sched.state != SCHED_RUNNABLE || !may_run(v->domain)) {
			unlock(&q->lock);
			return;
		}
		v->sched.vruntime = q->min_vruntime + ahead;
	}
	p = &pcpus[target];
	enqueue(q, v);
	/* Without a slice the current one would never be asked to leave. */
	kick = preempts(p, v, now) || !q->slice_end;
	if (kick)
		WRITE_ONCE(q->needed, true);
	unlock(&q->lock);
	if (kick && p != this_pcpu())
		pcpu_kick(target);
}

void sched_wake(struct vcpu *v)
{
	struct sched_pcpu *q = lock_queue_of(v);
	u64 now = time_ns();

	if (v->sched.state != SCHED_BLOCKED) {
		unlock(&q->lock);
		return;
	}
	set_state(v, SCHED_RUNNABLE, now);
	if (may_run(v->domain))
		place(q, v, now);
	else
		unlock(&q->lock);
}

void sched_kick(struct vcpu *v)
{
	u32 pcpu = READ_ONCE(v->sched.pcpu);

	if (&pcpus[pcpu] != this_pcpu() && READ_ONCE(pcpus[pcpu].current) == v)
		pcpu_kick(pcpu);
}

void sched_block(struct vcpu *v)
{
	struct sched_pcpu *q = lock_queue_of(v);

	/* The sender sets 'pending' before it looks at the state. */
	if (!__atomic_load_n(&v->page->pending, __ATOMIC_SEQ_CST)) {
		set_state(v, SCHED_BLOCKED, time_ns());
		q->needed = true;
	}
	unlock(&q->lock);
}

void sched_yield(void)
{
	struct pcpu *p = this_pcpu();

	lock(&p->sched.lock);
	p->current->sched.yielded = true;
	p->sched.needed = true;
	unlock(&p->sched.lock);
}

void sched_vcpu_online(struct vcpu *v)
{
	struct sched_pcpu *q = lock_queue_of(v);
	u64 now = time_ns();

	if (v->sched.state != SCHED_OFFLINE) {
		unlock(&q->lock);
		return;
	}
	set_state(v, SCHED_RUNNABLE, now);
	if (may_run(v->domain))
		place(q, v, now);
	else
		unlock(&q->lock);
}

void sched_vcpu_offline(struct vcpu *v)
{
	struct sched_pcpu *q = lock_queue_of(v);

	set_state(v, SCHED_OFFLINE, time_ns());
	q->needed = true;
	unlock(&q->lock);
}

bool sched_vcpu_is_off(const struct vcpu *v)
{
	return !__atomic_load_n(&v->sched.on_pcpu, __ATOMIC_ACQUIRE);
}

bool sched_needed(void)
{
	return READ_ONCE(this_pcpu()->sched.needed);
}

void sched_tick(u64 now)
{
	struct sched_pcpu *q = &this_pcpu()->sched;

	if (q->slice_end && now >= q->slice_end)
		WRITE_ONCE(q->needed, true);
}

/* First in the queue whose state is saved, or which is 'self'. */
static struct vcpu *first_free(struct sched_pcpu *q, const struct vcpu *self)
{
	struct vcpu *v;

	for (v = q->queue; v; v = v->sched.next)
		if (v == self ||
		    !__atomic_load_n(&v->sched.on_pcpu, __ATOMIC_ACQUIRE))
			return v;
	return NULL;
}

/* Take a vCPU from the longest queue of another pCPU. No lock held. */
static struct vcpu *steal(struct pcpu *p)
{
	struct sched_pcpu *q;
	struct vcpu *v;
	u32 i, from = p->id, most = 0;

	for (i = 0; i < nr_pcpus; i++) {
		u32 n = READ_ONCE(pcpus[i].sched.queued);

		if (i != p->id && n > most) {
			most = n;
			from = i;
		}
	}
	if (from == p->id)
		return NULL;
	q = &pcpus[from].sched;
	lock(&q->lock);
	v = first_free(q, NULL);
	if (v) {
		u64 ahead = v->sched.vruntime > q->min_vruntime ?
				    v->sched.vruntime - q->min_vruntime : 0;

		dequeue(q, v);
		v->sched.vruntime = p->sched.min_vruntime + ahead;
		v->sched.on_pcpu = true;
		WRITE_ONCE(v->sched.pcpu, p->id);
	}
	unlock(&q->lock);
	return v;
}

/* Under the lock: the current vCPU goes on, back into the queue, or away. */
static void put_current(struct sched_pcpu *q, struct vcpu *v, u64 now)
{
	struct vcpu *first;

	if (v->sched.state != SCHED_RUNNING) {
		account(v, now);
		return;
	}
	set_state(v, SCHED_RUNNABLE, now);
	if (!may_run(v->domain))
		return;
	first = q->queue;
	/* Who yields goes behind the one that is next. */
	if (v->sched.yielded && first && v->sched.vruntime <= first->sched.vruntime)
		v->sched.vruntime = first->sched.vruntime + 1;
	v->sched.yielded = false;
	enqueue(q, v);
}

struct vcpu *sched_pick(void)
{
	struct pcpu *p = this_pcpu();
	struct sched_pcpu *q = &p->sched;
	struct vcpu *v, *current = p->current;
	u64 now = time_ns();

	lock(&q->lock);
	q->needed = false;
	if (current)
		put_current(q, current, now);
	v = first_free(q, current);
	if (v) {
		dequeue(q, v);
	} else {
		unlock(&q->lock);
		v = steal(p);
		lock(&q->lock);
		/* It may have been stopped, and started again, while no lock
		 * was held. */
		if (v && v->sched.queued)
			dequeue(q, v);
		if (v && (!may_run(v->domain) ||
			  v->sched.state != SCHED_RUNNABLE)) {
			__atomic_store_n(&v->sched.on_pcpu, false,
					 __ATOMIC_RELEASE);
			q->needed = true;
			v = NULL;
		}
	}
	q->slice_end = 0;
	if (v) {
		v->sched.on_pcpu = true;
		set_state(v, SCHED_RUNNING, now);
		if (v->sched.vruntime > q->min_vruntime)
			q->min_vruntime = v->sched.vruntime;
		if (q->queue)
			q->slice_end = now + SCHED_SLICE_NS;
		v->page->time_running = v->sched.time[SCHED_RUNNING];
		v->page->time_runnable = v->sched.time[SCHED_RUNNABLE];
		v->page->time_blocked = v->sched.time[SCHED_BLOCKED];
		v->page->time_offline = v->sched.time[SCHED_OFFLINE];
	}
	unlock(&q->lock);
	timer_rearm();
	return v;
}

void sched_switch_done(struct vcpu *prev)
{
	struct sched_pcpu *q = &this_pcpu()->sched;

	__atomic_store_n(&prev->sched.on_pcpu, false, __ATOMIC_RELEASE);
	/* Others could not take it while it was being saved. */
	if (prev->sched.queued && (!this_pcpu()->current || !q->slice_end))
		WRITE_ONCE(q->needed, true);
}

void sched_domain_stop(struct domain *d)
{
	struct sched_pcpu *q;
	struct vcpu *v;
	u32 i, pcpu;

	for (i = 0; i < d->nr_vcpus; i++) {
		v = d->vcpus[i];
		if (!v)
			continue;
		q = lock_queue_of(v);
		pcpu = v->sched.pcpu;
		if (v->sched.queued)
			dequeue(q, v);
		if (v->sched.on_pcpu) {
			WRITE_ONCE(q->needed, true);
			if (&pcpus[pcpu] != this_pcpu())
				pcpu_kick(pcpu);
		}
		unlock(&q->lock);
	}
}

void sched_domain_wait(struct domain *d)
{
	u32 i;

	lock_check_none();
	for (i = 0; i < d->nr_vcpus; i++)
		while (d->vcpus[i] && !sched_vcpu_is_off(d->vcpus[i]))
			cpu_relax();
}

void sched_domain_pause(struct domain *d)
{
	sched_domain_stop(d);
	sched_domain_wait(d);
}

void sched_domain_unpause(struct domain *d)
{
	struct sched_pcpu *q;
	struct vcpu *v;
	u32 i;

	for (i = 0; i < d->nr_vcpus; i++) {
		v = d->vcpus[i];
		if (!v)
			continue;
		q = lock_queue_of(v);
		if (v->sched.state == SCHED_RUNNABLE && !v->sched.queued &&
		    may_run(d))
			place(q, v, time_ns());
		else
			unlock(&q->lock);
	}
}

void sched_vcpu_info(struct vcpu *v, struct ringlet_vcpu_info *info)
{
	struct sched_pcpu *q = lock_queue_of(v);

	account(v, time_ns());
	memset(info, 0, sizeof(*info));
	info->online = v->sched.state != SCHED_OFFLINE;
	info->running = v->sched.state == SCHED_RUNNING;
	info->blocked = v->sched.state == SCHED_BLOCKED;
	info->pcpu = v->sched.pcpu;
	info->time_running = v->sched.time[SCHED_RUNNING];
	info->time_runnable = v->sched.time[SCHED_RUNNABLE];
	info->time_blocked = v->sched.time[SCHED_BLOCKED];
	unlock(&q->lock);
}
