// SPDX-License-Identifier: GPL-2.0-only
/*
 * exceptions: each exception comes to its own handler, with the right frame.
 *
 * In ring 1 and in ring 3 the CPU's exceptions enter the hypervisor, which must
 * pass on vector, error code, address and registers as the hardware would show
 * them, with the kernel's selectors hidden (0x10, 0x18) and IF virtual. A wrong
 * error code makes a kernel kill the wrong process; a wrong stack or selector
 * makes it return to the wrong privilege.
 */
#include "guest.h"

const char test_title[] = "exceptions and their frames";

#define NOT_CANONICAL	0x0000800000000000UL
#define UNMAPPED	0x0000010000000000UL	/* slot 2 */

extern const u8 at_ud[], at_de[], at_bp[], at_bp_end[];

static void do_ud(void *arg)
{
	(void)arg;
	__asm__ volatile("at_ud: ud2");
}

static void do_de(void *arg)
{
	u32 low = 1, high = 0;

	(void)arg;
	__asm__ volatile("at_de: divl %2"
			 : "+a"(low), "+d"(high) : "r"(0) : "cc");
}

static void do_bp(void *arg)
{
	(void)arg;
	__asm__ volatile("at_bp: int3; at_bp_end:");
}

static void do_gp(void *arg)
{
	(void)arg;
	(void)*(volatile u64 *)NOT_CANONICAL;
}

static void do_ss(void *arg)
{
	(void)arg;
	__asm__ volatile("push %%rbp\n\tmov %0, %%rbp\n\t"
			 "mov (%%rbp), %%rax\n\tpop %%rbp"
			 : : "r"(NOT_CANONICAL) : "rax", "memory");
}

static void do_selector(void *arg)
{
	/* Beyond the GDT. */
	__asm__ volatile("mov %w0, %%es" : : "r"((u32)(u64)arg));
}

static void do_write(void *arg)
{
	*(volatile u8 *)arg = 1;
}

static void do_jump(void *arg)
{
	((void (*)(void))arg)();
}

static void expect(const char *what, bool came, u32 vector, u64 err,
		   const void *rip)
{
	const struct regs *r = &this_cpu()->trap;

	if (!came) {
		failure("%s: no exception", what);
		return;
	}
	if (r->vector != vector || r->error != err)
		failure("%s: vector %lu, error %#lx, not %u, %#lx", what,
			r->vector, r->error, vector, err);
	if (rip && r->rip != (u64)rip)
		failure("%s: rip %#lx, not %#lx", what, r->rip, (u64)rip);
}

static void expect_kernel_frame(const char *what)
{
	const struct regs *r = &this_cpu()->trap;

	if (r->cs != RINGLET_KERNEL_CS || r->ss != RINGLET_KERNEL_DS)
		failure("%s: cs %#lx ss %#lx, not %#x %#x", what, r->cs, r->ss,
			RINGLET_KERNEL_CS, RINGLET_KERNEL_DS);
	if (r->rflags & 0x27000)
		failure("%s: IOPL, NT or VM in rflags %#lx", what, r->rflags);
	/* On the same stack, aligned down to 16, below what was pushed. */
	if (this_cpu()->trap_frame >= r->rsp ||
	    this_cpu()->trap_frame < r->rsp - 512)
		failure("%s: the frame is not on the current stack", what);
	if (READ_ONCE(vcpu_page()->vif))
		failure("%s: vif is set in the handler's domain", what);
}

