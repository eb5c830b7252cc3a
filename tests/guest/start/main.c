// SPDX-License-Identifier: GPL-2.0-only
/*
 * start: what the device tree says about the domain is so.
 *
 * A kernel believes its device tree before it can check anything. A seed that is
 * short, or the same bytes over and over, makes every random number of the guest a
 * guess; memory that is listed and not there is a fault long after the start.
 */
#include "guest.h"

const char test_title[] = "the start state and the device tree";

static void test_seed(void)
{
	const u8 *seed;
	u32 len = 0, i, j;

	seed = fdt_property(guest.fdt, "/chosen", "rng-seed", &len);
	if (!seed) {
		skip("the processor has no random numbers for domain 0");
		return;
	}
	CHECK_EQ(len, 32);
	/* Four numbers of 8 bytes: none twice. */
	for (i = 0; i + 8 <= len; i += 8)
		for (j = 0; j < i; j += 8)
			CHECK(memcmp(seed + i, seed + j, 8) != 0);
}

/* First and last page of each region can be written, and keep what was. */
static void test_memory(void)
{
	const u8 *reg;
	u32 len = 0, i;

	reg = fdt_property(guest.fdt, "/memory", "reg", &len);
	CHECK(len >= 16);
	CHECK_EQ(len % 16, 0);
	for (i = 0; reg && i + 16 <= len; i += 16) {
		u64 start = fdt_number(reg + i, 2);
		u64 size = fdt_number(reg + i + 8, 2), value;

		CHECK(size >= PAGE_SIZE);
		CHECK_EQ((start | size) & (PAGE_SIZE - 1), 0);
		CHECK(try_read(start, &value));
		CHECK(try_write(start, value));
		CHECK(try_read(start + size - 8, &value));
		CHECK(try_write(start + size - 8, value));
	}
}

static void test_hypervisor(void)
{
	const void *p;

	p = fdt_property(guest.fdt, "/hypervisor", "ringlet,abi-version", NULL);
	CHECK(p && fdt_number(p, 1) == RINGLET_ABI_VERSION);
	CHECK(guest.vcpus >= 1);
	CHECK_EQ(READ_ONCE(vcpu_page()->vcpu_id), 0);
	CHECK_EQ(ringlet_vcpu_is_up(0), 1);
	CHECK_EQ(ringlet_vcpu_is_up(guest.vcpus), -RINGLET_ENOENT);
}

void test_main(void)
{
	test_seed();
	test_memory();
	test_hypervisor();
}
