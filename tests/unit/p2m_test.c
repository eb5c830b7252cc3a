/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gfn-to-mfn map: superpages, removal, foreign frames, teardown.
 */
#include <check.h>

#include "host_hv.h"

#define MIB (1UL << 20)

static u64 idle_pages;

static struct domain *setup(void)
{
	host_machine_ram(2, 48 * MIB);
	idle_pages = frame_free_pages();
	return host_domain(1, 1, 4096, 0, false);
}

static void grace(void)
{
	for (u32 i = 0; i < 4; i++) {
		host_quiesce();
		while (frame_reap())
			;
	}
}

START_TEST(populate_and_lookup)
{
	struct domain *d = setup();
	struct p2m_entry a, b;

	ck_assert_int_eq(p2m_populate(d, GFN(0), 1030, 0), 1030);
	ck_assert_uint_eq(d->pages, 1030);
	a = p2m_lookup(d, GFN(0));
	b = p2m_lookup(d, GFN(511));
	ck_assert_uint_eq(a.flags, P2M_VALID | P2M_WRITE | P2M_SUPER);
	ck_assert_uint_eq(b.mfn.n, a.mfn.n + 511);
	a = p2m_lookup(d, GFN(1029));
	ck_assert_uint_eq(a.flags, P2M_VALID | P2M_WRITE);
	ck_assert(p2m_is_table(a));
	ck_assert_uint_eq(p2m_lookup(d, GFN(1030)).flags, 0);
	ck_assert_uint_eq(p2m_lookup(d, GFN(~0UL)).flags, 0);
	ck_assert_uint_eq(p2m_lookup(d, GFN(1UL << 36)).flags, 0);
	ck_assert_int_eq(p2m_populate(d, GFN(1029), 1, 0), -EEXIST);
	ck_assert_int_eq(p2m_populate(d, GFN(3), 1, 0), -EEXIST);
	ck_assert_int_eq(p2m_populate(d, GFN(2000), 0, 0), -EINVAL);
	ck_assert_int_eq(p2m_populate(d, GFN(2000), ~0UL, 0), -EINVAL);
	ck_assert_int_eq(p2m_populate(d, GFN(1UL << 36), 1, 0), -EINVAL);
	ck_assert_int_eq(p2m_populate(d, GFN(2000), 1, 2), -EINVAL);
	/* In a 2 MiB hole with something in it only small pages fit. */
	ck_assert_int_eq(p2m_populate(d, GFN(1536 + 600), 1, 0), 1);
	ck_assert_int_eq(p2m_populate(d, GFN(1536), 2000, 0), 600);
	ck_assert_uint_eq(p2m_lookup(d, GFN(1536)).flags & P2M_SUPER, P2M_SUPER);
	ck_assert_uint_eq(p2m_lookup(d, GFN(2048)).flags & P2M_SUPER, 0);
}
END_TEST

START_TEST(populate_limits)
{
	struct domain *d = setup();
	s64 n;

	ck_assert_int_eq(p2m_populate(d, GFN(0), 8192,
				      RINGLET_POPULATE_4K), 4096);
	ck_assert_int_eq(p2m_populate(d, GFN(5000), 1, 0), -EINVAL);
	ck_assert_uint_eq(p2m_lookup(d, GFN(0)).flags & P2M_SUPER, 0);
	d->max_pages = 1UL << 30;
	n = p2m_populate(d, GFN(5120), 1UL << 20, 0);
	ck_assert_int_gt(n, 2000);
	ck_assert_int_eq(p2m_populate(d, GFN(5120 + n), 1, 0), -ENOMEM);
	/* A 2 MiB entry cannot be split now. */
	ck_assert_int_eq(p2m_remove(d, GFN(5120), 1), -ENOMEM);
	ck_assert_int_eq(p2m_remove(d, GFN(4000), 1), 1);
	ck_assert_int_eq(p2m_populate(d, GFN(5120 + n), 1, 0), -EAGAIN);
	grace();
	ck_assert_int_eq(p2m_populate(d, GFN(5120 + n), 1, 0), 1);
	host_work = 1;
	ck_assert_int_ge(p2m_remove(d, GFN(0), 100), 1);
}
END_TEST

START_TEST(preemption)
{
	struct domain *d = setup();

	host_work = 1;
	ck_assert_int_eq(p2m_populate(d, GFN(0), 2048, 0), 512);
	host_work = 2;
	ck_assert_int_eq(p2m_populate(d, GFN(512), 2048, 0), 1024);
}
END_TEST

