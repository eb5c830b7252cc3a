// SPDX-License-Identifier: GPL-2.0-only
/*
 * returns: RINGLET_IRET with frames that are good, bad and evil.
 *
 * The frame of a return is the guest's, the instruction that consumes it is
 * ring 0's. SYSRET with an address that is not canonical faults in ring 0 on
 * some CPUs (the bug of 2012 that hit every hypervisor); IRET with IOPL 3 hands
 * out the machine's interrupt flag; a selector of ring 0 hands out everything.
 * Each such frame must become the guest's own general protection fault, as
 * struct ringlet_iret_frame says, and flags must be masked.
 */
#include "guest.h"

const char test_title[] = "returns through good and refused frames";

#define NOT_CANONICAL	0x0000800000000000UL
#define RF		(1UL << 16)
#define TF		(1UL << 8)
#define DF		(1UL << 10)
#define AC		(1UL << 18)
#define ID		(1UL << 21)
#define NT		(1UL << 14)
#define IOPL		(3UL << 12)
#define VM		(1UL << 17)
#define VIF		(1UL << 19)
#define VIP		(1UL << 20)

USER_CODE(user_ud, "ud2");
USER_CODE(user_nop, "nop; ud2");
USER_CODE(user_flags, "pushf; pop %rax; ud2");
USER_CODE(user_flags32, ".code32; pushf; pop %eax; ud2; .code64");

/* All registers arrive, rcx and r11 too. */
static void test_registers(void)
{
	const struct regs *r;
	struct regs in;

	user_regs(&in, user_ud);
	in.rax = 1; in.rbx = 2; in.rcx = 3; in.rdx = 4; in.rsi = 5; in.rdi = 6;
	in.rbp = 7; in.r8 = 8; in.r9 = 9; in.r10 = 10; in.r11 = 11;
	in.r12 = 12; in.r13 = 13; in.r14 = 14; in.r15 = 15;
	r = run_regs(&in);
	CHECK_EQ(r->vector, TRAP_UD);
	CHECK_EQ(r->rip, user_address(user_ud));
	CHECK_EQ(memcmp(r, &in, 15 * 8), 0);
}

/*
 * A frame for ring 3 that must be refused: the fault comes as if from ring 3,
 * on kernel_sp, and shows the refused values.
 */
static void refuse_user(const char *what, u64 rip, u64 cs, u64 ss, u64 rsp)
{
	struct cpu *cpu = this_cpu();
	u64 top = (u64)cpu->kernel_stack + sizeof(cpu->kernel_stack);
	const struct regs *r;
	struct regs in;

	user_regs(&in, user_ud);
	in.rip = rip;
	in.cs = cs;
	in.ss = ss;
	in.rsp = rsp;
	in.rcx = 0x1234;
	r = run_regs(&in);
	if (r->vector != TRAP_GP || r->error)
		failure("%s: vector %lu, error %#lx", what, r->vector,
			r->error);
	if (r->rip != rip || r->cs != cs || r->ss != ss || r->rsp != rsp)
		failure("%s: shows %#lx:%#lx %#lx:%#lx", what, r->cs, r->rip,
			r->ss, r->rsp);
	CHECK_EQ(r->rcx, 0x1234);
	CHECK_EQ(cpu->trap_frame + sizeof(*r), top);
}

static void test_refused_user(void)
{
	u64 ok = user_address(user_ud), sp = USER_STACK_TOP;

	refuse_user("not canonical", NOT_CANONICAL, RINGLET_USER_CS,
		    RINGLET_USER_DS, sp);
	refuse_user("hypercall page", RINGLET_HYPERCALL_PAGE, RINGLET_USER_CS,
		    RINGLET_USER_DS, sp);
	refuse_user("end of the gate's slots", RINGLET_HV_END - 1,
		    RINGLET_USER_CS, RINGLET_USER_DS, sp);
	refuse_user("cs 0x13", ok, 0x13, RINGLET_USER_DS, sp);
	refuse_user("cs 0x2b", ok, RINGLET_USER_DS, RINGLET_USER_DS, sp);
	refuse_user("cs 0xffff", ok, 0xffff, RINGLET_USER_DS, sp);
	refuse_user("cs with high bits", ok, RINGLET_USER_CS | 1UL << 32,
		    RINGLET_USER_DS, sp);
	refuse_user("ss 0x18", ok, RINGLET_USER_CS, RINGLET_KERNEL_DS, sp);
	refuse_user("ss 0", ok, RINGLET_USER_CS, 0, sp);
	refuse_user("ss is code", ok, RINGLET_USER_CS, RINGLET_USER_CS, sp);
	refuse_user("ss is an empty TLS entry", ok, RINGLET_USER_CS,
		    RINGLET_GDT_TLS_MIN << 3 | 3, sp);
	refuse_user("ss is the cpunode segment", ok, RINGLET_USER_CS,
		    RINGLET_GDT_CPUNODE << 3 | 3, sp);
	refuse_user("32-bit, rip too high", ok, RINGLET_USER32_CS,
		    RINGLET_USER_DS, sp);
}

