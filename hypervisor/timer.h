/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One-shot timers of vCPUs. Each is in the list of the pCPU on which it was set;
 * that pCPU's hardware timer is armed for the earliest of them and for the
 * scheduler's alarm.
 */
#ifndef HV_TIMER_H
#define HV_TIMER_H

#include "lock.h"
#include "types.h"

struct vcpu;
struct pcpu;

struct timer {
	u64 deadline;		/* time_ns() */
	u32 pcpu;		/* whose list, if armed */
	bool armed;
	struct vcpu *next;
};

struct timer_pcpu {
	struct spinlock lock;	/* class TIMER */
	struct vcpu *first;	/* ascending deadlines */
};

void timer_pcpu_init(struct pcpu *p);

/*
 * Send VIRQ_TIMER to v at 'deadline' (time_ns(), not 0); replaces an earlier one.
 * v is current. timer_cancel: any context; when it returns the timer is in no list.
 */
void timer_set(struct vcpu *v, u64 deadline);
void timer_cancel(struct vcpu *v);

/* Expire what is due on this pCPU, look at the scheduler's alarm, arm the hardware again. */
void timer_expire(void);

/* Arm the hardware for what is next on this pCPU. */
void timer_rearm(void);

/* This pCPU's hardware timer, by platform code; 0 = off. */
void timer_hw_arm(u64 deadline_ns);

#endif /* HV_TIMER_H */