START_TEST(shatter_on_remove)
{
	struct domain *d = setup();
	struct p2m_entry a;
	u64 free;

	p2m_populate(d, GFN(0), 1024, 0);
	a = p2m_lookup(d, GFN(0));
	free = frame_free_pages();
	ck_assert_int_eq(p2m_remove(d, GFN(7), 3), 3);
	ck_assert_uint_eq(p2m_lookup(d, GFN(7)).flags, 0);
	ck_assert_uint_eq(p2m_lookup(d, GFN(9)).flags, 0);
	ck_assert_uint_eq(p2m_lookup(d, GFN(6)).mfn.n, a.mfn.n + 6);
	ck_assert_uint_eq(p2m_lookup(d, GFN(10)).mfn.n, a.mfn.n + 10);
	ck_assert_uint_eq(p2m_lookup(d, GFN(10)).flags, P2M_VALID | P2M_WRITE);
	ck_assert_int_eq(p2m_remove(d, GFN(7), 1), -ENOENT);
	ck_assert_uint_eq(d->pages, 1021);
	grace();
	ck_assert_uint_eq(frame_free_pages(), free + 3 - 1);
	/* A whole superpage goes as one. */
	ck_assert_int_eq(p2m_remove(d, GFN(512), 512), 512);
	grace();
	ck_assert_uint_eq(frame_free_pages(), free + 515 - 1);
	ck_assert_int_eq(p2m_populate(d, GFN(7), 3, 0), 3);
	ck_assert_int_eq(p2m_populate(d, GFN(512), 512, 0), 512);
}
END_TEST

/* What has left, but not yet from the shadows, is not added to, and comes back. */
START_TEST(leaving_and_coming_back)
{
	struct domain *d = setup();

	ck_assert_int_eq(p2m_populate(d, GFN(0), 512, 0), 512);
	host_work = 1;
	ck_assert_int_eq(p2m_remove(d, GFN(8), 8), 8);
	ck_assert(p2m_is_leaving(&d->p2m));
	d->p2m.leaving.busy = true;
	ck_assert_uint_eq(p2m_lookup(d, GFN(8)).flags, 0);
	ck_assert_uint_eq(d->pages, 512);
	ck_assert_int_eq(p2m_populate(d, GFN(8), 1, 0), -EEXIST);
	host_work = 3;
	ck_assert_int_eq(p2m_remove(d, GFN(20), 1), -ERESTART_HV);
	host_work = 0;
	/* Nor does the domain end under the pCPU that sees to it. */
	ck_assert_int_eq(p2m_teardown(d), -ERESTART_HV);
	ck_assert_uint_eq(d->p2m.leaving.n, 8);
	d->p2m.leaving.busy = false;
	p2m_leave(d);
	ck_assert(!p2m_is_leaving(&d->p2m));
	ck_assert_uint_eq(d->pages, 504);
	ck_assert_int_eq(p2m_teardown(d), 0);
	ck_assert_uint_eq(d->pages, 0);
	grace();
	ck_assert_uint_eq(frame_free_pages(), idle_pages);
}
END_TEST

/* A frame that the control domain has mapped is gone for its owner, not freed. */
START_TEST(leaving_with_references)
{
	struct domain *d = setup();
	struct domain *c = host_domain(0, 1, 4096, 0, true);
	mfn_t a, b;
	u64 free;

	ck_assert_int_eq(p2m_populate(d, GFN(0), 1, 0), 1);
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(0), &a), 0);
	free = frame_free_pages();
	*(u64 *)mfn_to_virt(a) = 0x77;
	ck_assert_int_eq(p2m_remove(d, GFN(0), 1), 1);
	grace();
	ck_assert_uint_eq(d->pages, 0);
	ck_assert_uint_eq(frame_free_pages(), free);
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(0), &b), -ENOENT);
	ck_assert_int_eq(p2m_populate(d, GFN(0), 1, 0), 1);
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(0), &b), 0);
	ck_assert_uint_ne(a.n, b.n);
	ck_assert_uint_eq(*(u64 *)mfn_to_virt(a), 0x77);
	ck_assert_uint_eq(*(u64 *)mfn_to_virt(b), 0);
	ck_assert_uint_eq(d->foreign_refs, 2);
	ck_assert_int_eq(p2m_unmap_foreign(c, GFN(a.n), 1), 1);
	grace();
	ck_assert_uint_eq(frame_free_pages(), free);
	ck_assert_int_eq(p2m_unmap_foreign(c, GFN(b.n), 1), 1);
	ck_assert_uint_eq(d->foreign_refs, 0);
}
END_TEST

