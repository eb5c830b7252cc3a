/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler on simulated pCPUs: shares, latency, no vCPU waits while a pCPU
 * is idle, and no wake-up is lost.
 */
#include "sched_sim.h"

struct shares {
	u32 cpus;
	u32 weight[8], vcpus[8];	/* of a domain; ends with 0 */
};

/* By weight; but nobody can use more than a pCPU for each vCPU. */
static void expected(const struct shares *s, double *out)
{
	double left = s->cpus;
	u32 weights = 0, n;
	bool capped[8] = { false }, again = true;

	for (n = 0; s->weight[n]; n++)
		weights += s->weight[n];
	while (again) {
		again = false;
		for (u32 i = 0; i < n; i++) {
			if (capped[i])
				continue;
			out[i] = left * s->weight[i] / weights;
			if (out[i] < s->vcpus[i])
				continue;
			out[i] = s->vcpus[i];
			capped[i] = again = true;
			left -= out[i];
			weights -= s->weight[i];
			break;
		}
	}
}

static const struct shares shares[] = {
	{ 1, { 256, 256 }, { 1, 1 } },
	{ 1, { 512, 256, 128 }, { 1, 1, 1 } },
	{ 1, { 1000, 500, 250, 250 }, { 1, 1, 1, 1 } },
	{ 1, { 256, 256 }, { 3, 1 } },
	{ 1, { 64, 128 }, { 2, 2 } },
	{ 1, { 8192, 4096 }, { 1, 1 } },
	{ 2, { 256, 256, 256 }, { 1, 1, 1 } },
	{ 2, { 512, 256, 256 }, { 1, 1, 1 } },
	{ 2, { 2048, 256, 256 }, { 1, 1, 1 } },
	{ 2, { 256, 256 }, { 2, 1 } },
	{ 2, { 256, 256, 256 }, { 4, 2, 1 } },
	{ 2, { 100, 200, 300, 400, 500 }, { 1, 1, 1, 1, 1 } },
	{ 4, { 256, 256, 256, 256, 256 }, { 1, 1, 1, 1, 1 } },
	{ 4, { 256, 256, 512 }, { 4, 2, 4 } },
	{ 4, { 300, 200, 100, 100, 100, 100, 100 }, { 1, 1, 1, 1, 1, 1, 1 } },
	{ 4, { 10000, 256, 512 }, { 2, 4, 4 } },
};

START_TEST(shares_by_weight)
{
	const struct shares *s = &shares[_i];
	double want[8], all = 0;
	u32 n;

	machine(s->cpus);
	for (n = 0; s->weight[n]; n++) {
		struct domain *d = dom(s->weight[n], s->vcpus[n]);

		for (u32 i = 0; i < s->vcpus[n]; i++)
			job(d->vcpus[i], 0, 0);
	}
	simulate(10000 * MS);
	expected(s, want);
	for (u32 i = 0; i < n; i++) {
		double got = 0, share;

		for (u32 k = 0; k < nr_jobs; k++) {
			struct vcpu *v = jobs[k].v;

			if (v->domain != doms[i])
				continue;
			got += (double)jobs[k].ran / (10000 * MS);
			ck_assert(jobs[k].ran > 0);
			/* vCPUs of a domain are equal to each other. */
			share = (double)jobs[k].ran / (10000 * MS) *
				s->vcpus[i] / want[i];
			ck_assert_msg(share > 0.95 && share < 1.05,
				      "set %d d%uv%u: %.3f of its share", _i,
				      i, v->id, share);
		}
		all += got;
		ck_assert_msg(got > want[i] * 0.95 && got < want[i] * 1.05,
			      "set %d domain %u: %.3f, not %.3f", _i, i, got,
			      want[i]);
	}
	ck_assert_msg(all > s->cpus * 0.999, "idle: %.4f of %u", all, s->cpus);
	ck_assert_msg(switches < 10 * 1000 * s->cpus / 4, "%lu switches",
		      (unsigned long)switches);
	free_all();
}
END_TEST

