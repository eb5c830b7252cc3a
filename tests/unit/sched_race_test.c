/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler with pCPUs that are real threads: vCPUs block and wake each other
 * while their domain is paused and started again, and moved about.
 */
#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <threads.h>

#include "host_hv.h"
#include "time.h"

#define RING 6
#define ROUNDS 3000

static struct vcpu *ring[RING];
static _Atomic u32 inside[RING];	/* pCPUs that have it; at most 1 */
static _Atomic u32 laps;
static _Atomic bool token[RING];
static _Atomic bool stop;
static _Atomic bool kicked[MAX_PCPUS];

static _Atomic u64 now;

void pirq_unbind(u32 pirq)
{
	(void)pirq;
}

void platform_console_write(const char *buf, size_t len)
{
	(void)buf;
	(void)len;
}

u64 time_ns(void)
{
	return now;
}

void timer_hw_arm(u64 deadline_ns)
{
	(void)deadline_ns;
}

void pcpu_kick(u32 cpu)
{
	kicked[cpu] = true;
}

static void relax(void)
{
	thrd_sleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
}

/* What the guest does with its pCPU for a moment. */
static void play(struct vcpu *v)
{
	u32 id = v->id;

	__atomic_store_n(&v->page->pending, 0, __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&token[id], false, __ATOMIC_SEQ_CST)) {
		u32 to = (id + 1) % RING;

		if (!to)
			laps++;
		__atomic_store_n(&token[to], true, __ATOMIC_SEQ_CST);
		if (!__atomic_exchange_n(&ring[to]->page->pending, 1,
					 __ATOMIC_SEQ_CST))
			sched_wake(ring[to]);
	}
	sched_block(v);
}

/* Put next on this pCPU; to save prev takes its time. */
static void switch_to(struct pcpu *p, struct vcpu *prev, struct vcpu *next)
{
	p->current = next;
	if (next && atomic_fetch_add(&inside[next->id], 1))
		abort();
	if (!prev)
		return;
	for (u32 i = 0; i < 50; i++)
		cpu_relax();
	atomic_fetch_sub(&inside[prev->id], 1);
	sched_switch_done(prev);
}

/* Only an interrupt, sent before or now, ends it. */
static void halt(struct pcpu *p)
{
	while (!stop && !atomic_exchange(&kicked[p->id], false))
		relax();
}

static int pcpu_thread(void *arg)
{
	struct pcpu *p = arg;

	host_cpu = p->id;
	while (!stop) {
		now += 1000;
		if (sched_needed() || !p->current) {
			struct vcpu *prev = p->current, *v = sched_pick();

			if (v != prev)
				switch_to(p, prev, v);
		}
		if (sched_needed())
			continue;
		if (p->current)
			play(p->current);
		else
			halt(p);
	}
	return 0;
}

/* A token goes round; each one that has it wakes the next one and blocks. */
START_TEST(ring_of_threads)
{
	struct domain *d;
	thrd_t thread[2];
	u32 stuck = 0, last = 0;
	u64 pauses = 0;

	host_machine(3);
	for (u32 i = 0; i < 3; i++) {
		sched_pcpu_init(&pcpus[i]);
		timer_pcpu_init(&pcpus[i]);
	}
	d = calloc(1, sizeof(*d));
	d->nr_vcpus = RING;
	sched_domain_init(d, 256);
	stop = false;
	laps = 0;
	memset(inside, 0, sizeof(inside));
	memset(kicked, 0, sizeof(kicked));
	token[0] = true;
	nr_pcpus = 2;
	for (u32 i = 0; i < RING; i++) {
		ring[i] = aligned_alloc(16, ALIGN_UP(sizeof(*ring[i]), 16));
		memset(ring[i], 0, sizeof(*ring[i]));
		ring[i]->domain = d;
		ring[i]->id = i;
		ring[i]->page = calloc(1, sizeof(*ring[i]->page));
		d->vcpus[i] = ring[i];
		sched_vcpu_init(ring[i]);
		ring[i]->sched.pcpu = i % 2;
		sched_vcpu_online(ring[i]);
	}
	for (u32 i = 0; i < 2; i++)
		ck_assert_int_eq(thrd_create(&thread[i], pcpu_thread, &pcpus[i]),
				 thrd_success);
	/* Meanwhile, from elsewhere, the domain is paused and started again, or
	 * its vCPUs are pinned here and there. */
	host_cpu = 2;
	while (laps < ROUNDS && stuck < 5000) {
		u32 i;

		thrd_sleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		stuck = laps == last ? stuck + 1 : 0;
		last = laps;
		for (i = 0; _i == 2 && i < RING; i++, pauses++)
			sched_vcpu_set_affinity(ring[i], 1 + (u32)pauses % 3,
						(u32)pauses % 7);
		if (_i != 1)
			continue;
		__atomic_store_n(&d->pause_count, 1, __ATOMIC_SEQ_CST);
		sched_domain_pause(d);
		for (i = 0; i < RING; i++)
			if (inside[i])
				abort();
		__atomic_store_n(&d->pause_count, 0, __ATOMIC_SEQ_CST);
		sched_domain_unpause(d);
		pauses++;
	}
	stop = true;
	for (u32 i = 0; i < 2; i++)
		thrd_join(thread[i], NULL);
	ck_assert_msg(laps >= ROUNDS, "the token is lost after %u rounds, %lu pauses",
		      laps, (unsigned long)pauses);
	host_domain_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sched_race");
	TCase *tc = tcase_create("sched_race");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, ring_of_threads, 0, 3);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
