/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers: in order, not early, not lost, wherever their vCPUs go. */
#include <check.h>
#include <stdlib.h>

#include "host_hv.h"
#include "time.h"

static u64 now, armed[MAX_PCPUS];
static struct domain *d;
static struct vcpu *fired[512];
static u64 fired_at[512];
static u32 nr_fired;

u64 time_ns(void)
{
	return now;
}

void timer_hw_arm(u64 deadline_ns)
{
	armed[host_cpu] = deadline_ns;
}

bool event_raise_virq(struct vcpu *v, u32 virq)
{
	ck_assert_uint_eq(virq, RINGLET_VIRQ_TIMER);
	/* No lock is held when an event is sent. */
	lock_check_none();
	fired[nr_fired] = v;
	fired_at[nr_fired++] = now;
	return true;
}

static void setup(void)
{
	host_machine(3);
	now = 1000;
	nr_fired = 0;
	d = calloc(1, sizeof(*d));
	d->nr_vcpus = RINGLET_MAX_VCPUS;
	sched_domain_init(d, 256);
	for (u32 i = 0; i < 3; i++) {
		armed[i] = 0;
		sched_pcpu_init(&pcpus[i]);
		timer_pcpu_init(&pcpus[i]);
	}
	for (u32 i = 0; i < RINGLET_MAX_VCPUS; i++) {
		struct vcpu *v = aligned_alloc(16, ALIGN_UP(sizeof(*v), 16));

		memset(v, 0, sizeof(*v));
		v->domain = d;
		v->id = i;
		v->page = calloc(1, sizeof(*v->page));
		sched_vcpu_init(v);
		d->vcpus[i] = v;
	}
}

static void teardown(void)
{
	host_domain_free(d);
}

static void set(u32 cpu, u32 vcpu, u64 deadline)
{
	host_cpu = cpu;
	timer_set(d->vcpus[vcpu], deadline);
}

/* Time goes on to 'end'; the hardware interrupts when it is armed. */
static void run_until(u64 end)
{
	u32 storms = 0;

	for (;;) {
		u32 first = MAX_PCPUS;

		for (u32 i = 0; i < nr_pcpus; i++) {
			if (armed[i] && armed[i] <= end &&
			    (first == MAX_PCPUS || armed[i] < armed[first]))
				first = i;
		}
		if (first == MAX_PCPUS)
			break;
		now = MAX(now, armed[first]);
		host_cpu = first;
		armed[first] = 0;
		timer_expire();
		if (++storms > 1000)
			ck_abort_msg("interrupts do not end");
	}
	now = end;
}

START_TEST(in_order)
{
	static const u32 order[] = { 3, 1, 4, 0, 2 };

	for (u32 i = 0; i < 5; i++)
		set(0, order[i], 5000 + 100 * order[i]);
	ck_assert_uint_eq(armed[0], 5000);
	run_until(4999);
	ck_assert_uint_eq(nr_fired, 0);
	run_until(6000);
	ck_assert_uint_eq(nr_fired, 5);
	for (u32 i = 0; i < 5; i++) {
		ck_assert_ptr_eq(fired[i], d->vcpus[i]);
		ck_assert_uint_eq(fired_at[i], 5000 + 100 * i);
		ck_assert(!fired[i]->timer.armed);
	}
	ck_assert_uint_eq(armed[0], 0);
	ck_assert_uint_eq(d->perf[RINGLET_PERF_timers], 5);
}
END_TEST

START_TEST(replaced_and_cancelled)
{
	set(0, 0, 5000);
	set(0, 1, 6000);
	set(0, 0, 7000);
	ck_assert_uint_eq(armed[0], 6000);
	timer_cancel(d->vcpus[1]);
	timer_cancel(d->vcpus[1]);
	timer_cancel(d->vcpus[2]);
	run_until(6999);
	ck_assert_uint_eq(nr_fired, 0);
	run_until(8000);
	ck_assert_uint_eq(nr_fired, 1);
	ck_assert_ptr_eq(fired[0], d->vcpus[0]);
	set(0, 0, 9000);
	set(0, 0, 8500);
	run_until(10000);
	ck_assert_uint_eq(nr_fired, 2);
	ck_assert_uint_eq(fired_at[1], 8500);
}
END_TEST