START_TEST(special_pages)
{
	struct domain *d = setup();
	mfn_t m = frame_alloc_hv(0);

	ck_assert_int_eq(p2m_add(d, GFN(100), m, 0, P2M_SPECIAL), 0);
	ck_assert_int_eq(p2m_add(d, GFN(100), m, 0, P2M_SPECIAL), -EEXIST);
	ck_assert_int_eq(p2m_add(d, GFN(1), m, 9, 0), -EINVAL);
	ck_assert(!p2m_is_table(p2m_lookup(d, GFN(100))));
	ck_assert_int_eq(p2m_remove(d, GFN(100), 1), -ENOENT);
	ck_assert_int_eq(p2m_teardown(d), 0);
	grace();
	frame_free_hv(m, 0);
	ck_assert_uint_eq(frame_free_pages(), idle_pages);
}
END_TEST

START_TEST(identity_map)
{
	struct domain *d = setup();
	struct domain *c = host_domain(0, 1, 4096, 0, true);
	struct p2m_entry e;
	s64 n;

	(void)d;
	n = p2m_populate_identity(c, 1600);
	ck_assert_int_eq(n, 1600);
	for (u64 gfn = 256; gfn < 49 * 256; gfn++) {
		e = p2m_lookup(c, GFN(gfn));
		if (e.flags) {
			ck_assert_uint_eq(e.mfn.n, gfn);
			n--;
		}
	}
	ck_assert_int_eq(n, 0);
	e = p2m_lookup(c, GFN(HOST_MEMORY_MAX >> PAGE_SHIFT));
	ck_assert_uint_eq(e.flags, P2M_VALID | P2M_WRITE | P2M_MMIO);
	ck_assert(!p2m_is_table(e));
	ck_assert_int_eq(p2m_populate(c, GFN(0), 1, 0), -EINVAL);
	ck_assert(host_panics(p2m_teardown(c)));
}
END_TEST

START_TEST(foreign)
{
	struct domain *d = setup();
	struct domain *c = host_domain(0, 1, 4096, 0, true);
	struct p2m_entry e;
	mfn_t m, again, m2;

	p2m_populate(d, GFN(0), 1024, 0);
	ck_assert_int_eq(p2m_map_foreign(d, c, GFN(0), &m), -EPERM);
	ck_assert_int_eq(p2m_map_foreign(c, c, GFN(0), &m), -EINVAL);
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(4000), &m), -ENOENT);
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(5), &m), 0);
	ck_assert_uint_eq(m.n, p2m_lookup(d, GFN(5)).mfn.n);
	e = p2m_lookup(c, GFN(m.n));
	ck_assert_uint_eq(e.flags, P2M_VALID | P2M_WRITE | P2M_FOREIGN);
	ck_assert(!p2m_is_table(e));
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(5), &again), 0);
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(6), &m2), 0);
	ck_assert_uint_eq(d->foreign_refs, 3);
	ck_assert_int_eq(p2m_unmap_foreign(c, GFN(m.n), 10), 2);
	ck_assert_uint_eq(d->foreign_refs, 1);
	ck_assert_uint_eq(p2m_lookup(c, GFN(m2.n)).flags, 0);
	ck_assert_uint_ne(p2m_lookup(c, GFN(m.n)).flags, 0);
	ck_assert_int_eq(p2m_unmap_foreign(c, GFN(m2.n), 1), -ENOENT);
	ck_assert_int_eq(p2m_unmap_foreign(c, GFN(~0UL), 1), -ENOENT);
	ck_assert_int_eq(p2m_unmap_foreign(c, GFN(m.n), 1), 1);
	ck_assert_int_eq(p2m_unmap_foreign(c, GFN(m.n), 1), -ENOENT);
	ck_assert_uint_eq(d->foreign_refs, 0);
	/* Own memory is no foreign frame. */
	ck_assert_int_eq(p2m_populate_identity(c, 1), 1);
}
END_TEST

/* A run of frames that are mapped may belong to several domains. */
START_TEST(foreign_owners_in_a_row)
{
	struct domain *d = setup();
	struct domain *d2 = host_domain(2, 1, 4096, 0, false);
	struct domain *c = host_domain(0, 1, 4096, 0, true);
	mfn_t a, b;
	u64 gfn;

	/* Frames of two domains, one beside the other. */
	for (gfn = 0; gfn < 64; gfn++) {
		ck_assert_int_eq(p2m_populate(d, GFN(gfn), 1, 0), 1);
		ck_assert_int_eq(p2m_populate(d2, GFN(gfn), 1, 0), 1);
		a = p2m_lookup(d, GFN(gfn)).mfn;
		b = p2m_lookup(d2, GFN(gfn)).mfn;
		if (a.n + 1 == b.n || b.n + 1 == a.n)
			break;
	}
	ck_assert_uint_lt(gfn, 64);
	/* The second maps twice, so that its reference is not the last one. */
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(gfn), &a), 0);
	for (u32 i = 0; i < 2; i++) {
		ck_assert_int_eq(p2m_map_foreign(c, d2, GFN(gfn), &b), 0);
		ck_assert_int_eq(p2m_map_foreign(c, d, GFN(gfn), &a), 0);
	}
	ck_assert_uint_eq(d->foreign_refs, 3);
	ck_assert_uint_eq(d2->foreign_refs, 2);
	for (u32 i = 1; i <= 2; i++) {
		ck_assert_int_eq(p2m_unmap_foreign(c, GFN(MIN(a.n, b.n)), 2), 2);
		ck_assert_uint_eq(d->foreign_refs, 3 - i);
		ck_assert_uint_eq(d2->foreign_refs, 2 - i);
	}
	ck_assert_uint_eq(p2m_lookup(c, GFN(b.n)).flags, 0);
	ck_assert_int_eq(p2m_unmap_foreign(c, GFN(MIN(a.n, b.n)), 2),
			 a.n < b.n ? 1 : -ENOENT);
	if (a.n > b.n)
		ck_assert_int_eq(p2m_unmap_foreign(c, GFN(a.n), 1), 1);
	ck_assert_uint_eq(d->foreign_refs, 0);
}
END_TEST