/* Time that is less than a unit of virtual time is not lost. */
START_TEST(shares_of_short_runs)
{
	struct job *heavy, *light;
	u32 i;

	machine(1);
	heavy = job(dom(65535, 1)->vcpus[0], 0, 0);
	light = job(dom(32768, 1)->vcpus[0], 0, 0);
	for (i = 0; i < 100000; i++) {
		enter_on(0);
		pcpus[0].sched.needed = true;
		simulate(STEP);
	}
	ck_assert_msg(heavy->ran > light->ran * 1.9 &&
		      heavy->ran < light->ran * 2.1, "%.1f and %.1f ms",
		      (double)heavy->ran / MS, (double)light->ran / MS);
	free_all();
}
END_TEST

/* Who would starve when it wraps must not live to see it. */
START_TEST(virtual_time_lasts)
{
	const u64 day = 86400 * 1000 * MS;
	struct domain *d;

	machine(1);
	d = dom(1, 1);
	d->sched.active = RINGLET_MAX_VCPUS;
	ck_assert_uint_lt(sched_virtual_time(d->vcpus[0], day),
			  UINT64_MAX / (30 * 365));
	free_all();
}
END_TEST

/* A vCPU that runs now and then gets a pCPU at once, whoever else computes. */
START_TEST(sleepers_preempt)
{
	struct job *sleeper;
	u32 cpus = 1U << _i;

	machine(cpus);
	for (u32 i = 0; i < 2 * cpus; i++)
		job(dom(256, 1)->vcpus[0], 0, 0);
	sleeper = job(dom(256, 1)->vcpus[0], MS / 2, 7 * MS);
	simulate(3000 * MS);
	sleeper->worst = 0;
	simulate(5000 * MS);
	ck_assert_msg(sleeper->worst <= 2 * MS, "waited %.1f ms",
		      (double)sleeper->worst / MS);
	/* and is not robbed: 1 in 15 parts */
	ck_assert_uint_gt(sleeper->ran, 8000 * MS / 16);
	free_all();
}
END_TEST

/* Sleeping a lot is no way to more than a fair share. */
START_TEST(sleepers_do_not_starve)
{
	struct job *hog;

	machine(1);
	hog = job(dom(256, 1)->vcpus[0], 0, 0);
	for (u32 i = 0; i < 3; i++)
		job(dom(256, 1)->vcpus[0], MS, STEP);
	simulate(10000 * MS);
	ck_assert_msg(hog->ran > 10000 * MS * 95 / 100 / 4, "%.1f ms",
		      (double)hog->ran / MS);
	ck_assert_uint_lt(hog->worst, 100 * MS);
	free_all();
}
END_TEST

/* The least weight against the most: it gets little, but it runs. */
START_TEST(no_starvation)
{
	struct job *least;

	machine(2);
	least = job(dom(16, 1)->vcpus[0], 0, 0);
	for (u32 i = 0; i < 4; i++)
		job(dom(4096, 1)->vcpus[0], 0, 0);
	simulate(40000 * MS);
	ck_assert_uint_ge(least->ran, 30 * MS);
	free_all();
}
END_TEST

/* After a long sleep nobody may catch up what it did not use. */
START_TEST(credit_is_bounded)
{
	struct job *a, *b;

	machine(1);
	a = job(dom(256, 1)->vcpus[0], 0, 0);
	b = job(dom(256, 1)->vcpus[0], STEP, 5000 * MS);
	simulate(4000 * MS);
	b->sleep = 0;
	simulate(1500 * MS);
	a->worst = 0;
	simulate(1000 * MS);
	ck_assert_uint_le(a->worst, 30 * MS);
	ck_assert_uint_gt(b->ran, 400 * MS);
	free_all();
}
END_TEST

/* A weight that is raised counts soon, whatever was run before. */
START_TEST(weight_changes)
{
	struct job *a, *b;
	u64 before;

	machine(1);
	a = job(dom(1, 1)->vcpus[0], 0, 0);
	b = job(dom(256, 1)->vcpus[0], 0, 0);
	simulate(1000 * MS);
	ck_assert_uint_lt(a->ran, 50 * MS);
	sched_domain_set_weight(a->v->domain, 256);
	before = a->ran;
	simulate(1000 * MS);
	ck_assert_uint_gt(a->ran - before, 450 * MS);
	ck_assert_uint_gt(b->ran, 1400 * MS);
	free_all();
}
END_TEST

