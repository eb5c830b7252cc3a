// SPDX-License-Identifier: GPL-2.0-only
/*
 * The balloon of the device manager: does memory go when the guest gives it back and
 * come when it asks, also across a killed manager; and is a guest that names pages
 * which it should not refused, and otherwise left alone?
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "dm_fake.h"

#define DEV		3
#define MIB		(1ULL << 20)
#define INFLATE_RING	(FAKE_GIB + MIB)
#define DEFLATE_RING	(FAKE_GIB + 2 * MIB)
#define LIST		(FAKE_GIB + 3 * MIB)
#define F_BALLOON	(1ULL << 32 | 1)	/* MUST_TELL_HOST */
#define LIST_PAGES	256

#define OK(text) ck_assert_str_eq(manager_ask(text, NULL, 0), "")
#define SAYS(text, part) \
	ck_assert_ptr_nonnull(strstr(manager_ask(text, NULL, 0), part))
#define LOGGED(part) ck_assert_msg(strstr(fake_log(), part), "no '%s' in:\n%s", \
				   part, fake_log())

static struct vq inflate, deflate;

static void attach(unsigned int pages)
{
	char text[128];

	snprintf(text, sizeof(text), "\"op\":\"attach\",\"dev\":%d,\"kind\":\"balloon\",\"pages\":%u",
		 DEV, pages);
	OK(text);
}

/* What the guest's driver does before DRIVER_OK. */
static void start_driver(void)
{
	struct ringlet_vmsg_features f = {
		.count = 2,
		.bits = { (uint32_t)F_BALLOON, F_BALLOON >> 32 },
	}, r = { 0 };

	ck_assert_uint_eq(dev_features(DEV), F_BALLOON);
	ck_assert_uint_eq(dev_set_status(DEV, 1), 1);
	ck_assert_uint_eq(dev_set_status(DEV, 3), 3);
	ck_assert(bus_ask(0, DEV, RINGLET_VMSG_SET_FEATURES, &f, sizeof(f), &r,
			  sizeof(r)));
	ck_assert_uint_eq(dev_set_status(DEV, 11), 11);
	inflate = (struct vq){ .dev = DEV, .size = 64, .base = INFLATE_RING };
	deflate = (struct vq){ .dev = DEV, .index = 1, .size = 64,
			       .base = DEFLATE_RING };
	ck_assert(vq_bind(&inflate) && vq_set(&inflate));
	ck_assert(vq_bind(&deflate) && vq_set(&deflate));
	ck_assert_uint_eq(dev_set_status(DEV, 15), 15);
}

static void setup(void)
{
	fake_begin();
	manager_run();
	ck_assert_str_eq(manager_start(), "");
	attach(1000);
	start_driver();
}

static void teardown(void)
{
	int status = manager_end();

	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status),
		      "the manager ended with %#x: %s", status, fake_log());
	fake_end();
}

static void restart(unsigned int pages)
{
	manager_kill();
	manager_run();
	ck_assert_str_eq(manager_start(), "");
	attach(pages);
}

/* Pages gfn, gfn + step ... */
static void begin(struct vq *q, uint32_t gfn, uint32_t count, uint32_t step)
{
	struct vq_piece p = { LIST + 4096 * q->index, count * 4, false };
	uint32_t i, *list = (uint32_t *)fake_memory(p.gpa);

	for (i = 0; i < count; i++)
		list[i] = gfn + i * step;
	vq_add(q, 0, &p, 1);
	vq_kick(q);
}

static void give(uint32_t gfn, uint32_t count)
{
	begin(&inflate, gfn, count, 1);
	ck_assert_int_eq(vq_done(&inflate, 5000), 0);
}

static void get(uint32_t gfn, uint32_t count)
{
	begin(&deflate, gfn, count, 1);
	ck_assert_int_eq(vq_done(&deflate, 5000), 0);
}

static uint32_t config(uint32_t offset)
{
	struct ringlet_vmsg_config c = { .offset = offset, .length = 4 }, r;
	uint32_t value;

	ck_assert(bus_ask(0, DEV, RINGLET_VMSG_GET_CONFIG, &c, sizeof(c), &r,
			  sizeof(r)));
	memcpy(&value, r.data, sizeof(value));
	return value;
}

static void set_config(uint32_t offset, uint32_t value)
{
	struct ringlet_vmsg_config c = { .offset = offset, .length = 4 }, r;

	memcpy(c.data, &value, sizeof(value));
	ck_assert(bus_ask(0, DEV, RINGLET_VMSG_SET_CONFIG, &c, sizeof(c), &r,
			  sizeof(r)));
}

