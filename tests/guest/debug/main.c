// SPDX-License-Identifier: GPL-2.0-only
/*
 * debug: breakpoints where ring 0 would trip over them.
 *
 * A load of SS holds debug exceptions back for one instruction; if that is SYSCALL
 * or INT, the exception is ring 0's first (the bug of 2018 that hit every kernel).
 * A watchpoint on the guest's own stack fires when the gate reads a return frame
 * there. Both must be dropped or become the guest's, never an entry on behalf of
 * ring 0; and no breakpoint may stand on what is the hypervisor's.
 */
#include "guest.h"

const char test_title[] = "debug exceptions and SS";

#define DR7_FIXED	0x400UL
#define WRITE		1UL
#define ACCESS		3UL
#define LOW_VA		0xffe00000UL	/* compatibility mode reaches it */

/* Enable breakpoint n: kind and length (1, 2, 4 or 8 bytes). */
static u64 dr7(u32 n, u64 kind, u64 len)
{
	return DR7_FIXED | 2UL << 2 * n | kind << (16 + 4 * n) |
	       (len == 8 ? 2 : len - 1) << (18 + 4 * n);
}

static void watch(u64 address, u64 kind, u64 len)
{
	CHECK_EQ(ringlet_set_debugreg(0, address), 0);
	CHECK_EQ(ringlet_set_debugreg(7, dr7(0, kind, len)), 0);
}

static void unwatch(void)
{
	CHECK_EQ(ringlet_set_debugreg(7, DR7_FIXED), 0);
}

/* Count debug exceptions and go on; everything else ends the run. */
static volatile u32 hits;
static u64 last_dr6;

static bool count(struct regs *r)
{
	if (r->vector != TRAP_DB)
		return false;
	hits++;
	last_dr6 = vcpu_page()->dr6;
	return hits < 1000;
}

static void test_plain(void)
{
	static volatile u64 word;
	u64 value;

	hits = 0;
	trap_hook = count;
	watch((u64)&word, WRITE, 8);
	value = word;
	CHECK_EQ(hits, 0);
	word = value + 1;
	CHECK_EQ(hits, 1);
	CHECK_EQ(last_dr6 & 0xf, 1);
	watch((u64)&word, ACCESS, 8);
	value = word;
	CHECK_EQ(hits, 2);
	unwatch();
	word = value;
	CHECK_EQ(hits, 2);
	CHECK_EQ(ringlet_get_debugreg(6, &value), 0);
	CHECK_EQ(value & 0xf, 1);
	CHECK_EQ(ringlet_set_debugreg(6, 0), 0);
	trap_hook = NULL;
}

/* Ring 3: SS from watched memory, then a way into ring 0. */
#define MOVSS(name, text) \
	USER_CODE(user_##name, "mov (%rdi), %ss; " text "; ud2")

MOVSS(nop, "nop");
MOVSS(syscall, "syscall");
MOVSS(int3, "int3");
MOVSS(int4, "int $4");
MOVSS(int80, "int $0x80");
MOVSS(int13, "int $13");
MOVSS(icebp, ".byte 0xf1");
MOVSS(ud2, "ud2");
MOVSS(cli, "cli");
MOVSS(fault, "mov (%rsi), %rax");

static const struct {
	const u8 *code;
	u32 vector;
	char name[12];
} ways[] = {
	{ user_nop, TRAP_UD, "nop" },
	{ user_syscall, VECTOR_SYSCALL, "syscall" },
	{ user_int3, TRAP_BP, "int3" },
	{ user_int4, TRAP_OF, "int 4" },
	{ user_int80, RINGLET_TRAP_INT80, "int 0x80" },
	{ user_int13, TRAP_GP, "int 13" },
	{ user_icebp, TRAP_UD, "icebp" },
	{ user_ud2, TRAP_UD, "ud2" },
	{ user_cli, TRAP_GP, "cli" },
	{ user_fault, TRAP_PF, "fault" },
};

static void test_mov_ss(void)
{
	const struct regs *r;
	struct regs in;
	u32 i;

	memset(user_data, 0, 16);
	user_data[0] = RINGLET_USER_DS;
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		user_regs(&in, ways[i].code);
		in.rdi = USER_DATA;
		in.rsi = 0x0000010000000000;
		hits = 0;
		trap_hook = count;
		watch(USER_DATA, ACCESS, 2);
		r = run_regs(&in);
		unwatch();
		trap_hook = NULL;
		/* The exception is ours, or lost: never anything else. */
		if (r->vector != ways[i].vector || r->cs != RINGLET_USER_CS ||
		    r->rsp != in.rsp)
			failure("MOV SS, %s: vector %lu at %#lx:%#lx",
				ways[i].name, r->vector, r->cs, r->rip);
		if (hits > 2)
			failure("MOV SS, %s: %u debug exceptions",
				ways[i].name, hits);
		CHECK_EQ(ringlet_abi_version(), RINGLET_ABI_VERSION);
	}
}

/* POP SS is one of compatibility mode only. */
USER_CODE(user32_int80, ".code32; pop %ss; int $0x80; ud2; .code64");
USER_CODE(user32_int3, ".code32; pop %ss; int3; ud2; .code64");
USER_CODE(user32_into, ".code32; mov $0x7fffffff, %eax; inc %eax; pop %ss; into; ud2; .code64");
USER_CODE(user32_syscall, ".code32; pop %ss; syscall; ud2; .code64");
USER_CODE(user32_sysenter, ".code32; pop %ss; sysenter; ud2; .code64");

