// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run queues; see runq.h.
 *
 * A vCPU's scheduling state belongs to the queue lock of the pCPU that it is
 * assigned to (sched.pcpu). It is assigned to another one under that lock, and
 * only while no pCPU has its registers. Then it is in no queue for a moment: who
 * put it there, and whoever finds it runnable and not queued, puts it into the
 * new one (settle), and it does not matter who comes first. One that may not
 * stay where its registers are waits for sched_switch_done().
 *
 * No vCPU waits while a pCPU is idle on which it may run. A pCPU first says that
 * it is idle and then looks into the queues of others; who puts a vCPU into the
 * queue of a busy pCPU looks for idle ones afterwards (runq_call_idle). One of
 * the two sees the other.
 */
#include "runq.h"
#include "domain.h"
#include "panic.h"
#include "percpu.h"
#include "time.h"

struct sched_pcpu *runq_lock(struct vcpu *v)
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

static bool in(u32 mask, u32 pcpu)
{
	return mask >> pcpu & 1;
}

/* The pCPUs that v prefers, of those on which it may run; all if it has none. */
static u32 preferred(const struct vcpu *v)
{
	u32 both = v->sched.hard & v->sched.soft;

	return both ? both : v->sched.hard;
}

void runq_limit(struct vcpu *v, u64 lag, u64 lead)
{
	u64 *at = &v->sched.vruntime, front = 0;
	u32 i;

	for (i = 0; i < nr_pcpus; i++)
		if (in(v->sched.hard, i))
			front = MAX(front, READ_ONCE(pcpus[i].sched.front));
	*at = MIN(*at, front + lead);
	if (*at + lag < front)
		*at = front - lag;
}

/* Queues change under their locks; others look at these without them. */
static void publish(struct sched_pcpu *q, u32 queued)
{
	if (q->queue)
		WRITE_ONCE(q->first, q->queue->sched.vruntime);
	WRITE_ONCE(q->queued, queued);
}

static void park(struct sched_pcpu *q, struct vcpu *v, u64 until)
{
	v->sched.next = q->parked;
	q->parked = v;
	v->sched.parked = true;
	if (!q->unpark || until < q->unpark)
		q->unpark = until;
}

void runq_add(struct sched_pcpu *q, struct vcpu *v, u64 now)
{
	u64 until = sched_capped_until(v->domain);
	struct vcpu **link;

	ASSERT(!v->sched.queued && v->sched.state == SCHED_RUNNABLE);
	v->sched.queued = true;
	if (until > now) {
		park(q, v, until);
		return;
	}
	for (link = &q->queue;
	     *link && (*link)->sched.vruntime <= v->sched.vruntime;
	     link = &(*link)->sched.next)
		;
	v->sched.next = *link;
	*link = v;
	publish(q, q->queued + 1);
}

void runq_remove(struct sched_pcpu *q, struct vcpu *v)
{
	bool parked = v->sched.parked;
	struct vcpu **link = parked ? &q->parked : &q->queue;

	for (; *link != v; link = &(*link)->sched.next)
		ASSERT(*link);
	*link = v->sched.next;
	v->sched.queued = v->sched.parked = false;
	if (!parked)
		publish(q, q->queued - 1);
}

struct vcpu *runq_first(struct sched_pcpu *q, const struct vcpu *self, u64 now)
{
	struct vcpu *v, *next;

	for (v = q->queue; v; v = next) {
		next = v->sched.next;
		if (v != self && !sched_is_off(&v->sched))
			continue;
		if (sched_capped_until(v->domain) <= now)
			return v;
		runq_remove(q, v);
		runq_add(q, v, now);
	}
	return NULL;
}

void runq_call_idle(u32 mask)
{
	u32 i;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (i = 0; i < nr_pcpus; i++) {
		struct sched_pcpu *q = &pcpus[i].sched;

		if (!in(mask, i) || READ_ONCE(q->running) ||
		    __atomic_exchange_n(&q->needed, true, __ATOMIC_SEQ_CST))
			continue;
		if (&pcpus[i] != this_pcpu())
			pcpu_kick(i);
		return;
	}
}

