// SPDX-License-Identifier: GPL-2.0-only
/*
 * The weighted-fair scheduler: states of vCPUs, what they are charged, and who
 * runs next; see sched.h. Who waits where is in runq.c.
 */
#include "sched.h"
#include "domain.h"
#include "percpu.h"
#include "runq.h"
#include "sched_random.h"
#include "time.h"

bool sched_may_run(const struct domain *d)
{
	return !READ_ONCE(d->pause_count) && !READ_ONCE(d->shutdown);
}

void sched_pcpu_init(struct pcpu *p)
{
	lock_init(&p->sched.lock, LOCK_SCHED);
}

void sched_domain_init(struct domain *d, u32 weight)
{
	d->sched = (struct sched_domain){ .weight = weight };
}

void sched_vcpu_init(struct vcpu *v)
{
	v->sched.state = SCHED_OFFLINE;
	v->sched.since = time_ns();
	v->sched.pcpu = nr_pcpus ? v->id % nr_pcpus : 0;
	v->sched.hard = v->sched.soft = ~0U;
}

/* The virtual time of 'delta' ns and of what is left from before; what is left. */
static u64 virtual_time(const struct vcpu *v, u64 delta, u64 *rest)
{
	const struct sched_domain *s = &v->domain->sched;
	u32 active = __atomic_load_n(&s->active, __ATOMIC_RELAXED);
	u64 unit = READ_ONCE(s->weight) * SCHED_UNIT_NS;

	delta = delta * SCHED_WEIGHT * MAX(active, 1U) + READ_ONCE(v->sched.rest);
	*rest = delta % unit;
	return delta / unit;
}

u64 sched_virtual_time(const struct vcpu *v, u64 delta)
{
	u64 rest;

	return virtual_time(v, delta, &rest);
}

static u64 period_start(u64 time)
{
	return time - time % SCHED_PERIOD_NS;
}

/*
 * A cap is a clock of the domain that goes on by 100 / cap of the time that its
 * vCPUs run, and is never behind the start of the period. When it points behind
 * the end of the period, all of that is used.
 */
