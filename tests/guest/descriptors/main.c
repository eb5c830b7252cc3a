// SPDX-License-Identifier: GPL-2.0-only
/*
 * descriptors: the hypervisor's GDT, from rings 1 and 3.
 *
 * Segments are the oldest way into ring 0: a call gate, a task gate, a descriptor
 * with the wrong DPL, an LDT that nobody meant to be there. Every selector is
 * asked about with LAR, LSL, VERR and VERW and loaded into every register, and
 * far jumps try each of them as a gate; exactly what the ABI names may work.
 */
#include "guest.h"

const char test_title[] = "descriptor tables and selectors";

#define GDT_END		32U		/* indices that are tried one by one */

/* Bitmaps over all selectors, by one instruction in ring 3. */
#define SCAN(name, text)						\
	USER_CODE(user_##name, "xor %ecx, %ecx\n"			\
		  "1:\t" text "\n\tjnz 2f\n\tbts %ecx, (%rdi)\n"	\
		  "2:\tinc %ecx\n\tcmp $0x10000, %ecx\n\tjb 1b\n\tud2")

SCAN(lar, "lar %ecx, %eax");
SCAN(lsl, "lsl %ecx, %eax");
SCAN(verr, "verr %cx");
SCAN(verw, "verw %cx");

static bool is_user(u32 index)
{
	return index == RINGLET_USER32_CS >> 3 ||
	       index == RINGLET_USER_DS >> 3 ||
	       index == RINGLET_USER_CS >> 3 || index == RINGLET_GDT_CPUNODE;
}

static bool is_kernel(u32 index)
{
	return index == RINGLET_KERNEL_CS >> 3 ||
	       index == RINGLET_KERNEL_DS >> 3;
}

/* May this selector be seen, or loaded into a data register, at 'cpl'? */
static bool visible(u32 sel, u32 cpl)
{
	if (sel & 4)
		return false;
	if (is_kernel(sel >> 3))
		return cpl == 1 && (sel & 3) <= 1;
	return is_user(sel >> 3);
}

static bool writable(u32 sel, u32 cpl)
{
	u32 index = sel >> 3;

	return visible(sel, cpl) && (index == RINGLET_USER_DS >> 3 ||
				     index == RINGLET_KERNEL_DS >> 3);
}

static void check_map(const char *what, bool verw)
{
	u32 sel;

	for (sel = 0; sel < 0x10000; sel++) {
		bool want = verw ? writable(sel, 3) : visible(sel, 3);

		if ((user_data[sel / 8] >> (sel & 7) & 1) != want)
			failure("ring 3: %s of selector %#x %s", what, sel,
				want ? "fails" : "works");
	}
}

static void scan(const char *what, const u8 *code, bool verw)
{
	memset(user_data, 0, 0x10000 / 8);
	if (run_user(code, USER_DATA)->vector != TRAP_UD) {
		failure("ring 3: %s: vector %lu at %#lx, cr2 %#lx, rcx %#lx",
			what, this_cpu()->trap.vector, this_cpu()->trap.rip,
			this_cpu()->trap_cr2, this_cpu()->trap.rcx);
		return;
	}
	check_map(what, verw);
}

/*
 * After reset there is an LDT: 64 KiB at address 0. If we have memory there it
 * gets descriptors that ring 3 may use; if not, looking at them faults.
 */
static void fill_ldt(void)
{
	volatile u64 *ldt;
	u64 value;
	u32 i;

	if (!try_read(0, &value) || !try_write(0, value))
		return;
	__asm__("" : "=r"(ldt) : "0"(0UL));
	for (i = 0; i < PAGE_SIZE / 8; i++)
		ldt[i] = 0x00cff3000000ffff;
}

