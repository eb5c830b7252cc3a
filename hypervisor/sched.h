/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler: preemptive, work-conserving, weighted-fair.
 *
 * A vCPU's virtual run time is the time it ran, divided by its share of the
 * domain's weight. There is one virtual time for the machine. Each pCPU has a
 * queue of runnable vCPUs ordered by it, and runs the first one for a slice;
 * then it also looks whether another queue has one that is clearly further
 * behind. A pCPU that would be idle takes any. vCPUs of domains that are paused
 * or have ended are in no queue, and those of a domain that has used its cap are
 * parked until the next period begins.
 *
 * A vCPU runs on the pCPUs of its hard affinity only. It waits for, and moves to,
 * one of its soft affinity rather than another, but does not wait if another is
 * idle.
 */
#ifndef HV_SCHED_H
#define HV_SCHED_H

#include "lock.h"
#include "types.h"

struct vcpu;
struct domain;
struct pcpu;
struct ringlet_vcpu_info;

#define SCHED_SLICE_NS		10000000UL	/* 10 ms */
/*
 * Virtual time is real time at this weight, in units of 1,024 ns: where 64 vCPUs
 * share the weight 1 it goes by 16,384 times as fast, and takes 36 years to wrap.
 */
#define SCHED_WEIGHT		256
#define SCHED_UNIT_NS		1024UL
#define SCHED_VIRTUAL(ns)	((ns) / SCHED_UNIT_NS)
/* A vCPU that wakes runs first if it is this far behind the current one. */
#define SCHED_PREEMPT		SCHED_VIRTUAL(1000000UL)
/* How far behind a vCPU is at most when it wakes, and when it is preempted. */
#define SCHED_CREDIT		SCHED_VIRTUAL(20000000UL)
#define SCHED_LAG		SCHED_VIRTUAL(100000000UL)
/* A vCPU moves to another busy pCPU if it is this far behind what is there. */
#define SCHED_PULL		SCHED_VIRTUAL(10000000UL)
/* and by this much more if it prefers others. */
#define SCHED_SOFT		SCHED_VIRTUAL(30000000UL)
/* Of each period a domain with a cap gets its part; the least slice then. */
#define SCHED_PERIOD_NS		50000000UL
#define SCHED_LEAST_NS		200000UL

enum sched_state { SCHED_OFFLINE, SCHED_BLOCKED, SCHED_RUNNABLE, SCHED_RUNNING,
		   NR_SCHED_STATES };

struct sched_vcpu {
	u8 state;		/* enum sched_state; lock of the queue of 'pcpu' */
	bool queued;		/* in the queue, or parked there */
	bool parked;
	bool on_pcpu;		/* a pCPU has its registers, or is saving them */
	bool yielded;
	bool kicked;		/* by sched_kick_waiter; lock of the queue */
	u32 pcpu;		/* whose queue it belongs to */
	u32 hard, soft;		/* masks of pCPUs: may run on, prefers */
	u64 vruntime;		/* virtual time that it ran */
	u64 rest;		/* of the last division: less than a unit */
	u64 since;		/* time_ns() of the last accounting */
	u64 time[NR_SCHED_STATES];	/* ns spent in each state */
	struct vcpu *next;	/* in the queue */
};

struct sched_pcpu {
	struct spinlock lock;	/* class SCHED */
	struct vcpu *queue;	/* ascending vruntime */
	struct vcpu *parked;	/* domain over its cap */
	struct vcpu *running;	/* picked last; NULL = idle */
	u32 queued;
	u64 first;		/* vruntime of the first, if there is one */
	u64 front;		/* highest vruntime picked here */
	u64 unpark;		/* time_ns(): look at 'parked'; 0 = nobody there */
	u64 alarm;		/* time_ns(): pick again; 0 = no need */
	bool needed;		/* pick again before going to a guest */
};

struct sched_domain {
	u32 weight;		/* 1 to 65535 */
	u32 active;		/* vCPUs RUNNABLE or RUNNING; atomic */
	u32 cap;		/* percent of a pCPU; 0 = none */
	u64 cap_clock;		/* time_ns() up to which the cap is used; atomic */
};

void sched_pcpu_init(struct pcpu *p);
void sched_domain_init(struct domain *d, u32 weight);
void sched_vcpu_init(struct vcpu *v);

/*
 * Who runs next on this pCPU; may be who runs now, NULL is idle. Arms the timer
 * for the end of its slice. No lock held. The caller switches to it, and calls
 * sched_switch_done() with the one that was current, when its state is saved.
 */
struct vcpu *sched_pick(void);
void sched_switch_done(struct vcpu *prev);

/* Should this pCPU pick again? */
bool sched_needed(void);

/* From the timer interrupt: the alarm may be due. */
void sched_tick(u64 now);

/*
 * A vCPU has an event: it becomes runnable if it is blocked, and if it runs on
 * another pCPU that one enters the hypervisor. Any pCPU, no SCHED lock held.
 */
void sched_wake(struct vcpu *v);

/* Only the second of these. */
void sched_kick(struct vcpu *v);

/* The current vCPU waits for an event, unless one is pending. */
void sched_block(struct vcpu *v);

/*
 * The current vCPU waits until somebody kicks it, unless that has happened since
 * it waited last; an event that comes ends it, too.
 */
void sched_wait_kick(struct vcpu *v);
void sched_kick_waiter(struct vcpu *v);

/*
 * The current vCPU lets others run first. Hidden also on the host, where shared
 * libraries would take it for the C library's.
 */
void sched_yield(void) __attribute__((visibility("hidden")));

/* vcpu_boot: start to run; vcpu_down (the current vCPU): stop. */
void sched_vcpu_online(struct vcpu *v);
void sched_vcpu_offline(struct vcpu *v);

/* Is the vCPU's state saved, and will stay so while it may not run? */
static inline bool sched_is_off(const struct sched_vcpu *s)
{
	return !__atomic_load_n(&s->on_pcpu, __ATOMIC_ACQUIRE);
}

/*
 * The domain's pause count or end was set: take its vCPUs off queues and pCPUs.
 * stop does not wait; wait and pause (both) return when none is on a pCPU, or when
 * somebody else has ended the pause; not for the domain that calls. No lock held.
 */
void sched_domain_stop(struct domain *d);
void sched_domain_wait(struct domain *d);
void sched_domain_pause(struct domain *d);

/* It may run again. */
void sched_domain_unpause(struct domain *d);

/* Weight: 1 to 65535; cap: percent of one pCPU, 0 = none. No lock held. */
void sched_domain_set_weight(struct domain *d, u32 weight);
void sched_domain_set_cap(struct domain *d, u32 cap);

/*
 * Masks of pCPUs: hard, where v may run, has one that exists; soft, which of these
 * it prefers (none of them: no preference). No lock held.
 */
void sched_vcpu_set_affinity(struct vcpu *v, u32 hard, u32 soft);

/*
 * For the run queues: is the domain neither paused nor at its end; the time_ns()
 * from which its cap lets it run again; and the virtual time of 'delta' ns on a
 * pCPU, where a domain's vCPUs share its weight, so that having many of them is
 * no advantage.
 */
bool sched_may_run(const struct domain *d);
u64 sched_capped_until(const struct domain *d);
u64 sched_virtual_time(const struct vcpu *v, u64 delta);

/* Fill in all but 'vcpu'. */
void sched_vcpu_info(struct vcpu *v, struct ringlet_vcpu_info *info);

#endif /* HV_SCHED_H */
