// SPDX-License-Identifier: GPL-2.0-only
/*
 * privileged: instructions of ring 0, executed in rings 1 and 3.
 *
 * A guest kernel runs in ring 1, so the CPU refuses these; the hypervisor may
 * emulate some for the kernel (and counts that), must never execute one that
 * changes the machine, and must give ring 3 its general protection fault. The
 * second part looks at what an emulation must not do: turn real interrupts off,
 * change the hypervisor's tables, or reach a port outside domain 0.
 */
#include "guest.h"

const char test_title[] = "privileged instructions";

#define USER_TRY(name, text) USER_CODE(user_##name, text "; ud2")

USER_TRY(cli, "cli");
USER_TRY(sti, "sti");
USER_TRY(hlt, "hlt");
USER_TRY(in, "in $0x71, %al");
USER_TRY(out, "out %al, $0x80");
USER_TRY(insb, "insb");
USER_TRY(outsb, "outsb");
USER_TRY(rdmsr, "rdmsr");
USER_TRY(wrmsr, "wrmsr");
USER_TRY(mov_cr0, "mov %cr0, %rax");
USER_TRY(mov_cr3, "mov %rax, %cr3");
USER_TRY(mov_cr4, "mov %cr4, %rax");
USER_TRY(mov_dr7, "mov %rax, %dr7");
USER_TRY(lgdt, "lgdt (%rsp)");
USER_TRY(lidt, "lidt (%rsp)");
USER_TRY(lldt, "lldt %ax");
USER_TRY(ltr, "ltr %ax");
USER_TRY(lmsw, "lmsw %ax");
USER_TRY(clts, "clts");
USER_TRY(invd, "invd");
USER_TRY(wbinvd, "wbinvd");
USER_TRY(invlpg, "invlpg (%rsp)");
USER_TRY(swapgs, "swapgs");
USER_TRY(xsetbv, "xor %ecx, %ecx; xsetbv");
USER_TRY(sysret, "sysretq");

static const struct {
	const u8 *code;
	char name[12];
} user_tries[] = {
	{ user_cli, "cli" }, { user_sti, "sti" }, { user_hlt, "hlt" },
	{ user_in, "in" }, { user_out, "out" }, { user_insb, "insb" },
	{ user_outsb, "outsb" }, { user_rdmsr, "rdmsr" },
	{ user_wrmsr, "wrmsr" }, { user_mov_cr0, "mov cr0" },
	{ user_mov_cr3, "mov cr3" }, { user_mov_cr4, "mov cr4" },
	{ user_mov_dr7, "mov dr7" }, { user_lgdt, "lgdt" },
	{ user_lidt, "lidt" }, { user_lldt, "lldt" }, { user_ltr, "ltr" },
	{ user_lmsw, "lmsw" }, { user_clts, "clts" }, { user_invd, "invd" },
	{ user_wbinvd, "wbinvd" }, { user_invlpg, "invlpg" },
	{ user_swapgs, "swapgs" }, { user_xsetbv, "xsetbv" },
	{ user_sysret, "sysret" },
};

static void test_user(void)
{
	const struct regs *r;
	struct regs in;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(user_tries); i++) {
		user_regs(&in, user_tries[i].code);
		/* INS and OUTS touch memory; give them some. */
		in.rdi = in.rsi = USER_DATA;
		in.rsp = USER_STACK_TOP - 64;
		r = run_regs(&in);
		if (r->vector != TRAP_GP || r->error ||
		    r->rip < in.rip || r->rip > in.rip + 2)
			failure("%s in ring 3: vector %lu, error %#lx, at +%lu",
				user_tries[i].name, r->vector, r->error,
				r->rip - in.rip);
	}
}

/* Instructions that no emulation may let pass, in the kernel. */
#define KERNEL_TRY(name, text)						\
	static void kernel_##name(void *arg)				\
	{								\
		__asm__ volatile(text : : "a"(0), "c"(0), "d"(0), "r"(arg) \
				 : "memory");				\
	}