static void test_scan(void)
{
	u32 sel, value, bad = 0;
	bool ok;

	fill_ldt();
	scan("LAR", user_lar, false);
	scan("LSL", user_lsl, false);
	scan("VERR", user_verr, false);
	scan("VERW", user_verw, true);
	for (sel = 0; sel < 0x10000; sel++) {
		__asm__ volatile("lar %2, %1" : "=@ccz"(ok), "=r"(value)
				 : "r"(sel));
		bad += ok != visible(sel, 1);
		__asm__ volatile("lsl %2, %1" : "=@ccz"(ok), "=r"(value)
				 : "r"(sel));
		bad += ok != visible(sel, 1);
		__asm__ volatile("verr %w1" : "=@ccz"(ok) : "r"(sel));
		bad += ok != visible(sel, 1);
		__asm__ volatile("verw %w1" : "=@ccz"(ok) : "r"(sel));
		bad += ok != writable(sel, 1);
	}
	if (bad)
		failure("the kernel: %u answers of LAR, LSL, VERR and VERW are wrong",
			bad);
	/* The limit of the last one is what set_cpunode says. */
	CHECK_EQ(ringlet_set_cpunode(0x54321), 0);
	__asm__ volatile("lsl %2, %1" : "=@ccz"(ok), "=r"(value)
			 : "r"(RINGLET_GDT_CPUNODE << 3 | 3));
	CHECK(ok && value == 0x54321);
	CHECK_EQ(ringlet_set_cpunode(0), 0);
}

/* Loads, in ring 3: the selector is in edi. */
USER_CODE(user_ds, "mov %edi, %ds; ud2");
USER_CODE(user_es, "mov %edi, %es; ud2");
USER_CODE(user_fs, "mov %edi, %fs; ud2");
USER_CODE(user_gs, "mov %edi, %gs; ud2");
USER_CODE(user_ss, "mov %edi, %ss; ud2");
USER_CODE(user_ljmp, "ljmp *(%rdi); ud2");
USER_CODE(user_lcall, "lcall *(%rdi); ud2");
USER_CODE(user_lret, "lretq");

static void load_ds(void *arg)
{
	__asm__ volatile("mov %w0, %%ds" : : "r"((u32)(u64)arg));
}

static void load_es(void *arg)
{
	__asm__ volatile("mov %w0, %%es" : : "r"((u32)(u64)arg));
}

static void load_ss(void *arg)
{
	u32 old;

	__asm__ volatile("mov %%ss, %0\n\tmov %w1, %%ss\n\tmov %w0, %%ss"
			 : "=&r"(old) : "r"((u32)(u64)arg));
}

static void check_load(const char *what, u32 sel, bool came,
		       const struct regs *r, bool want)
{
	if (came && r->vector != TRAP_GP && r->vector != TRAP_NP &&
	    r->vector != TRAP_SS)
		failure("%s of %#x: vector %lu", what, sel, r->vector);
	else if (came && r->error != (sel & 0xfffc))
		failure("%s of %#x: error %#lx", what, sel, r->error);
	if (came == want)
		failure("%s of %#x %s", what, sel, want ? "fails" : "works");
}

static void user_load(const char *what, const u8 *code, u32 sel, bool want)
{
	const struct regs *r = run_user(code, sel);

	check_load(what, sel, r->vector != TRAP_UD, r, want);
}

static void test_loads(void)
{
	const struct regs *trap = &this_cpu()->trap;
	u32 sel;

	for (sel = 0; sel < GDT_END << 3; sel++) {
		bool data = sel < 4 || visible(sel, 3);
		bool kernel = sel < 4 || visible(sel, 1);

		user_load("MOV DS", user_ds, sel, data);
		user_load("MOV ES", user_es, sel, data);
		user_load("MOV FS", user_fs, sel, data);
		user_load("MOV GS", user_gs, sel, data);
		user_load("MOV SS", user_ss, sel,
			  writable(sel, 3) && (sel & 3) == 3);
		check_load("kernel MOV DS", sel,
			   probe(load_ds, (void *)(u64)sel), trap, kernel);
		check_load("kernel MOV ES", sel,
			   probe(load_es, (void *)(u64)sel), trap, kernel);
		/* Null is allowed there below ring 3; QEMU 7.2 takes that for
		 * ring 0 and ends here. */
		if (sel < 4)
			continue;
		check_load("kernel MOV SS", sel,
			   probe(load_ss, (void *)(u64)sel), trap,
			   writable(sel, 1) && is_kernel(sel >> 3) &&
				   (sel & 3) == 1);
	}
}

static bool is_code(u32 sel)
{
	return (sel & ~3U) == (RINGLET_USER_CS & ~3U) ||
	       (sel & ~3U) == (RINGLET_USER32_CS & ~3U);
}

