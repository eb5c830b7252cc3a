// SPDX-License-Identifier: GPL-2.0-only
/*
 * busy: a vCPU that never waits. The times in its vCPU page must add up to the
 * time that passed, or steal time in kernels is nonsense. With the argument
 * "forever" it goes on, as load for tests of the scheduler.
 */
#include "guest.h"

const char test_title[] = "busy";

#define MS 1000000UL

/* What the hypervisor has accounted to vCPU 0, in all states. */
static u64 accounted(void)
{
	const struct ringlet_vcpu_page *p = vcpu_page();

	return READ_ONCE(p->time_running) + READ_ONCE(p->time_runnable) +
	       READ_ONCE(p->time_blocked) + READ_ONCE(p->time_offline);
}

static bool forever(void)
{
	const char *a = guest.arguments;

	return a && !memcmp(a, "forever", sizeof("forever"));
}

void test_main(void)
{
	u64 start = now(), before, passed;

	/* The page is written when the vCPU is put on a pCPU. */
	while (accounted() == 0 && now() < start + 1000 * MS)
		;
	before = accounted();
	start = now();
	while (now() < start + 300 * MS)
		;
	passed = accounted() - before;
	/* Behind by a slice at each end, or more where the machine is slow. */
	CHECK(passed > 100 * MS);
	CHECK(passed < now() - start + 100 * MS);
	if (forever()) {
		printk("Busy.\n");
		for (;;)
			;
	}
}
