// SPDX-License-Identifier: GPL-2.0-only
/*
 * msrs: every model-specific register, read and written.
 *
 * An MSR that is passed through where nobody thought of it hands out the machine:
 * the system call entry, the page attribute table, a debug or a microcode
 * interface. All ranges are tried by call, and a choice of them by instruction in
 * both rings; an answer must hold nothing of the hypervisor's, and after each range
 * whatever depends on MSRs must work as before.
 */
#include "guest.h"

const char test_title[] = "probing of all MSRs";

static const struct {
	u32 first, last;
} ranges[] = {
	{ 0x00000000, 0x00001fff },
	{ 0x40000000, 0x400001ff },	/* Hyper-V, KVM's old ones */
	{ 0x4b564d00, 0x4b564dff },	/* KVM */
	{ 0x80000000, 0x800000ff },
	{ 0xc0000000, 0xc0001fff },
	{ 0xc0010000, 0xc0011fff },
	{ 0xfffffff0, 0xffffffff },
};

static const u32 choice[] = {
	0x0, 0x10, 0x1b, 0x3a, 0x48, 0x49, 0x79, 0x8b, 0x174, 0x175, 0x176,
	0x179, 0x1a0, 0x1d9, 0x200, 0x277, 0x2ff, 0x38f, 0x480, 0x600, 0x6e0,
	0x802, 0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084,
	0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0xc0010010,
	0xc0010055, 0xc0010114, 0xc0010117,
};

USER_CODE(user_mark, "movb $1, (%rdi); syscall; ud2");
USER_CODE(user_rdmsr, "mov %edi, %ecx; rdmsr; ud2");
USER_CODE(user_wrmsr, "mov %edi, %ecx; wrmsr; ud2");

static u32 port;

static bool is_hv_address(u64 value)
{
	return value >= RINGLET_HV_START && value < RINGLET_HV_END;
}

/* System calls, faults, events, bases and the clock: all hang on MSRs. */
static void check_alive(u32 msr)
{
	const u64 va = 0x0000018000000000;
	u64 fs, value, before = now();
	u32 events = event_count[port];

	user_data[0] = 0;
	if (run_user(user_mark, USER_DATA)->vector != VECTOR_SYSCALL ||
	    user_data[0] != 1)
		failure("after MSR %#x: system calls are broken, vector %lu",
			msr, this_cpu()->trap.vector);
	if (!try_read(va, &value) || value != 0x77)
		failure("after MSR %#x: a page cannot be read", msr);
	if (try_write(va, 0))
		failure("after MSR %#x: a read-only page can be written", msr);
	__asm__ volatile("rdfsbase %0" : "=r"(fs));
	if (fs != 0x123000)
		failure("after MSR %#x: FS base is %#lx", msr, fs);
	events_on();
	CHECK_EQ(ringlet_evtchn_send(port), 0);
	events_off();
	CHECK_EQ(event_count[port], events + 1);
	CHECK(now() >= before);
}

static void probe_one(u32 msr, u32 *answered, u32 *taken)
{
	static const u64 values[] = { 0, 1, ~0UL, 0x00000000fee00800 };
	u64 old = 0, value;
	bool readable = !ringlet_rdmsr(msr, &old);
	u32 i;

	if (readable) {
		++*answered;
		if (is_hv_address(old))
			failure("MSR %#x shows %#lx", msr, old);
	}
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		s64 rc = ringlet_wrmsr(msr, values[i]);

		if (rc && rc != -RINGLET_EIO)
			failure("wrmsr of %#x gave %ld", msr, rc);
		*taken += !rc;
	}
	/* What could be read goes back, where that is allowed at all. */
	if (readable)
		ringlet_wrmsr(msr, old);
	if (readable && (ringlet_rdmsr(msr, &value) || is_hv_address(value)))
		failure("MSR %#x after a write: %#lx", msr, value);
}

static void test_calls(void)
{
	u32 i, answered = 0, taken = 0;
	u64 msr;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		for (msr = ranges[i].first; msr <= ranges[i].last; msr++) {
			probe_one((u32)msr, &answered, &taken);
			if ((msr & 0xff) == 0xff)
				check_alive((u32)msr);
		}
	printk("%u MSRs answer, %u writes were taken\n", answered, taken);
	/* A guest kernel gets a handful. */
	CHECK(answered >= 4);
	CHECK(answered <= 16);
}

struct access {
	u32 msr;
	u64 value;
};

static void do_rdmsr(void *arg)
{
	struct access *a = arg;
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(a->msr));
	a->value = (u64)high << 32 | low;
}

static void do_wrmsr(void *arg)
{
	struct access *a = arg;

	__asm__ volatile("wrmsr" : : "c"(a->msr), "a"((u32)a->value),
			 "d"((u32)(a->value >> 32)));
}

/* The instructions say what the calls say; ring 3 has neither. */
static void test_instructions(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(choice); i++) {
		struct access a = { choice[i], 0 };
		u64 value;
		bool refused = ringlet_rdmsr(a.msr, &value);

		if (probe(do_rdmsr, &a) != refused)
			failure("rdmsr of %#x: not as the call", a.msr);
		a.value = ~0UL;
		refused = ringlet_wrmsr(a.msr, a.value);
		if (probe(do_wrmsr, &a) != refused)
			failure("wrmsr of %#x: not as the call", a.msr);
		if (run_user(user_rdmsr, a.msr)->vector != TRAP_GP)
			failure("ring 3 reads MSR %#x", a.msr);
		if (run_user(user_wrmsr, a.msr)->vector != TRAP_GP)
			failure("ring 3 writes MSR %#x", a.msr);
		check_alive(a.msr);
	}
}

void test_main(void)
{
	u64 *page = page_alloc();
	s64 rc = ringlet_evtchn_bind_ipi(0);

	CHECK(rc > 0);
	port = (u32)rc;
	port_unmask(port);
	page[0] = 0x77;
	map_page(guest.root, 0x0000018000000000, (u64)page, PTE_P | PTE_NX);
	__asm__ volatile("wrfsbase %0" : : "r"(0x123000UL));
	check_alive(0);
	test_calls();
	test_instructions();
}