/* In the past, or now: the interrupt comes at once. */
START_TEST(past_deadlines)
{
	now = 100000;
	set(1, 0, 1);
	ck_assert_uint_eq(armed[1], 1);
	run_until(100000);
	ck_assert_uint_eq(nr_fired, 1);
	ck_assert_uint_eq(fired_at[0], 100000);
	set(1, 0, ~0UL);
	run_until(200000);
	ck_assert_uint_eq(nr_fired, 1);
	timer_cancel(d->vcpus[0]);
	ck_assert_ptr_null(pcpus[1].timers.first);
}
END_TEST

/* Set on one pCPU, set again or cancelled on another one. */
START_TEST(migration)
{
	set(0, 0, 5000);
	set(0, 1, 5500);
	set(2, 0, 6000);
	ck_assert_uint_eq(d->vcpus[0]->timer.pcpu, 2);
	ck_assert_ptr_eq(pcpus[0].timers.first, d->vcpus[1]);
	ck_assert_ptr_eq(pcpus[2].timers.first, d->vcpus[0]);
	host_cpu = 1;
	timer_cancel(d->vcpus[1]);
	ck_assert_ptr_null(pcpus[0].timers.first);
	run_until(10000);
	ck_assert_uint_eq(nr_fired, 1);
	ck_assert_ptr_eq(fired[0], d->vcpus[0]);
	ck_assert_uint_eq(fired_at[0], 6000);

	/* Not moved: it expires where it was set, whoever has the vCPU now. */
	set(0, 3, 12000);
	d->vcpus[3]->sched.pcpu = 2;
	run_until(13000);
	ck_assert_uint_eq(nr_fired, 2);
	ck_assert_ptr_eq(fired[1], d->vcpus[3]);
}
END_TEST

/* All at once: bounded work for each interrupt, but all come. */
START_TEST(storm)
{
	struct vcpu *more[200];

	for (u32 i = 0; i < 200; i++) {
		more[i] = aligned_alloc(16, ALIGN_UP(sizeof(struct vcpu), 16));
		memset(more[i], 0, sizeof(struct vcpu));
		more[i]->domain = d;
		host_cpu = 0;
		timer_set(more[i], 5000);
	}
	now = 5000;
	host_cpu = 0;
	armed[0] = 0;
	timer_expire();
	ck_assert_uint_ge(nr_fired, 1);
	ck_assert_uint_lt(nr_fired, 200);
	ck_assert_uint_eq(armed[0], 5000);
	run_until(5000);
	ck_assert_uint_eq(nr_fired, 200);
	/* Equal deadlines: first come, first served. */
	for (u32 i = 0; i < 200; i++)
		ck_assert_ptr_eq(fired[i], more[i]);
	for (u32 i = 0; i < 200; i++)
		free(more[i]);
}
END_TEST

/* The hardware timer is shared with the end of the slice. */
START_TEST(slices)
{
	struct vcpu *v = d->vcpus[0];

	host_cpu = 0;
	v->sched.pcpu = 0;
	sched_vcpu_online(v);
	ck_assert_ptr_eq(sched_pick(), v);
	pcpus[0].current = v;
	ck_assert_uint_eq(armed[0], now + SCHED_SLICE_NS);
	timer_set(v, now + 500);
	ck_assert_uint_eq(armed[0], now + 500);
	ck_assert(!sched_needed());
	run_until(now + 600);
	ck_assert_uint_eq(nr_fired, 1);
	ck_assert_uint_eq(armed[0], 1000 + SCHED_SLICE_NS);
	ck_assert(!sched_needed());
	now = 1000 + SCHED_SLICE_NS;
	timer_expire();
	ck_assert(sched_needed());
	ck_assert_ptr_eq(sched_pick(), v);
	ck_assert_uint_eq(armed[0], now + SCHED_SLICE_NS);
	timer_set(v, now + 2 * SCHED_SLICE_NS);
	sched_block(v);
	ck_assert_ptr_null(sched_pick());
	/* Idle: only the timer is left. */
	ck_assert_uint_eq(armed[0], now + 2 * SCHED_SLICE_NS);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("timer");
	TCase *tc = tcase_create("timer");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, in_order);
	tcase_add_test(tc, replaced_and_cancelled);
	tcase_add_test(tc, past_deadlines);
	tcase_add_test(tc, migration);
	tcase_add_test(tc, storm);
	tcase_add_test(tc, slices);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