/* Elsewhere in the upper half ring 3 may go, and faults at once. */
static void test_upper_half(void)
{
	static const u64 rips[] = { ~0UL, 0xffffffffff600000,
				    RINGLET_COMMON_START };
	const struct regs *r;
	struct regs in;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rips); i++) {
		user_regs(&in, user_ud);
		in.rip = rips[i];
		r = run_regs(&in);
		CHECK_EQ(r->vector, TRAP_PF);
		CHECK_EQ(r->error & ~(u64)PF_P, PF_U | PF_I);
		CHECK_EQ(r->rip, rips[i]);
		CHECK_EQ(this_cpu()->trap_cr2, rips[i]);
	}
}

/* A frame for the kernel that must be refused: a fault of the kernel. */
static void refuse_kernel(const char *what, u64 rip, u64 cs, u64 ss)
{
	const struct regs *r;
	struct regs in;

	memset(&in, 0, sizeof(in));
	in.rip = rip;
	in.cs = cs;
	in.ss = ss;
	in.rsp = 0x7000;
	in.rflags = 2;
	r = run_regs(&in);
	if (r->vector != TRAP_GP || r->error || r->rip != RINGLET_IRET ||
	    r->cs != RINGLET_KERNEL_CS)
		failure("%s: vector %lu, error %#lx at %#lx:%#lx", what,
			r->vector, r->error, r->cs, r->rip);
}

static void test_refused_kernel(void)
{
	u64 ok = (u64)test_title;

	refuse_kernel("kernel, not canonical", NOT_CANONICAL,
		      RINGLET_KERNEL_CS, RINGLET_KERNEL_DS);
	refuse_kernel("cs 0", ok, 0, RINGLET_KERNEL_DS);
	refuse_kernel("cs 8", ok, 8, RINGLET_KERNEL_DS);
	refuse_kernel("cs 0x18", ok, RINGLET_KERNEL_DS, RINGLET_KERNEL_DS);
	refuse_kernel("ss of ring 3", ok, RINGLET_KERNEL_CS, RINGLET_USER_DS);
	refuse_kernel("ss is code", ok, RINGLET_KERNEL_CS, RINGLET_KERNEL_CS);
}

/* The stack pointer of a return is memory that is not there, or not ours. */
static void iret_at(void *arg)
{
	__asm__ volatile("mov %0, %%rsp\n\t"
			 "movabs %1, %%rax\n\tjmp *%%rax"
			 : : "r"(arg), "i"(RINGLET_IRET) : "rax", "memory");
}

static void test_frame_unreadable(void)
{
	/* No frame fits below such a stack pointer: a double fault. */
	CHECK(probe(iret_at, (void *)0x0000010000000000UL));
	CHECK_EQ(this_cpu()->trap.vector, TRAP_DF);
	CHECK(probe(iret_at, (void *)RINGLET_HV_START));
	CHECK_EQ(this_cpu()->trap.vector, TRAP_DF);
	CHECK(probe(iret_at, (void *)NOT_CANONICAL));
	CHECK_EQ(this_cpu()->trap.vector, TRAP_DF);
}

/* Flags: what may pass passes, what may not is dropped in silence. */
static void test_flags(void)
{
	const u64 dropped = IOPL | NT | VM | VIF | VIP;
	const struct regs *r;
	struct regs in;

	user_regs(&in, user_flags);
	in.rflags = 0x2 | dropped | DF | ID | AC;
	r = run_regs(&in);
	CHECK_EQ(r->vector, TRAP_UD);
	CHECK_EQ(r->rax & dropped, 0);
	CHECK_EQ(r->rax & (DF | ID), DF | ID);
	CHECK_EQ(r->rflags & dropped, 0);
	/* Ring 3 always has IF. */
	CHECK_EQ(r->rax & 0x200, 0x200);
	CHECK_EQ(r->rflags & 0x200, 0x200);

	/* CLI in ring 3 is refused: IOPL really is 0. */
	user_regs(&in, user_ud);
	in.rflags |= IOPL;
	r = run_regs(&in);
	CHECK_EQ(r->vector, TRAP_UD);

	/* TF: one instruction, then #DB with BS set. */
	user_regs(&in, user_nop);
	in.rflags |= TF;
	r = run_regs(&in);
	CHECK_EQ(r->vector, TRAP_DB);
	CHECK_EQ(r->rip, user_address(user_nop) + 1);
	CHECK_EQ(this_cpu()->trap_dr6 & 0x4000, 0x4000);

	/* TF and RF together: still one instruction. */
	user_regs(&in, user_nop);
	in.rflags |= TF | RF;
	r = run_regs(&in);
	CHECK_EQ(r->vector, TRAP_DB);
	CHECK_EQ(r->rip, user_address(user_nop) + 1);
}

