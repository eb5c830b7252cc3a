/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random preemption; see sched_random.h.
 */
#include "sched_random.h"

#ifdef CONFIG_SCHED_RANDOM

#include "percpu.h"

#define SHORTEST 10		/* log2 of ns */
#define MAGNITUDES 14

/* xorshift64 (Marsaglia), one for each pCPU, never 0; 0: off. */
static u64 state[MAX_PCPUS];

void sched_random_init(u32 seed)
{
	for (u32 i = 0; i < MAX_PCPUS; i++)
		state[i] = seed ? ((u64)seed << 32 | seed) ^ i : 0;
}

bool sched_random_on(void)
{
	return state[0];
}

u64 sched_random_slice(u64 usual)
{
	u64 x = state[this_pcpu()->id], base;

	if (!x)
		return usual;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	state[this_pcpu()->id] = x;
	base = 1UL << (SHORTEST + (x >> 32) % MAGNITUDES);
	return base + (x & (base - 1));
}

#endif