/* Offset 0 is not ring 3's: who gets through a gate or into a segment faults. */
static void far(const char *what, const u8 *code, u32 sel)
{
	const struct regs *r;

	memset(user_data, 0, 8);
	memcpy(user_data + 4, &sel, 2);
	r = run_user(code, USER_DATA);
	if (r->vector == TRAP_PF && is_code(sel)) {
		if (r->rip || r->cs != (sel | 3))
			failure("%s to %#x: fault at %#lx:%#lx, error %#lx, cr2 %#lx",
				what, sel, r->cs, r->rip, r->error,
				this_cpu()->trap_cr2);
	} else if (r->vector != TRAP_GP && r->vector != TRAP_NP) {
		failure("%s to %#x: vector %lu at %#lx:%#lx", what, sel,
			r->vector, r->cs, r->rip);
	} else if (r->error != (sel & 0xfffc)) {
		failure("%s to %#x: error %#lx", what, sel, r->error);
	}
	CHECK_EQ(r->cs & 3, 3);
}

static void far_return(u32 sel)
{
	u64 *stack = (u64 *)(user_data + USER_DATA_SIZE - 16);
	const struct regs *r;
	struct regs in;

	stack[0] = 0;
	stack[1] = sel;
	user_regs(&in, user_lret);
	in.rsp = USER_STACK_TOP - 16;
	r = run_regs(&in);
	CHECK_EQ(r->cs & 3, 3);
	if (r->vector != TRAP_PF && r->vector != TRAP_GP &&
	    r->vector != TRAP_NP)
		failure("LRET to %#x: vector %lu", sel, r->vector);
	if (r->vector == TRAP_PF && (sel & ~16U) != (RINGLET_USER32_CS & ~16U))
		failure("LRET to %#x works", sel);
}

static void test_far(void)
{
	u32 sel;

	for (sel = 0; sel < GDT_END << 3; sel++) {
		far("LJMP", user_ljmp, sel);
		/* QEMU 7.2 pushes for a call at the lower half of rsp, and as
		 * ring 0: only calls that are refused. */
		if (!is_code(sel))
			far("LCALL", user_lcall, sel);
		far_return(sel);
	}
}

/* What the tables' own registers show, and that the tables cannot be had. */
USER_CODE(user_tables, "sgdt (%rdi); sidt 16(%rdi); sldt %eax; str %ecx; smsw %edx; ud2");
USER_CODE(user_read, "mov (%rdi), %rax; ud2");

static void test_tables(void)
{
	const struct regs *r = run_user(user_tables, USER_DATA);
	u64 gdt, idt, value;

	CHECK_EQ(r->vector, TRAP_UD);
	CHECK_EQ(r->rax & 0xffff, 0);	/* no LDT */
	memcpy(&gdt, user_data + 2, 8);
	memcpy(&idt, user_data + 18, 8);
	CHECK(gdt >= RINGLET_HV_START && gdt < RINGLET_HV_END);
	CHECK(idt >= RINGLET_HV_START && idt < RINGLET_HV_END);
	/* SGDT has told where it is; ring 3 does not read it there. */
	CHECK_EQ(run_user(user_read, gdt)->vector, TRAP_PF);
	CHECK_EQ(run_user(user_read, idt)->vector, TRAP_PF);
	/* The kernel may look, not write: not even where SGDT says. */
	CHECK(try_read(gdt, &value));
	CHECK_EQ(value, 0);
	CHECK(!try_write(gdt + RINGLET_USER_DS, 0x00cf9b000000ffff));
	CHECK(!try_write(idt, 0));
}

/* All descriptors that set_tls could be given, by their access and flag bits. */
static void test_tls(void)
{
	u32 access, flags;

	for (access = 0; access < 256; access++)
		for (flags = 0; flags < 16; flags++) {
			u64 desc = 0x000000000000ffffUL | (u64)access << 40 |
				   (u64)flags << 52;
			bool want = (access & 0xf8) == 0xf0 &&
				    (flags & 6) == 4;
			s64 rc = ringlet_set_tls(desc, 0, 0);

			if (rc != (want ? 0 : -RINGLET_EINVAL))
				failure("set_tls with access %#x, flags %#x gave %ld",
					access, flags, rc);
		}
	CHECK_EQ(ringlet_set_tls(0, 0, 0), 0);
}

void test_main(void)
{
	test_scan();
	test_loads();
	test_far();
	test_tables();
	test_tls();
}
