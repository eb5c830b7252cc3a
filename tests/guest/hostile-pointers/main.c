// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile-pointers: buffers of hypercalls that are nowhere, half there, read-
 * only, the hypervisor's, or the kernel's when the user asked.
 *
 * The hypervisor copies through the guest's own tables. A pointer that it
 * follows without them reads or writes its own memory for a guest; one that it
 * checks only at the first page runs on into the next; one that it writes
 * through a read-only mapping breaks copy-on-write. All must give EFAULT, and
 * change nothing.
 */
#include "guest.h"

const char test_title[] = "hostile pointers";

#define VA	0x0000018000000000UL

static const u64 nowhere[] = {
	0x0000010000000000,		/* not mapped */
	0x0000800000000000,		/* not canonical */
	0xfffffffffffffff8,		/* wraps around */
	RINGLET_HV_START,		/* gate text */
	RINGLET_HV_START + 0x11000,	/* descriptor tables */
	RINGLET_VCPU_PAGE,
	0xffff808000000000,		/* the hypervisor */
	0xffff810000000000,
	0x00007fffffffffff,		/* the last byte of the lower half */
	0xffff87fffffffffc,		/* the last bytes of slot 271 */
};

/* Reading and writing calls, each with one pointer. */
static s64 try_calls(u64 p)
{
	s64 bad = 0;
	void *ptr = (void *)p;

#define TRY(call) do {							\
	s64 rc_ = (call);						\
	if (rc_ != -RINGLET_EFAULT) {					\
		failure("%#lx: %s gave %ld", p, #call, rc_);		\
		bad++;							\
	}								\
} while (0)
	TRY(ringlet_console_write(ptr, 64));
	TRY(ringlet_set_trap_table(ptr, 1));
	TRY(ringlet_set_entries(ptr));
	TRY(ringlet_get_debugreg(0, ptr));
	TRY(ringlet_cpuid(0, 0, ptr));
	TRY(ringlet_rdmsr(0xc0000080, ptr));
	TRY(ringlet_multicall(ptr, 1));
	if (guest.vcpus > 1)
		TRY(ringlet_vcpu_boot(1, ptr));
	return bad;
}

static void test_nowhere(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nowhere); i++)
		try_calls(nowhere[i]);
}

/* The first bytes are there, the last are not. */
static void test_half(void)
{
	u8 *page = page_alloc();
	u64 end = VA + PAGE_SIZE;
	u32 i;

	memset(page, 0x5a, PAGE_SIZE);
	map_page(guest.root, VA, (u64)page, PTE_P | PTE_W);
	try_calls(end - 4);
	CHECK_EQ(ringlet_cpuid(0, 0, (void *)(end - 16)), 0);
	CHECK_EQ(ringlet_cpuid(0, 0, (void *)(end - 15)), -RINGLET_EFAULT);
	/* A multicall's results go where its calls were. */
	CHECK_EQ(ringlet_multicall((void *)(end - 64 - 32), 2),
		 -RINGLET_EFAULT);
	for (i = 0; i < PAGE_SIZE - 128; i++)
		if (page[i] != 0x5a)
			failure("byte %u of the page was written", i);
}

/* Results into read-only memory. */
static void test_read_only(void)
{
	u64 *page = page_alloc();
	u64 va = VA + 16 * PAGE_SIZE;

	page[0] = 0x1234;
	map_page(guest.root, va, (u64)page, PTE_P);
	CHECK_EQ(ringlet_cpuid(0, 0, (void *)va), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_get_debugreg(7, (void *)va), -RINGLET_EFAULT);
	CHECK_EQ(page[0], 0x1234);
	/* It may be read: bytes are taken. */
	CHECK_EQ(ringlet_multicall((void *)va, 0), 0);
	CHECK_EQ(ringlet_cpuid(0, 0, guest.time), -RINGLET_EFAULT);
}

static s64 as_user(u64 nr, u64 a0, u64 a1, u64 a2)
{
	s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
			 : "=a"(ret)
			 : "0"(nr | RINGLET_HC_USER), "D"(a0), "S"(a1), "d"(a2)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

/* On behalf of ring 3 only ring 3's memory counts. */
static void test_on_behalf_of_user(void)
{
	static u8 kernel_data[64];

	CHECK_EQ(as_user(RINGLET_HC_cpuid, 0, 0, (u64)kernel_data),
		 -RINGLET_EFAULT);
	CHECK_EQ(kernel_data[4], 0);
	CHECK_EQ(as_user(RINGLET_HC_console_write, (u64)kernel_data, 8, 0),
		 -RINGLET_EFAULT);
	CHECK_EQ(as_user(RINGLET_HC_cpuid, 0, 0, USER_DATA), 0);
	CHECK(*(u32 *)(user_data + 4) != 0);
}

/* Lengths: none, more than a call takes, more than there is. */
static void test_lengths(void)
{
	s64 n;

	CHECK_EQ(ringlet_console_write((void *)0x0000010000000000, 0), 0);
	CHECK_EQ(ringlet_console_write((void *)0x0000010000000000, ~0UL),
		 -RINGLET_EFAULT);
	n = ringlet_console_read(user_data, ~0UL);
	CHECK(n >= 0 && n <= (s64)USER_DATA_SIZE);
	CHECK_EQ(ringlet_set_trap_table((void *)0x0000010000000000, ~0U),
		 -RINGLET_EINVAL);
}

void test_main(void)
{
	test_nowhere();
	test_half();
	test_read_only();
	test_on_behalf_of_user();
	test_lengths();
	/* Handlers are as they were. */
	CHECK_EQ(ringlet_abi_version(), RINGLET_ABI_VERSION);
}