/* An idle pCPU takes vCPUs from a queue, and a lone one stays where it is. */
START_TEST(stealing)
{
	machine(4);
	for (u32 i = 0; i < 4; i++) {
		struct domain *d = dom(256, 1);

		d->vcpus[0]->sched.pcpu = 0;
		job(d->vcpus[0], 0, 0);
	}
	simulate(2 * MS);
	for (u32 i = 0; i < 4; i++)
		ck_assert_ptr_nonnull(pcpus[i].current);
	switches = 0;
	simulate(1000 * MS);
	ck_assert_uint_eq(switches, 0);
	for (u32 i = 0; i < 4; i++)
		ck_assert_uint_ge(jobs[i].ran, 1001 * MS);
	free_all();
}
END_TEST

START_TEST(times_add_up)
{
	struct ringlet_vcpu_info info;
	struct vcpu *v;
	u64 start, sum;

	machine(1);
	start = now;
	v = dom(256, 2)->vcpus[0];
	now += 10 * MS;
	job(v, 2 * MS, 3 * MS);
	job(dom(256, 1)->vcpus[0], 0, 0);
	simulate(1000 * MS);
	host_cpu = 0;
	sched_vcpu_info(v, &info);
	ck_assert_uint_eq(info.online, 1);
	ck_assert_uint_eq(info.running + info.blocked, v->sched.state != SCHED_RUNNABLE);
	sum = info.time_running + info.time_runnable + info.time_blocked;
	ck_assert_uint_eq(sum, now - start - 10 * MS);
	ck_assert_uint_eq(v->sched.time[SCHED_OFFLINE], 10 * MS);
	ck_assert_uint_le(info.time_running, jobs[0].ran + STEP);
	ck_assert_uint_ge(info.time_running + STEP, jobs[0].ran);
	ck_assert_uint_eq(v->page->time_offline, 10 * MS);
	ck_assert_uint_le(v->page->time_running, info.time_running);
	sched_vcpu_info(v->domain->vcpus[1], &info);
	ck_assert_uint_eq(info.online, 0);
	free_all();
}
END_TEST

/* Yielding lets another run at once, and costs the rest of a turn only. */
START_TEST(yielding)
{
	struct vcpu *a, *b;

	machine(1);
	a = dom(256, 1)->vcpus[0];
	b = dom(256, 1)->vcpus[0];
	job(a, 0, 0);
	hv_return_on(0);
	sched_yield();
	hv_return_on(0);
	ck_assert_ptr_eq(pcpus[0].current, a);
	job(b, 0, 0);
	for (u32 i = 0; i < 10; i++) {
		struct vcpu *was = pcpus[0].current;

		now += MS / 10;
		sched_yield();
		hv_return_on(0);
		ck_assert_ptr_ne(pcpus[0].current, was);
	}
	free_all();
}
END_TEST

/* Pausing takes vCPUs off pCPUs and queues; what wakes meanwhile waits. */
START_TEST(pausing)
{
	struct domain *d;
	struct job *a, *b, *c;

	machine(2);
	d = dom(256, 3);
	a = job(d->vcpus[0], 0, 0);
	b = job(d->vcpus[1], 0, 0);
	c = job(d->vcpus[2], MS, 5 * MS);
	job(dom(256, 1)->vcpus[0], 0, 0);
	simulate(103 * MS);
	d->pause_count = 1;
	sched_domain_stop(d);
	simulate(STEP);
	for (u32 i = 0; i < 3; i++) {
		ck_assert(sched_is_off(&d->vcpus[i]->sched));
		ck_assert(!d->vcpus[i]->sched.queued);
	}
	sched_domain_wait(d);
	a->ran = b->ran = c->ran = 0;
	simulate(50 * MS);
	ck_assert_uint_eq(a->ran + b->ran + c->ran, 0);
	ck_assert_int_eq(c->v->sched.state, SCHED_RUNNABLE);
	d->pause_count = 0;
	host_cpu = 0;
	sched_domain_unpause(d);
	simulate(100 * MS);
	ck_assert(a->ran && b->ran && c->ran);

	/* A domain that ended never runs again, not even when it is told to. */
	d->shutdown = true;
	host_cpu = 1;
	sched_domain_stop(d);
	simulate(STEP);
	a->ran = b->ran = c->ran = 0;
	host_cpu = 0;
	sched_domain_unpause(d);
	simulate(50 * MS);
	ck_assert_uint_eq(a->ran + b->ran + c->ran, 0);
	free_all();
}
END_TEST