static void test_kernel(void)
{
	u8 *page = page_alloc();

	expect("UD2", probe(do_ud, NULL), TRAP_UD, 0, at_ud);
	expect_kernel_frame("UD2");
	expect("DIV", probe(do_de, NULL), TRAP_DE, 0, at_de);
	expect("INT3", probe(do_bp, NULL), TRAP_BP, 0, at_bp_end);
	expect_kernel_frame("INT3");
	expect("not canonical", probe(do_gp, NULL), TRAP_GP, 0, NULL);
	/* The stack segment makes it #SS (SDM vol. 1, 3.3.7.1), in QEMU #GP. */
	CHECK(probe(do_ss, NULL));
	CHECK(this_cpu()->trap.vector == TRAP_SS ||
	      this_cpu()->trap.vector == TRAP_GP);
	CHECK_EQ(this_cpu()->trap.error, 0);
	expect("selector", probe(do_selector, (void *)0xfff8UL), TRAP_GP,
	       0xfff8, NULL);

	expect("write to nothing", probe(do_write, (void *)UNMAPPED), TRAP_PF,
	       PF_W, NULL);
	CHECK_EQ(this_cpu()->trap_cr2, UNMAPPED);
	expect_kernel_frame("write to nothing");
	expect("jump to nothing", probe(do_jump, (void *)(UNMAPPED + 5)),
	       TRAP_PF, PF_I, (void *)(UNMAPPED + 5));
	CHECK_EQ(this_cpu()->trap_cr2, UNMAPPED + 5);

	map_page(guest.root, UNMAPPED, (u64)page, PTE_P | PTE_NX);
	expect("write to read-only", probe(do_write, (void *)(UNMAPPED + 9)),
	       TRAP_PF, PF_P | PF_W, NULL);
	CHECK_EQ(this_cpu()->trap_cr2, UNMAPPED + 9);
	expect("jump to NX", probe(do_jump, (void *)UNMAPPED), TRAP_PF,
	       PF_P | PF_I, NULL);
	/* A frame that no guest has. */
	*pte_of(guest.root, UNMAPPED, 1) |= PTE_W | 1UL << 51;
	flush(guest.root, UNMAPPED, PAGE_SIZE, 0);
	CHECK(probe(do_write, (void *)UNMAPPED));
	CHECK_EQ(this_cpu()->trap.vector, TRAP_PF);
	CHECK_EQ(this_cpu()->trap_cr2, UNMAPPED);
	*pte_of(guest.root, UNMAPPED, 1) = 0;
	flush(guest.root, UNMAPPED, PAGE_SIZE, 0);
}

USER_CODE(user_ud, "ud2");
USER_CODE(user_int3, "int3");
USER_CODE(user_int80, "int $0x80");
USER_CODE(user_int4, "int $4");
USER_CODE(user_int13, "int $13");
USER_CODE(user_int32, "int $32");
USER_CODE(user_read, "mov (%rdi), %rax; ud2");
USER_CODE(user_write, "mov %rdi, (%rdi); ud2");
USER_CODE(user_jump, "jmp *%rdi");
USER_CODE(user_cli, "cli");
USER_CODE(user_hlt, "hlt");
USER_CODE(user_syscall, "mov $0x55, %eax; std; syscall; ud2");
USER_CODE(user_syscall_back, "syscall; syscall; ud2");

static void expect_user(const char *what, const u8 *code, u64 rdi, u32 vector,
			u64 err, u64 offset)
{
	const struct regs *r = run_user(code, rdi);
	struct cpu *cpu = this_cpu();
	u64 top = (u64)cpu->kernel_stack + sizeof(cpu->kernel_stack);

	expect(what, true, vector, err,
	       (void *)(user_address(code) + offset));
	if (r->cs != RINGLET_USER_CS || r->ss != RINGLET_USER_DS ||
	    r->rsp != USER_STACK_TOP || !(r->rflags & 0x200))
		failure("%s: cs %#lx ss %#lx rsp %#lx rflags %#lx", what,
			r->cs, r->ss, r->rsp, r->rflags);
	if (cpu->trap_frame + sizeof(*r) != top)
		failure("%s: frame ends at %#lx, not at kernel_sp %#lx", what,
			cpu->trap_frame + sizeof(*r), top);
}

/*
 * Error code for a gate that ring 3 may not use: vector * 8 + 2 (SDM vol. 3,
 * 6.13). QEMU 7.2 says vector * 16 + 2 in long mode. Asked of the CPU once, with
 * a vector that is nobody's.
 */
USER_CODE(user_int200, "int $200");

static u64 gate_error(u64 vector)
{
	u64 err = run_user(user_int200, 0)->error;

	CHECK(err == 200 * 8 + 2 || err == 200 * 16 + 2);
	return (err - 2) / 200 * vector + 2;
}

/* Without a handler INT 0x80 is like other numbers, not the domain's end. */
static void test_no_int80(void)
{
	struct ringlet_trap none = { .vector = RINGLET_TRAP_INT80 };

	CHECK_EQ(ringlet_set_trap_table(&none, 1), 0);
	expect_user("user INT 0x80, no handler", user_int80, 0, TRAP_GP,
		    RINGLET_TRAP_INT80 * 8 + 2, 0);
	traps_init();
}