START_TEST(works)
{
	unsigned int before;
	uint32_t i;

	ck_assert_uint_eq(config(0), 1000);
	for (i = 0; i < 1000; i += 250)
		give(0x1000 + i, 250);
	ck_assert_uint_eq(fake_absent_pages, 1000);
	ck_assert(fake_absent[0x1000] && fake_absent[0x1000 + 999]);
	set_config(4, 1000);
	ck_assert_uint_eq(config(4), 1000);
	/* How many it shall give is not the driver's to say. */
	set_config(0, 7);
	ck_assert_uint_eq(config(0), 1000);

	before = config_events;
	OK("\"op\":\"balloon\",\"dev\":3,\"pages\":100");
	ck_assert_uint_eq(config(0), 100);
	ck_assert_uint_gt(config_events, before);
	/* Not in the order of their numbers. */
	begin(&deflate, 0x1000 + 999, 250, -1U);
	ck_assert_int_eq(vq_done(&deflate, 5000), 0);
	ck_assert_uint_eq(fake_absent_pages, 750);
	ck_assert(!fake_absent[0x1000 + 750] && fake_absent[0x1000 + 749]);
	for (i = 0; i < 750; i += 250)
		get(0x1000 + i, 250);
	ck_assert_uint_eq(fake_absent_pages, 0);
	ck_assert(dev_reset(DEV));
	start_driver();
	give(0x2000, 1);
	ck_assert_uint_eq(fake_absent_pages, 1);
}
END_TEST

/* Everything that is not a page of its own, to give away once. */
START_TEST(hostile_pages)
{
	const struct vq_piece odd = { LIST, 7, false };
	const struct vq_piece in = { LIST, 8, true };
	const struct vq_piece much = { LIST, 2 * MIB, false };

	give(FAKE_PAGES - 2, 5);
	ck_assert_uint_eq(fake_absent_pages, 2);
	LOGGED("3 of 5 pages that the guest gives back are not its memory");
	give(0xffffff00, 256);
	give(FAKE_BUS, 1);
	ck_assert_uint_eq(fake_absent_pages, 2);
	begin(&inflate, 0x1000, 100, 0);
	ck_assert_int_eq(vq_done(&inflate, 5000), 0);
	ck_assert_uint_eq(fake_absent_pages, 3);
	give(0x0ff0, 32);
	ck_assert_uint_eq(fake_absent_pages, 3 + 31);
	/* Rings. */
	give(INFLATE_RING >> 12, 2);
	give(DEFLATE_RING >> 12, 2);
	ck_assert_uint_eq(fake_absent_pages, 3 + 31);
	ck_assert_uint_eq(dev_status(DEV), 15);
	/* What is there, and what never was. */
	get(0x2000, 100);
	get(0x0fffff00, 256);
	get(FAKE_PAGES, 4);
	ck_assert_uint_eq(fake_absent_pages, 3 + 31);
	ck_assert_uint_eq(dev_status(DEV), 15);

	vq_add(&inflate, 1, &odd, 1);
	vq_kick(&inflate);
	ck_assert(UNTIL(dev_status(DEV) & 0x40, 2000));
	LOGGED("what it gives back is no list of pages");
	ck_assert(dev_reset(DEV));
	start_driver();
	vq_add(&deflate, 1, &in, 1);
	vq_kick(&deflate);
	ck_assert(UNTIL(dev_status(DEV) & 0x40, 2000));
	LOGGED("what it wants back is no list of pages");
	ck_assert(dev_reset(DEV));
	start_driver();
	vq_add(&inflate, 1, &much, 1);
	vq_kick(&inflate);
	ck_assert(UNTIL(dev_status(DEV) & 0x40, 2000));
	ck_assert(dev_reset(DEV));
	ck_assert_uint_eq(fake_absent_pages, 3 + 31);
}
END_TEST

/* No answer before there is memory: the guest would use what is not there. */
START_TEST(waits_for_memory)
{
	static const struct { int error; const char *text; } cases[] = {
		{ -ENOMEM, "the guest waits for memory: there is none" },
		{ -EINVAL, "it has as much as it may have" },
		{ -EAGAIN, "" },
	};

	give(0x1000, 256);
	fake_give_error = cases[_i].error;
	begin(&deflate, 0x1000, 256, 1);
	ck_assert_int_eq(vq_done(&deflate, 300), -1);
	LOGGED(cases[_i].text);
	/* Others are served. */
	give(0x3000, 16);
	fake_give_error = 0;
	ck_assert_int_eq(vq_done(&deflate, 5000), 0);
	ck_assert_uint_eq(fake_absent_pages, 16);
	/* Nor does it keep a reset from ending. */
	fake_give_error = cases[_i].error;
	begin(&deflate, 0x3000, 16, 1);
	ck_assert_int_eq(vq_done(&deflate, 100), -1);
	ck_assert(dev_reset(DEV));
	fake_give_error = 0;
}
END_TEST

