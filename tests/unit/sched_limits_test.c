/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Caps and affinity on simulated pCPUs: what is allowed is had, and no more, and
 * nowhere else, while all of it changes.
 */
#include <stdlib.h>

#include "sched_sim.h"

#define ALL ~0U
#define LENGTH (10000 * MS)

static double percent(u64 ran, u64 of)
{
	return 100.0 * (double)ran / (double)of;
}

static u64 ran_by(const struct domain *d)
{
	u64 sum = 0;

	for (u32 i = 0; i < nr_jobs; i++)
		if (jobs[i].v->domain == d)
			sum += jobs[i].ran;
	return sum;
}

struct limit {
	u32 weight, vcpus, cap, hard, soft;
	double want;		/* percent of a pCPU */
};

static const struct {
	u32 cpus;
	struct limit d[6];	/* ends with weight 0 */
} limits[] = {
	/* Caps hold on idle pCPUs, and others have the rest. */
	{ 1, { { 256, 1, 10, ALL, ALL, 10 } } },
	{ 1, { { 256, 1, 1, ALL, ALL, 1 } } },
	{ 1, { { 256, 1, 25, ALL, ALL, 25 }, { 256, 1, 0, ALL, ALL, 75 } } },
	{ 1, { { 4096, 1, 30, ALL, ALL, 30 }, { 256, 1, 50, ALL, ALL, 50 } } },
	{ 2, { { 256, 2, 50, ALL, ALL, 50 } } },
	{ 2, { { 256, 2, 150, ALL, ALL, 150 } } },
	{ 2, { { 256, 4, 70, ALL, ALL, 70 }, { 256, 2, 0, ALL, ALL, 130 } } },
	{ 4, { { 256, 4, 230, ALL, ALL, 230 }, { 256, 2, 60, ALL, ALL, 60 } } },
	/* One that is not reached changes nothing. */
	{ 1, { { 512, 1, 100, ALL, ALL, 66.7 }, { 256, 1, 90, ALL, ALL, 33.3 } } },
	{ 2, { { 256, 1, 100, ALL, ALL, 100 }, { 256, 1, 100, ALL, ALL, 100 } } },
	/* Weights count where vCPUs compete. */
	{ 2, { { 256, 1, 0, 1, ALL, 33.3 }, { 512, 1, 0, 1, ALL, 66.7 },
	       { 256, 1, 0, ALL, ALL, 100 } } },
	{ 2, { { 256, 1, 0, 1, ALL, 50 }, { 256, 1, 0, 1, ALL, 50 },
	       { 256, 1, 0, 2, ALL, 100 } } },
	{ 2, { { 256, 1, 0, 1, ALL, 50 }, { 256, 1, 0, 1, ALL, 50 },
	       { 256, 1, 0, ALL, ALL, 50 }, { 256, 1, 0, ALL, ALL, 50 } } },
	{ 2, { { 256, 1, 0, 1, ALL, 50 }, { 256, 1, 0, 2, ALL, 50 },
	       { 256, 1, 0, 2, ALL, 50 }, { 256, 1, 0, ALL, ALL, 50 } } },
	{ 4, { { 256, 4, 0, 3, ALL, 100 }, { 256, 2, 0, 3, ALL, 100 },
	       { 256, 2, 0, ALL, ALL, 200 } } },
	{ 4, { { 256, 2, 0, 5, ALL, 100 }, { 768, 2, 0, 10, ALL, 150 },
	       { 256, 1, 0, 5, ALL, 100 }, { 256, 2, 0, 10, ALL, 50 } } },
	/* Soft affinity takes nothing from anybody. */
	{ 2, { { 256, 1, 0, ALL, 1, 66.7 }, { 256, 1, 0, ALL, 1, 66.7 },
	       { 256, 1, 0, ALL, 1, 66.7 } } },
	{ 2, { { 256, 1, 40, ALL, 2, 40 }, { 256, 1, 0, 2, ALL, 100 } } },
};

START_TEST(shares_with_limits)
{
	const struct limit *l = limits[_i].d;
	u32 n;

	machine(limits[_i].cpus);
	for (n = 0; l[n].weight; n++) {
		struct domain *d = dom(l[n].weight, l[n].vcpus);

		sched_domain_set_cap(d, l[n].cap);
		for (u32 i = 0; i < l[n].vcpus; i++) {
			sched_vcpu_set_affinity(d->vcpus[i], l[n].hard,
						l[n].soft);
			job(d->vcpus[i], 0, 0);
		}
	}
	simulate(LENGTH);
	for (u32 i = 0; i < n; i++) {
		double got = percent(ran_by(doms[i]), LENGTH);

		ck_assert_msg(got > 0.95 * l[i].want && got < 1.05 * l[i].want,
			      "set %d domain %u: %.1f %%, not %.1f %%", _i, i,
			      got, l[i].want);
	}
	free_all();
}
END_TEST

/*
 * A cap holds in every period, also after a sleep, and for short runs. What one
 * vCPU is over it, because another one woke in its slice, is missing later.
 */
