// SPDX-License-Identifier: GPL-2.0-only
/*
 * A domain whose devices reach only a pool of its memory, here the second region of
 * the test's guest: what does a driver have to agree to, does a disk work in the
 * pool, and what becomes of rings and data outside.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "dm_fake.h"

#define DISK		"\"op\":\"attach\",\"dev\":0,\"kind\":\"vhost-user\",\"type\":2,\"queues\":1"
#define RNG		"\"op\":\"attach\",\"dev\":5,\"kind\":\"rng\""
#define MIB		(1 << 20)
#define RING		(FAKE_GIB + MIB)	/* in the pool */
#define DATA		(FAKE_GIB + 8 * MIB)
#define OUTSIDE		(16ULL * MIB)
#define VERSION_1	(1ULL << 32)
#define ACCESS_PLATFORM	(1ULL << 33)
#define F_BLK		(VERSION_1 | 1 << 9 | 1 << 29 | 1 << 28)
#define NEEDS_RESET	0x40u
#define FEATURES_OK	8u

static pid_t storage;
static struct vq vq;

static void start_in_pool(void)
{
	char text[160];

	manager_run();
	snprintf(text, sizeof(text), "\"op\":\"start\",\"first\":%llu,\"pages\":%llu,\"bus\":%llu,\"port\":%d",
		 FAKE_GIB >> 12, (unsigned long long)FAKE_PAGES -
		 (FAKE_GIB >> 12), FAKE_BUS, FAKE_BUS_PORT);
	ck_assert_str_eq(manager_ask(text, NULL, 0), "");
}

static void setup(void)
{
	fake_begin();
	start_in_pool();
}

static void teardown(void)
{
	int status = manager_end();

	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status),
		      "the manager ended with %#x: %s", status, fake_log());
	if (storage)
		storage_kill(storage);
	storage = 0;
	fake_end();
}

static void connect_disk(void)
{
	int fd = storage_connect("disk");

	ck_assert_int_ge(fd, 0);
	ck_assert_str_eq(manager_ask(DISK, &fd, 1), "");
}

static void make_disk(void)
{
	char command[256];

	snprintf(command, sizeof(command), "qemu-img create -q -f raw %s/disk.img 64M",
		 fake_dir);
	ck_assert_int_eq(system(command), 0);
	storage = storage_run("disk", "raw");
	connect_disk();
}

START_TEST(disk_works)
{
	const uint32_t len = 256 * 1024;

	make_disk();
	ck_assert_uint_eq(dev_features(0) >> 32, 3);
	ck_assert(dev_start(0, &vq, RING, 256, true, F_BLK | ACCESS_PLATFORM));
	memset(fake_memory(DATA), 0x5a, len);
	ck_assert_int_eq(blk_do(&vq, 1, 0, DATA, len), 0);
	memset(fake_memory(DATA + MIB), 0, len);
	ck_assert_int_eq(blk_do(&vq, 0, 0, DATA + MIB, len), 0);
	ck_assert(!memcmp(fake_memory(DATA), fake_memory(DATA + MIB), len));
	/* A successor goes on in the same pool. */
	manager_kill();
	start_in_pool();
	connect_disk();
	ck_assert_int_eq(blk_do(&vq, 0, 8, DATA + MIB, len), 0);
}
END_TEST

/* A driver that does not know of the pool is told before it tries. */
START_TEST(driver_must_agree)
{
	const struct ringlet_vmsg_features f = {
		.count = 2, .bits = { 0, (uint32_t)(VERSION_1 >> 32) },
	};
	struct ringlet_vmsg_features r;

	ck_assert_str_eq(manager_ask(RNG, NULL, 0), "");
	ck_assert_uint_eq(dev_features(5), VERSION_1 | ACCESS_PLATFORM);
	ck_assert(!dev_set_status(5, 0));
	ck_assert_uint_eq(dev_set_status(5, 3), 3);
	ck_assert(bus_ask(0, 5, RINGLET_VMSG_SET_FEATURES, &f, sizeof(f), &r,
			  sizeof(r)));
	ck_assert_uint_eq(dev_set_status(5, 3 | FEATURES_OK), 3);
	ck_assert(dev_reset(5));
	ck_assert(dev_start(5, &vq, RING, 64, false,
			    VERSION_1 | ACCESS_PLATFORM));
}
END_TEST

START_TEST(ring_outside)
{
	ck_assert_str_eq(manager_ask(RNG, NULL, 0), "");
	ck_assert(!dev_start(5, &vq, OUTSIDE, 64, false,
			     VERSION_1 | ACCESS_PLATFORM));
	ck_assert(dev_status(5) & NEEDS_RESET);
	ck_assert(dev_reset(5));
}
END_TEST

/* Neither the manager nor a backend finds what lies outside. */
START_TEST(data_outside)
{
	struct vq_piece p = { OUTSIDE, 4096, true };
	unsigned int i;

	memset(fake_memory(OUTSIDE), 0, 4096);
	ck_assert_str_eq(manager_ask(RNG, NULL, 0), "");
	ck_assert(dev_start(5, &vq, RING, 64, false,
			    VERSION_1 | ACCESS_PLATFORM));
	vq_add(&vq, 0, &p, 1);
	vq_kick(&vq);
	ck_assert(UNTIL(dev_status(5) & NEEDS_RESET, 2000));
	make_disk();
	ck_assert(dev_start(0, &vq, RING + MIB, 256, true,
			    F_BLK | ACCESS_PLATFORM));
	blk_begin(&vq, 0, 0, 0, OUTSIDE, 4096);
	vq_kick(&vq);
	ck_assert_int_eq(vq_done(&vq, 1000), -1);
	for (i = 0; i < 4096; i++)
		ck_assert_uint_eq(*fake_memory(OUTSIDE + i), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dm_pool");
	TCase *pool = tcase_create("pool");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(pool, setup, teardown);
	tcase_set_timeout(pool, 120);
	tcase_add_test(pool, disk_works);
	tcase_add_test(pool, driver_must_agree);
	tcase_add_test(pool, ring_outside);
	tcase_add_test(pool, data_outside);
	suite_add_tcase(suite, pool);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