static void map_low(void)
{
	((u64 *)guest.root)[0] |= PTE_U;
	*pte_of(guest.root, LOW_VA, 3) |= PTE_U;
	*pte_of(guest.root, LOW_VA, 2) = 0;
	map_page(guest.root, LOW_VA, (u64)user_start, PTE_P | PTE_U);
	map_page(guest.root, LOW_VA + PAGE_SIZE, (u64)user_start + PAGE_SIZE,
		 PTE_P | PTE_U);
	map_page(guest.root, LOW_VA + 2 * PAGE_SIZE, (u64)user_data,
		 PTE_P | PTE_U | PTE_W | PTE_NX);
	flush(guest.root, LOW_VA & ~0x3fffffffUL, 0x40000000, 0);
}

static void pop_ss(const char *name, const u8 *code, u64 vector, u64 other)
{
	const u64 stack = LOW_VA + 3 * PAGE_SIZE - 64;
	const struct regs *r;
	struct regs in;

	*(u32 *)(user_data + PAGE_SIZE - 64) = RINGLET_USER_DS;
	user_regs(&in, code);
	in.cs = RINGLET_USER32_CS;
	in.rip = LOW_VA + (u64)(code - user_start);
	in.rsp = stack;
	hits = 0;
	trap_hook = count;
	watch(stack, ACCESS, 4);
	r = run_regs(&in);
	unwatch();
	trap_hook = NULL;
	if ((r->vector != vector && r->vector != other) ||
	    r->cs != RINGLET_USER32_CS || r->rsp != stack + 4)
		failure("POP SS, %s: vector %lu at %#lx:%#lx, stack %#lx", name,
			r->vector, r->cs, r->rip, r->rsp);
	CHECK_EQ(ringlet_abi_version(), RINGLET_ABI_VERSION);
}

static void test_pop_ss(void)
{
	map_low();
	pop_ss("int 0x80", user32_int80, RINGLET_TRAP_INT80,
	       RINGLET_TRAP_INT80);
	pop_ss("int3", user32_int3, TRAP_BP, TRAP_BP);
	pop_ss("into", user32_into, TRAP_OF, TRAP_OF);
	/* There is no such system call; AMD and Intel differ in how. */
	pop_ss("syscall", user32_syscall, TRAP_UD, TRAP_UD);
	pop_ss("sysenter", user32_sysenter, TRAP_GP, TRAP_UD);
}

/* The kernel does the same to itself. */
static void test_kernel(void)
{
	static volatile u16 ss;

	__asm__ volatile("mov %%ss, %0" : "=m"(ss));
	hits = 0;
	trap_hook = count;
	watch((u64)&ss, ACCESS, 2);
	__asm__ volatile("mov %0, %%ss\n\tnop" : : "m"(ss) : "memory");
	CHECK(hits == 1);
	unwatch();
	trap_hook = NULL;
	CHECK_EQ(ringlet_abi_version(), RINGLET_ABI_VERSION);
}

/*
 * The frame of a return is watched: the gate's reads of it must not come as
 * exceptions of a kernel that has left already, nor end the machine.
 */
USER_CODE(user_mark, "movb $1, (%rdi); syscall; ud2");

static void test_frame(void)
{
	struct cpu *cpu = this_cpu();
	struct regs *frame = (struct regs *)(cpu->iret_stack +
			     sizeof(cpu->iret_stack) - sizeof(*frame) - 64);
	const struct regs *r;
	u64 at;

	for (at = (u64)&frame->vector; at <= (u64)&frame->ss; at += 8) {
		user_data[0] = 0;
		hits = 0;
		trap_hook = count;
		watch(at, ACCESS, 8);
		r = run_user(user_mark, USER_DATA);
		unwatch();
		trap_hook = NULL;
		CHECK_EQ(r->vector, VECTOR_SYSCALL);
		CHECK_EQ(user_data[0], 1);
		CHECK_EQ(r->rip, user_address(user_mark) + 5);
		CHECK(hits >= 1);
	}
}

/* What is the hypervisor's cannot be watched, by any register. */
static void test_refused(void)
{
	static const u64 addresses[] = {
		RINGLET_HYPERCALL_PAGE, RINGLET_IRET, RINGLET_VCPU_PAGE,
		RINGLET_HV_START + 0x1000, RINGLET_HV_START + 0x21ff8,
		0xffff808000200000, 0xffff810000000000, RINGLET_HV_END - 1,
		0x0000800000000000, 0xffff7fffffffffff,
	};
	u64 before, value;
	u32 n, i;

	for (n = 0; n < 4; n++)
		for (i = 0; i < ARRAY_SIZE(addresses); i++)
			CHECK_EQ(ringlet_set_debugreg(n, addresses[i]),
				 -RINGLET_EINVAL);
	CHECK_EQ(ringlet_get_debugreg(7, &before), 0);
	CHECK_EQ(ringlet_set_debugreg(7, DR7_FIXED | 1UL << 13),
		 -RINGLET_EINVAL);
	for (n = 0; n < 4; n++)		/* I/O breakpoints */
		CHECK_EQ(ringlet_set_debugreg(7, dr7(n, 2, 1)),
			 -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_debugreg(7, DR7_FIXED | 1UL << 32),
		 -RINGLET_EINVAL);
	CHECK_EQ(ringlet_get_debugreg(7, &value), 0);
	CHECK_EQ(value, before);
	CHECK_EQ(ringlet_set_debugreg(0, RINGLET_COMMON_START), 0);
	CHECK_EQ(ringlet_set_debugreg(0, 0x00007fffffffffff), 0);
}

void test_main(void)
{
	test_plain();
	test_mov_ss();
	test_pop_ss();
	test_kernel();
	test_frame();
	test_refused();
}