void runq_spread(const struct sched_pcpu *q)
{
	const struct vcpu *v;

	for (v = q->queue; v; v = v->sched.next)
		runq_call_idle(v->sched.hard);
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
	     sched_virtual_time(c, now > since ? now - since : 0);
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
	u64 now;

	lock(&q->lock);
	if (v->sched.pcpu == target && !v->sched.queued &&
	    v->sched.state == SCHED_RUNNABLE && sched_may_run(v->domain)) {
		now = time_ns();
		runq_add(q, v, now);
		done = !v->sched.parked;
		/* A timer must be set for one that is parked. */
		kick = !done ||
		       (wake && behind(q, v, now) > SCHED_PREEMPT);
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

/* An idle pCPU of the mask, the vCPU's own if it is one; or MAX_PCPUS. */
static u32 find_idle(u32 mask, u32 own)
{
	u32 i;

	if (in(mask, own) && is_idle(own))
		return own;
	for (i = 0; i < nr_pcpus; i++)
		if (in(mask, i) && is_idle(i))
			return i;
	return MAX_PCPUS;
}

/* The pCPU of the mask where v is furthest behind what runs; or MAX_PCPUS. */
static u32 find_behind(const struct vcpu *v, u32 mask, u64 now)
{
	u32 own = v->sched.pcpu, best = MAX_PCPUS, i;
	u64 most = SCHED_PREEMPT, far;

	if (in(mask, own) && behind(&pcpus[own].sched, v, now) > most)
		return own;
	for (i = 0; i < nr_pcpus; i++) {
		if (!in(mask, i))
			continue;
		far = behind(&pcpus[i].sched, v, now);
		if (far != ~0UL && far > most) {
			most = far;
			best = i;
		}
	}
	return best;
}

/*
 * The pCPU to wake v on: its own, if it can run there at once; or one that is
 * idle; or the one on which v is furthest behind what runs. Of each kind, one
 * that it prefers.
 */
static u32 choose_pcpu(const struct vcpu *v, u64 now)
{
	u32 prefer = preferred(v), hard = v->sched.hard, own = v->sched.pcpu;
	u32 pcpu;

	if (v->sched.on_pcpu)
		return own;
	pcpu = find_idle(prefer, own);
	if (pcpu == MAX_PCPUS)
		pcpu = find_idle(hard, own);
	if (pcpu == MAX_PCPUS)
		pcpu = find_behind(v, prefer, now);
	if (pcpu == MAX_PCPUS)
		pcpu = find_behind(v, hard, now);
	if (pcpu == MAX_PCPUS)
		pcpu = in(prefer, own) ? own : (u32)__builtin_ctz(prefer);
	return pcpu;
}

bool runq_stays(const struct vcpu *v)
{
	u32 own = v->sched.pcpu, prefer = preferred(v);

	return in(v->sched.hard, own) &&
	       (in(prefer, own) || find_idle(prefer, own) == MAX_PCPUS);
}

void runq_place(struct sched_pcpu *q, struct vcpu *v, u64 now)
{
	u32 target, mask = v->sched.hard;

	if (v->sched.on_pcpu && !in(mask, v->sched.pcpu)) {
		unlock(&q->lock);
		return;
	}
	runq_limit(v, SCHED_CREDIT, RUNQ_ANY);
	target = choose_pcpu(v, now);
	WRITE_ONCE(v->sched.pcpu, target);
	unlock(&q->lock);
	if (settle(v, target, true) && READ_ONCE(pcpus[target].sched.running))
		runq_call_idle(mask);
}

void runq_unpark(struct sched_pcpu *q, u64 now)
{
	struct vcpu *v;

	while (q->unpark && q->unpark <= now) {
		lock(&q->lock);
		q->unpark = 0;
		for (v = q->parked; v; v = v->sched.next) {
			u64 until = sched_capped_until(v->domain);

			if (until <= now)
				break;
			if (!q->unpark || until < q->unpark)
				q->unpark = until;
		}
		if (!v) {
			unlock(&q->lock);
			break;
		}
		/* Perhaps not the last one. */
		q->unpark = now;
		runq_remove(q, v);
		runq_place(q, v, now);
	}
}

/*
 * The first in a queue that p may take, if it is behind 'limit'. An idle one
 * (limit ~0) also takes those over their cap, to park them.
 */
static struct vcpu *find_for(const struct sched_pcpu *q, const struct pcpu *p,
			     u64 limit, u64 now)
{
	struct vcpu *v;

	for (v = q->queue; v; v = v->sched.next)
		if (in(v->sched.hard, p->id) && sched_is_off(&v->sched) &&
		    v->sched.vruntime + (in(preferred(v), p->id) ? 0 :
					 SCHED_SOFT) < limit &&
		    (limit == ~0UL || sched_capped_until(v->domain) <= now))
			return v;
	return NULL;
}

/* Move a vCPU that is behind 'limit' from the queue of 'from' to p's. */
static bool take(struct pcpu *p, u32 from, u64 limit, u64 now)
{
	struct sched_pcpu *q = &pcpus[from].sched;
	struct vcpu *v;

	lock(&q->lock);
	v = find_for(q, p, limit, now);
	if (v) {
		runq_remove(q, v);
		WRITE_ONCE(v->sched.pcpu, p->id);
		runq_spread(q);
	}
	unlock(&q->lock);
	return v && settle(v, p->id, false);
}

void runq_pull(struct pcpu *p, u64 limit, u64 now)
{
	u32 i, from, tried = 1U << p->id;
	u64 least;

	do {
		least = limit;
		from = MAX_PCPUS;
		for (i = 0; i < nr_pcpus; i++) {
			struct sched_pcpu *q = &pcpus[i].sched;

			if (in(tried, i) || !READ_ONCE(q->queued) ||
			    READ_ONCE(q->first) >= least)
				continue;
			least = READ_ONCE(q->first);
			from = i;
		}
		tried |= 1U << from;
	} while (from != MAX_PCPUS && !take(p, from, limit, now));
}

bool runq_any_for(const struct pcpu *p)
{
	bool found = false;
	struct vcpu *v;
	u32 i;

	for (i = 0; i < nr_pcpus && !found; i++) {
		struct sched_pcpu *q = &pcpus[i].sched;

		if (!READ_ONCE(q->queued))
			continue;
		lock(&q->lock);
		for (v = q->queue; v && !found; v = v->sched.next)
			found = in(v->sched.hard, p->id);
		unlock(&q->lock);
	}
	return found;
}