START_TEST(cap_holds_always)
{
	u64 before, all, most = 0;
	struct job *j;

	machine(2);
	j = job(dom(256, 2)->vcpus[0], 30 * MS, 270 * MS);
	job(j->v->domain->vcpus[1], MS / 2, MS / 2);
	sched_domain_set_cap(j->v->domain, 20);
	simulate(SCHED_PERIOD_NS - now % SCHED_PERIOD_NS);
	all = ran_by(j->v->domain);
	for (u32 i = 0; i < 100; i++) {
		before = ran_by(j->v->domain);
		simulate(SCHED_PERIOD_NS);
		most = MAX(most, ran_by(j->v->domain) - before);
	}
	all = ran_by(j->v->domain) - all;
	ck_assert_uint_le(most, SCHED_PERIOD_NS * 25 / 100);
	ck_assert_uint_le(all, SCHED_PERIOD_NS * 20 + 2 * SCHED_LEAST_NS);
	ck_assert_uint_ge(all, SCHED_PERIOD_NS * 19);
	free_all();
}
END_TEST

/* A cap that is changed counts at once, and so does one that is taken away. */
START_TEST(cap_changes)
{
	struct job *a, *b;

	machine(2);
	a = job(dom(256, 1)->vcpus[0], 0, 0);
	b = job(dom(256, 1)->vcpus[0], 0, 0);
	enter_on(1);
	sched_domain_set_cap(a->v->domain, 2);
	simulate(500 * MS);
	ck_assert_uint_le(a->ran, 12 * MS);
	ck_assert_uint_eq(b->ran, 500 * MS);
	simulate(25 * MS);
	ck_assert(a->v->sched.parked);
	enter_on(0);
	sched_domain_set_cap(a->v->domain, 0);
	a->ran = 0;
	simulate(100 * MS);
	ck_assert_uint_ge(a->ran, 99 * MS);
	free_all();
}
END_TEST

/* Who is parked can be paused, destroyed from there, and started again. */
START_TEST(parked_and_paused)
{
	struct domain *d;
	struct job *j;

	machine(1);
	d = dom(256, 1);
	j = job(d->vcpus[0], 0, 0);
	sched_domain_set_cap(d, 2);
	simulate(25 * MS);
	ck_assert(j->v->sched.parked);
	d->pause_count = 1;
	sched_domain_pause(d);
	ck_assert(!j->v->sched.queued && !j->v->sched.parked);
	ck_assert_ptr_null(pcpus[0].sched.parked);
	j->ran = 0;
	simulate(200 * MS);
	ck_assert_uint_eq(j->ran, 0);
	d->pause_count = 0;
	sched_domain_unpause(d);
	simulate(1000 * MS);
	ck_assert_uint_ge(j->ran, 19 * MS);
	free_all();
}
END_TEST

/* A new hard affinity moves a vCPU at once, whatever it does. */
START_TEST(pinning_moves)
{
	struct job *a, *b, *c;

	machine(2);
	a = job(dom(256, 1)->vcpus[0], 0, 0);
	b = job(dom(256, 1)->vcpus[0], 0, 0);
	c = job(dom(256, 1)->vcpus[0], MS, 50 * MS);
	simulate(20 * MS);
	for (u32 turn = 0; turn < 10; turn++) {
		u32 to = turn % 2;

		enter_on(turn / 2 % 2);
		sched_vcpu_set_affinity(a->v, 1U << to, ALL);
		sched_vcpu_set_affinity(b->v, 1U << to, ALL);
		sched_vcpu_set_affinity(c->v, 2U >> to, ALL);
		simulate(STEP * 3);
		ck_assert(pcpus[to].current == a->v || pcpus[to].current == b->v);
		ck_assert(pcpus[1 - to].current != a->v &&
			  pcpus[1 - to].current != b->v);
		a->ran = b->ran = c->ran = 0;
		simulate(1020 * MS);
		ck_assert_uint_ge(a->ran, 480 * MS);
		ck_assert_uint_ge(b->ran, 480 * MS);
		ck_assert_uint_ge(c->ran, 19 * MS);
	}
	free_all();
}
END_TEST

/* Who was pinned where much ran already does not wait for that. */
START_TEST(pinning_is_no_debt)
{
	struct job *a, *b, *c;

	machine(2);
	a = job(dom(64, 1)->vcpus[0], 0, 0);
	b = job(dom(4096, 1)->vcpus[0], 0, 0);
	c = job(dom(4096, 1)->vcpus[0], 0, 0);
	sched_vcpu_set_affinity(a->v, 1, ALL);
	sched_vcpu_set_affinity(b->v, 2, ALL);
	sched_vcpu_set_affinity(c->v, 2, ALL);
	simulate(5000 * MS);
	ck_assert_uint_ge(a->ran, 4990 * MS);
	enter_on(0);
	sched_vcpu_set_affinity(a->v, 2, ALL);
	sched_vcpu_set_affinity(b->v, 1, ALL);
	sched_domain_set_weight(a->v->domain, 4096);
	a->ran = c->ran = 0;
	simulate(1000 * MS);
	ck_assert_uint_ge(a->ran, 450 * MS);
	ck_assert_uint_ge(c->ran, 350 * MS);
	free_all();
}
END_TEST