/*
 * Compatibility mode, at an address below 4 GiB: the last 2 MiB of the identity
 * map there, which are never memory, become a table with pages for ring 3.
 */
static void test_32bit(void)
{
	const u64 va = 0xffe00000, stack = va + PAGE_SIZE;
	const struct regs *r;
	struct regs in;

	((u64 *)guest.root)[0] |= PTE_U;
	*pte_of(guest.root, va, 3) |= PTE_U;
	*pte_of(guest.root, va, 2) = 0;
	map_page(guest.root, va, (u64)user_start, PTE_P | PTE_U);
	map_page(guest.root, stack, (u64)user_data,
		 PTE_P | PTE_U | PTE_W | PTE_NX);
	flush(guest.root, va & ~0x3fffffffUL, 0x40000000, 0);

	user_regs(&in, user_flags32);
	in.cs = RINGLET_USER32_CS;
	in.rip = va + (u64)(user_flags32 - user_start);
	in.rsp = stack + PAGE_SIZE;
	r = run_regs(&in);
	CHECK_EQ(r->vector, TRAP_UD);
	CHECK_EQ(r->cs, RINGLET_USER32_CS);
	CHECK_EQ(r->rip, in.rip + 2);
	CHECK_EQ(r->rsp, in.rsp);
	CHECK_EQ(r->rax & 0x200, 0x200);
}

/*
 * The last page of the lower half: behind its last instruction is an address that
 * no return may have. A CPU of Intel's faults in ring 0 on a SYSRET to it.
 */
#define LAST_PAGE	(NOT_CANONICAL - PAGE_SIZE)

static u8 *last_page;

static void put(const void *code, size_t len)
{
	memcpy(last_page + PAGE_SIZE - len, code, len);
}

static const struct regs *run_last(const void *code, size_t len)
{
	struct regs in;

	put(code, len);
	user_regs(&in, user_ud);
	in.rip = NOT_CANONICAL - len;
	return run_regs(&in);
}

static void jump_last(void *arg)
{
	__asm__ volatile("jmp *%0" : : "r"(NOT_CANONICAL - (u64)arg),
			 "d"(0x20) : "rax", "memory");
}

static void test_last_page(void)
{
	const struct regs *r, *trap = &this_cpu()->trap;
	struct regs again;
	u64 *pte;

	last_page = page_alloc();
	pte = map_page(guest.root, LAST_PAGE, (u64)last_page, PTE_P | PTE_U);

	r = run_last("\x0f\x05", 2);		/* syscall */
	CHECK_EQ(r->vector, VECTOR_SYSCALL);
	CHECK_EQ(r->rip, NOT_CANONICAL);
	CHECK_EQ(r->rcx, NOT_CANONICAL);
	again = *r;
	r = run_regs(&again);
	CHECK_EQ(r->vector, TRAP_GP);
	CHECK_EQ(r->rip, NOT_CANONICAL);
	CHECK_EQ(r->cs, RINGLET_USER_CS);

	r = run_last("\xcc", 1);		/* int3 */
	CHECK_EQ(r->vector, TRAP_BP);
	CHECK_EQ(r->rip, NOT_CANONICAL);
	again = *r;
	CHECK_EQ(run_regs(&again)->vector, TRAP_GP);

	/* On without a branch: #GP; QEMU asks the page tables. */
	r = run_last("\x90", 1);		/* nop */
	CHECK(r->vector == TRAP_GP || r->vector == TRAP_PF);
	CHECK_EQ(r->rip, NOT_CANONICAL);
	CHECK_EQ(r->cs, RINGLET_USER_CS);

	/* The kernel there: a trap, the end, and an emulated instruction. */
	*pte &= ~PTE_U;
	flush(guest.root, LAST_PAGE, PAGE_SIZE, 0);
	put("\xcc", 1);
	CHECK(probe(jump_last, (void *)1));
	CHECK_EQ(trap->vector, TRAP_BP);
	CHECK_EQ(trap->rip, NOT_CANONICAL);
	put("\x90", 1);
	CHECK(probe(jump_last, (void *)1));
	CHECK(trap->vector == TRAP_GP || trap->vector == TRAP_PF);
	put("\xec", 1);				/* in %dx, %al */
	CHECK(probe(jump_last, (void *)1));
	CHECK_EQ(trap->vector, TRAP_GP);
	CHECK_EQ(trap->rip, NOT_CANONICAL);
	*pte = 0;
	flush(guest.root, LAST_PAGE, PAGE_SIZE, 0);
}

void test_main(void)
{
	test_registers();
	test_refused_user();
	test_refused_kernel();
	test_frame_unreadable();
	test_flags();
	test_32bit();
	test_last_page();
	/* Last: faults that are this kernel's own make the gate deliver the
	 * next ones, on pages that are there, too. */
	test_upper_half();
}
