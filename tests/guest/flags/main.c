// SPDX-License-Identifier: GPL-2.0-only
/*
 * flags: every way into the hypervisor, with every flag that a guest can set.
 *
 * SYSCALL clears of RFLAGS what SFMASK names, an interrupt gate less than one
 * thinks (DF, AC and ID stay), and IRET faults in ring 0 when NT is set: entry
 * code that inherits a flag copies backwards, steps through ring 0, or dies. A
 * guest sets them all, in both rings, and goes in by each door; what it then
 * finds in a frame is what it had, and its own kernel starts clean.
 */
#include "guest.h"

const char test_title[] = "flags on every way in";

#define TF	(1UL << 8)
#define DF	(1UL << 10)
#define IOPL	(3UL << 12)
#define NT	(1UL << 14)
#define VM	(1UL << 17)
#define AC	(1UL << 18)
#define ID	(1UL << 21)

static const u64 sets[] = {
	0, DF, NT, AC, ID, NT | AC, NT | DF, DF | AC | ID, NT | DF | AC | ID,
	NT | DF | AC | ID | IOPL,
};

/* Ring 3: flags from rsi, then one instruction. */
#define WAY(name, text) \
	USER_CODE(user_##name, "push %rsi; popf; " text "; ud2")

WAY(syscall, "syscall");
WAY(int80, "int $0x80");
WAY(int3, "int3");
WAY(int4, "int $4");
WAY(icebp, ".byte 0xf1");
WAY(ud2, "ud2");
WAY(cli, "cli");
WAY(div, "xor %ecx, %ecx; div %ecx");
WAY(fault, "mov (%rdi), %rax");
WAY(int13, "int $13");
WAY(misaligned, "mov 1(%rsp), %rax");

static const struct {
	const u8 *code;
	u32 vector;
	char name[12];
} ways[] = {
	{ user_syscall, VECTOR_SYSCALL, "syscall" },
	{ user_int80, RINGLET_TRAP_INT80, "int 0x80" },
	{ user_int3, TRAP_BP, "int3" },
	{ user_int4, TRAP_OF, "int 4" },
	{ user_icebp, TRAP_DB, "icebp" },
	{ user_ud2, TRAP_UD, "ud2" },
	{ user_cli, TRAP_GP, "cli" },
	{ user_div, TRAP_DE, "div" },
	{ user_fault, TRAP_PF, "fault" },
	{ user_int13, TRAP_GP, "int 13" },
};

static volatile u64 handler_flags;

static bool look(struct regs *r)
{
	(void)r;
	__asm__ volatile("pushf; pop %0" : "=m"(handler_flags) : : "memory");
	return false;
}

static void test_user(void)
{
	/* What DIV changes is not asked for. */
	const u64 kept = NT | DF | AC | ID;
	const struct regs *r;
	struct regs in;
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		for (n = 0; n < ARRAY_SIZE(sets); n++) {
			user_regs(&in, ways[i].code);
			in.rsi = sets[n] | 2;
			in.rdi = 0x0000010000000000;
			in.rsp = USER_STACK_TOP - 64;
			trap_hook = look;
			r = run_regs(&in);
			trap_hook = NULL;
			/* QEMU passes over ICEBP. */
			if (r->vector != ways[i].vector &&
			    !(ways[i].code == user_icebp &&
			      r->vector == TRAP_UD))
				failure("%s with flags %#lx: vector %lu",
					ways[i].name, sets[n], r->vector);
			if ((r->rflags & kept) != (sets[n] & kept) ||
			    r->rflags & (IOPL | VM))
				failure("%s with flags %#lx: the frame has %#lx",
					ways[i].name, sets[n], r->rflags);
			if (handler_flags & (NT | AC | ID | TF | IOPL))
				failure("%s with flags %#lx: the kernel starts with %#lx",
					ways[i].name, sets[n], handler_flags);
		}
	/* Checked or not (QEMU does not), it must come back to us. */
	user_regs(&in, user_misaligned);
	in.rsi = AC | 2;
	in.rsp = USER_STACK_TOP - 64;
	r = run_regs(&in);
	if (r->vector == TRAP_AC)
		CHECK_EQ(r->error, 0);
	else
		CHECK_EQ(r->vector, TRAP_UD);
}

/* A call that copies out 16 bytes: with DF it would copy the wrong way. */
static void call_cpuid(u64 flags, u32 *out)
{
	register u64 nr __asm__("rax") = RINGLET_HC_cpuid;

	__asm__ volatile("push %1\n\tpopf\n\t"
			 RINGLET_CALL_INSN "\n\t"
			 "cld"
			 : "+r"(nr) : "r"(flags | 2), "D"(0UL), "S"(0UL), "d"(out)
			 : "rcx", "r11", "memory", "cc");
	CHECK_EQ(nr, 0);
}

static void load_root(u64 flags)
{
	register u64 root __asm__("rdi") = guest.root;
	u64 rc;

	__asm__ volatile("push %2\n\tpopf\n\t"
			 "movabsq %3, %%rcx\n\tcall *%%rcx\n\t"
			 "cld"
			 : "=a"(rc) : "r"(root), "r"(flags | 2),
			   "i"(RINGLET_LOAD_ROOT)
			 : "rcx", "r11", "memory", "cc");
	CHECK_EQ(rc, 0);
}

/* Exceptions that the handler passes over, and what is left in the flags. */
static bool pass_over(struct regs *r)
{
	if (r->vector == TRAP_UD)
		r->rip += 2;
	return r->vector == TRAP_UD || r->vector == TRAP_BP ||
	       r->vector == TRAP_DB;
}

static u64 through_traps(u64 flags, volatile u64 *fresh)
{
	u64 after;

	__asm__ volatile("push %1\n\tpopf\n\t"
			 "int3\n\tud2\n\t.byte 0xf1\n\t"
			 "mov (%2), %%rax\n\t"
			 "pushf\n\tpop %0\n\t"
			 "push $2\n\tpopf"
			 : "=&r"(after) : "r"(flags | 2), "r"(fresh)
			 : "rax", "memory", "cc");
	return after;
}

static void test_kernel(void)
{
	const u64 va = 0x0000018000000000;
	u32 want[4], got[4], n;
	u64 after;

	call_cpuid(0, want);
	for (n = 0; n < ARRAY_SIZE(sets); n++) {
		memset(got, 0xee, sizeof(got));
		call_cpuid(sets[n], got);
		if (memcmp(want, got, sizeof(got)))
			failure("a call with flags %#lx copied wrong",
				sets[n]);
		load_root(sets[n]);
		map_page(guest.root, va + n * PAGE_SIZE, (u64)page_alloc(),
			 PTE_P | PTE_W);
		trap_hook = pass_over;
		after = through_traps(sets[n],
				      (u64 *)(va + n * PAGE_SIZE));
		trap_hook = NULL;
		if ((after & (DF | AC | ID)) != (sets[n] & (DF | AC | ID)) ||
		    after & (NT | IOPL | VM))
			failure("traps with flags %#lx left %#lx", sets[n],
				after);
	}
}

/* Single steps: through a call, a root load, and a return that keeps TF. */
static volatile u32 steps;

static bool step(struct regs *r)
{
	if (r->vector != TRAP_DB)
		return false;
	steps++;
	return true;
}

static void stepped(void (*fn)(u64 flags), const char *what)
{
	steps = 0;
	trap_hook = step;
	fn(TF);
	__asm__ volatile("push $2\n\tpopf" : : : "memory", "cc");
	trap_hook = NULL;
	if (!steps)
		failure("%s: no single step", what);
}

static void step_call(u64 flags)
{
	u32 out[4];

	call_cpuid(flags, out);
}

WAY(nops, "nop; nop; nop; syscall");

static void test_steps(void)
{
	const struct regs *r;
	struct regs in;

	stepped(step_call, "hypercall");
	stepped(load_root, "load root");
	user_regs(&in, user_nops);
	in.rsi = TF | 2;
	in.rsp = USER_STACK_TOP - 64;
	steps = 0;
	trap_hook = step;
	r = run_regs(&in);
	trap_hook = NULL;
	CHECK_EQ(r->vector, VECTOR_SYSCALL);
	CHECK(steps >= 3);
	CHECK_EQ(r->rflags & TF, TF);
	CHECK_EQ(handler_flags & TF, 0);
}

/* An upcall interrupts a kernel that has them all set. */
static void test_upcall(void)
{
	s64 port = ringlet_evtchn_bind_ipi(0);
	u32 n, before;
	u64 after;

	CHECK(port > 0);
	port_unmask((u32)port);
	for (n = 0; n < ARRAY_SIZE(sets); n++) {
		events_off();
		before = event_count[port];
		CHECK_EQ(ringlet_evtchn_send((u32)port), 0);
		WRITE_ONCE(vcpu_page()->vif, 1);
		__asm__ volatile("push %1\n\tpopf\n\t"
				 "mov %2, %%eax\n\t"
				 RINGLET_CALL_INSN "\n\t"
				 "pushf\n\tpop %0\n\tcld"
				 : "=&r"(after)
				 : "r"(sets[n] | 2),
				   "i"(RINGLET_HC_event_check)
				 : "rax", "rcx", "r11", "memory", "cc");
		CHECK_EQ(event_count[port], before + 1);
		CHECK_EQ(after & (NT | IOPL | VM), 0);
	}
	events_off();
}

void test_main(void)
{
	test_user();
	test_kernel();
	test_steps();
	test_upcall();
}
