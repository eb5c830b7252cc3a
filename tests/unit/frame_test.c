/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame allocator: nothing is handed out twice, unscrubbed or too early.
 */
#include <check.h>
#include <stdlib.h>

#include "host_hv.h"

#define MIB (1UL << 20)

static struct domain *dom(u32 id)
{
	struct domain *d = calloc(1, sizeof(*d));

	d->id = id;
	return d;
}

static bool zero(mfn_t mfn, u32 order)
{
	u64 *p = mfn_to_virt(mfn);

	for (u64 i = 0; i < (PAGE_SIZE << order) / 8; i++) {
		if (p[i])
			return false;
	}
	return true;
}

START_TEST(init_respects_used)
{
	struct mem_region ram[] = {
		{ 0, 0x9fc00 }, { MIB, 63 * MIB }, { 4096 * MIB, 16 * MIB },
	};
	struct mem_region used[] = {
		{ 2 * MIB + 100, 3 * MIB }, { 60 * MIB, 4 * MIB - 1 },
	};
	u64 n = 0;
	mfn_t m;

	host_machine(1);
	memset(host_memory + 5 * MIB, 0xaa, 8 * MIB);
	frame_init(ram, 3, used, 2);
	ck_assert_uint_eq(frame_total_pages(), 0x9f + 63 * 256 + 16 * 256);
	ck_assert_uint_eq(frame_limbo_pages(), 0);
	while ((m = frame_alloc_hv(0)).n != MFN_NONE.n) {
		u64 at = m.n * PAGE_SIZE;

		n++;
		ck_assert(zero(m, 0));
		ck_assert(at != 0);
		ck_assert(at < 0x9f000 || at >= MIB);
		ck_assert(at + PAGE_SIZE <= 2 * MIB + 100 ||
			  at >= 5 * MIB + 100);
		ck_assert(at + PAGE_SIZE <= 60 * MIB || at >= 64 * MIB);
		ck_assert(at < 64 * MIB || at >= 4096 * MIB);
		memset(mfn_to_virt(m), 0x55, PAGE_SIZE);
	}
	ck_assert_uint_eq(frame_free_pages(), 0);
	/* The high memory holds the frame table, and is not all of it. */
	ck_assert_uint_gt(n, 12000);
	frame_add(60 * MIB, 4 * MIB);
	ck_assert_uint_eq(frame_free_pages(), 1024);
	ck_assert(host_panics(frame_add(60 * MIB, PAGE_SIZE)));
}
END_TEST

START_TEST(every_order)
{
	u64 before;

	host_machine_ram(1, 32 * MIB);
	before = frame_free_pages();
	for (u32 order = 0; order <= FRAME_MAX_ORDER; order++) {
		mfn_t m = frame_alloc_hv(order);

		ck_assert_uint_ne(m.n, MFN_NONE.n);
		ck_assert_uint_eq(m.n & ((1UL << order) - 1), 0);
		ck_assert_uint_eq(frame_free_pages(), before - (1UL << order));
		ck_assert(zero(m, order));
		memset(mfn_to_virt(m), 0xff, PAGE_SIZE << order);
		frame_free_hv(m, order);
		ck_assert_uint_eq(frame_free_pages(), before);
	}
}
END_TEST

START_TEST(exhaustion_and_merge)
{
	static mfn_t m[16384];
	u32 n = 0, large = 0;

	host_machine_ram(1, 32 * MIB);
	while ((m[n] = frame_alloc_hv(0)).n != MFN_NONE.n)
		memset(mfn_to_virt(m[n++]), 1, PAGE_SIZE);
	ck_assert_uint_eq(frame_free_pages(), 0);
	for (u32 i = 0; i < n; i++) {
		u32 j = (i * 7919U) % n;
		mfn_t t = m[i];

		m[i] = m[j];
		m[j] = t;
	}
	for (u32 i = 0; i < n; i++)
		frame_free_hv(m[i], 0);
	ck_assert_uint_eq(frame_free_pages(), n);
	while ((m[large] = frame_alloc_hv(FRAME_MAX_ORDER)).n != MFN_NONE.n)
		ck_assert(zero(m[large++], FRAME_MAX_ORDER));
	ck_assert_uint_ge(large, 14);
}
END_TEST

