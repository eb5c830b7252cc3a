// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation fails once. Whatever a control call was doing then, it says
 * -ENOMEM (or that it did a part), it leaves nothing half built, and when all is
 * taken back each frame is where it was. Each scenario is run with the first
 * allocation failing, then the second, and so on, until a run needs no more.
 */
#include <check.h>
#include <stdlib.h>

#include "host_hv.h"
#include "quiesce.h"
#include "time.h"

#define RAM (64UL << 20)
#define VCPUS 3

mfn_t __real_frame_alloc_hv(u32 order);
mfn_t __wrap_frame_alloc_hv(u32 order);
mfn_t __real_frame_alloc_domain(struct domain *d, u32 order, u32 flags);
mfn_t __wrap_frame_alloc_domain(struct domain *d, u32 order, u32 flags);

static u32 fail_at, allocations;	/* 0: none fails */
static struct domain *dom0;
static u64 free_before, hv_before;

static bool fails(void)
{
	return ++allocations == fail_at;
}

mfn_t __wrap_frame_alloc_hv(u32 order)
{
	return fails() ? MFN_NONE : __real_frame_alloc_hv(order);
}

mfn_t __wrap_frame_alloc_domain(struct domain *d, u32 order, u32 flags)
{
	return fails() ? MFN_NONE : __real_frame_alloc_domain(d, order, flags);
}

static void settle(void)
{
	for (int i = 0; i < 1000 && frame_limbo_pages(); i++) {
		host_quiesce();
		frame_reap();
	}
	ck_assert_uint_eq(frame_limbo_pages(), 0);
}

static u64 free_all(void)
{
	settle();
	return frame_free_pages();
}

static struct ringlet_domain_create request(u32 vcpus)
{
	struct ringlet_domain_create c = {
		.name = "one", .vcpus = vcpus, .max_pages = 2048,
	};

	return c;
}

static s64 destroy(struct domain *d)
{
	s64 ret;

	do {
		ret = domain_destroy(d);
		host_quiesce();
	} while (ret == -ERESTART_HV);
	return ret;
}

/* What no scenario may leave behind. */
static void check_clean(void)
{
	fail_at = 0;
	ck_assert_ptr_null(domain_next(1));
	/* Tables of domain 0 are kept, and counted. */
	ck_assert_uint_eq(free_all() + dom0->hv_pages, free_before);
	ck_assert_uint_eq(frame_hv_pages() - dom0->hv_pages, hv_before);
	ck_assert_uint_eq(dom0->foreign_refs, 0);
}

/*
 * Run a scenario with each allocation failing in turn. It returns the result of
 * what it did, and undoes what succeeded.
 */
static void each(s64 (*scenario)(void))
{
	for (u32 n = 1; ; n++) {
		s64 ret;

		fail_at = n;
		allocations = 0;
		ret = scenario();
		if (allocations < n) {
			ck_assert_int_eq(ret, 0);
			ck_assert_uint_gt(n, 1);
			check_clean();
			return;
		}
		ck_assert_msg(!ret || ret == -ENOMEM,
			      "allocation %u failed: %ld", n, (long)ret);
		check_clean();
		ck_assert_uint_lt(n, 10000);
	}
}

static s64 create(void)
{
	struct ringlet_domain_create c = request(VCPUS);
	struct domain *d = NULL;
	s64 ret = domain_create(&c, RINGLET_DOMID_NONE, &d);

	if (ret) {
		ck_assert_ptr_null(d);
		ck_assert_ptr_null(domain_next(1));
		return ret;
	}
	for (u32 i = 0; i < VCPUS; i++)
		ck_assert_ptr_nonnull(d->vcpus[i]);
	fail_at = 0;
	ck_assert_int_eq(destroy(d), 0);
	return 0;
}

/* A domain for a scenario that begins with one. */
static struct domain *make(void)
{
	struct ringlet_domain_create c = request(1);
	struct domain *d;
	u32 at = fail_at;

	fail_at = 0;
	ck_assert_int_eq(domain_create(&c, RINGLET_DOMID_NONE, &d), 0);
	fail_at = at;
	allocations = 0;
	return d;
}

static s64 shared(void)
{
	struct domain *d = make();
	s64 ret = domain_set_shared(d, GFN(511));

	if (ret) {
		ck_assert_ptr_null(d->shared);
		ck_assert_ptr_null(d->time);
		ck_assert_uint_eq(p2m_lookup(d, GFN(511)).flags, 0);
		ck_assert_uint_eq(p2m_lookup(d, GFN(512)).flags, 0);
		fail_at = 0;
		ck_assert_int_eq(domain_set_shared(d, GFN(511)), 0);
	}
	fail_at = 0;
	ck_assert_int_eq(destroy(d), 0);
	return ret;
}

/* A vCPU's shadow pages; what there was memory for is used the next time. */
static s64 bring_up(void)
{
	struct domain *d = make();
	s64 ret = vtlb_reserve(d->vcpus[0]);

	fail_at = 0;
	ck_assert_int_eq(vtlb_reserve(d->vcpus[0]), 0);
	ck_assert_uint_ge(d->vtlb.pool_pages, VTLB_FLOOR);
	ck_assert_uint_eq(d->vtlb.floor, VTLB_FLOOR);
	ck_assert_int_eq(destroy(d), 0);
	return ret;
}

