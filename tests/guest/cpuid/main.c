// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpuid: the CPU that a guest kernel is told of is one that it can use.
 *
 * A kernel turns on whatever the CPU names. A feature that needs ring 0, or registers
 * that the hypervisor does not switch, is a crash at the guest's start or a leak
 * between domains; one that the machine has not got is an invalid opcode later.
 */
#include "guest.h"

const char test_title[] = "CPUID as a guest kernel sees it";

struct regs4 {
	u32 a, b, c, d;
};

static struct regs4 real(u32 leaf, u32 sub)
{
	struct regs4 r;

	__asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "0"(leaf), "2"(sub));
	return r;
}

static struct regs4 told(u32 leaf, u32 sub)
{
	struct regs4 r = { 0 };

	CHECK_EQ(ringlet_cpuid(leaf, sub, &r), 0);
	return r;
}

static bool empty(struct regs4 r)
{
	return !(r.a | r.b | r.c | r.d);
}

/* Bits that must not be seen, and none that the machine has not got. */
static void feature(const char *where, u32 got, u32 have, u32 never)
{
	if (got & ~have)
		failure("%s: %#x is not in the machine's %#x", where, got, have);
	if (got & never)
		failure("%s: %#x has bits of %#x, which no guest can use", where,
			got, never);
}

static void test_ranges(void)
{
	u32 leaf;

	CHECK(told(0, 0).a <= 0xd);
	CHECK(told(0x80000000, 0).a <= 0x80000008);
	for (leaf = 0xe; leaf < 0x30; leaf++)
		CHECK(empty(told(leaf, 0)));
	for (leaf = 0x80000009; leaf < 0x80000030; leaf++)
		CHECK(empty(told(leaf, 0)));
	CHECK(empty(told(0x7fffffff, 0)));
	CHECK(empty(told(0xffffffff, 0)));
	CHECK(empty(told(5, 0)));		/* MONITOR */
	CHECK(empty(told(0xa, 0)));		/* performance counters */
	CHECK(empty(told(0xb, 0)));		/* topology */
	CHECK_EQ(told(0x40000000, 0).a, 0x40000001);
	CHECK_EQ(told(0x40000001, 0).a, RINGLET_ABI_VERSION);
}

static void test_features(void)
{
	struct regs4 r = told(1, 0), m = real(1, 0);

	/* MONITOR, VMX, SMX, PCID, x2APIC, TSC deadline. */
	feature("leaf 1 ECX", r.c & ~(1U << 31), m.c, 0x01220068);
	CHECK(r.c >> 31);
	/* MCE, MTRR, MCA. */
	feature("leaf 1 EDX", r.d, m.d, 0x00005080);
	CHECK_EQ(r.b >> 24, 0);			/* the vCPU, not the APIC */
	r = told(7, 0);
	m = real(7, 0);
	CHECK(r.a <= 1);
	/* TSC_ADJUST, INVPCID, SMAP. */
	feature("leaf 7 EBX", r.b, m.b, 0x00100402);
	/* UMIP, PKU, OSPKE, LA57. */
	feature("leaf 7 ECX", r.c, m.c, 0x0001001c);
	/* SPEC_CTRL, ARCH_CAPABILITIES. */
	feature("leaf 7 EDX", r.d, m.d, 0x24000000);
	/* FRED, LAM. */
	feature("leaf 7.1 EAX", told(7, 1).a, real(7, 1).a, 0x04020000);
	CHECK(empty(told(7, 2)));
	r = told(0x80000001, 0);
	m = real(0x80000001, 0);
	feature("80000001 ECX", r.c, m.c, 0x00000004);	/* SVM */
	feature("80000001 EDX", r.d, m.d, 0);
	feature("6 EAX", told(6, 0).a, real(6, 0).a, ~0x4U);
	feature("80000007 EDX", told(0x80000007, 0).d, real(0x80000007, 0).d,
		~0x100U);
	feature("80000008 EBX", told(0x80000008, 0).b, real(0x80000008, 0).b,
		~0x201U);
	CHECK_EQ(told(0x80000008, 0).a, real(0x80000008, 0).a);
	CHECK_EQ(told(4, 0).a & 0x1f, real(4, 0).a & 0x1f);
}

/* The states that XSAVE names are those that XCR0 switches on. */
static void test_xsave(void)
{
	u32 low, high, i;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	CHECK_EQ(told(0xd, 0).a, low);
	CHECK_EQ(told(0xd, 0).d, high);
	feature("d.1 EAX", told(0xd, 1).a, real(0xd, 1).a, ~0x5U);
	for (i = 2; i < 64; i++)
		if (i > 31 || !(low >> i & 1))
			CHECK(empty(told(0xd, i)));
		else
			CHECK_EQ(told(0xd, i).b, real(0xd, i).b);
}

void test_main(void)
{
	test_ranges();
	test_features();
	test_xsave();
}