/* One misuse each: the allocator is not usable after a panic. */
START_TEST(misuse_panics)
{
	static struct domain *d, *e;
	static mfn_t m, own;

	d = dom(1);
	e = dom(2);
	host_machine_ram(1, 16 * MIB);
	m = frame_alloc_hv(2);
	own = frame_alloc_domain(d, 0, 0);
	if (_i == 0) {
		ck_assert(host_panics(frame_free_hv(m, 1)));
	} else if (_i == 1) {
		frame_free_hv(m, 2);
		ck_assert(host_panics(frame_free_hv(m, 2)));
	} else if (_i == 2) {
		ck_assert(host_panics(frame_free_hv(own, 0)));
	} else if (_i == 3) {
		ck_assert(host_panics(frame_release(e, own, 0)));
	} else if (_i == 4) {
		ck_assert(host_panics(frame_put(d, own)));
	} else if (_i == 5) {
		frame_release(d, own, 0);
		ck_assert(host_panics(frame_release(d, own, 0)));
	} else {
		ck_assert(host_panics(frame_release(d, MFN(0), 0)));
	}
}
END_TEST

START_TEST(limbo_waits_for_every_cpu)
{
	struct domain *d = dom(3);
	u64 before;
	mfn_t m;

	host_machine_ram(3, 16 * MIB);
	before = frame_free_pages();
	m = frame_alloc_domain(d, FRAME_MAX_ORDER, 0);
	ck_assert_uint_eq(d->pages, 512);
	memset(mfn_to_virt(m), 0xee, LARGE_SIZE);
	frame_release(d, m, FRAME_MAX_ORDER);
	ck_assert_uint_eq(d->pages, 0);
	ck_assert_uint_eq(frame_limbo_pages(), 512);
	ck_assert_uint_eq(frame_free_pages(), before - 512);
	frame_reap();
	/* The others were interrupted; this one has not passed an exit yet. */
	ck_assert_uint_eq(host_kicks, 2);
	frame_reap();
	ck_assert_uint_eq(frame_limbo_pages(), 512);
	pcpus[0].quiescent++;
	while (frame_reap())
		;
	ck_assert_uint_eq(frame_limbo_pages(), 0);
	ck_assert_uint_eq(frame_free_pages(), before);
	while ((m = frame_alloc_domain(d, 0, 0)).n != MFN_NONE.n)
		ck_assert(zero(m, 0));
	free(d);
}
END_TEST

START_TEST(references_hold_frames)
{
	struct domain *d = dom(4);
	u64 before;
	mfn_t m;

	host_machine_ram(1, 16 * MIB);
	before = frame_free_pages();
	m = frame_alloc_domain(d, FRAME_MAX_ORDER, 0);
	ck_assert(frame_get(d, MFN(m.n + 5)));
	ck_assert(frame_get(d, MFN(m.n + 5)));
	ck_assert(frame_get(d, MFN(m.n + 511)));
	ck_assert_uint_eq(d->foreign_refs, 3);
	frame_release(d, m, FRAME_MAX_ORDER);
	for (u32 i = 0; i < 4; i++) {
		host_quiesce();
		while (frame_reap())
			;
	}
	ck_assert_uint_eq(frame_free_pages(), before - 2);
	frame_put(d, MFN(m.n + 5));
	frame_put(d, MFN(m.n + 511));
	frame_put(d, MFN(m.n + 5));
	ck_assert_uint_eq(d->foreign_refs, 0);
	ck_assert_uint_eq(frame_free_pages(), before - 2);
	for (u32 i = 0; i < 4; i++) {
		host_quiesce();
		while (frame_reap())
			;
	}
	ck_assert_uint_eq(frame_free_pages(), before);
	free(d);
}
END_TEST

START_TEST(zones)
{
	struct mem_region ram[] = {
		{ MIB, 31 * MIB }, { 4096 * MIB, 128 * MIB },
	};
	struct domain *d = dom(5);

	host_machine(1);
	frame_init(ram, 2, NULL, 0);
	ck_assert_uint_ge(frame_alloc_hv(0).n, MIB);
	ck_assert_uint_ge(frame_alloc_domain(d, 9, 0).n, MIB);
	ck_assert_uint_lt(frame_alloc_domain(d, 9, FRAME_LOW).n, MIB);
	ck_assert_uint_lt(frame_alloc_hv_low(3).n, MIB);
	while (frame_alloc_hv_low(0).n != MFN_NONE.n)
		;
	ck_assert_uint_ge(frame_alloc_domain(d, 0, FRAME_LOW).n, MIB);
	free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("frame");
	TCase *t = tcase_create("frame");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, init_respects_used);
	tcase_add_test(t, every_order);
	tcase_add_test(t, exhaustion_and_merge);
	tcase_add_loop_test(t, misuse_panics, 0, 7);
	tcase_add_test(t, limbo_waits_for_every_cpu);
	tcase_add_test(t, references_hold_frames);
	tcase_add_test(t, zones);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
