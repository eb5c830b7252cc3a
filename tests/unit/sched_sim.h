/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Simulated pCPUs for tests of the scheduler: time goes on in steps, and vCPUs
 * run or sleep as their jobs say. Each step checks that no vCPU waits while a
 * pCPU is idle on which it may run, and that none runs where it may not.
 */
#ifndef SCHED_SIM_H
#define SCHED_SIM_H

#include <check.h>

#include "host_hv.h"
#include "time.h"

#define MS NS_PER_MS
#define STEP (MS / 10)
#define MAX_VCPUS 16

/* What a vCPU of the simulation does: run for a while, then sleep. */
struct job {
	struct vcpu *v;
	u64 run, sleep;		/* ns; sleep 0: never sleeps */
	u64 done;		/* ns run since it last slept */
	u64 wake_at;		/* 0: is not asleep */
	u64 waited, worst;	/* ns it was runnable and did not run */
	u64 ran;
};

extern u64 now;			/* ns */
extern u64 switches;
extern struct job jobs[MAX_VCPUS];
extern u32 nr_jobs;
extern struct domain *doms[MAX_VCPUS];

/* ck_assert() writes a record each time: too slow for what is checked often. */
#define always(x) \
	do { \
		if (!(x)) \
			ck_abort_msg("%s, at %.1f ms", #x, (double)now / MS); \
	} while (0)

/* Begin with a number of pCPUs, and end. */
void machine(u32 cpus);
void free_all(void);

/* A domain whose vCPUs are offline; bring one up with a job. */
struct domain *dom(u32 weight, u32 vcpus);
struct job *job(struct vcpu *v, u64 run, u64 sleep);

/* What follows is called in an entry on this pCPU, for whatever reason. */
void enter_on(u32 cpu);

/* What hv_return() does. */
void hv_return_on(u32 cpu);

/* What a pCPU does at this time, and until the next step. */
void step_cpu(u32 cpu);

/* All pCPUs for 'length' ns. */
void simulate(u64 length);

#endif /* SCHED_SIM_H */
