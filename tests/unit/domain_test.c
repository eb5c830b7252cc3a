// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls about a domain with others in the middle of them. One that ends while domain
 * 0 has frames of it mapped goes, with all that it had, when the last reference is
 * dropped, by whomever and in whatever way.
 */
#include <check.h>
#include <stdlib.h>

#include "host_hv.h"
#include "hypercall-prototypes.h"
#include "time.h"

#define RAM (64UL << 20)

int __wrap_copy_to_guest(struct vcpu *v, u64 va, const void *src, size_t len);
int __real_p2m_add_shared(struct domain *d, gfn_t gfn, mfn_t mfn);
int __wrap_p2m_add_shared(struct domain *d, gfn_t gfn, mfn_t mfn);

static struct domain *dom0, *one;
static u64 free_before;
static mfn_t mapped;
static u64 wall, wall_next;	/* 0: stays as it is */

void time_set_wall(u64 sec, u32 nsec)
{
	(void)nsec;
	wall = sec;
}

void time_fill(struct ringlet_time *t)
{
	t->wall_sec = wall;
}

/* The time is set while a domain gets its time page. */
int __wrap_p2m_add_shared(struct domain *d, gfn_t gfn, mfn_t mfn)
{
	int rc = __real_p2m_add_shared(d, gfn, mfn);

	host_cpu = 1;
	if (wall_next)
		domain_set_wallclock(wall_next, 0);
	host_cpu = 0;
	return rc;
}

static u64 free_all(void)
{
	for (int i = 0; i < 1000 && frame_limbo_pages(); i++) {
		host_quiesce();
		frame_reap();
	}
	return frame_free_pages();
}

/* Another of domain 0's vCPUs destroys it. */
static void destroy(void)
{
	host_cpu = 1;
	while (domain_destroy(one) == -ERESTART_HV)
		;
	host_cpu = 0;
}

/* Domain 0 cannot be told what was mapped, and the domain ends meanwhile. */
int __wrap_copy_to_guest(struct vcpu *v, u64 va, const void *src, size_t len)
{
	(void)v;
	(void)va;
	(void)src;
	(void)len;
	destroy();
	return -EFAULT;
}

static void setup(void)
{
	struct ringlet_domain_create c = { .name = "Domain-0", .vcpus = 2,
					   .max_pages = 4096 };

	host_machine_ram(2, RAM);
	for (u32 i = 0; i < 2; i++) {
		sched_pcpu_init(&pcpus[i]);
		timer_pcpu_init(&pcpus[i]);
	}
	ck_assert_int_eq(domain_create(&c, RINGLET_DOMID_0, &dom0), 0);
	free_before = free_all() + dom0->hv_pages;
	c = (struct ringlet_domain_create){ .name = "one", .vcpus = 1,
					    .max_pages = 16 };
	ck_assert_int_eq(domain_create(&c, RINGLET_DOMID_NONE, &one), 0);
	ck_assert_int_eq(p2m_populate(one, GFN(0), 16, 0), 16);
}

static void check_gone(void)
{
	ck_assert_ptr_null(domain_next(1));
	ck_assert_uint_eq(free_all() + dom0->hv_pages, free_before);
}

START_TEST(unmapped)
{
	ck_assert_int_eq(p2m_map_foreign(dom0, one, GFN(3), &mapped), 0);
	destroy();
	ck_assert_ptr_nonnull(domain_next(1));
	ck_assert_int_eq(hc_domctl_unmap(dom0->vcpus[0], mapped.n, 1), 1);
	check_gone();
}
END_TEST

/* One call begins to unmap the last frame, one that has nothing to do ends it. */
START_TEST(unmapped_by_another)
{
	ck_assert_int_eq(p2m_map_foreign(dom0, one, GFN(3), &mapped), 0);
	destroy();
	host_work = 1;
	ck_assert_int_eq(hc_domctl_unmap(dom0->vcpus[0], mapped.n, 1), 1);
	ck_assert(p2m_is_leaving(&dom0->p2m));
	ck_assert_ptr_nonnull(domain_next(1));
	host_work = 0;
	host_cpu = 1;
	ck_assert_int_eq(hc_domctl_unmap(dom0->vcpus[1], 1, 1), -ENOENT);
	ck_assert(!p2m_is_leaving(&dom0->p2m));
	check_gone();
}
END_TEST

START_TEST(map_fails)
{
	ck_assert_int_eq(hc_domctl_map(dom0->vcpus[0], one->id, 0, 4, 0),
			 -EFAULT);
	check_gone();
}
END_TEST

START_TEST(time_page)
{
	wall_next = 1000;
	ck_assert_int_eq(domain_set_shared(one, GFN(100)), 0);
	for (u32 i = 0; i < RINGLET_MAX_VCPUS; i++) {
		ck_assert_uint_eq(one->time->vcpu[i].wall_sec, 1000);
		ck_assert_uint_eq(one->time->vcpu[i].clock.version % 2, 0);
	}
	domain_set_wallclock(2000, 0);
	ck_assert_uint_eq(one->time->vcpu[0].wall_sec, 2000);
	destroy();
	check_gone();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("domain");
	TCase *t = tcase_create("domain");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, unmapped);
	tcase_add_test(t, unmapped_by_another);
	tcase_add_test(t, map_fails);
	tcase_add_test(t, time_page);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
