// SPDX-License-Identifier: GPL-2.0-only
/*
 * The weighted-fair scheduler; see sched.h.
 *
 * A vCPU's scheduling state belongs to the queue lock of the pCPU that it is
 * assigned to (sched.pcpu). It is assigned to another one under that lock, and
 * only while no pCPU has its registers. Then it is in no queue for a moment: who
 * put it there, and whoever finds it runnable and not queued, puts it into the
 * new one (settle), and it does not matter who comes first.
 *
 * No vCPU waits while a pCPU is idle. A pCPU first says that it is idle and then
 * looks into the queues of others; who puts a vCPU into the queue of a busy pCPU
 * looks for idle ones afterwards (call_idle). One of the two sees the other.
 */
#include "sched.h"
#include "domain.h"
#include "panic.h"
#include "percpu.h"
#include "sched_random.h"
#include "time.h"

/* The highest virtual run time that was picked: where the front runs. Atomic. */
static u64 frontier;

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
	d->sched.active = 0;
}

u32 sched_domain_weight(const struct domain *d)
{
	return READ_ONCE(d->sched.weight);
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
		if (pcpu == READ_ONCE(v->sched.pcpu))
			return q;
		unlock(&q->lock);
	}
}

/*
 * Virtual time of 'delta' ns on a pCPU. The domain's vCPUs share its weight, so
 * that having many of them is no advantage.
 */
static u64 virtual_time(const struct vcpu *v, u64 delta)
{
	const struct sched_domain *s = &v->domain->sched;
	u32 active = __atomic_load_n(&s->active, __ATOMIC_RELAXED);

	return delta * SCHED_WEIGHT * MAX(active, 1U) / READ_ONCE(s->weight);
}

/* Charge the time since the last accounting to the present state. */
static void account(struct vcpu *v, u64 now)
{
	struct sched_vcpu *s = &v->sched;

	/* Somebody else may have done it at a later 'now'. */
	if (now <= s->since)
		return;
	s->time[s->state] += now - s->since;
	if (s->state == SCHED_RUNNING)
		s->vruntime += virtual_time(v, now - s->since);
	s->since = now;
}

static bool is_active(enum sched_state state)
{
	return state == SCHED_RUNNABLE || state == SCHED_RUNNING;
}

static void set_state(struct vcpu *v, enum sched_state state, u64 now)
{
	u32 *active = &v->domain->sched.active;

	account(v, now);
	if (is_active(state) && !is_active(v->sched.state))
		__atomic_fetch_add(active, 1, __ATOMIC_RELAXED);
	if (!is_active(state) && is_active(v->sched.state))
		__atomic_fetch_sub(active, 1, __ATOMIC_RELAXED);
	v->sched.state = state;
}

/* Who was away, or is always behind, keeps no more than this much of it. */
static void limit_lag(struct vcpu *v, u64 lag)
{
	u64 front = __atomic_load_n(&frontier, __ATOMIC_RELAXED);

	if (v->sched.vruntime + lag < front)
		v->sched.vruntime = front - lag;
}