/* A few pages far from each other have many tables, which go in pieces. */
START_TEST(death_of_a_sparse_map)
{
	struct domain *d = setup();
	u32 turns = 0;
	int rc;

	for (u64 i = 0; i < 30; i++)
		ck_assert_int_eq(p2m_populate(d, GFN(i << 27), 1, 0), 1);
	ck_assert_uint_eq(d->hv_pages, 1 + 3 * 30);
	ck_assert_int_eq(vtlb_teardown(d), 0);
	do {
		host_work = 3;
		rc = p2m_teardown(d);
		turns += d->p2m.teardown_step == 3;
	} while (rc == -ERESTART_HV);
	host_work = 0;
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_ge(turns, 5);
	ck_assert_uint_eq(d->hv_pages, 0);
}
END_TEST

START_TEST(death_waits_for_references)
{
	struct domain *d = setup();
	struct domain *c = host_domain(0, 1, 4096, 0, true);
	u32 turns = 0;
	mfn_t a, b;
	int rc;

	p2m_populate(d, GFN(0), 1500, 0);
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(9), &a), 0);
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(1400), &b), 0);
	ck_assert_int_eq(vtlb_teardown(d), 0);
	do {
		host_work = 1;
		rc = p2m_teardown(d);
		turns++;
	} while (rc == -ERESTART_HV);
	host_work = 0;
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_gt(turns, 3);
	ck_assert_uint_eq(d->pages, 0);
	ck_assert_uint_eq(d->hv_pages, 0);
	ck_assert_uint_eq(d->foreign_refs, 2);
	ck_assert_int_eq(p2m_map_foreign(c, d, GFN(9), &b), -ENOENT);
	ck_assert_int_eq(p2m_add(d, GFN(0), a, 0, P2M_WRITE), -EINVAL);
	memset(mfn_to_virt(a), 0x77, PAGE_SIZE);
	grace();
	ck_assert_uint_eq(((u8 *)mfn_to_virt(a))[9], 0x77);
	ck_assert_int_eq(p2m_unmap_foreign(c, GFN(a.n), 1), 1);
	ck_assert_uint_eq(d->foreign_refs, 1);
	ck_assert_int_eq(p2m_unmap_foreign(c, GFN(b.n), 1), 1);
	ck_assert_uint_eq(d->foreign_refs, 0);
	grace();
	ck_assert_uint_eq(frame_limbo_pages(), 0);
}
END_TEST

START_TEST(death_returns_everything)
{
	struct domain *d = setup();

	p2m_populate(d, GFN(0), 3000, 0);
	p2m_populate(d, GFN(1UL << 30), 10, 0);
	p2m_remove(d, GFN(700), 1);
	ck_assert_int_eq(p2m_teardown(d), 0);
	ck_assert_int_eq(p2m_teardown(d), 0);
	ck_assert_uint_eq(p2m_lookup(d, GFN(0)).flags, 0);
	grace();
	ck_assert_uint_eq(frame_free_pages(), idle_pages);
	ck_assert_uint_eq(frame_limbo_pages(), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("p2m");
	TCase *t = tcase_create("p2m");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, populate_and_lookup);
	tcase_add_test(t, populate_limits);
	tcase_add_test(t, preemption);
	tcase_add_test(t, shatter_on_remove);
	tcase_add_test(t, leaving_and_coming_back);
	tcase_add_test(t, leaving_with_references);
	tcase_add_test(t, special_pages);
	tcase_add_test(t, identity_map);
	tcase_add_test(t, foreign);
	tcase_add_test(t, foreign_owners_in_a_row);
	tcase_add_test(t, death_of_a_sparse_map);
	tcase_add_test(t, death_waits_for_references);
	tcase_add_test(t, death_returns_everything);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