KERNEL_TRY(lgdt, "lgdt (%3)")
KERNEL_TRY(lidt, "lidt (%3)")
KERNEL_TRY(lldt, "lldt %%ax")
KERNEL_TRY(ltr, "ltr %%ax")
KERNEL_TRY(sysret, "sysretq")

static const struct {
	void (*fn)(void *arg);
	char name[8];
} kernel_tries[] = {
	{ kernel_lgdt, "lgdt" }, { kernel_lidt, "lidt" },
	{ kernel_lldt, "lldt" }, { kernel_ltr, "ltr" },
	{ kernel_sysret, "sysret" },
};

static void test_kernel(void)
{
	static u8 descriptor[16];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(kernel_tries); i++) {
		if (!probe(kernel_tries[i].fn, descriptor)) {
			failure("%s in the kernel has passed",
				kernel_tries[i].name);
			continue;
		}
		if (this_cpu()->trap.vector != TRAP_GP)
			failure("%s in the kernel: vector %lu",
				kernel_tries[i].name, this_cpu()->trap.vector);
	}
}

/*
 * Port I/O outside domain 0: IN reads ones, OUT does nothing. The ports written
 * to would show it: text on the machine's serial port, a reset (0xcf9), the end
 * of the machine (QEMU's ACPI control register).
 */
#define COM1		0x3f8
#define RESET		0xcf9
#define ACPI_CONTROL	0x604

static void out_string(u16 port, const char *text, size_t len)
{
	__asm__ volatile("rep outsb"
			 : "+S"(text), "+c"(len) : "d"(port) : "memory");
}

static void test_ports(void)
{
	static const char text[] = "PORT REACHED\r\n";
	u8 strings[4] = { 0 };
	void *to = strings;
	u64 count = 3, in = 0x5555555555555555;

	if (guest.control)
		return;
	__asm__ volatile("inb $0x71, %%al" : "+a"(in));
	CHECK_EQ(in, 0x55555555555555ff);
	__asm__ volatile("inw %1, %%ax" : "+a"(in) : "d"((u16)0xcf8));
	CHECK_EQ(in, 0x555555555555ffff);
	__asm__ volatile("inl %1, %%eax" : "+a"(in) : "d"((u16)0xcf8));
	CHECK_EQ(in, 0xffffffff);
	__asm__ volatile("rep insb"
			 : "+D"(to), "+c"(count) : "d"((u16)COM1) : "memory");
	CHECK_EQ(count, 0);
	CHECK_EQ((u64)to, (u64)strings + 3);
	CHECK_EQ(strings[2], 0xff);
	CHECK_EQ(strings[3], 0);

	out_string(COM1, text, sizeof(text) - 1);
	__asm__ volatile("outb %b0, %1" : : "a"(text[0]), "d"((u16)COM1));
	__asm__ volatile("outb %b0, %1" : : "a"(6), "d"((u16)RESET));
	__asm__ volatile("outw %w0, %1" : : "a"(0x2000),
			 "d"((u16)ACPI_CONTROL));
	__asm__ volatile("outl %0, %1" : : "a"(0x80000000), "d"((u16)0xcf8));
	printk("Done: ports\n");
}

/*
 * POPF and IRET in the kernel cannot load the machine's interrupt flag, nor
 * IOPL: then a timer would not come any more.
 */
static void test_flags(void)
{
	u64 flags;

	__asm__ volatile("pushf; pop %0\n\t"
			 "mov %0, %%rax\n\tand $~0x200, %%rax\n\t"
			 "or $0x3000, %%rax\n\tpush %%rax\n\tpopf\n\t"
			 "pushf; pop %0"
			 : "=&r"(flags) : : "rax", "cc", "memory");
	CHECK_EQ(flags & 0x3000, 0);
	CHECK_EQ(flags & 0x200, 0x200);
}

/* A time slice later we are still running, with the timer alive. */
static void test_alive(void)
{
	u64 start = now();

	while (now() - start < 50000000)
		;
	CHECK(ringlet_yield() == 0);
}

void test_main(void)
{
	test_user();
	test_kernel();
	test_ports();
	test_flags();
	test_alive();
}