static void advance_frontier(u64 vruntime)
{
	u64 old = __atomic_load_n(&frontier, __ATOMIC_RELAXED);

	while (old < vruntime &&
	       !__atomic_compare_exchange_n(&frontier, &old, vruntime, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* Queues change under their locks; others look at these without them. */
static void publish(struct sched_pcpu *q, u32 queued)
{
	if (q->queue)
		WRITE_ONCE(q->first, q->queue->sched.vruntime);
	WRITE_ONCE(q->queued, queued);
}

static void enqueue(struct sched_pcpu *q, struct vcpu *v)
{
	struct vcpu **link;

	ASSERT(!v->sched.queued && v->sched.state == SCHED_RUNNABLE);
	for (link = &q->queue;
	     *link && (*link)->sched.vruntime <= v->sched.vruntime;
	     link = &(*link)->sched.next)
		;
	v->sched.next = *link;
	*link = v;
	v->sched.queued = true;
	publish(q, q->queued + 1);
}

static void dequeue(struct sched_pcpu *q, struct vcpu *v)
{
	struct vcpu **link;

	for (link = &q->queue; *link != v; link = &(*link)->sched.next)
		ASSERT(*link);
	*link = v->sched.next;
	v->sched.queued = false;
	publish(q, q->queued - 1);
}

/* Make a pCPU that is idle, and that nobody has called yet, look at the queues. */
static void call_idle(void)
{
	u32 i;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (i = 0; i < nr_pcpus; i++) {
		struct sched_pcpu *q = &pcpus[i].sched;

		if (READ_ONCE(q->running) ||
		    __atomic_exchange_n(&q->needed, true, __ATOMIC_SEQ_CST))
			continue;
		if (&pcpus[i] != this_pcpu())
			pcpu_kick(i);
		return;
	}
}

/*
 * How far v is behind what runs at q, or ~0 if nothing does. Without the lock a
 * hint: the vCPU seen there is still in memory, as quiesce.h says.
 */
static u64 behind(const struct sched_pcpu *q, const struct vcpu *v, u64 now)
{
	const struct vcpu *c = READ_ONCE(q->running);
	u64 since, at;

	if (!c || READ_ONCE(c->sched.state) != SCHED_RUNNING)
		return ~0UL;
	since = READ_ONCE(c->sched.since);
	at = READ_ONCE(c->sched.vruntime) +
	     virtual_time(c, now > since ? now - since : 0);
	return at > v->sched.vruntime ? at - v->sched.vruntime : 0;
}

/*
 * v was assigned to the pCPU 'target': into its queue, if that has not changed or
 * been done meanwhile. Returns true if it was this call that did it. wake: it may
 * run before what runs there.
 */
static bool settle(struct vcpu *v, u32 target, bool wake)
{
	struct sched_pcpu *q = &pcpus[target].sched;
	bool done = false, kick = false;

	lock(&q->lock);
	if (v->sched.pcpu == target && !v->sched.queued &&
	    v->sched.state == SCHED_RUNNABLE && may_run(v->domain)) {
		enqueue(q, v);
		done = true;
		kick = wake &&
		       behind(q, v, time_ns()) > SCHED_PREEMPT_NS;
		if (kick)
			WRITE_ONCE(q->needed, true);
	}
	unlock(&q->lock);
	if (kick && &pcpus[target] != this_pcpu())
		pcpu_kick(target);
	return done;
}

static bool is_idle(u32 pcpu)
{
	const struct sched_pcpu *q = &pcpus[pcpu].sched;

	return !READ_ONCE(q->running) && !READ_ONCE(q->queued);
}

/*
 * The pCPU to wake v on: its own, if it can run there at once; or one that is
 * idle; or else the one on which v is furthest behind what runs.
 */
static u32 choose_pcpu(const struct vcpu *v, u64 now)
{
	u32 own = v->sched.pcpu, best = own, i;
	u64 most;

	if (v->sched.on_pcpu || is_idle(own))
		return own;
	for (i = 0; i < nr_pcpus; i++)
		if (is_idle(i))
			return i;
	most = MAX(behind(&pcpus[own].sched, v, now), SCHED_PREEMPT_NS);
	if (most > SCHED_PREEMPT_NS)
		return own;
	for (i = 0; i < nr_pcpus; i++) {
		u64 far = behind(&pcpus[i].sched, v, now);

		if (far != ~0UL && far > most) {
			most = far;
			best = i;
		}
	}
	return best;
}

/* v became RUNNABLE under the lock of q: to a queue. Unlocks. */
static void place(struct sched_pcpu *q, struct vcpu *v, u64 now)
{
	u32 target;

	limit_lag(v, SCHED_CREDIT_NS);
	target = choose_pcpu(v, now);
	WRITE_ONCE(v->sched.pcpu, target);
	unlock(&q->lock);
	if (settle(v, target, true) && READ_ONCE(pcpus[target].sched.running))
		call_idle();
}

void sched_wake(struct vcpu *v)
{
	struct sched_pcpu *q = lock_queue_of(v);
	u32 pcpu = v->sched.pcpu;
	bool kick = false;
	u64 now;

	switch (v->sched.state) {
	case SCHED_BLOCKED:
		now = time_ns();
		set_state(v, SCHED_RUNNABLE, now);
		place(q, v, now);
		return;
	case SCHED_RUNNING:
		kick = &pcpus[pcpu] != this_pcpu();
		break;
	default:
		break;
	}
	unlock(&q->lock);
	if (kick)
		pcpu_kick(pcpu);
}

void sched_kick(struct vcpu *v)
{
	struct sched_pcpu *q = lock_queue_of(v);
	u32 pcpu = v->sched.pcpu;
	bool kick = v->sched.state == SCHED_RUNNING &&
		    &pcpus[pcpu] != this_pcpu();

	unlock(&q->lock);
	if (kick)
		pcpu_kick(pcpu);
}

void sched_block(struct vcpu *v)
{
	struct sched_pcpu *q = lock_queue_of(v);

	/* The sender sets 'pending' before it looks at the state. */
	if (!__atomic_load_n(&v->page->pending, __ATOMIC_SEQ_CST)) {
		set_state(v, SCHED_BLOCKED, time_ns());
		WRITE_ONCE(q->needed, true);
	}
	unlock(&q->lock);
}

void sched_yield(void)
{
	struct sched_pcpu *q = &this_pcpu()->sched;

	lock(&q->lock);
	q->running->sched.yielded = true;
	WRITE_ONCE(q->needed, true);
	unlock(&q->lock);
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
	place(q, v, now);
}

void sched_vcpu_offline(struct vcpu *v)
{
	struct sched_pcpu *q = lock_queue_of(v);

	set_state(v, SCHED_OFFLINE, time_ns());
	WRITE_ONCE(q->needed, true);
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

	if (!q->slice_end || now < q->slice_end)
		return;
	WRITE_ONCE(q->needed, true);
	if (sched_random_on())
		q->running->sched.yielded = true;
}

/* First in the queue whose state is saved, or which is 'self'. */
static struct vcpu *first_free(struct sched_pcpu *q, const struct vcpu *self)
{
	struct vcpu *v;

	for (v = q->queue; v; v = v->sched.next)
		if (v == self || sched_vcpu_is_off(v))
			return v;
	return NULL;
}

/* Move a vCPU that is behind 'limit' from the queue of 'from' to p's. */
static bool take(struct pcpu *p, u32 from, u64 limit)
{
	struct sched_pcpu *q = &pcpus[from].sched;
	struct vcpu *v;
	bool more;

	lock(&q->lock);
	v = first_free(q, NULL);
	if (v && v->sched.vruntime >= limit)
		v = NULL;
	if (v) {
		dequeue(q, v);
		WRITE_ONCE(v->sched.pcpu, p->id);
	}
	more = q->queued;
	unlock(&q->lock);
	if (v && settle(v, p->id, false)) {
		if (more)
			call_idle();
		return true;
	}
	return false;
}

/* Move the vCPU that is furthest behind, if it is behind 'limit', to p. */
static void pull(struct pcpu *p, u64 limit)
{
	u32 i, from, tried = 1U << p->id;
	u64 least;

	do {
		least = limit;
		from = MAX_PCPUS;
		for (i = 0; i < nr_pcpus; i++) {
			struct sched_pcpu *q = &pcpus[i].sched;

			if ((tried & 1U << i) || !READ_ONCE(q->queued) ||
			    READ_ONCE(q->first) >= least)
				continue;
			least = READ_ONCE(q->first);
			from = i;
		}
		tried |= 1U << from;
	} while (from != MAX_PCPUS && !take(p, from, limit));
}

static bool anything_queued(void)
{
	u32 i;

	for (i = 0; i < nr_pcpus; i++)
		if (READ_ONCE(pcpus[i].sched.queued))
			return true;
	return false;
}

/* Under the lock: what ran goes back into the queue, or away. */
static void put(struct sched_pcpu *q, struct vcpu *v, u64 now)
{
	struct vcpu *first = q->queue;
	bool yielded = v->sched.yielded;

	v->sched.yielded = false;
	if (v->sched.state != SCHED_RUNNING)
		return;
	set_state(v, SCHED_RUNNABLE, now);
	if (!may_run(v->domain))
		return;
	limit_lag(v, SCHED_LAG_NS);
	/* Who yields goes behind the one that is next. */
	if (yielded && first && v->sched.vruntime <= first->sched.vruntime)
		v->sched.vruntime = first->sched.vruntime + 1;
	enqueue(q, v);
}

/* Under the lock: v runs here now. */
static void start(struct sched_pcpu *q, struct vcpu *v, u64 now)
{
	struct ringlet_vcpu_page *page = v->page;
	u64 *time = v->sched.time;

	dequeue(q, v);
	v->sched.on_pcpu = true;
	set_state(v, SCHED_RUNNING, now);
	advance_frontier(v->sched.vruntime);
	WRITE_ONCE(q->running, v);
	q->slice_end = now + sched_random_slice(SCHED_SLICE_NS);
	page->time_running = time[SCHED_RUNNING];
	page->time_runnable = time[SCHED_RUNNABLE];
	page->time_blocked = time[SCHED_BLOCKED];
	page->time_offline = time[SCHED_OFFLINE];
}

struct vcpu *sched_pick(void)
{
	struct pcpu *p = this_pcpu();
	struct sched_pcpu *q = &p->sched;
	struct vcpu *v, *current;
	u64 limit = ~0UL, now = time_ns();

	lock(&q->lock);
	WRITE_ONCE(q->needed, false);
	current = q->running;
	if (current)
		put(q, current, now);
	v = first_free(q, current);
	if (v)
		limit = v->sched.vruntime > SCHED_PULL_NS ?
				v->sched.vruntime - SCHED_PULL_NS : 0;
	unlock(&q->lock);

	/* 'needed' is clear before others' queues are looked at: call_idle(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	pull(p, limit);

	lock(&q->lock);
	v = first_free(q, current);
	if (v) {
		start(q, v, now);
	} else {
		WRITE_ONCE(q->running, NULL);
		q->slice_end = 0;
	}
	unlock(&q->lock);
	if (!v) {
		/* What is still being saved elsewhere is taken soon. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (anything_queued())
			WRITE_ONCE(q->needed, true);
	}
	timer_rearm();
	return v;
}

void sched_switch_done(struct vcpu *prev)
{
	__atomic_store_n(&prev->sched.on_pcpu, false, __ATOMIC_RELEASE);
}

void sched_domain_stop(struct domain *d)
{
	struct sched_pcpu *q;
	struct vcpu *v;
	u32 i, pcpu;
	bool kick;

	for (i = 0; i < d->nr_vcpus; i++) {
		v = d->vcpus[i];
		if (!v)
			continue;
		q = lock_queue_of(v);
		pcpu = v->sched.pcpu;
		if (v->sched.queued)
			dequeue(q, v);
		kick = v->sched.on_pcpu && &pcpus[pcpu] != this_pcpu();
		if (v->sched.on_pcpu)
			WRITE_ONCE(q->needed, true);
		unlock(&q->lock);
		if (kick)
			pcpu_kick(pcpu);
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
		if (v->sched.state == SCHED_RUNNABLE && !v->sched.queued)
			place(q, v, time_ns());
		else
			unlock(&q->lock);
	}
}

void sched_domain_set_weight(struct domain *d, u32 weight)
{
	struct sched_pcpu *q;
	struct vcpu *v;
	u64 lead, now;
	bool queued;
	u32 i;

	WRITE_ONCE(d->sched.weight, weight);
	for (i = 0; i < d->nr_vcpus; i++) {
		v = d->vcpus[i];
		if (!v)
			continue;
		q = lock_queue_of(v);
		now = time_ns();
		account(v, now);
		/* What it ran at a lower weight is not held against it. */
		lead = __atomic_load_n(&frontier, __ATOMIC_RELAXED) +
		       virtual_time(v, 2 * SCHED_SLICE_NS);
		queued = v->sched.queued;
		if (queued)
			dequeue(q, v);
		v->sched.vruntime = MIN(v->sched.vruntime, lead);
		if (queued)
			enqueue(q, v);
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
