// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring of events: what is read is what was recorded, in order, once, and nothing
 * that is being overwritten.
 */
#include "trace.h"

#include "host_hv.h"
#include "percpu.h"

#include <check.h>
#include <stdlib.h>

static struct ringlet_trace_event e[RINGLET_TRACE_KEPT];
static struct ringlet_trace_event memory[RINGLET_TRACE_KEPT];

static void setup(void)
{
	host_machine(1);
	memset(&this_pcpu()->trace, 0, sizeof(this_pcpu()->trace));
}

static void add(u64 from, u64 count)
{
	u64 i;

	for (i = 0; i < count; i++)
		trace_add(NULL, RINGLET_TRACE_flush, from + i, 7);
}

static void check(u32 n, u64 from)
{
	u32 i;

	for (i = 0; i < n; i++) {
		ck_assert_uint_eq(e[i].a, from + i);
		ck_assert_uint_eq(e[i].b, 7);
		ck_assert_uint_eq(e[i].event, RINGLET_TRACE_flush);
		ck_assert_uint_eq(e[i].domain, TRACE_NOBODY);
	}
}

START_TEST(reads_on)
{
	struct trace_ring *r = &this_pcpu()->trace;
	u64 at = 0;

	ck_assert_uint_eq(trace_read(r, &at, e, 10), 0);
	add(0, 5);
	ck_assert_uint_eq(trace_read(r, &at, e, 3), 3);
	check(3, 0);
	ck_assert_uint_eq(at, 3);
	ck_assert_uint_eq(trace_read(r, &at, e, 10), 2);
	check(2, 3);
	ck_assert_uint_eq(trace_read(r, &at, e, 10), 0);
	/* A position that has not come yet. */
	at = 1000;
	ck_assert_uint_eq(trace_read(r, &at, e, 10), 0);
	ck_assert_uint_eq(at, 5);
}
END_TEST

/* The one that the next event goes over is not read: it may be half of it. */
START_TEST(forgets_the_oldest)
{
	struct trace_ring *r = &this_pcpu()->trace;
	u64 at = 0;

	add(0, 100);
	ck_assert_uint_eq(trace_read(r, &at, e, 100), TRACE_OWN - 1);
	check(TRACE_OWN - 1, 100 - (TRACE_OWN - 1));
	ck_assert_uint_eq(at, 100);
}
END_TEST

START_TEST(changes_memory)
{
	struct trace_ring *r = &this_pcpu()->trace;
	u64 at = 0;

	add(0, 40);
	r->first = r->next;
	r->asked = memory;
	ck_assert_uint_eq(trace_read(r, &at, e, 100), 0);
	add(40, 3);
	at = 0;
	ck_assert_uint_eq(trace_read(r, &at, e, 100), 3);
	check(3, 40);
	add(43, 2 * RINGLET_TRACE_KEPT);
	at = 43;
	ck_assert_uint_eq(trace_read(r, &at, e, RINGLET_TRACE_KEPT),
			  RINGLET_TRACE_KEPT - 1);
	check(RINGLET_TRACE_KEPT - 1, 44 + RINGLET_TRACE_KEPT);
	r->first = r->next;
	r->asked = NULL;
	at = 0;
	ck_assert_uint_eq(trace_read(r, &at, e, 100), 0);
}
END_TEST

/* Off, an event costs nothing and leaves nothing; some are never off. */
START_TEST(is_off)
{
	struct trace_ring *r = &this_pcpu()->trace;

	trace(NULL, flush, 1, 2);
	ck_assert_uint_eq(r->next, 0);
	trace(NULL, end, 1, 2);
	ck_assert_uint_eq(r->next, 1);
	trace_mask |= TRACE_BIT(flush);
	trace(NULL, flush, 1, 2);
	ck_assert_uint_eq(r->next, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trace");
	TCase *t = tcase_create("ring");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, reads_on);
	tcase_add_test(t, forgets_the_oldest);
	tcase_add_test(t, changes_memory);
	tcase_add_test(t, is_off);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