static void charge_cap(struct sched_domain *s, u64 start, u64 delta)
{
	u64 new, old = __atomic_load_n(&s->cap_clock, __ATOMIC_RELAXED);
	u32 cap = READ_ONCE(s->cap);

	if (!cap)
		return;
	do
		new = MAX(old, period_start(start)) + delta * 100 / cap;
	while (!__atomic_compare_exchange_n(&s->cap_clock, &old, new, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

u64 sched_capped_until(const struct domain *d)
{
	const struct sched_domain *s = &d->sched;

	return READ_ONCE(s->cap) ?
	       period_start(__atomic_load_n(&s->cap_clock, __ATOMIC_RELAXED)) : 0;
}

/* How long v may run from now on. Its domain's vCPUs share what its cap leaves. */
static u64 time_slice(const struct vcpu *v, u64 now)
{
	const struct sched_domain *s = &v->domain->sched;
	u64 clock = __atomic_load_n(&s->cap_clock, __ATOMIC_RELAXED);
	u32 active = __atomic_load_n(&s->active, __ATOMIC_RELAXED);
	u64 start = period_start(now), used;
	u32 cap = READ_ONCE(s->cap);

	if (!cap)
		return SCHED_SLICE_NS;
	used = clock > start ? MIN(clock - start, SCHED_PERIOD_NS) : 0;
	return CLAMP((SCHED_PERIOD_NS - used) * cap / 100 / MAX(active, 1U),
		     SCHED_LEAST_NS, SCHED_SLICE_NS);
}

/* Charge the time since the last accounting to the present state. */
static void account(struct vcpu *v, u64 now)
{
	struct sched_vcpu *s = &v->sched;

	/* Somebody else may have done it at a later 'now'. */
	if (now <= s->since)
		return;
	s->time[s->state] += now - s->since;
	if (s->state == SCHED_RUNNING) {
		s->vruntime += virtual_time(v, now - s->since, &s->rest);
		charge_cap(&v->domain->sched, s->since, now - s->since);
	}
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

void sched_wake(struct vcpu *v)
{
	struct sched_pcpu *q = runq_lock(v);
	u32 pcpu = v->sched.pcpu;
	bool kick = false;
	u64 now;

	switch (v->sched.state) {
	case SCHED_BLOCKED:
		now = time_ns();
		set_state(v, SCHED_RUNNABLE, now);
		runq_place(q, v, now);
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
	struct sched_pcpu *q = runq_lock(v);
	u32 pcpu = v->sched.pcpu;
	bool kick = v->sched.state == SCHED_RUNNING &&
		    &pcpus[pcpu] != this_pcpu();

	unlock(&q->lock);
	if (kick)
		pcpu_kick(pcpu);
}

void sched_block(struct vcpu *v)
{
	struct sched_pcpu *q = runq_lock(v);

	/* The sender sets 'pending' before it looks at the state. */
	if (!__atomic_load_n(&v->page->pending, __ATOMIC_SEQ_CST)) {
		set_state(v, SCHED_BLOCKED, time_ns());
		WRITE_ONCE(q->needed, true);
	}
	unlock(&q->lock);
}

void sched_wait_kick(struct vcpu *v)
{
	struct sched_pcpu *q = runq_lock(v);
	bool events = READ_ONCE(v->page->vif);

	if (!v->sched.kicked &&
	    !(events && __atomic_load_n(&v->page->pending, __ATOMIC_SEQ_CST))) {
		set_state(v, SCHED_BLOCKED, time_ns());
		WRITE_ONCE(q->needed, true);
	}
	v->sched.kicked = false;
	unlock(&q->lock);
}

void sched_kick_waiter(struct vcpu *v)
{
	struct sched_pcpu *q = runq_lock(v);
	u64 now = time_ns();

	if (v->sched.state == SCHED_BLOCKED) {
		set_state(v, SCHED_RUNNABLE, now);
		runq_place(q, v, now);
		return;
	}
	v->sched.kicked = true;
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
	struct sched_pcpu *q = runq_lock(v);
	u64 now = time_ns();

	if (v->sched.state != SCHED_OFFLINE) {
		unlock(&q->lock);
		return;
	}
	set_state(v, SCHED_RUNNABLE, now);
	runq_place(q, v, now);
}

void sched_vcpu_offline(struct vcpu *v)
{
	struct sched_pcpu *q = runq_lock(v);

	set_state(v, SCHED_OFFLINE, time_ns());
	WRITE_ONCE(q->needed, true);
	unlock(&q->lock);
}

bool sched_needed(void)
{
	return READ_ONCE(this_pcpu()->sched.needed);
}

void sched_tick(u64 now)
{
	struct sched_pcpu *q = &this_pcpu()->sched;

	if (!q->alarm || now < q->alarm)
		return;
	WRITE_ONCE(q->needed, true);
	if (sched_random_on() && q->running)
		q->running->sched.yielded = true;
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
	if (!sched_may_run(v->domain) || !runq_stays(v))
		return;
	runq_limit(v, SCHED_LAG, RUNQ_ANY);
	/* Who yields goes behind the one that is next. */
	if (yielded && first && v->sched.vruntime <= first->sched.vruntime)
		v->sched.vruntime = first->sched.vruntime + 1;
	runq_add(q, v, now);
}

/* Under the lock: v runs here now. */
static void start(struct sched_pcpu *q, struct vcpu *v, u64 now)
{
	struct ringlet_vcpu_page *page = v->page;
	u64 *time = v->sched.time;

	runq_remove(q, v);
	v->sched.on_pcpu = true;
	set_state(v, SCHED_RUNNING, now);
	WRITE_ONCE(q->front, MAX(q->front, v->sched.vruntime));
	WRITE_ONCE(q->running, v);
	page->time_running = time[SCHED_RUNNING];
	page->time_runnable = time[SCHED_RUNNABLE];
	page->time_blocked = time[SCHED_BLOCKED];
	page->time_offline = time[SCHED_OFFLINE];
}

/* Under the lock: pick again at the end of the slice, and to unpark vCPUs. */
static void set_alarm(struct sched_pcpu *q, const struct vcpu *v, u64 now)
{
	u64 slice = v ? time_slice(v, now) : 0;

	q->alarm = v ? now + MIN(slice, sched_random_slice(slice)) : 0;
	if (q->unpark && (!q->alarm || q->unpark < q->alarm))
		q->alarm = q->unpark;
}

struct vcpu *sched_pick(void)
{
	struct pcpu *p = this_pcpu();
	struct sched_pcpu *q = &p->sched;
	struct vcpu *v, *current;
	u64 limit = ~0UL, now = time_ns();

	runq_unpark(q, now);
	lock(&q->lock);
	WRITE_ONCE(q->needed, false);
	current = q->running;
	if (current)
		put(q, current, now);
	v = runq_first(q, current, now);
	if (v)
		limit = v->sched.vruntime > SCHED_PULL ?
				v->sched.vruntime - SCHED_PULL : 0;
	unlock(&q->lock);

	/* 'needed' is clear before others' queues are looked at: runq.c. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	runq_pull(p, limit, now);

	lock(&q->lock);
	v = runq_first(q, current, now);
	if (v)
		start(q, v, now);
	else
		WRITE_ONCE(q->running, NULL);
	set_alarm(q, v, now);
	/* Who came here because this pCPU was idle, and was not the first. */
	if (!current)
		runq_spread(q);
	unlock(&q->lock);
	if (!v) {
		/* What is still being saved elsewhere is taken soon. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (runq_any_for(p))
			WRITE_ONCE(q->needed, true);
	}
	timer_rearm();
	return v;
}

void sched_switch_done(struct vcpu *prev)
{
	struct sched_pcpu *q = runq_lock(prev);
	u32 mask = prev->sched.hard;
	bool waits = prev->sched.queued && !prev->sched.parked;

	__atomic_store_n(&prev->sched.on_pcpu, false, __ATOMIC_RELEASE);
	if (prev->sched.state == SCHED_RUNNABLE && !prev->sched.queued) {
		runq_place(q, prev, time_ns());
		return;
	}
	unlock(&q->lock);
	if (waits)
		runq_call_idle(mask);
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
		q = runq_lock(v);
		pcpu = v->sched.pcpu;
		/* A pause may have been taken back already. */
		if (v->sched.queued && !sched_may_run(d))
			runq_remove(q, v);
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
		while (d->vcpus[i] && !sched_is_off(&d->vcpus[i]->sched) &&
		       !sched_may_run(d))
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
		q = runq_lock(v);
		if (v->sched.state == SCHED_RUNNABLE && !v->sched.queued)
			runq_place(q, v, time_ns());
		else
			unlock(&q->lock);
	}
}

/* A parameter of v changed: what it ran before is not held against it. */
static void forgive(struct sched_pcpu *q, struct vcpu *v, u64 now)
{
	bool queued = v->sched.queued;

	if (queued)
		runq_remove(q, v);
	runq_limit(v, SCHED_LAG, sched_virtual_time(v, 2 * SCHED_SLICE_NS));
	if (queued)
		runq_add(q, v, now);
}

void sched_domain_set_weight(struct domain *d, u32 weight)
{
	struct sched_pcpu *q;
	struct vcpu *v;
	u64 now;
	u32 i;

	WRITE_ONCE(d->sched.weight, weight);
	for (i = 0; i < d->nr_vcpus; i++) {
		v = d->vcpus[i];
		if (!v)
			continue;
		q = runq_lock(v);
		now = time_ns();
		account(v, now);
		forgive(q, v, now);
		unlock(&q->lock);
	}
}

void sched_domain_set_cap(struct domain *d, u32 cap)
{
	struct sched_pcpu *q;
	u32 i, pcpu;

	WRITE_ONCE(d->sched.cap, cap);
	__atomic_store_n(&d->sched.cap_clock, 0, __ATOMIC_RELAXED);
	/* Slices under way end by the new cap, and who is parked may run. */
	for (i = 0; i < d->nr_vcpus; i++) {
		if (!d->vcpus[i])
			continue;
		q = runq_lock(d->vcpus[i]);
		pcpu = d->vcpus[i]->sched.pcpu;
		if (d->vcpus[i]->sched.parked)
			q->unpark = 1;
		WRITE_ONCE(q->needed, true);
		unlock(&q->lock);
		if (&pcpus[pcpu] != this_pcpu())
			pcpu_kick(pcpu);
	}
}

void sched_vcpu_set_affinity(struct vcpu *v, u32 hard, u32 soft)
{
	struct sched_pcpu *q = runq_lock(v);
	u32 pcpu = v->sched.pcpu;
	u64 now = time_ns();
	bool kick = false;

	account(v, now);
	v->sched.hard = hard;
	v->sched.soft = soft;
	forgive(q, v, now);
	/* Where it is is looked at again, also if it might stay there. */
	if (v->sched.state == SCHED_RUNNABLE) {
		if (v->sched.queued)
			runq_remove(q, v);
		runq_place(q, v, now);
		return;
	}
	if (v->sched.state == SCHED_RUNNING) {
		WRITE_ONCE(q->needed, true);
		kick = &pcpus[pcpu] != this_pcpu();
	}
	unlock(&q->lock);
	if (kick)
		pcpu_kick(pcpu);
}

void sched_vcpu_info(struct vcpu *v, struct ringlet_vcpu_info *info)
{
	struct sched_pcpu *q = runq_lock(v);

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