/* 4 KiB and 2 MiB frames; what was added is there, and the rest is not. */
static s64 populate(void)
{
	struct domain *d = make();
	s64 ret = 0, done = 0;
	u64 i;

	while (done < 550 && ret >= 0) {
		ret = p2m_populate(d, GFN(500 + done), 550 - done, 0);
		if (ret > 0)
			done += ret;
	}
	ck_assert_int_eq(d->pages, done);
	for (i = 0; i < 550; i++)
		ck_assert_int_eq(!p2m_lookup(d, GFN(500 + i)).flags,
				 i >= (u64)done);
	fail_at = 0;
	ck_assert_int_eq(destroy(d), 0);
	return ret < 0 ? ret : 0;
}

static s64 map(void)
{
	struct domain *d = make();
	u32 at = fail_at, n;
	mfn_t mfn[8];
	s64 ret = 0;

	fail_at = 0;
	for (n = 0; n < 520; ) {
		s64 added = p2m_populate(d, GFN(n), 520 - n, 0);

		ck_assert_int_gt(added, 0);
		n += (u32)added;
	}
	fail_at = at;
	allocations = 0;
	for (n = 0; n < 8 && !ret; n += !ret)
		ret = p2m_map_foreign(dom0, d, GFN(n * 70), &mfn[n]);
	fail_at = 0;
	ck_assert_uint_eq(d->foreign_refs, n);
	while (n--)
		ck_assert_int_eq(p2m_unmap_foreign(dom0, GFN(mfn[n].n), 1), 1);
	ck_assert_uint_eq(d->foreign_refs, 0);
	ck_assert_int_eq(destroy(d), 0);
	return ret;
}

/* A domain that is destroyed when no memory is left must go all the same. */
static s64 end(void)
{
	struct domain *d = make();
	u32 at = fail_at;
	s64 ret;

	fail_at = 0;
	for (u32 i = 1; i < 300; i++)
		ck_assert_int_gt(event_alloc(d, RINGLET_DOMID_SELF, 0), 0);
	ck_assert_int_eq(p2m_populate(d, GFN(0), 1, 0), 1);
	ck_assert_int_eq(domain_set_shared(d, GFN(600)), 0);
	fail_at = at;
	allocations = 0;
	ret = destroy(d);
	/* It has nothing to allocate. */
	ck_assert_uint_eq(allocations, 0);
	allocations = at > 1 ? at - 1 : at;
	return ret;
}

static s64 ports(void)
{
	struct domain *d = make();
	s64 port = 1;

	for (u32 i = 1; i < 600 && port > 0; i++)
		port = event_alloc(d, RINGLET_DOMID_SELF, 0);
	ck_assert_int_ne(port, 0);
	fail_at = 0;
	if (port < 0)
		ck_assert_int_gt(event_alloc(d, RINGLET_DOMID_SELF, 0), 0);
	ck_assert_int_eq(destroy(d), 0);
	return port == -ENOSPC ? -ENOMEM : port < 0 ? port : 0;
}

/* Filling: the guest goes on with fewer shadow pages, down to the floor. */
static s64 fill(void)
{
	struct domain *d = make();
	u32 at = fail_at, error;
	u64 *root, *l3, i;

	fail_at = 0;
	ck_assert_int_eq(p2m_populate(d, GFN(0), 512, 0), 512);
	root = mfn_to_virt(p2m_lookup(d, GFN(1)).mfn);
	l3 = mfn_to_virt(p2m_lookup(d, GFN(2)).mfn);
	root[0] = 2 << PAGE_SHIFT | 7;
	for (i = 0; i < 512; i++)
		l3[i] = 3 << PAGE_SHIFT | 7;
	for (i = 3; i < 5; i++)
		*(u64 *)mfn_to_virt(p2m_lookup(d, GFN(i)).mfn) =
			(i + 1) << PAGE_SHIFT | 0x67;
	d->vcpus[0]->root = GFN(1);
	host_run(0, d, 0);
	host_enter(0);
	fail_at = at;
	allocations = 0;
	for (i = 0; i < 200; i++)
		ck_assert_int_eq(vtlb_fault(d->vcpus[0], i << 30, 0, &error),
				 VTLB_FILLED);
	fail_at = 0;
	host_idle(0);
	ck_assert_int_eq(destroy(d), 0);
	return 0;
}

static void setup(void)
{
	struct ringlet_domain_create c = { .name = "Domain-0", .vcpus = 1,
					   .max_pages = 4096 };

	host_machine_ram(2, RAM);
	for (u32 i = 0; i < 2; i++) {
		sched_pcpu_init(&pcpus[i]);
		timer_pcpu_init(&pcpus[i]);
	}
	fail_at = 0;
	ck_assert_int_eq(domain_create(&c, RINGLET_DOMID_0, &dom0), 0);
	free_before = free_all() + dom0->hv_pages;
	hv_before = frame_hv_pages() - dom0->hv_pages;
}

#define SCENARIO(name) \
	START_TEST(test_##name) { each(name); } END_TEST

SCENARIO(create)
SCENARIO(bring_up)
SCENARIO(shared)
SCENARIO(populate)
SCENARIO(map)
SCENARIO(end)
SCENARIO(ports)
SCENARIO(fill)

int main(void)
{
	Suite *s = suite_create("alloc_fail");
	TCase *t = tcase_create("alloc_fail");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, test_create);
	tcase_add_test(t, test_bring_up);
	tcase_add_test(t, test_shared);
	tcase_add_test(t, test_populate);
	tcase_add_test(t, test_map);
	tcase_add_test(t, test_end);
	tcase_add_test(t, test_ports);
	tcase_add_test(t, test_fill);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