static void test_user(void)
{
	u64 kernel = (u64)&guest;

	expect_user("user UD2", user_ud, 0, TRAP_UD, 0, 0);
	expect_user("user INT3", user_int3, 0, TRAP_BP, 0, 1);
	expect_user("user INT 0x80", user_int80, 0, RINGLET_TRAP_INT80, 0, 2);
	test_no_int80();
	expect_user("user INT 4", user_int4, 0, TRAP_OF, 0, 2);
	expect_user("user INT 13", user_int13, 0, TRAP_GP, gate_error(13), 0);
	expect_user("user INT 32", user_int32, 0, TRAP_GP, gate_error(32), 0);
	expect_user("user CLI", user_cli, 0, TRAP_GP, 0, 0);
	expect_user("user HLT", user_hlt, 0, TRAP_GP, 0, 0);

	/* The kernel's memory, the hypervisor's, and nothing. */
	expect_user("read kernel", user_read, kernel, TRAP_PF, PF_P | PF_U, 0);
	CHECK_EQ(this_cpu()->trap_cr2, kernel);
	expect_user("write kernel", user_write, kernel, TRAP_PF,
		    PF_P | PF_U | PF_W, 0);
	expect_user("read nothing", user_read, UNMAPPED, TRAP_PF, PF_U, 0);
	expect_user("read not canonical", user_read, NOT_CANONICAL, TRAP_GP, 0,
		    0);
	run_user(user_read, RINGLET_VCPU_PAGE);
	CHECK_EQ(this_cpu()->trap.vector, TRAP_PF);
	CHECK(this_cpu()->trap.error & PF_U);
	run_user(user_jump, RINGLET_HYPERCALL_PAGE);
	CHECK_EQ(this_cpu()->trap.vector, TRAP_PF);
	CHECK_EQ(this_cpu()->trap_cr2, RINGLET_HYPERCALL_PAGE);
}

static void test_syscall(void)
{
	const struct regs *r = run_user(user_syscall, 0x77);
	struct regs again;

	CHECK_EQ(r->vector, VECTOR_SYSCALL);
	CHECK_EQ(r->rax, 0x55);
	CHECK_EQ(r->rdi, 0x77);
	CHECK_EQ(r->rcx, user_address(user_syscall) + 8);
	CHECK_EQ(r->r11 & 0x400, 0x400);	/* DF, in the saved flags */
	CHECK_EQ(r->rip, vcpu_page()->user_rip);
	CHECK_EQ(r->rflags, vcpu_page()->user_rflags);
	CHECK_EQ(r->rsp, USER_STACK_TOP);

	/* Return from a system call, and another one. */
	r = run_user(user_syscall_back, 0);
	CHECK_EQ(r->vector, VECTOR_SYSCALL);
	CHECK_EQ(r->rip, user_address(user_syscall_back) + 2);
	again = *r;
	r = run_regs(&again);
	CHECK_EQ(r->vector, VECTOR_SYSCALL);
	CHECK_EQ(r->rip, user_address(user_syscall_back) + 4);
}

/*
 * A double fault: the stack of the kernel cannot take a frame. It must come on
 * df_stack, and the kernel survives.
 */
static void bad_stack(void *arg)
{
	__asm__ volatile("mov %0, %%rsp\n\tud2" : : "r"(arg) : "memory");
}

static void test_double_fault(void)
{
	struct cpu *cpu = this_cpu();
	u64 top = (u64)cpu->df_stack + sizeof(cpu->df_stack);

	expect("stack to nothing", probe(bad_stack, (void *)UNMAPPED), TRAP_DF,
	       0, NULL);
	CHECK_EQ(cpu->trap.rsp, UNMAPPED);
	CHECK_EQ(cpu->trap_frame + sizeof(struct regs), top);
	expect("stack to the gate", probe(bad_stack, (void *)RINGLET_HV_START),
	       TRAP_DF, 0, NULL);
	expect("stack to the vCPU page",
	       probe(bad_stack, (void *)(RINGLET_VCPU_PAGE + PAGE_SIZE)),
	       TRAP_DF, 0, NULL);
}

void test_main(void)
{
	test_kernel();
	test_user();
	test_syscall();
	test_double_fault();
}