/* A pause is over before the one who began it has looked at the vCPUs. */
START_TEST(pause_taken_back)
{
	struct domain *d;
	struct job *a, *b;

	machine(2);
	d = dom(256, 2);
	a = job(d->vcpus[0], 0, 0);
	b = job(d->vcpus[1], 0, 0);
	sched_vcpu_set_affinity(a->v, 1, 1);
	sched_vcpu_set_affinity(b->v, 1, 1);
	simulate(53 * MS);
	d->pause_count = 1;
	d->pause_count = 0;
	host_cpu = 1;
	sched_domain_unpause(d);
	sched_domain_pause(d);
	a->ran = b->ran = 0;
	simulate(100 * MS);
	ck_assert(a->ran && b->ran);
	free_all();
}
END_TEST

START_TEST(offline_and_again)
{
	struct vcpu *v;

	machine(1);
	v = dom(256, 1)->vcpus[0];
	job(v, 0, 0);
	hv_return_on(0);
	ck_assert_ptr_eq(pcpus[0].current, v);
	sched_vcpu_offline(v);
	hv_return_on(0);
	ck_assert_ptr_null(pcpus[0].current);
	v->page->pending = 1;
	sched_wake(v);
	hv_return_on(0);
	ck_assert_ptr_null(pcpus[0].current);
	sched_vcpu_online(v);
	sched_vcpu_online(v);
	hv_return_on(0);
	ck_assert_ptr_eq(pcpus[0].current, v);
	free_all();
}
END_TEST

/*
 * A vCPU blocks while another pCPU sends to it: all orders of the steps
 *   v's pCPU: block, pick, save done    sender: pending, wake
 * which each are one, as far as others see. In the end v runs, or will.
 */
START_TEST(block_against_wake)
{
	for (u32 order = 0; order < 1U << 5; order++) {
		u32 mine = 0, theirs = 0;
		struct vcpu *v, *next = NULL;
		bool picked = false;

		if (__builtin_popcount(order) != 2)
			continue;
		machine(2);
		v = dom(256, 1)->vcpus[0];
		v->sched.pcpu = 0;
		job(v, 0, 0);
		hv_return_on(0);
		if (_i)		/* the other pCPU is busy */
			job(dom(256, 1)->vcpus[0], 0, 0);
		hv_return_on(1);
		ck_assert_ptr_eq(pcpus[0].current, v);
		for (u32 i = 0; i < 5; i++) {
			host_cpu = !!(order & 1U << i);
			if (host_cpu && theirs++ == 0) {
				v->page->pending = 1;
			} else if (host_cpu) {
				sched_wake(v);
			} else if (mine++ == 0) {
				sched_block(v);
			} else if (mine == 2) {
				picked = sched_needed();
				if (picked)
					next = sched_pick();
			} else if (picked && next != v) {
				pcpus[0].current = next;
				sched_switch_done(v);
			}
		}
		for (u32 i = 0; i < 10; i++)
			step_cpu(i % 2);
		ck_assert_msg(pcpus[0].current == v || pcpus[1].current == v,
			      "order %#x", order);
		free_all();
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sched");
	TCase *tc = tcase_create("shares"), *steps = tcase_create("steps");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, shares_by_weight, 0, ARRAY_SIZE(shares));
	tcase_add_test(tc, shares_of_short_runs);
	tcase_add_test(tc, virtual_time_lasts);
	tcase_add_loop_test(tc, sleepers_preempt, 0, 3);
	tcase_add_test(tc, sleepers_do_not_starve);
	tcase_add_test(tc, no_starvation);
	tcase_add_test(tc, credit_is_bounded);
	tcase_add_test(tc, weight_changes);
	tcase_add_test(tc, stealing);
	tcase_add_test(tc, times_add_up);
	suite_add_tcase(s, tc);
	tcase_add_test(steps, yielding);
	tcase_add_test(steps, pausing);
	tcase_add_test(steps, pause_taken_back);
	tcase_add_test(steps, offline_and_again);
	tcase_add_loop_test(steps, block_against_wake, 0, 2);
	suite_add_tcase(s, steps);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
