/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spinlocks. The hypervisor runs with interrupts off, so a lock is a lock.
 *
 * Lock order, first to last; a pCPU may only take a lock whose class comes after
 * every class it holds. Debug builds check it at run time.
 *
 *   DOMCTL -> DOMAIN -> EVENT -> PIRQ -> P2M -> ROOTS -> ROOT -> POOL -> FRAME
 *     -> SCHED -> TIMER -> CONSOLE -> LOG
 *
 *  DOMCTL   the list of domains; create and destroy
 *  DOMAIN   one domain's state: pause count, shutdown, handlers, contexts
 *  EVENT    one domain's ports. Two at once: lower domain identifier first
 *           (lock_second)
 *  PIRQ     pirqs, IO-APIC redirection entries
 *  P2M      writers of one domain's gfn-to-mfn map
 *  ROOTS    one domain's hash of roots
 *  ROOT     one root's shadow (or the common half's)
 *  POOL     one domain's pool of shadow pages
 *  FRAME    the frame allocator, frame owners, limbo
 *  SCHED    one pCPU's run queue. Two at once: lower pCPU first (lock_second)
 *  TIMER    one pCPU's timers
 *  CONSOLE  one domain's console buffers
 *  LOG      the hypervisor's log and its UART
 *
 * Nobody waits for another pCPU (shootdown) while holding any lock.
 */
#ifndef HV_LOCK_H
#define HV_LOCK_H

#include "types.h"

enum lock_class {
	LOCK_DOMCTL, LOCK_DOMAIN, LOCK_EVENT, LOCK_PIRQ, LOCK_P2M, LOCK_ROOTS,
	LOCK_ROOT, LOCK_POOL, LOCK_FRAME, LOCK_SCHED, LOCK_TIMER, LOCK_CONSOLE,
	LOCK_LOG, NR_LOCK_CLASSES
};

struct spinlock {
	u16 next;		/* ticket to draw */
	u16 owner;		/* ticket being served */
	u8 class;		/* enum lock_class */
};

#define SPINLOCK(c) { .next = 0, .owner = 0, .class = (c) }

static inline void lock_init(struct spinlock *l, enum lock_class class)
{
	l->next = 0;
	l->owner = 0;
	l->class = class;
}

#ifdef CONFIG_DEBUG
/* Check the lock order for this pCPU, and note what it holds. */
void lock_check_acquire(const struct spinlock *l, bool second);
void lock_check_release(const struct spinlock *l);
/* This pCPU holds no lock; panics if it does. */
void lock_check_none(void);
#else
static inline void lock_check_acquire(const struct spinlock *l, bool second)
{
	(void)l;
	(void)second;
}
static inline void lock_check_release(const struct spinlock *l) { (void)l; }
static inline void lock_check_none(void) { }
#endif

#ifdef RINGLET_HOST
void cpu_relax(void);
#else
static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}
#endif

static inline void lock_take(struct spinlock *l)
{
	u16 ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		cpu_relax();
}

static inline void lock(struct spinlock *l)
{
	lock_check_acquire(l, false);
	lock_take(l);
}

/* A second lock of a class already held; see the order above. */
static inline void lock_second(struct spinlock *l)
{
	lock_check_acquire(l, true);
	lock_take(l);
}

static inline void unlock(struct spinlock *l)
{
	lock_check_release(l);
	__atomic_store_n(&l->owner, (u16)(l->owner + 1), __ATOMIC_RELEASE);
}

#endif /* HV_LOCK_H */
