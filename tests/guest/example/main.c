// SPDX-License-Identifier: GPL-2.0-only
/*
 * example: the smallest guest. It shows that a domain starts, has a console, can
 * make a hypercall through the gate and come back, and can end itself.
 */
#include "guest.h"

const char test_title[] = "example";

void test_main(void)
{
	printk("Hello from domain %u\n", guest.domid);
	CHECK_EQ(ringlet_abi_version(), RINGLET_ABI_VERSION);
}