/* Soft affinity: there if it can be, elsewhere rather than not at all. */
START_TEST(soft_is_preferred)
{
	struct job *a, *hog;

	machine(3);
	a = job(dom(256, 1)->vcpus[0], 0, 0);
	simulate(20 * MS);
	enter_on(0);
	sched_vcpu_set_affinity(a->v, ALL, 1U << 2);
	simulate(20 * MS);
	ck_assert_ptr_eq(pcpus[2].current, a->v);
	/* Another one that must be there: it takes turns, and goes away. */
	hog = job(dom(4096, 1)->vcpus[0], 200 * MS, 200 * MS);
	sched_vcpu_set_affinity(hog->v, 1U << 2, ALL);
	simulate(50 * MS);
	ck_assert_ptr_eq(pcpus[2].current, hog->v);
	ck_assert(pcpus[0].current == a->v || pcpus[1].current == a->v);
	simulate(200 * MS);
	ck_assert_ptr_eq(pcpus[2].current, a->v);
	ck_assert_uint_ge(a->ran, 285 * MS);
	/* A sleeper that prefers an idle pCPU always wakes there. */
	enter_on(2);
	sched_vcpu_set_affinity(a->v, 1U << 1, ALL);
	hog->sleep = 0;
	a->run = 2 * MS;
	a->sleep = MS;
	simulate(20 * MS);
	enter_on(1);
	sched_vcpu_set_affinity(a->v, ALL, 1U);
	simulate(STEP);
	for (u32 i = 0; i < 100; i++) {
		simulate(MS);
		ck_assert(pcpus[1].current != a->v && pcpus[2].current != a->v);
	}
	/* No preference that can be met is none. */
	enter_on(0);
	sched_vcpu_set_affinity(a->v, 1U << 1, 1U);
	simulate(20 * MS);
	a->ran = 0;
	simulate(300 * MS);
	ck_assert_uint_ge(a->ran, 190 * MS);
	free_all();
}
END_TEST

/*
 * vCPUs of all kinds while affinity, caps, weights and pauses change at random.
 * The simulation itself checks where each one runs; and nobody is forgotten.
 */
START_TEST(everything_changes)
{
	struct domain *paused = NULL;

	srandom((unsigned int)_i + 1);
	machine(4);
	for (u32 i = 0; i < 4; i++) {
		struct domain *d = dom(64U << i, 3);

		for (u32 k = 0; k < 3; k++)
			job(d->vcpus[k], (u64)(1 + random() % 20) * MS,
			    k ? (u64)(random() % 20) * MS : 0);
	}
	for (u32 turn = 0; turn < 600; turn++) {
		struct domain *d = doms[random() % 4];
		struct vcpu *v = d->vcpus[random() % 3];

		enter_on((u32)random() % 4);
		switch (random() % 5) {
		case 0:
			sched_domain_set_cap(d, random() % 2 ? 0 :
					     (u32)random() % 200);
			break;
		case 1:
			sched_domain_set_weight(d, 1 + (u32)random() % 4096);
			break;
		case 2:
			if (paused) {
				paused->pause_count = 0;
				sched_domain_unpause(paused);
				paused = NULL;
			} else {
				d->pause_count = 1;
				paused = d;
				sched_domain_stop(d);
			}
			break;
		default:
			sched_vcpu_set_affinity(v, 1 + (u32)random() % 15,
						(u32)random() % 16);
		}
		simulate((u64)(1 + random() % 50) * STEP);
	}
	if (paused) {
		paused->pause_count = 0;
		enter_on(0);
		sched_domain_unpause(paused);
	}
	for (u32 i = 0; i < 4; i++) {
		enter_on(i);
		sched_domain_set_cap(doms[i], 0);
		sched_domain_set_weight(doms[i], 256);
	}
	for (u32 i = 0; i < nr_jobs; i++)
		jobs[i].ran = 0;
	simulate(1000 * MS);
	for (u32 i = 0; i < nr_jobs; i++)
		ck_assert_msg(jobs[i].ran > 20 * MS, "vCPU %u: %.1f ms", i,
			      (double)jobs[i].ran / MS);
	free_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sched_limits");
	TCase *tc = tcase_create("shares"), *steps = tcase_create("steps");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, shares_with_limits, 0, ARRAY_SIZE(limits));
	tcase_add_test(tc, cap_holds_always);
	suite_add_tcase(s, tc);
	tcase_set_timeout(steps, 120);
	tcase_add_test(steps, cap_changes);
	tcase_add_test(steps, parked_and_paused);
	tcase_add_test(steps, pinning_moves);
	tcase_add_test(steps, pinning_is_no_debt);
	tcase_add_test(steps, soft_is_preferred);
	tcase_add_loop_test(steps, everything_changes, 0, 40);
	suite_add_tcase(s, steps);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