/* A guest that was told to do with less does not help itself. */
START_TEST(keeps_to_its_limit)
{
	uint32_t i;

	OK("\"op\":\"balloon\",\"dev\":3,\"pages\":4096");
	for (i = 0; i < 4096; i += LIST_PAGES)
		give(0x4000 + i, LIST_PAGES);
	/* A little, as it does when it moves pages about. */
	for (i = 0; i < 1024; i += LIST_PAGES)
		get(0x4000 + i, LIST_PAGES);
	begin(&deflate, 0x4000 + i, LIST_PAGES, 1);
	ck_assert_int_eq(vq_done(&deflate, 300), -1);
	ck_assert_uint_eq(fake_absent_pages, 3072);
	LOGGED("the guest waits for memory: it was told to do with less");
	restart(4096);
	ck_assert_int_eq(vq_done(&deflate, 300), -1);
	ck_assert_uint_eq(fake_absent_pages, 3072);
	OK("\"op\":\"balloon\",\"dev\":3,\"pages\":0");
	ck_assert_int_eq(vq_done(&deflate, 5000), 0);
	for (i += LIST_PAGES; i < 4096; i += LIST_PAGES)
		get(0x4000 + i, LIST_PAGES);
	ck_assert_uint_eq(fake_absent_pages, 0);
}
END_TEST

START_TEST(manager_killed)
{
	uint32_t i, k;

	for (i = 0; i < 20; i++) {
		begin(&inflate, 0x1000 + i * 200, 200, 1);
		for (k = 0; k < i % 5; k++)
			fake_pump(1);
		restart(4000);
		ck_assert_int_eq(vq_done(&inflate, 5000), 0);
		ck_assert_uint_eq(fake_absent_pages, (i + 1) * 200);
	}
	OK("\"op\":\"balloon\",\"dev\":3,\"pages\":0");
	for (i = 0; i < 20; i++) {
		begin(&deflate, 0x1000 + i * 200, 200, 1);
		for (k = 0; k < i % 5; k++)
			fake_pump(1);
		restart(0);
		ck_assert_int_eq(vq_done(&deflate, 5000), 0);
		ck_assert_uint_eq(fake_absent_pages, 4000 - (i + 1) * 200);
	}
	ck_assert_uint_eq(dev_status(DEV), 15);
}
END_TEST

/* The list lies in a page that is not there: zeros, until the page is back. */
START_TEST(touches_what_is_gone)
{
	const uint64_t last = FAKE_PAGES - 1;
	struct vq_piece p = { last << 12, 8, false };

	give((uint32_t)last, 1);
	fake_cut(1);
	vq_add(&inflate, 0, &p, 1);
	vq_kick(&inflate);
	ck_assert_int_eq(vq_done(&inflate, 5000), 0);
	ck_assert_uint_eq(fake_absent_pages, 2);
	ck_assert(fake_absent[0]);
	fake_cut(0);
	OK("\"op\":\"balloon\",\"dev\":3,\"pages\":0");
	get((uint32_t)last, 1);
	get(0, 1);
	((uint32_t *)fake_memory(p.gpa))[0] = 0x5000;
	((uint32_t *)fake_memory(p.gpa))[1] = 0x5001;
	vq_add(&inflate, 0, &p, 1);
	vq_kick(&inflate);
	ck_assert_int_eq(vq_done(&inflate, 5000), 0);
	ck_assert(fake_absent[0x5000] && fake_absent[0x5001]);
	ck_assert_uint_eq(fake_absent_pages, 2);
}
END_TEST

START_TEST(bad_requests)
{
	SAYS("\"op\":\"attach\",\"dev\":9,\"kind\":\"balloon\"", "needs 'pages'");
	SAYS("\"op\":\"balloon\",\"dev\":9,\"pages\":1", "no such device");
	SAYS("\"op\":\"balloon\",\"dev\":3", "and 'pages'");
	SAYS("\"op\":\"balloon\",\"dev\":3,\"pages\":-1", "and 'pages'");
	OK("\"op\":\"attach\",\"dev\":5,\"kind\":\"rng\"");
	SAYS("\"op\":\"balloon\",\"dev\":5,\"pages\":1", "which is a balloon");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ringlet-dm's balloon");
	TCase *t = tcase_create("balloon");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, works);
	tcase_add_test(t, hostile_pages);
	tcase_add_loop_test(t, waits_for_memory, 0, 3);
	tcase_add_test(t, keeps_to_its_limit);
	tcase_add_test(t, manager_killed);
	tcase_add_test(t, touches_what_is_gone);
	tcase_add_test(t, bad_requests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
